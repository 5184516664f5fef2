"""What the tests of this folder share: the Services of all sets, what the API server holds, and whether an answer was foretold."""

import time
from collections.abc import Iterator
from typing import Any

from aichaos.domain.prediction import Answer as Predicted
from aichaos.domain.prediction import Pairs, RequestLine
from aichaos.domain.snapshot import Snapshot, Source
from aichaos.observe.manifests import snapshot
from aichaos.predict.routing.forwarded import CLIENT
from tests.controlplane.asking import Answer
from tests.controlplane.client import ControlPlane
from tests.controlplane.gateway import RunningGateway, service
from tests.controlplane.netns import ADDRESSES
from tests.predict.differential.generate import WAVES, Asked, RouteSet

_API = "/apis/gateway.networking.k8s.io"


def populate(gateway: RunningGateway, namespaces: tuple[str, str, str]) -> dict[str, str]:
    """The Services that all sets use; address → Service."""
    found: dict[str, str] = {}
    for number, namespace in enumerate(namespaces):
        names = ("v1", "v2", "empty", "unready") if number < 2 else ("granted", "private")
        for place, name in enumerate(names):
            address = f"10.244.160.{1 + number * 10 + place}"
            gateway.service(namespace, name, [] if name == "empty" else [address], ready=False if name == "unready" else None)
            found[address] = f"{namespace}/{name}"
        if number < 2:
            for one in _outside(gateway, namespace, f"10.244.160.{8 + number * 10}"):
                gateway.create(one)
    grant = {
        "from": [{"group": "gateway.networking.k8s.io", "kind": "HTTPRoute", "namespace": namespaces[0]}],
        "to": [{"group": "", "kind": "Service", "name": "granted"}],
    }
    metadata = {"name": "granted", "namespace": namespaces[2]}
    gateway.create({"apiVersion": "gateway.networking.k8s.io/v1beta1", "kind": "ReferenceGrant", "metadata": metadata, "spec": grant})
    return found


def _outside(gateway: RunningGateway, namespace: str, address: str) -> Iterator[dict[str, Any]]:
    """The Services of `generate.OUTSIDE`; nobody is to come to any of them."""
    foreign, endpoints = service(namespace, "foreign", [address], gateway.backends.port)
    foreign["spec"]["ports"][0]["appProtocol"] = "example.com/spoken"
    yield from (foreign, endpoints)
    datagrams, _ = service(namespace, "datagrams", [], gateway.backends.port)
    datagrams["spec"]["ports"][0]["protocol"] = "UDP"
    yield datagrams
    elsewhere, _ = service(namespace, "elsewhere", [], gateway.backends.port)
    elsewhere["spec"] |= {"type": "ExternalName", "externalName": "other.test"}
    yield elsewhere


def next_second() -> None:
    """Ages have a resolution of one second, and waves are to differ in age: the clock itself is what is waited for."""
    time.sleep(1.0 - time.time() % 1.0)


def load(gateway: RunningGateway, sets: list[RouteSet]) -> None:
    for wave in range(WAVES):
        for one in sets:
            for when, route in one.routes:
                if when == wave:
                    gateway.create(route)
        next_second()
    for one in sets:
        for _, route in one.routes:
            if route["metadata"]["name"] in one.again:
                gateway.delete(route)
                gateway.create(route)
            if route["metadata"]["name"] in one.touched:
                gateway.annotate(route, {"touched": "yes"})
    gateway.settle()


def cluster(controlplane: ControlPlane, gateway: RunningGateway, namespaces: tuple[str, ...]) -> Snapshot:
    """What the API server holds of it now."""
    items = []
    paths = [
        ("/api/v1/namespaces", "Namespace"),
        (f"{_API}/v1/gatewayclasses", "GatewayClass"),
        (f"{_API}/v1/namespaces/{gateway.namespace}/gateways", "Gateway"),
    ]
    for namespace in dict.fromkeys((*namespaces, gateway.namespace)):
        paths += [
            (f"{_API}/v1/namespaces/{namespace}/httproutes", "HTTPRoute"),
            (f"{_API}/v1/namespaces/{namespace}/grpcroutes", "GRPCRoute"),
            (f"{_API}/v1beta1/namespaces/{namespace}/referencegrants", "ReferenceGrant"),
            (f"/api/v1/namespaces/{namespace}/services", "Service"),
            (f"/apis/discovery.k8s.io/v1/namespaces/{namespace}/endpointslices", "EndpointSlice"),
        ]
    for path, kind in paths:
        listed = controlplane.get(path)
        for item in listed["items"]:
            item.update(kind=kind, apiVersion=listed["apiVersion"])
            items.append(item)
    return snapshot(items, Source(kind="live", cluster="test"))


def fits(predicted: Predicted, answer: Answer, services: dict[str, str]) -> bool:
    """Whether what came back is an answer that was foretold."""
    if answer.received is None:
        split = {one.status for one in predicted.backends} if predicted.outcome == "forward" else set()
        return answer.status in ({predicted.status} | split) and (predicted.outcome != "redirect" or answer.location == predicted.location)
    if predicted.received is None or services[answer.received.pod] not in {one.service for one in predicted.backends if one.status is None}:
        return False
    if answer.received.method == "HEAD":
        return True
    sent, seen = _own((*predicted.received.headers, *(predicted.added or ()))), _own(answer.received.headers)
    as_set = sent == seen if len(predicted.backends) == 1 else all(pair in seen for pair in sent)
    told = (predicted.received.path, predicted.received.host.lower())
    return as_set and told == (answer.received.path, answer.received.host.lower())


_HERE = str(ADDRESSES[1].ip)
"""The address from which the tests ask the gateway."""
_ADDED = ("x-request-id", "x-request-start", "x-envoy-")
"""Beginnings of the names of headers that every gateway adds or changes by itself, and that are not foretold."""


def _own(headers: Pairs) -> list[tuple[str, str]]:
    """The headers that the requests and the filters of the sets bring with them."""
    return sorted(
        (name.lower(), value.replace(CLIENT, _HERE) if name.lower() == "x-forwarded-for" else value)
        for name, value in headers
        if name.lower().startswith("x-") and not name.lower().startswith(_ADDED)
    )


def line(asked: Asked) -> RequestLine:
    host = asked.host.partition(":")[0]
    url = f"http://{host}:{asked.port}{asked.path}" if asked.tls is None else f"https://{asked.tls}:{asked.port}{asked.path}"
    return RequestLine(method=asked.method, url=url, headers=(*asked.headers, ("Host", asked.host)))


def ask(gateway: RunningGateway, asked: Asked) -> Answer:
    return gateway.ask(asked.method, asked.host, asked.path, asked.headers, asked.port, asked.tls)
