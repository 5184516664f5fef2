"""Nothing but a run needs more than the right to read: an account that may only read can give every other command."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from aichaos.cli.main import COMMANDS
from aichaos.files import yaml
from tests.controlplane.client import ControlPlane
from tests.program import Run, all_said
from tests.run.rig import rigged
from tests.run.test_kills import with_pause_after

ROUTE = """
apiVersion: gateway.networking.k8s.io/v1
kind: Gateway
metadata: {name: edge}
spec: {gatewayClassName: any, listeners: [{name: http, protocol: HTTP, port: 80}]}
---
apiVersion: gateway.networking.k8s.io/v1
kind: HTTPRoute
metadata: {name: web}
spec: {parentRefs: [{name: edge}], hostnames: [shop.test], rules: [{backendRefs: [{name: web, port: 80}]}]}
---
apiVersion: v1
kind: Service
metadata: {name: web}
spec: {ports: [{port: 80}]}
"""
EXPERIMENT = """
apiVersion: aichaos/v1
kind: Experiment
metadata: {name: gone}
spec:
  title: The route is gone
  scope: {namespaces: [NS]}
  steadyState: [{name: there, kubernetes: {object: Gateway/NS/edge, condition: Accepted}}]
  steps: [{delete: {kind: HTTPRoute, name: web, namespace: NS}}]
