"""A session that must not skip: whatever is skipped, wherever, makes it fail with the reason."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from .require_all import VARIABLE

ROOT = Path(__file__).parents[2]

SKIPPED_TEST = "import pytest\ndef test_it(): pytest.skip('no gateway here')\ndef test_other(): pass\n"
SKIPPED_MODULE = "import pytest\npytest.skip('no gateway here', allow_module_level=True)\n"
EXPECTED_FAILURE = "import pytest\n@pytest.mark.xfail\ndef test_it(): assert False\n"


def session(folder: Path, text: str, *options: str, require: bool = True) -> subprocess.CompletedProcess[str]:
    """A pytest session of its own about one test file."""
    (folder / "test_sample.py").write_text(text, encoding="utf-8")
    environment = {name: value for name, value in os.environ.items() if name != VARIABLE and not name.startswith("PYTEST_")}
    environment["PYTHONPATH"] = os.pathsep.join(filter(None, [str(ROOT), os.environ.get("PYTHONPATH")]))
    if require:
        environment[VARIABLE] = "1"
    command = [sys.executable, "-m", "pytest", "-p", "tests.controlplane.plugin", f"--rootdir={folder}", "-c", os.devnull, *options]
    return subprocess.run([*command, "test_sample.py"], cwd=folder, env=environment, capture_output=True, text=True, check=False)


@pytest.mark.parametrize("text", [SKIPPED_TEST, SKIPPED_MODULE], ids=["test", "module"])
@pytest.mark.parametrize("options", [(), ("-n", "2")], ids=["one process", "xdist"])
def test_a_skip_fails_the_session_and_is_named(tmp_path: Path, text: str, options: tuple[str, ...]) -> None:
    done = session(tmp_path, text, *options)
    assert done.returncode == pytest.ExitCode.TESTS_FAILED, done.stdout + done.stderr
    assert "no gateway here" in done.stdout.split(f"skipped, although {VARIABLE} is set")[1]


def test_without_the_variable_a_skip_is_only_a_skip(tmp_path: Path) -> None:
    assert session(tmp_path, SKIPPED_TEST, require=False).returncode == pytest.ExitCode.OK


def test_an_expected_failure_is_no_skip(tmp_path: Path) -> None:
    assert session(tmp_path, EXPECTED_FAILURE).returncode == pytest.ExitCode.OK
