"""Which listener of a Gateway a request enters by.

Source: Gateway API v1.6, `Listener.hostname`, `Listener.tls`; HTTP 421: RFC 9110, 15.5.20.
"""

from collections.abc import Container, Sequence

import msgspec

from aichaos.domain.hostnames import patterns, specificity, takes
from aichaos.predict.routing.listeners import EffectiveListener
from aichaos.predict.routing.profile import Profile
from aichaos.predict.routing.request import Request

_STREAMS = {"TCP", "TLS"}


class Entrance(msgspec.Struct, frozen=True, gc=False):
    """listener: None where none takes the request. status: what is answered then, None where the connection is refused.

    stream: whether the listener passes bytes on, and looks at no request.
    """

    listener: EffectiveListener | None
    status: int | None = None
    stream: bool = False
    why: str = ""


def entrance(request: Request, listeners: Sequence[EffectiveListener], profile: Profile) -> Entrance:
    """The most specific listener of the request's port."""
    here = [one for one in listeners if one.listener.port == request.port and one.listener.protocol != "UDP" and one.serves]
    streams = [one for one in here if one.listener.protocol == "TCP"]
    if streams:
        return Entrance(streams[0], stream=True)
    tls = request.scheme == "https"
    spoken = [one for one in here if one.tls == tls]
    if not spoken:
        return Entrance(None, why=_nobody(request, listeners, here))
    by_host = _best(spoken, request.host)
    if not tls:
        return Entrance(by_host, None if by_host else 404, why="" if by_host else f"no listener on port {request.port} takes this host")
    named = _best(spoken, request.sni)
    if named is None:
        return Entrance(None, why=f"no listener on port {request.port} takes the TLS name {request.sni or '(none)'}: the handshake fails")
    if named.listener.protocol in _STREAMS:
        return Entrance(named, stream=True)
    if by_host is named or profile.misdirected == "served" or profile.tls_names == "routes":
        return Entrance(by_host or named)
    if by_host is None:
        return Entrance(None, 404, why="the TLS name is known here, the Host header is not")
    return Entrance(None, 421, why=f"the TLS name belongs to {named.name}, the Host header to {by_host.name}")


def bound(entered: Entrance, request: Request, hosts: Container[str]) -> Entrance:
    """The same where the handshake chooses one of the hosts that routes have, and the request has to be for the same name."""
    pattern = next((name for name in patterns(request.sni) if name in hosts), None)
    if pattern is None:
        return Entrance(None, why=f"no route has the TLS name {request.sni or '(none)'}: the handshake fails")
    if request.host == request.sni:
        return entered
    return Entrance(None, 421, why=f"the TLS handshake is for {request.sni}, the Host header for {request.host}")


def _best(listeners: Sequence[EffectiveListener], host: str) -> EffectiveListener | None:
    fitting = [one for one in listeners if takes(one.host, host)]
    return max(fitting, key=lambda one: specificity(one.host), default=None)


def _nobody(request: Request, listeners: Sequence[EffectiveListener], here: Sequence[EffectiveListener]) -> str:
    if here:
        return f"port {request.port} speaks {here[0].listener.protocol}, the request {request.scheme.upper()}"
    idle = [one for one in listeners if one.listener.port == request.port]
    faulty = next((one for one in idle if one.fault and not one.conflict), None)
    if faulty is not None:
        return f"the listener {faulty.name} on port {request.port} serves nothing ({faulty.fault})"
    if idle:
        return f"the listeners on port {request.port} are in conflict with each other and serve nothing"
    return f"no listener on port {request.port}"
