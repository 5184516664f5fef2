"""`aichaos suggest`: the main job."""

import shlex
import sys
from pathlib import Path
from typing import Any

import click

from aichaos import pipeline, settings
from aichaos.ask.protocol import Options
from aichaos.ask.registry import known_names, open_backend
from aichaos.ask.words import read
from aichaos.cli.options import choice, output_option, say, source_options, warn, write_json
from aichaos.domain.suggestion import Suggestions
from aichaos.errors import UsageError
from aichaos.report import terminal
from aichaos.report.layout import Paper

MAX_COUNT = 50


def _backends(ctx: click.Context, param: click.Parameter, incomplete: str) -> list[str]:
    return [name for name in known_names() if name.startswith(incomplete)]


@click.command("suggest")
@click.option("--scenario", "-s", metavar="TEXT", help="What you want to know about your cluster, in your own words.")
@click.option("--count", type=int, metavar="N", help="How many suggestions (default: what your words say, else 3).")
@source_options
@click.option(
    "--backend",
    metavar="NAME",
    shell_complete=_backends,
    help="Who answers: playbook (offline, the default), anthropic, …; see `aichaos backends`.",
)
@click.option("--model", metavar="NAME", help="The backend's model.")
@click.option("--base-url", metavar="URL", help="The backend's address.")
@click.option("--timeout", type=float, metavar="SECONDS", help="How long one answer of the backend may take.")
@click.option("--out", metavar="FOLDER", type=click.Path(), help="Where suggestions are saved (default: ./chaos).")
@click.option("--no-save", is_flag=True, help="Save nothing.")
@click.option("--overwrite", is_flag=True, help="Overwrite files that have been edited, without asking.")
@output_option
def command(**given: Any) -> int:
    """Ideas for chaos on this cluster, each with its checked experiment.

    \b
    aichaos suggest --scenario "give me 3 chaos tests to test the resiliency of my HTTPRoutes"
    aichaos suggest --from demo:service-a --scenario "1000ms latency for 90 seconds on 50% of the pods"
    """
    if given["scenario"] is not None and not given["scenario"].strip():
        raise UsageError("the scenario is empty", hint='Say what you want to know, for example --scenario "what if a backend has no pods?"')
    effective = settings.load({**given, "from": given["origin"]})
    if not effective["out"]:
        raise UsageError("--out names no folder", hint="Leave it out for ./chaos, or use --no-save.")
    words = read(given["scenario"] or "")
    wish = pipeline.Wish(
        choice=choice(effective, given["namespaces"], all_namespaces=given["all_namespaces"]),
        words=words,
        count=_count(effective, words.count),
        out=None if given["no_save"] else Path(effective["out"]).expanduser(),
    )
    options = Options(model=effective["model"], base_url=effective["base_url"], timeout=effective["timeout"])
    backend = open_backend(effective["backend"], options)
    if backend.remote and effective.origin("backend") != "flag":
        say(f"{backend.name} was chosen by {effective.origin('backend')}: what is shown of the cluster leaves this machine")
    answer = pipeline.suggest(wish, backend, say, lambda path: given["overwrite"] or _confirm(path))
    _show(answer, given["output"], effective)
    return 4 if answer.suggestions and all(suggestion.verdict == "rejected" for suggestion in answer.suggestions) else 0


def _count(effective: settings.Settings, said: int | None) -> int:
    count = said if said and effective.origin("count") == "default" else effective["count"]
    if not 1 <= count <= MAX_COUNT:
        origin = effective.origin("count")
        name = "--count" if origin == "flag" else f"{origin}: count" if origin.endswith(".yaml") else origin
        raise UsageError(f"{name} must be between 1 and {MAX_COUNT}, not {count}", hint="Leave it out for three suggestions.")
    return int(count)


def _confirm(path: str) -> bool:
    """Ask whether a file that somebody has edited may go; without a terminal the answer is no."""
    return sys.stdin.isatty() and sys.stderr.isatty() and click.confirm(f"{path} has been edited. Overwrite it?", default=False, err=True)


def _show(answer: Suggestions, output: str, effective: settings.Settings) -> None:
    if output == "json":
        write_json(answer)
    else:
        terminal.suggestions(answer, Paper(sys.stdout))
        sys.stdout.flush()
    warn(answer.warnings)
    saved = [suggestion.experiment for suggestion in answer.suggestions if suggestion.experiment and suggestion.verdict != "rejected"]
    if saved and output == "text":
        origin = f" --from {shlex.quote(effective['from'] or 'live')}"
        print(f"\nNext: {click.get_current_context().find_root().info_name} check {shlex.quote(saved[0])}{origin}", file=sys.stderr)
