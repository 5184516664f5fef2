"""Findings as workflow commands of GitHub Actions, which the page of a pull request shows beside the line.

Escaping as in @actions/core: `%`, carriage return and newline in a message; also `:` and `,` in a property. Without it, text in a
manifest could give the runner commands of its own.
"""

from collections.abc import Iterable

from aichaos.domain.finding import Finding, Severity

_COMMANDS: dict[Severity, str] = {"error": "error", "warning": "warning", "info": "notice", "skipped": "notice"}


def lines(found: Iterable[Finding]) -> Iterable[str]:
    """One command for each finding."""
    for one in found:
        where = {"file": one.file, "line": one.line, "col": one.column, "title": f"{one.rule} ({one.severity})"}
        properties = ",".join(f"{name}={_property(str(value))}" for name, value in where.items() if value is not None)
        about = "".join(f"\n{part}" for part in (one.object + one.path, f"fix: {one.fix.description}" if one.fix else "") if part)
        yield f"::{_COMMANDS[one.severity]} {properties}::{_message(one.message + about)}"


def _message(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _message(text).replace(":", "%3A").replace(",", "%2C")
