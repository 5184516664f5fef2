"""Istio's traffic rules: what the CRDs admit and Envoy then does otherwise than the file reads.

Sources: istio.io/api (DestinationRule, VirtualService), Istio's own validation, which is a webhook that a cluster may lack.
"""

import re
from collections.abc import Iterator
from typing import Any

from aichaos.check.fixes import add, fix, move, remove, replace
from aichaos.check.meaning.istio_values import value_findings
from aichaos.check.meaning.units import short, whole
from aichaos.check.subject import Subject
from aichaos.domain.base import group_of
from aichaos.domain.experiment import seconds
from aichaos.domain.finding import Finding
from aichaos.domain.kinds import ISTIO
from aichaos.files.plain import at, mapping, sequence, text

_FALLBACK = re.compile(r"fall-?back|fail-?over|back-?up|degrad|standby|spare", re.IGNORECASE)
_ONE_OF = ("distribute", "failover", "failoverPriority")
_MIRROR_MEANT = ("mirror_percentage", "mirror_percent", "mirrorPercent")


def istio_findings(this: Subject) -> Iterator[Finding]:
    spec = mapping(this.document.get("spec"))
    if group_of(text(this.document.get("apiVersion"))) != ISTIO:
        return
    match this.ref.kind:
        case "DestinationRule":
            yield from _policy(this, spec.get("trafficPolicy"), "/spec/trafficPolicy")
            for index, subset in enumerate(sequence(spec.get("subsets"))):
                yield from _policy(
                    this, mapping(subset).get("trafficPolicy"), f"/spec/subsets/{index}/trafficPolicy", spec.get("trafficPolicy")
                )
            yield from _short_host(this, spec.get("host"), "/spec/host")
        case "VirtualService":
            yield from _routes(this, sequence(spec.get("http")))
            yield from value_findings(this, spec)


def _policy(this: Subject, value: Any, path: str, above: Any = None) -> Iterator[Finding]:
    policy = mapping(value)
    if "localityLbSetting" in policy:
        here, inside = f"{path}/localityLbSetting", f"{path}/loadBalancer/localityLbSetting"
        certain = None
        if "loadBalancer" not in policy:
            certain = fix("localityLbSetting into loadBalancer", add(f"{path}/loadBalancer", {}), move(here, inside))
        elif isinstance(policy["loadBalancer"], dict) and "localityLbSetting" not in policy["loadBalancer"]:
            certain = fix("localityLbSetting into loadBalancer", move(here, inside))
        message = "localityLbSetting belongs into trafficPolicy.loadBalancer: beside it the server drops it, and nothing fails over"
        yield this.note("istio/locality-setting-place", message, f"{path}/localityLbSetting", fix=certain)
    setting = policy.get("localityLbSetting") or at(policy, "loadBalancer", "localityLbSetting")
    failover = mapping(setting).get("failover") or mapping(setting).get("failoverPriority")
    if failover and not policy.get("outlierDetection") and not mapping(above).get("outlierDetection"):
        message = (
            "locality failover acts only on hosts that outlier detection has ejected: add outlierDetection beside it, as in "
            "{consecutive5xxErrors: 3, interval: 5s, baseEjectionTime: 30s}"
        )
        where = f"{path}/loadBalancer/localityLbSetting" if "localityLbSetting" not in policy else f"{path}/localityLbSetting"
        yield this.note("istio/failover-without-outlier-detection", message, where)
    yield from _switched_off(this, mapping(at(policy, "loadBalancer", "localityLbSetting")), f"{path}/loadBalancer/localityLbSetting")


def _switched_off(this: Subject, setting: dict[str, Any], path: str) -> Iterator[Finding]:
    """What istiod's webhook refuses or the mesh then ignores, though the failover stands in the file."""
    rule = "istio/failover-switched-off"
    given = [name for name in _ONE_OF if setting.get(name)]
    if setting.get("enabled") is False and given:
        message = f"enabled: false switches locality load balancing off for this host: {given[0]} is never read"
        yield this.note(rule, message, f"{path}/enabled", fix=fix("leave enabled out", remove(f"{path}/enabled")))
    if len(given) > 1:
        message = f"only one of {', '.join(_ONE_OF)} may be set; here are {' and '.join(given)}: Istio's own webhook refuses this"
        yield this.note(rule, message, f"{path}/{given[1]}")
    for index, item in enumerate(sequence(setting.get("failover"))):
        start, end = text(mapping(item).get("from")), text(mapping(item).get("to"))
        if start and start == end:
            message = f"from {short(start)} to {short(end)}: a region that fails can't take over from itself; name another one"
            yield this.note(rule, message, f"{path}/failover/{index}/to")


def _routes(this: Subject, routes: list[Any]) -> Iterator[Finding]:
    catch_all: int | None = None
    for index, item in enumerate(routes):
        route, path = mapping(item), f"/spec/http/{index}"
        yield from _mirror(this, route, path)
        yield from _retries(this, route, path)
        yield from _weights(this, sequence(route.get("route")), f"{path}/route")
        for number, target in enumerate(sequence(route.get("route"))):
            yield from _short_host(this, at(target, "destination", "host"), f"{path}/route/{number}/destination/host")
        if catch_all is not None:
            message = f"no request comes here: the route {catch_all} before it has no match and takes everything; put it last"
            yield this.note("istio/unreachable-route", message, path)
        elif not route.get("match"):
            catch_all = index
            if index > 0 and _FALLBACK.search(_names(route)):
                message = (
                    "this is a default route, not a failover: it takes what no match before it took, and no failing primary comes to it; "
                    "for a failover use outlierDetection with locality failover, or retries to a second destination"
                )
                yield this.note("istio/default-route-is-no-failover", message, path)


