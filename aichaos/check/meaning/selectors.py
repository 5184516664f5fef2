"""Values in a selector of Chaos Mesh that no pod can ever have: the CRD takes any text, and the fault then takes nobody.

Source: pkg/selector of Chaos Mesh: labels and expressions are compared as Kubernetes does, phases by their names; nothing is a wildcard.
"""

from collections.abc import Callable, Iterator
from typing import Any

from aichaos.check.admission import names
from aichaos.check.meaning.units import short
from aichaos.check.spelling import did_you_mean
from aichaos.check.subject import Subject
from aichaos.domain.finding import Finding
from aichaos.files.plain import mapping, pointer, sequence, text

_PHASES = ("Running", "Pending", "Succeeded", "Failed", "Unknown")
_OPERATORS = ("In", "NotIn", "Exists", "DoesNotExist")


def selector_values(this: Subject, selector: dict[str, Any], path: str) -> Iterator[Finding]:
    for where, problem in _problems(selector):
        what, _, more = problem.partition("; ")
        message = f"{what}, and the fault takes no pod{f'; {more}' if more else ''}"
        yield this.note("chaos-mesh/selector-value", message, f"{path}{where}")


def _problems(selector: dict[str, Any]) -> Iterator[tuple[str, str]]:
    for index, name in enumerate(sequence(selector.get("namespaces"))):
        yield from _name(name, names.label, "a namespace", f"/namespaces/{index}")
    pods = mapping(selector.get("pods"))
    for namespace, listed in pods.items():
        yield from _name(namespace, names.label, "a namespace", f"/pods{pointer(namespace)}")
        for index, name in enumerate(sequence(listed)):
            yield from _name(name, names.subdomain, "a pod", f"/pods{pointer(namespace)}/{index}")
    for field in ("labelSelectors", "nodeSelectors"):
        for key, value in mapping(selector.get(field)).items():
            yield from _label(key, value, f"/{field}{pointer(key)}")
    for index, item in enumerate(sequence(selector.get("expressionSelectors"))):
        yield from _expression(mapping(item), f"/expressionSelectors/{index}")
    for index, phase in enumerate(sequence(selector.get("podPhaseSelectors"))):
        if isinstance(phase, str) and phase.removeprefix("!") not in _PHASES:
            yield f"/podPhaseSelectors/{index}", f"{short(phase)} is no phase of a pod{did_you_mean(phase, _PHASES)}"


def _name(value: Any, problem: Callable[[str], str | None], what: str, path: str) -> Iterator[tuple[str, str]]:
    if isinstance(value, str) and problem(value) is not None:
        yield path, f"{what} can't be called {short(value)}{_wildcard(value)}"


def _label(key: str, value: Any, path: str) -> Iterator[tuple[str, str]]:
    if names.qualified(key) is not None:
        yield path, f"a label can't be called {short(key)}"
    elif isinstance(value, str) and names.label_value(value) is not None:
        yield path, f"a label can't have the value {short(value)}{_wildcard(value)}"


def _expression(expression: dict[str, Any], path: str) -> Iterator[tuple[str, str]]:
    operator, values = text(expression.get("operator")), sequence(expression.get("values"))
    if operator and operator not in _OPERATORS:
        yield (
            f"{path}/operator",
            f"{short(operator)} is no operator; it is one of {', '.join(_OPERATORS)}{did_you_mean(operator, _OPERATORS)}",
        )
    elif operator in ("In", "NotIn") and not values:
        yield path, f"{operator} needs values"
    elif operator in ("Exists", "DoesNotExist") and values:
        yield f"{path}/values", f"{operator} takes no values"
    for index, value in enumerate(values):
        if isinstance(value, str) and names.label_value(value) is not None:
            yield f"{path}/values/{index}", f"a label can't have the value {short(value)}{_wildcard(value)}"


def _wildcard(value: str) -> str:
    return "; a selector knows no wildcards" if "*" in value else ""
