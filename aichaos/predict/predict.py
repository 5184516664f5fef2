"""An experiment foretold: every request before it, after each of its steps, and after the way back."""

from collections.abc import Callable, Collection, Iterator, Sequence

import msgspec

from aichaos.domain.base import ObjectRef, reference
from aichaos.domain.experiment import Experiment, Step
from aichaos.domain.gateway import Route
from aichaos.domain.network import EndpointSlice, NetworkPolicy, Service
from aichaos.domain.prediction import Answer, Brief, Connection, Effect, Irreversible, Prediction, RequestLine, State
from aichaos.domain.snapshot import Snapshot
from aichaos.errors import UsageError
from aichaos.observe.topology import Topology
from aichaos.predict.connections import connections
from aichaos.predict.evolve.draft import Change
from aichaos.predict.evolve.moments import Course, Moment
from aichaos.predict.inverse import Inverse, inverse
from aichaos.predict.reach import Reach, key_of
from aichaos.predict.requests import Asked, derived, text
from aichaos.predict.routing.request import Request, read
from aichaos.predict.routing.router import Router

Words = Callable[[Step], str]
"""A step in words."""


class Foretold(msgspec.Struct, frozen=True, kw_only=True):
    """A prediction, and what `run` needs of it."""

    prediction: Prediction
    inverse: Inverse
    requests: list[Asked]


def predict(
    experiment: Experiment,
    router: Router,
    words: Words,
    requests: Sequence[RequestLine] | None = None,
    gateway: str | None = None,
) -> Foretold:
    """Foretell an experiment on the cluster of a router. requests: those to look at; None to derive them.

    Raises UsageError for a request that can't be meant.
    """
    course = Course(router.snapshot)
    moments = [course.before(), *(course.step(step) for step in experiment.spec.steps)]
    asked = [Asked(line=line, gateway=gateway) for line in requests] if requests is not None else _derived(experiment, moments)
    view = _View(router, course.first, asked, strict=requests is not None)
    states = [view.state("before", moments[0])]
    states += [view.state(words(step), moment) for step, moment in zip(experiment.spec.steps, moments[1:], strict=True)]
    ending = course.now
    undone = inverse(course.first, ending)
    irreversible = tuple(_irreversible(view, course, states, ending))
    after = _back(course, undone)
    restored = view.state("restored", after)
    whole = all(one.alike(other) for one, other in zip(states[0].outcomes, restored.outcomes, strict=True))
    linked = connections(view.reaches, [change for one in moments for change in one.changes])
    prediction = Prediction(
        requests=tuple(text(one.line) for one in view.asked),
        states=(*states, restored),
        connections=linked.connections,
        irreversible=irreversible,
        restored=whole,
        notes=tuple(dict.fromkeys([*view.notes, *linked.notes, *_unknown(router.snapshot)])),
        verdict=_verdict(states, moments, linked.connections),
    )
    return Foretold(prediction=prediction, inverse=undone, requests=view.asked)


# requests ---------------------------------------------------------------------------------------------------------------------------


def _derived(experiment: Experiment, moments: list[Moment]) -> list[Asked]:
    brought = [one.snapshot for one in moments if any(isinstance(new, Route) and old is None for old, new in one.changes)]
    return derived(experiment, [moments[0].snapshot, *brought[:3]], _concerned(moments))


def _concerned(moments: list[Moment]) -> set[ObjectRef]:
    """The routes that change, or whose backends do."""
    found = {reference(obj) for one in moments for change in one.changes for obj in change if isinstance(obj, Route)}
    services = {key for one in moments for change in one.changes for key in _services(change)}
    services |= {key_of(effect.service) for one in moments for fault in one.faults for effect in fault.effects}
    guarded = [obj for one in moments for change in one.changes for obj in change if isinstance(obj, NetworkPolicy)]
    topology = Topology(moments[0].snapshot)
    for policy in guarded:
        pods = topology.select(policy.namespace, policy.spec.pod_selector)
        services |= {(service.namespace, service.name) for service in topology.services_of_pods(pods)}
    return found | {reference(route) for key in services for route in topology.routes_of_service.get(key, ())}


