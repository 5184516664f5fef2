"""One match of one rule as the index holds it: where it is looked up, what else must hold, and what it weighs against others.

A GRPCRoute becomes entries too: a call is a request whose path is `/SERVICE/METHOD`.
"""

from collections.abc import Hashable, Iterator, Sequence

import msgspec

from aichaos.domain.gateway import (
    BackendRef,
    Filter,
    GRPCMatch,
    GRPCRoute,
    GRPCRule,
    HTTPMatch,
    HTTPRoute,
    HTTPRule,
    NamedMatch,
    Route,
    StreamRule,
)
from aichaos.predict.routing import regexes
from aichaos.predict.routing.profile import Profile

Rule = HTTPRule | GRPCRule | StreamRule
_EVERYTHING = (HTTPMatch(),)
_EVERY_CALL = (GRPCMatch(),)
ANY_PATH = ""
"""The expression of a match that asks for no path, where it comes after all that do."""


class Entry(msgspec.Struct, frozen=True, gc=False):
    """kind: Exact, PathPrefix or RegularExpression. path: as it is written. own: the hostname of the route under which it stands.

    lost: why it may be missing from the gateway's table by chance; "" where it is there for certain.
    """

    route: Route
    rule: int
    match: int
    kind: str
    path: str
    method: str | None = None
    headers: tuple[NamedMatch, ...] = ()
    query: tuple[NamedMatch, ...] = ()
    lost: str = ""

    @property
    def key(self) -> str:
        """Where the index keeps it: a prefix without the slash at its end, `/` as ""."""
        return self.path.rstrip("/") if self.kind == "PathPrefix" else self.path

    def doubted(self, reason: str) -> "Entry":
        """The same, of which it is chance whether it is there."""
        return msgspec.structs.replace(self, lost=reason)

    @property
    def written(self) -> Hashable:
        """The match as it is written: conditions in their order, with the case of their names."""
        terms = (tuple((term.name, term.value, term.type or "Exact") for term in each) for each in (self.headers, self.query))
        return self.kind, self.path, self.method, *terms

    @property
    def plain(self) -> bool:
        """Whether nothing but the path is asked."""
        return self.method is None and not self.headers and not self.query


def entries(route: Route, profile: Profile) -> Iterator[Entry]:
    """Every match of a route that a gateway of this profile puts into its table, whatever the host."""
    if left_out(route, profile):
        return
    if isinstance(route, HTTPRoute):
        for number, rule in enumerate(route.spec.rules or ()):
            if not absent(rule, profile):
                yield from _http(route, number, rule, profile)
    elif isinstance(route, GRPCRoute):
        for number, call in enumerate(route.spec.rules or ()):
            if not absent(call, profile):
                yield from _calls(route, number, call, profile)


def absent(rule: Rule, profile: Profile) -> bool:
    """Whether a rule has nothing to answer with, and is left out for that."""
    if profile.empty_rule != "absent" or rule.backend_refs or isinstance(rule, StreamRule):
        return False
    return not any(one.type == "RequestRedirect" for one in rule.filters)


def unknown_filters(route: Route, profile: Profile) -> Iterator[BackendRef | None]:
    """The backend of each filter that an implementation does not have, None of one of a rule; those of rules that redirect stand idle."""
    rules: Sequence[Rule] = route.spec.rules or ()
    for rule in rules:
        if isinstance(rule, StreamRule):
            return
        for one in rule.filters:
            if unknown(one, profile):
                yield None
        redirects = any(one.request_redirect is not None for one in rule.filters)
        for ref in () if redirects else rule.backend_refs or ():
            for one in ref.filters:
                if not of_backend(one, profile):
                    yield ref


def left_out(route: Route, profile: Profile) -> bool:
    """Whether nothing of a route is programmed, because of a filter; those of a backend that gets nothing are not looked at."""
    return profile.unknown_filter == "no route" and any(ref is None or ref.weight != 0 for ref in unknown_filters(route, profile))


def extension(one: Filter) -> str:
    """The kind that a filter refers to, as `group/Kind`; "" where it is one of the standard's own."""
    ref = one.extension_ref or {}
    return f"{ref.get('group', '')}/{ref.get('kind', '')}" if one.type == "ExtensionRef" else ""


def unknown(one: Filter, profile: Profile) -> bool:
    """Whether an implementation does not have a filter of a rule."""
    return one.type not in profile.filters and extension(one) not in profile.extensions


def of_backend(one: Filter, profile: Profile) -> bool:
    """Whether an implementation has a filter of a backend."""
    if one.type == "URLRewrite" and one.url_rewrite is not None and one.url_rewrite.path is None:
        return bool({"URLRewrite", "URLRewrite of the host"} & profile.backend_filters)
    return one.type in profile.backend_filters or extension(one) in profile.extensions


