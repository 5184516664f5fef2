"""Where the requests of a rule go: backendRefs resolved, and each one's share.

Source: Gateway API v1.6, `HTTPRouteRule.backendRefs`, `BackendObjectReference`, `ReferenceGrant`.
"""

from collections.abc import Iterable, Iterator

import msgspec

from aichaos.domain.base import kind_name
from aichaos.domain.gateway import BackendRef, Filter, GRPCRule, HTTPRule, Route, StreamRule
from aichaos.domain.prediction import BackendShare
from aichaos.predict.routing.profile import Profile
from aichaos.predict.routing.world import World

NO_STATUSES: dict[int, int] = {}


class Resolved(msgspec.Struct, frozen=True, gc=False):
    """One backendRef. problem: `InvalidKind`, `RefNotPermitted`, `BackendNotFound`, or "" where it can be used.

    ready, known: how many of its endpoints are ready, and how many there are.
    """

    ref: BackendRef
    service: str | None
    problem: str
    ready: int = 0
    known: int = 0

    @property
    def weight(self) -> int:
        return 1 if self.ref.weight is None else self.ref.weight

    @property
    def unready(self) -> bool:
        """Whether it has endpoints, and none of them is ready."""
        return not self.problem and self.known > 0 and not self.ready


def resolve(route: Route, ref: BackendRef, world: World) -> Resolved:
    if ref.kind not in (None, "Service") or ref.group:
        return Resolved(ref, None, "InvalidKind")
    namespace = ref.namespace or route.namespace
    if namespace != route.namespace and not world.granted(kind_name(route), route.namespace, "Service", namespace, ref.name):
        return Resolved(ref, f"{namespace}/{ref.name}", "RefNotPermitted")
    service = world.services.get((namespace, ref.name))
    if service is None or (ref.port is not None and all(port.port != ref.port for port in service.spec.ports)):
        return Resolved(ref, f"{namespace}/{ref.name}", "BackendNotFound")
    ready, known = world.endpoints(service, ref.port)
    return Resolved(ref, f"{namespace}/{ref.name}", "", ready, known)


def route_problems(route: Route, world: World) -> Iterator[str]:
    """What is wrong with the references of a route, rule by rule."""
    for rule in route.spec.rules or ():
        yield from rule_problems(route, rule, world)


def rule_problems(route: Route, rule: HTTPRule | GRPCRule | StreamRule, world: World) -> Iterator[str]:
    """What is wrong with the references of a rule: those of its mirrors, then those of its backends."""
    refs = rule.backend_refs or ()
    filters: tuple[Filter, ...] = () if isinstance(rule, StreamRule) else rule.filters
    every = (*filters, *(own for ref in refs for own in ref.filters))
    mirrors = [msgspec.convert(one.request_mirror.backend_ref, BackendRef) for one in every if one.request_mirror is not None]
    for ref in (*mirrors, *refs):
        if problem := resolve(route, ref, world).problem:
            yield problem


def reached(one: Resolved, profile: Profile) -> bool:
    """Whether requests come to a backend at all."""
    return bool(not one.problem and one.weight and (one.ready or (one.unready and profile.unready == "served")))


def shares(refs: Iterable[Resolved], profile: Profile, statuses: dict[int, int] = NO_STATUSES) -> tuple[BackendShare, ...]:
    """The shares of a rule's backends, adding up to 1; empty where nothing has a weight. The same Service twice is one share.

    statuses: place of a backend → what its own filters answer instead of it.
    """
    usable = list(enumerate(refs))
    if profile.invalid_share == "left-out":
        usable = [(place, one) for place, one in usable if not one.problem]
    if profile.unready == "served" and any(one.ready and one.weight for _, one in usable):
        usable = [(place, one) for place, one in usable if not one.unready]  # what is ready takes their share
    total = sum(one.weight for _, one in usable)
    found: dict[tuple[str | None, int | None, int | None], BackendShare] = {}
    for place, one in usable:
        if not one.weight:
            continue
        served = one.ready or (one.unready and profile.unready == "served")
        status = 500 if one.problem else None if served else 503
        status = statuses.get(place, status)
        key = (one.service, one.ref.port, status)
        share = one.weight / total + (found[key].share if key in found else 0.0)
        found[key] = BackendShare(service=one.service, port=one.ref.port, share=share, ready_endpoints=one.ready, status=status)
    return tuple(found.values())
