"""A value in a document together with its place: what the validators walk on, whatever the document holds."""

from collections.abc import Collection, Iterator
from typing import Any, NamedTuple

import msgspec

from aichaos.check.spelling import did_you_mean
from aichaos.files.yaml import escape

_SHOWN = 60


class Problem(NamedTuple):
    """One reason for which the server refuses a document; the rule is one of `admission/…`."""

    rule: str
    path: str
    message: str


class Spot(msgspec.Struct, eq=False, gc=False):
    """A value and its JSON Pointer. As in Go, what is missing or null is as good as empty.

    part: below another spot the key or index alone. Hardly any path is ever looked at, so it is put together when one is.
    A Struct, since a Deployment makes 250 of them.
    """

    value: Any
    part: str | int = ""
    above: "Spot | None" = None

    @property
    def path(self) -> str:
        if self.above is None:
            return str(self.part)
        return f"{self.above.path}/{escape(self.part) if isinstance(self.part, str) else self.part}"

    def __getitem__(self, key: str) -> "Spot":
        value = self.value
        return Spot(value.get(key) if type(value) is dict else None, key, self)

    def __bool__(self) -> bool:
        """Whether something stands there at all."""
        return self.value is not None

    @property
    def text(self) -> str:
        return self.value if isinstance(self.value, str) else ""

    @property
    def number(self) -> int:
        """A whole number, 0 where there is none."""
        value = self.value
        if isinstance(value, float) and value.is_integer():
            return int(value)
        return value if isinstance(value, int) and not isinstance(value, bool) else 0

    @property
    def on(self) -> bool:
        return self.value is True

    @property
    def name(self) -> str:
        """The last part of the path."""
        return self.path.rpartition("/")[2].replace("~1", "/").replace("~0", "~")

    def each(self) -> "list[Spot]":
        """The items of a list."""
        if not isinstance(self.value, list):
            return []
        return [Spot(item, index, self) for index, item in enumerate(self.value)]

    def pairs(self) -> "list[tuple[str, Spot]]":
        """The pairs of a mapping, without those that are null."""
        if not isinstance(self.value, dict):
            return []
        return [(key, Spot(item, key, self)) for key, item in self.value.items() if item is not None]

    def every_key(self) -> list[str]:
        """All keys of a mapping, those too whose value is null."""
        return list(self.value) if isinstance(self.value, dict) else []

    def has(self, key: str) -> bool:
        """Whether a key of a mapping is there, with a value or null."""
        return isinstance(self.value, dict) and key in self.value

    def texts(self) -> list[str]:
        return [item for item in self.value if isinstance(item, str)] if isinstance(self.value, list) else []

    # what can be wrong -----------------------------------------------------------------------------------------------------------

    def invalid(self, why: str) -> Problem:
        return Problem("admission/invalid", self.path, f"{self._called()} is {self._shown()}: {why}")

    def required(self, why: str = "") -> Problem:
        what = f"{self._called()}" if self else f"no {self.name}"
        return Problem("admission/required", self.path, f"{what}: {why}" if why else f"{what}, which the server requires")

    def duplicate(self, what: str) -> Problem:
        return Problem("admission/duplicate", self.path, f"{what} stands twice in this list")

    def forbidden(self, why: str) -> Problem:
        return Problem("admission/forbidden", self.path, f"{self._called()} may not stand here: {why}")

    def unsupported(self, allowed: Collection[str]) -> Problem:
        choice = ", ".join(sorted(allowed))
        return Problem(
            "admission/unsupported", self.path, f"{self._called()} is {self._shown()}; it takes {choice}{did_you_mean(self.text, allowed)}"
        )

    def _called(self) -> str:
        parts = self.path.split("/")
        number = f"[{parts.pop()}]" if parts[-1].isdigit() and len(parts) > 1 else ""
        return parts[-1].replace("~1", "/").replace("~0", "~") + number or "the object"

    def _shown(self) -> str:
        match self.value:
            case str():
                return f'"{self.value[:_SHOWN]}…"' if len(self.value) > _SHOWN else f'"{self.value}"'
            case bool():
                return "true" if self.value else "false"
            case int() | float():
                return str(self.value)[:_SHOWN]
            case None:
                return "empty"
            case list():
                return "this list"
        return "this mapping"


Problems = Iterator[Problem]


def one_of(spot: Spot, allowed: Collection[str], *, required: bool = False) -> Problems:
    """A text of a closed set; the empty text counts as missing."""
    if not spot.text:
        if required:
            yield spot.required(f"one of {', '.join(sorted(allowed))}")
    elif spot.text not in allowed:
        yield spot.unsupported(allowed)


def unique(items: "list[Spot]", what: str) -> Problems:
    """Items of a list that stand twice, compared whole."""
    seen: list[Any] = []
    for item in items:
        if item.value in seen:
            yield item.duplicate(f"{what} {item.text}".strip())
        seen.append(item.value)


def not_negative(spot: Spot) -> Problems:
    if spot.number < 0:
        yield spot.invalid("it must be 0 or more")


def between(spot: Spot, least: int, most: int) -> Problems:
    if spot and not least <= spot.number <= most:
        yield spot.invalid(f"it must be from {least} to {most}")
