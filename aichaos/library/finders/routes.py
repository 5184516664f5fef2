"""Finders that start from a route which serves: its rivals, the pods behind it, the way between it and them."""

from collections.abc import Iterator
from functools import lru_cache
from typing import Any

import msgspec

from aichaos.domain.base import ObjectRef, plain, reference, selects
from aichaos.domain.gateway import Gateway, HTTPRoute
from aichaos.domain.network import Service
from aichaos.domain.workloads import Deployment, Pod
from aichaos.library.fill import Values
from aichaos.library.finders.candidate import Candidate, Names, named, service_ref, share
from aichaos.library.urls import probes, targets
from aichaos.observe.topology import Topology


class Served(msgspec.Struct, frozen=True, kw_only=True):
    """A route, a Gateway that takes it, and the Services behind it that have a ready endpoint."""

    route: HTTPRoute
    gateway: Gateway
    services: list[Service]


@lru_cache(maxsize=2)  # nearly every scenario asks, of one and the same cluster
def serving(topology: Topology, names: Names) -> list[Served]:
    """Routes that a Gateway takes and that have a backend which is really there; those that are named first."""
    served = []

    def first(route: HTTPRoute) -> int:
        backends = (backend.service for backend in topology.backends_of(route) if backend.service)
        return -max(named(route, names), *(named(service, names) for service in backends), 0)

    for route in sorted(topology.snapshot.http_routes, key=first) if names else topology.snapshot.http_routes:
        attached = topology.attached(route)
        working = [backend for backend in topology.backends_of(route) if not backend.problem and backend.ref.weight != 0]
        found = {backend.key: backend.service for backend in working if backend.service}
        services = sorted((one for one in found.values() if topology.ready_endpoints(one)), key=lambda one: -named(one, names))
        if attached and services and targets(topology, route):
            served.append(Served(route=route, gateway=attached[0].gateway, services=services))
    return served


def route_with_rival(topology: Topology, names: Names) -> Iterator[Candidate]:
    """A route that serves, and another Service of its namespace that a second route for the same requests could send to."""
    for served in serving(topology, names):
        route = served.route
        spare = spare_service(topology, route.namespace, {backend.key for backend in topology.backends_of(route)})
        if spare is None:
            continue
        rival = _rival_name(route, served.services[0], spare)
        if topology.exists(ObjectRef("HTTPRoute", rival, route.namespace)):
            continue
        extra = {"rival": rival, "spare": spare.name, "rival_spec": _rival_spec(route, spare)}
        yield Candidate(
            subject=reference(route),
            namespaces=[route.namespace],
            why=[reference(route), reference(served.gateway), service_ref(served.services[0]), service_ref(spare)],
            values=route_values(topology, route, served.services[0]) | extra,
        )


def spare_service(topology: Topology, namespace: str, used: set[tuple[str, str]]) -> Service | None:
    """Another Service of a namespace that would answer, the last by name (v3 rather than v2); not a Gateway's own."""
    for service in reversed(topology.services_of_namespace.get(namespace, [])):
        answers = bool(service.spec.ports) and service.spec.cluster_ip != "None" and topology.ready_endpoints(service) > 0
        if answers and (service.namespace, service.name) not in used and not topology.carries(service):
            return service
    return None


def _rival_name(route: HTTPRoute, service: Service, spare: Service) -> str:
    """`my-route-v3` beside `my-route` where the Services differ in `v3`; else `my-route-rival`."""
    common = 0
    while common < min(len(service.name), len(spare.name)) and service.name[common] == spare.name[common]:
        common += 1
    tail = spare.name[spare.name.rfind("-", 0, common) + 1 :] if "-" in spare.name[:common] else ""
    return f"{route.name}-{tail}" if tail and len(tail) <= 20 and len(route.name) + len(tail) < 60 else f"{route.name[:50]}-rival"


def _rival_spec(route: HTTPRoute, spare: Service) -> Values:
    """The same parents, hosts and matches; every rule sends to the spare Service instead."""
    spec: Values = plain(route.spec)
    refs = [{"name": spare.name, "port": spare.spec.ports[0].port}]
    rules = [({"matches": rule["matches"]} if "matches" in rule else {}) | {"backendRefs": refs} for rule in spec.get("rules") or [{}]]
    return spec | {"rules": rules}


def scalable_backend(topology: Topology, names: Names) -> Iterator[Candidate]:
    """A Deployment behind a route, with at least one pod now."""
    scaled = {(scaler.namespace, scaler.spec.scale_target_ref.name) for scaler in topology.snapshot.autoscalers}
    found: dict[ObjectRef, tuple[Deployment, HTTPRoute, Service]] = {}
    for served in serving(topology, names):
        for service in served.services:
            for workload in topology.service_workloads(service):
                if isinstance(workload, Deployment) and topology.pods_of(workload):
                    found.setdefault(reference(workload), (workload, served.route, service))

    # a single pod teaches less than several, and an autoscaler blurs what is seen: those come last
    def order(item: tuple[Deployment, HTTPRoute, Service]) -> tuple[Any, ...]:
        workload = item[0]
        told = named(workload, names) + named(item[1], names) + named(item[2], names)
        autoscaled = (workload.namespace, workload.name) in scaled
        return -told, autoscaled, workload.replicas == 1, workload.replicas, workload.namespace, workload.name

    for workload, route, service in sorted(found.values(), key=order):
        yield _scaling(topology, workload, route, service, autoscaled=(workload.namespace, workload.name) in scaled)


