"""`aichaos recover`: what finishes the restore of a run whose process died."""

import sys
from pathlib import Path

import click

from aichaos.cli.options import A_LEVER, connection_options
from aichaos.errors import UsageError


@click.command("recover", short_help="Finish the restore of a run whose process died.")
@click.argument("run", required=False)
@connection_options
@click.option("--from-configmap", metavar="NS/NAME", help="Take the journal from the cluster, not from this machine.")
@click.option(
    "--key",
    type=click.Path(path_type=Path, readable=False),
    metavar="FILE",
    help="What that journal is signed with: `key` in the state directory.",
)
@click.option(
    "--lever",
    metavar="NS/NAME",
    type=A_LEVER,
    help="Where the run's Lease lies, for one that this machine does not know (aichaos/aichaos-lever).",
)
@click.option("--wait", is_flag=True, help="Wait for whoever works on a run: its own process, or the watchdog that restores it.")
@click.option("--when-lost", is_flag=True, help="Begin when the run's Lease is not renewed any more.")
def command(
    run: str | None,
    kubeconfig: str | None,
    context: str | None,
    from_configmap: str | None,
    key: Path | None,
    lever: str | None,
    wait: bool,
    when_lost: bool,
) -> int:
    """Put back what a run has changed, from its journal.

    Without RUN, the one that is unfinished. The exit code is 0 when everything is as it was, and 8 when something is left: what and how is
    printed then. It can be interrupted and given again at any time. A GameDay, or another series, that died between two of its runs has
    changed nothing, but keeps other runs out: by its own name it lets them in again. So does a run that died before its first step.

    With --from-configmap, as from another machine, it begins once nobody has renewed the run's Lease for 15 seconds; a run that is alive is
    left alone.
    """
    from aichaos.domain.running import LEVER, Access
    from aichaos.run import journal, lease, recover, state

    access = Access(kubeconfig=kubeconfig, context=context) if kubeconfig or context else None
    if from_configmap is not None:
        if key is None or "/" not in from_configmap:
            raise UsageError("--from-configmap takes NS/NAME, and --key FILE with it", hint="kubectl get configmaps -A -l aichaos.io/run")
        book, link = recover.from_cluster(from_configmap, access or Access(), key, _say)
        lost = recover.wait_until_lost(link, book.record.opened, _say, patient=when_lost)
        if when_lost and not lost:
            _say(f"run {book.record.opened.plan.run} has ended: nothing to do")
            return 0
        if lost:
            book, link = recover.from_cluster(from_configmap, access or Access(), key, _say)  # with what was added meanwhile
        return recover.finish(book, link, _say, "in-cluster" if when_lost else "recover")
    names = [run] if run else state.not_ended() if wait else _unfinished()
    if not names:
        _say("no run of this machine is unfinished")
    code = 0
    for name in names:
        if not recover.had_begun(name):
            recover.let_go(name, access or Access(), lease.place(lease.beside(lever or LEVER)), _say)
            continue
        if wait and state.is_locked(state.folder(name)):
            _say(f"a process is at work on {name}: waiting for it")
        with state.working_on(name, wait=wait):
            if wait and state.ended(state.folder(name) / state.JOURNAL):
                _say(f"{name} has ended: nothing to do")
                continue
            book = journal.resume(name)
            code = max(code, recover.finish(book, recover.connected(book.record.opened, access, _say), _say, "recover"))
    return code


def _unfinished() -> list[str]:
    """The only run that is unfinished, and the series that it was one of. Raises FileError where somebody is at work on all that is."""
    from aichaos.run import state

    found = state.unfinished()
    if not found and (busy := state.not_ended()):
        raise state.at_work(busy[0])
    runs = [name for name in found if not state.series(name).is_dir()]
    if len(runs) > 1:
        raise UsageError(f"{len(runs)} runs are unfinished: {', '.join(runs)}", hint="Name one: aichaos recover RUN.")
    return found


def _say(line: str) -> None:
    """A line; on a terminal it is wrapped, but for commands to type, which stand four columns in."""
    from aichaos.report.layout import Paper

    paper, bare = Paper(sys.stderr), line.lstrip(" ")
    indent = len(line) - len(bare)
    if sys.stderr.isatty() and indent < 4:
        paper.text(bare, indent=indent)
    else:
        paper.line(line)
    sys.stderr.flush()
