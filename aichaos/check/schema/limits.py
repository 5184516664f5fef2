"""What a schema says about a value beyond its shape: enums, patterns, bounds, and the branches of allOf, anyOf, oneOf and not.

It serves twice: to say what is wrong with a value, and to ask whether a branch holds.
"""

from collections.abc import Callable, Sized
from typing import Any

from aichaos.check.schema import formats, go
from aichaos.check.schema.bundle import Node, Nodes
from aichaos.check.schema.patterns import BadPatternError, matcher
from aichaos.check.schema.problems import Path, Sink, field, named, shown
from aichaos.check.spelling import did_you_mean

Check = Callable[[Any, Path, Sink], None]

_TYPES: dict[str, tuple[Callable[[Any], bool], str]] = {
    "object": (lambda value: type(value) is dict, "a mapping"),
    "array": (lambda value: type(value) is list, "a list"),
    "string": (lambda value: type(value) is str, "a text"),
    "integer": (lambda value: (number := go.whole(value)) is not None and -(2**63) <= number < 2**63, "a whole number"),
    "number": (lambda value: type(value) in (int, float), "a number"),
    "boolean": (lambda value: type(value) is bool, "true or false"),
}


def has_type(name: str) -> Callable[[Any], bool]:
    return _TYPES[name][0]


def takes(name: str) -> str:
    return _TYPES[name][1]


def limits(nodes: Nodes, node: Node) -> list[Check]:
    """The checks of one node, without its shape: its own bounds, and its branches."""
    found: list[Check] = []
    if "enum" in node:
        found.append(_enum(node["enum"]))
    if isinstance(node.get("pattern"), str):
        found.append(_pattern(node["pattern"]))
    if isinstance(node.get("format"), str) and (known := formats.known(node["format"])) is not None:
        found.append(_format(known))
    found += [make(node[keyword], node) for keyword, make in _BOUNDS.items() if node.get(keyword) is not None]
    if node.get("required") and node.get("type") != "object":
        found.append(_required(node["required"]))
    found += [make(nodes, node[keyword]) for keyword, make in _BRANCHES.items() if node.get(keyword)]
    if isinstance(node.get("not"), (int, dict)) and not isinstance(node.get("not"), bool):
        found.append(_not(nodes, node["not"]))
    return found


def values(nodes: Nodes, reference: int | Node) -> Check:
    """The check of a branch: type, limits, and those of what it says about fields and items."""
    node = nodes.get(reference)
    checks = limits(nodes, node)
    kind, nullable = node.get("type"), node.get("nullable", False)
    inner = {name: values(nodes, child) for name, child in node.get("properties", {}).items()}
    items = values(nodes, node["items"]) if isinstance(node.get("items"), (int, dict)) else None
    further = node.get("additionalProperties")
    rest = values(nodes, further) if isinstance(further, (int, dict)) and not isinstance(further, bool) else None
    if kind == "object" and node.get("required"):
        checks.append(_required(node["required"]))

    def check(value: Any, path: Path, sink: Sink) -> None:
        if kind in _TYPES and not (_TYPES[kind][0](value) or (value is None and nullable)):
            sink.errors.append(("schema/type", path, f"{field(path)} is {shown(value)}; it takes {_TYPES[kind][1]}"))
            return
        for one in checks:
            one(value, path, sink)
        if type(value) is dict and (inner or rest is not None):
            for key, item in value.items():
                child = inner.get(key, rest)
                if child is not None:
                    child(item, (path, key), sink)
        elif type(value) is list and items is not None:
            for index, item in enumerate(value):
                items(item, (path, index), sink)

    return check


def _holds(check: Check, value: Any) -> bool:
    sink = Sink()
    check(value, None, sink)
    return not sink.errors


def _enum(allowed: list[Any]) -> Check:
    def check(value: Any, path: Path, sink: Sink) -> None:
        if not any(value == one and type(value) is type(one) for one in allowed):
            guess = did_you_mean(value, [one for one in allowed if isinstance(one, str)]) if isinstance(value, str) else ""
            sink.errors.append(("schema/enum", path, f"{field(path)} is {shown(value)}; it takes one of {named(allowed)}{guess}"))

    return check


def _pattern(pattern: str) -> Check:
    def check(value: Any, path: Path, sink: Sink) -> None:
        if type(value) is not str:
            return
        try:
            fits = matcher(pattern)(value)
        except BadPatternError as error:
            sink.skipped.append(("schema/not-checked", path, f"{field(path)} could not be checked: its pattern is broken ({error})"))
            return
        if not fits:
            sink.errors.append(("schema/pattern", path, f"{field(path)} is {shown(value)}; it takes a text like {pattern}"))

    return check


def _format(known: formats.Format) -> Check:
    fits, what = known

    def check(value: Any, path: Path, sink: Sink) -> None:
        if type(value) is str and not fits(value):
            sink.errors.append(("schema/format", path, f"{field(path)} is {shown(value)}; it takes {what}"))

    return check


def _size(type_: type[Sized], rule: str, broken: Callable[[int, int], bool], say: str) -> Callable[[Any, Node], Check]:
    def make(bound: Any, _: Node) -> Check:
        def check(value: Any, path: Path, sink: Sink) -> None:
            if type(value) is type_ and broken(len(value), bound):
                sink.errors.append((rule, path, f"{field(path)} has {len(value)} {say % bound}"))

        return check

    return make


