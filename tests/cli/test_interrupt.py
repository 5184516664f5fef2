"""Ctrl-C at any moment: exit 130, one line, and every file that is there is whole."""

import random
import subprocess
from pathlib import Path

import pytest

from aichaos.files.save import edited
from tests.program import interrupted

_CALLS = 90_000
"""About as many as `suggest` on the talk's cluster makes."""


def _interrupted(at: int, folder: Path) -> subprocess.CompletedProcess[str]:
    return interrupted(at, folder, "suggest", "--from", "demo:route-chaos")


@pytest.mark.parametrize("at", [3, 100, 1_000, *sorted(random.Random(20261121).sample(range(2_000, _CALLS), 22))])
def test_an_interrupt_at_any_moment_is_quiet_and_leaves_whole_files(at: int, tmp_path: Path) -> None:
    done = _interrupted(at, tmp_path)
    assert done.returncode == 130, done.stderr
    assert done.stderr.splitlines()[-1] == "aichaos: interrupted; nothing was changed in the cluster"
    assert "Traceback" not in done.stderr
    written = [path for path in tmp_path.rglob("*") if path.is_file() and "home" not in path.parts]
    assert not [path for path in written if edited(path)], "a file is not as it was meant to be"


def test_the_whole_run_is_within_the_range_that_is_interrupted(tmp_path: Path) -> None:
    """So that the moments above are spread over all of it, not over its first tenth."""
    assert _interrupted(_CALLS // 2, tmp_path).returncode == 130
    assert _interrupted(_CALLS * 4, tmp_path).returncode == 0
