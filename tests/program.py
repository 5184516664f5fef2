"""The program as a process, in an empty folder, for a user without settings."""

import fcntl
import json
import os
import pty
import struct
import subprocess
import sys
import termios
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

Run = Callable[..., subprocess.CompletedProcess[str]]


def environment(home: Path, **more: str) -> dict[str, str]:
    """What the program finds around it: nothing of ours, nothing of the person who runs the tests."""
    kept = {key: value for key, value in os.environ.items() if not key.startswith(("AICHAOS_", "KUBE", "ANTHROPIC_", "NO_COLOR", "XDG_"))}
    return kept | {"HOME": str(home), "COLUMNS": "100"} | more


@pytest.fixture
def aichaos(tmp_path: Path) -> Run:
    """Runs `aichaos ARGUMENTS`; `kubeconfig` None for none at all."""

    def run(*arguments: str, kubeconfig: Path | None = None, stdin: str = "", **more: str) -> subprocess.CompletedProcess[str]:
        around = environment(tmp_path / "home", **more)
        if kubeconfig is not None:
            around["KUBECONFIG"] = str(kubeconfig)
        command = [sys.executable, "-m", "aichaos", *arguments]
        return subprocess.run(command, cwd=tmp_path, env=around, input=stdin, capture_output=True, text=True, timeout=120, check=False)

    return run


def typed(folder: Path, lines: tuple[str, ...], *arguments: str, columns: int = 100, **more: str) -> str:
    """What a terminal of that width shows when a person types these lines to `aichaos ARGUMENTS`; fails where the program does."""
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 40, columns, 0, 0))
    around = environment(folder / "home", **more)
    around.pop("COLUMNS")
    command = [sys.executable, "-m", "aichaos", *arguments]
    with subprocess.Popen(command, cwd=folder, env=around, stdin=theirs, stdout=theirs, stderr=theirs) as program:
        os.close(theirs)
        os.write(ours, "".join(f"{line}\n" for line in lines).encode())
        text = b""
        try:
            while piece := os.read(ours, 65536):
                text += piece
        except OSError:  # the other end is closed
            pass
        program.wait(timeout=60)
    os.close(ours)
    assert program.returncode == 0, text.decode()
    return text.decode()


# Interrupts itself at the N-th call of a Python function after the entrance: the same moment in every run, wherever it lies.
_INTERRUPTED = """
import signal, sys
left = int(sys.argv.pop(1))
def count(frame, event, argument):
    global left
    if event == "call":
        left -= 1
        if left == 0:
            sys.setprofile(None)
            signal.raise_signal(signal.SIGINT)
from aichaos.entry import main
sys.argv[0] = "aichaos"
sys.setprofile(count)
main()
"""


def interrupted(at: int, folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """`aichaos ARGUMENTS`, with Ctrl-C at that call of a function of Python's."""
    command = [sys.executable, "-c", _INTERRUPTED, str(at), *arguments]
    return subprocess.run(command, cwd=folder, env=environment(folder / "home"), capture_output=True, text=True, timeout=300, check=False)


def answer(done: subprocess.CompletedProcess[str]) -> Any:
    """What a command printed as JSON; fails with what it said where it printed none."""
    assert done.returncode in (0, 4), done.stderr
    return json.loads(done.stdout)


def all_said(done: subprocess.CompletedProcess[str]) -> str:
    """All that a command said, for whoever reads why a test failed."""
    return f"exit code {done.returncode}\n--- stdout\n{done.stdout}\n--- stderr\n{done.stderr}"


def events_of(done: subprocess.CompletedProcess[str]) -> list[dict[str, Any]]:
    """What a command told, an event a line; fails with all that it said where it told none."""
    assert done.stdout, all_said(done)
    return [json.loads(line) for line in done.stdout.splitlines()]


def fails(done: subprocess.CompletedProcess[str], code: int, said: str) -> None:
    """The command ended with this code, one clear line, what to do, and nothing else: no traceback, nothing on standard output."""
    lines = [line for line in done.stderr.splitlines() if line]
    assert done.returncode == code, done
    assert said in done.stderr, done.stderr
    assert lines[0].startswith("aichaos: "), done.stderr
    assert len(lines) == 2, done.stderr
    assert lines[1].startswith("  "), done.stderr
    assert done.stdout == ""
