"""How long it takes from a stop until everything is back: ``python -m tests.run.stops [--count N] [--write FILE]``.

Each stop is a real one: a run as a process of its own against a real API server, ten changes that do not depend on each other, then what
ends it. The clock is this program's: from the moment it sends the signal (or the request to stop) to the last inverse that the server has
acknowledged, as the journal and the run itself say.
"""

import argparse
import contextlib
import dataclasses
import os
import secrets
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from aichaos.cluster.connection import connect
from aichaos.cluster.writer import Writer
from aichaos.domain.running import Change
from tests.controlplane import recipe
from tests.controlplane.cache import Missing, locate
from tests.controlplane.chaosmesh import ChaosMesh
from tests.controlplane.netns import isolate
from tests.controlplane.server import Servers
from tests.run.driver import approval
from tests.run.rig import Rig, place, rigged
from tests.run.stop_kinds import CHAOS, INTERVAL, KINDS, SCALED, THINGS, Bench, Kind, Wire, answering

_FIRST = " The run, its watchdog and the servers came before the others (`chrt -r 1`), as if they had the machine to themselves."
_STEPPED = 0.02
"""Seconds by which the machine's clock may be set during a stop; beyond, the stop is measured anew."""


@dataclasses.dataclass(frozen=True)
class Measured:
    """Seconds after the stop. begun: until whoever restores began, or the decision; None where nothing lies between. done: the last inverse
    acknowledged. whole: until what is waited for beyond that; None for nothing."""

    begun: float | None
    done: float
    whole: float | None


def measure(bench: Bench, kind: Kind) -> Measured:
    """One run, stopped once all its changes are made."""
    while True:
        off = time.time() - time.monotonic()
        try:
            found = _once(bench, kind)
        except TooLate as late:
            print(f"measured anew: {late}", file=sys.stderr, flush=True)
            continue
        if abs(time.time() - time.monotonic() - off) < _STEPPED:
            return found
        print("measured anew: the machine's clock was set", file=sys.stderr, flush=True)


class TooLate(Exception):
    """The run was over before all its changes were made."""


def _once(bench: Bench, kind: Kind) -> Measured:
    rig = bench.rig
    rig.run = f"s-{secrets.token_hex(4)}"
    bench.healthy.set()
    configs = f"/api/v1/namespaces/{rig.namespace}/configmaps"
    rig.controlplane.patch(f"{configs}/lever", {"data": {"state": "released"}})
    process = _start(bench, kind)
    last = kind.steps.count("    - {") + kind.steps.count("    - name")
    rig.controlplane.wait(lambda: rig.journal.exists() and (rig.reached(last) or bench.entry("stopping")), what="its changes to be made")
    if bench.entry("stopping"):
        process.communicate(timeout=60)
        rig.wait_closed()
        raise TooLate("it was stopped while it still changed things")
    if kind.steps == CHAOS:
        fault = f"/apis/chaos-mesh.org/v1alpha1/namespaces/{rig.namespace}/podchaos/fault"
        rig.controlplane.wait(lambda: rig.controlplane.get(fault)["metadata"].get("finalizers"), what="its controller to hold it")
    if kind.steps == SCALED:
        rig.controlplane.wait(bench.empty, what="its pods to be gone")
    kind.stop(bench, process)
    if kind.whole:
        rig.wait_closed(60)
        rig.controlplane.wait(bench.ready, what="the workload to be as it was")
        ready = time.time()
    said, _ = process.communicate(timeout=90)
    rig.wait_closed()
    rig.assert_restored()
    assert said
    done = max(entry["at"] for entry in rig.entries() if entry["entry"] in ("undone", "result"))
    begun = bench.entry(kind.begun[0])["at"] - bench.asked if kind.begun else None
    return Measured(begun=begun, done=done - bench.asked, whole=ready - bench.asked if kind.whole else None)


def _start(bench: Bench, kind: Kind) -> "subprocess.Popen[str]":
    rig = bench.rig
    orders = rig.orders(
        kind.steps,
        rivals=rig.orders().rivals if "elder" in kind.steps else (),
        mirror=False,
        lever=f"{rig.namespace}/lever" if kind.name.startswith("the lever") else "",
        deadline=kind.deadline,
        probed=bench.port if kind.probed else 0,
        interval=INTERVAL,
    )
    if kind.through_wire:
        orders.kubeconfig = str(rig.controlplane.kubeconfig(namespace=rig.namespace, server=bench.wire.url))
    return rig.start(orders)


def row(name: str, values: Sequence[float]) -> str:
    ordered = sorted(values)
    p95 = statistics.quantiles(ordered, n=20, method="inclusive")[18] if len(ordered) > 1 else ordered[0]
    return f"| {name} | {len(ordered)} | {statistics.median(ordered):.3f} s | {p95:.3f} s | {ordered[-1]:.3f} s |"


