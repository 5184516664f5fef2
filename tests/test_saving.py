"""Suggestions are kept as files: ours are replaced, theirs are not, and none is ever half written."""

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import msgspec
import pytest

from aichaos import pipeline, saving
from aichaos.ask.parse import experiment as parse_experiment
from aichaos.ask.protocol import Options
from aichaos.ask.registry import open_backend
from aichaos.ask.words import read
from aichaos.check.decode import experiment_of
from aichaos.domain.experiment import Experiment
from aichaos.domain.suggestion import Draft, Idea, Suggestion, Suggestions
from aichaos.errors import FileError
from aichaos.files import yaml
from aichaos.observe.source import Choice, take
from tests.observe.clusters import snapshot_of

CONFLICT = "route-conflict-my-route"


def suggest(out: Path | None, *, overwrite: Callable[[str], bool] = lambda path: False, words: str = "", count: int = 1) -> Suggestions:
    wish = pipeline.Wish(choice=Choice(origin="demo:route-chaos"), words=read(words), count=count, out=out)
    return pipeline.suggest(wish, open_backend("playbook", Options()), lambda line: None, overwrite)


def files(folder: Path) -> dict[str, str]:
    return {str(path.relative_to(folder)): path.read_text() for path in sorted(folder.rglob("*")) if path.is_file()}


def edit(path: Path) -> str:
    path.write_text(path.read_text() + "# mine\n")
    return path.read_text()


def test_a_suggestion_is_an_experiment_and_the_manifests_that_its_commands_name(tmp_path: Path) -> None:
    (one,) = suggest(tmp_path).suggestions
    assert one.experiment == str(tmp_path / f"{CONFLICT}.yaml")
    assert sorted(files(tmp_path)) == [f"{CONFLICT}.yaml", f"{CONFLICT}/01-rival.yaml", f"{CONFLICT}/05-back.yaml"]
    for command in one.commands:
        if " -f " in command:
            assert Path(command.rpartition(" ")[2]).is_file()


def test_a_saved_experiment_can_be_read_again(tmp_path: Path) -> None:
    suggest(tmp_path)
    document = yaml.load((tmp_path / f"{CONFLICT}.yaml").read_text(), "saved")[0]
    found = msgspec.convert(document, Experiment)
    assert found.name == CONFLICT
    assert found.spec.provenance.snapshot == take(Choice(origin="demo:route-chaos")).digest()


def test_the_saved_manifests_are_those_of_the_suggestion(tmp_path: Path) -> None:
    (one,) = suggest(tmp_path).suggestions
    saved = [yaml.load(path.read_text(), "saved")[0] for path in sorted((tmp_path / CONFLICT).iterdir())]
    assert saved == one.manifests


