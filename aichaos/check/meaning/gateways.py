"""Routes and listeners that the API server admits and a gateway chokes on: what one route can do to all routes of its port.

Measured: the translators of Istio (main of 2026-08), Envoy Gateway 1.9.1 and Contour 1.33.6 were given such routes, and a real Envoy their
answers. Which of them harm depends on the gateway: it is an error where the gateway at hand is known to choke, else a warning that names
those that do. An experiment may intend them: a poison route is a fault of its own kind.
"""

import re
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from functools import lru_cache
from typing import Any

from aichaos.check.fixes import fix, replace
from aichaos.check.meaning.implementations import CALLED, implementation_of, implementations
from aichaos.check.meaning.units import short
from aichaos.check.subject import Subject
from aichaos.domain.finding import Finding
from aichaos.domain.gateway import Filter, Gateway, GRPCMatch, GRPCRoute, GRPCRule, HTTPMatch, HTTPRoute, HTTPRule
from aichaos.domain.operators import broken, escaped, holds_operator
from aichaos.observe.attach import attach, hostnames, names_gateway

_WHOLE_PORT = (
    "Envoy refuses the routes of the whole port: it keeps the old ones and takes no further change, and one that starts answers 404 to "
    "everything, while the route's status says Accepted"
)


def route_hazards(this: Subject, route: HTTPRoute | GRPCRoute) -> Iterator[Finding]:
    serving = implementations(route.spec.parent_refs, this.namespace, this.world.topology)
    seen: dict[Any, int] = {}
    rules: Sequence[HTTPRule | GRPCRule] = route.spec.rules or ()
    for number, rule in enumerate(rules):
        path = f"/spec/rules/{number}"
        matches: Sequence[HTTPMatch | GRPCMatch] = rule.matches or ()
        for index, match in enumerate(matches):
            here = f"{path}/matches/{index}"
            yield from _expressions(this, match, here, serving)
            yield from _never(this, match, here, serving)
            if isinstance(match, HTTPMatch):
                yield from _again(this, match, seen, number, here, serving)
        yield from _filters(this, rule.filters, f"{path}/filters", serving)
        for index, backend in enumerate(rule.backend_refs or ()):
            if backend.filters:
                yield from _filters(this, backend.filters, f"{path}/backendRefs/{index}/filters", serving)
    yield from _nested_listeners(this, route)


def _who(serving: frozenset[str], harmed: Sequence[str]) -> tuple[str, bool] | None:
    """Who chokes, and whether that is certain here; None where the gateway at hand is known not to."""
    if not serving:
        return " and ".join(CALLED[one] for one in harmed), False
    here = [one for one in harmed if one in serving]
    return (" and ".join(CALLED[one] for one in here), True) if here else None


# regular expressions ------------------------------------------------------------------------------------------------------------


def _expressions(this: Subject, match: HTTPMatch | GRPCMatch, path: str, serving: frozenset[str]) -> Iterator[Finding]:
    if isinstance(match, HTTPMatch):
        if match.path is not None and match.path.type == "RegularExpression":
            yield from _expression(this, match.path.value or "", f"{path}/path/value", serving)
        for index, query in enumerate(match.query_params):
            if query.type == "RegularExpression":
                yield from _expression(this, query.value, f"{path}/queryParams/{index}/value", serving)
    for index, header in enumerate(match.headers):
        if header.type == "RegularExpression":
            yield from _expression(this, header.value, f"{path}/headers/{index}/value", serving)


def _expression(this: Subject, pattern: str, path: str, serving: frozenset[str]) -> Iterator[Finding]:
    problem = invalid(pattern)
    if problem is None:
        return
    what = f"{short(pattern)} is no regular expression of RE2 ({problem})"
    if "istio" in serving:
        message, severity = f"{what}: Istio hands it on, and {_WHOLE_PORT}", None
    elif serving:
        drops = "the whole rule" if "envoy-gateway" in serving else "this match"
        message, severity = f"{what}: {drops} is dropped", None
    else:
        message, severity = f"{what}: Istio hands it on, and {_WHOLE_PORT}; Envoy Gateway drops the rule, Contour the match", "warning"
    yield this.note("gateway/invalid-regex", message, path, "warning" if severity else None)


