"""The values of CEL that Python does not have, and what is the same, smaller, or too large."""

import math
from collections.abc import Iterable
from typing import Any

from aichaos.check.schema.cel.syntax import UInt

INT_MIN, INT_MAX, UINT_MAX = -(2**63), 2**63 - 1, 2**64 - 1
NANOS = 1_000_000_000


class CelError(Exception):
    """An expression has no value: a key that is not there, an overflow, arguments that no function takes."""


class BudgetError(Exception):
    """An expression would take too long."""


def no_overload(name: str, *values: Any) -> CelError:
    return CelError(f"no such overload: {name}({', '.join(type_name(value) for value in values)})")


class Duration:
    """A span of time, in nanoseconds."""

    __slots__ = ("nanos",)

    def __init__(self, nanos: int) -> None:
        if not INT_MIN <= nanos <= INT_MAX:
            raise CelError("integer overflow")
        self.nanos = nanos


class Timestamp:
    """A moment, in nanoseconds since 1970, UTC; from year 1 to 9999."""

    __slots__ = ("nanos",)

    def __init__(self, nanos: int) -> None:
        if not -62135596800 * NANOS <= nanos < 253402300800 * NANOS:
            raise CelError("timestamp overflow")
        self.nanos = nanos


class Optional:
    """A value that may not be there."""

    __slots__ = ("there", "value")

    def __init__(self, value: Any = None, *, there: bool = False) -> None:
        self.value = value
        self.there = there


NONE = Optional()


class SetOfItems(list[Any]):
    """A list whose items stand for themselves (x-kubernetes-list-type: set): their order does not matter, and a sum has each once."""


class MapOfItems(list[Any]):
    """A list whose items are known by some of their fields (x-kubernetes-list-type: map): so they are compared, and added."""

    def __init__(self, items: Iterable[Any], keys: tuple[str, ...]) -> None:
        super().__init__(items)
        self.keys = keys

    def key(self, item: Any) -> Any:
        return tuple(item.get(name) for name in self.keys) if isinstance(item, dict) else item


class Type:
    """What type() answers."""

    __slots__ = ("name",)

    def __init__(self, name: str) -> None:
        self.name = name


class Opaque:
    """A value of one of the server's own types: `key` is what it is compared by."""

    __slots__ = ("key", "type", "value")

    def __init__(self, type_: str, value: Any, key: Any = None) -> None:
        self.type = type_
        self.value = value
        self.key = value if key is None else key


_NAMES: dict[type, str] = {
    bool: "bool",
    int: "int",
    UInt: "uint",
    float: "double",
    str: "string",
    bytes: "bytes",
    list: "list",
    dict: "map",
    type(None): "null_type",
    Duration: "google.protobuf.Duration",
    Timestamp: "google.protobuf.Timestamp",
    Optional: "optional_type",
    Type: "type",
}
TYPES = {name: Type(name) for name in _NAMES.values()}


def type_name(value: Any) -> str:
    if isinstance(value, Opaque):
        return value.type
    return "list" if isinstance(value, list) else _NAMES.get(type(value), "unknown")


_LONGEST = 10_000_000
_NUMBERS = (int, UInt, float)
_DIRECT = (str, bytes, bool)


def equal(one: Any, other: Any) -> bool:
    """Numbers are compared by their value, whatever their type; other types are never equal to each other."""
    kind, kind_too = type(one), type(other)
    if kind is kind_too and kind in _DIRECT:
        return bool(one == other)
    if kind in _NUMBERS and kind_too in _NUMBERS:
        return bool(one == other)
    if kind is not kind_too and not (isinstance(one, list) and isinstance(other, list)):
        return False
    match one:
        case None:
            return True
        case SetOfItems():
            return len(one) == len(other) and all(any(equal(item, held) for held in one) for item in other)
        case MapOfItems():
            return len(one) == len(other) and all(
                any(one.key(held) == one.key(item) and equal(held, item) for held in one) for item in other
            )
        case list():
            return len(one) == len(other) and all(map(equal, one, other))
        case dict():
            return len(one) == len(other) and all(key in other and equal(item, other[key]) for key, item in one.items())
        case Duration() | Timestamp():
            return bool(one.nanos == other.nanos)
        case Optional():
            return bool(one.there == other.there and (not one.there or equal(one.value, other.value)))
        case Type():
            return bool(one.name == other.name)
        case Opaque():
            return bool(one.type == other.type and one.key == other.key)
    return False


