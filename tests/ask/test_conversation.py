"""Two kinds of questions, and what becomes of the answers; asked of a backend that says what the test tells it to."""

from collections.abc import Callable
from typing import Any, ClassVar

import pytest

from aichaos.ask.conversation import Asked, Judge, Manner, Means, ask
from aichaos.ask.prompting import versions
from aichaos.ask.protocol import Backend, Facts, Progress, Question, Reply
from aichaos.ask.words import read
from aichaos.check.decode import experiment_of
from aichaos.domain.finding import verdict
from aichaos.errors import BackendError, ReplyError
from tests.ask.test_parse import EXPERIMENT
from tests.observe.clusters import SHOP, topology_of

Script = Callable[[Question], Reply]
WORDS = "2 tests for my routes"


class Scripted:
    """A backend that answers by a script, and remembers what it was asked."""

    name: ClassVar[str] = "scripted"
    about: ClassVar[str] = "for tests"
    key_variable: ClassVar[str | None] = None
    prompted: ClassVar[bool] = True
    remote: ClassVar[bool] = True

    def __init__(self, ideas: Reply | Script, experiment: Script) -> None:
        self.model: str | None = "parrot-1"
        self.asked: list[Question] = []
        self._ideas = ideas
        self._experiment = experiment

    def answer(self, question: Question, progress: Progress) -> Reply:
        self.asked.append(question)
        if self.prompted:
            _ = question.prompt
        if question.kind != "ideas":
            return self._experiment(question)
        return self._ideas if isinstance(self._ideas, Reply) else self._ideas(question)


class Local(Scripted):
    prompted: ClassVar[bool] = False
    remote: ClassVar[bool] = False


def ideas(*names: str, **reply: object) -> Reply:
    listed = "".join(f"- {{id: {name}, title: The {name}, summary: s}}\n" for name in names)
    return Reply(text=f"ideas:\n{listed}", input_tokens=100, output_tokens=10, **reply)  # type: ignore[arg-type]


def good(question: Question) -> Reply:
    return Reply(text=f"```yaml\n{EXPERIMENT}```", model="parrot-1-2024", input_tokens=200, output_tokens=20)


def saying(text: str, **reply: object) -> Script:
    return lambda question: Reply(text=text, **reply)  # type: ignore[arg-type]


def asked(backend: Backend, count: int = 2, judge: Judge = lambda experiment: [], **manner: Any) -> Asked:
    facts = Facts(topology=topology_of(*SHOP), words=read(WORDS), count=count)
    return ask(
        backend,
        facts,
        Means(digest=lambda: "sha256:00ff", decode=experiment_of, judge=judge, say=lambda line: None, manner=Manner(**manner)),
    )


def test_one_question_for_ideas_and_one_for_each_idea() -> None:
    backend = Scripted(ideas("a", "b"), good)
    answer = asked(backend)
    assert [draft.idea.id for draft in answer.drafts] == ["a", "b"]
    assert [draft.experiment.name for draft in answer.drafts if draft.experiment] == ["a", "b"]
    assert backend.asked[0].kind == "ideas"
    assert sorted(question.facts.idea.id for question in backend.asked[1:] if question.facts.idea) == ["a", "b"]


def test_no_experiment_is_asked_for_beyond_the_count() -> None:
    backend = Scripted(ideas("a", "b", "c", "d"), good)
    assert len(asked(backend, count=2).drafts) == 2
    assert len(backend.asked) == 3


def test_drafts_stand_in_the_order_of_the_ideas_whoever_answers_first() -> None:
    names = [f"idea-{number}" for number in range(20)]
    assert [draft.idea.id for draft in asked(Scripted(ideas(*names), good), count=20).drafts] == names


def test_where_an_experiment_comes_from_is_what_we_know_and_not_what_it_says() -> None:
    claim = EXPERIMENT + "  provenance: {backend: trusted, model: oracle, prompt: none, snapshot: mine, words: other}\n"
    (draft,) = asked(Scripted(ideas("a"), saying(claim))).drafts
    assert draft.experiment is not None
    signed = draft.experiment.spec.provenance
    assert (signed.backend, signed.model, signed.prompt) == ("scripted", "parrot-1", f"{versions()['ideas']}, {versions()['experiment']}")
    assert (signed.snapshot, signed.words) == ("sha256:00ff", WORDS)


def test_a_backend_that_is_not_remote_is_never_shown_a_prompt() -> None:
    backend = Local(ideas("a"), good)
    (draft,) = asked(backend).drafts
    assert draft.experiment is not None
    assert draft.experiment.spec.provenance.prompt is None
    assert all("prompt" not in vars(question) for question in backend.asked)


def test_what_it_cost_is_the_sum_of_all_answers() -> None:
    usage = asked(Scripted(ideas("a", "b"), good)).usage
    assert (usage.calls, usage.input_tokens, usage.output_tokens) == (3, 500, 50)
    assert (usage.name, usage.model) == ("scripted", "parrot-1-2024")


