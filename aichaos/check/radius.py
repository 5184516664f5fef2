"""How much of the cluster an experiment can reach: the pods that its steps take away, harm or cut off at most, and the routes above them.

An upper bound, never a guess: where chance decides which pods are hit, the steps are assumed to hit different ones.
"""

from collections.abc import Iterable, Iterator
from typing import Any

import msgspec

from aichaos.check.world import placed
from aichaos.domain.base import ObjectRef
from aichaos.domain.experiment import Experiment, Step
from aichaos.domain.gateway import Gateway, Route
from aichaos.domain.mesh import DestinationRule, VirtualService
from aichaos.domain.network import NetworkPolicy, Service
from aichaos.domain.suggestion import BlastRadius
from aichaos.domain.workloads import HorizontalPodAutoscaler, Pod, Workload
from aichaos.files.plain import at, mapping, sequence, text, texts, without_nulls
from aichaos.observe.faults import Fault, faults, is_chaos, litmus_faults
from aichaos.observe.targets import PodKey, at_most, chaos_mesh, keys, litmus, litmus_at_most, selector_of, service_of_host
from aichaos.observe.topology import Topology

_ROUTES = frozenset({"HTTPRoute", "GRPCRoute", "TLSRoute", "TCPRoute", "UDPRoute"})


class Harm(msgspec.Struct, frozen=True, kw_only=True):
    """What one step does at most: `count` of these pods. routes: those that it changes itself. namespaces: where it reaches."""

    pods: frozenset[PodKey] = frozenset()
    count: int = 0
    routes: frozenset[str] = frozenset()
    namespaces: frozenset[str] = frozenset()


def blast_radius(experiment: Experiment, topology: Topology) -> BlastRadius:
    """The blast radius of a whole experiment on this cluster."""
    harms = [harm for step in experiment.spec.steps for harm in step_harms(step, topology)]
    reached: frozenset[PodKey] = frozenset().union(*(harm.pods for harm in harms))
    namespaces = {namespace for harm in harms for namespace in harm.namespaces} | {namespace for namespace, _ in reached}
    pods, total = _at_most(harms), sum(len(topology.pods_of_namespace.get(namespace, [])) for namespace in namespaces)
    routes = {route for harm in harms for route in harm.routes} | _routes_above(topology, reached)
    return BlastRadius(
        namespaces=sorted(namespaces),
        pods=pods,
        pods_total=total,
        share=pods / total if total else 0.0,
        routes=sorted(routes),
    )


def _at_most(harms: list[Harm]) -> int:
    """Distinct pods at most: all of those that are hit for certain, and of the others as many as are chosen."""
    certain: frozenset[PodKey] = frozenset().union(*(harm.pods for harm in harms if harm.count >= len(harm.pods)))
    chosen = [(harm.pods - certain, harm.count) for harm in harms if harm.count < len(harm.pods)]
    others: frozenset[PodKey] = frozenset().union(*(pods for pods, _ in chosen))
    return len(certain) + min(len(others), sum(min(count, len(pods)) for pods, count in chosen))


def _routes_above(topology: Topology, pods: frozenset[PodKey]) -> set[str]:
    hit = [pod for namespace in {namespace for namespace, _ in pods} for pod in topology.pods_of_namespace.get(namespace, [])]
    services = topology.services_of_pods([pod for pod in hit if (pod.namespace, pod.name) in pods])
    above = (route for service in services for route in topology.routes_of_service.get((service.namespace, service.name), []))
    return {_called(route) for route in above}


def _called(route: Route) -> str:
    return f"{route.namespace}/{route.name}"


# steps --------------------------------------------------------------------------------------------------------------------------


def step_harms(step: Step, topology: Topology) -> Iterator[Harm]:
    """What one step does at most, one part for each choice that it makes."""
    if step.manifest is not None:
        yield from manifest_harms(without_nulls(step.manifest), topology)
    elif step.scale is not None:
        yield _scaled(topology.objects.get(step.scale.ref), step.scale.ref, step.scale.replicas, topology)
    elif step.patch is not None and (replicas := _only_replicas(step.patch.merge)) is not None:
        yield _scaled(topology.objects.get(step.patch.ref), step.patch.ref, replicas, topology)
    elif step.target is not None and step.recreate is None:
        yield changed(step.target.ref, topology)


def manifest_harms(manifest: dict[str, Any], topology: Topology) -> Iterator[Harm]:
    """What an object does at most when it is applied. The manifest is without nulls."""
    if is_chaos(manifest):
        yield from _chaos_mesh(manifest, topology)
        yield from _litmus(manifest, topology)
        return
    ref = placed(manifest)
    harm = changed(ref, topology)
    if ref.kind == "NetworkPolicy":
        pods = harm.pods | _cut_off(manifest, ref.namespace, topology)
        harm = msgspec.structs.replace(harm, pods=pods, count=len(pods))
    yield harm


def changed(ref: ObjectRef, topology: Topology) -> Harm:
    """The reach of a change to an object as it stands in the cluster: the pods that depend on it, the routes that go with it."""
    pods, routes = _dependents(ref, topology)
    return _whole(pods, {ref.namespace} if ref.namespace else set(), routes)


