"""What ResponseHeaderModifier makes of the answer that a client gets: gateways do not agree on which answers it acts.

Source: Gateway API v1.6, `HTTPRouteFilter.responseHeaderModifier`: a filter of the rule, whoever answers.
"""

from collections.abc import Iterator

from aichaos.domain.gateway import Filter, HeaderFilter
from aichaos.domain.prediction import Answer
from aichaos.predict.routing.entries import Entry
from aichaos.predict.routing.profile import Profile


def changes(entry: Entry, answer: Answer, profile: Profile) -> list[HeaderFilter]:
    """The changes that act on an answer, in order."""
    return _asked(entry) if _by(answer) in profile.response_filters else []


def notes(entry: Entry, answer: Answer, profile: Profile) -> Iterator[str]:
    if asked := _asked(entry):
        if changes(entry, answer, profile):
            yield f"its answer is changed by ResponseHeaderModifier: {'; '.join(_said(one) for one in asked)}"
        else:
            what = "a redirect" if _by(answer) == "redirect" else f"a {_by(answer)} of the gateway's own"
            yield f"ResponseHeaderModifier has no effect: {what} is left as it is"


def _by(answer: Answer) -> str:
    if answer.outcome == "redirect":
        return "redirect"
    return "backend" if answer.status is None else str(answer.status)


def _asked(entry: Entry) -> list[HeaderFilter]:
    rule = (entry.route.spec.rules or ())[entry.rule]
    filters: tuple[Filter, ...] = getattr(rule, "filters", ())
    return [one.response_header_modifier for one in filters if one.response_header_modifier is not None]


def _said(change: HeaderFilter) -> str:
    parts = [f"{verb} {', '.join(names)}" for verb, names in _verbs(change) if names]
    return ", ".join(parts) or "nothing"


def _verbs(change: HeaderFilter) -> Iterator[tuple[str, list[str]]]:
    yield "removes", list(change.remove)
    yield "sets", [one.name for one in change.set]
    yield "adds", [one.name for one in change.add]
