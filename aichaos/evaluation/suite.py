"""The questions, as their file says them."""

from importlib.resources import files
from pathlib import Path
from typing import Any

import msgspec

from aichaos.domain import forms
from aichaos.errors import FileError
from aichaos.evaluation.honoured import Asked
from aichaos.files import yaml


class Question(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One question. cluster: see `clusters.py`. count: suggestions that are asked for. asks: what the first suggestion must honour."""

    id: str
    cluster: str
    words: str
    count: int = 3
    asks: Asked = Asked()


class Suite(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    version: int
    questions: list[Question]


def suite(path: Path | None = None) -> Suite:
    """The suite that comes with the program, or one of a file. Raises FileError."""
    name = str(path) if path else "suite.yaml"
    try:
        text = path.read_text(encoding="utf-8") if path else (files(__package__) / name).read_text(encoding="utf-8")
        documents: list[Any] = yaml.load(text, name)
        return forms.convert(documents[0] if documents else None, Suite)
    except (OSError, UnicodeDecodeError, msgspec.ValidationError) as error:
        raise FileError(f"cannot read the suite {name}: {error}", hint="Its form is that of aichaos/evaluation/suite.yaml.") from error
