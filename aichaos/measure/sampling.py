"""Asking probes again and again while something happens, at an open-loop rate.

A question is due at a fixed time, whether or not those before it have been answered, and how long an answer took counts from then. A
server that hangs for a second therefore shows as all the answers that were late, not as one (coordinated omission).
"""

import math
import threading
import time
from collections import deque
from collections.abc import Callable, Sequence
from types import TracebackType
from typing import Self

import msgspec

from aichaos.domain import clock
from aichaos.domain.experiment import Probe
from aichaos.domain.sample import Sample

INTERVAL = 0.5
"""Seconds from one question of a probe to the next, where the probe does not say."""
FAILURES = 3
"""How many failures in a row of an abort probe end a run, where it does not say."""
_UNDERWAY = 512
"""Questions of one probe that may be waiting for their answers."""
_PATIENCE = 3.0
"""Seconds after which a question that could not be sent is no longer sent."""


def interval(probe: Probe, default: float = INTERVAL) -> float:
    """Seconds between two questions of a probe."""
    return 1.0 / probe.rate if probe.rate else default


class Sampling:
    """Samples probes from `with` on until its end, into `record`.

    abort: called once, by the thread of the probe, when one of the abort probes has failed as often in a row as it says. An abort probe
    that can't tell fails: it protects nobody. said: told of every sample of a probe that is asked less than ten times a second, and of
    ten a second of the others.
    """

    def __init__(
        self,
        steady: Sequence[Probe],
        aborting: Sequence[Probe],
        ask: Callable[[Probe], Sample],
        abort: Callable[[Probe, Sample], object] = lambda probe, sample: None,
        said: Callable[[Sample], None] = lambda sample: None,
        interval: float = INTERVAL,
        record: Callable[[Sample, float], object] = lambda sample, late: None,
    ) -> None:
        self._abort = abort
        self._over = threading.Event()
        self._lock = threading.Lock()
        self._aborting = True
        self._paces = [_Pace(probe, ask, self._over, interval, record, said, lambda sample: None) for probe in steady]
        self._paces += [_Pace(probe, ask, self._over, interval, record, said, self._judge(probe)) for probe in aborting]

    def __enter__(self) -> Self:
        for pace in self._paces:
            pace.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        """Does not wait for answers that are on their way."""
        self.end()

    def end(self) -> None:
        self._over.set()

    def protect_no_more(self) -> None:
        """Abort probes end nothing from now on: the way back has begun."""
        with self._lock:
            self._aborting = False

    def _judge(self, probe: Probe) -> Callable[[Sample], None]:
        failures = 0

        def judge(sample: Sample) -> None:
            nonlocal failures
            with self._lock:
                failures = 0 if sample.outcome == "good" else failures + 1
                first = self._aborting and failures >= (probe.failures or FAILURES)
                if first:
                    self._aborting = False
            if first:
                self._abort(probe, sample)

        return judge


class _Pace:
    """One probe: a clock that says when a question is due, and as many askers as there are questions under way."""

    def __init__(
        self,
        probe: Probe,
        ask: Callable[[Probe], Sample],
        over: threading.Event,
        default: float,
        record: Callable[[Sample, float], object],
        said: Callable[[Sample], None],
        judge: Callable[[Sample], None],
    ) -> None:
        self._probe = probe
        self._ask = ask
        self._over = over
        self._interval = interval(probe, default)
        self._record = record
        self._said = said
        self._judge = judge
        self._told = 0.0
        self._due: deque[float] = deque()
        self._ready = threading.Condition()
        self._idle = 0
        self._askers = 0
        self._one = threading.Lock()

    def start(self) -> None:
        threading.Thread(target=self._clock, name=f"aichaos-probe {self._probe.name}", daemon=True).start()

    def _clock(self) -> None:
        began, number = time.monotonic(), 0
        while not self._over.wait(max(0.0, began + number * self._interval - time.monotonic())):
            self._enqueue(began + number * self._interval)
            number += 1
        with self._ready:
            self._ready.notify_all()

    def _enqueue(self, due: float) -> None:
        with self._ready:
            self._due.append(due)
            if self._idle >= len(self._due) or self._askers >= _UNDERWAY:
                self._ready.notify()
                return
            self._askers += 1
        threading.Thread(target=self._asker, name=f"aichaos-asks {self._probe.name}", daemon=True).start()

    def _next(self) -> float | None:
        with self._ready:
            self._idle += 1
            try:
                while not self._due and not self._over.is_set():
                    self._ready.wait()
                return None if self._over.is_set() else self._due.popleft()
            finally:
                self._idle -= 1

    def _asker(self) -> None:
        while (due := self._next()) is not None:
            began = time.monotonic()
            wall = clock.now() - (began - due)
            late = began - due
            if late > _PATIENCE:
                why = f"it could not be asked in time: {math.ceil(1 / self._interval)} a second are too many for this machine"
                self._take(Sample(probe=self._probe.name, at=wall, outcome="none", why=why), late)
                continue
            sample = self._ask(self._probe)
            seconds = sample.seconds + late if sample.seconds is not None else None
            self._take(msgspec.structs.replace(sample, at=wall, seconds=seconds), late)

    def _take(self, sample: Sample, late: float) -> None:
        if self._over.is_set():
            return
        self._record(sample, late)
        self._judge(sample)
        now = time.monotonic()
        with self._one:
            tell = self._interval >= 0.1 or now - self._told >= 0.1
            self._told = now if tell else self._told
        if tell:
            self._said(sample)
