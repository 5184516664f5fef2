"""Matches of gRPC calls that Contour does not have."""

from aichaos.predict.routing.profiles.contour import CONTOUR
from aichaos.predict.routing.profiles.standard import STANDARD
from aichaos.predict.routing.status import of_routes
from aichaos.predict.routing.table import compile
from tests.observe.clusters import gateway, route, to
from tests.predict.test_table import ask, cluster

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
