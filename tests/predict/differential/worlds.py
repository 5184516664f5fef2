"""Whole clusters for gateways that are asked without an API server: ages can be chosen, and every cluster stands alone."""

import random
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

Manifest = dict[str, Any]

NAMESPACES = ("n9-a", "n9-a-b", "vault")
"""Of routes: two whose names sort otherwise when a name is joined to them. The third has Services that only some may use."""
EDGE = "edge"
"""The namespace of the Gateway."""
TARGET_PORT = 3000
COUNTED = 120
"""How often a request is sent whose shares are counted."""
API = "gateway.networking.k8s.io"
_VERSIONS = {
    "Namespace": "v1",
    "Service": "v1",
    "Pod": "v1",
    "Node": "v1",
    "EndpointSlice": "discovery.k8s.io/v1",
    "ReferenceGrant": f"{API}/v1beta1",
}


@dataclass(frozen=True)
class Asked:
    """One request to a listener's port. times: how often it is sent."""

    method: str
    host: str
    path: str
    port: int = 80
    headers: tuple[tuple[str, str], ...] = ()
    times: int = 1


@dataclass
class World:
    """objects: without what every cluster has. client: the namespace of the pod that asks, where no Gateway is passed; labels and region
    are of that pod."""

    name: str
    objects: list[Manifest] = field(default_factory=list)
    requests: list[Asked] = field(default_factory=list)
    common: list[Manifest] = field(default_factory=lambda: common())
    client: str = ""
    labels: dict[str, str] = field(default_factory=dict)
    region: str = ""

    @property
    def gateway_key(self) -> tuple[str, str]:
        """Namespace and name of the Gateway that is asked."""
        (metadata,) = (one["metadata"] for one in self.objects if one["kind"] == "Gateway")
        return metadata["namespace"], metadata["name"]

    @property
    def everything(self) -> list[Manifest]:
        return [*self.common, *self.objects]

    def add(self, kind: str, name: str, namespace: str, *, made: int = 0, **rest: Any) -> None:
        self.objects.append(manifest(kind, name, namespace, made=made, **rest))

    def gateway(self, *listeners: Manifest, **spec: Any) -> None:
        self.add("Gateway", "gw", EDGE, spec={"gatewayClassName": "c", "listeners": list(listeners), **spec})

    def route(self, dice: random.Random, rules: list[Manifest], namespace: str = "", **spec: Any) -> None:
        """One more HTTPRoute, of one of three ages: about every third pair is of the same second."""
        place = sum(one["kind"] == "HTTPRoute" for one in self.objects)
        taken = {(one["metadata"].get("namespace"), one["metadata"]["name"]) for one in self.objects}
        namespace = namespace or dice.choice(NAMESPACES[:2])
        name = dice.choice([one for one in (*_NAMES, f"z{place}") if (namespace, one) not in taken])
        whole = {"parentRefs": [PARENT], **spec, "rules": [defaulted(one) for one in rules]}
        self.add("HTTPRoute", name, namespace, made=dice.randrange(3), spec=whole)


PARENT: Manifest = {"group": API, "kind": "Gateway", "namespace": EDGE, "name": "gw"}
_NAMES = ("r", "r-1", "r-10", "q.1", "q1")


def manifest(kind: str, name: str, namespace: str = "", *, made: int = 0, labels: dict[str, str] | None = None, **rest: Any) -> Manifest:
    metadata: Manifest = {"name": name, "creationTimestamp": f"2026-01-01T00:00:{made:02}Z"}
    if namespace:
        metadata["namespace"] = namespace
    if labels:
        metadata["labels"] = labels
    return {"apiVersion": _VERSIONS.get(kind, f"{API}/v1"), "kind": kind, "metadata": metadata, **rest}


def defaulted(rule: Manifest) -> Manifest:
    """A rule with the defaults that an API server writes into it, and that a translator relies on."""
    matches = [
        {
            **one,
            "path": {"type": "PathPrefix", "value": "/", **one.get("path", {})},
            **{key: [{"type": "Exact", **each} for each in one[key]] for key in ("headers", "queryParams") if key in one},
        }
        for one in rule.get("matches", ({},))
    ]
    filters = [
        {**one, "requestRedirect": {"statusCode": 302, **one["requestRedirect"]}} if "requestRedirect" in one else one
        for one in rule.get("filters", ())
    ]
    refs = [{"group": "", "kind": "Service", "weight": 1, **one} for one in rule.get("backendRefs", ())]
    return {"matches": matches} | ({"filters": filters} if filters else {}) | ({"backendRefs": refs} if refs else {})


def common() -> list[Manifest]:
    """What every cluster has: the class, namespaces, Services (`empty`, `unready` and `absent` without ready endpoints) and a grant."""
    found = [manifest("GatewayClass", "c", spec={"controllerName": "example.com/any"})]
    found += [manifest("Namespace", name, labels={"kubernetes.io/metadata.name": name}) for name in (EDGE, "n9-a-b", "vault")]
    found.append(manifest("Namespace", "n9-a", labels={"kubernetes.io/metadata.name": "n9-a", "team": "a"}))
    for number, namespace in enumerate(NAMESPACES):
        names = ("v1", "v2", "v3", "empty", "unready", "mixed", "absent") if number < 2 else ("granted", "private")
        for place, name in enumerate(names):
            found += _service(namespace, name, f"10.244.160.{number * 50 + place * 2 + 1}", f"10.244.160.{number * 50 + place * 2 + 2}")
    grant = {
        "from": [{"group": API, "kind": "HTTPRoute", "namespace": NAMESPACES[0]}],
        "to": [{"group": "", "kind": "Service", "name": "granted"}],
    }
    found.append(manifest("ReferenceGrant", "granted", "vault", spec=grant))
    return found


def _service(namespace: str, name: str, address: str, second: str) -> Iterator[Manifest]:
    ports = [{"name": "http", "port": 80, "targetPort": TARGET_PORT, "protocol": "TCP"}]
    yield manifest("Service", name, namespace, spec={"ports": ports, "clusterIP": f"10.96.{address.split('.')[2]}.{address.split('.')[3]}"})
    endpoints = [] if name == "empty" else [_endpoint(address, ready=name != "unready")]
    if name == "mixed":
        endpoints.append(_endpoint(second, ready=False))
    if name != "absent":
        open_ports = [{"name": "http", "port": TARGET_PORT, "protocol": "TCP"}]
        rest: Manifest = {"addressType": "IPv4", "ports": open_ports, "endpoints": endpoints}
        yield manifest("EndpointSlice", name, namespace, labels={"kubernetes.io/service-name": name}, **rest)


def _endpoint(address: str, *, ready: bool) -> Manifest:
    return {"addresses": [address], "conditions": {"ready": ready}}


def listener(name: str, port: int = 80, hostname: str = "", allowed: Manifest | None = None) -> Manifest:
    found: Manifest = {"name": name, "port": port, "protocol": "HTTP", "allowedRoutes": allowed or {"namespaces": {"from": "All"}}}
    return found | ({"hostname": hostname} if hostname else {})


def to(name: str = "v1", **ref: Any) -> Manifest:
    return {"name": name, "port": 80, **ref}
