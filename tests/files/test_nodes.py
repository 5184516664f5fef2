"""Places: what a JSON Pointer leads to in a text, through aliases and merges, in lines and columns as an editor counts them."""

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from aichaos.files.nodes import Lines, Spot, documents, find, inside
from aichaos.files.yaml import dump, escape, load

PLACED = "a:\n  b: 1\n  c/d:\n  - x\n  - e: 2\n"


def spot(text: str, pointer: str, index: int = 0) -> Spot:
    return find(documents(text, {index})[index], pointer)


def place(text: str, pointer: str, index: int = 0) -> tuple[int, int]:
    return Lines(text).place(spot(text, pointer, index).entry)


@pytest.mark.parametrize(
    ("pointer", "where"),
    [("", (1, 1)), ("/a", (1, 1)), ("/a/b", (2, 3)), ("/a/c~1d/0", (4, 5)), ("/a/c~1d/1", (5, 5)), ("/a/c~1d/1/e", (5, 5))],
)
def test_places_of_keys_and_items(pointer: str, where: tuple[int, int]) -> None:
    assert place(PLACED, pointer) == where


def test_what_is_missing_is_found_at_its_parent() -> None:
    found = spot(PLACED, "/a/nothing/here")
    assert (found.pointer, found.entry) == ("/a", 0)
    assert spot("[1, 2]", "/2").pointer == ""
    assert spot("[1, 2]", "/-").pointer == ""


def test_places_of_a_later_document() -> None:
    assert place(f"x: 1\n---\n{PLACED}", "/a/b", 1) == (4, 3)
    assert documents(PLACED, {7}) == {}


def test_a_text_is_read_no_further_than_the_last_document_that_is_wanted() -> None:
    assert sorted(documents("a: 1\n---\nb: 1\n---\nc: 1\n---\n[", {0, 2})) == [0, 2]


def test_empty_documents_are_counted() -> None:
    assert place("# nothing\n---\na: 1\n", "/a", 0) == (3, 1)
    assert place("---\n---\na: 1\n", "/a", 1) == (3, 1)


def test_columns_count_characters_and_lines_end_as_in_an_editor() -> None:
    assert place("x: 😀é\r\nw: {ключ: 1, z: 2}\r\n", "/w/z") == (2, 14)
    assert place("x: 1\rw: 2\r", "/w") == (2, 1)


def test_an_alias_is_placed_where_it_is_written_and_says_where_it_is_used() -> None:
    text = "base: &b\n  mode: all\nmine:\n  deep: *b\n"
    found = spot(text, "/mine/deep/mode")
    assert Lines(text).place(found.entry) == (2, 3)
    assert found.used is not None
    assert Lines(text).place(found.used) == (4, 3)
    assert spot(text, "/base/mode").used is None


def test_an_alias_of_a_scalar_too() -> None:
    text = "a: &x 50\nb: *x\nc: [*x]\n"
    assert (place(text, "/b"), spot(text, "/b").used) == ((1, 4), 9)
    assert (place(text, "/c/0"), spot(text, "/c/0").used) == ((1, 4), 19)


def test_a_merge_is_placed_where_it_is_written() -> None:
    text = "base: &b {mode: all, value: 1}\nmine:\n  <<: *b\n  value: 2\n"
    found = spot(text, "/mine/mode")
    assert (Lines(text).place(found.entry), found.used) == ((1, 11), text.index("<<"))
    assert (place(text, "/mine/value"), spot(text, "/mine/value").used) == ((4, 3), None)


def test_the_first_of_several_merges_counts() -> None:
    text = "- &a {x: 1}\n- &b {x: 2, w: 2}\n- {<<: [*a, *b]}\n- {<<: {z: 3}}\n"
    assert place(text, "/2/x") == (1, 7)
    assert place(text, "/2/w") == (2, 13)
    assert (place(text, "/3/z"), spot(text, "/3/z").used) == ((4, 9), None)


def test_a_long_chain_of_merges_is_followed() -> None:
    chain = "".join(f"- &a{number} {{<<: *a{number - 1}}}\n" for number in range(1, 1200))
    text = f"- &a0 {{x: 1}}\n{chain}"
    assert place(text, "/1199/x") == (1, 8)
    assert spot(text, "/1199/w").pointer == "/1199"


def test_of_a_key_that_stands_twice_the_last_counts() -> None:
    assert place("{a: 1, a: 2}", "/a") == (1, 8)


def test_keys_are_compared_as_the_server_reads_them() -> None:
    assert place("x: 1\non: 2\n'3': 4\n", "/true") == (2, 1)
    assert place("x: 1\non: 2\n'3': 4\n", "/3") == (3, 1)


def test_a_block_ends_where_its_last_value_does() -> None:
    text = "a:\n  b: 1\n\n# about c\nc: 2\n"
    assert spot(text, "/a").node.end == text.index("1") + 1


TEXTS = st.text(st.characters(exclude_categories=["Cs", "Cc"]), max_size=6)
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**63), 2**64 - 1) | TEXTS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXTS, inner, max_size=3),
    max_leaves=12,
)


def places(value: object, at: str = "") -> list[tuple[str, object]]:
    children = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [(at, value), *(found for key, inner in children for found in places(inner, f"{at}/{escape(str(key))}"))]


@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.dictionaries(TEXTS, VALUES, min_size=1, max_size=3))
def test_every_pointer_of_a_document_leads_to_its_own_text(value: dict[str, object]) -> None:
    text = dump(value)
    root = documents(text, {0})[0]
    for pointer, held in places(value):
        found = find(root, pointer)
        assert found.pointer == pointer
        assert found.node in list(inside(root))
        if found.node.kind == "scalar" and found.node.style not in ("|", ">"):
            assert load(text[found.node.start : found.node.end], "x") == ([] if held is None else [held])
