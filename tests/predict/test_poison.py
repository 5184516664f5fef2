"""Routes that make a data plane refuse a whole port: of which port, and from when to when."""

from collections.abc import Mapping

from aichaos.domain.gateway import HTTPRoute
from aichaos.observe.manifests import snapshot
from aichaos.predict.routing.profile import Profile
from aichaos.predict.routing.profiles.envoy_gateway import ENVOY_GATEWAY
from aichaos.predict.routing.profiles.istio import ISTIO
from aichaos.predict.routing.request import read
from aichaos.predict.routing.router import Router
from aichaos.predict.routing.table import Table, compile
from tests.predict.differential.worlds import PARENT, Asked, World, listener, to
from tests.predict.oracles.compare import GATEWAY, SOURCE, line

_BAD = {"matches": [{"path": {"type": "RegularExpression", "value": "/(a"}}], "backendRefs": [to("v2")]}


def table(world: World, profile: Profile) -> Table:
    return compile(snapshot(world.everything, SOURCE), profile)


def route(found: Table, name: str) -> HTTPRoute:
    (one,) = (placement.route for ref, placement in found.placements.items() if ref.name == name)
    assert isinstance(one, HTTPRoute)
    return one


def add(world: World, name: str, rule: Mapping[str, object], **spec: object) -> None:
    world.add("HTTPRoute", name, "n9-a", spec={"parentRefs": [PARENT], "rules": [rule], **spec})


def status(found: Table, port: int = 80) -> int | None:
    return found.answer(read(line(Asked("GET", "a.ex.test", "/x", port))), GATEWAY).status


def test_an_expression_behind_a_bare_prefix_harms_nobody_until_the_prefix_goes() -> None:
    world = World("w")
    world.gateway(listener("http"))
    add(world, "all", {"backendRefs": [to()]})
    add(world, "x", {"matches": [{"path": {"type": "Exact", "value": "/x"}}], "backendRefs": [to("v3")]})
    add(world, "bad", _BAD)
    before = table(world, ISTIO)
    assert not before.poisoned
    after = before.changed([(route(before, "all"), None)])
    assert list(after.poisoned) == [(*GATEWAY, 80)]
    assert status(after) is None, "what runs keeps its last table"
    assert status(after.changed([(route(after, "bad"), None)])) is None


def test_a_rule_that_is_dropped_refuses_nothing() -> None:
    change = {"type": "RequestHeaderModifier", "requestHeaderModifier": {"set": [{"name": "X-S", "value": "50% off"}]}}
    for rule, refused in ((_BAD, False), ({**_BAD, "matches": [{}]}, True)):
        world = World("w")
        world.gateway(listener("http"))
        add(world, "one", {**rule, "filters": [change]})
        assert bool(table(world, ENVOY_GATEWAY).poisoned) is refused


def test_a_host_that_two_routes_have_on_two_listeners_is_written_twice() -> None:
    world = World("w")
    world.gateway(listener("open"), listener("ex", hostname="*.ex.test"), listener("other", 8080))
    for name, section in (("one", "open"), ("two", "ex"), ("far", "other")):
        add(world, name, {"backendRefs": [to()]}, hostnames=["a.ex.test"], parentRefs=[PARENT | {"sectionName": section}])
    both = table(world, ENVOY_GATEWAY)
    assert list(both.poisoned) == [(*GATEWAY, 80)]
    assert (status(both), status(both, 8080)) == (404, None)
    assert not both.changed([(route(both, "one"), None)]).poisoned


def test_a_route_that_istio_leaves_out_spoils_nothing() -> None:
    foreign = {"type": "ExtensionRef", "extensionRef": {"group": "example.com", "kind": "Thing", "name": "mine"}}
    world = World("w")
    world.gateway(listener("http"))
    add(world, "all", {"backendRefs": [to()]})
    add(world, "bad", {**_BAD, "filters": [foreign]}, hostnames=["a.ex.test"])
    assert not table(world, ISTIO).poisoned
    assert status(table(world, ISTIO)) is None


def test_what_others_make_of_a_refused_port_is_what_they_say_themselves() -> None:
    world = World("w")
    world.gateway(listener("http"))
    add(world, "good", {"matches": [{"path": {"type": "Exact", "value": "/x"}}], "backendRefs": [to()]})
    add(world, "bad", _BAD)
    seen, request = snapshot(world.everything, SOURCE), read(line(Asked("GET", "a.ex.test", "/x")))
    told = Router(seen, "contour").implementations(request, GATEWAY)
    assert told["istio"].outcome == Router(seen, "istio").answer(request, GATEWAY).outcome == "implementation-specific"
