"""Values of a VirtualService that the CRD admits and that Istio's own webhook, where there is one, or else Envoy refuses.

Sources: istio.io/istio pkg/config/validation (regular expressions, hosts, shares, status codes), which is what the webhook runs; header
values, which it lets pass, from asking an Envoy.
"""

from collections.abc import Iterator
from typing import Any

from aichaos.check.fixes import fix, replace
from aichaos.check.meaning.gateways import invalid
from aichaos.check.meaning.units import short
from aichaos.check.subject import Subject
from aichaos.domain.finding import Finding
from aichaos.domain.operators import broken, escaped
from aichaos.files.plain import at, mapping, pointer, sequence, text

_WHOLE_PORT = "Envoy refuses the routes of the whole port: it keeps the old ones, and one that starts answers 404 to everything"
_MATCHES = ("uri", "scheme", "method", "authority")
_NAMED_MATCHES = ("headers", "withoutHeaders", "queryParams")
_LONGEST = 1024
_SMALLEST = 0.0001
_SHARES = (("fault", "delay", "percentage"), ("fault", "abort", "percentage"), ("mirrorPercentage",))


def value_findings(this: Subject, spec: dict[str, Any]) -> Iterator[Finding]:
    yield from _hosts(this, sequence(spec.get("hosts")))
    for index, item in enumerate(sequence(spec.get("http"))):
        route, path = mapping(item), f"/spec/http/{index}"
        for here, pattern in _patterns(route, path):
            yield from _expression(this, pattern, here)
        yield from _headers(this, route, path)
        for number, target in enumerate(sequence(route.get("route"))):
            yield from _headers(this, mapping(target), f"{path}/route/{number}")
        yield from _ranges(this, route, path)


def _hosts(this: Subject, hosts: list[Any]) -> Iterator[Finding]:
    names = [text(host).lower() for host in hosts]
    for index, name in enumerate(names):
        other = next((one for one in names[:index] if name and one and (_holds(one, name) or _holds(name, one))), None)
        if other is not None:
            told = "stands here twice" if other == name else f"and {short(other)} hold the same names"
            message = f"{short(name)} {told}: Istio's own webhook refuses this; leave one of the two out"
            yield this.note("istio/duplicate-host", message, f"/spec/hosts/{index}")


def _holds(one: str, other: str) -> bool:
    return one == other or (one.startswith("*") and other.endswith(one[1:]))


def _patterns(route: dict[str, Any], path: str) -> Iterator[tuple[str, Any]]:
    """Every regular expression of a route. `*` in withoutHeaders is none: it means any value."""
    for number, item in enumerate(sequence(route.get("match"))):
        match, here = mapping(item), f"{path}/match/{number}"
        for field in _MATCHES:
            yield f"{here}/{field}/regex", at(match, field, "regex")
        for field in _NAMED_MATCHES:
            for name, value in mapping(match.get(field)).items():
                pattern = mapping(value).get("regex")
                if field != "withoutHeaders" or pattern != "*":
                    yield f"{here}/{field}{pointer(name)}/regex", pattern
    for number, origin in enumerate(sequence(at(route, "corsPolicy", "allowOrigins"))):
        yield f"{path}/corsPolicy/allowOrigins/{number}/regex", mapping(origin).get("regex")
    yield f"{path}/rewrite/uriRegexRewrite/match", at(route, "rewrite", "uriRegexRewrite", "match")


def _expression(this: Subject, pattern: Any, path: str) -> Iterator[Finding]:
    if not isinstance(pattern, str):
        return
    if len(pattern.encode(errors="replace")) > _LONGEST:
        message = f"a regular expression of more than {_LONGEST} bytes: Istio's own webhook refuses this"
        yield this.note("istio/invalid-regex", message, path)
    elif (problem := invalid(pattern)) is not None:
        message = (
            f"{short(pattern)} is no regular expression of RE2 ({problem}): Istio's own webhook refuses this, and without it {_WHOLE_PORT}"
        )
        yield this.note("istio/invalid-regex", message, path)


def _headers(this: Subject, holder: dict[str, Any], path: str) -> Iterator[Finding]:
    """Envoy reads header values as format strings: `%PROTOCOL%` is filled in, `%%` is a %, and any other % is a mistake."""
    for way in ("request", "response"):
        for action in ("set", "add"):
            for name, value in mapping(at(holder, "headers", way, action)).items():
                if not isinstance(value, str) or not broken(value):
                    continue
                here = f"{path}/headers/{way}/{action}{pointer(name)}"
                right = escaped(value)
                certain = fix("%% for each %", replace(here, right)) if right else None
                message = f"{short(value)} holds a % that starts no variable of Envoy's: {_WHOLE_PORT}; write %% for a %"
                yield this.note("istio/header-percent", message, here, fix=certain)


def _ranges(this: Subject, route: dict[str, Any], path: str) -> Iterator[Finding]:
    for keys in _SHARES:
        share = at(route, *keys, "value")
        if _is_number(share) and not (share == 0 or _SMALLEST <= share <= 100):
            message = f"{share:g} is no share: it is per cent, 0 or {_SMALLEST} to 100; Istio's own webhook refuses this"
            yield this.note("istio/fault-range", message, f"{path}/{'/'.join(keys)}/value")
    status = at(route, "fault", "abort", "httpStatus")
    if isinstance(status, int) and not isinstance(status, bool) and not 200 <= status <= 599:
        message = f"{status} is no status that a fault can answer with: 200 to 599; Istio's own webhook refuses this"
        yield this.note("istio/fault-range", message, f"{path}/fault/abort/httpStatus")


def _is_number(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)
