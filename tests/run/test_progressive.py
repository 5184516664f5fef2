"""An experiment in growing stages on the real API server and the real gateway, against a limit that is known."""

import json
import signal
import subprocess
from pathlib import Path
from typing import Any

import pytest

from tests.controlplane.gateway import RunningGateway
from tests.program import Run, all_said, events_of
from tests.run.lab import Lab, lab_of
from tests.run.shop import POD, Shop

SLOW = 0.3
"""Seconds that the backend needs: a time-out below that breaks it."""
TIMEOUT = "/spec/steps/0/patch/merge/spec/rules/0/timeouts/request"


@pytest.fixture
def shop(gateway: RunningGateway, aichaos: Run, tmp_path: Path) -> Shop:
    return Shop(gateway, aichaos, tmp_path)


def timed(shop: Shop, **spec: Any) -> Path:
    """The route of the shop with a time-out for a second."""
    rule = shop.manifest("x", "v1")["spec"]["rules"][0] | {"timeouts": {"request": "2000ms"}}
    target = {"kind": "HTTPRoute", "name": shop.route, "namespace": shop.namespace, "merge": {"spec": {"rules": [rule]}}}
    return shop.experiment([{"name": "less time", "patch": target}, {"name": "so", "wait": {"for": "1500ms"}}], **spec)


def climb(shop: Shop, path: Path, *words: str) -> tuple[subprocess.CompletedProcess[str], list[dict[str, Any]]]:
    options = [*shop.options, "--accept-shared-fate", "--interval", "0.1", "--baseline", "0.3", "--after", "0.3"]
    done = shop.say("progressive", str(path), *words, *options, "--yes", "-o", "json")
    return done, events_of(done)


def route(shop: Shop) -> Any:
    path = f"/apis/gateway.networking.k8s.io/v1/namespaces/{shop.namespace}/httproutes/{shop.route}"
    return shop.gateway.controlplane.get(path)["spec"]


def test_the_limit_of_a_backend_of_known_speed_is_found(shop: Shop) -> None:
    shop.gateway.backends.delays[POD["v1"]] = SLOW
    before = route(shop)
    try:
        # the time-out arrives at the proxy a moment after the step: the first answers are still good
        path = timed(shop, steadyState=[shop.probe(tolerance={"success": ">= 60%"})])
        done, events = climb(shop, path, "--grow", f"{TIMEOUT}=1s,100ms", "--find-limit", "450ms")
    finally:
        del shop.gateway.backends.delays[POD["v1"]]
    assert done.returncode == 3, all_said(done)
    end = events[-1]
    assert (end["event"], end["code"], end["why"]) == ("progressive-finished", 3, "")
    assert [one["value"] for one in end["tries"]][:3] == [1000, 100, 550]
    limit = end["limit"]
    assert limit["broke"] < SLOW * 1000 < limit["held"]
    assert limit["held"] - limit["broke"] <= 450
    assert "the limit is between" in end["said"]
    finished = [one for one in events if one["event"] == "finished"]
    assert [one["restored"] for one in finished] == ["verified"] * len(end["tries"])
    assert [one["verdict"] == "pass" for one in finished] == [one["held"] for one in end["tries"]]
    assert route(shop) == before
    (course,) = (Path(end["tries"][0]["experiment"]).parent).glob("course.json")
    assert json.loads(course.read_text())["limit"] == limit


def test_it_stops_at_the_first_stage_that_does_not_hold(shop: Shop) -> None:
    shop.gateway.service(shop.namespace, f"{shop.backend('v1')}-x", [POD["v2"]])
    rule = shop.manifest("x", "v1")["spec"]["rules"][0]
    refs = [rule["backendRefs"][0] | {"weight": 100}, {"name": shop.backend("v2"), "port": 80, "weight": 0}]
    target = {"kind": "HTTPRoute", "name": shop.route, "namespace": shop.namespace}
    merge = {"spec": {"rules": [rule | {"backendRefs": refs}]}}
    path = shop.experiment([{"name": "share", "patch": {**target, "merge": merge}}, {"name": "so", "wait": {"for": "1s"}}])
    place = "/spec/steps/0/patch/merge/spec/rules/0/backendRefs/1/weight"
    done, events = climb(shop, path, "--grow", f"{place}=0,500,900")
    end = events[-1]
    assert (done.returncode, [(one["value"], one["held"]) for one in end["tries"]]) == (3, [(0, True), (500, False)]), all_said(done)
    assert (end["limit"]["held"], end["limit"]["broke"]) == (0, 500)
    assert shop.answering() == "v1"


def test_what_the_guard_refuses_is_not_begun_and_what_can_not_be_meant_is_said(shop: Shop) -> None:
    path = timed(shop)
    whole = [*shop.options, "--accept-shared-fate", "--yes"]
    for grow, said in (
        ("latency=100ms,1s", "has no 'latency' that could grow"),
        (f"{TIMEOUT}=1s,500ms,700ms", "do not grow"),
        (f"{TIMEOUT}=5%", "can't be '5%'"),
        (f"{TIMEOUT}x=5", "there is nothing at"),
        (TIMEOUT, "names no values"),
    ):
        done = shop.say("progressive", str(path), "--grow", grow, *whole)
        assert (done.returncode, said in done.stderr) == (2, True), all_said(done)
    out = shop.experiment(shop.conflict(), scope={"namespaces": ["other"]})
    done = shop.say("progressive", str(out), "--grow", "/spec/steps/4/wait/for=1s,2s", *whole)
    assert (done.returncode, "the series does not begin" in done.stderr) == (5, True), all_said(done)
    assert shop.say("progressive", str(path), "--grow", f"{TIMEOUT}=1s", *shop.options).returncode == 2, "nobody to ask"
    done = shop.say("progressive", str(path), "--grow", f"{TIMEOUT}=2s,1s", *shop.options, "--accept-shared-fate", "--check")
    assert (done.returncode, "Stage 2 of 2" in done.stdout) == (0, True), all_said(done)
    assert shop.answering() == "v1"


