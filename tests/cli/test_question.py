"""The question before a run."""

import sys

import pytest

from aichaos.cli.running import asked


class Terminal:
    """Somebody sits here, types this; seen: what is on the screen beside that."""

    def __init__(self, typed: str = "") -> None:
        self.seen = ""
        self._typed = typed

    def isatty(self) -> bool:
        return True

    def readline(self) -> str:
        return self._typed

    def write(self, text: str) -> None:
        self.seen += text

    def flush(self) -> None:
        """It is there at once."""


@pytest.mark.parametrize(("typed", "is_so"), [("trial\n", True), (" trial \n", True), ("yes\n", False), ("\n", False), ("", False)])
def test_only_the_name_is_a_yes(typed: str, is_so: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    screen = Terminal()
    monkeypatch.setattr(sys, "stdin", Terminal(typed))
    monkeypatch.setattr(sys, "stderr", screen)
    assert asked("trial", "Shall this be done?") is is_so
    assert screen.seen.endswith("\n") is not typed.endswith("\n"), "the terminal shows what was typed, line end and all"
