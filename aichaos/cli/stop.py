"""`aichaos stop`: one run, or all of them by the lever; and the lever's release."""

import sys
import time
from typing import TYPE_CHECKING, Any

import click

from aichaos import settings
from aichaos.cli.options import A_LEVER
from aichaos.errors import AichaosError, UsageError

if TYPE_CHECKING:
    from aichaos.cluster.connection import Connection

_PATIENCE = 60.0
_LOOK = 0.2
_SILENT = 4 / 3
"""Times that its Lease lasts, after which a run that does not renew it has died, and whoever restores it would have begun."""


@click.command("stop")
@click.argument("run", required=False)
@click.option("--all", "everything", is_flag=True, help="Pull the cluster's lever: every run stops, and none starts.")
@click.option("--release", is_flag=True, help="Release the lever.")
@click.option("--kubeconfig", metavar="FILE", help="The kubeconfig file.", type=click.Path(readable=False))
@click.option("--context", metavar="NAME", help="The kubeconfig context.")
@click.option("--lever", metavar="NS/NAME", type=A_LEVER, help="The ConfigMap that stops every run (aichaos/aichaos-lever).")
@click.option("--why", metavar="TEXT", default="", help="Why; whoever runs it is told.")
@click.option("--no-wait", is_flag=True, help="Do not wait until it has restored.")
def command(**given: Any) -> int:
    """Stop a run from anywhere, or all of them. Without a name it is the active one. Everything is put back. The name of a GameDay, or of
    another series of runs, ends that: its run, if one is active, and all that would follow.

    Whoever has no aichaos can pull the lever with kubectl:

    \b
    kubectl -n aichaos patch configmap aichaos-lever --type merge -p '{"data":{"state":"pulled"}}'
    """
    from aichaos.cluster.connection import connect
    from aichaos.domain.running import LEVER

    if sum((bool(given["run"]), given["everything"], given["release"])) > 1:
        raise UsageError("a run, --all and --release exclude each other", hint="Give one of them.")
    effective = settings.load({"kubeconfig": given["kubeconfig"], "context": given["context"]})
    written = given["lever"] or LEVER
    with connect(kubeconfig=effective["kubeconfig"], context=effective["context"]) as connection:
        if given["everything"] or given["release"]:
            return _lever(connection, written, "released" if given["release"] else "pulled", given["why"])
        return _one(connection, written, given)


def _lever(connection: "Connection", written: str, word: Any, why: str) -> int:
    from aichaos.live.planning import identity
    from aichaos.run import approve, lever
    from aichaos.run.hold import writing

    writer = writing(connection, approve.for_command("lever", identity(connection), why))
    before = lever.put(writer, lever.place(written), word, why)
    told = "every run in this cluster stops, and none starts" if word == "pulled" else "runs can start again"
    print(f"the lever {written} is {word} (it was {before}): {told}")
    return 0


def _one(connection: "Connection", written: str, given: dict[str, Any]) -> int:
    from aichaos.domain.running import beside_lever
    from aichaos.live.stopping import active, ask_to_stop
    from aichaos.run import lease

    where = lease.place(lease.beside(written))
    asked = ask_to_stop(connection, where, given["run"], given["why"])
    which = "series" if asked.run == asked.series else "run"
    also = f", and the series {asked.series} ends with it" if which == "run" and asked.series else ""
    print(f"{which} {asked.run} of {asked.who} is asked to stop{also}", file=sys.stderr)
    if given["no_wait"]:
        return 0
    began = heard = time.monotonic()
    renewed = ""
    while (holder := active(connection, where)) is not None and holder.run == asked.run:
        if holder.renewed != renewed:
            renewed, heard = holder.renewed, time.monotonic()
        silent = time.monotonic() - heard > holder.lasts * _SILENT
        if silent or time.monotonic() - began > _PATIENCE:
            recover = beside_lever(f"aichaos recover {asked.run}", written)
            hint = f"Where it was started ({holder.process}), `aichaos runs` shows it; if its process is gone: `{recover}`."
            told = "is not heard of any more: nobody renews its Lease" if silent else f"has not ended within {_PATIENCE:g}s"
            raise AichaosError(f"{which} {asked.run} {told}", hint=hint)
        time.sleep(_LOOK)
    done = "has ended" if which == "series" else "has stopped and restored"
    print(f"{which} {asked.run} {done}, {time.monotonic() - began:.1f}s after it was asked")
    return 0