def _http(route: HTTPRoute, number: int, rule: HTTPRule, profile: Profile) -> Iterator[Entry]:
    matches = rule.matches or (() if rule.matches == () and profile.no_matches == "nothing" else _EVERYTHING)
    if profile.invalid_regex == "rule" and any(_invalid(match) for match in matches):
        return
    blind = not profile.redirect_query and any(one.type == "RequestRedirect" for one in rule.filters)
    for place, match in enumerate(matches):
        if match.path is None:
            kind, path = "PathPrefix", "/"
        else:
            kind, path = match.path.type or "PathPrefix", match.path.value or "/"
            if kind == "RegularExpression" and not regexes.valid(path):
                continue
        if not match.headers and not match.query_params:
            yield Entry(route, number, place, kind, path, match.method)
        elif not _invalid(match):
            headers = _first(match.headers, fold=True) if profile.repeated_condition == "first" else match.headers
            yield Entry(route, number, place, kind, path, match.method, headers, () if blind else _first(match.query_params))


def _invalid(match: HTTPMatch | GRPCMatch) -> bool:
    """Whether a regular expression stands in it that RE2 refuses."""
    return broken_path(match) or broken_conditions(match)


def broken_path(match: HTTPMatch | GRPCMatch) -> bool:
    """The same, of its path or its method alone."""
    if isinstance(match, GRPCMatch):
        named = match.method
        return named is not None and named.type == "RegularExpression" and not regexes.valid(f"/{named.service or ''}/{named.method or ''}")
    return match.path is not None and match.path.type == "RegularExpression" and not regexes.valid(match.path.value or "")


def broken_conditions(match: HTTPMatch | GRPCMatch) -> bool:
    """The same, of its headers and query parameters alone."""
    queries = () if isinstance(match, GRPCMatch) else match.query_params
    return any(one.type == "RegularExpression" and not regexes.valid(one.value) for each in (match.headers, queries) for one in each)


def broken(route: Route) -> Iterator[tuple[int, str]]:
    """The matches of a route in which a regular expression stands that RE2 refuses: the rule, and the kind of the path."""
    rules: Sequence[Rule] = (route.spec.rules or ()) if isinstance(route, (HTTPRoute, GRPCRoute)) else ()
    for number, rule in enumerate(rules):
        matches: Sequence[HTTPMatch | GRPCMatch] = () if isinstance(rule, StreamRule) else rule.matches or ()
        for match in matches:
            if _invalid(match):
                yield number, _kind(match)


def _kind(match: HTTPMatch | GRPCMatch) -> str:
    if isinstance(match, GRPCMatch):
        return "RegularExpression" if match.method is not None and match.method.type == "RegularExpression" else "PathPrefix"
    return (match.path.type if match.path is not None else None) or "PathPrefix"


def along(entry: Entry, path: str) -> bool:
    """Whether the path of a request is one that an entry is looked up under; a regular expression is asked with its conditions."""
    if entry.kind == "Exact":
        return entry.path == path
    return entry.kind == "RegularExpression" or path.rstrip("/") == entry.key or path.startswith(f"{entry.key}/")


def _first(conditions: tuple[NamedMatch, ...], *, fold: bool = False) -> tuple[NamedMatch, ...]:
    """Of conditions on the same name only the first counts; the names of headers are the same in any case."""
    if len(conditions) < 2:
        return conditions
    found: dict[str, NamedMatch] = {}
    for one in conditions:
        found.setdefault(one.name.lower() if fold else one.name, one)
    return tuple(found.values())


def unknown_call(match: GRPCMatch, profile: Profile) -> bool:
    """Whether a match names a gRPC method in a way that an implementation does not have: the match is lost."""
    method = match.method
    if profile.calls != "service and method" or method is None:
        return False
    return method.type == "RegularExpression" or not method.service or not method.method


def _calls(route: GRPCRoute, number: int, rule: GRPCRule, profile: Profile) -> Iterator[Entry]:
    matches = rule.matches or _EVERY_CALL
    if profile.invalid_regex == "rule" and any(_invalid(match) for match in matches):
        return
    for place, match in enumerate(matches):
        if not unknown_call(match, profile) and not _invalid(match):
            yield _call(route, number, place, match, profile)


def _call(route: GRPCRoute, number: int, place: int, match: GRPCMatch, profile: Profile) -> Entry:
    headers = _first(match.headers, fold=True) if profile.repeated_condition == "first" else match.headers
    method = match.method
    if method is None or (not method.service and not method.method):
        if profile.calls == "any call last":
            return Entry(route, number, place, "RegularExpression", ANY_PATH, None, headers)
        return Entry(route, number, place, "PathPrefix", "/", None, headers)
    if method.type == "RegularExpression":
        any_service, any_method = profile.unnamed_call
        pattern = f"/{method.service or any_service}/{method.method or any_method}"
        return Entry(route, number, place, "RegularExpression", pattern, None, headers)
    if not method.service:
        if profile.calls == "method as header":
            ends = NamedMatch(name=":path", value=f".*/{regexes.quoted(method.method or '')}", type="RegularExpression")
            return Entry(route, number, place, "PathPrefix", "/", None, (*headers, ends))
        return Entry(route, number, place, "RegularExpression", f"/[^/]+/{regexes.quoted(method.method or '')}", None, headers)
    if not method.method:
        slash = "/" if profile.calls == "any call last" else ""
        return Entry(route, number, place, "PathPrefix", f"/{method.service}{slash}", None, headers)
    return Entry(route, number, place, "Exact", f"/{method.service}/{method.method}", None, headers)
