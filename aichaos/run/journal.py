"""What a run is about to do and what became of it, on disk before it happens: an append-only file, one entry a line.

Each line ends with a signature over itself and the signature of the line before, so that a line that was changed, taken out or put in is
noticed. A last line without its end was being written when the process died: its request was not sent, because the file is written
and synced first. `Record` is what the entries amount to.
"""

import hmac
import os
import socket
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from contextlib import suppress
from pathlib import Path
from typing import Any

import msgspec

from aichaos import __version__
from aichaos.domain import clock, forms
from aichaos.domain.policy import Policy
from aichaos.domain.running import (
    Access,
    Approval,
    Checked,
    Closed,
    Intent,
    JournalEntry,
    Opened,
    Outcome,
    Place,
    Plan,
    Restoring,
    Result,
    Undone,
)
from aichaos.errors import FileError
from aichaos.files.save import save
from aichaos.run import state

_DECODER: msgspec.json.Decoder[JournalEntry] = forms.decoder(JournalEntry)


PATIENCE, HURRIED, _LOOK = 60.0, 5.0, 0.1
"""Seconds that a disk gets for an entry; those that it gets once somebody wants the run to end; and between two looks. One that takes
longer (a file server that is gone, a machine that has too much to write) must not keep a run from going back: it is done without, as on a
full disk."""


class _Line(msgspec.Struct):
    entry: msgspec.Raw
    sign: str


class Record(msgspec.Struct):
    """What is known of a run. undone: what the way back has done, each with the number of the last intent before it."""

    opened: Opened
    intents: list[Intent] = []
    outcomes: dict[int, Outcome] = {}
    undone: list[tuple[int, Undone]] = []
    restoring: list[Restoring] = []
    checked: Checked | None = None
    closed: Closed | None = None

    @property
    def next_number(self) -> int:
        return self.intents[-1].number + 1 if self.intents else 1

    def take(self, entry: JournalEntry) -> None:
        match entry:
            case Intent():
                self.intents.append(entry)
            case Result():
                self.outcomes[entry.number] = entry.outcome
            case Undone():
                self.undone.append((self.next_number - 1, entry))
            case Restoring():
                self.restoring.append(entry)
            case Checked():
                self.checked = entry
            case Closed():
                self.closed = entry


class Journal:
    """The journal of one run, open for writing. One process writes at a time; the Lease sees to that.

    mirror: told every new line before `write` returns, for a copy elsewhere; it raises where there can be none.
    """

    def __init__(self, path: Path, record: Record, key: bytes, last: str, handle: int) -> None:
        self.path = path
        self.record = record
        self.mirror: Callable[[bytes], None] = lambda line: None
        self.first_line = b""
        """The line of the first entry, where this process has written it: what a copy begins with."""
        self.hurried: Callable[[], bool] = lambda: False
        """Whether somebody wants the run to end."""
        self.key = key
        self._last = last
        self._handle = handle
        self._hangs = False

    def write(self, *entries: JournalEntry, sync: bool = True) -> None:
        """Append entries; when it returns they are on the disk. sync: False for what can be found out again. Raises
        FileError; and AichaosError where they are, but `mirror` can't have them."""
        lines, last = [], self._last
        for entry in entries:
            raw = msgspec.json.encode(entry)
            last = _signature(self.key, last, raw)
            lines.append(msgspec.json.encode(_Line(msgspec.Raw(raw), last)) + b"\n")
        self._append(b"".join(lines), sync=sync)
        self._last = last
        self.first_line = self.first_line or lines[0]
        for entry in entries:
            self.record.take(entry)
        for line in lines:
            self.mirror(line)

    def _append(self, data: bytes, *, sync: bool) -> None:
        """All of it, or nothing: a half line would spoil those after it. A disk that did not answer once is not asked again."""
        hint = "Free some room, or say where aichaos may write with AICHAOS_STATE_DIR."
        answer: Future[None] = Future()

        def put() -> None:
            try:
                self._put(data, sync=sync)
                answer.set_result(None)
            except Exception as error:  # noqa: BLE001  it is raised again, in the thread that waits
                answer.set_exception(error)

        if not self._hangs:
            threading.Thread(target=put, name="aichaos-journal", daemon=True).start()
            self._hangs = not _answered(answer, self.hurried)
        if self._hangs:
            raise FileError(f"cannot write the journal {self.path}: the disk does not answer", hint=hint)
        try:
            answer.result()
        except OSError as error:
            raise FileError(f"cannot write the journal {self.path}: {error.strerror or error}", hint=hint) from error

    def _put(self, data: bytes, *, sync: bool) -> None:
        before = os.lseek(self._handle, 0, os.SEEK_END)
        try:
            while data:
                data = data[os.write(self._handle, data) :]
            if sync:
                os.fsync(self._handle)
        except OSError:
            with suppress(OSError):
                os.ftruncate(self._handle, before)
            raise

    def holds(self, copy: bytes) -> bool:
        """Whether all that a copy says stands here, too. Raises FileError."""
        return self._data().startswith(copy)

    def begins(self, copy: bytes) -> bool:
        """Whether a copy says all that stands here, and goes on. Raises FileError."""
        return copy.startswith(self._data())

    def _data(self) -> bytes:
        try:
            return self.path.read_bytes()
        except OSError as error:
            raise _unreadable(self.path, error) from error

    def close(self) -> None:
        if not self._hangs:  # it would hang, too; the end of the process closes it
            os.close(self._handle)


def _answered(answer: "Future[None]", hurried: Callable[[], bool]) -> bool:
    """Whether it comes in time. In short looks, so that a process that was made to stand still has not waited meanwhile."""
    looks = hurries = 0
    while looks < PATIENCE / _LOOK and hurries < HURRIED / _LOOK:
        try:
            answer.exception(_LOOK)
        except TimeoutError:
            looks, hurries = looks + 1, hurries + hurried()
            continue
        return True
    return False


