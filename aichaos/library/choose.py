"""A scenario for a cluster: what it could be made for, and everything that it is then filled with.

The offline backend and `aichaos library` choose by the same rules; only who says the numbers differs.
"""

import re
from collections.abc import Mapping
from typing import Any

import msgspec

from aichaos.domain.base import ObjectRef
from aichaos.errors import FileError, SyntaxProblem
from aichaos.library.fill import Values, fill, holes
from aichaos.library.finders import FINDERS, Candidate
from aichaos.library.model import Scenario
from aichaos.library.parameters import Value
from aichaos.observe.topology import Topology

CANDIDATES = 200
"""How many candidates of one scenario are looked at; on a large cluster the rest would not be chosen anyway."""


class Choice(msgspec.Struct, frozen=True, kw_only=True):
    """A scenario, the candidate that it is for, and everything to fill it with."""

    scenario: Scenario
    candidate: Candidate
    values: Values

    @property
    def id(self) -> str:
        return str(self.values["id"])

    @property
    def title(self) -> str:
        return str(self._filled(self.scenario.title, "/title"))

    @property
    def summary(self) -> str:
        return str(self._filled(self.scenario.summary, "/summary"))

    def document(self) -> dict[str, Any]:
        """The experiment, filled. Raises FileError for a hole that no value fits."""
        filled: dict[str, Any] = self._filled(self.scenario.experiment, "/experiment")
        return filled

    def _filled(self, template: Any, path: str) -> Any:
        try:
            return fill(template, self.values)
        except (KeyError, TypeError) as error:
            raise self._unfilled(template, path) from error

    def _unfilled(self, template: Any, path: str) -> FileError:
        """The first hole that nothing fits, with its place."""
        gives = f"{self.scenario.find} and the parameters give {', '.join(sorted(self.values))}"
        for where, name in holes(template, path):
            if name not in self.values:
                return unfit(self.scenario, where, f"nothing fills ${{{name}}}; {gives}")
        return unfit(self.scenario, path, "a hole goes deeper into a value than that value is")

    def with_namespace(self) -> "Choice":
        """The same under an id that names the namespace, too: for an object whose name another namespace has as well."""
        subject = self.candidate.subject
        identifier = _identifier(self.scenario.prefix, f"{subject.namespace}-{subject.name}")
        return msgspec.structs.replace(self, values=self.values | {"id": identifier})


def unfit(scenario: Scenario, pointer: str, problem: str) -> FileError:
    """What is wrong with a scenario, at its place in the file."""
    from aichaos.files.strict import place

    line, column = place(scenario.body, pointer) if scenario.file else (1, 1)
    hint = "`aichaos library check FOLDER` goes through all scenarios of a folder."
    return SyntaxProblem(problem, file=scenario.file or f"{scenario.name}.yaml", line=line, column=column, hint=hint)


def candidates(scenario: Scenario, topology: Topology, tokens: frozenset[str], count: int) -> list[Candidate]:
    """The best objects of a cluster for a scenario, at most `count`: those first that the tokens name."""
    found: list[tuple[int, Candidate]] = []
    for candidate in FINDERS[scenario.find](topology, tokens):
        found.append((_named(candidate, tokens), candidate))
        if len(found) == CANDIDATES:
            break
    return [candidate for _, candidate in sorted(found, key=lambda item: -item[0])[:count]]


def subjects(scenario: Scenario, topology: Topology) -> dict[ObjectRef, Candidate]:
    """Every object that a scenario can be made for, by its subject; the first of several with the same."""
    found: dict[ObjectRef, Candidate] = {}
    for candidate in candidates(scenario, topology, frozenset(), CANDIDATES):
        found.setdefault(candidate.subject, candidate)
    return found


def _named(candidate: Candidate, tokens: frozenset[str]) -> int:
    """How clearly the words name this candidate: its subject, then objects around it, then its namespace."""
    return (
        4 * (candidate.subject.name.lower() in tokens)
        + 2 * sum(ref.name.lower() in tokens for ref in candidate.why[1:])
        + 3 * any(namespace.lower() in tokens for namespace in candidate.namespaces)
    )


def choose(scenario: Scenario, candidate: Candidate, topology: Topology, said: Mapping[str, Value], account: str | None = None) -> Choice:
    """said: values of parameters, in their units; the rest are defaults. account: the service account that an engine is to use."""
    parameters = {name: said.get(name, default) for name, default in scenario.defaults.items()}
    values = candidate.values | parameters | {"scope_namespaces": candidate.namespaces}
    values["id"] = _identifier(scenario.prefix, candidate.subject.name)
    if account and "account" in values:
        values["account"] = account
    if "percent" in parameters:
        values |= _affected(topology, candidate, float(parameters["percent"]), int(parameters.get("duration", 0)))
    if candidate.derived is not None:
        values |= candidate.derived(values)
    return Choice(scenario=scenario, candidate=candidate, values=values)


def _affected(topology: Topology, candidate: Candidate, percent: float, duration: int) -> Values:
    """The pods that a percentage hits, at most, and the time that the whole experiment may take."""
    pods = max(1, -(-candidate.values["pods"] * percent // 100)) if "pods" in candidate.values else 0
    whole = sum(len(topology.pods_of_namespace.get(namespace, [])) for namespace in candidate.namespaces)
    share = -(-pods * 100 // whole) / 100 if whole else 0
    return {
        "affected": int(pods),
        "affected_share": share,
        "deadline": f"{max(5, -(-(duration + 180) // 60))}m",
        "percent": _whole(percent),
    }


def _whole(number: float) -> int | float:
    return int(number) if number == int(number) else number


def _identifier(scenario: str, subject: str) -> str:
    """A name for the experiment and its file: a DNS label of at most 63 characters, in the form that `ask.parse` gives every id."""
    return re.sub(r"[^a-z0-9]+", "-", f"{scenario}-{subject}".lower())[:63].strip("-")
