"""Why a request is answered as it is: the listener, the match, every rival that lost and by which rule of precedence, and near misses."""

from collections.abc import Iterator, Sequence
from datetime import datetime

import msgspec

from aichaos.domain.base import kind_name, reference
from aichaos.domain.hostnames import EVERY, takes
from aichaos.domain.prediction import Answer
from aichaos.predict.routing import forwarded, response, streams
from aichaos.predict.routing.answer import Found, taken
from aichaos.predict.routing.attach import Placement
from aichaos.predict.routing.backends import Resolved
from aichaos.predict.routing.entries import ANY_PATH, Entry, along, broken, entries, left_out
from aichaos.predict.routing.listeners import EffectiveListener
from aichaos.predict.routing.losses import Loss
from aichaos.predict.routing.matching import holds
from aichaos.predict.routing.notes import notes
from aichaos.predict.routing.order import CRITERIA, replaces, tied
from aichaos.predict.routing.paths import normalised
from aichaos.predict.routing.profile import Profile
from aichaos.predict.routing.request import REASONS, Request, early
from aichaos.predict.routing.table import Table
from aichaos.predict.routing.world import Key

_MOST = 12
"""Rivals that are told one by one."""


class Winner(msgspec.Struct, frozen=True):
    """A match that takes a request, and the hostname under which it was found."""

    host: str
    entry: Entry


def why(table: Table, request: Request, gateway: Key) -> tuple[str, ...]:
    """The reasons, the most telling first."""
    return tuple(_why(table, request, gateway))


def _why(table: Table, request: Request, gateway: Key) -> Iterator[str]:
    port = (*gateway, request.port)
    if port in table.poisoned:
        yield from (f"{ref}: {reason}" for ref, reason in table.poisoned[port].items())
        yield from _refused_port(table, request, gateway)
        return
    if (met := early(request, table.profile.refused, table.profile.normalise)) is not None:
        yield REASONS[met[0]]
        return
    entered = table.entered(request, gateway)
    if entered.why:
        yield entered.why
    listener = entered.listener
    if listener is None:
        return
    if entered.stream:
        yield from _carried(table, request, listener)
        return
    request = forwarded.entered(request) if table.profile.forwarded == "own" else request
    path = normalised(request.path, table.profile.normalise)
    if path != request.path:
        yield f"the path is read as {path}"
    matching = [Winner(host, entry) for host, found in table.matched(request, listener, path) for entry in found]
    if not matching:
        yield _nothing(table, request, Found(listener, path=path))
        yield from _near(table, request, gateway, path)
        yield from _lost(table, request, gateway, path)
        yield from _refused_expressions(table, request)
        yield from _left_out(table, request)
        return
    first, *rivals = matching
    yield f"{_named(first.entry)} takes it: {_asked(first)}"
    for rival in rivals[:_MOST]:
        reason = precedence(first, rival, table.profile)
        yield f"{_named(rival.entry)} takes it too and {'may win' if reason == _UNDECIDED else 'loses'}: {reason}"
    if len(rivals) > _MOST:
        yield f"and {len(rivals) - _MOST} more matches that take it and lose"
    yield from _lost(table, request, gateway, path)
    yield from _refused_expressions(table, request)
    refs = table.resolved(first.entry.route, first.entry.rule)
    answer = taken(request, Found(listener, first.entry, path), refs, table.profile)
    if refs or answer.outcome != "redirect":
        yield from _troubles(refs, _fails(refs, table.profile))
    yield from notes(first.entry, table.profile)
    yield from response.notes(first.entry, answer, table.profile)


def _carried(table: Table, request: Request, listener: EffectiveListener) -> Iterator[str]:
    """Who carries a connection whose requests nobody looks at."""
    found = streams.candidates(table.placements.values(), listener, request)
    if not found:
        return
    (rank, first), *rivals = found
    yield f"listener {listener.name} passes connections on and looks at no request: {reference(first)} carries it"
    for its, rival in rivals[:_MOST]:
        reason = "its hostname is less specific" if its < rank else "of several routes the oldest serves"
        yield f"{reference(rival)} would carry it too and loses: {reason}"
    yield from _troubles(table.resolved(first, 0), {500: "not connected", 503: "not connected"})


def _refused_port(table: Table, request: Request, gateway: Key) -> Iterator[str]:
    """What is answered on a port that the data plane refuses depends on whether it was running before."""
    frozen = table.frozen((*gateway, request.port))
    if frozen is None:
        yield "it keeps its last good table, and takes no change of any route on this port until that is put right"
        return
    yield f"one that was running before keeps its last good table; without these routes that is: {said(frozen.answer(request, gateway))}"
    yield f"one that has started since has none: {said(table.answer(request, gateway))}"
    yield "no change of any route on this port is taken until that is put right"


# who wins ---------------------------------------------------------------------------------------------------------------------------


