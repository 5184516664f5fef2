"""The change of an experiment by rules: what is understood is everywhere, what is not is said, the rest stays as it is."""

from typing import Any

import msgspec
import pytest

from aichaos.backends.playbook import change_asked
from aichaos.check.decode import experiment_of
from aichaos.check.experiment import findings
from aichaos.domain.experiment import to_document
from aichaos.library.knobs import accounts, knobs, look
from aichaos.library.refine import Asked, Changed, change
from tests.backends.test_playbook import experiment
from tests.observe.clusters import demo

LITMUS = "1000ms latency for 90 seconds on 50% of the pods of service-a"
MESH = "500ms latency on feature-store"


def changed(name: str, first: str, text: str) -> Changed:
    topology = demo(name)
    return change(to_document(experiment(topology, first)), change_asked(text), topology)


def values(document: dict[str, Any]) -> dict[str, float]:
    return {knob.quantity: knob.value for knob in knobs(document)}


@pytest.mark.parametrize(("name", "first"), [("service-a", LITMUS), ("ml-services", MESH)])
def test_every_number_is_put_wherever_the_experiment_has_it_and_the_result_is_ready(name: str, first: str) -> None:
    found = changed(name, first, "250 ms, 20% of the pods, for 3 minutes, jitter 30ms")
    assert found.unused == []
    held = values(found.document)
    assert {key: held[key] for key in ("latency", "percent", "duration", "hold", "jitter")} == {
        "latency": 250,
        "percent": 20,
        "duration": 180,
        "hold": 180,
        "jitter": 30,
    }
    assert "20 %" in found.document["spec"]["title"]
    assert "250 ms" in found.document["spec"]["title"]
    after, problems = experiment_of(found.document)
    assert after is not None, problems
    assert [one for one in findings(after, demo(name)) if one.severity == "error"] == []


def test_the_talks_fourth_sentence() -> None:
    text = (
        "perform network latency in scenario 2. Let us inject a latency of 1000ms for 90 seconds targeting 50% of pods. "
        "Name of my service account is “litmus-admin”. All templates and commands should target the service-a-namespace."
    )
    found = changed("service-a", "200ms latency for 30 seconds on 10% of the pods of service-a", text)
    assert found.unused == []
    held = values(found.document)
    assert (held["latency"], held["duration"], held["percent"], held["hold"]) == (1000, 90, 50, 90)
    assert {name for _, name in accounts(found.document)} == {"litmus-admin"}
    assert found.document["spec"]["scope"] == {"namespaces": ["service-a-namespace"], "maxPods": 250, "maxShare": 0.5}


@pytest.mark.parametrize(
    ("text", "path", "value"),
    [
        ("wait 30s", "/spec/steps/2/wait/for", "30s"),
        ("a deadline of 20 minutes", "/spec/deadline", "20m"),
        ("success rate of 99.9%", "/spec/steadyState/0/tolerance/success", ">= 99.9%"),
        ("p95 below 300ms", "/spec/steadyState/0/tolerance/p95", "<= 300ms"),
        ("service account chaos-runner", "/spec/steps/1/chaos/spec/chaosServiceAccount", "chaos-runner"),
        ("drop the step settle", "/spec/steps/2/name", "after"),
    ],
)
def test_names_waits_limits_and_tolerances(text: str, path: str, value: str) -> None:
    found = changed("service-a", LITMUS, text)
    assert found.used
    assert look(found.document, path) == value


def test_one_name_instead_of_another() -> None:
    found = changed("route-chaos", "route conflict", "infra-backend-v2 instead of infra-backend-v3")
    text = msgspec.json.encode(found.document["spec"]["steps"]).decode()
    assert "infra-backend-v2" in text
    assert "infra-backend-v3" not in text


def test_a_share_of_the_pods_is_what_a_scale_leaves() -> None:
    found = changed("route-chaos", "scale to zero and back", "only 50% of the pods")
    assert "50 % of the pods" in found.used[0]
    assert values(found.document)["replicas"] in (1, 2)


def test_what_is_not_understood_is_said() -> None:
    found = changed("service-a", LITMUS, "20 percent of the pods, 17 bananas and 3 replicas")
    assert found.used == ["20 % of the pods"]
    assert found.unused == ["3 replicas", "17 bananas"]


@pytest.mark.parametrize("text", ["hello", "", "make it nicer", "in the shop namespace", "x" * 10_000])
def test_without_anything_to_change_nothing_changes(text: str) -> None:
    found = changed("service-a", LITMUS, text)
    assert found.used == []
    assert found.document == to_document(experiment(demo("service-a"), LITMUS))


def test_the_original_is_left_as_it_was() -> None:
    document = to_document(experiment(demo("service-a"), LITMUS))
    before = msgspec.json.encode(document)
    change(document, Asked(text="2000ms", numbers={"latency": 2000}, said={"latency": "latency 2000 ms"}), demo("service-a"))
    assert msgspec.json.encode(document) == before


@pytest.mark.parametrize(
    ("text", "quantity", "value"),
    [
        ("for 50m30s", "hold", 3030),
        ("for 1 minute 30 seconds", "hold", 90),
        ("a third of the pods", "percent", 33),
        ("half of the pods", "percent", 50),
        ("two hundred ms of latency", "latency", 200),
        ("raise the latency from 1000 ms to 1500 ms", "latency", 1500),
        ("1½ minutes", "hold", 90),
    ],
)
def test_numbers_are_changed_however_they_are_written(text: str, quantity: str, value: float) -> None:
    found = changed("service-a", "700ms latency for 40 seconds on 10% of the pods of service-a", text)
    assert values(found.document)[quantity] == value
    assert found.unused == []


@pytest.mark.parametrize(
    "text",
    [
        "120%",
        "-5%",
        "0 %",
        "20-30%",
        "a few seconds",
        "1.500 ms",
        "-3 replicas",
        "a latency of 800",
        "increase the latency by 500 ms",
        "500 ms more",
        "twice the latency",
    ],
)
def test_a_number_that_can_not_be_meant_changes_nothing_and_is_said(text: str) -> None:
    first = "700ms latency for 40 seconds on 10% of the pods of service-a"
    found = changed("service-a", first, text)
    assert found.document == to_document(experiment(demo("service-a"), first))
    assert not found.used
    assert len(found.unused) == 1 or text == "twice the latency"


@pytest.mark.parametrize(("text", "replicas"), [("two replicas", 2), ("scale to three replicas", 3), ("from 0 to 2 replicas", 2)])
def test_replicas_are_changed_however_they_are_written(text: str, replicas: int) -> None:
    found = changed("route-chaos", "scale infra-backend-v1 to zero", text)
    assert replicas in [knob.value for knob in knobs(found.document) if knob.quantity == "replicas"]
    assert found.unused == []


def test_a_number_of_pods_that_makes_no_sense_takes_none_away() -> None:
    first = "scale infra-backend-v1 to zero"
    for text in ("120% of the pods", "120 percent of pods", "-2 replicas", "minus two replicas"):
        found = changed("route-chaos", first, text)
        assert found.document == to_document(experiment(demo("route-chaos"), first)), text
        assert found.unused, text
