"""Looking for built programs: it finds what is there, names what is not, and a change to one part is a change to that part only."""

import dataclasses
from pathlib import Path

import pytest

from . import build, cache, recipe
from .cache import Binaries, Missing, locate


@pytest.fixture
def empty_cache(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """A cache in which nothing was built."""
    monkeypatch.setenv("AICHAOS_TESTBED", str(tmp_path))
    monkeypatch.delenv("KUBEBUILDER_ASSETS", raising=False)
    return tmp_path


def pretend_built(part: recipe.Part) -> None:
    """Files and folders where a build would put them."""
    for name in part.programs:
        program = cache.program(part, name)
        program.parent.mkdir(parents=True, exist_ok=True)
        program.touch()
    for download in part.downloads:
        for name in download.files:
            (cache.folder(part) / name).mkdir(parents=True)


def test_what_is_not_built_is_named_with_the_command_that_builds_it(empty_cache: Path) -> None:
    found = locate("etcd")
    assert isinstance(found, Missing)
    assert "etcd" in found.reason
    assert cache.BUILD_COMMAND in found.reason


def test_what_is_built_is_found(empty_cache: Path) -> None:
    pretend_built(recipe.part("kwok"))
    found = locate("kwok")
    assert isinstance(found, Binaries)
    assert found.programs["kwok"].is_relative_to(empty_cache)
    assert found.files["stages"].is_dir()


def test_programs_of_envtest_are_used_instead_of_ours(empty_cache: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    assets = tmp_path / "assets"
    assets.mkdir()
    (assets / "etcd").touch()
    monkeypatch.setenv("KUBEBUILDER_ASSETS", str(assets))
    found = locate("etcd")
    assert isinstance(found, Binaries)
    assert found.programs["etcd"] == assets / "etcd"
    assert cache.lacking(recipe.part("kubernetes")) == ["kube-apiserver", "kube-controller-manager", "kubectl"]


def test_where_says_what_is_not_built(empty_cache: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert build.main(["--where", "etcd"]) == 1
    assert "not built: etcd" in capsys.readouterr().out
    pretend_built(recipe.part("etcd"))
    assert build.main(["--where", "etcd"]) == 0


@pytest.mark.parametrize("part", recipe.PARTS, ids=lambda part: part.name)
def test_every_change_of_a_part_gives_it_another_folder(part: recipe.Part) -> None:
    assert part.digest() == dataclasses.replace(part).digest()
    assert part.digest() != dataclasses.replace(part, linker_flags="-s").digest()


def test_parts_do_not_share_a_folder_and_go_is_new_enough_for_each() -> None:
    assert len({part.digest() for part in recipe.PARTS}) == len(recipe.PARTS)
    major, minor, _ = recipe.GO_PACKAGE_VERSION.split(".")
    assert all(part.minimum_go() <= (int(major), int(minor)) for part in recipe.PARTS)
