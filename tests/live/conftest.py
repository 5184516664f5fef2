"""The talk's cluster alive, and the program as a process."""

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.controlplane.client import ControlPlane
from tests.live.living import CRDS, bring_to_life

Run = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture(scope="session")
def talk(controlplane: ControlPlane) -> ControlPlane:
    """The real API server with demo:route-chaos on it. Look, but change nothing that you do not put back."""
    controlplane.install_crds(*CRDS)
    bring_to_life(controlplane, "route-chaos")
    return controlplane


@pytest.fixture
def aichaos(tmp_path: Path) -> Run:
    """Runs the program in an empty folder, as a user without settings; `kubeconfig` None for none at all."""

    def run(*arguments: str, kubeconfig: Path | None = None, stdin: str | None = None, **more: str) -> subprocess.CompletedProcess[str]:
        environment = {key: value for key, value in os.environ.items() if not key.startswith(("AICHAOS_", "KUBE", "ANTHROPIC_"))}
        environment |= {"HOME": str(tmp_path / "home"), "COLUMNS": "100"} | more
        if kubeconfig is not None:
            environment["KUBECONFIG"] = str(kubeconfig)
        command = [sys.executable, "-m", "aichaos", *arguments]
        return subprocess.run(command, cwd=tmp_path, env=environment, input=stdin or "", capture_output=True, text=True, timeout=120)

    return run


def answer(done: subprocess.CompletedProcess[str]) -> Any:
    """What a command printed as JSON; fails with what it said where it printed none."""
    assert done.returncode in (0, 4), done.stderr
    return json.loads(done.stdout)
