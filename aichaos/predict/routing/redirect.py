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


PORTS: dict[str, Port] = {"standard": _standard}


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
