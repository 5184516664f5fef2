"""What requests are answered after a run, beside what they were before it; and whether others have a part in the difference."""

from collections.abc import Collection, Iterable, Sequence
from collections.abc import Set as AbstractSet

import msgspec

from aichaos.domain.base import ObjectRef, reference
from aichaos.domain.prediction import Answer, Prediction
from aichaos.domain.snapshot import Snapshot
from aichaos.errors import SourceError, UsageError
from aichaos.live.planning import Drawn
from aichaos.observe import source
from aichaos.predict.routing.request import read as read_request
from aichaos.predict.routing.router import Router
from aichaos.run.conduct import Ended

_DECIDING = ("gateways", "listener_sets", "http_routes", "grpc_routes", "reference_grants", "services", "network_policies")
"""What of a snapshot decides about answers, and is written by people."""


def answers(drawn: Drawn) -> tuple[str, Snapshot | None]:
    """What requests would be answered now that were answered otherwise before, "" where all is as it was; and the cluster."""
    try:
        seen = source.through(drawn.connection, drawn.order.choice)
    except (SourceError, UsageError) as error:  # UsageError: a namespace that was asked for is gone
        return f"the cluster could not be read again: {error}", None
    before = drawn.prediction.states[0].outcomes
    other = [drawn.prediction.requests[number] for number, now in _answered(drawn, seen).items() if not _same(before[number], now)]
    return f"other answers than before: {', '.join(other[:3])}" if other else "", seen


def changed_by_others(drawn: Drawn, ended: Ended, seen: Snapshot | None) -> list[str]:
    """The objects that somebody else has changed since the plan, and that have a part in the answers: what is otherwise because of them is
    not the run's doing. So is what it had not come to. seen: the cluster as it is now; None to read it."""
    foreign = {one.object for one in ended.restored.foreign}
    try:
        now = seen or source.through(drawn.connection, drawn.order.choice)
    except (SourceError, UsageError):
        return sorted(foreign)
    asked = _answered(drawn, now)
    given = [*(drawn.prediction.states[0].outcomes[number] for number in asked), *(answer for answer in asked.values() if answer)]
    mine = {place.ref for place in (*ended.touched, *drawn.plan.closure)}
    return sorted(foreign | {str(ref) for ref in with_a_part(drawn.topology.snapshot, now, given) - mine})


def concerned(prediction: Prediction, gateways: Sequence[str | None], namespaces: AbstractSet[str]) -> list[int]:
    """The numbers of the requests that a run can have to do with: those to a gateway at which an answer is foretold to change, or has to do
    with these namespaces. What is answered elsewhere in the cluster is not looked at again: others change it all the time.

    gateways: `NS/NAME` of each request; None where it has none, and then only its own answers count."""
    near = {
        number
        for number in range(len(gateways))
        if prediction.changes(number) or any(namespaces & _namespaces(state.outcomes[number]) for state in prediction.states)
    }
    ours = {gateways[number] for number in near} - {None}
    return [number for number, gateway in enumerate(gateways) if number in near or gateway in ours]


def with_a_part(was: Snapshot, now: Snapshot, given: Iterable[Answer]) -> set[ObjectRef]:
    """The objects that differ between two snapshots, and by which one of these answers is given: its route and its Services; Gateways,
    grants and policies of their namespaces. In a large cluster something else always changes, and explains nothing."""
    routes: set[str] = set()
    services: set[str] = set()
    spaces: set[str] = set()
    for answer in given:
        routes.update([answer.route] if answer.route else [])
        services.update(part.service for part in answer.backends if part.service is not None)
        spaces |= _namespaces(answer)
    before, after = _deciding(was), _deciding(now)
    changed = {ref for ref in before.keys() | after.keys() if before.get(ref) != after.get(ref)}
    return {ref for ref in changed if _takes_part(ref, routes, services, spaces)}


def _takes_part(ref: ObjectRef, routes: Collection[str], services: Collection[str], spaces: Collection[str]) -> bool:
    if ref.kind in ("HTTPRoute", "GRPCRoute"):
        return f"{ref.namespace}/{ref.name}" in routes
    if ref.kind == "Service":
        return f"{ref.namespace}/{ref.name}" in services
    return ref.namespace in spaces


def _namespaces(answer: Answer) -> set[str]:
    names = (answer.listener, answer.route, *(part.service for part in answer.backends))
    return {name.partition("/")[0] for name in names if name}


def _answered(drawn: Drawn, snapshot: Snapshot) -> dict[int, Answer | None]:
    """The answers to the requests that this run can have to do with, by number; None where the gateway is no more."""
    asked = drawn.foretold.requests
    namespaces = {*drawn.experiment.spec.scope.namespaces, *(place.namespace for place in drawn.places_touched)}
    router = Router(snapshot)
    found: dict[int, Answer | None] = {}
    for number in concerned(drawn.prediction, [one.gateway for one in asked], namespaces):
        request = read_request(asked[number].line)
        try:
            found[number] = router.answer(request, router.gateway(request, asked[number].gateway))
        except UsageError:
            found[number] = None
    return found


def _deciding(snapshot: Snapshot) -> dict[ObjectRef, tuple[bytes, str]]:
    return {reference(obj): (msgspec.json.encode(obj.spec), obj.metadata.uid) for field in _DECIDING for obj in getattr(snapshot, field)}


def _same(was: Answer, now: Answer | None) -> bool:
    """The same to a client: how many endpoints stand behind a backend may have changed by itself."""
    return (
        now is not None
        and was.route == now.route
        and was.outcome == now.outcome
        and [one.service for one in was.backends] == [one.service for one in now.backends]
    )
