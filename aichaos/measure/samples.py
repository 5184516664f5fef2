"""The samples of a run on disk, beside its journal: one line for each second and probe, with a histogram instead of single answers.

An hour of 500 answers a second is about two megabytes, and neither writing nor reading takes more memory for it. The file is only appended
to; a line without its end was being written when the process died, and does not count. A line is a part of its second: answers that come
late make another one for the same second.

A line never reaches over a mark (the begin of a step, of the restore), so that whole lines belong to one window.
"""

import os
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from types import TracebackType
from typing import Self

import msgspec

from aichaos.domain import forms
from aichaos.domain.sample import Sample
from aichaos.errors import FileError
from aichaos.measure.latencies import Writer

NAME = "samples.jsonl"
_FLUSH = 1.0
_NAMES = 40
"""Different backends, statuses or reasons that a line tells apart; what comes beyond is counted together."""
_MORE = "others"


class Second(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Answers to one probe that were due from `at` to `to` (seconds since 1970).

    latencies: a histogram of the answers that came, `latencies.Latencies`. first_bad … last_good: when such an answer was due; exact, also
    where many share the line. late: seconds by which the latest question was asked after it was due. value: the last one of a query.
    slow: how many questions had no answer by the end of their time; 0 in files that do not say.
    """

    probe: str
    at: float
    to: float
    good: int = 0
    bad: int = 0
    none: int = 0
    latencies: str = ""
    first_bad: float | None = None
    last_bad: float | None = None
    first_good: float | None = None
    last_good: float | None = None
    statuses: dict[str, int] = {}
    backends: dict[str, int] = {}
    why: str = ""
    late: float = 0.0
    value: float | None = None
    slow: int = 0


class _Part:
    """What becomes a line."""

    def __init__(self) -> None:
        self.first, self.last = float("inf"), 0.0
        self.counts = {"good": 0, "bad": 0, "none": 0}
        self.seconds: list[float] = []
        self.ends: dict[str, tuple[float, float]] = {}
        self.statuses: dict[str, int] = {}
        self.backends: dict[str, int] = {}
        self.why = ""
        self.late = 0.0
        self.value: float | None = None
        self.slow = 0

    def take(self, sample: Sample, late: float) -> None:
        at, outcome = sample.at, sample.outcome
        self.first, self.last = min(self.first, at), max(self.last, at)
        self.counts[outcome] += 1
        if outcome != "none":
            if sample.seconds is not None:
                self.seconds.append(sample.seconds)
            was = self.ends.get(outcome)
            self.ends[outcome] = (at, at) if was is None else (min(was[0], at), max(was[1], at))
        if sample.status is not None:
            _count(self.statuses, str(sample.status))
        if sample.backend is not None:
            _count(self.backends, sample.backend)
        self.why = sample.why if sample.why and sample.outcome != "good" else self.why
        self.late = max(self.late, late)
        self.value = sample.value if sample.value is not None else self.value
        self.slow += sample.slow

    def line(self, probe: str, writer: Writer) -> Second:
        return Second(
            probe=probe,
            at=round(self.first, 6),
            to=round(self.last, 6),
            good=self.counts["good"],
            bad=self.counts["bad"],
            none=self.counts["none"],
            latencies=writer.text(self.seconds) if self.seconds else "",
            first_bad=_end(self.ends.get("bad"), 0),
            last_bad=_end(self.ends.get("bad"), 1),
            first_good=_end(self.ends.get("good"), 0),
            last_good=_end(self.ends.get("good"), 1),
            statuses=self.statuses,
            backends=self.backends,
            why=self.why[:300],
            late=round(self.late, 4),
            value=self.value,
            slow=self.slow,
        )


def line_of(*samples: Sample) -> Second:
    """Answers to one probe as one line; at least one."""
    part = _Part()
    for one in samples:
        part.take(one, 0.0)
    return part.line(samples[0].probe, Writer())


def _end(times: tuple[float, float] | None, which: int) -> float | None:
    return round(times[which], 6) if times else None


def _count(counts: dict[str, int], name: str) -> None:
    key = name if name in counts or len(counts) < _NAMES else _MORE
    counts[key] = counts.get(key, 0) + 1


class Recorder:
    """Writes samples down as they come, once a second; safe to use from several threads.

    path: None to keep nothing. trouble: told once where the file can't be written; the run goes on, and what is lost is no data.
    """

    def __init__(self, path: Path | None, trouble: Callable[[str], object] = lambda why: None) -> None:
        self._path = path
        self._trouble = trouble
        self._lock, self._disk = threading.Lock(), threading.Lock()
        self._parts: dict[tuple[str, int, int], _Part] = {}
        self._mark = 0
        self._marks: list[float] = []
        self._writer = Writer()
        self._over = threading.Event()
        self._handle: int | None = None
        self._thread = threading.Thread(target=self._flushing, name="aichaos-samples", daemon=True)

    def __enter__(self) -> Self:
        if self._path is not None:
            try:
                self._path.parent.mkdir(parents=True, exist_ok=True)
                self._handle = os.open(self._path, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o600)
            except OSError as error:
                raise FileError(
                    f"cannot keep samples at {self._path}: {error.strerror or error}",
                    hint="Nothing was changed. Say where aichaos may write with AICHAOS_STATE_DIR.",
                ) from error
            self._thread.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._over.set()
        self.flush()
        with self._disk:
            if self._handle is not None:
                os.close(self._handle)
                self._handle = None

    def mark(self, at: float) -> None:
        """A window begins: what is due from then on stands on lines of its own."""
        with self._lock:
            self._marks.append(at)

    def add(self, sample: Sample, late: float = 0.0) -> None:
        with self._lock:
            window = sum(1 for mark in self._marks if sample.at >= mark)
            self._parts.setdefault((sample.probe, window, int(sample.at)), _Part()).take(sample, late)

    def flush(self) -> None:
        """Write what has come so far. A disk that takes its time keeps nobody from adding more."""
        with self._disk:
            with self._lock:
                parts, self._parts = self._parts, {}
            lines = b"".join(msgspec.json.encode(part.line(key[0], self._writer)) + b"\n" for key, part in sorted(parts.items()))
            if self._handle is None or not lines:
                return
            before = os.lseek(self._handle, 0, os.SEEK_END)
            try:
                left = lines
                while left:
                    left = left[os.write(self._handle, left) :]
            except OSError as error:
                os.ftruncate(self._handle, before)
                os.close(self._handle)
                self._handle = None
                self._trouble(f"no more samples can be kept: {self._path}: {error.strerror or error}")

    def _flushing(self) -> None:
        while not self._over.wait(_FLUSH):
            self.flush()


_DECODER = forms.decoder(Second)


def read(path: Path, unread: Callable[[int], object] = lambda number: None) -> Iterator[Second]:
    """The whole lines of a file, one at a time. unread: told the number of each line that is none. Raises FileError."""
    try:
        with path.open("rb") as file:
            for number, line in enumerate(file, 1):
                if not line.endswith(b"\n"):
                    return
                try:
                    yield _DECODER.decode(line)
                except (msgspec.DecodeError, UnicodeDecodeError):
                    unread(number)
    except OSError as error:
        raise FileError(f"cannot read {path}: {error.strerror or error}", hint="`aichaos runs` lists the runs of this machine.") from error
