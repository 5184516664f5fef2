"""Where suggestions are kept: `ID.yaml` for the experiment, `ID/NN-name.yaml` for the manifests that its commands name.

Nothing that somebody has edited is overwritten without a yes; without one the new suggestion gets the next free name.
"""

import os
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec

from aichaos.domain.experiment import Experiment, to_document
from aichaos.domain.finding import Finding
from aichaos.domain.snapshot import Snapshot
from aichaos.domain.suggestion import Draft, Suggestion
from aichaos.errors import FileError
from aichaos.files import yaml
from aichaos.files.save import edited, marked
from aichaos.files.save import save as save_file
from aichaos.report import kubectl


def save(
    suggestions: list[Suggestion], drafts: list[Draft], snapshot: Snapshot, out: Path | None, overwrite: Callable[[str], bool]
) -> tuple[list[Suggestion], list[str]]:
    """Save every suggestion that has an experiment; they come back with the path of it and its final id. Raises FileError."""
    if out is None:
        return suggestions, []
    saved, notes = [], []
    taken = {suggestion.id for suggestion in suggestions}
    for suggestion, draft in zip(suggestions, drafts, strict=True):
        if draft.experiment is None:
            saved.append(suggestion)
            continue
        name, note = _name(suggestion.id, out, overwrite, taken)
        taken.add(name)
        notes += [note] if note else []
        saved.append(_save_one(suggestion, draft.experiment, snapshot, out, name))
    return saved, notes


def load(path: Path, decode: Callable[[dict[str, Any]], tuple[Experiment | None, list[Finding]]]) -> Experiment:
    """The experiment of a file. Raises FileError where it can't be read, or holds none or several."""
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        why = error.strerror if isinstance(error, OSError) else "it is no text"
        raise FileError(f"cannot read {path}: {why}", hint="Name the file of an experiment, as `aichaos suggest` saves them.") from error
    documents = [one for one in yaml.load(text, str(path)) if isinstance(one, dict) and one.get("kind") == "Experiment"]
    if len(documents) != 1:
        said = "no experiment" if not documents else f"{len(documents)} experiments"
        raise FileError(f"{path} holds {said}", hint="Name a file with one document of kind Experiment.")
    experiment, findings = decode(documents[0])
    if experiment is None:
        one = findings[0]
        raise FileError(f"{path} is no experiment: {one.message} ({one.path or 'at the top'})", hint=f"See `aichaos check {path}`.")
    return experiment


def free_name(path: Path) -> str:
    """The next name beside an experiment's file that nobody has: `NAME-2`, `NAME-3` …"""
    stem = path.name.removesuffix(".yaml").removesuffix(".yml")
    base, dash, number = stem.rpartition("-")
    base = base if dash and number.isdigit() and len(number) < 4 else stem
    count = 2
    while os.path.lexists(path.parent / f"{base}-{count}.yaml") or os.path.lexists(path.parent / f"{base}-{count}"):
        count += 1
    return f"{base}-{count}"


def _name(identifier: str, out: Path, overwrite: Callable[[str], bool], taken: set[str]) -> tuple[str, str]:
    """The id to save under: the suggestion's own, or with a number where somebody's edits stand in the way; and a note about that.

    taken: ids of the other suggestions of the same answer.
    """
    theirs = _edited(out, identifier)
    if not theirs or overwrite(theirs[0]):
        return identifier, ""
    number = 2
    while f"{identifier}-{number}" in taken or _edited(out, f"{identifier}-{number}"):
        number += 1
    name = f"{identifier}-{number}"
    return name, f"{theirs[0]} has been edited and is left as it is; the new suggestion is {out / name}.yaml"


def _remove(path: Path) -> None:
    try:
        path.unlink()
    except OSError as error:
        hint = "Remove it by hand: it belongs to an earlier version of the experiment beside it."
        raise FileError(f"cannot remove {path}: {error.strerror or error}", hint=hint) from error


def _edited(out: Path, name: str) -> list[str]:
    return [str(file) for file in (out / f"{name}.yaml", *sorted((out / name).glob("*.yaml"))) if edited(file)]


def _save_one(suggestion: Suggestion, experiment: Experiment, snapshot: Snapshot, out: Path, name: str) -> Suggestion:
    named = msgspec.structs.replace(experiment, metadata=msgspec.structs.replace(experiment.metadata, name=name))
    folder = out / name
    rendered = kubectl.render(named, snapshot, folder)
    current = {step.file for step in rendered if step.file}
    for step in rendered:
        if step.file is not None:
            save_file(folder / step.file, marked(yaml.dump(step.manifest), note=f"made from {name}.yaml"))
    path = out / f"{name}.yaml"
    save_file(path, marked(yaml.dump(to_document(named)), note="edit it as you like"))
    for stale in sorted(folder.glob("*.yaml")):
        if stale.name not in current and not edited(stale):
            _remove(stale)
    commands = [line for step in rendered for line in step.commands]
    by_hand = [line for step in rendered for line in step.by_hand]
    return msgspec.structs.replace(suggestion, id=name, commands=commands, by_hand=by_hand, experiment=str(path))


def file_in(folder: Path, number: int, name: str) -> Path:
    """Where the text of one run of a series (a GameDay, growing stages) is kept."""
    return folder / f"{number:02d}-{re.sub('[^a-z0-9]+', '-', name.lower()).strip('-')[:40] or 'experiment'}.yaml"
