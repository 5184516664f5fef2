"""Small clusters for the tests, written down in a line each; and a cluster written to a file in every form that it may have."""

import json
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import HealthCheck, settings

from aichaos.domain.snapshot import Snapshot, Source
from aichaos.files import yaml
from aichaos.observe import manifests
from aichaos.observe.source import Choice, take
from aichaos.observe.topology import Topology

PATIENT = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture])
DEMOS = ("ml-services", "production", "route-chaos", "service-a")

GATEWAY_API = "gateway.networking.k8s.io/v1"
Manifest = dict[str, Any]


def snapshot_of(*objects: Manifest) -> Snapshot:
    """Objects as a Snapshot; pods only where there are pods among them."""
    return manifests.snapshot(objects, Source(kind="file", cluster="test"))


def topology_of(*objects: Manifest) -> Topology:
    """Objects as a Topology; workloads without any pod get those that they declare."""
    return Topology(manifests.assume(snapshot_of(*objects)))


def demo(name: str) -> Topology:
    return Topology(take(Choice(origin=f"demo:{name}")))


def demo_objects(name: str) -> list[Manifest]:
    path = manifests.demo_path(name)
    return list(manifests.objects(yaml.load(path.read_text(encoding="utf-8"), path.name)))


def thing(kind: str, name: str, spec: Manifest | None = None, *, version: str = "v1", namespace: str = "shop", **metadata: Any) -> Manifest:
    head: Manifest = {"apiVersion": version, "kind": kind, "metadata": {"name": name, "namespace": namespace, **metadata}}
    return head | ({"spec": spec} if spec is not None else {})


def namespace(name: str, **labels: str) -> Manifest:
    return {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name, "labels": labels}}


def gateway(*listeners: Manifest, name: str = "edge", namespace: str = "shop") -> Manifest:
    """A Gateway; without listeners named it has one for HTTP on port 80."""
    spec = {"gatewayClassName": "any", "listeners": list(listeners) or [listener()]}
    return thing("Gateway", name, spec, version=GATEWAY_API, namespace=namespace)


def listener(name: str = "http", **fields: Any) -> Manifest:
    return {"name": name, "protocol": "HTTP", "port": 80} | fields


def route(name: str = "web", *rules: Manifest, kind: str = "HTTPRoute", namespace: str = "shop", **fields: Any) -> Manifest:
    """A route at Gateway `edge` that sends everything to Service `web:8080`, unless it is told otherwise."""
    metadata = {key: fields.pop(key) for key in ("creationTimestamp", "labels", "annotations") if key in fields}
    spec = {"parentRefs": [{"name": "edge"}], "rules": list(rules) or [to("web")]} | fields
    return thing(kind, name, spec, version=GATEWAY_API, namespace=namespace, **metadata)


def to(*services: str, matches: list[Manifest] | None = None, **fields: Any) -> Manifest:
    """A rule that sends to these Services on port 8080."""
    return (
        ({"matches": matches} if matches is not None else {}) | {"backendRefs": [{"name": one, "port": 8080} for one in services]} | fields
    )


def service(name: str = "web", *, namespace: str = "shop", **fields: Any) -> Manifest:
    spec = {"selector": {"app": name}, "ports": [{"port": 8080, "targetPort": 3000}]} | fields
    return thing("Service", name, spec, namespace=namespace)


def deployment(name: str = "web", replicas: int = 2, *, namespace: str = "shop", labels: dict[str, str] | None = None) -> Manifest:
    chosen = labels or {"app": name}
    template = {"metadata": {"labels": chosen}, "spec": {"containers": [{"name": "main", "image": "example.com/web:1"}]}}
    spec = {"replicas": replicas, "selector": {"matchLabels": chosen}, "template": template}
    return thing("Deployment", name, spec, version="apps/v1", namespace=namespace)


def pod(name: str, labels: dict[str, str] | None = None, *, namespace: str = "shop", owner: str = "", **spec: Any) -> Manifest:
    """A pod; `owner` is `Kind/name`."""
    kind, _, owned_by = owner.partition("/")
    owners = [{"apiVersion": "apps/v1", "kind": kind, "name": owned_by, "uid": "1"}] if owner else []
    made = thing("Pod", name, {"containers": [{"name": "main"}]} | spec, namespace=namespace, labels=labels or {}, ownerReferences=owners)
    return made | {"status": {"phase": "Running"}}


def gateway_pod(name: str = "edge-0", gateway: str = "edge", namespace: str = "shop") -> Manifest:
    return pod(name, {"gateway.networking.k8s.io/gateway-name": gateway}, namespace=namespace)


def slice_of(service: str, *ready: bool | None, namespace: str = "shop") -> Manifest:
    """An EndpointSlice with an endpoint for each of these conditions; None for one that says nothing."""
    endpoints = [{"addresses": ["10.0.0.1"], "conditions": {} if one is None else {"ready": one}} for one in ready]
    head = thing("EndpointSlice", f"{service}-x", version="discovery.k8s.io/v1", namespace=namespace)
    head["metadata"]["labels"] = {"kubernetes.io/service-name": service}
    return head | {"addressType": "IPv4", "endpoints": endpoints, "ports": []}


def grant(to_namespace: str, *, kind: str = "HTTPRoute", from_namespace: str = "shop", **target: str) -> Manifest:
    spec = {
        "from": [{"group": "gateway.networking.k8s.io", "kind": kind, "namespace": from_namespace}],
        "to": [{"group": "", "kind": "Service"} | target],
    }
    return thing("ReferenceGrant", "grant", spec, version="gateway.networking.k8s.io/v1beta1", namespace=to_namespace)


SHOP = (gateway(), route(), service(), deployment())
"""One Gateway, one route, one Service, one Deployment with two pods."""


class Standing:
    """Bytes that stand on standard input."""

    def __init__(self, data: bytes) -> None:
        from io import BytesIO

        self.buffer = BytesIO(data)


def stand_in(monkeypatch: pytest.MonkeyPatch, data: bytes) -> None:
    monkeypatch.setattr("sys.stdin", Standing(data))


def as_yaml(objects: list[Manifest]) -> str:
    return "---\n".join(yaml.dump(one) for one in objects)


def as_list(objects: list[Manifest]) -> Manifest:
    return {"apiVersion": "v1", "kind": "List", "items": objects}


def as_json(objects: list[Manifest]) -> str:
    return json.dumps(as_list(objects), indent=2)


def written(folder: Path, name: str, text: str | bytes) -> str:
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return str(path)


def without_source(seen: Snapshot) -> Snapshot:
    return msgspec.structs.replace(seen, source=Source(kind="", cluster=""))
