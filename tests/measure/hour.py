"""A run of any length in the time that its samples take: `python -m tests.measure.hour FOLDER RATE SECONDS` prints what memory it took.

The way of every sample is the real one: Sampling with its threads, Recorder, samples.jsonl, and `past.results`. Only the clock jumps:
where Sampling would wait for the next question to be due, simulated time goes on by as much.
"""

import itertools
import json
import os
import sys
import threading
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import msgspec

from aichaos.domain.experiment import Probe
from aichaos.domain.sample import Sample
from aichaos.measure import sampling
from aichaos.measure.samples import NAME, Recorder
from aichaos.records import past
from tests.measure import folders

BASELINE, AFTER = 20.0, 10.0
_UNDERWAY = 64


class Simulated:
    """A clock, and an event whose waiting moves it. Questions under way are few, as they are with a server that answers at once."""

    def __init__(self, lasting: float, every_second: Any) -> None:
        self.now, self._lasting, self._every_second = 0.0, lasting, every_second
        self._slots = threading.Semaphore(_UNDERWAY)
        self.ended = threading.Event()

    def event(self) -> Any:
        real = threading.Event()

        def wait(seconds: float) -> bool:
            if self.now >= self._lasting:
                self.ended.set()
                return real.wait(30)
            second = int(self.now)
            self.now += seconds
            if int(self.now) != second:
                self._every_second(int(self.now))
            self._slots.acquire()
            return real.is_set()

        return SimpleNamespace(wait=wait, set=real.set, is_set=real.is_set)

    def answered(self) -> None:
        self._slots.release()


def resident() -> int:
    return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")


def peak() -> int:
    """Of this program, since it began or since `forget_peak`."""
    (line,) = (line for line in Path("/proc/self/status").read_text().splitlines() if line.startswith("VmHWM:"))
    return int(line.split()[1]) * 1024


def forget_peak() -> None:
    Path("/proc/self/clear_refs").write_text("5")


def main(home: Path, rate: int, lasting: int) -> dict[str, Any]:
    folders.FIRST, folders.BACK = BASELINE, lasting - AFTER
    folders.CHECKED, folders.ENDED = folders.BACK + 1, float(lasting)
    probe = folders.PROBE | {"rate": rate, "tolerance": {"success": ">= 99%", "p95": "<= 300ms"}}
    made = folders.experiment(probe)
    run = folders.folder(home, made=made)
    asked, early = itertools.count(), 0
    with Recorder(run / NAME) as recorder:
        for mark in (folders.FIRST, folders.FIRST + 1, folders.BACK):
            recorder.mark(folders.BEGAN + mark)

        def every_second(second: int) -> None:
            nonlocal early
            recorder.flush()
            if second == 60:
                early = resident()

        clock = Simulated(lasting, every_second)
        module: Any = sampling
        module.time = SimpleNamespace(monotonic=lambda: clock.now)
        module.clock = SimpleNamespace(now=lambda: folders.BEGAN + clock.now)
        module.threading = SimpleNamespace(
            Event=clock.event, Lock=threading.Lock, Condition=threading.Condition, Thread=threading.Thread, local=threading.local
        )

        def ask(one: Probe) -> Sample:
            """Every fortieth is bad while the fault lasts; latencies from 5 to 101 ms, evenly."""
            number = next(asked)
            bad = number % 40 == 0 and folders.FIRST <= clock.now < folders.BACK
            seconds, status = 0.005 + (number % 97) / 1000, 503 if bad else 200
            return Sample(probe=one.name, at=0.0, outcome="bad" if bad else "good", seconds=seconds, status=status, backend="shop/web")

        def keep(sample: Sample, late: float) -> None:
            recorder.add(msgspec.structs.replace(sample, seconds=(sample.seconds or 0.0) - late), 0.0)  # simulated time has no lateness
            clock.answered()

        with module.Sampling(made.spec.steady_state, [], ask, record=keep):
            clock.ended.wait()
    late = resident()
    forget_peak()
    found = past.results(run)
    (result,) = found.probes
    during = result.window("during")
    assert during is not None
    share, p50 = during.error_rate, during.p50
    told = share.low is not None and share.high is not None and share.low <= 1 / 40 <= share.high
    return {
        "asked": next(asked),
        "samples": sum(one.samples for one in result.windows if one.window != "step"),
        "grown": late - early,
        "size": (run / NAME).stat().st_size,
        "timeline": len(result.timeline),
        "peak_of_results": peak() - late,
        "truth_in_interval": told and p50.value is not None and abs(p50.value - 0.053) < 0.001,
        "p50": p50.value,
        "error_rate": [share.low, share.value, share.high],
    }


if __name__ == "__main__":
    print(json.dumps(main(Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3]))))
