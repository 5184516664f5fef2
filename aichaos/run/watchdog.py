"""The second process of a run: it restores if the first one is gone, or does not move any more.

The first process holds the writing end of a pipe and sends a beat through it, so that its death is heard at once (the pipe closes) and its
silence within a second. Whoever is silent is killed first, by a descriptor of the process and not by a number that another one may have
by now; then everything goes back from the journal alone. It is logged in and connected long before it is needed.
"""

import os
import select
import signal
import subprocess
import sys
import threading
import time
from contextlib import suppress

from aichaos.errors import AichaosError
from aichaos.run import journal, recover, state

BEAT = 0.2
SILENCE = 1.2
"""Seconds between two beats, and without one until the other process counts as frozen."""
_READY = 30.0
_KEEP_WARM = 20.0
_WARM = 10
_OVERTIME = 30.0
"""Seconds after a run's deadline that its own process has to begin to restore."""
_LEAVE, _RESTORING = b"q", b"r"


class Watchdog:
    """The watchdog as the run's own process sees it."""

    def __init__(self, process: subprocess.Popen[bytes], pipe: int) -> None:
        self.process = process
        self._pipe = pipe
        self._over = threading.Event()
        self._lock = threading.Lock()
        threading.Thread(target=self._beat, name="aichaos-beat", daemon=True).start()

    def restoring(self) -> None:
        """The run restores by itself now; its deadline is over."""
        self._say(_RESTORING)

    def leave(self) -> None:
        """Nothing is left to watch."""
        self._over.set()
        self._say(_LEAVE)
        with suppress(subprocess.TimeoutExpired):
            self.process.wait(5)

    def gone(self, seconds: float | None) -> bool:
        """Wait until the watchdog has died; whether it has."""
        try:
            self.process.wait(seconds)
        except subprocess.TimeoutExpired:
            return False
        return not self._over.is_set()

    def _beat(self) -> None:
        while not self._over.wait(BEAT):
            self._say(b".")

    def _say(self, what: bytes) -> None:
        with self._lock, suppress(OSError):  # a watchdog that is gone is noticed by `gone`
            os.write(self._pipe, what)


def start(run: str) -> Watchdog:
    """Start a run's watchdog; it has read the journal and is connected when this returns. Raises AichaosError where it can't be."""
    # -P: the folder that a user happens to stand in is no place to load modules from
    reading, writing = os.pipe()
    heard, telling = os.pipe()
    command = [sys.executable, "-P", "-m", "aichaos.run.watchdog", run, str(reading), str(telling), str(os.getpid())]
    try:
        process = subprocess.Popen(command, stdin=subprocess.DEVNULL, pass_fds=(reading, telling), start_new_session=True)
    finally:
        os.close(reading)
        os.close(telling)
    try:
        there, _, _ = select.select([heard], [], [], _READY)
        answer = os.read(heard, 1000).decode() if there else f"it was not ready within {_READY:g} s"
    finally:
        os.close(heard)
    if answer != "ready":
        os.close(writing)
        process.kill()
        process.wait()
        raise AichaosError(f"the watchdog does not start: {answer or 'it died'}", hint="Nothing was changed; no run starts without one.")
    return Watchdog(process, writing)


# The process itself -----------------------------------------------------------------------------------------------------------


def main(run: str, pipe: int, telling: int, pid: int) -> int:
    """Watch until told to leave, or until there is something to restore; the exit code of `recover` then."""
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    try:
        watched = os.pidfd_open(pid)
        record = journal.read(state.folder(run) / state.JOURNAL)
        link = recover.connected(record.opened, None, _say)
        link.writer.warm(_WARM)
    except (AichaosError, OSError) as error:
        os.write(telling, str(error).encode())
        return 1
    os.write(telling, b"ready")
    os.close(telling)
    threading.Thread(target=_keep_warm, args=(link,), name="aichaos-warm", daemon=True).start()
    why = _watch(pipe, time.monotonic() + record.opened.plan.deadline + _OVERTIME)
    if not why:
        return 0
    with suppress(ProcessLookupError):
        signal.pidfd_send_signal(watched, signal.SIGKILL)
    select.select([watched], [], [], 5)  # readable once it has ended
    _say(f"{why}: the watchdog restores")
    try:
        with state.working_on(run):
            return recover.finish(journal.resume(run), link, _say, "watchdog")
    except AichaosError as error:
        _say(f"{error}: run `aichaos recover {run}`")
        return 1


def _watch(pipe: int, latest: float) -> str:
    """Why there is something to do; "" when told to leave."""
    heard = time.monotonic()
    while True:
        there, _, _ = select.select([pipe], [], [], max(0.0, heard + SILENCE - time.monotonic()))
        if there:
            said = os.read(pipe, 4096)
            if not said:
                return "the run's process is gone"
            if _LEAVE in said:
                return ""
            if _RESTORING in said:
                latest = float("inf")
            heard = time.monotonic()
        elif time.monotonic() - heard >= SILENCE:
            return "the run's process does not move"
        if time.monotonic() > latest:
            return "the run's process has missed its deadline"


def _keep_warm(link: recover.Link) -> None:
    """A server closes connections that nobody uses."""
    while True:
        time.sleep(_KEEP_WARM)
        link.writer.warm(_WARM)


def _say(line: str) -> None:
    with suppress(OSError):  # the terminal may be gone, too
        clear = "\r\x1b[K" if sys.stderr.isatty() else ""  # the line of the run that is gone
        print(f"{clear}aichaos: {line}", file=sys.stderr, flush=True)


if __name__ == "__main__":
    os._exit(main(sys.argv[1], *map(int, sys.argv[2:5])))
