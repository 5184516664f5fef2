"""An expression as a Python function of its variables.

Every node becomes a closure, so that a rule is read once and run in microseconds. `&&`, `||`, `all` and `exists` forgive an error on one
side where the other side alone decides, as the specification asks.
"""

from collections.abc import Callable
from functools import lru_cache
from typing import Any

from aichaos.check.schema.cel import library, texts
from aichaos.check.schema.cel.folds import FOLDS, Run, Variables, truth
from aichaos.check.schema.cel.syntax import SyntaxProblemError, Tree, UInt, parse
from aichaos.check.schema.cel.values import (
    NONE,
    TYPES,
    BudgetError,
    CelError,
    Optional,
    arithmetic,
    compare,
    equal,
    no_overload,
    number,
    type_name,
)

_JOINS = "=="
_WALKS = "()"
_ANY_TYPE, _MAPPING = "dyn()", "{}"
"""These stand among the names of an expression that compares or adds what may be lists, of one with functions on texts, of one that keeps
a type from being looked at, and of one that makes a mapping itself."""

BUDGET = "#"
"""The variable that holds how many steps of macros are left; no name of CEL."""


class UnknownPartError(Exception):
    """The expression uses something that we do not have."""


class Program:
    """A compiled expression. names: the variables that it uses from outside. run: itself, for variables that hold a BUDGET.

    joins: whether it compares or adds what may be lists. walks: whether it has a function that takes the longer the longer a text is.
    mixes: whether it may compare or add lists of objects and lists of mappings that it makes itself: without dyn() that does not compile.
    """

    def __init__(self, run: Run, names: frozenset[str]) -> None:
        self.run = run
        self.names = names
        self.joins = _JOINS in names
        self.walks = _WALKS in names
        self.mixes = names >= {_JOINS, _ANY_TYPE, _MAPPING}

    def evaluate(self, variables: Variables, budget: list[int]) -> Any:
        """budget: how many steps of macros are left, taken from as it goes. Raises CelError, BudgetError."""
        variables[BUDGET] = budget
        try:
            return self.run(variables)
        except RecursionError as error:
            raise BudgetError from error


@lru_cache(maxsize=4096)
def program(text: str) -> Program:
    """Raises SyntaxProblemError, UnknownPartError."""
    used: set[str] = set()
    try:
        run = _made(parse(text), used)
    except RecursionError:
        raise SyntaxProblemError("nested too deep") from None
    return Program(run, frozenset(used))


def compiled(tree: Tree) -> Run:
    """A part of an expression, for variables that hold a BUDGET. Raises UnknownPartError."""
    return _made(tree, set())


def _made(tree: Tree, used: set[str]) -> Run:
    make: Callable[[Tree, set[str]], Run] = _MAKERS[tree[0]]
    return make(tree, used)


def _literal(tree: Tree, used: set[str]) -> Run:
    value = tree[1]
    return lambda variables: value


def _name(tree: Tree, used: set[str]) -> Run:
    name = tree[1]
    used.add(name)

    def run(variables: Variables) -> Any:
        try:
            return variables[name]
        except KeyError:
            if name in TYPES:
                return TYPES[name]
            raise CelError(f"undeclared reference to '{name}'") from None

    return run


def unescaped(name: str) -> str:
    """The name of a property as it stands in a rule: `__namespace__` is namespace, `__dash__` a dash."""
    if "__" not in name:
        return name
    if name.startswith("__") and name.endswith("__") and name[2:-2] in RESERVED:
        return name[2:-2]
    for written, meant in (("__dot__", "."), ("__dash__", "-"), ("__slash__", "/"), ("__underscores__", "__")):
        name = name.replace(written, meant)
    return name


RESERVED = frozenset({"true", "false", "null", "in", "as", "break", "const", "continue", "else", "for", "function", "if", "import", "let"})
RESERVED |= {"loop", "package", "namespace", "return", "var", "void", "while"}


def _select(tree: Tree, used: set[str]) -> Run:
    _, operand, name, optional = tree
    qualified = f"{operand[1]}.{name}" if operand[0] == "name" else ""
    if qualified in TYPES:
        return lambda variables: TYPES[qualified]
    inner, key = _made(operand, used), unescaped(name)

    def run(variables: Variables) -> Any:
        value = inner(variables)
        if type(value) is dict:
            if key in value:
                return value[key]
            if name in value:
                return value[name]
            raise CelError(f"no such key: {key}")
        return _optional_item(value, key) if type(value) is Optional else _not_a_map(value, key)

    def maybe(variables: Variables) -> Any:
        return _optional_item(inner(variables), key)

    return maybe if optional else run


def _not_a_map(value: Any, key: str) -> Any:
    raise CelError(f"type '{type_name(value)}' does not support field selection" if value is not None else f"no such key: {key}")


def _optional_item(value: Any, key: Any) -> Optional:
    if type(value) is Optional:
        if not value.there:
            return NONE
        value = value.value
    found = _item(value, key, NONE)
    return NONE if found is NONE else Optional(found, there=True)


