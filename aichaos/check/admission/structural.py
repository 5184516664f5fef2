"""The schema of a CustomResourceDefinition: what makes one structural, and what its extensions may say (apiextensions-apiserver 1.35).

A schema is structural where every value has one type, told outside of allOf, anyOf, oneOf and not; these only narrow it. Its CEL rules are
looked at only where nothing else is wrong with it, as on the server.
"""

from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

from aichaos.check.admission.spot import Problem, Problems, Spot
from aichaos.check.schema.patterns import BadPatternError, compiled
from aichaos.check.schema.sound import TOO_LARGE, unsound
from aichaos.check.spelling import did_you_mean

TYPES = ("array", "boolean", "integer", "number", "object", "string")
META = ("apiVersion", "kind", "metadata")
_NOT_AT_ROOT = frozenset(
    {"$schema", "$ref", "id", "default", "enum", "nullable", "allOf", "anyOf", "oneOf", "not", "additionalProperties", "maxProperties"}
    | {"minProperties", "x-kubernetes-embedded-resource", "x-kubernetes-int-or-string", "x-kubernetes-list-type"}
    | {"x-kubernetes-list-map-keys", "x-kubernetes-map-type", "patternProperties", "additionalItems", "definitions", "dependencies"}
)
"""What the root can't have beside a status that is a subresource: the status is validated apart, by its property alone."""
_BRANCHES = ("allOf", "anyOf", "oneOf")
_UNSUPPORTED = ("id", "$schema", "patternProperties", "definitions")
_UNSUPPORTED_EVEN_EMPTY = ("$ref", "additionalItems", "dependencies")


def schema(root: Spot, *, status: bool) -> Problems:
    """What the server has against the schema of a version. status: whether the status is a subresource."""
    found = [*_root(root, status=status), *_structural(root, "root"), *_complete(root, root)]
    found += _node(root, _Inside())
    form = unsound(root.value)  # a wrong type in it is told by the schema of definitions
    if form == TOO_LARGE:
        found.append(Problem("schema/not-checked", root.path, f"its defaults and rules were not checked: {form}"))
    elif not found and not form:
        found += _defaults(root)
    yield from found


class _Inside(NamedTuple):
    """Where a node stands. meta: in the metadata of an object. no_defaults: why a default may not stand there, or nothing."""

    meta: bool = False
    no_defaults: str = ""
    root: bool = True


def items(node: Spot) -> Spot | None:
    """The schema of a list's items, where there is one."""
    return node["items"] if isinstance(node["items"].value, dict) else None


def further(node: Spot) -> Spot | None:
    """The schema of a map's values, where there is one."""
    return node["additionalProperties"] if isinstance(node["additionalProperties"].value, dict) else None


def properties(node: Spot) -> list[tuple[str, Spot]]:
    """The fields; one that is null has an empty schema."""
    return [(name, node["properties"][name]) for name in node["properties"].every_key()]


def nodes(root: Spot) -> Iterator[Spot]:
    """The nodes that say what values are; not those that narrow them."""
    waiting = [root]
    while waiting:
        node = waiting.pop()
        yield node
        waiting += [child for child in (items(node), further(node), *(child for _, child in properties(node))) if child is not None]


def branches(node: Spot) -> Iterator[Spot]:
    for keyword in _BRANCHES:
        yield from node[keyword].each()
    if isinstance(node["not"].value, dict):
        yield node["not"]


def _set(node: Spot, keyword: str) -> bool:
    """Whether a keyword says something: to Go, an empty text and false are as good as nothing."""
    value = node[keyword].value
    return value is not None and value != "" and value is not False


def _has_map(node: Spot) -> bool:
    return node["additionalProperties"].value is not None


# the root -----------------------------------------------------------------------------------------------------------------------


def _root(root: Spot, *, status: bool) -> Problems:
    if root["nullable"].on:
        yield root["nullable"].forbidden("an object can't be null")
    if not status:
        return
    for keyword in root.every_key():
        if keyword in _NOT_AT_ROOT and _set(root, keyword):
            yield root[keyword].forbidden("the root can't have it beside a status that is a subresource")
    if root["type"].text and root["type"].text != "object":
        yield root["type"].invalid("the root is an object")


