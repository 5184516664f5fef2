"""What an expression costs the API server on one object, in the server's own units (cel-go 0.26, interpreter/runtimecost.go, and
k8s.io/apiserver 0.35, pkg/cel/library/cost.go), for it stops a rule that costs too much and refuses the object.

Counting takes several times as long as running, so it is done for those rules alone that may come near the limit: `may_be_dear` is cheap,
and errs on the safe side. The count follows the server's within some ten percent, hence three answers.
"""

from collections.abc import Callable
from contextlib import suppress
from functools import lru_cache
from math import ceil
from typing import Any, Literal

from aichaos.check.schema.cel.folds import Variables
from aichaos.check.schema.cel.library import NAMESPACED
from aichaos.check.schema.cel.program import BUDGET, compiled
from aichaos.check.schema.cel.syntax import Tree, parse
from aichaos.check.schema.cel.values import CelError, Optional
from aichaos.check.schema.problems import characters

PER_RULE = 1_000_000
PER_OBJECT = 10_000_000
_SURE = 1.5
"""Within this factor of a limit nobody can say which side the server comes down on."""

Dear = Literal["no", "perhaps", "yes"]

_NEAR = 100_000
_TRAVERSED = 0.1
_REGEX = 0.25
A_STEP = 20
"""About what a step of a macro costs; a text that is walked through in one comes on top."""


class TooDearError(Exception):
    """Counted far enough."""


Count = Callable[[Variables], int]


def may_be_dear(steps: int, value: Any) -> bool:
    """Whether a rule that took so many steps of macros on this value could come near the limit. Every text may be walked at every step."""
    if steps * A_STEP > _NEAR:
        return True
    length = characters(value, _NEAR)
    return length > _NEAR or (steps + 10) * length * _TRAVERSED > _NEAR


def judged(cost: float, limit: int) -> Dear:
    return "yes" if cost > limit * _SURE else "perhaps" if cost * _SURE > limit else "no"


def cost(expression: str, variables: Variables) -> int:
    """Units that an expression takes which `program` has read; counted no further than is needed to be sure."""
    spent = [0, int(PER_RULE * _SURE) + 1]
    with suppress(TooDearError, CelError):  # that an expression has no value is told where it is run
        _counter(expression)(variables | {BUDGET: [PER_OBJECT], _SPENT: spent})
    return spent[0]


_SPENT = "#spent"


@lru_cache(maxsize=256)
def _counter(expression: str) -> Count:
    return _made(parse(expression))


def _pay(variables: Variables, units: int) -> int:
    spent = variables[_SPENT]
    spent[0] += units
    if spent[0] > spent[1]:
        raise TooDearError
    return units


def _made(tree: Tree) -> Count:
    """Pays for a tree as it would be evaluated."""
    match tree[0]:
        case "literal":
            return lambda variables: 0
        case "name":
            return lambda variables: _pay(variables, 1)
        case "select" | "has":
            return _all([tree[1]], 1)
        case "index":
            return _all([tree[1], tree[2]], 1)
        case "list":
            return _all([item for item, _ in tree[1]], 10)
        case "map":
            return _all([part for key, value, _ in tree[1] for part in (key, value)], 30)
        case "&&" | "||":
            return _either(tree[1], tree[2], decides=tree[0] == "||")
        case "if":
            return _if(tree)
        case "unary":
            return _all([tree[2]], 1)
        case "binary":
            return _function(tree[1], list(tree[2:]))
        case "call":
            return _function(tree[1], _arguments(tree))
        case "each":
            return _each(tree)
    return _optional(tree)


def _all(trees: list[Tree], units: int) -> Count:
    parts = [_made(tree) for tree in trees]

    def count(variables: Variables) -> int:
        for part in parts:
            part(variables)
        return _pay(variables, units)

    return count


def _either(left: Tree, right: Tree, *, decides: bool) -> Count:
    first, second, value = _made(left), _made(right), compiled(left)

    def count(variables: Variables) -> int:
        first(variables)
        try:
            done = value(variables) is decides
        except CelError:
            done = False
        return 0 if done else second(variables)

    return count


def _if(tree: Tree) -> Count:
    condition, then, otherwise = (_made(part) for part in tree[1:])
    value = compiled(tree[1])

    def count(variables: Variables) -> int:
        condition(variables)
        return then(variables) if value(variables) is True else otherwise(variables)

    return count