def _has(tree: Tree, used: set[str]) -> Run:
    inner, key, plain = _made(tree[1], used), unescaped(tree[2]), tree[2]

    def run(variables: Variables) -> bool:
        value = inner(variables)
        if type(value) is dict:
            return key in value or plain in value
        if type(value) is Optional:
            value = value.value if value.there else {}
        if type(value) is not dict:
            raise no_overload("has", value)
        return key in value or plain in value

    return run


def _index(tree: Tree, used: set[str]) -> Run:
    inner, index, optional = _made(tree[1], used), _made(tree[2], used), tree[3]

    def run(variables: Variables) -> Any:
        value, key = inner(variables), index(variables)
        return _optional_item(value, key) if type(value) is Optional else _item(value, key)

    return (lambda variables: _optional_item(inner(variables), index(variables))) if optional else run


_RAISE: Any = object()


def _item(value: Any, key: Any, otherwise: Any = _RAISE) -> Any:
    if isinstance(value, list):
        position = _whole(key)
        if position is None:
            raise no_overload("_[_]", value, key)
        if 0 <= position < len(value):
            return value[position]
        if otherwise is _RAISE:
            raise CelError(f"index out of bounds: {position}")
        return otherwise
    if type(value) is dict:
        if isinstance(key, (list, dict)):
            raise no_overload("_[_]", value, key)
        found = value.get(key, _RAISE) if type(key) is not bool else next((item for name, item in value.items() if name is key), _RAISE)
        if found is not _RAISE:
            return found
        if otherwise is _RAISE:
            raise CelError(f"no such key: {key}")
        return otherwise
    raise no_overload("_[_]", value, key)


def _whole(value: Any) -> int | None:
    if type(value) in (int, UInt):
        return int(value)
    return int(value) if type(value) is float and value.is_integer() else None


def _list(tree: Tree, used: set[str]) -> Run:
    items = [(_made(item, used), optional) for item, optional in tree[1]]

    def run(variables: Variables) -> list[Any]:
        found = []
        for item, optional in items:
            value = item(variables)
            if not optional:
                found.append(value)
            elif type(value) is not Optional:
                raise no_overload("optional element", value)
            elif value.there:
                found.append(value.value)
        return found

    return run


def _map(tree: Tree, used: set[str]) -> Run:
    used.add(_MAPPING)
    entries = [(_made(key, used), _made(value, used), optional) for key, value, optional in tree[1]]

    def run(variables: Variables) -> dict[Any, Any]:
        found: dict[Any, Any] = {}
        for key, value, optional in entries:
            name, item = key(variables), value(variables)
            if type(name) not in (str, int, UInt, bool):
                raise CelError(f"unsupported key type: {type_name(name)}")
            if not optional:
                found[name] = item
            elif type(item) is Optional and item.there:
                found[name] = item.value
        return found

    return run


def _and(tree: Tree, used: set[str]) -> Run:
    return _logical("_&&_", False, _made(tree[1], used), _made(tree[2], used))


def _or(tree: Tree, used: set[str]) -> Run:
    return _logical("_||_", True, _made(tree[1], used), _made(tree[2], used))


def _logical(name: str, decides: bool, left: Run, right: Run) -> Run:
    """Where one side has the value that decides, an error on the other side does not matter."""

    def run(variables: Variables) -> bool:
        try:
            value = left(variables)
            if type(value) is not bool:
                raise no_overload(name, value)
        except CelError:
            if right(variables) is decides:
                return bool(decides)
            raise
        return decides if value is decides else truth(right(variables), name)

    return run


def _if(tree: Tree, used: set[str]) -> Run:
    condition, then, otherwise = (_made(part, used) for part in tree[1:])

    def run(variables: Variables) -> Any:
        value = condition(variables)
        if value is True:
            return then(variables)
        if value is False:
            return otherwise(variables)
        raise no_overload("_?_:_", value)

    return run


def _unary(tree: Tree, used: set[str]) -> Run:
    inner = _made(tree[2], used)
    if tree[1] == "!":

        def negated(variables: Variables) -> bool:
            value = inner(variables)
            if type(value) is not bool:
                raise no_overload("!_", value)
            return not value

        return negated

    def run(variables: Variables) -> Any:
        value = inner(variables)
        if type(value) is int:
            return number(-value)
        if type(value) is float:
            return -value
        raise no_overload("-_", value)

    return run


def _binary(tree: Tree, used: set[str]) -> Run:
    _, operator, one, other = tree
    left, right = _made(one, used), _made(other, used)
    if operator in ("==", "!=") and other[0] == "literal" and type(other[1]) is str:
        return _same_text(left, other[1], operator == "==")
    if operator == "in" and (texts := _texts_of(other)) is not None:
        return _one_of(left, texts)
    if operator == "in" or (operator in ("==", "!=", "+") and not (_is_single(one) or _is_single(other))):
        used.add(_JOINS)
    match operator:
        case "==":
            return lambda variables: equal(left(variables), right(variables))
        case "!=":
            return lambda variables: not equal(left(variables), right(variables))
        case "in":
            return lambda variables: _contains(right(variables), left(variables))
        case "<":
            return lambda variables: compare(left(variables), right(variables)) == -1
        case "<=":
            return lambda variables: compare(left(variables), right(variables)) in (-1, 0)
        case ">":
            return lambda variables: compare(left(variables), right(variables)) == 1
        case ">=":
            return lambda variables: compare(left(variables), right(variables)) in (0, 1)
    return lambda variables: arithmetic(operator, left(variables), right(variables))