# structural ---------------------------------------------------------------------------------------------------------------------


def _structural(node: Spot, level: str) -> Problems:
    """level: root, item or field."""
    embedded, keeps = node["x-kubernetes-embedded-resource"].on, node["x-kubernetes-preserve-unknown-fields"].on
    either = node["x-kubernetes-int-or-string"].on
    kind, inner = node["type"].text, items(node)
    if kind == "array" and inner is None and not node["items"].each():  # of a list of schemas it is told that there may be one alone
        yield node["items"].required("the schema of its items")
    if inner is not None:
        yield from _structural(inner, "item")
    for _, child in properties(node):
        yield from _structural(child, "field")
    if _has_map(node):
        if level == "root":
            yield node["additionalProperties"].forbidden("the root has fields that are known")
        if embedded:
            yield node["additionalProperties"].forbidden("an object inside an object has fields that are known")
        if (rest := further(node)) is not None:
            yield from _structural(rest, "field")
    if either and keeps:
        yield node["x-kubernetes-preserve-unknown-fields"].invalid("a number or a text has no fields")
    if either and embedded:
        yield node["x-kubernetes-embedded-resource"].invalid("a number or a text is no object")
    yield from _narrowing(node)
    if embedded and kind != "object":
        yield node["type"].required("an object inside an object has type: object") if not kind else node["type"].invalid("it is an object")
    elif not kind and not either and not keeps:
        yield node["type"].required(f"every value has a type, and so has this {'object' if level == 'root' else level}")
    if level == "root" and kind and kind != "object":
        yield node["type"].invalid("the root is an object")
    yield from _metadata(node, level, checked=level == "root" or embedded)
    if embedded and not keeps and not node["properties"].value:
        yield node["properties"].required("which fields it has, or x-kubernetes-preserve-unknown-fields: true")


def _metadata(node: Spot, level: str, *, checked: bool) -> Problems:
    known = dict(properties(node))
    for name in ("kind", "apiVersion"):
        if checked and name in known and known[name]["type"].text != "string":
            yield known[name]["type"].invalid(f"{name} is a text: type: string")
    metadata = known.get("metadata")
    if metadata is None:
        return
    if checked and metadata["type"].text != "object":
        yield metadata["type"].invalid("metadata is an object")
    if level == "root":
        ignored = {"type", "default", "externalDocs", "example"}
        if {name for name, _ in properties(metadata)} in ({"name"}, {"generateName"}, {"name", "generateName"}, set()):
            ignored.add("properties")
        for keyword in metadata.every_key():
            if keyword not in ignored and (_set(metadata, keyword) or metadata[keyword].value == []):
                yield metadata[keyword].forbidden("metadata has its schema already; only name and generateName can be narrowed")


def _narrowing(node: Spot) -> Problems:
    """allOf, anyOf, oneOf and not of a node. int-or-string may be told in the old way, by two types in an anyOf."""
    twice = [{"type": "integer"}, {"type": "string"}]
    if _bare(node["anyOf"]) != twice:
        for branch in node["anyOf"].each():
            yield from _nested(branch)
    for number, branch in enumerate(node["allOf"].each()):
        yield from _nested(branch, types_in_any_of=number == 0 and _bare(branch["anyOf"]) == twice)
    for branch in node["oneOf"].each():
        yield from _nested(branch)
    if isinstance(node["not"].value, dict):
        yield from _nested(node["not"])
    yield from _pattern(node)


_LOST = frozenset({"externalDocs", "example", "patternProperties", "definitions"})
"""What is left of a schema's words when it becomes a structural one does not hold these."""


def _bare(spot: Spot) -> list[Any]:
    return [_plainly(item) if isinstance(item, dict) else item for item in (spot.value if isinstance(spot.value, list) else [])]


