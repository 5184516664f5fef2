"""The gateway is real: what is applied is what answers, as soon as `settle` returns."""

from typing import Any

from .client import ControlPlane
from .gateway import RunningGateway


def route(gateway: RunningGateway, name: str, host: str, backend: str) -> dict[str, Any]:
    """An HTTPRoute of one rule for everything on that host."""
    return {
        "apiVersion": "gateway.networking.k8s.io/v1",
        "kind": "HTTPRoute",
        "metadata": {"name": name, "namespace": gateway.namespace},
        "spec": {
            "parentRefs": [gateway.parent | {"sectionName": "http"}],
            "hostnames": [host],
            "rules": [{"backendRefs": [{"name": backend, "port": 80}]}],
        },
    }


def test_a_request_reaches_the_pod_and_says_what_it_received(gateway: RunningGateway) -> None:
    gateway.service(gateway.namespace, "shop", ["10.244.150.1"])
    gateway.create(route(gateway, "shop", "shop.test", "shop"))
    gateway.settle()

    answer = gateway.ask("GET", "shop.test", "/cart?item=1", [("X-Customer", "eve")])

    assert answer.status == 200
    assert answer.received is not None
    assert (answer.received.pod, answer.received.path, answer.received.host) == ("10.244.150.1", "/cart?item=1", "shop.test")
    assert ("x-customer", "eve") in answer.received.headers
    assert gateway.ask("GET", "other.test", "/").status == 404


def test_each_change_has_arrived_when_settle_returns(gateway: RunningGateway) -> None:
    gateway.service(gateway.namespace, "here", ["10.244.150.2"])
    gateway.create(route(gateway, "staying", "staying.test", "here"))  # a port without any route is closed
    mine = route(gateway, "flapping", "flapping.test", "here")
    for _ in range(5):
        gateway.create(mine)
        gateway.settle()
        assert gateway.ask("GET", "flapping.test", "/").status == 200
        gateway.delete(mine)
        gateway.settle()
        assert gateway.ask("GET", "flapping.test", "/").status == 404


def test_a_port_opens_with_its_first_route_only(gateway: RunningGateway) -> None:
    opened = {"namespaces": {"from": "All"}}
    gateway.listen([{"name": n, "port": p, "protocol": "HTTP", "allowedRoutes": opened} for n, p in (("http", 80), ("quiet", 8088))])
    gateway.settle()
    assert gateway.ask("GET", "any.test", "/", port=8088).status is None


def test_a_port_whose_last_route_is_gone_is_closed_to_who_was_connected_too(gateway: RunningGateway) -> None:
    opened = {"namespaces": {"from": "All"}}
    gateway.listen([{"name": n, "port": p, "protocol": "HTTP", "allowedRoutes": opened} for n, p in (("http", 80), ("lonely", 8089))])
    gateway.service(gateway.namespace, "alone", ["10.244.150.4"])
    mine = route(gateway, "lonely", "lonely.test", "alone")
    mine["spec"]["parentRefs"][0]["sectionName"] = "lonely"
    gateway.create(mine)
    gateway.settle()
    assert gateway.ask("GET", "lonely.test", "/", port=8089).status == 200

    gateway.delete(mine)
    gateway.settle()

    assert gateway.ask("GET", "lonely.test", "/", port=8089).status is None


def test_pods_can_be_slow_or_hang_up(gateway: RunningGateway) -> None:
    gateway.service(gateway.namespace, "frail", ["10.244.150.3"])
    gateway.create(route(gateway, "frail", "frail.test", "frail"))
    gateway.settle()

    gateway.backends.refused.add("10.244.150.3")
    assert gateway.ask("GET", "frail.test", "/").status == 503
    gateway.backends.refused.clear()
    assert gateway.ask("GET", "frail.test", "/").status == 200


def test_the_controller_writes_statuses(gateway: RunningGateway, controlplane: ControlPlane) -> None:
    gateway.create(route(gateway, "lost", "lost.test", "no-such-service"))
    gateway.settle()

    def parents() -> list[Any]:
        path = f"/apis/gateway.networking.k8s.io/v1/namespaces/{gateway.namespace}/httproutes/lost"
        found: list[Any] = controlplane.get(path).get("status", {}).get("parents", [])
        return found

    (status,) = controlplane.wait(parents, what="a status")
    reasons = {condition["type"]: condition["reason"] for condition in status["conditions"]}
    assert reasons["ResolvedRefs"] == "BackendNotFound"
    assert gateway.ask("GET", "lost.test", "/").status == 500
