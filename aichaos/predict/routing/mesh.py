"""Requests inside the cluster, from pod to Service, that pass no Gateway: GAMMA's routes, Istio's VirtualServices, or the Service itself.

Source: Gateway API v1.6, GEP-1324 and GEP-1294 (a parentRef that names a Service); Istio 1.30, `VirtualService`, `DestinationRule`. Of
Istio what decides where a request goes is read; that every client has a sidecar is assumed.
"""

from collections.abc import Iterable

import msgspec

from aichaos.domain.gateway import HTTPRoute, ParentRef, Route
from aichaos.domain.network import Service
from aichaos.domain.prediction import Answer, BackendShare, Received
from aichaos.predict.routing import istio
from aichaos.predict.routing.age import age, older_first
from aichaos.predict.routing.answer import Found, error, taken
from aichaos.predict.routing.backends import resolve
from aichaos.predict.routing.beside import beside
from aichaos.predict.routing.entries import Entry, along, entries
from aichaos.predict.routing.matching import holds
from aichaos.predict.routing.order import sort_key
from aichaos.predict.routing.paths import normalised
from aichaos.predict.routing.profile import Profile
from aichaos.predict.routing.request import Request
from aichaos.predict.routing.world import Key, World

MESH: Key = ("", "mesh")
"""Stands where the name of a Gateway would: no Gateway is passed."""
_KINDS = ("Exact", "PathPrefix", "RegularExpression")


def service_of(host: str, world: World) -> Service | None:
    """The Service that a name of the cluster's DNS means: `NAME.NAMESPACE`, with or without `.svc` and `.cluster.local`."""
    name, _, rest = host.removesuffix(".").partition(".")
    for suffix in (".svc.cluster.local", ".svc"):
        rest = rest.removesuffix(suffix)
    return world.services.get((rest, name)) if rest else None


def answer(request: Request, routes: Iterable[Route], world: World, profile: Profile, client: str | None = None) -> Answer:
    """Where a request to a Service goes. client: the namespace that it comes from; None where nobody said."""
    request = msgspec.structs.replace(request, path=normalised(request.path, profile.normalise))
    service = service_of(request.host, world)
    if service is None:
        return error(None, Found(why=f"no Service is called {request.host}"), profile)
    mine = [
        route
        for route in routes
        if isinstance(route, HTTPRoute) and any(_names(parent, route, service, request) for parent in route.spec.parent_refs)
    ]
    producers = [route for route in mine if route.namespace == service.namespace]
    theirs = [route for route in mine if route.namespace == client != service.namespace]
    if theirs:
        instead = f"{_listed(theirs)} is of the client's namespace: it stands instead of the Service's own routes"
        return _with(_gamma(request, theirs, world, profile), (instead,))
    consumers = [route for route in mine if route.namespace != service.namespace] if client is None else []
    also = (f"for clients in their own namespace these routes replace it: {_listed(consumers)}",) if consumers else ()
    if producers:
        return _with(_gamma(request, producers, world, profile), also)
    virtual = istio.virtual_service(service, world)
    if virtual is not None:
        return _with(istio.answer(request, service, virtual, world, profile), also)
    return _with(_plain(request, service, world, profile), also)


def _names(parent: ParentRef, route: Route, service: Service, request: Request) -> bool:
    return (
        parent.kind == "Service"
        and parent.group in (None, "")
        and (parent.namespace or route.namespace, parent.name) == (service.namespace, service.name)
        and parent.port in (None, request.port)
    )


def _gamma(request: Request, routes: list[HTTPRoute], world: World, profile: Profile) -> Answer:
    """The routes of a Service; their hostnames do not count, and what none of them takes is a 404."""
    if profile.service_ports == "apart":
        routes = _oldest_group(routes)
    fitting: list[Entry] = [
        entry
        for route in sorted(routes, key=older_first)
        for entry in entries(route, profile)
        if along(entry, request.path) and holds(entry, request, request.path, profile)
    ]
    if not fitting:
        return error(404, Found(why=f"no rule of {_listed(routes)} takes it, and a Service with a route answers nothing else"), profile)
    key = sort_key(profile.order)
    best = min(fitting, key=lambda entry: (_KINDS.index(entry.kind), -len(entry.key), key(entry)))
    rule = (best.route.spec.rules or ())[best.rule]
    refs = tuple(resolve(best.route, ref, world, profile) for ref in rule.backend_refs or ())
    found = beside(taken(request, Found(entry=best, path=request.path), refs, profile), best, world, profile)
    return _with(found, (f"{best.route.namespace}/{best.route.name} is attached to the Service itself: no Gateway is passed",))


def _oldest_group(routes: list[HTTPRoute]) -> list[HTTPRoute]:
    """For Istio the routes that name a port of the Service and those that name none are two tables, of which the older one serves."""
    groups: dict[bool, list[HTTPRoute]] = {}
    for route in routes:
        groups.setdefault(all(parent.port is None for parent in route.spec.parent_refs), []).append(route)
    return min(groups.items(), key=lambda group: (min(age(route) for route in group[1]), group[0]))[1]


def _plain(request: Request, service: Service, world: World, profile: Profile) -> Answer:
    """A Service that nothing routes: the connection goes to one of its ready endpoints, or nowhere."""
    if all(port.port != request.port for port in service.spec.ports):
        return error(None, Found(why=f"Service {service.namespace}/{service.name} has no port {request.port}"), profile)
    ready, _ = world.endpoints(service, request.port)
    share = BackendShare(service=f"{service.namespace}/{service.name}", port=request.port, share=1.0, ready_endpoints=ready)
    why = "the Service is asked directly: no Gateway and no route is passed"
    if not ready:
        return Answer(
            outcome="error",
            backends=(share,),
            why=(why, "it has no ready endpoint: the connection is refused"),
            implementation=profile.name,
        )
    received = Received(path=request.target, host=request.authority, headers=request.headers)
    return Answer(outcome="forward", backends=(share,), received=received, why=(why,), implementation=profile.name)


def _listed(routes: Iterable[HTTPRoute]) -> str:
    return ", ".join(sorted({f"{route.namespace}/{route.name}" for route in routes}))


def _with(found: Answer, why: tuple[str, ...]) -> Answer:
    return found.because(*why) if why else found
