"""What the filters of a rule and of a backend make of a request: another request, a redirect, or an error.

Source: Gateway API v1.6, `HTTPRouteFilter`, `GRPCRouteFilter`. A filter that can't be resolved is an error; it is never skipped.
"""

from collections.abc import Iterable

import msgspec

from aichaos.domain.gateway import Filter
from aichaos.domain.prediction import Pairs, Received
from aichaos.predict.routing.cors import preflight
from aichaos.predict.routing.entries import Entry, extension, of_backend
from aichaos.predict.routing.forwarded import apart, in_one_line
from aichaos.predict.routing.headers import modified, unusable, with_forwarded_host
from aichaos.predict.routing.paths import replaced
from aichaos.predict.routing.profile import Profile
from aichaos.predict.routing.redirect import location
from aichaos.predict.routing.request import Request

_FIELDS = {
    "RequestHeaderModifier": "request_header_modifier",
    "ResponseHeaderModifier": "response_header_modifier",
    "RequestRedirect": "request_redirect",
    "URLRewrite": "url_rewrite",
    "RequestMirror": "request_mirror",
    "CORS": "cors",
    "ExternalAuth": "external_auth",
}
"""The filters that the standard defines, and where each keeps its settings. Everything else is an extension of some implementation."""


class Effect(msgspec.Struct, frozen=True, gc=False):
    """What becomes of a request. status: what the gateway answers itself, None where it forwards. received: what a backend then sees.
    added: and besides, by the gateway itself."""

    status: int | None = None
    location: str | None = None
    received: Received | None = None
    added: Pairs = ()


def kept(filters: tuple[Filter, ...], profile: Profile) -> tuple[Filter, ...] | None:
    """The filters of a backend that an implementation acts on; None where another one makes its share an error."""
    known = tuple(one for one in filters if of_backend(one, profile))
    return known if len(known) == len(filters) or profile.unknown_filter == "ignored" else None


def _of_the_rule(one: Filter, entry: Entry) -> bool:
    """Whether a filter is one of the rule's own, not of one of its backends."""
    filters: tuple[Filter, ...] = getattr((entry.route.spec.rules or ())[entry.rule], "filters", ())
    return any(one is other for other in filters)


def _usable(one: Filter, profile: Profile) -> bool:
    """Whether an implementation has a filter of a rule or of a backend, and its settings are there."""
    field = _FIELDS.get(one.type)
    return field is not None and getattr(one, field) is not None and (one.type in profile.filters or of_backend(one, profile))


def effect(filters: Iterable[Filter], request: Request, path: str, entry: Entry, profile: Profile, *, at_once: bool = False) -> Effect:
    """All filters that a request passes, in their order. path: the request's, as it was matched. at_once: whether those that change headers
    are one."""
    headers: Pairs = request.headers
    seen = request if path == request.path else msgspec.structs.replace(request, path=path)  # values are filled in from what was matched
    host, named, new_path = request.authority, "", path
    before: str | None = None
    query = request.query
    known = [one for one in filters if extension(one) not in profile.extensions]  # whatever those do: see notes.py
    usable = [one for one in known if _usable(one, profile)]
    if (len(usable) < len(known) and profile.unknown_filter != "ignored") or (
        profile.unusable_header == "500" and any(map(unusable, usable))
    ):
        return Effect(status=500)
    modifiers = [one.request_header_modifier for one in usable if one.request_header_modifier is not None]
    for one in usable:
        if one.request_redirect is not None:
            status = one.request_redirect.status_code or 302
            return Effect(status=status, location=location(one.request_redirect, request, new_path, entry, profile))
        if one.cors is not None and preflight(one.cors, request):
            return Effect(status=profile.preflight_status)
        if one.request_header_modifier is not None and modifiers:
            changes, modifiers = (modifiers, []) if at_once else (modifiers[:1], modifiers[1:])
            headers = modified(headers, changes, seen, profile.header_values, profile.set_and_add, profile.header_names)
            headers = in_one_line(headers) if profile.forwarded == "own" else headers
        if one.url_rewrite is not None:
            if one.url_rewrite.hostname and _of_the_rule(one, entry):
                before = named or request.authority
            named = one.url_rewrite.hostname or named
            if one.url_rewrite.path is not None:
                new_path = replaced(new_path, entry.path, one.url_rewrite.path, profile.rewrite_prefix, profile.rewrite_full)
    said = [value for name, value in headers if name.lower() == "host"]
    host = named or (said[-1] if said else host)
    if before is not None and profile.forwarded_host == "the host before":
        headers = with_forwarded_host(headers, before)
    rest = tuple(pair for pair in headers if pair[0].lower() != "host") if said else headers
    target = new_path if query is None else f"{new_path}?{query}"
    rest, added = apart(rest)
    return Effect(received=Received(path=target, host=host, headers=rest), added=added)
