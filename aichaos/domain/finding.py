"""What a check found: a value, never an exception; and what could not be checked is a finding too."""

from typing import Any, Literal

import msgspec

Severity = Literal["error", "warning", "info", "skipped"]
Layer = Literal["syntax", "schema", "admission", "meaning", "reference", "policy"]
Verdict = Literal["ready", "review", "rejected"]

SEVERITIES: tuple[Severity, ...] = ("error", "warning", "info", "skipped")


class Fix(msgspec.Struct, frozen=True, kw_only=True):
    """A correction that is certain; `patch` is an RFC 6902 JSON Patch of the document."""

    description: str
    patch: list[dict[str, Any]]


class Finding(msgspec.Struct, frozen=True, kw_only=True):
    """One thing to know about one place.

    rule: stable name, `family/what`. object: `Kind/ns/name`. path: JSON Pointer into the document.
    file, line, column: where it stands, counted from 1; None where the document came from no file.
    """

    rule: str
    layer: Layer
    severity: Severity
    message: str
    object: str = ""
    path: str = ""
    file: str | None = None
    line: int | None = None
    column: int | None = None
    fix: Fix | None = None


def verdict(findings: list[Finding]) -> Verdict:
    """`rejected` with an error, `review` with a warning or a check that could not be made, else `ready`."""
    severities = {finding.severity for finding in findings}
    if "error" in severities:
        return "rejected"
    return "review" if severities & {"warning", "skipped"} else "ready"


def summary(findings: list[Finding]) -> dict[str, int]:
    return {severity: sum(finding.severity == severity for finding in findings) for severity in SEVERITIES}
