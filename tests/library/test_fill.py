"""Filling a template: values go in as they are, and what they hold is never read again."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aichaos.library.fill import fill


@pytest.mark.parametrize(
    ("template", "filled"),
    [
        ("${name}", "web"),
        ("${number}", 3),
        ("${number|text}", "3"),
        ("${number} pods", "3 pods"),
        ("${half} %", "0.5 %"),
        ("${list}", ["a", "b"]),
        ("in ${list}", "in a, b"),
        ("${tree.branch}", "leaf"),
        ("${tree}", {"branch": "leaf"}),
        ("$name ${ name } {name} $$", "$name ${ name } {name} $$"),
        (["${name}", 1, None, True], ["web", 1, None, True]),
        (["first", "${list...}", "last"], ["first", "a", "b", "last"]),
        ({"${name}": {"a": "${number}"}}, {"web": {"a": 3}}),
    ],
)
def test_a_hole_is_filled_with_a_value_of_its_own_type_where_it_stands_alone(template: Any, filled: Any) -> None:
    values = {"name": "web", "number": 3, "half": 0.5, "list": ["a", "b"], "tree": {"branch": "leaf"}}
    assert fill(template, values) == filled


@pytest.mark.parametrize("template", ["${nothing}", "a ${nothing}", {"${nothing}": 1}, ["${tree.nothing}"]])
def test_a_hole_that_no_value_fits_is_an_error_of_the_scenario(template: Any) -> None:
    with pytest.raises(KeyError):
        fill(template, {"tree": {}})


ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=10,
)
HOSTILE = st.text() | st.sampled_from(["${name}", "${other}", "${name|text}", "a: b", "- x", "{{ x }}", "\\1", "\\g<0>"])


@given(HOSTILE)
def test_what_a_value_says_is_never_read_as_a_template(value: str) -> None:
    assert fill({"a": ["${name}", "<${name}>"]}, {"name": value, "other": "never"}) == {"a": [value, f"<{value}>"]}


@given(ANYTHING)
def test_a_value_that_stands_alone_comes_out_as_it_went_in(value: Any) -> None:
    assert fill("${name}", {"name": value}) == value


@given(ANYTHING.filter(lambda value: "${" not in repr(value)))
def test_a_template_without_holes_is_left_as_it_is(template: Any) -> None:
    assert fill(template, {}) == template
