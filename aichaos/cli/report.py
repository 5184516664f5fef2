"""`aichaos report`: what came of a run, from the files of its folder."""

import sys
from pathlib import Path

import click

from aichaos.cli.options import write_json
from aichaos.errors import UsageError


@click.command("report", short_help="The report of a run.")
@click.argument("run", required=False)
@click.option(
    "-o",
    "--output",
    type=click.Choice(["text", "markdown", "html", "json", "junit"]),
    default="text",
    show_default=True,
    help="In which form.",
)
def command(run: str | None, output: str) -> int:
    """The report of a run of this machine; without a name, of the latest. RUN is a name that `aichaos runs` lists, or a run's folder.

    \b
    aichaos report
    aichaos report route-conflict-my-route-1125-170312-52ab -o markdown > results.md
    aichaos report -o html > report.html

    Reports are computed from the run's files each time, also of runs that were cut short or made by an older version; what is missing is
    said.
    """
    from aichaos import past

    found = past.results(_folder(run))
    if output == "json":
        write_json(found)
    elif output == "markdown":
        from aichaos.report.results_markdown import page

        sys.stdout.write(page(found))
    elif output == "junit":
        from aichaos.report import results_junit

        sys.stdout.write(results_junit.text(found))
    elif output == "html":
        from aichaos.report import results_html

        sys.stdout.write(results_html.page(found))
    else:
        from aichaos.report.layout import Paper
        from aichaos.report.results import show

        show(found, Paper(sys.stdout))
    return 0


def _folder(run: str | None) -> Path:
    from aichaos.run import listing, state

    if run is None:
        latest = next(iter(listing.past()), None)
        if latest is None:
            raise UsageError("nothing was run from this machine yet", hint="`aichaos run EXPERIMENT` runs one.")
        return state.folder(latest.run)
    return Path(run) if "/" in run or run == "." else state.folder(run)
