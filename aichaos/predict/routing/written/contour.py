"""The conditions of a route as Contour writes them."""

from collections import Counter
from collections.abc import Iterator

from aichaos.domain.base import ConditionStatus, ObjectRef
from aichaos.domain.gateway import GRPCRoute, HTTPMatch, HTTPRoute, Route
from aichaos.predict.routing.attach import Placement
from aichaos.predict.routing.backends import resolve, rule_problems
from aichaos.predict.routing.entries import absent, broken_conditions, broken_path, unknown_call, unknown_filters
from aichaos.predict.routing.profile import Profile
from aichaos.predict.routing.table import Table
from aichaos.predict.routing.world import World
from aichaos.predict.routing.written.standard import Foretold, condition


def of_contour(table: Table, ref: ObjectRef, placement: Placement) -> Iterator[Foretold]:
    """Conflicts of rules are told, per parentRef; of several bad references the last; nothing is where no listener has a host of it."""
    route = placement.route
    rules = route.spec.rules or ()
    for number, joined in enumerate(placement.joined):
        losses = [loss for rule in range(len(rules)) if (loss := table.judged.loss(ref, rule)) is not None]
        told = Counter(listener for loss in losses for parent, listener in loss.told if parent == number)
        conflict = "RuleMatchConflict" if len(rules) in told.values() or not rules else ""
        unknown = [] if joined.refused else _unsupported(route, table.world, table.profile)
        problems = [
            problem
            for rule in rules
            for problem in (
                *rule_problems(route, rule, table.world, table.profile),
                *(("Degraded",) if absent(rule, table.profile) else ()),
            )
            if not (joined.refused and problem == "Degraded")  # that is told as a listener takes the rule
        ]
        refs = problems[-1] if problems and joined.refused != "NoMatchingListenerHostname" else ""
        accepted = joined.refused or conflict or (unknown[-1] if unknown else "")
        yield condition(ref, "Accepted", accepted, "Accepted", parent=joined.parent)
        yield condition(ref, "ResolvedRefs", refs, "ResolvedRefs", parent=joined.parent)
        if any(count < len(rules) for count in told.values()):
            yield Foretold(ref, "PartiallyInvalid", ConditionStatus.TRUE, "RuleMatchPartiallyConflict", joined.parent)
        if any(_broken_paths(route)) and not joined.refused:
            yield Foretold(ref, "ValidMatches", ConditionStatus.FALSE, "InvalidPathMatch", joined.parent)


def _unsupported(route: Route, world: World, profile: Profile) -> list[str]:
    """Why Contour says of a route, which it serves all the same, that it is not accepted; of several reasons it writes the last."""
    filters = [
        "UnsupportedValue" for ref in unknown_filters(route, profile) if ref is None or not resolve(route, ref, world, profile).problem
    ]
    conditions = ["UnsupportedValue" for match in _matches(route) if not broken_path(match) and broken_conditions(match)]
    return [*_unknown_calls(route, profile), *conditions, *filters]


def _broken_paths(route: Route) -> Iterator[bool]:
    return (True for match in _matches(route) if broken_path(match))


def _matches(route: Route) -> Iterator[HTTPMatch]:
    for rule in (route.spec.rules or ()) if isinstance(route, HTTPRoute) else ():
        yield from rule.matches or ()


def _unknown_calls(route: Route, profile: Profile) -> Iterator[str]:
    """What is written of a GRPCRoute for each match of a method that is not known."""
    if isinstance(route, GRPCRoute):
        for rule in route.spec.rules or ():
            for match in rule.matches or ():
                if match.method is not None and unknown_call(match, profile):
                    yield "UnsupportedValue" if match.method.type == "RegularExpression" else "InvalidMethodMatch"