def _names(route: dict[str, Any]) -> str:
    hosts = [text(at(target, "destination", field)) for target in sequence(route.get("route")) for field in ("host", "subset")]
    return " ".join([text(route.get("name")), *hosts])[:2000]


def _mirror(this: Subject, route: dict[str, Any], path: str) -> Iterator[Finding]:
    rule, right = "istio/mirror-percentage", f"{path}/mirrorPercentage"
    for wrong in _MIRROR_MEANT:
        if wrong not in route:
            continue
        value, here = route[wrong], f"{path}/{wrong}"
        operations = [move(here, right)]
        number = _share(value)
        if number is not None:
            operations.append(replace(right, {"value": number}))
        fits = number is not None or (isinstance(value, dict) and set(value) == {"value"})
        certain = fix("mirrorPercentage: {value: …}", *operations) if fits and "mirrorPercentage" not in route else None
        message = f"the field is mirrorPercentage: {{value: 100.0}}; {wrong} is not known, and without it all requests are mirrored"
        yield this.note(rule, message, here, fix=certain)
    given = route.get("mirrorPercentage")
    if given is not None and not isinstance(given, dict):
        number = _share(given)
        certain = fix(f"mirrorPercentage: {{value: {number}}}", replace(right, {"value": number})) if number is not None else None
        yield this.note(rule, f"mirrorPercentage is {short(given)}; it takes a mapping, as in {{value: 100.0}}", right, fix=certain)
    if isinstance(given, dict):
        yield from _mirrors_nothing(this, route, given, path)


def _mirrors_nothing(this: Subject, route: dict[str, Any], given: dict[str, Any], path: str) -> Iterator[Finding]:
    rule, here = "istio/mirrors-nothing", f"{path}/mirrorPercentage"
    if not route.get("mirror"):
        several = "; an item of mirrors has a percentage of its own" if route.get("mirrors") else "; name one: mirror: {host: …}"
        yield this.note(rule, f"mirrorPercentage without a mirror: no request is copied{several}", here)
    elif _is_number(given.get("value", 0)) and not given.get("value"):
        message = "a share of 0 copies no request; write {value: 100.0}, or leave mirrorPercentage out to mirror all"
        yield this.note(rule, message, here if "value" not in given else f"{here}/value")


def _is_number(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def _share(value: Any) -> float | None:
    if _is_number(value) and 0 <= value <= 100:
        return float(value)
    number = whole(value.strip().removesuffix("%")) if isinstance(value, str) else None
    return float(number) if number is not None and number <= 100 else None


def _retries(this: Subject, route: dict[str, Any], path: str) -> Iterator[Finding]:
    """The route's timeout holds for all tries together; `attempts` counts the tries after the first."""
    retries = mapping(route.get("retries"))
    attempts, timeout = retries.get("attempts"), seconds(text(route.get("timeout")))
    each = seconds(text(retries.get("perTryTimeout")))
    if isinstance(attempts, int) and attempts > 0 and not (_set(route.get("timeout")) or _set(retries.get("perTryTimeout"))):
        message = (
            "neither timeout nor perTryTimeout: a destination that hangs is waited for without end, and no retry is ever made; "
            "add timeout: 10s, or perTryTimeout"
        )
        yield this.note("istio/retries-without-timeout", message, f"{path}/retries")
    if not isinstance(attempts, int) or isinstance(attempts, bool) or not 0 < attempts < 10**6 or not timeout or not each:
        return
    if attempts * each > timeout:
        message = (
            f"{attempts} retries of {each:g}s each do not fit: the route's timeout ends all of it after {timeout:g}s; "
            f"raise timeout above {(attempts + 1) * each:g}s, or lower perTryTimeout"
        )
        yield this.note("istio/retries-outlast-timeout", message, f"{path}/retries/perTryTimeout")
    elif (attempts + 1) * each > timeout:
        message = f"the first try and {attempts} retries of {each:g}s take up to {(attempts + 1) * each:g}s; the timeout is {timeout:g}s"
        yield this.note("istio/retries-outlast-timeout", message, f"{path}/retries/perTryTimeout", "info")


def _set(value: Any) -> bool:
    """Whether a duration limits anything: Istio reads 0s as no limit."""
    return bool(value) and seconds(text(value)) != 0


def _weights(this: Subject, targets: list[Any], path: str) -> Iterator[Finding]:
    weights = [mapping(target).get("weight") for target in targets]
    given = [weight for weight in weights if isinstance(weight, int) and not isinstance(weight, bool)]
    if len(targets) < 2 or len(given) != len(targets):
        return
    if sum(given) == 0:
        yield this.note("istio/weights", "all weights are 0: nothing is sent anywhere; Istio's own webhook refuses this", path)
    elif sum(given) != 100:
        message = f"the weights sum to {sum(given)}: they are shares of that sum, not per cent; {given[0]} is {given[0] / sum(given):.0%}"
        yield this.note("istio/weights", message, path, "warning")


def _short_host(this: Subject, host: Any, path: str) -> Iterator[Finding]:
    """A short name is one of the rule's own namespace, wherever the Service is."""
    if not isinstance(host, str) or not host or "." in host or "*" in host or this.world.cluster is None:
        return
    services = this.world.topology.services
    if (this.namespace, host) in services:
        return
    elsewhere = sorted(namespace for namespace, name in services if name == host)
    if elsewhere:
        message = (
            f"the short name {short(host)} means {host}.{this.namespace}.svc.cluster.local, not there; "
            f"the Service is in {', '.join(elsewhere[:3])}: write {host}.{elsewhere[0]}.svc.cluster.local"
        )
        yield this.note("istio/short-host", message, path)
