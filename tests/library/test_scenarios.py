"""Every scenario: proposed where it makes sense, never where it does not, and filled to the last hole."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
import pytest

from aichaos import library
from aichaos.ask import parse
from aichaos.ask.protocol import Facts, Options, Question
from aichaos.ask.words import read
from aichaos.backends.playbook import PlaybookBackend
from aichaos.check.decode import experiment_of
from aichaos.check.experiment import findings
from aichaos.domain.experiment import Experiment
from aichaos.domain.snapshot import Gap
from aichaos.library.finders import FINDERS
from aichaos.library.finders.engines import litmus_account
from aichaos.library.model import Scenario
from aichaos.library.shelf import scenarios
from aichaos.observe.topology import Topology
from tests.observe.clusters import (
    DEMOS,
    SHOP,
    Manifest,
    demo,
    deployment,
    gateway,
    gateway_pod,
    pod,
    route,
    service,
    slice_of,
    snapshot_of,
    thing,
    to,
    topology_of,
)

SCENARIOS = scenarios()
FILES = sorted((Path(library.__file__).parent / "scenarios").glob("*.yaml"))


def experiments(topology: Topology, count: int = 50) -> list[Experiment]:
    """All that the playbook makes of a cluster, through the same door as a model's answers."""
    backend = PlaybookBackend(Options())
    facts = Facts(topology=topology, words=read(""), count=count)
    ideas, _ = parse.ideas(backend.answer(Question("ideas", facts, _never), _ignore).text)
    found = []
    for idea in ideas:
        asked = Question("experiment", msgspec.structs.replace(facts, idea=idea), _never)
        experiment, problems = parse.experiment(backend.answer(asked, _ignore).text, idea, experiment_of)
        assert experiment is not None, problems
        found.append(experiment)
    return found


def _never(kind: Any, facts: Facts) -> Any:
    raise AssertionError("the playbook needs no prompt")


def _ignore(piece: str) -> None:
    pass


def proposed(finder: str, topology: Topology) -> list[str]:
    return [str(candidate.subject) for candidate in FINDERS[finder](topology, frozenset())]


def test_every_file_is_a_scenario_and_every_finder_has_one() -> None:
    assert len(SCENARIOS) == len(FILES) >= 18
    assert {scenario.find for scenario in SCENARIOS} == set(FINDERS)


def test_no_two_scenarios_have_the_same_rank() -> None:
    assert len({scenario.rank for scenario in SCENARIOS}) == len(SCENARIOS)


@pytest.mark.parametrize("scenario", SCENARIOS, ids=lambda scenario: scenario.name)
def test_a_scenario_is_proposed_and_sound_where_all_that_it_needs_is_there(scenario: Scenario) -> None:
    topology = topology_of(*GOOD[scenario.find])
    made = [one for one in experiments(topology) if one.name.startswith(scenario.prefix)]
    assert made
    for experiment in made:
        assert "${" not in json.dumps(msgspec.to_builtins(experiment)), experiment.name
        assert [found for found in findings(experiment, topology) if found.severity == "error"] == [], experiment.name


@pytest.mark.parametrize("name", DEMOS)
def test_every_experiment_of_a_demo_is_filled_and_sound(name: str) -> None:
    topology = demo(name)
    made = experiments(topology)
    assert len(made) >= 3
    for experiment in made:
        assert "${" not in json.dumps(msgspec.to_builtins(experiment)), experiment.name
        assert [found for found in findings(experiment, topology) if found.severity == "error"] == [], experiment.name


@pytest.mark.parametrize("name", DEMOS)
def test_what_an_experiment_probes_stands_in_its_steady_state(name: str) -> None:
    for experiment in experiments(demo(name)):
        names = [probe.name for probe in experiment.spec.steady_state]
        assert len(set(names)) == len(names)
        assert {step.probe for step in experiment.spec.steps if step.probe} <= set(names)


# where a scenario makes no sense --------------------------------------------------------------------------------------------------

