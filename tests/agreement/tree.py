"""Documents that may be wrong in ways that a Python value can't be: keys that stand twice, scalars as somebody typed them."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

_PLAIN = frozenset("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ")


@dataclass
class Typed:
    """A scalar that is written exactly so, without quotes of ours."""

    text: str


@dataclass
class Map:
    """A mapping as it is written: the pairs in order, keys possibly twice."""

    pairs: list[tuple[str, Any]]


def grown(value: Any) -> Any:
    """A plain value as a tree; lists stay lists, scalars stay scalars."""
    match value:
        case dict():
            return Map([(key, grown(item)) for key, item in value.items()])
        case list():
            return [grown(item) for item in value]
    return value


def places(node: Any, path: tuple[str | int, ...] = ()) -> Iterator[tuple[tuple[str | int, ...], Any, int]]:
    """All places below a node: the path of keys and indexes, the map or list that holds the value, and where in there."""
    if isinstance(node, Map):
        for index, (key, value) in enumerate(node.pairs):
            yield (*path, key), node, index
            yield from places(value, (*path, key))
    elif isinstance(node, list):
        for index, value in enumerate(node):
            yield (*path, index), node, index
            yield from places(value, (*path, index))


def held(holder: Any, index: int) -> Any:
    """What stands at a place."""
    return holder.pairs[index][1] if isinstance(holder, Map) else holder[index]


def put(holder: Any, index: int, value: Any) -> None:
    """Puts another value there; a key stays."""
    if isinstance(holder, Map):
        holder.pairs[index] = (holder.pairs[index][0], value)
    else:
        holder[index] = value


def removed(holder: Any, index: int) -> Any:
    """Takes a pair or an item out and returns its value."""
    return holder.pairs.pop(index)[1] if isinstance(holder, Map) else holder.pop(index)


def written(node: Any, indent: int = 0) -> str:
    """The text, in block style."""
    space = "  " * indent
    if isinstance(node, Map) and node.pairs:
        return "".join(f"{space}{_key(key)}:{_after(value, indent)}" for key, value in node.pairs)
    if isinstance(node, list) and node:
        return "".join(f"{space}-{_after(value, indent)}" for value in node)
    return f"{space}{_scalar(node)}\n"


def _after(value: Any, indent: int) -> str:
    if (isinstance(value, Map) and value.pairs) or (isinstance(value, list) and value):
        return "\n" + written(value, indent + 1)
    return f" {_scalar(value)}\n"


def _scalar(value: Any) -> str:
    match value:
        case Typed():
            return value.text
        case Map():
            return "{}"
    return json.dumps(value, ensure_ascii=False)


def _key(key: str) -> str:
    return (
        key
        if key and _PLAIN.issuperset(key) and key.lower() not in ("y", "n", "yes", "no", "on", "off", "true", "false", "null")
        else json.dumps(key)
    )
