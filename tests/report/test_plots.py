"""Plots of what was measured: every shape on the paper, gaps where nothing was measured, no peak hidden."""

from pathlib import Path

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from aichaos.domain.about import ABOUT, About, Request
from aichaos.domain.results import Bucket, ProbeResult, Results, Window
from aichaos.records import past
from aichaos.report.answered import BAND, CAME, answered
from aichaos.report.plots import HEIGHT, MOST, TOP, WIDTH, nice, plots, steps, together
from aichaos.report.results_html import page
from tests.measure.folders import BACK, ENDED, answers, folder, prediction, to

numbers = st.floats(0, 1e6, allow_nan=False)


def run() -> Results:
    during = Window(kind="during", name="during", start=990.0, end=2000.0)
    words = dict.fromkeys(("run", "experiment_name", "title", "hypothesis", "digest", "cluster", "server", "who", "approved"), "x")
    plain = words | {"program": "x", "host": "x", "experiment": None, "context": None, "outcome": "completed", "verdict": "pass"}
    return msgspec.convert(plain | {"began": 1000.0, "ended": 1012.0, "windows": [msgspec.to_builtins(during)]}, Results)


@st.composite
def measured(draw: st.DrawFn) -> ProbeResult:
    buckets = [
        Bucket(
            start=1000.0 + number,
            seconds=1.0,
            good=draw(st.integers(0, 9)),
            bad=draw(st.integers(0, 9)),
            p50=draw(st.none() | numbers),
            p95=draw(st.none() | numbers),
            value=draw(st.none() | st.floats(allow_nan=False)),
        )
        for number in range(draw(st.integers(0, 12)))
    ]
    return ProbeResult(probe="p", kind="http", role="steady", asked="", verdict="pass", timeline=buckets)


@given(measured())
def test_every_shape_lies_on_the_paper(probe: ProbeResult) -> None:
    found = run()
    for plot in plots(found, probe):
        for _, points in plot.lines:
            for x, y in (point.split(",") for point in points.split()):
                assert -1 <= float(x) <= WIDTH + 1
                assert TOP <= float(y) <= TOP + HEIGHT
        assert all(0 < bar.height <= HEIGHT for bar in plot.bars)
        assert all(shade.x >= 0 and shade.x + shade.width <= WIDTH + 1 for shade in plot.shades)
    page(msgspec.structs.replace(found, probes=[probe]))


def test_an_hour_has_no_more_columns_than_a_page_shows_and_hides_no_peak() -> None:
    hour = [Bucket(start=float(number), seconds=1.0, good=10, p95=9.0 if number == 1801 else 0.1) for number in range(3600)]
    columns = together(hour)
    assert len(columns) <= MOST
    assert max(one.p95 or 0 for one in columns) == 9.0
    assert sum(one.good for one in columns) == 36_000


@given(st.floats(1e-6, 1e9))
def test_axes_end_at_round_numbers(value: float) -> None:
    assert value <= nice(value) * (1 + 1e-9)
    assert nice(value) <= value * 10
    assert 3 <= len(steps(max(value, 1.0))) <= 9


def test_beside_who_was_foretold_stands_who_answered_in_shares(tmp_path: Path) -> None:
    """Half to each of two backends was foretold for the second step; one gives half of them, and the gateway says 503 for the rest."""
    half = prediction(to("shop/a"), to("shop/a"), to("shop/a", "shop/b"), to("shop/a"))
    came = answers("shop", 0, 21, status=200, backend="shop/a") + answers("shop", BACK, ENDED, status=200, backend="shop/a")
    came += answers("shop", 21, BACK, each=0.2, status=200, backend="shop/a")
    came += answers("shop", 21.1, BACK, each=0.2, status=503, outcome="bad")
    path = folder(tmp_path, samples=came, foretold=half)
    about = msgspec.json.decode((path / ABOUT).read_bytes(), type=About)
    asked = [Request(sample="shop", number=0)]
    (path / ABOUT).write_bytes(msgspec.json.encode(msgspec.structs.replace(about, requests=asked)))
    found = past.results(path)
    (probe,) = found.probes
    drawn = answered(found, probe)
    assert drawn is not None
    assert [name for name, _ in drawn.names] == ["shop/a", "shop/b", "503"]
    assert drawn.said.endswith("they differ in 1 state")
    foretold = [one for one in drawn.blocks if one.y < CAME]
    assert [(one.title, round(one.height / BAND, 2)) for one in foretold if "step 2" in one.title] == [
        ("foretold, step 2: shop/a 50%", 0.5),
        ("foretold, step 2: shop/b 50%", 0.5),
    ]
    meanwhile = [one for one in drawn.blocks if one.y >= CAME and "at 30 s" in one.title]
    assert [(one.colour, round(one.height / BAND, 2)) for one in meanwhile] == [(0, 0.5), (2, 0.5)]
    assert all(one.x + one.width <= WIDTH + 1 and one.y + one.height <= CAME + BAND + 0.2 for one in drawn.blocks)
    html = page(found)
    assert "who was foretold to answer, and who did; they differ in 1 state" in html
    assert answered(found, msgspec.structs.replace(probe, request=None)) is None


def test_a_gap_is_a_gap() -> None:
    values = [0.1, 0.2, None, 0.3]
    timeline = [Bucket(start=float(number), seconds=1.0, good=1, p95=value) for number, value in enumerate(values)]
    probe = ProbeResult(probe="p", kind="http", role="steady", asked="", verdict="pass", timeline=timeline)
    (_, latency) = plots(run(), probe)
    assert len([name for name, _ in latency.lines if name == "p95"]) == 2


def test_seconds_that_nobody_measured_are_a_gap_too() -> None:
    buckets = [Bucket(start=1000.0 + second, seconds=1.0, good=1, bad=0) for second in (0, 1, 4, 5)]
    probe = ProbeResult(probe="p", kind="http", role="steady", asked="", verdict="pass", timeline=buckets)
    (success,) = plots(run(), probe)
    assert len(success.lines) == 2, "no line leads over the seconds between"
