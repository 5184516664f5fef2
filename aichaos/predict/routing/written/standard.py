"""The conditions of a route as the standard has them: of every parentRef, Accepted and ResolvedRefs.

Source: Gateway API v1.6, `RouteConditionType` and its reasons.
"""

from collections.abc import Iterator

import msgspec

from aichaos.domain.base import ConditionStatus, ObjectRef
from aichaos.domain.gateway import ParentRef
from aichaos.predict.routing.attach import Placement
from aichaos.predict.routing.backends import route_problems
from aichaos.predict.routing.table import Table


class Foretold(msgspec.Struct, frozen=True, gc=False):
    """One condition as it has to be. parent: of a route's condition. listener: the name, of a listener's condition."""

    object: ObjectRef
    type: str
    status: ConditionStatus
    reason: str
    parent: ParentRef | None = None
    listener: str | None = None


def condition(
    obj: ObjectRef, kind: str, problem: str, fine: str, *, parent: ParentRef | None = None, listener: str | None = None
) -> Foretold:
    """A condition that is True unless there is a problem."""
    status = ConditionStatus.FALSE if problem else ConditionStatus.TRUE
    return Foretold(obj, kind, status, problem or fine, parent, listener)


def of_the_standard(table: Table, ref: ObjectRef, placement: Placement) -> Iterator[Foretold]:
    refs = next(iter(route_problems(placement.route, table.world, table.profile)), "")
    lost = table.judged.loss(ref, None)
    for joined in placement.joined:
        yield condition(ref, "Accepted", joined.refused or (lost.reason if lost else ""), "Accepted", parent=joined.parent)
        yield condition(ref, "ResolvedRefs", refs, "ResolvedRefs", parent=joined.parent)
