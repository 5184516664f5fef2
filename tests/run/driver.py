"""A run as a process of its own, that a test can kill at any moment: `python -m tests.run.driver FILE [recover]`.

The moments are counted: before and after each entry of the journal is on the disk, before a request is sent, a moment after that, and when
it is answered. Nothing of this is in the program; the driver wraps two of its methods.
"""

import os
import signal
import sys
import threading
import time
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from typing import Any, Literal

import msgspec

from aichaos.cluster.connection import Connection, connect
from aichaos.cluster.reader import Reader
from aichaos.cluster.writer import Limits, May, Writer
from aichaos.domain.experiment import Expectation, Experiment, HTTPProbe, Probe
from aichaos.domain.running import Access, Approval, Event, Place, Plan, Planned, Rivals
from aichaos.domain.sample import Sample
from aichaos.errors import AichaosError
from aichaos.measure.probes import Prober, Ways
from aichaos.measure.sampling import Sampling
from aichaos.measure.whom import resolve
from aichaos.observe import source
from aichaos.observe.topology import Topology
from aichaos.run import journal, lease, mirror, recover, state
from aichaos.run import lever as levers
from aichaos.run.conduct import Start, conduct
from aichaos.run.journal import Journal
from aichaos.run.places import Places
from aichaos.run.stops import Stops

Death = Literal["none", "main", "both", "freeze", "sleep"]


class Orders(msgspec.Struct, kw_only=True):
    """point: at which moment, 0 for never. death: who dies there; `freeze`: it only stops; `sleep`: its watchdog, too.
    bug: the event at whose telling something of ours breaks; "" for none. late: seconds that the run takes to end after it has given its
    Lease back, as on a busy machine. lever: `NS/NAME` of one to look at; "" for none. probed: a port of this machine that an abort probe
    asks, every `interval` seconds; 0 for none. fresh: seconds for which a look at the Lease counts."""

    run: str
    namespace: str
    kubeconfig: str
    experiment: Experiment
    rivals: tuple[Rivals, ...] = ()
    point: int = 0
    death: Death = "none"
    deadline: float = 60.0
    mirror: bool = True
    bug: str = ""
    late: float = 0.0
    lever: str = ""
    probed: int = 0
    disk: int = 0
    interval: float = 0.5
    fresh: float = lease.FRESH


class Moments:
    """Counts them, and dies at one."""

    def __init__(self, orders: Orders) -> None:
        self.orders = orders
        self.count = 0
        self.lock = threading.Lock()

    def __call__(self, *, soon: bool = False) -> None:
        with self.lock:
            self.count += 1
            here = self.count == self.orders.point
        if here and soon:
            threading.Timer(0.002, self.die).start()
        elif here:
            self.die()

    def die(self) -> None:
        number = signal.SIGSTOP if self.orders.death in ("freeze", "sleep") else signal.SIGKILL
        if self.orders.death in ("both", "sleep"):
            for child in Path(f"/proc/self/task/{os.getpid()}/children").read_text().split():
                os.kill(int(child), number)
        os.kill(os.getpid(), number)


def wrap(moments: Moments) -> None:
    write, send = Journal.write, Writer.send

    def watched_write(self: Journal, *entries: Any, sync: bool = True) -> None:
        moments()
        write(self, *entries, sync=sync)
        moments()

    def watched_send(self: Writer, change: Any, *, dry_run: bool = False, may: May | None = None) -> Any:
        if dry_run or change.place.kind in ("Lease", "ConfigMap", "Namespace"):
            return send(self, change, dry_run=dry_run)
        moments()
        moments(soon=True)
        outcome = send(self, change, may=may)
        moments()
        return outcome

    setattr(Journal, "write", watched_write)  # noqa: B010  mypy does not take an assignment to a method
    setattr(Writer, "send", watched_send)  # noqa: B010


def hanging_disk(entry: int) -> None:
    """From an entry of the journal on, what has to be on the disk never is."""
    sync, count = os.fsync, [0]

    def hang(handle: int) -> None:
        count[0] += 1
        if 0 < entry <= count[0]:
            time.sleep(600)
        sync(handle)

    setattr(os, "fsync", hang)  # noqa: B010


class SimpleHands:
    def begin(self, stops: Stops) -> None:
        return

    def holds(self, written: str, condition: str) -> bool | None:
        return True

    def look(self, probe: str, stops: Stops) -> None:
        return

    def injected(self, place: Place, stops: Stops) -> str:
        return ""


