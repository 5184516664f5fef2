"""The limits in the user's words: what is to be left alone is left alone by every backend, and the namespaces to stay in are stayed in."""

import time
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aichaos.ask.agreement import transgressions
from aichaos.ask.bounds import Bounds, bounds
from aichaos.ask.conversation import Manner, Means, ask
from aichaos.ask.prompting import render
from aichaos.ask.protocol import Facts, Options
from aichaos.ask.registry import open_backend
from aichaos.ask.words import read
from aichaos.check.decode import experiment_of
from aichaos.domain.experiment import Experiment
from tests.backends.provider import message, serving
from tests.observe.clusters import PATIENT, demo

ROUTE = "HTTPRoute/route-chaos/my-route"


def kept(text: str, name: str = "route-chaos") -> set[str]:
    return {named for one in bounds(text, demo(name)).kept for named in one.named}


@pytest.mark.parametrize(
    "text",
    [
        "do not touch my-route",
        "3 tests. Don't touch my-route, please",
        "don’t ever change my-route",
        "never modify the HTTPRoute my-route",
        "test the gateway without touching my-route",
        "leave my-route alone",
        "leave the route my-route as it is",
        "break everything except my-route",
        "all routes excluding my-route",
        "any route other than my-route",
        "my-route must not be touched",
        "scale infra-backend-v1 to zero, my-route is off limits",
        "keep my-route untouched",
        "avoid my-route",
        "hands off my-route",
        "not my-route",
        "you must not touch HTTPRoute/route-chaos/my-route",
        "please do not inject anything into my-route",
    ],
)
def test_what_is_to_be_left_alone_is_read_in_many_words(text: str) -> None:
    assert ROUTE in kept(text)


@pytest.mark.parametrize(
    "text",
    [
        "not in namespace litmus",
        "do not touch the litmus namespace",
        "nothing in litmus",
        "stay out of litmus",
        "in every namespace but not in litmus",
    ],
)
def test_a_namespace_to_stay_out_of_is_one_and_none_to_stay_in(text: str) -> None:
    found = bounds(text, demo("service-a"))
    assert {name for one in found.kept for name in one.namespaces} == {"litmus"}
    assert found.namespaces == ()


@pytest.mark.parametrize(
    "text",
    [
        "delete my-route and recreate it",
        "why is my-route not working?",
        "make sure it is not slow: delete my-route",
        "not only my-route but all routes",
        "Let us scale infra-backend-v1 down and see whether it can be",
        "avoid downtime of my-route",
        "my-route has no fallback",
        "do not wait; delete my-route",
        "if my-route is not there, what happens?",
    ],
)
def test_a_sentence_that_sets_no_limit_sets_none(text: str) -> None:
    assert kept(text) == set()


def test_what_comes_after_a_limit_is_wanted() -> None:
    found = bounds("do not touch my-route, scale infra-backend-v1 to zero", demo("route-chaos"))
    assert found.names == {"my-route"}
    assert "infra-backend-v1" in found.rest
    assert "my-route" not in found.rest


def test_part_of_a_name_is_read_generously() -> None:
    assert {"Deployment/route-chaos/infra-backend-v1", "Service/route-chaos/infra-backend-v2"} <= kept("do not touch the infra pods")


def test_only_this_is_everything_but_this() -> None:
    assert kept("do not touch anything but my-route") == {f"anything but {ROUTE}"}
    assert bounds("do not touch anything outside of the route-chaos namespace", demo("route-chaos")).namespaces == ("route-chaos",)


def test_a_limit_about_nothing_and_a_namespace_that_is_not_there_are_found() -> None:
    found = bounds("do not touch the billing database; in the shop-7 namespace", demo("route-chaos"))
    assert found.unheard == ("do not touch the billing database",)
    assert found.unknown == ("shop-7",)


def test_a_kind_can_be_left_alone_as_a_whole() -> None:
    assert kept("leave the Gateway alone") == kept("do not touch the gateway") == {"any Gateway"}
    assert bounds("leave the moon alone", demo("route-chaos")).unheard == ("leave the moon alone",)


def test_a_limit_of_an_earlier_line_holds_until_it_is_named_again() -> None:
    said = ("Engineer: do not touch my-route", "You: 1. something")
    assert bounds("3 more", demo("route-chaos"), said).names == {"my-route"}
    assert bounds("now delete my-route", demo("route-chaos"), said).names == frozenset()


# held against an experiment ---------------------------------------------------------------------------------------------------------------

SERVICE_A = {"appinfo": {"appns": "service-a-namespace", "applabel": "app=service-a", "appkind": "deployment"}}


def of(*steps: dict[str, Any]) -> Experiment:
    document = {"apiVersion": "aichaos/v1", "kind": "Experiment", "metadata": {"name": "x"}, "spec": {"title": "x", "steps": list(steps)}}
    found, problems = experiment_of(document)
    assert found is not None, problems
    return found


def wrong(words: str, name: str, *steps: dict[str, Any]) -> list[str]:
    topology = demo(name)
    return [one.message for one in transgressions(of(*steps), bounds(words, topology), topology)]


def test_a_step_on_it_is_an_error_with_its_place() -> None:
    step = {"delete": {"kind": "HTTPRoute", "name": "my-route", "namespace": "route-chaos"}}
    (found,) = transgressions(of(step), bounds("leave my-route alone", demo("route-chaos")), demo("route-chaos"))
    assert (found.rule, found.severity, found.path) == ("asked/leave-alone", "error", "/spec/steps/0/delete")
    assert found.message == f'you said "leave my-route alone"; this step works on {ROUTE}'


