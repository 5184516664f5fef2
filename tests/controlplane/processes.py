"""A server as a child process: its log in a file, its life tied to ours, its end clean."""

import os
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path

_TIED = Path(__file__).with_name("tied.py")
_LOG_LINES = 20
_POLL = 0.03  # seconds between two looks


class ServerError(Exception):
    """A server did not start, or ended; the message has the last lines of its log."""


class Server:
    """One program. `start` may be called again after `stop`. `settings` are environment variables that it reads."""

    def __init__(self, command: Sequence[str | Path], folder: Path, settings: Mapping[str, str] | None = None) -> None:
        self.name = Path(command[0]).name
        self.log = folder / f"{self.name}.log"
        self._command = [str(word) for word in command]
        self._home = folder
        self._settings = dict(settings or {})
        self._process: subprocess.Popen[bytes] | None = None

    def start(self, *flags: str) -> None:
        """Returns at once; see `wait_until`. flags: after the command's own, this time."""
        tied = [sys.executable, "-I", "-S", str(_TIED), str(os.getpid()), *self._command, *flags]
        # Of our environment only what is harmless: etcd, for one, reads its options from variables too.
        environment = {"PATH": os.environ.get("PATH", ""), "HOME": str(self._home), **self._settings}
        with self.log.open("ab") as log:
            # A session of its own: Ctrl-C is for pytest alone, which then stops the servers in order.
            self._process = subprocess.Popen(
                tied, stdin=subprocess.DEVNULL, stdout=log, stderr=log, env=environment, cwd=self._home, start_new_session=True
            )

    def wait_until(self, ready: Callable[[], object], timeout: float) -> None:
        """Looks again and again until `ready`. Raises ServerError when the program ends or the time is over."""
        deadline = time.monotonic() + timeout
        while not ready():
            if self._process is None or self._process.poll() is not None:
                raise ServerError(f"{self.name} ended while it started:\n{self.last_words()}")
            if time.monotonic() > deadline:
                raise ServerError(f"{self.name} was not ready after {timeout:.0f} s:\n{self.last_words()}")
            time.sleep(_POLL)

    def last_words(self) -> str:
        """The end of the log."""
        return "\n".join(self.log.read_text(encoding="utf-8", errors="replace").splitlines()[-_LOG_LINES:])

    def interrupt(self) -> None:
        """Asks the program to end, without waiting."""
        if self._process is not None and self._process.poll() is None:
            self._process.send_signal(signal.SIGTERM)

    def stop(self, patience: float = 3.0) -> None:
        """Asks, waits, and then insists."""
        if self._process is None:
            return
        self.interrupt()
        try:
            self._process.wait(patience)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._process = None


def stop_all(servers: Iterable[Server]) -> None:
    """Asks all of them first, so that they end side by side."""
    waiting = list(servers)
    for server in waiting:
        server.interrupt()
    for server in waiting:
        server.stop()


def answers(url: str) -> bool:
    """Whether a plain HTTP server says 200 there."""
    direct = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with direct.open(url, timeout=2):
            return True
    except OSError:  # not there yet; URLError and HTTPError are OSErrors
        return False
