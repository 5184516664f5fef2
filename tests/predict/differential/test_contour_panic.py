"""A listener with an empty selector, and the real Contour: a module of its own, because nothing works after it."""

from typing import Any

from aichaos.predict.routing.profiles.contour import CONTOUR
from aichaos.predict.routing.table import compile
from tests.controlplane.client import ControlPlane
from tests.controlplane.gateway import RunningGateway
from tests.predict.differential.estates import API
from tests.predict.differential.stage import cluster

_OPEN = {"namespaces": {"from": "All"}}


def route(gateway: RunningGateway, name: str) -> dict[str, Any]:
    rules = [{"backendRefs": [{"name": "shop", "port": 80}]}]
    spec = {"parentRefs": [gateway.parent | {"sectionName": "http"}], "hostnames": [f"{name}.test"], "rules": rules}
    return {"apiVersion": API, "kind": "HTTPRoute", "metadata": {"name": name, "namespace": gateway.namespace}, "spec": spec}


def test_contour_panics_and_envoy_keeps_its_last_table(gateway: RunningGateway, controlplane: ControlPlane) -> None:
    http = {"name": "http", "port": 80, "protocol": "HTTP", "allowedRoutes": _OPEN}
    empty = {"name": "empty", "port": 8080, "protocol": "HTTP", "allowedRoutes": {"namespaces": {"from": "Selector", "selector": {}}}}
    gateway.service(gateway.namespace, "shop", ["10.244.162.1"])
    gateway.create(route(gateway, "before"))
    gateway.settle()
    gateway.listen([http, empty])
    gateway.create(route(gateway, "after"))
    everywhere = route(gateway, "everywhere")
    everywhere["spec"]["parentRefs"] = [gateway.parent]
    gateway.create(everywhere)
    controlplane.wait(lambda: "panic: " in gateway.contour.log.read_text(encoding="utf-8"), what="Contour to panic")
    assert gateway.ask("GET", "before.test", "/").status == 200
    table = compile(cluster(controlplane, gateway, (gateway.namespace,)), CONTOUR)
    assert (gateway.namespace, gateway.name, 8080) in table.poisoned or (gateway.namespace, gateway.name, 80) in table.poisoned
