"""What a Gateway answers where it does not get through to a backend, or not in time.

A connection that a policy forbids, or that a fault cuts, is dropped by most network plugins and refused by some. Envoy, and what is built
on it, answers 503 when it gives up on connecting or when a connection breaks, and 504 where a time-out of the rule is over before that.
A request that fails is sent again where the rule, or the implementation by itself, says so.
"""

from collections.abc import Iterator

import msgspec

from aichaos.domain.experiment import seconds
from aichaos.domain.gateway import HTTPRule
from aichaos.domain.prediction import Answer, BackendShare
from aichaos.domain.snapshot import Snapshot
from aichaos.predict.evolve.faults import Active
from aichaos.predict.reach import Key, Reach, Way, key_of

GIVES_UP = {"contour": 2.0}
"""Seconds after which an implementation gives up on connecting."""
_GIVES_UP = 10.0
"""… the others: Envoy Gateway and Istio say so in their documentation."""
WAITS = {"contour": 15.0, "envoy-gateway": 15.0}
"""Seconds after which a rule without time-outs is given up: Envoy's own default (`RouteAction.timeout`), which Contour 1.33.6 and Envoy
Gateway 1.9.1 leave as it is; Istio writes 0, which is none."""
RETRIES = {"istio": 2}
"""How often an implementation sends a request again by itself when the connection failed (Istio, `VirtualService`, `HTTPRetry`)."""
_LEAST = 1e-9
"""A smaller share is none."""
Late = tuple[float, float, float]
"""Odds, and added milliseconds from and to."""


class Limits(msgspec.Struct, frozen=True, kw_only=True):
    """What bounds a request of a rule. request, attempt: seconds for all of it, and for each try; None for no limit. default: whether that
    is the gateway's own. connect: for a connection. tries: how often it is sent again. codes: after which answers, beside connections that
    fail."""

    request: float | None = None
    default: bool = False
    attempt: float | None = None
    connect: float = _GIVES_UP
    tries: int = 0
    codes: frozenset[int] = frozenset()

    @property
    def least(self) -> float | None:
        return min((one for one in (self.request, self.attempt) if one), default=None)


class Asking(msgspec.Struct, frozen=True, kw_only=True):
    """One request on its way to a backend: what faults of HTTP look at, and what bounds it."""

    method: str
    path: str
    limits: Limits


def answered(answer: Answer, method: str, gateway: Key | None, reach: Reach) -> Answer:
    """An answer with the parts that never get through, or too late; the same answer where nothing stands in the way."""
    nothing = not reach.snapshot.network_policies and not any(_disturbs(fault) for fault in reach.faults)
    if nothing or gateway is None or all(one.status is not None for one in answer.backends):
        return answer
    asking = Asking(method=method, path=answer.received.path if answer.received else "", limits=limits(answer, reach.snapshot))
    split: list[BackendShare] = []
    notes: dict[str, None] = {}
    for one in answer.backends:
        failing: dict[int, float] = {}
        if one.status is None:
            ways, said = reach.ways(one, gateway)
            failing = _failing(ways, asking, reach.faults)
            notes.update(dict.fromkeys([said] if said else []))
            notes.update(dict.fromkeys(_said(one, failing, reach.faults, ways)))
            if asking.limits.default and 504 in failing:
                notes[f"{answer.implementation} gives up after {asking.limits.request:g} s where a rule sets no time-out"] = None
        left = 1 - sum(failing.values())
        if left > _LEAST:
            split.append(msgspec.structs.replace(one, share=one.share * left) if failing else one)
        split += [msgspec.structs.replace(one, share=one.share * part, status=status) for status, part in sorted(failing.items())]
    if not notes:
        return answer
    why = (*answer.why, *notes)
    if any(one.status is None for one in split) or answer.outcome != "forward":
        return msgspec.structs.replace(answer, backends=tuple(split), why=why)
    worst = max((one.status or 0 for one in split), default=503)
    return msgspec.structs.replace(answer, outcome="error", status=worst, received=None, backends=tuple(split), why=why)


def _disturbs(fault: Active) -> bool:
    return fault.harm.cuts or fault.harm.breaks or fault.harm.latency is not None


def limits(answer: Answer, snapshot: Snapshot) -> Limits:
    """The time-outs and retries of the rule that answers."""
    connect, own = GIVES_UP.get(answer.implementation, _GIVES_UP), RETRIES.get(answer.implementation, 0)
    rule = _rule(answer, snapshot)
    routed = answer.match is not None and answer.listener is not None  # not bytes that are passed on, nor inside a mesh
    default = WAITS.get(answer.implementation) if routed else None
    if rule is None:
        return Limits(request=default, default=default is not None, connect=connect, tries=own)
    said = (rule.timeouts.request, rule.timeouts.backend_request) if rule.timeouts else (None, None)
    default = default if said == (None, None) else None
    request, attempt = map(_limit, said)
    retry = rule.retry or {}
    wanted, codes = retry.get("attempts"), retry.get("codes")
    return Limits(
        request=request or default,
        default=default is not None,
        attempt=attempt,
        connect=connect,
        tries=max(0, wanted) if isinstance(wanted, int) else own,
        codes=frozenset(code for code in codes if isinstance(code, int)) if isinstance(codes, list) else frozenset(),
    )


