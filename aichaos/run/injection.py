"""Whether a chaos object does what it says: injected into somebody, and recovered when it is gone. One that never arrived is none.

Chaos Mesh tells by conditions (Selected, AllInjected, AllRecovered) and by a record for each target (`status.experiment.containerRecords`);
a Workflow or a Schedule by the faults that it has made. Litmus tells by the ChaosResult of each experiment of an engine: annotations name
its targets while it runs, its history does afterwards, `injected`, `reverted`, or `targeted` where a fault has nothing to take back. A
fault whose experiment notes its targets at the end alone tells meanwhile by an Event of its engine. (litmus-go 3.x: pkg/result, chaoslib)
"""

import time
from collections.abc import Callable, Iterator, Sequence
from typing import Literal

import msgspec

from aichaos.domain.running import Manifest, Place
from aichaos.errors import SourceError
from aichaos.files.plain import mapping

Phase = Literal["waiting", "injected", "failed", "over"]
Look = Callable[[Place], Manifest | None]
"""The whole object as it is now; None where there is none. Raises SourceError where that can't be read."""
LookAll = Callable[[str, str, str, str], list[Manifest]]
"""The objects of an API version and a plural in a namespace, of those that a field selector takes; "" for all."""
Wait = Callable[[float], object | None]
"""Waits for so many seconds; anything but None says that the run is told to stop."""

INJECTION = 30.0
"""Seconds in which a fault has to be injected."""
BY_LITMUS = 120.0
"""The same for a fault of Litmus: two pods start one after the other, with images of their own, and look at the application first."""
RECOVERY = 60.0
"""Seconds after which an object that is still being removed is called stuck."""
_PAUSE = 0.1


class State(msgspec.Struct, frozen=True, kw_only=True):
    """phase: `over` for a fault that was injected and has ended by itself. injected, targets: how many of how many. text: for people."""

    phase: Phase
    text: str
    injected: int = 0
    targets: int = 0


class Ended(msgspec.Struct, frozen=True, kw_only=True):
    """How a wait ended. good: what was waited for is so. stopped: the run was told to stop meanwhile."""

    good: bool
    text: str
    stopped: bool = False


def state(fault: Manifest, made: Sequence[Manifest] = ()) -> State:
    """What a chaos object says of itself. made: the faults of a Workflow or Schedule; the ChaosResults and Events of an engine."""
    kind = str(fault.get("kind", ""))
    if kind == "ChaosEngine":
        return _engine(fault, made)
    if kind in ("Workflow", "Schedule"):
        return _of_several(kind, [_fault(one) for one in made])
    return _fault(fault)


def children(place: Place) -> tuple[tuple[str, str], ...]:
    """API version and plural of what a chaos object makes: what `state` needs to be told of."""
    if place.kind == "ChaosEngine":
        return ((place.api_version, "chaosresults"), ("v1", "events"))
    return tuple((place.api_version, plural) for plural in _FAULTS) if place.kind in ("Workflow", "Schedule") else ()


_FAULTS = ("podchaos", "networkchaos", "stresschaos", "httpchaos", "iochaos", "timechaos", "dnschaos", "blockchaos")


def _belongs(one: Manifest, place: Place, uid: object) -> bool:
    """Whether a chaos object has made this one: by its labels (Chaos Mesh), by the engine's UID (Litmus: a ChaosResult stays when its
    engine is gone, and the next engine of that name goes on with it)."""
    metadata = mapping(one.get("metadata"))
    labels = mapping(metadata.get("labels"))
    if place.kind == "ChaosEngine":
        return one.get("kind") == "Event" or labels.get("chaosUID") == uid
    owners = [owner.get("name") for owner in metadata.get("ownerReferences") or [] if isinstance(owner, dict)]
    return place.name in (labels.get("chaos-mesh.org/workflow"), labels.get("managed-by"), *owners)


# Chaos Mesh ------------------------------------------------------------------------------------------------------------------------


