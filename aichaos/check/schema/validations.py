"""The CEL rules of a schema node (x-kubernetes-validations), as the API server runs them on a new object.

A new object has no old self: rules about a change are not run, unless they say that they can do without one. A rule that can't be
evaluated here is told by name, and never counts as kept.
"""

from collections.abc import Callable
from functools import lru_cache
from typing import Any

import msgspec

from aichaos.check.schema.bundle import Node, Nodes
from aichaos.check.schema.cel.program import BUDGET, Program, UnknownPartError, program
from aichaos.check.schema.cel.syntax import SyntaxProblemError
from aichaos.check.schema.cel.times import duration, timestamp
from aichaos.check.schema.cel.values import NONE, BudgetError, CelError, MapOfItems, SetOfItems
from aichaos.check.schema.problems import Path, Sink
from aichaos.domain import forms

View = Callable[[Any], Any]

_SHOWN = 200
_LONGEST_MESSAGE = 5 * 1024


class Rule(msgspec.Struct, frozen=True, rename="camel"):
    """A rule as a definition has it."""

    rule: str
    message: str = ""
    message_expression: str = ""
    field_path: str = ""
    optional_old_self: bool | None = None


class Rules:
    """The rules of one node. view: how its value looks to them, None where it is the same; given whether the type of a list counts."""

    def __init__(self, rules: list[Rule], view: Callable[[bool], View | None]) -> None:
        self._rules = [(rule, _compiled(rule)) for rule in rules]
        self._view = view(any(isinstance(made, Program) and made.joins for _, made in self._rules))

    def run(self, value: Any, path: Path, sink: Sink) -> None:
        """Notes down the rules that a value breaks, and those that could not be evaluated."""
        variables: dict[str, Any] = {"self": value if self._view is None else self._view(value), "oldSelf": NONE, BUDGET: sink.budget}
        for rule, made in self._rules:
            if made is None:
                continue
            if isinstance(made, str):
                sink.skipped.append(_unevaluated(rule, path, made))
                continue
            left = sink.budget[0]
            try:
                kept = made.run(variables)
            except CelError as error:
                sink.rules.append(("schema/cel", path, f"{_message(rule, variables, sink)} ({error})"))
            except (BudgetError, RecursionError):
                sink.skipped.append(_unevaluated(rule, path, "it takes too long on this object"))
            else:
                if kept is not True:
                    sink.rules.append(("schema/cel", _at(path, rule.field_path), _message(rule, variables, sink)))
                elif (steps := left - sink.budget[0]) > _FEW or (made.walks and sink.length > _SHORT):
                    _pay(rule, steps, variables, path, sink)


def _pay(rule: Rule, steps: int, variables: dict[str, Any], path: Path, sink: Sink) -> None:
    """Notes down a rule that is kept, and for whose cost the server refuses the object all the same."""
    from aichaos.check.schema.cel.cost import A_STEP, PER_OBJECT, PER_RULE, cost, judged, may_be_dear  # for large objects alone

    if not may_be_dear(steps, variables["self"]):
        sink.cost += steps * A_STEP
        return
    units = cost(rule.rule, variables)
    spent, sink.cost = sink.cost, sink.cost + units
    for units_of, limit, what in ((units, PER_RULE, "this rule costs"), (sink.cost, PER_OBJECT, "with this rule the object costs")):
        verdict = judged(units_of, limit)
        said = f"{what} about {units_of:,} units, and the server stops at {limit:,}: {_short(rule.rule)}"
        if verdict == "yes":
            sink.rules.append(("schema/cel", path, said))
            return
        if verdict == "perhaps" and judged(spent, limit) == "no":
            sink.skipped.append(("schema/not-checked", path, f"whether the server takes this can't be said: {said}"))
            return


_FEW = 100
_SHORT = 5_000
"""Steps of a rule, and characters of an object, that can cost nothing worth counting."""


def _compiled(rule: Rule) -> Program | str | None:
    """What runs a rule, or why nothing can; None for a rule about a change."""
    try:
        made = program(rule.rule)
    except (SyntaxProblemError, UnknownPartError) as error:
        return str(error)
    if "oldSelf" in made.names and not rule.optional_old_self:
        return None
    return "to the server a mapping that a rule makes is no item of a list with keys" if made.mixes else made