def test_a_price_that_is_not_known_is_not_zero() -> None:
    assert asked(Scripted(ideas("a"), good)).usage.cost_usd is None
    assert asked(Local(ideas("a"), good)).usage.cost_usd == 0.0


@pytest.mark.parametrize("text", ["Sorry.", "kind: Experiment", "```yaml\nkind: [\n```", EXPERIMENT.replace("title", "titel")])
def test_an_idea_whose_experiment_cannot_be_read_is_a_draft_that_says_why(text: str) -> None:
    (draft,) = asked(Scripted(ideas("a"), saying(text))).drafts
    assert draft.idea.title == "The a"
    assert draft.experiment is None
    assert verdict(draft.findings) == "rejected"


def test_a_draft_that_cannot_be_read_does_not_harm_the_others() -> None:
    backend = Scripted(
        ideas("a", "b"), lambda question: good(question) if question.facts.idea and question.facts.idea.id == "b" else Reply(text="")
    )
    assert [draft.experiment is not None for draft in asked(backend).drafts] == [False, True]


def test_an_experiment_that_was_cut_off_says_so() -> None:
    (draft,) = asked(Scripted(ideas("a"), saying(f"```yaml\n{EXPERIMENT[:60]}", end="length"))).drafts
    assert draft.experiment is None
    assert next(finding.rule for finding in draft.findings) == "reply/cut-off"


def test_an_experiment_that_was_cut_off_where_it_can_still_be_read_is_never_simply_ready() -> None:
    (draft,) = asked(Scripted(ideas("a"), saying(EXPERIMENT, end="length"))).drafts
    assert draft.experiment is not None
    assert [(finding.rule, finding.severity) for finding in draft.findings] == [("reply/cut-off", "warning")]
    assert verdict(draft.findings) == "review"


def test_an_experiment_that_was_refused_says_so() -> None:
    (draft,) = asked(Scripted(ideas("a"), saying("", end="refused"))).drafts
    assert next(finding.rule for finding in draft.findings) == "reply/refused"


def test_a_refusal_of_ideas_is_an_error_that_names_who_refused() -> None:
    with pytest.raises(ReplyError, match=r"scripted \(parrot-1\) refused") as caught:
        asked(Scripted(ideas(end="refused"), good))
    assert "--backend" in caught.value.hint


def test_ideas_that_cannot_be_read_are_an_error() -> None:
    with pytest.raises(ReplyError, match="not valid YAML"):
        asked(Scripted(Reply(text="ideas: ["), good))


def test_prose_instead_of_ideas_is_an_error_that_shows_its_beginning() -> None:
    with pytest.raises(ReplyError, match="gave no ideas; it says: I cannot help with that"):
        asked(Scripted(Reply(text="I cannot\nhelp with that."), good))
    with pytest.raises(ReplyError, match="and no word"):
        asked(Scripted(Reply(text=""), good))


def test_an_empty_list_of_ideas_is_no_failure_and_is_said() -> None:
    answer = asked(Scripted(Reply(text="```yaml\nideas: []\n```"), good))
    assert (answer.drafts, answer.warnings) == ([], ["the answer holds no list of ideas"])


def test_ideas_in_numbered_paragraphs_are_read() -> None:
    text = "Sure!\n\n1. **Route conflict**: delete and recreate.\n   It shows ages.\n\n2. **Scale to zero:** and back.\n"
    answer = asked(Scripted(Reply(text=text), good))
    assert [(draft.idea.id, draft.idea.title) for draft in answer.drafts] == [
        ("route-conflict", "Route conflict"),
        ("scale-to-zero", "Scale to zero"),
    ]
    assert answer.drafts[0].idea.summary == "delete and recreate. It shows ages."
    assert "read from prose" in answer.warnings[0]


def test_ideas_that_could_be_read_are_used_and_the_others_are_said() -> None:
    answer = asked(Scripted(Reply(text="ideas:\n- {id: a, title: t, summary: s}\n- {id: b}\n"), good))
    assert [draft.idea.id for draft in answer.drafts] == ["a"]
    assert len(answer.warnings) == 1
    assert answer.warnings[0].startswith("idea 2 is not in the form that was asked for")


def test_notes_of_a_backend_reach_the_user_once() -> None:
    backend = Scripted(
        ideas("a", "b", notes=("3 of 9 Service objects shown",)), saying(EXPERIMENT, notes=("3 of 9 Service objects shown",))
    )
    assert asked(backend).warnings == ["3 of 9 Service objects shown"]


def test_a_backend_that_fails_fails_the_whole() -> None:
    def fail(question: Question) -> Reply:
        raise BackendError("gone", hint="Wait.")

    with pytest.raises(BackendError, match="gone"):
        asked(Scripted(ideas("a", "b"), fail))
