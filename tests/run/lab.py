"""The cluster of a lab about a model behind a Gateway, on the real API server and the real gateway, and GameDays in it."""

import json
import os
import pty
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

from tests.controlplane.gateway import RunningGateway, container_port
from tests.program import Run, all_said, environment, events_of
from tools.docs.places import ROOT

EXAMPLE = ROOT / "docs" / "examples" / "gameday" / "ml-service.yaml"
HOST = "predict.example.com"
CTRL_C = "^C"


class Lab:
    """The service of the lab in a gateway's namespace: two models with pods, a database that no route leads to, and a way to say things."""

    def __init__(self, gateway: RunningGateway, aichaos: Run, folder: Path) -> None:
        self.gateway, self.aichaos, self.folder = gateway, aichaos, folder
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
        for was, becomes in ({"hold: 60": "hold: 2", "settle: 15": "settle: 1", "patience: 2m": "patience: 20s"} | changes).items():
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
        return self.aichaos(*words, kubeconfig=self.kubeconfig, stdin=stdin, AICHAOS_STATE_DIR=str(self.folder / "state"))

    def hold(self, path: Path, *more: str) -> tuple[int, list[dict[str, Any]]]:
        done = self.say(*self.words(path, "--yes", "-o", "json", *more))
        return done.returncode, events_of(done)

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
        """Exit code and screen of a day that somebody leads: what they type at each question, or CTRL_C."""
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
                if answers[typed] == CTRL_C:
                    process.send_signal(signal.SIGINT)
                else:
                    os.write(ours, f"{answers[typed]}\n".encode())
                typed += 1
        os.close(ours)
        return process.wait(60), seen

    def debrief(self, *words: str) -> Any:
        done = self.say("gameday", "debrief", *words, "-o", "json")
        assert done.returncode == 0, all_said(done)
        return json.loads(done.stdout)


LABS: dict[str, Lab] = {}


def lab_of(gateway: RunningGateway, aichaos: Run, folder: Path) -> Lab:
    """The lab of a gateway: made once, for what one test leaves behind would be seen by the next."""
    if gateway.namespace not in LABS:
        LABS[gateway.namespace] = Lab(gateway, aichaos, folder)
    lab = LABS[gateway.namespace]
    lab.aichaos, lab.folder = aichaos, folder
    return lab
