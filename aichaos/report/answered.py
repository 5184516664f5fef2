"""Who answered over time, beside who was foretold to: two bands of one picture, on the axis of time of the plots.

The lower band has the shares of those who answered, column by column; the upper one those that were foretold for each state.
"""

from collections.abc import Iterable, Mapping

import msgspec

from aichaos.domain.results import Bucket, Compared, ProbeResult, Results, Window
from aichaos.report.plots import Shade, Tick, scale_of, shaded, ticks, together
from aichaos.report.results import who

BAND, GAP, TOP = 46.0, 10.0, 8.0
FORETOLD, CAME = TOP, TOP + BAND + GAP
HEIGHT = CAME + BAND
COLOURS = 6
"""Names that have a colour of their own; all others share one."""


class Block(msgspec.Struct, frozen=True, kw_only=True):
    """A share of a stretch of time. colour: from 0; COLOURS for the rest."""

    x: float
    y: float
    width: float
    height: float
    colour: int
    title: str


class Answered(msgspec.Struct, frozen=True, kw_only=True):
    """names: with their colour, for the key. said: the same in words."""

    blocks: list[Block]
    names: list[tuple[str, int]]
    shades: list[Shade]
    x: list[Tick]
    said: str


def answered(found: Results, probe: ProbeResult) -> Answered | None:
    """None where nothing was foretold of what the probe asks, or nothing came."""
    columns = together(probe.timeline)
    foretold = [one for one in found.prediction if one.request == probe.request and one.shares]
    if not columns or probe.request is None or not foretold:
        return None
    scale = scale_of(found, columns)
    came = [(one, _came(one)) for one in columns]
    order = dict.fromkeys([name for one in foretold for name in one.shares] + [name for _, parts in came for name in parts])
    colours = {name: min(place, COLOURS) for place, name in enumerate(order)}
    blocks: list[Block] = []
    for one in foretold:
        window = _window(found, one)
        if window is not None and window.end > window.start:
            blocks += _stacked(one.shares, scale.x(window.start), scale.x(window.end), FORETOLD, colours, f"foretold, {one.state}")
    for bucket, parts in came:
        left, right = scale.x(bucket.start), scale.x(bucket.start + bucket.seconds)
        blocks += _stacked(parts, left, right, CAME, colours, f"came at {bucket.start - scale.start:.0f} s")
    differ = sum(one.verdict == "differs" for one in foretold)
    said = f"{probe.request}: who was foretold to answer, and who did; {_many(differ)}"
    return Answered(
        blocks=blocks,
        names=list(colours.items()),
        shades=shaded(found, scale, ("during",)),
        x=ticks(scale),
        said=said,
    )


def _many(differ: int) -> str:
    return "they agree" if not differ else f"they differ in {differ} state{'s' * (differ > 1)}"


def _window(found: Results, one: Compared) -> Window | None:
    """The stretch of the run that a state of the prediction is."""
    if one.step is not None:
        return next((window for window in found.windows if window.kind == "step" and window.number == one.step), None)
    return found.window("baseline" if one.state == "before" else "after")


def _came(bucket: Bucket) -> dict[str, int]:
    """Who answered, and what was no answer as that."""
    parts = who(bucket.backends, bucket.statuses)
    if silent := bucket.good + bucket.bad + bucket.none - sum(bucket.statuses.values()):
        parts["no answer"] = silent
    return parts


def _stacked(parts: Mapping[str, float], left: float, right: float, top: float, colours: Mapping[str, int], when: str) -> Iterable[Block]:
    whole = sum(parts.values())
    y = top
    for name in sorted(parts, key=lambda one: colours[one]):
        height = BAND * parts[name] / whole if whole else 0.0
        if height > 0:
            yield Block(
                x=left,
                y=round(y, 1),
                width=round(max(1.0, right - left), 1),
                height=round(height, 1),
                colour=colours[name],
                title=f"{when}: {name} {parts[name] / whole:.0%}",
            )
        y += height
