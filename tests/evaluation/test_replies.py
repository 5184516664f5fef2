"""The answers that a model wrote, put through the whole loop offline: how many end as ready experiments may only grow."""

from pathlib import Path

import pytest

from aichaos.evaluation.evaluate import Totals, why
from tests.evaluation.collect import collect
from tests.evaluation.replies import COLLECTIONS, FOLDER, answered, evaluated

PAGE = Path(__file__).parents[2] / "docs" / "howto" / "evaluate-a-backend.md"
FLOORS = {
    "careful": {"parsed": 1.0, "ready_first": 0.8, "ready": 1.0, "relevant": 1.0},
    "careless": {"parsed": 1.0, "ready_first": 0.8, "ready": 1.0, "relevant": 1.0},
    "current": {"parsed": 1.0, "ready_first": 0.83, "ready": 1.0, "relevant": 1.0},
}
"""Shares of what was asked for: read, without an error at the first try, without one in the end; questions answered as they were asked."""


@pytest.fixture(scope="module", params=COLLECTIONS)
def collection(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture(scope="module")
def totals(collection: str) -> Totals:
    return evaluated(collection).totals


def test_enough_answers_are_kept_half_of_them_careless() -> None:
    answers = {name: list((FOLDER / name).glob("*/*.md")) for name in COLLECTIONS}
    assert sum(map(len, answers.values())) >= 60
    assert len(answers["careless"]) >= 30


@pytest.mark.parametrize("figure", ["parsed", "ready_first", "ready", "relevant"])
def test_as_many_answers_are_of_use_as_before(figure: str, collection: str, totals: Totals) -> None:
    assert getattr(totals, figure) >= FLOORS[collection][figure]


def test_no_question_fails_and_no_answer_repeats_another(totals: Totals) -> None:
    assert totals.failed == 0
    assert totals.distinct == 1


def test_every_question_is_answered_as_it_was_asked(collection: str) -> None:
    wrong = {one.id: why(one) for one in evaluated(collection).scores if not one.perfect}
    assert wrong == {}


def test_the_table_in_the_documentation_is_the_one_that_comes_out(collection: str, totals: Totals) -> None:
    rows = [line.strip("| ").split(" | ") for line in PAGE.read_text(encoding="utf-8").split("\n") if line.startswith("| ")]
    head = next(row for row in rows if "careless" in row)
    told = {row[0]: row[head.index(collection) + (head[0] != "")] for row in rows[rows.index(head) + 1 :]}
    assert told == {
        "questions": str(totals.questions),
        "perfect": str(totals.perfect),
        "experiments read": f"{totals.parsed:.1%}",
        "without an error at first": f"{totals.ready_first:.1%}",
        "without an error in the end": f"{totals.ready:.1%}",
        "as asked, of what exists": f"{totals.relevant:.1%}",
        "different from each other": f"{totals.distinct:.1%}",
    }


def test_every_prompt_has_its_answer_and_every_answer_its_prompt(collection: str, tmp_path: Path) -> None:
    """But for rounds of mending that nobody answered. An answer that no prompt asks for would make the figures worthless."""
    for question in answered(collection):
        answers = list((FOLDER / collection / question.id).glob("*.md"))
        folder = tmp_path / question.id
        folder.mkdir()
        for answer in answers:
            (folder / answer.name).write_bytes(answer.read_bytes())
        gone_through = collect(folder, question)
        assert [path.name for path in gone_through.written if ".repair-" not in path.name] == []
        assert {path.name for path in gone_through.used} == {answer.name for answer in answers}
