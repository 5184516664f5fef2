"""A run from its first step to its end: the steps in order, and whatever happens, everything goes back.

The order is what makes it safe: the Lease is ours before there is a journal, the journal is on disk and the watchdog is connected before
the Lease says that the run has begun, and that is before the first change. From then on every way out of this module leads through
`restore`.
"""

import time
from collections.abc import Callable
from contextlib import ExitStack, suppress
from typing import Literal, Protocol

import msgspec

from aichaos.cluster.writer import Absent, Found, Unread, Writer
from aichaos.domain import clock
from aichaos.domain.experiment import Experiment, Wait, seconds
from aichaos.domain.experiment import Step as Written
from aichaos.domain.policy import NO_POLICY, Policy
from aichaos.domain.running import (
    Access,
    Change,
    Changed,
    Event,
    LeftOver,
    Manifest,
    NotRestored,
    Place,
    Plan,
    RestoreBegan,
    Restored,
    Step,
    StepBegan,
    Stop,
    StopBegan,
    Stopping,
    Told,
    Waiting,
)
from aichaos.domain.touchable import CHAOS
from aichaos.errors import AichaosError, FileError, ServerError
from aichaos.run import incluster, journal, lease, restore, state, watchdog
from aichaos.run.actions import Resolves, StepFailed
from aichaos.run.heart import Heart, keeping, watched
from aichaos.run.injection import wait_gone
from aichaos.run.lease import Held
from aichaos.run.mirror import Mirror
from aichaos.run.restore import Fenced
from aichaos.run.sending import Sender
from aichaos.run.stops import Stops
from aichaos.run.watchdog import Watchdog

_LOOK = 0.1

Say = Callable[[Event], None]


class Hands(Protocol):
    """What a run needs of the other rooms. Waits listen to `stops`."""

    def begin(self, stops: Stops) -> None:
        """Called before the first step, when nothing is changed and everything is ready: the time to see what is usual."""

    def holds(self, written: str, condition: str) -> bool | None:
        """Whether a condition of an object (`Kind/ns/name`) is True; None where nobody knows."""

    def look(self, probe: str, stops: Stops) -> None:
        """Ask the steady-state probe of that name once, and say what it answered; nothing where the run is stopped before."""

    def injected(self, place: Place, stops: Stops) -> str:
        """Wait until a chaos object is injected; why it is not, or "" (also when the run is stopped meanwhile)."""


class Start(msgspec.Struct, frozen=True, kw_only=True):
    """What a run begins with. held: the Lease. lever: `NS/NAME`. mirror: whether the inverses are kept in the cluster, too.
    guard: the image of the guard inside the cluster; "" for none."""

    plan: Plan
    experiment: Experiment
    access: Access
    held: Held
    lever: str
    mirror: bool = True
    policy: Policy = NO_POLICY
    guard: str = ""


class Ended(msgspec.Struct, frozen=True, kw_only=True):
    """How a run ended. stop_to_restored: seconds from the stop (or the failure) to the last acknowledged inverse; None where nothing ended
    it early, or nothing had to go back. failure: why a step could not be carried out. touched: what it has begun to change."""

    outcome: Literal["completed", "stopped", "failed"]
    restored: Restored
    touched: frozenset[Place] = frozenset()
    stop: Stop | None = None
    failure: str = ""
    stop_to_restored: float | None = None

    @property
    def changed(self) -> bool:
        """Whether anything had to go back."""
        return bool(self.touched)


