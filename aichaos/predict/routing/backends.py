"""Where the requests of a rule go: backendRefs resolved, and each one's share.

Source: Gateway API v1.6, `HTTPRouteRule.backendRefs`, `BackendObjectReference`, `ReferenceGrant`.
"""

from collections.abc import Iterable, Iterator, Sequence

import msgspec

from aichaos.domain import forms
from aichaos.domain.base import kind_name
from aichaos.domain.gateway import BackendRef, Filter, GRPCRule, HTTPRule, Route, StreamRule, UDPRoute
from aichaos.domain.prediction import BackendShare
from aichaos.predict.routing.profile import Profile
from aichaos.predict.routing.secured import Secured, secured
from aichaos.predict.routing.world import World

NO_STATUSES: dict[int, int] = {}


class Resolved(msgspec.Struct, frozen=True, gc=False):
    """One backendRef. problem: `InvalidKind`, `RefNotPermitted`, `BackendNotFound`, `UnsupportedProtocol`, or "" where it can be used.

    ready, known: how many of its endpoints are ready, and how many there are. why: what the name of the problem does not tell.
    tls: how the gateway connects to it, None where it does so in the clear.
    """

    ref: BackendRef
    service: str | None
    problem: str
    ready: int = 0
    known: int = 0
    why: str = ""
    tls: Secured | None = None

    @property
    def invalid(self) -> bool:
        """Whether it can't be used, whatever its endpoints are: its reference is bad, or the TLS that it asks for can't be had."""
        return bool(self.problem) or (self.tls is not None and self.tls.broken)

    @property
    def weight(self) -> int:
        return 1 if self.ref.weight is None else self.ref.weight

    @property
    def unready(self) -> bool:
        """Whether it has endpoints, and none of them is ready."""
        return not self.invalid and self.known > 0 and not self.ready


def resolve(route: Route, ref: BackendRef, world: World, profile: Profile) -> Resolved:
    if ref.kind not in (None, "Service") or ref.group:
        return Resolved(ref, None, "InvalidKind")
    namespace = ref.namespace or route.namespace
    if namespace != route.namespace and not world.granted(kind_name(route), route.namespace, "Service", namespace, ref.name):
        return Resolved(ref, f"{namespace}/{ref.name}", "RefNotPermitted")
    service = world.services.get((namespace, ref.name))
    if service is None:
        return Resolved(ref, f"{namespace}/{ref.name}", "BackendNotFound")
    if service.spec.type == "ExternalName":
        return Resolved(ref, f"{namespace}/{ref.name}", "BackendNotFound", why=f"backend {namespace}/{ref.name} is an ExternalName")
    ports = [one for one in service.spec.ports if ref.port in (None, one.port) and (one.protocol == "UDP") is isinstance(route, UDPRoute)]
    if not ports and (ref.port is not None or service.spec.ports):
        return Resolved(ref, f"{namespace}/{ref.name}", "BackendNotFound")
    if profile.protocols and any(one.app_protocol and one.app_protocol not in profile.protocols for one in ports):
        return Resolved(ref, f"{namespace}/{ref.name}", "UnsupportedProtocol")
    ready, known = world.endpoints(service, ref.port)
    return Resolved(ref, f"{namespace}/{ref.name}", "", ready, known, tls=secured(service, ref.port, world))


def route_problems(route: Route, world: World, profile: Profile) -> Iterator[str]:
    """What is wrong with the references of a route, rule by rule."""
    for rule in route.spec.rules or ():
        yield from rule_problems(route, rule, world, profile)


def rule_problems(route: Route, rule: HTTPRule | GRPCRule | StreamRule, world: World, profile: Profile) -> Iterator[str]:
    """What is wrong with the references of a rule: those of its mirrors, then those of its backends."""
    refs = rule.backend_refs or ()
    filters: tuple[Filter, ...] = () if isinstance(rule, StreamRule) else rule.filters
    every = (*filters, *(own for ref in refs for own in ref.filters))
    for ref in (*mirrors(every), *refs):
        if problem := resolve(route, ref, world, profile).problem:
            yield problem


def mirrors(filters: Iterable[Filter]) -> list[BackendRef]:
    return [forms.convert(one.request_mirror.backend_ref, BackendRef) for one in filters if one.request_mirror is not None]


def mirrors_hold(route: Route, rule: int, world: World, profile: Profile) -> bool:
    """Whether every mirror of a rule leads to a Service that may be used, and no redirect stands beside one that has endpoints."""
    filters: tuple[Filter, ...] = getattr((route.spec.rules or ())[rule], "filters", ())
    copies = [resolve(route, ref, world, profile) for ref in mirrors(filters)]
    redirected = any(one.request_redirect is not None for one in filters)
    return not any(one.invalid or (redirected and one.known) for one in copies)


def reached(one: Resolved, profile: Profile) -> bool:
    """Whether requests come to a backend at all."""
    return bool(one.weight) and _serves(one, profile)


def shares(refs: Sequence[Resolved], profile: Profile, statuses: dict[int, int] = NO_STATUSES) -> tuple[BackendShare, ...]:
    """The shares of a rule's backends, adding up to 1; empty where nothing has a weight. The same Service twice is one share.

    statuses: place of a backend → what its own filters answer instead of it.
    """
    listed = list(enumerate(refs))
    usable = [(place, one) for place, one in listed if not one.invalid] if profile.invalid_share == "left-out" else listed
    weighing = [one for _, one in usable if one.weight]
    if profile.rule_cluster == "one" and _one_cluster(weighing):
        first = {(one.service, one.ref.port): place for place, one in reversed(usable) if one.weight}
        usable = [(place, one) for place, one in usable if first.get((one.service, one.ref.port)) == place]  # Envoy takes a pod once
        if any(one.ready for _, one in usable):
            usable = [(place, one) for place, one in usable if not one.unready]  # what is ready takes their share
    total = sum(one.weight for _, one in usable)
    alike = _alike([one for _, one in listed], profile) if profile.failing_shares == "alike" else None
    found: dict[tuple[str | None, int | None, int | None], BackendShare] = {}
    for place, one in usable:
        if not one.weight:
            continue
        status = None if _serves(one, profile) else alike or (500 if one.invalid else 503)
        status = statuses.get(place, status)
        key = (one.service, one.ref.port, status)
        share = one.weight / total + (found[key].share if key in found else 0.0)
        found[key] = BackendShare(service=one.service, port=one.ref.port, share=share, ready_endpoints=one.ready, status=status)
    return tuple(found.values())


def failing(refs: Sequence[Resolved], found: Sequence[BackendShare], profile: Profile) -> int:
    """The status of a rule none of whose backends serves."""
    return max((one.status or 0 for one in found), default=_alike(refs, profile) if profile.failing_shares == "alike" else 500)


def _serves(one: Resolved, profile: Profile) -> bool:
    return not one.invalid and (one.ready > 0 or (one.unready and profile.unready == "served"))


def _one_cluster(refs: Sequence[Resolved]) -> bool:
    """Whether Envoy Gateway puts the backends of a rule into one cluster, whose health is seen as a whole."""
    return not any(one.invalid or not one.known or one.ref.filters for one in refs)


def _alike(refs: Sequence[Resolved], profile: Profile) -> int:
    """What Envoy Gateway answers for all shares of a rule that fail. Where no backend serves, invalid ones of no weight count too."""
    weighing = [one for one in refs if one.weight]
    empty = any(not one.invalid and not one.known for one in weighing)
    serves = any(reached(one, profile) for one in weighing)
    return 503 if empty and (serves or not any(one.invalid for one in refs)) else 500
