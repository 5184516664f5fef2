"""Probes through `kubectl port-forward`, all the way: the real kubectl, the API server, kwok as the kubelet of the node, the pod."""

import json
import re
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.controlplane.backends import Backends
from tests.controlplane.cache import Binaries
from tests.controlplane.client import ControlPlane
from tests.controlplane.server import Servers
from tests.program import Run, all_said, events_of
from tests.run.shop import last

POD, ADDRESS = "web-0", "10.244.150.7"
DELAY = 0.15
OBJECTS = """
apiVersion: v1
kind: Pod
metadata: {name: web-0, labels: {app: web}}
spec: {nodeName: node-a, containers: [{name: web, image: web}]}
---
apiVersion: v1
kind: Service
metadata: {name: web}
spec: {selector: {app: web}, ports: [{port: 80, targetPort: 8080}]}
"""


@contextmanager
def forwarded(plane: ControlPlane, namespace: str) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """kubectl, and the address on this machine that it leads to the Service from."""
    words = [str(plane.binaries.programs["kubectl"]), "--kubeconfig", str(plane.kubeconfig()), "-n", namespace]
    with subprocess.Popen(
        [*words, "port-forward", "service/web", ":80"], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    ) as kubectl:
        try:
            assert kubectl.stdout is not None
            said = kubectl.stdout.readline()
            found = re.search(r"127\.0\.0\.1:\d+", said)
            assert found is not None, said
            yield kubectl, found[0]
        finally:
            kubectl.kill()


def run(aichaos: Run, plane: ControlPlane, namespace: str, folder: Path, address: str) -> subprocess.CompletedProcess[str]:
    """A run that changes something harmless, and asks the Service meanwhile."""
    http = {"url": "http://web.shop.svc/", "via": f"service/{namespace}/web", "expect": {"status": "200"}}
    spec = {
        "title": "Through a port-forward",
        "scope": {"namespaces": [namespace]},
        "deadline": "60s",
        "steadyState": [{"name": "web answers", "http": http, "tolerance": {"success": ">= 99%", "p95": "<= 2s"}}],
        "steps": [{"label": {"kind": "Service", "name": "web", "namespace": namespace, "set": {"chaos": "on"}}}, {"wait": {"for": "2s"}}],
    }
    path = folder / "trial.yaml"
    path.write_text(json.dumps({"apiVersion": "aichaos/v1", "kind": "Experiment", "metadata": {"name": "trial"}, "spec": spec}))
    words = ["run", str(path), "-n", namespace, "--resolve", f"service/{namespace}/web:80={address}", "--lever", f"{namespace}/lever"]
    words += ["--accept-shared-fate", "--yes", "--interval", "0.2", "--baseline", "1", "--after", "1", "-o", "json"]
    return aichaos(*words, kubeconfig=plane.kubeconfig(), AICHAOS_STATE_DIR=str(folder / "state"))


def test_latency_and_failures_are_measured_through_a_real_port_forward(server_binaries: Binaries, aichaos: Run, tmp_path: Path) -> None:
    with Backends() as backends:
        to = {("shop", POD): (ADDRESS, backends.port)}
        with Servers(tmp_path / "servers", server_binaries, forwards=to) as servers:
            plane = servers.controlplane
            plane.node("node-a", zone="a")
            with plane.namespace("shop") as namespace:
                plane.apply(OBJECTS, namespace)
                plane.wait(lambda: plane.get(f"/api/v1/namespaces/{namespace}/pods/{POD}")["status"]["phase"] == "Running", what="the pod")
                backends.delays[ADDRESS] = DELAY
                with forwarded(plane, namespace) as (kubectl, address):
                    done = run(aichaos, plane, namespace, tmp_path, address)
                    events = events_of(done)
                    assert (done.returncode, last(events)["verdict"]) == (0, "pass"), all_said(done)
                    (during,) = json.loads(Path(last(events)["report"]).read_text())["during"]
                    assert (during["success"], during["bad"]) == (1.0, 0)
                    assert DELAY <= during["p50"] < 4 * DELAY, "the delay of the pod, and what this machine adds"
                    assert {one.pod for one in backends.served} == {ADDRESS}
                    kubectl.kill()
                    kubectl.wait(timeout=10)
                    gone = run(aichaos, plane, namespace, tmp_path, address)
                    assert gone.returncode == 5, all_said(gone)
                    assert f"{address} can't be connected to" in " ".join(gone.stderr.split())
