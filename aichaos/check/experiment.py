"""An experiment against a cluster: its steps in order, its probes, its limits, and what its author says is meant."""

import re
from collections.abc import Iterator

import msgspec

from aichaos.check.endings import length
from aichaos.check.policy import image_policy, kind_policy, limit_policy, namespace_policy
from aichaos.check.probes import probe_findings
from aichaos.check.rules import RULES, finding
from aichaos.check.spelling import did_you_mean
from aichaos.check.steps import State, bare_of, fault_lengths, step_findings, target_of
from aichaos.check.subject import subject as make_subject
from aichaos.check.traffic import traffic_findings
from aichaos.check.world import World, placed
from aichaos.domain.base import ObjectRef, reference, reference_of
from aichaos.domain.experiment import Experiment, Step
from aichaos.domain.finding import Finding
from aichaos.domain.policy import NO_POLICY, Policy
from aichaos.observe.faults import faults
from aichaos.observe.targets import chaos_mesh
from aichaos.observe.topology import Topology

_A_DAY = 86_400.0


def findings(experiment: Experiment, topology: Topology | None, policy: Policy = NO_POLICY) -> list[Finding]:
    """Everything there is to say about an experiment, its manifests included; paths are those of its document.

    Without a topology nothing is said about the cluster.
    """
    name = f"Experiment/{experiment.name}"
    brought = [step.manifest for step in experiment.spec.steps if step.manifest is not None]
    state = State(World(topology), World(topology, brought, policy=policy, in_experiment=True))
    found = [
        *_name(experiment, name),
        *_steps(experiment, state, topology),
        *_times(experiment, name),
        *probe_findings(experiment, state, name),
        *_later_pods(experiment, state.world),
        *limit_policy(experiment, topology, policy, name),
        *_intends(experiment, name),
    ]
    return [_meant(one if one.object else msgspec.structs.replace(one, object=name), experiment.spec.intends) for one in found]


_NAME = re.compile(r"\w[\w .-]*")


def _name(experiment: Experiment, name: str) -> Iterator[Finding]:
    """Files, Roles and lines of a shell are called by it."""
    if not _NAME.fullmatch(experiment.name):
        message = f"{experiment.name[:80]!r} is no name for an experiment: letters, digits, hyphens and dots make one"
        yield finding("experiment/schema", message, object=name, path="/metadata/name")


def _steps(experiment: Experiment, state: State, topology: Topology | None) -> Iterator[Finding]:
    for index, step in enumerate(experiment.spec.steps):
        path = f"/spec/steps/{index}"
        yield from step_findings(step, state, path)
        subject = _subject(step)
        if subject is not None:
            here = f"{path}/{step.verb}"
            yield from kind_policy(subject, step, state.world.policy, here)
            yield from namespace_policy(experiment, step, subject, state.world, here)
        if step.manifest is not None:
            yield from image_policy(step.manifest, topology, state.world.policy, f"{path}/{step.verb}")
            for one in traffic_findings(make_subject(step.manifest, state.world), step.manifest, experiment.spec.scope.namespaces):
                yield msgspec.structs.replace(one, path=f"{path}/{step.verb}{one.path}")
        if step.patch is not None:
            bare = bare_of(target_of(step.patch))
            for one in traffic_findings(make_subject(bare, state.world), step.patch.merge, experiment.spec.scope.namespaces):
                yield msgspec.structs.replace(one, path=f"{path}/patch/merge{one.path}")


def _subject(step: Step) -> ObjectRef | None:
    """The object that a step changes, with its namespace as it is written: a step must say where it works."""
    if step.manifest is not None:
        return reference_of(step.manifest)
    return target_of(step.target) if step.target is not None else None


def _times(experiment: Experiment, name: str) -> Iterator[Finding]:
    """The deadline is a duration, leaves room for every wait and hold, and no fault outlives it unnoticed."""
    deadline = length(experiment.spec.deadline)
    if deadline is None:
        message = f"{experiment.spec.deadline[:40]!r} is no duration of more than zero; write 5m or 90s"
        yield finding("experiment/duration", message, object=name, path="/spec/deadline")
        return
    steps = experiment.spec.steps
    needed = sum(length(time) or 0 for step in steps for time in (step.hold, step.wait.for_ if step.wait else None) if time)
    if deadline > _A_DAY:
        message = "a deadline of more than a day ends nothing that anybody would wait for: lower it"
        yield finding("experiment/deadline", message, object=name, path="/spec/deadline")
    if needed > deadline:
        message = f"the waits and holds take {needed:g}s, the deadline comes after {deadline:g}s: raise it, or wait less"
        yield finding("experiment/deadline", message, object=name, path="/spec/deadline")
    for index, step in enumerate(steps):
        for lasts in fault_lengths(step):
            if lasts > deadline:
                message = (
                    f"the fault lasts {lasts:g}s, the deadline comes after {deadline:g}s and ends it early: shorten one, or raise the other"
                )
                yield finding("experiment/outlives-deadline", message, path=f"/spec/steps/{index}/{step.verb}")


def _later_pods(experiment: Experiment, world: World) -> Iterator[Finding]:
    """Chaos Mesh chooses its targets once: pods that a later step makes while the fault lasts are not hit."""
    hit: dict[ObjectRef, str] = {}
    for index, step in enumerate(experiment.spec.steps):
        target = step.scale or step.restart
        made = target.ref if target is not None else None
        if made is not None and made in hit:
            message = (
                f"{hit[made]} has chosen its targets by then: the pods that this step makes are not hit; swap the two if they should be"
            )
            yield finding("chaos-mesh/targets-chosen-once", message, object=str(made), path=f"/spec/steps/{index}/{step.verb}")
        for fault in faults(step.manifest or {}) if step.chaos is not None else ():
            selection = chaos_mesh(world.topology, fault.spec.get("selector"), placed(step.manifest or {}).namespace)
            owners = (world.topology.workload_of(pod) for pod in selection.pods)
            hit |= {reference(owner): f"the {fault.kind}" for owner in owners if owner is not None and not fault.one_shot}


def _intends(experiment: Experiment, name: str) -> Iterator[Finding]:
    for index, rule in enumerate(experiment.spec.intends):
        path = f"/spec/intends/{index}"
        if rule not in RULES:
            message = f"there is no rule {rule[:80]}{did_you_mean(rule, RULES)}"
            yield finding("experiment/intends-unknown", message, object=name, path=path)
        elif not RULES[rule].intendable:
            message = f"{rule} cannot be intended: it protects people, or the server refuses what it finds"
            yield finding("experiment/intends-unknown", message, object=name, path=path)


def _meant(one: Finding, intends: list[str]) -> Finding:
    """A finding that is the fault itself is shown, and stops nothing."""
    if one.rule in intends and RULES[one.rule].intendable and one.severity in ("error", "warning"):
        return msgspec.structs.replace(one, severity="info", message=f"intended: {one.message}")
    return one
