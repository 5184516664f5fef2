"""The whole story on one screen: observe → ask → check → predict → run → measure → report.

The rooms do not know each other. They meet here, and each hands the next one plain values.
"""

from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

import msgspec

from aichaos import saving
from aichaos.ask.conversation import ask
from aichaos.ask.protocol import Backend, Facts
from aichaos.ask.words import Words
from aichaos.check.decode import experiment_of
from aichaos.check.experiment import findings as check_experiment
from aichaos.check.radius import blast_radius
from aichaos.domain.finding import verdict
from aichaos.domain.prediction import Answer, RequestLine
from aichaos.domain.snapshot import Snapshot
from aichaos.domain.suggestion import BlastRadius, Draft, Suggestion, Suggestions, summary_of
from aichaos.errors import UsageError
from aichaos.observe import source
from aichaos.observe.topology import Topology
from aichaos.predict.routing.request import read as read_request
from aichaos.predict.routing.router import Router
from aichaos.report import kubectl


class Wish(msgspec.Struct, frozen=True, kw_only=True):
    """What the user wants suggested, from which cluster, and where it is kept. out: None to save nothing."""

    choice: source.Choice
    words: Words
    count: int
    out: Path | None


Say = Callable[[str], None]
Decide = Callable[[str], bool]
"""Asks whether a file that somebody has edited may be overwritten."""


def suggest(wish: Wish, backend: Backend, say: Say, overwrite: Decide) -> Suggestions:
    """Ideas for this cluster, each with its checked experiment. Raises SourceError, FileError, BackendError."""
    snapshot = observe(wish.choice, say)
    topology = Topology(snapshot)
    asked = ask(backend, Facts(topology=topology, words=wish.words, count=wish.count), snapshot.digest, experiment_of, say)
    suggestions = [_suggestion(draft, topology, wish.out) for draft in asked.drafts]
    suggestions, notes = saving.save(suggestions, asked.drafts, snapshot, wish.out, overwrite)
    return Suggestions(
        source=summary_of(snapshot),
        backend=asked.usage,
        suggestions=suggestions,
        warnings=[
            *map(str, snapshot.telling_gaps()),
            *asked.warnings,
            *_missing(wish.count, len(suggestions)),
            *notes,
            *_unsaved(wish, suggestions),
        ],
    )


class Question(msgspec.Struct, frozen=True, kw_only=True):
    """Which cluster requests are sent to. gateway: `NS/NAME`, where several could be meant. implementation: a profile; None for its own."""

    choice: source.Choice
    gateway: str | None = None
    implementation: str | None = None


class Asked(msgspec.Struct, frozen=True, kw_only=True):
    """One answer for each request, in their order, made as they are taken; a request that can't be meant is an error."""

    answers: Iterator[Answer | UsageError]
    warnings: list[str]


def route(lines: Iterable[RequestLine | UsageError], question: Question, say: Say) -> Asked:
    """What the cluster's Gateways make of requests. Raises SourceError, FileError; UsageError for an unknown implementation."""
    snapshot = observe(question.choice, say)
    router = Router(snapshot, question.implementation)
    return Asked(
        answers=(_answer(line, router, question.gateway) for line in lines),
        warnings=[str(gap) for gap in snapshot.telling_gaps()],
    )


def _answer(line: RequestLine | UsageError, router: Router, gateway: str | None) -> Answer | UsageError:
    try:
        if isinstance(line, UsageError):
            raise line
        request = read_request(line)
        return router.explain(request, router.gateway(request, gateway))
    except UsageError as error:
        return error


def observe(choice: source.Choice, say: Say) -> Snapshot:
    """The cluster, as it is now."""
    if choice.origin in (None, "live"):
        say("reading the cluster")
    return source.take(choice)


def _suggestion(draft: Draft, topology: Topology, out: Path | None) -> Suggestion:
    idea, experiment = draft.idea, draft.experiment
    found = [*draft.findings, *(check_experiment(experiment, topology) if experiment else ())]
    rendered = kubectl.render(experiment, topology.snapshot, (out or Path("chaos")) / idea.id) if experiment else []
    spec = experiment.spec if experiment else None
    return Suggestion(
        id=idea.id,
        title=spec.title if spec else idea.title,
        category=idea.category or (spec.category if spec else ""),
        summary=idea.summary,
        why_here=idea.why_here,
        hypothesis=spec.hypothesis if spec else idea.hypothesis,
        steps=[step.text for step in rendered],
        manifests=[step.manifest for step in rendered if step.manifest is not None],
        commands=[line for step in rendered for line in step.commands],
        by_hand=[line for step in rendered for line in step.by_hand],
        metrics=spec.metrics if spec else [],
        remediation=spec.remediation if spec else [],
        rollback=spec.rollback if spec else [],
        blast_radius=blast_radius(experiment, topology) if experiment else BlastRadius(),
        findings=found,
        verdict=verdict(found),
    )


def _unsaved(wish: Wish, suggestions: list[Suggestion]) -> list[str]:
    return [] if wish.out or not suggestions else ["nothing was saved: the files that the commands name do not exist"]


def _missing(wanted: int, got: int) -> list[str]:
    if got >= wanted:
        return []
    return [f"{got} of {wanted} suggestions: nothing else in the backend's answer fits this cluster"]
