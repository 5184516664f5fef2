"""A GameDay on the real API server and the real gateway: the lab's scenarios in order, notes, and a debrief from what was measured."""

import json
import os
import signal
from pathlib import Path
from typing import Any

import pytest

from tests.controlplane.gateway import RunningGateway
from tests.program import Run, all_said
from tests.run.lab import CTRL_C, Lab, lab_of


@pytest.fixture
def lab(gateway: RunningGateway, aichaos: Run, tmp_path: Path) -> Lab:
    return lab_of(gateway, aichaos, tmp_path)


def test_the_labs_three_scenarios_are_held_and_told_from_what_was_measured(lab: Lab) -> None:
    rules = lab.rules()
    process = lab.start(lab.day())
    seen: list[dict[str, Any]] = []
    assert process.stdout is not None
    for line in process.stdout:
        seen.append(json.loads(line))
        if seen[-1]["event"] == "changed" and "scale" not in str(seen[-1]) and len([one for one in seen if one["event"] == "changed"]) == 1:
            done = lab.say("gameday", "note", "--as", "anna", "two pods are gone, nobody was paged")
            assert done.returncode == 0, all_said(done)
            assert lab.say("gameday", "note", "--kind", "action", "page us when half of the pods are gone").returncode == 0
    _, said = process.communicate(timeout=60)
    assert process.returncode == 3, (said, [one for one in seen if one["event"] in ("note", "stopping", "finished")])
    assert seen[-1]["event"] == "gameday-finished"
    verdicts = [one["verdict"] for one in seen if one["event"] == "finished"]
    assert (lab.replicas(), lab.rules()) == ([4, 1, 1], rules)
    found = lab.debrief()
    assert [(one["state"], one["restored"]) for one in found["scenarios"]] == [("completed", "verified")] * 3
    measured = [each["measured"] for one in found["scenarios"] for each in one["seen"]]
    during = [one for one in measured if one["window"] == "during"]
    kept = ["pass" if one["availability"]["value"] >= 0.99 else "fail" for one in during]  # a busy machine may miss an answer
    assert [one["verdict"] for one in found["scenarios"]] == verdicts == kept
    assert verdicts[2] == "fail"
    assert found["code"] == 3
    assert any("anna" in one for one in found["scenarios"][0]["notes"])
    assert {"text": "page us when half of the pods are gone", "origin": found["led_by"]} in found["actions"]
    assert any(one["origin"] == "Model Degradation" for one in found["actions"]), "what the experiment says to change"
    assert [one["gates"][0].partition(" (")[0] for one in found["scenarios"][1:]] == ["steady-state: open"] * 2
    assert found["scenarios"][2]["first_bad"] is not None
    shares = {one["measured"]["window"]: one["measured"]["availability"] for one in found["scenarios"][2]["seen"]}
    assert (shares["baseline"]["value"], shares["during"]["value"] < 0.99) == (1.0, True)
    assert shares["during"]["low"] < shares["during"]["value"] < shares["during"]["high"]
    backlog = json.loads(lab.say("backlog", "-o", "json").stdout)
    assert backlog["items"][0]["priority"] == "high"
    assert "Automatic rollback" in backlog["items"][0]["text"]
    assert "promised >= 99%" in backlog["items"][0]["why"]
    text = Path(seen[-1]["debrief"]).read_text(encoding="utf-8")
    for heading in ("# GameDay: ML Service Resilience Test", "## Date", "## Participants", "### Scenario 2: Database Failure (15m)"):
        assert heading in text
    for heading in ("What worked well?", "What failed?", "Action items?", "Team response times", "Communication effectiveness"):
        assert f"### {heading}" in text
    assert "- [ ] page us when half of the pods are gone" in text
    held = [one for one in found["scenarios"][:2] if one["verdict"] == "pass"]
    quiet = [one for one in held if one["confidence"] == "low"]  # four pods became two, and no answer shows it, unless the machine is busy
    shown = [one["name"] for one in held if one not in quiet]
    assert [one.partition(":")[0] for one in found["worked"] if "the hypothesis held" in one] == shown
    for one in quiet:
        assert f"{one['name']}: the hypothesis held, but hardly anything put it to the test" in text
    assert not quiet or f"Hardly anything put to the test: {', '.join(one['name'] for one in quiet)}." in text


def test_a_gate_that_stays_closed_ends_the_day(lab: Lab) -> None:
    lab.experiment("broken", spare="ml-prediction-service-fallback")
    code, events = lab.hold(lab.small([("Broken", "broken", ""), ("After it", "broken", "previous-passed")]))
    assert code == 7
    assert [one["event"] for one in events if one["event"].startswith("gameday")][-2:] == ["gameday-gate", "gameday-finished"]
    found = lab.debrief()
    assert [(one["state"], one["verdict"]) for one in found["scenarios"]] == [("completed", "fail"), ("not-run", None)]
    assert "previous-passed" in found["why"]
    assert any("a gate stayed closed" in one for one in found["process"])
    assert {"text": "Mend it", "origin": "Broken"} in found["actions"]


