"""Reading a file of ours strictly: every value where it belongs, and what is wrong said at its line and column."""

import re
from typing import Any, TypeVar

import msgspec

from aichaos.domain import forms
from aichaos.errors import SyntaxProblem
from aichaos.files import nodes
from aichaos.files.plain import located
from aichaos.files.yaml import escape

T = TypeVar("T")
_UNKNOWN = re.compile(r"Object contains unknown field (.*)", re.DOTALL)


def converted(document: Any, type: type[T], text: str, file: str, hint: str) -> T:
    """A document as a Struct. text: where it stands. Raises SyntaxProblem at the first thing that is wrong."""
    try:
        return forms.convert(document, type)
    except msgspec.ValidationError as error:
        problem, path = located(str(error))
        if unknown := _UNKNOWN.fullmatch(problem):
            raise problem_at(f"the field {unknown[1]} is not known here", text, file, f"{path}/{escape(unknown[1])}", hint) from error
        raise problem_at(f"{problem[:1].lower()}{problem[1:]}", text, file, path, hint) from error


def problem_at(problem: str, text: str, file: str, pointer: str, hint: str) -> SyntaxProblem:
    line, column = place(text, pointer)
    return SyntaxProblem(problem, file=file, line=line, column=column, hint=hint)


def place(text: str, pointer: str) -> tuple[int, int]:
    """Line and column of what a JSON Pointer leads to in the first document of a text."""
    roots = nodes.documents(text, {0})
    return nodes.Lines(text).place(nodes.find(roots[0], pointer).entry) if roots else (1, 1)
