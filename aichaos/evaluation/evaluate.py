"""The suite, put to a backend question by question; a table of the whole, and what has changed since another time."""

import time
from collections.abc import Callable, Iterable
from pathlib import Path

import msgspec

from aichaos.ask.conversation import Manner, Means, ask
from aichaos.ask.prompting import versions
from aichaos.ask.protocol import Backend, Facts
from aichaos.ask.words import read
from aichaos.assess import judge, mend
from aichaos.check.decode import experiment_of
from aichaos.domain import forms
from aichaos.domain.base import plural
from aichaos.domain.policy import Policy
from aichaos.errors import BackendError, FileError
from aichaos.evaluation.clusters import cluster
from aichaos.evaluation.score import Score, score
from aichaos.evaluation.suite import Question

Open = Callable[[Question], Backend]
"""Opens the backend for one question; each question gets one of its own, so that none learns from another."""
Say = Callable[[str], None]


class Totals(msgspec.Struct, frozen=True, kw_only=True):
    """Sums over a suite. Shares are 0..1; `cost_usd` is None as soon as one price is not known."""

    questions: int
    wanted: int
    parsed: float
    ready_first: float
    ready: float
    errors_first: int
    errors: int
    relevant: float
    distinct: float
    perfect: int
    failed: int
    calls: int
    input_tokens: int
    output_tokens: int
    cost_usd: float | None
    seconds: float


class Evaluation(msgspec.Struct, frozen=True, kw_only=True):
    """What came of a suite with one backend. prompts: the versions of the templates; None where no model was asked, now at least."""

    backend: str
    model: str | None
    prompts: dict[str, str] | None
    suite: int
    totals: Totals
    scores: list[Score]


def evaluate(questions: Iterable[Question], version: int, open_backend: Open, manner: Manner, policy: Policy, say: Say) -> Evaluation:
    """Put every question, and score what comes. A backend that fails a question has failed that question, not the suite."""
    scores: list[Score] = []
    backend: Backend | None = None
    for question in questions:
        backend = open_backend(question)
        if backend.prompted:  # else it is over before anybody could read how far it is
            say(f"{question.id}: {question.words[:60]}")
        scores.append(_put(question, backend, manner, policy, say))
    return Evaluation(
        backend=backend.name if backend else "",
        model=backend.model if backend else None,
        prompts=versions() if backend and backend.prompted and backend.name != "replay" else None,
        suite=version,
        totals=totals(scores),
        scores=scores,
    )


def _put(question: Question, backend: Backend, manner: Manner, policy: Policy, say: Say) -> Score:
    topology = cluster(question.cluster)
    facts = Facts(topology=topology, words=read(question.words), count=question.count)
    means = Means(digest=topology.snapshot.digest, decode=experiment_of, judge=judge(topology, policy), mend=mend, say=say, manner=manner)
    began = time.perf_counter()
    try:
        asked = ask(backend, facts, means)
    except BackendError as error:
        return Score(id=question.id, wanted=question.count, failure=str(error), seconds=round(time.perf_counter() - began, 3))
    return score(question, asked, time.perf_counter() - began)


def totals(scores: list[Score]) -> Totals:
    wanted, answered = sum(one.wanted for one in scores), [one for one in scores if one.failure is None]
    costs = [one.cost_usd for one in answered]
    parsed = sum(min(one.parsed, one.wanted) for one in scores)
    return Totals(
        questions=len(scores),
        wanted=wanted,
        parsed=_share(parsed, wanted),
        ready_first=_share(sum(min(one.ready_first, one.wanted) for one in scores), wanted),
        ready=_share(sum(min(one.ready, one.wanted) for one in scores), wanted),
        errors_first=sum(one.errors_first for one in scores),
        errors=sum(one.errors for one in scores),
        relevant=_share(sum(not one.missed and not one.strangers for one in answered), len(scores)),
        distinct=_share(sum(one.parsed - one.alike for one in scores), sum(one.parsed for one in scores)),
        perfect=sum(one.perfect for one in scores),
        failed=len(scores) - len(answered),
        calls=sum(one.calls for one in scores),
        input_tokens=sum(one.input_tokens for one in scores),
        output_tokens=sum(one.output_tokens for one in scores),
        cost_usd=None if None in costs else sum(cost for cost in costs if cost is not None),
        seconds=round(sum(one.seconds for one in scores), 3),
    )


def _share(part: int, whole: int) -> float:
    return round(part / whole, 4) if whole else 0.0


def earlier(path: Path) -> Evaluation:
    """An evaluation that was saved with `-o json`. Raises FileError."""
    try:
        return forms.decode(path.read_bytes(), Evaluation)
    except (OSError, msgspec.DecodeError) as error:
        raise FileError(f"cannot read the evaluation {path}: {error}", hint="Save one with `aichaos eval -o json > FILE`.") from error


def changes(before: Evaluation, after: Evaluation) -> list[str]:
    """The questions that went better or worse, in words."""
    old = {one.id: one for one in before.scores}
    found = []
    for one in after.scores:
        was = old.get(one.id)
        if was is not None and was.perfect != one.perfect:
            found.append(f"{one.id}: {'better' if one.perfect else 'worse'}" + ("" if one.perfect else f" ({why(one)})"))
    return found


def why(one: Score) -> str:
    """Why a score is not perfect, in a few words; empty where it is."""
    told = [
        one.failure or "",
        f"{one.parsed} of {one.wanted} read" if one.parsed < one.wanted and not one.failure else "",
        plural(one.errors, "error") if one.errors else "",
        f"{one.strangers} name what is not there" if one.strangers else "",
        f"{one.alike} alike" if one.alike else "",
        *one.missed,
    ]
    return "; ".join(part for part in told if part)


def told(sums: Totals) -> dict[str, str]:
    """The sums by their names, as people read them."""
    return {
        "questions": f"{sums.questions}, of which {sums.perfect} perfect" + (f", {sums.failed} failed" if sums.failed else ""),
        "experiments read": f"{sums.parsed:.1%} of {sums.wanted}",
        "without an error at first": f"{sums.ready_first:.1%} ({plural(sums.errors_first, 'error')})",
        "without an error in the end": f"{sums.ready:.1%} ({plural(sums.errors, 'error')})",
        "as asked, of what exists": f"{sums.relevant:.1%}",
        "different from each other": f"{sums.distinct:.1%}",
        "calls": f"{sums.calls}",
        "tokens": f"{sums.input_tokens:,} in, {sums.output_tokens:,} out" if sums.input_tokens else "none counted",
        "cost": f"{sums.cost_usd:.2f} $" if sums.cost_usd is not None else "not known",
        "time": f"{sums.seconds:.1f} s",
    }