def conduct(start: Start, writer: Writer, places: Resolves, hands: Hands, stops: Stops, say: Say) -> Ended:
    """Carry a plan out, and put everything back. Raises AichaosError only where nothing was changed."""
    tell, over = _heard(say), ExitStack()
    """over: what ends with the run. Where this process breaks before everything is back, it stays: it is what restores then."""
    with ExitStack() as stack:
        book = journal.begin(start.plan, writer.approval, start.access, start.held.place, start.lever, start.policy)
        stack.callback(book.close)
        book.hurried = lambda: stops.stop is not None
        stack.enter_context(state.working_on(start.plan.run))
        try:
            if start.mirror:
                book.mirror = Mirror(writer, start.plan.run, start.held.place.namespace).add
                book.mirror(book.first_line)
            if start.guard:
                run, home = start.plan.run, start.held.place.namespace
                incluster.start(writer, run, home, start.guard, state.key(), stops, lambda left: tell(_guard_to_run(left)))
                over.callback(incluster.stop, writer, run, home)
            dog = watchdog.start(start.plan.run)
            over.callback(dog.leave)
            held = lease.begin(writer, start.held)
        except AichaosError:
            over.close()
            restore.close(book, writer, start.held, "failed", Restored())
            raise
        heart = stack.enter_context(keeping(writer, held, stops))
        stack.enter_context(watched(dog, stops))
        ended = _Run(start, writer, places, hands, stops, tell, book, dog, heart).whole()
        over.close()
        return ended


def _guard_to_run(left: float) -> Waiting:
    return Waiting(what="the guard inside the cluster to run: nothing is changed yet", seconds_left=left)


def _heard(say: Say) -> Say:
    """What nobody can be told any more (a closed pipe or stream, a full disk) ends nothing: the way back is more important."""

    def tell(event: Event) -> None:
        with suppress(OSError, ValueError):
            say(event)

    return tell


