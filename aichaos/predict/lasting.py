"""What an experiment leaves behind that applying a manifest again does not undo: found by doing just that, and looking.

For every object that was there before and that a step deletes, replaces or changes, two clusters are compared. In one, the steps about this
object never happened. In the other, all of them did, and then the object's original manifest was applied. All other steps are the same
in both, so an answer that is another in the second, and is not what it was before the experiment, is what applying does not bring back.
"""

from collections.abc import Iterator, Sequence

import msgspec

from aichaos.domain.base import KubeObject, ObjectRef, reference
from aichaos.domain.experiment import Step
from aichaos.domain.gateway import Route
from aichaos.domain.mesh import DestinationRule, VirtualService
from aichaos.domain.network import EndpointSlice
from aichaos.domain.prediction import Answer, Irreversible
from aichaos.domain.workloads import Pod, Workload
from aichaos.predict.connections import connections
from aichaos.predict.evolve.moments import Course
from aichaos.predict.evolve.server import placed_ref
from aichaos.predict.inverse import made_by_controller
from aichaos.predict.requests import text
from aichaos.predict.view import View

_SHOWN = 3
_AGED = (*Route.__args__, VirtualService, DestinationRule)


class _Loss(msgspec.Struct, frozen=True, kw_only=True):
    """obj: the object as it was. untouched, applied: the two clusters. lost: number of a request, its answer in the one and the other."""

    obj: KubeObject
    untouched: Course
    applied: Course
    lost: list[tuple[int, Answer, Answer]]


def irreversible(view: View, first: Sequence[Answer], steps: Sequence[Step], ending: Course) -> Iterator[Irreversible]:
    """The objects that applying does not bring back. first: the answers before. ending: where the whole experiment has come to."""
    touched = dict.fromkeys(placed_ref(step.subject) for step in steps if step.subject is not None)
    for ref in touched:
        obj = ending.original(ref)
        if obj is None:
            continue
        applied = ending.copy()
        applied.apply(obj)
        untouched = ending.again()
        for step in steps:
            mine = step.subject is not None and placed_ref(step.subject) == ref
            untouched.pass_over(step) if mine else untouched.step(step)
        (was, could), (now, can) = view.at(untouched), view.at(applied)
        lost = [
            (number, one, other)
            for number, (before, one, other) in enumerate(zip(first, was, now, strict=True))
            if not one.alike(other) and not before.alike(other)
        ]
        cut = connections([could, can], [*untouched.changes, *applied.changes]).connections
        if lost or any(len(set(one.allowed)) > 1 for one in cut):
            yield _said(ref, view, _Loss(obj=obj, untouched=untouched, applied=applied, lost=lost))


def _said(ref: ObjectRef, view: View, loss: _Loss) -> Irreversible:
    requests = ", ".join(text(view.asked[number].line) for number, _, _ in loss.lost[:_SHOWN]) + (" …" if len(loss.lost) > _SHOWN else "")
    noticed = f"{requests} would be answered otherwise" if requests else "who may talk to whom would be otherwise"
    why, undo = _by_age(ref, loss, requests) or _with_it(ref, loss, noticed) or _kept(ref, loss, noticed) or _anew(loss, noticed)
    return Irreversible(object=str(ref), why=why, undo=undo)


def _by_age(ref: ObjectRef, loss: _Loss, requests: str) -> tuple[str, str] | None:
    """Where others are older now."""
    name = f"{ref.namespace}/{ref.name}"
    winners = sorted({now.route for _, _, now in loss.lost if now.route not in (None, name)} - {None})
    if not winners or not isinstance(loss.obj, _AGED):
        return None
    rivals = [ObjectRef(ref.kind, rival, namespace) for namespace, _, rival in (str(winner).partition("/") for winner in winners)]
    names = " and ".join(str(rival) for rival in rivals)
    undo = f"recreate {names} after {ref.name}"
    if all(loss.applied.original(rival) is None for rival in rivals):
        undo += f", or delete {'it' if len(rivals) == 1 else 'them'}"
    return f"made again, it is younger than {names}, and of two equal matches the older route wins: {requests} would stay there", undo


def _with_it(ref: ObjectRef, loss: _Loss, noticed: str) -> tuple[str, str] | None:
    """Where other objects went with it."""
    there = {reference(now) for _, now in loss.applied.changes if now is not None}
    went = [
        reference(was)
        for was, _ in loss.applied.changes
        if was is not None and reference(was) not in there and reference(was) != ref and not _follows(was, loss.applied)
    ]
    missing = [one for one in went if loss.untouched.exists(one)]
    if not missing:
        return None
    names = ", ".join(map(str, missing[:_SHOWN])) + (f" and {len(missing) - _SHOWN} more" if len(missing) > _SHOWN else "")
    return f"{names} went with it, and its manifest does not bring them back: {noticed}", f"create {names} again, too"


def _follows(obj: KubeObject, course: Course) -> bool:
    """Whether a controller makes an object again by itself."""
    if isinstance(obj, EndpointSlice):
        return made_by_controller(obj, course.first.services)
    return isinstance(obj, Pod) and bool(obj.metadata.owner_references)


def _kept(ref: ObjectRef, loss: _Loss, noticed: str) -> tuple[str, str] | None:
    """Where applying keeps what was added: it merges, and takes away only what the last applied manifest had."""
    now = next((now for _, now in loss.applied.changes if now is not None and reference(now) == ref), None)
    if now is None:
        return None
    added = sorted(now.labels.keys() - loss.obj.labels.keys())
    if added:
        labels = ", ".join(f"{key}={now.labels[key]}" for key in added)
        return f"applying keeps what was added, here the label {labels}: {noticed}", f"label {ref} {' '.join(f'{key}-' for key in added)}"
    if any(getattr(now, field) != getattr(loss.obj, field) for field in now.__struct_fields__ if field not in ("metadata", "status")):
        return f"applying merges, and keeps fields that were added to it: {noticed}", f"replace {ref} with its manifest (kubectl replace)"
    return None


def _anew(loss: _Loss, noticed: str) -> tuple[str, str]:
    """Where its pods are others now."""
    if isinstance(loss.obj, Workload):
        return (
            f"its pods are made anew from its template, without the labels that they had been given: {noticed}",
            "label its new pods as the old ones",
        )
    return f"applied again, it is not what it was: {noticed}", "restore what else the experiment changed"
