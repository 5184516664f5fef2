"""The way to a cluster of whoever was approved: a writer, and the Lease that keeps two runs apart."""

from aichaos.cluster.connection import Connection
from aichaos.cluster.writer import Writer
from aichaos.domain.running import Approval, Place
from aichaos.errors import RefusedError
from aichaos.run import lease

__all__ = ["Writer", "take", "writing"]


def writing(connection: Connection, approval: Approval) -> Writer:
    return Writer(connection, approval)


def take(writer: Writer, where: Place, run: str, lever: str, series: str = "") -> lease.Held:
    """The Lease for a new run, or a new series. lever: the one beside it. Raises RefusedError where another run has it, or where it can't
    be had."""
    held = lease.acquire(writer, where, run, series)
    match held:
        case lease.Held():
            return held
        case lease.Taken():
            raise RefusedError(f"run {held.run} of {held.who or 'somebody'} has just begun", hint=held.ways(lever))
    raise RefusedError(
        f"{lease.called(where)} can't be had: {held.why}", hint="Nothing was changed. Without it, two runs can't be kept apart."
    )
