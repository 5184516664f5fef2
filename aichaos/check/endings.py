"""Every fault needs an end: rules for durations that neither a CRD nor a webhook catches."""

import math
from collections.abc import Iterator
from typing import Any

from aichaos.check.rules import finding
from aichaos.domain.experiment import seconds
from aichaos.domain.finding import Finding
from aichaos.observe.faults import Fault, LitmusFault, faults, litmus_faults, stands_elsewhere

_LONGEST = 9.2e9
"""Seconds: a Go duration is nanoseconds in 64 bits, some 292 years."""


def length(value: Any) -> float | None:
    """A Go duration of more than zero, in seconds; None for anything else."""
    if not isinstance(value, str):
        return None
    found = seconds(value)
    return found if found is not None and 0 < found <= _LONGEST and math.isfinite(found) else None


def ending_findings(manifest: dict[str, Any], name: str) -> Iterator[Finding]:
    """What is wrong with the end of each fault of a chaos object. `name`: how findings call the object."""
    for fault in faults(manifest):
        if not fault.one_shot and length(fault.ends[1]) is None:
            yield _endless(fault, name)
    for litmus_fault in litmus_faults(manifest):
        yield from _litmus(litmus_fault, name)


def _endless(fault: Fault, name: str) -> Finding:
    path, value = fault.ends
    field = path.rpartition("/")[2]
    match value:
        case None:
            problem = f"no {field}: this {fault.kind} runs until somebody deletes it; say how long, as in {field}: 60s"
        case "":
            problem = f"an empty {field} is accepted and never ends the fault; say how long, as in 60s"
        case bool() | dict() | list():
            problem = f"{field} is no duration; write a text such as 60s"
        case int() | float():
            problem = f'{field} {value} has no unit; write it as "{value}s" if seconds are meant'
        case _:
            problem = f"{field} {_short(value)} is no duration of more than zero; write numbers with units, as in 60s or 1m30s"
    return finding("chaos-mesh/duration-required", problem, object=name, path=path)


def _litmus(fault: LitmusFault, name: str) -> Iterator[Finding]:
    path = f"{fault.path}/spec/components/env"
    variable = "TOTAL_CHAOS_DURATION"
    if variable not in fault.environment:
        message = (
            f'no {variable}: how long {fault.name or "the fault"} lasts is left to the installed fault; set it to whole seconds, as in "60"'
        )
        yield finding("litmus/duration", message, object=name, path=path, severity="warning")
        return
    value = fault.environment[variable]
    if stands_elsewhere(value) or _whole_seconds(value):
        return
    yield finding("litmus/duration", f'{variable} is {_short(value)}; it takes whole seconds as a text, as in "60"', object=name, path=path)


def _whole_seconds(value: Any) -> bool:
    return isinstance(value, str) and value.isascii() and value.isdigit() and int(value[:12]) > 0


def _short(value: Any) -> str:
    shown = repr(value) if isinstance(value, str) else "not a text" if isinstance(value, (dict, list)) else str(value)
    return shown if len(shown) <= 40 else f"{shown[:40]}…"
