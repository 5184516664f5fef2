"""What may be set of a scenario: read with its unit, held to its range, and refused with what it takes."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aichaos.errors import UsageError
from aichaos.library.parameters import KNOWN, Parameter, Value, checked, parameter_of, read
from aichaos.library.shelf import scenarios

LATENCY = parameter_of("latency", 500)
PERCENT = parameter_of("percent", 50)
DURATION = parameter_of("duration", 90)
SHADE = Parameter(default="dark", choices=["dark", "light"])


@pytest.mark.parametrize(
    ("parameter", "text", "value"),
    [
        (LATENCY, "500", 500),
        (LATENCY, "500ms", 500),
        (LATENCY, "1s", 1000),
        (LATENCY, "1.5s", 1500),
        (DURATION, "2m", 120),
        (DURATION, "1m30s", 90),
        (DURATION, "90", 90),
        (PERCENT, "30%", 30),
        (PERCENT, " 30 % ", 30),
        (SHADE, "light", "light"),
    ],
)
def test_a_value_is_read_in_its_unit(parameter: Parameter, text: str, value: Value) -> None:
    assert read("it", parameter, text) == value


@pytest.mark.parametrize(
    ("parameter", "text"),
    [
        (LATENCY, "5%"),
        (LATENCY, "much"),
        (LATENCY, "0"),
        (LATENCY, "-5"),
        (LATENCY, "61s"),
        (LATENCY, "0.5ms"),
        (PERCENT, "101"),
        (PERCENT, "12.5"),
        (PERCENT, "50ms"),
        (PERCENT, ""),
        (DURATION, "nan"),
        (DURATION, "1e3"),
        (SHADE, "pink"),
        (SHADE, ""),
    ],
)
def test_what_a_parameter_does_not_take_is_refused_with_what_it_takes(parameter: Parameter, text: str) -> None:
    with pytest.raises(UsageError, match="can't be") as refused:
        read("it", parameter, text)
    assert "it" in refused.value.hint
    assert f"it={parameter.default}" in refused.value.hint


@given(st.text(max_size=40), st.sampled_from([LATENCY, PERCENT, DURATION, SHADE]))
def test_any_text_is_a_value_in_range_or_refused(text: str, parameter: Parameter) -> None:
    try:
        value = read("it", parameter, text)
    except UsageError:
        return
    assert checked("it", parameter, value) == value


@pytest.mark.parametrize("name", [one.name for one in scenarios()])
def test_every_default_is_one_that_its_parameter_takes(name: str) -> None:
    scenario = next(one for one in scenarios() if one.name == name)
    for parameter, one in scenario.settable.items():
        assert checked(parameter, one, one.default) == one.default
        assert one.about, f"{parameter} says nothing of itself"
        assert one.unit or isinstance(one.default, str)


def test_the_quantities_that_people_speak_of_have_units_and_ranges() -> None:
    assert all(one.unit and one.minimum is not None and one.maximum is not None and one.about for one in KNOWN.values())
