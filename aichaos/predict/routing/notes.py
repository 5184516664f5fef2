"""What happens on the way of a request beside its routing: mirrors, time limits, retries, sessions, external checks."""

from collections.abc import Iterator
from typing import Any

from aichaos.domain.gateway import Filter, HTTPRule, MirrorFilter
from aichaos.predict.routing.entries import Entry, extension, of_backend
from aichaos.predict.routing.profile import Profile


def notes(entry: Entry, profile: Profile) -> Iterator[str]:
    rule = (entry.route.spec.rules or ())[entry.rule]
    filters: tuple[Filter, ...] = getattr(rule, "filters", ())
    for one in filters:
        if one.request_mirror is not None:
            yield _mirror(one.request_mirror, entry.route.namespace, profile)
        if kind := extension(one):
            name = (one.extension_ref or {}).get("name", "?")
            if kind in profile.extensions:
                yield f"filter {kind.rpartition('/')[2]} {name} is an extension of {profile.name}: what it does is not foretold"
            else:
                yield f"filter {kind} {name} is none that {profile.name} is known to have: {_UNKNOWN[profile.unknown_filter]}"
        elif one.type not in profile.filters:
            yield f"{profile.name} does not have the filter {one.type}: {_UNKNOWN[profile.unknown_filter]}"
        elif one.external_auth is not None:
            yield f"{_target(one.external_auth, entry.route.namespace)} is asked first and may refuse it (ExternalAuth)"
    for ref in rule.backend_refs or ():
        for one in ref.filters:
            if not of_backend(one, profile):
                what = f"{profile.name} does not have the filter {one.type} at a backend ({ref.name})"
                yield f"{what}: {_UNKNOWN[profile.unknown_filter]}"
    if isinstance(rule, HTTPRule):
        yield from _limits(rule)
    persistence: dict[str, Any] | None = getattr(rule, "session_persistence", None)
    if persistence is not None:
        kind = persistence.get("type", "Cookie")
        yield f"a session stays with the backend that it began with ({kind}): the shares are those of new sessions"


def _limits(rule: HTTPRule) -> Iterator[str]:
    if rule.timeouts is not None:
        for limit, what in ((rule.timeouts.request, "in all"), (rule.timeouts.backend_request, "for each try of a backend")):
            if limit and limit not in ("0s", "0"):
                yield f"504 if it takes longer than {limit} {what}"
    if rule.retry is not None:
        codes = ", ".join(str(code) for code in rule.retry.get("codes") or ())
        attempts = rule.retry.get("attempts")
        times = f" up to {attempts} times" if attempts else ""
        yield f"tried again{times}{f' after {codes}' if codes else ''}: a backend may see it more than once"


_UNKNOWN = {"500": "answered with 500", "ignored": "it is passed over", "no route": "nothing of the route is served"}


def mirrored(mirror: MirrorFilter, profile: Profile) -> float:
    """The share of the requests of which a copy is made, in percent."""
    if profile.mirrored == "all":
        return 100.0
    if mirror.percent is not None:
        return float(mirror.percent)
    if mirror.fraction is not None:
        return 100.0 * float(mirror.fraction.get("numerator", 0)) / float(mirror.fraction.get("denominator") or 100)
    return 100.0


def _mirror(mirror: MirrorFilter, namespace: str, profile: Profile) -> str:
    share = mirrored(mirror, profile)
    copy = "a copy" if share >= 100 else f"a copy of {share:g} % of such requests"
    return f"{copy} goes to {_target({'backendRef': mirror.backend_ref}, namespace)}, whose answer nobody sees"


def _target(holder: dict[str, Any], namespace: str) -> str:
    ref = holder.get("backendRef") or {}
    return f"{ref.get('namespace') or namespace}/{ref.get('name', '?')}"
