"""Figures with their uncertainty: shares, quantiles, and differences between two windows.

- Shares: Wilson's score interval (E. B. Wilson, JASA 22, 1927), which stays within 0..1 and is right near both ends.
- Quantiles: order statistics, free of any assumption about how latencies are distributed (Hahn and Meeker, Statistical Intervals, 5.2):
  the interval from the l-th to the u-th smallest of n values holds the quantile with the probability that a binomial variable
  B(n, q) lies in l..u-1.
- Differences of two shares: Newcombe's hybrid score interval (Statistics in Medicine 17, 1998, method 10).

All of them take the answers for independent, which answers in the same second are not quite. What is called beyond noise therefore asks
for much more certainty than 95 %, and for a difference that somebody would care about.
"""

import math
from statistics import NormalDist

CONFIDENCE = 0.95
SURE = 0.9999
"""Of the intervals that have to lie apart before a difference is called more than noise."""
_EXACT = 2000
"""Answers up to which ranks are found by the binomial distribution itself; beyond, its normal approximation errs by less than a rank in
a hundred."""


def wilson(good: int, total: int, confidence: float = CONFIDENCE) -> tuple[float, float]:
    """The interval of a share. total: at least 1."""
    z = _z(confidence)
    share = good / total
    middle = (share + z * z / (2 * total)) / (1 + z * z / total)
    half = z / (1 + z * z / total) * math.sqrt(share * (1 - share) / total + z * z / (4 * total * total))
    low = 0.0 if good == 0 else max(0.0, middle - half)
    return low, 1.0 if good == total else min(1.0, middle + half)


def difference(good: int, total: int, good_then: int, total_then: int, confidence: float = SURE) -> tuple[float, float]:
    """The interval of `good / total - good_then / total_then`. Both totals: at least 1."""
    now, then = good / total, good_then / total_then
    low, high = wilson(good, total, confidence)
    low_then, high_then = wilson(good_then, total_then, confidence)
    below = math.sqrt((now - low) ** 2 + (high_then - then) ** 2)
    above = math.sqrt((high - now) ** 2 + (then - low_then) ** 2)
    return now - then - below, now - then + above


def rank(quantile: float, count: int) -> int:
    """The nearest rank of a quantile among `count` sorted values, from 1: with fewer than twenty of them, p95 is the longest."""
    return max(1, math.ceil(quantile * count - 1e-9))


def ranks(quantile: float, count: int, confidence: float = CONFIDENCE) -> tuple[int | None, int | None]:
    """The ranks, from 1, between which a quantile lies with at least that confidence; None for a side for which there are too few values.

    Each side errs with at most half of what the confidence leaves.
    """
    tail = (1 - confidence) / 2
    low = _most_below(quantile, count, tail)
    high = _most_below(1 - quantile, count, tail)
    return low or None, (count + 1 - high) if high else None


def _most_below(quantile: float, count: int, tail: float) -> int:
    """The largest rank of which the value lies above the quantile with a probability of at most `tail`; 0 for none.

    The value of rank l lies above the quantile where fewer than l values lie below it: B(count, quantile) <= l - 1.
    """
    if count > _EXACT:
        spread = math.sqrt(count * quantile * (1 - quantile))
        found = math.floor(count * quantile + NormalDist().inv_cdf(tail) * spread - 0.5) + 1
        return min(count, found) if found > 0 and (1 - quantile) ** count <= tail else 0
    total, below = 0.0, 0
    while below < count:
        total += _binomial(below, count, quantile)
        if total > tail:
            break
        below += 1
    return below


def _binomial(hits: int, count: int, chance: float) -> float:
    if chance <= 0 or chance >= 1:
        return float(hits == (0 if chance <= 0 else count))
    ways = math.lgamma(count + 1) - math.lgamma(hits + 1) - math.lgamma(count - hits + 1)
    return math.exp(ways + hits * math.log(chance) + (count - hits) * math.log1p(-chance))


def needed(quantile: float, confidence: float = CONFIDENCE) -> int:
    """How many values it takes for an interval of a quantile that has both ends."""
    rarer = max(quantile, 1 - quantile)
    return math.ceil(math.log((1 - confidence) / 2) / math.log(rarer))


def _z(confidence: float) -> float:
    return NormalDist().inv_cdf(0.5 + confidence / 2)
