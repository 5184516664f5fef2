"""The conditions of a route as Istio (main of 2026-08-27) writes them.

One reason is told of all bad references: the last one's, or the first that keeps the whole route out. A Service without the port that is
named, and a backend without a weight, are no faults to it. Of the listeners that a parentRef could mean, the best is told; what another
listener takes away (isolation) is not told at all.
"""

from collections.abc import Iterator, Sequence

from aichaos.domain import hostnames
from aichaos.domain.base import ObjectRef, kind_name
from aichaos.domain.gateway import BackendRef, GRPCRoute, GRPCRule, HTTPRoute, HTTPRule, Route
from aichaos.observe import attach as standard
from aichaos.predict.routing.attach import Joined, Placement
from aichaos.predict.routing.backends import mirrors
from aichaos.predict.routing.entries import of_backend, unknown
from aichaos.predict.routing.listeners import EffectiveListener
from aichaos.predict.routing.table import Table
from aichaos.predict.routing.written.standard import Foretold, condition, of_the_standard

_BEST_FIRST = ("", "NotAllowedByListeners", "NoMatchingListenerHostname", "NoMatchingParent")


def of_istio(table: Table, ref: ObjectRef, placement: Placement) -> Iterator[Foretold]:
    route = placement.route
    if not isinstance(route, (HTTPRoute, GRPCRoute)):
        yield from of_the_standard(table, ref, placement)
        return
    refs = _references(route, table)
    for joined in placement.joined:
        said = [_denied(one, joined, route, table) for one in _owned(joined, route, table)]
        if said:  # nothing is told of an owner none of whose listeners is taken
            yield condition(ref, "Accepted", min(said, key=_BEST_FIRST.index), "Accepted", parent=joined.parent)
            yield condition(ref, "ResolvedRefs", refs, "ResolvedRefs", parent=joined.parent)


# listeners --------------------------------------------------------------------------------------------------------------------------


def _owned(joined: Joined, route: Route, table: Table) -> Iterator[EffectiveListener]:
    """The listeners of the object that a parentRef names, whatever its section and port."""
    kind, name = joined.parent.kind or "Gateway", (joined.parent.namespace or route.namespace, joined.parent.name)
    for one in table.listeners[joined.gateway]:
        if not one.conflict and kind_name(one.owner) == kind and (one.owner.namespace, one.owner.name) == name:
            yield one


def _denied(one: EffectiveListener, joined: Joined, route: HTTPRoute | GRPCRoute, table: Table) -> str:
    """Why a listener does not take a route: section and port are looked at first, then its host, then its namespaces and its kinds."""
    parent, listener = joined.parent, one.listener
    if parent.section_name not in (None, listener.name) or parent.port not in (None, listener.port):
        return "NoMatchingParent"
    names = [name.lower() for name in route.spec.hostnames] or [hostnames.EVERY]
    if all(hostnames.shared(one.host, name) is None for name in names):
        return "NoMatchingListenerHostname"
    return "" if standard.allows(listener, one.owner.namespace, route, table.world.labels) else "NotAllowedByListeners"


# references -------------------------------------------------------------------------------------------------------------------------


def _references(route: HTTPRoute | GRPCRoute, table: Table) -> str:
    told = ""
    rules: Sequence[HTTPRule | GRPCRule] = route.spec.rules or ()
    for rule in rules:
        if any(unknown(one, table.profile) for one in rule.filters):
            return "InvalidFilter"
        copies = [reason for one in mirrors(rule.filters) if (reason := _unresolved(route, one, table))]
        weighing = [one for one in rule.backend_refs or () if one.weight != 0]
        if any(not of_backend(one, table.profile) for backend in weighing for one in backend.filters):
            return "InvalidFilter"
        found = [reason for one in weighing if (reason := _unresolved(route, one, table))]
        told = next(iter([*found[-1:], *copies[-1:]]), told)
    return told


def _unresolved(route: Route, ref: BackendRef, table: Table) -> str:
    kind, namespace = ref.kind or "Service", ref.namespace or route.namespace
    if namespace != route.namespace and not table.world.granted(kind_name(route), route.namespace, kind, namespace, ref.name):
        return "RefNotPermitted"
    if kind != "Service" or ref.group:
        return "InvalidKind"
    return "" if (namespace, ref.name) in table.world.services else "BackendNotFound"
