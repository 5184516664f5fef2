"""Finishing what a dead process left: for the watchdog, and for `aichaos recover`.

Also for the guard inside the cluster, which has nothing but the copy that the run kept there: it waits until the run's Lease is not renewed
any more, and restores from that.
"""

import shutil
import time
from collections.abc import Iterator
from pathlib import Path

import msgspec

from aichaos.cluster.connection import Connection, connect
from aichaos.cluster.discovery import kubernetes
from aichaos.cluster.reader import Patience as Waits
from aichaos.cluster.reader import Reader
from aichaos.cluster.writer import Found, Unread, Writer
from aichaos.domain.running import LEVER, Access, Opened, Place, Restored, beside_lever
from aichaos.errors import AichaosError, FileError, NoClusterError, SourceError
from aichaos.files.plain import at, text
from aichaos.run import approve, journal, lease, mirror, own, restore, state
from aichaos.run.journal import Journal
from aichaos.run.places import looking
from aichaos.run.restore import Patience, Say

_LOOK = 1.0
_VERSION = Waits(connect=1.0, silence=2.0, total=3.0)


class Link(msgspec.Struct, frozen=True):
    """The way to a run's cluster."""

    connection: Connection
    writer: Writer


class NotRestored(AichaosError):
    exit_code = 8


def had_begun(run: str) -> bool:
    """Whether this machine has a journal of a run, of which its first entry is on the disk. Raises FileError for no name of a run."""
    try:
        return b"\n" in (state.folder(run) / state.JOURNAL).read_bytes()
    except FileNotFoundError:
        return False
    except OSError:
        return True  # `journal.resume` says why it can't be read


def let_go(run: str, access: Access, where: Place, say: Say) -> None:
    """Let others have the Lease of a run, or a series, that died before it had begun: it has changed nothing, and the Lease says so. A
    process of it that lives after all finds its Lease gone before its first change.

    Raises FileError where the Lease is not of such a run, SourceError where there is no way to the cluster.
    """
    journals = state.folder(run) / state.JOURNAL
    unknown = f"{journals} holds no entry" if journals.exists() else f"this machine knows no run {run}"
    try:
        way = connect(kubeconfig=access.kubeconfig, context=access.context)
    except NoClusterError as error:
        raise FileError(f"{unknown}, and no cluster can be asked for it: {error}", hint=error.hint) from error
    with way as connection:
        writer = Writer(connection, approve.for_command(run, "", "the Lease of a run that had not begun"))
        sight = writer.read(where)
        if isinstance(sight, Unread):
            raise FileError(
                f"{unknown}, and {lease.called(where)} can't be read: {sight.why}", hint="Ask again when the API server answers."
            )
        holder = lease.holder(sight.object) if isinstance(sight, Found) else None
        if holder is None or holder.run != run:
            hint = "`aichaos runs` lists the runs of this machine; another Lease is named by --lever."
            raise FileError(f"{unknown}, and it does not have {lease.called(where)}", hint=hint)
        if not holder.preparing:
            copy = f"aichaos recover --from-configmap {where.namespace}/{mirror.place(run, where.namespace).name} --key FILE"
            hint = f"Type it where it was started ({holder.process}); or `{copy}`, with the key of the state directory there."
            raise FileError(f"{unknown}, and the run has begun", hint=hint)
        hold = lease.take_over(writer, where, run, "recover")
        if not isinstance(hold, lease.Held) or not lease.release(writer, hold):
            why = hold.why if isinstance(hold, lease.NotHad) else "somebody else has it by now"
            raise FileError(f"{lease.called(where)} of run {run} could not be let go: {why}", hint="Type it again.")
    shutil.rmtree(state.folder(run), ignore_errors=True)  # what is in there has no first entry
    say(f"run {run} had not begun: it has changed nothing, and others can run now")


def connected(opened: Opened, access: Access | None, say: Say) -> Link:
    """Log in to the cluster of a run, and see that it is the same one. access: another way there; None for the run's own.

    Goes on asking while nobody answers. Raises SourceError, AichaosError; also where we may not read which cluster it is.
    """
    way = access or opened.access
    connection = connect(kubeconfig=way.kubeconfig, context=way.context)
    writer = Writer(connection, opened.approval)
    tries = 0
    while isinstance(found := cluster_uid(writer), Unread) and not found.refused:
        if tries == 0:
            say(f"the API server does not answer ({found.why}); this goes on until it does")
        time.sleep(min(5.0, 0.05 * 2.0 ** min(tries, 7)))
        tries += 1
    if isinstance(found, Unread):
        hint = "Whoever restores needs the right to get the namespace kube-system, whose UID says which cluster it is."
        raise AichaosError(f"which cluster {connection.server} is can't be read: {found.why}", hint=hint)
    if found != opened.plan.cluster:
        hint = f"Name the cluster of the run ({opened.plan.server}) with --kubeconfig and --context."
        raise AichaosError(f"{connection.server} is another cluster than that of run {opened.plan.run}", hint=hint)
    _note_version(connection, opened, say)
    return Link(connection, writer)


def _note_version(connection: Connection, opened: Opened, say: Say) -> None:
    """A cluster that was upgraded meanwhile may refuse what it took before; whoever reads on should know why."""
    then = opened.plan.kubernetes
    if not then:
        return
    try:
        now = kubernetes(Reader(connection, _VERSION))
    except SourceError as error:
        say(f"which version of Kubernetes it serves now can't be read: {error}")
        return
    if now != then:
        say(f"the cluster serves Kubernetes {now} now; when run {opened.plan.run} began, it was {then}")