def _services(change: Change) -> list[tuple[str, str]]:
    found = []
    for obj in change:
        if isinstance(obj, EndpointSlice):
            found.append((obj.namespace, obj.service_name))
        elif isinstance(obj, Service):
            found.append((obj.namespace, obj.name))
    return found


# answers ----------------------------------------------------------------------------------------------------------------------------


class _View:
    """The requests, as they are answered at one moment after another."""

    def __init__(self, router: Router, first: Snapshot, asked: list[Asked], *, strict: bool) -> None:
        self.router = router.dated(first)
        self.notes: list[str] = []
        self.asked: list[Asked] = []
        self._requests: list[tuple[Request, tuple[str, str] | None]] = []
        for one in asked:
            try:
                request = read(one.line)
                self._requests.append((request, self.router.gateway(request, one.gateway)))
                self.asked.append(one)
            except UsageError as error:
                if strict:
                    raise
                self.notes.append(f"{text(one.line)} could not be asked: {error}")
        self._last: tuple[Answer, ...] = ()
        self.reaches: list[Reach] = []
        """What policies let through in each state so far."""

    def state(self, name: str, moment: Moment) -> State:
        self.router = self.router.changed(moment.changes)
        reach = (self.reaches or [Reach(moment.snapshot)])[-1].changed(moment.snapshot, moment.changes)
        self.reaches.append(reach)
        if moment.changes or not self._last:
            self._last = self.answers(self.router, reach)
        return State(step=name, outcomes=self._last, effects=_effects(moment), notes=moment.notes)

    def answers(self, router: Router, reach: Reach) -> tuple[Answer, ...]:
        return tuple(reach.answer(router.answer(request, gateway), gateway) for request, gateway in self._requests)


def _effects(moment: Moment) -> tuple[Effect, ...]:
    return tuple(effect for fault in moment.faults for effect in fault.effects)


def _same_to_a_client(one: Answer, other: Answer) -> bool:
    """The same but for how many endpoints stand behind it."""
    return one.route == other.route and _counted_out(one) == _counted_out(other)


def _counted_out(answer: Answer) -> Brief:
    backends = tuple(msgspec.structs.replace(one, ready_endpoints=0) for one in answer.backends)
    return msgspec.structs.replace(answer.brief, backends=backends)


# the way back -----------------------------------------------------------------------------------------------------------------------


def _back(course: Course, undone: Inverse) -> Moment:
    """The cluster after the way back, and all that it has changed."""
    turns = [course.remove(ref) for ref in undone.remove]
    turns += [course.back(obj) for obj in undone.write]
    for obj in undone.again:
        turns += [course.remove(reference(obj)), course.back(obj)]
    changes = [change for turn in turns for change in turn.changes]
    notes = tuple(note for turn in turns for note in turn.notes)
    return Moment(snapshot=course.now, changes=changes, notes=notes)


def _irreversible(view: _View, course: Course, states: list[State], ending: Snapshot) -> list[Irreversible]:
    """What re-applying the manifest of a deleted or replaced object would not bring back, with the rest of the experiment in place."""
    found = []
    there = {reference(obj): obj for obj in ending.routes()}
    existed = {reference(obj): obj for obj in course.first.routes()}
    for ref, obj in course.gone.items():
        if ref not in existed or not isinstance(obj, Route):
            continue
        again = Course(ending)
        moment = again.back(obj) if ref not in there else again.before()
        answers = view.answers(view.router.changed(moment.changes), view.reaches[-1].changed(moment.snapshot, moment.changes))
        name = f"{ref.namespace}/{ref.name}"
        lost = [
            (number, now)
            for number, (was, now) in enumerate(zip(states[0].outcomes, answers, strict=True))
            if was.route == name and not was.alike(now)
        ]
        if lost:
            found.append(_lost(ref, view, lost, existed))
    return found


