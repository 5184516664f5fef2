"""The resilience pack: five manifests, each with the experiment that proves it, and what less would have done.

That the real server takes them: tests/agreement/test_resilience.py.
"""

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from aichaos.cli.main import cli
from aichaos.files import yaml
from tools.docs.places import ROOT

PACK = ROOT / "docs" / "examples" / "resilience"
MANIFESTS = sorted(PACK.glob("*.yaml"))
EXPERIMENTS = sorted((PACK / "experiments").glob("*.yaml"))


def source(experiment: Path) -> str:
    """The cluster that an experiment of the pack is for: the bundled one, or the one that its own manifest declares."""
    return str(PACK / "degradation.yaml") if experiment.stem == "degradation" else "demo:production"


def told(*arguments: str) -> Any:
    done = CliRunner().invoke(cli, [*arguments, "-o", "json"], standalone_mode=False)
    assert done.exception is None, done.output
    return json.loads(done.stdout)


def name_of(path: Path) -> str:
    return path.stem


def test_each_manifest_has_its_experiment() -> None:
    assert [path.name for path in EXPERIMENTS] == [path.name for path in MANIFESTS]
    assert len(MANIFESTS) == 5


@pytest.mark.parametrize("path", MANIFESTS, ids=name_of)
def test_check_finds_nothing_in_a_manifest(path: Path) -> None:
    assert told("check", str(path))["findings"] == []
    cluster = told("check", str(path), "--from", source(path))
    assert cluster["summary"] | {"info": 0} == {"error": 0, "warning": 0, "info": 0, "skipped": 0}


@pytest.mark.parametrize("path", EXPERIMENTS, ids=name_of)
def test_check_finds_nothing_in_an_experiment(path: Path) -> None:
    assert told("check", str(path), "--from", source(path))["findings"] == []


@pytest.mark.parametrize("path", EXPERIMENTS, ids=name_of)
def test_what_is_foretold_is_what_the_experiment_hopes_for(path: Path) -> None:
    """Every request that was answered before is answered in every state, and after the way back as before."""
    requests = PACK / "requests" / f"{path.stem}.jsonl"
    foretold = told("predict", str(path), "--from", source(path), *(["--requests", str(requests)] if requests.exists() else []))
    assert foretold["requests"]
    for state in foretold["states"]:
        assert [answer["outcome"] for answer in state["outcomes"]] == ["forward"] * len(foretold["requests"])
    assert foretold["restored"] is True


def ready(state: Any) -> list[tuple[str, int]]:
    return [(share["service"], share["ready_endpoints"]) for answer in state["outcomes"] for share in answer["backends"]]


def test_the_fallback_takes_over_when_the_large_model_is_gone() -> None:
    requests = str(PACK / "requests" / "degradation.jsonl")
    experiment = str(PACK / "experiments" / "degradation.yaml")
    states = told("predict", experiment, "--from", str(PACK / "degradation.yaml"), "--requests", requests)["states"]
    assert ready(states[0]) == [("production/llama3", 6)]
    assert ready(states[2]) == [("production/llama3", 2)]


LOST = """
apiVersion: aichaos/v1
kind: Experiment
metadata: {name: lose-the-large-model}
spec:
  title: Lose every pod of the 70B model
  scope: {namespaces: [production], maxPods: 8, maxShare: 0.5}
  steps:
    - {name: east, scale: {kind: Deployment, name: llama3-70b-east, namespace: production, replicas: 0}}
    - {name: west, scale: {kind: Deployment, name: llama3-70b-west, namespace: production, replicas: 0}}
"""


def test_a_second_route_is_no_fallback(tmp_path: Path) -> None:
    """What the pack's form is better than: the same loss, behind a VirtualService whose last route is called a fallback."""
    experiment = tmp_path / "lost.yaml"
    experiment.write_text(LOST, encoding="utf-8")
    requests = str(PACK / "requests" / "replication.jsonl")
    states = told("predict", str(experiment), "--from", "demo:production", "--requests", requests)["states"]
    assert [(answer["outcome"], answer["status"]) for answer in states[2]["outcomes"]] == [("error", 503), ("forward", None)]


WEAKENED = {
    "failover": ("        enabled: true\n", "        enabled: false\n", "istio/failover-switched-off"),
    "replication": ("        status: Enabled\n", "        status: Disabled\n", "crossplane/replication-off"),
    "degradation": ("failoverPriority: [model=llama3-70b]", "failover: [{from: a, to: a}]", "istio/failover-switched-off"),
    "engine": ("applabel: app=vllm-inference-engine, appkind: deployment", "", "litmus/no-target"),
    "shadowing": ("mirrorPercentage: {value: 100.0}", "mirrorPercentage: {value: 0}", "istio/mirrors-nothing"),
}
"""What the lab's verification looks for with grep, taken away: each leaves the words in the file, and the effect is gone."""


@pytest.mark.parametrize("name", WEAKENED)
def test_check_notices_when_the_effect_is_gone(name: str, tmp_path: Path) -> None:
    right, wrong, rule = WEAKENED[name]
    text = (PACK / f"{name}.yaml").read_text(encoding="utf-8")
    assert right in text
    path = tmp_path / f"{name}.yaml"
    path.write_text(text.replace(right, wrong), encoding="utf-8")
    assert rule in {one["rule"] for one in told("check", str(path))["findings"]}


def test_the_engine_of_the_experiment_is_the_engine_of_the_pack() -> None:
    (engine,) = yaml.load((PACK / "engine.yaml").read_text(encoding="utf-8"), "engine.yaml")
    (experiment,) = yaml.load((PACK / "experiments" / "engine.yaml").read_text(encoding="utf-8"), "engine.yaml")
    assert [step["chaos"] for step in experiment["spec"]["steps"] if "chaos" in step] == [engine]


def test_losing_a_region_takes_the_pods_of_its_nodes_alone() -> None:
    """NODE_LABEL leaves three of the six pods; with TARGET_PODS it would not count."""
    states = told("predict", str(PACK / "experiments" / "failover.yaml"), "--from", "demo:production")["states"]
    effect = next(one for one in states[2]["effects"] if one["service"] == "production/vllm-inference-engine")
    assert (effect["pods"], effect["of"], effect["share"]) == (3, 6, 0.5)
