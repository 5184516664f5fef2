"""Connections that are passed on as they are: TCPRoutes and TLSRoutes.

Source: Gateway API v1.6, `TCPRoute`, `TLSRoute`. Of several TCPRoutes on one listener the oldest serves; a TLSRoute is chosen by the name
in the handshake, the most specific hostname first, then by age.
"""

from collections.abc import Iterable

from aichaos.domain.gateway import TCPRoute, TLSRoute
from aichaos.domain.hostnames import specificity, takes
from aichaos.predict.routing.age import older_first
from aichaos.predict.routing.attach import Placement
from aichaos.predict.routing.listeners import EffectiveListener
from aichaos.predict.routing.request import Request

Rank = tuple[bool, int]
Candidate = tuple[Rank, TCPRoute | TLSRoute]


def candidates(placements: Iterable[Placement], listener: EffectiveListener, request: Request) -> list[Candidate]:
    """The routes that may carry this connection, the one that does first; each with how specific its hostname is."""
    found: list[Candidate] = []
    for placement in placements:
        route = placement.route
        if not isinstance(route, (TCPRoute, TLSRoute)) or not route.spec.rules:
            continue
        hosts = [host.own for reach in placement.reaches if reach.listener.name == listener.name for host in reach.hosts]
        fitting = [specificity(host) for host in hosts if takes(host, request.sni)]
        if fitting:
            found.append((max(fitting), route))
    found.sort(key=lambda pair: older_first(pair[1]))
    found.sort(key=lambda pair: pair[0], reverse=True)
    return found
