"""Several runs in order under one Lease: taken before the first, lent to each, had back, let go after the last.

A series changes nothing itself. It has a journal without a change and a watchdog of its own, as a run has, so that what it holds is let go
however its process dies: between two runs by its watchdog or by `aichaos recover SERIES`; during one by whoever restores that run.
"""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

import msgspec

from aichaos.cluster.writer import Writer
from aichaos.domain.policy import NO_POLICY, Policy
from aichaos.domain.running import Access, Plan, Restored
from aichaos.errors import AichaosError, RefusedError
from aichaos.run import journal, lease, restore, state, uses, watchdog
from aichaos.run.approve import Permit
from aichaos.run.heart import keeping, watched
from aichaos.run.hold import take
from aichaos.run.lease import Held
from aichaos.run.mirror import Mirror
from aichaos.run.stops import Stops


class Start(msgspec.Struct, frozen=True, kw_only=True):
    """What a series begins with. plan: without a step; its run is the series' name. lease: `NS/NAME`. permit: the approval of the whole,
    whose use is counted once."""

    plan: Plan
    access: Access
    lease: str
    mirror: bool = True
    policy: Policy = NO_POLICY
    permit: Permit | None = None


class Series:
    """The hold of a series. stops: pulled by whoever asks it to stop between two runs, by a signal, and where the Lease is lost."""

    def __init__(self, name: str, writer: Writer, held: Held, stops: Stops) -> None:
        self.name = name
        self.stops = stops
        self._writer = writer
        self._held: Held | None = held
        self._last = held
        self._beating = ExitStack()
        self._kept = False
        self._keep(held)

    def _keep(self, held: Held) -> None:
        self._kept = True
        self._held = self._last = held
        self._beating.enter_context(keeping(self._writer, held, self.stops))

    def lend(self, run: str) -> Held:
        """The Lease for a run of the series. Raises RefusedError where somebody wants no more, and where it is not ours any more."""
        if self.stops.stop:
            raise RefusedError(f"the series {self.name} was stopped: {self.stops.stop.reason}", hint="Nothing is begun any more.")
        self._beating.close()
        self._kept = False
        if self._held is None:
            raise RefusedError(
                f"{lease.called(self._last.place)} did not come back from the run before", hint="See what that has left over."
            )
        match lease.lend(self._writer, self._held, run):
            case Held() as lent:
                return lent
            case lease.Taken(stop=stop) if stop:
                self.stops.pull(f"stopped by {stop}")
                raise RefusedError(f"the series {self.name} was stopped by {stop}", hint="Nothing is begun any more.")
            case lease.Taken(run=other):
                raise RefusedError(f"run {other} has taken the Lease over", hint="`aichaos runs --cluster` shows what is active.")
            case lease.NotHad(why=why):
                raise RefusedError(f"{lease.called(self._last.place)} can't be had: {why}", hint="Nothing was changed for this run.")

    def back(self) -> None:
        """After a run: keep the Lease again, if it has come back. Nothing happens where it has already."""
        if self._kept:
            return
        self._held = lease.had_back(self._writer, self._last)
        if self._held is not None:
            self._keep(self._held)

    def end(self) -> None:
        self._beating.close()
        if self._held is not None:
            lease.release(self._writer, self._held)


@contextmanager
def holding(start: Start, writer: Writer, stops: Stops) -> Iterator[Series]:
    """Hold the Lease for a series, in the block. Raises RefusedError where another run has it or the approval is used up; AichaosError
    where the series can't be kept here. Nothing was changed then."""
    name = start.plan.run
    held = take(writer, lease.place(start.lease), name, start.plan.lever, series=name)
    with ExitStack() as stack:
        try:
            book = _book(start, writer, held)
        except AichaosError:
            lease.release(writer, held)
            raise
        stack.callback(book.close)
        stack.enter_context(state.working_on(name))
        try:
            if start.mirror:
                book.mirror = Mirror(writer, name, held.place.namespace).add
                book.mirror(book.first_line)
            if start.permit is not None:
                uses.count(writer, held.place.namespace, start.permit.id, start.permit.uses)
            dog = watchdog.start(name)
            stack.callback(dog.leave)
            held = lease.begin(writer, held)
        except AichaosError:
            restore.close(book, writer, held, "failed", Restored())
            raise
        dog.restoring()  # a series has no deadline: its runs have
        stack.enter_context(watched(dog, stops))
        series = Series(name, writer, held, stops)
        stack.callback(restore.close, book, writer, None, "completed", Restored())
        stack.callback(series.end)
        yield series


def _book(start: Start, writer: Writer, held: Held) -> journal.Journal:
    state.series(start.plan.run).mkdir(parents=True, exist_ok=True)
    return journal.begin(start.plan, writer.approval, start.access, held.place, start.plan.lever, start.policy)
