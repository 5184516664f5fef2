"""A dashboard as a real process over a state folder of the test's own."""

import os
import re
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import msgspec
import pytest

from tests.program import environment

TOKEN = "open-sesame-0123456789"


class Served(msgspec.Struct, frozen=True):
    """A dashboard that serves. url: without the last slash. token: that it has printed; "" for none."""

    url: str
    port: int
    process: "subprocess.Popen[str]"
    home: Path
    token: str = ""

    def worked(self) -> float:
        """Seconds of a processor that it has had: how long an answer takes beside others says how busy the machine is."""
        fields = Path(f"/proc/{self.process.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def end(self, number: int = signal.SIGINT) -> tuple[int, str]:
        """Its exit code, and what it said last."""
        self.process.send_signal(number)
        _, told = self.process.communicate(timeout=60)
        return self.process.returncode, told


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The state folder."""
    folder = tmp_path / "state"
    folder.mkdir()
    monkeypatch.setenv("AICHAOS_STATE_DIR", str(folder))
    return folder


@contextmanager
def dashboards(home: Path, around: Path) -> Iterator[Callable[..., Served]]:
    """What starts `aichaos serve ARGUMENTS` at a free port and waits until it serves. around: a folder for its user."""
    begun: list[subprocess.Popen[str]] = []

    def start(*arguments: str, **more: str) -> Served:
        variables = environment(around / "home", **{"AICHAOS_STATE_DIR": str(home)} | more)
        command = [sys.executable, "-m", "aichaos", "serve", "--port", "0", *arguments]
        process = subprocess.Popen(command, env=variables, cwd=around, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        begun.append(process)
        assert process.stdout is not None
        assert process.stderr is not None
        line = process.stdout.readline()
        found = re.search(r"http://\S+:(\d+)/", line)
        assert found, line + process.stderr.read()
        token = ""
        if "--allow-stop" in arguments and "AICHAOS_SERVE_TOKEN" not in more:
            token = process.stderr.readline().split(": ")[1].strip()
        return Served(url=found[0].rstrip("/"), port=int(found[1]), process=process, home=home, token=token)

    try:
        yield start
    finally:
        for process in begun:
            if process.poll() is None:
                os.kill(process.pid, signal.SIGKILL)
            process.communicate(timeout=60)


@pytest.fixture
def serve(home: Path, tmp_path: Path) -> Iterator[Callable[..., Served]]:
    with dashboards(home, tmp_path) as start:
        yield start
