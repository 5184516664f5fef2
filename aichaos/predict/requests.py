"""Requests that show what an experiment does: one for each match of the routes that it could concern, the neighbours of each boundary, and
those that its own probes send.

A boundary is where one more character changes the answer: `/shop` and `/shopping` beside the prefix `/shop`, a request without the header
that a match asks for, a host beside a wildcard.
"""

import heapq
from collections.abc import Iterable, Iterator
from itertools import islice
from urllib.parse import quote, urlencode

import msgspec

from aichaos.domain.base import kind_name, reference
from aichaos.domain.experiment import Experiment, Probe
from aichaos.domain.gateway import GRPCMatch, GRPCRoute, HTTPMatch, HTTPRoute, Route
from aichaos.domain.prediction import Pairs, RequestLine
from aichaos.observe.attach import hostnames
from aichaos.observe.topology import Topology

MOST = 60
"""Requests that are derived at most: a table that somebody can read."""
BYSTANDERS = 5
_SAFE = "/%:@!$&'()*+,;=~"
_SECURE = ("HTTPS", "TLS")


class Asked(msgspec.Struct, frozen=True, kw_only=True):
    """A request and the Gateway that it is sent to (`NS/NAME`); None for the only one that it can be meant for."""

    line: RequestLine
    gateway: str | None = None


def derived(
    experiment: Experiment, topology: Topology, concerned: Iterable[Route], brought: Iterable[tuple[Topology, Route]]
) -> list[Asked]:
    """The requests for an experiment, at most `MOST`. topology: the cluster as it is found.

    concerned: the routes whose requests are asked first. brought: those that the experiment makes, with the cluster that they come to.
    Routes that nothing touches come after them, as bystanders: one request each.
    """
    found: dict[Asked, None] = dict.fromkeys(_probed(experiment))
    touched = {reference(route): route for route in concerned}
    for ref in sorted(touched):
        found.update(dict.fromkeys(islice(_of_route(touched[ref], topology), MOST)))
    for where, route in brought:
        found.update(dict.fromkeys(islice(_of_route(route, where), MOST)))
    routes: list[HTTPRoute | GRPCRoute] = [*topology.snapshot.http_routes, *topology.snapshot.grpc_routes]
    first = heapq.nsmallest(BYSTANDERS + len(touched), routes, key=lambda route: (route.namespace, route.name, kind_name(route)))
    others = [request for route in first if reference(route) not in touched for request in islice(_of_route(route, topology), 1)]
    return list(dict.fromkeys([*found, *others[:BYSTANDERS]]))[:MOST]


def text(line: RequestLine) -> str:
    """A request as a person would type it."""
    return " ".join([line.method, line.url, *(f"-H '{name}: {value}'" for name, value in line.headers)])


def of_probe(probe: Probe) -> Asked | None:
    """The request that a probe sends through a Gateway; None for one that asks something else."""
    if probe.http is None or not (probe.http.via or "gateway").startswith("gateway"):
        return None
    line = RequestLine(url=probe.http.url, method=probe.http.method, headers=tuple(probe.http.headers.items()))
    return Asked(line=line, gateway=probe.http.via.partition("/")[2] or None if probe.http.via else None)


def _probed(experiment: Experiment) -> Iterator[Asked]:
    for probe in (*experiment.spec.steady_state, *experiment.spec.abort):
        if (asked := of_probe(probe)) is not None:
            yield asked


def _of_route(route: Route, topology: Topology) -> Iterator[Asked]:
    for attachment in topology.attached(route)[:2]:
        for listener in attachment.listeners[:2]:
            scheme = "https" if listener.protocol in _SECURE else "http"
            port = "" if listener.port == (443 if scheme == "https" else 80) else f":{listener.port}"
            gateway = f"{attachment.gateway.namespace}/{attachment.gateway.name}"
            for host in _hosts(hostnames(listener.hostname, route.spec.hostnames)):
                yield from (Asked(line=line, gateway=gateway) for line in _at(route, f"{scheme}://{host}{port}"))


def _hosts(patterns: list[str]) -> Iterator[str]:
    for pattern in patterns[:3]:
        yield "any.example.com" if pattern == "*" else pattern.replace("*", "any", 1)


def _at(route: Route, base: str) -> Iterator[RequestLine]:
    match route:
        case HTTPRoute():
            for rule in route.spec.rules or ():
                for one in rule.matches or (HTTPMatch(),):
                    yield from _http(one, base)
        case GRPCRoute():
            for grpc in route.spec.rules or ():
                for match in grpc.matches or (GRPCMatch(),):
                    yield _grpc(match, base)


def _http(match: HTTPMatch, base: str) -> Iterator[RequestLine]:
    kind = (match.path.type if match.path else None) or "PathPrefix"
    value = (match.path.value if match.path else None) or "/"
    if kind == "RegularExpression":
        return
    headers: Pairs = tuple((one.name, one.value) for one in match.headers if one.type != "RegularExpression")
    query = urlencode([(one.name, one.value) for one in match.query_params if one.type != "RegularExpression"], quote_via=quote)
    method, path = match.method or "GET", quote(value, safe=_SAFE)
    tail = f"?{query}" if query else ""
    yield RequestLine(url=f"{base}{path}{tail}", method=method, headers=headers)
    for near in _near(path, kind):
        yield RequestLine(url=f"{base}{near}{tail}", method=method, headers=headers)
    if headers:
        yield RequestLine(url=f"{base}{path}{tail}", method=method)
    if tail:
        yield RequestLine(url=f"{base}{path}", method=method, headers=headers)
    if match.method:
        yield RequestLine(url=f"{base}{path}{tail}", method="POST" if method == "GET" else "GET", headers=headers)


def _near(path: str, kind: str) -> Iterator[str]:
    """Paths on the other side of a boundary, or just inside it."""
    bare = path.rstrip("/")
    if kind == "Exact":
        yield f"{bare}/" if path == bare and bare else f"{bare}/x"
        return
    yield f"{bare}/x"
    if bare:
        yield f"{bare}x"


def _grpc(match: GRPCMatch, base: str) -> RequestLine:
    method = match.method
    service, name = (method.service, method.method) if method and method.type != "RegularExpression" else (None, None)
    headers: Pairs = tuple((one.name, one.value) for one in match.headers if one.type != "RegularExpression")
    return RequestLine(
        url=f"{base}/{service or 'any.Service'}/{name or 'Any'}", method="POST", headers=(("content-type", "application/grpc"), *headers)
    )
