"""The search for a breaking point, on simulated systems whose breaking point is known."""

import random
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aichaos.domain.progressive import Limit, Try
from aichaos.measure.breaking import Next, Search, held, most_tries, step

Bears = Callable[[float], bool | None]


def searched(search: Search, bears: Bears) -> tuple[Limit, list[Try]]:
    """The whole series on a system that says what it bears."""
    tries: list[Try] = []
    while isinstance(found := step(search, tries), Next):
        tries.append(Try(value=found.value, held=bears(found.value), repeat=found.repeat))
        assert len(tries) <= most_tries(search), "more tries than were announced"
    return found, tries


STAGES = st.lists(st.integers(1, 10_000), min_size=1, max_size=6, unique=True).map(lambda values: tuple(map(float, sorted(values))))


@given(STAGES, st.floats(0.5, 10_001), st.integers(1, 500), st.booleans())
def test_the_breaking_point_lies_between_the_ends_and_they_are_as_close_as_wanted(
    stages: tuple[float, ...], point: float, closely: int, whole: bool
) -> None:
    search = Search(stages=stages, closely=float(closely), start=0.0, whole=whole)
    found, tries = searched(search, lambda value: value < point)
    assert found.complete
    if stages[-1] < point:
        assert (found.held, found.broke) == (stages[-1], None)
        return
    low = found.held if found.held is not None else 0.0
    assert found.broke is not None
    assert low < point <= found.broke
    assert found.broke - low <= max(closely, 1.0 if whole else 0.0)
    assert not whole or all(one.value == int(one.value) for one in tries)


@given(STAGES, st.floats(0.5, 10_001))
def test_without_a_search_each_stage_is_tried_only_if_the_one_before_held(stages: tuple[float, ...], point: float) -> None:
    found, tries = searched(Search(stages=stages), lambda value: value < point)
    assert [one.value for one in tries] == list(stages[: len(tries)])
    assert all(one.held for one in tries[:-1])
    assert (found.broke is None) == (stages[-1] < point)


@given(STAGES, st.floats(0.5, 10_001), st.integers(1, 100))
def test_nothing_is_tried_beyond_what_has_failed(stages: tuple[float, ...], point: float, closely: int) -> None:
    _, tries = searched(Search(stages=stages, closely=float(closely), start=0.0), lambda value: value < point)
    worst = float("inf")
    for one in tries:
        assert one.value < worst
        if not one.held:
            worst = one.value


@given(st.integers(0, 100), st.integers(1, 20))
def test_what_grows_downwards_is_searched_downwards(point: int, closely: int) -> None:
    """Replicas: fewer are harder."""
    found, _ = searched(Search(stages=(100.0, 50.0, 0.0), closely=float(closely)), lambda value: value > point)
    if point == 100:
        assert (found.held, found.broke) == (None, 100.0)
        return
    assert found.held is not None
    assert found.broke is not None
    assert found.broke <= point < found.held
    assert found.held - found.broke <= closely


@given(STAGES, st.integers(1, 50), st.randoms(use_true_random=False))
def test_it_ends_on_any_system_with_a_value_that_held_beside_one_that_did_not(
    stages: tuple[float, ...], closely: int, dice: random.Random
) -> None:
    search = Search(stages=stages, closely=float(closely), start=0.0, repeats=3)
    found, tries = searched(search, lambda value: dice.random() < 0.5)
    if found.broke is not None:
        assert held(search, tries, found.broke) is False
        assert found.held is None or (found.held < found.broke and held(search, tries, found.held) is True)


@pytest.mark.parametrize("at", [0, 1, 2])
def test_a_try_that_tells_nothing_ends_it(at: int) -> None:
    answers: list[bool | None] = [True, True, True]
    answers[at] = None
    stages = (5.0, 10.0, 30.0)
    found, tries = searched(Search(stages=stages, closely=1.0), lambda value: answers[stages.index(value)])
    assert (len(tries), found.complete, found.broke) == (at + 1, False, None)
    assert found.held == (stages[at - 1] if at else None)


def test_where_nobody_knows_what_holds_nothing_below_the_first_stage_is_tried() -> None:
    found, tries = searched(Search(stages=(5.0, 10.0), closely=1.0, start=None), lambda value: False)
    assert ([one.value for one in tries], found.held, found.broke) == ([5.0], None, 5.0)


def test_most_of_the_tries_decide_and_no_more_are_made_than_needed() -> None:
    answers = iter([True, False, True, True, True, False, False])
    found, tries = searched(Search(stages=(1.0, 2.0, 3.0), repeats=3), lambda value: next(answers))
    assert [(one.value, one.repeat) for one in tries] == [(1.0, 1), (1.0, 2), (1.0, 3), (2.0, 1), (2.0, 2), (3.0, 1), (3.0, 2)]
    assert (found.held, found.broke, found.noisy) == (2.0, 3.0, [1.0])


@pytest.mark.parametrize(("repeats", "least"), [(1, 0), (3, 80), (5, 90)])
def test_repeats_find_the_point_although_one_answer_in_twenty_is_wrong(repeats: int, least: int) -> None:
    """Of 100 systems, seeded; without repeats a wrong answer early on leads far away."""
    dice, right = random.Random(7), 0
    for _ in range(100):
        point = dice.uniform(100, 1000)
        search = Search(stages=(100.0, 500.0, 1000.0), closely=50.0, start=0.0, repeats=repeats)
        found, _ = searched(search, lambda value, point=point: (value < point) == (dice.random() > 0.05))  # type: ignore[misc]
        low = found.held or 0.0
        right += found.broke is not None and low - 50 <= point <= found.broke + 50
    assert right >= least, right
