"""What a request is answered by, once it is known which match takes it: a backend, a redirect or an error."""

from collections.abc import Sequence

import msgspec

from aichaos.domain.gateway import Filter, Route
from aichaos.domain.prediction import Answer, BackendShare, Outcome, Received
from aichaos.predict.routing.backends import Resolved, failing, reached, shares
from aichaos.predict.routing.entries import Entry
from aichaos.predict.routing.filters import Effect, effect, kept
from aichaos.predict.routing.listeners import EffectiveListener
from aichaos.predict.routing.profile import Profile
from aichaos.predict.routing.request import Refusal, Request


class Found(msgspec.Struct, frozen=True, gc=False):
    """Where a request has come to: the listener that takes it, and the match; None where there is none. path: as it was matched.

    why: what a plain 404, or a closed door, does not tell.
    """

    listener: EffectiveListener | None = None
    entry: Entry | None = None
    path: str = ""
    why: str = ""


def error(status: int | None, found: Found, profile: Profile) -> Answer:
    """The gateway's own error; status None where nobody answers at all."""
    listener = found.listener.name if found.listener else None
    why = (found.why,) if found.why else ()
    return Answer(outcome="error", status=status, listener=listener, why=why, implementation=profile.name)


def refused(refusal: Refusal, profile: Profile) -> Answer:
    outcome: Outcome = "redirect" if refusal.location is not None else "error"
    return Answer(outcome=outcome, status=refusal.status, location=refusal.location, implementation=profile.name)


def taken(request: Request, found: Found, refs: tuple[Resolved, ...], profile: Profile, *, broken: bool = False) -> Answer:
    """The answer of a rule. refs: its backendRefs, resolved. broken: whether it can do nothing but fail."""
    entry = found.entry
    assert entry is not None
    rule = (entry.route.spec.rules or ())[entry.rule]
    filters: tuple[Filter, ...] = getattr(rule, "filters", ())
    own = Effect(status=500) if broken else effect(filters, request, found.path, entry, profile)
    backends: tuple[BackendShare, ...] = ()
    status, received, added = own.status, own.received, own.added
    if status is None:
        if any(one.ref.filters for one in refs):
            split = sum(one.weight > 0 for one in refs) > 1
            each = [_at(one.ref.filters, filters, split, request, found, profile) for one in refs]
            received = agreed([its for its, one in zip(each, refs, strict=True) if reached(one, profile)])
            added = tuple(pair for pair in each[0].added if all(pair in its.added for its in each))
            backends = shares(refs, profile, {place: one.status for place, one in enumerate(each) if one.status is not None})
        else:
            backends = shares(refs, profile)
        if all(one.status is not None for one in backends):
            status, received = failing(refs, backends, profile), None
    outcome: Outcome = "redirect" if own.location is not None else "error" if status is not None and status >= 400 else "forward"
    return Answer(
        outcome=outcome,
        status=status,
        location=own.location,
        listener=found.listener.name if found.listener else None,
        route=f"{entry.route.namespace}/{entry.route.name}",
        rule=entry.rule,
        match=entry.match,
        backends=backends,
        received=received,
        implementation=profile.name,
        added=added if added and received is not None else msgspec.UNSET,
    )


def carried(request: Request, listener: EffectiveListener, route: Route, refs: tuple[Resolved, ...], profile: Profile) -> Answer:
    """The answer of a route that passes connections on: a backend's, or none at all."""
    backends = shares(refs, profile, {place: 0 for place, one in enumerate(refs) if one.invalid or not one.ready})
    serving = any(one.status is None for one in backends)
    return Answer(
        outcome="forward" if serving else "error",
        listener=listener.name,
        route=f"{route.namespace}/{route.name}",
        rule=0,
        backends=tuple(msgspec.structs.replace(one, status=None) for one in backends),
        received=Received(path=request.target, host=request.authority, headers=request.headers) if serving else None,
        why=() if serving else ("no backend can be reached: the connection is closed",),
        implementation=profile.name,
    )


def _in_order(rule: tuple[Filter, ...], backend: tuple[Filter, ...], split: bool, profile: Profile) -> tuple[Filter, ...]:
    """split: whether several backends share the requests."""
    first = profile.filter_order == "rule-first" or (profile.filter_order == "backend-first in splits" and not split)
    return rule + backend if first else backend + rule


def _at(own: tuple[Filter, ...], rule: tuple[Filter, ...], split: bool, request: Request, found: Found, profile: Profile) -> Effect:
    """What the filters of a rule and of one of its backends make of a request together."""
    assert found.entry is not None
    known = kept(own, profile)
    if known is None:
        return Effect(status=500)
    at_once = profile.filter_order == "backend-first in splits" and not split
    return effect(_in_order(rule, known, split, profile), request, found.path, found.entry, profile, at_once=at_once)


def agreed(each: Sequence[Effect]) -> Received | None:
    """What every backend of a rule receives, where their own filters change it: the first one's request, without headers that differ."""
    seen = [one.received for one in each if one.received is not None]
    if not seen:
        return None
    common = tuple(pair for pair in seen[0].headers if all(pair in other.headers for other in seen))
    return msgspec.structs.replace(seen[0], headers=common)
