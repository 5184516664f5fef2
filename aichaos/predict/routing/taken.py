"""Rules that are dropped as a whole because one of their matches is taken: by an older route, by an earlier rule, or by their own route.

Contour takes the listeners of a route one after the other. On each, a rule is put onto all hosts of the route there, or onto none: onto
none if one of its matches stands on one of these hosts already. So a rule that reaches two listeners of one port by hosts that overlap is
its own rival, and which of them comes first is chance: the listeners of one parentRef are walked in random order.
"""

import itertools
from collections.abc import Hashable, Iterable, Iterator

from aichaos.domain.base import ObjectRef, reference
from aichaos.predict.routing.age import undecided
from aichaos.predict.routing.attach import Placement
from aichaos.predict.routing.entries import entries
from aichaos.predict.routing.losses import Claim, Loss, Losses, Lost
from aichaos.predict.routing.profile import Profile

_MOST_ORDERS = 120
"""Orders of listeners that are tried, at most; more of them hardly say more."""
_REASON = "one of its matches is taken by another rule, and the whole rule is dropped"
_AGES = "ages unknown, tie undecided: the younger of two rules with the same match is dropped as a whole"
_OWN = "it reaches several listeners of one port, and whether the rule stands on all its hosts is chance"

Hosts = frozenset[Claim]
"""The hosts of a route on one listener."""
Taken = dict[tuple[Claim, Hashable], tuple[Lost, bool]]
"""A match on a host → the rule that has it, and whether that is certain."""


def claims(placement: Placement, profile: Profile) -> Iterable[Hashable]:
    return {claim for hosts in _reached(placement) for one in hosts for claim in one}


def matches(placements: list[Placement], profile: Profile) -> Losses:
    """Matches are compared as they are written, with those of routes of the same kind alone."""
    taken: Taken = {}
    losses: Losses = {}
    routes = {reference(one.route): one.route for one in placements}
    for one in placements:
        ref, parents = reference(one.route), _reached(one)
        everywhere = {claim for hosts in parents for each in hosts for claim in each}
        rules: dict[int, list[Hashable]] = {}
        for entry in entries(one.route, profile):
            rules.setdefault(entry.rule, []).append((type(entry.route), entry.written))
        for rule, wanted in rules.items():
            outcomes, rivals = _judged(parents, wanted, taken)
            rival = next((ref for ref, _ in rivals), None)
            certain = set.intersection(*outcomes)
            by_chance = set.union(*outcomes) - certain
            undated = [who for who in rivals if undecided(one.route, routes[who[0]])]
            if undated:
                by_chance |= everywhere - certain
                for who in undated:
                    losses[who] = _in_doubt(losses.get(who), ref, frozenset(by_chance))
            told = frozenset(_told(parents, wanted, taken))
            if certain != everywhere or told:
                places = frozenset(everywhere - certain - by_chance)
                reason = _AGES if undated else _REASON if rival else _OWN
                losses[ref, rule] = Loss(reason, rival, places=places, doubted=frozenset(by_chance), told=told)
            for match in wanted:
                taken.update({(claim, match): ((ref, rule), True) for claim in certain})
                for claim in by_chance:
                    taken.setdefault((claim, match), ((ref, rule), False))
    return losses


def _in_doubt(loss: Loss | None, rival: ObjectRef, claims: Hosts) -> Loss:
    """What a rule loses where it is not known whether its route or a rival is the older one."""
    if loss is None:
        return Loss(_AGES, rival, places=frozenset(), doubted=claims)
    return Loss(loss.reason, loss.to, places=loss.places, doubted=loss.doubted | claims, told=loss.told)


def _reached(placement: Placement) -> list[list[Hosts]]:
    """For each parentRef, the hosts of the route on each listener that it reaches."""
    return [
        [
            frozenset(
                (reach.listener.gateway.namespace, reach.listener.gateway.name, reach.listener.listener.port, host.shared)
                for host in reach.hosts
            )
            for reach in joined.reaches
        ]
        for joined in placement.joined
    ]


def _judged(parents: list[list[Hosts]], wanted: list[Hashable], taken: Taken) -> tuple[list[set[Claim]], list[Lost]]:
    """The hosts on which a rule stands, for each way in which chance may have it; at least one. And its rivals, the first one first."""
    rivals: dict[Lost, None] = {}
    sure: list[list[Hosts]] = []
    open_: list[list[Hosts]] = []
    for listeners in parents:
        found = [(hosts, [taken[claim, match] for claim in hosts for match in wanted if (claim, match) in taken]) for hosts in listeners]
        rivals |= dict.fromkeys(who for _, those in found for who, _ in those)
        sure.append([hosts for hosts, those in found if not those])
        open_.append([hosts for hosts, those in found if not any(certain for _, certain in those)])
    return [*_standing(sure), *(_standing(open_) if open_ != sure else ())], list(rivals)


def _told(parents: list[list[Hosts]], wanted: list[Hashable], taken: Taken) -> Iterator[tuple[int, int]]:
    """The parentRefs and listeners at which a rule meets a match that is there already: another's, or its own on a listener before."""
    seen: set[Claim] = set()
    for number, listeners in enumerate(parents):
        for place, hosts in enumerate(listeners):
            if not seen.isdisjoint(hosts) or any((claim, match) in taken for claim in hosts for match in wanted):
                yield number, place
            seen |= hosts


def _standing(parents: list[list[Hosts]]) -> Iterator[set[Claim]]:
    """The hosts on which a rule stands that no other route has a claim to, for each order in which its listeners may be walked."""
    orders = [itertools.permutations(dict.fromkeys(listeners)) for listeners in parents]
    for order in itertools.islice(itertools.product(*orders), _MOST_ORDERS):
        stands: set[Claim] = set()
        for hosts in itertools.chain.from_iterable(order):
            if stands.isdisjoint(hosts):
                stands |= hosts
        yield stands