def rows(results: dict[str, list[Measured]]) -> Iterator[str]:
    """Of the table."""
    for kind in KINDS:
        measured = results.get(kind.name, [])
        if kind.begun and measured:
            yield row(f"{kind.name}: {kind.begun[1]}", [one.begun for one in measured if one.begun is not None])
        if measured:
            yield row(f"{kind.name}: restored" if kind.begun else kind.name, [one.done for one in measured])
        if kind.whole and measured:
            yield row(f"{kind.name}: {kind.whole}", [one.whole for one in measured if one.whole is not None])


def page(results: dict[str, list[Measured]], floor: Sequence[float], before: str, load: float) -> str:
    """before: the page as it is; its rows about kinds that were not measured now stay. load: of the machine meanwhile."""
    now = {line.split(" | ")[0]: f"{line[:-2]} | {load:.1f} |" for line in rows(results)}
    kept = {line.split(" | ")[0]: line for line in before.splitlines() if line.startswith("| ") and " s |" in line}
    table = sorted((kept | now).items(), key=lambda item: _order(item[0]))
    lines = [
        "# From stop to restored",
        "",
        "Measured by `make stops` on a real API server (Kubernetes 1.35.3 with etcd, no network in between) on a machine with "
        f"{os.cpu_count()} cores: from the signal to the last inverse that the server has acknowledged. Ten changes that do not depend on "
        "each other have to go back, unless said otherwise. Load: how many processes wanted those cores at once meanwhile, ours among "
        f"them, on the average of the row.{_FIRST if os.sched_getscheduler(0) == os.SCHED_RR else ''}",
        "",
        "| What ends the run | Stops | p50 | p95 | max | Load |",
        "|---|---|---|---|---|---|",
        *(line for _, line in table),
        "",
        f"For comparison: ten writes in a row over one connection take {statistics.median(floor):.3f} s (median of {len(floor)}).",
        "",
        "With an order of age to keep, an object that was deleted and made again is younger than a rival that must stay younger than it. "
        "That rival is made again in a later second of the server's clock, so up to a second of waiting is part of it. After the last "
        "inverse a rollout takes the time that its pods take, and a finalizer that of its controller: pods here are simulated, so that "
        "this is only what the controllers add. An API server that is lost is noticed after 10 s; then the way back is tried again and "
        "again, up to 2 s apart, which is what its row shows.",
        "",
    ]
    return "\n".join(lines)


def _order(name: str) -> int:
    return next((number for number, kind in enumerate(KINDS) if name.startswith(f"| {kind.name}")), len(KINDS))


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
    parser.add_argument("--kinds", action="append", help="only those kinds whose name has this in it; several times for more")
    options = parser.parse_args(arguments)
    reason = isolate()
    found = locate(*recipe.CONTROL_PLANE, "chaos-mesh")
    if reason is not None or isinstance(found, Missing):
        print(f"no real API server here: {reason or (found.reason if isinstance(found, Missing) else '')}", file=sys.stderr)
        return 1
    signal.signal(signal.SIGHUP, signal.SIG_DFL)  # ignored under nohup, as Ctrl-C is in a background job: by what is started, too
    signal.signal(signal.SIGINT, signal.default_int_handler)
    with contextlib.ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="aichaos-stops-")))
        controlplane: Any = stack.enter_context(Servers(folder / "controlplane", found)).controlplane
        wanted = [kind for kind in KINDS if any(word in kind.name for word in options.kinds or [""])]
        if any(kind.steps == CHAOS for kind in wanted):
            stack.enter_context(ChaosMesh(controlplane))
        (folder / "state").mkdir()
        rig = stack.enter_context(rigged(controlplane, folder / "state"))
        healthy, port = stack.enter_context(answering())
        controlplane.node("node-a", zone="a")
        controlplane.apply(THINGS, rig.namespace)
        bench = Bench(rig, Wire(controlplane.url), healthy, port)
        controlplane.wait(bench.ready, what="the workload to be ready")
        released = {"metadata": {"name": "lever"}, "data": {"state": "released"}}
        controlplane.request("POST", f"/api/v1/namespaces/{rig.namespace}/configmaps", released)
        rig.remember()
        floor = [ten_writes(rig) for _ in range(20)]
        rig.remember()
        for kind in wanted:
            loads, measured = [], []
            for _ in range(options.count):
                measured.append(measure(bench, kind))
                loads.append(os.getloadavg()[0])
            print("\n".join(rows({kind.name: measured})), f"load {statistics.mean(loads):.1f}", flush=True)
            if options.write:
                before = options.write.read_text(encoding="utf-8") if options.write.exists() else ""
                options.write.write_text(page({kind.name: measured}, floor, before, statistics.mean(loads)), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
