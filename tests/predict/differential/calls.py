"""Clusters with GRPCRoutes, alone and beside HTTPRoutes of the same host. The same seed, the same clusters.

Nobody here speaks HTTP/2: to whom a call goes is told by its Service, of which one has no endpoint (503) and one is not there (500).
"""

import random
from collections.abc import Iterator

from tests.predict.differential.worlds import PARENT, Asked, Manifest, World, defaulted, listener, to

_HEADER: Manifest = {"name": "X-A", "type": "Exact", "value": "1"}


def _method(kind: str = "Exact", **named: str) -> Manifest:
    return {"method": {"type": kind, **named}}


_CALLS: tuple[Manifest, ...] = (
    _method(service="foo", method="bar"),
    _method(service="foo"),
    _method(method="bar"),
    _method("RegularExpression", service="f.*", method="b.*"),
    _method("RegularExpression", service="f.*"),
    _method("RegularExpression", method="ba."),
    {"headers": [_HEADER]},
    _method(service="foo", method="bar") | {"headers": [_HEADER]},
    _method(service="foo") | {"headers": [_HEADER]},
    _method(method="bar") | {"headers": [_HEADER]},
)
_PAGES: tuple[Manifest, ...] = (
    {"path": {"type": "Exact", "value": "/foo/bar"}},
    {"path": {"type": "PathPrefix", "value": "/foo"}},
    {"path": {"type": "PathPrefix", "value": "/"}},
    {"path": {"type": "RegularExpression", "value": "/f.*"}},
    {"path": {"type": "PathPrefix", "value": "/foo/bar"}, "headers": [_HEADER]},
    {"path": {"type": "PathPrefix", "value": "/foo/"}},
    {"path": {"type": "RegularExpression", "value": "/[a-z]"}},
)
_BAD: tuple[Manifest, ...] = (
    _method("RegularExpression", service="f["),
    _method(service="foo") | {"headers": [{"name": "X-A", "type": "RegularExpression", "value": "[1"}]},
)
"""Expressions that RE2 refuses; some gateways refuse a whole port for one of them."""
_PATHS = ("/foo/bar", "/foo/baz", "/foo.x/bar", "/z/bar", "/foo", "/", "/z/y/bar", "/bar", "/foo/bar/x")


def calls(seed: int, count: int) -> Iterator[World]:
    """Every second cluster has an HTTPRoute too; there are a fifth as many as of other kinds, and at least 40."""
    for number in range(max(40, count // 5)):
        dice = random.Random(f"{seed}/calls/{number}")
        world = World(f"calls-{number}")
        world.gateway(listener("http"))
        for name in ("g1", "g2") if number % 2 else ("g1",):
            rules = [{"matches": [one], "backendRefs": [_whole(dice.choice(("empty", "missing")))]} for one in dice.sample(_CALLS, 2)]
            if dice.random() < 0.3:  # any call
                rules.append({"backendRefs": [_whole(dice.choice(("empty", "missing")))]})
            if number % 12 == 5:
                rules[-1].setdefault("matches", []).append(dice.choice(_BAD))
            _route(world, "GRPCRoute", name, dice.randrange(2), rules)
        if number % 2 == 0:
            rules = [{"matches": [one], "backendRefs": [to(f"v{place + 1}")]} for place, one in enumerate(dice.sample(_PAGES, 2))]
            _route(world, "HTTPRoute", "h1", dice.randrange(2), [defaulted(one) for one in rules])
        for path in _PATHS:
            world.requests += [Asked("GET", "a.ex.test", path), Asked("POST", "a.ex.test", path, headers=(("X-A", "1"),))]
        yield world


def _whole(name: str) -> Manifest:
    return {"group": "", "kind": "Service", "weight": 1, **to(name)}


def _route(world: World, kind: str, name: str, made: int, rules: list[Manifest]) -> None:
    world.add(kind, name, "n9-a", made=made, spec={"parentRefs": [PARENT], "hostnames": ["a.ex.test"], "rules": rules})
