"""What tests of the conformance suite do to the objects while they run, by the line of the suite that does it."""

import copy
from collections.abc import Callable, Sequence
from typing import Any

Case = dict[str, Any]
Change = Callable[[dict[tuple[str, str], Case]], list[Case]]
"""The objects by kind and name → those that are there afterwards in their place, or besides."""

_INFRA = "gateway-conformance-infra"
_ROUTES = {"namespaces": {"from": "All"}}
EMPTIED = "Patch of corev1.ConfigMap at tests/backendtlspolicy.go:255"
"""Once the certificate in a ConfigMap is taken away, then it is put back."""


def changed(done: Sequence[Change], names: Sequence[str], manifests: dict[str, list[Case]]) -> list[Case]:
    """The objects as these changes, one after the other, leave them."""
    objects = {(obj["kind"], obj["metadata"]["name"]): obj for name in names for obj in manifests[name]}
    left: dict[tuple[str, str], Case] = {}
    for one in done:
        for obj in one(objects | left):
            left[obj["kind"], obj["metadata"]["name"]] = obj
    return list(left.values())


def endpoints(case: Case, manifests: dict[str, list[Case]]) -> list[Case]:
    """The EndpointSlices that a test fills with the addresses of pods; those of Services with a selector are the cluster's own work."""
    name = case["request"]["path"].strip("/")
    head = {"apiVersion": "discovery.k8s.io/v1", "kind": "EndpointSlice", "addressType": "IPv4"}
    metadata = {"name": f"{name}-ip4", "namespace": _INFRA, "labels": {"kubernetes.io/service-name": name}}
    ports = [{"name": "first-port", "port": 3000, "protocol": "TCP"}]
    return [head | {"metadata": metadata, "ports": ports, "endpoints": [{"addresses": ["10.0.0.1"], "conditions": {"ready": True}}]}]


def _of(kind: str, name: str, change: Callable[[Case], None]) -> Change:
    def done(objects: dict[tuple[str, str], Case]) -> list[Case]:
        obj = copy.deepcopy(objects[kind, name])
        change(obj["spec"])
        return [obj]

    return done


def _and_listener(name: str, host: str) -> Callable[[Case], None]:
    listener = {"name": name, "port": 80, "protocol": "HTTP", "hostname": host, "allowedRoutes": _ROUTES}
    return lambda spec: spec["listeners"].append(listener)


def _only_http(spec: Case) -> None:
    spec["listeners"] = [one for one in spec["listeners"] if one["name"] == "http"]


def _second_backend(spec: Case) -> None:
    spec["rules"][0]["backendRefs"][0]["name"] = "infra-backend-v2"


def _trusts(name: str) -> Callable[[Case], None]:
    return lambda spec: spec["validation"].update(caCertificateRefs=[{"group": "", "kind": "ConfigMap", "name": name}])


def _younger(kind: str, gateway: str, section: str, backend: str, port: int) -> Change:
    name = f"{section}route-attach-newer"
    metadata = {"name": name, "namespace": _INFRA, "creationTimestamp": "2030-01-01T00:00:00Z"}
    parents = [{"name": gateway, "sectionName": section}]
    spec = {"parentRefs": parents, "rules": [{"backendRefs": [{"name": backend, "port": port}]}]}
    return lambda objects: [{"apiVersion": "gateway.networking.k8s.io/v1", "kind": kind, "metadata": metadata, "spec": spec}]


def _config_map(name: str) -> Change:
    metadata = {"name": name, "namespace": _INFRA}
    return lambda objects: [{"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata, "data": {"ca.crt": ""}}]


_COPY = "tls-checks-ca-certificate-reconcile-test"
CHANGES: dict[str, Change] = {
    "tests/backendtlspolicy-observed-generation-bump.go:71": _of(
        "BackendTLSPolicy", "observed-generation-bump", lambda spec: spec["validation"].update(hostname="foo.example.com")
    ),
    "tests/backendtlspolicy.go:206": _of("BackendTLSPolicy", "reconcile-test", _trusts(_COPY)),
    "tests/backendtlspolicy.go:222": _config_map(_COPY),
    "tests/gateway-modify-listeners.go:76": _of("Gateway", "gateway-add-listener", _and_listener("http", "data.test.com")),
    "tests/gateway-modify-listeners.go:163": _of("Gateway", "gateway-remove-listener", _only_http),
    "tests/gateway-observed-generation-bump.go:76": _of(
        "Gateway", "gateway-observed-generation-bump", _and_listener("alternate", "foo.com")
    ),
    "tests/httproute-observed-generation-bump.go:66": _of("HTTPRoute", "observed-generation-bump", _second_backend),
    "tests/tcproute-multiple-routes-attachment.go:88": _younger(
        "TCPRoute", "tcp-multi-route-attach-gateway", "tcp", "tcp-attach-backend-2", 3000
    ),
    "tests/udproute-multiple-routes-attachment.go:91": _younger(
        "UDPRoute", "udp-multi-route-attach-gateway", "udp", "udp-attach-backend-2", 8080
    ),
}