def _fault(fault: Manifest) -> State:
    status = mapping(fault.get("status"))
    records = [one for one in mapping(status.get("experiment")).get("containerRecords") or [] if isinstance(one, dict)]
    holds = {one.get("type"): one.get("status") == "True" for one in status.get("conditions") or [] if isinstance(one, dict)}
    injected = sum(1 for one in records if one.get("phase") == "Injected" or one.get("injectedCount", 0) > 0)
    counts = {"injected": injected, "targets": len(records)}
    if holds.get("Paused"):
        return State(phase="waiting", text="it is paused", **counts)
    if not records:
        text = "its selector finds nobody" if "Selected" in holds and not holds["Selected"] else "its controller has not chosen targets yet"
        return State(phase="waiting", text=text)
    if injected == len(records) and (holds.get("AllRecovered") and not holds.get("AllInjected")):
        return State(phase="over", text=f"injected into {_of(counts)} and recovered", **counts)
    if holds.get("Selected") and (holds.get("AllInjected") or injected == len(records)):
        return State(phase="injected", text=f"injected into {_of(counts)}", **counts)
    why = _last_failure(records)
    return State(phase="waiting", text=f"injected into {_of(counts)}" + (f": {why}" if why else ""), **counts)


def _of_several(kind: str, states: list[State]) -> State:
    if not states:
        return State(phase="waiting", text=f"the {kind} has made no fault yet")
    injected, targets = sum(one.injected for one in states), sum(one.targets for one in states)
    best = next((one for phase in ("injected", "over") for one in states if one.phase == phase), states[0])
    return State(phase=best.phase, text=best.text, injected=injected, targets=targets)


def _last_failure(records: list[Manifest]) -> str:
    for record in records:
        for event in reversed(record.get("events") or []):
            if isinstance(event, dict) and event.get("type") == "Failed":
                return " ".join(str(event.get("message", "")).split())[:200]
    return ""


def _of(counts: dict[str, int]) -> str:
    return f"{counts['injected']} of {counts['targets']} target{'s' * (counts['targets'] != 1)}"


# Litmus ----------------------------------------------------------------------------------------------------------------------------


_TOLD_BY_EVENT = ("pod-delete", "kafka-broker-pod-failure")
"""Faults whose experiment deletes the pods itself, right after the Event, and names its targets when it is over."""
_INJECTED = ("injected", "reverted", "targeted")


def _engine(engine: Manifest, made: Sequence[Manifest]) -> State:
    status = str(mapping(engine.get("status")).get("engineStatus") or "")
    results = [one for one in made if one.get("kind") != "Event"]
    targets: dict[str, str] = {}
    for result in results:
        targets |= _targets(result)
    counts = {"injected": sum(1 for what in targets.values() if what in _INJECTED), "targets": len(targets)}
    experiments = [mapping(mapping(result.get("status")).get("experimentStatus")) for result in results]
    failed = next((one for one in experiments if one.get("phase") == "Error"), None)
    if counts["injected"]:
        over = "injected" not in targets.values() and all(str(one.get("phase")).startswith("Completed") for one in experiments)
        back = " and reverted" if "reverted" in targets.values() else ""
        return State(phase="over" if over else "injected", text=f"injected into {_of(counts)}{back if over else ''}", **counts)
    if failed is not None:
        return State(phase="failed", text=f"the experiment failed: {_why(failed)}", **counts)
    if status in ("completed", "stopped"):
        return State(phase="failed", text=f"the engine is {status}, and nothing was injected", **counts)
    if told := _told_by_event(engine, made):
        return State(phase="injected", text=told, **counts)
    if not status:
        return State(phase="waiting", text="no operator has taken the engine up yet", **counts)
    return State(phase="waiting", text=f"the engine is {status}; {_told_by_runner(engine)}", **counts)


def _targets(result: Manifest) -> dict[str, str]:
    """Target → what became of it. Of the history, `targeted` is only a plan until the experiment has ended well."""
    status = mapping(result.get("status"))
    completed = str(mapping(status.get("experimentStatus")).get("phase")).startswith("Completed")
    listed = [one for one in mapping(status.get("history")).get("targets") or [] if isinstance(one, dict)]
    history = {f"{one.get('kind')}/{one.get('name')}": str(one.get("chaosStatus")).lower() for one in listed}
    found = {name: "planned" if what == "targeted" and not completed else what for name, what in history.items()}
    notes = mapping(mapping(result.get("metadata")).get("annotations"))
    return found | {name: str(what).lower() for name, what in notes.items() if str(what).lower() in _INJECTED}


