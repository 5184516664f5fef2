"""Custom resources: what the API server makes of one by the schema of its definition, and what it refuses (apiextensions-apiserver 1.35).

In its order: fields that the schema does not have are unknown; a null where null is not allowed was left out; defaults are filled in; the
rest is validated; and on what is valid the CEL rules run. A check gives back the value as it is afterwards, for those rules.
"""

from collections.abc import Callable
from functools import cache, lru_cache
from typing import TYPE_CHECKING, Any

from aichaos.check.schema import formats, go
from aichaos.check.schema.builtin import decoder
from aichaos.check.schema.bundle import Node, Nodes, nodes, object_meta
from aichaos.check.schema.limits import has_type, limits, missing, takes, values
from aichaos.check.schema.problems import Path, Problem, Sink, field, shown
from aichaos.check.spelling import did_you_mean

if TYPE_CHECKING:
    from aichaos.check.schema.validations import Rules

Check = Callable[[Any, Path, Sink], Any]

_NOTHING: Any = object()
_EXPERIMENTAL = "is in the experimental channel of the Gateway API alone; a cluster with the standard one refuses it"
_META = ("apiVersion", "kind", "metadata")


class _Child:
    """The schema of a field or an item: its check is made when a value is met."""

    __slots__ = ("_check", "_nodes", "_reference", "default", "nullable")

    def __init__(self, of: Nodes, reference: int | Node) -> None:
        node = of.get(reference)
        self._nodes, self._reference = of, reference
        self._check: Check | None = None
        self.nullable: bool = bool(node.get("nullable", False))
        self.default: Any = node["default"] if node.get("default") is not None else _NOTHING

    @property
    def check(self) -> Check:
        if self._check is None:
            self._check = made(self._nodes, self._reference)
        return self._check


@lru_cache(maxsize=8192)
def _numbered(of: Nodes, number: int) -> Check:
    return _made(of, of.get(number))


def made(of: Nodes, reference: int | Node) -> Check:
    """The check of a schema node; that of a node with a number is made once."""
    return _numbered(of, reference) if isinstance(reference, int) else _made(of, of.get(reference))


def _made(of: Nodes, node: Node) -> Check:
    checks = limits(of, node)
    rules = _rules(of, node)
    if node.get("x-kubernetes-int-or-string"):
        return _scalar(node, lambda value: type(value) is str or has_type("integer")(value), "a whole number or a text", checks, rules)
    match node.get("type"):
        case "object":
            return _object(of, node, checks, rules)
        case "array":
            return _array(of, node, checks, rules)
        case "string" if isinstance(node.get("format"), str) and formats.known(node["format"]) is not None:
            # The server asks for the format of a text alone, and forgets to refuse a list (kube-openapi, type.go).
            return _scalar(node, lambda value: type(value) in (str, list), "a text", checks, rules)
        case "string" | "integer" | "number" | "boolean" as kind:
            return _scalar(node, has_type(kind), takes(kind), checks, rules)
    return _object(of, node, checks, rules) if node.get("properties") else _after(checks, rules) or _anything


def _rules(of: Nodes, node: Node) -> "Rules | None":
    """The CEL rules of a node; the language is loaded when a node has some."""
    if not node.get("x-kubernetes-validations"):
        return None
    from aichaos.check.schema.validations import rules_of

    return rules_of(of, node)


def _refused(value: Any, path: Path, sink: Sink, wanted: str) -> None:
    hint = ""
    if isinstance(value, str) and wanted in ("a whole number", "a number", "true or false"):
        hint = ", without quotes"
    elif wanted == "a text" and isinstance(value, (bool, int, float)):
        hint = ": write it in quotes"
    sink.errors.append(("schema/type", path, f"{field(path)} is {shown(value)}; it takes {wanted}{hint}"))


_BLOCKING = frozenset({"schema/type", "schema/required", "schema/enum", "schema/length"})


