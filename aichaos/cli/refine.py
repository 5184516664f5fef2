"""`aichaos refine`: the same experiment, changed in words."""

import shlex
import sys
from pathlib import Path
from typing import Any

import click

from aichaos import pipeline, settings
from aichaos.ask.registry import find
from aichaos.ask.wishes import asks_for_yaml
from aichaos.ask.words import read
from aichaos.cli.asking import asking_options, manner, opened, show_prompt, spent
from aichaos.cli.options import choice, output_option, say, source_options, warn, write_json
from aichaos.domain.suggestion import Refinement
from aichaos.errors import UsageError
from aichaos.report import terminal
from aichaos.report.layout import Paper


@click.command("refine")
@click.argument("experiment", metavar="EXPERIMENT", type=click.Path(readable=False))
@click.argument("text", metavar="TEXT")
@source_options
@asking_options
@click.option("--show-prompt", is_flag=True, help="Print exactly what would be sent, and send nothing.")
@click.option("--explain", is_flag=True, help="Show what the checks said to each answer of the backend.")
@click.option("--no-save", is_flag=True, help="Save nothing.")
@output_option
def command(**given: Any) -> int:
    """Change an experiment in words: saved beside it under a new name, shown as a difference, checked.

    \b
    aichaos refine chaos/service-latency-service-a.yaml "50% of the pods, 1000 ms, service account litmus-admin"
    """
    if not given["text"].strip():
        raise UsageError("the text is empty", hint='Say what should change, for example "50% of the pods, 1000 ms".')
    effective = settings.load({**given, "from": given["origin"]})
    path = Path(given["experiment"]).expanduser()
    wish = pipeline.Wish(
        choice=choice(effective, given["namespaces"], all_namespaces=given["all_namespaces"]),
        words=read(given["text"]),
        count=1,
        out=None if given["no_save"] else path.parent,
        manner=manner(effective, no_cache=given["no_cache"]),
        policy=effective["policy"],
    )
    if given["show_prompt"]:
        find(effective["backend"])
        show_prompt(pipeline.prompt(wish, say, path), effective, given["output"])
        return 0
    answer = pipeline.refine(path, wish, opened(effective), say)
    if given["output"] == "json":
        write_json(answer)
    else:
        show(answer, Paper(sys.stdout), explain=given["explain"], manifests=asks_for_yaml(given["text"]))
        sys.stdout.flush()
    warn(answer.warnings)
    spent(answer.backend)
    saved = answer.suggestion.experiment
    if saved and answer.suggestion.verdict != "rejected" and given["output"] == "text":
        origin = f" --from {shlex.quote(effective['from'] or 'live')}"
        print(f"\nNext: {click.get_current_context().find_root().info_name} check {shlex.quote(saved)}{origin}", file=sys.stderr)
    return 4 if answer.suggestion.verdict == "rejected" else 0


def show(answer: Refinement, paper: Paper, *, number: int = 1, explain: bool = False, manifests: bool = False) -> None:
    """What changed, then the experiment as it is now."""
    how = f" ({answer.backend.model})" if answer.backend.model else ", offline" if answer.backend.name == "playbook" else ""
    paper.line((f"changed by {answer.backend.name}{how}", "dim"))
    terminal.difference(answer.diff, paper)
    if not answer.diff:
        paper.line("nothing changed")
    paper.line()
    terminal.one(number, answer.suggestion, paper, manifests=manifests, explain=explain)
