"""The exported Workflow under Argo's real controller: its steps in their order, and the undo whatever became of them."""

import dataclasses
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from aichaos.files import yaml
from tests.controlplane import recipe
from tests.controlplane.cache import Missing, locate
from tests.controlplane.client import ControlPlane
from tests.controlplane.kubelet import Image, Kubelet
from tests.controlplane.processes import Server
from tests.report.export import shop

EXECUTOR = "argoexec:1"
WORKFLOWS = "/apis/argoproj.io/v1alpha1/namespaces/{}/workflows"


@pytest.fixture
def argo(controlplane: ControlPlane) -> ControlPlane:
    """A control plane that knows Argo's kinds."""
    found = locate(*recipe.CONTROL_PLANE, "argo")
    if isinstance(found, Missing):
        pytest.skip(found.reason)
    plane = dataclasses.replace(controlplane, binaries=found)
    plane.install_crds("gateway-api", "argo")
    return plane


@contextmanager
def running(plane: ControlPlane, namespace: str, folder: Path) -> Iterator[Kubelet]:
    """The controller for one namespace, the rights of the account that its pods have, and who runs these."""
    folder.mkdir()
    quiet = {"metadata": {"name": "workflow-controller-configmap"}, "data": {"metricsConfig": "enabled: false\n"}}
    plane.request("POST", f"/api/v1/namespaces/{namespace}/configmaps", quiet)
    rbac = f"/apis/rbac.authorization.k8s.io/v1/namespaces/{namespace}/rolebindings"
    subject = {"kind": "ServiceAccount", "name": "default", "namespace": namespace}
    ref = {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": "cluster-admin"}
    plane.request("POST", rbac, {"metadata": {"name": "steps"}, "roleRef": ref, "subjects": [subject]})
    settings = {
        "KUBECONFIG": str(plane.kubeconfig()),
        "LEADER_ELECTION_DISABLE": "true",
        "ARGO_NAMESPACE": namespace,
        "DEFAULT_REQUEUE_TIME": "1s",
    }
    words = ["--namespaced", "--namespace", namespace, "--executor-image", EXECUTOR, "--loglevel", "warn"]
    server = Server([plane.binaries.programs["workflow-controller"], *words], folder, settings)
    program = [sys.executable, str(Path(__file__).with_name("executor.py")), str(plane.binaries.programs["kubectl"])]
    server.start()
    try:
        with Kubelet(plane, namespace, {EXECUTOR: Image(entrypoint=program, stands_in=True)}, folder / "pods") as kubelet:
            yield kubelet
    finally:
        server.stop()


def started(
    plane: ControlPlane, namespace: str, folder: Path, was: str = "", becomes: str = "", before: Callable[[], object] = lambda: None
) -> dict[str, Any]:
    """The Workflow of an experiment that scales, waits and creates, when it has ended. before: what is done after it was exported."""
    rival = shop.route("third", "other")
    rival["metadata"]["namespace"] = namespace
    steps: list[shop.Manifest] = [
        {"scale": {"kind": "Deployment", "name": "web", "namespace": namespace, "replicas": 0}},
        {"wait": {"for": "1s"}},
        {"create": rival},
    ]
    made, _ = shop.exported(plane, namespace, shop.experiment(namespace, *steps), "argo", folder)
    text = (made / "workflow.yaml").read_text()
    assert was in text
    (workflow,) = yaml.load(text.replace(was, becomes) if was else text, "workflow.yaml")
    before()
    name = plane.request("POST", WORKFLOWS.format(namespace), workflow)["metadata"]["name"]

    def over() -> dict[str, Any] | None:
        found: dict[str, Any] = plane.get(f"{WORKFLOWS.format(namespace)}/{name}")
        return found if found.get("status", {}).get("finishedAt") else None

    return plane.wait(over, timeout=60, what="the Workflow to end")


def leaves(workflow: dict[str, Any]) -> list[tuple[str, str]]:
    """The steps that were begun, and what became of each, in the order of their start."""
    nodes = [one for one in workflow["status"]["nodes"].values() if one["type"] in ("Pod", "Suspend", "Skipped")]
    return [(one["displayName"], one["phase"]) for one in sorted(nodes, key=lambda one: (one["startedAt"], one["name"]))]


def test_its_steps_are_done_and_undone(argo: ControlPlane, tmp_path: Path) -> None:
    with argo.namespace() as namespace:
        shop.set_up(argo, namespace)
        before = shop.state(argo, namespace)
        with running(argo, namespace, tmp_path / "argo") as kubelet:
            ended = started(argo, namespace, tmp_path / "shop")
            said = kubelet.log("all-verbs")
        assert ended["status"]["phase"] == "Succeeded", said
        assert leaves(ended) == [(name, "Succeeded") for name in ("step-1", "step-2", "step-3", "undo-1", "undo-2")], said
        assert "httproute.gateway.networking.k8s.io/third created" in said
        assert "deleted" in said
        assert said.count("deployment.apps/web patched") == 2
        assert shop.state(argo, namespace) == before


def test_a_step_that_fails_is_followed_by_the_undo(argo: ControlPlane, tmp_path: Path) -> None:
    with argo.namespace() as namespace:
        shop.set_up(argo, namespace)
        before = shop.state(argo, namespace)
        with running(argo, namespace, tmp_path / "argo") as kubelet:
            ended = started(argo, namespace, tmp_path / "shop", "PathPrefix", "Nonsense")
            said = kubelet.log("all-verbs")
        assert ended["status"]["phase"] == "Failed", said
        assert ("step-3", "Failed") in leaves(ended), said
        assert [name for name, phase in leaves(ended) if name.startswith("undo") and phase == "Succeeded"] == ["undo-1", "undo-2"], said
        assert shop.state(argo, namespace) == before


def test_an_object_of_that_name_that_was_there_already_is_not_deleted_by_the_undo(argo: ControlPlane, tmp_path: Path) -> None:
    with argo.namespace() as namespace:
        shop.set_up(argo, namespace)
        with running(argo, namespace, tmp_path / "argo") as kubelet:
            ended = started(argo, namespace, tmp_path / "shop", before=lambda: argo.apply(yaml.dump(shop.route("third", "web")), namespace))
            said = kubelet.log("all-verbs")
        assert ended["status"]["phase"] == "Failed", said
        assert "already exists" in said
        assert [phase for name, phase in leaves(ended) if name.startswith("undo")] == ["Succeeded"] * 2, said
        assert argo.get(f"{shop.ROUTES.format(namespace)}/third")["spec"]["rules"][0]["backendRefs"][0]["name"] == "web"
