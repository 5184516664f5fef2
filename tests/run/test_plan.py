"""A plan says every change before it is sent, what can't be undone, and what speaks against it."""

from pathlib import Path
from typing import Any

import pytest

from aichaos.domain.base import ObjectRef
from aichaos.domain.policy import Policy
from aichaos.domain.running import Access
from aichaos.live.planning import Order
from aichaos.observe.source import Choice
from aichaos.report.rbac import roles
from aichaos.run.approve import now
from aichaos.run.plan import Foreseen, Made, run_name
from tests.run.scene import deployment, planned, route

MESH = "apiVersion: chaos-mesh.org/v1alpha1, kind: NetworkChaos, metadata: {name: slow, namespace: shop}, spec: {duration: 30s}"


def names(made: Made) -> list[str]:
    return [one.name for one in made.refusals]


def verbs(made: Made) -> list[str]:
    return [f"{step.intent.change.verb} {step.intent.change.place}" for step in made.plan.steps if step.intent is not None]


def test_each_step_is_planned_on_what_the_ones_before_will_have_made() -> None:
    web = "{kind: HTTPRoute, name: web, namespace: shop}"
    made = planned(f"[{{delete: {web}}}, {{wait: {{for: 1s}}}}, {{recreate: {web}}}]", route("web"))
    assert names(made) == []
    assert verbs(made) == ["delete HTTPRoute/shop/web", "create HTTPRoute/shop/web"]
    again = made.plan.steps[2].intent
    assert again is not None
    assert again.change.body is not None
    assert again.change.body["spec"] == {"hostnames": ["a.test"]}
    assert "uid" not in again.change.body["metadata"]


def test_a_change_carries_what_the_object_must_still_be() -> None:
    made = planned("[{scale: {kind: Deployment, name: web, namespace: shop, replicas: 0}}]", deployment())
    intent = made.plan.steps[0].intent
    assert intent is not None
    assert (intent.change.body, intent.change.uid, intent.change.resource_version) == ({"spec": {"replicas": 0}}, "uid-web", "3")
    assert (intent.before or {})["spec"]["replicas"] == 2
    assert (intent.after or {})["spec"]["replicas"] == 0


@pytest.mark.parametrize(
    ("steps", "name"),
    [
        ("[{delete: {kind: HTTPRoute, name: none, namespace: shop}}]", "step"),
        ("[{recreate: {kind: HTTPRoute, name: web, namespace: shop}}]", "step"),
        ("[{delete: {kind: Wonder, name: web, namespace: shop}}]", "step"),
        ("[{delete: {kind: Namespace, name: shop}}]", "step"),
        ("[{create: {apiVersion: v1, kind: Secret, metadata: {name: s, namespace: shop}}}]", "closed-list"),
        ("[{create: {apiVersion: v1, kind: Pod, metadata: {name: p, namespace: shop}, spec: {hostNetwork: true}}}]", "closed-list"),
        ("[{create: {apiVersion: apps/v1, kind: Deployment, metadata: {name: d, namespace: kube-system}}}]", "closed-list"),
    ],
)
def test_what_could_never_be_sent_is_refused(steps: str, name: str) -> None:
    assert names(planned(steps, route("web"))) == [name]


def test_the_policy_allows_by_name() -> None:
    steps = "[{create: {apiVersion: v1, kind: Pod, metadata: {name: p, namespace: shop}, spec: {hostNetwork: true}}}]"
    assert names(planned(steps, policy=Policy(allow=("hostNetwork",)))) == []


def test_routes_that_would_have_to_be_made_again_belong_to_the_plan() -> None:
    mine, elsewhere = ObjectRef("HTTPRoute", "young", "shop"), ObjectRef("HTTPRoute", "young", "other")
    steps = "[{delete: {kind: HTTPRoute, name: web, namespace: shop}}]"
    made = planned(steps, route("web"), route("young"), foreseen=Foreseen(closure=[mine]))
    assert [str(place) for place in made.plan.closure] == ["HTTPRoute/shop/young"]
    assert "HTTPRoute/shop/young" in {one.object for one in made.objects}
    assert {one.verb for one in made.plan.permissions if one.name == "young"} == {"get", "delete"}
    assert names(planned(steps, route("web"), foreseen=Foreseen(closure=[elsewhere]))) == ["closure"]


