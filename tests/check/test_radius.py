"""How much an experiment can reach, counted in pods and routes."""

import pytest

from aichaos.check.radius import blast_radius
from aichaos.domain.base import selects
from aichaos.domain.suggestion import BlastRadius
from aichaos.observe.targets import at_most, label_query, litmus_at_most
from tests.check.cluster import demo, experiment, parsed, topology


def radius(steps: str) -> BlastRadius:
    return blast_radius(parsed(experiment(steps)), topology())


def scale(replicas: int) -> str:
    return f"{{scale: {{kind: Deployment, name: web, namespace: shop, replicas: {replicas}}}}}"


def test_half_of_500_pods_are_250() -> None:
    engine = (
        "{chaos: {apiVersion: litmuschaos.io/v1alpha1, kind: ChaosEngine, metadata: {name: e, namespace: service-a-namespace}, spec: "
        "{appinfo: {appns: service-a-namespace, applabel: app=service-a, appkind: deployment}, chaosServiceAccount: litmus-admin, "
        "experiments: [{name: pod-network-latency, spec: {components: {env: "
        "[{name: TOTAL_CHAOS_DURATION, value: '60'}, {name: PODS_AFFECTED_PERC, value: '50'}]}}}]}}}"
    )
    assert blast_radius(parsed(experiment(f"[{engine}]")), demo("service-a")) == BlastRadius(
        namespaces=["service-a-namespace"], pods=250, pods_total=500, share=0.5, routes=["service-a-namespace/service-a"]
    )


def test_scaling_down_takes_the_pods_above_the_new_number() -> None:
    assert radius(f"[{scale(1)}]") == BlastRadius(namespaces=["shop"], pods=3, pods_total=5, share=0.6, routes=["shop/web"])


def test_scaling_up_takes_none() -> None:
    assert radius(f"[{scale(9)}]") == BlastRadius(namespaces=["shop"], pods=0, pods_total=5)


def test_a_restart_takes_all_pods() -> None:
    assert radius("[{restart: {kind: Deployment, name: web, namespace: shop}}]").pods == 4


def test_a_deleted_workload_takes_its_pods() -> None:
    assert radius("[{delete: {kind: StatefulSet, name: db, namespace: shop}}]").pods == 1


def test_a_deleted_service_takes_its_pods_and_its_routes() -> None:
    found = radius("[{delete: {kind: Service, name: web-v1, namespace: shop}}]")
    assert (found.pods, found.routes) == (4, ["shop/web"])


def test_a_route_that_is_changed_counts_as_a_route_and_takes_no_pod() -> None:
    found = radius("[{delete: {kind: HTTPRoute, name: web, namespace: shop}}]")
    assert (found.pods, found.routes) == (0, ["shop/web"])


def test_a_deleted_gateway_takes_its_routes() -> None:
    assert radius("[{delete: {kind: Gateway, name: edge, namespace: shop}}]").routes == ["shop/web"]


def test_a_flipped_label_takes_the_pods_of_its_object() -> None:
    assert radius("[{label: {kind: Pod, name: web-0, namespace: shop, set: {app: x}}}]").pods == 1
    assert radius("[{label: {kind: Deployment, name: web, namespace: shop, set: {app: x}}}]").pods == 4


def policy(spec: str) -> int:
    head = "{apiVersion: networking.k8s.io/v1, kind: NetworkPolicy, metadata: {name: p, namespace: shop}, spec: "
    return radius(f"[{{create: {head}{spec}}}}}]").pods


def test_a_network_policy_takes_the_pods_that_it_isolates() -> None:
    assert policy("{podSelector: {matchLabels: {app: web}}, policyTypes: [Ingress]}") == 4
    assert policy("{podSelector: {}, policyTypes: [Egress], egress: []}") == 5
    assert policy("{podSelector: {}}") == 5


def test_a_network_policy_that_lets_everything_through_takes_none() -> None:
    assert policy("{podSelector: {}, policyTypes: [Ingress], ingress: [{}]}") == 0
    assert policy("{podSelector: {}, policyTypes: [Ingress, Egress], ingress: [{}]}") == 5


