"""Putting everything back: one function, for the run itself, for its watchdog, for `recover`, and for the guard inside the cluster.

It goes in rounds: read every object that the run touched, ask `inverses` what is left, write that into the journal, send it (what does
not depend on anything all at once), and read again. A round that finds nothing left to do is the proof. So it does not matter at which
moment it is killed, how often it runs, which answers were lost, or who else writes meanwhile.

While nobody answers it goes on trying. It gives an object up only where the server keeps refusing the change, or where something else
holds the object (a finalizer), and says then what a person has to type.
"""

import os
import random
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager

import msgspec

from aichaos.cluster.writer import Absent, Found, Sight, Unread, Writer
from aichaos.domain import clock
from aichaos.domain.running import (
    Change,
    Checked,
    Closed,
    Done,
    Foreign,
    Intent,
    JournalEntry,
    LeftOver,
    Manifest,
    Missing,
    Outcome,
    Place,
    Refused,
    Restored,
    Restoring,
    Result,
    Rivals,
    Undoing,
    Undone,
    Unknown,
)
from aichaos.errors import AichaosError, FileError
from aichaos.run import by_hand, lease, mirror, own
from aichaos.run.closed import refusal
from aichaos.run.inverses import (  # fmt: skip
    NOT_KNOWN,
    UNDO,
    History,
    Scene,
    Way,
    changed_by_others,
    histories,
    removed_by_others,
    unseen,
    way_back,
)
from aichaos.run.journal import Journal
from aichaos.run.lease import Held, Looked
from aichaos.run.likeness import meta
from aichaos.run.stops import after
from aichaos.run.trial import without_given_out

Say = Callable[[str], None]
"""Takes a line for people."""
_LONGEST = 2.0
_SILENT = 15.0
"""Seconds without an end of a look until that is said: more than a request has."""


class Fenced(AichaosError):
    """Somebody else has taken the run over: this process writes nothing more."""


class Patience(msgspec.Struct, frozen=True, kw_only=True):
    """Seconds. held: for what a finalizer or a controller holds. refused: for a change that the server keeps refusing. landing: how long a
    request of which nothing was heard may still be on its way. longest: between two tries while nobody answers."""

    held: float = 300.0
    refused: float = 5.0
    landing: float = 1.0
    longest: float = _LONGEST


def restore(journal: Journal, writer: Writer, say: Say, who: str, held: Held | None, patience: Patience = Patience()) -> Restored:  # noqa: B008  frozen
    """Bring everything back to what the journal says it was. who: main, watchdog, recover, in-cluster. held: the Lease (see
    `take_over`); None to restore without one.

    Returns when all is as it was, or when only a person can go on; not before the server answers. Raises Fenced.
    """
    return _Restore(journal, writer, say, who, patience).run(held)


def take_over(journal: Journal, writer: Writer, say: Say, who: str) -> Held | None:
    """Fence off whoever wrote before; goes on asking while nobody answers.

    None where we may not have the Lease, or where another run has it: we restore all the same, because what was changed has to come back.
    """
    opened = journal.record.opened
    where = lease.place(opened.lease)
    said, tries = "", 0
    while True:
        hold = lease.take_over(writer, where, opened.plan.run, who)
        if isinstance(hold, lease.Taken) and hold.series == opened.plan.run:
            if not hold.preparing:
                return None  # whoever restores that run lets the Lease go
            hold = lease.take_over(writer, where, hold.run, who)  # it was lent, and the run had not begun
        if isinstance(hold, Held):
            return hold
        if isinstance(hold, lease.Taken):
            line = f"{lease.called(where)} belongs to run {hold.run} of {hold.who or 'somebody'}; this run is restored beside it"
        elif hold.final:
            line = f"without {lease.called(where)}: {hold.why}"
        else:
            line = f"the API server does not answer ({hold.why}); this goes on until it does"
        if line != said:
            say(line)
            said = line
        if isinstance(hold, lease.Taken) or hold.final:
            return None
        tries += 1
        time.sleep(_growing(tries, _LONGEST))


def close(journal: Journal, writer: Writer, held: Held | None, outcome: str, restored: Restored) -> None:
    """The end of a run whose objects are as they were: others may have the Lease. A run with something left over stays open."""
    if not restored.verified:
        return
    if held is not None:
        lease.release(writer, held)
    mirror.remove(writer, mirror.place(journal.record.opened.plan.run, journal.record.opened.lease.partition("/")[0]))
    journal.write(Closed(at=clock.now(), outcome=outcome, restored="verified" if journal.record.intents else "nothing-changed"))


