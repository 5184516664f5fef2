"""`aichaos runs`: what was run from this machine, and who is running something in the cluster now."""

import shutil
import sys
from collections.abc import Sequence

import click

from aichaos.cli.options import A_LEASE, connection_options, output_option, write_json
from aichaos.errors import UsageError


@click.command("runs", short_help="Past runs of this machine, and the one that is active in the cluster.")
@click.option("--cluster", is_flag=True, help="The run that is active in the cluster, whoever started it.")
@click.option("--experiment", metavar="NAME", help="The runs of one experiment, computed anew, and where its score is going.")
@click.option(
    "--lease", "where", default="aichaos/aichaos-run", show_default=True, metavar="NS/NAME", type=A_LEASE, help="The Lease of runs."
)
@connection_options
@output_option
def command(cluster: bool, experiment: str | None, where: str, kubeconfig: str | None, context: str | None, output: str) -> int:
    """List runs: when, how they ended, whether the hypothesis held, score and confidence (as at the end of the run).

    With --experiment, one experiment over its runs: a trend takes four that have a score.

    With --cluster, the run that holds the cluster's Lease: who started it, from where, and how to stop it. Anybody who may read Leases
    sees the same with `kubectl -n aichaos get lease aichaos-run -o yaml`. The built-in ClusterRole `view` has no Leases: with it, runs are
    known by their journals in the cluster (`kubectl -n aichaos get configmap -l aichaos.io/run`).
    """
    from aichaos.run import listing

    if experiment is not None:
        if cluster:
            raise UsageError("--experiment is about past runs, and --cluster about the active one", hint="Give one of them.")
        return _history(experiment, output)
    found = listing.active(where, kubeconfig, context) if cluster else listing.past()
    if output == "json":
        write_json(found)
        return 0
    if not found:
        nothing = f"no run is active: the Lease {where} is free" if cluster else "nothing was run from this machine yet"
        print(nothing, file=sys.stderr)
        return 0
    for line in _table([listing.ACTIVE if cluster else listing.PAST, *map(listing.row, found)]):
        print(line)
    return 0


def _history(experiment: str, output: str) -> int:
    """One experiment over its runs, the earliest first; sham runs are left out. Raises UsageError where there are none."""
    from aichaos.measure.history import history
    from aichaos.records import past
    from aichaos.report.results import time
    from aichaos.run import listing, state

    runs = [one for one in listing.past() if one.state != "unreadable"]
    mine = [past.results(state.folder(one.run)) for one in runs if one.experiment == experiment]
    if not mine:
        known = ", ".join(sorted({one.experiment for one in runs})[:10])
        hint = f"Known here: {known}." if known else "`aichaos run EXPERIMENT` runs one."
        raise UsageError(f"no run of {experiment!r} was made from this machine", hint=hint)
    found = history(experiment, mine)
    if output == "json":
        write_json(found)
        return 0
    rows = [
        (one.run, time(one.at), one.verdict, "none" if one.score is None else str(one.score), f"{one.confidence:.2f}")
        for one in found.points
    ]
    for line in _table([("RUN", "BEGAN", "VERDICT", "SCORE", "CONFIDENCE"), *rows]):
        print(line)
    print(found.text + (f": {found.trend}" if found.trend != "unknown" else ""))
    return 0


def _table(rows: Sequence[tuple[str, ...]]) -> list[str]:
    """Lines that fit into the terminal: with what names a row on a line of its own, or each cell, where they would not."""
    from aichaos.report.clean import clean

    shown = [[clean(cell) for cell in row] for row in rows]
    lines = _aligned(shown)
    if not sys.stdout.isatty() or _fits(lines):
        return lines
    below = [f"  {line}" for line in _aligned([row[1:] for row in shown])]
    if _fits(below):
        return [line for row, rest in zip(shown, below, strict=True) for line in (row[0], rest)]
    titles, *others = shown
    lines = []
    for name, *rest in others:
        lines += [name, *_aligned([[f"  {title}", cell] for title, cell in zip(titles[1:], rest, strict=True)])]
    return lines


def _aligned(rows: Sequence[Sequence[str]]) -> list[str]:
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    return ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows]


def _fits(lines: Sequence[str]) -> bool:
    return max(map(len, lines)) <= shutil.get_terminal_size().columns
