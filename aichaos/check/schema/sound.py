"""Whether a definition's schema has the shape of one: a cluster may hold any, and a broken one must not end a check."""

from collections.abc import Callable
from typing import Any

import msgspec

from aichaos.domain import forms

MAX_DEPTH = 100
MAX_NODES = 200_000
TOO_LARGE = "it is too deep or too large"


def _is(*types: type) -> Callable[[Any], bool]:
    return lambda value: isinstance(value, types) and (bool in types or not isinstance(value, bool))


def _texts(value: Any) -> bool:
    return isinstance(value, list) and all(isinstance(item, str) for item in value)


def _whole(value: Any) -> bool:
    return type(value) is int or (type(value) is float and value.is_integer())


def _rules(value: Any) -> bool:
    from aichaos.check.schema.validations import Rule

    try:
        forms.convert(value, list[Rule])
    except msgspec.ValidationError:
        return False
    return True


_SHAPES: dict[str, Callable[[Any], bool]] = {
    "type": _is(str),
    "format": _is(str),
    "pattern": _is(str),
    "nullable": _is(bool),
    "enum": _is(list),
    "required": _texts,
    "properties": _is(dict),
    "items": _is(dict),
    "additionalProperties": _is(dict, bool),
    "allOf": _is(list),
    "anyOf": _is(list),
    "oneOf": _is(list),
    "not": _is(dict),
    "x-kubernetes-list-map-keys": _texts,
    "x-kubernetes-list-type": _is(str),
    "x-kubernetes-validations": _rules,
    **dict.fromkeys(("minLength", "maxLength", "minItems", "maxItems", "minProperties", "maxProperties"), _whole),
    **{name: _is(int, float) for name in ("minimum", "maximum", "multipleOf")},
}


def unsound(schema: Any) -> str:
    """What is wrong with a schema, and where; "" where nothing is. It looks at each node once, without recursion."""
    left: list[tuple[Any, str, int]] = [(schema, "", 0)]
    seen = 0
    while left:
        node, path, depth = left.pop()
        seen += 1
        if not isinstance(node, dict):
            return f"{path or 'the schema'} is no mapping"
        if depth > MAX_DEPTH or seen > MAX_NODES:
            return TOO_LARGE
        for keyword, fits in _SHAPES.items():
            if node.get(keyword) is not None and not fits(node[keyword]):
                return f"{path}/{keyword} does not have its form"
        left += [(child, f"{path}/{name}", depth + 1) for name, child in _children(node)]
    return ""


def _children(node: dict[str, Any]) -> list[tuple[str, Any]]:
    found = [(f"properties/{name}", child) for name, child in (node.get("properties") or {}).items()]
    found += [(name, node[name]) for name in ("items", "additionalProperties", "not") if isinstance(node.get(name), dict)]
    return found + [(name, child) for name in ("allOf", "anyOf", "oneOf") for child in node.get(name) or ()]
