"""A size and a cost as the API server estimates them: a least and a most, and never more than 64 bits hold."""

import math
from typing import NamedTuple, Protocol

from aichaos.check.schema.cel.checker import Node
from aichaos.check.schema.cel.typing import Type

MOST = 2**64 - 1
TEXT, REGEX = 0.1, 0.25
"""Units for a character that is gone over, and for one of a regular expression."""
LIST, MAP = 10, 30


class Span(NamedTuple):
    least: int
    most: int

    def plus(self, other: "Span") -> "Span":
        return Span(min(self.least + other.least, MOST), min(self.most + other.most, MOST))

    def times(self, other: "Span") -> "Span":
        return Span(min(self.least * other.least, MOST), min(self.most * other.most, MOST))

    def by(self, factor: float) -> "Span":
        return Span(_scaled(self.least, factor), _scaled(self.most, factor))

    def joined(self, other: "Span") -> "Span":
        return Span(min(self.least, other.least), max(self.most, other.most))


def _scaled(number: int, factor: float) -> int:
    real = float(number)
    if real > 0 and factor > 0 and real > MOST / factor:
        return MOST
    return min(math.ceil(real * factor), MOST)


def fixed(number: int) -> Span:
    return Span(number, number)


UNKNOWN = Span(0, MOST)
FREE, ONE = fixed(0), fixed(1)


class Estimate(NamedTuple):
    cost: Span
    size: Span | None = None


class Part(NamedTuple):
    """A value in a call: its path, its type, its size where that is known."""

    path: tuple[str, ...]
    type: Type
    size: Span | None
    node: Node | None


class Sizes(Protocol):
    """Who knows how large values are."""

    def size(self, part: Part) -> Span: ...

    def items(self, part: Part) -> Part | None:
        """An item of a list, as far as anything is known of it."""
