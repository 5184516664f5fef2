"""A draft becomes a suggestion: checked against the cluster, measured, rendered; and what there is to say about the whole."""

import difflib
from collections.abc import Callable
from pathlib import Path

import msgspec

from aichaos.check.decode import experiment_of
from aichaos.check.experiment import findings as check_experiment
from aichaos.check.fixes import applied
from aichaos.check.radius import blast_radius
from aichaos.domain.experiment import Experiment, Provenance, to_document
from aichaos.domain.finding import Finding, verdict
from aichaos.domain.gateway import Listener
from aichaos.domain.policy import Policy
from aichaos.domain.prediction import Prediction
from aichaos.domain.suggestion import BlastRadius, Draft, Suggestion
from aichaos.files import yaml
from aichaos.observe.topology import Topology
from aichaos.predict.predict import predict
from aichaos.predict.routing.router import Router
from aichaos.predict.verdict import idle
from aichaos.report import kubectl


def judge(topology: Topology, policy: Policy) -> Callable[[Experiment], list[Finding]]:
    """What the checks say about an experiment on this cluster, under this policy."""
    return lambda experiment: check_experiment(experiment, topology, policy)


def mend(experiment: Experiment, found: list[Finding]) -> tuple[Experiment, list[Finding]]:
    """The corrections of errors that are certain, made; and what was corrected, as findings. One that does not fit is left out."""
    told: list[Finding] = []
    for one in found:
        if one.fix is None or one.severity != "error":
            continue
        try:
            document = applied(to_document(experiment), one.fix.patch)
        except (KeyError, IndexError, TypeError, ValueError):
            continue  # an earlier correction has changed that place
        corrected, _ = experiment_of(document)
        if corrected is not None and corrected != experiment:
            experiment = corrected
            said = f"corrected: {one.fix.description} ({one.rule}: {one.message})"
            told.append(Finding(rule="reply/corrected", layer=one.layer, severity="info", message=said, object=one.object, path=one.path))
    return experiment, told


def example(rule: str) -> str:
    """How it looks where a rule of the checks lets it pass; "" for a rule without an example."""
    from aichaos.check.pages.book import example as shown  # only where an answer has to be mended

    return shown(rule)


class Foresight:
    """Predictions about one cluster; its routes are compiled when the first one is asked for."""

    def __init__(self, topology: Topology) -> None:
        self._topology = topology
        self._router: Router | None = None

    def of(self, experiment: Experiment) -> Prediction:
        if self._router is None:
            self._router = Router(self._topology.snapshot)
        return predict(experiment, self._router, kubectl.text, topology=self._topology).prediction


def ranked(drafts: list[tuple[Draft, Suggestion]]) -> list[tuple[Draft, Suggestion]]:
    """What nothing would notice comes last; else the order stays."""
    return sorted(drafts, key=lambda pair: pair[1].prediction is not None and idle(pair[1].prediction.verdict))


def suggestion_of(draft: Draft, topology: Topology, foresight: Foresight, out: Path | None, name: str = "") -> Suggestion:
    """name: under which it will be saved, where that is not the idea's id."""
    idea, experiment = draft.idea, draft.experiment
    name = name or idea.id
    found = draft.findings
    rendered = kubectl.render(experiment, topology.snapshot, (out or Path("chaos")) / name) if experiment else []
    spec = experiment.spec if experiment else None
    return Suggestion(
        id=name,
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
        prediction=foresight.of(experiment) if experiment and verdict(found) != "rejected" else None,
        rounds=draft.rounds,
    )


def gaps(topology: Topology) -> list[str]:
    """What could not be seen of the cluster although it may be there."""
    return [*(str(gap) for gap in topology.snapshot.telling_gaps()), *narrow(topology)]


def narrow(topology: Topology) -> list[str]:
    """Said where some namespaces were looked at, and Gateways take routes of others, which may win."""
    asked = topology.snapshot.source.namespaces
    if not asked:
        return []
    taken = {
        f"gateway/{one.gateway.namespace}/{one.gateway.name}"
        for route in topology.snapshot.routes()
        for one in topology.attached(route)
        for listener in one.listeners
        if listener.allowed_routes
        and listener.allowed_routes.namespaces
        and listener.allowed_routes.namespaces.from_ in ("All", "Selector")
    }
    if not taken:
        return []
    whose = f"routes of other namespaces at {', '.join(sorted(taken))} were not, and one of them may answer first"
    return [f"only {', '.join(asked)} was looked at: {whose}; without -n they are seen"]


def _takes_others(listener: Listener) -> bool:
    allowed = listener.allowed_routes.namespaces if listener.allowed_routes else None
    return allowed is not None and allowed.from_ in ("All", "Selector")


def missing(wanted: int, got: int) -> list[str]:
    if got >= wanted:
        return []
    return [f"{got} of {wanted} suggestions: nothing else in the backend's answer fits this cluster"]


def difference(before: Experiment, after: Experiment) -> str:
    """A unified diff, without its head, of two experiments as they stand in their files, but for what says where they come from."""
    old, new = (yaml.dump(to_document(_bare(experiment))).splitlines(keepends=True) for experiment in (before, after))
    return "".join(list(difflib.unified_diff(old, new, n=2))[2:])


def headed(diff: str, one: str, other: str) -> str:
    """A diff under the names of its two files; "" stays "": the files are the same."""
    return f"--- {one}\n+++ {other}\n{diff}" if diff else ""


def _bare(experiment: Experiment) -> Experiment:
    return msgspec.structs.replace(experiment, spec=msgspec.structs.replace(experiment.spec, provenance=Provenance()))