def begin(plan: Plan, approval: Approval, access: Access, lease: Place, lever: str, policy: Policy) -> Journal:
    """The journal of what this process begins now, a run or a series. lever: as `NS/NAME`. Raises FileError as `create` does."""
    return create(
        Opened(
            at=clock.now(),
            plan=plan,
            approval=approval,
            access=access,
            host=socket.gethostname(),
            pid=os.getpid(),
            lease=f"{lease.namespace}/{lease.name}",
            lever=lever,
            version=__version__,
            policy=policy,
        )
    )


def create(opened: Opened, key: bytes | None = None) -> Journal:
    """The journal of a new run. Raises FileError where it can't be written, or where the run has one already."""
    folder = state.folder(opened.plan.run)
    path = folder / state.JOURNAL
    key = state.key() if key is None else key
    try:
        folder.mkdir(parents=True, exist_ok=True)
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_APPEND | os.O_CLOEXEC, 0o600)
    except OSError as error:
        hint = "Nothing was changed. Say where aichaos may write with AICHAOS_STATE_DIR."
        raise FileError(f"cannot keep a journal at {path}: {error.strerror or error}", hint=hint) from error
    journal = Journal(path, Record(opened=opened), key, "", handle)
    try:
        journal.write(opened)
        _sync_folder(folder)
    except BaseException:
        journal.close()
        path.unlink(missing_ok=True)
        raise
    return journal


def resume(run: str, key: bytes | None = None) -> Journal:
    """The journal of a run that has begun, to go on writing. A half-written last line is cut off. Raises FileError."""
    path = state.folder(run) / state.JOURNAL
    key = state.key() if key is None else key
    try:
        data = path.read_bytes()
        handle = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CLOEXEC)
    except OSError as error:
        raise _unreadable(path, error) from error
    try:
        whole, record, last = _replay(data, key, path)
        if whole < len(data):
            os.ftruncate(handle, whole)
    except BaseException:
        os.close(handle)
        raise
    return Journal(path, record, key, last, handle)


def lay_down(run: str, data: bytes) -> None:
    """Put a journal that was kept elsewhere where `resume` finds it, unless there is one that knows more. Raises FileError."""
    path = state.folder(run) / state.JOURNAL
    if not path.exists() or data.startswith(path.read_bytes()):
        save(path, data.decode())


def read(path: Path, key: bytes | None = None) -> Record:
    """What a journal amounts to, without touching it. key: None to take its word (for showing, never for restoring). Raises FileError."""
    try:
        data = path.read_bytes()
    except OSError as error:
        raise _unreadable(path, error) from error
    return _replay(data, key, path)[1]


def entries(path: Path) -> tuple[list[JournalEntry], list[int]]:
    """All that can be read of a journal, for a report and never for a restore; and the lines that can't, by number. Raises FileError."""
    try:
        data = path.read_bytes()
    except OSError as error:
        raise _unreadable(path, error) from error
    found: list[JournalEntry] = []
    unread = []
    for number, line in enumerate(_lines(data), 1):
        try:
            found.append(_entry(line, number, path)[0])
        except FileError:
            unread.append(number)
    return found, unread


def replay(data: bytes, key: bytes | None, name: str) -> Record:
    """The same as `read` for a copy of a journal. name: where it comes from, for messages. Raises FileError."""
    return _replay(data, key, Path(name))[1]


def _replay(data: bytes, key: bytes | None, path: Path) -> tuple[int, Record, str]:
    """How many bytes are whole lines, what they say, and the last signature."""
    whole, last = 0, ""
    record: Record | None = None
    for number, line in enumerate(_lines(data), 1):
        entry, sign = _entry(line, number, path)
        if key is not None:
            last = _signature(key, last, bytes(sign[1]))
            if not hmac.compare_digest(last, sign[0]):
                raise _tampered(path, number)
        whole += len(line)
        if record is None:
            if not isinstance(entry, Opened):
                raise _tampered(path, number)
            record = Record(opened=entry)
        else:
            record.take(entry)
    if record is None:
        hint = "The run died before it had changed anything: `aichaos recover RUN` clears it away."
        raise FileError(f"{path} holds no entry", hint=hint)
    return whole, record, last


def _lines(data: bytes) -> Iterator[bytes]:
    """Every line that has its end."""
    start = 0
    while (end := data.find(b"\n", start)) >= 0:
        yield data[start : end + 1]
        start = end + 1


def _entry(line: bytes, number: int, path: Path) -> tuple[JournalEntry, tuple[str, Any]]:
    try:
        found = forms.decode(line, _Line)
        return _DECODER.decode(found.entry), (found.sign, found.entry)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise _tampered(path, number) from error


def _signature(key: bytes, last: str, raw: bytes) -> str:
    return hmac.new(key, last.encode() + raw, "sha256").hexdigest()


def _tampered(path: Path, number: int) -> FileError:
    hint = (
        "Nothing is restored from it. `kubectl get configmaps -A -l aichaos.io/run` shows whether the cluster has another copy, for "
        "`aichaos recover --from-configmap NS/NAME --key FILE`. What the run has made has that label, too."
    )
    return FileError(f"{path}, line {number}, is not as this user's aichaos wrote it", hint=hint)


def _unreadable(path: Path, error: OSError) -> FileError:
    return FileError(f"cannot read {path}: {error.strerror or error}", hint="`aichaos runs` lists the runs of this machine.")


def _sync_folder(folder: Path) -> None:
    """A new file is there after a power cut only if its folder was synced, too."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
