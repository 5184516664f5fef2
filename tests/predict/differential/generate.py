"""Sets of routes that are hard on a predictor: rivals for few paths, ties, boundaries, broken references. The same seed, the same sets.

A set lives on hosts of its own, so that many sets share one Gateway and one load of Envoy serves them all.
"""

import random
from dataclasses import dataclass, field
from typing import Any

WAVES = 3
"""How many different ages there are; objects of one wave are made in one go, mostly within a second."""
_PATHS = ("/", "/a", "/a/", "/a/b", "/a/b/", "/ab", "/b", "/a%7Bb")
_REGEXES = ("/a.*", "/a/[bc]", "/[ab]", "/(a|b)/.*", "/a(")
_PROBES = (
    *("/", "/a", "/a", "/a/", "/a/b", "/a/b", "/a/b/", "/a/b/c", "/ab", "/b", "/b?v=1", "/a?v=1&w=2", "/a?w=2&v=1&v=2", "/a/b?v=%31"),
    *("//", "//a//b", "/a/../b", "/a/./b", "/%61", "/a%2Fb", "/a\\b", "/a;v=1", "/a%5Cb", "/../a", "/a/.."),
    *("/a{b", "/a{b/c", "/a%7Bb", "/a|b", "/a/[b]", "/%%41", "/a%b", "/a\xe9", "/b?v=\xe9", "/a%7bb"),
)
_CONDITIONS = (
    {"name": "X-A", "value": "1"},
    {"name": "x-a", "value": "1"},
    {"name": "X-B", "value": "2"},
    {"name": "X-A", "value": "[0-9]", "type": "RegularExpression"},
    {"name": "Host", "value": "a[.].*:80|b[.].*", "type": "RegularExpression"},
)
OUTSIDE = ("foreign", "elsewhere", "datagrams")
"""Services of an unknown protocol, outside of the cluster, and of UDP."""
_QUERY = ({"name": "v", "value": "1"}, {"name": "w", "value": "2"})


@dataclass(frozen=True)
class Asked:
    """One request to a port of the Gateway. tls: the name for the handshake, None for plain HTTP."""

    method: str
    host: str
    path: str
    headers: tuple[tuple[str, str], ...] = ()
    port: int = 80
    tls: str | None = None


@dataclass
class RouteSet:
    """routes: HTTPRoutes with the wave in which each is made.

    again: names of routes that are deleted and made once more, last. touched: names of routes that are changed in what does not count.
    """

    name: str
    routes: list[tuple[int, dict[str, Any]]] = field(default_factory=list)
    again: list[str] = field(default_factory=list)
    touched: list[str] = field(default_factory=list)
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
            "rules": [rule(dice, namespaces, OUTSIDE) for _ in range(dice.randint(1, 3))],
        }
        metadata = {"name": name, "namespace": dice.choice(namespaces[:2])}
        route = {"apiVersion": "gateway.networking.k8s.io/v1", "kind": "HTTPRoute", "metadata": metadata, "spec": spec}
        one.routes.append((dice.randrange(WAVES), route))
        if dice.random() < 0.15:
            one.again.append(name)
        if dice.random() < 0.15:
            one.touched.append(name)
    for _ in range(requests):
        host = dice.choice([f"a.{zone}", f"b.{zone}", f"c.{zone}", f"x.y.{zone}", f"A.{zone}:8080", f"a.{zone}:80", f"b.{zone}.", zone])
        lines = (("X-A", "1"), ("x-a", "3"), ("X-B", "2"), ("X-B", "1,2"), ("X-Forwarded-Proto", "https"))
        headers = tuple(pair for pair, often in zip(lines, (0.4, 0.05, 0.4, 0.05, 0.03), strict=True) if dice.random() < often)
        one.requests.append(
            Asked(dice.choice(("GET",) * 8 + ("POST",) * 4 + ("HEAD",) * 3 + ("get",)), host, dice.choice(_PROBES), headers)
        )
    return one


def rule(dice: random.Random, namespaces: tuple[str, str, str], outside: tuple[str, ...] = ()) -> dict[str, Any]:
    """One rule: its matches, its filters, and the backends of those that do not redirect."""
    matches = [match(dice) for _ in range(dice.choice((1, 1, 2)))]
    made: dict[str, Any] = {"matches": matches, "filters": [*_changes(dice), *_mirrors(dice, namespaces)]}
    kind = dice.random()
    prefixes = len(matches) == 1 and matches[0]["path"]["type"] == "PathPrefix"
    if kind < 0.15:
        ports: tuple[dict[str, Any], ...] = (
            {},
            {"scheme": "https"},
            {"scheme": "http"},
            {"port": 443},
            {"port": 80},
            {"port": 8080},
            {"scheme": "https", "port": 443},
        )
        redirect = dice.choice(ports) | dice.choice(({}, {}, {"hostname": "h.test"})) | dice.choice(({}, {"statusCode": 301}))
        made["filters"] += [{"type": "RequestRedirect", "requestRedirect": redirect | _path(dice, prefixes)}]
    else:
        if kind < 0.35:
            rewrite = _path(dice, prefixes) | dice.choice(({}, {"hostname": "r.test"}))
            made["filters"] += [{"type": "URLRewrite", "urlRewrite": rewrite or {"hostname": "r.test"}}]
        if dice.random() < 0.94:
            refs = [backend(dice, namespaces, outside) for _ in range(dice.choice((1, 1, 1, 2)))]
            made["backendRefs"] = list({ref["name"]: ref for ref in refs}.values())  # of one Service nobody sees which reference was taken
    return made


