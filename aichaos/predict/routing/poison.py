"""Routes that make the data plane refuse the whole configuration of a port, and with it every later change of any route there.

The standard knows no such thing: a bad route harms nobody else. A gateway that was running keeps answering by its last good table; one that
starts has none.
"""

from collections.abc import Callable, Iterator

from aichaos.predict.routing.attach import Placement
from aichaos.predict.routing.profile import Profile

Port = tuple[str, str, int]
"""Namespace and name of a Gateway, and a port."""
Poison = Callable[[Placement, Profile], Iterator[str]]
"""Says what is refused about a route; nothing where all is well."""

POISONS: dict[str, Poison] = {}


def poisoned(placement: Placement, profile: Profile) -> str:
    """Why the ports that a route reaches are refused; "" where they are not."""
    return next((reason for name in profile.poisons for reason in POISONS[name](placement, profile)), "")


def ports(placement: Placement) -> set[Port]:
    return {(reach.listener.gateway.namespace, reach.listener.gateway.name, reach.listener.listener.port) for reach in placement.reaches}
