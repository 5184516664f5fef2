"""The shape of what came of a run: it goes through JSON and back, and says its version."""

import msgspec

from aichaos.domain.results import VERSION, Bucket, Confidence, Measured, ProbeResult, Results, Window

PROBE = ProbeResult(
    probe="shop answers",
    kind="http",
    role="steady",
    asked="GET http://shop.example.com/",
    verdict="pass",
    windows=[Measured(window="during", name="during", samples=4, good=4), Measured(window="step", name="gone", number=2)],
    timeline=[Bucket(start=10.0, seconds=1.0, good=4, p95=0.02, backends={"shop/web": 4})],
)
RESULTS = Results(
    run="r-1",
    experiment_name="trial",
    title="A trial",
    hypothesis="it answers",
    digest="d",
    experiment=None,
    cluster="uid",
    server="https://192.0.2.1",
    context=None,
    who="ann",
    approved="keyboard",
    program="0.1.0",
    host="h",
    began=1.0,
    ended=20.0,
    outcome="completed",
    verdict="pass",
    windows=[Window(kind="during", name="during", start=9.0, end=14.0)],
    probes=[PROBE],
    confidence=Confidence(value=0.2, word="low"),
)


def test_results_go_through_json_and_back() -> None:
    written = msgspec.json.encode(RESULTS)
    assert msgspec.json.decode(written, type=Results) == RESULTS
    assert msgspec.json.decode(written)["version"] == VERSION


def test_a_window_of_a_probe_is_found_by_its_kind_and_step() -> None:
    assert PROBE.window("during") == PROBE.windows[0]
    assert PROBE.window("step", 2) == PROBE.windows[1]
    assert PROBE.window("step", 3) is None
    assert PROBE.window("after") is None


def test_a_window_is_never_shorter_than_nothing() -> None:
    assert Window(kind="after", name="after", start=9.0, end=8.0).seconds == 0
