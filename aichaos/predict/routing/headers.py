"""Headers of a request under the filters RequestHeaderModifier: remove, set, add.

Source: Gateway API v1.6, `HTTPHeaderFilter`. Names are compared without case; `add` makes a line of its own.
"""

import re
from collections.abc import Callable

import msgspec

from aichaos.domain.gateway import HeaderFilter
from aichaos.domain.prediction import Pairs
from aichaos.predict.routing.request import Request

Value = Callable[[str, Request], str | None]

_VARIABLE = re.compile(r"%%|%(REQ\(([^)]*)\)|[A-Z_]+)%|%")
_KNOWN = {"PROTOCOL": "HTTP/1.1"}
"""Envoy's variables whose value a request alone decides; the others hold what only the running Envoy knows."""
_OTHERS = frozenset({"HOSTNAME", "START_TIME", "DOWNSTREAM_REMOTE_ADDRESS", "UPSTREAM_HOST", "RESPONSE_CODE"})


def broken(value: str) -> bool:
    """Whether Envoy refuses a value as no format string: a single `%`, or a variable that it does not know."""
    return any(
        found[0] != "%%" and not (found[1] and (found[2] is not None or found[1] in _KNOWN or found[1] in _OTHERS))
        for found in _VARIABLE.finditer(value)
    )


def _expanded(value: str, request: Request, *, escapes: bool) -> str | None:
    """The value with Envoy's variables filled in; None where one of them is empty."""
    out, last = "", 0
    for found in _VARIABLE.finditer(value):
        out += value[last : found.start()]
        last = found.end()
        if found[2] is not None:
            wanted = found[2].lower()
            sent = [text for name, text in request.headers if name.lower() == wanted]
            if wanted in (":authority", "host"):
                sent = [request.authority]
            if not sent:
                return None
            out += sent[0]  # of several lines the first
        elif found[1] in _KNOWN:
            out += _KNOWN[found[1]]
        else:
            out += "%" if escapes and found[0] == "%%" else found[0]
    return out + value[last:]


VALUES: dict[str, Value] = {
    "literal": lambda value, request: value,
    "variables": lambda value, request: _expanded(value, request, escapes=False),
    "format": lambda value, request: _expanded(value, request, escapes=True),
}
"""What becomes of a value in a filter; None: the header is left alone."""


def names_host(change: HeaderFilter) -> bool:
    """Whether a filter sets or adds the Host header."""
    return any(header.name.lower() == "host" for header in (*change.set, *change.add))


def modified(headers: Pairs, change: HeaderFilter, request: Request, values: str, set_and_add: str) -> Pairs:
    """The headers after one filter. values: a key of VALUES. set_and_add: see Profile."""
    read = VALUES[values]
    gone = {name.lower() for name in change.remove}
    kept = [pair for pair in headers if pair[0].lower() not in gone]
    added = {header.name.lower() for header in change.add} if set_and_add == "add" else set()
    seen = msgspec.structs.replace(request, headers=tuple(kept))  # a variable sees what earlier filters, and the removals, have left
    for header in change.set:
        if header.name.lower() in added:
            continue
        value = read(header.value, seen)
        if value is not None:
            kept = [pair for pair in kept if pair[0].lower() != header.name.lower()]
            kept.append((header.name, value))
    for header in change.add:
        value = read(header.value, seen)
        if value is not None:
            kept.append((header.name, value))
    return tuple(kept)
