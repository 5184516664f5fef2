"""The way back, computed from what was meant and from what is there: a pure function, so that it is right at any moment and twice.

    intents (with the objects as they were) + what became of them + the objects as they are now ─► what is left to do

Whoever restores does what this says, reads again, and asks again, until nothing is left. What somebody else has made of an object stays:
a field is only put back while it holds a value of ours, and an object is only removed or made again if it was we who made or deleted it.
"""

from collections.abc import Iterator

import msgspec

from aichaos.domain.chaos import ENGINE_GROUPS
from aichaos.domain.running import Change, Done, Foreign, Intent, Manifest, Outcome, Place, Rivals, Undone, Unknown
from aichaos.files.plain import mapping, sequence
from aichaos.run.likeness import (  # fmt: skip
    NOTHING,
    Path,
    alike,
    as_it_was,
    at,
    differences,
    equal,
    essence,
    leaves,
    meta,
    patch_between,
    put_back,
    shortest,
    written,
)
from aichaos.run.marks import marked_by

UNDO = 0
"""The step of intents that the way back itself makes."""


class Doubt(msgspec.Struct, frozen=True):
    """Something that can't be put back. why: for people. change: what would do it by hand."""

    place: Place
    why: str
    change: Change | None = None


class Way(msgspec.Struct, frozen=True, kw_only=True):
    """What is left to do. now: changes that depend on nothing. renew: objects that must be made again because of their age, as they are:
    to be deleted (an intent of its own) and created. waiting: what has to happen by itself first. later: the server's clock must pass
    this moment before more can be done."""

    now: list[Change]
    renew: list[Change]
    waiting: list[tuple[Place, str]]
    later: str
    foreign: list[Foreign]
    doubts: list[Doubt]


class History(msgspec.Struct, frozen=True, kw_only=True):
    """What a run did to one object, as far as the journal knows. intents: those that were or may have been carried out, in order."""

    place: Place
    intents: list[Intent]
    outcomes: dict[int, Outcome]
    restored: bool
    """Whether the way back has already made it again, after the last of them."""

    @property
    def created(self) -> bool:
        """Whether there was nothing before the run."""
        return self.intents[0].before is None

    @property
    def deletion(self) -> Intent | None:
        """Our last deletion."""
        return next((intent for intent in reversed(self.intents) if intent.change.verb == "delete"), None)

    def made(self, obj: Manifest, run: str) -> bool:
        """Whether it was we who created an object that is there: by its mark, by its UID, or as what we meant to bring back."""
        if marked_by(obj, run):
            return True
        creations = [intent for intent in self.intents if intent.change.verb == "create"]
        uids = {
            at(outcome.object, ("metadata", "uid")) for intent in creations if isinstance(outcome := self.outcomes.get(intent.number), Done)
        }
        if at(obj, ("metadata", "uid")) in uids - {NOTHING}:
            return True
        hoped = [intent for intent in creations if not isinstance(self.outcomes.get(intent.number), Done)]
        return any(alike(obj, intent.after or intent.change.body or {}) for intent in hoped)


def histories(intents: list[Intent], outcomes: dict[int, Outcome], undone: list[tuple[int, Undone]]) -> list[History]:
    """By object, in the order in which they were first touched. undone: what the way back has done, each after so many intents."""
    found: dict[Place, list[Intent]] = {}
    for intent in intents:
        if isinstance(outcomes.get(intent.number), Done | Unknown | None):
            found.setdefault(intent.change.place, []).append(intent)
    return [
        History(place=place, intents=mine, outcomes=outcomes, restored=_made_again(place, mine[-1].number, undone))
        for place, mine in found.items()
    ]


def _made_again(place: Place, last: int, undone: list[tuple[int, Undone]]) -> bool:
    return any(
        entry.place == place and after >= last and isinstance(entry.outcome, Done) and entry.outcome.object for after, entry in undone
    )


class Scene(msgspec.Struct, frozen=True, kw_only=True):
    """What there is now. live: every object of the histories and of the rivals, None where there is none. clock: the server's, RFC 3339."""

    run: str
    live: dict[Place, Manifest | None]
    rivals: tuple[Rivals, ...]
    clock: str

    def elders(self, place: Place) -> list[Place]:
        return [pair.elder for pair in self.rivals if place in pair.younger]


def way_back(told: list[History], scene: Scene) -> Way:
    """What is left to do."""
    way = Way(now=[], renew=[], waiting=[], later="", foreign=[], doubts=[])
    creations: dict[Place, Change] = {}
    for history in told:
        change = _one(history, scene.live[history.place], scene.run, way)
        if change is not None and change.verb == "create":
            creations[history.place] = change
        elif change is not None:
            way.now.append(change)
    later = [_after_elders(change, creations, scene, way) for change in creations.values()]
    later += _too_old({history.place: history for history in told}, creations, scene, way)
    return msgspec.structs.replace(way, later=max(later, default=""))


