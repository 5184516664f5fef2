"""A GameDay on the real API server and the real gateway: the lab's scenarios in order, notes, and a debrief from what was measured."""

import json
import os
import pty
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.controlplane.gateway import RunningGateway, container_port
from tests.program import Run, environment
from tools.make_docs import ROOT

EXAMPLE = ROOT / "docs" / "examples" / "gameday" / "ml-service.yaml"
HOST = "predict.example.com"


class Lab:
    """The service of the lab in a gateway's namespace: two models with pods, a database that no route leads to, and a way to say things."""

    def __init__(self, gateway: RunningGateway, aichaos: Run, folder: Path) -> None:
        self.gateway, self._aichaos, self.folder = gateway, aichaos, folder
        self.namespace = gateway.namespace
        self.kubeconfig = gateway.controlplane.kubeconfig()
        gateway.controlplane.node("node-a", zone="a")
        port = gateway.backends.port
        for name, replicas, listens in (("ml-prediction-service", 4, 80), ("ml-prediction-service-fallback", 1, 80), ("database", 1, 5432)):
            labels = {"app": name}
            pod = {"nodeName": "node-a", "containers": [{"name": "c", "image": "ml/x:1"}]}
            spec = {"replicas": replicas, "selector": {"matchLabels": labels}, "template": {"metadata": {"labels": labels}, "spec": pod}}
            self._create("apps/v1", "Deployment", name, spec)
            self._create("v1", "Service", name, {"selector": labels, "ports": [{"port": listens, "targetPort": port}]})
        rule = {
            "matches": [{"path": {"type": "PathPrefix", "value": "/predict"}}],
            "backendRefs": [{"name": "ml-prediction-service", "port": 80}],
        }
        parent = gateway.parent | {"sectionName": "http"}
        route = {"parentRefs": [parent], "hostnames": [HOST], "rules": [rule]}
        self._create("gateway.networking.k8s.io/v1", "HTTPRoute", "predict", route)
        gateway.controlplane.wait(self.answers, what="the model to answer")
        gateway.controlplane.wait(lambda: self.replicas("ready") == [4, 1, 1], what="all pods to be ready")

    def _create(self, version: str, kind: str, name: str, spec: dict[str, Any]) -> None:
        self.gateway.create({"apiVersion": version, "kind": kind, "metadata": {"name": name, "namespace": self.namespace}, "spec": spec})

    def answers(self) -> bool:
        return self.gateway.ask("GET", HOST, "/predict").status == 200

    def replicas(self, which: str = "wanted") -> list[int]:
        """Of the model, its fallback and the database."""
        found = []
        for name in ("ml-prediction-service", "ml-prediction-service-fallback", "database"):
            one = self.gateway.controlplane.get(f"/apis/apps/v1/namespaces/{self.namespace}/deployments/{name}")
            found.append(one["spec"]["replicas"] if which == "wanted" else one.get("status", {}).get("readyReplicas", 0))
        return found

    def rules(self) -> Any:
        path = f"/apis/gateway.networking.k8s.io/v1/namespaces/{self.namespace}/httproutes/predict"
        return self.gateway.controlplane.get(path)["spec"]["rules"]

    def day(self, **changes: str) -> Path:
        """The example's file, with other texts in it."""
        text = EXAMPLE.read_text(encoding="utf-8")
        for was, becomes in ({"hold: 60": "hold: 2", "patience: 2m": "patience: 20s"} | changes).items():
            assert was in text, was
            text = text.replace(was, becomes)
        path = self.folder / "day.yaml"
        path.write_text(text, encoding="utf-8")
        return path

    def words(self, path: Path, *more: str) -> list[str]:
        whom = f"gateway/{self.namespace}/{self.gateway.name}:80={self.gateway.address}:{container_port(80)}"
        options = ["-n", self.namespace, "--resolve", whom, "--lever", f"{self.namespace}/lever", "--accept-shared-fate"]
        return ["gameday", str(path), *options, "--interval", "0.1", "--baseline", "0.3", "--after", "0.3", *more]

    def say(self, *words: str, stdin: str = "") -> subprocess.CompletedProcess[str]:
        return self._aichaos(*words, kubeconfig=self.kubeconfig, stdin=stdin, AICHAOS_STATE_DIR=str(self.folder / "state"))

    def hold(self, path: Path, *more: str) -> tuple[int, list[dict[str, Any]]]:
        done = self.say(*self.words(path, "--yes", "-o", "json", *more))
        assert done.stdout, done.stderr
        return done.returncode, [json.loads(line) for line in done.stdout.splitlines()]

    def start(self, path: Path) -> subprocess.Popen[str]:
        around = environment(self.folder / "home", AICHAOS_STATE_DIR=str(self.folder / "state"), KUBECONFIG=str(self.kubeconfig))
        command = [sys.executable, "-m", "aichaos", *self.words(path, "--yes", "-o", "json")]
        return subprocess.Popen(command, env=around, cwd=self.folder, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)

    def experiment(self, name: str, spare: str = "") -> None:
        """An experiment of a second; with a spare, all requests go there meanwhile, and the probe fails."""
        backend = {"name": spare or "ml-prediction-service", "port": 80}
        rule = {"matches": [{"path": {"type": "PathPrefix", "value": "/predict"}}], "backendRefs": [backend]}
        target = {"kind": "HTTPRoute", "name": "predict", "namespace": self.namespace, "merge": {"spec": {"rules": [rule]}}}
        expect = {"status": "200", "backend": f"{self.namespace}/ml-prediction-service"}
        via = f"gateway/{self.namespace}/{self.gateway.name}"
        spec = {
            "title": name,
            "hypothesis": "The model answers",
            "scope": {"namespaces": [self.namespace]},
            "deadline": "60s",
            "steadyState": [{"name": "the model answers", "http": {"url": f"http://{HOST}/predict", "via": via, "expect": expect}}],
            "steps": [{"name": "change", "patch": target}, {"name": "so", "wait": {"for": "1s"}}],
            "remediation": ["Mend it"],
        }
        document = {"apiVersion": "aichaos/v1", "kind": "Experiment", "metadata": {"name": name}, "spec": spec}
        (self.folder / f"{name}.yaml").write_text(json.dumps(document))

    def small(self, scenes: list[tuple[str, str, str]]) -> Path:
        """A day of experiments: name, file, gate."""
        scenarios = [{"name": name, "experiment": f"{file}.yaml"} | ({"gates": [gate]} if gate else {}) for name, file, gate in scenes]
        spec = {"title": "A small day", "scenarios": scenarios}
        path = self.folder / "small.yaml"
        path.write_text(json.dumps({"apiVersion": "aichaos/v1", "kind": "GameDay", "metadata": {"name": "small"}, "spec": spec}))
        return path

    def at_a_terminal(self, path: Path, answers: list[str]) -> tuple[int, str]:
        """Exit code and screen of a day that somebody leads: what they type at each question."""
        words = [sys.executable, "-m", "aichaos", *self.words(path)]
        state = {"AICHAOS_STATE_DIR": str(self.folder / "state"), "KUBECONFIG": str(self.kubeconfig)}
        ours, theirs = pty.openpty()
        around = environment(self.folder / "home", **state, COLUMNS="80", TERM="xterm")
        process = subprocess.Popen(words, env=around, stdin=theirs, stdout=theirs, stderr=theirs, start_new_session=True)
        os.close(theirs)
        seen, typed = "", 0
        while True:
            try:
                seen += os.read(ours, 4096).decode(errors="replace")
            except OSError:  # the other side has ended
                break
            if seen.count("to go on:") > typed:
                os.write(ours, f"{answers[typed]}\n".encode())
                typed += 1
        os.close(ours)
        return process.wait(60), seen

    def debrief(self, *words: str) -> Any:
        done = self.say("gameday", "debrief", *words, "-o", "json")
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)