def _rule(answer: Answer, snapshot: Snapshot) -> HTTPRule | None:
    namespace, name = key_of(answer.route)
    route = next((one for one in snapshot.http_routes if one.name == name and one.namespace == namespace), None)
    rules = (route.spec.rules or ()) if route is not None else ()
    return rules[answer.rule] if answer.rule is not None and answer.rule < len(rules) else None


def _limit(text: str | None) -> float | None:
    """A time-out in seconds; `0s` means none."""
    return (seconds(text) or None) if text else None


# what fails -------------------------------------------------------------------------------------------------------------------------


def _failing(ways: list[Way], asking: Asking, faults: tuple[Active, ...]) -> dict[int, float]:
    """Status → the share of a backend's requests that is answered so, after all retries."""
    if not ways:
        return {}
    first: dict[int, float] = {}
    again: dict[int, float] = {}
    for way in ways:
        cut, broken, late = _fate(way, asking, faults)
        limit = asking.limits.least
        over = sum(odds * _beyond(low, high, limit * 1000) for odds, low, high in late) if limit is not None else 0.0
        over *= 1 - cut
        unconnected = 504 if limit is not None and limit < asking.limits.connect else 503
        for status, part in ((unconnected, cut), (503, broken * (1 - cut)), (504, over * (1 - broken))):
            first[status] = first.get(status, 0.0) + part
        repeatable = (cut if _tried_again(unconnected, asking.limits) else 0.0) + broken * (1 - cut)
        again[503] = again.get(503, 0.0) + repeatable
        if 504 in asking.limits.codes and not _runs_out(asking.limits):
            again[504] = again.get(504, 0.0) + over * (1 - broken)
    total, repeatable = sum(first.values()) / len(ways), sum(again.values()) / len(ways)
    if total <= _LEAST:
        return {}
    left = total
    for _ in range(_tries(asking.limits)):
        left = total - repeatable + repeatable * left
    found = {status: part / len(ways) * (left / total) for status, part in first.items()}
    return {status: part for status, part in found.items() if part > _LEAST}


def _tried_again(status: int, limits: Limits) -> bool:
    """Whether a connection that could not be made is tried once more: not where the request's own time is over by then."""
    return status == 503 or not _runs_out(limits)


def _runs_out(limits: Limits) -> bool:
    """Whether it is the time of the whole request that is over first."""
    return limits.request is not None and (limits.attempt is None or limits.request <= limits.attempt)


def _tries(limits: Limits) -> int:
    """How often there is time to try again."""
    each = min(limits.connect, limits.attempt or limits.connect)
    return limits.tries if limits.request is None else min(limits.tries, int(limits.request // each))


def _fate(way: Way, asking: Asking, faults: tuple[Active, ...]) -> tuple[float, float, list[Late]]:
    """The odds that a way is cut, that its request is broken off, and the latencies that are added to it."""
    through, whole = (0.0 if way.shut else 1.0), 1.0
    late: list[Late] = [(1.0, 0.0, 0.0)]
    for fault in faults:
        harm = fault.harm
        if harm.requests is not None:
            taken = harm.requests.takes(asking.method, asking.path, way.port)
            odds, ways = fault.source.holds(way.pod) * harm.requests.share if taken else 0.0, 1
        else:
            there, back = fault.shapes(way.carrier, way.pod), fault.shapes(way.pod, way.carrier)
            odds, ways = max(there, back), (there > 0) + (back > 0)
        if not odds:
            continue
        through *= 1 - odds if harm.cuts else 1.0
        whole *= 1 - odds if harm.breaks else 1.0
        if harm.latency is not None:
            low, high = harm.latency
            spared = [(part * (1 - odds), least, most) for part, least, most in late if odds < 1]
            late = spared + [(part * odds, least + ways * low, most + ways * high) for part, least, most in late]
    return 1 - through, 1 - whole, late


def _beyond(low: float, high: float, limit: float) -> float:
    """The share of latencies, spread evenly from low to high, that are at a limit or over it."""
    if low >= limit:
        return 1.0
    return (high - limit) / (high - low) if high > limit else 0.0


def _said(backend: BackendShare, failing: dict[int, float], faults: tuple[Active, ...], ways: list[Way]) -> Iterator[str]:
    """Which faults make a part of a backend's requests fail."""
    if failing and any(not way.shut for way in ways):
        names = ", ".join(dict.fromkeys(str(fault.ref) for fault in faults if _disturbs(fault)))
        parts = " and ".join(f"{part:.0%} of its requests {status}" for status, part in sorted(failing.items()))
        if names:
            yield f"{backend.service} while {names} lasts: {parts}"