"""
READING: dict[str, tuple[list[str], set[int]]] = {
    "suggest": (["suggest", "--from", "live", "-n", "NS", "--no-save"], {0}),
    "refine": (["refine", "gone.yaml", "deadline 3m", "--from", "live", "-n", "NS", "--no-save"], {0}),
    "check": (["check", "gone.yaml", "--from", "live", "-n", "NS"], {0}),
    "route": (["route", "GET", "http://shop.test/", "--from", "live", "-n", "NS"], {0}),
    "predict": (["predict", "gone.yaml", "--from", "live", "-n", "NS"], {0}),
    "snapshot": (["snapshot", "--from", "live", "-n", "NS", "out.json"], {0}),
    "doctor": (["doctor", "--from", "live", "-n", "NS"], {0, 1}),
    "doctor --rbac": (["doctor", "--rbac", "gone.yaml", "-n", "NS"], {0}),
    "approve": (["approve", "gone.yaml", "-n", "NS", "--key", "key", "--yes"], {0}),
    "runs": (["runs"], {0}),
    "document": (["document", "gone.yaml", "--as", "runbook", "--from", "live", "-n", "NS"], {0}),
    "export": (["export", "gone.yaml", "--to", "kubectl", "--from", "live", "-n", "NS"], {0}),
    "backends": (["backends"], {0}),
    "config": (["config"], {0}),
}
REFUSED: dict[str, tuple[list[str], set[int]]] = {
    "run": (["run", "gone.yaml", "-n", "NS", "--yes", "--accept-shared-fate", "--lever", "NS/lever"], {5}),
    "rehearse": (["run", "gone.yaml", "-n", "NS", "--rehearse"], {1}),
    "stop --all": (["stop", "--all", "--lever", "NS/lever"], {5}),
    "stop --release": (["stop", "--release", "--lever", "NS/lever"], {5}),
    "recover": (["recover"], {0, 1}),
    "runs --cluster": (["runs", "--cluster", "--lease", "NS/aichaos-run"], {1}),  # the built-in role `view` has no Leases
    "backlog": (["backlog"], {2}),  # there is no run yet
}
ELSEWHERE = {"chat", "eval"}
"""They ask a person or a model: tests of their own look at each."""


def test_who_may_not_read_leases_sees_runs_by_their_journals(controlplane: ControlPlane, tmp_path: Path, aichaos: Run) -> None:
    """As with the built-in ClusterRole `view`."""
    reader = controlplane.kubeconfig("reader")
    with rigged(controlplane, tmp_path) as rig:
        where = ["runs", "--cluster", "--lease", f"{rig.namespace}/aichaos-run"]
        none = aichaos(*where, kubeconfig=reader)
        assert none.returncode == 1, all_said(none)
        assert "whether a run is active is not known" in none.stderr
        assert f"kubectl -n {rig.namespace} create role aichaos-runs --verb=get --resource=leases.coordination.k8s.io" in none.stderr
        process = rig.start(rig.orders(with_pause_after(2)))
        rig.controlplane.wait(lambda: rig.journal.exists() and rig.reached(3), what="the pause")
        done = aichaos(*where, "-o", "json", kubeconfig=reader)
        assert done.returncode == 0, all_said(done)
        (found,) = json.loads(done.stdout)
        assert (found["run"], found["who"], found["renewed"]) == (rig.run, "tester@here", "")
        shown = aichaos(*where, kubeconfig=reader)
        assert "you may not read the Lease" in shown.stdout, all_said(shown)
        (whole,) = json.loads(aichaos(*where, "-o", "json", kubeconfig=rig.kubeconfig).stdout)
        assert whole | {"renewed": ""} == found
        assert aichaos(*found["stop"].split()[1:], kubeconfig=rig.kubeconfig).returncode == 0
        process.communicate(timeout=60)
        rig.assert_restored()
    nowhere = aichaos("runs", "--cluster", "--lease", "no-such-namespace/aichaos-run", kubeconfig=reader)
    assert (nowhere.returncode, "no run is active" in nowhere.stderr) == (0, True), all_said(nowhere)


def test_a_command_logs_in_once(controlplane: ControlPlane, place: str, aichaos: Run, tmp_path: Path) -> None:
    """A credential plugin may open a browser, or ask for a touch of a key."""
    ran, plugin = tmp_path / "ran", tmp_path / "plugin"
    answer = {"apiVersion": "client.authentication.k8s.io/v1", "kind": "ExecCredential", "status": {"token": controlplane.tokens["reader"]}}
    plugin.write_text(f"#!/bin/sh\necho once >> {ran}\necho '{json.dumps(answer)}'\n")
    plugin.chmod(0o755)
    (document,) = yaml.load(controlplane.kubeconfig("reader").read_text(), "kubeconfig")
    command = {"apiVersion": "client.authentication.k8s.io/v1", "command": str(plugin), "interactiveMode": "Never"}
    document["users"][0]["user"] = {"exec": command}
    path = tmp_path / "kubeconfig"
    path.write_text(json.dumps(document))
    for name in ("doctor --rbac", "predict", "suggest"):
        ran.unlink(missing_ok=True)
        done = aichaos(*(word.replace("NS", place) for word in READING[name][0]), kubeconfig=path)
        assert done.returncode in READING[name][1], all_said(done)
        assert ran.read_text().splitlines() == ["once"], name


@pytest.fixture
def place(controlplane: ControlPlane, tmp_path: Path) -> Iterator[str]:
    controlplane.install_crds("gateway-api")
    with controlplane.namespace() as namespace:
        controlplane.apply(ROUTE, namespace)
        (tmp_path / "gone.yaml").write_text(EXPERIMENT.replace("NS", namespace))
        (tmp_path / "key").write_text("k" * 44)
        yield namespace


def test_every_command_is_here() -> None:
    named = {words[0] for words, _ in (*READING.values(), *REFUSED.values())}
    assert set(COMMANDS) - named <= ELSEWHERE | {"gameday", "progressive", "library", "report", "serve", "init"}


def test_reading_is_enough_for_everything_but_a_run(controlplane: ControlPlane, place: str, aichaos: Run, tmp_path: Path) -> None:
    kubeconfig = controlplane.kubeconfig("reader")
    before = objects(controlplane, place)
    for name, (words, codes) in (READING | REFUSED).items():
        done = aichaos(*(word.replace("NS", place) for word in words), kubeconfig=kubeconfig, AICHAOS_STATE_DIR=str(tmp_path / "state"))
        assert done.returncode in codes, (name, done)
        assert "Traceback" not in done.stderr
    assert objects(controlplane, place) == before


def objects(controlplane: ControlPlane, namespace: str) -> list[tuple[str, str]]:
    """The UID and version of everything that a command could have touched."""
    collections = ["/apis/gateway.networking.k8s.io/v1/namespaces/{}/httproutes", "/api/v1/namespaces/{}/configmaps"]
    collections += ["/apis/coordination.k8s.io/v1/namespaces/{}/leases", "/api/v1/namespaces/{}/services"]
    items = [item for path in collections for item in controlplane.get(path.format(namespace))["items"]]
    return sorted((item["metadata"]["uid"], item["metadata"]["resourceVersion"]) for item in items)