def _lost(ref: ObjectRef, view: _View, lost: list[tuple[int, Answer]], existed: Collection[ObjectRef]) -> Irreversible:
    winners = sorted({now.route for _, now in lost if now.route is not None and now.route != f"{ref.namespace}/{ref.name}"})
    requests = ", ".join(text(view.asked[number].line) for number, _ in lost[:3]) + (" …" if len(lost) > 3 else "")
    if not winners:
        return Irreversible(object=str(ref), why=f"{requests} is answered otherwise", undo="restore what else the experiment changed")
    rivals = [ObjectRef(ref.kind, name, namespace) for namespace, name in map(key_of, winners)]
    names = " and ".join(str(rival) for rival in rivals)
    brought = [rival for rival in rivals if rival not in existed]
    undo = f"recreate {names} after {ref.name}"
    if brought == rivals:
        undo += f", or delete {'it' if len(rivals) == 1 else 'them'}"
    why = f"made again, it is younger than {names}, and of two equal matches the older route wins: {requests} would stay there"
    return Irreversible(object=str(ref), why=why, undo=undo)


# words ------------------------------------------------------------------------------------------------------------------------------


def _unknown(snapshot: Snapshot) -> list[str]:
    notes = []
    if not snapshot.gateways:
        notes.append("there is no Gateway in this cluster: no request can be answered")
    undated = [route for route in snapshot.routes() if route.metadata.creation_timestamp is None]
    if undated:
        notes.append(f"ages unknown of {len(undated)} routes: where age decides between them, that is undecided")
    return notes


def _verdict(states: list[State], moments: list[Moment], found: tuple[Connection, ...]) -> str:
    """What is noticed, in one line; the worst first."""
    refused = next((moment.refused for moment in moments if moment.refused is not None), None)
    if refused is not None:
        return f"a step would fail: {refused}"
    before = states[0].outcomes
    if not before:
        return "no request can be derived: nothing could show what it does"
    served = [number for number, answer in enumerate(before) if answer.outcome in ("forward", "redirect")]
    for state in states[1:]:
        if served and all(state.outcomes[number].outcome == "error" for number in served):
            return f"cuts off all traffic: every request fails after “{state.step}”"
    hit = {number for state in states[1:] for number, answer in enumerate(state.outcomes) if not _same_to_a_client(answer, before[number])}
    if hit:
        stays = [number for number in sorted(hit) if not _same_to_a_client(states[-1].outcomes[number], before[number])]
        end = f"{len(stays)} of them also after the last step" if stays else "none of them after the last step"
        return f"{len(hit)} of {len(before)} requests are answered otherwise, {end}"
    return "; ".join(_elsewhere(states, moments, found)) or NOTHING


NOTHING = "no request would notice: the cluster does what it did before"


def _elsewhere(states: list[State], moments: list[Moment], found: tuple[Connection, ...]) -> Iterator[str]:
    """What happens where no request through a Gateway is answered otherwise."""
    effects = [effect for state in states for effect in state.effects]
    if effects:
        worst = max(effects, key=lambda effect: effect.share)
        yield f"{worst.share:.0%} of the requests to {worst.service} are hit: {worst.pods} of {worst.of} pods, each {worst.does}"
    cut = sum(not all(one.allowed) for one in found if len(set(one.allowed)) > 1)
    if cut:
        yield f"{cut} {'connection' if cut == 1 else 'connections'} between pods would be cut"
    empty = [name for one in moments[1:] for name in _emptied(one)]
    if empty and not effects:
        yield f"no request through a Gateway is answered otherwise, but {', '.join(dict.fromkeys(empty))} would have no ready endpoint"
    routes = {str(reference(obj)) for one in moments[1:] for change in one.changes for obj in change if isinstance(obj, Route)}
    if routes and not empty and not effects and not cut:
        yield f"no request is answered otherwise while {', '.join(sorted(routes)[:3])} changes"


def _emptied(moment: Moment) -> Iterator[str]:
    """The Services that lose their last ready endpoint at a moment."""
    topology = Topology(moment.snapshot)
    for key in dict.fromkeys(key for change in moment.changes for key in _services(change)):
        service = topology.services.get(key)
        if service is not None and not topology.ready_endpoints(service):
            yield f"{key[0]}/{key[1]}"