def _is_single(tree: Tree) -> bool:
    """Whether this can't be a list."""
    return tree[0] in ("literal", "has", "unary", "&&", "||") or (tree[0] == "binary" and tree[1] != "+") or tree[:2] == ("call", "size")


def _same_text(left: Run, text: str, wanted: bool) -> Run:
    """What most rules are made of: a field is, or is not, this text."""

    def run(variables: Variables) -> bool:
        value = left(variables)
        return (type(value) is str and value == text) is wanted

    return run


def _texts_of(tree: Tree) -> list[str] | None:
    """The texts of a list that is written out, as in `['Exact', 'PathPrefix']`."""
    if tree[0] != "list" or not all(item[0] == "literal" and type(item[1]) is str and not optional for item, optional in tree[1]):
        return None
    return [item[1] for item, _ in tree[1]]


def _one_of(left: Run, texts: list[str]) -> Run:
    return lambda variables: type(value := left(variables)) is str and value in texts


def _contains(collection: Any, value: Any) -> bool:
    if isinstance(collection, list):
        return any(equal(item, value) for item in collection)
    if type(collection) is dict:
        return _item(collection, value, NONE) is not NONE
    raise no_overload("in", value, collection)


def _call(tree: Tree, used: set[str]) -> Run:
    _, name, target, arguments = tree
    if target is not None:
        namespace = target[1] if target[0] == "name" else ""
        qualified = library.NAMESPACED.get((f"{namespace}.{name}", len(arguments)))
        if qualified is not None:
            return _applied(qualified, [_made(argument, used) for argument in arguments])
        if name in ("orValue", "or") and len(arguments) == 1:
            return _lazily(name, _made(target, used), _made(arguments[0], used))
    found = (library.METHODS if target is not None else library.FUNCTIONS).get((name, len(arguments) + (target is not None)))
    if found is None:
        raise UnknownPartError(f"there is no function {name} of {len(arguments)} arguments")
    if found in _ON_TEXTS:
        used.add(_WALKS)
    if name == "dyn":
        used.add(_ANY_TYPE)
    return _applied(found, [_made(part, used) for part in ((target, *arguments) if target is not None else arguments)])


_ON_TEXTS = frozenset(texts.METHODS.values())


def _applied(function: Callable[..., Any], arguments: list[Run]) -> Run:
    match arguments:
        case [one]:
            return lambda variables: function(one(variables))
        case [one, two]:
            return lambda variables: function(one(variables), two(variables))
    return lambda variables: function(*(argument(variables) for argument in arguments))


def _lazily(name: str, target: Run, argument: Run) -> Run:
    def run(variables: Variables) -> Any:
        value = target(variables)
        if type(value) is not Optional:
            raise no_overload(name, value)
        if value.there:
            return value if name == "or" else value.value
        return argument(variables)

    return run


# macros -------------------------------------------------------------------------------------------------------------------------


def _optional_map(tree: Tree, used: set[str]) -> Run:
    kind, target, variable, body = tree
    inner, run_body = _made(target, used), _inner(body, used, (variable,))

    def run(variables: Variables) -> Any:
        value = inner(variables)
        if type(value) is not Optional:
            raise no_overload(kind, value)
        if not value.there:
            return NONE
        result = run_body(variables | {variable: value.value})
        return Optional(result, there=True) if kind == "optMap" else result

    return run


def _inner(tree: Tree, used: set[str], bound: tuple[str, ...]) -> Run:
    """The body of a macro: its own variables are not those from outside."""
    names: set[str] = set()
    run = _made(tree, names)
    used |= names - set(bound)
    return run


def _each(tree: Tree, used: set[str]) -> Run:
    _, kind, target, names, bodies = tree
    collection = _made(target, used)
    runs = [_inner(body, used, names) for body in bodies]
    fold = FOLDS[kind if len(names) == 1 else f"{kind} of two"]
    two = len(names) == 2

    def run(variables: Variables) -> Any:
        value = collection(variables)
        scope = variables.copy()
        if isinstance(value, list):
            pairs: Any = enumerate(value) if two else value
        elif type(value) is dict:
            pairs = value.items() if two else value
        else:
            raise no_overload(kind, value)
        budget = variables[BUDGET]
        budget[0] -= len(value) + 1
        if budget[0] < 0:
            raise BudgetError
        return fold(pairs, scope, names, runs)

    return run


_MAKERS: dict[str, Callable[[Tree, set[str]], Run]] = {
    "literal": _literal,
    "name": _name,
    "select": _select,
    "has": _has,
    "index": _index,
    "list": _list,
    "map": _map,
    "&&": _and,
    "||": _or,
    "if": _if,
    "unary": _unary,
    "binary": _binary,
    "call": _call,
    "optMap": _optional_map,
    "optFlatMap": _optional_map,
    "each": _each,
}