def compare(one: Any, other: Any) -> int:
    """-1, 0 or 1; for a number that is none, 2. Raises CelError where two values have no order."""
    kind, kind_too = type(one), type(other)
    if (kind in _NUMBERS and kind_too in _NUMBERS) or (kind is kind_too and kind in _DIRECT):
        if kind is str:
            one, other = one.encode("utf-8", "surrogatepass"), other.encode("utf-8", "surrogatepass")
        return 0 if one == other else -1 if one < other else 1 if one > other else 2
    if isinstance(one, (Duration, Timestamp)) and kind is kind_too:
        return int(one.nanos > other.nanos) - int(one.nanos < other.nanos)
    raise no_overload("_<_", one, other)


def number(value: int) -> int:
    """A result of arithmetic on signed integers. Raises CelError where it does not fit."""
    if not INT_MIN <= value <= INT_MAX:
        raise CelError("integer overflow")
    return value


def unsigned(value: int) -> UInt:
    if not 0 <= value <= UINT_MAX:
        raise CelError("unsigned integer overflow")
    return UInt(value)


def truncated(value: float) -> int:
    if math.isnan(value) or math.isinf(value):
        raise CelError("integer overflow")
    return int(value)


def arithmetic(operator: str, one: Any, other: Any) -> Any:
    """`+ - * / %` on all that have them. Raises CelError."""
    kind, kind_too = type(one), type(other)
    if operator == "+" and isinstance(one, list) and isinstance(other, list):
        return _joined(one, other)
    if kind is kind_too:
        if kind is int:
            return number(_integers(operator, one, other))
        if kind is UInt:
            return unsigned(_integers(operator, int(one), int(other)))
        if kind is float and operator != "%":
            return _floats(operator, one, other)
        if operator == "+" and kind in (str, bytes):
            _bounded(one, other)
            return one + other
    return _times(operator, one, other)


def _bounded(one: Any, other: Any) -> None:
    if len(one) + len(other) > _LONGEST:
        raise BudgetError


def _joined(one: list[Any], other: list[Any]) -> list[Any]:
    """The left one says how: a set takes what it lacks; in a map an item takes the place of the one with its keys."""
    _bounded(one, other)
    match one:
        case SetOfItems():
            lacking: list[Any] = []
            for item in other:
                if not any(equal(item, held) for held in (*one, *lacking)):
                    lacking.append(item)
            return SetOfItems([*one, *lacking])
        case MapOfItems():
            items, places = list(one), [one.key(item) for item in one]
            for item in other:
                key = one.key(item)
                if key in places:
                    items[places.index(key)] = item
                else:
                    items.append(item)
            return MapOfItems(items, one.keys)
    return [*one, *other]


def _integers(operator: str, one: int, other: int) -> int:
    match operator:
        case "+":
            return one + other
        case "-":
            return one - other
        case "*":
            return one * other
    if other == 0:
        raise CelError("division by zero" if operator == "/" else "modulus by zero")
    quotient = abs(one) // abs(other) * (1 if (one < 0) == (other < 0) else -1)
    if operator == "/":
        return quotient
    number(quotient)
    return one - quotient * other


def _floats(operator: str, one: float, other: float) -> float:
    match operator:
        case "+":
            return one + other
        case "-":
            return one - other
        case "*":
            return one * other
    if other == 0:
        return math.nan if one == 0 or math.isnan(one) else math.copysign(math.inf, one) * math.copysign(1, other)
    return one / other


def _times(operator: str, one: Any, other: Any) -> Any:
    match operator, one, other:
        case "+", Duration(), Duration():
            return Duration(one.nanos + other.nanos)
        case "-", Duration(), Duration():
            return Duration(one.nanos - other.nanos)
        case "+", Timestamp(), Duration():
            return Timestamp(one.nanos + other.nanos)
        case "+", Duration(), Timestamp():
            return Timestamp(one.nanos + other.nanos)
        case "-", Timestamp(), Duration():
            return Timestamp(one.nanos - other.nanos)
        case "-", Timestamp(), Timestamp():
            return Duration(one.nanos - other.nanos)
    raise no_overload(f"_{operator}_", one, other)
