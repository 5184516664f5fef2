"""Whole Gateways: several listeners on several ports, in HTTP and TLS, and routes that name them in every way there is.

One Gateway at a time: an estate takes the place of the one before it. The same seed, the same estates.
"""

import random
from dataclasses import dataclass, field
from typing import Any

from tests.predict.differential.generate import Asked, rule

CERTIFICATE = "any-host"
"""The Secret that HTTPS listeners name."""
HOSTS = ("*.test", "*.shop.test", "a.shop.test", "b.shop.test", "*.sub.shop.test", "x.sub.shop.test")
_CLIENTS = (
    "a.shop.test",
    "b.shop.test",
    "c.shop.test",
    "x.sub.shop.test",
    "y.sub.shop.test",
    "shop.test",
    "other.test",
    "a.shop.test:8080",
)
_PATHS = ("/", "/a", "/a/b", "/b", "/a?v=1")
_PORTS = (80, 80, 80, 8080, 8081)
_TLS_PORTS = (443, 8443)
API = "gateway.networking.k8s.io/v1"


@dataclass
class Estate:
    """listeners: of the Gateway. routes: in the order in which they are made, with whether a second passes before."""

    name: str
    listeners: list[dict[str, Any]]
    routes: list[tuple[bool, dict[str, Any]]] = field(default_factory=list)
    requests: list[Asked] = field(default_factory=list)


def generate(seed: int, number: int, namespaces: tuple[str, str, str], gateway: dict[str, str], requests: int = 24) -> Estate:
    """One estate. namespaces: as for sets of routes. gateway: namespace and name of the Gateway."""
    dice = random.Random(f"estate {seed}/{number}")
    one = Estate(f"e{number}", _listeners(dice, namespaces))
    for place in range(dice.randint(2, 6)):
        metadata = {"name": f"{one.name}-{dice.choice(('r', 'r-1', 'r-10'))}-{place}", "namespace": dice.choice(namespaces[:2])}
        spec: dict[str, Any] = {"parentRefs": _parents(dice, gateway, one.listeners)}
        if dice.random() < 0.8:
            spec["hostnames"] = dice.sample(HOSTS, dice.randint(1, 2))
        spec["rules"] = [rule(dice, namespaces) for _ in range(dice.randint(1, 2))]
        one.routes.append((dice.random() < 0.4, {"apiVersion": API, "kind": "HTTPRoute", "metadata": metadata, "spec": spec}))
    for _ in range(requests):
        one.requests.append(_call(dice, one.listeners))
    return one


def _listeners(dice: random.Random, namespaces: tuple[str, str, str]) -> list[dict[str, Any]]:
    """Listeners that can be told apart; the API server takes no others."""
    found: dict[tuple[int, str], dict[str, Any]] = {}
    for place in range(dice.randint(1, 5)):
        secure = dice.random() < 0.25
        port = dice.choice(_TLS_PORTS if secure else _PORTS)
        host = dice.choice(("", *HOSTS))
        made: dict[str, Any] = {"name": f"l{place}", "port": port, "protocol": "HTTPS" if secure else "HTTP"}
        if host:
            made["hostname"] = host
        if secure:
            made["tls"] = {"mode": "Terminate", "certificateRefs": [{"name": CERTIFICATE}]}
        made["allowedRoutes"] = _allowed(dice, namespaces)
        found.setdefault((port, host), made)
    return list(found.values())


def _allowed(dice: random.Random, namespaces: tuple[str, str, str]) -> dict[str, Any]:
    label = "kubernetes.io/metadata.name"
    kind = dice.random()
    if kind < 0.7:
        return {"namespaces": {"from": "All"}}
    if kind < 0.75:
        return {"namespaces": {"from": "Same"}}
    if kind < 0.8:
        return {"namespaces": {"from": "All"}, "kinds": [{"kind": "GRPCRoute"}]}
    selectors: tuple[dict[str, Any], ...] = (
        {"matchLabels": {label: namespaces[0]}},
        {"matchExpressions": [{"key": label, "operator": "NotIn", "values": [namespaces[0]]}]},
        {"matchExpressions": [{"key": label, "operator": "In", "values": list(namespaces)}]},
        {"matchExpressions": [{"key": "nobody-has-it", "operator": "Exists"}]},
    )
    return {"namespaces": {"from": "Selector", "selector": dice.choice(selectors)}}


def _parents(dice: random.Random, gateway: dict[str, str], listeners: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """parentRefs that differ, as the API server demands: the whole Gateway, or some of its listeners."""
    whole = {"name": gateway["name"]} if dice.random() < 0.15 else dict(gateway)
    kind = dice.random()
    if kind < 0.5:
        return [whole]
    if kind < 0.6:
        return [whole | {"port": dice.choice(listeners)["port"]}]
    if kind < 0.65:
        return [whole | {"sectionName": "nowhere"}, whole | {"sectionName": listeners[0]["name"]}]
    chosen = dice.sample(listeners, min(len(listeners), dice.randint(1, 2)))
    return [whole | {"sectionName": one["name"]} for one in chosen]


def _call(dice: random.Random, listeners: list[dict[str, Any]]) -> Asked:
    one = dice.choice(listeners)
    host = dice.choice(_CLIENTS)
    tls = None
    if one["protocol"] == "HTTPS":
        tls = host.partition(":")[0] if dice.random() < 0.8 else dice.choice(_CLIENTS[:6])
    port = one["port"] if dice.random() < 0.95 else 8090
    headers = (("X-A", "1"),) if dice.random() < 0.4 else ()
    return Asked(dice.choice(("GET", "GET", "POST")), host, dice.choice(_PATHS), headers, port, tls if port == one["port"] else None)
