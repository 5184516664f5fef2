"""gRPC calls: matches that a gateway does not have, and HTTPRoutes beside GRPCRoutes."""

import pytest

from aichaos.domain.prediction import Answer
from aichaos.domain.snapshot import Snapshot
from aichaos.predict.routing.profile import Profile
from aichaos.predict.routing.profiles.contour import CONTOUR
from aichaos.predict.routing.profiles.envoy_gateway import ENVOY_GATEWAY
from aichaos.predict.routing.profiles.standard import STANDARD
from aichaos.predict.routing.status import of_routes
from aichaos.predict.routing.table import compile
from tests.observe.clusters import gateway, route, to
from tests.predict.test_table import ask, cluster, path

EXACT = {"method": {"service": "shop.Cart", "method": "Add"}}
ANY_METHOD = {"method": {"service": "shop.Pay"}}
SHOP = cluster(gateway(), route("calls", to("v1", matches=[EXACT, ANY_METHOD]), kind="GRPCRoute"))


def test_a_service_alone_is_no_match_for_contour() -> None:
    urls = ("http://a/shop.Cart/Add", "http://a/shop.Pay/Add")
    assert [ask(compile(SHOP, STANDARD), url, "POST").route for url in urls] == ["shop/calls", "shop/calls"]
    assert [ask(compile(SHOP, CONTOUR), url, "POST").route for url in urls] == ["shop/calls", None]


def test_the_route_is_not_accepted_though_the_rest_of_it_serves() -> None:
    (accepted,) = [one for one in of_routes(compile(SHOP, CONTOUR)) if one.type == "Accepted"]
    assert (accepted.status, accepted.reason) == ("False", "InvalidMethodMatch")


def both(http: str, grpc: str) -> Snapshot:
    """An HTTPRoute and a GRPCRoute for the same call, made on these days of January."""
    same = [{"path": {"type": "Exact", "value": "/shop.Cart/Add"}}]
    return cluster(
        gateway(),
        route("pages", to("web", matches=same), to("web", matches=path("/pages")), creationTimestamp=f"2026-01-{http}T00:00:00Z"),
        route("calls", to("v1", matches=[EXACT]), kind="GRPCRoute", creationTimestamp=f"2026-01-{grpc}T00:00:00Z"),
    )


@pytest.mark.parametrize(("profile", "serves"), [(CONTOUR, "shop/calls"), (ENVOY_GATEWAY, "shop/pages")], ids=["contour", "envoy-gateway"])
@pytest.mark.parametrize(("http", "grpc"), [("01", "02"), ("02", "01")])
def test_two_kinds_on_one_host_serve_beside_each_other(profile: Profile, serves: str, http: str, grpc: str) -> None:
    table = compile(both(http, grpc), profile)
    assert ask(table, "http://a/shop.Cart/Add", "POST").route == serves
    assert ask(table, "http://a/pages").route == "shop/pages"
    assert {one.reason for one in of_routes(table) if one.type == "Accepted"} == {"Accepted"}


X_A, X_B = ({"headers": [{"name": name, "value": "1"}]} for name in ("X-A", "X-B"))
CALL = {"path": {"type": "Exact", "value": "/shop.Cart/Add"}}
OTHER = {"method": {"service": "shop.Pay", "method": "Add"}}


@pytest.mark.parametrize(
    ("pages", "calls", "serves"),
    [
        ([CALL | X_A], [OTHER, EXACT | X_B], "web"),  # another match: the earlier rule
        ([CALL | X_A], [OTHER, EXACT | X_A], "v1"),  # the same match: it is replaced
        ([CALL | X_A, CALL | X_B], [OTHER, OTHER | X_B, EXACT | X_A], "web"),  # and what replaces it stands where its own rule does
    ],
)
def test_for_contour_a_call_replaces_the_same_match_of_a_page_and_else_rules_come_in_order(
    pages: list[dict[str, object]], calls: list[dict[str, object]], serves: str
) -> None:
    shop = cluster(
        gateway(),
        route("pages", *(to("web", matches=[one]) for one in pages)),
        route("calls", *(to("v1", matches=[one]) for one in calls), kind="GRPCRoute"),
    )
    answer = ask(compile(shop, CONTOUR), "http://a/shop.Cart/Add", "POST", **{"X-A": "1", "X-B": "1"})
    assert _service(answer) == f"shop/{serves}"


def test_by_the_standard_the_younger_kind_is_refused() -> None:
    assert ask(compile(both("01", "02"), STANDARD), "http://a/shop.Cart/Add", "POST").route == "shop/pages"
    assert ask(compile(both("02", "01"), STANDARD), "http://a/pages").route is None


def test_for_envoy_gateway_a_method_alone_is_what_a_path_ends_in() -> None:
    alone = {"method": {"method": "Add"}}
    shop = cluster(gateway(), route("calls", to("v1", matches=[alone]), to("v3", matches=[ANY_METHOD]), kind="GRPCRoute"))
    told = {profile: [_service(ask(compile(shop, profile), f"http://a{path}")) for path in ("/Add", "/shop.Pay/Add")] for profile in BOTH}
    assert told == {STANDARD: [None, "shop/v3"], ENVOY_GATEWAY: ["shop/v1", "shop/v3"]}


BOTH = (STANDARD, ENVOY_GATEWAY)


def _service(answer: Answer) -> str | None:
    return answer.backends[0].service if answer.backends else None
