"""What an answer says of this cluster is true, and what it takes away comes back."""

from typing import Any

import pytest

from aichaos.ask import parse
from aichaos.ask.conversation import Manner, Means, ask
from aichaos.ask.grounding import grounded, returning
from aichaos.ask.protocol import Facts, Options
from aichaos.ask.registry import open_backend
from aichaos.ask.words import read
from aichaos.assess import judge
from aichaos.check.decode import experiment_of
from aichaos.domain.experiment import Experiment, to_document
from aichaos.domain.policy import NO_POLICY
from aichaos.domain.suggestion import Draft, Idea
from tests.observe.clusters import demo

ROUTE = "HTTPRoute/route-chaos/my-route"


def why(*names: str) -> tuple[list[str], list[str]]:
    idea, missing = grounded(Idea(id="a", title="t", summary="s", why_here=list(names)), demo("route-chaos"))
    return idea.why_here, missing


def test_what_exists_stays_and_what_does_not_is_left_out() -> None:
    assert why(ROUTE, "Service/route-chaos/billing", "HTTPRoute/other/my-route") == (
        [ROUTE],
        ["Service/route-chaos/billing", "HTTPRoute/other/my-route"],
    )


@pytest.mark.parametrize(
    "text", ["httproute/my-route", "HTTPRoute/my-route", "my-route", "route-chaos/my-route", "httproutes/route-chaos/my-route"]
)
def test_a_name_that_can_mean_one_object_is_written_in_full(text: str) -> None:
    assert why(text) == ([ROUTE], [])


@pytest.mark.parametrize("text", ["", "/", "a/b/c/d", "Service", "the gateway", "Service/"])
def test_what_names_nothing_is_left_out(text: str) -> None:
    assert why(text) == ([], [text])


# a way back -----------------------------------------------------------------------------------------------------------------------------


def of(*steps: dict[str, Any]) -> Experiment:
    document = {"apiVersion": "aichaos/v1", "kind": "Experiment", "metadata": {"name": "x"}, "spec": {"title": "x", "steps": list(steps)}}
    found, problems = experiment_of(document)
    assert found is not None, problems
    return found


def back(*steps: dict[str, Any]) -> list[dict[str, Any]]:
    """The steps that are added."""
    made, _ = returning(of(*steps), demo("route-chaos"))
    return [dict(step) for step in to_document(made)["spec"]["steps"][len(steps) :]]


DEPLOYMENT = {"kind": "Deployment", "name": "infra-backend-v1", "namespace": "route-chaos"}
MY_ROUTE = {"kind": "HTTPRoute", "name": "my-route", "namespace": "route-chaos"}
DOWN = {"scale": DEPLOYMENT | {"replicas": 0}}
UP = {"scale": DEPLOYMENT | {"replicas": 2}}
WAIT = {"wait": {"for": "20s"}}


def test_replicas_and_objects_come_back_the_last_first_after_a_pause() -> None:
    pause, route, deployment = back(DOWN, {"delete": MY_ROUTE})
    assert pause["wait"] == {"for": "60s"}
    assert route["recreate"] == MY_ROUTE
    assert deployment["scale"] == DEPLOYMENT | {"replicas": 2}


@pytest.mark.parametrize(
    "steps",
    [
        (DOWN, WAIT, UP),
        ({"delete": MY_ROUTE}, WAIT, {"recreate": MY_ROUTE}),
        ({"scale": DEPLOYMENT | {"replicas": 5}},),
        (WAIT,),
        ({"restart": DEPLOYMENT},),
    ],
)
def test_where_there_is_a_way_back_or_nothing_is_gone_nothing_is_added(steps: tuple[dict[str, Any], ...]) -> None:
    assert back(*steps) == []


def test_a_pause_that_is_there_is_not_made_twice() -> None:
    assert [next(iter(step.keys() - {"name"})) for step in back(DOWN, WAIT)] == ["scale"]


def test_a_pod_that_its_workload_replaces_is_not_recreated() -> None:
    pod = next(pod for pod in demo("route-chaos").snapshot.pods)
    assert back({"delete": {"kind": "Pod", "name": pod.name, "namespace": pod.namespace}}) == []


def answered(tmp_path: Any, reply: str, why_here: str = ROUTE) -> tuple[Draft, list[str]]:
    (tmp_path / "ideas.md").write_text(
        f"ideas:\n- {{id: down, title: Take it away, summary: s, why_here: [{why_here}]}}\n", encoding="utf-8"
    )
    (tmp_path / "down.md").write_text(reply, encoding="utf-8")
    topology = demo("route-chaos")
    means = Means(
        digest=lambda: "d", decode=experiment_of, judge=judge(topology, NO_POLICY), say=lambda line: None, manner=Manner(repairs=0)
    )
    asked = ask(open_backend("replay", Options(model=str(tmp_path))), Facts(topology=topology, words=read("one test"), count=1), means)
    return asked.drafts[0], asked.warnings


def test_one_line_of_an_answer_becomes_an_experiment_with_its_way_back(tmp_path: Any) -> None:
    draft, _ = answered(tmp_path, "```bash\nkubectl scale deployment infra-backend-v1 -n route-chaos --replicas=0\n```\n")
    assert draft.experiment is not None
    assert [step.verb for step in draft.experiment.spec.steps] == ["scale", "wait", "scale"]
    assert draft.experiment.spec.steps[-1].scale is not None
    assert draft.experiment.spec.steps[-1].scale.replicas == 2
    (said,) = [one for one in draft.findings if one.rule == "reply/no-way-back"]
    assert said.message == "it never brings Deployment/route-chaos/infra-backend-v1 back: a step that does was added"
    assert [one for one in draft.findings if one.severity == "error"] == []


def test_an_idea_names_only_what_is_there_and_the_rest_is_said(tmp_path: Any) -> None:
    draft, warnings = answered(tmp_path, "```bash\nkubectl delete httproute my-route -n route-chaos\n```\n", f"{ROUTE}, Service/shop/web")
    assert draft.idea.why_here == [ROUTE]
    assert "down names Service/shop/web, which this cluster does not have; it was left out" in warnings


def test_the_reader_of_ideas_itself_knows_no_cluster() -> None:
    (idea,), _ = parse.ideas("ideas:\n- {id: a, title: t, summary: s, why_here: [Service/shop/web]}\n")
    assert idea.why_here == ["Service/shop/web"]
