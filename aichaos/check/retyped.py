"""A value of a wrong type that only lacks or has its quotes: written the other way it is right, or what else is wrong with it comes out.

Nothing is guessed here: the corrected document is judged once more, and only where that place has no error left is the correction certain.
"""

import re
from collections.abc import Callable
from typing import Any

import msgspec

from aichaos.check.fixes import applied, fix, replace
from aichaos.domain.finding import Finding
from aichaos.files.nodes import Node
from aichaos.files.plain import at

Judge = Callable[[dict[str, Any]], list[Finding]]
"""What the server would say about a document."""

_RULE = "schema/type"
_INTEGER = re.compile(r"0|-?[1-9][0-9]{0,17}")
_DECIMAL = re.compile(r"-?(?:0|[1-9][0-9]{0,15})\.[0-9]{1,15}")
_QUOTES = ": write it in quotes"


def retyped(found: list[Finding], document: dict[str, Any], judge: Judge) -> list[Finding]:
    """The findings, those about a type with the correction where it is certain, and with better advice where quotes alone help nobody."""
    meant = {}
    for one in found:
        if one.rule == _RULE and one.fix is None and (other := _other(_value(document, one.path))) is not None:
            meant[one.path] = other
    if not meant:
        return found
    again: dict[str, Finding] = {}
    for one in judge(applied(document, [replace(path, value) for path, value in meant.items()])):
        if one.severity == "error":
            again.setdefault(one.path, one)
    return [_told(one, meant[one.path], again.get(one.path)) if one.rule == _RULE and one.path in meant else one for one in found]


def as_written(one: Finding, node: Node) -> Finding:
    """The correction of a finding with the text as it stands in the file: `0x1F`, `1e3` and `yes` keep their letters in their quotes."""
    if one.rule != _RULE or one.fix is None or node.kind != "scalar" or node.style or node.tag or not isinstance(_new(one), str):
        return one
    return msgspec.structs.replace(one, fix=_fix(one.path, node.text))


def _told(one: Finding, value: Any, left: Finding | None) -> Finding:
    if left is None:
        return msgspec.structs.replace(one, fix=_fix(one.path, value))
    named = left.message.startswith(f"{one.path.rpartition('/')[2]} is ")
    reason = re.split(r"[:;] ", left.message, maxsplit=1)[-1] if named else left.message
    if left.rule == _RULE or not one.message.endswith(_QUOTES):
        return one
    return msgspec.structs.replace(one, message=f"{one.message.removesuffix(_QUOTES)}: {reason}")


def _fix(path: str, value: Any) -> Any:
    shown = f'"{value}"' if isinstance(value, str) else str(value).lower()
    return fix(f"{path.rpartition('/')[2]}: {shown}", replace(path, value))


def _new(one: Finding) -> Any:
    return one.fix.patch[0].get("value") if one.fix is not None and len(one.fix.patch) == 1 else None


def _value(document: Any, path: str) -> Any:
    for part in path.split("/")[1:]:
        if isinstance(document, list):
            document = document[int(part)] if part.isdecimal() and int(part) < len(document) else None
        else:
            document = at(document, part.replace("~1", "/").replace("~0", "~"))
    return document


def _other(value: Any) -> Any:
    """The value with its quotes, or without; None where that is no other value."""
    match value:
        case bool():
            return "true" if value else "false"
        case int() | float():
            return str(value) if abs(value) < 10**18 else None
        case "true" | "false":
            return value == "true"
        case str() if _INTEGER.fullmatch(value):
            return int(value)
        case str() if _DECIMAL.fullmatch(value):
            return float(value)
    return None
