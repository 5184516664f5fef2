"""The conditions of a route as Envoy Gateway 1.9.1 writes them.

A rule that it drops makes the route partly invalid, and all of them make it invalid, whatever its listeners say. Several reasons are told
together, in the order of the alphabet.
"""

from collections.abc import Iterator, Sequence

import msgspec

from aichaos.domain.base import ConditionStatus, ObjectRef, reference
from aichaos.domain.gateway import BackendRef, Filter, GRPCRoute, GRPCRule, HTTPRoute, HTTPRule, Route
from aichaos.predict.routing.attach import Joined, Placement
from aichaos.predict.routing.backends import mirrors, resolve
from aichaos.predict.routing.entries import Entry, broken, entries, of_backend, unknown
from aichaos.predict.routing.headers import unusable
from aichaos.predict.routing.table import Table
from aichaos.predict.routing.written.standard import Foretold, condition, of_the_standard

_BACKEND = ("gateway.envoyproxy.io", "Backend")
"""Its own kind of backend is off unless its configuration says otherwise. An ExternalName is told alike."""


class _Faults(msgspec.Struct):
    """What is wrong with the rules of a route. invalid, unresolved: the reasons, each as it is told of one rule or one backend.

    dropped: the rules that are not accepted. empty: whether a Service that is there has no endpoint.
    """

    invalid: set[str] = msgspec.field(default_factory=set)
    unresolved: set[str] = msgspec.field(default_factory=set)
    dropped: set[int] = msgspec.field(default_factory=set)
    empty: bool = False


def of_envoy_gateway(table: Table, ref: ObjectRef, placement: Placement) -> Iterator[Foretold]:
    route = placement.route
    if not isinstance(route, (HTTPRoute, GRPCRoute)):
        yield from of_the_standard(table, ref, placement)
        return
    faults = _faults(route, table)
    everything = len(faults.dropped) == len(route.spec.rules or ())
    invalid = _told(faults.invalid)
    for joined in _entries(table, placement):
        parent = joined[0].parent
        refused = "" if joined[-1].refused == "NoMatchingListenerHostname" else joined[-1].refused
        if invalid:
            refused = invalid if everything else ""
        if any(one.refused == "NoMatchingListenerHostname" for one in joined):
            refused = "NoMatchingListenerHostname"
        yield condition(ref, "Accepted", refused, "Accepted", parent=parent)
        yield condition(ref, "ResolvedRefs", _told(faults.unresolved), "ResolvedRefs", parent=parent)
        if invalid and not everything:
            yield Foretold(ref, "PartiallyInvalid", ConditionStatus.TRUE, invalid, parent)
        if faults.empty:
            yield condition(ref, "BackendsAvailable", "EndpointsNotFound", "", parent=parent)
        if _overlaps(table, route, joined):
            yield Foretold(ref, "RouteRulesOverlap", ConditionStatus.TRUE, "RouteRulesOverlap", parent)


def _told(reasons: set[str]) -> str:
    return ",".join(sorted(reasons))


def _entries(table: Table, placement: Placement) -> Iterator[list[Joined]]:
    """The parentRefs that are told together: those that differ in their port alone. Nothing is told of a ListenerSet that is not taken."""
    found: dict[tuple[str | int | None, ...], list[Joined]] = {}
    for joined in placement.joined:
        parent = joined.parent
        if parent.kind == "ListenerSet" and not _taken(table, placement.route, joined):
            continue
        named = (parent.kind or "Gateway", parent.namespace or placement.route.namespace, parent.name, parent.section_name)
        found.setdefault((*named, parent.port if parent.section_name else None), []).append(joined)
    yield from found.values()


def _taken(table: Table, route: Route, joined: Joined) -> bool:
    named = (joined.parent.namespace or route.namespace, joined.parent.name)
    owners = (one.owner for one in table.listeners[joined.gateway])
    return any((owner.namespace, owner.name) == named for owner in owners if owner is not table.world.gateways[joined.gateway])


