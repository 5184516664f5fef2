"""Where runs are kept on this machine: a folder for each, and the key that their journals are signed with. Series of runs, whose journals
hold no change, lie beside them.

A run is unfinished while its journal has no last entry. Whoever works on it holds its lock, which the kernel takes back when that process
dies, however it dies. Every command looks for unfinished runs, so nothing heavy is loaded here.
"""

import fcntl
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from aichaos.errors import FileError

JOURNAL = "journal.jsonl"
_LOCK = "lock"
_KEY_BYTES = 32
_TAIL = 1 << 16
_TRIES, _PAUSE = 5, 0.01


def home() -> Path:
    """`AICHAOS_STATE_DIR`; else `~/.local/state/aichaos`, or where XDG_STATE_HOME says."""
    own = os.environ.get("AICHAOS_STATE_DIR")
    return Path(own) if own else Path(os.environ.get("XDG_STATE_HOME") or Path.home() / ".local" / "state") / "aichaos"


def runs() -> Path:
    return home() / "runs"


def series(name: str) -> Path:
    """The folder of a series of runs. It is made before the series begins: where there is none, a name is a run's."""
    return home() / "series" / name


def folder(run: str) -> Path:
    """A run's own folder, or a series'. Raises FileError for a name that would be another place."""
    if not run or "/" in run or run.startswith("."):
        raise FileError(f"{run!r} is no name of a run", hint="`aichaos runs` lists them.")
    return series(run) if series(run).is_dir() else runs() / run


def key() -> bytes:
    """What journals are signed with; made at first use, for this user alone to read. Raises FileError."""
    path = home() / "key"
    try:
        if not path.exists():  # on a disk that is full by now, nothing else can be made, and everything has to go back
            _make(path)
        found = path.read_bytes()
    except OSError as error:
        hint = "Nothing was changed. Say where aichaos may write with AICHAOS_STATE_DIR."
        raise FileError(f"cannot use {path}: {error.strerror or error}", hint=hint) from error
    if len(found) != _KEY_BYTES:
        raise FileError(f"{path} is no key of ours", hint="Move it away; runs that are unfinished then need `aichaos recover --key FILE`.")
    return found


def _make(path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    fresh = os.urandom(_KEY_BYTES)
    temporary = path.with_name(f".key.{os.getpid()}.{fresh[:4].hex()}")
    try:
        temporary.touch(mode=0o600)
        temporary.write_bytes(fresh)
        with suppress(FileExistsError):
            os.link(temporary, path)  # the first one stays, whoever else makes one now
    finally:
        temporary.unlink(missing_ok=True)


def ready() -> None:
    """That a run can be kept here, looked at before anything is asked or written elsewhere. Raises FileError."""
    key()
    try:
        runs().mkdir(parents=True, exist_ok=True)
        trial = runs() / f".trial.{os.getpid()}"
        trial.touch()
        trial.unlink()
    except OSError as error:
        hint = "Nothing was changed. Say where aichaos may write with AICHAOS_STATE_DIR."
        raise FileError(f"cannot keep runs in {runs()}: {error.strerror or error}", hint=hint) from error


def unfinished() -> list[str]:
    """The runs and series of this machine that have not ended and that no process works on, by name; runs first, which have changes."""
    return [name for name in not_ended() if not is_locked(folder(name))]


def not_ended() -> list[str]:
    """The same, with those that a process works on."""
    found = [path for where in (runs(), home() / "series") for path in sorted(where.glob(f"*/{JOURNAL}"))]
    return [path.parent.name for path in found if not ended(path)]


def ended(path: Path) -> bool:
    """Whether the last line of a journal is its end; also where it can't be read, as nothing could be done about it then."""
    try:
        return b'"entry":"closed"' in _last(path)
    except OSError:
        return True


def given_up(run: str) -> bool:
    """Whether somebody has tried to put everything back, and something could not be."""
    try:
        last = _last(folder(run) / JOURNAL)
    except OSError:
        return False
    return b'"entry":"checked"' in last and b'"left_over"' in last


def _last(path: Path) -> bytes:
    """The last line of a journal, as far as it is not longer than any is. Raises OSError."""
    with path.open("rb") as file:
        file.seek(0, os.SEEK_END)
        file.seek(max(0, file.tell() - _TAIL))
        return file.read().rstrip(b"\n").split(b"\n")[-1]


@contextmanager
def working_on(run: str, *, wait: bool = False) -> Iterator[None]:
    """Hold a run's lock: while we live, nobody else finishes it. wait: until whoever holds it has done, or is gone. Raises FileError where
    somebody else holds it."""
    where = folder(run)
    if not where.is_dir():
        raise FileError(f"this machine knows no run {run}", hint="`aichaos runs` lists those that it knows.")
    try:
        handle = os.open(where / _LOCK, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    except OSError as error:
        raise FileError(f"cannot lock {where}: {error.strerror or error}", hint="`aichaos runs` lists the runs of this machine.") from error
    try:
        if wait:
            fcntl.flock(handle, fcntl.LOCK_EX)
        elif not _locked(handle):
            raise at_work(run)
        yield
    finally:
        os.close(handle)


def at_work(run: str) -> FileError:
    """What is said to whoever would finish a run that a process works on."""
    hint = f"`aichaos recover {run} --wait` waits for it; `aichaos stop {run}` ends it. Its watchdog restores by itself if it dies."
    return FileError(f"a process is at work on run {run}: it runs, or is being restored", hint=hint)


def _locked(handle: int) -> bool:
    """Take the lock. Whoever only looks (`is_locked`) shares it for a moment, so a few tries are made."""
    for _ in range(_TRIES):
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            time.sleep(_PAUSE)
        else:
            return True
    return False


def is_locked(where: Path) -> bool:
    """Whether a process is at work on the run of a folder."""
    try:
        handle = os.open(where / _LOCK, os.O_RDONLY | os.O_CLOEXEC)
    except OSError:
        return False
    try:
        fcntl.flock(handle, fcntl.LOCK_SH | fcntl.LOCK_NB)  # shared, or two that look at once would take each other for one at work
    except OSError:
        return True
    finally:
        os.close(handle)
    return False
