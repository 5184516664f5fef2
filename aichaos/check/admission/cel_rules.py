"""The CEL rules of a definition: whether each compiles against its schema, and whether the server would bear its cost.

The server estimates, for each rule, the most that one look may cost, times how often the largest object can hold such a value: 10,000,000
units for one rule, 100,000,000 for all of a schema (apiextensions-apiserver 1.35, apis/apiextensions/validation).
"""

from collections.abc import Generator
from typing import NamedTuple

from aichaos.check.admission.spot import Problem, Problems, Spot
from aichaos.check.admission.structural import further, items, properties
from aichaos.check.schema.cel.checker import Checked, NotKnownError, TypeProblemError, check
from aichaos.check.schema.cel.declared import REQUEST, Declared, declared
from aichaos.check.schema.cel.estimate import estimate
from aichaos.check.schema.cel.sizes import MOST
from aichaos.check.schema.cel.syntax import SyntaxProblemError, parse
from aichaos.check.schema.cel.typing import BOOL, STRING, Type

PER_RULE = 10_000_000
PER_SCHEMA = 100_000_000
_BOUNDS = "give maxItems, maxProperties and maxLength to the lists, maps and texts that it goes over"


class _Here(NamedTuple):
    """Where a node stands. often: how often an object can hold such a value at most; None where nothing bounds it. apart: whether old and
    new values can't be told to be the same one."""

    often: int | None = 1
    apart: bool = False
    root: bool = True


class _Sum:
    """What all rules of a schema cost together; whether every one could be estimated, and whether one was told to cost too much."""

    def __init__(self) -> None:
        self.total = 0
        self.whole = True
        self.told = False


def rules(root: Spot) -> Problems:
    spent = _Sum()
    waiting = [(root, _Here())]
    while waiting:
        node, here = waiting.pop()
        if node["x-kubernetes-validations"].each():
            yield from _of_node(node, here, spent)
        waiting += _children(node, here)
    if spent.told:
        return  # it is these that have to change
    if spent.total > PER_SCHEMA:
        times = _times(spent.total, PER_SCHEMA)
        yield Problem("admission/forbidden", root.path, f"its rules may cost {times} what the server bears in one schema: {_BOUNDS}")
    elif not spent.whole:
        yield Problem("schema/not-checked", root.path, "what its rules cost together is not known, for some could not be looked at")


def _children(node: Spot, here: _Here) -> list[tuple[Spot, _Here]]:
    below = _Here(_bounded(node, here.often), here.apart, root=False)
    found = []
    if (inner := items(node)) is not None:
        found.append((inner, below._replace(apart=below.apart or node["x-kubernetes-list-type"].text != "map")))
    if (rest := further(node)) is not None:
        found.append((rest, below))
    atomic = node["x-kubernetes-map-type"].text not in ("", "granular")
    return found + [(child, below._replace(apart=below.apart or atomic)) for _, child in properties(node)]


def _bounded(node: Spot, count: int | None) -> int | None:
    """How often what is below this node can be there."""
    if count is None:
        return None
    match node["type"].text:
        case "array":
            limit = node["maxItems"]
        case "object" if node["additionalProperties"].value is not None:
            limit = node["maxProperties"]
        case _:
            return count
    return min(count * max(limit.number, 0), MOST) if limit else None


def _of_node(node: Spot, here: _Here, spent: _Sum) -> Problems:
    seen = declared(node.value, root=here.root or node["x-kubernetes-embedded-resource"].on)
    if seen is None:
        yield node["x-kubernetes-validations"].invalid("rules can't see a value like this one: its schema does not say what is in it")
        return
    for rule in node["x-kubernetes-validations"].each():
        found = yield from _compiled(rule["rule"], seen, BOOL, rule, spent)
        if found is None:
            continue
        count = here.often if here.often is not None else REQUEST // (seen.smallest + 1)
        yield from _paid(rule["rule"], min(estimate(found.root, seen) * count, MOST), spent)
        if found.old and here.apart:
            yield rule["rule"].invalid("oldSelf can't be had here: of the items of a list, nobody knows which was which")
        if not found.old and isinstance(rule["optionalOldSelf"].value, bool):
            yield rule["optionalOldSelf"].invalid("it goes with oldSelf in the rule")
        if rule["messageExpression"].text:
            said = yield from _compiled(rule["messageExpression"], seen, STRING, rule, spent)
            if said is not None:
                yield from _paid(rule["messageExpression"], estimate(said.root, seen), spent)


def _compiled(spot: Spot, seen: Declared, wanted: Type, rule: Spot, spent: _Sum) -> Generator[Problem, None, Checked | None]:
    try:
        return check(parse(spot.text), seen, optional_old=rule["optionalOldSelf"].on, wanted=wanted)
    except TypeProblemError as error:
        yield Problem("admission/invalid", spot.path, f"this does not compile: {error}")
    except SyntaxProblemError as error:
        yield Problem("admission/invalid", spot.path, f"this is no CEL: {error}")
    except (NotKnownError, RecursionError) as error:
        spent.whole = False
        why = str(error) if isinstance(error, NotKnownError) else "it is nested too deep"
        yield Problem("schema/not-checked", spot.path, f"whether this rule compiles, and what it costs, was not checked: {why}")
    return None


def _paid(spot: Spot, cost: int, spent: _Sum) -> Problems:
    spent.total = min(spent.total + cost, MOST)
    if cost > PER_RULE:
        spent.told = True
        yield Problem("admission/forbidden", spot.path, f"this may cost {_times(cost, PER_RULE)} what the server bears: {_BOUNDS}")


def _times(cost: int, limit: int) -> str:
    return "more than 100 times" if cost > 100 * limit else f"{cost / limit:.1f} times" if cost >= 1.05 * limit else "a little more than"