def _one(history: History, obj: Manifest | None, run: str, way: Way) -> Change | None:
    """What has to be done to one object, leaving aside its age."""
    if obj is not None and at(obj, ("metadata", "deletionTimestamp")) is not NOTHING:
        if not history.created and history.deletion is None:
            way.foreign.append(Foreign(object=str(history.place), what="somebody else is deleting it"))
            return None
        held = ", ".join(map(str, sequence(mapping(obj.get("metadata")).get("finalizers"))))
        way.waiting.append((history.place, f"held by the finalizer {held}" if held else "it is being deleted"))
        return None
    if history.created and history.deletion is None:
        return _brought(history, obj, run, way)
    if obj is None:
        return _gone(history, way)
    deletion = history.deletion
    if deletion is not None and meta(obj, "uid") != meta(deletion.before, "uid"):
        if history.created:
            return _brought(history, obj, run, way)
        if not history.restored and not history.made(obj, run):
            return None  # somebody else has made it again; `changed_by_others` says how
    if history.created:
        return _brought(history, obj, run, way)
    return _fields(history, obj)


def unseen(history: History, run: str) -> Change | None:
    """What would put an object back that can't be read, if it is as the run has left it; None where nothing has to be done."""
    last = history.intents[-1]
    left = None if last.change.verb == "delete" else _object(history.outcomes.get(last.number)) or last.after or last.before
    return _one(history, left, run, Way(now=[], renew=[], waiting=[], later="", foreign=[], doubts=[]))


NOT_KNOWN = {
    "create": "whether somebody has made it again",
    "delete": "whether it is there, and still the run's own",
    "patch": "whether somebody has changed these fields since",
}
"""What is to be looked at before an inverse is typed for an object that the program could not read."""


def _brought(history: History, obj: Manifest | None, run: str, way: Way) -> Change | None:
    """An object that the run brought along goes, and with it what others have changed in it."""
    if obj is None:
        return None
    if not history.made(obj, run):
        way.foreign.append(Foreign(object=str(history.place), what="somebody else has made one of this name"))
        return None
    made = [object for outcome in history.outcomes.values() if (object := _object(outcome)) and meta(object, "uid") == meta(obj, "uid")]
    if made and history.place.group not in ENGINE_GROUPS and not _same_body(made[-1], obj):  # an engine writes into its own objects
        way.foreign.append(Foreign(object=str(history.place), what="somebody else has changed it; it was this run's own, and went with it"))
    return Change(verb="delete", place=history.place, uid=meta(obj, "uid"))


def _gone(history: History, way: Way) -> Change | None:
    """An object that is not there any more: made again if it was we who deleted it."""
    deletion = history.deletion
    if deletion is None or deletion.before is None:
        way.foreign.append(Foreign(object=str(history.place), what="somebody else has deleted it"))
        return None
    if history.created or _controlled(deletion.before):
        return None
    again = [one for one in history.intents if one.change.verb == "create" and one.number > deletion.number]
    if history.restored or any(isinstance(history.outcomes.get(one.number), Done) for one in again):
        way.foreign.append(Foreign(object=str(history.place), what="somebody else has deleted it after it was made again"))
        return None
    return Change(verb="create", place=history.place, body=as_it_was(_as_before(history, deletion.before)))


def _fields(history: History, obj: Manifest) -> Change | None:
    """The fields that still hold a value of ours are put back."""
    wanted = _as_before(history, obj)
    patch = patch_between(obj, wanted)
    if not patch:
        return None
    return Change(verb="patch", place=history.place, body=patch, uid=meta(obj, "uid"), resource_version=meta(obj, "resourceVersion"))


def _as_before(history: History, obj: Manifest) -> Manifest:
    """A state of the object with our fields as they were before us. What holds neither our value nor that one is somebody else's."""
    touched: dict[Path, list[Intent]] = {}
    for intent in history.intents:
        if intent.change.verb == "patch":
            for path in _touches(intent, history.outcomes.get(intent.number)):
                touched.setdefault(path, []).append(intent)
    first = history.intents[0].before or {}
    fields: dict[Path, object] = {}
    for path in shortest(touched):
        mine = [intent for inner, intents in touched.items() if inner[: len(path)] == path for intent in intents]
        mine.sort(key=lambda intent: intent.number)
        before, now = at(mine[0].before, path), at(obj, path)
        ours = [value for intent in mine for value in _values(intent, history.outcomes.get(intent.number), path)]
        if not equal(now, before) and any(equal(now, value) for value in ours):
            fields[path] = before
    return put_back(obj, fields, first) if fields else obj


