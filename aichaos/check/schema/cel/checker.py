"""Whether an expression compiles: the type checker of the API server's CEL (cel-go 0.26, checker/checker.go and its macros).

A tree becomes nodes, macros become the loops that they stand for, and every node gets its type and the overloads that it may mean.
"""

from collections.abc import Sequence
from typing import Any, Literal

import msgspec

from aichaos.check.schema.cel import typing as t
from aichaos.check.schema.cel.declared import Declared
from aichaos.check.schema.cel.program import RESERVED
from aichaos.check.schema.cel.syntax import Tree, UInt
from aichaos.check.schema.patterns import BadPatternError, compiled
from aichaos.check.spelling import did_you_mean

Kind = Literal["literal", "name", "select", "has", "call", "list", "map", "loop"]
RESULT = "@result"
"""The variable in which a loop gathers."""


class TypeProblemError(Exception):
    """The expression does not compile."""


class NotKnownError(Exception):
    """Whether it does can't be said here."""


class Loop(msgspec.Struct):
    """over, start, condition, step, result: as in a fold. variables: what stands for an item, or for a key and a value."""

    over: "Node"
    variables: tuple[str, ...]
    gathers: str
    start: "Node"
    condition: "Node"
    step: "Node"
    result: "Node"


class Node(msgspec.Struct):
    """name: of a variable, a field or a function. optional: of list items and map values, which of them may be left out."""

    kind: Kind
    value: Any = None
    name: str = ""
    target: "Node | None" = None
    parts: list["Node"] = []
    optional: tuple[int, ...] = ()
    loop: Loop | None = None
    type: t.Type = t.ERROR
    overloads: list[str] = []


# trees to nodes -----------------------------------------------------------------------------------------------------------------


def nodes(tree: Tree) -> Node:
    """Raises TypeProblemError for a macro that is used wrongly."""
    match tree:
        case ("literal", value):
            return Node("literal", value=value)
        case ("name", name):
            return Node("name", name=name)
        case ("select", operand, name, True):
            return _call("_?._", nodes(operand), Node("literal", value=name))
        case ("select", operand, name, _):
            return Node("select", name=name, target=nodes(operand))
        case ("has", operand, name):
            return Node("has", name=name, target=nodes(operand))
        case ("index", operand, index, optional):
            return _call("_[?_]" if optional else "_[_]", nodes(operand), nodes(index))
        case ("list", items):
            optional = tuple(number for number, (_, maybe) in enumerate(items) if maybe)
            return Node("list", parts=[nodes(item) for item, _ in items], optional=optional)
        case ("map", entries):
            optional = tuple(number for number, (_, _, maybe) in enumerate(entries) if maybe)
            return Node("map", parts=[nodes(part) for key, value, _ in entries for part in (key, value)], optional=optional)
        case ("&&" | "||" as operator, left, right):
            return _call(f"_{operator}_", nodes(left), nodes(right))
        case ("if", condition, then, otherwise):
            return _call("_?_:_", nodes(condition), nodes(then), nodes(otherwise))
        case ("unary", operator, operand):
            return _call(f"{operator}_", nodes(operand))
        case ("binary", "in", left, right):
            return _call("@in", nodes(left), nodes(right))
        case ("binary", operator, left, right):
            return _call(f"_{operator}_", nodes(left), nodes(right))
        case ("each", name, target, variables, arguments):
            return _each(name, target, variables, arguments)
        case ("optMap" | "optFlatMap" as name, target, variable, body):
            return _if_there(name, target, variable, body)
        case ("call", "sortBy", target, [("name", variable), body]) if target is not None:
            return _sorted_by(nodes(target), variable, body)
        case ("call", name, target, arguments):
            whole = nodes(target) if target is not None else None
            return Node("call", name=name, target=whole, parts=[nodes(argument) for argument in arguments])
    raise NotKnownError(f"{tree[0]} is not known here")


def _call(name: str, *parts: Node) -> Node:
    return Node("call", name=name, parts=list(parts))


def _gathered() -> Node:
    return Node("name", name=RESULT)


def _true() -> Node:
    return Node("literal", value=True)


