"""Many samples as figures: what `samples` keeps, added up for a window or a stretch of a plot."""

from collections import Counter
from statistics import median

from aichaos.domain.results import Bucket, Estimate, Measured, Window
from aichaos.measure.latencies import Latencies
from aichaos.measure.samples import Second
from aichaos.measure.statistics import needed, rank, ranks, wilson

TOO_FEW = "too few samples to say"
_FOLD = 64
_QUANTILES = {"p50": 0.5, "p90": 0.9, "p95": 0.95, "p99": 0.99, "max": 1.0}


class Tally:
    """Lines of one probe, added up. However many, it stays small."""

    def __init__(self) -> None:
        self.good = self.bad = self.none = self.slow = 0
        self.statuses: Counter[str] = Counter()
        self.backends: Counter[str] = Counter()
        self.why = ""
        self.none_why = ""
        self.lates: list[float] = []
        self.value: float | None = None
        self._written: list[str] = []

    def take(self, line: Second) -> None:
        self.good, self.bad, self.none = self.good + line.good, self.bad + line.bad, self.none + line.none
        self.slow += line.slow
        self.statuses.update(line.statuses)
        self.backends.update(line.backends)
        if line.bad and line.why:
            self.why = line.why
        elif line.why:
            self.none_why = line.why
        self.lates.append(line.late)
        self.value = line.value if line.value is not None else self.value
        if line.latencies:
            self._written.append(line.latencies)
            if len(self._written) >= _FOLD:
                self._fold()

    def _fold(self) -> None:
        self._written = [self.latencies().text()]

    @property
    def told(self) -> int:
        """Answers of which could be told whether they were as expected."""
        return self.good + self.bad

    @property
    def samples(self) -> int:
        return self.told + self.none

    @property
    def usually_late(self) -> float:
        """Seconds by which questions were late in a usual second: what this machine itself adds to latencies."""
        return median(self.lates) if self.lates else 0.0

    @property
    def reason(self) -> str:
        return self.why if self.bad else self.none_why

    def latencies(self) -> Latencies:
        """Added up anew each time: a histogram takes two hundred kilobytes, its text a few hundred bytes."""
        return Latencies(self._written)


def availability(tally: Tally) -> Estimate:
    if not tally.told:
        return Estimate(note="no data")
    low, high = wilson(tally.good, tally.told)
    return Estimate(value=tally.good / tally.told, low=low, high=high)


def quantile(seen: Latencies, measure: str) -> Estimate:
    """p50, p90, p95, p99 or max, in seconds."""
    if not seen.count:
        return Estimate(note="no data")
    share = _QUANTILES[measure]
    value = seen.at(rank(share, seen.count))
    if share == 1.0:
        return Estimate(value=value, low=value, note="of the answers that came; no interval can be given for the longest")
    low, high = ranks(share, seen.count)
    note = "" if low and high else f"{TOO_FEW}: {seen.count} of the {needed(share)} that it takes"
    return Estimate(value=value, low=seen.at(low) if low else None, high=seen.at(high) if high else None, note=note)


def measured(tally: Tally, window: Window) -> Measured:
    share, seen = availability(tally), tally.latencies()
    return Measured(
        window=window.kind,
        name=window.name,
        number=window.number,
        samples=tally.samples,
        good=tally.good,
        bad=tally.bad,
        none=tally.none,
        slow=tally.slow,
        availability=share,
        error_rate=_without(share),
        p50=quantile(seen, "p50"),
        p95=quantile(seen, "p95"),
        p99=quantile(seen, "p99"),
        longest=seen.longest,
        backends=dict(tally.backends.most_common()),
        statuses=dict(tally.statuses.most_common()),
        why=tally.reason,
    )


def _without(share: Estimate) -> Estimate:
    if share.value is None or share.low is None or share.high is None:
        return share
    return Estimate(value=1 - share.value, low=1 - share.high, high=1 - share.low)


def bucket(tally: Tally, start: float, seconds: float) -> Bucket:
    seen = tally.latencies()
    return Bucket(
        start=start,
        seconds=seconds,
        good=tally.good,
        bad=tally.bad,
        none=tally.none,
        p50=quantile(seen, "p50").value,
        p95=quantile(seen, "p95").value,
        longest=seen.longest,
        value=tally.value,
        backends=dict(tally.backends),
        statuses=dict(tally.statuses),
    )
