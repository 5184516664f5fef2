"""The examples of the pages of gateways (tools/gateways) as clusters to be asked: what the pages say is then what the gateways answer."""

from collections.abc import Iterator

from aichaos.predict.routing.request import read
from tests.predict.differential.worlds import API, COUNTED, TARGET_PORT, Asked, Manifest, World, defaulted, manifest
from tools.gateways.book import GATEWAY, NAMESPACES, SERVICES, Case, cases, listeners, routes


def paged() -> Iterator[World]:
    """All of them but those over TLS."""
    for name, case in cases().items():
        if not case.tls:
            yield World(f"page-{name}", list(_objects(case)), [_asked(case)], _common())


def _common() -> list[Manifest]:
    found = [manifest("GatewayClass", "c", spec={"controllerName": "example.com/any"})]
    for number, (namespace, team) in enumerate(NAMESPACES.items()):
        found.append(manifest("Namespace", namespace, labels={"kubernetes.io/metadata.name": namespace, "team": team}))
        for place, (name, ready) in enumerate(SERVICES.items()):
            address = f"10.244.180.{number * 20 + place + 1}"
            ports = [{"name": "http", "port": 80, "targetPort": TARGET_PORT, "protocol": "TCP"}]
            found.append(manifest("Service", name, namespace, spec={"ports": ports, "clusterIP": f"10.96.180.{number * 20 + place + 1}"}))
            open_ports = [{"name": "http", "port": TARGET_PORT, "protocol": "TCP"}]
            endpoints = [] if ready is None else [{"addresses": [address], "conditions": {"ready": ready}}]
            rest: Manifest = {"addressType": "IPv4", "ports": open_ports, "endpoints": endpoints}
            found.append(manifest("EndpointSlice", name, namespace, labels={"kubernetes.io/service-name": name}, **rest))
    return found


def _objects(case: Case) -> Iterator[Manifest]:
    namespace, name = GATEWAY
    yield manifest("Gateway", name, namespace, spec={"gatewayClassName": "c", "listeners": listeners(case)})
    for age, route in routes(case):
        spec = route["spec"]
        parents = [{"group": API, "kind": "Gateway", **one} for one in spec["parentRefs"]]
        rules = [defaulted(one) for one in spec["rules"]]
        made = manifest(
            "HTTPRoute", route["metadata"]["name"], route["metadata"]["namespace"], spec={**spec, "parentRefs": parents, "rules": rules}
        )
        made["metadata"]["creationTimestamp"] = f"2026-01-01T00:{age // 60:02}:{age % 60:02}Z"
        yield made


def _asked(case: Case) -> Asked:
    request = read(case.line)
    split = any(" %" in str(said) for said in case.answers.values())
    return Asked(request.method, request.authority, request.target, request.port, request.headers, COUNTED if split else 1)