def test_without_a_folder_nothing_is_saved(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert [one.experiment for one in suggest(None).suggestions] == [None]
    assert files(tmp_path) == {}


def test_a_second_run_changes_nothing(tmp_path: Path) -> None:
    suggest(tmp_path)
    before = files(tmp_path)
    answer = suggest(tmp_path)
    assert files(tmp_path) == before
    assert answer.warnings == []


def test_a_file_that_nobody_edited_is_replaced(tmp_path: Path) -> None:
    suggest(tmp_path)
    before = files(tmp_path)
    suggest(tmp_path, words="other words")
    after = files(tmp_path)
    assert after.keys() == before.keys()
    assert "other words" in after[f"{CONFLICT}.yaml"]


@pytest.mark.parametrize("name", [f"{CONFLICT}.yaml", f"{CONFLICT}/01-rival.yaml"])
def test_an_edited_file_stays_and_the_new_one_gets_the_next_name(name: str, tmp_path: Path) -> None:
    suggest(tmp_path)
    mine = edit(tmp_path / name)
    answer = suggest(tmp_path)
    assert (tmp_path / name).read_text() == mine
    (one,) = answer.suggestions
    assert (one.id, one.experiment) == (f"{CONFLICT}-2", str(tmp_path / f"{CONFLICT}-2.yaml"))
    assert f"name: {CONFLICT}-2" in (tmp_path / f"{CONFLICT}-2.yaml").read_text()
    assert all(f"{CONFLICT}-2/" in line for line in one.commands if " -f " in line)
    (note,) = answer.warnings
    assert note == f"{tmp_path / name} has been edited and is left as it is; the new suggestion is {tmp_path / f'{CONFLICT}-2'}.yaml"


def test_the_next_name_is_the_same_when_it_is_repeated(tmp_path: Path) -> None:
    suggest(tmp_path)
    edit(tmp_path / f"{CONFLICT}.yaml")
    suggest(tmp_path)
    before = files(tmp_path)
    assert suggest(tmp_path).suggestions[0].id == f"{CONFLICT}-2"
    assert files(tmp_path) == before


def test_every_name_that_is_taken_is_passed_over(tmp_path: Path) -> None:
    suggest(tmp_path)
    edit(tmp_path / f"{CONFLICT}.yaml")
    suggest(tmp_path)
    edit(tmp_path / f"{CONFLICT}-2.yaml")
    assert suggest(tmp_path).suggestions[0].id == f"{CONFLICT}-3"


def test_a_yes_overwrites_what_was_edited(tmp_path: Path) -> None:
    suggest(tmp_path)
    before = files(tmp_path)
    edit(tmp_path / f"{CONFLICT}.yaml")
    asked: list[str] = []
    answer = suggest(tmp_path, overwrite=lambda path: not asked.append(path))  # type: ignore[func-returns-value]
    assert asked == [str(tmp_path / f"{CONFLICT}.yaml")]
    assert files(tmp_path) == before
    assert answer.warnings == []


def test_a_file_of_somebody_else_counts_as_edited(tmp_path: Path) -> None:
    (tmp_path / f"{CONFLICT}.yaml").write_text("mine: true\n")
    assert suggest(tmp_path).suggestions[0].id == f"{CONFLICT}-2"
    assert (tmp_path / f"{CONFLICT}.yaml").read_text() == "mine: true\n"


def made(*names: str, steps: str = "[{wait: {for: 1s}}]") -> tuple[list[Suggestion], list[Draft]]:
    """Suggestions with these ids, each with the same experiment."""
    text = f"apiVersion: aichaos/v1\nkind: Experiment\nmetadata: {{name: x}}\nspec: {{title: t, steps: {steps}}}\n"
    (template,) = suggest(None).suggestions
    drafts = [
        Draft(
            idea=Idea(id=name, title=name, summary="s"),
            experiment=parse_experiment(text, Idea(id=name, title=name, summary="s"), experiment_of)[0],
        )
        for name in names
    ]
    return [msgspec.structs.replace(template, id=name, experiment=None) for name in names], drafts


def test_a_next_name_never_is_that_of_another_suggestion(tmp_path: Path) -> None:
    (tmp_path / "web.yaml").write_text("mine: true\n")
    saved, _ = saving.save(*made("web", "web-2"), snapshot_of(), tmp_path, lambda path: False)
    assert [one.id for one in saved] == ["web-3", "web-2"]
    assert sorted(files(tmp_path)) == ["web-2.yaml", "web-3.yaml", "web.yaml"]


def test_a_suggestion_without_an_experiment_is_not_saved(tmp_path: Path) -> None:
    suggestions, drafts = made("a")
    saved, notes = saving.save(
        suggestions, [msgspec.structs.replace(drafts[0], experiment=None)], snapshot_of(), tmp_path, lambda path: False
    )
    assert (saved, notes) == (suggestions, [])
    assert files(tmp_path) == {}


MANIFEST = "{apiVersion: v1, kind: ConfigMap, metadata: {name: a, namespace: b}}"
TWO_FILES = f"[{{name: one, create: {MANIFEST}}}, {{name: two, create: {MANIFEST}}}]"
ONE_FILE = f"[{{name: other, create: {MANIFEST}}}]"


def save(tmp_path: Path, steps: str) -> None:
    saving.save(*made("a", steps=steps), snapshot_of(), tmp_path, lambda path: True)


def test_manifests_of_an_earlier_version_are_removed(tmp_path: Path) -> None:
    save(tmp_path, TWO_FILES)
    assert sorted(files(tmp_path)) == ["a.yaml", "a/01-one.yaml", "a/02-two.yaml"]
    save(tmp_path, ONE_FILE)
    assert sorted(files(tmp_path)) == ["a.yaml", "a/01-other.yaml"]


def test_manifests_of_an_earlier_version_that_were_edited_stay(tmp_path: Path) -> None:
    save(tmp_path, TWO_FILES)
    mine = edit(tmp_path / "a/02-two.yaml")
    (tmp_path / "a/notes.yaml").write_text("mine: true\n")
    save(tmp_path, ONE_FILE)
    assert sorted(files(tmp_path)) == ["a.yaml", "a/01-other.yaml", "a/02-two.yaml", "a/notes.yaml"]
    assert (tmp_path / "a/02-two.yaml").read_text() == mine


def test_a_file_in_the_way_is_an_error_with_advice(tmp_path: Path) -> None:
    (tmp_path / CONFLICT).write_text("mine")
    with pytest.raises(FileError) as caught:
        suggest(tmp_path)
    assert "--out" in caught.value.hint
    assert files(tmp_path) == {CONFLICT: "mine"}


def test_a_folder_that_is_a_file_is_an_error_with_advice(tmp_path: Path) -> None:
    (tmp_path / "chaos").write_text("mine")
    with pytest.raises(FileError):
        suggest(tmp_path / "chaos")
    assert files(tmp_path) == {"chaos": "mine"}


LIMITED = """
import pathlib, resource, signal, sys
from aichaos.errors import FileError
from tests.test_saving import suggest
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (int(sys.argv[2]), resource.RLIM_INFINITY))
try:
    suggest(pathlib.Path(sys.argv[1]), words="other words")
except FileError as error:
    resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
    print(error)
"""


@pytest.mark.parametrize("limit", [100, 1000])
def test_where_a_write_fails_midway_every_file_is_whole_or_as_it_was(limit: int, tmp_path: Path) -> None:
    suggest(tmp_path)
    before = files(tmp_path)
    done = subprocess.run(
        [sys.executable, "-c", LIMITED, str(tmp_path), str(limit)], capture_output=True, text=True, check=True, env=_quiet()
    )
    assert "cannot write" in done.stdout
    assert files(tmp_path) == before


def _quiet() -> dict[str, str]:
    return os.environ | {"PYTHONDONTWRITEBYTECODE": "1"}
