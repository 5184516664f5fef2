"""The backlog that follows from results, and the papers of an experiment."""

import json
from pathlib import Path
from typing import Any

import msgspec
import pytest

from aichaos.domain.results import Results
from aichaos.files import yaml
from aichaos.report.backlog import backlog, issues, markdown
from tests.program import Run, answer, fails

EXPERIMENT = {
    "apiVersion": "aichaos/v1",
    "kind": "Experiment",
    "metadata": {"name": "trial"},
    "spec": {"title": "t", "steps": [{"wait": {"for": "1s"}}], "remediation": ["Add a circuit breaker", "Add a fallback <b>"]},
}
FAILED = {"text": "success >= 99%", "measure": "success", "verdict": "fail", "observed": "91%", "why": "success is 91%, promised >= 99%"}


def results(run: str = "trial-1", *, failed: bool = False, **more: Any) -> Results:
    probe = {"probe": "shop answers", "kind": "http", "role": "steady", "asked": "", "verdict": "fail", "objectives": [FAILED]}
    base = {
        "run": run,
        "experiment_name": "trial",
        "title": "t",
        "hypothesis": "h",
        "digest": "",
        "experiment": EXPERIMENT,
        "cluster": "",
        "server": "",
        "context": None,
        "who": "",
        "approved": "yes",
        "program": "",
        "host": "",
        "began": 0.0,
        "ended": 1.0,
        "outcome": "completed",
        "restored": "verified",
        "verdict": "fail" if failed else "pass",
        "probes": [probe] if failed else [],
    }
    return msgspec.convert(base | more, Results)


def told(found: Results) -> list[tuple[str, str]]:
    return [(item.priority, item.text) for item in backlog([found]).items]


def test_what_the_experiment_proposes_is_asked_for_where_its_promise_was_broken() -> None:
    found = backlog([results(failed=True)])
    assert [(item.priority, item.text) for item in found.items] == [("high", "Add a circuit breaker"), ("medium", "Add a fallback <b>")]
    assert found.items[0].why == "success is 91%, promised >= 99%"


def test_what_held_asks_for_nothing_but_more_of_it() -> None:
    assert [priority for priority, _ in told(results(confidence=confidence("high")))] == ["low"]


@pytest.mark.parametrize(
    ("more", "priority", "text"),
    [
        ({"restored": "not-restored"}, "high", "Restore what it changed: aichaos recover trial-1"),
        ({"restored": "unknown", "outcome": "unfinished"}, "high", "Restore what it changed: aichaos recover trial-1"),
        ({"verdict": "no-data"}, "medium", "Give the experiment a probe that can fail, at an address that can be asked"),
        ({"outcome": "stopped", "stop_reason": "an incident"}, "medium", "Run it again to its end"),
        (
            {"observations": [{"kind": "difference", "severity": "high", "text": "foretold otherwise: GET /"}]},
            "high",
            "Find out why this was foretold otherwise: GET /",
        ),
    ],
)
def test_what_went_wrong_stands_in_it(more: dict[str, Any], priority: str, text: str) -> None:
    assert (priority, text) in told(results(**more))


def test_what_several_runs_show_stands_there_once_and_names_them() -> None:
    found = backlog([results("trial-1", failed=True), results("trial-2", failed=True)])
    assert [item.origins for item in found.items] == [["trial-1", "trial-2"]] * 2


def test_the_markdown_has_the_three_headings_and_no_html_of_a_stranger() -> None:
    text = markdown(backlog([results(failed=True)]))
    assert [line for line in text.splitlines() if line.startswith("#")] == [
        "# Chaos Engineering Improvements",
        "## High Priority",
        "## Medium Priority",
        "## Low Priority",
    ]
    assert "- [ ] Add a circuit breaker *(trial: success is 91%, promised >= 99%)*" in text
    assert "<b>" not in text


def test_each_issue_has_a_title_labels_and_what_was_seen() -> None:
    (name, text), *_ = issues(backlog([results(failed=True)]))
    assert name == "01-high.md"
    head, body = text.removeprefix("---\n").split("---\n", 1)
    (front,) = yaml.load(head, name)
    assert front == {"title": "Add a circuit breaker", "labels": "chaos, priority-high"}
    assert "**Seen**: success is 91%, promised >= 99%" in body


def test_the_papers_of_an_experiment(aichaos: Run, tmp_path: Path) -> None:
    made = answer(aichaos("library", "render", "scale-to-zero", "--from", "demo:route-chaos", "-o", "json"))
    path = made["suggestion"]["experiment"]
    paper = aichaos("document", path, "--from", "demo:route-chaos").stdout
    scope = ("Hypothesis", "Scope", "Prerequisites Checklist", "Success Criteria")
    for heading in (*scope, "Experiment Steps", "Metrics to Monitor", "Rollback Plan"):
        assert f"## {heading}" in paper
    assert "2 of 7 pods (29%), 1 route" in paper
    assert "- [x] Checked against demo:route-chaos: nothing found" in paper
    assert "recovery <= 60s" in paper
    offline = aichaos("document", path).stdout
    assert "(no cluster was looked at)" in offline
    runbook = aichaos("document", path, "--as", "runbook").stdout
    for heading in ("How to run", "How to roll back", "Emergency procedures"):
        assert f"## {heading}" in runbook
    assert f"aichaos run {path}" in runbook
    assert "1. Scale Deployment infra-backend-v1 to 2" in runbook


def test_what_can_not_be_meant_is_said(aichaos: Run, tmp_path: Path) -> None:
    fails(aichaos("backlog"), 2, "nothing was run from this machine yet")
    fails(aichaos("backlog", "--out", "x"), 2, "--out belongs to -o github")
    fails(aichaos("document", "none.yaml"), 1, "cannot read none.yaml")
    (tmp_path / "list.yaml").write_text(json.dumps({"kind": "List"}))
    fails(aichaos("document", "list.yaml"), 1, "holds no experiment")


def confidence(word: str, **values: float) -> dict[str, Any]:
    parts = [{"name": name, "value": value, "weight": 1.0, "why": f"why {name}"} for name, value in values.items()]
    return {"value": 0.5, "word": word, "parts": parts}


def test_what_would_say_more_is_said_as_something_to_do() -> None:
    parts = {"exercised": 0.1, "samples": 0.0, "baseline": 0.2, "sham": 0.5, "whole": 0.3}
    found = told(results(outcome="stopped", stop_reason="an incident", confidence=confidence("low", **parts)))
    assert [priority for priority, _ in found] == ["medium", "low", "low", "low"]
    assert [text.partition(":")[0] for _, text in found] == [
        "Run it again to its end",
        "Ask what the fault reaches",
        "Ask longer or more often, until the figures decide the promises",
        "Look longer before the first step",
    ]


def test_more_of_it_is_not_asked_for_where_hardly_anything_was_put_to_the_test() -> None:
    assert told(results(confidence=confidence("low"))) == []
    assert told(results(outcome="stopped", stop_reason="x", confidence=confidence("high"))) == [("medium", "Run it again to its end")]
    assert [text.partition(" (")[0] for _, text in told(results(confidence=confidence("high")))] == ["Try more of it"]
