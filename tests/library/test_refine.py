"""The change of an experiment by rules: what is understood is everywhere, what is not is said, the rest stays as it is."""

from typing import Any

import msgspec
import pytest

from aichaos.ask.words import read
from aichaos.check.decode import experiment_of
from aichaos.check.experiment import findings
from aichaos.domain.experiment import to_document
from aichaos.library.knobs import accounts, knobs, look
from aichaos.library.refine import Asked, Changed, change, own_times
from tests.backends.test_playbook import experiment
from tests.observe.clusters import demo

LITMUS = "1000ms latency for 90 seconds on 50% of the pods of service-a"
MESH = "500ms latency on feature-store"


def changed(name: str, first: str, text: str) -> Changed:
    topology = demo(name)
    words = read(own_times(text))
    asked = Asked(text=text, numbers=words.numbers(), said=words.said(), account=words.account)
    return change(to_document(experiment(topology, first)), asked, topology)


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
