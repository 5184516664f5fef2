"""Lines on a terminal: wrapped to its width, aligned, coloured where colour is wanted. Small, because every start pays for it.

(A library for this would be half of what `suggest` may take to start; see docs/dependencies.md.)
"""

import os
from collections.abc import Iterable, Iterator, Sequence
from typing import IO, Literal

from aichaos.report.clean import clean

Style = Literal["", "bold", "dim", "red", "green", "yellow", "blue", "magenta", "cyan"]
Part = tuple[str, Style]

PIPE_WIDTH = 100
"""Columns where there is no terminal to ask."""
WIDEST = 120
"""Text wider than this is hard to read, however wide the terminal is."""
NARROWEST = 30
_GLUE = "\0"
"""Stands for a blank that holds; no text has it that was cleaned."""
_COMMANDS = ("`aichaos ", "`kubectl ", "(`aichaos ", "(`kubectl ")

_CODES = {"bold": 1, "dim": 2, "red": 31, "green": 32, "yellow": 33, "blue": 34, "magenta": 35, "cyan": 36}


class Paper:
    """Where text is written. Everything is cleaned of control characters here, so that nobody can forget it."""

    def __init__(self, stream: IO[str]) -> None:
        self.terminal = stream.isatty() and os.environ.get("TERM") != "dumb"
        """Whether there is a screen that can be written over."""
        self.stream = stream
        self.width = max(NARROWEST, min(_columns(stream), WIDEST))
        self.colour = self.terminal and not os.environ.get("NO_COLOR")

    def line(self, *parts: Part | str) -> None:
        """One line as it is, never wrapped: what is copied from the screen must be whole."""
        self.stream.write("".join(self.styled(*part) if isinstance(part, tuple) else clean(part) for part in parts).rstrip(" ") + "\n")

    def text(self, text: str, *, indent: int = 0, style: Style = "", mark: str = "") -> None:
        """A paragraph; `mark` stands before its first line (a bullet, a number) and the rest hangs under the text."""
        lead = " " * indent + mark
        for number, piece in enumerate(self.wrapped(text, indent + cells(mark))):
            self.line(lead if number == 0 else " " * cells(lead), (piece, style))

    def facts(self, rows: Iterable[tuple[str, str]], *, indent: int = 0) -> None:
        """Labels on the left, text on the right; under each other where the terminal is too narrow for that."""
        listed = list(rows)
        column = max((cells(label) for label, _ in listed), default=0) + 2
        narrow = self.width - indent - column < 32
        for label, text in listed:
            if narrow:
                self.line(" " * indent, (label, "cyan"))
                self.text(text, indent=indent + 2)
                continue
            for number, piece in enumerate(self.wrapped(text, indent + column)):
                self.line(" " * indent, (_padded(label if number == 0 else "", column), "cyan"), piece)

    def columns(self, rows: Sequence[Sequence[Part]], *, indent: int = 0) -> None:
        """A table: each column as wide as its widest cell, the last one wrapped, or on a line of its own where there is no room."""
        if not rows:
            return
        widths = [max(cells(row[place][0]) for row in rows) + 2 for place in range(len(rows[0]) - 1)]
        left = indent + sum(widths)
        apart = self.width - left < min(20, max(cells(row[-1][0]) for row in rows))
        for row in rows:
            cut = [(_padded(text, width), style) for (text, style), width in zip(row, widths, strict=False)]
            last, style = row[-1]
            if apart:
                self.line(" " * indent, *cut)
                self.text(last, indent=indent + 4, style=style)
                continue
            first, *rest = self.wrapped(last, left) or [""]
            self.line(" " * indent, *cut, (first, style))
            for piece in rest:
                self.line(" " * left, (piece, style))

    def styled(self, text: str, style: Style) -> str:
        safe = clean(text)
        return f"\x1b[{_CODES[style]}m{safe}\x1b[0m" if self.colour and style and safe else safe

    def wrapped(self, text: str, indent: int) -> list[str]:
        room = max(self.width - indent, 12)
        return [piece for line in clean(text).split("\n") for piece in _wrap(line, room)]


def cells(text: str) -> int:
    """Columns that a text takes: wide characters two, combining ones none (Unicode TR 11)."""
    if text.isascii():
        return len(text)
    import unicodedata  # most text never gets here, and every start would pay for it

    return sum(0 if unicodedata.combining(c) else 2 if unicodedata.east_asian_width(c) in "WF" else 1 for c in text)


def _wrap(line: str, room: int) -> list[str]:
    lines: list[str] = []
    current = ""
    for word in _words(line, room):
        if current and cells(current) + 1 + cells(word) <= room:
            current += f" {word}"
            continue
        if current:
            lines.append(current)
        *whole, current = _folded(word, room)
        lines += whole
    return [*lines, current]


def _words(line: str, room: int) -> Iterator[str]:
    """What is not torn apart: a word; what stands between backquotes, where it fits; and a command there, always: half of it is
    another one."""
    pieces = line.split("`")
    last = len(pieces) - 1
    kept = "`".join(piece.replace(" ", _GLUE) if place % 2 and place < last else piece for place, piece in enumerate(pieces))
    for word in kept.split(" "):
        whole = word.replace(_GLUE, " ")
        yield from [whole] if cells(whole) <= room or whole.startswith(_COMMANDS) else whole.split(" ")


def _folded(word: str, room: int) -> list[str]:
    """A word that is longer than a line, in pieces; a command is wider than the line, and whole."""
    if cells(word) <= room or " " in word:
        return [word]
    pieces, current = [], ""
    for character in word:
        if cells(current) + cells(character) > room:
            pieces.append(current)
            current = ""
        current += character
    return [*pieces, current]


def _padded(text: str, width: int) -> str:
    return text + " " * (width - cells(text))


def _columns(stream: IO[str]) -> int:
    """What COLUMNS says, in a pipe as well; else what the terminal says."""
    said = os.environ.get("COLUMNS", "")
    if said.isdigit() and int(said) > 0:
        return int(said)
    try:
        return os.get_terminal_size(stream.fileno()).columns or PIPE_WIDTH
    except (OSError, ValueError):
        return PIPE_WIDTH
