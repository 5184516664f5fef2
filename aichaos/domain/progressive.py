"""An experiment that grows: what was tried, and how much the system bears."""

import msgspec

from aichaos.domain.sample import Verdict


class Try(msgspec.Struct, frozen=True, kw_only=True):
    """One run of a series. value: of what grows, in its unit. held: whether the hypothesis held and everything was restored; None where the
    run can't tell (no data, ended early, not begun). confidence: low, medium or high; "" where nothing was run. code: as the exit code of a
    run. run, report: its name, and the path of its report."""

    value: float
    held: bool | None
    repeat: int = 1
    code: int = 0
    verdict: Verdict | None = None
    run: str = ""
    report: str = ""
    why: str = ""
    experiment: str = ""
    confidence: str = ""


class Limit(msgspec.Struct, frozen=True, kw_only=True):
    """How much was borne. held: the most that held; None where nothing did. broke: the least that did not; None where all held. start: what
    is known to hold without a try, as nothing is done there. noisy: values whose tries did not agree. complete: False where a try could not
    tell, and the series ended there."""

    held: float | None
    broke: float | None
    start: float | None = None
    noisy: list[float] = []
    complete: bool = True


class Course(msgspec.Struct, frozen=True, kw_only=True):
    """A series as it went. knob: what grows, as it was named; unit: `ms`, `s`, `%` or "". closely: how close the limit was wanted; null for
    the stages alone. code: the exit code. why: why it ended before its last stage."""

    series: str
    experiment: str
    title: str
    knob: str
    unit: str
    stages: list[float]
    repeats: int
    closely: float | None
    tries: list[Try]
    limit: Limit
    code: int
    said: str
    why: str = ""
