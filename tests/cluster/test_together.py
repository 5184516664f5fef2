"""Several tasks at once."""

import threading

import pytest

from aichaos.cluster.together import together


def test_results_come_in_the_order_of_the_tasks() -> None:
    first_may_end = threading.Event()

    def first() -> int:
        first_may_end.wait(10)
        return 1

    def second() -> int:
        first_may_end.set()
        return 2

    assert together([first, second], 2) == [1, 2]
    assert together([], 2) == []


def test_an_error_of_a_task_is_raised_and_the_rest_is_not_begun() -> None:
    begun = []

    def fail() -> None:
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        together([fail, *[lambda n=n: begun.append(n) for n in range(100)]], 1)
    assert len(begun) < 100
