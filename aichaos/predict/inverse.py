"""The way back: what undoes an experiment, computed from the cluster before it and after it.

A route that was deleted and made again is young. What decided by age then decides otherwise, so every route that was younger than it, and
could take its requests, has to be made again after it; and every route younger than those. That closure is part of the way back.
"""

from collections.abc import Iterator, Sequence

import msgspec

from aichaos.domain.base import KubeObject, ObjectRef, kind_name, reference
from aichaos.domain.gateway import GRPCMatch, GRPCRoute, HTTPMatch, HTTPRoute, Route
from aichaos.domain.hostnames import shared
from aichaos.domain.kinds import KINDS
from aichaos.domain.network import EndpointSlice
from aichaos.domain.snapshot import Snapshot
from aichaos.domain.workloads import Pod

_FOLLOW = (Pod, EndpointSlice)
"""Kinds that controllers write: they come back with what they belong to."""


class Inverse(msgspec.Struct, frozen=True, kw_only=True):
    """remove: what the experiment brought along. write: objects to be written as they were, their age kept. again: routes to be made again,
    the eldest first, in different seconds. closure: those of `again` that the experiment did not touch itself."""

    remove: list[ObjectRef]
    write: list[KubeObject]
    again: list[KubeObject]
    closure: list[ObjectRef]


def inverse(before: Snapshot, after: Snapshot) -> Inverse:
    """What brings `after` back to `before`, so that requests are answered as they were."""
    old, new = dict(_objects(before)), dict(_objects(after))
    changed = {ref: obj for ref, obj in old.items() if ref in new and not _same(obj, new[ref])}
    missing = {ref: obj for ref, obj in old.items() if ref not in new}
    renewed = {ref for ref, obj in old.items() if isinstance(obj, Route) and (ref not in new or _renewed(obj, new[ref]))}
    closure = _closure(renewed, [obj for obj in old.values() if isinstance(obj, Route)])
    again = sorted((old[ref] for ref in renewed | closure), key=_age)
    handled = renewed | closure
    return Inverse(
        remove=sorted(ref for ref in new if ref not in old),
        write=[
            *(obj for ref, obj in missing.items() if ref not in handled),
            *(obj for ref, obj in changed.items() if ref not in handled),
        ],
        again=again,
        closure=sorted(closure),
    )


def _objects(snapshot: Snapshot) -> Iterator[tuple[ObjectRef, KubeObject]]:
    for kind in KINDS:
        for obj in getattr(snapshot, kind.field):
            if not isinstance(obj, EndpointSlice) and not (isinstance(obj, Pod) and obj.metadata.owner_references):
                yield reference(obj), obj


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


def _closure(renewed: set[ObjectRef], routes: Sequence[Route]) -> set[ObjectRef]:
    """The routes that must be made again as well: younger than one that is, and able to take a request from it."""
    by_ref = {reference(route): route for route in routes}
    found: set[ObjectRef] = set()
    waiting = [by_ref[ref] for ref in renewed if ref in by_ref]
    while waiting:
        elder = waiting.pop()
        for rival in routes:
            ref = reference(rival)
            if ref not in found and ref not in renewed and _age(rival) > _age(elder) and rivals(elder, rival):
                found.add(ref)
                waiting.append(rival)
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
