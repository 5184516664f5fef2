"""The line that goes with a run, and what a plan says of a change."""

import io
import re

import pytest

from aichaos.domain.running import Change, Intent, Place, Probed, Started, Step
from aichaos.report.layout import Paper
from aichaos.report.plan import diff
from aichaos.report.progress import Progress

PROBES = ["predict.example.com/predict answers from ml-prediction-service", "the bystanders answer whatever is done to the model"]


@pytest.mark.parametrize("columns", [40, 60, 80, 140])
@pytest.mark.parametrize("probes", [1, 2])
def test_the_counts_of_every_probe_are_on_the_line_however_long_their_names_are(
    columns: int, probes: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", str(columns))
    paper = Paper(io.StringIO())
    told = Progress(paper, live=True)
    told(Started(run="r-1", experiment="e", steps=["wait 60s"], deadline=600.0, stop="aichaos stop r-1"))
    told(Step(number=1, text="wait 60s", seconds=0.0))
    for name in PROBES[:probes]:
        told(Probed(probe=name, good=True, detail=""))
    assert isinstance(paper.stream, io.StringIO)
    line = re.split(r"\r\x1b\[K", paper.stream.getvalue())[-1]
    assert len(line) < columns
    assert re.match(r"\d:\d\d left, Ctrl-C stops · 1 good, 0 bad", line) or columns == 40
    assert line.count("1 good, 0 bad") == probes or columns < 80
    assert line.endswith("1/1 wait 60s") or columns < 80 * probes


def test_an_order_of_fields_is_no_change() -> None:
    place = Place(api_version="v1", resource="services", kind="Service", name="web", namespace="shop")
    before = {"kind": "Service", "spec": {"ports": [{"name": "http", "port": 80, "protocol": "TCP"}], "type": "ClusterIP"}}
    after = {"spec": {"type": "ClusterIP", "ports": [{"protocol": "TCP", "port": 81, "name": "http"}]}, "kind": "Service"}
    change = Change(verb="patch", place=place, body={}, uid="u", resource_version="1")
    told = diff(Intent(number=1, step=1, change=change, before=before, after=after))
    assert [line.strip("+- ") for line in told[2:] if line[0] in "+-"] == ["port: 80", "port: 81"]
