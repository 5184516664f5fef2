"""Where GameDays are kept on this machine: a folder for each, with its plan, its experiments, and what was written down while it went.

Everything is appended to one file, one entry a line, by the day's own process and by whoever adds a note in another terminal: a line is
written in one piece, so that neither needs to know of the other. A line without its end was being written when its process died.
"""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import msgspec

from aichaos.domain import forms
from aichaos.domain.gameday import DayBegan, DayEntry
from aichaos.errors import FileError, UsageError
from aichaos.run import state

ENTRIES = "day.jsonl"
_LOCK = "lock"
_DECODER: msgspec.json.Decoder[DayEntry] = forms.decoder(DayEntry)


def days() -> Path:
    return state.home() / "gamedays"


def folder(day: str) -> Path:
    """A day's own folder. Raises FileError for a name that is no name."""
    if not day or "/" in day or day.startswith("."):
        raise FileError(f"{day!r} is no name of a GameDay", hint="`aichaos gameday list` shows them.")
    return days() / day


def names() -> list[str]:
    """All days of this machine, the latest first."""
    found = [path.parent for path in days().glob(f"*/{ENTRIES}")]
    return [path.name for path in sorted(found, key=lambda path: (path / ENTRIES).stat().st_ctime, reverse=True)]


def running() -> list[str]:
    """The days that a process is at work on."""
    return [name for name in names() if state.is_locked(folder(name))]


@contextmanager
def held(day: str) -> Iterator[None]:
    """Be the process of a day: `note` finds it by this. The kernel takes it back when that process dies. Raises FileError."""
    where = folder(day)
    try:
        where.mkdir(parents=True, exist_ok=True)
        handle = os.open(where / _LOCK, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    except OSError as error:
        hint = "Nothing was changed. Say where aichaos may write with AICHAOS_STATE_DIR."
        raise FileError(f"cannot write {where}: {error.strerror or error}", hint=hint) from error
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        yield
    finally:
        os.close(handle)


def append(day: str, entry: DayEntry) -> None:
    """Write one entry down; it is on the disk when this returns. Raises FileError."""
    path = folder(day) / ENTRIES
    line = msgspec.json.encode(entry) + b"\n"
    try:
        handle = os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o644)
        try:
            size = os.fstat(handle).st_size
            if size and os.pread(handle, 1, size - 1) != b"\n":
                line = b"\n" + line  # whoever wrote before us died in the middle of a line
            written = os.write(handle, line)
            os.fsync(handle)
        finally:
            os.close(handle)
    except OSError as error:
        hint = "What was written down before is safe. Is there room on the disk?"
        raise FileError(f"cannot write {path}: {error.strerror or error}", hint=hint) from error
    if written != len(line):
        raise FileError(f"{path} took only a part of a line", hint="Is the disk full?")


class Kept(msgspec.Struct, frozen=True, kw_only=True):
    """What was written down of a day. unread: numbers of lines that can't be read."""

    began: DayBegan
    entries: list[DayEntry]
    unread: list[int]


def read(day: str) -> Kept:
    """All that is kept of a day, in its order. Raises FileError."""
    path = folder(day) / ENTRIES
    try:
        text = path.read_bytes()
    except OSError as error:
        known = ", ".join(names()[:5])
        hint = f"There are {known}." if known else "There is none on this machine (AICHAOS_STATE_DIR says where they are kept)."
        raise FileError(f"there is no GameDay {day!r}: {error.strerror or error}", hint=hint) from error
    entries: list[DayEntry] = []
    unread = []
    for number, line in enumerate(text.split(b"\n"), 1):
        try:
            entries += [_DECODER.decode(line)] if line else []
        except (msgspec.DecodeError, UnicodeDecodeError):
            unread.append(number)
    if not entries or not isinstance(entries[0], DayBegan):
        raise FileError(f"{path} does not begin with the beginning of a day", hint="Nothing of it can be told.")
    return Kept(began=entries[0], entries=entries, unread=unread)


def meant(day: str | None) -> str:
    """The day that a note is for: the one that was named, or the only one that is running. Raises UsageError, FileError."""
    if day is not None:
        if not (folder(day) / ENTRIES).exists():
            read(day)
        return day
    found = running()
    if len(found) == 1:
        return found[0]
    latest = names()[:3]
    if found:
        raise UsageError("several GameDays are running", hint=f"Say which one with --day: {', '.join(found)}.")
    hint = f"For one that is over, name it with --day: {', '.join(latest)}." if latest else "Start one with `aichaos gameday FILE`."
    raise UsageError("no GameDay is running on this machine", hint=hint)
