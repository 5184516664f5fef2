"""Findings as JUnit XML, in the form that CI servers read: a suite for each file, a case for each finding.

A file without findings is one case that passed, so that the report shows what was looked at.
"""

import re
from collections.abc import Iterable
from xml.sax.saxutils import escape, quoteattr

from aichaos.domain.checked import Checked
from aichaos.domain.finding import Finding

_FORBIDDEN = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
"""What XML 1.0 can't hold, not even escaped."""


def text(done: Checked, strict: bool) -> str:
    """strict: warnings and skipped checks are failures too, as they are to the exit code."""
    names = list(dict.fromkeys([*done.texts, *(one.file or "" for one in done.findings)]))
    suites = [_suite(name, [one for one in done.findings if (one.file or "") == name], strict) for name in names]
    failures = sum(_fails(one, strict) for one in done.findings)
    tests = sum(max(1, sum((one.file or "") == name for one in done.findings)) for name in names)
    head = f'<testsuites name="aichaos check" tests="{tests}" failures="{failures}" errors="0">'
    return "\n".join(['<?xml version="1.0" encoding="UTF-8"?>', head, *suites, "</testsuites>", ""])


def _suite(name: str, found: list[Finding], strict: bool) -> str:
    failures, skipped = sum(_fails(one, strict) for one in found), sum(_is_skipped(one, strict) for one in found)
    counts = f'tests="{max(1, len(found))}" failures="{failures}" errors="0" skipped="{skipped}"'
    head = f"  <testsuite name={attribute(name or 'aichaos')} {counts}>"
    cases = [_case(one, strict) for one in found] or [f'    <testcase classname={attribute(name)} name="no finding"/>']
    return "\n".join([head, *cases, "  </testsuite>"])


def _case(one: Finding, strict: bool) -> str:
    place = "".join(f":{part}" for part in (one.line, one.column) if part is not None)
    name = " ".join(part for part in (one.rule, f"{one.object}{one.path}", place and f"({place[1:]})") if part)
    head = f"    <testcase classname={attribute(one.file or one.object)} name={attribute(name)}>"
    return "\n".join([head, *_inside(one, f"{one.file or ''}{place}", strict), "    </testcase>"])


def _inside(one: Finding, place: str, strict: bool) -> Iterable[str]:
    told = body("\n".join([place, one.message, *([f"fix: {one.fix.description}"] if one.fix else [])]))
    if _fails(one, strict):
        yield f"      <failure type={attribute(one.severity)} message={attribute(one.message)}>{told}</failure>"
    elif one.severity == "skipped":
        yield f"      <skipped message={attribute(one.message)}/>"
    else:
        yield f"      <system-out>{told}</system-out>"


def _fails(one: Finding, strict: bool) -> bool:
    return one.severity == "error" or (strict and one.severity in ("warning", "skipped"))


def _is_skipped(one: Finding, strict: bool) -> bool:
    return one.severity == "skipped" and not strict


def attribute(value: str) -> str:
    """A value of an attribute, with its quotes."""
    return _clean(quoteattr(value, {"\n": "&#10;", "\r": "&#13;", "\t": "&#9;"}))


def body(value: str) -> str:
    """Text between two tags."""
    return _clean(escape(value))


def _clean(value: str) -> str:
    return _FORBIDDEN.sub("�", value)
