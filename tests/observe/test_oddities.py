"""What is odd about a cluster: each thing seen where it is, and not seen where it is not."""

import msgspec
import pytest

from aichaos.domain.snapshot import Gap
from aichaos.observe.oddities import Oddity, oddities, rival_routes
from aichaos.observe.topology import Topology
from tests.observe.clusters import (
    Manifest,
    deployment,
    gateway,
    grant,
    listener,
    route,
    service,
    slice_of,
    snapshot_of,
    thing,
    to,
    topology_of,
)

BUDGET = thing("PodDisruptionBudget", "web", {"selector": {"matchLabels": {"app": "web"}}, "minAvailable": 1}, version="policy/v1")
SOUND = (gateway(), route(), service(), deployment(), BUDGET)


def odd(*objects: Manifest) -> list[Oddity]:
    return oddities(topology_of(*objects))


def rules(*objects: Manifest) -> list[str]:
    return [one.rule for one in odd(*objects)]


def without(name: str) -> list[Manifest]:
    return [one for one in SOUND if one["kind"] != name]


def test_nothing_is_odd_about_a_sound_cluster() -> None:
    assert odd(*SOUND) == []


def test_a_route_at_a_gateway_that_is_not_there() -> None:
    (only,) = odd(*without("Gateway"))
    assert (only.rule, str(only.object), only.message) == ("route/no-gateway", "HTTPRoute/shop/web", "its Gateway shop/edge does not exist")


@pytest.mark.parametrize("parent", [{"kind": "Service", "group": ""}, {"kind": "Gateway", "group": "networking.istio.io"}])
def test_a_parent_that_is_no_gateway_of_this_api_is_not_missed(parent: Manifest) -> None:
    assert rules(*without("Gateway")[1:], route(parentRefs=[{"name": "mesh"} | parent])) == []


def test_a_route_that_no_listener_takes() -> None:
    (only,) = odd(*without("HTTPRoute"), route(parentRefs=[{"name": "edge", "sectionName": "none"}]))
    assert (only.rule, only.message) == ("route/not-attached", "no listener of shop/edge takes it (NoMatchingParent)")


def test_a_backend_that_is_not_there() -> None:
    found = odd(*without("Service"))
    assert [one.rule for one in found] == ["route/backend-not-found"]
    assert "shop/web" in found[0].message


def test_a_backend_that_is_no_service() -> None:
    bucket = {"backendRefs": [{"name": "web", "kind": "Bucket", "group": "example.com"}]}
    assert rules(*without("HTTPRoute"), route("web", bucket)) == ["route/backend-kind"]


def test_a_backend_over_there_without_a_grant() -> None:
    far = {"backendRefs": [{"name": "far", "namespace": "other", "port": 8080}]}
    there = (service("far", namespace="other"), slice_of("far", True, namespace="other"))
    cluster = [*without("HTTPRoute"), slice_of("web", True), route("web", far), *there]
    assert rules(*cluster) == ["route/no-reference-grant"]
    assert rules(*cluster, grant("other")) == []


def test_a_problem_of_several_rules_is_said_once() -> None:
    assert rules(*without("Service")[:-1], route("web", to("none"), to("none"))) == ["route/backend-not-found"]


def test_a_service_without_a_ready_endpoint() -> None:
    (only,) = [one for one in odd(*SOUND, slice_of("web", False)) if one.rule.startswith("service/")]
    assert (only.rule, str(only.object)) == ("service/no-ready-endpoints", "Service/shop/web")


def test_a_service_that_is_a_name_in_the_dns_has_no_endpoints_to_miss() -> None:
    outside = thing("Service", "web", {"type": "ExternalName", "externalName": "example.com", "ports": [{"port": 8080}]})
    assert rules(gateway(), route(), outside) == []


def test_endpoints_that_could_not_be_read_are_not_missed() -> None:
    seen = snapshot_of(gateway(), route(), service())
    assert [one.rule for one in oddities(Topology(seen))] == ["service/no-ready-endpoints"]
    unread = msgspec.structs.replace(seen, gaps=(Gap(kind="EndpointSlice", reason="forbidden"),))
    assert oddities(Topology(unread)) == []


def test_a_single_replica_behind_a_route() -> None:
    (only,) = odd(*without("Deployment"), deployment(replicas=1))
    assert (only.rule, str(only.object)) == ("workload/single-replica", "Deployment/shop/web")


def test_a_single_replica_behind_no_route_is_nobodys_concern() -> None:
    assert rules(*SOUND, deployment("alone", 1)) == []


def test_a_workload_that_nothing_protects_from_eviction() -> None:
    (only,) = odd(*without("PodDisruptionBudget"))
    assert (only.rule, str(only.object)) == ("workload/no-disruption-budget", "Deployment/shop/web")


@pytest.mark.parametrize("budget", [{"selector": {"matchLabels": {"app": "other"}}}, {}])
def test_a_budget_for_other_pods_protects_nothing(budget: Manifest) -> None:
    other = thing("PodDisruptionBudget", "web", budget, version="policy/v1")
    assert rules(*without("PodDisruptionBudget"), other) == ["workload/no-disruption-budget"]


def test_a_budget_of_another_namespace_protects_nothing() -> None:
    other = thing("PodDisruptionBudget", "web", {"selector": {}}, version="policy/v1", namespace="other")
    assert rules(*without("PodDisruptionBudget"), other) == ["workload/no-disruption-budget"]


# rivals -------------------------------------------------------------------------------------------------------------------------

OLD, YOUNG = "2024-11-12T14:00:00Z", "2024-11-12T14:00:01Z"


