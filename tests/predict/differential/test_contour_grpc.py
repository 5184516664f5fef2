"""gRPC calls through the real Contour and Envoy: which pod each call is carried to, seen by the HTTP/2 connection that it gets."""

import os
import random
from typing import Any

from aichaos.predict.routing.profiles.contour import CONTOUR
from aichaos.predict.routing.request import read
from aichaos.predict.routing.table import compile
from tests.controlplane.client import ControlPlane
from tests.controlplane.gateway import RunningGateway
from tests.predict.differential.conditions import wrong
from tests.predict.differential.estates import API
from tests.predict.differential.generate import Asked
from tests.predict.differential.stage import ask, cluster, line, next_second, populate

SETS = int(os.environ.get("AICHAOS_DIFFERENTIAL_GRPC", "8"))
SEED = int(os.environ.get("AICHAOS_DIFFERENTIAL_SEED", "6"))
_METHODS: tuple[dict[str, str] | None, ...] = (
    {"service": "shop.Cart", "method": "Add"},
    {"service": "shop.Cart"},
    {"method": "Add"},
    {"service": "shop.Cart", "method": "A.*", "type": "RegularExpression"},
    {"service": "shop.*", "type": "RegularExpression"},
    None,
)
_PATHS = (("Exact", "/shop.Cart/Add"), ("PathPrefix", "/shop.Cart"), ("PathPrefix", "/"), ("RegularExpression", "/shop.*"))
_CALLS = ("/shop.Cart/Add", "/shop.Cart/List", "/shop.Pay/Add", "/shop.Pay/List", "/other", "/shop.Cart")


def generate(number: int, gateway: dict[str, str], namespace: str) -> tuple[list[dict[str, Any]], list[Asked]]:
    """Routes and calls of one set, which has a host of its own."""
    dice = random.Random(f"grpc {SEED}/{number}")
    routes = []
    for place in range(dice.randint(1, 3)):
        rules = []
        for _ in range(dice.randint(1, 2)):
            matches = []
            for _ in range(dice.choice((1, 1, 2))):
                chosen = dice.choice(_METHODS)
                match: dict[str, Any] = {"method": chosen} if chosen else {}
                if dice.random() < 0.3 or not match:
                    match["headers"] = [{"name": dice.choice(("x-a", "X-B")), "value": "1"}]
                matches.append(match)
            rules.append(
                {"matches": matches, "backendRefs": [{"name": dice.choice(("v1", "v2", "v1", "v2", "empty", "missing")), "port": 80}]}
            )
        spec = {"parentRefs": [gateway | {"sectionName": "http"}], "hostnames": [f"grpc-{number}.test"], "rules": rules}
        metadata = {"name": f"g{number}-{dice.choice(('r', 'r-1'))}-{place}", "namespace": namespace}
        routes.append({"apiVersion": API, "kind": "GRPCRoute", "metadata": metadata, "spec": spec})
    if dice.random() < 0.5:  # of two kinds on one host both serve
        rules = [
            {"matches": [{"path": {"type": kind, "value": value}}], "backendRefs": [{"name": dice.choice(("v1", "v2")), "port": 80}]}
            for kind, value in dice.sample(_PATHS, dice.randint(1, 2))
        ]
        spec = {"parentRefs": [gateway | {"sectionName": "http"}], "hostnames": [f"grpc-{number}.test"], "rules": rules}
        metadata = {"name": f"h{number}", "namespace": namespace}
        routes.insert(dice.randint(0, 1), {"apiVersion": API, "kind": "HTTPRoute", "metadata": metadata, "spec": spec})
    calls = []
    for _ in range(8):
        headers = tuple(pair for pair in (("X-A", "1"), ("X-B", "1")) if dice.random() < 0.4)
        calls.append(Asked("POST", f"grpc-{number}.test", dice.choice(_CALLS), headers))
    return routes, calls


def test_calls_are_carried_to_whom_it_is_foretold(
    gateway: RunningGateway, controlplane: ControlPlane, namespaces: tuple[str, str, str]
) -> None:
    services = populate(gateway, namespaces)
    sets = [generate(number, gateway.parent, namespaces[0]) for number in range(SETS)]
    for number, (routes, _) in enumerate(sets):
        if number % 4 == 0:
            next_second()
        for route in routes:
            gateway.create(route)
    gateway.settle()
    table = compile(cluster(controlplane, gateway, namespaces), CONTOUR)
    differences, asked = [], 0
    for _, calls in sets:
        for call in calls:
            gateway.backends.heard.clear()
            status = ask(gateway, call).status
            reached = {services[pod] for pod, path in gateway.backends.heard if path in ("*", call.path)}
            asked += 1
            possible = table.possible(read(line(call)), (gateway.namespace, gateway.name))
            expected = [({one.service for one in each.backends} if each.outcome == "forward" else set(), each.status) for each in possible]
            if not any(reached <= pods if pods and reached else (pods == reached and status == said) for pods, said in expected):
                differences.append(f"{call}: {status}, carried to {reached}, foretold {possible}")
    differences += wrong(lambda: compile(cluster(controlplane, gateway, namespaces), CONTOUR))
    print(f"{asked} calls")
    assert not differences, f"{len(differences)} of {asked}:\n" + "\n".join(differences[:10])