class _Run:
    def __init__(
        self, start: Start, writer: Writer, places: Resolves, hands: Hands, stops: Stops, say: Say,
        book: journal.Journal, dog: Watchdog, heart: Heart,
    ) -> None:  # fmt: skip
        self.start = start
        self.writer = writer
        self.hands = hands
        self.stops = stops
        self.say = say
        self.book = book
        self.dog = dog
        self.heart = heart
        self.sender = Sender(book, writer, places, stops, lambda: heart.held)

    def whole(self) -> Ended:
        failure, failed_at = "", 0.0
        plan = self.start.plan
        try:
            self.hands.begin(self.stops)
            with self.stops.after(plan.deadline, f"the deadline of {plan.deadline:g} s has passed"):
                self._steps()
        except AichaosError as error:
            failure, failed_at = str(error), time.monotonic()
        except Exception as error:  # noqa: BLE001  a bug of ours is no reason to leave things changed
            failure, failed_at = f"a bug in aichaos: {type(error).__name__}: {error}", time.monotonic()
        stop = self.stops.over()
        if stop is not None:
            self._note_stop(stop.reason)
        elif failure:
            self.say(Told(text=failure))
        restored = self._restore()
        outcome: Literal["completed", "stopped", "failed"] = "stopped" if stop else "failed" if failure else "completed"
        self.heart.over.set()
        self._close(outcome, restored)
        since = stop.at if stop else failed_at or None
        last = restored.acknowledged
        return Ended(
            outcome=outcome,
            restored=restored,
            touched=frozenset(intent.change.place for intent in self.book.record.intents),
            stop=stop,
            failure=failure,
            stop_to_restored=max(0.0, last - since) if since is not None and last is not None else None,
        )

    def _close(self, outcome: str, restored: Restored) -> None:
        try:
            restore.close(self.book, self.writer, self.heart.held, outcome, restored)
        except FileError as error:  # all is as it was; only that can't be written down
            self.say(Told(text=f"{error}; `aichaos recover {self.start.plan.run}` ends it when that is mended"))

    def _restore(self) -> Restored:
        self.dog.restoring()
        self.say(RestoreBegan(who="main"))
        try:
            restored = restore.restore(self.book, self.writer, lambda line: self.say(Told(text=line)), "main", self.heart.held)
        except Fenced:
            restored = self._taken_over()
        for one in restored.foreign:
            self.say(Told(text=f"{one.object}: {one.what}; that stays"))
        for left in restored.left_over:
            self.say(NotRestored(object=left.object, why=left.why, commands=left.commands))
        return restored

    def _taken_over(self) -> Restored:
        """Somebody else restores; what comes of it stands in the journal, and is theirs to say."""
        run = self.start.plan.run
        why = "another process has taken this run over, and restores it; what comes of that is said there"
        return Restored(left_over=(LeftOver(object=f"run {run}", why=why, commands=(f"aichaos recover {run}",)),))

    def _note_stop(self, reason: str) -> None:
        self.say(StopBegan(reason=reason))
        try:
            self.book.write(Stopping(at=clock.now(), reason=reason), sync=False)
        except AichaosError as error:
            self.say(Told(text=str(error)))

    # --- the steps

    def _steps(self) -> None:
        spent = time.monotonic()
        for number, step in enumerate(self.start.experiment.spec.steps, 1):
            if self.stops.stop:
                return
            self.say(Step(number=number, text=self._text(number), seconds=time.monotonic() - spent))
            self.book.write(StepBegan(at=clock.now(), number=number), sync=False)
            if step.wait is not None:
                self._wait(step.wait)
            elif step.probe is not None:
                self.hands.look(step.probe, self.stops)
            else:
                self._change(number, step)

    def _text(self, number: int) -> str:
        return next((step.text for step in self.start.plan.steps if step.number == number), f"step {number}")

    def _change(self, number: int, step: Written) -> None:
        done = self.sender.step(number, step)
        if not isinstance(done, Change):
            if done is None:
                self.say(Told(text="nothing to change: it is so already"))
            return
        self.say(Changed(verb=done.verb, object=str(done.place)))
        made = step.recreate is None and done.verb == "create"
        if made and done.place.group in CHAOS and done.place.kind != "StatusCheck":  # which is no fault
            self._fault(number, step, done.place)

    def _fault(self, number: int, step: Written, place: Place) -> None:
        """A chaos object counts once it is injected; with a `hold` it is removed again, and waited for until it has recovered."""
        self.say(Waiting(what=f"{place} to be injected", seconds_left=None))
        if why := self.hands.injected(place, self.stops):
            raise StepFailed(f"not injected: {why}", hint="A fault that never arrived shows nothing.")
        hold = seconds(step.hold) if step.hold else None
        if hold is None or self._pause(hold, f"{place} holds"):
            return
        if not isinstance(removed := self.sender.remove(number, place), Change):
            return
        self.say(Changed(verb=removed.verb, object=str(place)))

        def tell(text: str) -> None:
            self.say(Waiting(what=f"{place}: {text}", seconds_left=None))

        ended = self.stops.unless_stopped(lambda: wait_gone(place, "", self._seen, self.stops.wait, tell))
        if ended is not None and not ended.good and not ended.stopped:
            raise StepFailed(f"{place} is {ended.text}", hint="Look at its engine's controller; a finalizer is never forced.")

    def _seen(self, place: Place) -> Manifest | None:
        match self.writer.read(place):
            case Found(found):
                return found
            case Absent():
                return None
            case Unread(why):
                raise ServerError(why)

    def _wait(self, wait: Wait) -> None:
        if wait.until is None:
            self._pause(seconds(wait.for_ or "") or 0.0, "")
            return
        what = f"{wait.until.object} to be {wait.until.condition}"
        limit = seconds(wait.timeout or "")
        latest = time.monotonic() + (limit if limit is not None else self.start.plan.deadline)
        until = wait.until
        while not self.stops.unless_stopped(lambda: self.hands.holds(until.object, until.condition)):
            if self.stops.stop:
                return
            if (left := latest - time.monotonic()) <= 0:
                raise StepFailed(f"waited in vain for {what}", hint="Raise the step's timeout if it needs longer.")
            self.say(Waiting(what=what, seconds_left=left))
            if self.stops.wait(min(_LOOK * 2, left)):
                return

    def _pause(self, length: float, what: str) -> Stop | None:
        latest = time.monotonic() + length
        while (left := latest - time.monotonic()) > 0:
            self.say(Waiting(what=what, seconds_left=left))
            if stop := self.stops.wait(min(1.0, left)):
                return stop
        return self.stops.stop
