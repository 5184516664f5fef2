"""The line that goes with a run, and what a plan says of a change."""

import io
import re

import msgspec
import pytest

from aichaos.domain.about import Report
from aichaos.domain.prediction import Answer, BackendShare, Irreversible, Prediction, State
from aichaos.domain.running import Approval, Change, Finished, Intent, NotRestored, Place, Probed, RestoreBegan, Started, Step, Waiting
from aichaos.domain.suggestion import BlastRadius
from aichaos.report.layout import Paper
from aichaos.report.plan import diff, reach, show
from aichaos.report.progress import Progress, end
from tests.run.plans import plan

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
    assert re.match(r"\d:\d\d left, Ctrl-C stops · [12] good, 0 bad", line) or columns == 40
    assert f"1 good, 0 bad {PROBES[0][:10]}" in line or f"{probes} good, 0 bad of {probes} probes" in line or columns < 80
    assert line.endswith("1/1 wait 60s") or columns < 80
    assert len(line) + len("^C") < columns, "what a terminal writes at Ctrl-C would begin another line, and this one stay"


def test_on_a_terminal_no_line_is_wider_than_it_and_in_a_log_each_stays_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "60")
    command = 'kubectl patch httproute/my-route -n route-chaos --type merge -p \'{"spec": {"rules": []}}\''
    events = [
        Started(
            run="conflict-1126-082357-9652", experiment="e", steps=["wait 60s"], deadline=9.0, stop="aichaos stop conflict-1126-082357-9652"
        ),
        Probed(probe=PROBES[0], good=False, detail="shop/infra-backend-v3 answered, expected shop/infra-backend-v1"),
        NotRestored(object="HTTPRoute/shop/my-route", why="the server is away and nobody answers there", commands=[command]),
    ]
    seen = {}
    for live in (True, False):
        paper = Paper(io.StringIO())
        told = Progress(paper, live=live)
        for event in events:
            told(event)
        told.close()
        assert isinstance(paper.stream, io.StringIO)
        seen[live] = re.sub(r"\r\x1b\[K[^\r\n]*\r\x1b\[K", "", paper.stream.getvalue()).splitlines()
    assert len(seen[False]) == 4, "a line for each event, and the command"
    assert [line for line in seen[True] if len(line) > 60] == [f"    {command}"], "what is to be copied stays whole"
    assert "`aichaos stop conflict-1126-082357-9652`" in seen[True]
    assert " ".join(" ".join(seen[True]).split()) == " ".join(" ".join(seen[False]).split())


def test_ctrl_c_once_more_leaves_no_mark_on_the_line() -> None:
    paper = Paper(io.StringIO())
    told = Progress(paper, live=True)
    told(RestoreBegan(who="main"))
    assert isinstance(paper.stream, io.StringIO)
    before = len(paper.stream.getvalue())
    told.again()
    assert paper.stream.getvalue()[before:].startswith("\r\x1b[Kstill restoring")


def test_what_is_waited_for_after_the_way_back_is_said_on_a_terminal_too_and_at_ctrl_c() -> None:
    paper = Paper(io.StringIO())
    told = Progress(paper, live=True)
    told(RestoreBegan(who="main"))
    told(Waiting(what="the rollout of Deployment/shop/web: 1 of 3 pods are ready", seconds_left=299.7))
    told.again()
    assert isinstance(paper.stream, io.StringIO)
    said = " ".join(paper.stream.getvalue().split())
    assert "restoring waiting for the rollout of Deployment/shop/web: 1 of 3 pods are ready" in said
    assert "the way back has ended, and nothing is changed any more; still waiting for the rollout" in said
    assert re.search(r"pods are ready, \d+ s at most", said)
    assert "its watchdog" not in said


@pytest.mark.parametrize(
    ("pods", "told"),
    [(0, "none of 6 pods, 1 route (shop/my-route), in shop"), (1, "up to 1 of 6 pods (17%), 1 route (shop/my-route), in shop")],
)
def test_the_reach_is_told_in_words(pods: int, told: str) -> None:
    assert reach(BlastRadius(namespaces=["shop"], pods=pods, pods_total=6, share=pods / 6, routes=["shop/my-route"])) == told


def answer(ready: int, route: str = "shop/my-route") -> Answer:
    share = BackendShare(service="shop/web", port=80, share=1.0, ready_endpoints=ready, status=None)
    return Answer(outcome="forward", route=route, backends=(share,))


def test_requests_that_go_one_way_are_said_once_and_never_that_they_go_where_they_went() -> None:
    before = (*(answer(2) for _ in range(6)), answer(2, "shop/other"), answer(2, "shop/still"))
    after = (*(answer(1) for _ in range(6)), answer(2, "shop/rival"), answer(2, "shop/still"))
    states = tuple(State(step=name, outcomes=outcomes) for name, outcomes in (("before", before), ("scale", after), ("restored", before)))
    foretold = Prediction(requests=tuple(f"GET /{number}" for number in range(8)), states=states, verdict="")
    paper = Paper(io.StringIO())
    show(plan("trial"), BlastRadius(), foretold, [], paper)
    assert isinstance(paper.stream, io.StringIO)
    said = " ".join(paper.stream.getvalue().split())
    where = "goes to shop/web:80, by shop/my-route"
    assert f"GET /0, GET /1, GET /2, GET /3 and 2 more: {where} (ready endpoints: 2); then {where} (ready endpoints: 1)" in said
    assert "GET /6: goes to shop/web:80, by shop/other; then goes to shop/web:80, by shop/rival" in said
    assert "GET /7" not in said


@pytest.mark.parametrize("restored", [True, False])
def test_what_the_way_back_does_is_not_said_not_to_come_back(restored: bool) -> None:
    lost = Irreversible(object="HTTPRoute/shop/my-route", why="made again, it is younger than its rival", undo="delete that")
    identity = Irreversible(object="HTTPRoute/shop/my-route", why="it gets another UID", undo="nothing")
    foretold = Prediction(requests=(), states=(), irreversible=(lost,), restored=restored, verdict="")
    paper = Paper(io.StringIO())
    show(msgspec.structs.replace(plan("trial"), irreversible=(lost, identity)), BlastRadius(), foretold, [], paper)
    assert isinstance(paper.stream, io.StringIO)
    said = " ".join(paper.stream.getvalue().split())
    assert said.count("Does not come back: ") == (1 if restored else 2)
    assert "Does not come back: HTTPRoute/shop/my-route: it gets another UID" in said
    assert (
        "Applying is not enough: HTTPRoute/shop/my-route: made again, it is younger than its rival. The way back does" in said
    ) is restored


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
