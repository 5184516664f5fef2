"""One step's change, from the wish to a certain answer: asked for by a dry run, journalled, sent, and found out about.

Where the answer is lost, the object is read and tells; a request that was not carried out is sent again as it was, with its precondition,
so that the one on its way and this one can't both count.
"""

from collections.abc import Callable

import msgspec

from aichaos.cluster.writer import Absent, Found, May, Unread, Writer
from aichaos.domain import clock
from aichaos.domain.experiment import Step
from aichaos.domain.running import Change, Conflict, Done, Intent, Manifest, Missing, Outcome, Place, Refused, Result, Stop, Unknown, Unsent
from aichaos.run import actions, lease
from aichaos.run.actions import Resolves, StepFailed
from aichaos.run.closed import refusal
from aichaos.run.inverses import UNDO
from aichaos.run.journal import Journal
from aichaos.run.lease import Held
from aichaos.run.likeness import NOTHING, alike, as_it_was, at, equal, leaves, meta
from aichaos.run.marks import marked, marked_by
from aichaos.run.restore import Fenced
from aichaos.run.stops import Stops

_ROUNDS = 8
"""How often a step is begun again because somebody else was changing the same object."""
_AGED = ("gateway.networking.k8s.io", "networking.istio.io")
"""Groups whose objects are chosen between by their age: each is made in a second of its own."""


class _Ready(msgspec.Struct, frozen=True, kw_only=True):
    """wish: what a step asks for. change: the same as it is sent, None to look again. before, after: its object as it is, and as the
    server would make it, where it says so."""

    wish: Change
    change: Change | None = None
    before: Manifest | None = None
    after: Manifest | None = None


