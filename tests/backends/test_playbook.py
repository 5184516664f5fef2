"""The backend without a model: what it proposes follows from the cluster and the words, and from nothing else."""

from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from aichaos.ask import parse
from aichaos.ask.protocol import Facts, Options, Question
from aichaos.ask.words import read
from aichaos.backends.playbook import PlaybookBackend
from aichaos.check.decode import experiment_of
from aichaos.domain.experiment import Experiment
from aichaos.domain.suggestion import Idea
from aichaos.errors import ReplyError
from aichaos.observe.topology import Topology
from tests.ask.test_words import LATENCY_AT_SCALE
from tests.observe.clusters import (
    DEMOS,
    PATIENT,
    Manifest,
    demo,
    demo_objects,
    deployment,
    gateway,
    route,
    service,
    snapshot_of,
    to,
    topology_of,
)

DEFAULT = ["route-conflict-my-route", "scale-to-zero-infra-backend-v1", "gateway-cut-off-infra-backend-v1"]


def question(kind: Any, facts: Facts) -> Question:
    def never(kind: Any, facts: Facts) -> Any:
        raise AssertionError("the playbook needs no prompt")

    return Question(kind, facts, never)


def answers(topology: Topology, words: str = "", count: int = 3, backend: PlaybookBackend | None = None) -> tuple[str, list[str]]:
    """The text of ideas, and the text of each experiment."""
    backend = backend or PlaybookBackend(Options())
    facts = Facts(topology=topology, words=read(words), count=count)
    ideas = backend.answer(question("ideas", facts), print).text
    found, _ = parse.ideas(ideas)
    return ideas, [backend.answer(question("experiment", msgspec.structs.replace(facts, idea=idea)), print).text for idea in found]


def ids(topology: Topology, words: str = "", count: int = 3) -> list[str]:
    return [idea.id for idea in parse.ideas(answers(topology, words, count)[0])[0]]


def experiment(topology: Topology, words: str) -> Experiment:
    """The first experiment for these words."""
    found, problems = parse.experiment(answers(topology, words, 1)[1][0], Idea(id="first", title="t", summary="s"), experiment_of)
    assert found is not None, problems
    return found


@pytest.mark.parametrize("name", DEMOS)
def test_two_runs_answer_the_same_letter_for_letter(name: str) -> None:
    assert answers(demo(name), "latency for my services", 9) == answers(demo(name), "latency for my services", 9)


def test_one_backend_answers_every_question_for_itself() -> None:
    backend = PlaybookBackend(Options())
    answers(demo("service-a"), backend=backend)
    assert answers(demo("route-chaos"), backend=backend) == answers(demo("route-chaos"))
    assert answers(demo("route-chaos"), count=1, backend=backend) == answers(demo("route-chaos"), count=1)


OBJECTS = demo_objects("production")
KNOWN = answers(Topology(snapshot_of(*OBJECTS)), count=9)


@PATIENT
@given(st.permutations(OBJECTS))
def test_the_order_of_objects_changes_nothing(objects: list[Manifest]) -> None:
    assert answers(Topology(snapshot_of(*objects)), count=9) == KNOWN


def test_without_words_the_ranking_of_the_library_holds() -> None:
    assert ids(demo("route-chaos")) == DEFAULT


@pytest.mark.parametrize("words", ["please surprise me", "混沌", "!?", "give me 3 chaos test scenarios"])
def test_words_that_say_nothing_change_nothing(words: str) -> None:
    assert ids(demo("route-chaos"), words) == DEFAULT


@pytest.mark.parametrize(
    ("words", "first"),
    [
        ("what if two httproutes conflict", "route-conflict-my-route"),
        ("scale the backends to zero", "scale-to-zero-infra-backend-v1"),
        ("cut the gateway off with a networkpolicy", "gateway-cut-off-infra-backend-v1"),
    ],
)
def test_words_choose_the_scenario(words: str, first: str) -> None:
    assert ids(demo("route-chaos"), words)[0] == first


SEEDS = [
    ("route-chaos", "a route conflict: delete and recreate a route beside a rival", "route-conflict-my-route"),
    ("route-chaos", "rapid scale down and up of backend pods", "scale-to-zero-infra-backend-v1"),
    (
        "route-chaos",
        "network partition between gateway and backend services while new routes are added",
        "gateway-cut-off-infra-backend-v1",
    ),
    ("ml-services", "label flips against NetworkPolicies at scale", "label-flip-allow-prediction-to-database"),
    ("service-a", "service latency at scale", "service-latency-service-a"),
    ("ml-services", "30% of pods fail randomly for 10 minutes", "pod-failure-ml-prediction-service"),
    ("ml-services", "delay the feature-store by 500ms with jitter 100ms for 5m", "dependency-latency-feature-store"),
    ("ml-services", "simulate the database unavailable, test the circuit breaker", "dependency-down-database"),
    ("ml-services", "inject a bad model version and test its rollback", "traffic-shift-predict"),
    ("production", "roll out a bad version of the model and roll back", "bad-version-vllm-service-preview"),
    ("production", "lose a region under locality failover", "region-loss-vllm-inference-engine"),
    ("production", "shadow traffic that slows the primary", "shadow-slow-master-enterprise-ai-shadowing"),
    ("production", "a retry storm against a timeout", "retry-storm-vllm-inference-engine-router"),
    ("route-chaos", "a poison route that freezes the port", "poison-route-my-gateway"),
]
"""The ideas of the documents that asked for this program, in words, and what each must lead to."""


