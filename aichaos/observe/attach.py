"""Which listeners a route is attached to: the rules of the Gateway API standard for parentRefs, hostnames and allowed routes.

Source: Gateway API v1.6, `ParentReference`, `Listener`, `AllowedRoutes`. What a particular gateway does otherwise is not decided here.
"""

from collections.abc import Callable, Sequence

import msgspec

from aichaos.domain.base import kind_name, selects
from aichaos.domain.gateway import Gateway, GRPCRoute, HTTPRoute, Listener, ParentRef, Route, RouteNamespaces, TLSRoute
from aichaos.domain.hostnames import shared
from aichaos.domain.kinds import GATEWAY_API

PROTOCOLS: dict[str, frozenset[str]] = {
    "HTTP": frozenset({"HTTPRoute", "GRPCRoute"}),
    "HTTPS": frozenset({"HTTPRoute", "GRPCRoute"}),
    "TLS": frozenset({"TLSRoute", "TCPRoute"}),
    "TCP": frozenset({"TCPRoute"}),
    "UDP": frozenset({"UDPRoute"}),
}
"""Protocol of a listener → the kinds of routes that it can carry."""
Labels = Callable[[str], dict[str, str]]
"""The labels of a namespace by its name."""


class Attachment(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """A route at one parentRef. `refused` is the reason where no listener takes it (`NoMatchingParent`, …), else ""."""

    route: Route
    parent: ParentRef
    gateway: Gateway
    listeners: tuple[Listener, ...] = ()
    refused: str = ""


def attach(route: Route, parent: ParentRef, gateway: Gateway, labels: Labels) -> Attachment:
    named = [
        listener
        for listener in gateway.spec.listeners
        if parent.section_name in (None, listener.name) and parent.port in (None, listener.port)
    ]
    if not named:
        return Attachment(route=route, parent=parent, gateway=gateway, refused="NoMatchingParent")
    allowed = [listener for listener in named if allows(listener, gateway.namespace, route, labels)]
    if not allowed:
        return Attachment(route=route, parent=parent, gateway=gateway, refused="NotAllowedByListeners")
    if isinstance(route, (HTTPRoute, GRPCRoute, TLSRoute)):
        allowed = [listener for listener in allowed if hostnames(listener.hostname, route.spec.hostnames)]
        if not allowed:
            return Attachment(route=route, parent=parent, gateway=gateway, refused="NoMatchingListenerHostname")
    return Attachment(route=route, parent=parent, gateway=gateway, listeners=tuple(allowed))


def names_gateway(parent: ParentRef) -> bool:
    return parent.kind in (None, "Gateway") and parent.group in (None, GATEWAY_API)


def allows(listener: Listener, namespace: str, route: Route, labels: Labels) -> bool:
    """Whether a listener takes a route of this kind and namespace; `namespace` is that of the object in which the listener stands."""
    allowed = listener.allowed_routes
    kinds = {kind.kind for kind in allowed.kinds if kind.group in (None, GATEWAY_API)} if allowed and allowed.kinds else None
    kind = kind_name(route)
    carried = PROTOCOLS.get(listener.protocol, kinds or frozenset())  # of a protocol that is no part of the standard we know nothing
    if kind not in carried or (kinds is not None and kind not in kinds):
        return False
    namespaces = (allowed.namespaces if allowed else None) or RouteNamespaces()
    match namespaces.from_:
        case "All":
            return True
        case "Selector":
            return namespaces.selector is not None and selects(namespaces.selector, labels(route.namespace))
        case "None":
            return False
        case _:
            return route.namespace == namespace


def hostnames(listener: str | None, route: Sequence[str]) -> list[str]:
    """The hostnames that a route has on a listener; "*" where neither names one. Empty: they don't intersect."""
    if not route:
        return [listener.lower() if listener else "*"]
    if not listener:
        return [name.lower() for name in route]
    return [both for name in route if (both := shared(listener.lower(), name.lower())) is not None]
