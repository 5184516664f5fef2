"""What the tests of running hold: a namespace with things in it, a run of six steps, and a way to compare what was with what is."""

import json
import os
import secrets
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import msgspec

from aichaos.domain.experiment import Experiment
from aichaos.domain.running import Place, Rivals
from aichaos.files import yaml
from tests.controlplane.client import ApiError, ControlPlane
from tests.run.driver import Death, Orders

ROUTE = """
apiVersion: gateway.networking.k8s.io/v1
kind: HTTPRoute
metadata: {name: NAME, labels: {team: a}, annotations: {note: keep me}}
spec:
  parentRefs: [{name: gw}]
  hostnames: [shop.test]
  rules: [{matches: [{path: {type: PathPrefix, value: /shop}}], backendRefs: [{name: web, port: 80}]}]
"""
THINGS = """
apiVersion: v1
kind: Service
metadata: {name: web, labels: {app: web}}
spec: {selector: {app: web}, ports: [{port: 80, targetPort: 8080}]}
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: web}
spec:
  replicas: 2
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec: {containers: [{name: web, image: shop/web:1}]}
---
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: allow}
spec: {podSelector: {matchLabels: {app: web}}, ingress: [{}]}
"""
STEPS = """
apiVersion: aichaos/v1
kind: Experiment
metadata: {name: six-steps}
spec:
  title: One of each
  steps:
    - name: deny
      create: {apiVersion: networking.k8s.io/v1, kind: NetworkPolicy, metadata: {name: deny, namespace: NS}, spec: {podSelector: {}}}
    - {name: gone, delete: {kind: HTTPRoute, name: elder, namespace: NS}}
    - {name: back, recreate: {kind: HTTPRoute, name: elder, namespace: NS}}
    - {name: label, label: {kind: Service, name: web, namespace: NS, set: {app: other, new: "1"}}}
    - {name: none, scale: {kind: Deployment, name: web, namespace: NS, replicas: 0}}
    - {name: open, delete: {kind: NetworkPolicy, name: allow, namespace: NS}}
"""

PATHS = {
    "NetworkPolicy": ("networking.k8s.io/v1", "networkpolicies"),
    "HTTPRoute": ("gateway.networking.k8s.io/v1", "httproutes"),
    "Service": ("v1", "services"),
    "Deployment": ("apps/v1", "deployments"),
}
_SERVERS_OWN = ("uid", "resourceVersion", "generation", "creationTimestamp", "managedFields")


def place(kind: str, namespace: str, name: str) -> Place:
    api_version, resource = PATHS[kind]
    return Place(api_version=api_version, resource=resource, kind=kind, name=name, namespace=namespace)


def url(where: Place) -> str:
    root = "apis" if "/" in where.api_version else "api"
    return f"/{root}/{where.api_version}/namespaces/{where.namespace}/{where.resource}/{where.name}"


def plain(obj: dict[str, Any]) -> dict[str, Any]:
    """An object without what the server and controllers count: written here once more, so that no mistake of the program's hides."""
    kept = {key: value for key, value in obj.items() if key != "status"}
    metadata = {key: value for key, value in obj["metadata"].items() if key not in _SERVERS_OWN}
    metadata.get("annotations", {}).pop("deployment.kubernetes.io/revision", None)
    if not metadata.get("annotations", True):
        del metadata["annotations"]
    return kept | {"metadata": metadata}