@lru_cache(maxsize=4096)
def invalid(pattern: str) -> str | None:
    """Why RE2, which every gateway with Envoy uses, refuses a pattern; None where it takes it."""
    import re2  # costs 10 ms, and few routes have an expression

    options = re2.Options()
    options.log_errors = False
    try:
        re2.compile(pattern, options)
    except re2.error as error:
        told = error.args[0] if error.args else "not valid"
        return told.decode("utf-8", "replace") if isinstance(told, bytes) else str(told)
    except UnicodeEncodeError:
        return "it is no Unicode text"
    return None


# headers ------------------------------------------------------------------------------------------------------------------------


def _filters(this: Subject, filters: Sequence[Filter], path: str, serving: frozenset[str]) -> Iterator[Finding]:
    for index, item in enumerate(filters):
        for name, modifier in (
            ("requestHeaderModifier", item.request_header_modifier),
            ("responseHeaderModifier", item.response_header_modifier),
        ):
            if modifier is None:
                continue
            for action, headers in (("set", modifier.set), ("add", modifier.add)):
                for number, header in enumerate(headers):
                    here = f"{path}/{index}/{name}/{action}/{number}"
                    if "%" in header.value:
                        yield from _percent(this, header.value, f"{here}/value", serving)
                    if name == "requestHeaderModifier" and header.name.lower() == "host" and (who := _who(serving, ("envoy-gateway",))):
                        message = f"a header filter that changes Host: {who[0]} answers 500 to the whole rule; use urlRewrite.hostname"
                        yield this.note("gateway/host-header", message, f"{here}/name", None if who[1] else "warning")


def _percent(this: Subject, value: str, path: str, serving: frozenset[str]) -> Iterator[Finding]:
    """Envoy reads header values as format strings: `%REQ(x)%` is filled in, `%%` is a %, and any other % is a mistake."""
    who = _who(serving, ("istio", "envoy-gateway"))
    if broken(value):
        if who is None:
            return
        right = escaped(value)
        certain = fix("%% for each %", replace(path, right)) if right and who[1] and serving <= {"istio", "envoy-gateway"} else None
        message = f"{short(value)} holds a % that starts no variable of Envoy's: with {who[0]}, {_WHOLE_PORT}; write %% for a %"
        yield this.note("gateway/header-percent", message, path, None if who[1] else "warning", fix=certain)
    elif holds_operator(value):
        message = f"{short(value)} is not sent as it is written: Envoy fills in what stands between the % signs"
        yield this.note("gateway/header-variable", message, path)


# matches ------------------------------------------------------------------------------------------------------------------------


def _never(this: Subject, match: HTTPMatch | GRPCMatch, path: str, serving: frozenset[str]) -> Iterator[Finding]:
    """What can't match because the gateway answers or refuses such requests before it routes."""
    who = _who(serving, ("envoy-gateway",))
    if who is None:
        return
    severity = None if who[1] else "info"
    if isinstance(match, HTTPMatch) and match.path is not None and re.search(r"%(?:2f|5c)", match.path.value or "", re.IGNORECASE):
        message = f"{who[0]} answers paths with an escaped slash by a redirect before it routes: this match takes no request"
        yield this.note("gateway/never-matches", message, f"{path}/path/value", "warning" if severity is None else "info")
    for index, header in enumerate(match.headers):
        if "_" in header.name:
            message = f"{who[0]} refuses requests whose header names hold an underscore: this match takes no request"
            yield this.note("gateway/never-matches", message, f"{path}/headers/{index}/name", "warning" if severity is None else "info")


