"""Types of CEL, and which fits which: what the type checker of cel-go 0.26 decides by (checker/types.go)."""

import re
from functools import cache, lru_cache
from typing import Any

import msgspec

from aichaos.check.schema.bundle import FOLDER
from aichaos.domain import forms

Type = tuple[Any, ...]
"""A kind, and what it is of: ("list", ITEM), ("map", KEY, VALUE), ("optional", VALUE), ("type", OF), ("object", NAME), ("param", NAME)."""

DYN: Type = ("dyn",)
ERROR: Type = ("error",)
BOOL: Type = ("bool",)
INT: Type = ("int",)
STRING: Type = ("string",)
NULL: Type = ("null_type",)
DURATION: Type = ("google.protobuf.Duration",)
TIMESTAMP: Type = ("google.protobuf.Timestamp",)
SCALARS = frozenset({"bool", "double", "int", "uint", "google.protobuf.Duration", "google.protobuf.Timestamp"})
"""Of which one is as large as another."""
_PLAIN = SCALARS | {"string", "bytes", "null_type", "dyn", "error"}
_NULLABLE = frozenset({"object", "optional", "google.protobuf.Duration", "google.protobuf.Timestamp", "null_type"})
_TOKEN = re.compile(r"[A-Za-z_.]+|<[A-Za-z]+>|[(),]")

Bindings = dict[Type, Type]
"""What the free types stand for."""


class Overload(msgspec.Struct, frozen=True, array_like=True):
    """One way to call a function. member: as in `target.name(arguments)`, where the first argument is the target."""

    name: str
    member: bool
    arguments: tuple[str, ...]
    result: str


class Environment(msgspec.Struct, frozen=True):
    """What the API server declares for the rules of definitions, as its own program prints it (`tools/cel`)."""

    functions: dict[str, tuple[Overload, ...]]
    macros: tuple[str, ...]
    variables: dict[str, str]


@cache
def environment() -> Environment:
    return forms.decode((FOLDER / "cel.json").read_bytes(), Environment)


@lru_cache(maxsize=512)
def read(text: str) -> Type:
    """A type as cel-go writes it: `map(<K>, list(string))`."""
    tokens = _TOKEN.findall(text)
    found, rest = _read(tokens)
    assert not rest, text
    return found


def _read(tokens: list[str]) -> tuple[Type, list[str]]:
    name, rest = tokens[0], tokens[1:]
    parts: list[Type] = []
    if rest and rest[0] == "(":
        while rest[0] != ")":
            part, rest = _read(rest[1:])
            parts.append(part)
        rest = rest[1:]
    if name.startswith("<"):
        return ("param", name[1:-1]), rest
    if name in ("list", "map", "type"):
        return (name, *parts), rest
    if name == "optional_type":
        return ("optional", *parts), rest
    return ((name,) if name in _PLAIN else ("object", name)), rest


def written(one: Type) -> str:
    """A type as it is named in a message."""
    match one:
        case ("object", name):
            return str(name) if name.startswith(("kubernetes.", "net.")) else "object"
        case ("param", _):
            return "any"
        case (kind, *parts) if parts:
            return f"{kind}({', '.join(written(part) for part in parts)})"
    return str(one[0])


def bound(bindings: Bindings, one: Type, *, free_as_dyn: bool = False) -> Type:
    """A type with what its free types stand for."""
    if one in bindings:
        return bound(bindings, bindings[one], free_as_dyn=free_as_dyn)
    match one[0]:
        case "param":
            return DYN if free_as_dyn else one
        case "list" | "map" | "optional" | "type":
            return (one[0], *(bound(bindings, part, free_as_dyn=free_as_dyn) for part in one[1:]))
    return one


def renamed(one: Type, names: dict[str, Type]) -> Type:
    """A declared type with fresh free types in the place of its parameters."""
    if one[0] == "param":
        return names[one[1]]
    return (one[0], *(renamed(part, names) for part in one[1:])) if one[0] in ("list", "map", "optional", "type") else one


def fits(bindings: Bindings, one: Type, other: Type) -> bool:
    """Whether one type goes where the other is wanted; notes down what the free types stand for then, and nothing where it does not."""
    trial = dict(bindings)
    if not _fits(trial, one, other):
        return False
    bindings.update(trial)
    return True


def all_fit(bindings: Bindings, ones: list[Type], others: list[Type]) -> bool:
    trial = dict(bindings)
    if len(ones) != len(others) or not all(_fits(trial, one, other) for one, other in zip(ones, others, strict=True)):
        return False
    bindings.update(trial)
    return True


def _fits(bindings: Bindings, one: Type, other: Type) -> bool:
    if other[0] == "param":
        valid, known = _stands_for(bindings, one, other)
        if valid or known:
            return valid
    if one[0] == "param":
        return _stands_for(bindings, other, one)[0]
    if one[0] in ("dyn", "error") or other[0] in ("dyn", "error"):
        return True
    if one[0] == "null_type":
        return other[0] in _NULLABLE
    if other[0] == "null_type":
        return one[0] in _NULLABLE
    if one[0] in ("list", "map", "optional"):
        return one[0] == other[0] and all(_fits(bindings, part, its) for part, its in zip(one[1:], other[1:], strict=True))
    return one[0] == other[0] == "type" or one == other


def _stands_for(bindings: Bindings, one: Type, free: Type) -> tuple[bool, bool]:
    """Whether a free type can stand for another, and whether it stands for one already."""
    if one == free:
        return True, True
    if free in bindings:
        there = bindings[free]
        if one == there:
            return True, True
        if not _fits(bindings, one, there):
            return False, True
        general = more_general(one, there)
        if _apart(bindings, free, general):
            bindings[free] = general
        return True, True
    if _apart(bindings, free, one):
        bindings[free] = one
        return True, False
    return False, False


def _apart(bindings: Bindings, free: Type, inside: Type) -> bool:
    """Whether a free type is no part of another: nothing is a list of itself."""
    if free == inside:
        return False
    if inside[0] == "param":
        return inside not in bindings or _apart(bindings, free, bindings[inside])
    return all(_apart(bindings, free, part) for part in inside[1:]) if inside[0] in ("list", "map", "optional", "type") else True


def more_general(one: Type, other: Type) -> Type:
    return one if _no_narrower(one, other) else other


def _no_narrower(one: Type, other: Type) -> bool:
    if one[0] in ("dyn", "param"):
        return True
    if other[0] in ("dyn", "param") or one[0] != other[0]:
        return False
    if one[0] in ("list", "map", "optional"):
        return all(_no_narrower(part, its) for part, its in zip(one[1:], other[1:], strict=True))
    return one[0] == "type" or one == other


def alike(one: Type, other: Type) -> bool:
    """Whether two types are the same but for the names of free ones."""
    if one[0] != other[0] or len(one) != len(other):
        return False
    return one[0] == "param" or all(alike(a, b) if isinstance(a, tuple) else a == b for a, b in zip(one[1:], other[1:], strict=True))
