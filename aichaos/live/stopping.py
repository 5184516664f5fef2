"""Asking a run to stop, from anywhere: the wish stands in the cluster's Lease, and the run puts everything back when it sees it."""

from aichaos.cluster.connection import Connection
from aichaos.cluster.reader import Reader
from aichaos.domain.running import Place
from aichaos.errors import AichaosError
from aichaos.live.planning import identity
from aichaos.run import approve, lease
from aichaos.run.hold import writing
from aichaos.run.places import looking


def active(connection: Connection, where: Place) -> lease.Taken | None:
    """The run that holds a Lease. Raises SourceError."""
    return lease.holder(looking(Reader(connection))(where) or {})


def ask_to_stop(connection: Connection, where: Place, run: str | None, why: str) -> lease.Taken:
    """Ask the active run to stop. run: None for whichever it is; a series' name for the series and the run of it that is active. Raises
    AichaosError where that run is not active, or can't be asked."""
    writer = writing(connection, approve.for_command("stop", identity(connection), why))
    found = active(connection, where)
    if found is None or (run and run not in (found.run, found.series)):
        named = f"run {run}" if run else "no run"
        other = f"; {found.run} of {found.who} is" if found else ""
        told = f"{named} is {'not ' if run else ''}active in this cluster{other}"
        raise AichaosError(told, hint="`aichaos runs --cluster` shows what is.")
    reason = approve.me() + (f": {why}" if why else "")
    if not lease.request_stop(writer, where, found.run, reason):
        raise AichaosError(f"run {found.run} could not be asked to stop", hint="`aichaos stop --all` pulls the lever; or try again.")
    return found
