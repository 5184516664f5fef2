"""Who may ask, and from where: looked at before anything else happens, for every request.

- The Host must be an address, localhost, or a name that was allowed: a page of a stranger whose own name was pointed at this machine
  (DNS rebinding) sends its own name.
- Nothing but GET and HEAD, and two forms that POST. A POST comes from one of our own pages: its Origin is the very host that is asked.
- Where looking needs the token it comes as a Bearer token or as the cookie that `/login` gives. Stopping a run asks for the token itself,
  in the form: no cookie, and so no other page, can do it.
"""

import asyncio
import hmac
from hashlib import sha256
from urllib.parse import urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import cookie_parser
from starlette.responses import PlainTextResponse, RedirectResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from aichaos.observe.addresses import is_address
from aichaos.serving.manner import Manner

COOKIE = "aichaos"
FORMS = 4096
"""Bytes that a form may have."""
PATIENCE = 10.0
"""Seconds that a form may take to arrive."""
_OPEN = ("/login", "/static/")
_WAIT = 0.5
"""Seconds that a wrong token costs."""
_POLICY = (
    "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self'; connect-src 'self'; form-action 'self'; "
    "base-uri 'none'; frame-ancestors 'none'"
)
_SAID = {
    "content-security-policy": _POLICY,
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
    "referrer-policy": "same-origin",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "cache-control": "no-store",
}


class Gate:
    """The outermost part of the application."""

    def __init__(self, app: ASGIApp, manner: Manner) -> None:
        self._app = app
        self._manner = manner

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await self._app(scope, receive, send)
            return
        if scope["type"] != "http":
            return

        async def said(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in _SAID.items():
                    headers.setdefault(name, value)
            await send(message)

        refused = self._refusal(scope)
        await (refused or self._app)(scope, receive, said)

    def _refusal(self, scope: Scope) -> Response | None:
        headers = Headers(scope=scope)
        hosts = headers.getlist("host")
        if len(hosts) != 1 or not self._is_ours(hosts[0]):
            return _refuse(421, "this is the dashboard of aichaos, and not the host that was asked for; --name allows one")
        if scope["method"] == "POST":
            if not _same_origin(headers, hosts[0]):
                return _refuse(403, "a form of another page: its Origin is not this host")
        elif scope["method"] not in ("GET", "HEAD"):
            return _refuse(405, "only GET, HEAD, and the forms of these pages", {"allow": "GET, HEAD"})
        path = scope["path"]
        if self._manner.guarded and not path.startswith(_OPEN) and not self._knows(headers):
            if "text/html" in headers.get("accept", "") and scope["method"] == "GET":
                return RedirectResponse("/login", 303)
            return _refuse(401, "this needs the token: Authorization: Bearer …", {"www-authenticate": "Bearer"})
        return None

    def _is_ours(self, host: str) -> bool:
        try:
            name = urlsplit(f"//{host}").hostname or ""
        except ValueError:
            return False
        name = name.removesuffix(".").lower()
        return name == "localhost" or is_address(name) or name in self._manner.names

    def _knows(self, headers: Headers) -> bool:
        scheme, _, given = headers.get("authorization", "").partition(" ")
        if scheme.lower() == "bearer":
            return same(given.strip(), self._manner.token)
        # Cookies are shared between the ports of a host: what is kept there is not the token itself
        return same(cookie_parser(headers.get("cookie", "")).get(COOKIE, ""), seal(self._manner.token or ""))


def seal(token: str) -> str:
    """What the cookie holds: known to whoever knows the token, and of no use anywhere else."""
    return hmac.new(token.encode(), b"aichaos dashboard: may look", sha256).hexdigest()


def same(given: str, wanted: str | None) -> bool:
    """Whether a secret is the one that is wanted, in a time that does not tell how much of it is right."""
    if not wanted:
        return False
    return hmac.compare_digest(sha256(given.encode()).digest(), sha256(wanted.encode()).digest())


_asking = asyncio.Semaphore(4)


async def is_token(given: str, wanted: str | None) -> bool:
    """The same for a token that somebody typed: a wrong one takes a while, and only a few can be tried at once."""
    async with _asking:
        right = same(given, wanted)
        if not right:
            await asyncio.sleep(_WAIT)
    return right


def _same_origin(headers: Headers, host: str) -> bool:
    origin = headers.get("origin")
    if origin is None:
        return False
    try:
        parts = urlsplit(origin)
    except ValueError:
        return False
    return parts.scheme in ("http", "https") and parts.netloc.lower() == host.lower()


def _refuse(status: int, text: str, headers: dict[str, str] | None = None) -> Response:
    return PlainTextResponse(f"{text}\n", status, headers)