def _plainly(schema: dict[str, Any]) -> dict[str, Any]:
    told = {keyword: value for keyword, value in schema.items() if keyword not in _LOST and value is not None}
    return {
        keyword: value for keyword, value in told.items() if (value != "" and value is not False and value != []) or keyword == "required"
    }


_ONLY_OUTSIDE: tuple[str, ...] = ("type", "title", "description", "nullable")
_ONLY_OUTSIDE += ("x-kubernetes-preserve-unknown-fields", "x-kubernetes-embedded-resource", "x-kubernetes-int-or-string")
_ONLY_OUTSIDE_IF_THERE = ("default", "x-kubernetes-list-type", "x-kubernetes-map-type")


def _nested(node: Spot, *, types_in_any_of: bool = False) -> Problems:
    """A schema in allOf, anyOf, oneOf or not: it may narrow values, and not say what they are."""
    why = "what narrows a value (allOf, anyOf, oneOf, not) can't say what it is: put this beside it"
    for keyword in _ONLY_OUTSIDE:
        if _set(node, keyword):
            yield node[keyword].forbidden(why)
    for keyword in _ONLY_OUTSIDE_IF_THERE:
        if node[keyword]:
            yield node[keyword].forbidden(why)
    for keyword in ("x-kubernetes-list-map-keys", "x-kubernetes-validations"):
        if node[keyword].each():
            yield node[keyword].forbidden(why)
    if further(node) is not None or node["additionalProperties"].on:
        yield node["additionalProperties"].forbidden(why)
    for keyword in _BRANCHES:
        if not (keyword == "anyOf" and types_in_any_of):
            for branch in node[keyword].each():
                yield from _nested(branch)
    if isinstance(node["not"].value, dict):
        yield from _nested(node["not"])
    if (inner := items(node)) is not None:
        yield from _nested(inner)
    for name, child in properties(node):
        if name == "metadata":
            yield child.forbidden("metadata can't be narrowed here")
        yield from _nested(child)
    yield from _pattern(node)


def _pattern(node: Spot) -> Problems:
    if node["pattern"].text:
        try:
            compiled(node["pattern"].text)
        except BadPatternError as error:
            yield node["pattern"].invalid(f"this is no regular expression: {error}")


def _complete(narrowing: Spot, outside: Spot) -> Problems:
    """What is narrowed is told of outside as well."""
    for branch in branches(narrowing):
        yield from _told(branch, outside)


def _told(branch: Spot, outside: Spot) -> Problems:
    yield from _complete(branch, outside)
    if (inner := items(branch)) is not None:
        if (there := items(outside)) is None:
            yield outside["items"].required("it is narrowed further below, and is told of nowhere")
        else:
            yield from _told(inner, there)
    known = dict(properties(outside))
    for name, child in properties(branch):
        if name not in known:
            yield Problem(
                "admission/required", child.path, f"{name} is narrowed here, and the object has no such field{did_you_mean(name, known)}"
            )
        else:
            yield from _told(child, known[name])


# every node ---------------------------------------------------------------------------------------------------------------------


def _node(node: Spot, where: _Inside) -> Problems:
    yield from _plain(node, where)
    yield from _extensions(node)
    yield from _texts(node)
    inside = where._replace(root=False)
    if _has_map(node):
        rest = further(node)
        if node["properties"].value and (rest is not None or node["additionalProperties"].value is False):
            yield node["additionalProperties"].forbidden("a mapping has either fields that are known or others, not both")
        if rest is not None:
            yield from _node(rest, inside._replace(no_defaults="in the values of a map") if inside.meta else inside)
    for name, child in properties(node):
        below = inside
        if name in META and (where.root or node["x-kubernetes-embedded-resource"].on):
            below = inside._replace(meta=True, no_defaults=f"in {name}" if where.root else inside.no_defaults)
        yield from _node(child, below)
    for branch in branches(node):
        yield from _node(branch, inside)
    if (inner := items(node)) is not None:
        yield from _node(inner, inside)


