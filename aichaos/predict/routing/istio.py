"""Istio's VirtualServices and DestinationRules, as far as they decide where a request from pod to Service goes.

Source: Istio 1.30, networking.istio.io/v1. The first route of the list that matches wins, whatever its matches are.
"""

from collections.abc import Iterator
from typing import Any

from aichaos.domain.hostnames import takes
from aichaos.domain.mesh import Destination, DestinationRule, VirtualService, VirtualServiceRoute
from aichaos.domain.network import Service
from aichaos.domain.prediction import Answer, BackendShare, Received
from aichaos.predict.routing import regexes
from aichaos.predict.routing.age import age, older_first
from aichaos.predict.routing.answer import Found, error
from aichaos.predict.routing.profile import Profile
from aichaos.predict.routing.request import Request
from aichaos.predict.routing.world import World


def full_name(host: str, namespace: str) -> str:
    """A host as an object of some namespace means it: a short name is a Service of that namespace."""
    if "." not in host and host != "*":
        return f"{host}.{namespace}.svc.cluster.local"
    parts = host.split(".")
    if len(parts) == 2 or (len(parts) == 3 and parts[2] == "svc"):
        return f"{parts[0]}.{parts[1]}.svc.cluster.local"
    return host


def virtual_service(service: Service, world: World) -> VirtualService | None:
    """The VirtualService for a Service inside the mesh: the oldest that names it."""
    wanted = full_name(service.name, service.namespace)
    found = [
        one
        for one in world.virtual_services.values()
        if one.spec.http
        and (not one.spec.gateways or "mesh" in one.spec.gateways)
        and any(full_name(host, one.namespace) == wanted for host in one.spec.hosts)
    ]
    return min(found, key=lambda one: (age(one), one.name, one.namespace), default=None)


def elsewhere(request: Request, world: World) -> Iterator[str]:
    """The VirtualServices that have the host of a request at Gateways of Istio's own kind, which are not read."""
    for one in world.virtual_services.values():
        bound = [name for name in one.spec.gateways if name != "mesh"]
        if bound and any(takes(full_name(host, one.namespace).lower(), request.host) for host in one.spec.hosts):
            yield (
                f"VirtualService {one.namespace}/{one.name} has this host at {', '.join(bound)}, "
                f"a Gateway of Istio's own kind: what that answers is not foretold"
            )


def answer(request: Request, service: Service, virtual: VirtualService, world: World, profile: Profile) -> Answer:
    name = f"{virtual.namespace}/{virtual.name}"
    number = next((place for place, route in enumerate(virtual.spec.http) if _takes(route, request)), None)
    if number is None:
        return error(404, Found(why=f"no route of VirtualService {name} takes it"), profile)
    route = virtual.spec.http[number]
    why = (
        f"VirtualService {name} route {number}{f' ({route.name})' if route.name else ''} is the first that takes it",
        *_notes(route, virtual, world),
    )
    if route.redirect is not None:
        status, location = int(route.redirect.get("redirectCode") or 301), _location(route.redirect, request)
        return Answer(outcome="redirect", status=status, location=location, rule=number, why=why, implementation=profile.name)
    if route.direct_response is not None:
        status = int(route.direct_response.get("status") or 200)
        outcome = "error" if status >= 400 else "forward"
        return Answer(outcome=outcome, status=status, rule=number, why=why, implementation=profile.name)  # type: ignore[arg-type]
    abort, share = _abort(route)
    if abort is not None and share >= 1:
        return Answer(outcome="error", status=abort, rule=number, why=(*why, "the fault in the route answers"), implementation=profile.name)
    backends = _shares(route, virtual, service, request, world, 1 - share)
    if abort is not None:
        backends = (*backends, BackendShare(service=None, port=None, share=share, status=abort))
    serving = any(one.status is None for one in backends)
    failed = None if serving else max((one.status or 0 for one in backends), default=503)
    return Answer(
        outcome="forward" if serving else "error",
        status=failed,
        rule=number,
        backends=backends,
        received=_received(route, request) if serving else None,
        why=why,
        implementation=profile.name,
    )


def _takes(route: VirtualServiceRoute, request: Request) -> bool:
    return not route.match or any(_match(one, request) for one in route.match)


def _match(match: dict[str, Any], request: Request) -> bool:
    """One HTTPMatchRequest: everything that it names must hold."""
    path, headers = request.path, {name.lower(): value for name, value in request.headers}
    fold = bool(match.get("ignoreUriCase"))
    checks: list[tuple[Any, str | None]] = [
        (match.get("method"), request.method),
        (match.get("authority"), request.authority),
        (match.get("scheme"), request.scheme),
    ]
    query = dict(part.partition("=")[::2] for part in reversed((request.query or "").split("&")) if part)
    checks += [(rule, headers.get(name.lower())) for name, rule in (match.get("headers") or {}).items()]
    checks += [(rule, query.get(name)) for name, rule in (match.get("queryParams") or {}).items()]
    without = match.get("withoutHeaders") or {}
    return (
        (match.get("uri") is None or _string(match["uri"], path, fold=fold))
        and all(rule is None or _string(rule, value) for rule, value in checks)
        and not any(_string(rule, headers.get(name.lower())) for name, rule in without.items())
        and match.get("port") in (None, request.port)
    )


