"""Who may write: one Lease in the cluster, with a holder and a generation.

A run takes it before its first change; a second run finds it taken. Whoever restores in another process takes it over with the next
generation. A process that was frozen or cut off, and wakes up, finds another generation and writes nothing more. The Lease also shows
everybody which run is active and whose it is, and carries the wish to stop it.

Several runs in order are a series: it takes the Lease before the first, lends it to each, has it back from each, and lets it go after the
last. In between it is never free.
"""

import os
import socket
import time
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any, TypeAlias

import msgspec

from aichaos.cluster.writer import Absent, Found, Sight, Unread, Writer
from aichaos.domain.running import Approval, Change, Conflict, Done, Manifest, Missing, Outcome, Place, Refused, beside_lever
from aichaos.errors import RefusedError
from aichaos.files.plain import at, mapping, text
from aichaos.run import own
from aichaos.run.likeness import meta
from aichaos.run.marks import OWNER, RUN, WHY

NAME = "aichaos-run"
DEFAULT = f"aichaos/{NAME}"
SECONDS = 15
"""How long a Lease counts as alive after it was renewed: what the guard inside the cluster waits for."""
PROCESS = "aichaos.io/process"
STOP = "aichaos.io/stop"
SERIES = "aichaos.io/series"
"""The series that the holder is a run of; its own name between two runs."""
PREPARING = "aichaos.io/preparing"
"""On the Lease of a run until its journal is on disk: whoever finds it knows that this run has changed nothing, and will not without taking
it off first."""
_ATTEMPTS = 6
FRESH = 2.0
"""Seconds for which it counts that the Lease was ours when we looked: what is not on its way by then is not sent. With the seconds that an
answer is waited for that is less than `SECONDS`, in which nobody on another machine takes the Lease from a run that may be alive."""
_CLOCK = getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC)
"""The clock that goes on while a machine sleeps (Linux); by the other one, a night's sleep takes no time at all."""


def awake() -> float:
    """Seconds by the clock that counts sleep, too."""
    return time.clock_gettime(_CLOCK)


class Held(msgspec.Struct, frozen=True, kw_only=True):
    """Our hold on the Lease. version: its resourceVersion when we last wrote it. series: whom it was lent by, and goes back to; "" for
    nobody. uid: the Lease's own. process: what it calls us."""

    place: Place
    run: str
    generation: int
    version: str = ""
    series: str = ""
    uid: str = ""
    process: str = ""


class Taken(msgspec.Struct, frozen=True, kw_only=True):
    """Another run has it. renewed: RFC 3339, when it last said so. lasts: seconds from then until it counts as lost, as the Lease says.
    stop: who asks it to stop, and why; "" for nobody. series: what it is a run of; "" for a run by itself. preparing: it has not begun, and
    has changed nothing."""

    run: str
    who: str
    process: str
    renewed: str
    lasts: int = SECONDS
    stop: str = ""
    series: str = ""
    preparing: bool = False

    def ways(self, lever: str) -> str:
        """What whoever wants to run something can do. lever: the one beside this Lease."""
        stop, recover = (beside_lever(f"aichaos {word} {self.run}", lever) for word in ("stop", "recover"))
        return f"Wait for it, or `{stop}`; if its process is gone: `{recover}`."


class NotHad(msgspec.Struct, frozen=True, kw_only=True):
    """It could not be had. final: asking again would not help."""

    why: str
    final: bool


class Beat(msgspec.Struct, frozen=True, kw_only=True):
    """held: None where somebody else has the Lease now. stop: who asks the run to stop, and why; "" for nobody."""

    held: Held | None
    stop: str = ""


Hold: TypeAlias = Held | Taken | NotHad


def place(written: str = DEFAULT) -> Place:
    """written: `NS/NAME`."""
    namespace, _, name = written.partition("/")
    return Place(api_version="coordination.k8s.io/v1", resource="leases", kind="Lease", name=name, namespace=namespace)


def called(where: Place) -> str:
    """A Lease in a sentence."""
    return f"the Lease {where.namespace}/{where.name}"


def beside(lever: str) -> str:
    """`NS/NAME` of the Lease that goes with a lever: all of ours lies in one namespace."""
    return f"{lever.partition('/')[0]}/{NAME}"


