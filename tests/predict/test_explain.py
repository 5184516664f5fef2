"""What `route` says beside the answer: refused ports, departures, extensions, hosts that nobody has."""

from aichaos.domain.prediction import Answer, RequestLine
from aichaos.domain.snapshot import Snapshot
from aichaos.predict.routing.request import read
from aichaos.predict.routing.router import Router
from tests.observe.clusters import gateway, listener, route, service, slice_of, to
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
    passed = explain(shop, "http://a.example.com/", "contour")
    assert passed.outcome == "forward"
    assert "filter gateway.envoyproxy.io/HTTPRouteFilter mine is none that contour is known to have: it is passed over" in passed.why
    nothing = explain(shop, "http://a.example.com/", "istio")
    assert nothing.status == 404
    assert any(reason.endswith("nothing of the route is served") for reason in nothing.why)


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


def test_a_connection_that_is_passed_on_names_its_route_and_the_younger_rivals() -> None:
    older, younger = (
        route(name, to("v1"), kind="TCPRoute", creationTimestamp=f"2026-01-0{day}T00:00:00Z") for name, day in (("b", 1), ("a", 2))
    )
    shop = cluster(gateway(listener("db", port=9000, protocol="TCP")), older, younger)
    assert explain(shop, "http://any:9000/", "standard").why == (
        "listener shop/edge/db passes connections on and looks at no request: TCPRoute/shop/b carries it",
        "TCPRoute/shop/a would carry it too and loses: of several routes the oldest serves",
    )
    named, wide = (
        route(name, to("v1"), kind="TLSRoute", hostnames=[host]) for name, host in (("named", "a.example.com"), ("wide", "*.example.com"))
    )
    passing = gateway(listener("tls", port=443, protocol="TLS", tls={"mode": "Passthrough"}))
    assert explain(cluster(passing, named, wide), "https://a.example.com/", "standard").why == (
        "listener shop/edge/tls passes connections on and looks at no request: TLSRoute/shop/named carries it",
        "TLSRoute/shop/wide would carry it too and loses: its hostname is less specific",
    )
    lost = explain(cluster(passing, route("named", to("nowhere"), kind="TLSRoute")), "https://a.example.com/", "standard")
    assert "backend shop/nowhere does not exist, or not on that port: its share is not connected" in lost.why


def test_what_is_wrong_with_a_backend_is_said_in_whole_sentences() -> None:
    elsewhere = to("v1")
    elsewhere["backendRefs"][0]["namespace"] = "other"
    why = explain(cluster(gateway(), route("web", elsewhere)), "http://a/", "standard").why
    assert "no ReferenceGrant in its namespace permits the reference to other/v1: its share is answered with 500" in why
    redirect = {"type": "RequestRedirect", "requestRedirect": {"hostname": "b.example.com"}}
    away = explain(cluster(gateway(), route("web", {"filters": [redirect]})), "http://a/", "standard")
    assert not any("names no backend" in reason for reason in away.why)
    nothing = explain(cluster(gateway(), route("web", {"matches": [{"path": {"value": "/"}}]})), "http://a/", "standard")
    assert "the rule names no backend" in nothing.why


def test_a_backend_of_another_protocol_is_invalid_for_contour_alone() -> None:
    spoken = [{"port": 8080, "targetPort": 3000, "appProtocol": "grpc"}]
    shop = cluster(gateway(), route("web", to("odd")), service("odd", ports=spoken), slice_of("odd", True))
    assert explain(shop, "http://a/", "standard").outcome == "forward"
    refused = explain(shop, "http://a/", "contour")
    assert refused.status == 500
    assert "HTTPRoute/shop/web has to say ResolvedRefs=False (UnsupportedProtocol)" in refused.why
    assert "backend shop/odd has an appProtocol on that port that this gateway does not know: its share is answered with 500" in refused.why


def test_names_outside_and_ports_of_udp_are_no_backends() -> None:
    outside = service("away", type="ExternalName", externalName="other.example.com")
    datagrams = service("dns", ports=[{"port": 8080, "protocol": "UDP"}])
    shop = cluster(gateway(), route("web", to("away")), route("dns", to("dns", matches=path("/dns"))), outside, datagrams)
    for implementation in ("standard", "contour", "istio", "envoy-gateway"):
        assert [explain(shop, url, implementation).status for url in ("http://a/", "http://a/dns")] == [500, 500]
    assert "backend shop/away is an ExternalName: its share is answered with 500" in explain(shop, "http://a/", "contour").why


def test_contour_mirrors_whatever_share_is_named() -> None:
    copy = {"type": "RequestMirror", "requestMirror": {"backendRef": {"name": "v3", "port": 8080}, "percent": 10}}
    shop = cluster(gateway(), route("web", to("v1", filters=[copy])))
    assert "a copy of 10 % of such requests goes to shop/v3, whose answer nobody sees" in explain(shop, "http://a/", "istio").why
    assert "a copy goes to shop/v3, whose answer nobody sees" in explain(shop, "http://a/", "contour").why


def test_a_share_that_is_left_out_is_not_said_to_be_an_error() -> None:
    shop = cluster(gateway(), route("web", to("v1", "nowhere")))
    what = "backend shop/nowhere does not exist, or not on that port: its share is "
    assert what + "left out, the others take it" in explain(shop, "http://a/", "contour").why
    assert what + "answered with 500" in explain(shop, "http://a/", "istio").why


def test_a_request_that_is_refused_before_any_routing_is_not_explained_by_routes() -> None:
    (reason, *_) = explain(cluster(gateway(), route()), "http://a/é", "istio").why
    assert reason == "Envoy refuses it before any routing: a method in lower case, or # or letters beyond ASCII in its target"


def test_for_istio_any_call_comes_after_every_path() -> None:
    pages = route("pages", to("web", matches=[{"path": {"type": "RegularExpression", "value": "/shop.*"}}]))
    told = explain(cluster(gateway(), pages, route("calls", to("v1"), kind="GRPCRoute")), "http://a/shop.Cart/Add", "istio").why
    assert told[0] == "shop/pages rules[0].matches[0] takes it: any host, path expression /shop.*"
    assert told[1].endswith("takes it too and loses: what asks for a path comes before a match of any call")


def test_the_same_error_of_the_same_rule_is_no_departure() -> None:
    shop = cluster(gateway(), route("lost", to("nowhere")))
    assert not [one for one in explain(shop, "http://a/", "contour").why if "standard says otherwise" in one]
