"""The whole story on one screen: observe → ask → check → predict → run → measure → report.

The rooms do not know each other. They meet here, and each hands the next one plain values.

What changes a cluster has two screens of its own in `live`: `planning` (observe → check → predict → plan → guard) and `running`
(run → measure → report).
"""

from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from aichaos import saving
from aichaos.ask.conversation import Manner, Means, ask
from aichaos.ask.conversation import refine as ask_to_refine
from aichaos.ask.protocol import Backend, Facts, Prompt
from aichaos.ask.words import Words
from aichaos.assess import Foresight, difference, example, gaps, headed, judge, mend, missing, narrow, ranked, suggestion_of
from aichaos.check.decode import experiment_of
from aichaos.domain.base import reference
from aichaos.domain.experiment import Experiment
from aichaos.domain.finding import Finding
from aichaos.domain.policy import NO_POLICY, Policy
from aichaos.domain.prediction import Answer, Prediction, RequestLine
from aichaos.domain.snapshot import Snapshot
from aichaos.domain.suggestion import Refinement, Suggestions, summary_of
from aichaos.errors import UsageError
from aichaos.observe import source
from aichaos.observe.topology import Topology
from aichaos.predict.predict import predict as foretell
from aichaos.predict.routing.request import read as read_request
from aichaos.predict.routing.router import Router
from aichaos.report.kubectl import text as step_text

if TYPE_CHECKING:
    from aichaos.report.export.outline import Exported


class Wish(msgspec.Struct, frozen=True, kw_only=True):
    """What the user wants suggested, from which cluster, how it is asked, and where it is kept. out: None to save nothing."""

    choice: source.Choice
    words: Words
    count: int
    out: Path | None
    manner: Manner = Manner()
    policy: Policy = NO_POLICY
    said: tuple[str, ...] = ()
    """What was said earlier in a conversation."""


Say = Callable[[str], None]
Decide = Callable[[str], bool]
"""Asks whether a file that somebody has edited may be overwritten."""


def suggest(wish: Wish, backend: Backend, say: Say, overwrite: Decide) -> Suggestions:
    """Ideas for this cluster, each with its checked experiment. Raises SourceError, FileError, BackendError."""
    return suggest_for(Topology(observe(wish.choice, say)), wish, backend, say, overwrite)


def suggest_for(topology: Topology, wish: Wish, backend: Backend, say: Say, overwrite: Decide) -> Suggestions:
    """The same for a cluster that was observed before."""
    facts = Facts(topology=topology, words=wish.words, count=wish.count, said=wish.said)
    asked = ask(backend, facts, _means(topology, wish, say))
    foresight = Foresight(topology)
    drafts = ranked([(draft, suggestion_of(draft, topology, foresight, wish.out)) for draft in asked.drafts])
    suggestions, notes = saving.save([one for _, one in drafts], [one for one, _ in drafts], topology.snapshot, wish.out, overwrite)
    return Suggestions(
        source=summary_of(topology.snapshot),
        backend=asked.usage,
        suggestions=suggestions,
        warnings=[*gaps(topology), *asked.warnings, *missing(wish.count, len(suggestions)), *notes],
    )


def refine(path: Path, wish: Wish, backend: Backend, say: Say) -> Refinement:
    """The experiment of a file changed in words, checked, and saved beside it. Raises SourceError, FileError, BackendError."""
    experiment = saving.load(path, experiment_of)
    return refine_for(Topology(observe(wish.choice, say)), experiment, path, wish, backend, say)


def refine_for(topology: Topology, experiment: Experiment, path: Path, wish: Wish, backend: Backend, say: Say) -> Refinement:
    """The same for a cluster that was observed before. wish.out: None to save nothing."""
    facts = Facts(topology=topology, words=wish.words, count=1, experiment=experiment, said=wish.said)
    asked = ask_to_refine(backend, facts, _means(topology, wish, say))
    (draft,) = asked.drafts
    diff = difference(experiment, draft.experiment) if draft.experiment else ""
    name = saving.free_name(path) if diff else experiment.name
    out = wish.out if diff else None
    made = suggestion_of(draft, topology, Foresight(topology), wish.out or path.parent, name)
    (suggestion,), _ = saving.save([made], [draft], topology.snapshot, out, lambda path: False)
    if draft.experiment is not None and not diff:
        suggestion = msgspec.structs.replace(suggestion, experiment=str(path))
    return Refinement(
        source=summary_of(topology.snapshot),
        backend=asked.usage,
        original=str(path),
        diff=headed(diff, str(path), suggestion.experiment or f"{name}.yaml"),
        suggestion=suggestion,
        warnings=[*gaps(topology), *asked.warnings],
    )


