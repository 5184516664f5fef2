"""One approval and one Lease for several runs in order, on the real API server and the real gateway: a GameDay, and growing stages."""

import json
import os
import pty
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.controlplane.gateway import RunningGateway
from tests.program import Run, all_said, environment, events_of
from tests.run.lab import Lab, lab_of
from tests.run.shop import Shop
from tools.docs.places import ROOT


@pytest.fixture
def lab(gateway: RunningGateway, aichaos: Run, tmp_path: Path) -> Lab:
    made = lab_of(gateway, aichaos, tmp_path)
    (tmp_path / "key").write_text("k" * 44)
    return made


def approve(lab: Lab, path: Path, *more: str) -> Path:
    out = lab.folder / "approval.yaml"
    options = ["-n", lab.namespace, "--lever", f"{lab.namespace}/lever"]
    done = lab.say("approve", str(path), "--key", str(lab.folder / "key"), "-o", str(out), "--yes", *options, *more)
    assert done.returncode == 0, all_said(done)
    return out


def shown(lab: Lab, approval: Path) -> list[str]:
    return ["--approval", str(approval), "--approval-key", str(lab.folder / "key")]


def held(lab: Lab, path: Path, approval: Path, *more: str) -> subprocess.CompletedProcess[str]:
    return lab.say(*lab.words(path, *shown(lab, approval), "-o", "json", *more))


LEASE = "/apis/coordination.k8s.io/v1/namespaces/{}/leases/aichaos-run"
USES = "/api/v1/namespaces/{}/configmaps/aichaos-approvals"


def lease(lab: Lab) -> dict[str, Any]:
    found: dict[str, Any] = lab.gateway.controlplane.get(LEASE.format(lab.namespace))
    return found


def holder(lab: Lab) -> str:
    return str(lease(lab)["spec"].get("holderIdentity") or "")


def uses(lab: Lab) -> list[str]:
    data = lab.gateway.controlplane.get(USES.format(lab.namespace))["data"]
    return list(data.values())


class Led:
    """A day that somebody leads at a terminal: it waits at its gates until `type` is called."""

    def __init__(self, lab: Lab, words: list[str]) -> None:
        self.lab, self.seen = lab, ""
        state = {"AICHAOS_STATE_DIR": str(lab.folder / "state"), "KUBECONFIG": str(lab.kubeconfig)}
        self._ours, theirs = pty.openpty()
        around = environment(lab.folder / "home", **state, COLUMNS="100", TERM="xterm")
        command = [sys.executable, "-m", "aichaos", *words]
        self.process = subprocess.Popen(command, env=around, stdin=theirs, stdout=theirs, stderr=theirs, start_new_session=True)
        os.close(theirs)

    def until(self, said: str) -> None:
        while said not in self.seen:
            self._read()

    def _read(self) -> None:
        try:
            self.seen += os.read(self._ours, 4096).decode(errors="replace")
        except OSError as error:  # the other side has ended
            raise AssertionError(self.seen) from error

    def type(self, line: str) -> None:
        os.write(self._ours, f"{line}\n".encode())

    def end(self) -> int:
        """Its exit code, when it has said everything."""
        try:
            while True:
                self._read()
        except AssertionError:
            return self.process.wait(60)
        finally:
            os.close(self._ours)


@contextmanager
def led(lab: Lab, scenes: list[tuple[str, str, str]], *more: str) -> Iterator[Led]:
    day = Led(lab, lab.words(lab.small(scenes), *more))
    try:
        yield day
    finally:
        if day.process.poll() is None:
            day.process.kill()
            day.process.wait()


TWO = [("First", "quiet", ""), ("Second", "quiet", "go")]
GO = "Go for Second? Type go to go on: "


