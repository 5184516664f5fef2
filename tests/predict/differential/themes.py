"""Clusters that are hard on a predictor, by theme. The same seed, the same clusters."""

import random
from collections.abc import Callable, Iterator
from typing import Any

from tests.predict.differential.generate import match, rule
from tests.predict.differential.worlds import API, COUNTED, EDGE, NAMESPACES, PARENT, Asked, Manifest, World, listener, to

_HOSTS = ("a.ex.test", "b.ex.test", "*.ex.test")
_ASKED_HOSTS = ("a.ex.test", "b.ex.test", "c.ex.test", "x.y.ex.test", "A.ex.test:8080")
_PATHS = ("/", "/a", "/a/", "/a/b", "/a/b/c", "/ab", "/b", "/b?v=1", "/a?v=1&w=2", "//a//b", "/a/../b", "/%61")
_BAD = {"/a(": "/a.", "50% off": "50%% off", "%NOPE%": "%PROTOCOL%"}
"""What poisons a port, and what it is replaced with where that is not the point."""


def sound(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: sound(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [sound(inner) for inner in value]
    return _BAD.get(value, value) if isinstance(value, str) else value


def _rivals(dice: random.Random, world: World, *, poisoned: bool = False) -> None:
    """Routes that want the same few paths, of the same age or not, with names that sort apart."""
    port = dice.choice((80, 80, 8080))
    world.gateway(listener("http", port))
    for _ in range(dice.randint(2, 5)):
        rules = [rule(dice, NAMESPACES) for _ in range(dice.randint(1, 3))]
        world.route(dice, rules if poisoned else sound(rules), hostnames=dice.sample(_HOSTS, dice.randint(1, 2)))
    for _ in range(14):
        headers = tuple(pair for pair in (("X-A", "1"), ("X-B", "2")) if dice.random() < 0.4)
        method = dice.choice(("GET", "GET", "POST", "HEAD"))
        world.requests.append(Asked(method, dice.choice(_ASKED_HOSTS), dice.choice(_PATHS), port, headers))


def _poison(dice: random.Random, world: World) -> None:
    """Rivals, some of which make the data plane refuse a whole port, beside a port that has nothing to do with it."""
    _rivals(dice, world, poisoned=True)
    (gateway,) = (one for one in world.objects if one["kind"] == "Gateway")
    gateway["spec"]["listeners"].append(listener("other", 8081))
    world.route(dice, [{"backendRefs": [to()]}], parentRefs=[PARENT | {"sectionName": "other"}])
    bad = dice.choice(
        (
            {"matches": [{"path": {"type": "RegularExpression", "value": "/(a"}}], "backendRefs": [to()]},
            {
                "matches": [{"headers": [{"name": "X-A", "type": "RegularExpression", "value": "[1"}]}, {"path": {"value": "/b"}}],
                "backendRefs": [to()],
            },
            {"filters": [_headers("ResponseHeaderModifier", add={"X-P": "100%"})], "backendRefs": [to()]},
            {"backendRefs": [to(filters=[_headers("RequestHeaderModifier", set={"X-P": "%REQ(x-a)"})])]},
            None,
        )
    )
    if bad is not None:
        world.route(dice, [bad], hostnames=dice.sample(_HOSTS, 1))
    world.requests += [Asked("GET", dice.choice(_ASKED_HOSTS), dice.choice(_PATHS), 8081) for _ in range(2)]


def _conditions(dice: random.Random, world: World) -> None:
    """One path, and matches that differ in method, headers and query alone."""
    world.gateway(listener("http"))
    names, values = ("X-A", "x-a", "X-B", "X-C"), (("Exact", "1"), ("RegularExpression", "1|2"), ("RegularExpression", "[0-9]+"))
    for place in range(dice.randint(2, 4)):
        rules = []
        for _ in range(dice.randint(1, 2)):
            one: Manifest = {"path": {"type": "PathPrefix", "value": dice.choice(("/", "/c", "/c", "/c/"))}}
            if dice.random() < 0.4:
                one["method"] = dice.choice(("GET", "POST"))
            if dice.random() < 0.7:
                chosen = dice.sample(names, dice.randint(1, 3))
                one["headers"] = [dict(zip(("type", "value"), dice.choice(values), strict=True), name=name) for name in chosen]
            if dice.random() < 0.5:
                chosen = dice.sample(("v", "V", "w"), dice.randint(1, 2))
                one["queryParams"] = [dict(zip(("type", "value"), dice.choice(values), strict=True), name=name) for name in chosen]
            rules.append({"matches": [one], "backendRefs": [to(f"v{place % 3 + 1}")]})
        world.route(dice, rules, hostnames=["a.ex.test"])
    lines = (("X-A", "1"), ("x-a", "2"), ("X-A", "1,2"), ("X-B", "1"), ("X-B", "2"), ("X-C", "12"))
    queries = ("", "?v=1", "?v=2&w=1", "?v=1&v=2", "?V=1&w=22", "?v=%31", "?v", "?w=1&v=1&V=2")
    for _ in range(16):
        headers = tuple(dice.sample(lines, dice.randint(0, 4)))
        path = dice.choice(("/c", "/c/d", "/")) + dice.choice(queries)
        world.requests.append(Asked(dice.choice(("GET", "GET", "POST", "HEAD")), "a.ex.test", path, 80, headers))


_LISTENER_HOSTS = ("", "*.ex.test", "*.dev.ex.test", "a.ex.test", "x.dev.ex.test", "*.test")
_ROUTE_HOSTS = ("*.ex.test", "*.dev.ex.test", "a.ex.test", "x.dev.ex.test", "*.test", "b.ex.test", "other.example")
_HOSTS_EVERYWHERE = ("a.ex.test", "b.ex.test", "x.dev.ex.test", "y.dev.ex.test", "q.test", "other.example", "none.example")
_ALLOWED: tuple[Manifest, ...] = (
    {"namespaces": {"from": "All"}},
    {"namespaces": {"from": "All"}},
    {"namespaces": {"from": "All"}},
    {"namespaces": {"from": "Same"}},
    {"namespaces": {"from": "Selector", "selector": {"matchLabels": {"team": "a"}}}},
    {"namespaces": {"from": "Selector", "selector": {"matchExpressions": [{"key": "team", "operator": "DoesNotExist"}]}}},
    {"namespaces": {"from": "All"}, "kinds": [{"group": API, "kind": "GRPCRoute"}]},
)


def _listening(dice: random.Random, count: int, *, twins: float = 0.1) -> list[Manifest]:
    """Listeners on two ports, mostly of different hostnames."""
    seen: set[tuple[int, str]] = set()
    found: list[Manifest] = []
    while len(found) < count:
        port, host = dice.choice((80, 80, 80, 8080)), dice.choice(_LISTENER_HOSTS)
        if (port, host) in seen and dice.random() > twins:
            continue
        seen.add((port, host))
        found.append(listener(f"l{len(found)}", port, host, dice.choice(_ALLOWED)))
    return found


def _attached(dice: random.Random, world: World, parents: list[Manifest]) -> None:
    for place in range(dice.randint(2, 4)):
        paths = dice.sample(("/", "/a", "/a/b"), dice.randint(1, 2))
        rules = [
            {"matches": [{"path": {"type": dice.choice(("PathPrefix", "Exact")), "value": path}}], "backendRefs": [to(f"v{place % 3 + 1}")]}
            for path in paths
        ]
        spec: Manifest = {"parentRefs": dice.sample(parents, min(dice.choice((1, 1, 1, 2)), len(parents)))}
        if dice.random() < 0.85:
            spec["hostnames"] = dice.sample(_ROUTE_HOSTS, dice.randint(1, 2))
        world.route(dice, rules, **spec)
    for _ in range(18):
        world.requests.append(
            Asked("GET", dice.choice(_HOSTS_EVERYWHERE), dice.choice(("/", "/a", "/a/b", "/a/b/c")), dice.choice((80, 80, 80, 8080)))
        )


def _listeners(dice: random.Random, world: World) -> None:
    """Listeners that share hosts, and routes whose hostnames are wider, narrower or equal."""
    found = _listening(dice, dice.randint(2, 4))
    world.gateway(*found)
    parents: list[Manifest] = [
        PARENT,
        PARENT | {"sectionName": dice.choice(found)["name"]},
        PARENT | {"port": 80},
        PARENT | {"sectionName": "nowhere"},
        {"group": API, "kind": "Gateway", "name": "gw"},
    ]
    _attached(dice, world, [parents[0], *parents])


def _listener_sets(dice: random.Random, world: World) -> None:
    """Listeners of the Gateway and of ListenerSets, of different ages, that may be in conflict."""
    allowed = dice.choice(
        ({"from": "All"}, {"from": "All"}, {"from": "Same"}, {"from": "Selector", "selector": {"matchLabels": {"team": "a"}}}, None)
    )
    world.gateway(*_listening(dice, dice.randint(1, 2), twins=0), **({"allowedListeners": {"namespaces": allowed}} if allowed else {}))
    parents: list[Manifest] = [PARENT]
    for number in range(dice.randint(1, 2)):
        name, namespace = f"set-{number}", dice.choice((*NAMESPACES[:2], EDGE))
        spec = {"parentRef": {"name": "gw", "namespace": EDGE}, "listeners": _listening(dice, dice.randint(1, 2), twins=0)}
        world.add("ListenerSet", name, namespace, made=dice.randrange(3), spec=spec)
        parents.append({"group": API, "kind": "ListenerSet", "name": name, "namespace": namespace})
    _attached(dice, world, parents)


def _headers(kind: str, **changes: Any) -> Manifest:
    """set, add: name → value. remove: names."""
    field = kind[0].lower() + kind[1:]
    listed = {
        how: list(names) if how == "remove" else [{"name": name, "value": value} for name, value in names.items()]
        for how, names in changes.items()
    }
    return {"type": kind, field: listed}


_MATCHED = (
    ("PathPrefix", "/"),
    ("PathPrefix", "/p2"),
    ("PathPrefix", "/p2/"),
    ("PathPrefix", "/p2/x"),
    ("Exact", "/p2"),
    ("RegularExpression", "/p.*"),
)
_NEW_PREFIXES = ("/xyz", "/xyz/", "/", "", "/x/y")
_NEW_PATHS = ("/n", "/n?z=1", "/", "")
_CHANGES: tuple[Manifest, ...] = (
    {"set": {"X-S": "s"}},
    {"add": {"X-A": "2"}},
    {"set": {"X-A": "2"}, "remove": ["X-B"]},
    {"set": {"X-A": "3"}, "add": {"x-a": "4"}},
    {"set": {"X-V": "%REQ(x-a)%"}},
    {"set": {"X-V": "50%% off"}},
    {"add": {"X-V": "%PROTOCOL%"}},
    {"set": {"Host": "set.test"}},
    {"add": {"Host": "added.test"}, "set": {"X-S": "s"}},
    {"remove": ["X-A", "x-b"]},
)
_REDIRECTS: tuple[Manifest, ...] = (
    {},
    {"scheme": "https"},
    {"scheme": "http"},
    {"port": 443},
    {"port": 80},
    {"port": 9000},
    {"scheme": "https", "port": 80},
    {"scheme": "https", "port": 443},
    {"hostname": "h.test"},
    {"hostname": "h.test", "scheme": "https"},
    {"statusCode": 301},
    {"statusCode": 307, "hostname": "h.test", "port": 8443},
)


def _new_path(dice: random.Random, kind: str) -> Manifest:
    if kind == "PathPrefix" and dice.random() < 0.65:
        return {"path": {"type": "ReplacePrefixMatch", "replacePrefixMatch": dice.choice(_NEW_PREFIXES)}}
    return {"path": {"type": "ReplaceFullPath", "replaceFullPath": dice.choice(_NEW_PATHS)}}


def _filtered(dice: random.Random, kind: str) -> Manifest:
    """What a rule does with a request beside sending it on."""
    chance = dice.random()
    if chance < 0.35:
        redirect = dict(dice.choice(_REDIRECTS)) | (_new_path(dice, kind) if dice.random() < 0.6 else {})
        return {"filters": [{"type": "RequestRedirect", "requestRedirect": redirect}]}
    filters: list[Manifest] = []
    own: list[Manifest] = []
    if chance < 0.75:
        rewrite = _new_path(dice, kind) if dice.random() < 0.8 else {}
        if not rewrite or dice.random() < 0.3:
            rewrite["hostname"] = "r.test"
        filters.append({"type": "URLRewrite", "urlRewrite": rewrite})
    if chance >= 0.65:
        filters.append(_headers("RequestHeaderModifier", **dice.choice(_CHANGES)))
    if dice.random() < 0.25:
        own.append(_headers("RequestHeaderModifier", **dice.choice(_CHANGES)))
    dice.shuffle(filters)
    return {"filters": filters, "backendRefs": [to(filters=own) if own else to()]}


def _filters(dice: random.Random, world: World) -> None:
    """Rewrites, redirects and headers, at the boundaries of prefixes."""
    port = dice.choice((80, 80, 8080))
    world.gateway(listener("http", port))
    for host in dice.sample(("a.ex.test", "b.ex.test", "c.ex.test"), 3):
        kind, value = dice.choice(_MATCHED)
        world.route(dice, [{"matches": [{"path": {"type": kind, "value": value}}]} | _filtered(dice, kind)], hostnames=[host])
        for _ in range(5):
            path = dice.choice(("/p2", "/p2/", "/p2/bar", "/p2/x/y", "/p2?q=1", "/p2/x", "/", "/p2//bar", "/p2/bar/?q=1"))
            headers = tuple(pair for pair in (("X-A", "1"), ("X-B", "2")) if dice.random() < 0.5)
            asked = dice.choice((host, host, f"{host}:8080", f"{host}:80", host.upper()))
            world.requests.append(Asked(dice.choice(("GET", "POST")), asked, path, port, headers))


def _backends(dice: random.Random, world: World) -> None:
    """Splits with references of every kind: missing, forbidden, of no endpoints, of weight 0, twice the same."""
    world.gateway(listener("http"))
    for place in range(3):
        refs = []
        for _ in range(dice.choice((0, 1, 2, 2, 3, 4))):
            name = dice.choice(
                ("v1", "v2", "v3", "v1", "v2", "empty", "unready", "mixed", "absent", "missing", "granted", "private", "kind")
            )
            ref = to(name, port=dice.choice((80, 80, 80, 80, 81)))
            if name in ("granted", "private"):
                ref["namespace"] = "vault"
            if name == "kind":
                ref |= {"kind": "ConfigMap"} if dice.random() < 0.5 else {"group": "example.com", "kind": "Thing"}
            if dice.random() < 0.5:
                ref["weight"] = dice.choice((0, 1, 2, 5))
            refs.append(ref)
        path = f"/s{place}"
        world.route(dice, [{"matches": [{"path": {"type": "PathPrefix", "value": path}}], **({"backendRefs": refs} if refs else {})}])
        world.requests.append(Asked("GET", "a.ex.test", path, 80, times=COUNTED))
    world.route(dice, [{"backendRefs": [to("v3")]} if dice.random() < 0.5 else {}])
    world.requests += [Asked("GET", "a.ex.test", "/s0/x"), Asked("GET", "a.ex.test", "/other")]


def _spelling(dice: random.Random, world: World) -> None:
    """Requests that are written unusually: escapes, dots, slashes, repeated headers, hosts with ports and dots."""
    world.gateway(listener("http"))
    values = (
        ("Exact", "/f"),
        ("Exact", "/f/g"),
        ("PathPrefix", "/f"),
        ("PathPrefix", "/f/g"),
        ("RegularExpression", "/f[^/]*"),
        ("PathPrefix", "/"),
    )
    for place in range(3):
        rules = []
        for _ in range(2):
            kind, value = dice.choice(values)
            one: Manifest = {"path": {"type": kind, "value": value}}
            if dice.random() < 0.3:
                one["headers"] = [{"name": "X-A", "value": dice.choice(("1", "1,2"))}]
            rules.append({"matches": [one], "backendRefs": [to(f"v{place + 1}")]})
        spec: Manifest = {"hostnames": [dice.choice(("a.ex.test", "*.ex.test"))]} if dice.random() < 0.8 else {}
        world.route(dice, rules, **spec)
    paths = (
        "/f",
        "/%66",
        "/%46",
        "//f",
        "/f//g",
        "/f/./g",
        "/f/../f/g",
        "/f/..",
        "/f/.",
        "/f%2Fg",
        "/f%5cg",
        "/f\\g",
        "/f;x=1",
        "/f?x=/../y",
        "//",
        "/f%252Fg",
        "/f#x",
        "/F",
        "/f/%2e%2e/f",
        "/f/g/",
    )
    hosts = ("a.ex.test", "a.ex.test", "A.EX.test", "a.ex.test:99", "a.ex.test.", "x.y.ex.test", "ex.test", "none.example")
    lines: tuple[tuple[tuple[str, str], ...], ...] = (
        (),
        (),
        (("X-A", "1"),),
        (("X-A", "1"), ("x-a", "2")),
        (("X-A", "1,2"),),
        (("X_A", "1"),),
        (("X-A", ""),),
    )
    for _ in range(18):
        method = dice.choice(("GET", "GET", "GET", "GET", "HEAD", "get", "OPTIONS", "DELETE"))
        world.requests.append(Asked(method, dice.choice(hosts), dice.choice(paths), 80, dice.choice(lines)))


def _regexes(dice: random.Random, world: World) -> None:
    """Regular expressions against each other and against prefixes and exact paths."""
    world.gateway(listener("http"))
    expressions = ("/a.*", "/a/[bc]", "/[ab]", "/(a|b)/.*", "/.+", "/a/.", "/[a-z]", "/[a-p]", ".*", "/a/b")
    for place in range(dice.randint(2, 4)):
        rules = []
        for _ in range(dice.randint(1, 3)):
            one = match(dice)
            if dice.random() < 0.6:
                one["path"] = {"type": "RegularExpression", "value": dice.choice(expressions)}
            rules.append({"matches": [sound(one)], "backendRefs": [to(f"v{place % 3 + 1}")]})
        world.route(dice, rules, hostnames=dice.sample(_HOSTS, dice.randint(1, 2)))
    for _ in range(16):
        headers = tuple(pair for pair in (("X-A", "1"), ("X-B", "2")) if dice.random() < 0.4)
        world.requests.append(Asked(dice.choice(("GET", "GET", "POST")), dice.choice(_ASKED_HOSTS[:4]), dice.choice(_PATHS), 80, headers))


THEMES: dict[str, Callable[[random.Random, World], None]] = {
    "rivals": _rivals,
    "conditions": _conditions,
    "regexes": _regexes,
    "listeners": _listeners,
    "listener-sets": _listener_sets,
    "filters": _filters,
    "backends": _backends,
    "spelling": _spelling,
    "poison": _poison,
}


def worlds(seed: int, count: int) -> Iterator[World]:
    """Clusters of all themes in turn."""
    names = list(THEMES)
    for number in range(count):
        theme = names[number % len(names)]
        world = World(f"{theme}-{number}")
        THEMES[theme](random.Random(f"{seed}/{number}"), world)
        yield world
