"""The ways of requests through the cluster, and which of them an experiment touches: what a picture of its reach is drawn from."""

from collections.abc import Iterator

from aichaos.domain.prediction import Answer, Prediction
from aichaos.domain.results import Way
from aichaos.domain.suggestion import BlastRadius

_Key = tuple[str, str, str]


def ways(foretold: Prediction, radius: BlastRadius) -> list[Way]:
    """Every way that the foretold requests take, in the order in which they are first taken."""
    if not foretold.states:
        return []
    before, meanwhile = foretold.states[0], foretold.states[1:-1]
    first = dict.fromkeys(key for answer in before.outcomes for key in _keys(answer))
    later = dict.fromkeys(key for state in meanwhile for answer in state.outcomes for key in _keys(answer))
    harmed = {effect.service for state in meanwhile for effect in state.effects}
    ready = _ready(before.outcomes)
    for state in meanwhile:
        harmed |= {service for service, count in _ready(state.outcomes).items() if ready.get(service, count) != count}
    return [
        Way(
            listener=listener,
            route=route,
            service=service,
            moment="before" if key not in later and meanwhile else "during" if key not in first else "both",
            route_touched=route in radius.routes,
            service_touched=service in harmed,
        )
        for key in (first | later)
        for listener, route, service in (key,)
    ]


def _keys(answer: Answer) -> Iterator[_Key]:
    listener, route = answer.listener or "", answer.route or ""
    if not answer.backends:
        yield listener, route, str(answer.status or answer.outcome)
    for share in answer.backends:
        yield listener, route, share.service if share.service and share.status is None else str(share.status or answer.outcome)


def _ready(outcomes: tuple[Answer, ...]) -> dict[str, int]:
    return {share.service: share.ready_endpoints for answer in outcomes for share in answer.backends if share.service}