def rivals(*objects: Manifest) -> list[list[str]]:
    """The names of each group of rivals, the oldest first."""
    cluster = objects if any(one["kind"] == "Gateway" for one in objects) else (gateway(), *objects)
    return [[one.name for one in group] for group in rival_routes(topology_of(*cluster))]


def when(*matches: Manifest, name: str = "b", created: str = YOUNG) -> Manifest:
    return route(name, to("web", matches=list(matches)), creationTimestamp=created)


def test_the_oldest_of_rivals_comes_first() -> None:
    assert rivals(route("a", creationTimestamp=YOUNG), route("z", creationTimestamp=OLD)) == [["z", "a"]]


def test_within_one_second_the_name_decides() -> None:
    assert rivals(route("z", creationTimestamp=OLD), route("a", creationTimestamp=OLD)) == [["a", "z"]]


def test_a_route_without_a_date_is_the_youngest() -> None:
    assert rivals(route("a"), route("z", creationTimestamp=YOUNG)) == [["z", "a"]]


def test_the_younger_rival_is_the_odd_one() -> None:
    found = [one for one in odd(*SOUND, route("late", creationTimestamp=YOUNG)) if one.rule == "route/rival"]
    assert [(str(one.object), one.message) for one in found] == [
        ("HTTPRoute/shop/web", "it matches the same requests as HTTPRoute/shop/late, which is older")
    ]


SAME: list[tuple[Manifest, Manifest]] = [
    ({}, {"path": {"type": "PathPrefix", "value": "/"}}),
    ({"path": {"value": "/"}}, {"path": {"type": "PathPrefix"}}),
    ({"path": {"value": "/shop"}}, {"path": {"value": "/shop/"}}),
    ({"headers": [{"name": "X-Team", "value": "a"}]}, {"headers": [{"name": "x-team", "value": "a", "type": "Exact"}]}),
    (
        {"headers": [{"name": "a", "value": "1"}, {"name": "b", "value": "2"}]},
        {"headers": [{"name": "b", "value": "2"}, {"name": "a", "value": "1"}]},
    ),
    ({"headers": [{"name": "a", "value": "1"}]}, {"headers": [{"name": "a", "value": "1"}, {"name": "A", "value": "2"}]}),
    ({"queryParams": [{"name": "v", "value": "1"}]}, {"queryParams": [{"name": "v", "value": "1", "type": "Exact"}]}),
]


@pytest.mark.parametrize(("one", "other"), SAME)
def test_the_same_requests_in_another_spelling_are_the_same_requests(one: Manifest, other: Manifest) -> None:
    assert rivals(when(one, name="a", created=OLD), when(other)) == [["a", "b"]]


def test_a_rule_without_matches_takes_every_path() -> None:
    assert rivals(route("a", to("web"), creationTimestamp=OLD), when({"path": {"value": "/"}})) == [["a", "b"]]


DIFFERENT: list[tuple[Manifest, Manifest]] = [
    ({"path": {"value": "/a"}}, {"path": {"value": "/b"}}),
    ({"path": {"value": "/a"}}, {"path": {"type": "Exact", "value": "/a"}}),
    ({"path": {"type": "Exact", "value": "/a"}}, {"path": {"type": "Exact", "value": "/a/"}}),
    ({"path": {"value": "/a"}}, {"path": {"value": "/A"}}),
    ({}, {"method": "GET"}),
    ({"headers": [{"name": "a", "value": "1"}]}, {"headers": [{"name": "a", "value": "2"}]}),
    ({"headers": [{"name": "a", "value": "1"}]}, {"headers": [{"name": "a", "value": "1", "type": "RegularExpression"}]}),
    ({"queryParams": [{"name": "v", "value": "1"}]}, {"queryParams": [{"name": "V", "value": "1"}]}),
    ({"queryParams": [{"name": "a", "value": "1"}]}, {"headers": [{"name": "a", "value": "1"}]}),
]


@pytest.mark.parametrize(("one", "other"), DIFFERENT)
def test_other_requests_are_no_rivals(one: Manifest, other: Manifest) -> None:
    assert rivals(when(one, name="a"), when(other)) == []


def test_routes_for_different_hosts_are_no_rivals() -> None:
    assert rivals(route("a", hostnames=["a.example.com"]), route("b", hostnames=["b.example.com"])) == []


def test_hosts_do_not_differ_by_case() -> None:
    assert rivals(route("a", hostnames=["A.example.com"]), route("b", hostnames=["a.EXAMPLE.com"])) == [["a", "b"]]


def test_routes_at_different_gateways_are_no_rivals() -> None:
    there = route("b", parentRefs=[{"name": "other"}])
    assert rivals(gateway(), gateway(name="other"), route("a"), there) == []


def test_a_redirect_on_one_port_is_no_rival_of_the_route_on_the_other() -> None:
    edge = gateway(listener("http"), listener("https", protocol="HTTPS", port=443))
    redirect = route("a", {"filters": [{"type": "RequestRedirect"}]}, parentRefs=[{"name": "edge", "sectionName": "http"}])
    served = route("b", parentRefs=[{"name": "edge", "sectionName": "https"}])
    assert rivals(edge, redirect, served) == []


def test_rivals_for_several_requests_are_named_once() -> None:
    both = [to("web", matches=[{"path": {"value": "/a"}}]), to("web", matches=[{"path": {"value": "/b"}}])]
    found = odd(*SOUND[:1], *SOUND[2:], route("a", *both), route("b", *both), route("c", both[0]))
    assert [str(one.object) for one in found if one.rule == "route/rival"] == ["HTTPRoute/shop/b", "HTTPRoute/shop/c"]
