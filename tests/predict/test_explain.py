"""What `route` says beside the answer: refused ports, departures, extensions, hosts that nobody has."""

from aichaos.domain.prediction import Answer, RequestLine
from aichaos.domain.snapshot import Snapshot
from aichaos.predict.routing.request import read
from aichaos.predict.routing.router import Router
from tests.observe.clusters import gateway, route, to
from tests.predict.test_table import EDGE, cluster, path


def explain(snapshot: Snapshot, url: str, implementation: str) -> Answer:
    return Router(snapshot, implementation).explain(read(RequestLine(url=url)), EDGE)


def test_a_refused_port_has_two_answers_until_it_is_known_whether_it_ran_before() -> None:
    bad = {"type": "RequestHeaderModifier", "requestHeaderModifier": {"set": [{"name": "X", "value": "50% off"}]}}
    shop = cluster(
        gateway(),
        route("good", to("v1"), hostnames=["a.example.com"]),
        route("bad", to("v3", filters=[bad]), hostnames=["b.example.com"]),
    )
    answer = explain(shop, "http://a.example.com/", "istio")
    assert answer.outcome == "implementation-specific"
    assert any("one that was running before" in reason and "shop/v1" in reason for reason in answer.why)
    assert any("one that has started since has none: 404" in reason for reason in answer.why)
    assert explain(shop, "http://b.example.com/", "istio").status == 404  # 404 either way: nobody else has that host


def test_a_departure_from_the_standard_is_named_with_its_page() -> None:
    shop = cluster(gateway(), route("web", to("v1", "missing"), hostnames=["a.example.com"]))
    why = explain(shop, "http://a.example.com/", "contour").why
    assert any(reason.startswith("contour/invalid-share-left-out: ") for reason in why)
    assert any("docs/gateways/contour.md#invalid-share-left-out" in reason for reason in why)
    assert not any("contour/" in reason for reason in explain(shop, "http://a.example.com/", "standard").why)


def test_a_filter_that_a_gateway_has_of_its_own_is_no_error_there() -> None:
    ref = {"group": "gateway.envoyproxy.io", "kind": "HTTPRouteFilter", "name": "mine"}
    shop = cluster(gateway(), route("web", to("v1", filters=[{"type": "ExtensionRef", "extensionRef": ref}])))
    known = explain(shop, "http://a.example.com/", "envoy-gateway")
    assert known.outcome == "forward"
    assert "filter HTTPRouteFilter mine is an extension of envoy-gateway: what it does is not foretold" in known.why
    assert explain(shop, "http://a.example.com/", "contour").status == 500


def test_a_host_that_no_route_has_is_said_with_those_that_are_there() -> None:
    shop = cluster(gateway(), route("web", to("v1", matches=path("/shop")), hostnames=["a.example.com"]))
    (nobody, *_) = explain(shop, "http://other.example.com/shop", "istio").why
    assert nobody == "no route at listener shop/edge/http has the host other.example.com; the hosts there are a.example.com"
    (known, *_) = explain(shop, "http://a.example.com/else", "istio").why
    assert known == "routes at listener shop/edge/http have the host a.example.com, and no rule of theirs matches GET /else"


def test_an_expression_that_is_refused_is_told_where_it_stands() -> None:
    broken = route("bad", to("v3", matches=path("/a(", "RegularExpression")), hostnames=["a.example.com"])
    shop = cluster(gateway(), route("good", to("v1"), hostnames=["a.example.com"]), broken)
    told = [reason for reason in explain(shop, "http://a.example.com/", "contour").why if "RE2 refuses" in reason]
    assert told == ["HTTPRoute/shop/bad has a regular expression that RE2 refuses: what stands with it is not served"]