def test_a_day_is_reviewed_once_and_held_without_a_question_under_one_lease(lab: Lab) -> None:
    path, before = lab.day(), uses(lab) if _there(lab, USES) else []
    approval = approve(lab, path)
    whole = yaml.safe_load(approval.read_text())["whole"]
    made = [one["experiment"].rpartition("-")[0] for one in whole["parts"]]
    assert (whole["kind"], len(made), len(set(made))) == ("GameDay", 3, 3)
    generation = lease(lab)["spec"]["leaseTransitions"] if _there(lab, LEASE) else 0
    done = held(lab, path, approval, "--yes")
    assert done.returncode == 3, all_said(done)
    assert [one["verdict"] for one in events_of(done) if one["event"] == "finished"] == ["pass", "pass", "fail"]
    assert len(uses(lab)) == len(before) + 1
    assert uses(lab).count("1") == len(uses(lab)), "three runs are one use"
    assert (holder(lab), lease(lab)["spec"]["leaseTransitions"] - generation) == ("", 4), "taken once, lent three times"
    again = held(lab, path, approval, "--yes")
    assert (again.returncode, "refused [approval-used]: the approval was for one GameDay" in again.stderr) == (5, True), all_said(again)
    (series,) = (path.name for path in (lab.folder / "state" / "series").iterdir() if path.name in lab.say("gameday", "list").stdout)
    asked = lab.say("report", series)
    assert (asked.returncode, f"aichaos gameday debrief {series}" in asked.stderr) == (2, True), all_said(asked)
    assert f"series {series} has ended" in lab.say("recover", series).stderr
    assert series not in lab.say("runs").stdout
    assert lab.debrief()["led_by"].endswith(f"approved by {yaml.safe_load(approval.read_text())['user']}")


def _there(lab: Lab, where: str) -> bool:
    return lab.gateway.controlplane.exists(where.format(lab.namespace))


def test_between_two_scenarios_nobody_else_begins_and_what_drifted_is_refused(lab: Lab) -> None:
    lab.experiment("quiet")
    approval = approve(lab, lab.small(TWO))
    with led(lab, TWO, *shown(lab, approval)) as day:
        day.until(GO)
        name = holder(lab)
        assert name.startswith("small-"), "the day holds the Lease itself now"
        other = lab.say("run", "quiet.yaml", *lab.words(Path())[2:], "--yes")
        assert (other.returncode, f"run {name}" in other.stderr) == (5, True), all_said(other)
        route = f"/apis/gateway.networking.k8s.io/v1/namespaces/{lab.namespace}/httproutes/predict"
        lab.gateway.controlplane.patch(route, {"metadata": {"annotations": {"somebody": "was here"}}})
        try:
            day.type("go")
            assert day.end() == 7, day.seen
        finally:
            lab.gateway.controlplane.patch(route, {"metadata": {"annotations": {"somebody": None}}})
    assert "approval-drift" in day.seen, day.seen
    found = lab.debrief()
    assert [one["state"] for one in found["scenarios"]] == ["completed", "refused"]
    assert f"HTTPRoute/{lab.namespace}/predict was changed" in found["why"]
    assert holder(lab) == ""


@pytest.mark.parametrize("how", ["stop", "lever"])
def test_whoever_stops_it_between_two_scenarios_ends_the_day(lab: Lab, how: str) -> None:
    lab.experiment("quiet")
    with led(lab, TWO) as day:
        day.until("to go on: ")
        day.type("small")
        day.until(GO)
        name = holder(lab)
        lever = ["--lever", f"{lab.namespace}/lever", "--why", "an incident"]
        done = lab.say("stop", *([name] if how == "stop" else ["--all"]), *lever)
        assert done.returncode == 0, all_said(done)
        code = day.end()
        if how == "lever":
            assert lab.say("stop", "--release", *lever).returncode == 0
    assert (code, holder(lab)) == (7, ""), day.seen
    found = lab.debrief()
    assert [one["state"] for one in found["scenarios"]] == ["completed", "not-run"]
    assert "an incident" in found["why"]


def test_the_name_of_the_day_stops_the_scenario_that_runs(lab: Lab) -> None:
    path = lab.day()
    path.write_text(path.read_text(encoding="utf-8").replace("hold: 2", "hold: 120"), encoding="utf-8")
    process = lab.start(path)
    assert process.stdout is not None
    next(event for event in map(json.loads, process.stdout) if event["event"] == "changed")
    series = lease(lab)["metadata"]["annotations"]["aichaos.io/series"]
    done = lab.say("stop", series, "--lever", f"{lab.namespace}/lever")
    assert (done.returncode, "is asked to stop" in done.stderr) == (0, True), all_said(done)
    process.communicate(timeout=60)
    assert process.returncode == 7
    assert lab.replicas() == [4, 1, 1]
    assert [one["state"] for one in lab.debrief()["scenarios"]] == ["stopped", "not-run", "not-run"]


