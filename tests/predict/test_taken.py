"""Rules that Contour drops because one of their matches is taken."""

from aichaos.domain.prediction import RequestLine
from aichaos.predict.routing.profiles.contour import CONTOUR
from aichaos.predict.routing.request import read
from aichaos.predict.routing.table import Table, compile
from tests.observe.clusters import gateway, listener, route, to
from tests.predict.test_table import EDGE, ask, cluster, path

OPEN = listener("open")
NARROW = listener("narrow", hostname="a.example.com")
BOTH = ["a.example.com", "b.example.com"]


def table(*objects: dict[str, object]) -> Table:
    return compile(cluster(*objects), CONTOUR)


def test_a_rule_goes_as_a_whole_and_on_all_hosts_of_its_route() -> None:
    rules = {"matches": [*path("/taken"), *path("/free")]}
    found = table(
        gateway(),
        route("old", to("v1", matches=path("/taken")), hostnames=["a.example.com"], creationTimestamp="2026-01-01T00:00:00Z"),
        route("young", to("v3", **rules), hostnames=BOTH, creationTimestamp="2026-01-02T00:00:00Z"),
    )
    assert ask(found, "http://a.example.com/taken").route == "shop/old"
    assert [ask(found, f"http://{host}/free").status for host in BOTH] == [404, 404]


def test_a_rule_that_reaches_two_listeners_of_one_port_is_its_own_rival_by_chance() -> None:
    found = table(gateway(OPEN, NARROW), route("mine", to("v1"), hostnames=BOTH))
    assert ask(found, "http://a.example.com/").route == "shop/mine"
    assert ask(found, "http://b.example.com/").outcome == "implementation-specific"


def test_listeners_that_are_named_one_by_one_share_no_host() -> None:
    parents = [{"name": "edge", "sectionName": name} for name in ("narrow", "open")]
    found = table(gateway(OPEN, NARROW), route("mine", to("v1"), hostnames=BOTH, parentRefs=parents))
    assert [ask(found, f"http://{host}/").listener for host in BOTH] == ["shop/edge/narrow", "shop/edge/open"]


def test_listeners_of_other_ports_are_no_rivals() -> None:
    other = listener("other", hostname="a.example.com", port=8080)
    found = table(gateway(OPEN, other), route("mine", to("v1"), hostnames=BOTH))
    assert [ask(found, url).route for url in ("http://a.example.com/", "http://b.example.com/", "http://a.example.com:8080/")] == [
        "shop/mine"
    ] * 3


def test_whom_a_rule_by_chance_rivals_may_be_lost_too() -> None:
    found = table(
        gateway(OPEN, NARROW),
        route("mine", to("v1"), hostnames=BOTH, creationTimestamp="2026-01-01T00:00:00Z"),
        route("late", to("v3"), hostnames=["b.example.com"], creationTimestamp="2026-01-02T00:00:00Z"),
    )
    answers = found.possible(read(RequestLine(url="http://b.example.com/")), EDGE)
    assert [one.route for one in answers] == ["shop/mine", "shop/late", None]


def test_a_host_that_may_be_missing_may_leave_its_requests_to_a_wider_one() -> None:
    narrow = listener("narrow", hostname="b.shop.test")
    found = table(
        gateway(OPEN, narrow),
        route("mine", to("v1", matches=path("/mine")), hostnames=["*.shop.test", "b.shop.test"], creationTimestamp="2026-01-01T00:00:00Z"),
        route("any", to("v3"), creationTimestamp="2026-01-02T00:00:00Z"),
    )
    answers = found.possible(read(RequestLine(url="http://a.shop.test/other")), EDGE)
    assert {one.route for one in answers} == {None, "shop/any"}


def test_without_ages_nobody_can_say_whose_rule_is_dropped() -> None:
    same = path("/cart")
    shop = cluster(gateway(), route("a", to("v1", matches=same)), route("b", to("v3", matches=[*same, *path("/free")])))
    table = compile(shop, CONTOUR)
    assert [ask(table, f"http://shop.test{one}").outcome for one in ("/cart", "/free")] == ["implementation-specific"] * 2
    reasons = {loss.reason for _, loss in table.judged.losses()}
    assert reasons == {"ages unknown, tie undecided: the younger of two rules with the same match is dropped as a whole"}
