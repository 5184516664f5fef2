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
Isolation = Callable[[tuple[Reach, ...], Sequence[EffectiveListener]], tuple[Reach, ...]]
"""The reaches of a route at one parentRef, and all listeners of that Gateway → what is left of the reaches."""

ISOLATION: dict[str, Isolation] = {"none": lambda reaches, listeners: reaches}


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
    reaches = ISOLATION[profile.isolation](reaches, listeners)
    if not reaches:
        return Joined(parent, key, refused="NoMatchingListenerHostname")
    return Joined(parent, key, reaches)


def _hosts(listener: EffectiveListener, route: Route, profile: Profile) -> tuple[Host, ...]:
    if isinstance(route, (TCPRoute, UDPRoute)):
        return (Host(hostnames.EVERY, hostnames.EVERY),)
    own: Sequence[str] = route.spec.hostnames or (hostnames.EVERY,)
    return tuple(
        Host(name, both)
        for name in dict.fromkeys(one.lower() for one in own)
        if (both := hostnames.shared(listener.host, name, wider=profile.wider_wildcards_meet)) is not None
    )
