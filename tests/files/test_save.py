"""A file is there whole, or as it was before; and what a person has changed is known as theirs."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from aichaos.errors import FileError
from aichaos.files.save import edited, marked, overwrite, save

LIMITED = """
import pathlib, resource, signal, sys
from aichaos.errors import FileError
from aichaos.files.save import save
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (4096, 4096))
try:
    save(pathlib.Path(sys.argv[1]), "x" * 100_000)
except FileError as error:
    print(error)
"""


def test_a_file_is_written_with_its_folders(tmp_path: Path) -> None:
    path = tmp_path / "a" / "b" / "c.yaml"
    save(path, "größe: 1\n")
    assert path.read_text(encoding="utf-8") == "größe: 1\n"


def test_a_file_is_replaced_and_nothing_stays_beside_it(tmp_path: Path) -> None:
    path = tmp_path / "a.yaml"
    for text in ("one", "two"):
        save(path, text)
    assert path.read_text() == "two"
    assert list(tmp_path.iterdir()) == [path]


def test_a_file_keeps_its_mode(tmp_path: Path) -> None:
    path = tmp_path / "a.yaml"
    path.write_text("one")
    path.chmod(0o600)
    save(path, "two")
    assert path.stat().st_mode & 0o777 == 0o600


def test_a_file_that_cannot_be_written_whole_is_left_as_it_was(tmp_path: Path) -> None:
    path = tmp_path / "a.yaml"
    path.write_text("before")
    done = subprocess.run([sys.executable, "-c", LIMITED, str(path)], capture_output=True, text=True, check=True)
    assert f"cannot write {path}" in done.stdout
    assert path.read_text() == "before"
    assert list(tmp_path.iterdir()) == [path]


def test_a_folder_that_is_a_file_is_an_error_with_advice(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(FileError) as caught:
        save(tmp_path / "file" / "a.yaml", "x")
    assert "A file stands where a folder is needed" in caught.value.hint


def test_a_name_that_is_a_folder_is_an_error_and_leaves_nothing(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").mkdir()
    with pytest.raises(FileError):
        save(tmp_path / "a.yaml", "x")
    assert os.listdir(tmp_path) == ["a.yaml"]


def test_what_we_wrote_is_not_edited(tmp_path: Path) -> None:
    path = tmp_path / "a.yaml"
    save(path, marked("a: 1\n", "backend playbook"))
    assert path.read_text().startswith("# written by aichaos; backend playbook; digest ")
    assert not edited(path)


def test_what_is_not_there_is_not_edited(tmp_path: Path) -> None:
    assert not edited(tmp_path / "a.yaml")


@pytest.mark.parametrize("change", ["a: 2\n", "a: 1\n# mine\n", ""])
def test_what_somebody_changed_is_edited(tmp_path: Path, change: str) -> None:
    path = tmp_path / "a.yaml"
    save(path, marked("a: 1\n"))
    head = path.read_text().partition("\n")[0]
    path.write_text(f"{head}\n{change}")
    assert edited(path)


@pytest.mark.parametrize("content", [b"a: 1\n", b"", b"\xff\xfe\x00", b"# written by aichaos; digest 0\na: 1\n"])
def test_a_file_that_is_not_ours_counts_as_edited(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "a.yaml"
    path.write_bytes(content)
    assert edited(path)


def test_a_folder_in_its_place_counts_as_edited(tmp_path: Path) -> None:
    assert edited(tmp_path)


def test_overwriting_keeps_the_mode_and_leaves_nothing_behind(tmp_path: Path) -> None:
    file = tmp_path / "a.yaml"
    file.write_text("old", encoding="utf-8")
    file.chmod(0o600)
    overwrite(file, b"new")
    assert (file.read_bytes(), file.stat().st_mode & 0o777, list(tmp_path.iterdir())) == (b"new", 0o600, [file])


def test_a_file_that_cannot_be_overwritten_is_one_error(tmp_path: Path) -> None:
    with pytest.raises(FileError, match=r"cannot write .*a\.yaml"):
        overwrite(tmp_path / "gone" / "a.yaml", b"new")
