"""Runs for people to see: those of this machine from their journals, and the active one from the cluster's Lease."""

from datetime import UTC, datetime

import msgspec

from aichaos.cluster.connection import connect
from aichaos.cluster.reader import Reader
from aichaos.domain.running import LEVER, beside_lever
from aichaos.errors import FileError
from aichaos.run import journal, lease, state
from aichaos.run.places import looking


class Past(msgspec.Struct, frozen=True, kw_only=True):
    """A run of this machine. state: running, completed, stopped, failed, unfinished (nobody restored it), unreadable."""

    run: str
    experiment: str
    began: str
    state: str
    restored: str | None
    changes: int


class Active(msgspec.Struct, frozen=True, kw_only=True):
    """The run that holds the cluster's Lease. renewed: RFC 3339; a Lease that was not renewed for 15 s is stale."""

    run: str
    who: str
    process: str
    renewed: str
    stop: str


def past() -> list[Past]:
    """The latest first."""
    found = [_past(path.parent.name) for path in state.runs().glob(f"*/{state.JOURNAL}")]
    return sorted(found, key=lambda one: (one.began, one.run), reverse=True)


def one(run: str) -> Past:
    """A run of this machine, as its journal tells it; `unreadable` where there is none. Raises FileError for a name that is none."""
    return _past(run)


def active(where: str, kubeconfig: str | None, context: str | None) -> list[Active]:
    """One or none. Raises SourceError."""
    place = lease.place(where)
    with connect(kubeconfig=kubeconfig, context=context) as connection:
        found = looking(Reader(connection))(place)
    holder = lease.holder(found) if found else None
    if holder is None:
        return []
    return [
        Active(run=holder.run, who=holder.who, process=holder.process, renewed=holder.renewed, stop=_stop(holder.run, place.namespace)),
    ]


def _stop(run: str, namespace: str) -> str:
    """The lever's namespace says which Lease is meant; its name does not matter for a single run."""
    return beside_lever(f"aichaos stop {run}", f"{namespace}/{LEVER.partition('/')[2]}")


def row(one: Past | Active) -> tuple[str, ...]:
    """As a line of a table."""
    if isinstance(one, Past):
        return one.run, one.experiment, one.began, one.state, one.restored or "", f"{one.changes} changes"
    return one.run, one.who, one.process, f"renewed {one.renewed}", one.stop


def _past(run: str) -> Past:
    where = state.folder(run)
    try:
        record = journal.read(where / state.JOURNAL)
    except FileError:
        return Past(run=run, experiment="", began="", state="unreadable", restored=None, changes=0)
    opened, closed = record.opened, record.closed
    return Past(
        run=run,
        experiment=opened.plan.experiment,
        began=datetime.fromtimestamp(opened.at, UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
        state=closed.outcome if closed else "running" if state.is_locked(where) else "unfinished",
        restored=closed.restored if closed else None,
        changes=len(record.outcomes),
    )
