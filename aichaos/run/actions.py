"""What a step sends: each verb of the closed set as one change of one object. Nothing is sent here.

A change says exactly the fields that become different, and what the object must still be. So whatever another client does to the same
object stays, and a change that is sent twice is carried out once.
"""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Protocol

import msgspec

from aichaos.domain.base import ObjectRef
from aichaos.domain.experiment import Label, Step
from aichaos.domain.running import Change, Manifest, Place
from aichaos.errors import AichaosError
from aichaos.files.plain import at, mapping, merged, text
from aichaos.run.likeness import as_it_was, meta, patch_between

RESTARTED = "kubectl.kubernetes.io/restartedAt"
_APPLIED = "kubectl.kubernetes.io/last-applied-configuration"

Look = Callable[[Place], Manifest | None]
"""An object as it is; None where there is none."""


class StepFailed(AichaosError):
    """A step that can't be carried out as things are; the run ends and everything goes back."""

    exit_code = 7


class Resolves(Protocol):
    """Who knows how the API server calls things."""

    def of(self, ref: ObjectRef) -> Place: ...
    def of_manifest(self, manifest: Manifest) -> Place: ...


def place_of(step: Step, places: Resolves) -> Place | None:
    """The object that a step changes; None for one that only waits or looks."""
    if step.manifest is not None:
        return places.of_manifest(step.manifest)
    return places.of(step.target.ref) if step.target is not None else None


def change(step: Step, look: Look, places: Resolves, gone: Look) -> Change | None:
    """What a step sends; None where it only waits or looks, or where everything is as it wants it.

    look: objects as they are. gone: objects as they were when an earlier step deleted them. Raises StepFailed.
    """
    place = place_of(step, places)
    if place is None:
        return None
    if step.create is not None or step.chaos is not None:
        return _creation(place, step.manifest or {})
    if step.recreate is not None:
        return Change(verb="create", place=place, body=as_it_was(_gone(place, gone)))
    there = look(place)
    if step.apply is not None:
        return _creation(place, step.apply) if there is None else _patch(place, there, _applied(there, step.apply))
    if there is None:
        raise StepFailed(f"{place} is not there", hint="Look at what is there now: `aichaos check EXPERIMENT --from live`.")
    if step.delete is not None:
        return Change(verb="delete", place=place, uid=meta(there, "uid"), resource_version=meta(there, "resourceVersion"))
    return _patch(place, there, merged(there, _wished(step)))


def _creation(place: Place, manifest: Manifest) -> Change:
    if not place.name:
        raise StepFailed(f"a {place.kind} without a name", hint="Give metadata.name; a generated one could not be found again.")
    return Change(verb="create", place=place, body=as_it_was(manifest))


def _gone(place: Place, gone: Look) -> Manifest:
    found = gone(place)
    if found is None:
        raise StepFailed(f"{place} was not deleted by a step before", hint="Only what the experiment deleted can be recreated, as it was.")
    return found


def _patch(place: Place, there: Manifest, wanted: Manifest) -> Change | None:
    patch = patch_between(as_it_was(there), as_it_was(wanted))
    if not patch:
        return None
    return Change(verb="patch", place=place, body=patch, uid=meta(there, "uid"), resource_version=meta(there, "resourceVersion"))


def _wished(step: Step) -> Manifest:
    """A step's own words as a merge patch."""
    if step.patch is not None:
        return step.patch.merge
    if step.label is not None:
        return {"metadata": {"labels": _labels(step.label)}}
    if step.scale is not None:
        return {"spec": {"replicas": step.scale.replicas}}
    assert step.restart is not None
    now = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    return {"spec": {"template": {"metadata": {"annotations": {RESTARTED: now}}}}}


def _labels(label: Label) -> Manifest:
    return dict(label.set) | dict.fromkeys(label.remove)


def _applied(there: Manifest, manifest: Manifest) -> Manifest:
    """As `kubectl apply` merges: fields that the last manifest had and this one has not are taken away."""
    try:
        before = mapping(msgspec.json.decode(text(at(there, "metadata", "annotations", _APPLIED)) or "{}"))
    except msgspec.DecodeError:
        before = {}
    kept = _without_dropped(there, before, manifest) if before else there
    result: Manifest = merged(kept, as_it_was(manifest))
    return result


def _without_dropped(document: Manifest, before: Manifest, now: Manifest) -> Manifest:
    kept = {}
    for key, value in document.items():
        if key in before and key not in now and key not in ("apiVersion", "kind", "metadata"):
            continue
        inner = isinstance(value, dict) and isinstance(now.get(key), dict)
        kept[key] = _without_dropped(value, mapping(before.get(key)), now[key]) if inner else value
    return kept
