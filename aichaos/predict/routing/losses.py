"""What a route has lost to another one: all of it, or one of its rules, on all hosts or on some, for certain or by chance."""

import msgspec

from aichaos.domain.base import ObjectRef

Claim = tuple[str, str, int, str]
"""Namespace and name of a Gateway, a port, and a host there as the index keeps it."""


class Loss(msgspec.Struct, frozen=True, gc=False):
    """reason: as a condition would give it. to: the route that keeps what is lost. certain: False where it depends on chance.

    places: the hosts on which it is lost for certain; None for all. doubted: those on which chance decides.
    told: where a controller reports it, which it may do of what harms nobody: the place of a parentRef, and that of a listener it reaches.
    """

    reason: str
    to: ObjectRef | None = None
    certain: bool = True
    places: frozenset[Claim] | None = None
    doubted: frozenset[Claim] = frozenset()
    told: frozenset[tuple[int, int]] = frozenset()


Lost = tuple[ObjectRef, int | None]
"""A route and one of its rules; None for the whole route."""
Losses = dict[Lost, Loss]
