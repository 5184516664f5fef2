"""What is odd about a cluster before anybody does anything to it: the reasons why a scenario is worth trying here.

Each oddity is a fact read off the topology, said in one sentence about one object.
"""

from collections import defaultdict
from collections.abc import Iterator

import msgspec

from aichaos.domain.base import ObjectRef, kind_name, reference, selects
from aichaos.domain.gateway import HTTPMatch, HTTPRoute, Route
from aichaos.domain.workloads import PodDisruptionBudget, Workload
from aichaos.observe.attach import hostnames, names_gateway
from aichaos.observe.topology import Topology


class Oddity(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """rule: its stable name, as with findings. object: what is odd. message: one sentence, without the object's name."""

    rule: str
    object: ObjectRef
    message: str


def oddities(topology: Topology) -> list[Oddity]:
    """Everything odd, the most harmful first, then by object."""
    return [*_attachment(topology), *_backends(topology), *_rivals(topology), *_fragile(topology)]


def _attachment(topology: Topology) -> Iterator[Oddity]:
    for route in topology.snapshot.routes():
        ref = reference(route)
        for parent in route.spec.parent_refs:
            if names_gateway(parent) and (parent.namespace or route.namespace, parent.name) not in topology.gateways:
                where = f"{parent.namespace or route.namespace}/{parent.name}"
                yield Oddity(rule="route/no-gateway", object=ref, message=f"its Gateway {where} does not exist")
        for attachment in topology.attachments[ref]:
            if attachment.refused:
                gateway = f"{attachment.gateway.namespace}/{attachment.gateway.name}"
                yield Oddity(rule="route/not-attached", object=ref, message=f"no listener of {gateway} takes it ({attachment.refused})")


_PROBLEMS = {
    "InvalidKind": "it refers to {target}, which is no Service",
    "RefNotPermitted": "it refers to {target} in another namespace without a ReferenceGrant there",
    "BackendNotFound": "its backend {target} does not exist, or not on that port",
}


def _backends(topology: Topology) -> Iterator[Oddity]:
    empty: set[ObjectRef] = set()
    seen = topology.snapshot.unread("EndpointSlice") is None
    for ref, backends in topology.backends.items():
        for problem, target in dict.fromkeys((backend.problem, "/".join(backend.key)) for backend in backends if backend.problem):
            yield Oddity(rule=f"route/{_rule(problem)}", object=ref, message=_PROBLEMS[problem].format(target=target))
        for service in {backend.key: backend.service for backend in backends if backend.service is not None}.values():
            awaited = seen and service.spec.type != "ExternalName"  # that one is a name in the DNS, and has none
            if awaited and not topology.ready_endpoints(service) and reference(service) not in empty:
                empty.add(reference(service))
                yield Oddity(
                    rule="service/no-ready-endpoints", object=reference(service), message=f"no ready endpoint, and {ref} sends to it"
                )


def _rule(problem: str) -> str:
    return {"InvalidKind": "backend-kind", "RefNotPermitted": "no-reference-grant", "BackendNotFound": "backend-not-found"}[problem]


def _rivals(topology: Topology) -> Iterator[Oddity]:
    """Routes that match exactly the same requests on the same Gateway: only the oldest serves."""
    pairs = dict.fromkeys((reference(first), reference(other)) for first, *rest in rival_routes(topology) for other in rest)
    for first, other in pairs:
        yield Oddity(rule="route/rival", object=other, message=f"it matches the same requests as {first}, which is older")


def rival_routes(topology: Topology) -> list[list[HTTPRoute]]:
    """Groups of HTTPRoutes with a match in common on a common host of a common listener; the oldest of a group first."""
    claims: dict[tuple[str, str, str, str, bytes], dict[ObjectRef, HTTPRoute]] = defaultdict(dict)
    for route in topology.snapshot.http_routes:
        for attachment in topology.attached(route):
            gateway = attachment.gateway
            hosts = {(one.name, host) for one in attachment.listeners for host in hostnames(one.hostname, route.spec.hostnames)}
            matches = {_canonical(match) for rule in route.spec.rules or () for match in rule.matches or [HTTPMatch()]}
            for listener, host in hosts:
                for match in matches:
                    claims[gateway.namespace, gateway.name, listener, host, match][reference(route)] = route
    groups = {tuple(sorted(group)): group for group in claims.values() if len(group) > 1}
    return [sorted(group.values(), key=age) for _, group in sorted(groups.items())]


def age(route: Route) -> tuple[str, str, str]:
    """Sorts the oldest first; ties by namespace and name, as the standard says. A route without a date sorts last."""
    return route.metadata.creation_timestamp or "~", route.namespace, route.name


def _canonical(match: HTTPMatch) -> bytes:
    path = match.path
    kind, value = (path.type or "PathPrefix", path.value or "/") if path else ("PathPrefix", "/")
    if kind == "PathPrefix":
        value = value.rstrip("/") or "/"  # "/shop/" is the prefix "/shop"
    # of a name that stands twice only the first entry counts
    headers = {header.name.lower(): (header.type or "Exact", header.value) for header in reversed(match.headers)}
    query = {param.name: (param.type or "Exact", param.value) for param in reversed(match.query_params)}
    return msgspec.json.encode((kind, value, match.method, sorted(headers.items()), sorted(query.items())))


def _fragile(topology: Topology) -> Iterator[Oddity]:
    """Workloads behind a route that one lost pod takes away, or that nothing protects from eviction."""
    budgets: dict[str, list[PodDisruptionBudget]] = defaultdict(list)
    for budget in topology.snapshot.disruption_budgets:
        budgets[budget.namespace].append(budget)
    seen: set[ObjectRef] = set()
    for key, routes in topology.routes_of_service.items():
        for workload in topology.service_workloads(topology.services[key]):
            ref = reference(workload)
            if ref in seen or kind_name(workload) == "DaemonSet":
                continue
            seen.add(ref)
            route = reference(routes[0])
            if workload.replicas == 1:
                yield Oddity(rule="workload/single-replica", object=ref, message=f"a single replica behind {route}")
            elif not any(_protects(budget, workload) for budget in budgets[workload.namespace]):
                yield Oddity(rule="workload/no-disruption-budget", object=ref, message=f"no PodDisruptionBudget, and {route} sends to it")


def _protects(budget: PodDisruptionBudget, workload: Workload) -> bool:
    return budget.spec.selector is not None and selects(budget.spec.selector, workload.spec.template.metadata.labels)
