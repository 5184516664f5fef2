"""An experiment foretold: every request before it, after each of its steps, and after the way back."""

from collections.abc import Callable, Sequence

import msgspec

from aichaos.domain.base import ObjectRef, reference
from aichaos.domain.experiment import Experiment, Step, seconds
from aichaos.domain.gateway import Route
from aichaos.domain.network import NetworkPolicy
from aichaos.domain.prediction import Prediction, RequestLine, State
from aichaos.domain.snapshot import Snapshot
from aichaos.observe.topology import Topology
from aichaos.predict.connections import connections
from aichaos.predict.evolve.moments import Course, Moment, length
from aichaos.predict.inverse import Inverse, inverse
from aichaos.predict.lasting import irreversible
from aichaos.predict.reach import key_of
from aichaos.predict.requests import Asked, derived, text
from aichaos.predict.routing.router import Router
from aichaos.predict.verdict import services_of, verdict
from aichaos.predict.view import View

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
        verdict=verdict(states, moments, linked.connections),
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
    services = {key for one in moments for change in one.changes for key in services_of(change)}
    services |= {key_of(effect.service) for one in moments for fault in one.faults for effect in fault.effects}
    for policy in (obj for one in moments for change in one.changes for obj in change if isinstance(obj, NetworkPolicy)):
        pods = topology.select(policy.namespace, policy.spec.pod_selector)
        services |= {(service.namespace, service.name) for service in topology.services_of_pods(pods)}
    sending = topology.routes_of_service if services else {}
    return found | {reference(route) for key in services for route in sending.get(key, ())}


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
