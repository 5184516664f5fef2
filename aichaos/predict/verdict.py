"""What an experiment comes to, in one line: the worst that a request notices, or that nothing does."""

from collections.abc import Iterator

from aichaos.domain.base import reference
from aichaos.domain.gateway import GatewayClass, Route
from aichaos.domain.network import EndpointSlice, Service
from aichaos.domain.prediction import Connection, State
from aichaos.observe.topology import Topology
from aichaos.predict.evolve.draft import Change
from aichaos.predict.evolve.moments import Moment
from aichaos.predict.view import same_to_a_client

NOTHING = "no request would notice: the cluster does what it did before"
ALREADY = "changes nothing: the cluster already is in this state"
UNSEEN = "no request can be derived: nothing could show what it does"


def idle(verdict: str) -> bool:
    """Whether an experiment of this verdict shows nothing."""
    return verdict in (NOTHING, ALREADY, UNSEEN)


def verdict(states: list[State], moments: list[Moment], found: tuple[Connection, ...]) -> str:
    """states: before, and one per step. moments: the same, as the cluster sees them. found: the connections that change."""
    refused = next((moment.refused for moment in moments if moment.refused is not None), None)
    if refused is not None:
        return f"a step would fail: {refused}"
    if any(moment.idle for moment in moments) and all(moment.idle is not False for moment in moments):
        return ALREADY
    before = states[0].outcomes
    if not before:
        return UNSEEN
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


def _elsewhere(states: list[State], moments: list[Moment], found: tuple[Connection, ...]) -> Iterator[str]:
    """What happens where no request through a Gateway is answered otherwise."""
    effects = [effect for state in states for effect in state.effects]
    if effects:
        worst = max(effects, key=lambda effect: effect.share)
        yield f"{worst.share:.0%} of the requests to {worst.service} are hit: {worst.pods} of {worst.of} pods, each {worst.does}"
    cut = sum(not all(one.allowed) for one in found if len(set(one.allowed)) > 1)
    if cut:
        yield f"{cut} {'connection' if cut == 1 else 'connections'} between pods would be cut"
    behind = [] if effects else list(_behind(moments))
    if behind:
        yield f"no request is answered otherwise, but {', '.join(behind)}"
    routes = {str(reference(obj)) for one in moments[1:] for change in one.changes for obj in change if isinstance(obj, Route)}
    if routes and not behind and not effects and not cut:
        yield f"no request is answered otherwise while {', '.join(sorted(routes)[:3])} changes"
    for old in (old for one in moments[1:] for old, new in one.changes if isinstance(old, GatewayClass) and new is None):
        yield f"what a gateway does when its {reference(old)} is gone was not measured"


def _behind(moments: list[Moment]) -> Iterator[str]:
    """What becomes of the pods behind Services: none ready, fewer, or those of another workload. Each Service once, its worst."""
    first = Topology(moments[0].snapshot)
    worst: dict[tuple[str, str], tuple[int, str]] = {}
    for one in moments[1:]:
        now = Topology(one.snapshot)
        for key in dict.fromkeys(key for change in one.changes for key in services_of(change)):
            old, new = first.services.get(key), now.services.get(key)
            if old is None or new is None:
                continue
            of, ready = first.ready_endpoints(old), now.ready_endpoints(new)
            name = f"{key[0]}/{key[1]}"
            if of and ready < of:
                told = f"{name} would have {f'{ready} of {of} endpoints ready' if ready else 'no ready endpoint'}"
                worst[key] = min(worst.get(key, (of, "")), (ready, told))
            elif (others := _workloads(now, new)) != (own := _workloads(first, old)) and others and own and key not in worst:
                worst[key] = (of, f"pods of {', '.join(others)} would answer for {name} instead of {', '.join(own)}")
    yield from (told for _, told in worst.values())


def _workloads(topology: Topology, service: Service) -> list[str]:
    return sorted(workload.name for workload in topology.service_workloads(service))


def services_of(change: Change) -> list[tuple[str, str]]:
    """Namespace and name of the Services whose endpoints a change may concern."""
    found = []
    for obj in change:
        if isinstance(obj, EndpointSlice):
            found.append((obj.namespace, obj.service_name))
        elif isinstance(obj, Service):
            found.append((obj.namespace, obj.name))
    return found