def precedence(winner: Winner, rival: Winner, profile: Profile) -> str:
    """By which rule one match comes before another, in words."""
    mine, its = winner.entry, rival.entry
    if winner.host != rival.host:
        return f"the hostname {winner.host} is more specific than {rival.host}"
    if its.path == ANY_PATH != mine.path:
        return "what asks for a path comes before a match of any call"
    if mine.kind != its.kind:
        return f"{_KINDS[mine.kind]} comes before {_KINDS[its.kind]}"
    if mine.key != its.key and mine.kind == "PathPrefix":
        return f"the prefix {mine.path} is longer than {its.path}"
    if profile.same_match != "beside" and replaces(mine, its):
        return "a GRPCRoute takes the place of the same match of an HTTPRoute"
    names = profile.regex_order if mine.kind == "RegularExpression" else profile.order
    if tied(mine, its, names):
        return _UNDECIDED
    for name in names:
        if CRITERIA[name].key(mine) != CRITERIA[name].key(its):
            return f"same path and host; {_criterion(name, mine, its)}"
    return "the same in every respect"


_UNDECIDED = "same path and host; ages unknown, tie undecided"
_KINDS = {"Exact": "an exact path", "PathPrefix": "a path prefix", "RegularExpression": "a regular expression"}


def _criterion(name: str, mine: Entry, its: Entry) -> str:
    winner = mine.route.name if mine.route.name != its.route.name else f"{mine.route.namespace}/{mine.route.name}"
    match name:
        case "age":
            return f"{winner} is {_older(mine, its)}"
        case "name":
            first, second = (f"{entry.route.namespace}/{entry.route.name}" for entry in (mine, its))
            return f"same age to the second; {first} comes before {second} in the alphabet"
    return CRITERIA[name].says


def _older(mine: Entry, its: Entry) -> str:
    dates = [entry.route.metadata.creation_timestamp or "" for entry in (mine, its)]
    try:
        first, second = (datetime.fromisoformat(date) for date in dates)
        seconds = int((second - first).total_seconds())
    except (ValueError, TypeError):
        return "older"
    for unit, size in (("days", 86_400), ("h", 3600), ("min", 60)):
        if seconds >= 2 * size:
            return f"{seconds // size} {unit} older"
    return f"{seconds} s older"


def said(answer: Answer) -> str:
    """An answer in a few words."""
    if answer.location is not None:
        return f"{answer.status}, redirected to {answer.location}"
    if answer.outcome == "error":
        return f"{answer.status}" if answer.status is not None else "no answer"
    if answer.outcome == "implementation-specific":
        return "for the implementation to say"
    to = ", ".join(f"{one.service or 'nowhere'}{f' {one.share:.0%}' if one.share < 1 else ''}" for one in answer.backends)
    by = f" by {answer.route} rules[{answer.rule}]" if answer.route else ""
    path = f", which receives {answer.received.path} for {answer.received.host}" if answer.received else ""
    return f"{to}{by}{path}"


def otherwise(plain: Answer, answer: Answer) -> str:
    """What another answer says: in few words all of it, or only what is beside the same way of the request."""
    way = (plain.brief, plain.route, plain.rule, plain.received and (plain.received.path, plain.received.host))
    if way != (answer.brief, answer.route, answer.rule, answer.received and (answer.received.path, answer.received.host)):
        return said(plain)
    parts = []
    if plain.received is not None and answer.received is not None and plain.received.headers != answer.received.headers:
        parts += [f"{name}: {value} is received" for name, value in plain.received.headers if (name, value) not in answer.received.headers]
        names = {name.lower() for name, _ in plain.received.headers}
        parts += [f"no {name} is received" for name, _ in answer.received.headers if name.lower() not in names]
    if plain.mirrors != answer.mirrors:
        parts += [f"{100 * one.share:.3g} % are copied to {one.service}" for one in plain.mirrors or ()]
    if plain.response_headers != answer.response_headers:
        parts.append("the answer's headers are changed" if plain.response_headers else "the answer's headers are left alone")
    return "; ".join(parts) or said(plain)


# what was asked ---------------------------------------------------------------------------------------------------------------------


def _named(entry: Entry) -> str:
    kind = "" if kind_name(entry.route) == "HTTPRoute" else f"{kind_name(entry.route)} "
    return f"{kind}{entry.route.namespace}/{entry.route.name} rules[{entry.rule}].matches[{entry.match}]"


def _asked(winner: Winner) -> str:
    entry = winner.entry
    path = f"{_PATHS[entry.kind]} {entry.path}" if entry.path != ANY_PATH else "any path"
    parts = [f"host {winner.host}" if winner.host != EVERY else "any host", path]
    if entry.method:
        parts.append(f"method {entry.method}")
    parts += [f"header {one.name}" for one in entry.headers] + [f"query parameter {one.name}" for one in entry.query]
    return ", ".join(parts)


_PATHS = {"Exact": "path", "PathPrefix": "path prefix", "RegularExpression": "path expression"}


def _nothing(table: Table, request: Request, found: Found) -> str:
    listener = found.listener
    name = listener.name if listener else ""
    if listener is not None and table.has_host(listener, request.host):
        return (
            f"routes at listener {name} have the host {request.host}, and no rule of theirs matches {request.method} {_short(found.path)}"
        )
    hosts = table.hosts(listener) if listener else []
    named = ", ".join(hosts[:_MOST]) + (", …" if len(hosts) > _MOST else "")
    return f"no route at listener {name} has the host {request.host}; {f'the hosts there are {named}' if named else 'no route is there'}"


