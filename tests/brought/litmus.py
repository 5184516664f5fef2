"""Litmus on a control plane: its real operator, and its runner and experiments as the programs of pods that really run."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tests.controlplane.client import ControlPlane
from tests.controlplane.kubelet import Image, Kubelet
from tests.controlplane.ports import free_port
from tests.controlplane.processes import Server, answers

RUNNER, EXPERIMENTS = "litmuschaos/chaos-runner:3.18.0", "litmuschaos/go-runner:3.18.0"
ACCOUNT = "litmus"
_GROUP = "/apis/litmuschaos.io/v1alpha1/namespaces"
_RIGHTS: list[dict[str, list[str]]] = [
    {"apiGroups": [""], "resources": ["pods", "pods/log", "events", "configmaps", "secrets"], "verbs": ["*"]},
    {"apiGroups": ["apps"], "resources": ["*"], "verbs": ["get", "list"]},
    {"apiGroups": ["batch"], "resources": ["jobs"], "verbs": ["*"]},
    {"apiGroups": ["litmuschaos.io"], "resources": ["*"], "verbs": ["*"]},
]


@contextmanager
def operator(plane: ControlPlane, namespace: str, programs: Path, folder: Path) -> Iterator[Server]:
    """The operator, for one namespace; it is asked to tell nobody of itself. Stopped by hand, it leaves its finalizers behind."""
    folder.mkdir(parents=True, exist_ok=True)
    plane.install_crds("litmus")
    health = f"127.0.0.1:{free_port('127.0.0.1')}"
    words = ["--metrics-bind-address=0", f"--health-probe-bind-address={health}"]
    settings = {"KUBECONFIG": str(plane.kubeconfig()), "WATCH_NAMESPACE": namespace, "ANALYTICS": "FALSE", "CHAOS_RUNNER_IMAGE": RUNNER}
    server = Server([programs / "chaos-operator", *words], folder, settings)
    server.start()
    try:
        server.wait_until(lambda: answers(f"http://{health}/readyz"), 30)
        yield server
    finally:
        server.stop()


def kubelet(plane: ControlPlane, namespace: str, programs: Path, folder: Path, hosts: Mapping[str, str] | None = None) -> Kubelet:
    """For the pods of Litmus: its runner, and what an experiment's Job starts. hosts: addresses by name, as a cluster's DNS has them."""
    images = {RUNNER: Image(entrypoint=[str(programs / "chaos-runner")]), EXPERIMENTS: Image(folder=str(programs))}
    return Kubelet(plane, namespace, images, folder, hosts)


def install_pod_delete(plane: ControlPlane, namespace: str, account: str = ACCOUNT) -> None:
    """The fault `pod-delete` as its hub defines it, and an account that may do it."""
    definition = {
        "scope": "Namespaced",
        "permissions": _RIGHTS,
        "image": EXPERIMENTS,
        "command": ["/bin/bash"],
        "args": ["-c", "./experiments -name pod-delete"],
        "env": [{"name": "TOTAL_CHAOS_DURATION", "value": "15"}, {"name": "CHAOS_INTERVAL", "value": "5"}],
        "labels": {"name": "pod-delete"},
    }
    head = {"apiVersion": "litmuschaos.io/v1alpha1", "kind": "ChaosExperiment", "metadata": {"name": "pod-delete"}}
    plane.request("POST", f"{_GROUP}/{namespace}/chaosexperiments", head | {"spec": {"definition": definition}})
    rbac = f"/apis/rbac.authorization.k8s.io/v1/namespaces/{namespace}"
    plane.request("POST", f"/api/v1/namespaces/{namespace}/serviceaccounts", {"metadata": {"name": account}})
    plane.request("POST", f"{rbac}/roles", {"metadata": {"name": account}, "rules": _RIGHTS})
    binding = {
        "metadata": {"name": account},
        "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "Role", "name": account},
        "subjects": [{"kind": "ServiceAccount", "name": account, "namespace": namespace}],
    }
    plane.request("POST", f"{rbac}/rolebindings", binding)


def engine(namespace: str, **variables: str) -> dict[str, Any]:
    """A ChaosEngine that deletes pods `app: web` of a Deployment."""
    env = [{"name": name, "value": value} for name, value in variables.items()]
    return {
        "apiVersion": "litmuschaos.io/v1alpha1",
        "kind": "ChaosEngine",
        "metadata": {"name": "kill", "namespace": namespace},
        "spec": {
            "engineState": "active",
            "appinfo": {"appns": namespace, "applabel": "app=web", "appkind": "deployment"},
            "chaosServiceAccount": ACCOUNT,
            "experiments": [{"name": "pod-delete", "spec": {"components": {"env": env}}}],
        },
    }


def there(plane: ControlPlane, namespace: str, resource: str) -> list[dict[str, Any]]:
    """The objects of Litmus there."""
    found: list[dict[str, Any]] = plane.get(f"{_GROUP}/{namespace}/{resource}")["items"]
    return found


def pods(plane: ControlPlane, namespace: str) -> list[str]:
    """Names of the pods of Litmus itself."""
    found = plane.get(f"/api/v1/namespaces/{namespace}/pods?labelSelector=chaosUID")["items"]
    return [str(pod["metadata"]["name"]) for pod in found]