@pytest.mark.parametrize(("cluster", "words", "first"), SEEDS)
def test_every_idea_of_the_seed_documents_is_found_by_its_words(cluster: str, words: str, first: str) -> None:
    assert ids(demo(cluster), words, 1) == [first]


def test_words_choose_the_object() -> None:
    assert ids(demo("production"), "scale vllm-service-v2 to zero", 1) == ["scale-to-zero-vllm-service-v2"]
    assert ids(demo("production"), "scale vllm-inference-engine to zero", 1) == ["scale-to-zero-vllm-inference-engine"]


def test_words_choose_the_namespace() -> None:
    both = [
        one
        for namespace in ("a", "b")
        for one in (
            gateway(namespace=namespace),
            route(f"web-{namespace}", namespace=namespace),
            service(namespace=namespace),
            deployment(namespace=namespace),
        )
    ]
    (idea,), _ = parse.ideas(answers(topology_of(*both), "scale something in b to zero", 1)[0])
    assert "Deployment/b/web" in idea.why_here


def test_words_choose_the_numbers_and_the_account() -> None:
    chosen = experiment(demo("service-a"), LATENCY_AT_SCALE)
    (engine,) = [step.chaos for step in chosen.spec.steps if step.chaos]
    assert engine["metadata"]["namespace"] == "service-a-namespace"
    assert engine["spec"]["chaosServiceAccount"] == "litmus-admin"
    environment = {one["name"]: one["value"] for one in engine["spec"]["experiments"][0]["spec"]["components"]["env"]}
    assert environment["NETWORK_LATENCY"] == "1000"
    assert environment["TOTAL_CHAOS_DURATION"] == "90"
    assert environment["PODS_AFFECTED_PERC"] == "50"
    assert (chosen.spec.scope.max_pods, chosen.spec.scope.max_share) == (250, 0.5)


def test_other_numbers_give_other_numbers() -> None:
    chosen = experiment(demo("service-a"), "latency of 250 ms for 2 minutes on 10 % of the pods")
    (step,) = [step for step in chosen.spec.steps if step.chaos]
    assert (step.hold, chosen.spec.scope.max_pods) == ("120s", 50)
    assert chosen.spec.title == "Delay 10 % of the pods of service-a by 250 ms"


def test_what_was_taken_from_the_words_is_said() -> None:
    facts = Facts(topology=demo("service-a"), words=read(LATENCY_AT_SCALE))
    (note,) = PlaybookBackend(Options()).answer(question("ideas", facts), print).notes
    taken = ["latency 1000 ms", "duration 90 s", "50 % of the pods", "service account litmus-admin", "namespace service-a-namespace"]
    assert note == f"taken from your words: {', '.join(taken)}"


@pytest.mark.parametrize("count", [1, 2, 3, 5, 9])
def test_the_count_is_kept(count: int) -> None:
    assert len(ids(demo("production"), count=count)) == count


def test_more_ideas_than_scenarios_are_second_candidates() -> None:
    found = ids(demo("production"), count=40)
    assert len(set(found)) == len(found) > 20
    assert sum(one.startswith("scale-to-zero-") for one in found) > 1
    assert found[:3] == ids(demo("production"), count=3)


def test_where_nothing_fits_there_is_no_idea() -> None:
    assert ids(Topology(snapshot_of())) == []


def test_namesakes_in_two_namespaces_are_two_ideas() -> None:
    both = [
        one for ns in ("a", "b") for one in (gateway(namespace=ns), route(namespace=ns), service(namespace=ns), deployment(namespace=ns))
    ]
    scaled = [one for one in ids(topology_of(*both), "scale to zero", 50) if one.startswith("scale-to-zero")]
    assert scaled == ["scale-to-zero-web", "scale-to-zero-b-web"]


@pytest.mark.parametrize("name", ["a--b", "web.v1", "x" * 63, "A_b", "-a-"])
def test_an_idea_of_any_name_gets_its_experiment(name: str) -> None:
    assert len(answers(topology_of(gateway(), route("web", to(name)), service(name), deployment(name)))[1]) == 3


def test_an_idea_that_it_never_had_is_an_error() -> None:
    facts = Facts(topology=demo("route-chaos"), words=read(""), idea=Idea(id="other", title="t", summary="s"))
    with pytest.raises(ReplyError, match="no scenario of that id"):
        PlaybookBackend(Options()).answer(question("experiment", facts), print)