@dataclass
class Rig:
    controlplane: ControlPlane
    namespace: str
    home: Path
    kubeconfig: Path
    run: str = field(default_factory=lambda: f"r-{secrets.token_hex(4)}")
    before: dict[str, Any] = field(default_factory=dict)
    asked: float = 0.0
    """When somebody asked the run to stop, by `time.time`."""

    def orders(self, steps: str = STEPS, **more: Any) -> Orders:
        text = steps.replace("NS", self.namespace)
        experiment = msgspec.convert(yaml.load(text, "steps")[0], Experiment)
        elder, younger = (place("HTTPRoute", self.namespace, name) for name in ("elder", "younger"))
        given: dict[str, Any] = {"rivals": (Rivals(elder=elder, younger=(younger,)),)} | more
        return Orders(run=self.run, namespace=self.namespace, kubeconfig=str(self.kubeconfig), experiment=experiment, **given)

    @property
    def journal(self) -> Path:
        return self.home / "runs" / self.run / "journal.jsonl"

    def start(self, orders: Orders, *words: str) -> subprocess.Popen[str]:
        path = self.home / f"{secrets.token_hex(4)}.json"
        path.write_bytes(msgspec.json.encode(orders))
        command = [sys.executable, "-m", "tests.run.driver", str(path), *words]
        around = os.environ | {"AICHAOS_STATE_DIR": str(self.home)}
        return subprocess.Popen(command, env=around, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)

    def finish(self, orders: Orders, *words: str, timeout: float = 60.0) -> tuple[int, str]:
        process = self.start(orders, *words)
        said, _ = process.communicate(timeout=timeout)
        return process.returncode, said

    def killed(self, point: int, death: Death, steps: str = STEPS) -> str:
        """A run that dies at a moment, and what was said; returns when its watchdog has ended, too."""
        _, said = self.finish(self.orders(steps, point=point, death=death))
        return said

    def entries(self) -> list[dict[str, Any]]:
        """What is written; not the line that is just being written."""
        whole, _, _ = self.journal.read_bytes().rpartition(b"\n")
        return [json.loads(line)["entry"] for line in whole.splitlines()]

    def watched(self) -> bool:
        """Whether the run has come as far as its watchdog."""
        return self.journal.exists() and any(entry["entry"] == "step" for entry in self.entries())

    def reached(self, step: int) -> bool:
        return any(entry["entry"] == "step" and entry["number"] == step for entry in self.entries())

    def closed(self) -> bool:
        return self.journal.exists() and any(entry["entry"] == "closed" for entry in self.entries())

    def wait_closed(self, seconds: float = 20.0) -> None:
        self.controlplane.wait(self.closed, timeout=seconds, what=f"run {self.run} to be closed")

    def look(self) -> dict[str, Any]:
        """All objects of the kinds that runs here touch, by kind and name."""
        found = {}
        for kind, (api_version, resource) in PATHS.items():
            root = "apis" if "/" in api_version else "api"
            listed = self.controlplane.get(f"/{root}/{api_version}/namespaces/{self.namespace}/{resource}")
            for item in listed["items"]:
                found[f"{kind}/{item['metadata']['name']}"] = item
        return found

    def remember(self) -> None:
        self.before = self.look()

    def assert_restored(self) -> None:
        now = self.look()
        assert {name: plain(obj) for name, obj in now.items()} == {name: plain(obj) for name, obj in self.before.items()}
        elder, younger = (now[f"HTTPRoute/{name}"]["metadata"]["creationTimestamp"] for name in ("elder", "younger"))
        assert elder < younger, "the order of age is not what it was"

    def shorten_lease(self) -> None:
        """Who waits for a Lease to be lost goes by what it says of itself, and a test need not wait for 15 s."""
        where = f"/apis/coordination.k8s.io/v1/namespaces/{self.namespace}/leases/aichaos-run"
        assert self.controlplane.get(where)["spec"]["leaseDurationSeconds"] == 15
        self.controlplane.patch(where, {"spec": {"leaseDurationSeconds": 2}})

    def get(self, where: Place) -> Any:
        try:
            return self.controlplane.get(url(where))
        except ApiError as error:
            if error.status != 404:
                raise
            return None


def children(process: subprocess.Popen[str]) -> list[int]:
    """The processes that a process has started: of a run, its watchdog."""
    return [int(child) for child in Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split()]


@contextmanager
def rigged(controlplane: ControlPlane, home: Path, server: str | None = None) -> Iterator[Rig]:
    """A namespace with a Service, a Deployment, a policy, and two routes of which one is older. server: another way to the API server."""
    controlplane.install_crds("gateway-api")
    with controlplane.namespace() as namespace:
        rig = Rig(controlplane, namespace, home, controlplane.kubeconfig(namespace=namespace, server=server))
        controlplane.apply(THINGS, namespace)
        controlplane.apply(ROUTE.replace("NAME", "elder"), namespace)
        stamp = controlplane.get(url(place("HTTPRoute", namespace, "elder")))["metadata"]["creationTimestamp"]
        while time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()) <= stamp:
            time.sleep(0.02)
        controlplane.apply(ROUTE.replace("NAME", "younger"), namespace)
        controlplane.wait(
            lambda: rig.look()["Deployment/web"].get("status", {}).get("observedGeneration"), what="the controller to have seen it"
        )
        rig.remember()
        yield rig
