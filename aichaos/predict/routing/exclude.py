"""What a route loses because of other routes: rules that a gateway drops, or whole routes that it does not accept.

An exclusion judges routes together that have a key in common, directly or through others. So a change is judged again among those that it
can reach, and nobody else.
"""

from collections import defaultdict
from collections.abc import Callable, Hashable, Iterable, Iterator, Sequence

import msgspec

from aichaos.domain.base import ObjectRef, reference
from aichaos.domain.gateway import GRPCRoute
from aichaos.domain.hostnames import shared
from aichaos.predict.routing import taken
from aichaos.predict.routing.age import older_first, undecided
from aichaos.predict.routing.attach import Placement
from aichaos.predict.routing.losses import Loss, Losses, Lost
from aichaos.predict.routing.profile import Profile

Moved = tuple[Placement | None, Placement | None]
"""Where a route was attached, and where it is now."""


class Exclusion(msgspec.Struct, frozen=True):
    """keys: what a route lays claim to. judge: what is lost among these routes, the oldest first.

    cause: a route without whose like nothing is lost; where there is none, nobody is judged.
    """

    keys: Callable[[Placement, Profile], Iterable[Hashable]]
    judge: Callable[[list[Placement], Profile], Losses]
    cause: Callable[[Placement], bool] = lambda placement: True


def _age(placement: Placement) -> tuple[str, str]:
    return older_first(placement.route)


# HTTPRoutes and GRPCRoutes on one host ----------------------------------------------------------------------------------------------


def _scopes(placement: Placement, profile: Profile) -> Iterable[Hashable]:
    return {(reach.listener.name, reach.listener.gateway.name) for reach in placement.reaches}


def _one_kind(placements: list[Placement], profile: Profile) -> Losses:
    """A host of a listener has HTTPRoutes or GRPCRoutes, never both: the older route stays (GRPCRoute documentation)."""
    if len({isinstance(one.route, GRPCRoute) for one in placements}) < 2:
        return {}
    kept: dict[Hashable, list[tuple[str, Placement]]] = defaultdict(list)
    losses: Losses = {}
    for one in placements:
        claims = [(reach.listener.name, host.shared) for reach in one.reaches for host in reach.hosts]
        rival = next(
            (
                other
                for listener, host in claims
                for taken, other in kept[listener]
                if isinstance(other.route, GRPCRoute) != isinstance(one.route, GRPCRoute) and shared(taken, host) is not None
            ),
            None,
        )
        if rival is not None:
            certain = not undecided(one.route, rival.route)
            losses[reference(one.route), None] = Loss("another kind of route has this host", reference(rival.route), certain)
            continue
        for listener, host in claims:
            kept[listener].append((host, one))
    return losses


EXCLUSIONS: dict[str, Exclusion] = {
    "taken-matches": Exclusion(taken.claims, taken.matches),
    "one-kind-per-host": Exclusion(_scopes, _one_kind, cause=lambda placement: isinstance(placement.route, GRPCRoute)),
}


class Judged:
    """The losses of all routes, and who has to be judged again after a change. Never changed: `after` makes another one."""

    def __init__(self, placements: dict[ObjectRef, Placement], profile: Profile) -> None:
        self.profile = profile
        self._courts = [_Court.of(EXCLUSIONS[name], placements, profile) for name in _named(profile)]

    def loss(self, ref: ObjectRef, rule: int | None) -> Loss | None:
        """What a route, or one of its rules, has lost; None where nothing is."""
        return next((loss for court in self._courts if (loss := court.losses.get((ref, rule))) is not None), None)

    def losses(self) -> Iterator[tuple[Lost, Loss]]:
        for court in self._courts:
            yield from court.losses.items()

    def any_of(self, ref: ObjectRef) -> bool:
        return any(ref in court.losers for court in self._courts)

    def after(self, moved: Sequence[Moved], placements: dict[ObjectRef, Placement]) -> tuple["Judged", set[ObjectRef]]:
        """The judgement after these placements have moved, and all routes whose losses that changes."""
        other = Judged.__new__(Judged)
        other.profile = self.profile
        other._courts = [court.after(moved, placements, self.profile) for court in self._courts]
        changed: set[ObjectRef] = set()
        for old, new in zip(self._courts, other._courts, strict=True):
            if old is not new and old.losses != new.losses:
                changed |= {lost[0] for lost in old.losses.keys() | new.losses.keys() if old.losses.get(lost) != new.losses.get(lost)}
        return other, changed


def _named(profile: Profile) -> tuple[str, ...]:
    return (*(("one-kind-per-host",) if profile.kinds_on_a_host == "one" else ()), *profile.exclusions)


class _Court(msgspec.Struct, frozen=True):
    """One exclusion and its judgement. claims: who lays claim to what. causes: the routes without which nothing would be lost."""

    exclusion: Exclusion
    claims: dict[Hashable, frozenset[ObjectRef]]
    causes: frozenset[ObjectRef]
    losses: Losses
    losers: frozenset[ObjectRef]

    @classmethod
    def of(cls, exclusion: Exclusion, placements: dict[ObjectRef, Placement], profile: Profile) -> "_Court":
        claims: dict[Hashable, set[ObjectRef]] = defaultdict(set)
        for ref, one in placements.items():
            for key in exclusion.keys(one, profile):
                claims[key].add(ref)
        causes = frozenset(ref for ref, one in placements.items() if exclusion.cause(one))
        losses = exclusion.judge(sorted(placements.values(), key=_age), profile) if causes else {}
        held = {key: frozenset(refs) for key, refs in claims.items()}
        return cls(exclusion, held, causes, losses, frozenset(ref for ref, _ in losses))

    def after(self, moved: Sequence[Moved], placements: dict[ObjectRef, Placement], profile: Profile) -> "_Court":
        claims, causes, pending = dict(self.claims), self.causes, list[Hashable]()
        for pair in moved:
            for one, stays in zip(pair, (False, True), strict=True):
                if one is None:
                    continue
                ref = {reference(one.route)}
                for key in self.exclusion.keys(one, profile):
                    before = claims.get(key, frozenset())
                    claims[key] = before | ref if stays else before - ref
                    pending.append(key)
                if self.exclusion.cause(one):
                    causes = causes | ref if stays else causes - ref
        if not causes and not self.causes:
            return _Court(self.exclusion, claims, causes, {}, frozenset())
        touched = _reached(pending, claims, placements, self.exclusion, profile)
        gone = touched | {reference(old.route) for old, _ in moved if old is not None}
        losses = {lost: loss for lost, loss in self.losses.items() if lost[0] not in gone}
        losses |= self.exclusion.judge(sorted((placements[ref] for ref in touched), key=_age), profile)
        return _Court(self.exclusion, claims, causes, losses, frozenset(ref for ref, _ in losses))


def _reached(
    pending: list[Hashable],
    claims: dict[Hashable, frozenset[ObjectRef]],
    placements: dict[ObjectRef, Placement],
    exclusion: Exclusion,
    profile: Profile,
) -> set[ObjectRef]:
    """Every route that shares a key with one of these, directly or through others."""
    seen: set[Hashable] = set()
    found: set[ObjectRef] = set()
    while pending:
        key = pending.pop()
        if key in seen:
            continue
        seen.add(key)
        for ref in claims.get(key, frozenset()) - found:
            found.add(ref)
            pending.extend(exclusion.keys(placements[ref], profile))
    return found