@pytest.fixture(scope="module")
def cluster(gateway: RunningGateway) -> dict[str, Lab]:
    return {}


@pytest.fixture
def lab(gateway: RunningGateway, cluster: dict[str, Lab], aichaos: Run, tmp_path: Path) -> Lab:
    """One cluster for the whole module: what a day leaves behind would be seen by the next."""
    if "lab" not in cluster:
        cluster["lab"] = Lab(gateway, aichaos, tmp_path)
    one = cluster["lab"]
    one._aichaos, one.folder = aichaos, tmp_path
    return one


def test_the_labs_three_scenarios_are_held_and_told_from_what_was_measured(lab: Lab) -> None:
    rules = lab.rules()
    process = lab.start(lab.day())
    seen: list[dict[str, Any]] = []
    assert process.stdout is not None
    for line in process.stdout:
        seen.append(json.loads(line))
        if seen[-1]["event"] == "changed" and "scale" not in str(seen[-1]) and len([one for one in seen if one["event"] == "changed"]) == 1:
            done = lab.say("gameday", "note", "--as", "anna", "two pods are gone, nobody was paged")
            assert done.returncode == 0, done.stderr
            assert lab.say("gameday", "note", "--kind", "action", "page us when half of the pods are gone").returncode == 0
    _, said = process.communicate(timeout=60)
    assert process.returncode == 3, (seen, said)
    assert seen[-1]["event"] == "gameday-finished"
    assert [one["verdict"] for one in seen if one["event"] == "finished"] == ["pass", "pass", "fail"]
    assert (lab.replicas(), lab.rules()) == ([4, 1, 1], rules)
    found = lab.debrief()
    assert [(one["state"], one["verdict"], one["restored"]) for one in found["scenarios"]] == [
        ("completed", "pass", "verified"),
        ("completed", "pass", "verified"),
        ("completed", "fail", "verified"),
    ]
    assert found["code"] == 3
    assert any("anna" in one for one in found["scenarios"][0]["notes"])
    assert {"text": "page us when half of the pods are gone", "origin": found["led_by"]} in found["actions"]
    assert any(one["origin"] == "Model Degradation" for one in found["actions"]), "what the experiment says to change"
    assert [one["gates"][0].partition(" (")[0] for one in found["scenarios"][1:]] == ["steady-state: open"] * 2
    assert found["scenarios"][2]["first_bad"] is not None
    text = Path(seen[-1]["debrief"]).read_text(encoding="utf-8")
    for heading in ("# GameDay: ML Service Resilience Test", "## Date", "## Participants", "### Scenario 2: Database Failure (15m)"):
        assert heading in text
    for heading in ("What worked well?", "What failed?", "Action items?", "Team response times", "Communication effectiveness"):
        assert f"### {heading}" in text
    assert "- [ ] page us when half of the pods are gone" in text


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


