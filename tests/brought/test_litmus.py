"""A ChaosEngine by `aichaos run`, with the real operator, runner and experiment of Litmus."""

import json
import secrets
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.brought import litmus
from tests.controlplane.client import ControlPlane
from tests.controlplane.test_controlplane import DEPLOYMENT, running_pods
from tests.program import Run, environment, events_of
from tests.run.shop import last

QUICK = ("--interval", "0.2", "--baseline", "0.4", "--after", "0.4")


class Shop:
    """A namespace with the two pods `app: web` of a Deployment, the fault `pod-delete`, and runs in it."""

    def __init__(self, plane: ControlPlane, namespace: str, aichaos: Run, folder: Path) -> None:
        self.plane, self.namespace, self.aichaos, self.folder = plane, namespace, aichaos, folder
        plane.install_crds("litmus")
        plane.node("node-a", zone="a")
        plane.apply(DEPLOYMENT, namespace)
        plane.wait(lambda: len(running_pods(plane, namespace)) == 2, what="two running pods")
        litmus.install_pod_delete(plane, namespace)

    def uids(self) -> set[str]:
        pods = self.plane.get(f"/api/v1/namespaces/{self.namespace}/pods?labelSelector=app%3Dweb")["items"]
        return {pod["metadata"]["uid"] for pod in pods}

    def words(self, hold: str, *more: str, **variables: str) -> list[str]:
        probe = {"name": "web is there", "kubernetes": {"object": f"Deployment/{self.namespace}/web", "condition": "Available"}}
        spec = {"title": "A fault", "scope": {"namespaces": [self.namespace], "maxPods": 2}, "deadline": "90s", "steadyState": [probe]}
        steps = [{"name": "kill", "chaos": litmus.engine(self.namespace, **variables), "hold": hold}]
        head = {"apiVersion": "aichaos/v1", "kind": "Experiment", "metadata": {"name": "fault"}}
        path = self.folder / f"{secrets.token_hex(4)}.yaml"
        path.write_text(json.dumps(head | {"spec": spec | {"steps": steps}}))
        common = ["-n", self.namespace, "--lever", f"{self.namespace}/lever", "--accept-shared-fate", "--yes", "-o", "json"]
        return ["run", str(path), *common, *QUICK, *more]

    def run(self, hold: str, *more: str, **variables: str) -> tuple[int, list[dict[str, Any]]]:
        words = self.words(hold, *more, **variables)
        done = self.aichaos(*words, kubeconfig=self.plane.kubeconfig(), AICHAOS_STATE_DIR=str(self.folder / "state"))
        return done.returncode, events_of(done)

    def open(self, hold: str, *more: str, **variables: str) -> subprocess.Popen[str]:
        """A run that goes on by itself."""
        settings = {"KUBECONFIG": str(self.plane.kubeconfig()), "AICHAOS_STATE_DIR": str(self.folder / "state")}
        around = environment(self.folder / "home", **settings)
        command = [sys.executable, "-m", "aichaos", *self.words(hold, *more, **variables)]
        return subprocess.Popen(command, env=around, cwd=self.folder, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)


def until(run: subprocess.Popen[str], said: str) -> None:
    """Reads on until an event says something."""
    assert run.stdout is not None
    told = []
    for line in run.stdout:
        told.append(line)
        if said in line:
            return
    pytest.fail(f"{said!r} was never said:\n{''.join(told)}")


def rest(run: subprocess.Popen[str]) -> dict[str, Any]:
    """The last event."""
    assert run.stdout is not None
    last: dict[str, Any] = json.loads(run.stdout.readlines()[-1])
    run.wait(timeout=10)
    return last


@pytest.fixture
def shop(controlplane: ControlPlane, aichaos: Run, tmp_path: Path) -> Iterator[Shop]:
    with controlplane.namespace() as namespace:
        yield Shop(controlplane, namespace, aichaos, tmp_path)


LONG = {"TOTAL_CHAOS_DURATION": "40", "CHAOS_INTERVAL": "10", "FORCE": "true"}


