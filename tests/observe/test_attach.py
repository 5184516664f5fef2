"""Attachment, rule for rule as the Gateway API standard has it."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aichaos.observe.attach import Attachment, hostnames, names_gateway
from aichaos.observe.topology import Topology
from tests.observe.clusters import Manifest, gateway, listener, namespace, route, snapshot_of


def attachments(*objects: Manifest) -> list[Attachment]:
    topology = Topology(snapshot_of(*objects))
    (found,) = topology.attachments.values()
    return found


def taken(*objects: Manifest) -> list[str]:
    """The listeners that take the one route among these objects, or the reason why none does."""
    (only,) = attachments(*objects)
    return [one.name for one in only.listeners] or [only.refused]


def at(**parent: Any) -> Manifest:
    return route(parentRefs=[{"name": "edge"} | parent])


TWO = gateway(listener("http"), listener("alt", port=8080))


def test_a_route_is_attached_to_every_listener_unless_it_names_one() -> None:
    assert taken(TWO, at()) == ["http", "alt"]


def test_a_section_name_chooses_a_listener() -> None:
    assert taken(TWO, at(sectionName="alt")) == ["alt"]


def test_a_port_chooses_a_listener() -> None:
    assert taken(TWO, at(port=8080)) == ["alt"]


def test_section_name_and_port_must_both_fit() -> None:
    assert taken(TWO, at(sectionName="http", port=80)) == ["http"]
    assert taken(TWO, at(sectionName="http", port=8080)) == ["NoMatchingParent"]


@pytest.mark.parametrize("parent", [{"sectionName": "none"}, {"port": 81}])
def test_a_listener_that_is_not_there_is_no_matching_parent(parent: Manifest) -> None:
    assert taken(TWO, at(**parent)) == ["NoMatchingParent"]


def allowing(**allowed: Any) -> Manifest:
    return gateway(listener(allowedRoutes=allowed))


def elsewhere() -> Manifest:
    return route(namespace="other", parentRefs=[{"name": "edge", "namespace": "shop"}])


def test_a_parent_without_a_namespace_is_in_the_routes_own() -> None:
    assert attachments(gateway(), route(namespace="other")) == []


def test_without_a_word_only_routes_of_the_same_namespace_are_allowed() -> None:
    assert taken(gateway(), route()) == ["http"]
    assert taken(gateway(), elsewhere()) == ["NotAllowedByListeners"]


@pytest.mark.parametrize(
    ("allowed", "here", "there"),
    [
        ({"from": "Same"}, True, False),
        ({"from": "All"}, True, True),
        ({"from": "None"}, False, False),
        ({"from": "Selector", "selector": {"matchLabels": {"team": "blue"}}}, False, True),
        ({"from": "Selector", "selector": {"matchLabels": {"kubernetes.io/metadata.name": "other"}}}, False, True),
        ({"from": "Selector", "selector": {"matchExpressions": [{"key": "team", "operator": "DoesNotExist"}]}}, True, False),
        ({"from": "Selector", "selector": {}}, True, True),
        ({"from": "Selector"}, False, False),
        ({}, True, False),
    ],
)
def test_allowed_namespaces(allowed: Manifest, here: bool, there: bool) -> None:
    cluster = (allowing(namespaces=allowed), namespace("shop"), namespace("other", team="blue"))
    assert taken(*cluster, route()) == (["http"] if here else ["NotAllowedByListeners"])
    assert taken(*cluster, elsewhere()) == (["http"] if there else ["NotAllowedByListeners"])


@pytest.mark.parametrize(
    ("protocol", "kinds"),
    [
        ("HTTP", {"HTTPRoute", "GRPCRoute"}),
        ("HTTPS", {"HTTPRoute", "GRPCRoute"}),
        ("TLS", {"TLSRoute", "TCPRoute"}),
        ("TCP", {"TCPRoute"}),
        ("UDP", {"UDPRoute"}),
        ("example.com/bar", set()),
    ],
)
def test_the_protocol_says_which_kinds_a_listener_takes(protocol: str, kinds: set[str]) -> None:
    every = ("HTTPRoute", "GRPCRoute", "TLSRoute", "TCPRoute", "UDPRoute")
    edge = gateway(listener(protocol=protocol))
    assert {kind for kind in every if taken(edge, route(kind=kind)) == ["http"]} == kinds


def test_allowed_kinds_narrow_what_the_protocol_carries() -> None:
    only = allowing(kinds=[{"kind": "GRPCRoute"}])
    assert taken(only, route()) == ["NotAllowedByListeners"]
    assert taken(only, route(kind="GRPCRoute")) == ["http"]


def test_allowed_kinds_do_not_widen_what_the_protocol_carries() -> None:
    assert taken(allowing(kinds=[{"kind": "TCPRoute"}]), route(kind="TCPRoute")) == ["NotAllowedByListeners"]


def test_allowed_kinds_of_another_group_are_not_ours() -> None:
    assert taken(allowing(kinds=[{"kind": "HTTPRoute", "group": "example.com"}]), route()) == ["NotAllowedByListeners"]
    assert taken(allowing(kinds=[{"kind": "HTTPRoute", "group": "gateway.networking.k8s.io"}]), route()) == ["http"]


def test_a_protocol_of_an_implementation_takes_what_it_says() -> None:
    edge = gateway(listener(protocol="example.com/bar", allowedRoutes={"kinds": [{"kind": "HTTPRoute"}]}))
    assert taken(edge, route()) == ["http"]


def test_one_listener_that_takes_the_route_is_enough() -> None:
    edge = gateway(listener("closed", allowedRoutes={"namespaces": {"from": "None"}}), listener("open", port=8080))
    assert taken(edge, route()) == ["open"]


def test_a_route_without_a_common_hostname_is_refused() -> None:
    edge = gateway(listener(hostname="*.example.com"))
    assert taken(edge, route(hostnames=["shop.example.org"])) == ["NoMatchingListenerHostname"]
    assert taken(edge, route(hostnames=["shop.example.org", "shop.example.com"])) == ["http"]


def test_a_route_below_tls_has_no_hostname_that_could_fail() -> None:
    assert taken(gateway(listener(protocol="TCP", hostname="a.example.com")), route(kind="TCPRoute")) == ["http"]


@pytest.mark.parametrize(
    ("parent", "ours"),
    [
        ({}, True),
        ({"kind": "Gateway"}, True),
        ({"kind": "Gateway", "group": "gateway.networking.k8s.io"}, True),
        ({"kind": "Service", "group": ""}, False),
        ({"kind": "Gateway", "group": "networking.istio.io"}, False),
    ],
)
def test_a_parent_is_a_gateway_unless_it_says_otherwise(parent: Manifest, ours: bool) -> None:
    found = snapshot_of(at(**parent)).http_routes[0].spec.parent_refs[0]
    assert names_gateway(found) is ours
    assert len(attachments(gateway(), at(**parent))) == ours


HOSTS = [
    # listener, route, what both have in common
    ("shop.example.com", "shop.example.com", "shop.example.com"),
    ("shop.example.com", "other.example.com", None),
    ("*.example.com", "shop.example.com", "shop.example.com"),
    ("*.example.com", "a.b.example.com", "a.b.example.com"),
    ("*.example.com", "example.com", None),
    ("*.example.com", "badexample.com", None),
    ("*.example.com", "shop.example.com.evil.org", None),
    ("shop.example.com", "*.example.com", "shop.example.com"),
    ("a.b.example.com", "*.example.com", "a.b.example.com"),
    ("example.com", "*.example.com", None),
    ("badexample.com", "*.example.com", None),
    ("*.com", "example.com", "example.com"),
    ("*.com", "com", None),
    ("example.com", "*.com", "example.com"),
    ("*.example.com", "*.example.com", "*.example.com"),
    ("*.com", "*.example.com", "*.example.com"),
    ("*.example.com", "*.com", "*.example.com"),
    ("*.shop.example.com", "*.example.com", "*.shop.example.com"),
    ("*.example.com", "*.example.org", None),
    ("*.example.com", "*.badexample.com", None),
    ("*.Example.COM", "Shop.EXAMPLE.com", "shop.example.com"),
    (None, "Shop.Example.com", "shop.example.com"),
    ("", "shop.example.com", "shop.example.com"),
    (None, "*.example.com", "*.example.com"),
]


@pytest.mark.parametrize(("listening", "routed", "common"), HOSTS)
def test_what_two_hostnames_have_in_common(listening: str | None, routed: str, common: str | None) -> None:
    assert hostnames(listening, [routed]) == ([common] if common else [])


def test_a_route_without_hostnames_has_those_of_the_listener() -> None:
    assert hostnames("Shop.example.com", []) == ["shop.example.com"]
    assert hostnames(None, []) == ["*"]


LABEL = st.sampled_from(["a", "b", "com", "example", "ab"])
NAME = st.lists(LABEL, min_size=1, max_size=4).map(".".join)
HOST = NAME | NAME.map("*.{}".format)


def covers(pattern: str, host: str) -> bool:
    """Whether a request for a host fits a hostname: the standard's sentence, label by label."""
    want, have = pattern.split("."), host.split(".")
    if want[0] != "*":
        return want == have
    return len(have) >= len(want) and have[len(have) - len(want) + 1 :] == want[1:]


@given(HOST, HOST, NAME)
def test_a_host_fits_both_exactly_where_it_fits_what_they_have_in_common(one: str, other: str, host: str) -> None:
    both = hostnames(one, [other])
    assert any(covers(common, host) for common in both) == (covers(one, host) and covers(other, host))


@given(HOST, HOST)
def test_it_does_not_matter_which_of_the_two_is_the_listener(one: str, other: str) -> None:
    assert hostnames(one, [other]) == hostnames(other, [one])
