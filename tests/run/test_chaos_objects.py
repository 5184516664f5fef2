"""Faults of the real Chaos Mesh controller: waited for until they are injected, removed, and waited for until they are gone."""

import json
import secrets
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.controlplane.client import ApiError, ControlPlane
from tests.controlplane.test_controlplane import DEPLOYMENT, running_pods
from tests.program import Run, all_said, events_of
from tests.run.shop import last

QUICK = ("--interval", "0.1", "--baseline", "0.3", "--after", "0.3")


class Mesh:
    """A namespace with the two pods `app: web` of a Deployment, and runs in it."""

    def __init__(self, plane: ControlPlane, namespace: str, aichaos: Run, folder: Path) -> None:
        self.plane = plane
        self.namespace = namespace
        self.aichaos = aichaos
        self.folder = folder
        plane.node("node-a", zone="a")
        plane.apply(DEPLOYMENT, namespace)
        plane.wait(lambda: len(running_pods(plane, namespace)) == 2, what="two running pods")
        (self.deployment,) = plane.get(f"/apis/apps/v1/namespaces/{namespace}/deployments")["items"]
        plane.wait(self.available, what="the Deployment to be available")

    def available(self) -> bool:
        name = self.deployment["metadata"]["name"]
        status = self.plane.get(f"/apis/apps/v1/namespaces/{self.namespace}/deployments/{name}")["status"]
        return bool(status.get("readyReplicas") == 2)

    def fault(self, kind: str, **spec: Any) -> dict[str, Any]:
        selector = {"namespaces": [self.namespace], "labelSelectors": {"app": "web"}}
        head = {"apiVersion": "chaos-mesh.org/v1alpha1", "kind": kind, "metadata": {"name": "fault", "namespace": self.namespace}}
        return head | {"spec": {"mode": "one", "selector": selector, **spec}}

    def there(self, resource: str) -> bool:
        try:
            self.plane.get(f"/apis/chaos-mesh.org/v1alpha1/namespaces/{self.namespace}/{resource}/fault")
        except ApiError as error:
            if error.status != 404:
                raise
            return False
        return True

    def run(self, steps: list[dict[str, Any]], *more: str, **spec: Any) -> tuple[int, list[dict[str, Any]]]:
        name = self.deployment["metadata"]["name"]
        probe = {"name": "web is there", "kubernetes": {"object": f"Deployment/{self.namespace}/{name}", "condition": "Available"}}
        given = {"title": "A fault", "scope": {"namespaces": [self.namespace], "maxPods": 2}, "deadline": "60s", "steadyState": [probe]}
        document = {
            "apiVersion": "aichaos/v1",
            "kind": "Experiment",
            "metadata": {"name": "fault"},
            "spec": given | {"steps": steps} | spec,
        }
        path = self.folder / f"{secrets.token_hex(4)}.yaml"
        path.write_text(json.dumps(document))
        words = [
            "run",
            str(path),
            "-n",
            self.namespace,
            "--lever",
            f"{self.namespace}/lever",
            "--accept-shared-fate",
            "--yes",
            "-o",
            "json",
        ]
        state = str(self.folder / "state")
        done = self.aichaos(*words, *QUICK, *more, kubeconfig=self.plane.kubeconfig(), AICHAOS_STATE_DIR=state)
        return done.returncode, events_of(done)


@pytest.fixture
def mesh(chaos_mesh: ControlPlane, aichaos: Run, tmp_path: Path) -> Iterator[Mesh]:
    with chaos_mesh.namespace() as namespace:
        yield Mesh(chaos_mesh, namespace, aichaos, tmp_path)


def test_a_pod_is_killed_for_real_and_the_fault_is_removed(mesh: Mesh) -> None:
    before = {pod["metadata"]["uid"] for pod in running_pods(mesh.plane, mesh.namespace)}
    code, events = mesh.run([{"chaos": mesh.fault("PodChaos", action="pod-kill"), "hold": "1s"}])
    end = last(events)
    assert (end["outcome"], end["restored"], code) == ("completed", "verified", {"pass": 0, "fail": 3}[end["verdict"]]), events
    assert any("injected into 1 of 1 target" in one.get("what", "") for one in events), events
    assert len(before & {pod["metadata"]["uid"] for pod in running_pods(mesh.plane, mesh.namespace)}) == 1
    assert not mesh.there("podchaos")


def test_a_fault_that_never_arrives_is_a_failed_run_and_is_removed(mesh: Mesh) -> None:
    """There is no daemon on these nodes, so no network fault is ever injected."""
    fault = mesh.fault("NetworkChaos", action="delay", delay={"latency": "100ms"}, duration="30s")
    code, events = mesh.run([{"chaos": fault, "hold": "20s"}], "--injection-timeout", "2")
    end = last(events)
    assert (code, end["outcome"], end["restored"], end["left_over"]) == (7, "failed", "verified", []), events
    assert "not injected" in end["stop_reason"]
    assert not mesh.there("networkchaos")


def test_a_fault_without_an_end_is_never_sent(mesh: Mesh) -> None:
    fault = mesh.fault("NetworkChaos", action="delay", delay={"latency": "100ms"})
    path = mesh.folder / "endless.yaml"
    spec = {"title": "endless", "scope": {"namespaces": [mesh.namespace]}, "steps": [{"chaos": fault}]}
    path.write_text(json.dumps({"apiVersion": "aichaos/v1", "kind": "Experiment", "metadata": {"name": "e"}, "spec": spec}))
    words = ["run", str(path), "-n", mesh.namespace, "--lever", f"{mesh.namespace}/lever", "--accept-shared-fate", "--yes"]
    done = mesh.aichaos(*words, kubeconfig=mesh.plane.kubeconfig())
    assert (done.returncode, "duration" in done.stderr) == (5, True), all_said(done)
    assert not mesh.there("networkchaos")
