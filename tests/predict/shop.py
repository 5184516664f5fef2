"""A small cluster for tests of predictions: a Gateway with pods, two Services behind one route, and whatever a test adds."""

from typing import Any

import msgspec

from aichaos.domain.snapshot import Snapshot, Source
from aichaos.observe import manifests

TAKEN = "2026-01-01T00:00:00Z"
Manifest = dict[str, Any]


def manifest(
    kind: str, name: str, namespace: str = "shop", *, labels: dict[str, str] | None = None, made: str | None = TAKEN, **rest: Any
) -> Manifest:
    metadata: Manifest = {"name": name}
    if namespace:
        metadata["namespace"] = namespace
    if labels:
        metadata["labels"] = labels
    if made:
        metadata["creationTimestamp"] = made
    return {"apiVersion": _VERSIONS[kind], "kind": kind, "metadata": metadata, **rest}


_VERSIONS = {
    "Namespace": "v1",
    "Service": "v1",
    "Pod": "v1",
    "Deployment": "apps/v1",
    "NetworkPolicy": "networking.k8s.io/v1",
    "GatewayClass": "gateway.networking.k8s.io/v1",
    "Gateway": "gateway.networking.k8s.io/v1",
    "HTTPRoute": "gateway.networking.k8s.io/v1",
}


def pod(name: str, address: str, labels: dict[str, str], namespace: str = "shop", port: int = 8080, owner: str = "") -> Manifest:
    """A pod that runs; owner: the ReplicaSet that it belongs to."""
    containers = [{"name": "c", "ports": [{"name": "http", "containerPort": port}]}]
    status = {"phase": "Running", "podIP": address, "conditions": [{"type": "Ready", "status": "True"}]}
    made = manifest("Pod", name, namespace, labels=labels, spec={"containers": containers}, status=status)
    if owner:
        made["metadata"]["ownerReferences"] = [{"apiVersion": "apps/v1", "kind": "ReplicaSet", "name": owner, "uid": "1"}]
    return made


def service(name: str, labels: dict[str, str]) -> Manifest:
    return manifest("Service", name, spec={"selector": labels, "ports": [{"name": "http", "port": 80, "targetPort": "http"}]})


def route(name: str = "shop", *, made: str | None = TAKEN, host: str = "shop.test", path: str = "/", **rule: Any) -> Manifest:
    parents = [{"name": "gw", "namespace": "edge"}]
    whole = {"matches": [{"path": {"type": "PathPrefix", "value": path}}], "backendRefs": [{"name": "v1", "port": 80}], **rule}
    return manifest("HTTPRoute", name, made=made, spec={"parentRefs": parents, "hostnames": [host], "rules": [whole]})


def policy(name: str, namespace: str = "shop", **spec: Any) -> Manifest:
    return manifest("NetworkPolicy", name, namespace, spec={"podSelector": {}, **spec})


GATEWAY_LABEL = {"gateway.networking.k8s.io/gateway-name": "gw"}
LISTENERS = [{"name": "http", "port": 80, "protocol": "HTTP", "allowedRoutes": {"namespaces": {"from": "All"}}}]


def shop(*more: Manifest, carriers: bool = True) -> Snapshot:
    """The cluster with some objects more. carriers: whether the Gateway's pods are to be seen."""
    objects = [
        manifest("Namespace", "shop", "", labels={"team": "shop"}),
        manifest("Namespace", "edge", "", labels={"team": "edge"}),
        manifest("GatewayClass", "c", "", spec={"controllerName": "example.com/any"}),
        manifest("Gateway", "gw", "edge", spec={"gatewayClassName": "c", "listeners": LISTENERS}),
        service("v1", {"app": "v1"}),
        service("v2", {"app": "v2"}),
        pod("v1-a", "10.0.0.1", {"app": "v1"}),
        pod("v1-b", "10.0.0.2", {"app": "v1"}),
        pod("v2-a", "10.0.0.3", {"app": "v2"}),
        route(),
        *([pod("envoy", "10.0.0.9", GATEWAY_LABEL, "edge")] if carriers else []),
        *more,
    ]
    found = manifests.snapshot(objects, Source(kind="file", cluster="test", taken="2026-02-01T00:00:00Z"))
    assert not found.gaps
    return msgspec.structs.replace(manifests.assume(found), gaps=())
