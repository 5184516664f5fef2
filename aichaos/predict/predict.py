"""An experiment foretold: every request before it, after each of its steps, and after the way back."""

from collections.abc import Callable, Iterator, Sequence

import msgspec

from aichaos.domain.base import ObjectRef, reference
from aichaos.domain.experiment import Experiment, Step, seconds
from aichaos.domain.gateway import Route
from aichaos.domain.network import EndpointSlice, NetworkPolicy, Service
from aichaos.domain.prediction import Connection, Prediction, RequestLine, State
from aichaos.domain.snapshot import Snapshot
from aichaos.observe.topology import Topology
from aichaos.predict.connections import connections
from aichaos.predict.evolve.draft import Change
from aichaos.predict.evolve.moments import Course, Moment, length
from aichaos.predict.inverse import Inverse, inverse
from aichaos.predict.lasting import irreversible
from aichaos.predict.reach import key_of
from aichaos.predict.requests import Asked, derived, text
from aichaos.predict.routing.router import Router
from aichaos.predict.view import View, same_to_a_client

_MOST_BROUGHT = 10
"""Routes whose requests are derived, of those that an experiment makes."""
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
    topology: Topology | None = None,
) -> Foretold:
    """Foretell an experiment on the cluster of a router. requests: those to look at; None to derive them. topology: that of the same
    cluster, where there is one already.

    Raises UsageError for a request that can't be meant.
    """
    course = Course(router.snapshot)
    moments = [course.before(), *(course.step(step) for step in experiment.spec.steps)]
    found = topology if topology is not None and topology.snapshot is course.first else Topology(course.first)
    given = [Asked(line=line, gateway=gateway) for line in requests] if requests is not None else None
    asked = given if given is not None else _derived(experiment, moments, course, found)
    view = View(router, course.first, asked, strict=requests is not None)
    states = [view.state("before", moments[0])]
    states += [view.state(words(step), moment) for step, moment in zip(experiment.spec.steps, moments[1:], strict=True)]
    states = _ended(states, experiment)
    undone = inverse(course.first, course.changes, course.brought)
    lasting = tuple(irreversible(view, states[0].outcomes, experiment.spec.steps, course))
    after = _back(course, undone)
    restored = view.state("restored", after)
    whole = all(one.alike(other) for one, other in zip(states[0].outcomes, restored.outcomes, strict=True))
    linked = connections(view.reaches, [change for one in moments for change in one.changes])
    prediction = Prediction(
        requests=tuple(text(one.line) for one in view.asked),
        states=(*states, restored),
        connections=linked.connections,
        irreversible=lasting,
        restored=whole,
        notes=tuple(dict.fromkeys([*view.notes, *linked.notes, *_unknown(router.snapshot)])),
        verdict=_verdict(states, moments, linked.connections),
    )
    return Foretold(prediction=prediction, inverse=undone, requests=view.asked)


def _ended(states: list[State], experiment: Experiment) -> list[State]:
    """The first step that comes after the deadline says so: a run ends before it."""
    deadline, elapsed = seconds(experiment.spec.deadline), 0.0
    for number, step in enumerate(experiment.spec.steps, 1):
        if deadline and elapsed > deadline:
            note = f"the deadline of {experiment.spec.deadline} is over before this: a run ends here, and goes back"
            told = msgspec.structs.replace(states[number], notes=(*states[number].notes, note))
            return [*states[:number], told, *states[number + 1 :]]
        elapsed += 1 + length(step)
    return states


# requests ---------------------------------------------------------------------------------------------------------------------------


def _derived(experiment: Experiment, moments: list[Moment], course: Course, topology: Topology) -> list[Asked]:
    made = [(one, new) for one in moments for old, new in one.changes if isinstance(new, Route) and course.original(reference(new)) is None]
    brought = [(Topology(one.snapshot), new) for one, new in made[:_MOST_BROUGHT]]
    found = (course.original(ref) for ref in _concerned(moments, topology))
    return derived(experiment, topology, [route for route in found if isinstance(route, Route)], brought)


def _concerned(moments: list[Moment], topology: Topology) -> set[ObjectRef]:
    """The routes that change, or whose backends do."""
    found = {reference(obj) for one in moments for change in one.changes for obj in change if isinstance(obj, Route)}
    services = {key for one in moments for change in one.changes for key in _services(change)}
    services |= {key_of(effect.service) for one in moments for fault in one.faults for effect in fault.effects}
    for policy in (obj for one in moments for change in one.changes for obj in change if isinstance(obj, NetworkPolicy)):
        pods = topology.select(policy.namespace, policy.spec.pod_selector)
        services |= {(service.namespace, service.name) for service in topology.services_of_pods(pods)}
    sending = topology.routes_of_service if services else {}
    return found | {reference(route) for key in services for route in sending.get(key, ())}


def _services(change: Change) -> list[tuple[str, str]]:
    found = []
    for obj in change:
        if isinstance(obj, EndpointSlice):
            found.append((obj.namespace, obj.service_name))
        elif isinstance(obj, Service):
            found.append((obj.namespace, obj.name))
    return found


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


# words ------------------------------------------------------------------------------------------------------------------------------


def _unknown(snapshot: Snapshot) -> list[str]:
    notes = []
    if not snapshot.gateways:
        notes.append("there is no Gateway in this cluster: only requests to Services by name can be answered")
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
    hit = {number for state in states[1:] for number, answer in enumerate(state.outcomes) if not same_to_a_client(answer, before[number])}
    if hit:
        stays = [number for number in sorted(hit) if not same_to_a_client(states[-1].outcomes[number], before[number])]
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
