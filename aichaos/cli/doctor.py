"""`aichaos doctor`: what is missing here, and what to do about it."""

import sys
from typing import Any

import click

from aichaos import settings
from aichaos.cli.options import choice, output_option, source_options, write_json
from aichaos.diagnosis import Answer, diagnose
from aichaos.report.layout import Paper, Part, Style


@click.command("doctor")
@source_options
@output_option
def command(**given: Any) -> int:
    """What is missing here, and what to do about it. Ends with 1 if something that is needed is."""
    effective = settings.load({**given, "from": given["origin"]})
    answers = list(diagnose(effective, choice(effective, given["namespaces"], all_namespaces=given["all_namespaces"])))
    if given["output"] == "json":
        write_json({"answers": answers})
    else:
        _table(answers)
    return 1 if any(answer.status == "error" for answer in answers) else 0


_STYLES: dict[str, Style] = {"ok": "green", "warning": "yellow", "error": "red", "skipped": "magenta"}


def _table(answers: list[Answer]) -> None:
    rows: list[tuple[Part, ...]] = [
        ((answer.status, _STYLES[answer.status]), (answer.question, "bold"), (f"{answer.message}\n{answer.hint}".strip(), ""))
        for answer in answers
    ]
    Paper(sys.stdout).columns(rows)
