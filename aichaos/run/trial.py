"""Whether the server would take back what a run deletes or changes, asked before the first change.

An object may hold what today's server does not take any more: a value of a newer version, kept through a downgrade; a field whose feature
was switched off; something that a webhook forbids by now. As long as it stands nobody notices, and once it is deleted it can't be made
again, nor its value put back. So each is made under another name with `dryRun=All`: the server checks, defaults and admits it, and keeps
nothing. An object that a step only changes is first written as it is, with one note more: that asks those who look at every update.
"""

import re
from collections.abc import Iterator

import msgspec

from aichaos.cluster.writer import Writer
from aichaos.domain.running import Change, Conflict, Done, Intent, Manifest, Missing, Outcome, Place, Plan, Refused
from aichaos.files.plain import mapping, sequence
from aichaos.observe.faults import is_chaos
from aichaos.run.likeness import NOTHING, as_it_was, at, differences, essence, written
from aichaos.run.plan import Refusal

_SUFFIX = "-aichaos-trial"
GIVEN_OUT = ("clusterIP", "clusterIPs", "healthCheckNodePort")
"""Fields of a Service that the server gives out, each to one at a time; beside the node ports."""
_DENIED = re.compile(r"admission webhook|denied", re.IGNORECASE)
"""What those who admit say. They were asked about an update by then; a new object is no business of the way back of a change."""
_NOTE = "aichaos.io/trial"
_NO_TRIAL = re.compile(r"dry.?run|quota", re.IGNORECASE)
"""What is said of a trial alone: a webhook that takes none, a quota in which there is room for one of two."""


class Tried(msgspec.Struct, frozen=True, kw_only=True):
    refusals: tuple[Refusal, ...] = ()
    warnings: tuple[str, ...] = ()


def as_the_server_would(writer: Writer, plan: Plan) -> tuple[Plan, tuple[Refusal, ...]]:
    """The plan with what the server would make of each patch that can stand alone: what it fills in is no change. Where it does not say
    (no right to it), the plan stays as it was drawn. And the patches that it would not take."""
    steps, touched, refusals = [], set[Place](), list[Refusal]()
    for step in plan.steps:
        intent = step.intent
        if intent is not None and intent.change.verb == "patch" and intent.change.place not in touched:
            outcome = writer.send(intent.change, dry_run=True)
            if isinstance(outcome, Done) and outcome.object is not None:
                step = msgspec.structs.replace(step, intent=msgspec.structs.replace(intent, after=as_it_was(outcome.object)))
            elif isinstance(outcome, Refused) and outcome.code in (400, 422) and not _NO_TRIAL.search(outcome.why):
                message = f"step {step.number}, {step.text}: the server would refuse it: {outcome.why}"
                refusals.append(
                    Refusal(name="step", message=message, hint="`aichaos run --rehearse` shows what it would say to each step.")
                )
        touched |= {intent.change.place} if intent is not None else set()
        steps.append(step)
    return msgspec.structs.replace(plan, steps=tuple(steps)), tuple(refusals)


def take_back(writer: Writer, plan: Plan) -> Tried:
    """Of every object that a step deletes or changes, and that was there before."""
    intents = [step.intent for step in plan.steps if step.intent is not None]
    first = {intent.change.place: intent for intent in reversed(intents)}
    last = {intent.change.place: intent for intent in intents}
    there = {place: intent.before for place, intent in first.items() if intent.before is not None}
    wanted = {place: obj for place, obj in there.items() if not _comes_back_by_itself(obj)}
    deleted = {intent.change.place for intent in intents if intent.change.verb == "delete"}
    told: list[Refusal | str] = []
    for place, obj in wanted.items():
        if place in deleted:
            told += _judged(place, obj, writer.send(_trial(place, obj), dry_run=True))
        else:
            told += _put_back(writer, first[place], last[place])
    return Tried(
        refusals=tuple(one for one in told if isinstance(one, Refusal)), warnings=tuple(one for one in told if isinstance(one, str))
    )


def _put_back(writer: Writer, first: Intent, last: Intent) -> Iterator[Refusal | str]:
    """Of the fields that steps change."""
    place, before = first.change.place, first.before or {}
    hint = "Correct the object first, so that the server takes it as it is, or leave these fields alone."
    note = {"metadata": {"annotations": {_NOTE: "nothing is kept"}}}
    touched = writer.send(msgspec.structs.replace(first.change, body=note, resource_version=""), dry_run=True)
    if isinstance(touched, Refused) and not _NO_TRIAL.search(touched.why):
        if isinstance(writer.send(first.change, dry_run=True), Done):  # else the step itself is refused, and changes nothing
            yield Refusal(name="way-back", message=f"the old values of {place} could not be put back: {touched.why}", hint=hint)
        return
    if not isinstance(touched, Done | Conflict | Missing):
        yield f"whether the server would take the old values of {place} back is not known: {getattr(touched, 'why', '')}"
        return
    made = writer.send(_trial(place, before), dry_run=True)  # an update lets stand what it does not change
    match made:
        case Done() | Conflict():
            return
        case Refused(why=why) if _DENIED.search(why):
            return
        case Refused(code=403, why=why) if not _NO_TRIAL.search(why):
            yield f"whether the server would take the old values of {place} back was not tried: you may not create one"
        case Refused(code=422, why=why) if last.after is not None:
            changed = writer.send(_trial(place, last.after), dry_run=True)
            if isinstance(changed, Done):
                message = f"the old values of {place} could not be put back: {why.replace(_SUFFIX, '')}"
                yield Refusal(name="way-back", message=message, hint=hint)
            elif getattr(changed, "why", "") != why:  # else what is wrong is none of the steps' doing
                yield f"whether the server would take the old values of {place} back is not known: made anew, {why.replace(_SUFFIX, '')}"
        case _:
            yield f"whether the server would take the old values of {place} back is not known: {getattr(made, 'why', '')}"


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