def _faults(route: HTTPRoute | GRPCRoute, table: Table) -> _Faults:
    faults = _Faults()
    unreadable = {number for number, _ in broken(route)}
    rules: Sequence[HTTPRule | GRPCRule] = route.spec.rules or ()
    for number, rule in enumerate(rules):
        own = _of_filters(route, rule.filters, table)
        if own.invalid or number in unreadable:
            faults.dropped.add(number)
            faults.invalid |= {_told(own.invalid)} if own.invalid else set()
        if own.unresolved:
            faults.unresolved.add(_told(own.unresolved))
        faults.empty = faults.empty or own.empty
        if number in unreadable:
            faults.invalid.add("UnsupportedValue")
            continue
        for backend in rule.backend_refs or ():
            reason = _of_backend(route, backend, table)
            if reason == "EndpointsNotFound":
                faults.empty = True
            elif reason:
                faults.unresolved.add(reason)
    return faults


def _of_filters(route: Route, filters: Sequence[Filter], table: Table) -> _Faults:
    faults = _Faults()
    copies = False
    for one in filters:
        if unknown(one, table.profile):
            faults.invalid.add("UnsupportedValue")
            break  # nothing that stands behind it is looked at
        if unusable(one):
            faults.invalid.add("UnsupportedValue")
        for backend in mirrors([one]):
            reason = _unresolved(route, backend, table)
            if reason == "EndpointsNotFound":
                faults.empty = True
            elif reason:
                faults.unresolved.add(reason)
            else:
                copies = True
    else:
        if copies and any(one.request_redirect is not None for one in filters):
            faults.invalid.add("IncompatibleFilters")
    return faults


def _of_backend(route: Route, backend: BackendRef, table: Table) -> str:
    own = [one for one in backend.filters if one.type != "ExtensionRef"] if isinstance(route, HTTPRoute) else backend.filters
    if len([one for one in backend.filters if of_backend(one, table.profile)]) < len(backend.filters):
        return "UnsupportedRefValue"
    if isinstance(route, GRPCRoute) and any(one.type == "ExtensionRef" for one in own):
        return "UnsupportedRefValue"
    reason = _unresolved(route, backend, table)
    if backend.weight == 0:
        return "" if reason == "EndpointsNotFound" else reason  # nobody looks whether it could serve
    return reason or ("InvalidBackendFilters" if any(unusable(one) for one in own) else "")


def _unresolved(route: Route, backend: BackendRef, table: Table) -> str:
    """Why a reference leads nowhere, by Envoy Gateway's own names."""
    found = resolve(route, backend, table.world, table.profile)
    if not found.problem and found.invalid:
        return "InvalidBackendTLS"
    if not found.problem:
        return "" if found.known else "EndpointsNotFound"
    if (found.problem == "BackendNotFound" and found.why) or (backend.group, backend.kind) == _BACKEND:
        return "UnsupportedValue"
    there = (backend.namespace or route.namespace, backend.name) in table.world.services
    return "PortNotFound" if found.problem == "BackendNotFound" and there else found.problem


def _overlaps(table: Table, route: HTTPRoute | GRPCRoute, joined: Sequence[Joined]) -> bool:
    """Whether another route asks exactly the same of a request, for the same host of the same listener."""
    own = list(entries(route, table.profile))
    return any(
        _asks(rival) == _asks(entry) and rival.route is not route and _stands(table, rival, reach.listener.name, host.shared)
        for one in joined
        for reach in one.reaches
        for host in reach.hosts
        for entry in own
        for rival in table.beside(entry, reach.listener, host.shared)
    )


def _stands(table: Table, entry: Entry, listener: str, host: str) -> bool:
    placement = table.placements[reference(entry.route)]
    return any(reach.listener.name == listener and any(one.shared == host for one in reach.hosts) for reach in placement.reaches)


def _asks(entry: Entry) -> tuple[object, ...]:
    """What a match asks, however it is written."""
    path = entry.path.removesuffix("/") if entry.kind == "PathPrefix" else entry.path
    headers = sorted((one.name.lower(), one.type or "Exact", one.value) for one in entry.headers)
    query = sorted((one.name, one.type or "Exact", one.value) for one in entry.query)
    return entry.kind, path, entry.method, tuple(headers), tuple(query)