def _number(keyword: str) -> Callable[[Any, Node], Check]:
    lowest = keyword == "minimum"

    def make(bound: Any, node: Node) -> Check:
        exclusive = node.get("exclusiveMinimum" if lowest else "exclusiveMaximum") is True
        words = ("more than" if exclusive else "at least") if lowest else ("less than" if exclusive else "at most")

        def check(value: Any, path: Path, sink: Sink) -> None:
            if type(value) not in (int, float):
                return
            if (exclusive and value == bound) or (value < bound if lowest else value > bound):
                sink.errors.append(("schema/range", path, f"{field(path)} is {shown(value)[11:]}; it takes {words} {bound:g}"))

        return check

    return make


def _multiple(factor: Any, _: Node) -> Check:
    def check(value: Any, path: Path, sink: Sink) -> None:
        if type(value) in (int, float) and factor <= 0:
            sink.errors.append(("schema/range", path, f"its schema asks for multiples of {factor:g}: the server takes no number at all"))
        elif type(value) in (int, float) and value % factor:
            sink.errors.append(("schema/range", path, f"{field(path)} is {shown(value)[11:]}; it takes multiples of {factor:g}"))

    return check


_BOUNDS: dict[str, Callable[[Any, Node], Check]] = {
    "minLength": _size(str, "schema/length", lambda size, bound: size < bound, "characters; it takes at least %d"),
    "maxLength": _size(str, "schema/length", lambda size, bound: size > bound, "characters; it takes at most %d"),
    "minItems": _size(list, "schema/length", lambda size, bound: size < bound, "items; it takes at least %d"),
    "maxItems": _size(list, "schema/length", lambda size, bound: size > bound, "items; it takes at most %d"),
    "minProperties": _size(dict, "schema/length", lambda size, bound: size < bound, "fields; it takes at least %d"),
    "maxProperties": _size(dict, "schema/length", lambda size, bound: size > bound, "fields; it takes at most %d"),
    "minimum": _number("minimum"),
    "maximum": _number("maximum"),
    "multipleOf": _multiple,
}


def _required(names: list[str]) -> Check:
    def check(value: Any, path: Path, sink: Sink) -> None:
        if type(value) is dict:
            for name in names:
                if name not in value:
                    sink.errors.append(missing(name, path))

    return check


def missing(name: str, path: Path) -> tuple[str, Path, str]:
    """Told of the field that is not there; `review` makes it the place of its parent."""
    return ("schema/required", (path, name), f"{field(path)} has no {name}: it is required")


# branches -----------------------------------------------------------------------------------------------------------------------


def _all_of(nodes: Nodes, branches: list[int | Node]) -> Check:
    checks = [values(nodes, branch) for branch in branches]

    def check(value: Any, path: Path, sink: Sink) -> None:
        for one in checks:
            one(value, path, sink)

    return check


def _any_of(nodes: Nodes, branches: list[int | Node]) -> Check:
    checks = [values(nodes, branch) for branch in branches]
    wanted = _described(nodes, branches)

    def check(value: Any, path: Path, sink: Sink) -> None:
        if not any(_holds(one, value) for one in checks):
            sink.errors.append(("schema/any-of", path, f"{field(path)} needs at least one of {wanted}"))

    return check


def _one_of(nodes: Nodes, branches: list[int | Node]) -> Check:
    checks = [values(nodes, branch) for branch in branches]
    wanted = _described(nodes, branches)
    fields = [name for branch in branches for name in nodes.get(branch).get("required", ())]

    def check(value: Any, path: Path, sink: Sink) -> None:
        count = sum(_holds(one, value) for one in checks)
        if count != 1:
            there = [name for name in fields if type(value) is dict and name in value]
            has = f"; {' and '.join(there)} are there" if len(there) > 1 else "; none is there" if fields and not there else ""
            sink.errors.append(("schema/one-of", path, f"{field(path)} takes one of {wanted}, and no more than one{has}"))

    return check


def _not(nodes: Nodes, branch: int | Node) -> Check:
    inner = values(nodes, branch)
    unwanted = _described(nodes, [branch])

    def check(value: Any, path: Path, sink: Sink) -> None:
        if _holds(inner, value):
            sink.errors.append(("schema/not", path, f"{field(path)} is {shown(value)}, which is not taken: {unwanted}"))

    return check


def _described(nodes: Nodes, branches: list[int | Node]) -> str:
    """What the branches want, in the words of their fields."""
    return (
        ", ".join(dict.fromkeys(filter(None, (_branch(nodes.get(branch)) for branch in branches)))) or "the forms that its definition lists"
    )


def _branch(node: Node) -> str:
    if node.get("required"):
        return " with ".join(node["required"])
    if "enum" in node:
        return named(node["enum"])
    if "pattern" in node:
        return f"a text like {node['pattern']}"
    if node.get("type") in _TYPES:
        return _TYPES[node["type"]][1]
    return ""


_BRANCHES: dict[str, Callable[[Nodes, list[int | Node]], Check]] = {"allOf": _all_of, "anyOf": _any_of, "oneOf": _one_of}