def _each(name: str, target: Tree, variables: tuple[str, ...], arguments: Sequence[Tree]) -> Node:
    count = len(variables) + len(arguments)
    if f"{name}:{count}:true" not in t.environment().macros:
        raise TypeProblemError(f"there is no macro {name} of {count} arguments")
    if len(set(variables)) < len(variables):
        raise TypeProblemError(f"{name} has the variable {variables[0]} twice")
    if "__result__" in variables:
        raise TypeProblemError("__result__ is the macro's own variable")
    over, *bodies = nodes(target), *map(nodes, arguments)
    condition, result = _true(), _gathered()
    match name:
        case "all":
            start, condition = _true(), _call("@not_strictly_false", _gathered())
            step = _call("_&&_", _gathered(), bodies[0])
        case "exists":
            start, condition = Node("literal", value=False), _call("@not_strictly_false", _call("!_", _gathered()))
            step = _call("_||_", _gathered(), bodies[0])
        case "exists_one" | "existsOne":
            one = Node("literal", value=1)
            start, step = Node("literal", value=0), _call("_?_:_", bodies[0], _call("_+_", _gathered(), one), _gathered())
            result = _call("_==_", _gathered(), Node("literal", value=1))
        case "transformMap" | "transformMapEntry":
            keys = [Node("name", name=variables[0])] if name == "transformMap" else []
            start, step = Node("map"), _call("cel.@mapInsert", _gathered(), *keys, bodies[-1])
        case _:
            item = Node("name", name=variables[0]) if name == "filter" else bodies[-1]
            start, step = Node("list"), _call("_+_", _gathered(), Node("list", parts=[item]))
    if name == "filter" or (len(bodies) == 2 and (name == "map" or name.startswith("transform"))):
        step = _call("_?_:_", bodies[0], step, _gathered())
    return Node("loop", loop=Loop(over, variables, RESULT, start, condition, step, result))


def _bound(variable: str, value: Node, result: Node) -> Node:
    """A variable with a value: to CEL, a loop over nothing."""
    nothing, never = Node("list"), Node("literal", value=False)
    return Node("loop", loop=Loop(nothing, ("#unused",), variable, value, never, Node("name", name=variable), result))


def _if_there(name: str, target: Tree, variable: str, body: Tree) -> Node:
    value = Node("call", name="value", target=nodes(target))
    made = _bound(variable, value, nodes(body))
    then = _call("optional.of", made) if name == "optMap" else made
    return _call("_?_:_", Node("call", name="hasValue", target=nodes(target)), then, _call("optional.none"))


def _sorted_by(target: Node, variable: str, body: Tree) -> Node:
    if target.kind in ("literal", "map"):
        raise TypeProblemError("sortBy sorts a list")
    whole, keys = ("name", "@__sortBy_input__"), ("each", "map", ("name", "@__sortBy_input__"), (variable,), [body])
    call = Node("call", name="@sortByAssociatedKeys", target=nodes(whole), parts=[nodes(keys)])
    return _bound("@__sortBy_input__", target, call)


# types --------------------------------------------------------------------------------------------------------------------------

_LITERALS: dict[type, t.Type] = {bool: t.BOOL, int: t.INT, UInt: ("uint",), float: ("double",), str: t.STRING, bytes: ("bytes",)}


class Checked(msgspec.Struct, frozen=True):
    """An expression that compiles. old: whether it looks at the object as it was."""

    root: Node
    old: bool


def check(tree: Tree, self_type: Declared, *, optional_old: bool, wanted: t.Type) -> Checked:
    """optional_old: whether the object as it was may be missing. wanted: what the expression has to be. Raises TypeProblemError,
    NotKnownError."""
    root = nodes(tree)
    old = ("optional", self_type.type) if optional_old else self_type.type
    checker = _Checker(self_type)
    checker.visit(root, {"self": self_type.type, "oldSelf": old})
    checker.settle(root)
    if root.type != wanted:
        raise TypeProblemError(f"it is {t.written(root.type)}, and has to be {t.written(wanted)}")
    _validated(root)
    return Checked(root, checker.old)


