"""Rules about a change (`oldSelf` in x-kubernetes-validations, KEP-2876): whether an object may go from one state to another.

No server can be asked that beforehand: a dry run goes from the object as it is, and the way back of a step does not.
"""

from collections.abc import Iterator
from typing import Any

import msgspec

from aichaos.check.schema.bundle import Node, Nodes
from aichaos.check.schema.cel.program import BUDGET, UnknownPartError, program
from aichaos.check.schema.cel.syntax import SyntaxProblemError
from aichaos.check.schema.cel.values import BudgetError, CelError
from aichaos.check.schema.problems import CEL_STEPS
from aichaos.check.schema.validations import Rule, view_of
from aichaos.domain import forms


class Broken(msgspec.Struct, frozen=True, kw_only=True):
    """A rule that does not let the change pass. known: False where that could not be judged here."""

    path: str
    message: str
    known: bool = True


def transitions(schema: Any, old: Any, new: Any) -> list[Broken]:
    """Of an object of a custom resource, by the schema of its version."""
    of = Nodes()
    return list(_broken(of, schema, old, new, "", [CEL_STEPS])) if isinstance(schema, dict) else []


def _broken(of: Nodes, schema: Node, old: Any, new: Any, path: str, budget: list[int]) -> Iterator[Broken]:
    """Values that are alike break no rule about a change that they did not break before."""
    node = of.get(schema)
    if old == new or old is None or new is None:
        return
    yield from _rules(of, node, old, new, path, budget)
    if isinstance(old, dict) and isinstance(new, dict):
        properties, further = node.get("properties") or {}, node.get("additionalProperties")
        for key in old.keys() & new.keys():
            child = properties.get(key, further if isinstance(further, dict) else None)
            if isinstance(child, dict):
                yield from _broken(of, child, old[key], new[key], f"{path}.{key}".lstrip("."), budget)
    elif isinstance(old, list) and isinstance(new, list) and node.get("x-kubernetes-list-type") == "map":
        keys, items = node.get("x-kubernetes-list-map-keys") or [], node.get("items")
        before = {_key(one, keys): one for one in old}
        for index, one in enumerate(new):
            if isinstance(items, dict) and _key(one, keys) in before:
                yield from _broken(of, items, before[_key(one, keys)], one, f"{path}[{index}]", budget)


def _key(item: Any, keys: list[str]) -> str:
    return msgspec.json.encode([item.get(key) for key in keys] if isinstance(item, dict) else item).decode()


def _rules(of: Nodes, node: Node, old: Any, new: Any, path: str, budget: list[int]) -> Iterator[Broken]:
    for rule in forms.convert(node.get("x-kubernetes-validations") or [], list[Rule]):
        told = rule.message.strip() or " ".join(rule.rule.split())[:200]
        if "oldSelf" not in rule.rule:
            continue
        try:
            made = program(rule.rule)
            view = view_of(of, node, typed=made.joins)
            shown = (new, old) if view is None else (view(new), view(old))
            kept = made.run({"self": shown[0], "oldSelf": shown[1], BUDGET: budget})
        except CelError:
            kept = False
        except (SyntaxProblemError, UnknownPartError, BudgetError, RecursionError) as error:
            yield Broken(path=path, message=f"{told} ({error or 'it takes too long'})", known=False)
            continue
        if kept is not True:
            yield Broken(path=path, message=told)
