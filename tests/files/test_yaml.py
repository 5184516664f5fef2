"""The one reader and the one writer of YAML: hostile text is refused fast, places are right, what is written is read the same."""

import time
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from aichaos.errors import SyntaxProblem
from aichaos.files.yaml import MAX_DEPTH, dump, escape, load, read


def one(text: str) -> Any:
    (value,) = load(text, "a.yaml")
    return value


def refused(text: str) -> SyntaxProblem:
    with pytest.raises(SyntaxProblem) as caught:
        load(text, "a.yaml")
    return caught.value


def test_documents_are_read_in_order_and_empty_ones_are_left_out() -> None:
    found = list(read("a: 1\n---\n# nothing\n---\nb: 2\n", "a.yaml"))
    assert [(document.index, document.line, document.value) for document in found] == [(0, 1, {"a": 1}), (2, 5, {"b": 2})]


def test_json_is_read_too() -> None:
    assert one('{"a": [1, "2", null, true], "b": {"c": 1.5}}') == {"a": [1, "2", None, True], "b": {"c": 1.5}}


def test_quoted_scalars_are_text() -> None:
    assert one("[on, 'on', \"1\", !!str 1]") == [True, "on", "1", "1"]


def test_keys_are_text() -> None:
    assert one("{1: a, on: b, 1.5: c}") == {"1": "a", "true": "b", "1.5": "c"}


@pytest.mark.parametrize("text", ["null: a", "? [a]\n: b", "? {a: b}\n: c", "x: &a [1]\n*a : 2"])
def test_what_is_no_key_is_refused(text: str) -> None:
    assert "no key" in refused(text).problem


# anchors ------------------------------------------------------------------------------------------------------------------------


def test_aliases_stand_for_their_anchor() -> None:
    assert one("a: &x {b: [1]}\nc: *x") == {"a": {"b": [1]}, "c": {"b": [1]}}


def test_a_merge_fills_in_what_is_not_given() -> None:
    assert one("base: &b {a: 1, b: 2}\nmine: {<<: *b, b: 3}")["mine"] == {"a": 1, "b": 3}


def test_the_first_of_several_merges_counts() -> None:
    assert one("- &a {a: 1}\n- &b {a: 2, b: 2}\n- {<<: [*a, *b]}")[2] == {"a": 1, "b": 2}


def test_a_quoted_merge_key_is_a_key() -> None:
    assert one("{'<<': 1}") == {"<<": 1}


@pytest.mark.parametrize("text", ["<<: 3", "<<: [1]", "<<: [[]]"])
def test_only_mappings_are_merged(text: str) -> None:
    assert "merges mappings only" in refused(text).problem


def test_an_alias_inside_its_own_anchor_is_refused() -> None:
    assert "inside its own anchor" in refused("&a [*a]").problem


def test_an_alias_without_an_anchor_is_refused() -> None:
    assert "no anchor before it" in refused("[*a]").problem


# hostile text -------------------------------------------------------------------------------------------------------------------


def swift(text: str) -> SyntaxProblem:
    start = time.process_time()
    problem = refused(text)
    assert time.process_time() - start < 5
    return problem


def test_an_alias_bomb_is_refused_fast() -> None:
    lines = ["a0: &a0 [lol, lol, lol, lol, lol, lol, lol, lol, lol]"]
    lines += [f"a{level}: &a{level} [{', '.join([f'*a{level - 1}'] * 9)}]" for level in range(1, 40)]
    assert "aliases stand for more than" in swift("\n".join(lines)).problem


def test_an_alias_bomb_of_merges_is_refused_fast() -> None:
    lines = ["a0: &a0 {x: {y: z}}"]
    lines += [f"a{level}: &a{level} {{p: *a{level - 1}, q: *a{level - 1}}}" for level in range(1, 60)]
    assert "aliases stand for more than" in swift("\n".join(lines)).problem