def test_at_a_terminal_the_name_is_asked_once_and_go_before_each_gate(lab: Lab) -> None:
    lab.experiment("quiet")
    path = lab.small([("First", "quiet", "go"), ("Second", "quiet", "go")])
    code, seen = lab.at_a_terminal(path, ["small", "go", "no"])
    assert code == 7, seen
    assert seen.count("to go on:") == 3
    for told in ("Shall these 2 scenarios be run?", "Go for First?", "gate go: CLOSED", "The day is over: it ended early"):
        assert told in seen
    assert [one["state"] for one in lab.debrief()["scenarios"]] == ["completed", "not-run"]
    code, seen = lab.at_a_terminal(path, ["another"])
    assert (code, "nothing was changed" in seen) == (130, True), seen


def test_ctrl_c_at_a_gate_ends_the_day_and_it_is_told(lab: Lab) -> None:
    lab.experiment("quiet")
    path = lab.small([("First", "quiet", ""), ("Second", "quiet", "go")])
    code, seen = lab.at_a_terminal(path, ["small", CTRL_C])
    assert (code, "The day is over: it ended early; what was changed is restored" in seen) == (7, True), seen
    assert "watchdog" not in seen, "its own process has let the Lease go"
    assert "nothing was changed" not in seen
    found = lab.debrief()
    assert [one["state"] for one in found["scenarios"]] == ["completed", "not-run"]
    assert found["why"] == "stopped before Second: interrupted (SIGINT)"
    code, seen = lab.at_a_terminal(lab.small([("First", "quiet", "go")]), ["small", CTRL_C])
    assert (code, "it was interrupted before anything was changed" in seen) == (130, True), seen
    assert lab.say("runs", "--cluster", "--lease", f"{lab.namespace}/aichaos-run").stdout == ""


def test_a_day_that_is_killed_is_restored_by_the_watchdog_and_told_from_its_files(lab: Lab) -> None:
    process = lab.start(lab.day(**{"hold: 60": "hold: 60"}))
    assert process.stdout is not None
    run, changed, probed = "", False, 0
    for line in process.stdout:
        event = json.loads(line)
        run = event.get("run", run)
        changed = changed or event["event"] == "changed"
        probed += changed and event["event"] == "probed"
        if probed > 20:  # some seconds of samples are on the disk by then
            break
    assert lab.replicas() == [2, 1, 1]
    assert [one["state"] for one in lab.debrief()["scenarios"]] == ["running", "not-run", "not-run"], "while it goes"
    os.kill(process.pid, signal.SIGKILL)
    process.communicate(timeout=30)
    journal = lab.folder / "state" / "runs" / run / "journal.jsonl"
    lab.gateway.controlplane.wait(lambda: b'"entry":"closed"' in journal.read_bytes(), timeout=30, what="the watchdog to restore")
    assert lab.replicas() == [4, 1, 1]
    found = lab.debrief()
    first = found["scenarios"][0]
    assert (found["code"], first["state"], first["restored"], first["verdict"]) == (None, "cut-off", "verified", None)
    assert [one["state"] for one in found["scenarios"][1:]] == ["not-run", "not-run"]
    assert any("the day's process ended before the day did" in one for one in found["missing"])
    measured = {one["measured"]["window"]: one["measured"] for one in first["seen"]}
    assert measured["baseline"]["good"] > 0, "what was measured before it died is told"
    assert first["promises"] == [], "and no verdict on what never ended"
    late = lab.say("gameday", "note", "--day", found["day"], "--kind", "failed", "the laptop died")
    assert late.returncode == 0, all_said(late)
    assert any("the laptop died" in one for one in lab.debrief()["failed"])
    assert lab.say("gameday", "note", "to nobody").returncode == 2


def test_what_the_guard_refuses_changes_nothing(lab: Lab) -> None:
    lab.gateway.create(
        {
            "apiVersion": "v1",
            "kind": "ConfigMap",
            "metadata": {"name": "pulled", "namespace": lab.namespace},
            "data": {"state": "pulled"},
        }
    )
    words = [f"{lab.namespace}/pulled" if word == f"{lab.namespace}/lever" else word for word in lab.words(lab.day(), "--yes")]
    done = lab.say(*words)
    assert (done.returncode, "the day does not begin" in done.stderr, "refused [lever]" in done.stderr) == (5, True, True), all_said(done)
    (kept,) = (lab.folder / "state" / "gamedays").iterdir()
    assert [path.suffix for path in kept.iterdir()] == [".yaml"] * 3, "what a hint names is there"
    assert lab.say("gameday", "list").stdout == ""
    assert lab.say(*lab.words(lab.day())).returncode == 2, "without a terminal it needs --yes"
    assert lab.say(*lab.words(lab.day(), "--check")).returncode == 0


def test_whoever_stops_a_run_ends_the_day(lab: Lab) -> None:
    path = lab.day()
    path.write_text(path.read_text(encoding="utf-8").replace("hold: 2", "hold: 120"), encoding="utf-8")
    process = lab.start(path)
    assert process.stdout is not None
    told = map(json.loads, process.stdout)
    run = next(event["run"] for event in told if event["event"] == "started")
    next(event for event in told if event["event"] == "changed")  # so that there is something to put back
    done = lab.say("stop", run, "--lever", f"{lab.namespace}/lever", "--why", "an incident")
    assert done.returncode == 0, all_said(done)
    process.communicate(timeout=60)
    found = lab.debrief()
    assert (process.returncode, found["code"]) == (7, 7)
    assert [(one["state"], one["restored"]) for one in found["scenarios"]] == [
        ("stopped", "verified"),
        ("not-run", None),
        ("not-run", None),
    ]
    assert "an incident" in found["why"]
    assert lab.replicas() == [4, 1, 1]
