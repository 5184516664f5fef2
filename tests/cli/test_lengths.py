"""Lengths of time in options are numbers of seconds, or as experiments have them."""

import click
import pytest

from aichaos.cli.running import Seconds


@pytest.mark.parametrize(
    ("said", "is_so"), [("10", 10.0), ("0.5", 0.5), ("10s", 10.0), ("1m30s", 90.0), ("500ms", 0.5), ("0", 0.0), ("0s", 0.0)]
)
def test_a_length_of_time_may_have_its_unit(said: str, is_so: float) -> None:
    assert Seconds(0, 3600).convert(said, None, None) == is_so


@pytest.mark.parametrize("said", ["", "fast", "-1", "-1s", "2h", "10 bananas", "nan"])
def test_any_other_is_refused(said: str) -> None:
    with pytest.raises(click.BadParameter):
        Seconds(0, 3600).convert(said, None, None)
