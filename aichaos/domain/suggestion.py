"""What `suggest` answers with: an idea, its experiment, and everything that was found out about it."""

from typing import Any

import msgspec

from aichaos.domain.experiment import Experiment, Metric
from aichaos.domain.finding import Finding, Verdict
from aichaos.domain.prediction import Prediction
from aichaos.domain.snapshot import Snapshot


class Idea(msgspec.Struct, frozen=True, kw_only=True):
    """One scenario in words, before its experiment exists. why_here: objects of this cluster, `Kind/ns/name`."""

    id: str
    title: str
    summary: str
    category: str = ""
    why_here: list[str] = []
    hypothesis: str = ""


class BlastRadius(msgspec.Struct, frozen=True, kw_only=True):
    """How much of the cluster an experiment can reach.

    pods: those that a step takes away, harms or cuts off, at most. pods_total: all pods of `namespaces`. share: pods / pods_total, 0..1.
    routes: `ns/name` of every route that the steps change or whose backends they take away.
    """

    namespaces: list[str] = []
    pods: int = 0
    pods_total: int = 0
    share: float = 0.0
    routes: list[str] = []


class Round(msgspec.Struct, frozen=True, kw_only=True):
    """One answer to the question for an experiment. changed: lines that differ from the best before. kept: whether it was better."""

    errors: int
    warnings: int
    changed: int
    kept: bool
    findings: list[Finding]


class Suggestion(msgspec.Struct, frozen=True, kw_only=True):
    """`steps` and `commands` are rendered from the typed steps of the experiment, never from a model's own command lines.

    by_hand: the commands with the pauses between them, which matter (a route must be older than its rival).
    """

    id: str
    title: str
    category: str
    summary: str
    why_here: list[str]
    hypothesis: str
    steps: list[str]
    manifests: list[dict[str, Any]]
    commands: list[str]
    by_hand: list[str]
    metrics: list[Metric]
    remediation: list[str]
    rollback: list[str]
    blast_radius: BlastRadius
    findings: list[Finding]
    verdict: Verdict
    prediction: Prediction | None = None
    """Null where nobody predicted: a suggestion that was rejected."""
    experiment: str | None = None
    """Path of the saved file; null where nothing was saved."""
    rounds: list[Round] = []
    """How often the backend was asked, and what the checks said each time."""


class Usage(msgspec.Struct, frozen=True, kw_only=True):
    """What answering cost. cost_usd is None where the price is not known: unknown is not free."""

    name: str
    model: str | None
    calls: int
    input_tokens: int
    output_tokens: int
    cost_usd: float | None
    cached: int = 0
    """Answers that came from the cache; they are not among `calls`, and cost nothing now."""


class SourceSummary(msgspec.Struct, frozen=True, kw_only=True):
    kind: str
    cluster: str
    taken: str | None
    objects: dict[str, int]


def summary_of(snapshot: Snapshot) -> SourceSummary:
    seen = snapshot.source
    return SourceSummary(kind=seen.kind, cluster=seen.cluster, taken=seen.taken, objects=snapshot.counts())


class Suggestions(msgspec.Struct, frozen=True, kw_only=True):
    source: SourceSummary
    backend: Usage
    suggestions: list[Suggestion]
    warnings: list[str]


class Refinement(msgspec.Struct, frozen=True, kw_only=True):
    """What `refine` answers with. original: path of what was changed. diff: unified, of the two files; "" where nothing changed."""

    source: SourceSummary
    backend: Usage
    original: str
    diff: str
    suggestion: Suggestion
    warnings: list[str]


class Draft(msgspec.Struct, frozen=True, kw_only=True):
    """An idea with the experiment that came back for it; None, and the findings that say why, where none could be read."""

    idea: Idea
    experiment: Experiment | None
    findings: list[Finding] = []
    rounds: list[Round] = []
