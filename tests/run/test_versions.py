"""A cluster of another version: the real API server restarted as an older one (`--emulated-version`, KEP-4330), or without an API.

Nothing else of the cluster changes: the same objects, the same UIDs, the same users.
"""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.controlplane.client import ControlPlane
from tests.controlplane.server import Servers
from tests.program import Run, all_said, environment
from tests.run.proxy import misbehaving_proxy
from tests.run.rig import children

THINGS = """
apiVersion: v1
kind: Service
metadata: {name: web}
spec: {selector: {app: web}, ports: [{port: 80}], trafficDistribution: PreferSameNode}
---
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: allow}
spec: {podSelector: {matchLabels: {app: web}}, ingress: [{}]}
---
apiVersion: batch/v1
kind: CronJob
metadata: {name: nightly}
spec: {schedule: "0 3 * * *", jobTemplate: {spec: {template: {spec: {restartPolicy: Never, containers: [{name: c, image: a/b:1}]}}}}}
"""
QUICK = ("--accept-shared-fate", "--baseline", "0.1", "--after", "0.1")
OLD = "--emulated-version=1.32"
NO_BATCH = ("--emulated-version=1.34", "--runtime-config=batch/v1=false")


@dataclass
class Place:
    """A namespace, and experiments in it."""

    plane: ControlPlane
    namespace: str
    aichaos: Run
    folder: Path

    def say(self, *words: str, kubeconfig: Path | None = None) -> "subprocess.CompletedProcess[str]":
        return self.aichaos(*words, kubeconfig=kubeconfig or self.plane.kubeconfig(), AICHAOS_STATE_DIR=str(self.folder / "state"))

    def words(self, path: Path, *more: str) -> list[str]:
        return ["run", str(path), "-n", self.namespace, "--lever", f"{self.namespace}/lever", *QUICK, *more]

    def deleting(self, *targets: tuple[str, str], hold: str = "1s") -> Path:
        steps = [{"name": name, "delete": {"kind": kind, "name": name, "namespace": self.namespace}} for kind, name in targets]
        given = {"title": "Gone", "scope": {"namespaces": [self.namespace]}, "deadline": "90s"}
        spec = given | {"steps": [*steps, {"name": "hold", "wait": {"for": hold}}]}
        path = self.folder / f"{'-'.join(name for _, name in targets)}.yaml"
        path.write_text(json.dumps({"apiVersion": "aichaos/v1", "kind": "Experiment", "metadata": {"name": "gone"}, "spec": spec}))
        return path

    def patching(self, merge: dict[str, Any]) -> Path:
        step = {"name": "change", "patch": {"kind": "Service", "name": "web", "namespace": self.namespace, "merge": merge}}
        spec = {"title": "Changed", "scope": {"namespaces": [self.namespace]}, "deadline": "90s", "steps": [step]}
        path = self.folder / "changed.yaml"
        path.write_text(json.dumps({"apiVersion": "aichaos/v1", "kind": "Experiment", "metadata": {"name": "changed"}, "spec": spec}))
        return path

    def there(self, path: str) -> bool:
        return self.plane.exists(path.replace("NS", self.namespace))


@pytest.fixture
def place(private_controlplane: Servers, aichaos: Run, tmp_path: Path) -> Iterator[Place]:
    plane = private_controlplane.controlplane
    with plane.namespace() as namespace:
        plane.apply(THINGS, namespace)
        yield Place(plane, namespace, aichaos, tmp_path)


def restart(servers: Servers, *flags: str) -> None:
    servers.stop_apiserver()
    servers.start_apiserver(*flags)


