"""The way back: what undoes an experiment, computed from the cluster before it and after it.

A route that was deleted and made again is young. What decided by age then decides otherwise, so every route that was younger than it, and
could take its requests, has to be made again after it; and every route younger than those. That closure is part of the way back.
"""

from collections.abc import Iterable, Sequence

import msgspec

from aichaos.domain.base import KubeObject, ObjectRef, kind_name, reference
from aichaos.domain.gateway import GRPCMatch, GRPCRoute, HTTPMatch, HTTPRoute, Route
from aichaos.domain.hostnames import shared
from aichaos.domain.kinds import KINDS
from aichaos.domain.network import EndpointSlice, Service
from aichaos.domain.snapshot import Snapshot
from aichaos.domain.workloads import Pod
from aichaos.predict.evolve.draft import Change


class Inverse(msgspec.Struct, frozen=True, kw_only=True):
    """remove: what the experiment brought along. write: objects to be written as they were, their age kept. again: routes to be made again,
    the eldest first, in different seconds. closure: those of `again` that the experiment did not touch itself."""

    remove: list[ObjectRef]
    write: list[KubeObject]
    again: list[KubeObject]
    closure: list[ObjectRef]


def inverse(before: Snapshot, changes: Iterable[Change], brought: Iterable[ObjectRef] = ()) -> Inverse:
    """What brings a cluster back to `before`, so that requests are answered as they were.

    changes: each object that differs, as it was and as it is. brought: objects of kinds that a Snapshot does not hold, made meanwhile.
    """
    written_by_us = [change for change in changes if not _follows(change, before)]
    old = {reference(was): was for was, _ in written_by_us if was is not None}
    new = {reference(now): now for _, now in written_by_us if now is not None}
    renewed = {ref for ref, obj in old.items() if isinstance(obj, Route) and (ref not in new or _renewed(obj, new[ref]))}
    closure = _closure([obj for ref, obj in old.items() if ref in renewed and isinstance(obj, Route)], before)
    routes = {ref: obj for ref, obj in old.items() if ref in renewed} | closure
    written = [ref for ref, obj in old.items() if ref not in routes and not (ref in new and _same(obj, new[ref]))]
    return Inverse(
        remove=sorted([*(ref for ref in new if ref not in old), *brought]),
        write=[old[ref] for ref in sorted(written, key=lambda ref: (ref in new, order(ref)))],
        again=sorted(routes.values(), key=_age),
        closure=sorted(closure.keys()),
    )


_ORDER = {kind.name: place for place, kind in enumerate(KINDS)}


def order(ref: ObjectRef) -> tuple[int, str, str]:
    """What others stand in, or refer to, first: a namespace before its Services, a Gateway before its routes."""
    return _ORDER.get(ref.kind, len(_ORDER)), ref.namespace, ref.name


def _follows(change: Change, before: Snapshot) -> bool:
    """Whether a controller has made a change: it is undone when what it follows from is."""
    was, now = change
    match was or now:
        case EndpointSlice() as piece:
            return made_by_controller(piece, before.services)
        case Pod() as pod:
            kept = was is not None and now is not None and was.metadata.uid == now.metadata.uid
            return not kept and bool(pod.metadata.owner_references)
    return False


def made_by_controller(piece: EndpointSlice, services: Iterable[Service]) -> bool:
    """Whether a slice is that of a Service with a selector; the others somebody has written by hand."""
    return any(
        bool(service.spec.selector) for service in services if service.name == piece.service_name and service.namespace == piece.namespace
    )


def _same(one: KubeObject, other: KubeObject) -> bool:
    """Whether two states of an object are the same to whoever asks: everything but its status and what the server counts."""
    fields = [field for field in one.__struct_fields__ if field not in ("metadata", "status")]
    alike = all(getattr(one, field) == getattr(other, field) for field in fields)
    mine, its = one.metadata, other.metadata
    return alike and one.labels == other.labels and getattr(mine, "annotations", None) == getattr(its, "annotations", None)


def _renewed(one: KubeObject, other: KubeObject) -> bool:
    return one.metadata.creation_timestamp != other.metadata.creation_timestamp


def _age(obj: KubeObject) -> tuple[str, str, str]:
    return obj.metadata.creation_timestamp or "", obj.namespace, obj.name


def _closure(renewed: Sequence[Route], before: Snapshot) -> dict[ObjectRef, Route]:
    """The routes that must be made again as well: younger than one that is, and able to take a request from it."""
    found: dict[ObjectRef, Route] = {}
    seen = {reference(route) for route in renewed}
    waiting = list(renewed)
    while waiting:
        matched = {match for elder in waiting for match in _matches(elder)}
        eldest = min(map(_age, waiting))
        younger = [one for one in before.routes() if _age(one) > eldest and not matched.isdisjoint(_matches(one))]
        near = [one for one in younger if reference(one) not in seen]
        young = [one for one in near if any(_age(one) > _age(elder) and rivals(elder, one) for elder in waiting)]
        found.update({reference(one): one for one in young})
        seen |= found.keys()
        waiting = young
    return found


def orders(undone: Inverse, before: Snapshot) -> list[tuple[ObjectRef, list[ObjectRef]]]:
    """For each route that is made again, the routes that must stay younger than it, the eldest first."""
    found = []
    for elder in undone.again:
        assert isinstance(elder, Route)
        young = [one for one in before.routes() if _age(one) > _age(elder) and rivals(elder, one)]
        found.append((reference(elder), [reference(one) for one in sorted(young, key=_age)]))
    return found


def rivals(one: Route, other: Route) -> bool:
    """Whether age could decide between two routes: a Gateway, a host and a match in common."""
    return (
        kind_name(one) == kind_name(other)
        and bool(_parents(one) & _parents(other))
        and _meet(getattr(one.spec, "hostnames", ()), getattr(other.spec, "hostnames", ()))
        and bool(_matches(one) & _matches(other))
    )


def _parents(route: Route) -> set[tuple[str, str]]:
    return {(parent.namespace or route.namespace, parent.name) for parent in route.spec.parent_refs}


def _meet(some: Sequence[str], others: Sequence[str]) -> bool:
    return not some or not others or any(shared(mine.lower(), its.lower()) is not None for mine in some for its in others)


def _matches(route: Route) -> set[tuple[object, ...]]:
    """What precedence looks at in each match: routes that differ in it never come to compare their ages."""
    match route:
        case HTTPRoute():
            return {_http(match) for rule in route.spec.rules or () for match in rule.matches or (HTTPMatch(),)}
        case GRPCRoute():
            return {_grpc(match) for rule in route.spec.rules or () for match in rule.matches or (GRPCMatch(),)}
    return {("all",)}


def _http(match: HTTPMatch) -> tuple[object, ...]:
    kind = (match.path.type if match.path else None) or "PathPrefix"
    value = (match.path.value if match.path else None) or "/"
    rank = len(value) if kind == "RegularExpression" else (value.rstrip("/") if kind == "PathPrefix" else value)
    return kind, rank, match.method, len(match.headers), len(match.query_params)


def _grpc(match: GRPCMatch) -> tuple[object, ...]:
    method = match.method
    return (method.type, method.service, method.method) if method else (None,), len(match.headers)
