"""Routes that make the data plane refuse the whole configuration of a port, and with it every later change of any route there.

The standard knows no such thing: a bad route harms nobody else. A gateway that was running keeps answering by its last good table; one that
starts has none.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence

import msgspec

from aichaos.domain.base import LabelSelector, ObjectRef
from aichaos.domain.gateway import Filter, GRPCRule, HTTPRule, StreamRule
from aichaos.domain.operators import broken as broken_value
from aichaos.predict.routing.attach import Placement
from aichaos.predict.routing.entries import broken, left_out
from aichaos.predict.routing.headers import removes_host
from aichaos.predict.routing.listeners import EffectiveListener
from aichaos.predict.routing.profile import Profile

Port = tuple[str, str, int]
"""Namespace and name of a Gateway, and a port."""


class Suspect(msgspec.Struct, frozen=True, gc=False):
    """A port that is refused because of a route, provided that this rule stands in the port's table.

    kind: that of the path of the match that is meant; None for all matches of the rule. host, listener: what the route lays claim to, where
    it takes another listener with the same claim to do harm.
    """

    reason: str
    port: Port
    rule: int | None = None
    kind: str | None = None
    host: str = ""
    listener: str = ""


Poison = Callable[[Placement, Profile], Iterator[Suspect]]


def _ports(placement: Placement) -> dict[Port, None]:
    return {_port(reach.listener): None for reach in placement.reaches if reach.listener.serves}


def _port(listener: EffectiveListener) -> Port:
    return listener.gateway.namespace, listener.gateway.name, listener.listener.port


def _invalid_regex(placement: Placement, profile: Profile) -> Iterator[Suspect]:
    reason = "an invalid regular expression is handed to the data plane, which refuses the whole port"
    for rule, kind in broken(placement.route):
        yield from (Suspect(reason, port, rule, kind) for port in _ports(placement))


def _percent(placement: Placement, profile: Profile) -> Iterator[Suspect]:
    """Values of headers are format strings to Envoy."""
    reason = "a single % or an unknown variable in a header's value: Envoy refuses the whole port"
    rules: Sequence[HTTPRule | GRPCRule | StreamRule] = placement.route.spec.rules or ()
    for number, rule in enumerate(rules):
        filters: Sequence[Filter] = getattr(rule, "filters", ())
        own = (each for ref in rule.backend_refs or () for each in ref.filters)
        changes = (change for one in (*filters, *own) for change in (one.request_header_modifier, one.response_header_modifier))
        if any(broken_value(header.value) for change in changes if change for header in (*change.set, *change.add)):
            yield from (Suspect(reason, port, number) for port in _ports(placement))


def _twice(placement: Placement, profile: Profile) -> Iterator[Suspect]:
    """A hostname that routes have on two listeners of a port is written into the port's table twice."""
    for joined in placement.joined:
        for reach in joined.reaches:
            port = _port(reach.listener)
            if reach.listener.serves and sum(other.serves and _port(other) == port for other in joined.listeners) > 1:
                for host in reach.hosts:
                    reason = f"the host {host.shared} stands in the table of port {port[2]} twice, which Envoy refuses"
                    yield Suspect(reason, port, host=host.shared, listener=reach.listener.name)


_FALLS = "and the controller falls over it"


def controller_is_down(reasons: Iterable[str]) -> bool:
    """Whether a data plane that starts is told nothing at all; else it has its ports, and a table of routes that it refuses."""
    return any(reason.endswith(_FALLS) for reason in reasons)


def _empty_selector(placement: Placement, profile: Profile) -> Iterator[Suspect]:
    """The controller falls over a listener with `from: Selector` and an empty selector as soon as a route refers to its Gateway."""
    for joined in placement.joined:
        for one in joined.listeners:
            allowed = one.listener.allowed_routes
            namespaces = allowed.namespaces if allowed is not None else None
            if namespaces is not None and namespaces.from_ == "Selector" and namespaces.selector == LabelSelector():
                reason = f"listener {one.name} has an empty selector, {_FALLS}"
                yield from (Suspect(reason, port) for port in _ports(placement))


def _host_removed(placement: Placement, profile: Profile) -> Iterator[Suspect]:
    rules: Sequence[HTTPRule | GRPCRule | StreamRule] = placement.route.spec.rules or ()
    for number, rule in enumerate(rules):
        filters: Sequence[Filter] = getattr(rule, "filters", ())
        if any(removes_host(one) for one in (*filters, *(own for ref in rule.backend_refs or () for own in ref.filters))):
            yield from (Suspect("a filter removes Host: Envoy refuses the whole port", port, number) for port in _ports(placement))


POISONS: dict[str, Poison] = {
    "invalid-regex": _invalid_regex,
    "percent": _percent,
    "host-removed": _host_removed,
    "same-domain-twice": _twice,
    "empty-selector": _empty_selector,
}


def suspects(placement: Placement, profile: Profile) -> list[Suspect]:
    """What may get ports refused because of a route."""
    if left_out(placement.route, profile):
        return []
    return [one for name in profile.poisons for one in POISONS[name](placement, profile)]


def harmful(found: Iterable[tuple[ObjectRef, Suspect]]) -> dict[Port, dict[ObjectRef, str]]:
    """The ports that are refused, with the routes that are to blame and why; of all suspects that stand in their tables."""
    listed = list(found)
    claims: dict[tuple[Port, str], set[str]] = {}
    for _, one in listed:
        claims.setdefault((one.port, one.host), set()).add(one.listener)
    refused: dict[Port, dict[ObjectRef, str]] = {}
    for ref, one in listed:
        if not one.host or len(claims[one.port, one.host]) > 1:
            refused.setdefault(one.port, {}).setdefault(ref, one.reason)
    return refused