class Sender:
    """Sends the changes of one run. held: the Lease as the run has it now."""

    def __init__(self, journal: Journal, writer: Writer, places: Resolves, stops: Stops, held: Callable[[], Held]) -> None:
        self.journal = journal
        self.writer = writer
        self.places = places
        self.stops = stops
        self.held = held

    def step(self, number: int, step: Step) -> Change | Stop | None:
        """Carry a step's change out, and return it; the Stop that came in between, or None where nothing had to be changed.

        Raises StepFailed, Fenced, FileError.
        """
        return self._begin(number, lambda: actions.change(step, self._look, self.places, self._gone))

    def remove(self, number: int, place: Place) -> Change | Stop | None:
        """Delete an object that a step of ours has made."""

        def deletion() -> Change | None:
            there = self._look(place)
            if there is None:
                return None
            return Change(verb="delete", place=place, uid=meta(there, "uid"), resource_version=meta(there, "resourceVersion"))

        return self._begin(number, deletion)

    def _begin(self, number: int, wish: Callable[[], Change | None]) -> Change | Stop | None:
        what = f"the object of step {number}"
        for tries in range(_ROUNDS):
            ready = self.stops.unless_stopped(lambda: self._ready(number, wish))
            if self.stops.stop:
                return self.stops.stop
            if ready is None:
                return None
            what = str(ready.wish.place)
            if ready.change is not None and isinstance(self._carry_out(number, ready.change, ready.before, ready.after), Done):
                return ready.wish
            self.stops.wait(min(1.0, 0.02 * 2**tries))
        if self.stops.stop:
            return self.stops.stop
        raise StepFailed(f"{what} is changed by somebody else again and again", hint="Which controller is it? `kubectl get -o yaml` shows.")

    def _ready(self, number: int, wish: Callable[[], Change | None]) -> _Ready | None:
        """A change that can be sent now, with its object as it is; None where nothing has to be done. Nothing is changed here."""
        change = wish()
        if change is None:
            return None
        before = self._look(change.place) if change.verb != "create" else None
        if (why := self._why_not(change, before)) is not None:
            raise StepFailed(f"not sent: {why}", hint="See docs/safety.md for what no step may do.")
        if change.verb != "create" and meta(before, "resourceVersion") != change.resource_version:
            return _Ready(wish=change)
        rehearsed = self._rehearsed(self._marked(number, change))
        if rehearsed is None:
            return _Ready(wish=change)
        self._own_second(change)
        return _Ready(wish=change, change=rehearsed[0], before=before, after=rehearsed[1])

    def _why_not(self, change: Change, before: Manifest | None) -> str | None:
        again = change.verb == "create" and self._gone(change.place) is not None
        return refusal(change, before, self.journal.record.opened.policy, restoring=again) or None

    def _marked(self, number: int, change: Change) -> Change:
        """What a run creates is marked as its own; what it recreates is as it was."""
        if change.verb != "create" or self._gone(change.place) is not None:
            return change
        opened = self.journal.record.opened
        why = f"step {number} of {opened.plan.experiment}"
        return msgspec.structs.replace(change, body=marked(change.body or {}, opened.plan.run, opened.approval, why))

    def _rehearsed(self, change: Change) -> tuple[Change, Manifest | None] | None:
        """What the server would make of it; None to begin again, or where the run is stopped. Raises StepFailed where it would refuse."""
        for tries in range(1000):
            outcome = self.writer.send(change, dry_run=True)
            match outcome:
                case Done(object=found):
                    return change, found
                case Conflict(why=why) if change.verb == "create":
                    raise StepFailed(f"{change.place} can't be created: {why}", hint="Choose another name, or use apply to change it.")
                case Conflict() | Missing() if change.verb != "create":
                    return None
                case Missing():
                    raise StepFailed(f"{change.place} can't be created: its namespace is not there", hint="Create it first.")
                case Refused(why=why) if "dry run" in why.lower() or "dryrun" in why.lower():
                    return change, None  # a webhook with side effects: the server can't try it out
                case Refused(why=why):
                    raise StepFailed(
                        f"the server refuses to {change.verb} {change.place}: {why}", hint="`aichaos check --server` says why."
                    )
            if self.stops.wait(_pause(tries, outcome)):
                break
        return None

    def _own_second(self, change: Change) -> None:
        """Wait until the server's clock has left the second in which the run's last object of the same age order was made."""
        if change.verb != "create" or change.place.group not in _AGED:
            return
        made = [outcome.object for outcome in self.journal.record.outcomes.values() if isinstance(outcome, Done) and outcome.object]
        last = max((meta(obj, "creationTimestamp") for obj in made if _group(obj) in _AGED), default="")
        while last and self.writer.clock <= last and not self.stops.stop:
            self.stops.wait(0.1)
            self.writer.read(change.place)

    def _carry_out(self, number: int, change: Change, before: Manifest | None, after: Manifest | None) -> Outcome:
        """Journal, send, find out, journal. The Lease is looked at before, and each time that something is sent: whoever lost it writes
        nothing."""
        while not (may := self._may_write()):
            if self.stops.wait(0.2):
                return Unsent(why="stopped")
        intent = Intent(number=self.journal.record.next_number, step=number, change=change, before=before, after=after)
        self.journal.write(intent)
        outcome = self._found_out(intent, self.writer.send(change, may=may))
        self.journal.write(Result(at=clock.now(), number=intent.number, outcome=outcome))
        if isinstance(outcome, Refused):
            raise StepFailed(f"the server refuses to {change.verb} {change.place}: {outcome.why}", hint="Everything goes back.")
        if isinstance(outcome, Conflict) and change.verb == "create":
            raise StepFailed(f"{change.place} can't be created: {outcome.why}", hint="Somebody else has just made it.")
        return outcome

    def _may_write(self) -> May | None:
        """What says, in the moment before a change goes out, that the Lease was ours just now; None where nobody knows whose it is.

        Raises Fenced.
        """
        looked = lease.check(self.writer, self.held())
        if looked.ours is False:
            raise Fenced(f"{self.held().place} is not this run's any more", hint="This run changes nothing more.")
        return looked.may_write if looked.ours else None

    def _send_again(self, change: Change) -> Outcome:
        may = self._may_write()
        return self.writer.send(change, may=may) if may else Unsent(why="whose the Lease is is not known")

    def _found_out(self, intent: Intent, outcome: Outcome) -> Outcome:
        """A certain answer, as long as nobody stops the run; Unknown only then."""
        tries = 0
        while isinstance(outcome, Unknown | Unsent) and not self.stops.stop:
            self.stops.wait(_pause(tries, outcome))
            tries += 1
            if isinstance(outcome, Unsent):
                outcome = self._send_again(intent.change)
                continue
            sight = self.writer.read(intent.change.place)
            if isinstance(sight, Unread):
                continue
            told = evidence(intent, sight.object if isinstance(sight, Found) else None, self.journal.record.opened.plan.run)
            outcome = self._send_again(intent.change) if told is None else told
        return outcome

    def _look(self, place: Place) -> Manifest | None:
        """An object as it is. Raises StepFailed where we may not read it, and when the run was stopped before anybody answered."""
        tries = 0
        while True:
            match self.writer.read(place):
                case Found(found):
                    return found
                case Absent():
                    return None
                case Unread(why, _, True):
                    raise StepFailed(f"{place} can't be read: {why}", hint="`aichaos doctor --rbac EXPERIMENT` prints the Role it needs.")
                case Unread(why):
                    tries += 1
                    if self.stops.wait(_pause(tries, None)):
                        raise StepFailed(f"{place} could not be read: {why}", hint="Is the API server there?")

    def _gone(self, place: Place) -> Manifest | None:
        """An object as it was when a step of this run deleted it, if it has not been made again since."""
        record = self.journal.record
        for intent in reversed(record.intents):
            if intent.change.place == place and intent.step != UNDO and isinstance(record.outcomes.get(intent.number), Done):
                return intent.before if intent.change.verb == "delete" else None
        return None


def evidence(intent: Intent, live: Manifest | None, run: str) -> Outcome | None:
    """What an object says about a request whose answer was lost; None where it was not carried out (yet) and may be sent again."""
    change = intent.change
    match change.verb:
        case "create" if live is None:
            return None
        case "create" if live is not None and (marked_by(live, run) or alike(live, intent.after or change.body or {})):
            return Done(object=live)
        case "create":
            return Conflict(why="somebody else has made one of this name")
        case "delete" if live is None or meta(live, "uid") != change.uid or at(live, ("metadata", "deletionTimestamp")) is not NOTHING:
            return Done()
        case "delete":
            return None if meta(live, "resourceVersion") == change.resource_version else Conflict(why="it was changed meanwhile")
    if live is None:
        return Missing()
    if meta(live, "resourceVersion") == change.resource_version:
        return None
    wanted = intent.after or change.body or {}
    same = all(equal(at(live, path), at(wanted, path)) for path in leaves(change.body or {}))
    return Done(object=live) if same and meta(live, "uid") == change.uid else Conflict(why="it was changed meanwhile")


def _pause(tries: int, outcome: Outcome | None) -> float:
    asked = outcome.seconds if isinstance(outcome, Unsent) else None
    return min(5.0, asked if asked is not None else 0.02 * 2.0 ** min(tries, 8))


def _group(obj: Manifest) -> str:
    return str(as_it_was(obj).get("apiVersion", "")).rpartition("/")[0]