def acquire(writer: Writer, where: Place, run: str, series: str = "") -> Hold:
    """Take the Lease for a new run, or a new series, making it and its namespace where they are not there yet. Tries again for some
    seconds."""

    def attempt(lease: Manifest | None) -> Outcome | Taken:
        if lease is None:
            outcome = writer.send(_creation(where, run, "main", 1, writer.approval, series, preparing=True))
            return writer.send(own.home(where.namespace)) if isinstance(outcome, Missing) else outcome
        holder = text(at(lease, "spec", "holderIdentity"))
        if holder and (holder != run or _process(lease) != _me("main")):
            return _taken(lease)
        return writer.send(_claim(where, lease, run, "main", writer.approval, series, preparing=True))

    return _had(writer, where, run, attempt)


def lend(writer: Writer, held: Held, run: str) -> Hold:
    """Give a run of a series the Lease that the series holds, with the next generation. Taken where it is not the series' any more, and
    where the series is asked to stop (`stop` says so): nothing is lent then. Tries again for some seconds."""

    def attempt(lease: Manifest | None) -> Outcome | Taken | NotHad:
        if lease is None:
            return NotHad(why=f"{held.place} is gone", final=True)
        lent = text(at(lease, "spec", "holderIdentity")) == run and _process(lease) == _me("main")  # and the answer was lost
        if not lent and (not is_ours(lease, held) or text(at(lease, "metadata", "annotations", STOP))):
            return _taken(lease)
        return writer.send(_claim(held.place, lease, run, "main", writer.approval, held.run, preparing=True))

    found = _had(writer, held.place, run, attempt)
    return msgspec.structs.replace(found, series=held.run) if isinstance(found, Held) else found


def again(writer: Writer, held: Held) -> Hold:
    """The Lease once more, where somebody has deleted it or changed it by hand: it is taken with the next generation, so that what was
    changed can go back. Taken where a process of ours has had it since; that one counted its generation up, or made it. Tries again for
    some seconds."""
    who = held.process.partition(" ")[0] or "main"

    def attempt(lease: Manifest | None) -> Outcome | Taken:
        if lease is None:
            outcome = writer.send(_creation(held.place, held.run, who, held.generation + 1, writer.approval, held.series))
            return writer.send(own.home(held.place.namespace)) if isinstance(outcome, Missing) else outcome
        if is_ours(lease, held):
            return Done(object=lease)
        if _generation(lease) != held.generation or meta(lease, "uid") != held.uid:
            return _taken(lease)
        return writer.send(_claim(held.place, lease, held.run, who, writer.approval, held.series))

    found = _had(writer, held.place, held.run, attempt, who)
    return msgspec.structs.replace(found, series=held.series) if isinstance(found, Held) else found


def _had(
    writer: Writer, where: Place, run: str, attempt: Callable[[Manifest | None], Outcome | Taken | NotHad], who: str = "main"
) -> Hold:  # fmt: skip
    """Read the Lease and try to have it, again and again for some seconds. attempt: with the Lease as it is, None where there is none."""
    answer = NotHad(why=f"others write {where} again and again", final=False)
    for tries in range(_ATTEMPTS):
        time.sleep(0.05 * (2**tries - 1))
        sight = writer.read(where)
        if isinstance(sight, Unread):
            answer = NotHad(why=sight.why, final=sight.refused)
            if sight.refused:
                break
            continue
        outcome = attempt(sight.object if isinstance(sight, Found) else None)
        if isinstance(outcome, Taken | NotHad):
            return outcome
        if held := _held(outcome, where, run, who):
            return held
        if isinstance(outcome, Refused):
            return NotHad(why=outcome.why, final=True)
        if not isinstance(outcome, Done | Conflict | Missing):
            answer = NotHad(why=outcome.why, final=False)
    return answer


def begin(writer: Writer, held: Held) -> Held:
    """Say that a run may change something from now on. To be called when its journal is on disk, and before its first change. Raises
    RefusedError where that can't be said; the Lease may be somebody else's by then."""
    why = "it is somebody else's by now"
    for tries in range(_ATTEMPTS):
        time.sleep(0.05 * (2**tries - 1))
        sight = writer.read(held.place)
        if isinstance(sight, Unread):
            why = sight.why
            continue
        if isinstance(sight, Absent) or not is_ours(sight.object, held):
            break
        body = {"metadata": {"annotations": {PREPARING: None}}, "spec": {"renewTime": _now()}}
        outcome = writer.send(Change(verb="patch", place=held.place, body=body, resource_version=meta(sight.object, "resourceVersion")))
        if isinstance(outcome, Done) and outcome.object is not None and is_ours(outcome.object, held):
            return msgspec.structs.replace(held, version=meta(outcome.object, "resourceVersion"))
        why = getattr(outcome, "why", "") or why
    raise RefusedError(
        f"{called(held.place)} could not be kept: {why}", hint="Nothing was changed; `aichaos runs --cluster` shows who has it."
    )


