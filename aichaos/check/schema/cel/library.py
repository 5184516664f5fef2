"""All functions by name and number of arguments: those of the specification here, the others where their values are."""

import re
from collections.abc import Callable
from typing import Any

from aichaos.check.schema.cel import collections, kubernetes, texts, times
from aichaos.check.schema.cel.syntax import UInt
from aichaos.check.schema.cel.values import (
    NANOS,
    TYPES,
    CelError,
    Duration,
    Timestamp,
    Type,
    no_overload,
    number,
    truncated,
    type_name,
    unsigned,
)
from aichaos.check.schema.cel.written import string


def _size(value: Any) -> int:
    if isinstance(value, (str, list, dict, bytes)):
        return len(value)
    raise no_overload("size", value)


def _int(value: Any) -> int:
    match value:
        case bool():
            pass
        case int():
            return number(int(value))
        case float():
            return number(truncated(value))
        case str() if re.fullmatch(r"[+-]?[0-9]+", value, re.ASCII):
            return number(int(value[:40])) if len(value) < 40 else number(2**64)
        case Timestamp():
            return value.nanos // NANOS
        case Duration():
            return value.nanos
    raise no_overload("int", value) if not isinstance(value, str) else CelError(f"cannot convert {value[:40]!r} to an int")


def _uint(value: Any) -> UInt:
    match value:
        case bool():
            pass
        case int():
            return unsigned(int(value))
        case float():
            return unsigned(truncated(value))
        case str() if re.fullmatch(r"[0-9]{1,25}", value, re.ASCII):
            return unsigned(int(value))
    raise no_overload("uint", value) if not isinstance(value, str) else CelError(f"cannot convert {value[:40]!r} to a uint")


def _double(value: Any) -> float:
    match value:
        case bool():
            pass
        case int() | float():
            return float(value)
        case str():
            plain = value.replace("_", " ").strip() if value == value.strip() else " "
            try:
                return float(plain)
            except ValueError:
                raise CelError(f"cannot convert {value[:40]!r} to a double") from None
    raise no_overload("double", value)


def _bool(value: Any) -> bool:
    if type(value) is bool:
        return value
    if value in ("1", "t", "T", "TRUE", "true", "True"):
        return True
    if value in ("0", "f", "F", "FALSE", "false", "False"):
        return False
    raise no_overload("bool", value)


def _bytes(value: Any) -> bytes:
    if type(value) is bytes:
        return value
    if type(value) is str:
        return value.encode()
    raise no_overload("bytes", value)


def _type(value: Any) -> Type:
    name = type_name(value)
    return TYPES.get(name) or Type(name)


Functions = dict[tuple[str, int], Callable[..., Any]]

FUNCTIONS: Functions = {
    ("size", 1): _size,
    ("int", 1): _int,
    ("uint", 1): _uint,
    ("double", 1): _double,
    ("bool", 1): _bool,
    ("string", 1): string,
    ("bytes", 1): _bytes,
    ("type", 1): _type,
    ("dyn", 1): lambda value: value,
    **times.FUNCTIONS,
    **texts.FUNCTIONS,
    **collections.FUNCTIONS,
    **kubernetes.FUNCTIONS,
}
METHODS: Functions = {
    (name, count + 1): function
    for (name, count), function in ({("size", 0): _size} | times.METHODS | texts.METHODS | collections.METHODS | kubernetes.METHODS).items()
}
NAMESPACED: Functions = {**texts.NAMESPACED, **collections.NAMESPACED, **kubernetes.NAMESPACED}
