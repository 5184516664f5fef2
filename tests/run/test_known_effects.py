"""Effects of a known size are measured as large as they are, on the real gateway under load; what has no effect gets no score."""

from pathlib import Path
from typing import Any

import pytest

from aichaos import past
from aichaos.domain.results import Measured, ProbeResult, Results
from tests.controlplane.gateway import RunningGateway
from tests.program import Run
from tests.run.shop import POD, Shop, last

RATE = 100
DELAY = 0.12


@pytest.fixture
def shop(gateway: RunningGateway, aichaos: Run, tmp_path: Path) -> Shop:
    return Shop(gateway, aichaos, tmp_path)


def loaded(shop: Shop, **more: Any) -> dict[str, Any]:
    probe = shop.probe("shop answers", tolerance={"success": ">= 99%"}) | {"rate": RATE} | more
    del probe["http"]["expect"]["backend"]
    return probe


def to(shop: Shop, *versions: str) -> dict[str, Any]:
    """The route's requests, in equal parts, to these backends."""
    rules = shop.manifest(shop.route, "v1")["spec"]["rules"]
    rules[0]["backendRefs"] = [{"name": shop.backend(version), "port": 80, "weight": 1} for version in versions]
    return {
        "name": "turn",
        "patch": {"kind": "HTTPRoute", "name": shop.route, "namespace": shop.namespace, "merge": {"spec": {"rules": rules}}},
    }


def results(shop: Shop, steps: list[dict[str, Any]], *words: str, **spec: Any) -> tuple[int, Results]:
    code, events = shop.json(shop.experiment(steps, **({"steadyState": [loaded(shop)]} | spec)), "--baseline", "2", "--after", "1", *words)
    found = past.results(Path(last(events)["report"]).parent)
    assert found.verdict == last(events)["verdict"], "the report and the exit code say the same"
    return code, found


def held(probe: ProbeResult, number: int) -> Measured:
    """The window of the step that holds the effect."""
    window = probe.window("step", number)
    assert window is not None
    return window


HOLD: dict[str, Any] = {"name": "hold", "wait": {"for": "5s"}}
SETTLE: dict[str, Any] = {"name": "settle", "wait": {"for": "1s"}}


def test_half_of_the_endpoints_gone_under_load_is_half_of_the_answers(shop: Shop) -> None:
    pods = shop.gateway.backends
    pods.refused.add(POD["v2"])
    try:
        code, found = results(shop, [to(shop, "v1", "v2"), SETTLE, HOLD])
    finally:
        pods.refused.discard(POD["v2"])
    (probe,) = found.probes
    share = held(probe, 3).availability
    assert share.low is not None
    assert share.high is not None
    assert share.low <= 0.5 <= share.high, share
    assert share.high - share.low < 0.1, "500 answers settle it within five points"
    assert (code, found.verdict) == (3, "fail")
    (objective,) = probe.objectives
    assert (objective.verdict, objective.sure) == ("fail", True)
    assert found.confidence.word in ("medium", "high")
    assert found.score.value is not None
    assert found.score.value < 60
    assert any(effect.measure == "success" and effect.beyond_noise for effect in probe.effects)
    assert found.observations[0].kind == "difference", "nobody foretold that the pods of v2 refuse"
    (refused,) = (one for one in found.prediction if one.request.endswith(f"{shop.host}/shop") and one.step == 3)
    assert (refused.verdict, refused.samples > 100) == ("differs", True), "the probe's own answers count, not one a second"
    after = probe.window("after")
    assert after is not None
    assert (after.availability.value or 0) > 0.9, "the gateway may take a moment to follow the route"
    assert probe.time_to_detect is not None
    assert probe.time_to_detect < 1.0
    assert probe.time_to_recover is not None
    assert 5.0 < probe.time_to_recover < 8.0