# what could have been ---------------------------------------------------------------------------------------------------------------


def _near(table: Table, request: Request, gateway: Key, path: str) -> Iterator[str]:
    """Routes that would take the request if only a listener took them."""
    told = 0
    for placement in table.refused:
        for joined in placement.joined:
            if joined.gateway == gateway and joined.refused and _would(placement, request, path, table.profile):
                yield f"{reference(placement.route)} would take it, but no listener takes the route ({joined.refused})"
                told += 1
                if told == _MOST:
                    return


def _lost(table: Table, request: Request, gateway: Key, path: str) -> Iterator[str]:
    """Rules that would take the request had they not been dropped."""
    for (ref, number), loss in table.judged.losses():
        placement = table.placements.get(ref)
        how = _dropped(loss, request, gateway)
        if how and placement is not None and _would(placement, request, path, table.profile, number):
            beside = f" because of {loss.to}" if loss.to is not None else ""
            yield f"{ref}{f' rules[{number}]' if number is not None else ''} is {how}{beside}: {loss.reason}"


def _refused_expressions(table: Table, request: Request) -> Iterator[str]:
    """Expressions in routes of this host that RE2 refuses, and that take their match or their rule with them."""
    if not table.broken:
        return
    for ref, placement in table.placements.items():
        hosts: Sequence[str] = getattr(placement.route.spec, "hostnames", ()) or (EVERY,)
        if any(broken(placement.route)) and any(takes(host.lower(), request.host) for host in hosts):
            yield f"{ref} has a regular expression that RE2 refuses: what stands with it is not served"


def _left_out(table: Table, request: Request) -> Iterator[str]:
    """Routes of this host that are not programmed at all, because of a filter that the implementation does not have."""
    if table.profile.unknown_filter != "no route":
        return
    for ref, placement in table.placements.items():
        hosts: Sequence[str] = getattr(placement.route.spec, "hostnames", ()) or (EVERY,)
        if any(takes(host.lower(), request.host) for host in hosts) and left_out(placement.route, table.profile):
            yield f"{ref} has a filter that {table.profile.name} does not have where it stands: nothing of the route is served"


def _short(text: str) -> str:
    return text if len(text) <= 200 else f"{text[:200]}…"


def _dropped(loss: Loss, request: Request, gateway: Key) -> str:
    """Whether something is lost on the host of a request, or may be; "" where it is there."""
    if loss.places is None:
        return "dropped" if loss.certain else _CHANCE
    port = (*gateway, request.port)
    if any(claim[:3] == port and takes(claim[3], request.host) for claim in loss.doubted):
        return _CHANCE
    return "dropped" if any(claim[:3] == port and takes(claim[3], request.host) for claim in loss.places) else ""


_CHANCE = "dropped or not, by chance"


def _would(placement: Placement, request: Request, path: str, profile: Profile, rule: int | None = None) -> bool:
    hosts: Sequence[str] = getattr(placement.route.spec, "hostnames", ()) or (EVERY,)
    return any(takes(host.lower(), request.host) for host in hosts) and any(
        along(entry, path) and holds(entry, request, path, profile)
        for entry in entries(placement.route, profile)
        if rule is None or entry.rule == rule
    )


_PROBLEMS = {
    "InvalidKind": "backend {target} is no Service",
    "RefNotPermitted": "no ReferenceGrant in its namespace permits the reference to {target}",
    "UnsupportedProtocol": "backend {target} has an appProtocol on that port that this gateway does not know",
    "BackendNotFound": "backend {target} does not exist, or not on that port",
}
_FAILS = {status: f"answered with {status}" for status in (500, 503)}


def _fails(refs: Sequence[Resolved], profile: Profile) -> dict[int, str]:
    """What becomes of the shares that fail."""
    if profile.invalid_share == "left-out" and any(not one.invalid and one.weight for one in refs):
        return _FAILS | {500: "left out, the others take it"}
    return _FAILS


def _troubles(refs: Sequence[Resolved], fails: dict[int, str] = _FAILS) -> Iterator[str]:
    """fails: what becomes of the share of a backend that has a problem, and of one that has no endpoint."""
    for one in refs:
        target = one.service or f"{one.ref.kind} {one.ref.name}"
        if one.problem:
            yield f"{one.why or _PROBLEMS[one.problem].format(target=target)}: its share is {fails[500]}"
        elif one.tls is not None and one.tls.broken:
            policy = f"BackendTLSPolicy {one.tls.policy}"
            yield f"{policy} names no certificate authority that can be had, so {target} is not trusted: its share is {fails[500]}"
        elif not one.ready:
            yield f"backend {target} has no ready endpoint: its share is {fails[503]}"
        if one.tls is not None and not one.tls.broken:
            yield f"{target} is reached by TLS (BackendTLSPolicy {one.tls.policy}): an error if its certificate is not for {one.tls.host}"
    if not refs:
        yield "the rule names no backend"
