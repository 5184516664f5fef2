"""`aichaos report`: what came of a run, from the files of its folder."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from aichaos import settings
from aichaos.ask.registry import find
from aichaos.cli.asking import asking_options, manner, opened, show_prompt, spent
from aichaos.cli.options import say, warn, write_json
from aichaos.errors import FileError, UsageError

if TYPE_CHECKING:
    from aichaos.domain.results import Results


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
@click.option("--summary", is_flag=True, help="With a summary by the model that the settings name; --backend says the same, and which.")
@asking_options
@click.option("--show-prompt", is_flag=True, help="Print exactly what would be sent for a summary, and send nothing.")
def command(run: str | None, output: str, **given: Any) -> int:
    """The report of a run of this machine; without a name, of the latest. RUN is a name that `aichaos runs` lists, or a run's folder.

    \b
    aichaos report
    aichaos report route-conflict-my-route-1125-170312-52ab -o markdown > results.md
    aichaos report -o html > report.html
    aichaos report --backend anthropic                # with a summary, every number of which is compared with the report

    Reports are computed from the run's files each time, also of runs that were cut short or made by an older version; what is missing is
    said.
    """
    from aichaos.records import past

    wanted = given["summary"] or given["backend"] or given["show_prompt"]
    if not wanted and (lost := next((name for name in _OF_A_SUMMARY if given[name]), None)):
        raise UsageError(f"--{lost.replace('_', '-')} is about a summary, and none was asked for", hint="Add --summary, or --backend NAME.")
    found = past.results(_folder(run))
    if given["show_prompt"]:
        return _prompt(found, given, "json" if output == "json" else "text")
    if given["summary"] or given["backend"]:
        found = _summed(found, given)
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


_OF_A_SUMMARY = ("model", "base_url", "timeout", "budget", "repairs", "anonymize", "no_cache")


def _summed(found: "Results", given: dict[str, Any]) -> "Results":
    """With a summary by a model. Raises BackendError, UsageError."""
    from aichaos.records import summing

    effective = settings.load(given)
    found, told = summing.summed(found, opened(effective), manner(effective, no_cache=given["no_cache"]), say)
    if told is None:
        warn([summing.BY_RULES])
        return found
    warn(told.notes)
    if told.summary.refused:
        warn([f"the summary was refused: not in the report: {', '.join(told.summary.refused[:10])}"])
    spent(told.usage)
    return found


def _prompt(found: "Results", given: dict[str, Any], output: str) -> int:
    from aichaos.records import summing

    effective = settings.load(given)
    find(effective["backend"])
    show_prompt(summing.prompt(found, manner(effective, no_cache=True)), effective, output)
    return 0


def _folder(run: str | None) -> Path:
    from aichaos.run import days, listing, state

    if run is None:
        latest = next(iter(listing.past()), None)
        if latest is None:
            raise UsageError("nothing was run from this machine yet", hint="`aichaos run EXPERIMENT` runs one.")
        return state.folder(latest.run)
    if "/" in run or run == ".":
        return Path(run)
    where = state.folder(run)
    if state.series(run).is_dir():
        day = f"`aichaos gameday debrief {run}` tells of a GameDay. " if days.folder(run).is_dir() else ""
        raise UsageError(f"{run} is several runs in order, and not one", hint=f"{day}`aichaos runs` lists its runs.")
    if not where.is_dir():
        same = next((one.run for one in listing.past() if one.experiment == run), None)
        hint = f"The latest run of the experiment {run} is {same}." if same else "`aichaos runs` lists the runs of this machine."
        raise FileError(f"no run of this machine is called {run[:80]!r}", hint=hint)
    return where
