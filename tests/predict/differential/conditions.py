"""The conditions that the real controller has written of routes, beside those foretold."""

import time
from collections.abc import Callable, Iterator

from aichaos.domain.base import Condition
from aichaos.domain.gateway import ParentRef, Route
from aichaos.predict.routing.status import Foretold, of_route
from aichaos.predict.routing.table import Table

_PATIENCE = 15.0
"""Seconds; what is settled in Envoy is written a moment later."""


def wrong(read: Callable[[], Table]) -> list[str]:
    """What the controller says otherwise, after it has had its time. read: the table of what the API server holds."""
    deadline = time.monotonic() + _PATIENCE
    while (found := list(_wrong(read()))) and time.monotonic() < deadline:
        time.sleep(0.2)
    return found


def _wrong(table: Table) -> Iterator[str]:
    for ref, placement in table.placements.items():
        foretold: dict[ParentRef, dict[str, Foretold]] = {}
        for one in of_route(table, ref, placement):
            assert one.parent is not None
            foretold.setdefault(one.parent, {})[one.type] = one
        for parent, expected in foretold.items():
            said = {one.type: f"{one.status}/{one.reason}" for one in expected.values()}
            seen = {one.type: f"{one.status}/{one.reason}" for one in _written(placement.route, parent)}
            if said != seen:
                yield f"{ref} at {parent.section_name or parent.name}: {seen}, foretold {said}"


def _written(route: Route, parent: ParentRef) -> tuple[Condition, ...]:
    for status in route.status.parents:
        its = status.parent_ref
        if (its.section_name, its.port, its.name) == (parent.section_name, parent.port, parent.name):
            return status.conditions
    return ()
