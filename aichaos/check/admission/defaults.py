"""What Chaos Mesh's mutating webhook makes of a document before its schema is asked.

It reads the document into its Go types and writes them out again: a required field that is missing gets its type's empty value, an empty
one that may be missing goes. So the schema never misses a field, but it may refuse the empty value.
"""

from collections.abc import Iterable, Iterator
from typing import Any

from aichaos.check.rules import finding
from aichaos.check.schema.bundle import Found, Node, Nodes
from aichaos.domain.finding import Finding

_ZERO: dict[str, Any] = {"string": "", "integer": 0, "number": 0, "boolean": False}
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


def told(found: Iterable[Finding], document: dict[str, Any]) -> Iterator[Finding]:
    """The schema's findings about a changed document, in the words of the one that was written."""
    for one in found:
        if one.rule != "schema/required" and not _stands(document, one.path):
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
    if not isinstance(value, dict) or "properties" not in node:
        return value
    required = node.get("required", ())
    made = {}
    for key, item in value.items():
        child = _child(nodes, node, key)
        if child is None:
            made[key] = item
        elif item is None or (key not in required and _is_empty(item, child.get("type"))):
            continue
        else:
            made[key] = _filled(item, nodes, child)
    for key in required:
        if key not in made and (child := _child(nodes, node, key)) is not None:
            made[key] = _empty(nodes, child)
    return made


def _empty(nodes: Nodes, node: Node) -> Any:
    return _filled({}, nodes, node) if node.get("type") == "object" else _ZERO.get(node.get("type", ""))


def _is_empty(value: Any, kind: str | None) -> bool:
    """Whether a value is the empty one of its type; one of another type is left for the schema to refuse."""
    if kind == "array":
        return isinstance(value, list) and not value
    zero = _ZERO.get(kind or "")
    return zero is not None and type(value) is type(zero) and bool(value == zero)


def _defaults(spec: Any, kind: str) -> None:
    """The defaults of its own that a schema would notice."""
    if kind == "NetworkChaos" and isinstance(spec, dict) and not spec.get("direction"):
        spec["direction"] = "to"
