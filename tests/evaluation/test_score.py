"""What an answer is scored by: an experiment is judged by what it does, and a worse one gets a worse score."""

import json
from pathlib import Path
from typing import Any

import msgspec
import pytest

from aichaos.ask.conversation import Asked as Came
from aichaos.check.decode import experiment_of
from aichaos.domain.experiment import Experiment
from aichaos.domain.finding import Finding
from aichaos.domain.suggestion import Draft, Idea, Round, Usage
from aichaos.errors import FileError, UsageError
from aichaos.evaluation.clusters import cluster
from aichaos.evaluation.evaluate import Evaluation, changes, earlier, totals, why
from aichaos.evaluation.honoured import Asked, missed
from aichaos.evaluation.score import Score, score
from aichaos.evaluation.suite import Question, suite
from tests.program import Run

ENGINE = {
    "apiVersion": "litmuschaos.io/v1alpha1",
    "kind": "ChaosEngine",
    "metadata": {"name": "slow", "namespace": "shop"},
    "spec": {
        "appinfo": {"appns": "shop", "applabel": "app=web", "appkind": "deployment"},
        "chaosServiceAccount": "litmus-admin",
        "experiments": [
            {
                "name": "pod-network-latency",
                "spec": {
                    "components": {
                        "env": [
                            {"name": "NETWORK_LATENCY", "value": "1000"},
                            {"name": "TOTAL_CHAOS_DURATION", "value": "90"},
                            {"name": "PODS_AFFECTED_PERC", "value": "50"},
                        ]
                    }
                },
            }
        ],
    },
}
DELAY = {
    "apiVersion": "chaos-mesh.org/v1alpha1",
    "kind": "NetworkChaos",
    "metadata": {"name": "slow", "namespace": "chaos"},
    "spec": {
        "action": "delay",
        "mode": "all",
        "selector": {"namespaces": ["shop"]},
        "delay": {"latency": "0.7s", "jitter": "50ms"},
        "duration": "2m",
    },
}


def made(*steps: dict[str, Any]) -> Experiment:
    document = {
        "apiVersion": "aichaos/v1",
        "kind": "Experiment",
        "metadata": {"name": "e"},
        "spec": {"title": "1 ms", "steps": list(steps)},
    }
    found, problems = experiment_of(document)
    assert found is not None, problems
    return found


@pytest.mark.parametrize(
    ("asked", "step"),
    [
        (Asked(latency=1000, duration=90, percent=50, account="litmus-admin", namespace="shop", does=("pod-network-latency",)), ENGINE),
        (Asked(latency=700, jitter=50, duration=120, percent=100, namespace="shop", does=("NetworkChaos/delay",)), DELAY),
    ],
)
def test_what_was_asked_is_found_in_the_manifest(asked: Asked, step: dict[str, Any]) -> None:
    assert missed(asked, made({"chaos": step})) == []


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        (Asked(latency=100), "latency 100: 1000"),
        (Asked(duration=60), "duration 60: 90"),
        (Asked(percent=5), "percent 5: 50"),
        (Asked(loss=10), "loss 10: none"),
        (Asked(account="litmus"), "account litmus: litmus-admin"),
        (Asked(namespace="other"), "namespace other: shop"),
        (Asked(does=("scale Deployment",)), "does scale Deployment: chaos ChaosEngine, pod-network-latency"),
        (Asked(objects=("we",)), "object we: not touched"),
    ],
)
def test_what_was_asked_and_is_not_done_is_missed(asked: Asked, said: str) -> None:
    assert missed(asked, made({"chaos": ENGINE})) == [said]


def test_a_split_of_traffic_is_a_share() -> None:
    rules = [{"backendRefs": [{"name": "a", "weight": 80}, {"name": "b", "weight": 20}]}]
    patch = {"kind": "HTTPRoute", "name": "r", "namespace": "shop", "merge": {"spec": {"rules": rules}}}
    assert missed(Asked(percent=20), made({"patch": patch})) == []


def test_the_title_is_not_believed() -> None:
    assert missed(Asked(latency=1), made({"chaos": ENGINE})) != []


USAGE = Usage(name="b", model=None, calls=2, input_tokens=10, output_tokens=5, cost_usd=0.5)


def came(*drafts: Draft) -> Came:
    return Came(drafts=list(drafts), usage=USAGE, warnings=[])


def draft(experiment: Experiment | None, *findings: Finding, rounds: tuple[int, ...] = ()) -> Draft:
    told = [Round(errors=one, warnings=0, changed=0, kept=True, findings=[]) for one in rounds]
    return Draft(idea=Idea(id="i", title="", summary=""), experiment=experiment, findings=list(findings), rounds=told)


def error(layer: Any = "schema") -> Finding:
    return Finding(rule="x/y", layer=layer, severity="error", message="m")


SCALE = {"kind": "Deployment", "name": "web", "namespace": "shop", "replicas": 0}
QUESTION = Question(id="q", cluster="demo:route-chaos", words="", count=2)


