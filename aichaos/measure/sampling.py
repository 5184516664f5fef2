"""Asking probes again and again while something happens, each in a thread of its own, so that a slow one does not hold up the others."""

import threading
import time
from collections.abc import Callable, Sequence
from types import TracebackType
from typing import Self

from aichaos.domain.experiment import Probe
from aichaos.domain.sample import Sample

INTERVAL = 0.5
"""Seconds from the begin of one question to the begin of the next."""
FAILURES = 3
"""How many failures in a row of an abort probe end a run, where it does not say."""


class Sampling:
    """Samples probes from `with` on until its end. samples: all so far, in the order of their answers.

    abort: called once, by the thread of the probe, when one of the abort probes has failed as often in a row as it says. An abort probe
    that can't tell fails: it protects nobody.
    """

    def __init__(
        self,
        steady: Sequence[Probe],
        aborting: Sequence[Probe],
        ask: Callable[[Probe], Sample],
        abort: Callable[[Probe, Sample], object] = lambda probe, sample: None,
        said: Callable[[Sample], None] = lambda sample: None,
        interval: float = INTERVAL,
    ) -> None:
        self.samples: list[Sample] = []
        self._ask = ask
        self._abort = abort
        self._said = said
        self._interval = interval
        self._over = threading.Event()
        self._lock = threading.Lock()
        self._aborted = False
        self._threads = [threading.Thread(target=self._steady, args=(probe,), daemon=True) for probe in steady]
        self._threads += [threading.Thread(target=self._aborting, args=(probe,), daemon=True) for probe in aborting]

    def __enter__(self) -> Self:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        """Does not wait for answers that are on their way: the restore is more urgent, and they would be of a time that is over."""
        self.end()

    def end(self) -> None:
        with self._lock:
            self._over.set()

    def of(self, probe: Probe, since: float = 0.0) -> list[Sample]:
        """The samples of a probe that were asked for at or after a time (seconds since 1970)."""
        with self._lock:
            return [sample for sample in self.samples if sample.probe == probe.name and sample.at >= since]

    def _steady(self, probe: Probe) -> None:
        self._loop(probe, lambda sample: None)

    def _aborting(self, probe: Probe) -> None:
        failures = 0

        def judge(sample: Sample) -> None:
            nonlocal failures
            failures = 0 if sample.outcome == "good" else failures + 1
            if failures >= (probe.failures or FAILURES):
                self._decide(probe, sample)

        self._loop(probe, judge)

    def _decide(self, probe: Probe, sample: Sample) -> None:
        with self._lock:
            first, self._aborted = not self._aborted, True
        if first:
            self._abort(probe, sample)

    def _loop(self, probe: Probe, judge: Callable[[Sample], None]) -> None:
        while not self._over.is_set():
            began = time.monotonic()
            sample = self._ask(probe)
            with self._lock:
                if self._over.is_set():
                    return
                self.samples.append(sample)
            judge(sample)
            self._said(sample)
            self._over.wait(max(0.0, began + self._interval - time.monotonic()))