def _again(this: Subject, match: HTTPMatch, seen: dict[Any, int], number: int, path: str, serving: frozenset[str]) -> Iterator[Finding]:
    """A match that an earlier rule of the same route has already."""
    path_key = (match.path.type or "PathPrefix", match.path.value or "/") if match.path else ("PathPrefix", "/")
    headers = frozenset((one.name.lower(), one.type or "Exact", one.value) for one in match.headers)
    queries = frozenset((one.name, one.type or "Exact", one.value) for one in match.query_params)
    key = (path_key, match.method, headers, queries)
    first = seen.setdefault(key, number)
    if first != number:
        whole = "; Contour drops this whole rule, its other matches too" if not serving or "contour" in serving else ""
        message = f"the rule {first} has the same match and takes all its requests{whole}: leave one of the two out"
        yield this.note("gateway/rule-dropped", message, path)


# listeners ----------------------------------------------------------------------------------------------------------------------


def _nested_listeners(this: Subject, route: HTTPRoute | GRPCRoute) -> Iterator[Finding]:
    """A hostname that several listeners of one port cover: Envoy Gateway writes it twice, Contour lets the route conflict with itself."""
    for index, parent in enumerate(route.spec.parent_refs):
        gateway = this.world.topology.gateways.get((parent.namespace or this.namespace, parent.name)) if names_gateway(parent) else None
        if gateway is None or len(gateway.spec.listeners) < 2:
            continue
        by_port = defaultdict(list)
        for listener in attach(route, parent, gateway, this.world.topology.namespace_labels).listeners:
            by_port[listener.port].append(listener)
        found = implementation_of(gateway, this.world.topology)
        serving = frozenset({found}) if found else frozenset[str]()
        for port, listeners in by_port.items():
            served = Counter(name for one in listeners for name in dict.fromkeys(hostnames(one.hostname, route.spec.hostnames)))
            own = {(one.hostname or "").lower() for one in listeners}
            twice = sorted(name for name, times in served.items() if times > 1)
            if not twice:
                continue
            path = f"/spec/parentRefs/{index}"
            covering = ", ".join(one.name for one in listeners)
            unnamed = [name for name in twice if name not in own]
            if unnamed and (who := _who(serving, ("envoy-gateway",))):
                message = (
                    f"{unnamed[0]} is covered by several listeners of port {port} ({covering}) and named by none: {who[0]} writes the "
                    f"domain twice, and {_WHOLE_PORT}; name one listener in sectionName"
                )
                yield this.note("gateway/same-domain-twice", message, path, None if who[1] else "warning")
            if who := _who(serving, ("contour",)):
                message = (
                    f"{twice[0]} reaches several listeners of port {port} ({covering}): with {who[0]} the route conflicts with itself, and "
                    "which of its rules serve changes from one reload to the next; name one listener in sectionName"
                )
                yield this.note("gateway/conflicts-with-itself", message, path, None if who[1] else "warning")


def gateway_hazards(this: Subject, gateway: Gateway) -> Iterator[Finding]:
    serving = implementation_of(gateway, this.world.topology)
    for index, listener in enumerate(gateway.spec.listeners):
        namespaces = listener.allowed_routes.namespaces if listener.allowed_routes else None
        if namespaces is None or namespaces.from_ != "Selector":
            continue
        path, selector = f"/spec/listeners/{index}/allowedRoutes/namespaces", namespaces.selector
        if selector is None:
            message = "from: Selector without a selector: Envoy Gateway does not program the listener, others take routes from nowhere"
            yield this.note("gateway/empty-namespace-selector", f"{message}; add a selector, or use from: All", path, "warning")
        elif (
            not selector.match_labels
            and not selector.match_expressions
            and (who := _who(frozenset({serving} if serving else ()), ("contour",)))
        ):
            message = (
                f"an empty selector means every namespace, and {who[0]} 1.33 crashes on it as soon as a route refers to the Gateway, and "
                "stays down while the object is there; use from: All"
            )
            yield this.note("gateway/empty-namespace-selector", message, f"{path}/selector", None if who[1] else "warning")
