"""What was measured over time, as shapes of an SVG: plain numbers that a template writes down. No script, no picture, no library.

Two plots for each probe, one below the other with one axis of time: the share of good answers, and how long they took. Windows are shaded,
so that one sees what happened while the cluster was changed.
"""

from collections import Counter
from collections.abc import Callable, Sequence
from math import ceil, floor, log10

import msgspec

from aichaos.domain.results import Bucket, ProbeResult, Results, WindowKind

WIDTH, HEIGHT = 720.0, 150.0
LEFT, TOP, BOTTOM = 76.0, 10.0, 28.0
_LEAST, _LARGEST = 1e-9, 1e15
MOST = 240
"""Columns of a plot: more would be finer than the paper. Seconds of long runs are put together."""


class Shade(msgspec.Struct, frozen=True, kw_only=True):
    """A window. kind: during, restoring."""

    kind: str
    x: float
    width: float


class Tick(msgspec.Struct, frozen=True, kw_only=True):
    at: float
    text: str


class Bar(msgspec.Struct, frozen=True, kw_only=True):
    """The share of bad answers in a stretch of time, hanging from the top."""

    x: float
    width: float
    height: float


class Plot(msgspec.Struct, frozen=True, kw_only=True):
    """One plot. lines: points of a polyline by the name of what it shows; a gap where nothing was measured begins another one.

    title: in words, for who does not see it.
    """

    title: str
    shades: list[Shade]
    x: list[Tick]
    y: list[Tick]
    bars: list[Bar] = []
    lines: list[tuple[str, str]] = []


class Scale(msgspec.Struct, frozen=True, kw_only=True):
    """From seconds since 1970 to a place on the paper."""

    start: float
    end: float

    def x(self, at: float) -> float:
        share = (at - self.start) / max(self.end - self.start, 1e-9)
        return round(LEFT + min(max(share, 0.0), 1.0) * (WIDTH - LEFT), 1)


def plots(found: Results, probe: ProbeResult) -> list[Plot]:
    """The plots of a probe; none where nothing was measured."""
    columns = together(probe.timeline)
    if not columns:
        return []
    scale = scale_of(found, columns)
    shades, x = shaded(found, scale, ("during", "restoring")), ticks(scale)
    drawn = [_success(columns, scale, shades, x, probe)]
    if any(one.p95 is not None for one in columns):
        drawn.append(_latency(columns, scale, shades, x, probe))
    if any(one.value is not None for one in columns):
        drawn.append(_values(columns, scale, shades, x, probe))
    return drawn


def scale_of(found: Results, columns: Sequence[Bucket]) -> Scale:
    """One axis for all that is drawn of a probe."""
    return Scale(start=min(columns[0].start, found.began), end=max(columns[-1].start + columns[-1].seconds, found.ended))


def shaded(found: Results, scale: Scale, kinds: Sequence[WindowKind]) -> list[Shade]:
    """The windows of these kinds, as they are shaded behind what is drawn."""
    return [
        Shade(kind=one.kind, x=scale.x(one.start), width=max(1.0, round(scale.x(one.end) - scale.x(one.start), 1)))
        for one in found.windows
        if one.kind in kinds
    ]


def ticks(scale: Scale) -> list[Tick]:
    """The axis of time."""
    return [Tick(at=scale.x(scale.start + second), text=_seconds(second)) for second in steps(scale.end - scale.start)]


def together(buckets: Sequence[Bucket]) -> list[Bucket]:
    """The same in at most MOST pieces. Of percentiles the worst one stays: a mean of them would hide it."""
    size = ceil(len(buckets) / MOST) or 1
    return [_one(buckets[place : place + size]) for place in range(0, len(buckets), size)]


def _one(part: Sequence[Bucket]) -> Bucket:
    last = part[-1]
    return Bucket(
        start=part[0].start,
        seconds=last.start + last.seconds - part[0].start,
        good=sum(one.good for one in part),
        bad=sum(one.bad for one in part),
        none=sum(one.none for one in part),
        p50=_most([one.p50 for one in part]),
        p95=_most([one.p95 for one in part]),
        longest=_most([one.longest for one in part]),
        value=next((one.value for one in reversed(part) if one.value is not None), None),
        backends=_sum([one.backends for one in part]),
        statuses=_sum([one.statuses for one in part]),
    )


def _sum(counts: Sequence[dict[str, int]]) -> dict[str, int]:
    found = Counter[str]()
    for one in counts:
        found.update(one)
    return dict(found)


