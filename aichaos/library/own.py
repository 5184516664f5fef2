"""A folder with scenarios of one's own: the same format, read strictly, and every mistake said with its file, line and column."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from aichaos.errors import FileError, SyntaxProblem, UsageError
from aichaos.files import inputs, yaml
from aichaos.files.plain import mapping
from aichaos.files.strict import converted, problem_at
from aichaos.library.fill import holes
from aichaos.library.finders import FINDERS
from aichaos.library.model import Scenario
from aichaos.library.parameters import NAME, Parameter, checked, parameter_of

MOST_BYTES = 1 << 20
"""Of one file: a scenario is a page of text."""
_NAME = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,48}[a-z0-9])?")
_FORBIDDEN = {"body": "it is the program's own", "file": "it is the program's own"}
COMMON = frozenset({"id", "scope_namespaces"})
"""Holes that every finder fills."""
BY_PERCENT = frozenset({"affected", "affected_share", "deadline"})
"""Holes that are filled where `percent` is among the parameters."""


def load(folder: Path, taken: set[str]) -> list[Scenario]:
    """All scenarios of a folder. taken: names that are not free any more. Raises FileError at the first mistake."""
    found = []
    for one in read(folder, taken):
        if isinstance(one, FileError):
            raise one
        found.append(one)
    return found


def read(folder: Path, taken: set[str]) -> Iterator[Scenario | FileError]:
    """Each file's scenario, or what is wrong with it. A folder without any is a FileError, too."""
    if not folder.is_dir():
        hint = "Name the folder with --library FOLDER, or as `library` in aichaos.yaml."
        yield FileError(f"the library {folder} is no folder", hint=hint)
        return
    names = dict.fromkeys(taken, "the program")
    for name, content in inputs.contents(folder, MOST_BYTES):
        try:
            if isinstance(content, FileError):
                raise content
            scenario = scenario_of(inputs.text_of(content, name), name)
            if scenario.name in names:
                raise FileError(f"{name}: {names[scenario.name]} has a scenario {scenario.name} already", hint="Give yours another name.")
            names[scenario.name] = name
            yield scenario
        except FileError as error:
            yield error


def scenario_of(text: str, file: str) -> Scenario:
    """The scenario of a text. Raises SyntaxProblem at the first mistake."""
    documents = yaml.load(text, file)
    if len(documents) != 1 or not isinstance(documents[0], dict):
        raise SyntaxProblem("a scenario is one YAML document, a mapping", file=file, line=1, column=1, hint=_SEE)
    document: dict[str, Any] = documents[0]
    _refuse(document, text, file)
    head = {key: value for key, value in document.items() if key != "experiment"}
    scenario = converted(head | {"body": text, "file": file}, Scenario, text, file, _SEE)
    for problem, path in _problems(scenario, document["experiment"]):
        raise _at(problem, text, file, path)
    return scenario


_SEE = "See docs/howto/write-a-scenario.md, and scenario.schema.json beside the other schemas."


def _refuse(document: dict[str, Any], text: str, file: str) -> None:
    for field, why in _FORBIDDEN.items():
        if field in document:
            raise _at(f"the field {field} may not be set: {why}", text, file, f"/{field}")
    experiment = mapping(document.get("experiment"))
    if not experiment:
        raise _at("a scenario has an `experiment`: what the holes are filled in", text, file, "")
    if not isinstance(experiment.get("spec"), dict) or not isinstance(mapping(experiment["spec"]).get("hypothesis"), str):
        raise _at("the experiment has no spec with a hypothesis", text, file, "/experiment")


def _problems(scenario: Scenario, experiment: Any) -> Iterator[tuple[str, str]]:
    """What is wrong beyond types: problem and place."""
    if not _NAME.fullmatch(scenario.name):
        yield f"{scenario.name!r} is no name: small letters, digits and dashes, at most 50", "/name"
    if scenario.version < 1:
        yield "versions count from 1", "/version"
    if scenario.find not in FINDERS:
        yield f"there is no finder {scenario.find!r}; there are {', '.join(sorted(FINDERS))}", "/find"
    for name, written in scenario.parameters.items():
        if not NAME.fullmatch(name):
            yield f"{name!r} is no name of a parameter: small letters and `_`", f"/parameters/{name}"
        yield from _default(name, parameter_of(name, written))
    if "percent" not in scenario.parameters:
        for path, hole in holes(experiment):
            if hole in BY_PERCENT:
                yield f"${{{hole}}} follows from `percent`, which is not among the parameters", f"/experiment{path}"


def _default(name: str, parameter: Parameter) -> Iterator[tuple[str, str]]:
    try:
        checked(name, parameter, parameter.default)
    except UsageError as error:
        yield f"the default is none that it takes: {error}", f"/parameters/{name}"


def _at(problem: str, text: str, file: str, pointer: str) -> SyntaxProblem:
    return problem_at(problem, text, file, pointer, _SEE)
