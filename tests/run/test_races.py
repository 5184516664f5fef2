"""Other clients that change the same objects in the middle of a run: their changes stay, and are said."""

import json
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tests.controlplane.client import ControlPlane
from tests.run.rig import STEPS, Rig, place, plain, rigged, url

MERGE = "application/merge-patch+json"


@contextmanager
def paused(controlplane: ControlPlane, home: Path) -> Iterator[tuple[Rig, subprocess.Popen[str]]]:
    """A run that has made all its changes and waits."""
    with rigged(controlplane, home) as rig:
        process = rig.start(rig.orders(STEPS.rstrip("\n") + "\n    - {name: pause, wait: {for: 60s}}\n"))
        controlplane.wait(lambda: rig.journal.exists() and rig.reached(7), what="the pause")
        yield rig, process
        process.kill()
        process.wait()


def stopped(process: subprocess.Popen[str]) -> tuple[int, dict[str, Any], str]:
    process.send_signal(signal.SIGINT)
    said, _ = process.communicate(timeout=60)
    ended = next(json.loads(line)["ended"] for line in said.splitlines() if '"ended"' in line)
    return process.returncode, ended, said


def change(rig: Rig, kind: str, name: str, body: dict[str, Any]) -> None:
    rig.controlplane.request("PATCH", url(place(kind, rig.namespace, name)), body, content_type=MERGE)


def others(ended: dict[str, Any]) -> dict[str, str]:
    return {one["object"].rpartition("/")[2]: one["what"] for one in ended["restored"].get("foreign", [])}


def test_a_service_whose_address_is_taken_comes_back_with_another(controlplane: ControlPlane, tmp_path: Path) -> None:
    with rigged(controlplane, tmp_path) as rig:
        steps = STEPS.partition("  steps:\n")[0] + "  steps:\n    - {delete: {kind: Service, name: web, namespace: NS}}\n"
        process = rig.start(rig.orders(steps + "    - {name: pause, wait: {for: 60s}}\n"))
        controlplane.wait(lambda: rig.journal.exists() and rig.reached(2), what="the pause")
        address = rig.before["Service/web"]["spec"]["clusterIP"]
        thief = {"metadata": {"name": "thief"}, "spec": {"clusterIP": address, "ports": [{"port": 80}]}}
        controlplane.request("POST", f"/api/v1/namespaces/{rig.namespace}/services", thief)
        code, ended, said = stopped(process)
        assert code == 7, said
        assert rig.look()["Service/web"]["spec"]["selector"] == {"app": "web"}
        assert rig.look()["Service/web"]["spec"]["clusterIP"] != address
        assert "spec.clusterIP" in others(ended)["web"]


def test_a_field_beside_ours_stays(controlplane: ControlPlane, tmp_path: Path) -> None:
    with paused(controlplane, tmp_path) as (rig, process):
        change(rig, "Service", "web", {"metadata": {"labels": {"theirs": "1"}, "annotations": {"also": "theirs"}}})
        code, ended, said = stopped(process)
        assert code == 7, said
        metadata = rig.look()["Service/web"]["metadata"]
        assert metadata["labels"] == {"app": "web", "theirs": "1"}
        assert metadata["annotations"]["also"] == "theirs"
        assert "metadata.labels.theirs, metadata.annotations.also" in others(ended)["web"]


def test_a_field_of_ours_that_somebody_changed_stays_theirs(controlplane: ControlPlane, tmp_path: Path) -> None:
    with paused(controlplane, tmp_path) as (rig, process):
        change(rig, "Deployment", "web", {"spec": {"replicas": 7}})
        code, ended, said = stopped(process)
        assert code == 7, said
        assert rig.look()["Deployment/web"]["spec"]["replicas"] == 7
        assert others(ended)["web"] == "somebody else has changed spec.replicas"


def test_an_object_that_somebody_deleted_stays_gone(controlplane: ControlPlane, tmp_path: Path) -> None:
    with paused(controlplane, tmp_path) as (rig, process):
        controlplane.request("DELETE", url(place("Service", rig.namespace, "web")))
        controlplane.request("DELETE", url(place("HTTPRoute", rig.namespace, "elder")))
        code, ended, said = stopped(process)
        assert code == 7, said
        assert {"Service/web", "HTTPRoute/elder"} & rig.look().keys() == set()
        assert others(ended)["web"] == "somebody else has deleted it"
        assert others(ended)["elder"] == "somebody else has deleted it after it was made again"


def test_an_object_that_somebody_made_again_stays_theirs(controlplane: ControlPlane, tmp_path: Path) -> None:
    with paused(controlplane, tmp_path) as (rig, process):
        controlplane.apply(
            "{apiVersion: networking.k8s.io/v1, kind: NetworkPolicy, metadata: {name: allow}, spec: {podSelector: {}}}", rig.namespace
        )
        code, ended, said = stopped(process)
        assert code == 7, said
        assert rig.look()["NetworkPolicy/allow"]["spec"]["podSelector"] == {}
        assert "allow" in others(ended)


def test_an_object_of_ours_that_somebody_deleted_is_named(controlplane: ControlPlane, tmp_path: Path) -> None:
    with paused(controlplane, tmp_path) as (rig, process):
        controlplane.request("DELETE", url(place("NetworkPolicy", rig.namespace, "deny")))
        code, ended, said = stopped(process)
        assert code == 7, said
        assert "NetworkPolicy/deny" not in rig.look()
        assert others(ended) == {"deny": "somebody else has deleted it; it was this run's own"}


def test_an_object_of_ours_that_somebody_replaced_stays_theirs(controlplane: ControlPlane, tmp_path: Path) -> None:
    with paused(controlplane, tmp_path) as (rig, process):
        controlplane.request("DELETE", url(place("NetworkPolicy", rig.namespace, "deny")))
        controlplane.apply(
            "{apiVersion: networking.k8s.io/v1, kind: NetworkPolicy, metadata: {name: deny}, spec: {podSelector: {}}}", rig.namespace
        )
        code, ended, said = stopped(process)
        assert code == 7, said
        assert "NetworkPolicy/deny" in rig.look()
        assert others(ended)["deny"] == "somebody else has made one of this name"


def test_what_we_made_goes_although_somebody_changed_it(controlplane: ControlPlane, tmp_path: Path) -> None:
    with paused(controlplane, tmp_path) as (rig, process):
        change(rig, "NetworkPolicy", "deny", {"spec": {"podSelector": {"matchLabels": {"app": "theirs"}}}})
        code, ended, said = stopped(process)
        assert code == 7, said
        rig.assert_restored()
        assert "went with it" in others(ended)["deny"]


def test_the_same_value_as_before_is_nobody_elses(controlplane: ControlPlane, tmp_path: Path) -> None:
    """Somebody who puts a field back before us leaves us nothing to do."""
    with paused(controlplane, tmp_path) as (rig, process):
        change(rig, "Deployment", "web", {"spec": {"replicas": 2}})
        change(rig, "Service", "web", {"spec": {"selector": {"app": "web"}}})
        code, ended, said = stopped(process)
        assert code == 7, said
        rig.assert_restored()
        assert others(ended) == {}
        assert plain(rig.look()["Deployment/web"])["spec"]["replicas"] == 2
