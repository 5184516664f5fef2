"""Lines on a terminal: within its width, aligned, and clean of everything that a terminal would obey."""

import io
import os
import pty
import re
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aichaos.domain.finding import Finding
from aichaos.report.clean import clean
from aichaos.report.findings import show
from aichaos.report.layout import NARROWEST, PIPE_WIDTH, WIDEST, Paper, Part, cells

WIDTHS = st.integers(30, 200)
TEXTS = st.text() | st.lists(st.sampled_from(["a", "bb ", "名前 ", "é", "\t", " ", "x" * 50, "\n", "🙂", "`"]), max_size=40).map("".join)


def paper(width: int = 80) -> tuple[Paper, io.StringIO]:
    stream = io.StringIO()
    made = Paper(stream)
    made.width = width
    return made, stream


def lines(stream: io.StringIO) -> list[str]:
    return stream.getvalue().split("\n")[:-1]


@given(TEXTS, WIDTHS, st.integers(0, 8))
def test_no_line_of_a_paragraph_is_wider_than_the_terminal(text: str, width: int, indent: int) -> None:
    on, stream = paper(width)
    on.text(text, indent=indent, mark="  -  ")
    assert max(map(cells, lines(stream))) <= width


@given(st.lists(st.tuples(st.sampled_from(["Why here", "Reach", "名前", ""]), TEXTS), min_size=1, max_size=3), WIDTHS)
def test_no_line_of_facts_is_wider_than_the_terminal(rows: list[tuple[str, str]], width: int) -> None:
    on, stream = paper(width)
    on.facts(rows, indent=3)
    assert max(map(cells, lines(stream))) <= width


@given(st.lists(st.sampled_from(["a", "bb", "名前", "é", "x" * 50, "🙂", "`", "`b", "c`."]), min_size=1, max_size=40), WIDTHS)
def test_wrapping_loses_no_word(words: list[str], width: int) -> None:
    on, stream = paper(width)
    on.text(" ".join(words))
    assert re.sub(r"\s", "", stream.getvalue()) == "".join(words)


def test_words_stay_whole_where_they_fit() -> None:
    on, stream = paper(30)
    on.text("one two three four five six seven eight nine ten", indent=2, mark="- ")
    assert lines(stream) == ["  - one two three four five", "    six seven eight nine ten"]


def test_a_command_is_not_torn_apart_where_it_fits() -> None:
    """Whoever copies the first half of `aichaos stop RUN` stops another run."""
    on, stream = paper(40)
    on.text("to stop it (`aichaos stop the-run-of-today`), or `x " + "y" * 40 + "`; a lone ` says nothing")
    assert lines(stream) == ["to stop it", "(`aichaos stop the-run-of-today`), or `x", "y" * 40, "`; a lone ` says nothing"]


def test_a_command_that_does_not_fit_is_whole_on_a_line_of_its_own() -> None:
    on, stream = paper(30)
    command = "`kubectl -n aichaos get lease aichaos-run -o yaml`"
    on.text(f"who runs what: {command}; but `a sentence of many words that is quoted` is wrapped")
    assert lines(stream) == ["who runs what:", f"{command};", "but `a sentence of many words", "that is quoted` is wrapped"]


def test_a_word_longer_than_a_line_is_folded() -> None:
    on, stream = paper(30)
    on.text("a " + "x" * 50)
    assert lines(stream) == ["a", "x" * 30, "x" * 20]


def test_a_wide_character_takes_two_columns() -> None:
    on, stream = paper(30)
    on.text("名" * 16)
    assert lines(stream) == ["名" * 15, "名"]
    assert (cells("名前"), cells("e\u0301"), cells("abc")) == (4, 1, 3)


def test_columns_are_aligned() -> None:
    on, stream = paper(60)
    rows: list[list[Part]] = [[("a", ""), ("名前", ""), ("one", "")], [("long", ""), ("b", ""), ("two words " * 8, "")]]
    on.columns(rows)
    first, second, *rest = lines(stream)
    assert cells(first[: first.index("one")]) == cells(second[: second.index("two")]) == 12
    assert rest
    assert all(line.startswith(" " * 12) and cells(line) <= 60 for line in rest)


def test_columns_without_room_for_the_last_one_put_it_below() -> None:
    on, stream = paper(30)
    on.columns([[("a" * 20, ""), ("some text that is wrapped", "")]])
    assert [line.rstrip() for line in lines(stream)] == ["a" * 20, "    some text that is wrapped"]


def test_facts_stand_under_their_labels_where_it_is_narrow() -> None:
    on, stream = paper(30)
    on.facts([("Why here", "because"), ("Hypothesis", "it holds")])
    assert lines(stream) == ["Why here", "  because", "Hypothesis", "  it holds"]