@pytest.mark.parametrize("text", ["[" * 200_000, "{a: " * 100_000, "- " * 100_000, "a: &x " + "[" * 200_000])
def test_deep_nesting_is_refused_fast(text: str) -> None:
    swift(text)


def test_nesting_is_allowed_up_to_the_limit() -> None:
    assert one("[" * MAX_DEPTH + "]" * MAX_DEPTH)
    assert "levels deep" in refused("[" * (MAX_DEPTH + 1) + "]" * (MAX_DEPTH + 1)).problem


def test_the_place_of_a_problem_counts_from_one() -> None:
    problem = refused("a: 1\nb: [1, 2\nc: 3\n")
    assert (problem.file, problem.line) == ("a.yaml", 3)
    assert str(problem).startswith("a.yaml:3:")


def test_tabs_are_explained() -> None:
    assert "tabs" in refused("a:\n\tb: 1\n").hint


@pytest.mark.parametrize(
    ("text", "hint"), [("a: @b\n", "begins with @ in quotes"), ("a: [x, >\n", "begins with > in quotes"), ("a: [\n", "")]
)
def test_a_text_that_needs_quotes_is_no_matter_of_tabs(text: str, hint: str) -> None:
    said = refused(text).hint
    assert (hint in said, "tabs" in said) == (True, False)


def test_a_character_that_may_not_stand_in_yaml_is_found() -> None:
    problem = refused("a: 1\nb: x\x00y\n")
    assert (problem.line, problem.column) == (2, 5)
    assert "U+0000" in problem.problem


def test_a_key_that_stands_twice_is_refused_by_load() -> None:
    problem = refused("a: 1\nb:\n  c: 1\n  c: 2\n")
    assert (problem.line, problem.column) == (4, 3)
    assert "/b/c" in problem.problem


def test_a_key_that_stands_twice_is_told_by_read() -> None:
    (document,) = read("x: {a/b: 1, a/b: 2}", "a.yaml")
    assert document.duplicates == (("/x/a~1b", (1, 13)),)
    assert document.value == {"x": {"a/b": 2}}


@given(st.text(alphabet="{}[]:,-&*!|>'\"%@#? \n\tab<1~", max_size=80))
def test_any_text_is_read_or_refused(text: str) -> None:
    with suppress(SyntaxProblem):
        load(text, "a.yaml")


def test_keys_are_escaped_in_pointers() -> None:
    assert escape("a/b~c") == "a~1b~0c"


@pytest.mark.parametrize("text", [".nan", ".inf", "-.INF"])
def test_what_json_has_no_number_for_is_refused(text: str) -> None:
    with pytest.raises(SyntaxProblem, match="is no number to the server"):
        one(f"a: {text}")


def test_binary_is_what_it_stands_for() -> None:
    assert one("a: !!binary aGVsbG8=") == {"a": "hello"}


# writing ------------------------------------------------------------------------------------------------------------------------

TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
TRICKY = st.sampled_from(
    ["on", "y", "null", "~", "1e3", "0777", "0o7", "1_0", "12:30", "2024-01-01", "", " a", "a ", "a\n", "\n", "#", "- a", "a: b", "<<", "="]
)
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**63), 2**64 - 1) | st.floats(allow_nan=False, allow_infinity=False) | TEXTS | TRICKY,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXTS | TRICKY, inner, max_size=4),
    max_leaves=20,
)


@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.dictionaries(TEXTS | TRICKY, VALUES, min_size=1, max_size=4))
def test_what_is_written_is_read_the_same(value: dict[str, Any]) -> None:
    assert one(dump(value)) == value


def test_keys_are_written_in_their_order_and_nothing_by_alias() -> None:
    shared = {"x": 1}
    assert dump({"b": shared, "a": shared}) == "b:\n  x: 1\na:\n  x: 1\n"


def test_long_text_is_written_as_a_block() -> None:
    assert dump({"a": "one\ntwo\n"}) == "a: |\n  one\n  two\n"
