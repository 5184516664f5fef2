"""One request, as a client would send it."""

import re
from collections.abc import Callable, Iterable
from ipaddress import IPv6Address

import msgspec

from aichaos.domain.prediction import Pairs, RequestLine
from aichaos.errors import UsageError
from aichaos.predict.routing.paths import normalised

_URL = re.compile(r"(?P<scheme>[A-Za-z][A-Za-z0-9+.-]*)://(?P<authority>[^/?#]*)(?P<path>[^?]*)(?:\?(?P<query>.*))?", re.DOTALL)
_UNPRINTABLE = re.compile(r"[\x00-\x20\x7f]")
_METHOD = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_PORTS = {"http": 80, "https": 443}
_ADDRESS = re.compile(r"[0-9.]+|\[.*\]")
"""An IP address, which no client puts into a TLS handshake as a name (RFC 6066)."""


class Request(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """A request as the engine reads it. authority: the Host header as it is sent; host: that in lower case, without its port.

    port: the listener's. sni: the host that the TLS handshake names, "" where it names none. query: None without a question mark.
    headers: without Host.
    """

    method: str
    scheme: str
    authority: str
    host: str
    port: int
    path: str
    query: str | None = None
    headers: Pairs = ()
    sni: str = ""

    @property
    def authority_host(self) -> str:
        """The Host header without its port, spelled as it is sent."""
        return host_of(self.authority, fold=False)

    @property
    def target(self) -> str:
        return self.path if self.query is None else f"{self.path}?{self.query}"


class Refusal(msgspec.Struct, frozen=True):
    """An answer that a data plane gives before any routing."""

    status: int
    location: str | None = None


_ESCAPED_SLASH = re.compile(r"%2[Ff]|%5[Cc]")
_SLASHES = {"2F": "/", "5C": "\\"}


def _unescaped(request: Request, steps: tuple[str, ...]) -> Refusal | None:
    """A path with an escaped slash is sent back to the path without the escape, in its normal form (Envoy, UNESCAPE_AND_REDIRECT)."""
    if not _ESCAPED_SLASH.search(request.path):
        return None
    path = normalised(_ESCAPED_SLASH.sub(lambda found: _SLASHES[found[0][1:].upper()], request.path), steps)
    return Refusal(307, path if request.query is None else f"{path}?{request.query}")


def _spelling(request: Request, steps: tuple[str, ...]) -> Refusal | None:
    """HTTP/1 parsers know methods in upper case alone, no `#` in a target, and no letters beyond ASCII there."""
    return Refusal(400) if request.method != request.method.upper() or "#" in request.target or not request.target.isascii() else None


def _underscore(request: Request, steps: tuple[str, ...]) -> Refusal | None:
    return Refusal(400) if any("_" in name for name, _ in request.headers) else None


REASONS = {
    "spelling": "Envoy refuses it before any routing: a method in lower case, or # or letters beyond ASCII in its target",
    "underscore-headers": "it is refused before any routing: a header has an underscore in its name",
    "escaped-slashes": "it is sent on before any routing, to the path without the escaped slash",
}
"""The same in words."""
REFUSALS: dict[str, Callable[[Request, tuple[str, ...]], Refusal | None]] = {
    "spelling": _spelling,
    "underscore-headers": _underscore,
    "escaped-slashes": _unescaped,
}
"""Requests that never reach a route; a profile names those that its data plane refuses. The steps are those of `paths.normalised`."""


def early(request: Request, names: tuple[str, ...], steps: tuple[str, ...]) -> tuple[str, Refusal] | None:
    """The first of these refusals that a request meets, with its name; None where it comes to the routes."""
    for name in names:
        if (found := REFUSALS[name](request, steps)) is not None:
            return name, found
    return None


def read(line: RequestLine) -> Request:
    """A request line as a Request. Raises UsageError where it can't be meant."""
    if not _METHOD.fullmatch(line.method):
        raise UsageError(f"{line.method!r} is no HTTP method", hint="For example GET or POST.")
    if _UNPRINTABLE.search(line.url):
        raise UsageError(f"the URL {line.url!r} has a blank or a control character in it", hint="Write a blank as %20.")
    parts = _URL.fullmatch(line.url)
    if parts is None:
        rest = f"shop.example.com{line.url or '/'}" if line.url[:1] in ("/", "") else line.url
        raise UsageError(f"{line.url!r} is no URL", hint=f"Write it with its scheme and its host, for example http://{rest}")
    scheme = parts["scheme"].lower()
    if scheme not in _PORTS:
        raise UsageError(
            f"{line.url!r}: a gateway is asked over http or https, not {scheme}",
            hint="A gRPC call is a POST to http://HOST/SERVICE/METHOD.",
        )
    name, port = _split(parts["authority"].rpartition("@")[2], line.url)
    name = _sent(name, line.url)
    authority, headers = _authority(line, name, port, scheme)
    if not authority:
        raise UsageError(f"{line.url!r} has no host", hint="Name one in the URL, or with -H 'Host: NAME'.")
    return Request(
        method=line.method,
        scheme=scheme,
        authority=authority,
        host=host_of(authority),
        port=port or _PORTS[scheme],
        path=parts["path"] or "/",
        query=parts["query"],
        headers=headers,
        sni=name.lower() if scheme == "https" and not _ADDRESS.fullmatch(name) else "",
    )


def _sent(name: str, url: str) -> str:
    """The host of a URL as clients send it: other letters as IDNA writes them (UTS 46), addresses as they are."""
    if ":" in name or "[" in name or "]" in name:
        try:
            IPv6Address(name[1:-1].partition("%")[0] if name.startswith("[") and name.endswith("]") else "")
        except ValueError:
            raise UsageError(f"{url!r}: {name!r} is no IPv6 address in brackets", hint="Write it as in http://[::1]/.") from None
    elif not name.isascii():
        import idna  # its tables are read for those names alone

        try:
            return idna.encode(name, uts46=True).decode()
        except idna.IDNAError as error:
            raise UsageError(f"{url!r}: {name!r} is no host name ({error})", hint="Write it as DNS has it, with xn--.") from None
    return name


def _split(authority: str, url: str) -> tuple[str, int | None]:
    host, colon, port = authority.rpartition(":") if not authority.endswith("]") else (authority, "", "")
    if not colon:
        return authority, None
    if not port:
        return host, None
    if not (port.isascii() and port.isdigit() and 0 < int(port[:6]) < 65536):
        raise UsageError(f"{url!r}: {port!r} is no port", hint="Ports are numbers from 1 to 65535.")
    return host, int(port)


def _authority(line: RequestLine, name: str, port: int | None, scheme: str) -> tuple[str, Pairs]:
    """The Host header that is sent, as curl does it, and the other headers."""
    said = [value.strip() for header, value in line.headers if header.lower() == "host"]
    if len(said) > 1:
        raise UsageError("a request has one Host header", hint="Leave the others out.")
    rest = tuple((header, value.strip(" \t")) for header, value in line.headers if header.lower() != "host")
    if said:
        return said[0], rest
    return (name if port in (None, _PORTS[scheme]) or not name else f"{name}:{port}"), rest


def host_of(authority: str, *, fold: bool = True) -> str:
    """The host of a Host header, without a port; in lower case unless it is to be as it was spelled."""
    host = authority.partition("]")[0] + "]" if authority.startswith("[") else authority.partition(":")[0]
    return host.lower() if fold else host


def header_of(text: str) -> tuple[str, str]:
    """`name: value`, as after -H. Raises UsageError for anything else."""
    name, colon, value = text.partition(":")
    if not colon or not _METHOD.fullmatch(name.strip()):
        raise UsageError(f"{text!r} is no header", hint="Write it as -H 'name: value'.")
    return name.strip(), value.strip()


def line_of(method: str, url: str, headers: Iterable[str]) -> RequestLine:
    return RequestLine(method=method, url=url, headers=tuple(header_of(header) for header in headers))
