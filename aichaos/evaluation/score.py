"""One answer, scored: was it read, is it sound, does it do what was asked, are the suggestions different ones."""

import msgspec

from aichaos.ask.conversation import Asked
from aichaos.domain.experiment import Experiment
from aichaos.domain.finding import summary
from aichaos.evaluation.honoured import missed
from aichaos.evaluation.suite import Question


class Score(msgspec.Struct, frozen=True, kw_only=True):
    """How one question was answered.

    wanted, parsed: suggestions asked for, and those whose experiment could be read. ready_first: those without an error in the first
    round; ready: in the end. errors_first, errors: findings of severity error in the first round, and in the end. strangers: suggestions
    that name an object which does not exist. missed: what was asked for and not done. alike: suggestions that do what another does.
    failure: why there is no answer at all. seconds: how long it took.
    """

    id: str
    wanted: int
    parsed: int = 0
    ready_first: int = 0
    ready: int = 0
    errors_first: int = 0
    errors: int = 0
    strangers: int = 0
    missed: list[str] = []
    alike: int = 0
    seconds: float = 0.0
    calls: int = 0
    input_tokens: int = 0
    output_tokens: int = 0
    cost_usd: float | None = None
    failure: str | None = None

    @property
    def perfect(self) -> bool:
        return self.parsed >= self.wanted and not (self.errors or self.strangers or self.missed or self.alike or self.failure)


def score(question: Question, asked: Asked, seconds: float) -> Score:
    """The score of what came of a question."""
    drafts, used = asked.drafts, asked.usage
    read = [draft.experiment for draft in drafts if draft.experiment is not None]
    errors = [summary(draft.findings)["error"] for draft in drafts]
    before = [draft.rounds[0].errors if draft.rounds else after for draft, after in zip(drafts, errors, strict=True)]
    first = drafts[0].experiment if drafts else None
    return Score(
        id=question.id,
        wanted=question.count,
        parsed=len(read),
        ready_first=before.count(0),
        ready=errors.count(0),
        errors_first=sum(before),
        errors=sum(errors),
        strangers=sum(any(one.layer == "reference" and one.severity == "error" for one in draft.findings) for draft in drafts),
        missed=missed(question.asks, first) if first is not None else ["no experiment"],
        alike=len(read) - len({_shape(one) for one in read}),
        seconds=round(seconds, 3),
        calls=used.calls,
        input_tokens=used.input_tokens,
        output_tokens=used.output_tokens,
        cost_usd=used.cost_usd,
    )


def _shape(experiment: Experiment) -> str:
    """What an experiment does to whom, without its words and the names of what it brings along: two of one shape are one idea."""
    steps = [msgspec.to_builtins(step) for step in experiment.spec.steps if step.subject is not None]
    for step in steps:
        step.pop("name", None)
        for verb in ("create", "apply", "chaos"):
            if verb in step:
                step[verb].pop("metadata", None)
    return msgspec.json.encode(steps, order="deterministic").decode()