SPARE = (service("web-v2"), deployment("web-v2"))
CARRIED = (*SHOP, gateway_pod(), pod("web-1-x", {"app": "web"}, owner="ReplicaSet/web-1"), slice_of("web", True))
ACCOUNT = thing("ServiceAccount", "litmus-admin")
BINDING = thing(
    "RoleBinding",
    "litmus",
    version="rbac.authorization.k8s.io/v1",
) | {"roleRef": {"kind": "Role", "name": "litmus"}, "subjects": [{"kind": "ServiceAccount", "name": "litmus-admin"}]}
FAULT = thing("ChaosExperiment", "pod-network-latency", version="litmuschaos.io/v1alpha1")
ROLE = thing("Role", "litmus", version="rbac.authorization.k8s.io/v1") | {
    "rules": [{"apiGroups": ["*"], "resources": ["*"], "verbs": ["*"]}]
}
LITMUS = (service(), deployment(), ACCOUNT, ROLE, BINDING, FAULT)
MESH = {
    "apiVersion": "apiextensions.k8s.io/v1",
    "kind": "CustomResourceDefinition",
    "metadata": {"name": "x"},
    "spec": {"group": "chaos-mesh.org", "names": {"kind": "NetworkChaos"}, "versions": [{"name": "v1alpha1"}]},
}
POLICY = thing("NetworkPolicy", "p", {"podSelector": {}}, version="networking.k8s.io/v1")
ISTIO = thing("GatewayClass", "any", {"controllerName": "istio.io/gateway-controller"}, version="gateway.networking.k8s.io/v1")
LETS_IN = {"podSelector": {"matchLabels": {"app": "web"}}, "ingress": [{"from": [{"podSelector": {"matchLabels": {"role": "front"}}}]}]}
FRONT = deployment("front", labels={"role": "front"})
DATABASE = (service("database"), deployment("database"))
VERSIONS = (
    service("web", selector={"app": "web", "version": "v1"}),
    deployment("web-v1", labels={"app": "web", "version": "v1"}),
    deployment("web-v2", labels={"app": "web", "version": "v2"}),
)
LOCALITY = {"loadBalancer": {"localityLbSetting": {"enabled": True}}, "outlierDetection": {"interval": "5s"}}
FAILOVER = thing("DestinationRule", "back", {"host": "back", "trafficPolicy": LOCALITY}, version="networking.istio.io/v1")


def node(region: str) -> Manifest:
    return {"apiVersion": "v1", "kind": "Node", "metadata": {"name": region, "labels": {"topology.kubernetes.io/region": region}}}


def regional(*, workloads: bool) -> tuple[Manifest, ...]:
    """A Service `back` with a pod in each of two regions: of a Deployment each, or of one."""
    own = [deployment(f"back-{region}", 1, labels={"app": "back", "region": region}) for region in ("east", "west")]
    names = ("back-east", "back-west") if workloads else ("back", "back")
    pods = [
        pod(f"{name}-1-{region}", {"app": "back", "region": region}, owner=f"ReplicaSet/{name}-1", nodeName=region)
        for name, region in zip(names, ("east", "west"), strict=True)
    ]
    front = pod("web-1-x", {"app": "web"}, owner="ReplicaSet/web-1")
    made = own if workloads else [deployment("back", labels={"app": "back"})]
    return (*SHOP, front, slice_of("web", True), service("back"), *made, *pods, node("east"), node("west"), FAILOVER)


def fault(name: str) -> Manifest:
    return thing("ChaosExperiment", name, version="litmuschaos.io/v1alpha1")


def virtual(**http: Any) -> Manifest:
    spec = {"hosts": ["web"], "http": [{"route": [{"destination": {"host": "web"}}]} | http]}
    return thing("VirtualService", "web", spec, version="networking.istio.io/v1")


