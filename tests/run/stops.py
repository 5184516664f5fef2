"""How long it takes from a stop until everything is back: ``python -m tests.run.stops [--count N] [--write FILE]``.

Each stop is a real one: a run as a process of its own against a real API server, ten changes that do not depend on each other, then what
ends it. The clock is this program's: from the moment it sends the signal (or the request to stop) to the last inverse that the server has
acknowledged, as the journal and the run itself say.
"""

import argparse
import contextlib
import dataclasses
import json
import os
import secrets
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

from aichaos.cluster.connection import connect
from aichaos.cluster.writer import Writer
from aichaos.domain.running import Change
from aichaos.run import lease
from tests.controlplane import recipe
from tests.controlplane.cache import Missing, locate
from tests.controlplane.netns import isolate
from tests.controlplane.server import Servers
from tests.run.driver import approval
from tests.run.rig import STEPS, Rig, children, place, rigged

TEN = """
apiVersion: aichaos/v1
kind: Experiment
metadata: {name: ten-changes}
spec:
  title: Ten changes that do not depend on each other
  steps:
"""
_CREATE = "{create: {apiVersion: networking.k8s.io/v1, kind: NetworkPolicy, metadata: {name: n%d, namespace: NS}, spec: {podSelector: {}}}}"
_PAUSE = "    - {name: pause, wait: {for: 60s}}\n"


def ten() -> str:
    """Six policies made, a Service and a Deployment changed, a policy and a Service deleted."""
    steps = [_CREATE % number for number in range(6)]
    steps += ["{label: {kind: Service, name: web, namespace: NS, set: {app: other}}}"]
    steps += ["{scale: {kind: Deployment, name: web, namespace: NS, replicas: 0}}"]
    steps += ["{delete: {kind: NetworkPolicy, name: allow, namespace: NS}}", "{delete: {kind: Service, name: spare, namespace: NS}}"]
    return TEN + "".join(f"    - {step}\n" for step in steps) + _PAUSE


SPARE = """
apiVersion: v1
kind: Service
metadata: {name: spare}
spec: {selector: {app: spare}, ports: [{port: 80}]}
"""


@dataclasses.dataclass(frozen=True)
class Measured:
    """Seconds after the stop. begun: None where the run itself restores, which begins at once."""

    begun: float | None
    done: float


@dataclasses.dataclass(frozen=True)
class Kind:
    name: str
    stop: Callable[[Rig, subprocess.Popen[str]], None]
    steps: str = ""
    by_watchdog: bool = False


def _signal(number: signal.Signals) -> Callable[[Rig, subprocess.Popen[str]], None]:
    return lambda rig, process: process.send_signal(number)


def _from_elsewhere(rig: Rig, process: subprocess.Popen[str]) -> None:
    """What `aichaos stop RUN` does, on whatever machine."""
    with connect(kubeconfig=str(rig.kubeconfig)) as connection:
        writer = Writer(connection, approval(rig.run))
        where = lease.place(f"{rig.namespace}/aichaos-run")
        writer.read(where)  # logged in, so that the stop alone is measured
        rig.asked = time.time()
        assert lease.request_stop(writer, where, rig.run, "a benchmark")


def _lever(rig: Rig, process: subprocess.Popen[str]) -> None:
    """What anybody can type: kubectl patch configmap aichaos-lever …; from the moment at which it is there."""
    path = f"/api/v1/namespaces/{rig.namespace}/configmaps/lever"
    rig.asked = time.time()
    rig.controlplane.request("PATCH", path, {"data": {"state": "pulled"}}, content_type="application/merge-patch+json")


def _watchdog(rig: Rig, process: subprocess.Popen[str]) -> None:
    (watchdog,) = children(process)
    os.kill(watchdog, signal.SIGKILL)


KINDS = (
    Kind("Ctrl-C (SIGINT)", _signal(signal.SIGINT)),
    Kind("the run is killed (`kill -9`)", _signal(signal.SIGKILL), by_watchdog=True),
    Kind("the run is frozen (SIGSTOP)", _signal(signal.SIGSTOP), by_watchdog=True),
    Kind("`aichaos stop` from another machine", _from_elsewhere),
    Kind("the lever is pulled with kubectl", _lever),
    Kind("Ctrl-C, and an order of age to keep", _signal(signal.SIGINT), steps=STEPS.rstrip("\n") + "\n" + _PAUSE),
    Kind("the watchdog is killed (`kill -9`)", _watchdog),
    Kind("SIGTERM", _signal(signal.SIGTERM)),
)


