"""Values as pieces of YAML that go into a text that somebody wrote: in its indentation, its quotes, its flow or block style."""

import json
from typing import Any, Literal

import msgspec

from aichaos.files.yaml import inline

Value = Any
Quote = Literal["", "'", '"']


class Manner(msgspec.Struct, frozen=True, kw_only=True):
    """How a document is written. json: every key is in double quotes. indented: lists stand deeper than the key that holds them."""

    newline: str = "\n"
    json: bool = False
    indented: bool = False
    step: int = 2


def piece(value: Value, manner: Manner, quote: str = "") -> str:
    """A value on one line, in flow style where it is a collection; a text in these quotes if they can hold it."""
    if manner.json:
        return json.dumps(value, ensure_ascii=False)
    if isinstance(value, str) and value.isprintable():
        if quote == "'":
            return "'" + value.replace("'", "''") + "'"
        if quote == '"':
            return json.dumps(value, ensure_ascii=False)
    return inline(value)


def pair(key: str, value: Value, manner: Manner) -> str:
    """An entry of a mapping in flow style."""
    return f"{piece(key, manner)}: {piece(value, manner)}"


def lines(value: Value, manner: Manner) -> list[str]:
    """A value in block style, from column 1; a scalar and an empty collection are one line."""
    if isinstance(value, dict) and value:
        return [line for key, held in value.items() for line in entry(key, held, manner)]
    if isinstance(value, list) and value:
        return [line for held in value for line in item(held, manner)]
    return [inline(value)]


def entry(key: str, value: Value, manner: Manner) -> list[str]:
    """An entry of a mapping in block style."""
    head, below = inline(key), lines(value, manner)
    if not isinstance(value, (dict, list)) or not value:
        return [f"{head}: {below[0]}"]
    shift = 0 if isinstance(value, list) and not manner.indented else manner.step
    return [f"{head}:", *shifted(below, shift)]


def item(value: Value, manner: Manner) -> list[str]:
    """An item of a list in block style."""
    first, *rest = lines(value, manner)
    return [f"- {first}", *shifted(rest, 2)]


def shifted(block: list[str], by: int) -> list[str]:
    """Lines moved to the right, or to the left as far as they have blanks; empty lines stay empty."""
    if by >= 0:
        return [" " * by + line if line.strip() else line for line in block]
    return [line[min(-by, len(line) - len(line.lstrip(" "))) :] for line in block]
