"""The shape of the project itself: who may import whom, what a start may cost, and what every file keeps to."""

import importlib
import json
import pkgutil
import re
import subprocess
import sys
from graphlib import TopologicalSorter
from pathlib import Path

import grimp
import pytest

import aichaos

ROOT = Path(__file__).parent.parent
PACKAGES = ["aichaos", *(f"aichaos.{found.name}" for found in pkgutil.iter_modules(aichaos.__path__) if found.ispkg)]
MAX_LINES = 500


def tracked(*suffixes: str) -> list[Path]:
    """The files of the tree that people write: what git knows, and what it would take in."""
    listed = subprocess.run(["git", "ls-files", "-co", "--exclude-standard"], cwd=ROOT, capture_output=True, text=True, check=True)
    paths = [ROOT / name for name in listed.stdout.splitlines()]
    return [path for path in paths if path.is_file() and not path.is_symlink() and (not suffixes or path.suffix in suffixes)]


def test_the_import_contracts_hold() -> None:
    command = [sys.executable, "-c", "from importlinter.cli import lint_imports_command; lint_imports_command()", "--no-cache"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def test_no_modules_need_each_other_in_a_circle() -> None:
    graph = grimp.build_graph("aichaos", exclude_type_checking_imports=True, cache_dir=None)
    TopologicalSorter({name: graph.find_modules_directly_imported_by(name) for name in graph.modules}).prepare()  # CycleError names them


LOADED = """
import json, sys
from aichaos.cli.main import run
code = run(json.loads(sys.argv[1]))
print(json.dumps([code, sorted({name.partition(".")[0] for name in sys.modules})]))
"""


def loaded(*arguments: str, cwd: Path) -> set[str]:
    """The packages that a command has loaded when it ends."""
    done = subprocess.run([sys.executable, "-c", LOADED, json.dumps(arguments)], cwd=cwd, capture_output=True, text=True, check=True)
    code, modules = json.loads(done.stdout.splitlines()[-1])
    assert code == 0, done.stderr
    return set(modules)


HEAVY = {"anthropic", "openai", "kubernetes", "urllib3", "requests", "httpx", "httpx2", "pydantic", "rich", "starlette", "uvicorn"}


@pytest.mark.parametrize(
    "arguments",
    [
        ["--help"],
        ["suggest", "--help"],
        ["suggest", "--from", "demo:route-chaos", "--no-save"],
        ["check", "--help"],
        ["config"],
        ["library", "--from", "demo:route-chaos"],
    ],
    ids=" ".join,
)
def test_a_start_loads_no_sdk_and_no_client(arguments: list[str], tmp_path: Path) -> None:
    assert loaded(*arguments, cwd=tmp_path) & HEAVY == set()


def test_help_loads_nothing_that_reads_a_cluster(tmp_path: Path) -> None:
    assert loaded("--help", cwd=tmp_path) & {"msgspec", "yaml", "jinja2"} == set()


@pytest.mark.parametrize("name", PACKAGES)
def test_every_room_says_what_lives_there(name: str) -> None:
    assert (importlib.import_module(name).__doc__ or "").strip()


@pytest.mark.parametrize("folder", ["aichaos", "backends"])
def test_every_module_says_why_it_is_there(folder: str) -> None:
    silent = [path for path in tracked(".py") if path.is_relative_to(ROOT / folder) and not path.read_text().startswith('"""')]
    assert silent == []


def test_no_file_of_code_is_longer_than_a_reader_bears() -> None:
    long = {str(path.relative_to(ROOT)) for path in tracked(".py") if len(path.read_text().splitlines()) > MAX_LINES}
    assert long == set()


PLACES = re.compile(
    "/" + r"work/(?:main|shared)|(?:https?://)(?:[\w.-]+\.)?(?:files\.pythonhosted\.org|pypi\.org/simple|proxy\.golang\.org)"
)
"""Paths of the machine where this was written, and hosts that packages come from."""


def test_no_line_names_a_path_of_this_machine_or_a_package_host() -> None:
    found = [
        f"{path.relative_to(ROOT)}:{number}"
        for path in tracked(".py", ".yaml", ".yml", ".md", ".toml", ".txt", ".json", ".cfg", ".sh", ".mod", "")
        for number, line in enumerate(path.read_text(encoding="utf-8", errors="replace").splitlines(), 1)
        if PLACES.search(line)
    ]
    assert found == []
