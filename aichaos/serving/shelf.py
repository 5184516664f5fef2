"""The runs of this machine, each read once and again only when its files have changed.

A folder with a thousand runs is looked through by the times and sizes of its files. What is shown of a run is computed from its folder
alone (`past.results`), so a run can be watched while it goes, and long after.
"""

import os
import threading
import time
from collections import OrderedDict
from collections.abc import Iterator
from pathlib import Path

from aichaos.domain.about import REPORT
from aichaos.domain.results import Results
from aichaos.domain.running import Opened
from aichaos.measure import samples
from aichaos.records import past
from aichaos.run import journal, listing, state

_KEPT = 64
"""Results that are kept: each may hold an hour of buckets."""
_FRESH = 0.5
"""Seconds for which a look at the folder counts as new."""
_WATCHED = (state.JOURNAL, samples.NAME, REPORT)

Mark = tuple[tuple[int, int], ...]
"""Time and size of each file of a run: what changes when something happens."""


class Shelf:
    """Safe to ask from several threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._entries: dict[str, tuple[Mark, listing.Past]] = {}
        self._results: OrderedDict[str, tuple[Mark, Results]] = OrderedDict()
        self._looked = 0.0
        self._listed: list[listing.Past] = []
        self._mark: int = 0

    def list(self) -> list[listing.Past]:
        """All runs, the latest first."""
        with self._lock:
            self._look()
            return self._listed

    def mark(self, run: str | None = None) -> int:
        """Another number whenever a run has changed; or, without a name, any of them."""
        if run is not None:
            return hash((_mark(state.folder(run)), state.is_locked(state.folder(run))))
        with self._lock:
            self._look()
            return self._mark

    def results(self, run: str) -> Results:
        """Everything about a run, as its files are now. Raises FileError."""
        folder = state.folder(run)
        mark = _mark(folder)
        with self._lock:
            kept = self._results.get(run)
            if kept is not None and kept[0] == mark and kept[1].complete:
                self._results.move_to_end(run)
                return kept[1]
        found = past.results(folder)
        with self._lock:
            self._results[run] = (mark, found)
            self._results.move_to_end(run)
            while len(self._results) > _KEPT:
                self._results.popitem(last=False)
        return found

    def opened(self, run: str) -> Opened:
        """The first entry of a run's journal: how whoever stops it finds its cluster. Raises FileError."""
        return journal.read(state.folder(run) / state.JOURNAL).opened

    def _look(self) -> None:
        now = time.monotonic()
        if self._looked and now - self._looked < _FRESH:
            return
        found: dict[str, tuple[Mark, listing.Past]] = {}
        for folder in _folders():
            mark = _mark(folder)
            kept = self._entries.get(folder.name)
            over = kept is not None and kept[0] == mark and kept[1].state not in ("running", "unfinished")
            found[folder.name] = kept if kept is not None and over else (mark, listing.one(folder.name))
        self._entries = found
        self._listed = sorted((entry for _, entry in found.values()), key=lambda one: (one.began, one.run), reverse=True)
        self._mark = hash(tuple((entry, mark) for mark, entry in found.values()))
        self._looked = time.monotonic()


def _folders() -> Iterator[Path]:
    try:
        with os.scandir(state.runs()) as listed:
            names = sorted(one.name for one in listed if not one.name.startswith("."))
    except OSError:
        return
    for name in names:
        folder = state.runs() / name
        if (folder / state.JOURNAL).is_file():
            yield folder


def _mark(folder: Path) -> Mark:
    return tuple(_stamp(folder / name) for name in _WATCHED)


def _stamp(path: Path) -> tuple[int, int]:
    try:
        found = path.stat()
    except OSError:
        return 0, -1
    return found.st_mtime_ns, found.st_size
