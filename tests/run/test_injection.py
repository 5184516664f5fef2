"""A fault that its engine did not inject is told from one that it did."""

from typing import Any

import pytest

from aichaos.domain.running import Manifest, Place
from aichaos.errors import ServerError
from aichaos.run.injection import Ended, State, state, wait_gone, wait_injected

PLACE = Place(api_version="chaos-mesh.org/v1alpha1", resource="networkchaos", kind="NetworkChaos", name="slow", namespace="shop")
ENGINE = Place(api_version="litmuschaos.io/v1alpha1", resource="chaosengines", kind="ChaosEngine", name="kill", namespace="shop")


def fault(*phases: str, kind: str = "NetworkChaos", message: str = "", **conditions: bool) -> Manifest:
    events = [{"type": "Failed", "operation": "Apply", "message": message}] if message else []
    records = [{"id": f"shop/p{number}", "phase": phase, "events": events} for number, phase in enumerate(phases)]
    listed = [{"type": name, "status": str(holds)} for name, holds in conditions.items()]
    return {"kind": kind, "metadata": {"uid": "1"}, "status": {"conditions": listed, "experiment": {"containerRecords": records}}}


def result(*targets: str, phase: str = "Running", notes: tuple[str, ...] = (), uid: str = "1", **more: Any) -> Manifest:
    """A ChaosResult; targets: of its history; notes: what its annotations say of one target each."""
    listed = [{"kind": "pod", "name": f"p{number}", "chaosStatus": one} for number, one in enumerate(targets)]
    status = {"experimentStatus": {"phase": phase} | more, "history": {"targets": listed}}
    annotations = {f"pod/n{number}": one for number, one in enumerate(notes)}
    return {"metadata": {"labels": {"chaosUID": uid}, "annotations": annotations}, "spec": {"engine": "kill"}, "status": status}


def event(reason: str = "ChaosInject") -> Manifest:
    return {"kind": "Event", "reason": reason}


def engine(status: str = "initialized", fault: str = "pod-delete") -> Manifest:
    spec = {"experiments": [{"name": fault}]}
    return {"kind": "ChaosEngine", "metadata": {"uid": "1", "name": "kill"}, "spec": spec, "status": {"engineStatus": status}}


@pytest.mark.parametrize(
    ("found", "phase", "text"),
    [
        ({"kind": "NetworkChaos"}, "waiting", "its controller has not chosen targets yet"),
        (fault(Selected=False), "waiting", "its selector finds nobody"),
        (fault("Not Injected", Selected=True), "waiting", "injected into 0 of 1 target"),
        (fault("Not Injected", Selected=True, message="no daemon\n here"), "waiting", "injected into 0 of 1 target: no daemon here"),
        (fault("Injected", "Not Injected", Selected=True), "waiting", "injected into 1 of 2 targets"),
        (fault("Injected", Selected=True, AllInjected=True), "injected", "injected into 1 of 1 target"),
        (fault("Injected", Selected=True, AllInjected=True, Paused=True), "waiting", "it is paused"),
        (fault("Injected", Selected=True, AllInjected=False, AllRecovered=True), "over", "injected into 1 of 1 target and recovered"),
    ],
)
def test_a_fault_of_chaos_mesh_tells_by_its_records(found: Manifest, phase: str, text: str) -> None:
    assert (state(found).phase, state(found).text) == (phase, text)


def test_a_workflow_and_a_schedule_tell_by_what_they_have_made() -> None:
    injected, waiting = fault("Injected", Selected=True, AllInjected=True), fault("Not Injected", Selected=True)
    assert state({"kind": "Workflow"}).phase == "waiting"
    assert state({"kind": "Schedule"}, [waiting]).phase == "waiting"
    assert state({"kind": "Workflow"}, [waiting, injected]) == State(
        phase="injected", text="injected into 1 of 1 target", injected=1, targets=2
    )