def between_two(lab: Lab, day: Led) -> tuple[str, int]:
    """Lead a day to the gate after its first scenario: the name by which it holds the Lease, and the process of its watchdog."""
    day.until("to go on: ")
    day.type("small")
    day.until(GO)
    own = day.process.pid
    lab.gateway.controlplane.wait(lambda: len(_children(own)) == 1, what="the run's watchdog to leave, and the day's own to stay")
    (dog,) = _children(own)
    return holder(lab), dog


@pytest.mark.parametrize("watchdog", ["lives", "dies, too"])
def test_a_day_that_is_killed_between_two_scenarios_lets_others_in(lab: Lab, watchdog: str) -> None:
    lab.experiment("quiet")
    with led(lab, TWO) as day:
        name, dog = between_two(lab, day)
        if watchdog != "lives":  # first it stands still, for a day without its watchdog ends by itself
            os.kill(day.process.pid, signal.SIGSTOP)
            os.kill(dog, signal.SIGKILL)
        day.process.kill()
        day.process.wait()
    if watchdog == "lives":
        lab.gateway.controlplane.wait(lambda: holder(lab) == "", timeout=30, what="the watchdog to let the Lease go")
        assert lab.say("recover", "--wait").returncode == 0
    else:
        other = lab.say("run", "quiet.yaml", *lab.words(Path())[2:], "--yes")
        assert (other.returncode, f"aichaos recover {name}" in other.stderr) == (5, True), all_said(other)
        done = lab.say("recover")
        assert (done.returncode, f"series {name}: it holds nothing any more" in done.stderr) == (0, True), all_said(done)
    assert holder(lab) == ""
    assert "no run of this machine is unfinished" in lab.say("recover").stderr
    done = lab.say("run", "quiet.yaml", *lab.words(Path())[2:], "--yes")
    assert done.returncode == 0, all_said(done)


def test_a_day_whose_machine_is_lost_between_two_scenarios_is_ended_from_another_one(lab: Lab) -> None:
    lab.experiment("quiet")
    with led(lab, TWO) as day:
        name, dog = between_two(lab, day)
        os.kill(day.process.pid, signal.SIGSTOP)
        os.kill(dog, signal.SIGKILL)
        day.process.kill()
        day.process.wait()
    there = ["--from-configmap", f"{lab.namespace}/aichaos-run-{name}", "--key", str(lab.folder / "state" / "key")]
    elsewhere = {"kubeconfig": lab.kubeconfig, "AICHAOS_STATE_DIR": str(lab.folder / "another-machine")}
    done = lab.aichaos("recover", *there, **elsewhere)
    assert (done.returncode, f"series {name}: it holds nothing any more" in done.stderr) == (0, True), all_said(done)
    assert holder(lab) == ""
    assert lab.aichaos("runs", **elsewhere).stdout == "", "it is no run"
    again = lab.aichaos("recover", *there, **elsewhere)
    assert (again.returncode, "The run has ended well" in again.stderr) == (1, True), "its copy has gone with it"


def _children(pid: int) -> list[int]:
    """The processes that a process has started."""
    found = []
    for path in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = path.read_text().rpartition(")")[2].split()
        except OSError:
            continue
        if int(fields[1]) == pid and fields[0] != "Z":
            found.append(int(path.parent.name))
    return found


def test_a_killed_run_of_a_day_is_restored_and_nothing_is_held(lab: Lab) -> None:
    path = lab.day()
    path.write_text(path.read_text(encoding="utf-8").replace("hold: 2", "hold: 120"), encoding="utf-8")
    process = lab.start(path)
    assert process.stdout is not None
    next(event for event in map(json.loads, process.stdout) if event["event"] == "changed")
    dogs = _children(process.pid)
    assert len(dogs) == 2, "the day's watchdog and the run's"
    for pid in [process.pid, *dogs]:  # all at once, so that only `recover` is left
        os.kill(pid, signal.SIGSTOP)
    for pid in [*dogs, process.pid]:
        os.kill(pid, signal.SIGKILL)
    process.communicate(timeout=30)
    assert lab.replicas() == [2, 1, 1]
    done = lab.say("recover")
    assert done.returncode == 0, all_said(done)
    assert (lab.replicas(), holder(lab)) == ([4, 1, 1], "")
    assert "no run of this machine is unfinished" in lab.say("recover").stderr


