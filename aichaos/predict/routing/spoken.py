"""What the controllers have to say of a route that is not simply fine, in words."""

from collections.abc import Iterator

from aichaos.domain.base import ConditionStatus, ObjectRef
from aichaos.predict.routing.attach import Placement
from aichaos.predict.routing.status import Foretold, of_route
from aichaos.predict.routing.table import Table

_FINE = {("Accepted", ConditionStatus.TRUE), ("ResolvedRefs", ConditionStatus.TRUE)}
_OF_CONFLICTS = ("Accepted", "PartiallyInvalid")


def spoken(table: Table, ref: ObjectRef) -> tuple[str, ...]:
    """The conditions of a route that are not as one wishes, such as `ResolvedRefs=False (BackendNotFound)`; none where all is well."""
    placement = table.placements.get(ref)
    if placement is None:
        return ()
    several = len({joined.parent for joined in placement.joined}) > 1
    return tuple(dict.fromkeys(_unwished(sure(table, ref, placement), several=several)))


def sure(table: Table, ref: ObjectRef, placement: Placement) -> Iterator[Foretold]:
    """The conditions of a route, but for those that tell of a conflict which unknown ages leave open."""
    for one in of_route(table, ref, placement):
        if one.type not in _OF_CONFLICTS or not table.undated(ref):
            yield one


def _unwished(conditions: Iterator[Foretold], *, several: bool) -> Iterator[str]:
    for one in conditions:
        if (one.type, one.status) not in _FINE:
            at = one.parent.section_name or one.parent.name if several and one.parent is not None else ""
            yield f"{one.type}={one.status} ({one.reason}){f' at {at}' if at else ''}"
