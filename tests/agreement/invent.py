"""Fields that a kind has and nobody wrote: found in its schema, with values of the right type that may be wrong all the same."""

import random
from typing import Any

from aichaos.check.schema.bundle import Found, Node, bundled

from . import values
from .tree import Map

_DEPTH = 3


def add_field(rng: random.Random, document: dict[str, Any], path: tuple[str | int, ...], map_: Map) -> bool:
    """Adds one to a map that stands at a path of a document; False where its schema has none to add."""
    found = bundled(document["apiVersion"], document["kind"])
    if found is None:
        return False
    node = _node(found, path)
    absent = sorted(set(node.get("properties", {})) - {key for key, _ in map_.pairs}) if node else []
    if not node or not absent:
        return False
    field = rng.choice(absent)
    map_.pairs.append((field, _value(rng, found, found.nodes.get(node["properties"][field]), field, _DEPTH)))
    return True


def _node(found: Found, path: tuple[str | int, ...]) -> Node | None:
    node = found.nodes.get(found.root)
    for part in path:
        inner = node.get("items") if isinstance(part, int) else node.get("properties", {}).get(part, node.get("additionalProperties"))
        if inner is None or isinstance(inner, bool):
            return None
        node = found.nodes.get(inner)
    return node


def _value(rng: random.Random, found: Found, node: Node, name: str, depth: int) -> Any:
    kind = node.get("go") or node.get("type")
    if "int-or-string" in (kind, node.get("format")) or node.get("x-kubernetes-int-or-string"):
        return rng.choice([*values.PORTS, "25%", "101%"])
    match kind:
        case "quantity":
            return rng.choice(values.QUANTITIES)
        case "object" if "properties" in node and depth > 0:
            return _object(rng, found, node, depth)
        case "object":
            return Map([("a", "b")]) if rng.random() < 0.5 else Map([])
        case "array":
            inner = found.nodes.get(node["items"])
            return [_value(rng, found, inner, name, depth - 1) for _ in range(rng.choice((0, 1, 1, 2)))]
        case "integer" | "number":
            return rng.choice(values.NUMBERS) if rng.random() < 0.4 else rng.choice((1, 2, 5, 80))
        case "boolean":
            return rng.random() < 0.5
    return _text(rng, node, name)


def _object(rng: random.Random, found: Found, node: Node, depth: int) -> Map:
    properties: dict[str, Any] = node["properties"]
    chosen = set(node.get("required", ())) | set(rng.sample(sorted(properties), min(len(properties), rng.choice((0, 1, 1, 2, 3)))))
    return Map([(key, _value(rng, found, found.nodes.get(properties[key]), key, depth - 1)) for key in sorted(chosen & set(properties))])


def _text(rng: random.Random, node: Node, name: str) -> str:
    if node.get("enum") and rng.random() < 0.85:
        return str(rng.choice(node["enum"]))
    tables = [values.TEXTS, values.NAMES, ("a", "name", "web")]
    if any(part in name.lower() for part in ("ip", "cidr", "address", "host")):
        tables = [values.ADDRESSES]
    elif any(part in name.lower() for part in ("duration", "timeout", "interval", "delay", "time")):
        tables = [values.DURATIONS]
    return rng.choice(rng.choice(tables))