def had_back(writer: Writer, held: Held) -> Held | None:
    """The Lease as a series has it again after a run; None where it has not: the run left something over, or nobody answers."""
    for tries in range(_ATTEMPTS):
        time.sleep(0.05 * (2**tries - 1))
        match writer.read(held.place):
            case Found(lease):
                mine = text(at(lease, "spec", "holderIdentity")) == held.run and _process(lease) == _me("main")
                return _as_held(lease, held.place, held.run) if mine else None
            case Absent():
                return None
    return None


def take_over(writer: Writer, where: Place, run: str, who: str) -> Hold:
    """Take the Lease of a run whose process is gone, with the next generation. who: watchdog, recover, in-cluster."""
    for _ in range(_ATTEMPTS):
        match writer.read(where):
            case Unread(why, _, refused):
                return NotHad(why=why, final=refused)
            case Absent():
                outcome = writer.send(_creation(where, run, who, 1, writer.approval))
            case Found(lease):
                if text(at(lease, "spec", "holderIdentity")) not in ("", run):
                    return _taken(lease)
                outcome = writer.send(_claim(where, lease, run, who, writer.approval))
        if held := _held(outcome, where, run, who):
            return held
        if isinstance(outcome, Missing):
            return NotHad(why=f"there is no namespace {where.namespace}", final=True)
    return NotHad(why="the answers of the server are lost", final=False)


class Looked(msgspec.Struct, frozen=True, kw_only=True):
    """ours: whether the Lease is; None where nobody knows. at: when that was asked, by `awake`."""

    ours: bool | None
    at: float

    def may_write(self) -> bool:
        """Whether that is still so, as far as time goes: asked again in the moment in which a change goes out."""
        return self.ours is True and awake() - self.at <= FRESH


def check(writer: Writer, held: Held) -> Looked:
    """Whether it is still ours."""
    at = awake()
    return judged(writer.read(held.place), held, at)


def judged(sight: Sight, held: Held, at: float) -> Looked:
    """The same of a Lease that was read. at: when that was begun."""
    match sight:
        case Found(lease):
            return Looked(ours=is_ours(lease, held), at=at)
        case Absent():
            return Looked(ours=False, at=at)
    return Looked(ours=None, at=at)


def renew(writer: Writer, held: Held) -> Beat | NotHad:
    """Say that we are alive, and hear whether we should stop."""
    body = {"spec": {"renewTime": _now()}}
    outcome = writer.send(Change(verb="patch", place=held.place, body=body, resource_version=held.version))
    if isinstance(outcome, Done) and outcome.object is not None:
        return _beat(outcome.object, held)
    return look(writer, held)


def look(writer: Writer, held: Held) -> Beat | NotHad:
    """Hear whether we should stop, and whether it is still ours; nothing is written."""
    match writer.read(held.place):
        case Found(lease):
            return _beat(lease, held)
        case Absent():
            return Beat(held=None)
        case Unread(why, _, refused):
            return NotHad(why=why, final=refused)


def release(writer: Writer, held: Held) -> bool:
    """Let others have it, or the series that lent it. It stays, with its generation, so that none of ours that wakes up later takes itself
    for the holder; a wish to stop is the series' to hear, too."""
    notes = {PREPARING: None} | ({PROCESS: _me("main")} if held.series else {PROCESS: None, STOP: None, SERIES: None})
    for _ in range(_ATTEMPTS):
        found = writer.read(held.place)
        if isinstance(found, Absent) or (isinstance(found, Found) and not is_ours(found.object, held)):
            return True
        if isinstance(found, Found):
            body = {"spec": {"holderIdentity": held.series or None}, "metadata": {"annotations": notes}}
            change = Change(verb="patch", place=held.place, body=body, resource_version=meta(found.object, "resourceVersion"))
            if isinstance(writer.send(change), Done):
                return True
    return False