_FILLED_IN = ("%REQ(x-c?X-B)%", "%REQ(x-b):1%", "a%REQ(x-c)%b", "%REQ(x-c)%%PROTOCOL%", "%REQ(:path)% %REQ(:method)% %REQ(host)%")
_FOREIGN = {"type": "ExtensionRef", "extensionRef": {"group": "example.com", "kind": "Thing", "name": "mine"}}
_OF_BACKENDS: tuple[dict[str, Any], ...] = (
    _FOREIGN,
    {"type": "URLRewrite", "urlRewrite": {"hostname": "own.test"}},
    {"type": "URLRewrite", "urlRewrite": {"path": {"type": "ReplaceFullPath", "replaceFullPath": "/own"}}},
    {"type": "RequestRedirect", "requestRedirect": {"hostname": "own.test", "statusCode": 302}},
)
"""Filters that not every gateway has, at a backend."""


def _changes(dice: random.Random) -> list[dict[str, Any]]:
    """What filters do to the headers of the request and of the answer."""
    made: list[dict[str, Any]] = []
    if dice.random() < 0.15:
        change: dict[str, Any] = {
            "set": [{"name": "X-S", "value": dice.choice(("s", "%REQ(x-a)%", "50% off", "%NOPE%", "%PROTOCOL%", *_FILLED_IN))}],
            "add": [{"name": "X-A", "value": "2"}],
            "remove": dice.choice((["X-B"], ["x-b", "X-C"], [])),
        }
        if dice.random() < 0.2:
            change["set"].append({"name": "Host", "value": "set.test"})
        made.append({"type": "RequestHeaderModifier", "requestHeaderModifier": change})
    if dice.random() < 0.15:
        change = {"set": [{"name": "X-R", "value": "rule"}], "add": [{"name": "X-R-Add", "value": "rule"}], "remove": ["x-up-remove"]}
        made.append({"type": "ResponseHeaderModifier", "responseHeaderModifier": change})
    if dice.random() < 0.03:
        made.append(_FOREIGN)
    return made


def _mirrors(dice: random.Random, namespaces: tuple[str, str, str]) -> list[dict[str, Any]]:
    if dice.random() > 0.08:
        return []
    target = {"name": dice.choice(("v1", "v2", "empty", "granted", "missing")), "port": 80}
    if target["name"] == "granted":
        target["namespace"] = namespaces[2]
    return [{"type": "RequestMirror", "requestMirror": {"backendRef": target}}]


def _path(dice: random.Random, prefixes: bool) -> dict[str, Any]:
    """A new path, or none. prefixes: whether the rule's only match is a prefix, without which the API server refuses to replace one."""
    kind = dice.random()
    if kind < 0.2:
        return {"path": {"type": "ReplaceFullPath", "replaceFullPath": dice.choice(("/n", "/n?z=1", "/", ""))}}
    if kind < 0.8 and prefixes:
        return {"path": {"type": "ReplacePrefixMatch", "replacePrefixMatch": dice.choice(("/xyz", "/xyz/", "/new", "/", ""))}}
    return {}


def match(dice: random.Random) -> dict[str, Any]:
    kind = dice.choice(("PathPrefix", "PathPrefix", "Exact", "RegularExpression"))
    value = dice.choice(_REGEXES if kind == "RegularExpression" else _PATHS)
    made: dict[str, Any] = {"path": {"type": kind, "value": value}}
    if dice.random() < 0.25:
        made["method"] = dice.choice(("GET", "POST"))
    if dice.random() < 0.3:
        chosen = dice.choice(_CONDITIONS)
        made["headers"] = [chosen]
        if dice.random() < 0.3 and chosen["name"].lower() == "x-a":
            made["headers"] = dice.sample([chosen, _CONDITIONS[2]], 2)
    if dice.random() < 0.2:
        made["queryParams"] = dice.sample(_QUERY, dice.randint(1, 2))
    return made


def backend(dice: random.Random, namespaces: tuple[str, str, str], outside: tuple[str, ...] = ()) -> dict[str, Any]:
    """outside: Services that only some clusters have."""
    name = dice.choice(("v1", "v2", "v1", "v2", "empty", "unready", "missing", "granted", "private", *outside))
    ref: dict[str, Any] = {"name": name, "port": dice.choice((80, 80, 80, 80, 80, 81))}
    if name in ("granted", "private"):
        ref["namespace"] = namespaces[2]
    if dice.random() < 0.2:
        ref["weight"] = dice.choice((0, 1, 3))
    if dice.random() < 0.1:
        change = {"set": [{"name": "X-S", "value": "backend"}], "add": [{"name": "X-A", "value": "backend"}]}
        ref["filters"] = [{"type": "RequestHeaderModifier", "requestHeaderModifier": change}]
    elif dice.random() < 0.04:
        ref["filters"] = [dice.choice(_OF_BACKENDS)]
    return ref
