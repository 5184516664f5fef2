"""Which part of the cluster a model is shown.

What goes in is chosen by what the idea, the experiment or the user's words name, then by what hangs together with that, under a budget
that is never exceeded. Only what the Structs of a snapshot hold can go in: no annotation, no environment variable, no value of a
ConfigMap, nothing of a Secret, and no value of a header that a filter sets.
"""

from collections.abc import Callable, Iterator
from typing import Any

from aichaos.ask.protocol import Facts
from aichaos.ask.tokens import tokens
from aichaos.ask.veil import Veil
from aichaos.domain.base import KubeObject, ObjectRef, kind_name, plain, reference
from aichaos.domain.gateway import Gateway, HTTPRoute
from aichaos.files import yaml
from aichaos.observe.oddities import oddities
from aichaos.observe.topology import Topology

_MOST_ODDITIES = 40
_SHOWN = {
    "Gateway": "Gateways",
    "HTTPRoute": "routes",
    "Service": "Services",
    "Deployment": "Deployments",
    "StatefulSet": "StatefulSets",
    "NetworkPolicy": "NetworkPolicies",
    "PodDisruptionBudget": "PodDisruptionBudgets",
    "ServiceAccount": "ServiceAccounts",
    "ChaosExperiment": "Litmus faults",
}
"""Kind → what a note calls its objects."""
_SHARES = {"HTTPRoute": 4, "Service": 2}
"""Kinds that most questions are about, and how much more room they get than the others."""