RUNS_LITMUS = (service(), deployment(), ACCOUNT, ROLE, BINDING)
RETRIES = virtual(timeout="10s", retries={"attempts": 2, "perTryTimeout": "3s"})
GOOD: dict[str, tuple[Manifest, ...]] = {
    "route_with_rival": (*SHOP, *SPARE),
    "scalable_backend": SHOP,
    "shrinkable_backend": SHOP,
    "cut_off_backend": CARRIED,
    "edited_route": SHOP,
    "route_with_spare": (*SHOP, *SPARE),
    "drifting_service": SHOP,
    "poisonable_gateway": (*SHOP, ISTIO),
    "flipped_label": (*SHOP, FRONT, thing("NetworkPolicy", "p", LETS_IN, version="networking.k8s.io/v1")),
    "open_namespace": SHOP,
    "dependency": (*SHOP, *DATABASE),
    "switchable_model": (*SHOP, thing("ConfigMap", "web-chaos") | {"data": {"CHAOS_ENABLED": "false"}}),
    "other_version": (gateway(), route(), *VERSIONS),
    "region_of_deployments": regional(workloads=True),
    "region_by_litmus": (*regional(workloads=False), ACCOUNT, ROLE, BINDING, fault("pod-delete")),
    "region_by_chaos_mesh": (*regional(workloads=False), MESH),
    "litmus_latency": LITMUS,
    "litmus_loss": (*RUNS_LITMUS, fault("pod-network-loss")),
    "litmus_delete": (*RUNS_LITMUS, fault("pod-delete")),
    "litmus_cpu": (*RUNS_LITMUS, fault("pod-cpu-hog")),
    "litmus_retries": (*LITMUS, RETRIES),
    "litmus_mirror": (*LITMUS, *SPARE, virtual(mirror={"host": "web-v2"})),
    "chaos_mesh_service": (service(), deployment(), MESH),
}


def but(finder: str, *added: Manifest, without: Callable[[Manifest], bool] = lambda one: False) -> list[str]:
    """What a finder finds in its good cluster with some objects more and some fewer."""
    return proposed(finder, topology_of(*(one for one in GOOD[finder] if not without(one)), *added))


def of_kind(*kinds: str) -> Callable[[Manifest], bool]:
    return lambda one: one["kind"] in kinds


@pytest.mark.parametrize("finder", GOOD)
def test_a_scenario_is_proposed_where_all_that_it_needs_is_there(finder: str) -> None:
    assert but(finder) != []


ROUTED = [
    "route_with_rival",
    "scalable_backend",
    "shrinkable_backend",
    "cut_off_backend",
    "edited_route",
    "route_with_spare",
    "drifting_service",
]
ROUTED += ["poisonable_gateway", "open_namespace", "dependency", "region_of_deployments"]
"""Finders that start from a route which serves."""


@pytest.mark.parametrize("finder", ROUTED)
@pytest.mark.parametrize("kind", ["Gateway", "HTTPRoute", "Service", "Deployment"])
def test_nothing_about_routes_is_proposed_where_a_part_of_the_way_is_missing(finder: str, kind: str) -> None:
    missing = of_kind(kind) if kind != "Deployment" else of_kind("Deployment", "Pod", "EndpointSlice")
    assert but(finder, without=missing) == []


@pytest.mark.parametrize("finder", ROUTED)
def test_nothing_is_proposed_for_a_route_that_no_listener_takes(finder: str) -> None:
    assert but(finder, route(parentRefs=[{"name": "edge", "sectionName": "none"}]), without=of_kind("HTTPRoute")) == []


@pytest.mark.parametrize("finder", ROUTED)
def test_nothing_is_proposed_for_a_backend_without_a_ready_endpoint(finder: str) -> None:
    assert but(finder, slice_of("web", False), without=of_kind("EndpointSlice")) == []


NEEDED = {
    "poisonable_gateway": ["GatewayClass"],
    "flipped_label": ["NetworkPolicy"],
    "region_of_deployments": ["DestinationRule", "Node"],
    "region_by_litmus": ["DestinationRule", "Node", "ServiceAccount", "RoleBinding", "ChaosExperiment"],
    "region_by_chaos_mesh": ["DestinationRule", "Node", "CustomResourceDefinition"],
    "litmus_loss": ["ServiceAccount", "RoleBinding", "ChaosExperiment"],
    "litmus_delete": ["ServiceAccount", "RoleBinding", "ChaosExperiment"],
    "litmus_cpu": ["ServiceAccount", "RoleBinding", "ChaosExperiment"],
    "litmus_retries": ["ServiceAccount", "RoleBinding", "ChaosExperiment", "VirtualService"],
    "litmus_mirror": ["ServiceAccount", "RoleBinding", "ChaosExperiment", "VirtualService"],
}


