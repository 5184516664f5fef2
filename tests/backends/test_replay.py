"""Answers from files: each serves the question that it answers, and no other."""

import json
from pathlib import Path

import pytest

from aichaos import pipeline
from aichaos.ask.protocol import Options
from aichaos.ask.registry import open_backend
from aichaos.ask.words import read
from aichaos.errors import BackendError, FileError, UsageError
from aichaos.observe.source import Choice
from tests.backends.exchange import ignore, question
from tests.backends.provider import REPLIES


def replayed(path: Path | str | None) -> str:
    return open_backend("replay", Options(model=str(path) if path else None)).answer(question(), ignore).text


def written(path: Path, *lines: dict[str, str | None]) -> Path:
    path.write_text("".join(json.dumps(line) + "\n" for line in lines), encoding="utf-8")
    return path


def test_a_folder_of_answers_makes_the_suggestions_that_the_model_made() -> None:
    """One of the three was mended by the model when it heard what the checks had found."""
    wish = pipeline.Wish(choice=Choice(origin="demo:route-chaos"), words=read(""), count=3, out=None)
    backend = open_backend("replay", Options(model=str(REPLIES / "suite" / "careless" / "talk-routes")))
    found = pipeline.suggest(wish, backend, say=lambda line: None, overwrite=lambda path: False)
    rounds = {one.id: [said.errors for said in one.rounds] for one in found.suggestions}
    assert rounds == {"route-conflict-shop": [0], "missing-backend": [1, 0], "gateway-restart": [0]}
    assert {one.verdict for one in found.suggestions} == {"ready"}
    assert found.backend.name == "replay"


def test_a_file_answers_question_by_question_and_the_last_answer_again(tmp_path: Path) -> None:
    path = written(tmp_path / "a.jsonl", {"kind": "ideas", "text": "one"}, {"kind": "ideas", "text": "two"})
    backend = open_backend("replay", Options(model=str(path)))
    assert [backend.answer(question(), ignore).text for _ in range(3)] == ["one", "two", "two"]


def test_a_question_without_an_answer_is_an_error(tmp_path: Path) -> None:
    path = written(tmp_path / "a.jsonl", {"kind": "experiment", "idea": "x", "text": "one"})
    with pytest.raises(BackendError, match="has no answer to the question for ideas"):
        replayed(path)


def test_without_a_file_there_is_nothing_to_replay() -> None:
    with pytest.raises(UsageError, match="needs a file or a folder"):
        replayed(None)


@pytest.mark.parametrize("content", [b"{", b"\xff", b'{"kind": "other", "text": ""}'])
def test_a_file_that_holds_no_answers_is_said(content: bytes, tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    path.write_bytes(content)
    with pytest.raises(FileError, match="cannot read the answers"):
        replayed(path)


def test_a_file_that_is_not_there_is_said(tmp_path: Path) -> None:
    with pytest.raises(FileError, match="cannot read the answers"):
        replayed(tmp_path / "nothing.jsonl")
