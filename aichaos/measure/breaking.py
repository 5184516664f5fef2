"""Where a system breaks: which value is tried next, and what follows from those that were tried. Nothing is run here.

Stages grow; each is tried only if the one before held. From the last that held and the first that did not, halving the stretch between
finds the breaking point as closely as wanted. That is right for a system that holds below some value and breaks above it; for any other it
still ends, with a value that held beside one that did not.

Noise: a value may be tried several times; most of its tries decide.
"""

from collections.abc import Sequence
from itertools import pairwise
from typing import TypeAlias

import msgspec

from aichaos.domain.progressive import Limit, Try


class Search(msgspec.Struct, frozen=True, kw_only=True):
    """stages: growing in harm, upwards or downwards. closely: how close together the two ends have to come; None: the stages alone. start:
    what surely holds, as nothing is done there; None where nobody knows. whole: only whole numbers. repeats: tries of each value."""

    stages: tuple[float, ...]
    closely: float | None = None
    start: float | None = None
    whole: bool = True
    repeats: int = 1


class Next(msgspec.Struct, frozen=True, kw_only=True):
    """What to try. repeat: which try of this value it is, from 1."""

    value: float
    repeat: int


Step: TypeAlias = Next | Limit


def step(search: Search, tries: Sequence[Try]) -> Step:
    """What to do after these tries: another one, or to end with what is known. Tries that tell nothing end it."""
    if any(one.held is None for one in tries):
        return known(search, tries)
    if tries and held(search, tries, tries[-1].value) is None:
        return _again(tries, tries[-1].value)
    for stage in search.stages:
        found = held(search, tries, stage)
        if found is None:
            return Next(value=stage, repeat=1)
        if not found:
            break
    limit = known(search, tries)
    middle = _middle(search, limit)
    return limit if middle is None else Next(value=middle, repeat=1)


def held(search: Search, tries: Sequence[Try], value: float) -> bool | None:
    """Whether a value held in most of its tries; None where that is not decided yet."""
    mine = [one.held for one in tries if one.value == value]
    good, bad = mine.count(True), mine.count(False)
    most = search.repeats // 2 + 1
    if good >= most:
        return True
    return False if bad >= most or (len(mine) >= search.repeats and bad >= good) else None


def most_tries(search: Search) -> int:
    """How many tries there can be at most."""
    ends = [*([search.start] if search.start is not None else []), *search.stages]
    widest = max((abs(one - other) for one, other in pairwise(ends)), default=0.0)
    halvings, width = 0, widest
    while search.closely is not None and width > search.closely and halvings < 64:
        halvings, width = halvings + 1, width / 2 + (0.5 if search.whole else 0)
        if search.whole and width <= 1:
            break
    return (len(search.stages) + halvings) * search.repeats


def _again(tries: Sequence[Try], value: float) -> Next:
    return Next(value=value, repeat=sum(one.value == value for one in tries) + 1)


def known(search: Search, tries: Sequence[Try]) -> Limit:
    """What these tries tell: the most harmful value that held, below the least harmful one that did not."""
    ended = any(one.held is None for one in tries)
    tries = [one for one in tries if one.held is not None]
    values = list(dict.fromkeys(one.value for one in tries))
    downwards = len(search.stages) > 1 and search.stages[1] < search.stages[0]
    order = sorted(values, reverse=downwards)
    broken = [value for value in order if held(search, tries, value) is False]
    broke = broken[0] if broken else None
    good = [value for value in order if held(search, tries, value) is True]
    below = [value for value in good if broke is None or order.index(value) < order.index(broke)]
    noisy = [value for value in order if len({one.held for one in tries if one.value == value}) > 1]
    return Limit(held=below[-1] if below else None, broke=broke, start=search.start, noisy=noisy, complete=not ended)


def _middle(search: Search, limit: Limit) -> float | None:
    """The value between the two ends; None where they are close enough, where nothing broke, or where there is none between."""
    low = limit.held if limit.held is not None else search.start
    if search.closely is None or limit.broke is None or low is None or abs(limit.broke - low) <= search.closely:
        return None
    middle = (low + limit.broke) / 2
    if search.whole:
        middle = float(round(middle))
    return middle if middle not in (low, limit.broke) else None
