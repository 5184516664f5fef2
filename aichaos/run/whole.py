"""Approvals of several experiments in order: the texts, their order, the objects of each, and the reach of the largest.

What earlier parts delete and make again is known to later ones by its name and spec. Everything else has to be what was reviewed, and is
compared before each part, as for a single run.
"""

import datetime
from collections.abc import Iterator, Sequence

import msgspec

from aichaos.domain.running import Plan
from aichaos.run.approve import Approved, Limits, Part, Permit, Whole, beyond, invalid, made, used_up

Objections = Iterator[tuple[str, str]]


def permit(plan: Plan, whole: Whole, *, lasts: datetime.timedelta, uses: int, why: str, now: datetime.datetime) -> Permit:
    """An approval of a whole, not signed yet. plan: of the series. Raises UsageError for uses or a time that make none."""
    again = uses > 1 or whole.kind == "Progressive"
    every = {one.object for part in whole.parts for one in part.objects if one.remade}
    parts, before = list[Part](), set[str]()
    for part in whole.parts:
        taken = every if again else before
        objects = tuple(msgspec.structs.replace(one, remade=one.object in taken) for one in part.objects)
        parts.append(msgspec.structs.replace(part, objects=objects))
        before = before | {one.object for one in part.objects if one.remade}
    covered = msgspec.structs.replace(whole, parts=tuple(parts))
    return made(plan, _union(parts), widest([one.limits for one in parts]), covered, lasts=lasts, uses=uses, why=why, now=now)


def _union(parts: Sequence[Part]) -> list[Approved]:
    """Every object once, the way in which it is known best to whoever comes last."""
    found: dict[str, Approved] = {}
    for part in parts:
        for one in part.objects:
            found[one.object] = msgspec.structs.replace(one, remade=one.remade or (one.object in found and found[one.object].remade))
    return list(found.values())


def widest(limits: Sequence[Limits]) -> Limits:
    """What covers each of them."""
    return Limits(
        namespaces=tuple(sorted({name for one in limits for name in one.namespaces})),
        pods=max(one.pods for one in limits),
        share=max(one.share for one in limits),
        routes=tuple(sorted({name for one in limits for name in one.routes})),
        deadline=max(one.deadline for one in limits),
    )


def differing(given: Permit, asked: Whole) -> Objections:
    """Why an approval is not of this whole: another kind, another order, another text."""
    if given.whole is None:
        told = f"the approval is of one experiment, {given.experiment}, and not of a {asked.kind} as a whole"
        yield "approval-experiment", told
    elif given.whole.digest != asked.digest:
        yield "approval-experiment", f"the approval, which is of {given.experiment}, is of something else: {_other(given.whole, asked)}"


def _other(was: Whole, now: Whole) -> str:
    if was.kind != now.kind:
        return f"it is of a {was.kind}"
    if len(was.parts) != len(now.parts):
        return f"it is of {len(was.parts)} experiments, and these are {len(now.parts)}"
    changed = [new.experiment for old, new in zip(was.parts, now.parts, strict=True) if old.digest != new.digest]
    return f"{', '.join(dict.fromkeys(changed))} {'was' if len(changed) == 1 else 'were'} changed" if changed else "the plan was changed"


def part_objections(given: Permit, number: int | None, part: Part, plan: Plan, used: int, now: datetime.datetime) -> Objections:
    """Why an approval does not cover one part as it would be run now. number: which part, from 0; None for one between two. used: how often
    the approval was used before this series."""
    whole = given.whole
    if whole is None:
        yield "approval-experiment", f"the approval is of one experiment, {given.experiment}, and of nothing else"
        return
    yield from invalid(given, plan, now)
    if used >= given.uses:
        yield used_up(given)
    if number is None and whole.between:
        reviewed = {one.object: one for one in given.objects}
        known = [reviewed[one.object] for one in part.objects if one.object in reviewed]
        yield from beyond(known, given.limits, part.objects, part.limits)
    elif number is None or number >= len(whole.parts) or whole.parts[number].digest != part.digest:
        yield "approval-experiment", f"{part.experiment} is not what was reviewed: it was changed after the review"
    else:
        was = whole.parts[number]
        yield from beyond(was.objects, was.limits, part.objects, part.limits)