def _plain(node: Spot, where: _Inside) -> Problems:
    kind = node["type"]
    if kind.text and kind.text not in TYPES:
        why = "; write nullable: true for what may be null" if kind.text == "null" else did_you_mean(kind.text, TYPES)
        yield kind.invalid(f"a type is one of {', '.join(TYPES)}{why}")
    if node["default"] and where.no_defaults:
        yield node["default"].forbidden(f"no default can stand {where.no_defaults}")
    for keyword in (*_UNSUPPORTED, *_UNSUPPORTED_EVEN_EMPTY):
        if node[keyword].value if keyword in _UNSUPPORTED else node[keyword]:
            yield node[keyword].forbidden("the schema of a definition can't have it")
    if isinstance(node["items"].value, list) and node["items"].value:
        yield node["items"].forbidden("all items have one schema, not a list of them")
    if where.meta and node["x-kubernetes-embedded-resource"].on:
        yield node["x-kubernetes-embedded-resource"].forbidden("metadata holds no objects")
    if node["uniqueItems"].on:
        yield node["uniqueItems"].forbidden("to compare all items with each other takes too long; x-kubernetes-list-type: set does it")
    if node["x-kubernetes-preserve-unknown-fields"].value is False:
        yield node["x-kubernetes-preserve-unknown-fields"].invalid("it is true, or is left out")


def _extensions(node: Spot) -> Problems:
    kind, of_map, of_list = node["type"], node["x-kubernetes-map-type"], node["x-kubernetes-list-type"]
    for extension, wanted, allowed in ((of_map, "object", ("atomic", "granular")), (of_list, "array", ("atomic", "set", "map"))):
        if isinstance(extension.value, str):
            if kind.text != wanted:
                yield extension.forbidden(f"it goes with type: {wanted}")
            if extension.text not in allowed:
                yield extension.unsupported(allowed)
    keys = node["x-kubernetes-list-map-keys"]
    if keys.each() and of_list.text != "map":
        yield keys.forbidden("they go with x-kubernetes-list-type: map")
    inner = items(node)
    if kind.text == "array" and of_list.text == "set" and inner is not None:
        yield from _item_of_set(inner)
    if of_list.text == "map":
        yield from _keys(node, keys, inner)
    if of_list.text in ("set", "map") and inner is not None and inner["nullable"].on:
        yield inner["nullable"].forbidden(f"an item of a {of_list.text} can't be null")


def _item_of_set(inner: Spot) -> Problems:
    """What is compared as a whole is changed as a whole."""
    match inner["type"].text:
        case "array" if isinstance(inner["x-kubernetes-list-type"].value, str) and inner["x-kubernetes-list-type"].text != "atomic":
            yield inner["x-kubernetes-list-type"].invalid("a list in a set is atomic")
        case "object" if inner["x-kubernetes-map-type"].text != "atomic":
            yield inner["x-kubernetes-map-type"].required("an object in a set has x-kubernetes-map-type: atomic")


def _keys(node: Spot, keys: Spot, inner: Spot | None) -> Problems:
    if not keys.each():
        yield keys.required("the fields that tell one item from another")
    if inner is None:
        yield node["items"].required("the schema of its items")
        return
    if inner["type"].text != "object":
        yield inner["type"].invalid("items of a list with keys are objects")
        return
    known, required = dict(properties(inner)), inner["required"].texts()
    seen: set[str] = set()
    for key in keys.each():
        field = known.get(key.text)
        if field is None:
            yield key.invalid(f"the items have no such field{did_you_mean(key.text, known)}")
        else:
            if field["type"].text in ("array", "object"):
                yield field["type"].invalid("a key is a text, a number, or true or false")
            if key.text not in required and not field["default"]:
                yield field.required("it is a key: required, or with a default")
            if field["nullable"].on:
                yield field["nullable"].forbidden("a key can't be null")
        if key.text in seen:
            yield key.duplicate(key.text)
        seen.add(key.text)


# the words of rules -------------------------------------------------------------------------------------------------------------

