"""A bundled cluster, brought to life on the real API server: what a person declares is applied, the controllers make the rest."""

import copy
from typing import Any

from aichaos.files import yaml
from aichaos.observe.manifests import demo_path
from tests.controlplane.client import ControlPlane

_MADE_BY_CONTROLLERS = {"ReplicaSet", "EndpointSlice"}
_BUSY_OWNERS = {"ReplicaSet", "StatefulSet", "DaemonSet", "Service"}
"""Kinds whose controllers run here. What belongs to a Gateway is made by Istio, which does not: it is applied like the rest."""

CRDS = ("gateway-api", "istio", "litmus", "crossplane")

Object = dict[str, Any]


def documents(demo: str) -> list[Object]:
    path = demo_path(demo)
    return yaml.load(path.read_text(encoding="utf-8"), path.name)


def bring_to_life(controlplane: ControlPlane, demo: str, most: int = 1_000) -> None:
    """Apply a demo, and wait until every Deployment has as many ready pods as it declares; most: replicas, whatever it declares."""
    declared = [_declared(found) for found in documents(demo) if _is_declared(found)]
    for found in declared:
        if found["kind"] == "Deployment":
            found["spec"]["replicas"] = min(found["spec"].get("replicas", 1), most)
    nodes = [found["metadata"]["name"] for found in declared if found["kind"] == "Node"]
    for found in declared:
        _on_a_node(found, nodes[0])
    apply(controlplane, [found for found in declared if found["kind"] in ("Namespace", "Node")])
    apply(controlplane, [found for found in declared if found["kind"] not in ("Namespace", "Node")])
    workloads = [found for found in declared if found["kind"] == "Deployment"]
    controlplane.wait(lambda: all(_is_ready(controlplane, found) for found in workloads), timeout=120, what=f"the pods of {demo}")


def apply(controlplane: ControlPlane, objects: list[Object]) -> None:
    controlplane.kubectl("apply", "-f", "-", input=yaml_text(objects))


def yaml_text(objects: list[Object]) -> str:
    return "---\n".join(yaml.dump(found) for found in objects)


def _is_declared(found: Object) -> bool:
    owners = {owner["kind"] for owner in found["metadata"].get("ownerReferences", ())}
    default_account = found["kind"] == "ServiceAccount" and found["metadata"]["name"] == "default"
    return not owners & _BUSY_OWNERS and not default_account and found["kind"] not in _MADE_BY_CONTROLLERS


def _declared(found: Object) -> Object:
    kept = copy.deepcopy(found)
    kept.pop("status", None)
    for field in ("uid", "creationTimestamp", "generation", "ownerReferences"):
        kept["metadata"].pop(field, None)
    return kept


def _on_a_node(found: Object, node: str) -> None:
    """There is no scheduler here."""
    if found["kind"] in ("Deployment", "StatefulSet", "DaemonSet"):
        found["spec"]["template"]["spec"]["nodeName"] = node
    elif found["kind"] == "Pod":
        found["spec"]["nodeName"] = node


def _is_ready(controlplane: ControlPlane, deployment: Object) -> bool:
    metadata = deployment["metadata"]
    live = controlplane.get(f"/apis/apps/v1/namespaces/{metadata['namespace']}/deployments/{metadata['name']}")
    ready: int = live.get("status", {}).get("readyReplicas", 0)
    return bool(ready == deployment["spec"]["replicas"])
