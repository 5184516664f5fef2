"""Requests that a route would answer."""

from typing import Any

import pytest

from aichaos.library.urls import Target, probes, targets
from tests.observe.clusters import Manifest, gateway, listener, route, service, to, topology_of


def requests(*rules: Manifest, edge: Manifest | None = None, **fields: Any) -> list[Target]:
    topology = topology_of(edge or gateway(), service(), route("web", *rules, **fields))
    return targets(topology, topology.snapshot.http_routes[0])


def urls(*rules: Manifest, edge: Manifest | None = None, **fields: Any) -> list[str]:
    return [f"{one.method} {one.url}" for one in requests(*rules, edge=edge, **({"hostnames": ["shop.example.com"]} | fields))]


def when(*matches: Manifest, service: str = "web") -> Manifest:
    return to(service, matches=list(matches))


def path(value: str, kind: str = "PathPrefix") -> Manifest:
    return {"path": {"type": kind, "value": value}}


def test_one_request_for_each_match() -> None:
    assert urls(when(path("/a"), path("/b", "Exact")), when(path("/c"))) == [
        "GET http://shop.example.com/a",
        "GET http://shop.example.com/b",
        "GET http://shop.example.com/c",
    ]


def test_a_rule_without_matches_answers_at_the_root() -> None:
    assert urls(to("web")) == urls(when()) == urls(when({})) == ["GET http://shop.example.com/"]


def test_a_method_is_asked_for() -> None:
    assert urls(when({"method": "POST"} | path("/buy"))) == ["POST http://shop.example.com/buy"]


def test_a_query_is_asked_for_and_written_as_an_url_is() -> None:
    match = {"queryParams": [{"name": "q", "value": "a b&c#d"}, {"name": "page", "value": "1"}, {"name": "q", "value": "second"}]}
    assert urls(when(match)) == ["GET http://shop.example.com/?q=a%20b%26c%23d&page=1"]


def test_headers_are_asked_for_each_name_once() -> None:
    match = {"headers": [{"name": "Version", "value": "2"}, {"name": "team", "value": "blue"}, {"name": "version", "value": "3"}]}
    assert requests(when(match))[0].headers == {"Version": "2", "team": "blue"}


@pytest.mark.parametrize(
    "match",
    [
        path("/v[0-9]+", "RegularExpression"),
        {"headers": [{"type": "RegularExpression", "name": "a", "value": ".*"}]},
        {"queryParams": [{"type": "RegularExpression", "name": "a", "value": ".*"}]},
    ],
)
def test_a_regular_expression_is_left_out_and_the_rest_stays(match: Manifest) -> None:
    assert urls(when(match), when(path("/plain"))) == ["GET http://shop.example.com/plain"]


def backends(*rules: Manifest) -> list[tuple[str, str | None]]:
    return [(one.path, one.backend and one.backend[1]) for one in requests(*rules)]


def test_the_backend_is_named_where_there_is_one() -> None:
    assert backends(to("web")) == [("/", "web")]


def test_a_backend_without_weight_gets_nothing() -> None:
    weighted = {"backendRefs": [{"name": "web", "port": 1, "weight": 0}, {"name": "other", "port": 1}]}
    assert backends(weighted) == [("/", "other")]


def test_of_several_backends_none_is_named() -> None:
    assert backends(to("web", "other")) == [("/", None)]


def test_a_rule_that_sends_nowhere_is_no_request() -> None:
    redirect: Manifest = {"matches": [path("/old")], "filters": [{"type": "RequestRedirect", "requestRedirect": {"scheme": "https"}}]}
    assert backends(redirect, {"backendRefs": [{"name": "web", "port": 1, "weight": 0}], "matches": [path("/zero")]}) == []


def test_requests_that_differ_by_a_header_alone_are_two() -> None:
    header = {"headers": [{"name": "version", "value": "2"}]}
    assert backends(when(header, service="v2"), when(service="v1")) == [("/", "v2"), ("/", "v1")]


def test_of_equal_requests_the_first_rule_answers() -> None:
    assert backends(when(path("/a"), service="first"), when(path("/a"), service="second")) == [("/a", "first")]


def test_an_exact_path_answers_before_a_prefix() -> None:
    assert backends(when(path("/a"), service="prefix"), when(path("/a", "Exact"), service="exact")) == [("/a", "exact")]


def test_a_named_method_answers_before_any_method() -> None:
    assert backends(when(path("/"), service="any"), when({"method": "GET"}, service="get")) == [("/", "get")]


@pytest.mark.parametrize(
    ("protocol", "port", "start"),
    [
        ("HTTP", 80, "http://shop.example.com/"),
        ("HTTP", 8080, "http://shop.example.com:8080/"),
        ("HTTPS", 443, "https://shop.example.com/"),
        ("HTTPS", 8443, "https://shop.example.com:8443/"),
        ("HTTP", 443, "http://shop.example.com:443/"),
        ("HTTPS", 80, "https://shop.example.com:80/"),
    ],
)
def test_the_port_is_the_listeners(protocol: str, port: int, start: str) -> None:
    edge = gateway(listener(protocol=protocol, port=port))
    assert urls(to("web"), edge=edge) == [f"GET {start}"]


@pytest.mark.parametrize(
    ("listening", "routed", "host"),
    [
        ("*.example.com", [], "any.example.com"),
        (None, ["*.shop.example.com"], "any.shop.example.com"),
        ("*.example.com", ["shop.example.com"], "shop.example.com"),
        ("shop.example.com", ["*.example.com"], "shop.example.com"),
        (None, [], "any.example.com"),
        (None, ["a.example.com", "b.example.com"], "a.example.com"),
    ],
)
def test_a_wildcard_becomes_a_host_that_it_covers(listening: str | None, routed: list[str], host: str) -> None:
    edge = gateway(listener(**({"hostname": listening} if listening else {})))
    (target,) = requests(to("web"), edge=edge, hostnames=routed)
    assert (target.host, target.url) == (host, f"http://{host}/")


def test_a_route_that_nothing_takes_answers_nothing() -> None:
    assert requests(to("web"), parentRefs=[{"name": "nobody"}]) == []


def test_probes_are_at_most_three_and_each_has_its_own_name() -> None:
    rules = [when(path(f"/{number}")) for number in range(9)]
    assert [one["http"]["url"].rpartition("/")[2] for one in probes(requests(*rules))] == ["0", "4", "8"]
    alike = requests(when({"headers": [{"name": "version", "value": "2"}]}), when({"method": "POST"}), when())
    assert len({one["name"] for one in probes(alike)}) == 3


def test_a_probe_asks_what_the_match_wants() -> None:
    (probe,) = probes(requests(when({"method": "POST", "headers": [{"name": "version", "value": "2"}]})), tolerance={"success": ">= 99%"})
    assert probe["http"] == {
        "url": "http://any.example.com/",
        "via": "gateway/shop/edge",
        "method": "POST",
        "headers": {"version": "2"},
        "expect": {"status": "200", "backend": "shop/web"},
    }
    assert probe["tolerance"] == {"success": ">= 99%"}
