"""Intervals hold what they promise: known values, and how often they hold the truth in trials."""

import random

import pytest

from aichaos.measure.statistics import CONFIDENCE, difference, needed, rank, ranks, wilson


@pytest.mark.parametrize(
    ("good", "total", "low", "high"),
    [(0, 10, 0.0, 0.2775), (10, 10, 0.7225, 1.0), (81, 263, 0.2553, 0.3662), (15, 148, 0.0624, 0.1605)],
)
def test_wilson_is_as_published(good: int, total: int, low: float, high: float) -> None:
    """The last two from Newcombe, Statistics in Medicine 17, 1998, table I."""
    assert wilson(good, total) == pytest.approx((low, high), abs=5e-5)


def test_a_difference_of_shares_is_as_published() -> None:
    """Newcombe 1998, the second paper, table II: 56/70 - 48/80, method 10."""
    assert difference(56, 70, 48, 80, CONFIDENCE) == pytest.approx((0.0524, 0.3339), abs=5e-5)


@pytest.mark.parametrize(("quantile", "count", "expected"), [(0.95, 19, 19), (0.95, 20, 19), (0.5, 1, 1), (0.99, 100, 99), (1.0, 7, 7)])
def test_the_nearest_rank(quantile: float, count: int, expected: int) -> None:
    assert rank(quantile, count) == expected


def test_ranks_of_the_median_are_those_of_the_sign_test() -> None:
    assert ranks(0.5, 10) == (2, 9)
    assert ranks(0.5, 5) == (None, None)
    assert ranks(0.5, 6) == (1, 6)


@pytest.mark.parametrize("quantile", [0.5, 0.95, 0.99])
def test_an_interval_has_both_ends_from_as_many_values_as_are_needed(quantile: float) -> None:
    count = needed(quantile)
    assert None not in ranks(quantile, count)
    assert None in ranks(quantile, count - 1)


def test_the_approximation_goes_on_where_the_exact_ranks_end() -> None:
    for quantile in (0.5, 0.95, 0.99):
        exact, near = ranks(quantile, 2000), ranks(quantile, 2001)
        assert all(abs((one or 0) - (other or 0)) <= 2 for one, other in zip(exact, near, strict=True))


@pytest.mark.parametrize("quantile", [0.5, 0.95])
def test_the_interval_of_a_quantile_holds_the_truth_as_often_as_it_says(quantile: float) -> None:
    chance = random.Random(7)
    held = 0
    for _ in range(1000):
        values = sorted(chance.random() for _ in range(200))
        low, high = ranks(quantile, 200)
        assert low is not None
        assert high is not None
        held += values[low - 1] <= quantile <= values[high - 1]
    assert held >= 940


def test_the_interval_of_a_share_holds_the_truth_as_often_as_it_says() -> None:
    chance = random.Random(7)
    held = 0
    for _ in range(1000):
        good = sum(chance.random() < 0.97 for _ in range(120))
        low, high = wilson(good, 120)
        held += low <= 0.97 <= high
    assert held >= 925