@pytest.fixture
def lab(gateway: RunningGateway, aichaos: Run, tmp_path: Path) -> Lab:
    return lab_of(gateway, aichaos, tmp_path)


def test_a_scenario_of_the_library_grows_by_its_parameter(lab: Lab) -> None:
    words = lab.words(Path())[2:]
    fixed = ["--for", "ml-prediction-service", "--set", "hold=1", "--yes", "-o", "json"]
    done = lab.say("progressive", "library:fewer-replicas", "--grow", "percent=25%,75%", "--find-limit", "10%", *fixed, *words)
    end = events_of(done)[-1]
    assert (done.returncode, end["limit"]["held"], end["limit"]["broke"]) == (0, 75, None), all_said(done)
    assert "held at every stage, up to 75 %" in end["said"]
    assert {one["confidence"] for one in end["tries"]} == {"low"}
    assert end["said"].endswith("hardly anything put it to the test"), "pods that nobody misses are no proof"
    first, second = (Path(one["experiment"]).read_text(encoding="utf-8") for one in end["tries"])
    assert "replicas: 3" in first
    assert "maxPods: 1" in first
    assert "replicas: 1" in second
    assert "maxPods: 3" in second
    assert lab.replicas() == [4, 1, 1]
    twice = lab.say("progressive", "library:fewer-replicas", "--grow", "hold=1,2", *fixed, *words)
    assert (twice.returncode, "both set and to grow" in twice.stderr) == (2, True), all_said(twice)


def test_the_chaos_inside_a_model_is_switched_on_and_off_again(lab: Lab) -> None:
    name = "ml-prediction-service-chaos"
    switch = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name, "namespace": lab.namespace}}
    lab.gateway.create(switch | {"data": {"CHAOS_ENABLED": "false", "CHAOS_SEED": "7"}})
    words = lab.words(Path())[2:]
    fixed = ["--for", "ml-prediction-service", "--set", "hold=1", "--set", "settle=1", "--yes", "-o", "json"]
    done = lab.say("progressive", "library:faulty-predictions", "--grow", "failures=5%", *fixed, *words)
    events = events_of(done)
    assert (done.returncode, events[-1]["limit"]["held"]) == (0, 5), all_said(done)
    changed = [one["object"].partition("/")[0] for one in events if one["event"] == "changed"]
    assert changed == ["ConfigMap", "Deployment", "ConfigMap", "Deployment"]
    now = lab.gateway.controlplane.get(f"/api/v1/namespaces/{lab.namespace}/configmaps/{name}")
    assert now["data"] == {"CHAOS_ENABLED": "false", "CHAOS_SEED": "7"}


def test_a_run_that_can_not_tell_ends_the_series(shop: Shop) -> None:
    done, events = climb(shop, timed(shop, steadyState=[]), "--grow", f"{TIMEOUT}=2s,1s")
    end = events[-1]
    assert (done.returncode, [one["held"] for one in end["tries"]], end["limit"]["complete"]) == (9, [None], False), (
        end["why"],
        done.stderr,
    )
    assert "nothing is known" in end["said"]


def test_whoever_stops_a_run_ends_the_series(shop: Shop) -> None:
    rule = shop.manifest("x", "v1")["spec"]["rules"][0]
    target = {"kind": "HTTPRoute", "name": shop.route, "namespace": shop.namespace, "merge": {"spec": {"rules": [rule]}}}
    path = shop.experiment([{"name": "same", "patch": target}, {"name": "so", "wait": {"for": "50s"}}])
    grow = ["--grow", "/spec/steps/1/wait/for=50s,55s"]
    process = shop.open("progressive", str(path), *grow, *shop.options, "--accept-shared-fate", "--yes", "-o", "json")
    assert process.stdout is not None
    run = next(event["run"] for event in map(json.loads, process.stdout) if event["event"] == "started")
    assert shop.say("stop", run, "--lever", f"{shop.namespace}/lever", "--why", "an incident").returncode == 0
    rest, said = process.communicate(timeout=60)
    end = json.loads(rest.splitlines()[-1])
    assert (process.returncode, len(end["tries"]), end["code"]) == (7, 1, 7), said
    assert "an incident" in end["why"]


def test_ctrl_c_between_two_stages_ends_the_series(shop: Shop) -> None:
    path = shop.experiment([{"name": "so", "wait": {"for": "1s"}}], steadyState=[shop.probe(tolerance={"success": ">= 1%"})])
    grow = ["--grow", "/spec/steps/0/wait/for=1s,2s,20s"]
    process = shop.open("progressive", str(path), *grow, *shop.options, "--accept-shared-fate", "--yes", "-o", "json", "--after", "0.3")
    seen = Shop.until(process, "finished")
    process.send_signal(signal.SIGINT)
    rest, said = process.communicate(timeout=60)
    end = json.loads(rest.splitlines()[-1])
    assert (process.returncode, end["code"], seen[-1]["verdict"]) == (7, 7, "pass"), said
    assert "interrupted (SIGINT)" in end["why"]
    assert "watchdog" not in said
