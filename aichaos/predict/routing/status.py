"""The conditions that a controller has to write: of routes at each parent, and of Gateways, ListenerSets and their listeners.

Source: Gateway API v1.6, `RouteConditionType`, `ListenerConditionType`, `GatewayConditionType` and their reasons.
"""

from collections import Counter
from collections.abc import Callable, Iterator

import msgspec

from aichaos.domain.base import ConditionStatus, ObjectRef, reference
from aichaos.domain.gateway import Gateway, ParentRef, Route
from aichaos.predict.routing import secured
from aichaos.predict.routing.attach import Placement
from aichaos.predict.routing.faults import (
    client_authorities,
    client_certificate,
    insecure_fallback,
    references,
    route_kinds,
    supported_kinds,
)
from aichaos.predict.routing.listeners import EffectiveListener, parent_of
from aichaos.predict.routing.table import Table
from aichaos.predict.routing.world import Key, World
from aichaos.predict.routing.written.contour import of_contour
from aichaos.predict.routing.written.envoy_gateway import of_envoy_gateway
from aichaos.predict.routing.written.istio import of_istio
from aichaos.predict.routing.written.standard import Foretold, condition, of_the_standard

__all__ = [
    "Foretold",
    "ListenerFacts",
    "facts",
    "of_everything",
    "of_gateways",
    "of_listener_sets",
    "of_listeners",
    "of_route",
    "of_routes",
]


class ListenerFacts(msgspec.Struct, frozen=True, gc=False):
    """What a listener's status says beside its conditions. kinds: of routes that it supports. attached: how many routes it serves."""

    owner: ObjectRef
    listener: str
    kinds: tuple[str, ...]
    attached: int


def of_everything(table: Table) -> Iterator[Foretold]:
    yield from of_routes(table)
    yield from of_listeners(table)
    yield from of_gateways(table)
    yield from of_listener_sets(table)
    yield from of_backend_policies(table)


# routes -----------------------------------------------------------------------------------------------------------------------------


def of_routes(table: Table) -> Iterator[Foretold]:
    """Accepted and ResolvedRefs of every route at every Gateway or ListenerSet that it names."""
    for ref, placement in table.placements.items():
        yield from of_route(table, ref, placement)


def of_route(table: Table, ref: ObjectRef, placement: Placement) -> Iterator[Foretold]:
    yield from ROUTES[table.profile.statuses](table, ref, placement)


ROUTES: dict[str, Callable[[Table, ObjectRef, Placement], Iterator[Foretold]]] = {
    "standard": of_the_standard,
    "contour": of_contour,
    "envoy-gateway": of_envoy_gateway,
    "istio": of_istio,
}
"""What is written of a route; a profile names its own."""


# listeners --------------------------------------------------------------------------------------------------------------------------


def of_listeners(table: Table) -> Iterator[Foretold]:
    """Accepted, Conflicted, ResolvedRefs and Programmed of every listener."""
    for listeners in table.listeners.values():
        for one in listeners:
            yield from _of_listener(one, table.world)


def _of_listener(one: EffectiveListener, world: World) -> Iterator[Foretold]:
    owner, name = reference(one.owner), one.listener.name
    certificates = references(one.owner, one.listener, world)
    refused = one.conflict or (one.fault if one.fault != certificates else "")
    unresolved = certificates or client_authorities(one.gateway, one.listener, world) or route_kinds(one.listener)
    yield condition(owner, "Accepted", refused, "Accepted", listener=name)
    conflicted = ConditionStatus.TRUE if one.conflict else ConditionStatus.FALSE
    yield Foretold(owner, "Conflicted", conflicted, one.conflict or "NoConflicts", None, name)
    yield condition(owner, "ResolvedRefs", unresolved, "ResolvedRefs", listener=name)
    programmed = one.conflict or ("Invalid" if refused or certificates or not supported_kinds(one.listener) else "")
    yield condition(owner, "Programmed", programmed, "Programmed", listener=name)


