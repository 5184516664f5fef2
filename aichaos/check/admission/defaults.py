"""What Chaos Mesh's mutating webhook makes of a document before its schema is asked.

It reads the document into its Go types and writes them out again: a required field that is missing gets its type's empty value, and
what is null in a list becomes that too. So the schema never misses a field, but it may refuse the empty value.
"""

from collections.abc import Iterable, Iterator
from decimal import Decimal
from typing import Any

from aichaos.check.admission.spot import Problem, Spot
from aichaos.check.rules import finding
from aichaos.check.schema.bundle import Found, Node, Nodes
from aichaos.domain.finding import Finding

_ZERO: dict[str, Any] = {"string": "", "integer": 0, "number": 0, "boolean": False}
_INT32, _INT64, _UINT16, _UINT32 = (-(2**31), 2**31 - 1), (-(2**63), 2**63 - 1), (0, 2**16 - 1), (0, 2**32 - 1)
_RANGES = {
    "perm": _UINT16,
    **dict.fromkeys(("ino", "size", "blocks"), (0, 2**64 - 1)),
    "payload-process-num": (0, 255),
    **dict.fromkeys(("errno", "probability", "times", "limit", "buffer", "minburst", "nlink", "uid", "gid", "rdev", "privilege"), _UINT32),
}
"""Fields that are not of the type that the format in their schema says."""
_KINDS = frozenset(
    {f"{name}Chaos" for name in ("Pod", "IO", "Time", "Network", "Kernel", "Stress", "AWS", "Azure", "GCP", "DNS", "JVM", "HTTP", "Block")}
    | {"PhysicalMachineChaos", "PhysicalMachine", "Schedule", "StatusCheck", "Workflow"}
)


def mutated(document: dict[str, Any], found: Found | None) -> dict[str, Any]:
    """The document as the schema sees it; the same object where no webhook of ours has a hand in it. found: its schema."""
    if found is None or document["kind"] not in _KINDS or not document["apiVersion"].startswith("chaos-mesh.org/"):
        return document
    spec = _child(found.nodes, found.nodes.get(found.root), "spec")
    if spec is None:
        return document
    changed = dict(document)
    given = document.get("spec")
    changed["spec"] = _filled({} if given is None else given, found.nodes, spec)
    _defaults(changed["spec"], document["kind"])
    return changed


def out_of_range(document: dict[str, Any], found: Found | None) -> Iterator[Problem]:
    """Whole numbers that do not fit the Go type that the webhook reads them into, which the schema does not look at."""
    if found is None or document["kind"] not in _KINDS or not document["apiVersion"].startswith("chaos-mesh.org/"):
        return
    spec = _child(found.nodes, found.nodes.get(found.root), "spec")
    if spec is not None:
        yield from _too_large(Spot(document)["spec"], found.nodes, spec)


def _too_large(spot: Spot, nodes: Nodes, node: Node) -> Iterator[Problem]:
    if "properties" in node:
        for key, item in spot.pairs():
            if (child := _child(nodes, node, key)) is not None:
                yield from _too_large(item, nodes, child)
    elif "items" in node:
        for item in spot.each():
            yield from _too_large(item, nodes, nodes.get(node["items"]))
    elif node.get("format") == "byte":
        for item in spot.each():
            if type(item.value) is not int or not 0 <= item.value <= 255:
                yield item.invalid("a byte is a number from 0 to 255")
    elif node.get("type") == "integer":
        small = _UINT16 if spot.name == "port" and "/kafka-" in spot.path else None
        least, most = small or _RANGES.get(spot.name) or (_INT32 if node.get("format") == "int32" else _INT64)
        number = spot.number
        if isinstance(spot.value, float) and spot.value.is_integer():
            number = int(Decimal(repr(spot.value)))  # as Go writes it into JSON
        if not least <= number <= most:
            yield spot.invalid(f"it must be from {least} to {most}")


def told(found: Iterable[Finding], document: dict[str, Any]) -> Iterator[Finding]:
    """The schema's findings about a changed document, in the words of the one that was written."""
    for one in found:
        if one.severity == "error" and one.rule != "schema/required" and not _stands(document, one.path):
            field = one.path.rpartition("/")[2]
            yield finding("schema/required", f"no {field}: {one.message.partition('; ')[2]}", object=one.object, path=one.path)
        else:
            yield one


def _stands(value: Any, path: str) -> bool:
    for part in path.split("/")[1:]:
        key = part.replace("~1", "/").replace("~0", "~")
        if isinstance(value, list) and key.isdigit() and int(key) < len(value):
            value = value[int(key)]
        elif isinstance(value, dict) and value.get(key) is not None:
            value = value[key]
        else:
            return False
    return True


def _child(nodes: Nodes, node: Node, name: str) -> Node | None:
    reference = node.get("properties", {}).get(name)
    return None if reference is None else nodes.get(reference)


def _filled(value: Any, nodes: Nodes, node: Node) -> Any:
    if isinstance(value, list) and "items" in node:
        inner = nodes.get(node["items"])
        return [_empty(nodes, inner) if item is None else _filled(item, nodes, inner) for item in value]
    if isinstance(value, dict) and "additionalProperties" in node and not isinstance(node["additionalProperties"], bool):
        inner = nodes.get(node["additionalProperties"])
        return {key: _filled(item, nodes, inner) for key, item in value.items()}
    if not isinstance(value, dict) or "properties" not in node:
        return value
    required = node.get("required", ())
    made = dict(value)
    for key, item in value.items():
        if (child := _child(nodes, node, key)) is not None and item is not None:
            made[key] = _filled(item, nodes, child)
    for key in required:
        if made.get(key) is None and (child := _child(nodes, node, key)) is not None:
            # A default of the schema comes before any webhook.
            made[key] = child["default"] if "default" in child else _empty(nodes, child)
    return made


def _empty(nodes: Nodes, node: Node) -> Any:
    return _filled({}, nodes, node) if node.get("type") == "object" else _ZERO.get(node.get("type", ""))


def _defaults(spec: Any, kind: str) -> None:
    """The defaults of its own that a schema would notice."""
    for field, default in _OWN.get(kind, ()):
        if isinstance(spec, dict) and spec.get(field) in ("", None):
            spec[field] = default
    if kind == "Workflow":
        for template in _templates(spec):
            for field, inner in (("networkChaos", "NetworkChaos"), ("statusCheck", "StatusCheck")):
                if isinstance(template.get(field), dict):
                    _defaults(template[field], inner)
    for template in _templates(spec if kind == "Workflow" else spec.get("workflow") if isinstance(spec, dict) else None):
        schedule = template.get("schedule")
        if isinstance(schedule, dict) and schedule.get("concurrencyPolicy") is None:
            schedule["concurrencyPolicy"] = ""  # a Schedule of its own has a default for it, and one in a template has none


def _templates(workflow: Any) -> list[dict[str, Any]]:
    listed = workflow.get("templates") if isinstance(workflow, dict) else None
    return [one for one in listed if isinstance(one, dict)] if isinstance(listed, list) else []


_OWN: dict[str, tuple[tuple[str, str], ...]] = {"NetworkChaos": (("direction", "to"),), "StatusCheck": (("mode", "Synchronous"),)}
