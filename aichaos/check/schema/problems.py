"""What a check of a schema notes down, and how it is said: what was there, what is allowed, what may have been meant."""

from collections.abc import Iterable
from typing import Any

from aichaos.files.yaml import escape

Path = tuple[Any, str | int] | None
"""A place, as the place of its parent and a key: made for every value that is looked at, turned into a JSON Pointer for few."""

Problem = tuple[str, Path, str]
"""Rule, place, message."""

CEL_STEPS = 2_000_000

_SHOWN = 40
_MOST = 12


class Sink:
    """What a walk notes down.

    errors: values that the schema refuses; strict: fields that it does not have; rules: broken CEL rules; skipped: what was not checked.
    document: what is looked at. notes: fields that a cluster may lack. budget: how many steps the CEL rules of the object may still take,
    all together. cost: what they have cost the server so far, about.
    """

    __slots__ = ("_length", "budget", "cost", "document", "errors", "notes", "rules", "skipped", "strict")

    def __init__(self, document: Any = None) -> None:
        self.document = document
        self._length = -1
        self.budget = [CEL_STEPS]
        self.cost = 0
        self.errors: list[Problem] = []
        self.strict: list[Problem] = []
        self.notes: list[Problem] = []
        self.rules: list[Problem] = []
        self.skipped: list[Problem] = []

    @property
    def length(self) -> int:
        """Characters of all texts in the document."""
        if self._length < 0:
            self._length = characters(self.document)
        return self._length


def characters(value: Any, most: int = 1_000_000) -> int:
    """Of all texts in a value, counted no further than is of interest."""
    total, waiting = 0, [value]
    while waiting and total <= most:
        one = waiting.pop()
        kind = type(one)
        if kind is str or kind is bytes:
            total += len(one)
        elif kind is dict:
            waiting += one.values()
        elif isinstance(one, list):
            waiting += one
    return total


def pointer(path: Path) -> str:
    parts = []
    while path is not None:
        path, key = path
        parts.append(escape(str(key)))
    return "".join(f"/{part}" for part in reversed(parts))


def field(path: Path) -> str:
    """How a message calls a place: its last name, with the position in lists behind it."""
    behind = ""
    while path is not None:
        path, key = path
        if isinstance(key, str):
            return f"{key[:_SHOWN]}{behind}"
        behind = f"[{key}]{behind}"
    return behind or "the object"


def shown(value: Any) -> str:
    """A value as it is named in a sentence."""
    match value:
        case None:
            return "null"
        case bool():
            return "true" if value else "false"
        case str():
            return f'the text "{value if len(value) <= _SHOWN else value[:_SHOWN] + "…"}"'
        case int() | float():
            text = str(value) if not isinstance(value, int) or value.bit_length() < 200 else "that long"
            return f"the number {text}"
        case list():
            return "a list" if value else "an empty list"
    return "a mapping"


def named(values: Iterable[Any]) -> str:
    """Allowed values, the first few of them."""
    every = [_value(value) for value in values]
    return ", ".join(every[:_MOST]) + (f" and {len(every) - _MOST} more" if len(every) > _MOST else "")


def _value(value: Any) -> str:
    match value:
        case "":
            return '""'
        case None:
            return "null"
        case bool():
            return "true" if value else "false"
    return str(value)
