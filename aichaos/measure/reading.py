"""The samples of one probe, read back: a Tally for each window, one for each stretch of the plot, and when it was bad and good again."""

from collections.abc import Iterable, Sequence

import msgspec

from aichaos.domain.results import Bucket, Measured, Window, WindowKind
from aichaos.measure.figures import Tally, bucket, measured
from aichaos.measure.samples import Second
from aichaos.measure.windows import Finder

MOST_BUCKETS = 600
"""Of a plot: more can't be told apart on a screen."""


class Times(msgspec.Struct, frozen=True):
    """When a probe was first bad after the first change, last bad, good again for good, and first good after the first change; None where
    it was not."""

    first_bad: float | None = None
    last_bad: float | None = None
    good_again: float | None = None
    first_good: float | None = None


class Reading:
    """Everything that was seen of one probe."""

    def __init__(self, windows: Sequence[Window], width: float) -> None:
        self._windows = windows
        self._finder = Finder(windows)
        self._width = width
        self._tallies: dict[tuple[WindowKind, int | None], Tally] = {}
        self._buckets: dict[int, Tally] = {}
        self._ends: list[tuple[float | None, float | None, float | None, float | None]] = []
        self.late = 0.0
        """Seconds by which the latest question was asked after it was due."""
        self.last = 0.0
        """When the last question was due that was answered; 0 for none."""

    def take(self, line: Second) -> None:
        self.late = max(self.late, line.late)
        self.last = max(self.last, line.to)
        for window in self._finder.of((line.at + line.to) / 2):
            self._tallies.setdefault((window.kind, window.number), Tally()).take(line)
        self._buckets.setdefault(int(line.at // self._width), Tally()).take(line)
        self._ends.append((line.first_bad, line.last_bad, line.first_good, line.last_good))

    def tally(self, kind: WindowKind, number: int | None = None) -> Tally:
        return self._tallies.get((kind, number)) or Tally()

    def measured(self) -> list[Measured]:
        """One for each window of the run, also where nothing was asked in it."""
        return [measured(self.tally(one.kind, one.number), one) for one in self._windows]

    def timeline(self) -> list[Bucket]:
        return [bucket(tally, number * self._width, self._width) for number, tally in sorted(self._buckets.items())]

    def times(self, since: float) -> Times:
        """From the first change on."""
        bad = [one for first, last, _, _ in self._ends for one in (first, last) if one is not None and one >= since]
        good = [one for _, _, first, last in self._ends for one in (first, last) if one is not None and one >= since]
        last_bad = max(bad, default=None)
        return Times(
            first_bad=min(bad, default=None),
            last_bad=last_bad,
            good_again=min((one for one in good if last_bad is not None and one > last_bad), default=None),
            first_good=min(good, default=None),
        )


def readings(lines: Iterable[Second], windows: Sequence[Window]) -> dict[str, Reading]:
    """By the name of the probe."""
    whole = windows[-1].end - windows[0].start if windows else 0.0
    width = float(max(1, -(-whole // MOST_BUCKETS)))
    found: dict[str, Reading] = {}
    for line in lines:
        if line.probe not in found:
            found[line.probe] = Reading(windows, width)
        found[line.probe].take(line)
    return found