def chaos(mode: str, more: str = "") -> str:
    spec = f"{{mode: {mode}, duration: 60s, selector: {{labelSelectors: {{app: web}}}}{more}}}"
    return f"{{chaos: {{apiVersion: chaos-mesh.org/v1alpha1, kind: NetworkChaos, metadata: {{name: c, namespace: shop}}, spec: {spec}}}}}"


@pytest.mark.parametrize(
    ("mode", "pods"),
    [("one", 1), ("all", 4), ("fixed, value: '3'", 3), ("fixed-percent, value: '30'", 2), ("random-max-percent, value: '75'", 3)],
)
def test_a_mode_takes_its_share(mode: str, pods: int) -> None:
    assert radius(f"[{chaos(mode)}]").pods == pods


def test_the_target_of_a_fault_in_both_directions_is_cut_off_too() -> None:
    target = ", direction: both, target: {mode: all, selector: {labelSelectors: {app: db}}}"
    assert radius(f"[{chaos('all', target)}]").pods == 5


def test_steps_that_choose_by_chance_may_choose_different_pods() -> None:
    assert radius(f"[{chaos('one')}, {chaos('one')}]").pods == 2


def test_pods_are_counted_once() -> None:
    assert radius(f"[{scale(0)}, {chaos('one')}, {{delete: {{kind: Service, name: web-v1, namespace: shop}}}}]").pods == 4


def test_a_patch_of_the_replicas_is_a_scale() -> None:
    assert radius("[{patch: {kind: Deployment, name: web, namespace: shop, merge: {spec: {replicas: 3}}}}]").pods == 1


def test_nothing_is_reached_by_waiting() -> None:
    assert radius("[{wait: {for: 1s}}]") == BlastRadius()


@pytest.mark.parametrize(
    ("mode", "value", "count"),
    [
        ("fixed-percent", "50", 250),
        ("fixed-percent", "1", 5),
        ("fixed-percent", "33", 165),
        ("fixed-percent", "0.1", 500),
        ("fixed", "900", 500),
        ("fixed", None, 500),
        (None, None, 500),
        ("percent", "5", 500),
        ("one", 7, 1),
    ],
)
def test_modes_of_chaos_mesh(mode: object, value: object, count: int) -> None:
    assert at_most(mode, value, 500) == count


def test_chaos_mesh_rounds_up_and_litmus_down() -> None:
    assert at_most("fixed-percent", "50", 3) == 2
    assert litmus_at_most("pod-delete", {"PODS_AFFECTED_PERC": "50"}, 3) == 1


@pytest.mark.parametrize(
    ("environment", "count"),
    [
        ({}, 1),
        ({"PODS_AFFECTED_PERC": ""}, 1),
        ({"PODS_AFFECTED_PERC": "0"}, 1),
        ({"PODS_AFFECTED_PERC": "900"}, 10),
        ({"PODS_AFFECTED_PERC": "50%"}, 10),
        ({"PODS_AFFECTED_PERC": 50}, 10),
        ({"TARGET_PODS": "a,b"}, 2),
    ],
)
def test_shares_of_litmus(environment: dict[str, object], count: int) -> None:
    assert litmus_at_most("pod-delete", environment, 10) == count


def test_a_partition_by_litmus_takes_every_pod() -> None:
    assert litmus_at_most("pod-network-partition", {}, 10) == 10


@pytest.mark.parametrize(
    ("query", "taken"),
    [
        ("app=web", True),
        ("app==web", True),
        ("app!=web", False),
        ("app in (web, db)", True),
        ("app notin (web),tier=x", False),
        ("tier=x,app", True),
        ("!app", False),
    ],
)
def test_label_queries(query: str, taken: bool) -> None:
    selector = label_query(query)
    assert selector is not None
    assert selects(selector, {"app": "web", "tier": "x"}) is taken


@pytest.mark.parametrize("query", ["app web", "=", "a=b,,c", "app in web", "x" * 5000])
def test_what_is_no_label_query(query: str) -> None:
    assert label_query(query) is None
