"""A plain scalar means to us what it means to the API server (sigs.k8s.io/yaml)."""

import math

import pytest

from aichaos.files.scalars import key_text, resolve


@pytest.mark.parametrize("text", ["y", "Y", "yes", "Yes", "YES", "true", "True", "TRUE", "on", "On", "ON"])
def test_words_for_true(text: str) -> None:
    assert resolve(text) is True


@pytest.mark.parametrize("text", ["n", "N", "no", "No", "NO", "false", "False", "FALSE", "off", "Off", "OFF"])
def test_words_for_false(text: str) -> None:
    assert resolve(text) is False


@pytest.mark.parametrize("text", ["", "~", "null", "Null", "NULL"])
def test_words_for_nothing(text: str) -> None:
    assert resolve(text) is None


@pytest.mark.parametrize("text", ["tRUE", "yES", "oN", "nULL", "NaN", "inf", "yess", "t", "none", "nil"])
def test_words_that_only_look_like_one(text: str) -> None:
    assert resolve(text) == text


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("0", 0),
        ("-0", 0),
        ("+7", 7),
        ("0777", 511),
        ("-010", -8),
        ("0o17", 15),
        ("0O17", 15),
        ("0x1F", 31),
        ("-0xff", -255),
        ("0b101", 5),
        ("1_000", 1000),
        ("18446744073709551615", 2**64 - 1),
        ("-9223372036854775808", -(2**63)),
    ],
)
def test_integers(text: str, value: int) -> None:
    found = resolve(text)
    assert (found, type(found)) == (value, int)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("1.5", 1.5),
        ("1e3", 1000.0),
        ("-.5", -0.5),
        ("1.", 1.0),
        (".5", 0.5),
        ("089", 89.0),
        ("18446744073709551616", 2.0**64),
        ("1E+2", 100.0),
    ],
)
def test_floats(text: str, value: float) -> None:
    found = resolve(text)
    assert (found, type(found)) == (value, float)


@pytest.mark.parametrize(("text", "value"), [(".inf", math.inf), ("+.INF", math.inf), ("-.Inf", -math.inf)])
def test_infinities(text: str, value: float) -> None:
    assert resolve(text) == value


def test_not_a_number() -> None:
    found = resolve(".NaN")
    assert isinstance(found, float)
    assert math.isnan(found)


@pytest.mark.parametrize(
    "text",
    [
        "12:30:45",
        "2024-11-05",
        "2024-11-05T08:00:00Z",
        "1.2.3",
        "0x",
        "0xg",
        "1e",
        "-",
        "+",
        ".",
        "..",
        "1s",
        "10.0.0.1",
        "1-2",
        "0b2",
        "_1",
        "=",
        "<<",
    ],
)
def test_what_stays_text(text: str) -> None:
    assert resolve(text) == text


def test_a_number_of_a_million_digits_costs_nothing() -> None:
    text = "9" * 1_000_000
    assert resolve(text) is text


def test_a_number_out_of_range_stays_text() -> None:
    assert resolve("1e400") == "1e400"


@pytest.mark.parametrize(("value", "key"), [(True, "true"), (False, "false"), (3, "3"), (1.5, "1.5"), ("a", "a"), (None, None)])
def test_keys_become_text(value: str | float | bool | None, key: str | None) -> None:
    assert key_text(value) == key
