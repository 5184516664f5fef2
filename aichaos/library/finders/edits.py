"""Finders for changes that people make to a route or a Service in place, with what makes them undone again."""

from collections.abc import Iterator
from typing import Any

import msgspec

from aichaos.domain.base import ObjectRef, plain, reference
from aichaos.domain.gateway import HTTPRoute
from aichaos.domain.network import Service
from aichaos.library.fill import Values
from aichaos.library.finders.candidate import Candidate, Names, service_ref, share
from aichaos.library.finders.routes import Served, route_values, serving, spare_service
from aichaos.observe.topology import Topology

NOWHERE = "aichaos-nowhere"
"""A name that nothing in a cluster bears."""


def edited_route(topology: Topology, names: Names) -> Iterator[Candidate]:
    """A route that serves: its parents and rules as they are, and each with one mistake in it."""
    for served in serving(topology, names):
        rules = _rules(served.route)
        parents: list[Values] = plain(served.route.spec)["parentRefs"]
        extra = {
            "parents": parents,
            "detached_parents": [{key: value for key, value in one.items() if key != "port"} | {"sectionName": NOWHERE} for one in parents],
            "rules": rules,
            "lost_rules": [_sent_to(rule, [{"name": NOWHERE, "port": 80}]) for rule in rules],
            "nowhere": NOWHERE,
        }
        yield _candidate(topology, served, extra, [])


def route_with_spare(topology: Topology, names: Names) -> Iterator[Candidate]:
    """A route that serves, and another Service of its namespace that could answer a part of its requests, or all of them twice."""
    for served in serving(topology, names):
        route = served.route
        spare = spare_service(topology, route.namespace, {backend.key for backend in topology.backends_of(route)})
        if spare is None or topology.exists(ObjectRef("HTTPRoute", f"aichaos-{route.name}", route.namespace)):
            continue
        extra = _with_spare(topology, served, spare)
        if extra is not None:
            yield msgspec.structs.replace(_candidate(topology, served, extra, [service_ref(spare)]), derived=_split)


def _with_spare(topology: Topology, served: Served, spare: Service) -> Values | None:
    """The same route with a part of its traffic at the spare Service; None where no rule is that simple."""
    rules, to = _rules(served.route), {"name": spare.name, "port": spare.spec.ports[0].port}
    single = [len(rule.get("backendRefs") or ()) == 1 and "filters" not in rule for rule in rules]
    if not any(single):
        return None
    path = str(route_values(topology, served.route, served.services[0])["path"]).partition("?")[0]
    mirror = {"type": "RequestMirror", "requestMirror": {"backendRef": to}}
    return {
        "spare": spare.name,
        "spare_ref": to,
        "rules": rules,
        "simple_rules": [number for number, one in enumerate(single) if one],
        "mirrored_rules": [rule | {"filters": [mirror]} if one else rule for rule, one in zip(rules, single, strict=True)],
        "hijack": f"aichaos-{served.route.name}"[:63].rstrip("-."),
        "hijack_spec": _hijack(served.route, path, to),
    }


def _split(values: Values) -> Values:
    """The rules of which the simple ones send `percent` of a hundred requests to the spare Service; weights are whole numbers."""
    to, percent = values["spare_ref"], max(1, round(values.get("percent", 50)))
    return {
        "split_rules": [
            _sent_to(rule, [rule["backendRefs"][0] | {"weight": 100 - percent}, to | {"weight": percent}])
            if number in values["simple_rules"]
            else rule
            for number, rule in enumerate(values["rules"])
        ]
    }


def _hijack(route: HTTPRoute, path: str, to: Values) -> Values:
    spec: Values = plain(route.spec)
    return spec | {"rules": [{"matches": [{"path": {"type": "Exact", "value": path}}], "backendRefs": [to]}]}


def drifting_service(topology: Topology, names: Names) -> Iterator[Candidate]:
    """A Service with a selector behind a route, and the pods that it would lose."""
    for served in serving(topology, names):
        for service in served.services:
            pods = topology.service_pods(service)
            if pods and service.spec.selector:
                whole = sum(len(topology.pods_of_namespace[name]) for name in {served.route.namespace, service.namespace})
                extra = {
                    "service": service.name,
                    "service_namespace": service.namespace,
                    "pods": len(pods),
                    "share": share(len(pods), whole),
                }
                yield Candidate(
                    subject=service_ref(service),
                    namespaces=sorted({served.route.namespace, service.namespace}),
                    why=[service_ref(service), reference(served.route)],
                    values=route_values(topology, served.route, service) | extra,
                )


def _rules(route: HTTPRoute) -> list[Values]:
    return list(plain(route.spec).get("rules") or [{}])


def _sent_to(rule: Values, refs: list[Any]) -> Values:
    return rule | {"backendRefs": refs}


def _candidate(topology: Topology, served: Served, extra: Values, more: list[ObjectRef]) -> Candidate:
    route = served.route
    return Candidate(
        subject=reference(route),
        namespaces=[route.namespace],
        why=[reference(route), reference(served.gateway), service_ref(served.services[0]), *more],
        values=route_values(topology, route, served.services[0]) | extra,
    )
