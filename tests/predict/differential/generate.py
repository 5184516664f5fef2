"""Sets of routes that are hard on a predictor: rivals for few paths, ties, boundaries, broken references. The same seed, the same sets.

A set lives on hosts of its own, so that many sets share one Gateway and one load of Envoy serves them all.
"""

import random
from dataclasses import dataclass, field
from typing import Any

WAVES = 3
"""How many different ages there are; objects of one wave are made in one go, mostly within a second."""
_PATHS = ("/", "/a", "/a/", "/a/b", "/ab", "/b")
_REGEXES = ("/a.*", "/a/[bc]", "/[ab]", "/(a|b)/.*", "/a(")
_PROBES = ("/", "/a", "/a/", "/a/b", "/a/b/c", "/ab", "/b", "/b?v=1", "/a?v=1&w=2", "//a//b", "/a/../b", "/%61")
_CONDITIONS = (
    {"name": "X-A", "value": "1"},
    {"name": "x-a", "value": "1"},
    {"name": "X-B", "value": "2"},
    {"name": "X-A", "value": "[0-9]", "type": "RegularExpression"},
)
_QUERY = ({"name": "v", "value": "1"}, {"name": "w", "value": "2"})


@dataclass(frozen=True)
class Asked:
    """One request."""

    method: str
    host: str
    path: str
    headers: tuple[tuple[str, str], ...] = ()


@dataclass
class RouteSet:
    """routes: HTTPRoutes with the wave in which each is made. again: names of routes that are deleted and made once more, last."""

    name: str
    routes: list[tuple[int, dict[str, Any]]] = field(default_factory=list)
    again: list[str] = field(default_factory=list)
    requests: list[Asked] = field(default_factory=list)


def generate(seed: int, number: int, namespaces: tuple[str, str, str], parent: dict[str, str], requests: int = 12) -> RouteSet:
    """One set. namespaces: the routes' own (two, of names that sort apart) and one whose Services only some may use."""
    dice = random.Random(f"{seed}/{number}")
    one = RouteSet(name=f"s{number}")
    zone = f"s{number}.test"
    hosts = [f"a.{zone}", f"b.{zone}", f"*.{zone}"]
    for place in range(dice.randint(2, 5)):
        name = f"{one.name}-{dice.choice(('r', 'r-1', 'r-10', 'q.1'))}-{place}"
        spec = {
            "parentRefs": [parent],
            "hostnames": dice.sample(hosts, dice.randint(1, 2)),
            "rules": [_rule(dice, namespaces) for _ in range(dice.randint(1, 3))],
        }
        metadata = {"name": name, "namespace": dice.choice(namespaces[:2])}
        route = {"apiVersion": "gateway.networking.k8s.io/v1", "kind": "HTTPRoute", "metadata": metadata, "spec": spec}
        one.routes.append((dice.randrange(WAVES), route))
        if dice.random() < 0.15:
            one.again.append(name)
    for _ in range(requests):
        host = dice.choice([f"a.{zone}", f"b.{zone}", f"c.{zone}", f"x.y.{zone}", f"A.{zone}:8080"])
        headers = tuple(pair for pair in (("X-A", "1"), ("X-B", "2")) if dice.random() < 0.4)
        one.requests.append(Asked(dice.choice(("GET", "GET", "POST", "HEAD")), host, dice.choice(_PROBES), headers))
    return one


def _rule(dice: random.Random, namespaces: tuple[str, str, str]) -> dict[str, Any]:
    rule: dict[str, Any] = {"matches": [_match(dice) for _ in range(dice.choice((1, 1, 2)))]}
    kind = dice.random()
    if kind < 0.12:
        redirect = dice.choice(({}, {"scheme": "https"}, {"port": 443}, {"port": 80}, {"hostname": "h.test"}, {"statusCode": 301}))
        rule["filters"] = [{"type": "RequestRedirect", "requestRedirect": redirect | _modifier(dice)}]
        return rule
    if kind < 0.27:
        rewrite = _modifier(dice) or {"hostname": "r.test"}
        rule["filters"] = [{"type": "URLRewrite", "urlRewrite": rewrite}]
    elif kind < 0.37:
        change = {
            "set": [{"name": "X-S", "value": dice.choice(("s", "%REQ(x-a)%", "50% off", "%NOPE%"))}],
            "add": [{"name": "X-A", "value": "2"}],
        }
        rule["filters"] = [{"type": "RequestHeaderModifier", "requestHeaderModifier": change}]
    if dice.random() < 0.94:
        rule["backendRefs"] = [_backend(dice, namespaces) for _ in range(dice.choice((1, 1, 1, 2)))]
    prefixes = all(one.get("path", {}).get("type", "PathPrefix") == "PathPrefix" for one in rule["matches"])
    replaces = any("replacePrefixMatch" in str(one) for one in rule.get("filters", ()))
    if replaces and not (prefixes and len(rule["matches"]) == 1):
        rule["matches"] = [{"path": {"type": "PathPrefix", "value": dice.choice(_PATHS)}}]
    return rule


def _modifier(dice: random.Random) -> dict[str, Any]:
    kind = dice.random()
    if kind < 0.3:
        return {"path": {"type": "ReplaceFullPath", "replaceFullPath": dice.choice(("/n", "/n?z=1", "/"))}}
    if kind < 0.4:
        return {"hostname": "n.test"}
    return {}


def _match(dice: random.Random) -> dict[str, Any]:
    kind = dice.choice(("PathPrefix", "PathPrefix", "Exact", "RegularExpression"))
    value = dice.choice(_REGEXES if kind == "RegularExpression" else _PATHS)
    match: dict[str, Any] = {"path": {"type": kind, "value": value}}
    if dice.random() < 0.25:
        match["method"] = dice.choice(("GET", "POST"))
    if dice.random() < 0.3:
        chosen = dice.choice(_CONDITIONS)
        match["headers"] = [chosen]
        if dice.random() < 0.3 and chosen["name"].lower() == "x-a":
            match["headers"] = dice.sample([chosen, _CONDITIONS[2]], 2)
    if dice.random() < 0.2:
        match["queryParams"] = dice.sample(_QUERY, dice.randint(1, 2))
    return match


def _backend(dice: random.Random, namespaces: tuple[str, str, str]) -> dict[str, Any]:
    name = dice.choice(("v1", "v2", "v1", "v2", "empty", "unready", "missing", "granted", "private"))
    ref: dict[str, Any] = {"name": name, "port": dice.choice((80, 80, 80, 80, 80, 81))}
    if name in ("granted", "private"):
        ref["namespace"] = namespaces[2]
    if dice.random() < 0.2:
        ref["weight"] = dice.choice((0, 1, 3))
    return ref
