"""Effects of a known size are measured as large as they are, on the real gateway under load; what has no effect gets no score."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from statistics import median
from typing import Any

import pytest

from aichaos.domain.results import Measured, ProbeResult, Results
from aichaos.measure.statistics import SURE, wilson
from aichaos.records import past
from tests.controlplane.backends import Backends, Served
from tests.controlplane.gateway import RunningGateway
from tests.program import Run
from tests.run.shop import POD, Shop, last

RATE = 100
DELAY = 1.0
"""Seconds; far more than what a busy machine adds to an answer, and less than a probe waits."""


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


USUAL = 0.4
"""Seconds that a pod takes where nothing is wrong, so that what a busy machine adds or takes away is little beside it."""


@contextmanager
def slow(shop: Shop, **seconds: float) -> Iterator[None]:
    """The pods of these versions take so long for an answer."""
    delays = shop.gateway.backends.delays
    delays.update({POD[version]: each for version, each in seconds.items()})
    try:
        yield
    finally:
        for version in seconds:
            del delays[POD[version]]


HOLD: dict[str, Any] = {"name": "hold", "wait": {"for": "5s"}}
SETTLE: dict[str, Any] = {"name": "settle", "wait": {"for": "1s"}}


def truth(shop: Shop, found: Results, number: int, *versions: str) -> list[Served]:
    """What the pods themselves saw while a step lasted."""
    window = next(one for one in found.windows if one.kind == "step" and one.number == number)
    pods = {POD[version] for version in versions}
    return [one for one in shop.gateway.backends.served if one.pod in pods and window.start <= one.at < window.end]


def test_half_of_the_endpoints_gone_under_load_is_half_of_the_answers(shop: Shop) -> None:
    """The pods of v2 hang up on everybody: tests have no pods that could die. Half of the requests are theirs, as the gateway draws."""
    pods = shop.gateway.backends
    pods.refused.add(POD["v2"])
    try:
        code, found = results(shop, [to(shop, "v1", "v2"), SETTLE, HOLD])
    finally:
        pods.refused.discard(POD["v2"])
    (probe,) = found.probes
    window, seen = held(probe, 3), truth(shop, found, 3, "v1", "v2")
    lost = sum(not one.answered for one in seen)
    share = window.error_rate
    # the pods hear the foretold requests, too, and those that a busy machine asked late at either end: others, of the same even draw
    assert share.value == pytest.approx(lost / len(seen), abs=0.05)
    assert window.samples == pytest.approx(len(seen), rel=0.25)
    assert share.low is not None
    assert share.high is not None
    assert share.low - 0.02 <= lost / len(seen) <= share.high + 0.02, share
    assert share.high - share.low < 0.1, "500 answers settle it within five points"
    low, high = wilson(window.bad, window.good + window.bad, SURE)
    assert low <= 0.5 <= high, "what the route asks for"
    assert (code, found.verdict) == (3, "fail")
    (objective,) = probe.objectives
    assert (objective.verdict, objective.sure) == ("fail", True)
    assert found.confidence.word in ("medium", "high")
    assert found.score.value is not None
    assert found.score.value < 60
    assert found.observations[0].kind == "difference", "nobody foretold that the pods of v2 refuse"
    (refused,) = (one for one in found.prediction if one.request.endswith(f"{shop.host}/shop") and one.step == 3)
    assert (refused.verdict, refused.samples > 100) == ("differs", True), "the probe's own answers count, not one a second"
    (success,) = [effect for effect in probe.effects if effect.measure == "success"]
    assert success.beyond_noise
    assert success.low is not None
    assert success.low <= -lost / len(seen)
    after = probe.window("after")
    assert after is not None
    assert (after.availability.value or 0) > 0.5, "the gateway may take a moment to follow the route"
    assert probe.time_to_detect is not None
    assert probe.time_to_detect < 4.0
    assert probe.time_to_recover is not None
    assert 5.0 < probe.time_to_recover < 20.0


def test_endpoints_that_are_taken_out_cost_what_their_pods_cut_and_no_more(shop: Shop) -> None:
    """Four real pods of a Deployment become two under load: the truth is what the pods that go away hang up on, until the gateway knows."""
    name, labels = shop.backend("wide"), {"app": shop.backend("wide")}
    gateway = shop.gateway
    gateway.controlplane.node("node-a", zone="a")
    pod = {"nodeName": "node-a", "terminationGracePeriodSeconds": 0, "containers": [{"name": "c", "image": "shop/x:1"}]}
    spec = {"replicas": 4, "selector": {"matchLabels": labels}, "template": {"metadata": {"labels": labels}, "spec": pod}}
    head = {"name": name, "namespace": shop.namespace}
    gateway.create({"apiVersion": "apps/v1", "kind": "Deployment", "metadata": head, "spec": spec})
    ports = [{"port": 80, "targetPort": gateway.backends.port}]
    gateway.create({"apiVersion": "v1", "kind": "Service", "metadata": head, "spec": {"selector": labels, "ports": ports}})

    def addresses() -> set[str]:
        listed = gateway.controlplane.get(f"/api/v1/namespaces/{shop.namespace}/pods?labelSelector=app%3D{name}")["items"]
        living = [one["status"] for one in listed if "deletionTimestamp" not in one["metadata"]]
        return {status["podIP"] for status in living if status.get("podIP")}

    gateway.controlplane.wait(lambda: len(addresses()) == 4, timeout=90, what="the pods to run")
    route = shop.manifest(shop.route, "wide")
    path = f"/apis/gateway.networking.k8s.io/v1/namespaces/{shop.namespace}/httproutes/{shop.route}"
    gateway.controlplane.request("PATCH", path, {"spec": route["spec"]}, content_type="application/merge-patch+json")
    gateway.settle()
    everybody = addresses()
    scale = {"name": "half", "scale": {"kind": "Deployment", "name": name, "namespace": shop.namespace, "replicas": 2}}
    with dying(gateway.backends, everybody, addresses):
        scope = {"namespaces": [shop.namespace], "maxPods": 4, "maxShare": 1}
        code, found = results(shop, [scale, HOLD], scope=scope)
    (probe,) = found.probes
    during, window = probe.window("during"), found.window("during")
    assert during is not None
    assert window is not None
    assert (code in (0, 3), found.restored) == (True, "verified")
    seen = [one for one in gateway.backends.served if one.pod in everybody and window.start <= one.at < window.end]
    assert {one.pod for one in seen if one.at > window.start + 2} < everybody, "half of them are gone"
    cut = sum(not one.answered for one in seen)
    assert during.bad == pytest.approx(cut, abs=abs(len(seen) - during.samples) + 8), (
        "but for the foretold requests, which the pods hear too"
    )
    assert during.samples == pytest.approx(len(seen), rel=0.25)
    assert during.good > 450


@contextmanager
def dying(pods: Backends, everybody: set[str], alive: Callable[[], set[str]]) -> Iterator[None]:
    """A pod whose object is gone hangs up on everybody, as one does whose process has ended."""
    over = threading.Event()

    def follow() -> None:
        while not over.wait(0.05):
            living = alive()
            pods.refused.update(everybody - living)
            pods.refused.difference_update(living)  # a new pod may have the address of one that is gone

    thread = threading.Thread(target=follow, daemon=True)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()
        pods.refused.difference_update(everybody)


def test_a_backend_that_is_slower_by_a_known_time_is_measured_so(shop: Shop) -> None:
    """Beside a second probe whose requests nothing slows: what the machine adds meanwhile, it adds to both."""
    calm = f"calm.{shop.host}"
    bystander = shop.manifest(f"calm-{shop.word}", "v1")
    bystander["spec"]["hostnames"] = [calm]
    shop.gateway.create(bystander)
    shop.gateway.settle()
    control = loaded(shop) | {"name": "control"}
    control["http"] |= {"url": f"http://{calm}/shop"}
    with slow(shop, v2=DELAY):
        steady = [loaded(shop, tolerance={"p50": "<= 900ms"}, rate=RATE // 4), control | {"rate": RATE // 4}]
        code, found = results(shop, [to(shop, "v2"), SETTLE, HOLD], steadyState=steady)
    probe, control_probe = found.probes
    (slower,), (usual,) = ([one for one in each.effects if one.measure == "p50"] for each in (probe, control_probe))
    true = median(one.seconds for one in truth(shop, found, 3, "v2"))
    assert true >= DELAY
    other = DELAY / 20 + 2 * abs(usual.difference or 0.0)  # what the machine added, or took away
    assert slower.difference is not None
    assert DELAY - other <= slower.difference <= true + other, (slower, usual, true)
    assert slower.low is not None
    assert slower.high is not None
    assert slower.low - other <= true <= slower.high + other, (slower, usual, true)
    assert slower.beyond_noise
    (tail,) = [one for one in probe.effects if one.measure == "p95"]
    assert tail.during is not None
    assert tail.during >= DELAY
    during = held(probe, 3)
    assert during.p50.low is not None
    assert during.p50.low >= DELAY
    assert (code, found.verdict) == (3, "fail")
    assert set(during.backends) == {f"{shop.namespace}/{shop.backend('v2')}"}


def test_a_run_without_an_effect_passes_without_a_score_and_with_little_confidence(shop: Shop) -> None:
    label = {"name": "label", "label": {"kind": "HTTPRoute", "name": shop.route, "namespace": shop.namespace, "set": {"colour": "blue"}}}
    with slow(shop, v1=USUAL):
        code, found = results(shop, [label, {"name": "hold", "wait": {"for": "2s"}}], steadyState=[loaded(shop, rate=RATE // 2)])
    assert (code, found.verdict) == (0, "pass")
    assert found.score.value is None, found.probes
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
    path = shop.experiment([to(shop, "v2"), HOLD], steadyState=[loaded(shop, rate=RATE // 2)])
    version = shop.gateway.controlplane.get(f"/apis/gateway.networking.k8s.io/v1/namespaces/{shop.namespace}/httproutes/{shop.route}")
    with slow(shop, v1=USUAL, v2=USUAL + DELAY):
        sham_code, sham_events = shop.json(path, "--sham", "--baseline", "1")
        same = shop.gateway.controlplane.get(f"/apis/gateway.networking.k8s.io/v1/namespaces/{shop.namespace}/httproutes/{shop.route}")
        _, events = shop.json(path, "--baseline", "1")
    assert sham_code == 0
    assert version["metadata"]["generation"] == same["metadata"]["generation"]
    assert last(sham_events)["restored"] == "nothing-changed"
    sham, real = (past.results(Path(last(one)["report"]).parent) for one in (sham_events, events))
    assert sham.sham_run
    assert (sham.score.value, sham.sham) == (None, None)
    assert [effect.text for probe in sham.probes for effect in probe.effects if effect.beyond_noise] == []
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
