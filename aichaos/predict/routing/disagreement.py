"""Where the controller's own word differs from what it has to be: conditions in the snapshot against those foretold."""

from collections.abc import Iterator

import msgspec

from aichaos.domain.base import Condition, ConditionStatus, ObjectRef, reference
from aichaos.domain.gateway import Gateway, ListenerSet, ParentRef, Route
from aichaos.predict.routing.attach import Placement
from aichaos.predict.routing.spoken import sure
from aichaos.predict.routing.status import Foretold, of_listeners
from aichaos.predict.routing.table import Table


class Disagreement(msgspec.Struct, frozen=True, gc=False):
    """foretold: what follows from the objects. found: what the controller wrote."""

    foretold: Foretold
    found: Condition

    def __str__(self) -> str:
        expected = self.foretold
        where = f" listener {expected.listener}" if expected.listener else f" at {expected.parent.name}" if expected.parent else ""
        return (
            f"the controller says otherwise of {expected.object}{where}: {expected.type}={self.found.status} ({self.found.reason}), "
            f"and by its objects it is {expected.status} ({expected.reason})"
        )


def of_this_route(table: Table, ref: ObjectRef) -> Iterator[Disagreement]:
    """Where the conditions of one route differ."""
    placement = table.placements.get(ref)
    if placement is not None:
        yield from _of(table, ref, placement)


def disagreements(table: Table) -> Iterator[Disagreement]:
    """Every condition of a route or a listener that differs; nothing where a controller has written none."""
    for ref, placement in table.placements.items():
        yield from _of(table, ref, placement)
    owners: tuple[Gateway | ListenerSet, ...] = (*table.world.gateways.values(), *table.world.listener_sets.values())
    written = {(reference(owner), one.name): one.conditions for owner in owners for one in owner.status.listeners}
    for expected in of_listeners(table):
        yield from _differs(expected, written.get((expected.object, expected.listener or ""), ()))


def _of(table: Table, ref: ObjectRef, placement: Placement) -> Iterator[Disagreement]:
    if placement.route.status.parents:
        for expected in sure(table, ref, placement):
            if expected.parent is not None:
                yield from _differs(expected, _written(placement.route, expected.parent))


def _written(route: Route, parent: ParentRef) -> tuple[Condition, ...]:
    """What the controller wrote of a route at one parentRef."""
    own = parent.namespace or route.namespace
    for status in route.status.parents:
        said = status.parent_ref
        if (said.namespace or route.namespace, said.name, said.section_name, said.port) == (
            own,
            parent.name,
            parent.section_name,
            parent.port,
        ):
            return status.conditions
    return ()


def _differs(expected: Foretold, written: tuple[Condition, ...]) -> Iterator[Disagreement]:
    for one in written:
        if one.type == expected.type and one.status not in (expected.status, ConditionStatus.UNKNOWN):
            yield Disagreement(expected, one)
