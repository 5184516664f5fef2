"""A number of a summary is held against what it is said of: two true numbers that were swapped do not pass."""

from collections.abc import Iterator
from itertools import combinations
from pathlib import Path

import pytest

from aichaos.ask.citing import Cited, _found, _plain, strange
from aichaos.report import results_markdown
from tests.report.test_summary import REPLIES, told

RIGHT = [REPLIES / "summary.md", *sorted((REPLIES / "paired").glob("right-*.md"))]


@pytest.fixture(scope="module")
def report(tmp_path_factory: pytest.TempPathFactory) -> str:
    return results_markdown.figures(told(tmp_path_factory.mktemp("run")))


@pytest.mark.parametrize("path", RIGHT, ids=lambda path: path.stem)
def test_a_right_summary_passes_as_it_was_written(report: str, path: Path) -> None:
    assert strange(path.read_text(encoding="utf-8"), report) == []


@pytest.mark.parametrize(
    ("name", "wrong"),
    [
        ("swapped-windows", ["66.7%", "100.0%"]),
        ("swapped-figures", ["99%", "66.7%", "300 ms", "20 ms", "10.0 s", "5.0 s"]),
        ("swapped-counts", ["300", "100"]),
    ],
)
def test_a_summary_whose_numbers_are_true_of_something_else_is_refused(report: str, name: str, wrong: list[str]) -> None:
    found = strange((REPLIES / "paired" / f"{name}.md").read_text(encoding="utf-8"), report)
    assert [one.partition(" (")[0] for one in found] == wrong
    assert all("said of" in one and "in the report it is of" in one for one in found)


def swaps(text: str) -> Iterator[tuple[str, str]]:
    """A text with each two of its numbers that are of one kind in each other's place, and which."""
    numbers = sorted((one for one in _found(text) if isinstance(one, Cited)), key=lambda one: one.start)
    for one, other in combinations(numbers, 2):
        if one.kind == other.kind and one.value != other.value:
            swapped = text[: one.start] + other.written + text[one.end : other.start] + one.written + text[other.end :]
            yield f"{one.written} for {other.written}", swapped


@pytest.mark.parametrize("path", RIGHT, ids=lambda path: path.stem)
def test_no_two_numbers_of_a_right_summary_can_be_swapped(report: str, path: Path) -> None:
    tried = list(swaps(_plain(path.read_text(encoding="utf-8"))))
    assert len(tried) >= 15
    assert [which for which, text in tried if not strange(text, report)] == []


@pytest.mark.parametrize(
    "text",
    [
        "Success fell from 100.0% to 66.7%.",
        "During the experiment success fell from 100.0% to 66.7%, and all 90 answers afterwards were good.",
        "Before the change success was 100.0%; during it 66.7%, against a promise of at least 99%.",
        "The p95 stayed at 20 ms, within the promised 300 ms.",
        "The score is 50 of 100 and the confidence is high (0.92).",
        "Success was 66.7% during the experiment, down from 100.0% before.",
        "66.7% of the 300 answers were good during the experiment, with 200 from shop/web.",
        "It took 5.0 s to detect and 10.0 s to recover.",
        "GET http://shop.example.com/ was foretold to answer 503, and came from shop/web in all 30 observed requests.",
        "In the state 'step 2' shop/web answered 30 requests; during the experiment 200 answers came from it.",
        "With 66.7% good answers, the promise of 99% success was broken.",
        "Success recovered from 66.7% during the experiment to 100.0% afterwards.",
        "p50 and p95 were both 20 ms throughout.",
        "The service answered 66.7% of requests well where 99% was promised.",
    ],
)
def test_the_ways_in_which_people_say_it_pass(report: str, text: str) -> None:
    assert strange(text, report) == []


@pytest.mark.parametrize(
    "text",
    [
        "Success rose from 66.7% to 100.0% during the experiment.",
        "Success fell from 66.7% to 100.0%.",
        "Before the change success was 66.7%; during it 100.0%.",
        "Before the change success was 66.7%.",
        "Success was 99%, against a promise of 66.7%.",
        "Success was 99% during the experiment.",
        "It took 10.0 s to detect and 5.0 s to recover.",
        "The p95 stayed at 300 ms, within the promised 20 ms.",
        "The score is 100.",
        "It was foretold to answer 200, and answered 503.",
        "The bad answers were 200 where 503 was expected.",
        "During the experiment there were 200 samples, 300 before it.",
        "shop/web answered 100 during the experiment.",
        "The p95 was 10.0 s.",
        "The p95 was 29 s.",
        "Afterwards 300 answers came.",
        "Success was 66.7% (71.8% to 61.2%).",
        "In the state 'step 2' shop/web answered all 200 observed requests.",
        "It was foretold to answer 503 in the state 'step 2', and shop/web answered (90 requests).",
    ],
)
def test_a_true_number_of_something_else_does_not(report: str, text: str) -> None:
    assert strange(text, report) != []
