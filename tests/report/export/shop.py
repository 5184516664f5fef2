"""A shop on a real API server, and an experiment that touches it with every verb that a script can do."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

from aichaos.files import yaml
from tests.controlplane.client import ControlPlane
from tests.program import environment

Manifest = dict[str, Any]
ROUTES = "/apis/gateway.networking.k8s.io/v1/namespaces/{}/httproutes"


def route(name: str, backend: str) -> Manifest:
    rule = {"matches": [{"path": {"type": "PathPrefix", "value": "/"}}], "backendRefs": [{"name": backend, "port": 80}]}
    spec = {"parentRefs": [{"name": "edge"}], "hostnames": ["shop.test"], "rules": [rule]}
    return {"apiVersion": "gateway.networking.k8s.io/v1", "kind": "HTTPRoute", "metadata": {"name": name}, "spec": spec}


def service(name: str) -> Manifest:
    return {"apiVersion": "v1", "kind": "Service", "metadata": {"name": name}, "spec": {"selector": {"app": name}, "ports": [{"port": 80}]}}


def objects() -> list[Manifest]:
    container = {"name": "app", "image": "shop:1"}
    labels = {"app": "web"}
    return [
        {
            "apiVersion": "gateway.networking.k8s.io/v1",
            "kind": "Gateway",
            "metadata": {"name": "edge"},
            "spec": {"gatewayClassName": "none", "listeners": [{"name": "http", "port": 80, "protocol": "HTTP"}]},
        },
        service("web"),
        service("other"),
        {
            "apiVersion": "apps/v1",
            "kind": "Deployment",
            "metadata": {"name": "web", "annotations": {"team": "it's ours"}},
            "spec": {
                "replicas": 2,
                "selector": {"matchLabels": labels},
                "template": {"metadata": {"labels": labels}, "spec": {"containers": [container]}},
            },
        },
        {
            "apiVersion": "networking.k8s.io/v1",
            "kind": "NetworkPolicy",
            "metadata": {"name": "calm"},
            "spec": {"podSelector": {}, "policyTypes": ["Ingress"], "ingress": [{}]},
        },
    ]


def set_up(server: ControlPlane, namespace: str) -> None:
    """The shop, its routes a second apart: `elder`, then its younger rival `rival`."""
    server.apply("---\n".join(map(yaml.dump, objects())), namespace)
    server.apply(yaml.dump(route("elder", "web")), namespace)
    first = server.get(f"{ROUTES.format(namespace)}/elder")["metadata"]["creationTimestamp"]
    server.wait(lambda: _dry(server, namespace) > first, what="the next second")
    server.apply(yaml.dump(route("rival", "other")), namespace)


def _dry(server: ControlPlane, namespace: str) -> str:
    """The API server's clock: the age of an object that it only pretends to make."""
    made = server.request("POST", f"/api/v1/namespaces/{namespace}/configmaps?dryRun=All", {"metadata": {"name": "now"}})
    return str(made["metadata"]["creationTimestamp"])


def experiment(namespace: str, *steps: Manifest, deadline: str = "2m") -> Manifest:
    return {
        "apiVersion": "aichaos/v1",
        "kind": "Experiment",
        "metadata": {"name": "all-verbs"},
        "spec": {
            "title": "Every verb; and a $(touch title) `touch title`",
            "hypothesis": "all stays well",
            "scope": {"namespaces": [namespace]},
            "deadline": deadline,
            "steps": list(steps),
        },
    }


def every_verb(namespace: str) -> list[Manifest]:
    def named(kind: str, name: str) -> Manifest:
        return {"kind": kind, "name": name, "namespace": namespace}

    third = route("third", "other")
    third["metadata"]["namespace"] = namespace
    calm = named("NetworkPolicy", "calm")
    denied = {
        "apiVersion": "networking.k8s.io/v1",
        "kind": "NetworkPolicy",
        "metadata": {"name": "calm", "namespace": namespace},
        "spec": {"podSelector": {}, "policyTypes": ["Ingress"]},
    }
    return [
        {"name": "third", "create": third},
        {"name": "deny", "apply": denied},
        {"name": "zero", "scale": named("Deployment", "web") | {"replicas": 0}},
        {"name": "bounce", "restart": named("Deployment", "web")},
        {"name": "other pods", "patch": named("Service", "web") | {"merge": {"spec": {"selector": {"app": "nobody"}}}}},
        {"name": "flip", "label": named("Service", "other") | {"set": {"tier": "x"}}},
        {"name": "gone", "delete": named("HTTPRoute", "elder")},
        {"name": "back", "recreate": named("HTTPRoute", "elder")},
        {"name": "gone too", "delete": calm},
    ]


def state(server: ControlPlane, namespace: str) -> dict[str, Manifest]:
    """Everything of the shop without what only the server writes."""
    found: dict[str, Manifest] = {}
    for path in (
        f"/api/v1/namespaces/{namespace}/services",
        f"/apis/apps/v1/namespaces/{namespace}/deployments",
        f"/apis/networking.k8s.io/v1/namespaces/{namespace}/networkpolicies",
        ROUTES.format(namespace),
    ):
        for item in server.get(path)["items"]:
            kept = {key: value for key, value in item["metadata"].items() if key in ("labels", "annotations")}
            kept.get("annotations", {}).pop("deployment.kubernetes.io/revision", None)
            found[f"{path.rpartition('/')[2]}/{item['metadata']['name']}"] = kept | {"spec": item["spec"]}
    return found


def by_age(server: ControlPlane, namespace: str) -> list[str]:
    items = server.get(ROUTES.format(namespace))["items"]
    stamps = [item["metadata"]["creationTimestamp"] for item in items]
    assert len(set(stamps)) == len(stamps), "routes of one second have no order"
    return [item["metadata"]["name"] for item in sorted(items, key=lambda item: str(item["metadata"]["creationTimestamp"]))]


def exported(server: ControlPlane, namespace: str, document: Manifest, to: str, folder: Path) -> tuple[Path, dict[str, str]]:
    """The folder of an export, and the environment to start it in."""
    folder.mkdir(exist_ok=True)
    path = folder / "all-verbs.yaml"
    path.write_text(yaml.dump(document))
    programs = str(server.binaries.programs["kubectl"].parent)
    around = environment(folder / "home", KUBECONFIG=str(server.kubeconfig(namespace=namespace)))
    around["PATH"] = f"{programs}:{Path(sys.executable).parent}:{around['PATH']}"
    command = [sys.executable, "-m", "aichaos", "export", str(path), "--to", to, "-n", namespace, "-o", "json"]
    done = subprocess.run(command, env=around, cwd=folder, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr
    return Path(json.loads(done.stdout)["folder"]), around