@pytest.mark.parametrize(("finder", "kind"), [(finder, kind) for finder, kinds in NEEDED.items() for kind in kinds])
def test_nothing_is_proposed_without_what_it_needs(finder: str, kind: str) -> None:
    assert but(finder, without=of_kind(kind)) == []


@pytest.mark.parametrize("controller", ["projectcontour.io/gateway-controller", "example.com/unknown"])
def test_no_poison_for_a_gateway_that_is_not_known_to_choke_on_it(controller: str) -> None:
    other = thing("GatewayClass", "any", {"controllerName": controller}, version="gateway.networking.k8s.io/v1")
    assert but("poisonable_gateway", other, without=of_kind("GatewayClass")) == []


@pytest.mark.parametrize("missing", ["localityLbSetting", "outlierDetection"])
def test_no_region_is_lost_where_nothing_promises_to_fail_over(missing: str) -> None:
    policy = {"loadBalancer": {"simple": "RANDOM"}} | {"outlierDetection": {"interval": "5s"}} if missing == "localityLbSetting" else {}
    rule = thing("DestinationRule", "back", {"host": "back", "trafficPolicy": policy}, version="networking.istio.io/v1")
    assert but("region_by_chaos_mesh", rule, without=of_kind("DestinationRule")) == []


def test_a_workload_in_two_regions_is_not_scaled_to_lose_one() -> None:
    assert proposed("region_of_deployments", topology_of(*regional(workloads=False))) == []


def test_no_retry_storm_without_retries() -> None:
    assert but("litmus_retries", virtual(timeout="10s"), without=of_kind("VirtualService")) == []


def test_no_shadow_is_slowed_that_is_the_primary_itself() -> None:
    assert but("litmus_mirror", virtual(mirror={"host": "web"}), without=of_kind("VirtualService")) == []


def test_a_dependency_that_a_route_leads_to_is_no_dependency() -> None:
    assert but("dependency", route("db", to("database"))) == []


def test_no_other_version_where_there_is_one_only() -> None:
    assert but("other_version", without=lambda one: one["metadata"]["name"] == "web-v2") == []


def test_flipped_pods_are_as_many_as_the_words_ask_for() -> None:
    for words, flipped in (("", 1), ("flip labels on 100% of the pods", 2)):
        backend = PlaybookBackend(Options())
        facts = Facts(topology=topology_of(*GOOD["flipped_label"]), words=read(f"label flip {words}"), count=1)
        ideas, _ = parse.ideas(backend.answer(Question("ideas", facts, _never), _ignore).text)
        asked = Question("experiment", msgspec.structs.replace(facts, idea=ideas[0]), _never)
        experiment, _ = parse.experiment(backend.answer(asked, _ignore).text, ideas[0], experiment_of)
        assert experiment is not None
        labels = [step.label.set for step in experiment.spec.steps if step.label]
        assert labels == [{"role": "front-flipped"}] * flipped + [{"role": "front"}] * flipped


def test_no_rival_without_a_second_service_that_would_answer() -> None:
    assert but("route_with_rival", without=lambda one: one["metadata"]["name"] == "web-v2") == []
    assert but("route_with_rival", deployment("web-v2", 0)) == []


def test_no_rival_where_there_is_one_already() -> None:
    assert "HTTPRoute/shop/web" in but("route_with_rival")
    assert "HTTPRoute/shop/web" not in but("route_with_rival", route("web-rival"))


def test_a_workload_without_pods_is_not_scaled_to_zero() -> None:
    assert but("scalable_backend", deployment(replicas=0)) == []


def test_no_cut_where_the_gateways_pods_cannot_be_told_apart() -> None:
    assert but("cut_off_backend", without=lambda one: one["metadata"]["name"] == "edge-0") == []


def test_no_cut_where_policies_already_say_who_may_come_in() -> None:
    assert but("cut_off_backend", POLICY) == []


