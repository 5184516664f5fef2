"""Hours in which chaos may run, and two policies that hold at once."""

import msgspec
import pytest

from aichaos.domain.policy import DAYS, Day, Policy, Window


def window(text: str) -> Window:
    """`mon,fri 22:00-06:00`; without days every day."""
    days, _, hours = text.rpartition(" ")
    start, _, end = hours.partition("-")
    return msgspec.convert({"from": start, "to": end, **({"days": days.split(",")} if days else {})}, Window)


def minute(clock: str) -> int:
    return int(clock[:2]) * 60 + int(clock[3:])


@pytest.mark.parametrize(
    ("hours", "day", "clock", "inside"),
    [
        ("09:00-17:00", "mon", "09:00", True),
        ("09:00-17:00", "mon", "17:00", False),
        ("22:00-24:00", "mon", "23:59", True),
        ("fri 22:00-06:00", "fri", "23:00", True),
        ("fri 22:00-06:00", "sat", "05:59", True),
        ("fri 22:00-06:00", "sat", "06:00", False),
        ("fri 22:00-06:00", "fri", "05:00", False),
        ("fri 22:00-06:00", "sat", "23:00", False),
        ("sun 22:00-06:00", "mon", "01:00", True),
        ("fri 22:00-00:00", "sat", "00:00", False),
        ("09:00-09:00", "mon", "09:00", False),
    ],
)
def test_hours_over_midnight_begin_on_the_days_that_are_named(hours: str, day: Day, clock: str, inside: bool) -> None:
    assert window(hours).holds(day, minute(clock)) is inside


ROWS = [
    (["09:00-17:00"], ["10:00-20:00"]),
    (["mon,tue 00:00-24:00"], ["tue,wed 09:00-17:00"]),
    (["fri 22:00-06:00"], ["sat 00:00-24:00"]),
    (["22:00-06:00"], ["20:00-02:00", "05:00-07:00"]),
    (["mon 09:00-17:00"], ["tue 09:00-17:00"]),
    (["09:00-10:00"], []),
]


@pytest.mark.parametrize(("one", "other"), ROWS)
def test_where_two_policies_hold_only_the_hours_in_both_are_left(one: list[str], other: list[str]) -> None:
    first, second = (Policy(windows=tuple(map(window, texts))) for texts in (one, other))

    def allowed(policy: Policy, day: Day, at: int) -> bool:
        return not policy.windows or any(each.holds(day, at) for each in policy.windows)

    for both in (first.within(second), second.within(first)):
        for day in DAYS:
            for at in range(0, 24 * 60, 15):
                assert allowed(both, day, at) is (allowed(first, day, at) and allowed(second, day, at)), (day, at)


def test_no_hour_in_both_is_never_and_not_always() -> None:
    (left,) = Policy(windows=(window("mon 09:00-17:00"),)).within(Policy(windows=(window("tue 09:00-17:00"),))).windows
    assert str(left) == "no time at all"
