"""Headers of a request under the filters RequestHeaderModifier: remove, set, add.

Source: Gateway API v1.6, `HTTPHeaderFilter`. Names are compared without case; `add` makes a line of its own.
"""

import re
from collections.abc import Callable, Sequence

import msgspec

from aichaos.domain.gateway import Filter, Header, HeaderFilter
from aichaos.domain.prediction import Pairs
from aichaos.predict.routing import variables
from aichaos.predict.routing.request import Request

Value = Callable[[str, Request], str | None]

_PLAIN_NAME = re.compile(r"[A-Za-z0-9-]+")
_VALUE = re.compile(r"[!-~]+([\t ]?[!-~]+)*")
VALUES: dict[str, Value] = {
    "literal": lambda value, request: value,
    "variables": variables.filled_by_contour,
    "format": variables.filled,
}
"""What becomes of a value in a filter; None: the header is left alone."""


def names_host(change: HeaderFilter) -> bool:
    """Whether a filter sets or adds the Host header."""
    return any(header.name.lower() == "host" for header in (*change.set, *change.add))


def removes_host(one: Filter) -> bool:
    """Whether a filter removes the Host header, of a request or of an answer."""
    changes = (one.request_header_modifier, one.response_header_modifier)
    return any(name.lower() == "host" for change in changes if change is not None for name in change.remove)


def unusable(one: Filter) -> bool:
    """Whether a filter touches the Host header, or gives a header a value that is not words of visible ASCII with one blank between two."""
    changes = [change for change in (one.request_header_modifier, one.response_header_modifier) if change is not None]
    values = [header.value for change in changes for header in (*change.set, *change.add)]
    return any(map(names_host, changes)) or removes_host(one) or not all(map(_VALUE.fullmatch, values))


def modified(headers: Pairs, changes: Sequence[HeaderFilter], request: Request, values: str, set_and_add: str, names: str) -> Pairs:
    """The headers after a filter, or after several at once: what any of them removes, sets and adds, in this order. values: a key of
    VALUES. set_and_add, names: see Profile."""
    read = VALUES[values]
    gone = {name.lower() for change in changes for name in change.remove if changeable(name, names)}
    kept = [pair for pair in headers if pair[0].lower() not in gone]
    added = {header.name.lower() for change in changes for header in change.add} if set_and_add == "add" else set()
    seen = msgspec.structs.replace(request, headers=tuple(kept))  # a variable sees what earlier filters, and the removals, have left
    for header in (header for change in changes for header in _first(change.set, names)):
        if header.name.lower() in added:
            continue
        value = read(header.value, seen)
        if value is not None:
            kept = [pair for pair in kept if pair[0].lower() != header.name.lower()]
            kept.append((header.name, value))
    for header in (header for change in changes for header in _first(change.add, names)):
        value = read(header.value, seen)
        if value is not None:
            kept.append((header.name, value))
    return tuple(kept)


def with_forwarded_host(headers: Pairs, host: str) -> Pairs:
    """The headers with one host more in X-Forwarded-Host, unless it is the last there already."""
    known = [value for name, value in headers if name.lower() == "x-forwarded-host"]
    listed = [part.strip() for value in known for part in value.split(",")]
    value = ",".join([*known, *([host] if listed[-1:] != [host] else [])])
    return (*(pair for pair in headers if pair[0].lower() != "x-forwarded-host"), ("X-Forwarded-Host", value))


def changeable(name: str, names: str) -> bool:
    return names == "any" or _PLAIN_NAME.fullmatch(name) is not None


def _first(headers: Sequence[Header], names: str) -> list[Header]:
    """Of several that name one header, in whatever case, the first counts (Gateway API, `HTTPHeader`)."""
    found: dict[str, Header] = {}
    for header in headers:
        if changeable(header.name, names):
            found.setdefault(header.name.lower(), header)
    return list(found.values())
