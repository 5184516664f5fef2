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
from aichaos.check.schema.cel.values import NONE, BudgetError, CelError
from aichaos.check.schema.problems import Path, Sink

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
    """The rules of one node. view: how its value looks to them, None where it is the same."""

    def __init__(self, rules: list[Rule], view: View | None) -> None:
        self._rules = [(rule, _compiled(rule)) for rule in rules]
        self._view = view

    def run(self, value: Any, path: Path, sink: Sink) -> None:
        """Notes down the rules that a value breaks, and those that could not be evaluated."""
        variables: dict[str, Any] = {"self": value if self._view is None else self._view(value), "oldSelf": NONE, BUDGET: sink.budget}
        for rule, made in self._rules:
            if made is None:
                continue
            if isinstance(made, str):
                sink.skipped.append(_unevaluated(rule, path, made))
                continue
            try:
                kept = made.run(variables)
            except CelError as error:
                sink.rules.append(("schema/cel", path, f"{_message(rule, variables, sink)} ({error})"))
            except (BudgetError, RecursionError):
                sink.skipped.append(_unevaluated(rule, path, "it takes too long on this object"))
            else:
                if kept is not True:
                    sink.rules.append(("schema/cel", _at(path, rule.field_path), _message(rule, variables, sink)))


def _compiled(rule: Rule) -> Program | str | None:
    """What runs a rule, or why nothing can; None for a rule about a change."""
    try:
        made = program(rule.rule)
    except (SyntaxProblemError, UnknownPartError) as error:
        return str(error)
    return None if "oldSelf" in made.names and not rule.optional_old_self else made


def rules_of(of: Nodes, node: Node) -> Rules | None:
    """None where a node has none."""
    written = node.get("x-kubernetes-validations")
    if not written:
        return None
    return Rules(msgspec.convert(written, list[Rule]), view_of(of, node))


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


def view_of(of: Nodes, reference: int | Node) -> View | None:
    """How a value becomes one of CEL: times and bytes are not texts there. None where it is the same."""
    return _numbered(of, reference) if isinstance(reference, int) else _view(of, of.get(reference))


@lru_cache(maxsize=8192)
def _numbered(of: Nodes, number: int) -> View | None:
    return _view(of, of.get(number))


def _view(of: Nodes, node: Node) -> View | None:
    match node.get("type"):
        case "string":
            return _FORMATS.get(node.get("format", ""))
        case "array" if "items" in node:
            inner = view_of(of, node["items"])
            return None if inner is None else lambda value: [inner(item) for item in value] if type(value) is list else value
        case "object":
            return _of_fields(of, node)
    return None


def _of_fields(of: Nodes, node: Node) -> View | None:
    every = {name: view_of(of, child) for name, child in node.get("properties", {}).items()}
    views = {name: change for name, change in every.items() if change is not None}
    further = node.get("additionalProperties")
    rest = view_of(of, further) if isinstance(further, (int, dict)) and not isinstance(further, bool) else None
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
