"""Headers of a request under the filters RequestHeaderModifier: remove, set, add.

Source: Gateway API v1.6, `HTTPHeaderFilter`. Names are compared without case; `add` makes a line of its own.
"""

from collections.abc import Callable

from aichaos.domain.gateway import HeaderFilter
from aichaos.domain.prediction import Pairs
from aichaos.predict.routing.request import Request

Value = Callable[[str, Request], str | None]

VALUES: dict[str, Value] = {"literal": lambda value, request: value}
"""What becomes of a value in a filter; None: the header is left alone."""


def names_host(change: HeaderFilter) -> bool:
    """Whether a filter sets or adds the Host header."""
    return any(header.name.lower() == "host" for header in (*change.set, *change.add))


def modified(headers: Pairs, change: HeaderFilter, request: Request, values: str) -> Pairs:
    """The headers after one filter. values: a key of VALUES."""
    read = VALUES[values]
    gone = {name.lower() for name in change.remove}
    kept = [pair for pair in headers if pair[0].lower() not in gone]
    for header in change.set:
        value = read(header.value, request)
        if value is not None:
            kept = [pair for pair in kept if pair[0].lower() != header.name.lower()]
            kept.append((header.name, value))
    for header in change.add:
        value = read(header.value, request)
        if value is not None:
            kept.append((header.name, value))
    return tuple(kept)