def _blocks(errors: list[Problem], before: int) -> bool:
    """Whether what was found in a value keeps its rules from being run, as on the server: a wrong pattern or a duplicate does not."""
    return len(errors) > before and any(error[0] in _BLOCKING for error in errors[before:])


def _scalar(node: Node, fits: Callable[[Any], bool], wanted: str, checks: list[Any], rules: "Rules | None") -> Check:
    nullable = bool(node.get("nullable", False))
    is_integer, is_number = node.get("type") == "integer", node.get("type") == "number"

    after = _after(checks, rules)

    def check(value: Any, path: Path, sink: Sink) -> Any:
        if not fits(value):
            if value is not None or not nullable:
                _refused(value, path, sink, wanted)
            return value
        if is_integer and type(value) is float:
            value = go.whole(value)
        elif is_number and type(value) is int:
            value = float(value) if value.bit_length() < 1000 else value
        return value if after is None else after(value, path, sink)

    return check


def _after(checks: list[Any], rules: "Rules | None") -> Check | None:
    """What is asked of a value of the right type: its limits and, where they hold, its rules. None where there is nothing to ask."""
    if not checks and rules is None:
        return None

    def check(value: Any, path: Path, sink: Sink) -> Any:
        before = len(sink.errors)
        for one in checks:
            one(value, path, sink)
        if rules is not None and not _blocks(sink.errors, before):
            rules.run(value, path, sink)
        return value

    return check


def _anything(value: Any, path: Path, sink: Sink) -> Any:
    return value


def _object(of: Nodes, node: Node, checks: list[Any], rules: "Rules | None") -> Check:
    properties = node.get("properties", {})
    children: dict[str, _Child] = {}
    meta = cache(lambda key: values(of, properties[key]))
    required: list[str] = node.get("required", [])
    nullable = bool(node.get("nullable", False))
    further = node.get("additionalProperties")
    rest = _Child(of, further) if isinstance(further, (int, dict)) and not isinstance(further, bool) else None
    keeps = bool(node.get("x-kubernetes-preserve-unknown-fields")) or further is True
    embedded = bool(node.get("x-kubernetes-embedded-resource"))
    defaults = _defaults(of, properties)
    experimental: list[str] = node.get("x-experimental", [])

    def check(value: Any, path: Path, sink: Sink) -> Any:
        if type(value) is not dict:
            if value is not None or not nullable:
                _refused(value, path, sink, "a mapping")
            return value
        before = len(sink.errors)
        result = value
        for key, item in value.items():
            child = children.get(key)
            if child is None:
                reference = properties.get(key)
                if path is None and key in _META:
                    if reference is not None:
                        meta(key)(item, (path, key), sink)
                    continue
                if reference is not None:
                    if key in experimental:
                        if item is not None:
                            sink.notes.append(("schema/experimental", (path, key), f"{key} {_EXPERIMENTAL}"))
                        child = _Child(of, reference)  # told of each time that it is met
                    else:
                        child = children[key] = _Child(of, reference)
                elif rest is not None:
                    child = rest
                elif keeps or (embedded and key in _META):
                    continue
                else:
                    message = f"{field(path)} has no field {str(key)[:60]}{did_you_mean(key, properties)}"
                    sink.strict.append(("schema/unknown-field", (path, key), message))
                    result = _copied(result, value)
                    del result[key]
                    continue
            if item is None and not child.nullable:
                result = _copied(result, value)
                del result[key]
                continue
            after = child.check(item, (path, key), sink)
            if after is not item:
                result = _copied(result, value)
                result[key] = after
        for key, default in defaults:
            if key not in result:
                result = _copied(result, value)
                result[key] = default()
        for name in required:
            if name not in result:
                sink.errors.append(missing(name, path))
        if embedded:
            _embedded(result, path, sink)
        for one in checks:
            one(result, path, sink)
        if rules is not None and not _blocks(sink.errors, before):
            rules.run(result, path, sink)
        return result

    return check


