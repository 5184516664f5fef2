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
from aichaos.library.finders import FINDERS
from aichaos.library.model import Scenario, scenarios
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
        experiment, problems = parse.experiment(backend.answer(asked, _ignore).text, idea.id, experiment_of)
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
def test_a_scenario_is_proposed_for_a_demo(scenario: Scenario) -> None:
    assert any(proposed(scenario.find, demo(name)) for name in DEMOS)


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
LITMUS = (service(), deployment(), ACCOUNT, BINDING, FAULT)
MESH = {
    "apiVersion": "apiextensions.k8s.io/v1",
    "kind": "CustomResourceDefinition",
    "metadata": {"name": "x"},
    "spec": {"group": "chaos-mesh.org", "names": {"kind": "NetworkChaos"}, "versions": [{"name": "v1alpha1"}]},
}
POLICY = thing("NetworkPolicy", "p", {"podSelector": {}}, version="networking.k8s.io/v1")
GOOD: dict[str, tuple[Manifest, ...]] = {
    "route_with_rival": (*SHOP, *SPARE),
    "scalable_backend": SHOP,
    "cut_off_backend": CARRIED,
    "litmus_latency": LITMUS,
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


@pytest.mark.parametrize("finder", ["route_with_rival", "scalable_backend", "cut_off_backend"])
@pytest.mark.parametrize("kind", ["Gateway", "HTTPRoute", "Service", "Deployment"])
def test_nothing_about_routes_is_proposed_where_a_part_of_the_way_is_missing(finder: str, kind: str) -> None:
    missing = of_kind(kind) if kind != "Deployment" else of_kind("Deployment", "Pod", "EndpointSlice")
    assert but(finder, without=missing) == []


@pytest.mark.parametrize("finder", ["route_with_rival", "scalable_backend", "cut_off_backend"])
def test_nothing_is_proposed_for_a_route_that_no_listener_takes(finder: str) -> None:
    assert but(finder, route(parentRefs=[{"name": "edge", "sectionName": "none"}]), without=of_kind("HTTPRoute")) == []


@pytest.mark.parametrize("finder", ["route_with_rival", "scalable_backend", "cut_off_backend"])
def test_nothing_is_proposed_for_a_backend_without_a_ready_endpoint(finder: str) -> None:
    assert but(finder, slice_of("web", False), without=of_kind("EndpointSlice")) == []


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
    assert [one.spec.category for one in made] == ["routing", "capacity"]
    conflict, zero = made
    assert {step.target.name for step in conflict.spec.steps if step.target} == {name}
    assert {step.target.name for step in zero.spec.steps if step.target} == {name}
