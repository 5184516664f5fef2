"""What providers answer, good and bad, through both SDKs: recorded exchanges, played back; and a live server for what has no recording."""

import json
import socket
import threading
import time
from collections.abc import Iterator
from email.utils import formatdate
from pathlib import Path
from typing import Any

import pytest
from vcr.errors import CannotOverwriteExistingCassetteException

from aichaos.ask.protocol import Options, Reply
from aichaos.ask.registry import open_backend
from aichaos.errors import BackendError, MissingKeyError, PromptTooLongError, ReplyError
from tests.backends.cases import CASES, Case, fails, good, written
from tests.backends.cassette import FOLDER, player
from tests.backends.exchange import BACKENDS, ask, base_url, cassette, ignore, question
from tests.backends.provider import serving

KEY = "sk-secret-0123456789"
both = pytest.mark.parametrize("backend", BACKENDS)


@pytest.fixture(autouse=True)
def _key(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ANTHROPIC_API_KEY", KEY)
    monkeypatch.setenv("OPENAI_API_KEY", KEY)


@pytest.fixture(autouse=True)
def waited(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The waits between tries, in seconds; nobody really waits."""
    waits: list[float] = []
    monkeypatch.setattr("tenacity.nap.time.sleep", waits.append)
    return waits


def played(backend: str, name: str, heard: list[str] | None = None) -> Reply:
    """A recorded exchange, all of it."""
    with player().use_cassette(str(cassette(backend, name))) as tape:
        reply = ask(backend, CASES[name], (heard if heard is not None else []).append)
        assert tape.all_played
    return reply


def failed(backend: str, name: str) -> BackendError:
    with player().use_cassette(str(cassette(backend, name))) as tape, pytest.raises(BackendError) as caught:
        ask(backend, CASES[name])
    assert tape.all_played
    assert KEY not in f"{caught.value} {caught.value.hint}"
    assert "\n" not in str(caught.value)
    assert caught.value.hint
    assert caught.value.exit_code == 6
    return caught.value


@both
@pytest.mark.parametrize("name", ["answer", "streamed answer"])
def test_an_answer_arrives_word_for_word_with_its_tokens(backend: str, name: str) -> None:
    reply = played(backend, name)
    assert (reply.text, reply.end, reply.counted) == (written(), "done", True)
    assert reply.input_tokens > 1000
    assert reply.output_tokens > 100


@both
def test_a_streamed_answer_is_heard_as_it_is_written(backend: str) -> None:
    heard: list[str] = []
    played(backend, "streamed answer", heard)
    assert len(heard) > 3
    assert "".join(heard) == written()


@both
def test_a_server_with_structured_output_is_held_to_the_schema(backend: str) -> None:
    assert json.loads(played(backend, "structured answer").text) == {"ideas": []}
    assert "json_schema" in cassette(backend, "structured answer").read_text(encoding="utf-8")


@both
def test_a_server_without_structured_output_is_asked_for_plain_text(backend: str) -> None:
    assert played(backend, "no structured output").text == written()


@both
@pytest.mark.parametrize("name", ["rate limit then success", "time-out at the server", "cut in mid-stream"])
def test_what_passes_is_tried_again(backend: str, name: str) -> None:
    assert played(backend, name).text == written()


@both
def test_a_rate_limit_is_waited_for_as_long_as_it_says(backend: str, waited: list[float]) -> None:
    limit = fails(429, "rate_limit_error", retry_after="7")
    with serving(Case(answers=(limit, good)).responder()) as (address, _):
        ask(backend, Case(answers=()), address=address)
    assert waited == [7.0]


@both
def test_a_rate_limit_is_waited_for_until_the_hour_that_it_says(backend: str, waited: list[float]) -> None:
    limit = fails(429, "rate_limit_error", retry_after=formatdate(time.time() + 30, usegmt=True))
    with serving(Case(answers=(limit, good)).responder()) as (address, _):
        ask(backend, Case(answers=()), address=address)
    assert 15 < waited[0] <= 30


@both
@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("wrong key", "refuses the key"),
        ("unknown model", "knows no model 'answers-from-files'"),
        ("overloaded", "is overloaded, also after 4 tries"),
        ("cut every time", "was cut in the middle of its answer, 4 times"),
        ("HTML", "can't be used"),
    ],
)
def test_what_does_not_pass_is_said_in_one_line(backend: str, name: str, said: str) -> None:
    assert said in str(failed(backend, name))


def test_a_quota_that_is_used_up_is_not_tried_again() -> None:
    with player().use_cassette(str(cassette("openai", "quota used up"))) as tape, pytest.raises(BackendError, match="quota is used up"):
        ask("openai", CASES["quota used up"])
    assert tape.play_count == 1


@both
def test_a_prompt_that_is_too_long_is_an_error_of_its_own(backend: str) -> None:
    assert isinstance(failed(backend, "prompt too long"), PromptTooLongError)


@both
@pytest.mark.parametrize(("name", "end"), [("cut at the token limit", "length"), ("refusal", "refused"), ("prose", "done")])
def test_how_an_answer_ended_is_told(backend: str, name: str, end: str) -> None:
    assert played(backend, name).end == end


@both
def test_a_fence_around_json_is_for_the_parser(backend: str) -> None:
    assert '```json\n{"ideas": []}\n```' in played(backend, "fenced JSON").text


@both
def test_bytes_that_are_no_text_do_not_end_in_a_traceback(backend: str) -> None:
    """One SDK replaces them, the other may refuse: an answer or a line, never anything else."""
    with player().use_cassette(str(cassette(backend, "invalid UTF-8"))):
        outcome = answer_or_line(backend, CASES["invalid UTF-8"])
    assert outcome.startswith("ideas: []") or "can't be used" in outcome


def answer_or_line(backend: str, case: Case) -> str:
    try:
        return ask(backend, case).text
    except BackendError as error:
        return str(error)


@pytest.mark.parametrize("path", sorted(FOLDER.glob("*/*.yaml")), ids=lambda path: f"{path.parent.name}/{path.stem}")
def test_a_cassette_holds_no_key_and_says_how_it_was_made(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    assert text.startswith("# Recorded against a local server of ours")
    assert "x-api-key" not in text.lower()
    assert "authorization" not in text.lower()


@both
def test_an_exchange_that_was_not_recorded_fails(backend: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("aichaos.backends.calling.ATTEMPTS", 1)
    opened = open_backend(backend, Options(model="another-model", base_url=base_url(backend)))
    with player().use_cassette(str(cassette(backend, "answer"))), pytest.raises((BackendError, CannotOverwriteExistingCassetteException)):
        opened.answer(question(), ignore)


# a live server, for what cannot be recorded ---------------------------------------------------------------------------------------


@pytest.fixture
def silent() -> Iterator[str]:
    """A server that takes connections and never answers."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield f"http://127.0.0.1:{server.getsockname()[1]}"


@both
def test_a_server_that_does_not_answer_in_time_is_given_up(backend: str, silent: str) -> None:
    opened = open_backend(backend, Options(model="m", base_url=base_url(backend, silent), timeout=0.2))
    with pytest.raises(BackendError, match=r"did not answer within 0\.2 s"):
        opened.answer(question(), ignore)


@both
def test_a_server_that_is_not_there_is_said(backend: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("aichaos.backends.calling.ATTEMPTS", 1)
    opened = open_backend(backend, Options(model="m", base_url=base_url(backend, "http://127.0.0.1:9"), timeout=2))
    with pytest.raises(BackendError, match="can't be reached"):
        opened.answer(question(), ignore)


@both
def test_an_answer_without_end_is_ended_by_who_listens(backend: str) -> None:
    """The listener's limit ends the request: nothing is read any more, and the server notices."""

    def enough(piece: str) -> None:
        raise ReplyError("enough")

    with serving(good) as (address, _), pytest.raises(ReplyError, match="enough"):
        ask(backend, Case(answers=()), enough, address)


@both
def test_no_sampling_parameter_is_sent(backend: str) -> None:
    with serving(good) as (address, seen):
        ask(backend, Case(answers=()), address=address)
    assert not {"temperature", "top_p", "top_k"} & seen[0]["body"].keys()


@both
def test_every_turn_is_sent(backend: str) -> None:
    with serving(good) as (address, seen):
        ask(backend, Case(answers=()), address=address)
    assert seen[0]["body"]["messages"][-1]["role"] == "user"


def test_a_server_of_ones_own_needs_no_key(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("OPENAI_API_KEY")
    with serving(good) as (address, seen):
        assert ask("openai", Case(answers=()), address=address).text == written()
    assert KEY not in json.dumps(seen)


@both
def test_without_a_key_a_provider_is_not_opened(backend: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("ANTHROPIC_API_KEY")
    monkeypatch.delenv("OPENAI_API_KEY")
    with pytest.raises(MissingKeyError, match="needs a key"):
        open_backend(backend, Options())


@pytest.mark.parametrize(
    ("url", "remote"), [(None, True), ("http://localhost:11434/v1", False), ("http://127.0.0.1:8080", False), ("https://example.com", True)]
)
def test_only_a_server_on_this_machine_keeps_what_it_is_sent(url: str | None, remote: bool) -> None:
    assert open_backend("openai", Options(base_url=url)).remote is remote


def test_questions_at_once_do_not_disturb_each_other() -> None:
    answers: list[Any] = []
    with serving(good) as (address, _):
        threads = [threading.Thread(target=lambda: answers.append(ask("openai", Case(answers=()), address=address).text)) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert answers == [written()] * 4
