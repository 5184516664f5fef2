"""Whether an experiment is the one that was asked for: each difference is a finding with its place, and what was not asked is none."""

import copy
from typing import Any

import pytest

from aichaos.ask.agreement import disagreements
from aichaos.ask.bounds import bounds
from aichaos.ask.words import read
from aichaos.check.decode import experiment_of
from aichaos.domain.experiment import to_document
from aichaos.library.knobs import knobs, put
from tests.ask.test_words import LATENCY_AT_SCALE
from tests.backends.test_playbook import experiment
from tests.observe.clusters import DEMOS, demo

SENTENCES = [
    "",
    "3 chaos tests for my HTTPRoutes",
    "1000ms latency for 90 seconds on 50% of the pods",
    "scale everything to zero for 2 minutes",
    "20% packet loss for a minute",
    "p99 below 300ms and 99.9% availability, please",
    LATENCY_AT_SCALE,
]


@pytest.mark.parametrize("name", DEMOS)
@pytest.mark.parametrize("words", SENTENCES)
def test_what_the_playbook_makes_of_words_is_what_they_asked_for(name: str, words: str) -> None:
    topology = demo(name)
    found = disagreements(experiment(topology, words), read(words), bounds(words, topology))
    # a cluster without the fault's engine gets another scenario, and the playbook says what it did not use
    assert [one for one in found if one.rule != "asked/number"] == []


def spoiled(document: dict[str, Any], quantity: str, value: float) -> dict[str, Any]:
    copied = copy.deepcopy(document)
    for knob in knobs(copied):
        if knob.quantity == quantity:
            put(copied, knob.path, knob.form.write(value))
    return copied


@pytest.mark.parametrize(
    ("quantity", "value", "said"),
    [
        ("latency", 100, "you asked for 1000 ms of latency; here it is 100"),
        ("duration", 9, "you asked for 90 s; here it is 9"),
        ("percent", 5, "you asked for 50 % of the pods; here it is 5"),
    ],
)
def test_a_number_that_is_another_one_is_said_with_its_place(quantity: str, value: float, said: str) -> None:
    topology = demo("service-a")
    document = spoiled(to_document(experiment(topology, LATENCY_AT_SCALE)), quantity, value)
    changed, problems = experiment_of(document)
    assert changed is not None, problems
    (found,) = disagreements(changed, read(LATENCY_AT_SCALE), bounds(LATENCY_AT_SCALE, topology))
    assert (found.rule, found.message) == ("asked/number", said)
    assert "/spec/steps/1/chaos/spec/experiments/0/spec/components/env/" in found.path


def test_a_number_that_no_step_says_is_said() -> None:
    topology = demo("service-a")
    document = to_document(experiment(topology, LATENCY_AT_SCALE))
    env = document["spec"]["steps"][1]["chaos"]["spec"]["experiments"][0]["spec"]["components"]["env"]
    env[:] = [entry for entry in env if entry["name"] != "PODS_AFFECTED_PERC"]
    changed, _ = experiment_of(document)
    assert changed is not None
    (found,) = disagreements(changed, read(LATENCY_AT_SCALE), bounds(LATENCY_AT_SCALE, topology))
    assert found.message == "you asked for 50 % of the pods, and no step says so"


def test_another_service_account_and_another_namespace_are_errors_with_their_place() -> None:
    topology = demo("service-a")
    words = read("1000ms for 90 seconds on 50% of pods; service account is somebody; target the litmus namespace")
    found = disagreements(experiment(topology, LATENCY_AT_SCALE), words, bounds(words.text, topology))
    assert {(one.rule, one.severity) for one in found} == {("asked/service-account", "error"), ("asked/namespace", "error")}
    assert {one.path for one in found} == {"/spec/steps/1/chaos/spec/chaosServiceAccount", "/spec/steps/1/chaos/metadata/namespace"}


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("All templates and commands should target the service-a-namespace.", ["service-a-namespace"]),
        ("target the service-a-namespace namespace", ["service-a-namespace"]),
        ("in namespace litmus only", ["litmus"]),
        ("in the namespace", []),
        ("namespace: nowhere", []),
        ("what if the istio-system namespace is slow?", []),
    ],
)
def test_only_a_restriction_to_a_namespace_that_exists_is_one(text: str, names: list[str]) -> None:
    assert list(bounds(text, demo("service-a")).namespaces) == names