@pytest.mark.parametrize("spec", [{"podSelector": {}, "policyTypes": ["Egress"]}, {"podSelector": {"matchLabels": {"app": "other"}}}])
def test_a_policy_about_something_else_is_no_hindrance(spec: Manifest) -> None:
    assert but("cut_off_backend", thing("NetworkPolicy", "p", spec, version="networking.k8s.io/v1")) != []


@pytest.mark.parametrize("kind", ["Service", "ServiceAccount", "RoleBinding", "ChaosExperiment"])
def test_no_fault_of_litmus_where_a_part_of_it_is_missing(kind: str) -> None:
    assert but("litmus_latency", without=of_kind(kind)) == []


def test_where_bindings_may_not_be_read_an_account_that_speaks_of_chaos_will_do() -> None:
    seen = snapshot_of(service(), deployment(), ACCOUNT, FAULT)
    for gaps, fitting in (((), None), ((Gap(kind="RoleBinding", reason="forbidden"),), "litmus-admin")):
        topology = Topology(msgspec.structs.replace(seen, gaps=gaps))
        assert litmus_account(topology, "shop") == fitting


def test_a_fault_of_litmus_in_another_namespace_does_not_count() -> None:
    other = thing("ChaosExperiment", "pod-network-latency", version="litmuschaos.io/v1alpha1", namespace="other")
    assert but("litmus_latency", other, without=of_kind("ChaosExperiment")) == []


def test_no_fault_of_chaos_mesh_where_it_is_not_installed() -> None:
    assert but("chaos_mesh_service", without=of_kind("CustomResourceDefinition")) == []


def test_no_fault_of_litmus_where_no_label_takes_the_pods_and_no_others() -> None:
    wide = (deployment("v1", labels={"app": "web", "version": "v1"}), deployment("v2", labels={"app": "web", "version": "v2"}))
    only = service("v2", selector={"app": "web", "version": "v2"})
    cluster = topology_of(*(one for one in LITMUS if one["kind"] != "Deployment"), *wide, only)
    labels = {candidate.subject.name: candidate.values["label"] for candidate in FINDERS["litmus_latency"](cluster, frozenset())}
    assert labels == {"web": "app=web", "v2": "version=v2"}
    narrow = service("odd", selector={"app": "web", "tier": "x"})
    tier = pod("odd", {"app": "web", "tier": "x"}, owner="ReplicaSet/v1-1")
    assert proposed("litmus_latency", topology_of(narrow, tier, *wide, ACCOUNT, BINDING, FAULT)) == []


@pytest.mark.parametrize("finder", ["litmus_latency", "chaos_mesh_service"])
def test_no_latency_where_there_is_no_pod(finder: str) -> None:
    assert but(finder, deployment(replicas=0)) == []


def test_the_way_of_a_gateway_is_not_mistaken_for_a_service() -> None:
    selector = {"gateway.networking.k8s.io/gateway-name": "edge"}
    only = (gateway(), gateway_pod(), service("edge-istio", selector=selector), MESH)
    assert proposed("chaos_mesh_service", topology_of(*only)) == []


@pytest.mark.parametrize("finder", sorted(FINDERS))
def test_nothing_is_proposed_for_an_empty_cluster(finder: str) -> None:
    assert proposed(finder, Topology(snapshot_of())) == []


HOSTILE = ["a: {b: c}", "- x", "${route}", "${namespace|text}", "yes", "{{ x }}", "a\nb: c", "'\"", "# x", "null", "0123", "*a", "&a b"]


@pytest.mark.parametrize("name", HOSTILE)
def test_a_name_that_looks_like_something_else_stays_a_name(name: str) -> None:
    renamed: list[Manifest] = [gateway(), route(name, to(name)), service(name), deployment(name), *SPARE]
    made = experiments(topology_of(*renamed))
    (conflict,) = [one for one in made if one.name.startswith("route-conflict")]
    (zero,) = [one for one in made if one.name.startswith("scale-to-zero")]
    assert {step.target.name for step in conflict.spec.steps if step.target} == {name}
    assert {step.target.name for step in zero.spec.steps if step.target} == {name}
