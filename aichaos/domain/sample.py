"""What a probe saw: one answer, and what many of them amount to. Three outcomes each: good, bad, and nothing that could be told."""

from collections.abc import Iterable
from typing import Literal

import msgspec

Outcome = Literal["good", "bad", "none"]
Verdict = Literal["pass", "fail", "no-data"]


def together(found: Iterable[Verdict]) -> Verdict:
    """Of many promises: `fail` where one is broken, `pass` where there are some and all were kept, else `no-data`: what could not be told
    is not known to have held. (Kleene's strong conjunction.)"""
    verdicts = set(found)
    return "fail" if "fail" in verdicts else "pass" if verdicts == {"pass"} else "no-data"


class Sample(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One answer to one probe. at: seconds since 1970, when it was asked. seconds: how long the answer took; None where that is no matter.

    outcome: `none` where it can't be told whether the answer is as expected: no Prometheus, a value that is no number, an answer that does
    not say which backend gave it. why: what was wrong or missing, "" for a good one. status, backend: of an HTTP answer. value: of a query.
    slow: no answer had come by the end of the time for it.
    """

    probe: str
    at: float
    outcome: Outcome
    seconds: float | None = None
    why: str = ""
    status: int | None = None
    backend: str | None = None
    value: float | None = None
    slow: bool = False


class Judged(msgspec.Struct, frozen=True, kw_only=True):
    """All samples of a probe against its tolerance. good, bad, none: how many of each. why: what breaks the tolerance, or why there are
    no data. success: share of the good among the good and the bad. p50, p95, longest: seconds of the answers that came; None where none
    was timed."""

    probe: str
    verdict: Verdict
    good: int = 0
    bad: int = 0
    none: int = 0
    success: float | None = None
    p50: float | None = None
    p95: float | None = None
    longest: float | None = None
    why: str = ""
