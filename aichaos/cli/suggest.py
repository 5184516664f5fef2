"""`aichaos suggest`: the main job."""

import shlex
import sys
from pathlib import Path
from typing import Any

import click

from aichaos import pipeline, settings
from aichaos.ask.registry import find
from aichaos.ask.wishes import asks_for_yaml, one_scenario
from aichaos.ask.words import read
from aichaos.cli.asking import asking_options, manner, opened, show_prompt, spent
from aichaos.cli.options import choice, output_option, say, source_options, warn, write_json
from aichaos.domain.suggestion import Suggestions
from aichaos.errors import UsageError
from aichaos.report import terminal
from aichaos.report.layout import Paper

MAX_COUNT = 50


@click.command("suggest")
@click.option("--scenario", "-s", metavar="TEXT", help="What you want to know about your cluster, in your own words.")
@click.option("--count", type=int, metavar="N", help="How many suggestions (default: what your words say, else 3).")
@source_options
@asking_options
@click.option("--show-prompt", is_flag=True, help="Print exactly what would be sent, and send nothing.")
@click.option("--explain", is_flag=True, help="Show what the checks said to each answer of the backend.")
@click.option("--out", metavar="FOLDER", type=click.Path(readable=False), help="Where suggestions are saved (default: ./chaos).")
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
        count=_count(effective, words.count, words.text),
        out=None if given["no_save"] else Path(effective["out"]).expanduser(),
        manner=manner(effective, no_cache=given["no_cache"]),
        policy=effective["policy"],
    )
    if given["show_prompt"]:
        find(effective["backend"])
        show_prompt(pipeline.prompt(wish, say), effective, given["output"])
        return 0
    answer = pipeline.suggest(wish, opened(effective), say, lambda path: given["overwrite"] or _confirm(path))
    _show(answer, given, effective, manifests=asks_for_yaml(words.text))
    return 4 if answer.suggestions and all(suggestion.verdict == "rejected" for suggestion in answer.suggestions) else 0


def _count(effective: settings.Settings, said: int | None, text: str) -> int:
    said = said or (1 if one_scenario(text) else None)
    count = said if said and effective.origin("count") == "default" else effective["count"]
    if not 1 <= count <= MAX_COUNT:
        origin = effective.origin("count")
        name = "--count" if origin == "flag" else f"{origin}: count" if origin.endswith(".yaml") else origin
        raise UsageError(f"{name} must be between 1 and {MAX_COUNT}, not {count}", hint="Leave it out for three suggestions.")
    return int(count)


def _confirm(path: str) -> bool:
    """Ask whether a file that somebody has edited may go; without a terminal the answer is no."""
    return sys.stdin.isatty() and sys.stderr.isatty() and click.confirm(f"{path} has been edited. Overwrite it?", default=False, err=True)


def _show(answer: Suggestions, given: dict[str, Any], effective: settings.Settings, *, manifests: bool) -> None:
    if given["output"] == "json":
        write_json(answer)
    else:
        terminal.suggestions(answer, Paper(sys.stdout), manifests=manifests, explain=given["explain"])
        sys.stdout.flush()
    warn(answer.warnings)
    spent(answer.backend)
    saved = [suggestion.experiment for suggestion in answer.suggestions if suggestion.experiment and suggestion.verdict != "rejected"]
    if saved and given["output"] == "text":
        origin = f" --from {shlex.quote(effective['from'] or 'live')}"
        print(f"\nNext: {click.get_current_context().find_root().info_name} check {shlex.quote(saved[0])}{origin}", file=sys.stderr)
