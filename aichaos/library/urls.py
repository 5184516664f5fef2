"""Requests that a route would answer: the URL, the listener's port, and which backend is meant to answer."""

from collections.abc import Callable, Sequence
from typing import Any
from urllib.parse import quote, urlencode

import msgspec

from aichaos.domain.gateway import HTTPMatch, HTTPRoute, HTTPRule, NamedMatch
from aichaos.observe.attach import hostnames
from aichaos.observe.topology import Topology


class Target(msgspec.Struct, frozen=True, kw_only=True):
    """One request. backend: namespace and name of the only Service that answers, None where several share. gateway: `ns/name`."""

    base: str
    host: str
    path: str
    method: str
    headers: dict[str, str]
    gateway: str
    backend: tuple[str, str] | None

    @property
    def url(self) -> str:
        return self.base + self.path


def targets(topology: Topology, route: HTTPRoute) -> list[Target]:
    """One request for each match of a route that a plain request can fulfil; regular expressions are left out."""
    attached = topology.attached(route)
    if not attached:
        return []
    listener = attached[0].listeners[0]
    scheme = "https" if listener.protocol == "HTTPS" else "http"
    host = next(iter(hostnames(listener.hostname, route.spec.hostnames)), "*").replace("*", "any", 1)
    host = "any.example.com" if host == "any" else host
    port = "" if listener.port == (443 if scheme == "https" else 80) else f":{listener.port}"
    gateway = f"{attached[0].gateway.namespace}/{attached[0].gateway.name}"
    found: dict[_Request, tuple[_Rank, Target]] = {}
    for rule in route.spec.rules or ():
        for match in rule.matches or [HTTPMatch()]:
            target = _target(match, rule, route, base=f"{scheme}://{host}{port}", host=host, gateway=gateway)
            if target is not None:
                request = target.path, target.method, tuple(sorted(target.headers.items()))
                if request not in found or found[request][0] < _rank(match):
                    found[request] = _rank(match), target
    return [target for _, target in found.values()]


_Request = tuple[str, str, tuple[tuple[str, str], ...]]
_Rank = tuple[bool, bool]


def _rank(match: HTTPMatch) -> _Rank:
    """Which of two matches answers one and the same request: an exact path, then a named method; of equals the first."""
    return match.path is not None and match.path.type == "Exact", match.method is not None


def _target(match: HTTPMatch, rule: HTTPRule, route: HTTPRoute, *, base: str, host: str, gateway: str) -> Target | None:
    kinds = {match.path.type if match.path else None, *(condition.type for condition in (*match.headers, *match.query_params))}
    if "RegularExpression" in kinds:
        return None
    refs = [ref for ref in rule.backend_refs or () if ref.weight != 0]
    if not refs:
        return None  # a redirect, or an error: nobody behind the Gateway answers
    backend = (refs[0].namespace or route.namespace, refs[0].name) if len(refs) == 1 else None
    query = urlencode({param.name: param.value for param in _first(match.query_params)}, quote_via=quote)
    path = quote((match.path.value if match.path else None) or "/", safe="/%:@!$&'()*+,;=~")
    return Target(
        base=base,
        host=host,
        path=f"{path}?{query}" if query else path,
        method=match.method or "GET",
        headers={header.name: header.value for header in _first(match.headers, str.lower)},
        gateway=gateway,
        backend=backend,
    )


def _first(conditions: Sequence[NamedMatch], name: Callable[[str], str] = str) -> Sequence[NamedMatch]:
    """Of conditions on one name only the first counts."""
    found: dict[str, NamedMatch] = {}
    for condition in conditions:
        found.setdefault(name(condition.name), condition)
    return list(found.values())


def probes(served: list[Target], *, name: str | None = None, tolerance: dict[str, str] | None = None) -> list[dict[str, Any]]:
    """The targets as steady-state probes of an experiment, at most three: the shortest path, the longest, and one between."""
    chosen = served if len(served) <= 3 else [served[0], served[len(served) // 2], served[-1]]
    return [_probe(target, name if number == 0 else None, tolerance or {}) for number, target in enumerate(chosen)]


def _probe(target: Target, name: str | None, tolerance: dict[str, str]) -> dict[str, Any]:
    expect = {"status": "200"} | ({"backend": "/".join(target.backend)} if target.backend else {})
    http: dict[str, Any] = {"url": target.url, "via": f"gateway/{target.gateway}"}
    if target.method != "GET":
        http["method"] = target.method
    if target.headers:
        http["headers"] = target.headers
    asked = f"{'' if target.method == 'GET' else f'{target.method} '}{target.host}{target.path}"
    told = "".join(f" with {header}: {value}" for header, value in target.headers.items())
    label = name or f"{asked}{told} answers" + (f" from {target.backend[1]}" if target.backend else "")
    return {"name": label, "http": http | {"expect": expect}} | ({"tolerance": tolerance} if tolerance else {})