def test_an_older_server_unmakes_an_approval_and_takes_no_object_that_it_could_not_give_back(
    private_controlplane: Servers, place: Place, tmp_path: Path
) -> None:
    key, approval, policy = tmp_path / "key", tmp_path / "approval", place.deleting(("NetworkPolicy", "allow"))
    key.write_text("k" * 40)
    approve = ["approve", str(policy), "-n", place.namespace, "--lever", f"{place.namespace}/lever", "--uses", "5", "--yes"]
    done = place.say(*approve, "--key", str(key), "-o", str(approval))
    assert done.returncode == 0, all_said(done)
    signed = place.words(policy, "--approval", str(approval), "--approval-key", str(key))
    assert place.say(*signed).returncode in (0, 9)

    with misbehaving_proxy(place.plane, seed=1, share=0.0) as proxy:
        through = place.plane.kubeconfig(server=proxy.url)
        for fault in ("500", "login page", "404 page"):
            proxy.always["/version"] = fault
            unsure = place.say(*signed, kubeconfig=through)
            assert (unsure.returncode, "which one it serves now, it does not say" in " ".join(unsure.stderr.split())) == (5, True), fault
        plain = place.say(*place.words(policy, "--yes"), kubeconfig=through)
        assert plain.returncode in (0, 9), all_said(plain)
        assert "which version of Kubernetes this is can't be read" in " ".join(plain.stdout.split())

    restart(private_controlplane, OLD)
    again = place.say(*signed)
    assert again.returncode == 5, all_said(again)
    told = "refused [approval-version]: the approval was given when the cluster served Kubernetes 1.35; it serves 1.32 now"
    assert told in " ".join(again.stderr.split())
    kept = place.say(*place.words(place.deleting(("Service", "web")), "--yes"))
    assert kept.returncode == 5, all_said(kept)
    assert 'Service/NS/web could not be made again: Service "web" is invalid'.replace("NS", place.namespace) in " ".join(
        kept.stderr.split()
    )
    assert place.there("/api/v1/namespaces/NS/services/web")
    changed = place.say(*place.words(place.patching({"spec": {"trafficDistribution": "PreferClose"}}), "--yes"))
    assert changed.returncode == 5, all_said(changed)
    assert "the old values of Service/NS/web could not be put back".replace("NS", place.namespace) in " ".join(changed.stderr.split())
    labelled = place.say(*place.words(place.patching({"metadata": {"labels": {"chaos": "here"}}}), "--yes"))
    assert labelled.returncode == 5, "such a server takes no change of it at all"
    assert "refused [step]: step 1" in labelled.stderr, all_said(labelled)
    assert "the server would refuse it" in " ".join(labelled.stderr.split()), all_said(labelled)
    assert place.say(*place.words(policy, "--yes")).returncode in (0, 9), "what an older server takes back may be deleted"
    checked = place.say("check", str(policy), "--from", "live", "-n", place.namespace, "--server")
    assert (checked.returncode, "error" in checked.stdout) == (0, False), all_said(checked)
    newer = tmp_path / "newer.yaml"
    newer.write_text(THINGS.partition("---")[0].replace("name: web", f"name: other, namespace: {place.namespace}", 1))
    refused = place.say("check", str(newer), "--from", "live", "-n", place.namespace, "--server")
    assert (refused.returncode, "Unsupported value" in refused.stdout) == (4, True), all_said(refused)


def test_an_api_that_is_gone_is_said_before_a_run_and_what_it_leaves_is_told_until_it_is_back(
    private_controlplane: Servers, place: Place, tmp_path: Path
) -> None:
    jobs = "/apis/batch/v1/namespaces/NS/cronjobs/nightly"
    path = place.deleting(("NetworkPolicy", "allow"), ("CronJob", "nightly"), hold="60s")
    around = environment(tmp_path / "home", AICHAOS_STATE_DIR=str(tmp_path / "state"), KUBECONFIG=str(place.plane.kubeconfig()))
    command = [sys.executable, "-m", "aichaos", *place.words(path, "--yes")]
    with subprocess.Popen(command, cwd=tmp_path, env=around, stdout=subprocess.DEVNULL, text=True) as process:
        place.plane.wait(lambda: not place.there(jobs), what="the CronJob to be gone")
        for each in [*children(process), process.pid]:
            os.kill(each, signal.SIGKILL)

    restart(private_controlplane, *NO_BATCH)
    left = place.say("recover")
    assert left.returncode == 8, all_said(left)
    said = left.stderr.splitlines()
    assert "the cluster serves Kubernetes 1.34 now; when run" in said[0]
    assert place.there("/apis/networking.k8s.io/v1/namespaces/NS/networkpolicies/allow"), "what can go back goes back"
    why = "it can't be read: the server has no batch/v1 cronjobs (any more). Not known: whether somebody has made it again; look first"
    number = said.index(f"  CronJob/{place.namespace}/nightly: {why}")
    assert said[number + 1] == f"    kubectl get cronjobs.batch/nightly -n {place.namespace} -o yaml"
    assert said[number + 2].startswith("    kubectl create -f ")
    manifest: Any = json.loads(Path(said[number + 2].split()[3]).read_text())
    assert (manifest["kind"], manifest["spec"]["schedule"]) == ("CronJob", "0 3 * * *")
    fails_for = place.say(*place.words(place.deleting(("CronJob", "nightly")), "--yes"))
    assert (fails_for.returncode, "refused [step]: step 1: the cluster has no kind 'CronJob'" in fails_for.stderr) == (5, True)

    restart(private_controlplane)
    done = place.say("recover")
    assert done.returncode == 0, all_said(done)
    assert place.there(jobs)
