"""Every fault needs an end: rules for durations that neither a CRD nor a webhook catches."""

import math
from collections.abc import Iterator
from typing import Any

from aichaos.check.fixes import fix, replace
from aichaos.check.meaning.units import go_duration, short
from aichaos.check.subject import Subject
from aichaos.domain.experiment import seconds
from aichaos.domain.finding import Finding
from aichaos.observe.faults import Fault, faults

_LONGEST = 9.2e9
"""Seconds: a Go duration is nanoseconds in 64 bits, some 292 years."""


def length(value: Any) -> float | None:
    """A Go duration of more than zero, in seconds; None for anything else."""
    if not isinstance(value, str):
        return None
    found = seconds(value)
    return found if found is not None and 0 < found <= _LONGEST and math.isfinite(found) else None


def ending_findings(this: Subject) -> Iterator[Finding]:
    """What is wrong with the end of each fault of a chaos object."""
    for fault in faults(this.document):
        if not fault.one_shot and length(fault.ends[1]) is None:
            yield _endless(this, fault)


def _endless(this: Subject, fault: Fault) -> Finding:
    path, value = fault.ends
    field = path.rpartition("/")[2]
    meant = go_duration(value, "s")
    certain = fix(f"{field}: {meant}", replace(path, meant)) if meant and length(meant) is not None else None
    match value:
        case None:
            problem = f"no {field}: this {fault.kind} runs until somebody deletes it; say how long, as in {field}: 60s"
        case "":
            problem = f"an empty {field} is accepted and never ends the fault; say how long, as in 60s"
        case bool() | dict() | list():
            problem = f"{field} is no duration; write a text such as 60s"
        case int() | float():
            problem = f'{field} {short(value)} has no unit; write it as "{short(value)}s" if seconds are meant'
        case _:
            problem = f"{field} {short(value)} is no duration of more than zero; write numbers with units, as in 60s or 1m30s"
    return this.note("chaos-mesh/duration-required", problem, path if value is not None else path.rpartition("/")[0], fix=certain)
