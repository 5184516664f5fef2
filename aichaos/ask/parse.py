"""From the text of an answer to ideas and experiments.

Text can be anything: what can't be used becomes a finding that says where and why, and nothing here raises because of it. Only our own
forms are read; a command line in an answer stays text.
"""

import re
from collections.abc import Callable
from typing import Any

import msgspec

from aichaos.domain.experiment import Experiment
from aichaos.domain.finding import Finding
from aichaos.domain.suggestion import Idea
from aichaos.errors import SyntaxProblem
from aichaos.files import yaml

_FENCE = re.compile(r"^[ \t]{0,3}(`{3,}+|~{3,}+)[^\n`]*+\n(.*?)(?:^[ \t]{0,3}\1[ \t]*$|\Z)", re.MULTILINE | re.DOTALL)
_NAME = re.compile(r"[a-z0-9](?:[-a-z0-9]{0,61}[a-z0-9])?")


def ideas(text: str) -> tuple[list[Idea], list[Finding]]:
    """The ideas in an answer, in order, each id once; and what was wrong with the rest."""
    found: dict[str, Idea] = {}
    findings: list[Finding] = []
    for document in _documents(text, findings):
        listed = document.get("ideas") if isinstance(document, dict) else document
        for number, item in enumerate(listed if isinstance(listed, list) else []):
            try:
                idea = msgspec.convert(item, Idea)
            except msgspec.ValidationError as error:
                findings.append(
                    _finding("reply/idea", f"idea {number + 1} is not in the form that was asked for: {error}", f"/ideas/{number}")
                )
                continue
            identifier = _identifier(idea.id) or f"idea-{number + 1}"
            found.setdefault(identifier, msgspec.structs.replace(idea, id=identifier))
    if not found and not findings:
        findings.append(_finding("reply/no-ideas", "the answer holds no list of ideas", ""))
    return list(found.values()), findings


Decode = Callable[[dict[str, Any]], tuple[Experiment | None, list[Finding]]]
"""Reads an experiment strictly; what it says of a file it says of an answer."""


def experiment(text: str, identifier: str, decode: Decode) -> tuple[Experiment | None, list[Finding]]:
    """The experiment in an answer, under the id of its idea; None, and why, where there is none."""
    findings: list[Finding] = []
    for document in _documents(text, findings):
        if not isinstance(document, dict) or document.get("kind") != "Experiment":
            continue
        metadata = document.get("metadata")
        found, problems = decode(document | {"metadata": (metadata if isinstance(metadata, dict) else {}) | {"name": identifier}})
        if found is not None:
            return found, []
        findings.extend(problems)
    return None, findings or [_finding("reply/no-experiment", "the answer holds no document of kind Experiment", "")]


def _documents(text: str, findings: list[Finding]) -> list[Any]:
    """Every document in an answer: in its fences where it has some, else the whole text. An answer that is JSON is read as JSON."""
    if text.lstrip()[:1] == "{":
        try:
            return [msgspec.json.decode(text)]
        except (msgspec.DecodeError, UnicodeEncodeError, RecursionError):
            pass  # not JSON after all; what is wrong with it is said by the reader below
    pieces = [match[2] for match in _FENCE.finditer(text)] or [text]
    values: list[Any] = []
    for piece in pieces:
        try:
            values.extend(yaml.load(piece, "answer"))
        except SyntaxProblem as problem:
            message = f"the answer is not valid YAML at line {problem.line}, column {problem.column}: {problem.problem}"
            findings.append(
                msgspec.structs.replace(_finding("reply/syntax", message, ""), layer="syntax", line=problem.line, column=problem.column)
            )
    return values


def _finding(rule: str, message: str, path: str) -> Finding:
    return Finding(rule=rule, layer="schema", severity="error", message=message, path=path)


def _identifier(text: str) -> str:
    """A model's id as a name that a file and an object can bear: never a path. Empty where nothing of it can be kept."""
    name = re.sub(r"[^a-z0-9]+", "-", text.lower()).strip("-")[:63].strip("-")
    return name if _NAME.fullmatch(name) else ""