def facts(table: Table) -> Iterator[ListenerFacts]:
    """The kinds that every listener supports, and how many routes are attached to it."""
    attached = Counter(name for placement in table.placements.values() for name in _reached(placement))
    for listeners in table.listeners.values():
        for one in listeners:
            kinds = () if one.fault == "UnsupportedProtocol" else supported_kinds(one.listener)
            yield ListenerFacts(reference(one.owner), one.listener.name, kinds, attached[reference(one.owner), one.listener.name])


def _reached(placement: Placement) -> set[tuple[ObjectRef, str]]:
    """The listeners that a route is attached to."""
    return {(reference(reach.listener.owner), reach.listener.listener.name) for reach in placement.reaches}


# Gateways and ListenerSets ----------------------------------------------------------------------------------------------------------


def of_gateways(table: Table) -> Iterator[Foretold]:
    """Accepted and Programmed of every Gateway, as far as they follow from its listeners."""
    for key, listeners in table.listeners.items():
        gateway = table.world.gateways[key]
        own = [one for one in listeners if isinstance(one.owner, Gateway)]
        ref = reference(gateway)
        yield from _of_owner(ref, own, keep=True)
        yield condition(ref, "ResolvedRefs", client_certificate(gateway, table.world), "ResolvedRefs")
        if insecure_fallback(gateway):
            yield Foretold(ref, "InsecureFrontendValidationMode", ConditionStatus.TRUE, "ConfigurationChanged")


def attached_listener_sets(table: Table, key: Key) -> int:
    """How many ListenerSets a Gateway serves: it takes them, and at least one of their listeners can be."""
    owners = {reference(one.owner) for one in table.listeners[key] if not isinstance(one.owner, Gateway) and one.serves}
    return len(owners)


def of_listener_sets(table: Table) -> Iterator[Foretold]:
    """Accepted and Programmed of every ListenerSet whose Gateway is here."""
    for owner in table.world.listener_sets.values():
        ref, key = reference(owner), parent_of(owner)
        if key not in table.listeners:
            continue
        own = [one for one in table.listeners[key] if reference(one.owner) == ref]
        if not own:
            yield condition(ref, "Accepted", "NotAllowed", "")
            yield condition(ref, "Programmed", "NotAllowed", "")
        else:
            yield from _of_owner(ref, own, keep=False)


def _of_owner(ref: ObjectRef, own: list[EffectiveListener], *, keep: bool) -> Iterator[Foretold]:
    """keep: whether Accepted stays True, with a reason, where only some listeners are valid."""
    serving = [one for one in own if one.serves]
    if not serving:
        yield condition(ref, "Accepted", "ListenersNotValid", "")
        yield condition(ref, "Programmed", "ListenersNotValid" if not keep else "Invalid", "")
        return
    reason = "ListenersNotValid" if len(serving) < len(own) else "Accepted"
    yield Foretold(ref, "Accepted", ConditionStatus.TRUE, reason)
    yield condition(ref, "Programmed", "", "Programmed")


# BackendTLSPolicies ----------------------------------------------------------------------------------------------------------------


def of_backend_policies(table: Table) -> Iterator[Foretold]:
    """Accepted and ResolvedRefs of every BackendTLSPolicy, at each Gateway whose routes lead to its Services."""
    gateways: dict[Key, dict[Key, None]] = {}
    for placement in table.placements.values():
        for service in _services(placement.route):
            gateways.setdefault(service, {}).update(dict.fromkeys(one.gateway for one in placement.joined))
    policies = {reference(one): one for held in table.world.backend_tls.values() for one in held.values()}
    for ref, policy in policies.items():
        accepted, refs = secured.acceptance(policy, table.world), secured.authorities(policy, table.world)
        for namespace, name in dict.fromkeys(key for one in secured.services(policy) for key in gateways.get((policy.namespace, one), ())):
            parent = ParentRef(name=name, namespace=namespace)
            yield condition(ref, "Accepted", accepted, "Accepted", parent=parent)
            yield condition(ref, "ResolvedRefs", refs, "ResolvedRefs", parent=parent)


def _services(route: Route) -> set[Key]:
    return {(ref.namespace or route.namespace, ref.name) for rule in route.spec.rules or () for ref in rule.backend_refs or ()}