def _means(topology: Topology, wish: Wish, say: Say) -> Means:
    return Means(
        digest=topology.snapshot.digest,
        decode=experiment_of,
        judge=judge(topology, wish.policy),
        mend=mend,
        example=example,
        say=say,
        manner=wish.manner,
    )


def prompt(wish: Wish, say: Say, changing: Path | None = None) -> Prompt:
    """Exactly what a model would be sent first, and nothing is sent. changing: the experiment to refine. Raises SourceError, FileError."""
    from aichaos.ask.prompting import render
    from aichaos.ask.veil import Veil

    topology = Topology(observe(wish.choice, say))
    veil = Veil(topology.snapshot, names=wish.manner.anonymize)
    facts = Facts(topology=topology, words=wish.words, count=wish.count)
    if changing is None:
        return render("ideas", facts, budget=wish.manner.budget, veil=veil)
    experiment = saving.load(changing, experiment_of)
    return render("refine", msgspec.structs.replace(facts, experiment=experiment), budget=wish.manner.budget, veil=veil)


class Question(msgspec.Struct, frozen=True, kw_only=True):
    """Which cluster requests are sent to. gateway: `NS/NAME`, where several could be meant. implementation: a profile; None for its own.
    client: the namespace that requests to Services come from."""

    choice: source.Choice
    gateway: str | None = None
    implementation: str | None = None
    client: str | None = None


class Asked(msgspec.Struct, frozen=True, kw_only=True):
    """One answer for each request, in their order, made as they are taken; a request that can't be meant is an error."""

    answers: Iterator[Answer | UsageError]
    warnings: list[str]


def route(lines: Iterable[RequestLine | UsageError], question: Question, say: Say) -> Asked:
    """What the cluster's Gateways make of requests. Raises SourceError, FileError; UsageError for an unknown implementation."""
    snapshot = observe(question.choice, say)
    router = Router(snapshot, question.implementation, question.client)
    return Asked(
        answers=(_answer(line, router, question.gateway) for line in lines),
        warnings=gaps(Topology(snapshot)),
    )


def _answer(line: RequestLine | UsageError, router: Router, gateway: str | None) -> Answer | UsageError:
    try:
        if isinstance(line, UsageError):
            raise line
        request = read_request(line)
        return router.explain(request, router.gateway(request, gateway))
    except UsageError as error:
        return error


def predict(path: Path, lines: list[RequestLine] | None, question: Question, say: Say) -> tuple[str, Prediction]:
    """The title of an experiment, and what it will do. lines: requests to look at; None to derive them. Raises SourceError, FileError,
    UsageError."""
    experiment = saving.load(path, experiment_of)
    snapshot = observe(question.choice, say)
    found = foretell(experiment, Router(snapshot, question.implementation, question.client), step_text, lines, question.gateway).prediction
    return experiment.spec.title, msgspec.structs.replace(found, notes=(*found.notes, *narrow(Topology(snapshot))))


def export(path: Path, to: str, choice: source.Choice, policy: Policy, say: Say) -> "tuple[Exported | None, list[Finding]]":
    """An experiment in the form of another tool; None where it has errors, which are among the findings: no other tool would stop it.

    to: one of FORMATS. Raises SourceError, FileError.
    """
    from aichaos.report.export.formats import FORMATS
    from aichaos.report.export.outline import outline

    experiment = saving.load(path, experiment_of)
    topology = Topology(observe(choice, say))
    findings = judge(topology, policy)(experiment)
    if any(finding.severity == "error" for finding in findings):
        return None, findings
    again = foretell(experiment, Router(topology.snapshot), step_text).inverse.again
    return FORMATS[to](outline(experiment, topology.snapshot, [reference(obj) for obj in again]), topology.snapshot), findings


def observe(choice: source.Choice, say: Say) -> Snapshot:
    """The cluster, as it is now."""
    if choice.origin in (None, "live"):
        say("reading the cluster")
    return source.take(choice)