def test_pods_that_a_selector_takes_are_part_of_what_keeps_them() -> None:
    mesh = {
        "chaos": {
            "apiVersion": "chaos-mesh.org/v1alpha1",
            "kind": "NetworkChaos",
            "metadata": {"name": "n", "namespace": "ml-services"},
            "spec": {
                "action": "delay",
                "mode": "all",
                "selector": {"namespaces": ["ml-services"], "labelSelectors": {"app": "feature-store"}},
            },
        },
        "hold": "10s",
    }
    assert wrong("do not touch the Deployment feature-store", "ml-services", mesh)
    assert wrong("do not touch Service feature-store", "ml-services", mesh)
    assert wrong("nothing in namespace ml-services", "ml-services", mesh)
    assert not wrong("do not touch database", "ml-services", mesh)


def test_a_policy_for_its_pods_is_one_too() -> None:
    policy = {
        "create": {
            "apiVersion": "networking.k8s.io/v1",
            "kind": "NetworkPolicy",
            "metadata": {"name": "deny", "namespace": "route-chaos"},
            "spec": {"podSelector": {}, "policyTypes": ["Ingress"]},
        }
    }
    assert wrong("infra-backend-v1 must not be touched", "route-chaos", policy)


def test_only_what_was_forbidden_is() -> None:
    scale = {"scale": {"kind": "Deployment", "name": "infra-backend-v1", "namespace": "route-chaos", "replicas": 0}}
    label = {"label": {"kind": "Deployment", "name": "infra-backend-v1", "namespace": "route-chaos", "set": {"a": "b"}}}
    assert wrong("do not scale infra-backend-v1", "route-chaos", scale)
    assert not wrong("do not scale infra-backend-v1", "route-chaos", label)
    assert not wrong("do not delete any Service", "route-chaos", scale)
    assert wrong(
        "do not delete anything", "route-chaos", {"delete": {"kind": "Deployment", "name": "infra-backend-v1", "namespace": "route-chaos"}}
    )
    assert wrong("do not touch anything but my-route", "route-chaos", scale)


# with any backend -----------------------------------------------------------------------------------------------------------------------

IDEAS = "ideas:\n- {id: a, title: Take it away, summary: s, why_here: [HTTPRoute/route-chaos/my-route]}\n"
ANSWER = """apiVersion: aichaos/v1
kind: Experiment
metadata: {name: a}
spec:
  title: Take it away
  steps:
  - delete: {kind: HTTPRoute, name: my-route, namespace: route-chaos}
"""


@pytest.mark.parametrize("backend", ["anthropic", "openai"])
def test_a_model_is_told_and_what_it_does_all_the_same_is_an_error(backend: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ANTHROPIC_API_KEY", "not-a-key")
    monkeypatch.setenv("OPENAI_API_KEY", "not-a-key")
    topology = demo("route-chaos")

    def respond(request: dict[str, Any]) -> Any:
        return message(IDEAS if "Give 1 idea" in str(request) else ANSWER, request)

    with serving(respond) as (url, seen):
        opened = open_backend(backend, Options(model="m", base_url=url if backend == "anthropic" else f"{url}/v1", timeout=10))
        facts = Facts(topology=topology, words=read("one test, but do not touch my-route"), count=1)
        means = Means(
            digest=lambda: "d",
            decode=experiment_of,
            judge=lambda experiment: [],
            say=lambda line: None,
            manner=Manner(repairs=1, cache=None),
        )
        answer = ask(opened, facts, means)
    assert all("no step may touch, by name, selector, policy or rule, HTTPRoute/route-chaos/my-route" in str(request) for request in seen)
    assert len(seen) == 3  # it was asked to mend it
    (draft,) = answer.drafts
    assert "asked/leave-alone" in [one.rule for one in draft.findings if one.severity == "error"]
    assert f"left alone, as your words say: {ROUTE}" in answer.warnings


def test_a_prompt_without_a_limit_says_nothing_of_one() -> None:
    prompt = render("ideas", Facts(topology=demo("route-chaos"), words=read("3 chaos tests")))
    assert "BINDING" not in prompt.text


PIECES = st.sampled_from(
    [
        "do not ",
        "touch ",
        "my-route",
        " except ",
        "leave ",
        " alone",
        "namespace ",
        "route-chaos",
        ", ",
        ". ",
        "not in ",
        "anything but ",
        "keep ",
        "must not be touched",
    ]
)
ROUTES = demo("route-chaos")


@PATIENT
@given(st.text(max_size=80) | st.lists(PIECES, max_size=12).map("".join))
def test_any_words_have_their_limits(text: str) -> None:
    found = bounds(text, ROUTES)
    assert isinstance(found, Bounds)
    assert set(found.namespaces) <= set(ROUTES.namespaces)


@pytest.mark.parametrize("piece", ["do not touch ", "except ", "leave a ", "x must not ", "not in ", "a ", "namespace ", "do not inject "])
def test_a_long_text_takes_no_time(piece: str) -> None:
    topology = demo("route-chaos")
    start = time.process_time()
    bounds(piece * (100_000 // len(piece)), topology)
    assert time.process_time() - start < 4