def _optional(tree: Tree) -> Count:
    _, target, variable, body = tree
    before, value, inside = _made(target), compiled(target), _made(body)

    def count(variables: Variables) -> int:
        before(variables)
        found = value(variables)
        if isinstance(found, Optional) and found.there:
            inside(variables | {variable: found.value})
        return _pay(variables, 3)

    return count


# calls ------------------------------------------------------------------------------------------------------------------------------


def _size(value: Any) -> int:
    return len(value) if isinstance(value, (str, bytes, list, dict)) else 1


def _walk(size: int) -> int:
    return ceil(size * _TRAVERSED)


_BOTH = ("+",)
_SMALLER = ("==", "!=", "<", "<=", ">", ">=")
_WHOLE_LIST = ("isSorted", "sum", "min", "max", "indexOf", "lastIndexOf", "distinct", "sort", "reverse", "flatten", "slice", "join")
_PATTERNS = ("matches", "find", "findAll")
_ONE_UNIT = ("size", "int", "uint", "double", "bool", "type", "dyn", "duration", "timestamp", "value", "hasValue", "orValue", "of", "none")


def _own(name: str, values: list[Any]) -> int:
    """What a function takes for itself."""
    sizes = [_size(value) for value in values]
    first = sizes[0] if sizes else 1
    if name in _SMALLER:
        return max(1, _walk(min(sizes)))
    if name in _BOTH and not isinstance(values[0], list):
        return max(1, _walk(sum(sizes))) if isinstance(values[0], (str, bytes)) else 1
    if name == "in":
        return sizes[1]
    if name in _PATTERNS:
        return max(1, _walk(first + 1) * ceil(sizes[1] * _REGEX))
    if name == "contains" and isinstance(values[0], str):
        return max(1, _walk(first) * _walk(sizes[1]))
    if name in ("intersects", "equivalent", "contains"):
        return 1 + first * sizes[-1] * (2 if name == "equivalent" else 1)
    if name in _WHOLE_LIST and isinstance(values[0], list):
        return first
    if name in _ONE_UNIT or name in ("-", "*", "/", "%", "+") or not isinstance(values[0] if values else None, (str, bytes)):
        return 1
    return max(1, _walk(first))


def _function(name: str, trees: list[Tree]) -> Count:
    parts, values = [_made(tree) for tree in trees], [compiled(tree) for tree in trees]

    def count(variables: Variables) -> int:
        for part in parts:
            part(variables)
        return _pay(variables, _own(name, [value(variables) for value in values]))

    return count


def _arguments(tree: Tree) -> list[Tree]:
    _, name, target, arguments = tree
    if target is None or (target[0] == "name" and (f"{target[1]}.{name}", len(arguments)) in NAMESPACED):
        return list(arguments)
    return [target, *arguments]


# macros -----------------------------------------------------------------------------------------------------------------------------

_EACH = {"all": 3, "exists": 4, "exists_one": 2, "existsOne": 2, "filter": 1, "map": 12, "transformList": 12}
"""What a macro takes for an item beside its body: its condition, and what it keeps."""
_KEPT = {"exists_one": 1, "existsOne": 1, "filter": 12}
_ENDS: dict[str, bool] = {"all": False, "exists": True}


def _each(tree: Tree) -> Count:
    _, kind, target, names, bodies = tree
    before, collection = _made(target), compiled(target)
    costs, values = [_made(body) for body in bodies], [compiled(body) for body in bodies]
    units, kept, ends = _EACH.get(kind, 30), _KEPT.get(kind, 0), _ENDS.get(kind)

    def count(variables: Variables) -> int:
        before(variables)
        items = collection(variables)
        scope = variables.copy()
        pairs: Any = items.items() if isinstance(items, dict) else enumerate(items)
        for key, item in pairs:
            if len(names) == 2:
                scope[names[0]], scope[names[1]] = key, item
            else:
                scope[names[0]] = key if isinstance(items, dict) else item
            _pay(variables, units)
            costs[0](scope)
            if len(bodies) == 1 and not kept and ends is None:
                continue
            try:
                held = values[0](scope)
            except CelError:
                continue
            if ends is not None and held is ends:
                break
            if held is True and kept:
                _pay(variables, kept)
            if held is True and len(bodies) == 2:
                costs[1](scope)
        return _pay(variables, 1)

    return count