def cluster_uid(writer: Writer) -> str | Unread:
    """What a cluster is known by: the UID of its namespace kube-system."""
    sight = writer.read(own.namespace("kube-system"))
    if isinstance(sight, Found):
        return str(at(sight.object, "metadata", "uid"))
    return sight if isinstance(sight, Unread) else Unread("there is no namespace kube-system", refused=True)


def finish(open_journal: Journal, link: Link, say: Say, who: str, patience: Patience = Patience()) -> int:  # noqa: B008  frozen
    """Restore a run whose process is gone, and close it: 0 when everything is as it was, 8 when something is left to do by hand."""
    run = open_journal.record.opened.plan.run
    if open_journal.record.closed is not None:
        say(f"{'series' if state.series(run).is_dir() else 'run'} {run} has ended: nothing is left to restore")
        return 0
    held = restore.take_over(open_journal, link.writer, say, who)
    open_journal = _whole(open_journal, link.writer, say)  # only now: whoever wrote before writes no more
    restored = restore.restore(open_journal, link.writer, say, who, held, patience)
    restore.close(open_journal, link.writer, held, "failed", restored)
    for line in told(run, restored):
        say(line)
    return 0 if restored.verified else NotRestored.exit_code


def _whole(book: Journal, writer: Writer, say: Say) -> Journal:
    """The journal, or what its copy in the cluster knows beyond its end: a file that was cut at the end of a line does not show it.

    Raises FileError where the two tell of different changes.
    """
    opened = book.record.opened
    where = mirror.place(opened.plan.run, opened.lease.partition("/")[0])
    copy = mirror.kept(writer, where)
    if isinstance(copy, Unread):
        say(f"whether the journal is whole is not known: its copy ({where}) can't be read: {copy.why}")
        return book
    if book.holds(copy):
        return book
    try:
        there = journal.replay(copy, book.key, str(where))
    except FileError as error:
        say(f"{error}; the journal of this machine is taken")
        return book
    if book.begins(copy):
        say(f"the journal {book.path} ends before its copy in the cluster does: it was cut, and is made whole from there")
        book.close()
        journal.lay_down(opened.plan.run, copy)
        return journal.resume(opened.plan.run, book.key)
    more = len(there.intents) - len(book.record.intents)
    raise FileError(
        f"{book.path} and its copy in the cluster tell of different changes ({abs(more)} {'more' if more > 0 else 'fewer'} there)",
        hint=f"Move that file away, then: aichaos recover --from-configmap {where.namespace}/{where.name} --key {state.home() / 'key'}",
    )


def told(run: str, restored: Restored) -> Iterator[str]:
    """How a restore ended, for people."""
    if state.series(run).is_dir():
        yield f"series {run}: it holds nothing any more"
        return
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
    yield f"  Then, or once the cause is gone: `aichaos recover {run}`"


def from_cluster(written: str, access: Access, key: Path, say: Say) -> tuple[Journal, Link]:
    """The journal that a run has kept in a ConfigMap `NS/NAME`, laid down on this machine to go on with, and the way to its cluster.

    key: the file with what it is signed with; it is never kept beside it. Raises FileError where it is not signed so, SourceError.
    """
    namespace, _, name = written.partition("/")
    with connect(kubeconfig=access.kubeconfig, context=access.context) as connection:
        found = looking(Reader(connection))(own.config_map(name, namespace))
    data = text(at(found, "data", mirror.KEY)).encode()
    if not data:
        raise FileError(
            f"there is no journal in ConfigMap {written}", hint="The run has ended well, or was started with --no-cluster-journal."
        )
    try:
        secret = key.read_bytes()
    except OSError as error:
        hint = "It is `key` in the state directory of the machine that the run was started on."
        raise FileError(f"cannot read {key}: {error.strerror or error}", hint=hint) from error
    opened = journal.replay(data, secret, written).opened
    if not opened.plan.steps:  # a series: no run is without a step
        state.series(opened.plan.run).mkdir(parents=True, exist_ok=True)
    journal.lay_down(opened.plan.run, data)
    return journal.resume(opened.plan.run, secret), connected(opened, access, say)


def wait_until_lost(link: Link, opened: Opened, say: Say, *, patient: bool) -> bool:
    """Wait until a run's Lease was not renewed for its time, by our own clock; False where the run has ended, or somebody else has it.

    patient: waits for as long as the run lives. Otherwise it raises AichaosError as soon as it is heard of: two that write are one too
    many.
    """
    where, run = lease.place(opened.lease), opened.plan.run
    seen, since, lasts = "", time.monotonic(), lease.SECONDS
    say(f"watching {lease.called(where)} of run {run}" + ("" if patient else ", for as long as it lasts: whoever renews it is alive"))
    while True:
        sight = link.writer.read(where)
        if isinstance(sight, Found):
            holder = lease.holder(sight.object)
            if holder is None or holder.run != run:
                return False
            lasts = holder.lasts
            if holder.renewed != seen:
                if seen and not patient:
                    hint = f"{beside_lever(f'aichaos stop {run}', opened.lever or LEVER)} ends it, and it puts everything back itself."
                    raise AichaosError(f"run {run} is alive: {holder.process} has just renewed its Lease", hint=hint)
                seen, since = holder.renewed, time.monotonic()
        if not isinstance(sight, Unread) and time.monotonic() - since > lasts:  # none of ours deletes a Lease: that tells nothing
            say(f"run {run} has not been heard of for {lasts} s")
            return True
        time.sleep(_LOOK)
