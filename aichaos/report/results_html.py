"""The results of a run as one HTML page that needs nothing else: no network, no script. For light and dark, a phone and a printer."""

from collections.abc import Callable, Sequence
from importlib.resources import files

import msgspec

from aichaos.domain.results import Bucket, ProbeResult, Results, Window
from aichaos.report.clean import clean
from aichaos.report.results import VERDICTS, confidence, facts, rows, score

WIDTH, HEIGHT, LEFT, TOP, BOTTOM = 720.0, 150.0, 56.0, 10.0, 22.0
_SHADED = ("during", "restoring")


class Mark(msgspec.Struct, frozen=True):
    """A stretch of the plot that is shaded, or a label of an axis. at, size: of the drawing."""

    kind: str
    text: str
    at: float
    size: float = 0.0


class Plot(msgspec.Struct, frozen=True, kw_only=True):
    """A figure over time. lines: name and points as SVG wants them. shaded, ticks (left) and times (below) are marks."""

    title: str
    lines: list[tuple[str, str]]
    shaded: list[Mark]
    ticks: list[Mark]
    times: list[Mark]
    said: str


def page(found: Results) -> str:
    """Everything about a run."""
    import jinja2  # only where a page is made

    environment = jinja2.Environment(undefined=jinja2.StrictUndefined, autoescape=True, trim_blocks=True, lstrip_blocks=True)
    template = environment.from_string((files("aichaos.report") / "templates" / "results.html").read_text(encoding="utf-8"))
    return clean(
        template.render(
            found=found,
            title=found.title or found.experiment_name,
            verdict=VERDICTS[found.verdict],
            facts=facts(found),
            score=score(found),
            confidence=confidence(found),
            probes=[(probe, rows(probe), plots(probe, found.windows)) for probe in found.probes],
            seen=[one for one in found.prediction if one.verdict != "not-observed"],
            unseen=sum(one.verdict == "not-observed" for one in found.prediction),
            alerts=[one for one in found.alerts if not one.before],
            width=WIDTH,
            height=HEIGHT,
            left=LEFT,
            top=TOP,
            bottom=BOTTOM,
        )
    )


def plots(probe: ProbeResult, windows: Sequence[Window]) -> list[Plot]:
    """Success and latency over time; none where nothing was asked, and no latency where nothing was timed."""
    if not probe.timeline:
        return []
    start = min(probe.timeline[0].start, *(one.start for one in windows))
    end = max(probe.timeline[-1].start + probe.timeline[-1].seconds, *(one.end for one in windows))
    found = [_plot("success", [("good", _share)], 1.0, probe.timeline, windows, start, end, "%")]
    longest = max((one.p95 for one in probe.timeline if one.p95 is not None), default=0.0)
    if longest:
        found.append(_plot("latency", [("p95", _p95), ("p50", _p50)], longest, probe.timeline, windows, start, end, "ms"))
    return found


def _share(one: Bucket) -> float | None:
    return one.good / (one.good + one.bad) if one.good + one.bad else None


def _p50(one: Bucket) -> float | None:
    return one.p50


def _p95(one: Bucket) -> float | None:
    return one.p95


def _plot(
    title: str,
    drawn: Sequence[tuple[str, Callable[[Bucket], float | None]]],
    top: float,
    timeline: Sequence[Bucket],
    windows: Sequence[Window],
    start: float,
    end: float,
    unit: str,
) -> Plot:
    across = max(end - start, 1e-9)

    def x(at: float) -> float:
        return round(LEFT + (WIDTH - LEFT) * min(1.0, max(0.0, (at - start) / across)), 1)

    def y(value: float) -> float:
        return round(TOP + (HEIGHT - TOP - BOTTOM) * (1 - value / top), 1)

    lines = []
    for name, value in drawn:
        seen = [(one, each) for one in timeline if (each := value(one)) is not None]
        lines.append((name, " ".join(f"{x(one.start + one.seconds / 2)},{y(each)}" for one, each in seen)))
    shaded = [Mark(one.kind, one.name, x(one.start), max(0.5, x(one.end) - x(one.start))) for one in windows if one.kind in _SHADED]
    ticks = [Mark("", _shown(top * part, unit), y(top * part)) for part in (0, 0.5, 1)]
    times = [Mark("", f"{across * part:.0f} s", x(start + across * part)) for part in (0, 0.25, 0.5, 0.75, 1)]
    said = f"{title} over {across:.0f} seconds; the time of the experiment is shaded"
    return Plot(title=title, lines=lines, shaded=shaded, ticks=ticks, times=times, said=said)


def _shown(value: float, unit: str) -> str:
    return f"{value:.0%}" if unit == "%" else f"{value * 1000:.3g} ms"
