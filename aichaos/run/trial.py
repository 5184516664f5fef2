"""Whether the server would take back what a run deletes, asked before the first change.

An object may hold what today's server does not take any more: a value of a newer version, kept through a downgrade; a field whose feature
was switched off; something that a webhook forbids by now. As long as it stands nobody notices, and once it is deleted it can't be made
again. So each is made under another name with `dryRun=All`: the server checks, defaults and admits it, and keeps nothing.
"""

import re
from collections.abc import Iterator

import msgspec

from aichaos.cluster.writer import Writer
from aichaos.domain.running import Change, Conflict, Done, Manifest, Outcome, Place, Plan, Refused
from aichaos.files.plain import mapping, sequence
from aichaos.observe.faults import is_chaos
from aichaos.run.likeness import NOTHING, as_it_was, at, differences, essence, written
from aichaos.run.plan import Refusal

_SUFFIX = "-aichaos-trial"
GIVEN_OUT = ("clusterIP", "clusterIPs", "healthCheckNodePort")
"""Fields of a Service that the server gives out, each to one at a time; beside the node ports."""
_NO_TRIAL = re.compile(r"dry.?run|quota", re.IGNORECASE)
"""What is said of a trial alone: a webhook that takes none, a quota in which there is room for one of two."""


class Tried(msgspec.Struct, frozen=True, kw_only=True):
    refusals: tuple[Refusal, ...] = ()
    warnings: tuple[str, ...] = ()


def take_back(writer: Writer, plan: Plan) -> Tried:
    """Of every object that a step deletes, and that was there before."""
    first = {step.intent.change.place: step.intent for step in reversed(plan.steps) if step.intent is not None}
    deleted = {step.intent.change.place for step in plan.steps if step.intent is not None and step.intent.change.verb == "delete"}
    before = {place: first[place].before for place in deleted}
    wanted = {place: obj for place, obj in before.items() if obj is not None and not _comes_back_by_itself(obj)}
    outcomes = {place: writer.send(_trial(place, obj), dry_run=True) for place, obj in wanted.items()}
    told = [one for place, outcome in outcomes.items() for one in _judged(place, wanted[place], outcome)]
    return Tried(
        refusals=tuple(one for one in told if isinstance(one, Refusal)), warnings=tuple(one for one in told if isinstance(one, str))
    )


def _comes_back_by_itself(obj: Manifest) -> bool:
    """What a controller makes anew, nobody makes again; and a fault is no part of what was before."""
    owners = sequence(mapping(obj.get("metadata")).get("ownerReferences"))
    return is_chaos(obj) or any(mapping(owner).get("controller") is True for owner in owners)


def _trial(place: Place, obj: Manifest) -> Change:
    name = place.name[: 63 - len(_SUFFIX)].rstrip("-.") + _SUFFIX
    body = without_given_out(as_it_was(obj))
    body = body | {"metadata": mapping(body.get("metadata")) | {"name": name}}
    return Change(verb="create", place=msgspec.structs.replace(place, name=name), body=body)


def without_given_out(body: Manifest) -> Manifest:
    """A Service with no address or port that somebody else may have by now; anything else as it is."""
    if body.get("kind") != "Service":
        return body
    spec = {key: value for key, value in mapping(body.get("spec")).items() if key not in GIVEN_OUT}
    ports = [{key: value for key, value in mapping(port).items() if key != "nodePort"} for port in sequence(spec.get("ports"))]
    return body | {"spec": spec | ({"ports": ports} if ports else {})}


def _judged(place: Place, obj: Manifest, outcome: Outcome) -> Iterator[Refusal | str]:
    hint = "Correct the object first, so that the server takes it as it is, or leave it alone."
    match outcome:
        case Done(object=found) if found is not None:
            if lost := list(_lost(obj, found)):
                shown = ", ".join(map(written, lost[:3])) + (" …" if len(lost) > 3 else "")
                message = f"{place} would not come back as it is: the server does not keep {shown} of an object that is made anew"
                yield Refusal(name="way-back", message=message, hint=hint)
        case Refused(why=why) if not _NO_TRIAL.search(why):
            message = f"{place} could not be made again: {why.replace(_SUFFIX, '')}"
            yield Refusal(name="way-back", message=message, hint=hint)
        case Done() | Conflict():
            return
        case _:
            why = getattr(outcome, "why", "") or "it does not say"
            yield f"whether the server would take {place} back is not known: {why}"


def _lost(obj: Manifest, found: Manifest) -> Iterator[tuple[str, ...]]:
    """What the server leaves out of it. What it puts in or sets otherwise is its admission's doing, as at any creation."""
    wanted, got = essence(without_given_out(obj)), essence(without_given_out(found))
    for path in differences(wanted, got):
        if at(got, path) is NOTHING and at(wanted, path) is not NOTHING:
            yield path