def measure(rig: Rig, kind: Kind) -> Measured:
    """One run, stopped once all its changes are made."""
    rig.run = f"s-{secrets.token_hex(4)}"
    steps = kind.steps or ten()
    rig.controlplane.kubectl("-n", rig.namespace, "delete", "configmap", "lever", "--ignore-not-found")
    config = {"metadata": {"name": "lever"}, "data": {"state": "released"}}
    rig.controlplane.request("POST", f"/api/v1/namespaces/{rig.namespace}/configmaps", config)
    process = rig.start(rig.orders(steps, rivals=rig.orders().rivals if kind.steps else (), mirror=False, lever=f"{rig.namespace}/lever"))
    last = steps.count("    - {") + steps.count("    - name")
    rig.controlplane.wait(lambda: rig.journal.exists() and rig.reached(last), what="the run to have made its changes")
    rig.asked = time.time()
    kind.stop(rig, process)
    said, _ = process.communicate(timeout=60)
    rig.wait_closed()
    rig.assert_restored()
    entries = rig.entries()
    done = max(entry["at"] for entry in entries if entry["entry"] in ("undone", "result"))
    begun = next(entry["at"] for entry in entries if entry["entry"] == "restoring")
    assert said
    return Measured(begun=begun - rig.asked if kind.by_watchdog else None, done=done - rig.asked)


def row(name: str, values: Sequence[float]) -> str:
    ordered = sorted(values)
    p95 = statistics.quantiles(ordered, n=20, method="inclusive")[18] if len(ordered) > 1 else ordered[0]
    return f"| {name} | {len(ordered)} | {statistics.median(ordered):.3f} s | {p95:.3f} s | {ordered[-1]:.3f} s |"


def rows(results: dict[str, list[Measured]]) -> Iterator[tuple[str, str]]:
    """Of the table, each with what it is about."""
    for name, measured in results.items():
        begun = [one.begun for one in measured if one.begun is not None]
        if begun:
            yield f"{name}: begins to restore", row(f"{name}: begins to restore", begun)
        told = f"{name}: restored" if begun else name
        yield told, row(told, [one.done for one in measured])


def page(results: dict[str, list[Measured]], floor: Sequence[float], before: str) -> str:
    """before: the page as it is; its rows about kinds that were not measured now stay."""
    kept = {line.split(" | ")[0].removeprefix("| "): line for line in before.splitlines() if line.startswith("| ") and " s |" in line}
    lines = [
        "# From stop to restored",
        "",
        "Measured by `make stops` on a real API server (Kubernetes 1.35.3 with etcd, no network in between) on a machine with "
        f"{os.cpu_count()} cores: from the signal to the last inverse that the server has acknowledged. Ten changes that do not depend on "
        "each other have to go back, unless said otherwise. The watchdog's rows also say when it began.",
        "",
        "| What ends the run | Stops | p50 | p95 | max |",
        "|---|---|---|---|---|",
    ]
    lines += (kept | dict(rows(results))).values()
    lines += [
        "",
        f"For comparison: ten writes in a row over one connection take {statistics.median(floor):.3f} s (median of {len(floor)}).",
        "",
        "With an order of age to keep, an object that was deleted and made again is younger than a rival that must stay younger than it. "
        "That rival is made again in a later second of the server's clock, so up to a second of waiting is part of it. Rollouts, "
        "finalizers and chaos engines take the time that their controllers take; it is not part of these numbers.",
        "",
    ]
    return "\n".join(lines)


def ten_writes(rig: Rig) -> float:
    """What the server needs for ten writes in a row over one warm connection."""
    with connect(kubeconfig=str(rig.kubeconfig)) as connection:
        writer = Writer(connection, approval("floor"))
        where = place("Service", rig.namespace, "web")
        writer.read(where)
        began = time.monotonic()
        for number in range(10):
            writer.send(Change(verb="patch", place=where, body={"metadata": {"annotations": {"floor": str(number)}}}))
        took = time.monotonic() - began
        writer.send(Change(verb="patch", place=where, body={"metadata": {"annotations": {"floor": None}}}))
        return took


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.run.stops", description="Measures from stop to restored.")
    parser.add_argument("--count", type=int, default=100, help="stops of each kind (default: 100)")
    parser.add_argument("--write", type=Path, help="the page to write")
    parser.add_argument("--kinds", help="only those kinds whose name has this in it")
    options = parser.parse_args(arguments)
    reason = isolate()
    found = locate(*recipe.CONTROL_PLANE)
    if reason is not None or isinstance(found, Missing):
        print(f"no real API server here: {reason or (found.reason if isinstance(found, Missing) else '')}", file=sys.stderr)
        return 1
    results: dict[str, list[Measured]] = {}
    with contextlib.ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="aichaos-stops-")))
        controlplane: Any = stack.enter_context(Servers(folder / "controlplane", found)).controlplane
        (folder / "state").mkdir()
        rig = stack.enter_context(rigged(controlplane, folder / "state"))
        controlplane.apply(SPARE, rig.namespace)
        rig.remember()
        floor = [ten_writes(rig) for _ in range(20)]
        rig.remember()
        for kind in (one for one in KINDS if (options.kinds or "") in one.name):
            results[kind.name] = [measure(rig, kind) for _ in range(options.count)]
            print(row(kind.name, [one.done for one in results[kind.name]]), flush=True)
            began = [one.begun for one in results[kind.name] if one.begun is not None]
            if began:
                print(row(f"{kind.name}: begins", began), flush=True)
            if options.write:
                before = options.write.read_text(encoding="utf-8") if options.kinds and options.write.exists() else ""
                options.write.write_text(page(results, floor, before), encoding="utf-8")
    print(json.dumps({"ten writes": statistics.median(floor)}))
    return 0


if __name__ == "__main__":
    sys.exit(main())
