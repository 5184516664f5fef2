"""Finishing what a dead process left: for the watchdog, and for `aichaos recover`.

A run is unfinished while its journal has no last entry and nobody works on it: its process and its watchdog each hold a lock, which the
kernel takes back when they die, however they die.
"""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import msgspec

from aichaos.cluster.connection import Connection, connect
from aichaos.cluster.writer import Found, Unread, Writer
from aichaos.domain.running import Access, Opened, Place, Restored
from aichaos.errors import AichaosError, FileError
from aichaos.files.plain import at
from aichaos.run import journal, restore, state
from aichaos.run.journal import Journal, Record
from aichaos.run.restore import Patience, Say

LOCK = "lock"


class Link(msgspec.Struct, frozen=True):
    """The way to a run's cluster."""

    connection: Connection
    writer: Writer


class NotRestored(AichaosError):
    exit_code = 8


def connected(opened: Opened, access: Access | None = None) -> Link:
    """Log in to the cluster of a run, and see that it is the same one. access: another way there. Raises SourceError, AichaosError."""
    way = access or opened.access
    connection = connect(kubeconfig=way.kubeconfig, context=way.context)
    writer = Writer(connection, opened.approval)
    other = cluster_uid(writer)
    if isinstance(other, str) and other != opened.plan.cluster:
        hint = "Name the cluster of the run with --kubeconfig and --context."
        raise AichaosError(f"{connection.server} is another cluster than that of run {opened.plan.run}", hint=hint)
    return Link(connection, writer)


def cluster_uid(writer: Writer) -> str | Unread:
    """What a cluster is known by: the UID of its namespace kube-system."""
    sight = writer.read(Place(api_version="v1", resource="namespaces", kind="Namespace", name="kube-system"))
    if isinstance(sight, Found):
        return str(at(sight.object, "metadata", "uid"))
    return sight if isinstance(sight, Unread) else Unread("there is no namespace kube-system")


def finish(open_journal: Journal, link: Link, say: Say, who: str, patience: Patience = Patience()) -> int:  # noqa: B008  frozen
    """Restore a run whose process is gone, and close it: 0 when everything is as it was, 8 when something is left to do by hand."""
    run = open_journal.record.opened.plan.run
    if open_journal.record.closed is not None:
        say(f"run {run} has ended: nothing is left to restore")
        return 0
    held = restore.take_over(open_journal, link.writer, say, who)
    restored = restore.restore(open_journal, link.writer, say, who, held, patience)
    restore.close(open_journal, link.writer, held, "failed", restored)
    for line in told(run, restored):
        say(line)
    return 0 if restored.verified else NotRestored.exit_code


def told(run: str, restored: Restored) -> Iterator[str]:
    """How a restore ended, for people."""
    for foreign in restored.foreign:
        yield f"{foreign.object}: {foreign.what}; that stays"
    if restored.verified:
        took = f" in {restored.seconds:.2f} s" if restored.seconds is not None else ""
        yield f"run {run}: verified restored{took}"
        return
    yield f"run {run}: NOT restored"
    for left in restored.left_over:
        yield f"  {left.object}: {left.why}"
        yield from (f"    {command}" for command in left.commands)
    yield f"  Then, or once the cause is gone: aichaos recover {run}"


class Unfinished(msgspec.Struct, frozen=True, kw_only=True):
    """A run of this machine that has not ended. alive: whether a process still works on it."""

    run: str
    record: Record
    alive: bool


def unfinished() -> list[Unfinished]:
    """The runs of this machine that have not ended. Cheap where there is none: it looks at the ends of the journals alone."""
    found = []
    for path in sorted(state.runs().glob(f"*/{journal.NAME}")):
        if _ended(path):
            continue
        try:
            record = journal.read(path)
        except FileError:
            continue  # `aichaos runs` shows what can't be read; a warning at every command would help nobody
        if record.closed is None:
            found.append(Unfinished(run=path.parent.name, record=record, alive=is_locked(path.parent)))
    return found


@contextmanager
def working_on(folder: Path) -> Iterator[None]:
    """Hold a run's lock: while we live, nobody else finishes it. Raises FileError where somebody else holds it."""
    try:
        handle = os.open(folder / LOCK, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    except OSError as error:
        raise FileError(
            f"cannot lock {folder}: {error.strerror or error}", hint="`aichaos runs` lists the runs of this machine."
        ) from error
    try:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            hint = f"`aichaos stop {folder.name}` ends it; its watchdog restores by itself."
            raise FileError(f"a process works on run {folder.name}", hint=hint) from error
        yield
    finally:
        os.close(handle)


def is_locked(folder: Path) -> bool:
    try:
        with working_on(folder):
            return False
    except FileError:
        return True


_TAIL = 4096


def _ended(path: Path) -> bool:
    """Whether the last whole line of a journal is its end."""
    try:
        with path.open("rb") as file:
            file.seek(0, os.SEEK_END)
            file.seek(max(0, file.tell() - _TAIL))
            lines = file.read().rstrip(b"\n").split(b"\n")
    except OSError:
        return True
    return b'"entry":"closed"' in lines[-1]