def test_a_day_that_is_killed_is_restored_by_the_watchdog_and_told_from_its_files(lab: Lab) -> None:
    process = lab.start(lab.day(**{"hold: 60": "hold: 60"}))
    assert process.stdout is not None
    run = ""
    for line in process.stdout:
        event = json.loads(line)
        run = event.get("run", run)
        if event["event"] == "changed":
            break
    assert lab.replicas() == [2, 1, 1]
    assert len(lab.debrief()["scenarios"]) == 3, "a day can be looked at while it goes"
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
    late = lab.say("gameday", "note", "--day", found["day"], "--kind", "failed", "the laptop died")
    assert late.returncode == 0, late.stderr
    assert any("the laptop died" in one for one in lab.debrief()["failed"])
    assert lab.say("gameday", "note", "to nobody").returncode == 2


def test_what_the_guard_refuses_changes_nothing_and_leaves_nothing_behind(lab: Lab) -> None:
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
    assert (done.returncode, "the day does not begin" in done.stderr, "refused [lever]" in done.stderr) == (5, True, True), done.stderr
    assert list((lab.folder / "state" / "gamedays").iterdir()) == []
    assert lab.say(*lab.words(lab.day())).returncode == 2, "without a terminal it needs --yes"
    assert lab.say(*lab.words(lab.day(), "--check")).returncode == 0