def test_pods_are_deleted_for_real_and_the_engine_is_removed(shop: Shop, brought: Path) -> None:
    before = shop.uids()
    folder = shop.folder / "litmus"
    with (
        litmus.operator(shop.plane, shop.namespace, brought, folder),
        litmus.kubelet(shop.plane, shop.namespace, brought, folder / "pods") as kubelet,
    ):
        code, events = shop.run("6s", TOTAL_CHAOS_DURATION="4", CHAOS_INTERVAL="2", FORCE="true")
        said = kubelet.log("kill-runner") + kubelet.log("pod-delete")
    end = last(events)
    assert (end["outcome"], end["restored"], end["foreign"], code) == ("completed", "verified", [], 0), said
    assert any("pod-delete has begun to inject" in one.get("what", "") for one in events), events
    assert any("the engine is initialized; pod-delete: " in one.get("what", "") for one in events), events
    assert "Killing the following pods" in said
    assert shop.uids() != before
    assert litmus.there(shop.plane, shop.namespace, "chaosengines") == []
    assert litmus.pods(shop.plane, shop.namespace) == []


def test_a_result_of_the_run_before_is_not_taken_for_an_injection(shop: Shop, brought: Path) -> None:
    """Litmus keeps it, and the second engine has the same name."""
    folder = shop.folder / "litmus"
    short = {"TOTAL_CHAOS_DURATION": "2", "CHAOS_INTERVAL": "2", "FORCE": "true"}
    with litmus.operator(shop.plane, shop.namespace, brought, folder):
        with litmus.kubelet(shop.plane, shop.namespace, brought, folder / "pods"):
            first, _ = shop.run("30s", **short)
        (kept,) = litmus.there(shop.plane, shop.namespace, "chaosresults")
        assert kept["status"]["history"]["targets"] == [{"chaosStatus": "targeted", "kind": "deployment", "name": "web"}]
        second, events = shop.run("6s", "--injection-timeout", "3", **short)
    assert (first, second) == (0, 7), events


def test_ctrl_c_ends_the_experiment_itself(shop: Shop, brought: Path) -> None:
    folder = shop.folder / "litmus"
    with (
        litmus.operator(shop.plane, shop.namespace, brought, folder),
        litmus.kubelet(shop.plane, shop.namespace, brought, folder / "pods"),
        shop.open("60s", **LONG) as run,
    ):
        until(run, "has begun to inject")
        run.send_signal(signal.SIGINT)
        end = rest(run)
        assert (run.returncode, end["outcome"], end["restored"]) == (7, "stopped", "verified"), end
        assert litmus.there(shop.plane, shop.namespace, "chaosengines") == []
        assert litmus.pods(shop.plane, shop.namespace) == [], "runner and experiment are gone with their engine"


def test_a_finalizer_without_its_operator_is_seen_and_never_forced(shop: Shop, brought: Path) -> None:
    folder = shop.folder / "litmus"
    with litmus.operator(shop.plane, shop.namespace, brought, folder) as server:
        with shop.open("6s", "--injection-timeout", "8", **LONG) as run:
            until(run, "the engine is initialized")
            server.stop()
            until(run, "held by the finalizer chaosengine.litmuschaos.io/finalizer")
            (engine,) = litmus.there(shop.plane, shop.namespace, "chaosengines")
            assert engine["metadata"]["finalizers"] == ["chaosengine.litmuschaos.io/finalizer"]
            server.start()
            end = rest(run)
        assert (run.returncode, end["outcome"], end["restored"]) == (7, "failed", "verified"), end


def test_an_engine_whose_runner_never_starts_is_a_failed_run(shop: Shop, brought: Path) -> None:
    """No kubelet: the operator makes the runner's pod, and nobody starts it."""
    with litmus.operator(shop.plane, shop.namespace, brought, shop.folder / "litmus"):
        code, events = shop.run("6s", "--injection-timeout", "4", TOTAL_CHAOS_DURATION="4")
    end = last(events)
    assert (code, end["outcome"], end["restored"]) == (7, "failed", "verified"), events
    assert litmus.there(shop.plane, shop.namespace, "chaosengines") == []