def _scaling(topology: Topology, workload: Deployment, route: HTTPRoute, service: Service, *, autoscaled: bool) -> Candidate:
    extra = {
        "workload": workload.name,
        "workload_namespace": workload.namespace,
        "replicas": workload.replicas,
        "share": share(workload.replicas, len(topology.pods_of_namespace[workload.namespace])),
        "note": "; its HorizontalPodAutoscaler pauses at zero and resumes after" if autoscaled else "",
    }
    return Candidate(
        subject=reference(workload),
        namespaces=sorted({route.namespace, workload.namespace}),
        why=[reference(workload), service_ref(service), reference(route)],
        values=route_values(topology, route, service) | extra,
    )


def shrinkable_backend(topology: Topology, names: Names) -> Iterator[Candidate]:
    """A Deployment behind a route with at least two pods, of which a share can be taken away."""
    for found in scalable_backend(topology, names):
        if found.values["replicas"] > 1:
            values = found.values | {"pods": found.values["replicas"]}
            yield msgspec.structs.replace(found, values=values, derived=_remaining)


def _remaining(values: Values) -> Values:
    """What is left when `affected` pods are gone: one at least."""
    affected = min(values.get("affected", 1), values["replicas"] - 1)
    return {"remaining": values["replicas"] - affected, "affected": affected}


def cut_off_backend(topology: Topology, names: Names) -> Iterator[Candidate]:
    """A backend whose pods take ingress from everywhere, behind a Gateway whose own pods can be told apart by a label.

    Pods that a NetworkPolicy with ingress rules selects already are left out: policies add up, and one more that leaves out the
    gateway would take nothing away.
    """
    for served in serving(topology, names):
        label = _gateway_label(topology.gateway_pods(served.gateway))
        for service in served.services if label else ():
            pods = topology.service_pods(service)
            if label and pods and not policed(topology, pods):
                yield _cut_off(topology, served, service, label)


def _cut_off(topology: Topology, served: Served, service: Service, label: tuple[str, str]) -> Candidate:
    route, pods = served.route, topology.service_pods(service)
    healthy = spare_service(topology, route.namespace, {(service.namespace, service.name)}) or service
    extra = {
        "service_namespace": service.namespace,
        "scope_namespaces": sorted({route.namespace, service.namespace}),
        "selector": service.spec.selector,
        "label": label[0],
        "label_value": label[1],
        "pods": len(pods),
        "share": share(len(pods), sum(len(topology.pods_of_namespace[name]) for name in {route.namespace, service.namespace})),
        "newcomer_spec": _newcomer_spec(route, healthy),
        "healthy": healthy.name,
    }
    return Candidate(
        subject=service_ref(service),
        namespaces=sorted({route.namespace, service.namespace}),
        why=[reference(served.gateway), reference(route), service_ref(service)],
        values=route_values(topology, route, service) | extra,
    )


def _newcomer_spec(route: HTTPRoute, healthy: Service) -> Values:
    spec: Values = plain(route.spec)
    rule = {
        "matches": [{"path": {"type": "PathPrefix", "value": "/aichaos-newcomer"}}],
        "backendRefs": [{"name": healthy.name, "port": healthy.spec.ports[0].port}],
    }
    return spec | {"rules": [rule]}


def _gateway_label(pods: list[Pod]) -> tuple[str, str] | None:
    for label in ("gateway.networking.k8s.io/gateway-name", "gateway.envoyproxy.io/owning-gateway-name"):
        values = {pod.labels.get(label) for pod in pods}
        if len(values) == 1 and (value := values.pop()):
            return label, value
    return None


def policed(topology: Topology, pods: list[Pod]) -> bool:
    """Whether a policy with ingress rules selects one of these pods (policyTypes left out means Ingress)."""
    policies = [policy for policy in topology.snapshot.network_policies if "Ingress" in (policy.spec.policy_types or ["Ingress"])]
    return any(policy.namespace == pod.namespace and selects(policy.spec.pod_selector, pod.labels) for policy in policies for pod in pods)


def route_values(topology: Topology, route: HTTPRoute, service: Service) -> Values:
    """What every scenario about a route may say: requests that the Service answers, as URLs and as probes."""
    every = targets(topology, route)
    served = [target for target in every if target.backend == (service.namespace, service.name)] or every
    shown = served[-1]
    return {
        "route": route.name,
        "namespace": route.namespace,
        "host": shown.host,
        "path": shown.path,
        "backend": service.name,
        "gateway": shown.gateway,
        "probes": probes(served, tolerance={"success": ">= 99%"}),
        "recovery_probes": probes(served, tolerance={"recovery": "<= 60s"}),
        "probe": probes(served)[-1]["name"],
    }