def test_a_table_without_rows_is_nothing() -> None:
    on, stream = paper()
    on.columns([])
    assert stream.getvalue() == ""


# clean --------------------------------------------------------------------------------------------------------------------------

BIDI = "\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069"
"""Every character with the property Bidi_Control (Unicode TR 9)."""
HOSTILE = st.text(st.characters() | st.characters(categories=["Cc", "Cf", "Zl", "Zp", "Cs"]) | st.sampled_from(BIDI + "\x1b\x9b\x07\r"))


def harmless(character: str) -> bool:
    return character == "\n" or (unicodedata.category(character) not in ("Cc", "Cs", "Zl", "Zp") and character not in BIDI)


@given(HOSTILE)
def test_nothing_that_a_terminal_obeys_reaches_it(text: str) -> None:
    on, stream = paper()
    on.line(text, (text, "red"))
    on.text(text, style="bold", mark=" - ")
    on.facts([(text, text)])
    on.columns([[(text, "red"), (text, "")]])
    assert all(map(harmless, stream.getvalue()))
    stream.getvalue().encode()


@given(st.text(st.characters(categories=["L", "N", "P", "S", "Zs", "M"])))
def test_what_is_harmless_is_left_as_it_is(text: str) -> None:
    assert clean(text) == text


def test_an_escape_is_shown_instead_of_obeyed() -> None:
    assert clean("\x1b[31mred\x1b[0m\tend\u202e") == "\\x1b[31mred\\x1b[0m end\\x202e"


# colour -------------------------------------------------------------------------------------------------------------------------


def on_terminal(text: str = "words") -> str:
    """What a paper writes on a real (pseudo) terminal."""
    leader, follower = pty.openpty()
    with os.fdopen(follower, "w") as stream:
        made = Paper(stream)
        made.line((text, "red"))
        stream.flush()
        written = b""
        while not written.endswith(b"\n"):  # a terminal hands on what it has, and that may be half a line
            written += os.read(leader, 1000)
    os.close(leader)
    return written.decode()


@pytest.fixture(autouse=True)
def _terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("NO_COLOR", raising=False)
    monkeypatch.delenv("COLUMNS", raising=False)
    monkeypatch.setenv("TERM", "xterm")


def test_a_terminal_gets_colour() -> None:
    assert on_terminal() == "\x1b[31mwords\x1b[0m\r\n"


@pytest.mark.parametrize(("variable", "value"), [("NO_COLOR", "1"), ("TERM", "dumb")])
def test_a_terminal_that_wants_none_gets_none(variable: str, value: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(variable, value)
    assert on_terminal() == "words\r\n"


@pytest.mark.parametrize(("term", "is_so"), [("xterm", True), ("dumb", False)])
def test_what_is_no_screen_is_not_written_over(term: str, is_so: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TERM", term)
    leader, follower = pty.openpty()
    with os.fdopen(follower, "w") as stream:
        assert Paper(stream).terminal is is_so
    os.close(leader)
    assert Paper(io.StringIO()).terminal is False


def test_a_pipe_gets_no_colour() -> None:
    stream = io.StringIO()
    Paper(stream).line(("words", "red"))
    assert stream.getvalue() == "words\n"


@pytest.mark.parametrize(("columns", "width"), [("80", 80), ("10", 30), ("500", 120)])
def test_the_width_is_the_terminals_within_reason(columns: str, width: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", columns)
    leader, follower = pty.openpty()
    with os.fdopen(follower, "w") as stream:
        assert Paper(stream).width == width
    os.close(leader)


@pytest.mark.parametrize(("columns", "width"), [("60", 60), ("140", WIDEST), ("5", NARROWEST), ("", PIPE_WIDTH), ("wide", PIPE_WIDTH)])
def test_columns_counts_in_a_pipe_as_well(columns: str, width: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", columns)
    assert Paper(io.StringIO()).width == width


def test_no_line_ends_in_blanks() -> None:
    stream = io.StringIO()
    made = Paper(stream)
    made.columns([[("a", ""), ("b", ""), ("", "")], [("longer", ""), ("", ""), ("", "")]])
    made.facts([("label", ""), ("other", "text")])
    assert [line for line in stream.getvalue().split("\n") if line.endswith(" ")] == []


def test_a_line_end_in_a_name_begins_no_line_of_the_output() -> None:
    on, stream = paper()
    show(
        [
            Finding(
                rule="metadata/name", layer="admission", severity="error", message="no", object="Pod/a/\n::error::b", path="/metadata/\n::c"
            )
        ],
        {},
        on,
    )
    assert [line for line in lines(stream) if line.lstrip().startswith("::")] == []