def test_a_series_that_dies_before_its_run_has_begun_lets_others_in(lab: Lab) -> None:
    around = environment(lab.folder / "home", AICHAOS_STATE_DIR=str(lab.folder / "state"))
    command = [sys.executable, "-m", "tests.run.lender", str(lab.kubeconfig), f"{lab.namespace}/aichaos-run"]
    process = subprocess.Popen(command, env=around, cwd=ROOT, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    assert process.stdout.readline() == "lent\n"
    assert holder(lab) == "part-1"
    process.kill()
    process.wait()
    lab.gateway.controlplane.wait(lambda: holder(lab) == "", timeout=30, what="the watchdog to let the Lease go")
    process.stdout.close()


def test_an_approval_is_of_the_whole_in_its_order_and_of_nothing_else(lab: Lab) -> None:
    lab.experiment("quiet")
    lab.experiment("other", spare="ml-prediction-service-fallback")
    approval = approve(lab, lab.small([("First", "quiet", ""), ("Second", "other", "")]))
    cases: list[tuple[Callable[[], subprocess.CompletedProcess[str]], str]] = [
        (lambda: held(lab, lab.small([("First", "other", ""), ("Second", "quiet", "")]), approval), "were changed"),
        (lambda: held(lab, lab.small([("First", "quiet", "")]), approval), "it is of 2 experiments, and these are 1"),
        (lambda: held(lab, lab.small([("First", "quiet", ""), ("Second", "other", "steady-state")]), approval), "the plan was changed"),
        (lambda: lab.say("run", "quiet.yaml", *lab.words(Path())[2:], *shown(lab, approval)), "of a GameDay as a whole"),
        (lambda: held(lab, lab.small([("First", "quiet", "")]), approve(lab, Path("quiet.yaml"))), "of one experiment"),
    ]
    for say, told in cases:
        done = say()
        assert (done.returncode, "refused [approval-experiment]" in done.stderr, told in " ".join(done.stderr.split())) == (
            5,
            True,
            True,
        ), all_said(done)
    gate = held(lab, lab.small(TWO), approval)
    assert (gate.returncode, "waits for somebody who says go" in gate.stderr) == (2, True), all_said(gate)


@pytest.fixture
def shop(gateway: RunningGateway, aichaos: Run, tmp_path: Path) -> Shop:
    (tmp_path / "key").write_text("k" * 44)
    return Shop(gateway, aichaos, tmp_path)


def test_growing_stages_are_approved_with_what_lies_between_them_and_no_further(shop: Shop, tmp_path: Path) -> None:
    rule = shop.manifest("x", "v1")["spec"]["rules"][0]
    refs = [rule["backendRefs"][0] | {"weight": 100}, {"name": shop.backend("v2"), "port": 80, "weight": 0}]
    target = {
        "kind": "HTTPRoute",
        "name": shop.route,
        "namespace": shop.namespace,
        "merge": {"spec": {"rules": [rule | {"backendRefs": refs}]}},
    }
    path = shop.experiment([{"name": "share", "patch": target}, {"name": "so", "wait": {"for": "1s"}}])
    place, out = "/spec/steps/0/patch/merge/spec/rules/0/backendRefs/1/weight", tmp_path / "approval.yaml"
    grow = ["--grow", f"{place}=0,900", "--find-limit", "450"]
    lever = ["-n", shop.namespace, "--lever", f"{shop.namespace}/lever"]
    done = shop.say("approve", str(path), *grow, "--key", str(tmp_path / "key"), "-o", str(out), "--yes", *lever)
    assert (done.returncode, "for one series" in done.stderr) == (0, True), all_said(done)
    more = ["--approval", str(out), "--approval-key", str(tmp_path / "key"), "--accept-shared-fate"]
    more += [*shop.options, "--interval", "0.1", "--baseline", "0.3", "--after", "0.3", "-o", "json"]
    for other in (["--grow", f"{place}=0,950", "--find-limit", "450"], ["--grow", f"{place}=0,900", "--find-limit", "100"]):
        refused = shop.say("progressive", str(path), *other, *more)
        assert (refused.returncode, "approval-experiment" in refused.stderr) == (5, True), all_said(refused)
    done = shop.say("progressive", str(path), *grow, *more)
    end = events_of(done)[-1]
    assert (done.returncode, [(one["value"], one["held"]) for one in end["tries"]]) == (
        3, [(0, True), (900, False), (450, False)],
    ), all_said(done)  # fmt: skip
    again = shop.say("progressive", str(path), *grow, *more)
    assert (again.returncode, "approval-used" in again.stderr) == (5, True), all_said(again)
    assert shop.answering() == "v1"