class _Checker:
    def __init__(self, self_type: Declared) -> None:
        self.old = False
        self._bindings: t.Bindings = {}
        self._free = 0
        self._objects: dict[str, Declared] = {}
        self._note(self_type)

    def _note(self, one: Declared) -> None:
        if one.type[0] == "object":
            self._objects[one.type[1]] = one
        for inner in (*one.fields.values(), *(each for each in (one.key, one.item) if each is not None)):
            self._note(inner)

    def _fresh(self) -> t.Type:
        self._free += 1
        return ("param", f"_{self._free}")

    def settle(self, node: Node) -> None:
        """What is still free may be anything."""
        node.type = t.bound(self._bindings, node.type, free_as_dyn=True)
        for part in below(node):
            self.settle(part)

    def visit(self, node: Node, names: dict[str, t.Type]) -> None:
        match node.kind:
            case "literal":
                node.type = t.NULL if node.value is None else _LITERALS[type(node.value)]
            case "name":
                node.type = self._named(node.name, names)
            case "select" | "has":
                self._select(node, names)
            case "call":
                self._call(node, names)
            case "list":
                node.type = ("list", self._joined(node.parts, node.optional, names) or self._fresh())
            case "map":
                for part in node.parts:
                    self.visit(part, names)
                keys = self._joined(node.parts[::2], (), None)
                values = self._joined(node.parts[1::2], node.optional, None)
                node.type = ("map", keys or self._fresh(), values or self._fresh())
            case "loop":
                assert node.loop is not None
                self._loop(node, node.loop, names)

    def _named(self, name: str, names: dict[str, t.Type]) -> t.Type:
        if name in names:
            self.old = self.old or name == "oldSelf"
            return names[name]
        declared = t.environment().variables.get(name)
        if declared is None:
            raise TypeProblemError(f"nothing is called {name} here{did_you_mean(name, [*names, *t.environment().functions])}")
        return t.read(declared)

    def _select(self, node: Node, names: dict[str, t.Type]) -> None:
        qualified = _qualified(node) if node.kind == "select" else None
        if qualified is not None and qualified in t.environment().variables:
            node.kind, node.name, node.target = "name", qualified, None
            node.type = t.read(t.environment().variables[qualified])
            return
        assert node.target is not None
        found = self._field(node.target, node.name, names)
        node.type = t.BOOL if node.kind == "has" else t.bound(self._bindings, found)

    def _field(self, operand: Node, name: str, names: dict[str, t.Type]) -> t.Type:
        self.visit(operand, names)
        whole = t.bound(self._bindings, operand.type)
        inner = whole[1] if whole[0] == "optional" else whole
        match inner[0]:
            case "map":
                found = inner[2]
            case "object":
                declared = self._objects.get(inner[1])
                known = declared.fields if declared is not None else {}
                name = f"__{name}__" if name not in known and name in RESERVED else name
                if name not in known:
                    raise TypeProblemError(f"there is no field {name}{did_you_mean(name, known)}")
                found = known[name].type
            case "param":
                t.fits(self._bindings, t.DYN, inner)
                found = t.DYN
            case "dyn" | "error":
                found = t.DYN
            case _:
                raise TypeProblemError(f"{t.written(inner)} has no fields, and {name} is asked of one")
        return ("optional", found) if whole[0] == "optional" else found

    def _call(self, node: Node, names: dict[str, t.Type]) -> None:
        if node.name == "_?._":
            found = self._field(node.parts[0], node.parts[1].value, names)
            node.parts[1].type = t.STRING
            node.type = t.bound(self._bindings, found if found[0] == "optional" else ("optional", found))
            node.overloads = ["select_optional_field"]
            return
        if node.name == "bind" and node.target is not None and _qualified(node.target) == "cel":
            raise TypeProblemError("cel.bind is not there in the rules of a definition")
        for part in node.parts:
            self.visit(part, names)
        functions = t.environment().functions
        if node.target is not None:
            prefix = _qualified(node.target)
            if prefix is not None and f"{prefix}.{node.name}" in functions:
                node.name, node.target = f"{prefix}.{node.name}", None
            else:
                self.visit(node.target, names)
        if node.name not in functions:
            raise TypeProblemError(f"there is no function {node.name}{did_you_mean(node.name, functions)}")
        self._resolve(node, functions[node.name])

    def _resolve(self, node: Node, overloads: tuple[t.Overload, ...]) -> None:
        given = [part.type for part in ((node.target, *node.parts) if node.target is not None else node.parts)]
        if node.name in ("_&&_", "_||_"):
            for one in given:
                if not t.fits(self._bindings, one, t.BOOL):
                    raise TypeProblemError(f"{node.name[1:3]} takes true or false, not {t.written(t.bound(self._bindings, one))}")
            node.type, node.overloads = t.BOOL, [overloads[0].name]
            return
        result: t.Type | None = None
        chosen: list[str] = []
        for overload in overloads:
            if overload.member is (node.target is None):
                continue
            names = _Parameters(self._fresh)
            wanted = [t.renamed(t.read(argument), names) for argument in overload.arguments]
            if t.all_fit(self._bindings, given, wanted):
                chosen.append(overload.name)
                found = t.bound(self._bindings, t.renamed(t.read(overload.result), names))
                result = found if result is None else result if result in (t.DYN, found) else t.DYN
        if result is None:
            shown = ", ".join(t.written(t.bound(self._bindings, one, free_as_dyn=True)) for one in given)
            raise TypeProblemError(f"{_shown(node.name)} can't be used with {shown or 'nothing'}")
        node.type, node.overloads = result, chosen

    def _joined(self, parts: list[Node], optional: tuple[int, ...], names: dict[str, t.Type] | None) -> t.Type | None:
        """The one type of the parts of a list or a map. names: None where the parts were visited before."""
        joined: t.Type | None = None
        for number, part in enumerate(parts):
            if names is not None:
                self.visit(part, names)
            one = part.type
            if number in optional:
                if one[0] not in ("optional", "dyn"):
                    raise TypeProblemError(f"behind ? stands {t.written(one)}, which is not optional")
                one = one[1] if one[0] == "optional" else one
            if joined is None:
                joined = one
            elif t.fits(self._bindings, joined, one):
                joined = t.more_general(joined, one)
            else:
                raise TypeProblemError(f"{t.written(joined)} and {t.written(one)} stand in one list or map")
        return joined

    def _loop(self, node: Node, loop: Loop, names: dict[str, t.Type]) -> None:
        self.visit(loop.over, names)
        self.visit(loop.start, names)
        over = t.bound(self._bindings, loop.over.type)
        gathered = loop.start.type
        types: list[t.Type]
        outer = {**names, loop.gathers: gathered}
        match over[0]:
            case "list":
                types = [over[1]] if len(loop.variables) == 1 else [t.INT, over[1]]
            case "map":
                types = [over[1]] if len(loop.variables) == 1 else [over[1], over[2]]
            case "dyn" | "error" | "param":
                t.fits(self._bindings, t.DYN, over)
                types = [t.DYN] * len(loop.variables)
            case _:
                raise TypeProblemError(f"{t.written(over)} is no list or map to go through")
        inner = {**outer, **dict(zip(loop.variables, types, strict=True))}
        self.visit(loop.condition, inner)
        self._is(loop.condition, t.BOOL)
        self.visit(loop.step, inner)
        self._is(loop.step, gathered)
        self.visit(loop.result, outer)
        node.type = t.bound(self._bindings, loop.result.type)

    def _is(self, node: Node, wanted: t.Type) -> None:
        if not t.fits(self._bindings, wanted, node.type):
            raise TypeProblemError(f"{t.written(node.type)} stands where {t.written(wanted)} is wanted")


