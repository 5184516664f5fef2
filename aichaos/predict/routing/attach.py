"""Which listeners take a route, and for which hosts.

Source: Gateway API v1.6, `ParentReference`, `Listener`, `AllowedRoutes`; the rules themselves are those of `observe/attach.py`.
"""

from collections.abc import Callable, Iterator, Sequence

import msgspec

from aichaos.domain import hostnames
from aichaos.domain.base import reference
from aichaos.domain.gateway import Gateway, ListenerSet, ParentRef, Route, TCPRoute, UDPRoute
from aichaos.domain.kinds import GATEWAY_API
from aichaos.observe import attach as standard
from aichaos.predict.routing.listeners import EffectiveListener, parent_of
from aichaos.predict.routing.profile import Profile
from aichaos.predict.routing.world import Key, World


class Host(msgspec.Struct, frozen=True, gc=False):
    """A hostname that a route has on a listener. own: as the route names it; shared: what it has in common with the listener's."""

    own: str
    shared: str


class Reach(msgspec.Struct, frozen=True, gc=False):
    """A listener that takes a route, and the hosts for which it does."""

    listener: EffectiveListener
    hosts: tuple[Host, ...]


class Joined(msgspec.Struct, frozen=True, gc=False):
    """What becomes of one parentRef. refused: the reason where no listener takes the route (`NoMatchingParent`, …), else ""."""

    parent: ParentRef
    gateway: Key
    reaches: tuple[Reach, ...] = ()
    refused: str = ""
    listeners: tuple[EffectiveListener, ...] = ()
    """All listeners that the parentRef could mean."""


class Placement(msgspec.Struct, frozen=True, gc=False):
    """A route with everything that its parentRefs come to. A parentRef to what is no Gateway of this cluster is left out."""

    route: Route
    joined: tuple[Joined, ...]

    @property
    def reaches(self) -> Iterator[Reach]:
        for one in self.joined:
            yield from one.reaches


Listeners = dict[Key, tuple[EffectiveListener, ...]]
"""Gateway → its listeners."""
Reaches = tuple[Reach, ...]
Isolation = Callable[[Reaches, Sequence[EffectiveListener], Sequence[EffectiveListener]], Reaches]
"""The reaches of a route at one parentRef, all listeners of that Gateway, and those that allow the route → what is left of the reaches."""


def _without(reaches: Reaches, lost: Callable[[EffectiveListener, Host], bool]) -> Reaches:
    kept = (Reach(one.listener, tuple(host for host in one.hosts if not lost(one.listener, host))) for one in reaches)
    return tuple(one for one in kept if one.hosts)


def _across_ports(reaches: Reaches, listeners: Sequence[EffectiveListener], allowed: Sequence[EffectiveListener]) -> Reaches:
    """A host goes to a listener of that name, or of a longer wildcard, that did not take the route: whatever its port."""
    others = [one.host for one in listeners if one not in allowed and one.host != hostnames.EVERY]

    def lost(listener: EffectiveListener, host: Host) -> bool:
        if host.own in (hostnames.EVERY, listener.host) or not (listener.host == hostnames.EVERY or listener.host.startswith("*.")):
            return False
        return any(
            host.own == other
            or (
                other.startswith("*.")
                and host.own.endswith(other[1:])
                and len(host.own) > len(other[1:])
                and (listener.host == hostnames.EVERY or len(other) > len(listener.host))
            )
            for other in others
        )

    return _without(reaches, lost)


def _on_the_port(reaches: Reaches, listeners: Sequence[EffectiveListener], allowed: Sequence[EffectiveListener]) -> Reaches:
    """A host goes to the most specific listener of its port and owner that covers it; a wider host of the route stays, as a wider host."""

    def lost(listener: EffectiveListener, host: Host) -> bool:
        return any(
            other.listener.port == listener.listener.port
            and other.owner is listener.owner
            and hostnames.specificity(other.host) > hostnames.specificity(listener.host)
            and hostnames.covers(other.host, host.shared)
            for other in listeners
        )

    return _without(reaches, lost)


def _equal_names(reaches: Reaches, listeners: Sequence[EffectiveListener], allowed: Sequence[EffectiveListener]) -> Reaches:
    """A host goes to another listener of its port only where that has exactly this hostname: of twins, to the one that serves or none."""

    def lost(listener: EffectiveListener, host: Host) -> bool:
        if host.own == hostnames.EVERY:
            return False
        named = [one for one in listeners if one.listener.port == listener.listener.port and one.host == host.shared]
        won = any(not one.conflict for one in named)
        return any(one is not listener and not (won and one.conflict == "HostnameConflict") for one in named)

    return _without(reaches, lost)


ISOLATION: dict[str, Isolation] = {
    "none": lambda reaches, listeners, allowed: reaches,
    "across-ports": _across_ports,
    "port": _on_the_port,
    "equal-names": _equal_names,
}


def place(route: Route, listeners: Listeners, world: World, profile: Profile) -> Placement:
    joined = (
        _join(route, parent, key, owner, listeners[key], world, profile)
        for parent in route.spec.parent_refs
        for key, owner in _owners(route, parent, listeners, world, profile)
    )
    return Placement(route, tuple(joined))


def _owners(
    route: Route, parent: ParentRef, listeners: Listeners, world: World, profile: Profile
) -> Iterator[tuple[Key, Gateway | ListenerSet]]:
    """The Gateways that a parentRef leads to, each with the object whose listeners are meant: itself, or one of its ListenerSets."""
    key = (parent.namespace or route.namespace, parent.name)
    if parent.kind == "ListenerSet" and parent.group in (None, GATEWAY_API):
        owner = world.listener_sets.get(key)
        if owner is not None and (gateway := parent_of(owner)) in listeners:
            yield gateway, owner
    elif standard.names_gateway(parent):
        if parent.namespace is None and profile.parent_namespace == "any":
            yield from ((gateway, world.gateways[gateway]) for gateway in listeners if gateway[1] == parent.name)
        elif key in listeners:
            yield key, world.gateways[key]


def _join(
    route: Route,
    parent: ParentRef,
    key: Key,
    owner: Gateway | ListenerSet,
    listeners: Sequence[EffectiveListener],
    world: World,
    profile: Profile,
) -> Joined:
    mine = reference(owner)
    named = [
        one
        for one in listeners
        if parent.section_name in (None, one.listener.name) and parent.port in (None, one.listener.port) and reference(one.owner) == mine
    ]
    if not named:
        return Joined(parent, key, refused="NoMatchingParent")
    allowed = [one for one in named if standard.allows(one.listener, one.owner.namespace, route, world.labels)]
    if not allowed:
        return Joined(parent, key, refused="NotAllowedByListeners")
    reaches = tuple(Reach(one, shared) for one in allowed if (shared := _hosts(one, route, profile)))
    reaches = ISOLATION[profile.isolation](reaches, listeners, allowed)
    if not reaches:
        return Joined(parent, key, refused="NoMatchingListenerHostname")
    return Joined(parent, key, reaches, listeners=tuple(listeners))


def _hosts(listener: EffectiveListener, route: Route, profile: Profile) -> tuple[Host, ...]:
    if isinstance(route, (TCPRoute, UDPRoute)):
        return (Host(hostnames.EVERY, hostnames.EVERY),)
    own: Sequence[str] = route.spec.hostnames or (hostnames.EVERY,)
    return tuple(
        Host(name, both)
        for name in dict.fromkeys(one.lower() for one in own)
        if (both := hostnames.shared(listener.host, name, wider=profile.wider_wildcards_meet)) is not None
    )
