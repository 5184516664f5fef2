"""The conditions that a controller has to write: of routes at each parent, and of Gateways, ListenerSets and their listeners.

Source: Gateway API v1.6, `RouteConditionType`, `ListenerConditionType`, `GatewayConditionType` and their reasons.
"""

from collections import Counter
from collections.abc import Callable, Iterator

import msgspec

from aichaos.domain.base import ConditionStatus, ObjectRef, reference
from aichaos.domain.gateway import Gateway, GRPCRoute, HTTPMatch, HTTPRoute, ParentRef, Route
from aichaos.predict.routing.attach import Placement
from aichaos.predict.routing.backends import resolve, route_problems, rule_problems
from aichaos.predict.routing.entries import absent, broken_conditions, broken_path, unknown_call, unknown_filters
from aichaos.predict.routing.faults import client_authorities, references, route_kinds, supported_kinds
from aichaos.predict.routing.listeners import EffectiveListener, parent_of
from aichaos.predict.routing.profile import Profile
from aichaos.predict.routing.table import Table
from aichaos.predict.routing.world import World


class Foretold(msgspec.Struct, frozen=True, gc=False):
    """One condition as it has to be. parent: of a route's condition. listener: the name, of a listener's condition."""

    object: ObjectRef
    type: str
    status: ConditionStatus
    reason: str
    parent: ParentRef | None = None
    listener: str | None = None


class ListenerFacts(msgspec.Struct, frozen=True, gc=False):
    """What a listener's status says beside its conditions. kinds: of routes that it supports. attached: how many routes it serves."""

    owner: ObjectRef
    listener: str
    kinds: tuple[str, ...]
    attached: int


def _condition(
    obj: ObjectRef, kind: str, problem: str, fine: str, *, parent: ParentRef | None = None, listener: str | None = None
) -> Foretold:
    """A condition that is True unless there is a problem."""
    status = ConditionStatus.FALSE if problem else ConditionStatus.TRUE
    return Foretold(obj, kind, status, problem or fine, parent, listener)


def of_everything(table: Table) -> Iterator[Foretold]:
    yield from of_routes(table)
    yield from of_listeners(table)
    yield from of_gateways(table)
    yield from of_listener_sets(table)


# routes -----------------------------------------------------------------------------------------------------------------------------


def of_routes(table: Table) -> Iterator[Foretold]:
    """Accepted and ResolvedRefs of every route at every Gateway or ListenerSet that it names."""
    for ref, placement in table.placements.items():
        yield from of_route(table, ref, placement)


def of_route(table: Table, ref: ObjectRef, placement: Placement) -> Iterator[Foretold]:
    yield from ROUTES[table.profile.statuses](table, ref, placement)


def _by_the_standard(table: Table, ref: ObjectRef, placement: Placement) -> Iterator[Foretold]:
    refs = next(iter(route_problems(placement.route, table.world, table.profile)), "")
    lost = table.judged.loss(ref, None)
    for joined in placement.joined:
        yield _condition(ref, "Accepted", joined.refused or (lost.reason if lost else ""), "Accepted", parent=joined.parent)
        yield _condition(ref, "ResolvedRefs", refs, "ResolvedRefs", parent=joined.parent)


def _of_contour(table: Table, ref: ObjectRef, placement: Placement) -> Iterator[Foretold]:
    """Conflicts of rules are told, per parentRef; of several bad references the last; nothing is where no listener has a host of it."""
    route = placement.route
    rules = route.spec.rules or ()
    for number, joined in enumerate(placement.joined):
        losses = [loss for rule in range(len(rules)) if (loss := table.judged.loss(ref, rule)) is not None]
        told = Counter(listener for loss in losses for parent, listener in loss.told if parent == number)
        conflict = "RuleMatchConflict" if len(rules) in told.values() or not rules else ""
        unknown = [] if joined.refused else _unsupported(route, table.world, table.profile)
        problems = [
            problem
            for rule in rules
            for problem in (
                *rule_problems(route, rule, table.world, table.profile),
                *(("Degraded",) if absent(rule, table.profile) else ()),
            )
            if not (joined.refused and problem == "Degraded")  # that is told as a listener takes the rule
        ]
        refs = problems[-1] if problems and joined.refused != "NoMatchingListenerHostname" else ""
        accepted = joined.refused or conflict or (unknown[-1] if unknown else "")
        yield _condition(ref, "Accepted", accepted, "Accepted", parent=joined.parent)
        yield _condition(ref, "ResolvedRefs", refs, "ResolvedRefs", parent=joined.parent)
        if any(count < len(rules) for count in told.values()):
            yield Foretold(ref, "PartiallyInvalid", ConditionStatus.TRUE, "RuleMatchPartiallyConflict", joined.parent)
        if any(_broken_paths(route)) and not joined.refused:
            yield Foretold(ref, "ValidMatches", ConditionStatus.FALSE, "InvalidPathMatch", joined.parent)


