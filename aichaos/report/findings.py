"""Findings of a check for people: the place, the line with a caret, the reason, the correction, the rule."""

import re
from collections.abc import Iterator, Sequence

from aichaos.domain.finding import Finding, Severity
from aichaos.files.nodes import Lines
from aichaos.report.clean import clean
from aichaos.report.layout import Paper, Style, cells

STYLES: dict[Severity, Style] = {"error": "red", "warning": "yellow", "info": "blue", "skipped": "magenta"}
_WORD = re.compile(r"[^\s:,\[\]{}]+")
_BEFORE = 20
"""Characters of a line that are shown before the place, where the line is longer than the terminal is wide."""


def show(found: Sequence[Finding], texts: dict[str, str], paper: Paper) -> None:
    """texts: what was checked, by the names of files, to show the lines from."""
    lines: dict[str, Lines] = {}
    for one in found:
        if one.file in texts and one.file not in lines:
            lines[one.file] = Lines(texts[one.file])
        _finding(one, lines.get(one.file or ""), paper)


def _finding(one: Finding, lines: Lines | None, paper: Paper) -> None:
    place = ":".join(str(part) for part in (one.file, one.line, one.column) if part is not None)
    called = one.object.replace("\n", "\\n")  # a line of its own in somebody's log could be taken for a command there
    paper.line((place or called, "bold"), "  ", (one.severity, STYLES[one.severity]), f"  {one.rule}")
    paper.text(one.message, indent=2)
    about = "  ".join(part for part in (called if place else "", one.path.replace("\n", "\\n")) if part)
    if about:
        paper.text(about, indent=2, style="dim")
    if lines is not None and one.line is not None and one.column is not None:
        _excerpt(lines.line(one.line), one, paper)
    if one.fix is not None:
        paper.text(f"fix: {one.fix.description}", indent=2, style="green")
    paper.line()


def _excerpt(line: str, one: Finding, paper: Paper) -> None:
    """The line, cut to what fits around the place, and under it a caret for each column of the word there."""
    assert one.line is not None
    assert one.column is not None
    if not line.strip():
        return
    number, at = f"{one.line:>6}", one.column - 1
    room = paper.width - len(number) - 3
    cut = max(0, at - _BEFORE) if cells(clean(line)) > room else 0
    shown = clean(line[cut:])
    while cells(shown) > room:
        shown = shown[:-1]
    word = _WORD.match(line, at)
    before, under = clean(line[cut:at]), clean(word[0]) if word else " "
    carets = min(cells(under), max(room - cells(before), 1))
    paper.line((f"{number} | ", "dim"), shown)
    paper.line((f"{'':>{len(number)}} | ", "dim"), " " * cells(before), ("^" * carets, STYLES[one.severity]))


def diff(before: dict[str, str], after: dict[str, str]) -> Iterator[str]:
    """What changed in some files, as `diff -u` and `patch` know it."""
    if not before:
        return
    from difflib import unified_diff  # nearly no run shows one, and every start would pay for it

    for name, old in before.items():
        for line in unified_diff(_lines(old), _lines(after[name]), f"a/{name.lstrip('/')}", f"b/{name.lstrip('/')}"):
            yield line if line.endswith("\n") else f"{line}\n\\ No newline at end of file\n"


def _lines(text: str) -> list[str]:
    """Only \\n ends a line of a diff."""
    return re.findall(r"[^\n]*\n|[^\n]+\Z", text)
