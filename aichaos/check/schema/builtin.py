"""Built-in kinds: what the API server decodes into its Go types, strictly.

The server does not validate them by a schema. It decodes JSON, where a wrong type or an unknown field is an error and null is a field that
was left out; what else is wrong is found by code (`check/admission`). Enums are part of the OpenAPI document and enforced by that code.
"""

from collections.abc import Callable
from functools import cache
from typing import Any

from aichaos.check.schema import go
from aichaos.check.schema.bundle import Node, Nodes, index
from aichaos.check.schema.problems import Path, Sink, field, named, shown
from aichaos.check.spelling import did_you_mean

Check = Callable[[Any, Path, Sink], None]

_GATED = ("stopSignal",)
"""Fields behind a feature gate that is off by default: the server drops them before it looks at their values."""

_RANGES = {"int32": (-(2**31), 2**31 - 1), "int64": (-(2**63), 2**63 - 1)}


@cache
def decoder(nodes: Nodes, number: int, *, enums: bool = True) -> Check:
    """The check of a node. enums: not in a status, which the server throws away before it looks."""
    node = nodes.get(number)
    if node.get("go") in _OF_SCHEMAS:
        return _inner_schema(nodes, takes=_OF_SCHEMAS[node["go"]])
    if "go" in node:
        return _GO_TYPES[node["go"]]
    match node.get("type"):
        case "object":
            return _struct(nodes, node, enums=enums) if "properties" in node else _map(nodes, node)
        case "array":
            return _list(nodes, node["items"], enums=enums)
        case "string":
            return _bytes if node.get("format") == "byte" else _text(tuple(node.get("enum", ())) if enums else ())
        case "integer":
            return _integer(*_RANGES[node.get("format", "int64")])
        case "number":
            return _number
        case "boolean":
            return _boolean
    return _any


def _wrong(rule: str, value: Any, path: Path, sink: Sink, takes: str) -> None:
    sink.errors.append((rule, path, f"{field(path)} is {shown(value)}; it takes {takes}"))


def _struct(nodes: Nodes, node: Node, *, enums: bool) -> Check:
    properties: dict[str, int] = node["properties"]
    checks: dict[str, Check] = {}

    def check(value: Any, path: Path, sink: Sink) -> None:
        if type(value) is not dict:
            if value is not None:
                _wrong("schema/type", value, path, sink, "a mapping")
            return
        for key, item in value.items():
            known = checks.get(key)
            if known is None:
                number = properties.get(key)
                if number is None:
                    message = f"{field(path)} has no field {key[:60]}{did_you_mean(key, properties)}"
                    sink.strict.append(("schema/unknown-field", (path, key), message))
                    continue
                closed = enums and (key != "status" or path is not None) and key not in _GATED
                known = checks[key] = decoder(nodes, number, enums=closed)
            known(item, (path, key), sink)

    return check


def _map(nodes: Nodes, node: Node) -> Check:
    number = node.get("additionalProperties")
    values = decoder(nodes, number, enums=False) if number is not None else _any  # what a map may hold is asked nowhere

    def check(value: Any, path: Path, sink: Sink) -> None:
        if type(value) is dict:
            for key, item in value.items():
                values(item, (path, key), sink)
        elif value is not None:
            _wrong("schema/type", value, path, sink, "a mapping")

    return check


def _list(nodes: Nodes, number: int, *, enums: bool) -> Check:
    items: Check | None = None

    def check(value: Any, path: Path, sink: Sink) -> None:
        nonlocal items
        if type(value) is list:
            if items is None:
                items = decoder(nodes, number, enums=enums)
            for index, item in enumerate(value):
                items(item, (path, index), sink)
        elif value is not None:
            _wrong("schema/type", value, path, sink, "a list")

    return check


def _text(allowed: tuple[str, ...]) -> Check:
    def check(value: Any, path: Path, sink: Sink) -> None:
        if type(value) is str:
            if allowed and value and value not in allowed:
                _wrong("schema/enum", value, path, sink, f"one of {named(allowed)}{did_you_mean(value, allowed)}")
        elif value is not None:
            _wrong("schema/type", value, path, sink, "a text: write it in quotes" if not isinstance(value, (dict, list)) else "a text")

    return check


