"""The type that the rules of a schema node see, and how large a value of it can be (k8s.io/apiserver 1.35, pkg/cel/common/schemas.go)."""

import re
from typing import Any

import msgspec

from aichaos.check.schema.cel.program import RESERVED
from aichaos.check.schema.cel.typing import BOOL, DURATION, DYN, INT, STRING, TIMESTAMP, Type
from aichaos.files.plain import mapping

REQUEST = 3 * 1024 * 1024
"""Bytes of the largest request that the server takes."""
_LONGEST_TEXT = REQUEST - 2
_LONGEST_MOMENT = 32
_DAY = 12
_META = ("kind", "apiVersion", "metadata")


class Declared(msgspec.Struct, frozen=True):
    """largest: items, entries or bytes at most. smallest: bytes of JSON at least. item, key: of a list or map. fields: of an object, by
    their names in rules."""

    type: Type
    largest: int = 0
    smallest: int = 0
    key: "Declared | None" = None
    item: "Declared | None" = None
    fields: dict[str, "Declared"] = {}


_TEXT = {"type": "string"}
_PLAIN_META = {"kind": _TEXT, "apiVersion": _TEXT, "metadata": {"type": "object", "properties": {"name": _TEXT, "generateName": _TEXT}}}


def declared(schema: Any, *, root: bool, name: str = "self") -> Declared | None:
    """The type of a schema; None where rules can't see such a value. root: whether it is an object with metadata. name: the type's own."""
    schema = mapping(schema)
    if schema.get("x-kubernetes-int-or-string"):
        return Declared(DYN, largest=_length(schema, _LONGEST_TEXT), smallest=1)
    if root:
        schema = _with_meta(schema)
    match schema.get("type"):
        case "array":
            return _list(schema, name)
        case "object":
            rest = schema.get("additionalProperties")
            return _map(schema, rest, name) if isinstance(rest, dict) else _object(schema, name)
        case "string":
            return _text(schema)
        case "boolean":
            return Declared(BOOL, smallest=4)
        case "number":
            return Declared(("double",), smallest=1)
        case "integer":
            return Declared(INT, smallest=1)
    return None


def _child(schema: Any, name: str) -> Declared | None:
    return declared(schema, root=bool(mapping(schema).get("x-kubernetes-embedded-resource")), name=name)


def _with_meta(schema: dict[str, Any]) -> dict[str, Any]:
    own = mapping(schema.get("properties"))
    inside = mapping(mapping(own.get("metadata")).get("properties"))
    texts = [own.get("kind"), own.get("apiVersion"), inside.get("name"), inside.get("generateName")]
    if all(mapping(each).get("type") == "string" for each in texts) and mapping(own.get("metadata")).get("type") == "object":
        return schema
    return {**schema, "properties": {**own, **_PLAIN_META}}


def _at_most(schema: dict[str, Any], keyword: str) -> int | None:
    value = schema.get(keyword)
    return max(0, int(value)) if isinstance(value, (int, float)) and not isinstance(value, bool) else None


def _length(schema: dict[str, Any], otherwise: int) -> int:
    """Bytes of a text: a character has up to four."""
    most = _at_most(schema, "maxLength")
    return otherwise if most is None else most * 4


def _list(schema: dict[str, Any], name: str) -> Declared | None:
    items = schema.get("items")
    item = _child(items, f"{name}.@idx") if isinstance(items, dict) else None
    if item is None:
        return None
    most = _at_most(schema, "maxItems")
    return Declared(("list", item.type), (REQUEST - 2) // (item.smallest + 1) if most is None else most, 2, item=item)


def _map(schema: dict[str, Any], rest: dict[str, Any], name: str) -> Declared | None:
    item = _child(rest, f"{name}.@elem")
    if item is None:
        return None
    most = _at_most(schema, "maxProperties")
    largest = (REQUEST - 2) // (item.smallest + 6) if most is None else most
    return Declared(("map", STRING, item.type), largest, 2, key=Declared(STRING, smallest=2), item=item)


def _object(schema: dict[str, Any], name: str) -> Declared:
    fields, smallest = {}, 2
    required = schema.get("required") or ()
    for field, child in mapping(schema.get("properties")).items():
        called = escaped(field)
        found = _child(child, f"{name}.{called or field}")
        if found is None:
            continue
        if called is not None:
            fields[called] = found
        if field in required and mapping(child).get("default") is None:
            smallest += len(field.encode()) + found.smallest + 4
    return Declared(("object", name), smallest=smallest, fields=fields)


def _text(schema: dict[str, Any]) -> Declared:
    match schema.get("format"):
        case "byte":
            most = _at_most(schema, "maxLength")
            return Declared(("bytes",), _LONGEST_TEXT if most is None else most, 2)
        case "duration":
            return Declared(DURATION, _LONGEST_MOMENT, 3)
        case "date":
            return Declared(TIMESTAMP, _DAY, _DAY)
        case "date-time":
            return Declared(TIMESTAMP, _LONGEST_MOMENT, 21)
    values = schema.get("enum") or ()
    longest = max((len(value.encode("utf-8", "replace")) for value in values if isinstance(value, str)), default=0)
    return Declared(STRING, _length(schema, longest if values else _LONGEST_TEXT), 2)


def escaped(name: str) -> str | None:
    """The name of a property as a rule calls it; None for one that no rule can name."""
    if name in RESERVED:
        return f"__{name}__"
    if not re.fullmatch(r"[A-Za-z_./-][A-Za-z0-9_./-]*", name):
        return None
    return re.sub(r"__|[-./]", lambda found: _SAID[found.group()], name)


_SAID = {"__": "__underscores__", ".": "__dot__", "-": "__dash__", "/": "__slash__"}
