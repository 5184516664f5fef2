"""The whole way with a model's answers: from recorded exchanges to saved experiments, the same through either SDK."""

from pathlib import Path

import pytest

from aichaos.domain.suggestion import Suggestions
from tests.backends.cassette import MODEL, player
from tests.backends.talk import TALKS, suggest_like_the_talk

IDS = ["recreated-route-loses-shop", "empty-canary-behind-shop", "bad-regex-freezes-the-gateway"]


@pytest.fixture(params=TALKS)
def recorded(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Suggestions:
    monkeypatch.setenv("ANTHROPIC_API_KEY", "sk-ant-secret")
    monkeypatch.setenv("OPENAI_API_KEY", "sk-secret")
    with player().use_cassette(TALKS[request.param]) as cassette:
        answer = suggest_like_the_talk(request.param, out=tmp_path)
        assert cassette.all_played
    return answer


def test_a_recorded_exchange_becomes_three_saved_experiments(recorded: Suggestions) -> None:
    assert [one.id for one in recorded.suggestions] == IDS
    assert all(one.experiment and Path(one.experiment).is_file() for one in recorded.suggestions)


def test_two_are_ready_and_the_one_with_an_error_is_shown_as_rejected(recorded: Suggestions) -> None:
    """The third is the poison route, and the model has not said that its regular expression is meant to be invalid."""
    verdicts = {one.id: one.verdict for one in recorded.suggestions}
    assert verdicts == {name: "rejected" if name == "bad-regex-freezes-the-gateway" else "ready" for name in IDS}
    assert {finding.rule for one in recorded.suggestions for finding in one.findings if finding.severity == "error"} == {
        "gateway/invalid-regex"
    }


def test_one_question_for_ideas_and_one_for_each_experiment(recorded: Suggestions) -> None:
    assert recorded.backend.calls == 4
    assert recorded.backend.model == MODEL


def test_a_price_that_nobody_knows_is_not_zero(recorded: Suggestions) -> None:
    assert recorded.backend.cost_usd is None