def _dependents(ref: ObjectRef, topology: Topology) -> tuple[list[Pod], set[str]]:
    if ref.kind in _ROUTES:
        return [], {f"{ref.namespace}/{ref.name}"}
    match topology.objects.get(ref):
        case Pod() as pod:
            return [pod], set()
        case Workload() as workload:
            return topology.pods_of(workload), set()
        case Service() as service:
            routes = topology.routes_of_service.get((service.namespace, service.name), [])
            return topology.service_pods(service), {_called(route) for route in routes}
        case NetworkPolicy() as policy:
            return topology.select(policy.namespace, policy.spec.pod_selector), set()
        case HorizontalPodAutoscaler() as autoscaler:
            target = autoscaler.spec.scale_target_ref
            scaled = topology.workloads.get(ObjectRef(target.kind, target.name, autoscaler.namespace))
            return topology.pods_of(scaled) if scaled else [], set()
        case Gateway() as gateway:
            attached = (route for route in topology.snapshot.routes() for one in topology.attached(route) if one.gateway is gateway)
            return [], {_called(route) for route in attached}
        case VirtualService() | DestinationRule() as rule:
            return _behind(rule, topology), set()
    return [], set()


def _behind(rule: VirtualService | DestinationRule, topology: Topology) -> list[Pod]:
    """The pods of the Services that a traffic rule is about."""
    hosts = {rule.spec.host} if isinstance(rule, DestinationRule) else {to.destination.host for http in rule.spec.http for to in http.route}
    found = {service_of_host(host, rule.namespace) for host in hosts}
    return [pod for key in found if key in topology.services for pod in topology.service_pods(topology.services[key])]


def _scaled(obj: Any, ref: ObjectRef, replicas: int, topology: Topology) -> Harm:
    """Pods that go when a workload gets fewer replicas; which of them is up to its controller."""
    pods = keys(topology.pods_of(obj)) if isinstance(obj, Workload) else frozenset()
    return Harm(
        pods=pods if replicas < len(pods) else frozenset(), count=max(0, len(pods) - max(0, replicas)), namespaces=_some(ref.namespace)
    )


def _only_replicas(merge: dict[str, Any]) -> int | None:
    spec = merge.get("spec")
    if set(merge) == {"spec"} and isinstance(spec, dict) and set(spec) == {"replicas"}:
        return spec["replicas"] if isinstance(spec["replicas"], int) else None
    return None


def _cut_off(manifest: dict[str, Any], namespace: str, topology: Topology) -> frozenset[PodKey]:
    """The pods that a NetworkPolicy isolates in a direction; a rule without conditions lets everything through."""
    spec = mapping(manifest.get("spec"))
    types = sequence(spec.get("policyTypes")) or ["Ingress", *(["Egress"] if "egress" in spec else [])]
    open_to_all = all(any(rule == {} for rule in sequence(spec.get(text(direction).lower()))) for direction in types)
    return frozenset() if open_to_all else keys(topology.select(namespace, selector_of(spec.get("podSelector"))))


# chaos objects ------------------------------------------------------------------------------------------------------------------


def _chaos_mesh(manifest: dict[str, Any], topology: Topology) -> Iterator[Harm]:
    home, repeated = placed(manifest).namespace, manifest.get("kind") == "Schedule"
    for fault in faults(manifest):
        if not fault.takes_pods:
            continue
        holders = [fault.spec]
        if fault.spec.get("direction") in ("both", "from") and isinstance(fault.spec.get("target"), dict):
            holders.append(fault.spec["target"])
        for holder in holders:
            selection = chaos_mesh(topology, holder.get("selector"), home)
            pods = keys(_with_container(selection.pods, fault) if holder is fault.spec else selection.pods)
            count = len(pods) if repeated else at_most(holder.get("mode"), holder.get("value"), len(selection.pods))
            yield Harm(pods=pods, count=min(count, len(pods)), namespaces=frozenset(selection.namespaces))


def _with_container(pods: Iterable[Pod], fault: Fault) -> list[Pod]:
    """The pods that have a container which the fault names; what kills whole pods asks for none."""
    named = set(texts(fault.spec.get("containerNames")))
    whole = fault.kind == "PodChaos" and fault.spec.get("action") != "container-kill"
    return [pod for pod in pods if not named or whole or named & {one.name for one in pod.spec.containers}]


def _litmus(manifest: dict[str, Any], topology: Topology) -> Iterator[Harm]:
    selection = litmus(topology, at(manifest, "spec", "appinfo"), placed(manifest).namespace)
    if selection is None:
        return
    pods = keys(selection.pods)
    for fault in litmus_faults(manifest):
        count = litmus_at_most(fault.name, fault.environment, len(pods))
        yield Harm(pods=pods, count=count, namespaces=frozenset(selection.namespaces))


def _whole(pods: Iterable[Pod], namespaces: set[str], routes: set[str]) -> Harm:
    hit = keys(pods)
    return Harm(pods=hit, count=len(hit), namespaces=frozenset(namespaces), routes=frozenset(routes))


def _some(namespace: str) -> frozenset[str]:
    return frozenset({namespace}) if namespace else frozenset()