def show(facts: Facts, room: int, veil: Veil) -> tuple[str, list[str]]:
    """What is shown of the cluster, as YAML of at most `room` tokens, and a note for each kind of which not all is shown."""
    topology = facts.topology
    named = set(_named(facts))
    wanted = _by_relevance(facts, named)
    lines = _facts(topology, room // 4, veil)
    left = max(0, room - tokens("\n".join(lines)) - 2)
    listed = _listed(facts, named)
    written = {kind: _written(topology, found, left, veil, listed) for kind, found in wanted.items()}
    # every kind has its share, and what the smaller kinds leave of theirs is there for the larger ones
    shown: dict[str, list[str]] = {}
    shares = sum(_SHARES.get(kind, 1) for kind in written)
    for kind in sorted(written, key=lambda kind: sum(cost for _, cost in written[kind]) / _SHARES.get(kind, 1)):
        shown[kind], used = _fitting(written[kind], left * _SHARES.get(kind, 1) // shares)
        shares -= _SHARES.get(kind, 1)
        left -= used
    missing = [kind for kind, found in wanted.items() if len(shown[kind]) < len(found)]
    notes = [f"{len(shown[kind]):,} of {len(wanted[kind]):,} {_SHOWN[kind]} shown" for kind in missing]
    return "".join(text for kind in wanted for text in shown[kind]) + "\n".join(lines), notes


def _facts(topology: Topology, room: int, veil: Veil) -> list[str]:
    """What is odd about the cluster, as many lines as fit."""
    lines: list[str] = []
    for oddity in oddities(topology)[:_MOST_ODDITIES]:
        line = f"# {veil.hide_name(str(oddity.object))}: {veil.hide(oddity.message)}".replace("\n", " ")
        room -= tokens(line) + 2
        if room < 0:
            break
        lines.append(line)
    return lines


def _listed(facts: Facts, named: set[ObjectRef]) -> frozenset[ObjectRef]:
    """The workloads whose pods are shown by name: where steps are written, those that are named and those behind a Service that is.

    A step that labels or deletes a pod has to name it.
    """
    if facts.idea is None and facts.experiment is None:
        return frozenset()
    topology = facts.topology
    services = [
        topology.services[ref.namespace, ref.name]
        for ref in named
        if (ref.namespace, ref.name) in topology.services and ref.kind == "Service"
    ]
    behind = {reference(workload) for service in services[:20] for workload in topology.service_workloads(service)}
    return frozenset(behind | {ref for ref in named if ref in topology.workloads})


def _written(topology: Topology, found: list[KubeObject], room: int, veil: Veil, listed: frozenset[ObjectRef]) -> list[tuple[str, int]]:
    """Objects as YAML, each with its tokens: no more of them than could fit, and none that is too large by itself."""
    pieces: list[tuple[str, int]] = []
    used = 0
    for obj in found:
        text = yaml.dump([veil.hide_tree(_summary(topology, obj) | (_pods(topology, obj) if reference(obj) in listed else {}))])
        cost = tokens(text)
        if cost <= room:
            pieces.append((text, cost))
            used += cost
        if used > room:
            break
    return pieces


def _fitting(pieces: list[tuple[str, int]], room: int) -> tuple[list[str], int]:
    """The pieces that fit, in order, and their tokens; one that is too large for what is left is passed over."""
    fitting, used = [], 0
    for text, cost in pieces:
        if used + cost <= room:
            fitting.append(text)
            used += cost
    return fitting, used


def _by_relevance(facts: Facts, named: set[ObjectRef]) -> dict[str, list[KubeObject]]:
    """Kind → its objects: those that are named, those that hang together with them, those of the namespaces that are named, the rest."""
    words = facts.words.tokens
    near = {ref for one in named for ref in _neighbours(facts.topology, one)} if len(named) <= 500 else set[ObjectRef]()
    homes = {ref.namespace for ref in named} if facts.idea or facts.experiment else set[str]()
    system = {"kube-system", "kube-public", "kube-node-lease"}

    def order(obj: KubeObject) -> tuple[bool, bool, bool, str, str]:
        ref = reference(obj)
        here = obj.namespace.lower() in words or obj.namespace in homes
        return not (obj.name.lower() in words or ref in named), ref not in near, not here, obj.namespace, obj.name

    return {
        kind: sorted((obj for obj in facts.topology.snapshot.of(kind) if obj.namespace not in system and _telling(obj)), key=order)
        for kind in _SHOWN
    }


def _named(facts: Facts) -> Iterator[ObjectRef]:
    """The objects that the idea, the experiment or the words name."""
    topology = facts.topology
    refs = [step.subject for step in facts.experiment.spec.steps if step.subject] if facts.experiment else []
    for text in facts.idea.why_here if facts.idea else ():
        kind, _, rest = text.partition("/")
        namespace, _, name = rest.rpartition("/")
        refs.append(ObjectRef(kind, name, namespace))
    yield from (ref for ref in refs if topology.exists(ref))
    for kind in ("HTTPRoute", "Service", "Deployment", "StatefulSet", "Gateway"):
        yield from (reference(obj) for obj in topology.snapshot.of(kind) if obj.name.lower() in facts.words.tokens)


def _neighbours(topology: Topology, ref: ObjectRef) -> Iterator[ObjectRef]:
    """What one step away takes part in the same requests: route and Gateway, route and Service, Service and workload."""
    key = (ref.namespace, ref.name)
    if ref.kind == "HTTPRoute":
        route = topology.objects.get(ref)
        if isinstance(route, HTTPRoute):
            yield from (ObjectRef("Service", backend.key[1], backend.key[0]) for backend in topology.backends_of(route))
            yield from (reference(attached.gateway) for attached in topology.attached(route))
            for backend in topology.backends_of(route):
                if backend.service:
                    yield from (reference(workload) for workload in topology.service_workloads(backend.service))
    elif ref.kind == "Service" and key in topology.services:
        yield from (reference(route) for route in topology.routes_of_service.get(key, []))
        yield from (reference(workload) for workload in topology.service_workloads(topology.services[key]))
    elif ref in topology.workloads:
        labels = topology.workloads[ref].spec.template.metadata.labels
        for service in topology.services_of_namespace.get(ref.namespace, []):
            if service.spec.selector and service.spec.selector.items() <= labels.items():
                yield reference(service)
                yield from (reference(route) for route in topology.routes_of_service.get((service.namespace, service.name), []))


def _telling(obj: KubeObject) -> bool:
    return not (kind_name(obj) == "ServiceAccount" and obj.name == "default")


def _summary(topology: Topology, obj: KubeObject) -> dict[str, Any]:
    """One object in the few fields that an experiment can turn on."""
    details = _DETAILS.get(kind_name(obj))
    return {"object": str(reference(obj))} | (details(topology, obj) if details else {})


def _gateway(topology: Topology, obj: Any) -> dict[str, Any]:
    gateway: Gateway = obj
    listeners = [
        {"name": one.name, "protocol": one.protocol, "port": one.port} | ({"hostname": one.hostname} if one.hostname else {})
        for one in gateway.spec.listeners
    ]
    labels = {key: value for pod in topology.gateway_pods(gateway)[:1] for key, value in pod.labels.items() if "gateway-name" in key}
    return {"class": gateway.spec.gateway_class_name, "listeners": listeners} | ({"pods_labelled": labels} if labels else {})


def _route(topology: Topology, obj: Any) -> dict[str, Any]:
    route: HTTPRoute = obj
    spec = plain(route.spec)
    for rule in spec.get("rules") or ():
        for filtered in (rule, *(rule.get("backendRefs") or ())):
            filtered.pop("filters", None)
    created = route.metadata.creation_timestamp
    return ({"created": created} if created else {}) | {"spec": spec}


def _service(topology: Topology, obj: Any) -> dict[str, Any]:
    ports = [f"{port.port}->{port.target_port or port.port}" for port in obj.spec.ports]
    endpoints = topology.endpoints(obj)
    ready = sum(endpoint.ready for endpoint in endpoints)
    return {"ports": ports, "selector": obj.spec.selector, "endpoints": f"{ready} ready of {len(endpoints)}"}


def _workload(topology: Topology, obj: Any) -> dict[str, Any]:
    containers = [container.name for container in obj.spec.template.spec.containers]
    return {"replicas": obj.replicas, "pod_labels": obj.spec.template.metadata.labels, "containers": containers}


_MOST_PODS = 10


def _pods(topology: Topology, obj: Any) -> dict[str, Any]:
    """Pods by name, and how many more there are."""
    names = sorted(pod.name for pod in topology.pods_of(obj))
    return {"pods": names[:_MOST_PODS]} | ({"more_pods": len(names) - _MOST_PODS} if len(names) > _MOST_PODS else {})


def _policy(topology: Topology, obj: Any) -> dict[str, Any]:
    return {"spec": plain(obj.spec)}


_DETAILS: dict[str, Callable[[Topology, Any], dict[str, Any]]] = {
    "Gateway": _gateway,
    "HTTPRoute": _route,
    "Service": _service,
    "Deployment": _workload,
    "StatefulSet": _workload,
    "NetworkPolicy": _policy,
}