def plan_of(orders: Orders, cluster: str) -> Plan:
    steps = tuple(Planned(number=n, name=s.name, verb=s.verb, text=s.name) for n, s in enumerate(orders.experiment.spec.steps, 1))
    return Plan(
        run=orders.run,
        experiment=orders.experiment.name,
        title="",
        digest="sha256:0",
        cluster=cluster,
        server="",
        steps=steps,
        deadline=orders.deadline,
        rivals=orders.rivals,
    )


def approval(run: str, cluster: str = "") -> Approval:
    found: Approval = msgspec.convert(
        {"run": run, "digest": "sha256:0", "cluster": cluster, "who": "tester@here", "how": "yes", "at": ""}, Approval
    )
    return found


def say(event: Event) -> None:
    print(msgspec.json.encode(event).decode(), flush=True)


def breaking(name: str) -> Callable[[Event], None]:
    """Tells events, and breaks at the first one of a name."""

    def tell(event: Event) -> None:
        say(event)
        if event.__struct_config__.tag == name:
            raise RuntimeError("a bug of ours")

    return tell


def slow_end(seconds: float) -> None:
    """The last request of a run takes so long: the one after its Lease is free for others."""
    remove = mirror.remove

    def slowly(*words: Any) -> None:
        time.sleep(seconds)
        remove(*words)

    setattr(mirror, "remove", slowly)  # noqa: B010


def aborting(orders: Orders, connection: Connection, stops: Stops) -> Sampling:
    """An abort probe of the Service `web`, which this machine answers for, asked as in any run."""
    seen = Topology(source.through(connection, source.Choice(namespaces=(orders.namespace,))))
    whom = resolve(f"service/{orders.namespace}/web=127.0.0.1:{orders.probed}")
    prober = Prober(seen, None, Ways(resolve=(whom,)))
    via = f"service/{orders.namespace}/web"
    probe = Probe(name="web", http=HTTPProbe(url="http://web/", via=via, expect=Expectation(status="200")), failures=1)
    prober.prepare([probe])

    def abort(failing: Probe, sample: Sample) -> None:
        stops.pull(f"the abort probe {failing.name} fails: {sample.why}")

    return Sampling([], [probe], prober.ask, abort, interval=orders.interval)


def run(orders: Orders, report: Callable[[Any], None] = lambda ended: say_json(ended)) -> int:
    moments = Moments(orders)
    wrap(moments)
    slow_end(orders.late)
    hanging_disk(orders.disk)
    setattr(lease, "FRESH", orders.fresh)  # noqa: B010
    with connect(kubeconfig=orders.kubeconfig) as connection:
        probe = Writer(connection, approval(orders.run))
        cluster = recover.cluster_uid(probe)
        writer = Writer(connection, approval(orders.run, str(cluster)), Limits(answer=3.0))
        held = lease.acquire(writer, lease.place(f"{orders.namespace}/aichaos-run"), orders.run)
        if not isinstance(held, lease.Held):
            print(held, file=sys.stderr)
            return 5
        stops = Stops()
        start = Start(
            plan=plan_of(orders, str(cluster)),
            experiment=orders.experiment,
            access=Access(kubeconfig=orders.kubeconfig),
            held=held,
            lever=orders.lever,
            mirror=orders.mirror,
        )
        with ExitStack() as stack:
            stack.enter_context(stops.on_signals(lambda: None))
            if orders.lever:
                watching = Reader(connection, levers.PATIENCE)
                stack.enter_context(levers.watch(watching, levers.place(orders.lever), stops.pull))
            if orders.probed:
                stack.enter_context(aborting(orders, connection, stops))
            ended = conduct(start, writer, Places(Reader(connection)), SimpleHands(), stops, breaking(orders.bug))
        report({"ended": ended, "moments": moments.count, "stop": stops.stop})
        return 8 if not ended.restored.verified else 0 if ended.outcome == "completed" else 7


def tell(line: str) -> None:
    print(line, file=sys.stderr, flush=True)


def say_json(value: Any) -> None:
    print(msgspec.json.encode(value).decode(), flush=True)


def again(orders: Orders) -> int:
    wrap(Moments(orders))
    with state.working_on(orders.run):
        book = journal.resume(orders.run)
        link = recover.connected(book.record.opened, None, tell)
        return recover.finish(book, link, tell, "recover")


if __name__ == "__main__":
    given = msgspec.json.decode(Path(sys.argv[1]).read_bytes(), type=Orders)
    try:
        os._exit(again(given) if sys.argv[2:] == ["recover"] else run(given))
    except AichaosError as error:
        print(f"{error}: {error.hint}", file=sys.stderr, flush=True)
        os._exit(error.exit_code)