def _touches(intent: Intent, outcome: Outcome | None) -> Iterator[Path]:
    before = essence(intent.before or {})
    seen = [state for state in (intent.after, _object(outcome)) if state is not None]
    for state in seen:
        yield from differences(before, essence(state))
    if not seen:
        yield from leaves(intent.change.body)


def _values(intent: Intent, outcome: Outcome | None, path: Path) -> Iterator[object]:
    """What a field was set to: as the dry run foretold, as it became, and as it was asked for."""
    for state in (intent.after, _object(outcome), None if intent.after else intent.change.body):
        if state is not None:
            yield at(state, path)


def _object(outcome: Outcome | None) -> Manifest | None:
    return outcome.object if isinstance(outcome, Done) else None


def removed_by_others(told: list[History], live: dict[Place, Manifest | None]) -> Iterator[Foreign]:
    """Before anything is put back: what the run has made and is not there any more."""
    for history in told:
        made = any(isinstance(history.outcomes.get(intent.number), Done) for intent in history.intents)
        if history.created and history.deletion is None and made and live[history.place] is None:
            yield Foreign(object=str(history.place), what="somebody else has deleted it; it was this run's own")


def changed_by_others(told: list[History], live: dict[Place, Manifest | None]) -> Iterator[Foreign]:
    """Once nothing is left to do: what still is not as it was before the run is somebody else's doing, and stays."""
    for history in told:
        obj, before = live.get(history.place), history.intents[0].before
        if obj is None or before is None or _controlled(before):
            continue
        if paths := list(differences(essence(before), essence(obj))):
            shown = ", ".join(map(written, paths[:3])) + (" …" if len(paths) > 3 else "")
            yield Foreign(object=str(history.place), what=f"somebody else has changed {shown}")


# Age --------------------------------------------------------------------------------------------------------------------------


def _after_elders(change: Change, creations: dict[Place, Change], scene: Scene, way: Way) -> str:
    """Put a creation onto the way, unless one of its elders has to be there first; the moment that must have passed, or ""."""
    elders = scene.elders(change.place)
    if any(elder in creations for elder in elders):
        return ""  # they come first; its own turn comes in a later round
    born = max((meta(obj, "creationTimestamp") for elder in elders if (obj := scene.live.get(elder)) is not None), default="")
    if born and born >= scene.clock:
        return born
    way.now.append(change)
    return ""


def _too_old(known: dict[Place, History], creations: dict[Place, Change], scene: Scene, way: Way) -> Iterator[str]:
    """Objects that are older than a rival which had to be made again are made again after it. Yields moments that must have passed."""
    waiting = {*creations, *(place for place, _ in way.waiting)}
    renewed: set[Place] = set()
    for pair in scene.rivals:
        elder = scene.live.get(pair.elder)
        if elder is None or pair.elder in waiting or not _is_new(known.get(pair.elder), elder):
            continue
        for place in pair.younger:
            obj = scene.live.get(place)
            if obj is None or place in waiting or place in renewed or meta(obj, "creationTimestamp") > meta(elder, "creationTimestamp"):
                continue
            if why := _bound(obj):
                way.doubts.append(Doubt(place, f"it is older than {pair.elder} now, and can't be made again: {why}"))
            elif meta(elder, "creationTimestamp") >= scene.clock:
                yield meta(elder, "creationTimestamp")
            elif not renewed.intersection(scene.elders(place)):
                renewed.add(place)
                way.renew.append(Change(verb="delete", place=place, uid=meta(obj, "uid"), resource_version=meta(obj, "resourceVersion")))


def _is_new(history: History | None, obj: Manifest) -> bool:
    """Whether an object is another one than before the run."""
    deletion = history.deletion if history is not None else None
    return deletion is not None and meta(obj, "uid") != meta(deletion.before, "uid")


def _bound(obj: Manifest) -> str:
    """Why an object can't be deleted and made again without harm to others; "" where it can."""
    metadata = mapping(obj.get("metadata"))
    if sequence(metadata.get("finalizers")):
        return "it has a finalizer"
    return "another object owns it" if sequence(metadata.get("ownerReferences")) else ""


def _controlled(obj: Manifest) -> bool:
    """Whether a controller made it, and makes another in its place."""
    return any(mapping(owner).get("controller") is True for owner in sequence(mapping(obj.get("metadata")).get("ownerReferences")))


def _same_body(one: Manifest, other: Manifest) -> bool:
    """Whether two states are alike but for their metadata, where controllers leave finalizers and notes."""
    return alike(one | {"metadata": {}}, other | {"metadata": {}})