def _why(failed: Manifest) -> str:
    """`errorOutput` holds the last message; `failStep` is where older versions stopped."""
    why = mapping(failed.get("errorOutput")).get("reason") or failed.get("failStep") or "no reason given"
    return " ".join(str(why).split())[:200]


def _told_by_event(engine: Manifest, made: Sequence[Manifest]) -> str:
    faults = [one.get("name") for one in mapping(engine.get("spec")).get("experiments") or [] if isinstance(one, dict)]
    told = [one for one in made if one.get("kind") == "Event" and one.get("reason") == "ChaosInject"]
    return f"{faults[0]} has begun to inject" if told and faults and all(one in _TOLD_BY_EVENT for one in faults) else ""


def _told_by_runner(engine: Manifest) -> str:
    """What the runner's pod notes in its engine of each experiment; nothing where that pod never starts."""
    experiments = [one for one in mapping(engine.get("status")).get("experiments") or [] if isinstance(one, dict)]
    told = ", ".join(f"{one.get('name')}: {one.get('status') or 'no status'}" for one in experiments)
    return told or f"nothing heard of its runner, the pod {mapping(engine.get('metadata')).get('name', '')}-runner"


# waiting ---------------------------------------------------------------------------------------------------------------------------


def wait_injected(place: Place, look: Look, look_all: LookAll, wait: Wait, say: Callable[[str], None], within: float | None) -> Ended:
    """Until a fault is injected, or has been; `good` is false where it is not within its time (seconds; None for what is usual with its
    engine), with what its engine says."""
    last = ""
    seconds = within if within is not None else BY_LITMUS if place.kind == "ChaosEngine" else INJECTION
    for _ in _until(seconds):
        found = _seen(place, look, look_all)
        if found is None:
            return Ended(good=False, text=f"{place} is gone before it was injected")
        if found.text != last:
            last = found.text
            say(last)
        if found.phase in ("injected", "over"):
            return Ended(good=True, text=found.text)
        if found.phase == "failed":
            return Ended(good=False, text=found.text)
        if wait(_PAUSE) is not None:
            return Ended(good=False, text=last, stopped=True)
    return Ended(good=False, text=f"after {seconds:g}s still: {last}")


def wait_gone(place: Place, uid: str, look: Look, wait: Wait, say: Callable[[str], None], seconds: float = RECOVERY) -> Ended:
    """Until a chaos object that was deleted is gone: its engine takes the fault back first, and then its finalizer away.

    One that stays is named with the finalizer that holds it. It is never forced: who takes the finalizer away leaves the fault in place.
    """
    last = ""
    for _ in _until(seconds):
        try:
            found = look(place)
        except SourceError as error:
            found, text = {}, f"it can't be read: {error}"
        else:
            metadata = mapping(mapping(found).get("metadata"))
            if found is None or (uid and metadata.get("uid") != uid):
                return Ended(good=True, text="recovered and gone")
            held = ", ".join(map(str, metadata.get("finalizers") or []))
            text = f"its engine takes the fault back ({held})" if held else "it is being removed"
        if text != last:
            last = text
            say(last)
        if wait(_PAUSE) is not None:
            return Ended(good=False, text=last, stopped=True)
    return Ended(good=False, text=f"stuck for {seconds:g}s: {last}")


def _seen(place: Place, look: Look, look_all: LookAll) -> State | None:
    try:
        found = look(place)
        if found is None:
            return None
        uid = mapping(found.get("metadata")).get("uid")
        about = {"events": f"involvedObject.uid={uid}"}
        made = [
            one
            for version, plural in children(place)
            for one in look_all(version, plural, place.namespace, about.get(plural, ""))
            if _belongs(one, place, uid)
        ]  # fmt: skip
    except SourceError as error:
        return State(phase="waiting", text=f"it can't be read: {error}")
    return state(found, made)


def _until(seconds: float) -> Iterator[None]:
    """As often as it is asked for before the time is over, and at least once."""
    deadline = time.monotonic() + seconds
    yield
    while time.monotonic() < deadline:
        yield
