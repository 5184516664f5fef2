"""Paths: what a gateway does to one before it looks at it, and how a filter puts a new one together."""

from collections.abc import Callable, Iterator

STEPS: dict[str, Callable[[str], str]] = {}
"""What may happen to a path before it is matched; a profile names the steps."""


def prefixes(path: str) -> Iterator[str]:
    """Every prefix under which a path stands, by path element, the longest first; `/` is ""."""
    prefix = path.rstrip("/")
    yield prefix
    while (slash := prefix.rfind("/")) >= 0:
        prefix = prefix[:slash]
        yield prefix
