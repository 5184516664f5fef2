"""The anthropic backend: a recorded exchange end to end, and a server that misbehaves."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from aichaos.ask.prompting import render
from aichaos.ask.protocol import Facts, Options, Question
from aichaos.ask.registry import open_backend
from aichaos.ask.words import read
from aichaos.domain.suggestion import Suggestions
from aichaos.errors import BackendError, MissingKeyError
from aichaos.observe.source import Choice, take
from aichaos.observe.topology import Topology
from tests.backends.cassette import ADDRESS, FOLDER, MODEL, player
from tests.backends.provider import Answer, Responder, failure, message, serving
from tests.backends.talk import CASSETTE, suggest_like_the_talk

KEY = "sk-ant-secret-0123456789"


@pytest.fixture(autouse=True)
def _key(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ANTHROPIC_API_KEY", KEY)


@pytest.fixture(scope="module")
def question() -> Question:
    topology = Topology(take(Choice(origin="demo:route-chaos")))
    return Question("ideas", Facts(topology=topology, words=read("3 chaos tests"), count=3), render)


@pytest.fixture
def recorded(tmp_path: Path) -> Suggestions:
    with player().use_cassette(CASSETTE) as cassette:
        answer = suggest_like_the_talk(out=tmp_path)
        assert cassette.all_played
    return answer


def test_a_recorded_exchange_becomes_three_saved_experiments(recorded: Suggestions) -> None:
    assert [one.id for one in recorded.suggestions] == [
        "recreated-route-loses-shop",
        "both-v1-pods-gone-at-once",
        "listener-hostname-detaches-route",
    ]
    assert all(one.experiment and Path(one.experiment).is_file() for one in recorded.suggestions)


def test_what_needs_a_look_is_the_image_that_a_model_brought_along(recorded: Suggestions) -> None:
    assert [one.verdict for one in recorded.suggestions] == ["ready", "review", "ready"]
    assert {finding.rule for one in recorded.suggestions for finding in one.findings} == {"policy/new-image"}


def test_one_question_for_ideas_and_one_for_each_experiment(recorded: Suggestions) -> None:
    assert recorded.backend.calls == 4
    assert recorded.backend.model == MODEL


def test_a_price_that_nobody_knows_is_not_zero(recorded: Suggestions) -> None:
    assert recorded.backend.cost_usd is None


def test_the_cassette_holds_no_key_and_says_how_it_was_made() -> None:
    text = (FOLDER / CASSETTE).read_text(encoding="utf-8")
    assert text.startswith("# Recorded against a local server of ours")
    assert "x-api-key" not in text.lower()
    assert "authorization" not in text.lower()


def test_an_exchange_that_was_not_recorded_fails(question: Question, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("aichaos.backends.anthropic._ATTEMPTS", 1)
    backend = open_backend("anthropic", Options(model="another-model", base_url=ADDRESS))
    with player().use_cassette(CASSETTE), pytest.raises(BackendError):
        backend.answer(question, lambda piece: None)


def test_without_a_key_nothing_is_opened(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("ANTHROPIC_API_KEY")
    with pytest.raises(MissingKeyError, match="needs a key"):
        open_backend("anthropic", Options())


def _ask(respond: Responder, question: Question) -> Any:
    with serving(respond) as (url, seen):
        backend = open_backend("anthropic", Options(model="m", base_url=url, timeout=5))
        return backend.answer(question, lambda piece: None), seen


def _in_turn(*answers: Answer | None) -> Responder:
    """Each answer once; None stands for a good one."""
    left: Iterator[Answer | None] = iter(answers)

    def respond(request: dict[str, Any]) -> Answer:
        return next(left) or message("ideas: []", request)

    return respond


def test_a_rate_limit_is_waited_for_as_long_as_it_says(question: Question) -> None:
    reply, seen = _ask(_in_turn(failure(429, "rate_limit_error", retry_after="0"), None), question)
    assert reply.text == "ideas: []"
    assert len(seen) == 2


def test_an_overload_is_tried_again(question: Question) -> None:
    _, seen = _ask(_in_turn(failure(529, "overloaded_error", retry_after="0"), failure(500, "api_error", retry_after="0"), None), question)
    assert len(seen) == 3


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (failure(401, "authentication_error"), "refuses the key"),
        (failure(403, "permission_error"), "refuses the key"),
        (failure(404, "not_found_error"), "knows no model 'm'"),
        (failure(400, "invalid_request_error"), "status 400"),
        ((200, {"content-type": "text/html"}, b"<html>hello</html>"), "can't be used"),
    ],
)
def test_a_failure_that_would_not_pass_is_said_at_once(answer: Answer, said: str, question: Question) -> None:
    with serving(_in_turn(answer)) as (url, seen):
        backend = open_backend("anthropic", Options(model="m", base_url=url, timeout=5))
        with pytest.raises(BackendError, match=said) as caught:
            backend.answer(question, lambda piece: None)
    assert len(seen) == 1
    assert KEY not in f"{caught.value} {caught.value.hint}"
    assert caught.value.hint


def test_a_rate_limit_that_does_not_end_is_said(question: Question) -> None:
    limit = failure(429, "rate_limit_error", retry_after="0")
    with serving(lambda request: limit) as (url, seen):
        backend = open_backend("anthropic", Options(model="m", base_url=url, timeout=5))
        with pytest.raises(BackendError, match="limits the rate"):
            backend.answer(question, lambda piece: None)
    assert len(seen) == 4


@pytest.mark.parametrize(("stop", "end"), [("max_tokens", "length"), ("refusal", "refused"), ("end_turn", "done")])
def test_how_an_answer_ended_is_told(stop: str, end: str, question: Question) -> None:
    reply, _ = _ask(lambda request: message("x", request, stop_reason=stop), question)
    assert reply.end == end


def test_no_sampling_parameter_is_sent(question: Question) -> None:
    _, seen = _ask(_in_turn(None), question)
    assert not {"temperature", "top_p", "top_k"} & seen[0]["body"].keys()
