"""The demonstration's cluster on the real API server and the real gateway: three Services with a pod each, and a route to the first."""

import json
import os
import pty
import secrets
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import IO, Any

from tests.controlplane.gateway import RunningGateway, container_port
from tests.program import environment, events_of

HOST = "lior.example.com"
POD = {"v1": "10.244.151.1", "v2": "10.244.151.2", "v3": "10.244.151.3"}
Run = Callable[..., subprocess.CompletedProcess[str]]


class Shop:
    """One host in one gateway's namespace; every test has a host and names of its own."""

    def __init__(self, gateway: RunningGateway, aichaos: Run, folder: Path) -> None:
        self.gateway = gateway
        self.namespace = gateway.namespace
        self.word = secrets.token_hex(3)
        self.host = f"{self.word}.{HOST}"
        self.route = f"my-route-{self.word}"
        self.command = aichaos
        self._folder = folder
        self.reader = gateway.controlplane.kubeconfig("reader")
        self.kubeconfig = gateway.controlplane.kubeconfig()
        for version, address in POD.items():
            gateway.service(self.namespace, self.backend(version), [address])
        gateway.create(self.manifest(self.route, "v1"))
        gateway.settle()

    def backend(self, version: str) -> str:
        return f"infra-{self.word}-{version}"

    def manifest(self, name: str, version: str) -> dict[str, Any]:
        rule = {
            "matches": [{"path": {"type": "PathPrefix", "value": "/shop"}}],
            "backendRefs": [{"name": self.backend(version), "port": 80}],
        }
        spec = {"parentRefs": [self.gateway.parent | {"sectionName": "http"}], "hostnames": [self.host], "rules": [rule]}
        head = {"apiVersion": "gateway.networking.k8s.io/v1", "kind": "HTTPRoute"}
        return head | {"metadata": {"name": name, "namespace": self.namespace}, "spec": spec}

    def answering(self) -> str | None:
        """Which version answers now, by a request that no code of the program has a part in."""
        received = self.gateway.ask("GET", self.host, "/shop").received
        return next((version for version, address in POD.items() if received is not None and received.pod == address), None)

    def probe(self, name: str = "shop answers from v1", version: str = "v1", **more: Any) -> dict[str, Any]:
        expect = {"status": "200", "backend": f"{self.namespace}/{self.backend(version)}"}
        via = f"gateway/{self.namespace}/{self.gateway.name}"
        return {"name": name, "http": {"url": f"http://{self.host}/shop", "via": via, "expect": expect}} | more

    def conflict(self, hold: str = "3s") -> list[dict[str, Any]]:
        """The talk's first demonstration: a rival, and then the elder is made again beside it."""
        target = {"kind": "HTTPRoute", "name": self.route, "namespace": self.namespace}
        return [
            {"name": "rival", "create": self.manifest(f"{self.route}-v3", "v3")},
            {"name": "settle", "wait": {"for": "1s"}},
            {"name": "gone", "delete": target},
            {"name": "back", "recreate": target},
            {"name": "hold", "wait": {"for": hold}},
            {"name": "look", "probe": "shop answers from v1"},
        ]

    def experiment(self, steps: list[dict[str, Any]], **spec: Any) -> Path:
        given = {
            "title": "A trial",
            "hypothesis": "v1 answers throughout",
            "scope": {"namespaces": [self.namespace]},
            "deadline": "60s",
            "steadyState": [self.probe()],
            "steps": steps,
        }
        document = {"apiVersion": "aichaos/v1", "kind": "Experiment", "metadata": {"name": f"trial-{self.word}"}, "spec": given | spec}
        path = self._folder / f"trial-{secrets.token_hex(3)}.yaml"
        path.write_text(json.dumps(document, indent=1))
        return path

    @property
    def options(self) -> list[str]:
        """What the test network needs: Envoy listens on another port than its Gateway says, and the Lease is this namespace's own."""
        whom = f"gateway/{self.namespace}/{self.gateway.name}:80={self.gateway.address}:{container_port(80)}"
        return ["-n", self.namespace, "--resolve", whom, "--lever", f"{self.namespace}/lever"]

    def run(self, path: Path, *more: str) -> subprocess.CompletedProcess[str]:
        words = ["run", str(path), *self.options, "--accept-shared-fate", "--interval", "0.1", "--baseline", "0.3", "--after", "0.3", *more]
        return self.command(*words, kubeconfig=self.kubeconfig, AICHAOS_STATE_DIR=str(self._folder / "state"))

    def say(self, *words: str, kubeconfig: Path | None = None, state: str = "") -> subprocess.CompletedProcess[str]:
        """Any other command, by somebody who is not the run."""
        return self.command(*words, kubeconfig=kubeconfig or self.kubeconfig, AICHAOS_STATE_DIR=state or str(self._folder / "state"))

    def start(self, path: Path) -> subprocess.Popen[str]:
        """A run that goes on by itself, its events on its standard output."""
        words = [
            "run",
            str(path),
            *self.options,
            "--accept-shared-fate",
            "--interval",
            "0.1",
            "--baseline",
            "0.3",
            "--after",
            "0.3",
            "--yes",
            "-o",
            "json",
        ]
        return self.open(*words)

    def open(self, *words: str, stderr: IO[str] | int = subprocess.PIPE) -> subprocess.Popen[str]:
        """Any command that goes on by itself."""
        around = environment(self._folder / "home", AICHAOS_STATE_DIR=str(self._folder / "state"), KUBECONFIG=str(self.kubeconfig))
        command = [sys.executable, "-m", "aichaos", *words]
        return subprocess.Popen(command, env=around, cwd=self._folder, stdout=subprocess.PIPE, stderr=stderr, text=True)

    def at_a_terminal(self, path: Path, typed: str, stop_at: str = "", presses: int = 0) -> tuple[int, str]:
        """A run as a person sees it, 80 columns wide: what they type at the question, and when they press Ctrl-C. Exit code and screen."""
        words = [
            sys.executable,
            "-m",
            "aichaos",
            "run",
            str(path),
            *self.options,
            "--accept-shared-fate",
            "--interval",
            "0.1",
            "--baseline",
            "0.3",
            "--after",
            "0.3",
        ]
        state = {"AICHAOS_STATE_DIR": str(self._folder / "state"), "KUBECONFIG": str(self.kubeconfig)}
        terminal, theirs = pty.openpty()
        around = environment(self._folder / "home", **state, COLUMNS="80", TERM="xterm")
        process = subprocess.Popen(words, env=around, stdin=theirs, stdout=theirs, stderr=theirs, start_new_session=True)
        os.close(theirs)
        seen, asked, pressed = "", False, 0
        while True:
            try:
                piece = os.read(terminal, 4096).decode(errors="replace")
            except OSError:  # the other side has ended
                break
            seen += piece
            if not asked and "to go on:" in seen:
                asked = True
                os.write(terminal, typed.encode())
            if (pressed == 0 and stop_at and stop_at in seen) or (0 < pressed < presses and "restoring" in seen):
                pressed += 1
                process.send_signal(signal.SIGINT)
        os.close(terminal)
        return process.wait(60), seen

    @staticmethod
    def until(process: subprocess.Popen[str], event: str, **fields: Any) -> list[dict[str, Any]]:
        """Its events up to and with one."""
        assert process.stdout is not None
        seen: list[dict[str, Any]] = []
        for line in process.stdout:
            seen.append(json.loads(line))
            if seen[-1]["event"] == event and all(seen[-1][key] == value for key, value in fields.items()):
                return seen
        raise AssertionError((seen, process.stderr.read() if process.stderr else ""))

    def json(self, path: Path, *more: str) -> tuple[int, list[dict[str, Any]]]:
        """Exit code and events."""
        done = self.run(path, "--yes", "-o", "json", *more)
        return done.returncode, events_of(done)


def last(events: list[dict[str, Any]]) -> dict[str, Any]:
    """The promised last event."""
    assert events[-1]["event"] == "finished", events
    return events[-1]