def test_the_rights_are_those_of_the_steps_and_of_their_inverses() -> None:
    made = planned(f"[{{scale: {{kind: Deployment, name: web, namespace: shop, replicas: 0}}}}, {{chaos: {{{MESH}}}}}]", deployment())
    rights = {(one.verb, one.resource, one.name) for one in made.plan.permissions if one.namespace == "shop"}
    assert rights == {
        ("get", "deployments", "web"),
        ("patch", "deployments", "web"),
        ("get", "networkchaos", "slow"),
        ("create", "networkchaos", ""),
        ("delete", "networkchaos", "slow"),
    }


@pytest.mark.parametrize(
    "metadata",
    [
        {"labels": {"argocd.argoproj.io/instance": "shop"}},
        {"annotations": {"argocd.argoproj.io/tracking-id": "x"}},
        {"labels": {"kustomize.toolkit.fluxcd.io/name": "shop"}},
        {"managedFields": [{"manager": "argocd-controller"}]},
    ],
)
def test_who_fights_back_is_said_before(metadata: dict[str, Any]) -> None:
    made = planned("[{scale: {kind: Deployment, name: web, namespace: shop, replicas: 0}}]", deployment(**metadata))
    assert any("is kept by" in warning for warning in made.plan.warnings)


def test_an_autoscaler_is_said_before() -> None:
    scaled = {ObjectRef("Deployment", "web", "shop"): "HorizontalPodAutoscaler/shop/web"}
    made = planned("[{scale: {kind: Deployment, name: web, namespace: shop, replicas: 0}}]", deployment(), autoscaled=scaled)
    assert made.plan.warnings == (
        "Deployment/shop/web is scaled by HorizontalPodAutoscaler/shop/web: it may change its replicas while the step lasts",
    )


def test_what_does_not_come_back_is_said_before() -> None:
    service = {"apiVersion": "v1", "kind": "Service", "metadata": {"name": "web", "namespace": "shop", "uid": "1", "resourceVersion": "1"}}
    for spec, lost in (
        (
            {"clusterIPs": ["10.96.0.7"], "ports": [{"port": 80, "nodePort": 31779}]},
            "ClusterIP 10.96.0.7 and its NodePort 31779 may be given",
        ),
        ({"clusterIPs": ["None"], "ports": [{"port": 80}]}, "another UID"),
    ):
        made = planned("[{delete: {kind: Service, name: web, namespace: shop}}]", service | {"spec": spec})
        assert lost in made.plan.irreversible[0].why
    restarted = planned("[{restart: {kind: Deployment, name: web, namespace: shop}}]", deployment())
    assert "pods are replaced" in restarted.plan.irreversible[0].why


def test_inverses_that_do_not_fit_into_the_cluster_are_refused() -> None:
    large = deployment(annotations={"large": "x" * 900_001})
    steps = "[{scale: {kind: Deployment, name: web, namespace: shop, replicas: 0}}]"
    assert names(planned(steps, large)) == ["journal-size"]
    assert names(planned(steps, large, journal=False)) == []


@pytest.mark.parametrize("name", ["trial", "UPPER case!", "../../etc", "x" * 300, "", "日本"])
def test_a_run_has_a_name_that_a_label_can_hold(name: str) -> None:
    made = run_name(name, now())
    assert len(made) <= 55
    assert made.replace("-", "").isalnum()
    assert made.isascii()


def test_the_rights_of_a_plan_are_roles_with_nothing_more() -> None:
    made = planned("[{scale: {kind: Deployment, name: web, namespace: shop, replicas: 0}}]", deployment(), journal=False)
    (own, cluster, shop) = roles("trial", made.plan.permissions)
    assert cluster["metadata"]["namespace"] == "kube-system"
    assert cluster["rules"] == [{"apiGroups": [""], "resources": ["namespaces"], "verbs": ["get"], "resourceNames": ["kube-system"]}]
    assert (own["kind"], own["metadata"]["namespace"], shop["metadata"]["namespace"]) == ("Role", "aichaos", "shop")
    assert shop["rules"] == [{"apiGroups": ["apps"], "resources": ["deployments"], "verbs": ["get", "patch"], "resourceNames": ["web"]}]
    assert {(rule["resources"][0], *rule["verbs"]) for rule in own["rules"]} == {
        ("configmaps", "get"),
        ("leases", "create"),
        ("leases", "get", "patch"),
    }


def test_a_kubeconfig_is_known_to_whoever_restores_in_another_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    order = Order(path=Path("e.yaml"), choice=Choice(kubeconfig="here.yaml", context="a"))
    assert order.access == Access(kubeconfig=str(tmp_path / "here.yaml"), context="a")
    assert Order(path=Path("e.yaml"), choice=Choice()).access == Access()
