"""What ends a run early: a value that anybody may set once, and that every wait of the run listens to.

A signal handler runs between two instructions of the main thread, which may just hold a lock; so it only writes a byte into a pipe, and a
thread of its own does the rest.
"""

import os
import signal
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from contextlib import AbstractContextManager, contextmanager, suppress
from types import FrameType
from typing import TypeVar

from aichaos.domain.running import Stop

T = TypeVar("T")

SIGNALS = {signal.SIGINT: "interrupted", signal.SIGTERM: "terminated", signal.SIGHUP: "its terminal was closed"}


@contextmanager
def after(seconds: float, then: Callable[[], object]) -> Iterator[None]:
    """Does something if the block takes longer."""
    timer = threading.Timer(seconds, then)
    timer.daemon = True
    timer.start()
    try:
        yield
    finally:
        timer.cancel()


class Stops:
    """Set once, by whoever is first; safe to use from several threads."""

    def __init__(self) -> None:
        self.stop: Stop | None = None
        self._late = False
        self._news = threading.Condition()

    def pull(self, reason: str) -> bool:
        """End the run; whether this was the first to ask for it, and in time."""
        with self._news:
            first = self.stop is None
            if first:
                self.stop = Stop(reason=reason, at=time.monotonic())
            self._news.notify_all()
            return first and not self._late

    def over(self) -> Stop | None:
        """What has ended the run; None where it has come to its end. Whoever asks later can't end it any more."""
        with self._news:
            self._late = True
            return self.stop

    def wait(self, seconds: float | None) -> Stop | None:
        """Wait so long (None: for ever), or until somebody ends the run."""
        with self._news:
            self._news.wait_for(lambda: self.stop is not None, seconds)
        return self.stop

    def unless_stopped(self, look: Callable[[], T]) -> T | None:
        """What a look says, which changes nothing and may take long: a server that does not answer holds nobody up who wants to stop. None
        where the run is ended before it says anything: it is not waited for then. Raises what it raises."""
        said: list[Future[T]] = []

        def ask() -> None:
            answer: Future[T] = Future()
            try:
                answer.set_result(look())
            except Exception as error:  # noqa: BLE001  it is raised again, in the thread that waits
                answer.set_exception(error)
            with self._news:
                said.append(answer)
                self._news.notify_all()

        threading.Thread(target=ask, name="aichaos-look", daemon=True).start()
        with self._news:
            self._news.wait_for(lambda: said or self.stop is not None)
        return said[0].result() if said else None

    def after(self, seconds: float, reason: str) -> AbstractContextManager[None]:
        """Ends the run if the block takes longer."""
        return after(seconds, lambda: self.pull(reason))

    @contextmanager
    def on_signals(self, again: Callable[[], None]) -> Iterator[None]:
        """Ctrl-C, SIGTERM and SIGHUP end the run, in this block, instead of the program. again: told of each one that does not."""
        reading, writing = os.pipe()

        def heard(number: int, frame: FrameType | None) -> None:
            with suppress(OSError):
                os.write(writing, bytes([number]))

        def listen() -> None:
            while heard := os.read(reading, 1):
                if heard == b"\0":
                    return
                number = signal.Signals(heard[0])
                if not self.pull(f"{SIGNALS[number]} ({number.name})"):
                    again()

        listener = threading.Thread(target=listen, name="aichaos-signals", daemon=True)
        listener.start()
        before = {number: signal.signal(number, heard) for number in SIGNALS if signal.getsignal(number) is not signal.SIG_IGN}
        try:
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)
            os.write(writing, b"\0")
            listener.join()
            os.close(reading)
            os.close(writing)
