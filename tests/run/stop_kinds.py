"""What ends a run in the measurements of `stops.py`: how it is done, from when the clock counts, and what is waited for."""

import dataclasses
import os
import signal
import socket
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import urlsplit

from aichaos.cluster.connection import connect
from aichaos.cluster.writer import Writer
from aichaos.run import lease, rollout
from tests.controlplane.client import ControlPlane
from tests.run.driver import approval
from tests.run.rig import STEPS, Rig, children

HEAD = """
apiVersion: aichaos/v1
kind: Experiment
metadata: {name: changes}
spec:
  title: Changes
  steps:
"""
CREATE = "{create: {apiVersion: networking.k8s.io/v1, kind: NetworkPolicy, metadata: {name: n%d, namespace: NS}, spec: {podSelector: {}}}}"
PAUSE = "    - {name: pause, wait: {for: 60s}}\n"
DEADLINE = 5.0
INTERVAL = 0.5
"""Seconds between two questions of the abort probe."""


def steps_of(*steps: str) -> str:
    return HEAD + "".join(f"    - {step}\n" for step in steps) + PAUSE


TEN = steps_of(
    *(CREATE % number for number in range(6)),
    "{label: {kind: Service, name: web, namespace: NS, set: {app: other}}}",
    "{scale: {kind: Deployment, name: web, namespace: NS, replicas: 0}}",
    "{delete: {kind: NetworkPolicy, name: allow, namespace: NS}}",
    "{delete: {kind: Service, name: spare, namespace: NS}}",
)
"""Six policies made, a Service and a Deployment changed, a policy and a Service deleted."""
SCALED = steps_of("{scale: {kind: Deployment, name: rolling, namespace: NS, replicas: 0}}")
CHAOS = steps_of(
    "{chaos: {apiVersion: chaos-mesh.org/v1alpha1, kind: PodChaos, metadata: {name: fault, namespace: NS}, spec: {action: pod-failure, "
    "mode: all, duration: 5m, selector: {namespaces: [NS], labelSelectors: {app: rolling}}}}}"
)
THINGS = """
apiVersion: v1
kind: Service
metadata: {name: spare}
spec: {selector: {app: spare}, ports: [{port: 80}]}
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: rolling}
spec:
  replicas: 2
  selector: {matchLabels: {app: rolling}}
  template:
    metadata: {labels: {app: rolling}}
    spec: {nodeName: node-a, containers: [{name: c, image: shop/web:1}]}
"""


@dataclasses.dataclass
class Bench:
    """What stops are measured on. asked: when the run was asked to stop, by `time.time`. healthy: what the abort probe's server says."""

    rig: Rig
    wire: "Wire"
    healthy: threading.Event
    port: int
    asked: float = 0.0

    @property
    def controlplane(self) -> ControlPlane:
        return self.rig.controlplane

    def entry(self, name: str) -> Any:
        return next((entry for entry in self.rig.entries() if entry["entry"] == name), None)

    def ready(self) -> bool:
        """Whether the workload that was touched is as it was, by the rules that a run itself waits by."""
        return not rollout.unfinished(self._workload(), 2)

    def empty(self) -> bool:
        """Whether no pod of it is left."""
        return not self._workload()["status"].get("replicas")

    def _workload(self) -> Any:
        return self.controlplane.get(f"/apis/apps/v1/namespaces/{self.rig.namespace}/deployments/rolling")


Stop = Callable[[Bench, "subprocess.Popen[str]"], None]
"""Ends a run, and notes when in `asked`."""


@dataclasses.dataclass(frozen=True)
class Kind:
    """begun: an entry of the journal, and what its row says of it; None for a kind with one row. whole: what is waited for beyond the
    last inverse; "" for nothing."""

    name: str
    stop: Stop
    steps: str = TEN
    begun: tuple[str, str] | None = None
    whole: str = ""
    deadline: float = 300.0
    probed: bool = False
    through_wire: bool = False


def _signal(number: signal.Signals) -> Stop:
    def stop(bench: Bench, process: "subprocess.Popen[str]") -> None:
        bench.asked = time.time()
        process.send_signal(number)

    return stop


def _from_elsewhere(bench: Bench, process: "subprocess.Popen[str]") -> None:
    """What `aichaos stop RUN` does, on whatever machine."""
    rig = bench.rig
    with connect(kubeconfig=str(rig.kubeconfig)) as connection:
        writer = Writer(connection, approval(rig.run))
        where = lease.place(f"{rig.namespace}/aichaos-run")
        writer.read(where)  # logged in, so that the stop alone is measured
        bench.asked = time.time()
        assert lease.request_stop(writer, where, rig.run, "a benchmark")


