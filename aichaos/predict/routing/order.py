"""Which of two matches comes first: named criteria, put in order by the profile.

Every criterion is a key: the smaller one wins. What it says stands beside it, for `why`.
"""

from collections.abc import Callable, Hashable, Iterable, Sequence
from functools import lru_cache
from typing import Any

import msgspec

from aichaos.predict.routing.age import age, undecided
from aichaos.predict.routing.entries import Entry

Key = Callable[[Entry], Any]


class Criterion(msgspec.Struct, frozen=True):
    """key: sorts the winner first. says: what is compared, as it stands in a sentence."""

    key: Key
    says: str


CRITERIA: dict[str, Criterion] = {
    "method": Criterion(lambda entry: entry.method is None, "a match with a method comes first"),
    "headers": Criterion(lambda entry: -len(entry.headers), "more header conditions come first"),
    "query": Criterion(lambda entry: -len(entry.query), "more query conditions come first"),
    "age": Criterion(lambda entry: age(entry.route), "the older route comes first"),
    "name": Criterion(lambda entry: f"{entry.route.namespace}/{entry.route.name}", "the first name in the alphabet comes first"),
    "rule": Criterion(lambda entry: entry.rule, "the earlier rule comes first"),
    "match": Criterion(lambda entry: entry.match, "the earlier match comes first"),
    "length": Criterion(lambda entry: -len(entry.path), "the longer path comes first"),
}


COINS: dict[str, Callable[[Entry, Entry], bool]] = {}
"""Whether it is chance which of two matches that are tried beside each other comes first."""


class Blocks(msgspec.Struct, frozen=True):
    """Entries of one host that come before all others, whatever their paths.

    of: the block of an entry that stands under a hostname of its route. rank: sorts the blocks, from one of them and its entries.
    """

    of: Callable[[Entry, str], Hashable]
    rank: Callable[[Hashable, Iterable[Entry]], Any]


BLOCKS: dict[str, Blocks] = {"one": Blocks(of=lambda entry, own: "", rank=lambda block, entries: 0)}


@lru_cache(maxsize=256)
def sort_key(names: Sequence[str]) -> Key:
    """One key out of several criteria."""
    keys = [CRITERIA[name].key for name in names]
    return lambda entry: tuple([key(entry) for key in keys])


def tied(one: Entry, other: Entry, names: tuple[str, ...]) -> bool:
    """Whether only the ages of two routes could tell their matches apart, and these are not known."""
    before = names[: names.index("age")] if "age" in names else ()
    key = sort_key(before)
    return "age" in names and one.route is not other.route and undecided(one.route, other.route) and key(one) == key(other)
