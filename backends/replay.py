"""Answers from files: to show, test and discuss what a model said without asking it again.

The file (`--model FILE`, JSON Lines) holds an answer a line: `{"kind": "ideas"|"experiment"|"refine"|"summary", "idea": id|null, "text": …,
"model": …}`. A folder holds `ideas.md` and `ID.md`, or `summary.md`, and `ID.repair-1.md` for what was answered when that was to be mended.
Each answer serves the question of its kind and idea, in order, the last one again. Nothing is asked: a question that has no answer here is
an error.
"""

from collections import defaultdict
from pathlib import Path
from typing import ClassVar, Literal

import msgspec

from aichaos.ask.protocol import Kind, Options, Progress, Question, Reply
from aichaos.domain import forms
from aichaos.errors import BackendError, FileError, UsageError


class Recorded(msgspec.Struct, frozen=True, kw_only=True):
    """One line of a replay file."""

    kind: Kind
    text: str
    idea: str | None = None
    model: str | None = None
    end: Literal["done", "length", "refused"] = "done"


class ReplayBackend:
    name: ClassVar[str] = "replay"
    about: ClassVar[str] = "answers recorded in a file or folder, by --model PATH; nobody is asked"
    key_variable: ClassVar[str | None] = None
    prompted: ClassVar[bool] = True
    remote: ClassVar[bool] = False

    def __init__(self, options: Options) -> None:
        self.model: str | None = options.model
        self._read: dict[tuple[str, str | None], list[Recorded]] | None = None
        self._asked: dict[tuple[str, str | None], int] = defaultdict(int)

    def answer(self, question: Question, progress: Progress) -> Reply:
        if not self.model:
            raise UsageError("the backend replay needs a file or a folder of answers", hint="Name it with --model PATH.")
        if self._read is None:
            self._read = _grouped(recorded(Path(self.model)))
        idea = question.facts.idea.id if question.facts.idea is not None and question.kind == "experiment" else None
        found = self._read.get((question.kind, idea)) or self._read.get((question.kind, None))
        if not found:
            what = f"the question for {question.kind}" + (f" of {idea}" if idea else "")
            raise BackendError(f"{self.model} has no answer to {what}", hint="Record it, or choose another backend.")
        number = self._asked[question.kind, idea]
        self._asked[question.kind, idea] += 1
        one = found[min(number, len(found) - 1)]
        progress(one.text)
        return Reply(text=one.text, model=one.model, counted=False, end=one.end, keep=False, notes=question.prompt.notes)


def recorded(path: Path) -> list[Recorded]:
    """The answers in a file or a folder. Raises FileError."""
    try:
        if path.is_dir():
            return [_of_file(one) for one in sorted(path.glob("*.md"), key=_round)]
        lines = path.read_bytes().splitlines()
        return [forms.decode(line, Recorded) for line in lines if line.strip()]
    except OSError as error:
        raise FileError(
            f"cannot read the answers in {path}: {error.strerror}", hint="Name a file or a folder of answers with --model."
        ) from error
    except (UnicodeDecodeError, msgspec.DecodeError) as error:
        raise FileError(
            f"cannot read the answers in {path}: {error}",
            hint="A file holds one JSON object a line; a folder holds ideas.md and ID.md, in UTF-8.",
        ) from error


def _round(path: Path) -> tuple[str, int]:
    """What an answer is about, and how often it had been asked before."""
    name, _, number = path.stem.partition(".repair-")
    return name, int(number) if number.isdigit() else 0


def _of_file(path: Path) -> Recorded:
    name, _ = _round(path)
    kind: Kind = "ideas" if name == "ideas" else "summary" if name == "summary" else "refine" if name.startswith("refine") else "experiment"
    return Recorded(kind=kind, idea=name if kind == "experiment" else None, text=path.read_text(encoding="utf-8"))


def _grouped(answers: list[Recorded]) -> dict[tuple[str, str | None], list[Recorded]]:
    found: dict[tuple[str, str | None], list[Recorded]] = defaultdict(list)
    for one in answers:
        found[one.kind, one.idea].append(one)
    return found