def _lever(bench: Bench, process: "subprocess.Popen[str]") -> None:
    """What anybody can type: kubectl patch configmap aichaos-lever …; from the moment at which it is sent."""
    path = f"/api/v1/namespaces/{bench.rig.namespace}/configmaps/lever"
    bench.asked = time.time()
    bench.controlplane.patch(path, {"data": {"state": "pulled"}})


def _watchdog(bench: Bench, process: "subprocess.Popen[str]") -> None:
    (watchdog,) = children(process)
    bench.asked = time.time()
    os.kill(watchdog, signal.SIGKILL)


def _deadline(bench: Bench, process: "subprocess.Popen[str]") -> None:
    """It passes by itself; it counts from the first step."""
    bench.asked = bench.entry("step")["at"] + DEADLINE


def _probe(bench: Bench, process: "subprocess.Popen[str]") -> None:
    bench.asked = time.time()
    bench.healthy.clear()


def _lost(bench: Bench, process: "subprocess.Popen[str]") -> None:
    """No way to the API server until the run has noticed; the clock begins when there is one again."""
    with bench.wire.cut():
        bench.controlplane.wait(lambda: bench.entry("stopping"), what="the run to have noticed")
        time.sleep(1.0)
        bench.asked = time.time()


RESTORING = ("restoring", "begins to restore")
DECIDED = ("stopping", "decides")
KINDS = (
    Kind("Ctrl-C (SIGINT)", _signal(signal.SIGINT)),
    Kind("SIGTERM", _signal(signal.SIGTERM)),
    Kind("its terminal is closed (SIGHUP)", _signal(signal.SIGHUP)),
    Kind("the deadline", _deadline, deadline=DEADLINE),
    Kind(f"an abort probe fails, asked every {INTERVAL:g} s", _probe, begun=DECIDED, probed=True),
    Kind("`aichaos stop` from another machine", _from_elsewhere),
    Kind("the lever is pulled with kubectl", _lever),
    Kind("the run is killed (`kill -9`)", _signal(signal.SIGKILL), begun=RESTORING),
    Kind("the run is frozen (SIGSTOP)", _signal(signal.SIGSTOP), begun=RESTORING),
    Kind("the watchdog is killed (`kill -9`)", _watchdog),
    Kind("the API server is lost: from its return", _lost, through_wire=True),
    Kind("Ctrl-C, and an order of age to keep", _signal(signal.SIGINT), steps=STEPS.rstrip("\n") + "\n" + PAUSE),
    Kind("Ctrl-C, and a rollout", _signal(signal.SIGINT), steps=SCALED, whole="its two simulated pods are ready"),
    Kind("Ctrl-C, and a finalizer", _signal(signal.SIGINT), steps=CHAOS, whole="the real Chaos Mesh has recovered and let it go"),
)


# what stands around a run --------------------------------------------------------------------------------------------------------


class Wire:
    """A way to the API server that can be cut: bytes in, bytes out; TLS goes through it."""

    def __init__(self, url: str) -> None:
        target = urlsplit(url)
        self._target = (str(target.hostname), int(target.port or 443))
        self._open = threading.Event()
        self._open.set()
        self._lock = threading.Lock()
        self._sockets: set[socket.socket] = set()
        self._listening = socket.create_server(("127.0.0.1", 0), backlog=64)
        self.url = f"https://localhost:{self._listening.getsockname()[1]}"
        threading.Thread(target=self._accept, daemon=True).start()

    @contextmanager
    def cut(self) -> Iterator[None]:
        """Every connection ends, and none comes about, in the block."""
        self._open.clear()
        with self._lock:
            for one in self._sockets:
                with suppress(OSError):
                    one.shutdown(socket.SHUT_RDWR)
        try:
            yield
        finally:
            self._open.set()

    def _accept(self) -> None:
        while True:
            ours, _ = self._listening.accept()
            if not self._open.is_set():
                ours.close()
                continue
            theirs = socket.create_connection(self._target)
            for one in (ours, theirs):
                one.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            with self._lock:
                self._sockets |= {ours, theirs}
            for one, other in ((ours, theirs), (theirs, ours)):
                threading.Thread(target=self._pump, args=(one, other), daemon=True).start()

    def _pump(self, one: socket.socket, other: socket.socket) -> None:
        with suppress(OSError):
            while piece := one.recv(1 << 16):
                other.sendall(piece)
        with suppress(OSError):
            other.shutdown(socket.SHUT_WR)
        with self._lock:
            self._sockets.discard(one)


@contextmanager
def answering() -> Iterator[tuple[threading.Event, int]]:
    """A server that says 200 while the event is set, else 503; and its port."""
    healthy = threading.Event()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200 if healthy.is_set() else 503)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, format: str, *args: Any) -> None:
            return

    running = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    running.daemon_threads = True
    threading.Thread(target=running.serve_forever, daemon=True).start()
    try:
        yield healthy, running.server_address[1]
    finally:
        running.shutdown()
        running.server_close()
