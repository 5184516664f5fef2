"""X-Forwarded-Proto and X-Forwarded-For: what a gateway makes of them before it looks at any route.

Envoy at the edge (`use_remote_address`, as Contour, Istio and Envoy Gateway configure it) trusts no client: the scheme is that of the
connection, whatever was sent, and the client's address comes behind the addresses that were sent. Matches, filters and backends see the
result. Both headers are one line: what a filter adds comes behind a comma.
"""

import msgspec

from aichaos.domain.prediction import Pairs
from aichaos.predict.routing.request import Request

CLIENT = "<address of the client>"
"""Stands where the address would, which no request line tells."""
_PROTO, _FOR = "x-forwarded-proto", "x-forwarded-for"
_SCHEMES = {scheme: ("X-Forwarded-Proto", scheme) for scheme in ("http", "https")}
_ADDRESS = ("X-Forwarded-For", CLIENT)
_MADE = {id(pair) for pair in (*_SCHEMES.values(), _ADDRESS)}
"""The lines that a gateway writes by itself, by identity: a client may send the same words."""


def entered(request: Request) -> Request:
    """A request as such a gateway reads it."""
    if not any(name.lower() in (_PROTO, _FOR) for name, _ in request.headers):
        return msgspec.structs.replace(request, headers=(*request.headers, _SCHEMES[request.scheme], _ADDRESS))
    sent: dict[str, list[str]] = {_PROTO: [], _FOR: []}
    rest = []
    for name, value in request.headers:
        if name.lower() in sent:
            sent[name.lower()].append(value)
        else:
            rest.append((name, value))
    proto = ("X-Forwarded-Proto", request.scheme) if sent[_PROTO] else _SCHEMES[request.scheme]
    address = ("X-Forwarded-For", ",".join([*sent[_FOR], CLIENT])) if sent[_FOR] else _ADDRESS
    return msgspec.structs.replace(request, headers=(*rest, proto, address))


def in_one_line(headers: Pairs) -> Pairs:
    """The headers after a filter: of these two names one line each."""
    found: dict[str, str] = {}
    for name, value in headers:
        if name.lower() in (_PROTO, _FOR):
            found[name.lower()] = f"{found[name.lower()]},{value}" if name.lower() in found else value
    kept = []
    for pair in headers:
        whole = found.pop(pair[0].lower(), None)
        if whole is not None:
            kept.append(pair if pair[1] == whole else (pair[0], whole))
        elif pair[0].lower() not in (_PROTO, _FOR):
            kept.append(pair)
    return tuple(kept)


def apart(headers: Pairs) -> tuple[Pairs, Pairs]:
    """What comes from the client or a filter, and what the gateway itself has written."""
    own = tuple(pair for pair in headers if id(pair) in _MADE)
    return (tuple(pair for pair in headers if id(pair) not in _MADE), own) if own else (headers, ())