@pytest.mark.parametrize(
    ("found", "results", "phase"),
    [
        ({"kind": "ChaosEngine"}, [], "waiting"),
        (engine(), [result()], "waiting"),
        (engine(), [result("targeted")], "waiting"),
        (engine(), [result(), event("ChaosEngineInitialized")], "waiting"),
        (engine(), [result(), event()], "injected"),
        # which this fault notes of itself, with its helper still to come
        (engine(fault="pod-network-latency"), [result(), event()], "waiting"),
        (engine(fault="pod-network-latency"), [result(notes=("injected",)), event()], "injected"),
        (engine(fault="pod-network-latency"), [result(notes=("reverted",), phase="Running")], "injected"),
        (engine(fault="container-kill"), [result(notes=("targeted",))], "injected"),
        (engine("completed"), [result("reverted", phase="Completed")], "over"),
        (engine("completed"), [result("targeted", phase="Completed"), event()], "over"),
        (engine(), [result("targeted", phase="Completed_With_Probe_Failure")], "over"),
        (engine("completed"), [result(phase="Completed")], "failed"),
        (engine(), [result("targeted", phase="Error", errorOutput={"reason": "no pod"}), event()], "failed"),
        (engine("stopped"), [], "failed"),
    ],
)
def test_an_engine_of_litmus_tells_by_its_results(found: Manifest, results: list[Manifest], phase: str) -> None:
    assert state(found, results).phase == phase


def test_what_the_runner_notes_in_its_engine_is_told() -> None:
    assert state(engine()).text == "the engine is initialized; nothing heard of its runner, the pod kill-runner"
    noted = engine()
    noted["status"]["experiments"] = [{"name": "pod-delete", "status": "Waiting for Job Creation", "verdict": "Waiting"}]
    assert state(noted, [result()]).text == "the engine is initialized; pod-delete: Waiting for Job Creation"


class Seen:
    """Objects one after another, as they are looked at; the last one stays. An error is raised."""

    def __init__(self, *found: Manifest | Exception | None) -> None:
        self.found = list(found)
        self.said: list[str] = []

    def look(self, place: Place) -> Manifest | None:
        one = self.found.pop(0) if len(self.found) > 1 else self.found[0]
        if isinstance(one, Exception):
            raise one
        return one

    def injected(self, stop: object | None = None, seconds: float = 5.0) -> Ended:
        return wait_injected(PLACE, self.look, lambda version, plural, namespace, fields: [], lambda wait: stop, self.said.append, seconds)

    def gone(self, stop: object | None = None, seconds: float = 5.0) -> Ended:
        return wait_gone(PLACE, "1", self.look, lambda wait: stop, self.said.append, seconds)


def test_an_injected_fault_is_waited_for_and_each_change_is_said_once() -> None:
    seen = Seen({"kind": "NetworkChaos"}, {"kind": "NetworkChaos"}, fault("Injected", Selected=True, AllInjected=True))
    assert seen.injected().good
    assert seen.said == ["its controller has not chosen targets yet", "injected into 1 of 1 target"]


def test_one_that_is_never_injected_fails_with_what_its_engine_says() -> None:
    ended = Seen(fault("Not Injected", Selected=True, message="no daemon")).injected(seconds=0.0)
    assert not ended.good
    assert ended.text == "after 0s still: injected into 0 of 1 target: no daemon"


def test_a_stop_ends_the_wait_and_so_does_an_object_that_vanishes() -> None:
    assert Seen(fault("Not Injected", Selected=True)).injected(stop="Ctrl-C").stopped
    assert "is gone" in Seen(None).injected().text


def test_a_removed_fault_is_recovered_when_it_is_gone_or_another_has_its_name() -> None:
    held = {"metadata": {"uid": "1", "finalizers": ["chaos-mesh/records"]}}
    for last in (None, {"metadata": {"uid": "2"}}):
        seen = Seen(held, ServerError("busy"), last)
        assert seen.gone().good
        assert seen.said == ["its engine takes the fault back (chaos-mesh/records)", "it can't be read: busy"]


def test_a_stuck_finalizer_is_named() -> None:
    ended = Seen({"metadata": {"uid": "1", "finalizers": ["chaos-mesh/records"]}}).gone(seconds=0.0)
    assert (ended.good, ended.text) == (False, "stuck for 0s: its engine takes the fault back (chaos-mesh/records)")


def test_the_results_of_other_engines_are_not_this_ones() -> None:
    """A ChaosResult outlives its engine; one of the same name goes on with it, under another UID."""
    older = result("targeted", phase="Completed", uid="0")
    asked: list[tuple[str, str]] = []

    def look_all(version: str, plural: str, namespace: str, fields: str) -> list[Manifest]:
        asked.append((plural, fields))
        return [older] if plural == "chaosresults" else []

    ended = wait_injected(ENGINE, lambda place: engine(), look_all, lambda wait: None, print, 0.0)
    assert not ended.good
    assert asked[:2] == [("chaosresults", ""), ("events", "involvedObject.uid=1")]
