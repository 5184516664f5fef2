"""What the pages show, as HTML: each template with the few plain values that it needs. Everything is escaped by the templates."""

from collections.abc import Sequence
from datetime import UTC, datetime
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import msgspec

from aichaos.domain.results import Estimate, Measured, Point, ProbeResult, Results
from aichaos.domain.sample import Verdict
from aichaos.measure.history import history
from aichaos.report.clean import clean
from aichaos.report.results import headline
from aichaos.run.listing import Past
from aichaos.serving.cluster import Seen

if TYPE_CHECKING:
    import jinja2

PAGE = 100
"""Runs on a page of the list."""
_WINDOWS = ("baseline", "during", "after")


class Frame(msgspec.Struct, frozen=True, kw_only=True):
    """What stands on every page. events: where the page hears that it is old; "" where it never is."""

    title: str
    events: str = ""


@cache
def _templates() -> "jinja2.Environment":
    import jinja2

    environment = jinja2.Environment(
        loader=jinja2.FunctionLoader(lambda name: (files("aichaos.serving") / "templates" / name).read_text(encoding="utf-8")),
        undefined=jinja2.StrictUndefined,
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {"moment": moment, "address": address, "share": share, "seconds": duration, "like": like}
    return environment


def _render(template: str, frame: Frame, **given: Any) -> str:
    return clean(_templates().get_template(template).render(frame=frame, **given))


def runs(entries: Sequence[Past], seen: Seen, experiment: str | None, page: int) -> str:
    """The list, the latest first. experiment: only those of one. page: from 1."""
    chosen = [one for one in entries if experiment is None or one.experiment == experiment]
    last = max(1, -(-len(chosen) // PAGE))
    page = min(max(1, page), last)
    return _render(
        "runs.html",
        Frame(title=f"Runs of {experiment}" if experiment else "Runs", events="/events"),
        shown=chosen[(page - 1) * PAGE : page * PAGE],
        going=[one for one in entries if one.state == "running"],
        unfinished=[one for one in entries if one.state == "unfinished"],
        count=len(chosen),
        page=page,
        last=last,
        experiment=experiment,
        seen=seen,
    )


def run(found: Results, *, may_stop: bool, told: str = "") -> str:
    """One run. told: what became of a wish to stop it."""
    over = found.outcome != "running"
    return _render(
        "run.html",
        Frame(title=found.title or found.run, events="" if over else f"/runs/{address(found.run)}/events"),
        found=found,
        steps=_steps(found),
        probes=[(probe, _table(probe)) for probe in found.probes],
        over=over,
        may_stop=may_stop and not over,
        told=told,
    )


def experiment(name: str, found: Sequence[Results]) -> str:
    """The score of an experiment over its runs, the earliest first."""
    told = history(name, found)
    return _render("experiment.html", Frame(title=name), name=name, runs=found, told=told, plot=_plot(told.points))


def login(told: str = "") -> str:
    return _render("login.html", Frame(title="Who is asking?"), told=told)


def trouble(title: str, text: str, hint: str = "") -> str:
    return _render("trouble.html", Frame(title=title), text=text, hint=hint)


def _steps(found: Results) -> list[dict[str, Any]]:
    begun = {one.number: one for one in found.windows if one.kind == "step" and one.number is not None}
    latest = max(begun, default=0)
    rows = []
    for number, text in enumerate(found.steps, 1):
        window = begun.get(number)
        going = found.outcome == "running"
        now = number == latest and going and found.window("restoring") is None
        broken = number == latest and found.outcome in ("stopped", "failed", "unfinished")
        word = "now" if now else "broken off" if broken else "done" if window else "to come" if going else "not reached"
        rows.append({"number": number, "text": text, "word": word, "window": window})
    return rows


def _table(probe: ProbeResult) -> list[Measured]:
    return [one for kind in _WINDOWS for one in probe.windows if one.window == kind and one.number is None]


def _plot(points: Sequence[Point]) -> list[dict[str, float]]:
    """Points of the scores in a box of 600 by 120, the earliest at the left."""
    scores = [one.score for one in points if one.score is not None]
    step = 560 / max(1, len(scores) - 1)
    return [{"x": round(20 + number * step, 1), "y": 110 - score} for number, score in enumerate(scores)]


def moment(at: float) -> str:
    """Seconds since 1970 as people write a moment; UTC, as everywhere in reports."""
    try:
        return datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%d %H:%M:%S UTC")
    except (OverflowError, OSError, ValueError):
        return "at no time that exists"


def like(found: Results) -> Verdict:
    """The verdict that a run may look like: what held without being put to the test is not shown as a success."""
    return headline(found.verdict, found.confidence if found.outcome != "running" else None)[1]


def address(text: str) -> str:
    """A name as one part of an address."""
    return quote(text, safe="")


def share(estimate: Estimate) -> str:
    """A share of 0..1 with its interval."""
    if estimate.value is None:
        return "–"
    between = f" ({estimate.low:.1%} to {estimate.high:.1%})" if estimate.low is not None and estimate.high is not None else ""
    return f"{estimate.value:.1%}{between}"


def duration(estimate: Estimate) -> str:
    """Seconds as milliseconds."""
    return "–" if estimate.value is None else f"{estimate.value * 1000:.0f} ms"