def _copied(result: dict[str, Any], value: dict[str, Any]) -> dict[str, Any]:
    return dict(value) if result is value else result


def _defaults(of: Nodes, properties: dict[str, int | Node]) -> list[tuple[str, Callable[[], Any]]]:
    """Fields with a default, and how to get it with the defaults inside it; the definition's author answers for its being valid."""

    def filled(child: _Child) -> Callable[[], Any]:
        @cache
        def default() -> Any:
            return child.check(child.default, None, Sink())

        return default

    children = {name: _Child(of, reference) for name, reference in properties.items()}
    return [(name, filled(child)) for name, child in children.items() if child.default is not _NOTHING]


def _embedded(value: dict[str, Any], path: Path, sink: Sink) -> None:
    """An object inside an object says what it is, as any other."""
    for name in ("apiVersion", "kind"):
        if not value.get(name):
            sink.errors.append(missing(name, path))
        elif not isinstance(value[name], str):
            _refused(value[name], (path, name), sink, "a text")
    metadata(value.get("metadata"), (path, "metadata"), sink)


def metadata(value: Any, path: Path, sink: Sink) -> None:
    """The metadata of any object is read as that of a built-in one."""
    decoder(nodes("kubernetes"), object_meta())(value, path, sink)


def _array(of: Nodes, node: Node, checks: list[Any], rules: "Rules | None") -> Check:
    nullable = bool(node.get("nullable", False))
    items = _Child(of, node["items"]) if isinstance(node.get("items"), (int, dict)) else None
    unique = _unique(node)

    def check(value: Any, path: Path, sink: Sink) -> Any:
        if type(value) is not list:
            if value is not None or not nullable:
                _refused(value, path, sink, "a list")
            return value
        before = len(sink.errors)
        result = value
        if items is not None:
            one_check, default = items.check, items.default
            for index, item in enumerate(value):
                given = default if item is None and default is not _NOTHING and not items.nullable else item
                after = one_check(given, (path, index), sink)
                if after is not item:
                    if result is value:
                        result = list(value)
                    result[index] = after
        for one in checks:
            one(result, path, sink)
        if unique is not None and len(result) > 1:
            unique(result, path, sink)
        if rules is not None and not _blocks(sink.errors, before):
            rules.run(result, path, sink)
        return result

    return check


def _unique(node: Node) -> Callable[[list[Any], Path, Sink], None] | None:
    """Items of a set, and keys of a list that is a map, stand once."""
    match node.get("x-kubernetes-list-type"):
        case "set":
            return _once(_frozen, lambda value: shown(value))
        case "map":
            names = [name for name in node.get("x-kubernetes-list-map-keys", ()) if isinstance(name, str)]

            def key(item: Any) -> Any:
                return tuple(_frozen(item[name]) if name in item else _NOTHING for name in names) if isinstance(item, dict) else None

            def say(item: Any) -> str:
                return " and ".join(f"the {name} {item[name]}" for name in names if isinstance(item, dict) and name in item) or "no key"

            return _once(key, say)
    return None


def _once(key: Callable[[Any], Any], say: Callable[[Any], str]) -> Callable[[list[Any], Path, Sink], None]:
    def check(value: list[Any], path: Path, sink: Sink) -> None:
        seen: dict[Any, int] = {}
        for index, item in enumerate(value):
            first = seen.setdefault(key(item), index)
            if first != index:
                sink.errors.append(("schema/duplicate-item", (path, index), f"{field(path)} has {say(item)} twice; first in item {first}"))

    return check


def _frozen(value: Any) -> Any:
    """A value that can be looked up; true is not 1 here, and 1 is not 1.0, as in Go."""
    match value:
        case dict():
            return ("{}", frozenset((key, _frozen(item)) for key, item in value.items()))
        case list():
            return ("[]", tuple(_frozen(item) for item in value))
    return (type(value).__name__, value)
