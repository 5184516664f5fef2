"""Findings as SARIF 2.1.0 (OASIS), for code scanning: https://docs.oasis-open.org/sarif/sarif/v2.1.0/sarif-v2.1.0.html"""

from collections import Counter
from collections.abc import Callable, Iterable
from typing import Any
from urllib.parse import quote

from aichaos import __version__
from aichaos.domain.checked import Checked, Edit, Quiet
from aichaos.domain.digest import sha256
from aichaos.domain.finding import Finding, Severity

SCHEMA = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"

_LEVELS: dict[Severity, dict[str, str]] = {
    "error": {"level": "error"},
    "warning": {"level": "warning"},
    "info": {"level": "note"},
    # 3.27.9: "open" is a rule for which there was not enough to decide; 3.27.10: whatever is no failure has the level "none"
    "skipped": {"kind": "open", "level": "none"},
}

About = Callable[[str], tuple[str, Severity]]
"""A rule's sentence and its usual severity."""


def log(done: Checked, about: About) -> dict[str, Any]:
    """The whole file. Findings that a comment or the baseline hides are in it, marked as suppressed."""
    everything: list[tuple[Finding, Quiet | None]] = [(one, None) for one in done.findings]
    everything += [(hidden.finding, hidden) for hidden in done.quiet]
    rules = sorted({one.rule for one, _ in everything})
    driver = {"name": "aichaos", "version": __version__, "semanticVersion": __version__, "rules": [_rule(name, about) for name in rules]}
    seen: Counter[str] = Counter()
    results = [_result(one, hidden, rules.index(one.rule), seen) for one, hidden in everything]
    for result, one, edit in zip(results, done.findings, done.edits, strict=False):  # what is hidden comes after, and has none
        if edit is not None and one.fix is not None:
            result["fixes"] = [_fix(one, one.fix.description, edit)]
    run = {
        "tool": {"driver": driver},
        "columnKind": "unicodeCodePoints",
        "invocations": [{"executionSuccessful": True}],
        "results": results,
    }
    return {"$schema": SCHEMA, "version": "2.1.0", "runs": [run]}


def _rule(name: str, about: About) -> dict[str, Any]:
    summary, severity = about(name)
    level = _LEVELS[severity]["level"]
    return {"id": name, "shortDescription": {"text": summary}, "defaultConfiguration": {"level": level if level != "none" else "note"}}


def _result(one: Finding, hidden: Quiet | None, index: int, seen: Counter[str]) -> dict[str, Any]:
    text = one.message if one.fix is None else f"{one.message}\nfix: {one.fix.description}"
    result: dict[str, Any] = {"ruleId": one.rule, "ruleIndex": index, **_LEVELS[one.severity], "message": {"text": text}}
    locations = list(_locations(one))
    if locations:
        result["locations"] = locations
    result["partialFingerprints"] = {"aichaosFinding/v1": _fingerprint(one, seen)}
    result["properties"] = {"layer": one.layer, "severity": one.severity}
    if hidden is not None:
        kind = "inSource" if hidden.by == "comment" else "external"
        result["suppressions"] = [{"kind": kind, "justification": hidden.reason}]
    return result


def _fix(one: Finding, description: str, edit: Edit) -> dict[str, Any]:
    (start_line, start_column), (end_line, end_column) = edit.start, edit.end
    region = {"startLine": start_line, "startColumn": start_column, "endLine": end_line, "endColumn": end_column}
    replacement = {"deletedRegion": region, "insertedContent": {"text": edit.text}}
    change = {"artifactLocation": _artifact(one.file or ""), "replacements": [replacement]}
    return {"description": {"text": description}, "artifactChanges": [change]}


def _artifact(name: str) -> dict[str, str]:
    return {"uri": quote(name.replace("\\", "/").removeprefix("./"), safe="/")}


def _locations(one: Finding) -> Iterable[dict[str, Any]]:
    location: dict[str, Any] = {}
    if one.file is not None:
        location["physicalLocation"] = {"artifactLocation": _artifact(one.file)}
        if one.line is not None:
            region = {"startLine": one.line} | ({"startColumn": one.column} if one.column is not None else {})
            location["physicalLocation"]["region"] = region
    if one.object:
        location["logicalLocations"] = [{"fullyQualifiedName": f"{one.object}{one.path}", "kind": "object"}]
    if location:
        yield location


def _fingerprint(one: Finding, seen: Counter[str]) -> str:
    """The same finding in the next run, wherever its line has gone; of several that are alike, the first, the second …"""
    identity = "\n".join((one.rule, one.file or "", one.object, one.path))
    seen[identity] += 1
    return f"{sha256(identity.encode())[:16]}:{seen[identity]}"