def _unsupported(route: Route, world: World, profile: Profile) -> list[str]:
    """Why Contour says of a route, which it serves all the same, that it is not accepted; of several reasons it writes the last."""
    filters = [
        "UnsupportedValue" for ref in unknown_filters(route, profile) if ref is None or not resolve(route, ref, world, profile).problem
    ]
    conditions = ["UnsupportedValue" for match in _matches(route) if not broken_path(match) and broken_conditions(match)]
    return [*_unknown_calls(route, profile), *conditions, *filters]


def _broken_paths(route: Route) -> Iterator[bool]:
    return (True for match in _matches(route) if broken_path(match))


def _matches(route: Route) -> Iterator[HTTPMatch]:
    for rule in (route.spec.rules or ()) if isinstance(route, HTTPRoute) else ():
        yield from rule.matches or ()


def _unknown_calls(route: Route, profile: Profile) -> Iterator[str]:
    """What is written of a GRPCRoute for each match of a method that is not known."""
    if isinstance(route, GRPCRoute):
        for rule in route.spec.rules or ():
            for match in rule.matches or ():
                if match.method is not None and unknown_call(match, profile):
                    yield "UnsupportedValue" if match.method.type == "RegularExpression" else "InvalidMethodMatch"


ROUTES: dict[str, Callable[[Table, ObjectRef, Placement], Iterator[Foretold]]] = {
    "standard": _by_the_standard,
    "contour": _of_contour,
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
    yield _condition(owner, "Accepted", refused, "Accepted", listener=name)
    conflicted = ConditionStatus.TRUE if one.conflict else ConditionStatus.FALSE
    yield Foretold(owner, "Conflicted", conflicted, one.conflict or "NoConflicts", None, name)
    yield _condition(owner, "ResolvedRefs", unresolved, "ResolvedRefs", listener=name)
    programmed = one.conflict or ("Invalid" if refused or certificates or not supported_kinds(one.listener) else "")
    yield _condition(owner, "Programmed", programmed, "Programmed", listener=name)


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
        yield from _of_owner(reference(gateway), own, keep=True)


def of_listener_sets(table: Table) -> Iterator[Foretold]:
    """Accepted and Programmed of every ListenerSet whose Gateway is here."""
    for owner in table.world.listener_sets.values():
        ref, key = reference(owner), parent_of(owner)
        if key not in table.listeners:
            continue
        own = [one for one in table.listeners[key] if reference(one.owner) == ref]
        if not own:
            yield _condition(ref, "Accepted", "NotAllowed", "")
            yield _condition(ref, "Programmed", "NotAllowed", "")
        else:
            yield from _of_owner(ref, own, keep=False)


def _of_owner(ref: ObjectRef, own: list[EffectiveListener], *, keep: bool) -> Iterator[Foretold]:
    """keep: whether Accepted stays True, with a reason, where only some listeners are valid."""
    serving = [one for one in own if one.serves]
    if not serving:
        yield _condition(ref, "Accepted", "ListenersNotValid", "")
        yield _condition(ref, "Programmed", "ListenersNotValid" if not keep else "Invalid", "")
        return
    reason = "ListenersNotValid" if len(serving) < len(own) else "Accepted"
    yield Foretold(ref, "Accepted", ConditionStatus.TRUE, reason)
    yield _condition(ref, "Programmed", "", "Programmed")
