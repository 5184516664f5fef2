"""What keeps a hold on the Lease while something goes on, and hears there that it should end."""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

from aichaos.cluster.writer import Writer
from aichaos.run import lease
from aichaos.run.lease import Beat, Held, awake
from aichaos.run.rounds import rounds
from aichaos.run.stops import Stops
from aichaos.run.watchdog import Watchdog

LOOK = 0.1
"""Seconds between two looks at the Lease: how long `aichaos stop` from elsewhere takes to be heard."""
BEAT = 1.0
"""Seconds between two renewals."""
LOST = 10.0
"""Seconds without an answer of the API server after which a run stops."""


class Heart:
    """The Lease as the run's own threads keep it. over: it is not kept any more; that somebody else has it then is no stop."""

    def __init__(self, held: Held) -> None:
        self.held = held
        self.over = threading.Event()


@contextmanager
def keeping(writer: Writer, held: Held, stops: Stops) -> Iterator[Heart]:
    """Renews the Lease in the block, and hears there that the run should stop, or that somebody else has taken it over."""
    heart = Heart(held)
    heard = renewed = time.monotonic()
    seen = awake()

    def beat() -> bool:
        nonlocal heard, renewed, seen
        if (slept := awake() - seen) > lease.SECONDS:
            stops.pull(f"nothing of this run moved for {slept:.0f} s, as in a machine that sleeps: the Lease counts as lost by then")
        seen = awake()
        due = time.monotonic() - renewed >= BEAT
        answer = lease.renew(writer, heart.held) if due else lease.look(writer, heart.held)
        if heart.over.is_set():  # given back meanwhile: no news
            return False
        if isinstance(answer, Beat) and answer.held is None:
            return had_again()
        if isinstance(answer, Beat) and answer.held is not None:
            heart.held, heard = answer.held, time.monotonic()
            renewed = heard if due else renewed
            if answer.stop:
                stops.pull(f"stopped by {answer.stop}")
        elif time.monotonic() - heard > LOST:
            lost()
        return True

    def had_again() -> bool:
        """A Lease that somebody has deleted, or changed by hand, is kept for the way back; one that another process has is not."""
        match lease.again(writer, heart.held):
            case Held() as found:
                heart.held = found
                stops.pull(f"somebody has deleted {found.place}, or changed it by hand")
            case lease.Taken():
                stops.pull("another process has taken the run over")
                return False
            case lease.NotHad(why=why, final=True):
                stops.pull(f"somebody has deleted {heart.held.place}, and it can't be made again: {why}")
                return False
        return True

    def guarded() -> bool:
        try:
            return beat()
        except Exception as error:  # noqa: BLE001  a bug of ours: a Lease that nobody renews is lost soon
            stops.pull(f"the Lease is not renewed any more: {type(error).__name__}")
            return False

    def lost() -> None:
        if not heart.over.is_set():
            stops.pull("the API server is lost")

    with rounds("aichaos-lease", LOOK, guarded, LOST, lost):
        try:
            yield heart
        finally:
            heart.over.set()


@contextmanager
def watched(dog: Watchdog, stops: Stops) -> Iterator[None]:
    """A run without its watchdog ends."""
    over = threading.Event()

    def watch() -> None:
        while not over.is_set():
            if dog.gone(1.0):
                stops.pull("the watchdog has died")
                return

    threading.Thread(target=watch, name="aichaos-watchdog", daemon=True).start()
    try:
        yield
    finally:
        over.set()
