"""A terminal, or a setting, that knows no letters but those of English: what is written ends nothing there."""

import json
from pathlib import Path

import pytest

from tests.program import Run, typed

QUESTION = ("route", "GET", "http://lior.example.com/", "--from", "demo:route-chaos")


@pytest.mark.parametrize("encoding", ["ascii", "latin-1"])
def test_a_letter_that_a_terminal_does_not_know_is_written_otherwise(tmp_path: Path, encoding: str) -> None:
    assert r"\u2022 route-chaos/my-route rules[0].matches[0] takes it" in typed(tmp_path, (), *QUESTION, PYTHONIOENCODING=encoding)


@pytest.mark.parametrize("encoding", ["ascii", "latin-1", "utf-16"])
def test_files_and_pipes_are_utf_8(aichaos: Run, encoding: str) -> None:
    done = aichaos(*QUESTION, PYTHONIOENCODING=encoding)
    assert (done.returncode, "• route-chaos/my-route" in done.stdout) == (0, True), done.stderr
    answered = aichaos("suggest", "--from", "demo:route-chaos", "-o", "json", PYTHONIOENCODING=encoding)
    assert "“" in json.dumps(json.loads(answered.stdout), ensure_ascii=False), "letters as they are"