class _Parameters(dict[str, t.Type]):
    """The free types of one use of an overload, made when they are met."""

    def __init__(self, fresh: Any) -> None:
        self._fresh = fresh

    def __missing__(self, name: str) -> t.Type:
        made: t.Type = self._fresh()
        self[name] = made
        return made


def _qualified(node: Node) -> str | None:
    """`a.b.c`, where a node is no more than that."""
    if node.kind == "name":
        return node.name
    if node.kind == "select" and node.target is not None and (prefix := _qualified(node.target)) is not None:
        return f"{prefix}.{node.name}"
    return None


def _shown(function: str) -> str:
    return "in" if function == "@in" else function.replace("_", "") if function[-1] == "_" or function[0] == "_" else function


def below(node: Node) -> list[Node]:
    """The nodes that one is made of."""
    found = [*([node.target] if node.target is not None else []), *node.parts]
    if node.loop is not None:
        loop = node.loop
        found += [loop.over, loop.start, loop.condition, loop.step, loop.result]
    return found


# literals -----------------------------------------------------------------------------------------------------------------------


def _validated(node: Node) -> None:
    """What the server looks at after the types: literals that are no duration, time or expression, and lists of several types."""
    if node.kind == "call" and node.parts and node.parts[0].kind == "literal":
        _literal(node.name, node.parts[0].value)
    if node.kind == "call" and node.name == "format" and node.target is not None and node.target.kind == "literal":
        _formatted(node.target.value, node.parts)
    if node.kind == "list":
        _one_type(node.parts, node.optional)
    if node.kind == "map":
        _one_type(node.parts[::2], ())
        _one_type(node.parts[1::2], node.optional)
    for part in below(node):
        _validated(part)


def _literal(function: str, value: Any) -> None:
    from aichaos.check.schema.cel.times import duration, timestamp
    from aichaos.check.schema.cel.values import CelError

    if function == "duration" and type(value) is int:
        raise TypeProblemError("a duration is made of a text, such as '10s'")  # declared, and refused all the same
    if not isinstance(value, str):
        return
    try:
        if function == "matches":
            compiled(value)
        elif function in ("duration", "timestamp"):
            (duration if function == "duration" else timestamp)(value)
    except BadPatternError as error:
        raise TypeProblemError(f"{value[:40]!r} is no regular expression: {error}") from error
    except CelError as error:
        raise TypeProblemError(f"{value[:40]!r} is no {function}") from error


def _one_type(parts: list[Node], optional: tuple[int, ...]) -> None:
    types = [part.type[1] if number in optional and part.type[0] == "optional" else part.type for number, part in enumerate(parts)]
    for one in types[1:]:
        if not t.alike(types[0], one):
            raise TypeProblemError(f"{t.written(types[0])} and {t.written(one)} stand in one list or map")


def _formatted(text: str, arguments: list[Node]) -> None:
    """The server looks into the text of a format: as many values as it has places. What they have to be is not looked at here."""
    places = text.replace("%%", "").count("%")
    if arguments and arguments[0].kind == "list" and len(arguments[0].parts) != places:
        raise TypeProblemError(f"the text has {places} places, and {len(arguments[0].parts)} values are given")
    if places and places != text.count("%s"):
        raise NotKnownError("what stands behind % in its text is not looked at here")