def _string(rule: Any, value: str | None, *, fold: bool = False) -> bool:
    """One StringMatch; an empty one asks only that the value is there. fold: whether case counts for nothing, but for an expression."""
    if value is None:
        return False
    for kind, wanted in (rule or {}).items():
        text, seen = (str(wanted).lower(), value.lower()) if fold else (str(wanted), value)
        if kind == "exact":
            return seen == text
        if kind == "prefix":
            return seen.startswith(text)
        if kind == "regex":
            return regexes.whole(str(wanted), value)
    return True


def _shares(
    route: VirtualServiceRoute, virtual: VirtualService, service: Service, request: Request, world: World, part: float
) -> tuple[BackendShare, ...]:
    weights = [1 if one.weight is None and len(route.route) == 1 else one.weight or 0 for one in route.route]
    total = sum(weights)
    return tuple(
        _share(one.destination, virtual.namespace, request, world, part * weight / total)
        for one, weight in zip(route.route, weights, strict=True)
        if weight
    )


def _share(destination: Destination, namespace: str, request: Request, world: World, share: float) -> BackendShare:
    """A destination: 503 where its Service, its subset or a ready endpoint is missing."""
    name, home, *_ = [*full_name(destination.host, namespace).split("."), ""]
    target = world.services.get((home, name))
    if target is None:
        return BackendShare(service=None, port=None, share=share, status=503)
    port = (destination.port or {}).get("number") or (target.spec.ports[0].port if len(target.spec.ports) == 1 else request.port)
    labels = _subset(destination, namespace, world)
    ready = world.endpoints(target, port, labels)[0] if labels is not None else 0
    return BackendShare(service=f"{home}/{name}", port=port, share=share, ready_endpoints=ready, status=None if ready else 503)


def _subset(destination: Destination, namespace: str, world: World) -> dict[str, str] | None:
    """The labels of a subset; empty where none is asked, None where there is no such subset."""
    if destination.subset is None:
        return {}
    for rule in _rules(destination, namespace, world):
        for subset in rule.spec.subsets:
            if subset.name == destination.subset:
                return subset.labels
    return None


def _rules(destination: Destination, namespace: str, world: World) -> list[DestinationRule]:
    wanted = full_name(destination.host, namespace)
    return sorted((one for one in world.destination_rules.values() if full_name(one.spec.host, one.namespace) == wanted), key=older_first)


def _abort(route: VirtualServiceRoute) -> tuple[int | None, float]:
    """The status of an injected fault, and its share of the requests."""
    abort = (route.fault or {}).get("abort") or {}
    status = abort.get("httpStatus")
    if status is None:
        return None, 0.0
    share = (abort.get("percentage") or {}).get("value", 100)
    return int(status), min(max(float(share) / 100, 0.0), 1.0)


def _location(redirect: dict[str, Any], request: Request) -> str:
    scheme, host = redirect.get("scheme") or request.scheme, redirect.get("authority") or request.authority
    path = redirect.get("uri") or request.path
    query = "" if request.query is None or "?" in path else f"?{request.query}"
    return f"{scheme}://{host}{path}{query}"


def _received(route: VirtualServiceRoute, request: Request) -> Received:
    rewrite = route.rewrite or {}
    path = request.path
    uri = rewrite.get("uri")
    if uri is not None:
        taken = next((one for one in route.match if _match(one, request)), {})
        prefix = (taken.get("uri") or {"prefix": "/"}).get("prefix")  # what asks for no path asks for the prefix `/`
        path = f"{uri}{path[len(prefix) :]}" if prefix is not None else str(uri)
    target = path if request.query is None else f"{path}?{request.query}"
    return Received(path=target, host=rewrite.get("authority") or request.authority, headers=request.headers)


def _notes(route: VirtualServiceRoute, virtual: VirtualService, world: World) -> Iterator[str]:
    """What does not do what its writer may have hoped for, and what happens beside the routing."""
    idle = [one.destination.host for one in route.route if one.weight == 0]
    if idle:
        yield f"{', '.join(idle)} has weight 0: it gets nothing, also when the others fail (a fallback is no failover)"
    for one in route.route:
        if one.destination.subset is not None and _subset(one.destination, virtual.namespace, world) is None:
            yield f"no DestinationRule has a subset {one.destination.subset} for {one.destination.host}: its share is answered with 503"
        for rule in _rules(one.destination, virtual.namespace, world):
            policy = rule.spec.traffic_policy or {}
            locality = (policy.get("loadBalancer") or {}).get("localityLbSetting") or {}
            if locality and "outlierDetection" not in policy:
                yield f"{rule.namespace}/{rule.name} sets locality failover without outlierDetection: no other locality takes over"
    if route.mirror is not None:
        share = (route.mirror_percentage or {}).get("value", 100)
        yield f"a copy of {float(share):g} % of such requests goes to {route.mirror.host}, whose answer nobody sees"
    if route.timeout:
        yield f"504 if it takes longer than {route.timeout} in all"
    delay = (route.fault or {}).get("delay") or {}
    if delay.get("fixedDelay"):
        share = (delay.get("percentage") or {}).get("value", 100)
        yield f"{float(share):g} % of such requests wait {delay['fixedDelay']} first (a fault in the route)"
