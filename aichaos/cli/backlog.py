"""`aichaos backlog`: what to improve, from what runs have shown."""

import sys
from pathlib import Path

import click

from aichaos.cli.options import write_json
from aichaos.errors import UsageError


@click.command("backlog")
@click.argument("runs", nargs=-1, metavar="[RUN…]")
@click.option(
    "-o", "--output", type=click.Choice(["markdown", "json", "github"]), default="markdown", show_default=True, help="In which form."
)
@click.option(
    "--out", metavar="FOLDER", type=click.Path(path_type=Path, readable=False), help="With -o github: a file for each issue in this folder."
)
def command(runs: tuple[str, ...], output: str, out: Path | None) -> int:
    """An improvement backlog, high, medium and low, from the results of runs; without names, of the latest.

    \b
    aichaos backlog > improvements.md
    aichaos backlog RUN RUN -o github --out issues    # then: gh issue create --title … --body-file …

    Every item says which run showed it. Nothing is proposed that no run has shown.
    """
    from aichaos.files.save import save
    from aichaos.records import past
    from aichaos.report import backlog
    from aichaos.run import listing, state

    if out is not None and output != "github":
        raise UsageError("--out belongs to -o github", hint="The others go to standard output: > improvements.md")
    names = runs or tuple(one.run for one in listing.past()[:1])
    if not names:
        raise UsageError("nothing was run from this machine yet", hint="`aichaos run EXPERIMENT` runs one.")
    found = backlog.backlog([past.results(state.folder(name)) for name in names])
    if output == "json":
        write_json(found)
    elif output == "markdown":
        sys.stdout.write(backlog.markdown(found))
    else:
        for name, text in backlog.issues(found):
            if out is None:
                sys.stdout.write(text + "\n")
            else:
                save(out / name, text)
                print(out / name)
    return 0