def rules_of(of: Nodes, node: Node) -> Rules | None:
    """None where a node has none."""
    written = node.get("x-kubernetes-validations")
    if not written:
        return None
    return Rules(forms.convert(written, list[Rule]), lambda typed: view_of(of, node, typed=typed))


def _unevaluated(rule: Rule, path: Path, why: str) -> tuple[str, Path, str]:
    return ("schema/not-checked", path, f"this rule could not be evaluated, {why}: {_short(rule.rule)}")


def _message(rule: Rule, variables: dict[str, Any], sink: Sink) -> str:
    """What the definition's author says; a message that can't be made falls back to the plain one, as on the server."""
    if rule.message_expression:
        try:
            made: Program = program(rule.message_expression)
            text = made.evaluate(variables, sink.budget)
        except (CelError, BudgetError, SyntaxProblemError, UnknownPartError):
            text = None
        if isinstance(text, str) and text.strip() and "\n" not in text and len(text) <= _LONGEST_MESSAGE:
            return text.strip()
    return rule.message.strip() or f"this rule is broken: {_short(rule.rule)}"


def _short(text: str) -> str:
    plain = " ".join(text.split())
    return plain if len(plain) <= _SHOWN else f"{plain[:_SHOWN]}…"


def _at(path: Path, field_path: str) -> Path:
    """The place that `.a.b` or `['a']` names below the rule's own."""
    for part in field_path.replace("['", ".").replace("']", "").split("."):
        if part:
            path = (path, part)
    return path


# what a rule sees ---------------------------------------------------------------------------------------------------------------


def view_of(of: Nodes, reference: int | Node, *, typed: bool) -> View | None:
    """How a value becomes one of CEL: times and bytes are not texts there. None where it is the same. typed: whether lists know their type,
    which costs a copy."""
    return _numbered(of, reference, typed) if isinstance(reference, int) else _view(of, of.get(reference), typed)


@lru_cache(maxsize=8192)
def _numbered(of: Nodes, number: int, typed: bool) -> View | None:
    return _view(of, of.get(number), typed)


def _view(of: Nodes, node: Node, typed: bool) -> View | None:
    match node.get("type"):
        case "string":
            return _FORMATS.get(node.get("format", ""))
        case "array" if "items" in node:
            return _of_items(of, node, typed)
        case "object":
            return _of_fields(of, node, typed)
    return None


def _of_items(of: Nodes, node: Node, typed: bool) -> View | None:
    """Items of a list; a list of the type `set` or `map` is another thing to `==` and `+`."""
    inner = view_of(of, node["items"], typed=typed)
    made: Callable[[list[Any]], list[Any]] | None = None
    match node.get("x-kubernetes-list-type") if typed else None:
        case "set":
            made = SetOfItems
        case "map":
            keys = tuple(node.get("x-kubernetes-list-map-keys", ()))
            made = lambda items: MapOfItems(items, keys)  # noqa: E731
    if inner is None and made is None:
        return None

    def view(value: Any) -> Any:
        if type(value) is not list:
            return value
        items = value if inner is None else [inner(item) for item in value]
        return items if made is None else made(items)

    return view


def _of_fields(of: Nodes, node: Node, typed: bool) -> View | None:
    every = {name: view_of(of, child, typed=typed) for name, child in node.get("properties", {}).items()}
    views = {name: change for name, change in every.items() if change is not None}
    further = node.get("additionalProperties")
    rest = view_of(of, further, typed=typed) if isinstance(further, (int, dict)) and not isinstance(further, bool) else None
    if not views and rest is None:
        return None

    def view(value: Any) -> Any:
        if type(value) is not dict:
            return value
        return {name: change(item) if (change := views.get(name, rest)) is not None else item for name, item in value.items()}

    return view


def _of_text(make: Callable[[str], Any]) -> View:
    def view(value: Any) -> Any:
        try:
            return make(value) if isinstance(value, str) else value
        except (CelError, ValueError):
            return value

    return view


def _bytes(text: str) -> bytes:
    from base64 import b64decode

    return b64decode(text, validate=True)


def _day(text: str) -> Any:
    return timestamp(f"{text}T00:00:00Z")


_FORMATS: dict[str, View] = {
    "byte": _of_text(_bytes),
    "date": _of_text(_day),
    "date-time": _of_text(lambda text: timestamp(text.upper())),
    "datetime": _of_text(lambda text: timestamp(text.upper())),
    "duration": _of_text(duration),
}