class _Restore:
    def __init__(self, journal: Journal, writer: Writer, say: Say, who: str, patience: Patience) -> None:
        self.journal = journal
        self.writer = writer
        self.say = say
        self.who = who
        self.patience = patience
        self.began = time.monotonic()
        self.renewed = self.began
        self.acknowledged: float | None = None
        self.changes = 0
        self.foreign: set[Foreign] = set()
        self.refused: dict[Place, tuple[float, str, Change | None]] = {}
        self.held_since: dict[Place, float] = {}
        self.given_up: dict[Place, LeftOver] = {}
        self.too_old: dict[Place, Manifest | None] = {}
        """Objects that have to be made again because of their age, as they are."""
        self.taken: set[Place] = set()
        self.untaken: dict[Place, float] = {}
        """Objects whose change has not been taken, and not been refused either: since when."""
        self.homeless: set[Place] = set()
        """Objects whose namespace somebody else has deleted: there is nowhere to put them back."""
        self.failures = 0
        self.said: set[str] = set()
        self.unheard = self.began if _unheard(journal) else None
        """When a request that may still be on its way was last known to be."""

    def run(self, held: Held | None) -> Restored:
        generation = held.generation if held else 0
        self._note(Restoring(at=clock.now(), who=self.who, generation=generation, pid=os.getpid()))
        untouched = self.who == "main"  # whoever comes after it can't know what it has still removed
        while True:
            told = histories(self.journal.record.intents, self.journal.record.outcomes, self.journal.record.undone)
            with self._heard():
                sights, looked, held = self._look(told, held)
            ready = [history for history in told if self._is_ready(history, sights)]
            scene = Scene(
                run=self.journal.record.opened.plan.run,
                live={place: sight.object if isinstance(sight, Found) else None for place, sight in sights.items()},
                rivals=tuple(pair for pair in self._rivals() if all(_known(sights, place) for place in (pair.elder, *pair.younger))),
                clock=self.writer.clock or time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
            )
            if untouched:
                self.foreign.update(removed_by_others(ready, scene.live))
            way = way_back(ready, scene)
            self.foreign.update(way.foreign)
            self._doubts(way)
            moved = self._send(way, scene, looked)
            untouched = untouched and not moved
            unseen = [place for place, sight in sights.items() if isinstance(sight, Unread) and place not in self.given_up]
            if not moved and not unseen and self._is_over(way):
                return self._finish(told, scene)
            self._pause(moved, way, sights)

    def _heard(self) -> AbstractContextManager[None]:
        """Says so where a look does not come to its end: a login that hangs has no end of its own."""
        line = f"nobody has answered for {_SILENT:g} s, neither the API server nor who logs in there; this goes on until somebody does"
        return after(_SILENT, lambda: self._once(line))

    # --- one round

    def _look(self, told: list[History], held: Held | None) -> tuple[dict[Place, Sight], Looked | None, Held | None]:
        """Everything that matters as it is now; whether we may still write, None without a Lease; and the Lease. The run's own heart beats
        beside it; others renew here."""
        if held and self.who != "main" and time.monotonic() > self.renewed + lease.SECONDS / 5:
            lease.renew(self.writer, held)
            self.renewed = time.monotonic()
        places = list(dict.fromkeys([*(history.place for history in told), *_places(self._rivals())]))
        wanted = [*places, held.place] if held else places
        at = lease.awake()
        sights = self._read(wanted)
        looked = lease.judged(sights[-1], held, at) if held and not _is_refused(sights[-1]) else None
        if held is not None and looked is not None and looked.ours is False:
            looked, held = self._had_again(held)
        found = dict(zip(places, sights, strict=False))
        for place, sight in found.items():
            if isinstance(sight, Unread) and sight.refused:
                change = next((unseen(one, self.journal.record.opened.plan.run) for one in told if one.place == place), None)
                doubt = f". Not known: {NOT_KNOWN[change.verb]}; look first" if change is not None else ""
                self._refuse(place, f"it can't be read: {sight.why}{doubt}", change, blind=True)
        return found, looked, held

    def _had_again(self, held: Held) -> tuple[Looked | None, Held | None]:
        """After somebody has deleted the Lease, or changed it by hand: whether we may write; and the Lease, None to go on without. Raises
        Fenced."""
        at = lease.awake()
        match lease.again(self.writer, held):
            case Held() as found:
                return Looked(ours=True, at=at), found
            case lease.NotHad(why=why, final=final):
                if not final:
                    return Looked(ours=None, at=at), held
                self._once(f"without the Lease {held.place}: {why}")
                return None, None
        raise Fenced("another process has taken this run over", hint="It restores; this one writes nothing more.")

    def _read(self, places: list[Place]) -> list[Sight]:
        """Objects as they are. What was lost on the way while others arrived is asked for again at once: a round needs all of them."""
        sights = self.writer.read_all(places)
        for _ in range(_AGAIN):
            lost = [index for index, sight in enumerate(sights) if isinstance(sight, Unread) and not sight.refused]
            if not lost or len(lost) == len(places):
                break
            for index, sight in zip(lost, self.writer.read_all([places[index] for index in lost]), strict=True):
                sights[index] = sight
        return sights

    def _is_ready(self, history: History, sights: dict[Place, Sight]) -> bool:
        """Whether all that decides about an object could be read."""
        elders = [pair.elder for pair in self._rivals() if history.place in pair.younger]
        if history.place in self.given_up or history.place in self.homeless:
            return False
        return all(_known(sights, place) for place in (history.place, *elders))

    def _send(self, way: Way, scene: Scene, looked: Looked | None) -> bool:
        """Do what can be done now; whether anything came of it. Nothing, where it is not known whose the Lease is: the next round asks."""
        if looked is not None and looked.ours is None:
            return False
        self.too_old = {change.place: scene.live[change.place] for change in way.renew}
        now = [self._possible(change) for change in way.now if self._may(change, scene)]
        renew = [change for change in way.renew if self._may(change, scene)]
        if not now and not renew:
            return False
        number = self.journal.record.next_number
        intents = [
            Intent(number=number + index, step=UNDO, change=change, before=scene.live[change.place]) for index, change in enumerate(renew)
        ]
        written = self._note(Undoing(at=clock.now(), changes=tuple(now)), *intents)
        if not written:
            for change in renew:
                self._give_up(change.place, "it has to be made again, and its copy can't be written to the disk", None)
            intents, renew = [], []
        outcomes = self.writer.send_all([*now, *renew], looked.may_write if looked is not None else None)
        at = clock.now()
        self._note(
            *(Undone(at=at, place=change.place, outcome=outcome) for change, outcome in zip(now, outcomes, strict=False)),
            *(Result(at=at, number=one.number, outcome=outcome) for one, outcome in zip(intents, outcomes[len(now) :], strict=True)),
        )
        judged = [self._judge(change, outcome) for change, outcome in zip([*now, *renew], outcomes, strict=True)]
        return any(judged)

    def _may(self, change: Change, scene: Scene) -> bool:
        """The closed lists once more: a journal may be old, and what stands in it is only text until it is sent."""
        if change.place in self.given_up:
            return False
        opened = self.journal.record.opened
        why = refusal(change, scene.live.get(change.place), opened.policy, restoring=True)
        if why:
            self._give_up(change.place, why, change)
        return not why

    def _possible(self, change: Change) -> Change:
        """A Service whose address or node port somebody else has by now is made again with others; that is said by comparing."""
        if change.place not in self.taken or change.body is None:
            return change
        return msgspec.structs.replace(change, body=without_given_out(change.body))

    def _judge(self, change: Change, outcome: Outcome) -> bool:
        """Take note of one answer; whether it was carried out."""
        if isinstance(outcome, Done):
            self.acknowledged = time.monotonic()
            self.changes += 1
            self.refused.pop(change.place, None)
            self.untaken.pop(change.place, None)
            self.say(f"{_DOES[change.verb]} {change.place}")
            return True
        if isinstance(outcome, Missing | Refused) and change.verb == "create" and (what := self._homeless(change.place)):
            self.homeless.add(change.place)
            self.foreign.add(Foreign(object=str(change.place), what=what))
            return False
        if isinstance(outcome, Refused) and change.verb == "create" and change.place.kind == "Service" and "allocate" in outcome.why:
            self.taken.add(change.place)
        if isinstance(outcome, Refused):
            self._refuse(change.place, f"the server refuses to {change.verb} it: {outcome.why}", change)
        elif isinstance(outcome, Missing):
            self._refuse(change.place, f"the server says that there is nothing to {change.verb} or no namespace for it", change)
        else:
            since = self.untaken.setdefault(change.place, time.monotonic())
            if time.monotonic() - since > self.patience.refused:
                self._once(f"{change.place}: the server does not take it: {outcome.why}; this goes on until it does")
        if isinstance(outcome, Unknown):
            self.unheard = time.monotonic()
        return False

    def _homeless(self, place: Place) -> str:
        """What somebody else has done to the namespace of an object that can't be made again in it; "" where it is there."""
        match self.writer.read(own.namespace(place.namespace)):
            case Absent():
                return "somebody else has deleted its namespace"
            case Found(found) if meta(found, "deletionTimestamp"):
                return "somebody else is deleting its namespace"
        return ""

    def _refuse(self, place: Place, why: str, change: Change | None, *, blind: bool = False) -> None:
        since, *_ = self.refused.setdefault(place, (time.monotonic(), why, change))
        if time.monotonic() - since > self.patience.refused:
            self._give_up(place, why, change, blind=blind)

    def _doubts(self, way: Way) -> None:
        for doubt in way.doubts:
            self._give_up(doubt.place, doubt.why, doubt.change)
        for place, why in way.waiting:
            since = self.held_since.setdefault(place, time.monotonic())
            self._once(f"waiting for {place}: {why}")
            if time.monotonic() - since > self.patience.held:
                self._give_up(place, f"{why}, for {self.patience.held:g} s now", None)

    def _give_up(self, place: Place, why: str, change: Change | None, *, blind: bool = False) -> None:
        """blind: nobody has seen the object; whoever types the commands looks first."""
        if place not in self.given_up:
            run = self.journal.record.opened.plan.run
            try:
                lines = by_hand.commands(run, change, place, self.too_old.get(place))
                if blind and change is not None:
                    lines = (*by_hand.commands(run, None, place), *lines)
            except FileError as error:
                lines = (f"# {error}",)
            self.given_up[place] = LeftOver(object=str(place), why=why, commands=lines)

    def _is_over(self, way: Way) -> bool:
        """Whether nothing is left that we could do, and nothing of ours is still on its way."""
        pending = [place for place, _ in way.waiting if place not in self.given_up]
        pending += [change.place for change in (*way.now, *way.renew) if change.place not in self.given_up]
        landed = self.unheard is None or time.monotonic() - self.unheard > self.patience.landing
        return landed and not pending and not way.later

    def _pause(self, moved: bool, way: Way, sights: dict[Place, Sight]) -> None:
        """How long until the next look: not at all after a success, shortly for what only takes time, ever longer while nobody answers."""
        asked = [sight for sight in sights.values() if isinstance(sight, Unread) and not sight.refused]
        if asked and len(asked) == len(sights):
            self._once(f"the API server does not answer ({asked[0].why}); this goes on until it does")
        if moved:
            self.failures = 0
            return
        if not asked and not way.now and not way.renew:
            time.sleep(0.1)  # the clock's next second, a finalizer, a request that may still land
            return
        self.failures += 1
        wished = max((sight.seconds or 0.0 for sight in asked), default=0.0)
        longest = self.patience.longest if asked and len(asked) == len(sights) else min(_BUSY, self.patience.longest)
        time.sleep(max(min(wished, self.patience.longest), _growing(self.failures, longest)))

    def _finish(self, told: list[History], scene: Scene) -> Restored:
        there = [history for history in told if history.place not in self.given_up]
        self.foreign.update(changed_by_others(there, scene.live))
        left, foreign = tuple(self.given_up.values()), tuple(sorted(self.foreign))
        self._note(Checked(at=clock.now(), left_over=left, foreign=foreign))
        seconds = self.acknowledged - self.began if self.acknowledged is not None else None
        return Restored(left_over=left, foreign=foreign, changes=self.changes, seconds=seconds, acknowledged=self.acknowledged)

    # --- the journal, and what is said

    def _rivals(self) -> tuple[Rivals, ...]:
        return self.journal.record.opened.plan.rivals

    def _note(self, *entries: JournalEntry) -> bool:
        """Into the journal. Where it can't be written any more (a full disk) everything still goes back, from memory."""
        try:
            self.journal.write(*entries)
        except FileError as error:
            self._once(f"{error}; going on without it")
            for entry in entries:
                self.journal.record.take(entry)
            return False
        except AichaosError as error:  # on this disk it is, and that is enough to go on
            self._once(str(error))
        return True

    def _once(self, line: str) -> None:
        if line not in self.said:
            self.said.add(line)
            self.say(line)


def _places(rivals: tuple[Rivals, ...]) -> Iterator[Place]:
    for pair in rivals:
        yield pair.elder
        yield from pair.younger


def _growing(tries: int, longest: float) -> float:
    """Seconds before the next try: twice as long each time, and not for everybody the same."""
    return min(longest, 0.02 * 2.0 ** min(tries, 10)) * random.uniform(0.5, 1.0)


_AGAIN = 3
_BUSY = 0.5
"""Seconds at most between two rounds while the server answers some of the requests."""
_DOES = {"create": "made again:", "patch": "put back:", "delete": "removed:"}


def _is_refused(sight: Sight) -> bool:
    """Whether asking again would not help."""
    return isinstance(sight, Unread) and sight.refused


def _known(sights: dict[Place, Sight], place: Place) -> bool:
    return not isinstance(sights.get(place), Unread)


def _unheard(journal: Journal) -> bool:
    """Whether a request was sent of which nobody knows what became."""
    record = journal.record
    return any(isinstance(record.outcomes.get(intent.number), Unknown | None) for intent in record.intents) or bool(record.restoring)
