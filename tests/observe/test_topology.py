"""Threads through a cluster: from a route to what answers, from a pod to what keeps it alive."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aichaos.domain.base import ObjectRef, reference
from aichaos.domain.network import Service
from aichaos.domain.workloads import Pod
from aichaos.observe.topology import Topology
from tests.observe.clusters import (
    PATIENT,
    SHOP,
    Manifest,
    demo_objects,
    deployment,
    gateway,
    gateway_pod,
    grant,
    pod,
    route,
    service,
    slice_of,
    snapshot_of,
    thing,
    to,
    topology_of,
)


def seen(*objects: Manifest) -> Topology:
    return Topology(snapshot_of(*objects))


def the_pod(topology: Topology, name: str) -> Pod:
    return next(one for one in topology.snapshot.pods if one.name == name)


def the_service(topology: Topology, name: str, namespace: str = "shop") -> Service:
    return topology.services[namespace, name]


def test_a_pod_belongs_to_the_deployment_of_its_replica_set() -> None:
    topology = seen(deployment("web-v1"), pod("web-v1-5d9c-x", owner="ReplicaSet/web-v1-5d9c"))
    workload = topology.workload_of(topology.snapshot.pods[0])
    assert workload is not None
    assert reference(workload) == ObjectRef("Deployment", "web-v1", "shop")
    assert [one.name for one in topology.pods_of(workload)] == ["web-v1-5d9c-x"]


@pytest.mark.parametrize("kind", ["StatefulSet", "DaemonSet"])
def test_a_pod_belongs_to_the_workload_that_owns_it(kind: str) -> None:
    topology = seen(thing(kind, "db", {}, version="apps/v1"), pod("db-0", owner=f"{kind}/db"))
    workload = topology.workload_of(topology.snapshot.pods[0])
    assert workload is not None
    assert reference(workload) == ObjectRef(kind, "db", "shop")


@pytest.mark.parametrize("owner", ["Job/web-1", "ReplicaSet/other-5d9c", "Node/web"])
def test_a_pod_that_nothing_here_keeps_alive_belongs_to_nothing(owner: str) -> None:
    topology = seen(deployment("web"), pod("web-1-x", {"app": "web"}, owner=owner))
    assert topology.workload_of(topology.snapshot.pods[0]) is None


def test_a_pod_without_an_owner_belongs_to_the_workload_that_would_adopt_it() -> None:
    topology = seen(deployment("web"), pod("web-1-x", {"app": "web"}, owner=""), pod("other", {"app": "other"}, owner=""))
    owners = {one.name: topology.workload_of(one) for one in topology.snapshot.pods}
    assert owners["other"] is None
    assert owners["web-1-x"] is not None


def test_a_workload_of_another_namespace_is_not_meant() -> None:
    topology = seen(deployment("web", namespace="other"), pod("web-1-x", owner="ReplicaSet/web-1"))
    assert topology.workload_of(topology.snapshot.pods[0]) is None


def test_a_service_takes_the_pods_with_all_of_its_labels_in_its_namespace() -> None:
    topology = seen(
        service(selector={"app": "web", "tier": "front"}),
        pod("both", {"app": "web", "tier": "front", "more": "x"}),
        pod("one", {"app": "web"}),
        pod("far", {"app": "web", "tier": "front"}, namespace="other"),
    )
    assert [one.name for one in topology.service_pods(the_service(topology, "web"))] == ["both"]


def test_a_service_without_a_selector_takes_no_pod() -> None:
    topology = seen(service(selector={}), thing("Service", "bare", {"ports": []}), pod("a", {"app": "web"}))
    assert [topology.service_pods(one) for one in topology.snapshot.services] == [[], []]


def test_a_finished_pod_is_taken_by_nothing() -> None:
    done = pod("a", {"app": "web"}) | {"status": {"phase": "Succeeded"}}
    topology = seen(service(), done)
    assert topology.service_pods(the_service(topology, "web")) == []


def test_the_services_of_pods_are_looked_for_in_the_pods_own_namespaces() -> None:
    topology = seen(service("web"), service("web", namespace="other"), pod("a", {"app": "web"}), pod("b", {"app": "x"}, namespace="other"))
    assert [one.namespace for one in topology.services_of_pods(topology.snapshot.pods)] == ["shop"]


def test_an_endpoint_that_says_nothing_is_ready() -> None:
    topology = seen(service(), slice_of("web", True, False, None))
    assert topology.ready_endpoints(the_service(topology, "web")) == 2
    assert len(topology.endpoints(the_service(topology, "web"))) == 3


def test_endpoints_of_a_namesake_elsewhere_do_not_count() -> None:
    topology = seen(service(), slice_of("web", True, namespace="other"))
    assert topology.ready_endpoints(the_service(topology, "web")) == 0


def test_the_zone_of_a_pod_is_that_of_its_node() -> None:
    node = {"apiVersion": "v1", "kind": "Node", "metadata": {"name": "n1", "labels": {"topology.kubernetes.io/zone": "eu-1a"}}}
    topology = seen(node, pod("here", nodeName="n1"), pod("lost", nodeName="n2"), pod("waiting"))
    zones = {one.name: topology.zone_of(one) for one in topology.snapshot.pods}
    assert zones == {"here": "eu-1a", "lost": "", "waiting": ""}


def carrier(**labels: str) -> Manifest:
    keys = {"name": "gateway.envoyproxy.io/owning-gateway-name", "namespace": "gateway.envoyproxy.io/owning-gateway-namespace"}
    return pod("envoy-0", {keys[key]: value for key, value in labels.items()}, namespace="envoy-gateway-system")


def test_the_pods_of_a_gateway_are_known_by_its_name_on_them() -> None:
    topology = seen(gateway(), gateway_pod(), gateway_pod("other-0", gateway="other"), gateway_pod("far-0", namespace="far"))
    assert [one.name for one in topology.gateway_pods(topology.gateways["shop", "edge"])] == ["edge-0"]
    assert topology.carriers == {("shop", "edge-0")}


def test_the_pods_of_a_gateway_may_be_in_the_namespace_of_its_controller() -> None:
    topology = seen(gateway(), carrier(name="edge", namespace="shop"))
    assert [one.name for one in topology.gateway_pods(topology.gateways["shop", "edge"])] == ["envoy-0"]


def test_a_service_that_leads_to_a_gateways_pods_only_carries() -> None:
    selector = {"gateway.networking.k8s.io/gateway-name": "edge"}
    topology = seen(gateway(), gateway_pod(), service("edge", selector=selector), service("web"), pod("a", {"app": "web"}))
    assert {name: topology.carries(one) for (_, name), one in topology.services.items()} == {"edge": True, "web": False}


def test_workloads_of_a_service_are_found_without_a_pod() -> None:
    topology = seen(service(), deployment(replicas=0), deployment("other"))
    assert [one.name for one in topology.service_workloads(the_service(topology, "web"))] == ["web"]


def problem(*objects: Manifest) -> str:
    topology = seen(*objects)
    (backend,) = topology.backends_of(topology.snapshot.http_routes[0])
    return backend.problem


def far(**ref: Any) -> Manifest:
    return route("web", {"backendRefs": [{"name": "far", "namespace": "other", "port": 8080} | ref]})


FAR = service("far", namespace="other")


def test_a_backend_that_is_there_has_no_problem() -> None:
    assert problem(route(), service()) == ""


@pytest.mark.parametrize("other", [service("else"), service("web", ports=[{"port": 80}]), service("web", namespace="other")])
def test_a_backend_that_is_not_there_or_not_on_that_port_is_not_found(other: Manifest) -> None:
    assert problem(route(), other) == "BackendNotFound"


@pytest.mark.parametrize("ref", [{"kind": "ServiceImport"}, {"group": "multicluster.x-k8s.io"}])
def test_a_backend_of_another_kind_is_no_service(ref: dict[str, str]) -> None:
    assert problem(route("web", {"backendRefs": [{"name": "web", "port": 8080} | ref]}), service()) == "InvalidKind"


def test_a_backend_in_another_namespace_needs_a_grant_there() -> None:
    assert problem(far(), FAR) == "RefNotPermitted"
    assert problem(far(), FAR, grant("other")) == ""
    assert problem(far(), FAR, grant("other", name="far")) == ""


@pytest.mark.parametrize(
    "given_",
    [
        grant("shop"),
        grant("other", kind="GRPCRoute"),
        grant("other", from_namespace="elsewhere"),
        grant("other", name="another"),
        grant("other", kind="HTTPRoute", group="example.com"),
    ],
)
def test_a_grant_that_says_something_else_grants_nothing(given_: Manifest) -> None:
    assert problem(far(), FAR, given_) == "RefNotPermitted"


def test_a_missing_grant_is_said_before_a_missing_service() -> None:
    assert problem(far()) == "RefNotPermitted"


def test_the_routes_of_a_service_are_listed_once_each() -> None:
    topology = seen(service(), route("a", to("web"), to("web")), route("b"), route("c", to("other")))
    assert [one.name for one in topology.routes_of_service["shop", "web"]] == ["a", "b"]


def test_a_namespace_that_is_only_seen_through_its_objects_is_there_too() -> None:
    topology = seen(pod("a"))
    assert topology.namespaces == {"shop": {}}
    assert topology.namespace_labels("shop") == {"kubernetes.io/metadata.name": "shop"}


def test_objects_of_every_kind_exist_by_reference() -> None:
    topology = topology_of(*SHOP, thing("Secret", "login"), thing("ReplicaSet", "web-1", version="apps/v1"))
    for text in ("Gateway/shop/edge", "HTTPRoute/shop/web", "Pod/shop/web-0", "Secret/shop/login", "ReplicaSet/shop/web-1"):
        kind, namespace, name = text.split("/")
        assert topology.exists(ObjectRef(kind, name, namespace)), text
    assert not topology.exists(ObjectRef("Service", "web", "other"))


def told(topology: Topology) -> dict[str, Any]:
    """Everything that a topology says, in words."""
    attachments = [one for found in topology.attachments.values() for one in found]
    return {
        "attached": [(one.route.name, one.gateway.name, [listener.name for listener in one.listeners]) for one in attachments],
        "backends": [(one.route.name, one.key, one.problem) for found in topology.backends.values() for one in found],
        "pods": {one.name: [pod.name for pod in topology.service_pods(one)] for one in topology.snapshot.services},
        "kept": {str(ref): [pod.name for pod in topology.pods_of(workload)] for ref, workload in topology.workloads.items()},
        "carriers": sorted(topology.carriers),
        "routes": {key: [one.name for one in routes] for key, routes in topology.routes_of_service.items()},
    }


PRODUCTION = demo_objects("production")
KNOWN = told(Topology(snapshot_of(*PRODUCTION)))


@PATIENT
@given(st.permutations(PRODUCTION))
def test_the_order_of_objects_in_the_source_never_matters(objects: list[Manifest]) -> None:
    assert told(Topology(snapshot_of(*objects))) == KNOWN