def _most(values: Sequence[float | None]) -> float | None:
    return max((one for one in values if one is not None), default=None)


def _success(columns: list[Bucket], scale: Scale, shades: list[Shade], x: list[Tick], probe: ProbeResult) -> Plot:
    bars = []
    for one in columns:
        told = one.good + one.bad
        if one.bad and told:
            left, right = scale.x(one.start), scale.x(one.start + one.seconds)
            bars.append(Bar(x=left, width=max(1.0, round(right - left, 1)), height=round(max(1.0, HEIGHT * one.bad / told), 1)))
    y = [Tick(at=TOP + HEIGHT * (1 - share / 100), text=f"{share} %") for share in (0, 50, 100)]
    bad, told = sum(one.bad for one in columns), sum(one.good + one.bad for one in columns)
    line = _lines([(one, one.good / (one.good + one.bad) if one.good + one.bad else None) for one in columns], scale, 1.0)
    none = sum(one.none for one in columns)
    said = f"{bad} of {told} were bad" if told else f"none of the {none} answers tells anything"
    title = f"{probe.probe}: share of good answers over time; {said}" + (f", {none} more tell nothing" if told and none else "")
    return Plot(title=title, shades=shades, x=x, y=y, bars=bars, lines=[("good", points) for points in line])


def _latency(columns: list[Bucket], scale: Scale, shades: list[Shade], x: list[Tick], probe: ProbeResult) -> Plot:
    top = nice(max(one.p95 or 0.0 for one in columns))
    lines = [("p95", points) for points in _lines([(one, one.p95) for one in columns], scale, top)]
    lines += [("p50", points) for points in _lines([(one, one.p50) for one in columns], scale, top)]
    title = (
        f"{probe.probe}: time until the answer, p50 and p95 over time; p95 at most {_milliseconds(max(one.p95 or 0.0 for one in columns))}"
    )
    return Plot(title=title, shades=shades, x=x, y=_y(top, _milliseconds), lines=lines)


def _values(columns: list[Bucket], scale: Scale, shades: list[Shade], x: list[Tick], probe: ProbeResult) -> Plot:
    values = [one.value for one in columns if one.value is not None]
    top = nice(max(*values, 0.0) if values else 0.0)
    lines = [("value", points) for points in _lines([(one, one.value) for one in columns], scale, top)]
    title = f"{probe.probe}: value of the query over time, from {min(values):g} to {max(values):g}"
    return Plot(title=title, shades=shades, x=x, y=_y(top, lambda value: f"{value:g}"), lines=lines)


def _y(top: float, text: Callable[[float], str]) -> list[Tick]:
    return [Tick(at=TOP + HEIGHT * (1 - share), text=text(top * share)) for share in (0.0, 0.5, 1.0)]


def _lines(columns: Sequence[tuple[Bucket, float | None]], scale: Scale, top: float) -> list[str]:
    """Points of polylines: a step as wide as its column, so that nothing seems to begin before it did."""
    parts: list[list[tuple[float, float]]] = [[]]
    until = float("inf")
    for bucket, value in columns:
        if value is None or bucket.start > until + bucket.seconds / 2:  # nothing was measured in between
            parts.append([])
        until = bucket.start + bucket.seconds
        if value is None:
            continue
        y = round(TOP + HEIGHT * (1 - min(max(value / top, 0.0), 1.0)), 1)
        parts[-1] += [(scale.x(bucket.start), y), (scale.x(bucket.start + bucket.seconds), y)]
    return [" ".join(f"{x:g},{y:g}" for x, y in part) for part in parts if part]


def nice(value: float) -> float:
    """The next round number: 1, 2 or 5 times a power of ten; between a billionth and 10^15."""
    if value <= 0:
        return 1.0
    value = min(max(value, _LEAST), _LARGEST)
    power = 10.0 ** floor(log10(value))
    return next(step * power for step in (1.0, 2.0, 5.0, 10.0) if value <= step * power * (1 + 1e-9))


def steps(length: float) -> list[float]:
    """Seconds from 0 at which an axis of this length has its words: four to eight of them."""
    size = nice(max(length, 1.0) / 6)
    return [number * size for number in range(int(length / size) + 1)]


def _seconds(value: float) -> str:
    return f"{value:g} s" if value < 180 else f"{value / 60:.3g} min"


def _milliseconds(value: float) -> str:
    return f"{value * 1000:.3g} ms" if value < 1 else f"{value:.3g} s"