_REASONS = ("FieldValueDuplicate", "FieldValueForbidden", "FieldValueInvalid", "FieldValueRequired")
_BREAKS = ("\n", "\r")


def _texts(node: Spot) -> Problems:
    for rule in node["x-kubernetes-validations"].each():
        yield from _rule(node, rule)


def _rule(node: Spot, rule: Spot) -> Problems:
    written, message = rule["rule"].text.strip(), rule["message"].text.strip()
    if not written:
        yield rule["rule"].required("what has to be true of self")
    elif rule["message"].text and not message:
        yield rule["message"].invalid("an empty message tells nobody anything")
    elif _broken(message):
        yield rule["message"].invalid("a message is one line")
    elif _broken(written) and not message:
        yield rule["message"].required("a rule over several lines is told of in one")
    if rule["messageExpression"].text and not rule["messageExpression"].text.strip():
        yield rule["messageExpression"].required("it is left out, or says something")
    if isinstance(rule["reason"].value, str) and rule["reason"].text not in _REASONS:
        yield rule["reason"].unsupported(_REASONS)
    path = rule["fieldPath"]
    if path.text:
        found = followed(node, path.text, brackets=True)
        if not path.text.strip() or _broken(path.text):
            yield path.invalid("a path is one line, such as .spec.size")
        elif isinstance(found, str):
            yield path.invalid(found)


def _broken(text: str) -> bool:
    return any(mark in text for mark in _BREAKS)


def followed(root: Spot, path: str, *, brackets: bool) -> Spot | str:
    """What a path such as `.spec.a` or, with brackets, `.spec['a']` leads to, or why it leads nowhere."""
    node, rest = root, path
    while rest:
        if rest.startswith("['") and brackets:
            end = _quoted(rest)
            if end < 0 or rest[end + 1 : end + 2] != "]":
                return "a name in brackets stands in single quotes"
            name, rest = rest[2:end].replace("\\'", "'").replace("\\\\", "\\"), rest[end + 2 :]
        elif rest.startswith(".") and len(rest) > 1 and rest[1] not in ".[]":
            end = next((number for number, character in enumerate(rest[1:], 1) if character in ".[]"), len(rest))
            name, rest = rest[1:end], rest[end:]
        else:
            return "a path has a dot before each name, as in .spec.size"
        known = dict(properties(node))
        below = known.get(name) if node["properties"].value is not None else further(node)
        if below is None:
            return f"{name} is no field there{did_you_mean(name, known)}"
        node = below
    return node


def _quoted(text: str) -> int:
    """Where the quote ends that a text starts with behind its bracket; -1 where it does not."""
    return next((at for at in range(2, len(text)) if text[at] == "'" and text[at - 1] != "\\"), -1)


# defaults -----------------------------------------------------------------------------------------------------------------------

Made = Callable[[Any, Any, Any], Any]


def _defaults(root: Spot) -> Problems:
    """Every default is a value that its own schema takes, rules included."""
    from aichaos.check.schema.bundle import Nodes
    from aichaos.check.schema.custom import made
    from aichaos.check.schema.problems import Sink, pointer

    waiting = [(root, False)]
    while waiting:
        node, meta = waiting.pop()
        if node["default"]:
            if meta:
                yield Problem("schema/not-checked", node["default"].path, "whether this default makes valid metadata was not checked")
            else:
                sink = Sink(node["default"].value)
                made(Nodes(root=node.value), node.value)(node["default"].value, (None, "default"), sink)
                for _, path, message in (*sink.strict, *sink.errors, *sink.rules):
                    yield Problem("admission/invalid", node.path + pointer(path), f"the default is refused by its own schema: {message}")
                for _, path, message in sink.skipped:
                    yield Problem("schema/not-checked", node.path + pointer(path), message)
        embedded = node["x-kubernetes-embedded-resource"].on or node is root
        waiting += [(child, (meta and not embedded) or (embedded and name in META)) for name, child in properties(node)]
        if (inner := items(node)) is not None:
            waiting.append((inner, meta))
