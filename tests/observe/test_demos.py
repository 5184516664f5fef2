"""The four bundled clusters are those that the documents ask for, and every one of them is read whole."""

import pytest

from aichaos.observe.oddities import oddities
from tests.observe.clusters import DEMOS, demo, snapshot_of


@pytest.mark.parametrize("name", DEMOS)
def test_a_demo_is_read_without_a_gap(name: str) -> None:
    assert demo(name).snapshot.gaps == ()


@pytest.mark.parametrize("name", DEMOS)
def test_a_demo_has_pods_for_every_workload(name: str) -> None:
    topology = demo(name)
    for workload in topology.workloads.values():
        wanted = len(topology.nodes) if type(workload).__name__ == "DaemonSet" else workload.replicas
        assert len(topology.pods_of(workload)) == wanted, workload.name


@pytest.mark.parametrize("name", DEMOS)
def test_every_route_of_a_demo_serves(name: str) -> None:
    topology = demo(name)
    for route in topology.snapshot.routes():
        assert topology.attached(route)
        for backend in topology.backends_of(route):
            assert backend.problem == ""
            assert backend.service is not None
            assert topology.ready_endpoints(backend.service) > 0


@pytest.mark.parametrize("name", DEMOS)
def test_the_endpoints_of_a_demo_are_the_pods_that_its_services_select(name: str) -> None:
    topology = demo(name)
    for service in topology.snapshot.services:
        behind = {end.target_ref.name for end in topology.endpoints(service) if end.target_ref is not None}
        assert behind == {pod.name for pod in topology.service_pods(service)}, service.name


def test_route_chaos_has_the_route_of_the_talk() -> None:
    topology = demo("route-chaos")
    (route,) = topology.snapshot.http_routes
    assert (route.namespace, route.name, route.spec.hostnames) == ("route-chaos", "my-route", ("lior.example.com",))
    paths = [match.path.value for rule in route.spec.rules or () for match in rule.matches or () if match.path]
    assert paths == ["/", "/shop"]
    assert {(backend.key, backend.ref.port) for backend in topology.backends_of(route)} == {(("route-chaos", "infra-backend-v1"), 8080)}
    assert topology.services["route-chaos", "infra-backend-v1"].spec.ports[0].target_port == 3000


def test_service_a_has_500_endpoints_behind_three_ports() -> None:
    topology = demo("service-a")
    service = topology.services["service-a-namespace", "service-a"]
    assert [port.port for port in service.spec.ports] == [8080, 8081, 8082]
    assert topology.ready_endpoints(service) == len(topology.pods_of_namespace["service-a-namespace"]) == 500


def test_service_a_has_litmus_and_its_service_account() -> None:
    topology = demo("service-a")
    assert [engine.name for engine in topology.snapshot.engines] == ["litmus"]
    accounts = {(account.namespace, account.name) for account in topology.snapshot.service_accounts}
    assert ("service-a-namespace", "litmus-admin") in accounts
    assert ("service-a-namespace", "pod-network-latency") in {(one.namespace, one.name) for one in topology.snapshot.chaos_experiments}


def test_ml_services_has_the_prediction_service_and_chaos_mesh() -> None:
    topology = demo("ml-services")
    assert [engine.name for engine in topology.snapshot.engines] == ["chaos-mesh"]
    assert topology.ready_endpoints(topology.services["ml-services", "ml-prediction-service"]) == 10
    assert topology.ready_endpoints(topology.services["ml-services", "feature-store"]) == 3
    assert len(topology.snapshot.network_policies) == 7
    assert "chaos-testing" in topology.namespaces


def test_production_spans_two_regions() -> None:
    topology = demo("production")
    assert {node.region for node in topology.nodes.values()} == {"us-east-1", "us-west-2"}
    assert len(topology.snapshot.destination_rules) == 4
    assert len(topology.snapshot.virtual_services) == 2
    assert topology.exists(next(ref for ref in topology.snapshot.others if ref.kind == "BucketReplicationConfiguration"))


def test_the_weak_spot_of_production_is_seen() -> None:
    single = [str(odd.object) for odd in oddities(demo("production")) if odd.rule == "workload/single-replica"]
    assert single == ["Deployment/production/vllm-service-v2"]


def test_a_cluster_of_nothing_is_a_snapshot_of_nothing() -> None:
    assert snapshot_of().counts() == {}
