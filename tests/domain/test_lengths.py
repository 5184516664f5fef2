"""A length of time is written in one way, and read back as what it was."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aichaos.domain.experiment import lasting, seconds


@pytest.mark.parametrize(
    ("length", "written"),
    [(0, "0s"), (172800, "48h"), (5400, "1h30m"), (90, "1m30s"), (0.5, "0.5s"), (3600, "1h"), (61, "1m1s"), (90.5, "90.5s")],
)
def test_a_length_is_said_in_the_unit_that_people_read(length: float, written: str) -> None:
    assert lasting(length) == written


@given(st.integers(0, 10**7) | st.integers(0, 10**5).map(lambda tenths: tenths / 10))
def test_what_is_written_is_read_back(length: float) -> None:
    assert seconds(lasting(length)) == pytest.approx(length)