def test_a_backend_that_is_slower_by_a_known_time_is_measured_so(shop: Shop) -> None:
    pods = shop.gateway.backends
    pods.delays[POD["v2"]] = DELAY
    try:
        code, found = results(shop, [to(shop, "v2"), SETTLE, HOLD], steadyState=[loaded(shop, tolerance={"p95": "<= 100ms"})])
    finally:
        del pods.delays[POD["v2"]]
    (probe,) = found.probes
    before, during = probe.window("baseline"), held(probe, 3)
    assert before is not None
    assert before.p50.value is not None
    assert during.p50.value is not None
    assert during.p50.value - before.p50.value + 0.005 >= DELAY
    assert during.p50.value - before.p50.value < DELAY + 0.03
    assert during.p50.low is not None
    assert during.p50.low >= DELAY
    assert (code, found.verdict) == (3, "fail")
    assert set(during.backends) == {f"{shop.namespace}/{shop.backend('v2')}"}
    (slower,) = [effect for effect in probe.effects if effect.measure == "p50"]
    assert slower.beyond_noise


def test_a_run_without_an_effect_passes_without_a_score_and_with_little_confidence(shop: Shop) -> None:
    label = {"name": "label", "label": {"kind": "HTTPRoute", "name": shop.route, "namespace": shop.namespace, "set": {"colour": "blue"}}}
    code, found = results(shop, [label, {"name": "hold", "wait": {"for": "2s"}}])
    assert (code, found.verdict) == (0, "pass")
    assert found.score.value is None
    assert "nothing that was asked could have failed" in found.score.why
    assert found.confidence.word == "low"


def test_every_answer_is_held_against_its_prediction_and_agrees(shop: Shop) -> None:
    _, found = results(shop, [to(shop, "v2"), HOLD])
    verdicts = [one.verdict for one in found.prediction]
    assert verdicts.count("agrees") >= 3
    assert [one for one in found.prediction if one.verdict == "differs"] == []
    assert any(one.step == 2 and one.predicted.endswith(shop.backend("v2")) and one.verdict == "agrees" for one in found.prediction)


def test_an_answer_that_was_not_foretold_is_the_first_thing_that_is_said(shop: Shop) -> None:
    """The prediction is for a pod that answers; this one hangs up on everybody."""
    pods = shop.gateway.backends
    pods.refused.add(POD["v2"])
    try:
        _, found = results(shop, [to(shop, "v2"), HOLD])
    finally:
        pods.refused.discard(POD["v2"])
    assert found.observations[0].kind == "difference"
    assert "503" in found.observations[0].text


def test_a_sham_run_changes_nothing_and_tells_the_effect_from_noise(shop: Shop) -> None:
    pods = shop.gateway.backends
    pods.delays[POD["v2"]] = DELAY
    path = shop.experiment([to(shop, "v2"), HOLD], steadyState=[loaded(shop)])
    version = shop.gateway.controlplane.get(f"/apis/gateway.networking.k8s.io/v1/namespaces/{shop.namespace}/httproutes/{shop.route}")
    try:
        sham_code, sham_events = shop.json(path, "--sham", "--baseline", "1")
        same = shop.gateway.controlplane.get(f"/apis/gateway.networking.k8s.io/v1/namespaces/{shop.namespace}/httproutes/{shop.route}")
        _, events = shop.json(path, "--baseline", "1")
    finally:
        del pods.delays[POD["v2"]]
    assert sham_code == 0
    assert version["metadata"]["generation"] == same["metadata"]["generation"]
    assert last(sham_events)["restored"] == "nothing-changed"
    sham, real = (past.results(Path(last(one)["report"]).parent) for one in (sham_events, events))
    assert sham.sham_run
    assert (sham.score.value, sham.sham) == (None, None)
    assert not any(effect.beyond_noise for probe in sham.probes for effect in probe.effects)
    assert real.sham is not None
    assert (real.sham.run, real.sham.verdict) == (sham.run, "effect")


def test_a_run_that_is_killed_is_reported_as_far_as_it_went(shop: Shop, tmp_path: Path) -> None:
    process = shop.start(shop.experiment([to(shop, "v2"), {"name": "hold", "wait": {"for": "50s"}}], steadyState=[loaded(shop)]))
    lines = shop.until(process, "step", number=2)
    process.kill()
    process.communicate()
    folder = tmp_path / "state" / "runs" / lines[0]["run"]
    shop.gateway.controlplane.wait(lambda: '"entry":"closed"' in (folder / "journal.jsonl").read_text(), what="the watchdog to restore")
    found = past.results(folder)
    assert (found.restored, found.stop_to_restored_seconds) == ("verified", None)
    assert found.probes[0].window("baseline").samples > 0  # type: ignore[union-attr]
    assert any("there is no report.json" in text for text in found.missing)
    assert found.prediction
