"""The line that goes with a run, and what a plan says of a change."""

import io
import re

import msgspec
import pytest

from aichaos.domain.about import Report
from aichaos.domain.running import Approval, Change, Finished, Intent, Place, Probed, Started, Step
from aichaos.report.layout import Paper
from aichaos.report.plan import diff
from aichaos.report.progress import Progress, end

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


@pytest.mark.parametrize(
    ("more", "unmet", "told"),
    [
        ({"restored": "verified", "stop_to_restored_seconds": 0.02}, "", "Verified restored, the last change 0.02s after the stop:"),
        ({"restored": "verified", "foreign": ["Service/shop/web"]}, "", "as it was, but for what somebody else has changed, and so"),
        ({"restored": "not-restored"}, "shop: it answered 500", "NOT restored: shop: it answered 500 All objects that were touched are as"),
        ({"restored": "not-restored", "left_over": ["Service/shop/web"]}, "", "NOT restored: Service/shop/web Type the commands above"),
    ],
)
def test_an_end_says_what_is_as_it_was_and_what_is_left_to_do(more: dict[str, object], unmet: str, told: str) -> None:
    given = {"run": "r-1", "outcome": "completed", "verdict": "pass", "stop_reason": None, "stop_to_restored_seconds": None}
    finished = msgspec.convert({"event": "finished", "left_over": [], "foreign": [], "report": ""} | given | more, Finished)
    approval = Approval(run="r-1", digest="", cluster="", who="anna", how="yes", at="")
    paper = Paper(io.StringIO())
    end(Report(finished=finished, approval=approval, forecast="", before=[], during=[], after=[], failure="", unmet=unmet), paper)
    assert isinstance(paper.stream, io.StringIO)
    assert told in " ".join(paper.stream.getvalue().split())


def test_the_time_that_is_left_counts_from_the_first_step(monkeypatch: pytest.MonkeyPatch) -> None:
    """As the deadline does; before it there is a baseline, in which nothing is changed."""
    clock = [100.0]
    monkeypatch.setattr("aichaos.report.progress.time.monotonic", lambda: clock[0])
    monkeypatch.setenv("COLUMNS", "80")
    paper = Paper(io.StringIO())
    told = Progress(paper, live=True)
    told(Started(run="r-1", experiment="e", steps=["wait 60s"], deadline=600.0, stop="aichaos stop r-1"))
    clock[0] += 30.0
    told(Probed(probe="shop", good=True, detail=""))
    assert isinstance(paper.stream, io.StringIO)
    assert " left" not in paper.stream.getvalue()
    told(Step(number=1, text="wait 60s", seconds=0.0))
    assert re.split(r"\r\x1b\[K", paper.stream.getvalue())[-1].startswith("10:00 left, Ctrl-C stops")
