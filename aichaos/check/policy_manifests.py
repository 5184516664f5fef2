"""Policy for a chaos object, in a step or in a file of its own: whom it reaches, for how long, and when."""

from collections.abc import Iterator

from aichaos.check.endings import length
from aichaos.check.meaning.units import whole
from aichaos.check.radius import Harm, manifest_harms
from aichaos.check.reach import Reach, reach
from aichaos.check.subject import Subject
from aichaos.check.windows import window_findings
from aichaos.check.world import World
from aichaos.domain.base import reference
from aichaos.domain.experiment import lasting
from aichaos.domain.finding import Finding
from aichaos.domain.policy import PROTECTED_NAMESPACES
from aichaos.files.plain import text
from aichaos.observe.faults import faults, is_chaos, litmus_faults
from aichaos.observe.targets import chaos_mesh, keys

CONTROLLERS = frozenset({"istio-system", "envoy-gateway-system", "projectcontour", "chaos-mesh", "litmus"})
"""Where gateways' and chaos engines' controllers are installed as a rule: a fault there takes away what would end it."""


def untouchable(world: World) -> frozenset[str]:
    """Namespaces that no step may touch at all."""
    named = PROTECTED_NAMESPACES | frozenset(world.policy.protected_namespaces)
    return frozenset(name for name in named if not world.policy.allows(name))


def protected(world: World) -> frozenset[str]:
    """Namespaces whose pods no fault may take."""
    homes = CONTROLLERS | (world.cluster.engine_homes if world.cluster is not None else frozenset())
    return untouchable(world) | frozenset(name for name in homes if not world.policy.allows(name))


def manifest_policy(this: Subject) -> Iterator[Finding]:
    """What the policy says about one chaos object; nothing about any other object."""
    if not is_chaos(this.document):
        return
    yield from _kinds(this)
    yield from _durations(this)
    yield from window_findings(this)
    if this.world.in_experiment:
        return  # an experiment has a scope, and its limits are those of all steps together
    harms = list(manifest_harms(this.document, this.world.topology))
    yield from _namespaces(this, harms)
    yield from _all_of_them(this)
    if this.world.cluster is not None:
        yield from _limits(this, reach(harms, this.world.topology))


def _kinds(this: Subject) -> Iterator[Finding]:
    allowed = this.world.policy.kinds
    used = {fault.kind: fault.path for fault in faults(this.document)} | {
        fault.name: f"{fault.path}/name" for fault in litmus_faults(this.document)
    }
    for kind, path in used.items():
        if kind and allowed is not None and kind not in allowed:
            message = f"the policy allows {', '.join(allowed) or 'no kind'} and not {kind}"
            yield this.note("policy/kind", message, path)


def _durations(this: Subject) -> Iterator[Finding]:
    longest = length(this.world.policy.max_duration)
    if longest is None:
        return
    ends = [(fault.ends[0], length(fault.ends[1])) for fault in faults(this.document) if not fault.one_shot]
    ends += [
        (f"{fault.path}/spec/components/env", float(seconds))
        for fault in litmus_faults(this.document)
        if (seconds := whole(fault.environment.get("TOTAL_CHAOS_DURATION"))) is not None
    ]
    for path, lasts in ends:
        if lasts is not None and lasts > longest:
            message = f"the fault lasts {lasting(lasts)}; the policy allows {this.world.policy.max_duration}: shorten it"
            yield this.note("policy/duration", message, path)


def _namespaces(this: Subject, harms: list[Harm]) -> Iterator[Finding]:
    reached = {namespace for harm in harms for namespace in harm.namespaces | {pod[0] for pod in harm.pods}}
    for namespace in sorted(reached & protected(this.world)):
        own = namespace in this.world.policy.protected_namespaces
        why = "the policy names it" if own else "a fault there takes away what the cluster, or the end of the fault, depends on"
        message = f"{namespace} is protected: {why}"
        yield this.note("policy/protected-namespace", message, "/spec")


def _all_of_them(this: Subject) -> Iterator[Finding]:
    """A fault that leaves nobody: the usual share of an experiment is a part."""
    for fault in faults(this.document):
        mode = fault.spec.get("mode")
        everything = mode == "all" or (mode == "fixed-percent" and fault.spec.get("value") == "100")
        if fault.takes_pods and everything and not _some_stay(this, fault.spec.get("selector")):
            said = "mode: all" if mode == "all" else 'fixed-percent with value: "100"'
            message = f"{said} takes every pod that the selector finds, and leaves none to answer; take a smaller share, or one"
            yield this.note("policy/takes-all", message, f"{fault.path}/mode")
    for litmus_fault in litmus_faults(this.document):
        if text(litmus_fault.environment.get("PODS_AFFECTED_PERC")) == "100":
            message = "PODS_AFFECTED_PERC 100 takes every pod of the target, and leaves none to answer"
            yield this.note("policy/takes-all", message, f"{litmus_fault.path}/spec/components/env")


def _some_stay(this: Subject, selector: object) -> bool:
    """Whether every workload that a selector reaches keeps a pod that it does not take, as far as the pods are known."""
    topology = this.world.topology
    taken = chaos_mesh(topology, selector, this.namespace).pods
    owners = [topology.workload_of(pod) for pod in taken]
    workloads = {reference(owner): owner for owner in owners if owner is not None}
    if not taken or None in owners:
        return False
    return all(keys(topology.pods_of(workload)) - keys(taken) for workload in workloads.values())


def _limits(this: Subject, found: Reach) -> Iterator[Finding]:
    policy = this.world.policy
    over = []
    if policy.max_pods is not None and found.pods > policy.max_pods:
        over.append(f"{policy.max_pods} pods")
    if policy.max_share is not None and found.share > policy.max_share:
        over.append(f"{policy.max_share:.0%}")
    if over:
        message = f"it reaches {found}; the policy allows {' and '.join(over)}: take fewer pods"
        yield this.note("policy/blast-radius", message, "/spec")
    elif found.pods:
        yield this.note("policy/reach", f"it reaches up to {found}", "/spec")
