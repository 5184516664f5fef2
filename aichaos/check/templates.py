"""Manifests that a program fills in before the server sees them: Helm's `{{ … }}`, and `${NAME}` and `$(NAME)` of envsubst, Flux and
Kustomize. What will stand there is not guessed: each place is said, and all around it is checked.
"""

import re
from collections.abc import Iterator
from itertools import pairwise
from typing import Any

import msgspec

from aichaos.check.known import known_kind
from aichaos.check.rules import finding
from aichaos.domain.finding import Finding
from aichaos.errors import SyntaxProblem
from aichaos.files import yaml
from aichaos.files.plain import TEMPLATE, mapping, pointer

_PLACEHOLDER = re.compile(r"\{\{.*\}\}|\{\{-?\s*(?:if|range|with|end|else|define|template|include)\b|[:,\[{-][ \t]*\$\{[A-Za-z_]")
"""Of Helm; and `${NAME}` without quotes, which is no YAML inside of braces."""

MARK = re.compile(r"\{\{|\$\{")
_CONTROL = re.compile(r"^[ \t]*(?=\{\{)", re.MULTILINE)
"""A line that begins with a placeholder, as Helm's `if` and `range` do; YAML has no use for one."""

_BORDER = re.compile(r"^---(?=\s|$)", re.MULTILINE)
_KIND = re.compile(r"^kind:[ \t]*(\S.*)$", re.MULTILINE)
_METADATA = re.compile(r"^metadata:[ \t]*(.*)$", re.MULTILINE)
_FLOW_NAME = re.compile(r"\bname:[ \t]*(\{\{.*?\}\}|\$\{.*?\}|[^\s,}]+)")
_BLOCK_NAME = re.compile(r"([ \t]+)name:[ \t]*(\S.*)")

LATER = re.compile(r"\$\{[A-Za-z_][A-Za-z0-9_]*(?::?[-=?+][^}]*)?\}|\$\([A-Za-z_][A-Za-z0-9_.-]*\)|\$[A-Z_][A-Z0-9_]*(?![A-Za-z0-9_])")
"""What envsubst, Flux and Kustomize fill in. `$NAME` in capitals alone: small letters after a `$` are too often something else."""

_OWN = frozenset({"annotations", "args", "command", "env", "script"})
"""Fields in which a container, its shell or the program that is called has such marks of its own."""


def without_templates(content: str, name: str) -> tuple[str, list[Finding]]:
    """A text with the documents blank that are no YAML because of a placeholder, and what is said of each.

    All that is left keeps its line, its column and its offset. Each document is read once more, by itself.
    """
    starts = [0, *(match.start() for match in _BORDER.finditer(content) if match.start()), len(content)]
    pieces, found, line = list[str](), list[Finding](), 0
    for start, end in pairwise(starts):
        piece = content[start:end]
        place = _template(piece, name) if MARK.search(piece) else None
        if place is not None:
            one = finding("yaml/template", TEMPLATE, object=_object(piece))
            found.append(msgspec.structs.replace(one, file=name, line=line + place[0], column=place[1]))
        pieces.append(piece if place is None else _blank(piece))
        line += piece.count("\n")
    return "".join(pieces), found


def later(value: Any) -> Iterator[tuple[str, str]]:
    """Path and text of each value of a known kind that is filled in later as a whole."""
    if not isinstance(value, dict) or not isinstance(value.get("apiVersion"), str) or not isinstance(value.get("kind"), str):
        return
    if known_kind(value["apiVersion"], value["kind"]) is None:
        return
    waiting: list[tuple[str, Any]] = [(f"/{field}", mapping(value.get(field))) for field in ("metadata", "spec")]
    while waiting:
        path, held = waiting.pop()
        pairs = held.items() if isinstance(held, dict) else enumerate(held)
        for key, item in pairs:
            here = path + pointer(key)
            if isinstance(item, (dict, list)) and key not in _OWN:
                waiting.append((here, item))
            elif isinstance(item, str) and "$" in item and LATER.fullmatch(item):
                yield here, item


def _template(piece: str, name: str) -> yaml.Place | None:
    """Where the placeholder stands for which a document is no YAML; None where it is YAML, or is wrong for another reason."""
    try:
        for _ in yaml.read(piece, name):
            pass
    except SyntaxProblem as problem:
        lines = piece.split("\n", problem.line)
        if problem.line <= len(lines) and _PLACEHOLDER.search(lines[problem.line - 1][:2000]):
            return problem.line, problem.column
        control = _CONTROL.search(piece)
        if control is not None:
            before = piece[: control.end()]
            return before.count("\n") + 1, len(before) - before.rfind("\n")
    return None


def _blank(piece: str) -> str:
    """As long as before, with the same line ends, so that all places stay; and still a document of its own."""
    kept = "---" if _BORDER.match(piece) else ""
    return kept + re.sub(r"[^\r\n]", " ", piece[len(kept) :])


def _object(piece: str) -> str:
    """Kind and name, as they are written; as much of both as can be told from a text that is no YAML."""
    kind = _KIND.search(piece)
    name = _name(piece)
    return "/".join(part.split(" #")[0].strip().strip("'\"")[:80] for part in (kind[1] if kind else "", name) if part)


def _name(piece: str) -> str:
    start = _METADATA.search(piece)
    if start is None:
        return ""
    if start[1].startswith("{"):
        flow = _FLOW_NAME.search(start[1])
        return flow[1] if flow else ""
    indent: str | None = None
    for line in piece[start.end() + 1 :].split("\n"):
        if not line.strip() or line.lstrip().startswith(("#", "{{")):
            continue
        if not line[0].isspace():
            break
        indent = indent or line[: len(line) - len(line.lstrip())]
        block = _BLOCK_NAME.match(line)
        if block is not None and block[1] == indent:
            return block[2]
    return ""
