"""Hostnames: which of them meet, and in which order they are asked."""

from collections.abc import Iterator

EVERY = "*"
"""The host of a route or a listener that names none."""


def takes(pattern: str, host: str) -> bool:
    """Whether a hostname takes a request's host: `*.x` takes one label or more before `.x`, never `x` itself."""
    return pattern in (host, EVERY) or (pattern.startswith("*.") and host.endswith(pattern[1:]) and len(host) >= len(pattern))


def covers(pattern: str, other: str) -> bool:
    """Whether a hostname takes every host that another one takes."""
    return takes(pattern, other) or (other.startswith("*.") and pattern.startswith("*.") and other[1:].endswith(pattern[1:]))


def shared(listener: str, route: str, *, wider: bool = True) -> str | None:
    """What two hostnames have in common; None where they do not meet.

    wider: whether a route's wildcard that is wider than the listener's meets it.
    """
    if route == EVERY or listener == route:
        return listener
    if listener == EVERY:
        return route
    if listener.startswith("*.") and route.removeprefix("*").endswith(listener[1:]) and route != listener[2:]:
        return route
    if route.startswith("*.") and listener.removeprefix("*").endswith(route[1:]) and listener != route[2:]:
        return listener if wider or not listener.startswith("*.") else None
    return None


def patterns(host: str) -> Iterator[str]:
    """Every hostname that takes this host, the most specific first."""
    yield host
    rest = host.lstrip(".")  # an empty label is none
    while (dot := rest.find(".")) >= 0:
        rest = rest[dot + 1 :]
        yield f"*.{rest}"
    yield EVERY


def specificity(pattern: str) -> tuple[bool, int]:
    """Sorts the most specific hostname last: without a wildcard before those with one, then by the number of characters."""
    if pattern == EVERY:
        return False, 0
    return not pattern.startswith("*."), len(pattern)