def test_a_sound_answer_is_perfect() -> None:
    assert score(QUESTION, came(draft(made({"chaos": ENGINE})), draft(made({"scale": SCALE}))), 1.0).perfect


@pytest.mark.parametrize(
    ("drafts", "said"),
    [
        ([draft(made({"chaos": ENGINE}))], "1 of 2 read"),
        ([draft(made({"chaos": ENGINE})), draft(None)], "1 of 2 read"),
        ([draft(made({"chaos": ENGINE})), draft(made({"scale": SCALE}), error())], "1 error"),
        ([draft(made({"chaos": ENGINE})), draft(made({"scale": SCALE}), error("reference"))], "1 error; 1 name what is not there"),
        ([draft(made({"chaos": ENGINE})), draft(made({"chaos": ENGINE | {"metadata": {"name": "x", "namespace": "shop"}}}))], "1 alike"),
        ([], "0 of 2 read; no experiment"),
    ],
)
def test_a_worse_answer_is_not(drafts: list[Draft], said: str) -> None:
    found = score(QUESTION, came(*drafts), 1.0)
    assert (found.perfect, why(found)) == (False, said)


def test_errors_before_mending_and_after_are_told_apart() -> None:
    found = score(QUESTION, came(draft(made({"chaos": ENGINE}), rounds=(3, 0)), draft(made({"scale": SCALE}), rounds=(0,))), 1.0)
    assert (found.errors_first, found.errors, found.ready_first, found.ready) == (3, 0, 1, 2)


def test_an_unknown_price_makes_the_sum_unknown() -> None:
    good = Score(id="a", wanted=1, cost_usd=1.0)
    assert totals([good, msgspec.structs.replace(good, cost_usd=None)]).cost_usd is None
    assert totals([good, good]).cost_usd == 2.0


def test_what_went_better_or_worse_is_told() -> None:
    good, bad = Score(id="a", wanted=0), Score(id="a", wanted=0, errors=2)

    def evaluation(one: Score) -> Evaluation:
        return Evaluation(backend="b", model=None, prompts=None, suite=1, totals=totals([one]), scores=[one])

    assert changes(evaluation(bad), evaluation(good)) == ["a: better"]
    assert changes(evaluation(good), evaluation(bad)) == ["a: worse (2 errors)"]
    assert changes(evaluation(good), evaluation(good)) == []


def test_a_grown_cluster_has_every_application_many_times_and_no_reference_that_leads_nowhere() -> None:
    grown = cluster("grown:route-chaos*3")
    assert {route.namespace for route in grown.snapshot.http_routes} == {"route-chaos-001", "route-chaos-002", "route-chaos-003"}
    assert all(backend.problem == "" for route in grown.snapshot.routes() for backend in grown.backends_of(route))
    assert all(grown.attached(route) for route in grown.snapshot.routes())
    assert len(grown.snapshot.nodes) == len(cluster("demo:route-chaos").snapshot.nodes)


@pytest.mark.parametrize("name", ["grown:route-chaos", "other:x", "grown:Ä*3", ""])
def test_a_cluster_that_nobody_knows_is_said(name: str) -> None:
    with pytest.raises(UsageError, match="names no cluster"):
        cluster(name)


@pytest.mark.parametrize("content", ["", "version: 1", "- x", "version: 1\nquestions: [{id: a}]"])
def test_a_suite_that_is_none_is_said(content: str, tmp_path: Path) -> None:
    path = tmp_path / "suite.yaml"
    path.write_text(content, encoding="utf-8")
    with pytest.raises(FileError, match="cannot read the suite"):
        suite(path)


def test_the_command_prints_a_table_and_compares(aichaos: Run, tmp_path: Path) -> None:
    saved = aichaos("eval", "--only", "zero", "-o", "json")
    assert saved.returncode == 0
    assert json.loads(saved.stdout)["totals"]["perfect"] == 1
    (tmp_path / "before.json").write_text(saved.stdout, encoding="utf-8")
    shown = aichaos("eval", "--only", "zero", "--compare", "before.json")
    assert "questions" in shown.stdout
    assert "before" in shown.stdout


def test_an_answer_that_is_not_perfect_fails_the_command(aichaos: Run, tmp_path: Path) -> None:
    (tmp_path / "suite.yaml").write_text(
        "version: 1\nquestions: [{id: a, cluster: 'demo:route-chaos', words: 'scale to zero', count: 1, asks: {latency: 5}}]",
        encoding="utf-8",
    )
    done = aichaos("eval", "--suite", "suite.yaml")
    assert done.returncode == 4
    assert "latency 5: none" in done.stdout


def test_what_is_not_there_is_said(aichaos: Run, tmp_path: Path) -> None:
    assert aichaos("eval", "--only", "nothing").returncode == 2
    assert aichaos("eval", "--compare", "nothing.json").returncode == 1
    with pytest.raises(FileError):
        earlier(tmp_path / "nothing.json")
