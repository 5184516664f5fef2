"""The requests of a prediction, as they are answered at one moment of the cluster after another."""

from collections.abc import Iterator, Sequence

import msgspec

from aichaos.domain.base import ObjectRef, reference
from aichaos.domain.gateway import Route
from aichaos.domain.prediction import Answer, Brief, State
from aichaos.domain.snapshot import Snapshot
from aichaos.errors import UsageError
from aichaos.predict.evolve.moments import Course, Moment
from aichaos.predict.obstacles import answered
from aichaos.predict.reach import Reach, key_of
from aichaos.predict.requests import Asked, text
from aichaos.predict.routing.request import Request, read
from aichaos.predict.routing.router import Router, refs_of

Key = tuple[str, str]
"""Namespace and name."""


class View:
    """asked: the requests that can be meant. notes: why others can't. reaches: what policies let through in each state so far."""

    def __init__(self, router: Router, first: Snapshot, asked: Sequence[Asked], *, strict: bool) -> None:
        """strict: whether a request that can't be meant raises UsageError, or is a note."""
        self._first = self._router = router.dated(first)
        self.notes: list[str] = []
        self.asked: list[Asked] = []
        self._requests: list[tuple[Request, Key | None]] = []
        for one in asked:
            try:
                request = read(one.line)
                named = key_of(one.gateway) if not strict and "/" in (one.gateway or "") else None  # a step may make it
                self._requests.append((request, named if named is not None else self._first.gateway(request, one.gateway)))
                self.asked.append(one)
            except UsageError as error:
                if strict:
                    raise
                self.notes.append(f"{text(one.line)} could not be asked: {error}")
        self.reaches: list[Reach] = []
        self._untouched = Reach(first)
        self._last: tuple[Answer, ...] = ()
        self._said: dict[ObjectRef, tuple[str, ...]] = {}

    def state(self, name: str, moment: Moment) -> State:
        """The answers after one more step, or before the first."""
        self._router = self._router.changed(moment.changes)
        last = (self.reaches or [self._untouched])[-1]
        reach = last.changed(moment.snapshot, moment.changes, moment.faults)
        self.reaches.append(reach)
        if moment.changes or moment.faults != last.faults or not self._last:
            self._last = self._answers(self._router, reach)
        notes = (*moment.notes, *self._conditions(moment, quiet=not self.reaches[1:]))
        effects = tuple(effect for fault in moment.faults for effect in fault.effects)
        return State(step=name, outcomes=self._last, effects=effects, notes=notes)

    def _conditions(self, moment: Moment, *, quiet: bool) -> Iterator[str]:
        """What the controllers will say otherwise from this moment on, of the routes that change and of those that answer."""
        changed = (obj for change in moment.changes for obj in change if isinstance(obj, Route))
        watched = dict.fromkeys([*(reference(obj) for obj in changed), *self._said])
        for answer, (_, gateway) in zip(self._last, self._requests, strict=True):
            watched |= dict.fromkeys(refs_of(answer.route) if gateway is not None else ())
        for ref in watched:
            before, now = self._said.get(ref), self._router.spoken(ref)
            if now is None:
                self._said.pop(ref, None)
                continue
            self._said[ref] = now
            if now != (before or ()) and not quiet:
                yield f"{ref} says {', '.join(now)} from here on" if now else f"{ref} says Accepted=True and ResolvedRefs=True again"

    def at(self, course: Course) -> tuple[tuple[Answer, ...], Reach]:
        """The answers where another course has come to, and what policies let through there."""
        changes = course.changes
        reach = self._untouched.changed(course.now, changes, course.faults)
        return self._answers(self._first.changed(changes), reach), reach

    def _answers(self, router: Router, reach: Reach) -> tuple[Answer, ...]:
        return tuple(answered(router.answer(request, gateway), request.method, gateway, reach) for request, gateway in self._requests)


def same_to_a_client(one: Answer, other: Answer) -> bool:
    """The same but for how many endpoints stand behind it."""
    return one.route == other.route and _counted_out(one) == _counted_out(other)


def _counted_out(answer: Answer) -> Brief:
    backends = tuple(msgspec.structs.replace(one, ready_endpoints=0) for one in answer.backends)
    return msgspec.structs.replace(answer.brief, backends=backends)
