"""Where a RequestRedirect sends the client: scheme, host, port and path of the Location.

Source: Gateway API v1.6, `HTTPRequestRedirectFilter`.
"""

from collections.abc import Callable

from aichaos.domain.gateway import RedirectFilter
from aichaos.predict.routing.entries import Entry
from aichaos.predict.routing.paths import replaced
from aichaos.predict.routing.profile import Profile
from aichaos.predict.routing.request import Request

WELL_KNOWN = {"http": 80, "https": 443}
Port = Callable[[RedirectFilter, Request], int | None]
"""The port that a Location names; None for none."""


def _standard(redirect: RedirectFilter, request: Request) -> int | None:
    scheme = redirect.scheme or request.scheme
    port = redirect.port or (WELL_KNOWN.get(redirect.scheme, request.port) if redirect.scheme else request.port)
    return None if port == WELL_KNOWN.get(scheme) else port


def _of_host(redirect: RedirectFilter, request: Request) -> int | None:
    """The port that stays in a Location where nothing names one: Envoy keeps that of Host, but for the old scheme's own."""
    _, colon, port = request.authority.rpartition(":") if not request.authority.endswith("]") else ("", "", "")
    if redirect.hostname or not colon or not port.isdigit():
        return None
    return None if redirect.scheme and redirect.scheme != request.scheme and int(port) == WELL_KNOWN.get(request.scheme) else int(port)


def _contour(redirect: RedirectFilter, request: Request) -> int | None:
    return redirect.port or _of_host(redirect, request)


def _istio(redirect: RedirectFilter, request: Request) -> int | None:
    scheme = redirect.scheme or request.scheme
    if redirect.port:
        return _of_host(redirect, request) if redirect.port == WELL_KNOWN.get(scheme) else redirect.port
    if redirect.scheme or request.port == WELL_KNOWN.get(request.scheme):
        return _of_host(redirect, request)
    return request.port


def _envoy_gateway(redirect: RedirectFilter, request: Request) -> int | None:
    if redirect.port and redirect.port not in WELL_KNOWN.values():
        return redirect.port
    if redirect.port or redirect.scheme or request.port in WELL_KNOWN.values():
        return _of_host(redirect, request)
    return request.port


PORTS: dict[str, Port] = {"standard": _standard, "contour": _contour, "istio": _istio, "envoy-gateway": _envoy_gateway}


def location(redirect: RedirectFilter, request: Request, path: str, entry: Entry, profile: Profile) -> str:
    """The Location. path: the request's, as it was matched."""
    scheme = redirect.scheme or request.scheme
    host = redirect.hostname or request.authority_host
    port = PORTS[profile.redirect_port](redirect, request)
    query = request.query
    if redirect.path is not None:
        path = replaced(path, entry.path, redirect.path, profile.redirect_prefix, profile.redirect_full)
        if "?" in path:
            query = None  # a replacement with a query of its own takes the request's place
    return f"{scheme}://{host}{f':{port}' if port is not None else ''}{path}{f'?{query}' if query is not None else ''}"