def test_a_number_asks_for_the_scenario_that_can_use_it() -> None:
    assert ids(demo("service-a"), "1000ms on 50% of the pods", 1) == ["service-latency-service-a"]


def test_only_what_was_used_is_said_to_be_taken_from_the_words() -> None:
    facts = Facts(topology=demo("route-chaos"), words=read("100 ms of latency"), count=3)
    reply = PlaybookBackend(Options()).answer(question("ideas", facts), lambda piece: None)
    assert reply.notes[0] == "not used of your words: latency 100 ms"
    assert not any("taken from" in note for note in reply.notes)


def test_what_runs_the_cluster_is_not_slowed_down() -> None:
    assert not [name for name in ids(demo("ml-services"), "", 50) if "controller-manager" in name]


def said(name: str, words: str, count: int = 1) -> tuple[str, ...]:
    facts = Facts(topology=demo(name), words=read(words), count=count)
    return PlaybookBackend(Options()).answer(question("ideas", facts), print).notes


@pytest.mark.parametrize(
    ("words", "unused"),
    [
        ("latency on 120% of the pods", "120% (a share is more than 0 and at most 100 %)"),
        ("latency on -5% of the pods", "-5% (less than nothing)"),
        ("latency on 0 % of the pods", "0 % (a share is more than 0 and at most 100 %)"),
        ("latency on 20-30% of the pods", "20-30% (two numbers: say one)"),
        ("latency on 0.5% of the pods", "0.5 % of the pods"),
        ("latency of 1.500 ms", "1.500 ms (it can be read in more than one way)"),
    ],
)
def test_a_number_that_is_not_used_is_said_and_nothing_else_stands_for_it(words: str, unused: str) -> None:
    (note,) = said("service-a", words)
    assert note == f"not used of your words: {unused}"
    assert experiment(demo("service-a"), words).spec == experiment(demo("service-a"), "latency of the pods").spec


@pytest.mark.parametrize(
    ("words", "as_if"),
    [
        ("one second of latency for 1h on a third of the pods", "1000 ms latency for 3600 s on 33 % of the pods"),
        ("two hundred ms for 1 minute 30 seconds on half of the pods", "200 ms for 90 s on 50 % of the pods"),
    ],
)
def test_words_are_read_as_the_numbers_that_they_are(words: str, as_if: str) -> None:
    assert experiment(demo("service-a"), words).spec == experiment(demo("service-a"), as_if).spec


def test_a_time_is_how_long_a_change_is_left_where_no_fault_has_one() -> None:
    chosen = experiment(demo("route-chaos"), "scale infra-backend-v1 to zero for two minutes")
    assert "120s" in [step.wait.for_ for step in chosen.spec.steps if step.wait]
    assert said("route-chaos", "scale infra-backend-v1 to zero for two minutes") == ("taken from your words: duration 120 s",)
    assert said("route-chaos", "scale infra-backend-v1 to zero for an hour") == ("not used of your words: duration 3600 s",)


TOUCHED = "my-route|infra-backend-v1"


@pytest.mark.parametrize(
    ("words", "never"),
    [
        ("3 chaos tests, but do not touch my-route", "HTTPRoute/route-chaos/my-route"),
        ("3 tests; leave infra-backend-v1 alone", "Deployment/route-chaos/infra-backend-v1"),
        ("scale every backend except infra-backend-v1 to zero", "Deployment/route-chaos/infra-backend-v1"),
        ("scale infra-backend-v2 to zero, infra-backend-v1 must not be touched", "Deployment/route-chaos/infra-backend-v1"),
    ],
)
def test_what_is_to_be_left_alone_is_never_proposed(words: str, never: str) -> None:
    topology = demo("route-chaos")
    for text in answers(topology, words, 9)[1]:
        found, problems = parse.experiment(text, Idea(id="first", title="t", summary="s"), experiment_of)
        assert found is not None, problems
        assert never not in [str(step.subject) for step in found.spec.steps]


def test_a_namespace_that_is_to_be_left_alone_is_never_proposed() -> None:
    assert ids(demo("route-chaos"), "3 tests, not in namespace route-chaos") == []
    assert said("route-chaos", "3 tests, not in namespace route-chaos", 3)[-1].startswith(
        "no scenario of the library fits within the limits"
    )


def test_the_namespace_of_the_talk_is_taken_from_the_words() -> None:
    words = "perform scenario 1. All templates and commands should target the route-chaos namespace."
    assert said("route-chaos", words) == ("taken from your words: namespace route-chaos",)


def test_a_namespace_that_no_suggestion_is_about_is_said() -> None:
    (note,) = said("production", "scale vllm-service-v2 to zero in kube-system")
    assert note == "named in your words, and no suggestion is about it: namespace kube-system"