def request_stop(writer: Writer, where: Place, run: str, why: str) -> bool:
    """Ask an active run to stop, from wherever; False where that run does not hold the Lease. Raises nothing; ask again if it is busy."""
    for _ in range(_ATTEMPTS):
        found = writer.read(where)
        if not isinstance(found, Found) or text(at(found.object, "spec", "holderIdentity")) != run:
            return False
        body = {"metadata": {"annotations": {STOP: why}}}
        change = Change(verb="patch", place=where, body=body, resource_version=meta(found.object, "resourceVersion"))
        if isinstance(writer.send(change), Done):
            return True
    return False


def holder(lease: Manifest) -> Taken | None:
    """The run that holds a Lease, for people; None where it is free."""
    return _taken(lease) if text(at(lease, "spec", "holderIdentity")) else None


def _creation(
    where: Place, run: str, who: str, generation: int, approval: Approval, series: str = "", *, preparing: bool = False
) -> Change:  # fmt: skip
    notes = {key: value for key, value in _notes(run, who, approval, series, preparing=preparing).items() if value is not None}
    metadata = {"name": where.name, "namespace": where.namespace, "annotations": notes}
    return Change(
        verb="create",
        place=where,
        body={"apiVersion": where.api_version, "kind": where.kind, "metadata": metadata, "spec": _spec(run, generation)},
    )


def _claim(
    where: Place, lease: Manifest, run: str, who: str, approval: Approval, series: str = "", *, preparing: bool = False
) -> Change:  # fmt: skip
    notes = _notes(run, who, approval, series, preparing=preparing)
    body = {"metadata": {"annotations": notes}, "spec": _spec(run, _generation(lease) + 1)}
    return Change(verb="patch", place=where, body=body, resource_version=meta(lease, "resourceVersion"))


def _notes(run: str, who: str, approval: Approval, series: str, *, preparing: bool) -> Manifest:
    whose = {RUN: run, PROCESS: _me(who), OWNER: approval.who, WHY: approval.why, SERIES: series or None}
    return whose | {STOP: None, PREPARING: "nothing is changed yet" if preparing else None}


def _spec(run: str, generation: int) -> Manifest:
    now = _now()
    times = {"acquireTime": now, "renewTime": now, "leaseDurationSeconds": SECONDS}
    return {"holderIdentity": run, "leaseTransitions": generation, **times}


def _held(outcome: Outcome, where: Place, run: str, who: str) -> Held | None:
    lease = outcome.object if isinstance(outcome, Done) else None
    if lease is None or lease.get("kind") != where.kind or _process(lease) != _me(who):
        return None
    return _as_held(lease, where, run)


def _as_held(lease: Manifest, where: Place, run: str) -> Held:
    version, uid = meta(lease, "resourceVersion"), meta(lease, "uid")
    return Held(place=where, run=run, generation=_generation(lease), version=version, uid=uid, process=_process(lease))


def _beat(lease: Manifest, held: Held) -> Beat:
    if not is_ours(lease, held):
        return Beat(held=None)
    fresh = msgspec.structs.replace(held, version=meta(lease, "resourceVersion"))
    return Beat(held=fresh, stop=text(at(lease, "metadata", "annotations", STOP)))


def is_ours(lease: Manifest, held: Held) -> bool:
    """Whether a Lease that was read is the one that we hold: as we have taken it, or as another thread of ours has taken it again."""
    as_taken = _generation(lease) == held.generation and meta(lease, "uid") == held.uid
    this = bool(held.process) and _process(lease) == held.process
    return text(at(lease, "spec", "holderIdentity")) == held.run and (as_taken or this)


def _taken(lease: Manifest) -> Taken:
    notes = mapping(at(lease, "metadata", "annotations"))
    return Taken(
        run=text(at(lease, "spec", "holderIdentity")),
        who=text(notes.get(OWNER)),
        process=text(notes.get(PROCESS)),
        renewed=text(at(lease, "spec", "renewTime")),
        lasts=_number(lease, "leaseDurationSeconds") or SECONDS,
        stop=text(notes.get(STOP)),
        series=text(notes.get(SERIES)),
        preparing=PREPARING in notes,
    )


def _me(who: str) -> str:
    return f"{who} {os.getpid()} on {socket.gethostname()}"


def _process(lease: Manifest) -> str:
    return text(at(lease, "metadata", "annotations", PROCESS))


def _generation(lease: Manifest) -> int:
    return _number(lease, "leaseTransitions")


def _number(lease: Manifest, field: str) -> int:
    found: Any = at(lease, "spec", field)
    return found if isinstance(found, int) else 0


def _now() -> str:
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
