"""How long answers took, as a histogram: HdrHistogram, from a microsecond to an hour, each value within 0.1 %.

However many answers come, it is as large; two are added without loss; and it is written as a short text (HdrHistogram's own format V2,
which its tools read).
"""

from bisect import bisect_left
from collections.abc import Iterable, Sequence
from itertools import accumulate
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from hdrh.histogram import HdrHistogram

_UNIT = 1e-6
_LONGEST = 3600 * 1_000_000
_DIGITS = 3


class Latencies:
    """Seconds until an answer, of any number of answers."""

    def __init__(self, written: Iterable[str] = ()) -> None:
        """written: histograms as texts, which are added up. Raises ValueError for one that is none."""
        self._histogram = _empty()
        self._up_to: list[int] | None = None
        """How many values there are up to each of the histogram's places; worked out once, as many ranks are asked for."""
        for one in written:
            self.add(one)

    def add(self, written: str) -> None:
        self._up_to = None
        try:
            self._histogram.decode_and_add(written)
        except Exception as error:  # whatever its C and zlib raise
            raise ValueError(f"{written[:20]!r} is no histogram") from error

    def text(self) -> str:
        return str(self._histogram.encode().decode("ascii"))

    @property
    def count(self) -> int:
        return int(self._histogram.total_count)

    @property
    def longest(self) -> float | None:
        return float(self._histogram.get_max_value()) * _UNIT if self.count else None

    def at(self, rank: int) -> float:
        """The value of that rank, from 1 for the shortest."""
        if self._up_to is None:
            self._up_to = list(accumulate(self._histogram.counts))
        value = self._histogram.get_value_from_index(bisect_left(self._up_to, rank))
        return float(self._histogram.get_highest_equivalent_value(value)) * _UNIT


class Writer:
    """Makes texts of seconds, one histogram used again and again."""

    def __init__(self) -> None:
        self._histogram: HdrHistogram | None = None

    def text(self, seconds: Sequence[float]) -> str:
        if self._histogram is None:
            self._histogram = _empty()
        self._histogram.reset()
        for one in seconds:
            self._histogram.record_value(min(_LONGEST, max(1, round(one / _UNIT))))
        return str(self._histogram.encode().decode("ascii"))


def _empty() -> "HdrHistogram":
    from hdrh.histogram import HdrHistogram

    return HdrHistogram(1, _LONGEST, _DIGITS)