def _integer(least: int, most: int) -> Check:
    def check(value: Any, path: Path, sink: Sink) -> None:
        if value is None:
            return
        number = go.whole(value)
        if number is None:
            _wrong("schema/type", value, path, sink, "a whole number" + (", without quotes" if isinstance(value, str) else ""))
        elif not least <= number <= most:
            _wrong("schema/type", value, path, sink, f"a whole number from {least} to {most}")

    return check


def _number(value: Any, path: Path, sink: Sink) -> None:
    if value is not None and type(value) not in (int, float):
        _wrong("schema/type", value, path, sink, "a number")


def _boolean(value: Any, path: Path, sink: Sink) -> None:
    if value is not None and type(value) is not bool:
        _wrong("schema/type", value, path, sink, "true or false" + (", without quotes" if isinstance(value, str) else ""))


def _bytes(value: Any, path: Path, sink: Sink) -> None:
    if value is None or (isinstance(value, list) and all(type(item) is int and 0 <= item <= 255 for item in value)):
        return  # Go takes a list of bytes too
    if not isinstance(value, str):
        _wrong("schema/type", value, path, sink, "a text in base64")
    elif not go.is_base64(value):
        sink.errors.append(("schema/format", path, f"{field(path)} is not base64; encode it, or use stringData in a Secret"))


def _any(value: Any, path: Path, sink: Sink) -> None:
    pass


def _quantity(value: Any, path: Path, sink: Sink) -> None:
    if value is not None and not go.is_quantity(value):
        rule = "schema/format" if isinstance(value, str) else "schema/type"
        _wrong(rule, value, path, sink, "a quantity such as 100m, 0.5, 128Mi or 2Gi")


def _int_or_string(value: Any, path: Path, sink: Sink) -> None:
    if value is None or isinstance(value, str):
        return
    number = go.whole(value)
    if number is None or not -(2**31) <= number < 2**31:
        _wrong("schema/type", value, path, sink, "a whole number or a text")


def _moment(value: Any, path: Path, sink: Sink) -> None:
    if value is not None and not go.is_time(value):
        _wrong("schema/format", value, path, sink, "a time such as 2026-01-31T12:00:00Z")


def _micro_moment(value: Any, path: Path, sink: Sink) -> None:
    if value is not None and not go.is_micro_time(value):
        _wrong("schema/format", value, path, sink, "a time with six digits behind the seconds, such as 2026-01-31T12:00:00.000000Z")


_OF_SCHEMAS = {"schema-or-bool": (bool, dict), "schema-or-array": ()}
"""What a definition's schema holds beside plain schemas, and which types that takes; nothing for any."""


def _inner_schema(nodes: Nodes, takes: tuple[type, ...]) -> Check:
    """A schema inside `items` and its like. The server reads it with a reader of its own, which minds types and drops unknown fields."""

    def check(value: Any, path: Path, sink: Sink) -> None:
        if takes and value is not None and not isinstance(value, takes):
            _wrong("schema/type", value, path, sink, "a schema, or true or false")
        for key, one in enumerate(value) if isinstance(value, list) else ((None, value),):
            if isinstance(one, dict):
                apart = Sink()
                decoder(nodes, _of_schemas(nodes))(one, path if key is None else (path, key), apart)
                sink.errors += apart.errors

    return check


@cache
def _of_schemas(nodes: Nodes) -> int:
    """The node of a definition's schema."""
    number = index()["apiextensions.k8s.io/v1"]["CustomResourceDefinition"].node
    for step in ("spec", "versions", "", "schema", "openAPIV3Schema"):
        number = nodes.get(number)["properties"][step] if step else nodes.get(number)["items"]
    return number


_GO_TYPES: dict[str, Check] = {
    "quantity": _quantity,
    "any": _any,
    "micro-time": _micro_moment,
    "time": _moment,
    "int-or-string": _int_or_string,
}
