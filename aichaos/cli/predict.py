"""`aichaos predict`: what an experiment will do, before it does it."""

import sys
from pathlib import Path
from typing import Any

import click

from aichaos import pipeline, settings
from aichaos.cli.options import output_option, say, source_options, warn, write_json
from aichaos.cli.routing import client_option, implementation_option, question_of, request_lines
from aichaos.errors import UsageError
from aichaos.files.save import save
from aichaos.report import prediction
from aichaos.report.layout import Paper


@click.command("predict")
@click.argument("experiment", metavar="EXPERIMENT", type=click.Path(path_type=Path, readable=False))
@click.option("--requests", metavar="FILE", help="Requests to look at, one JSON object a line, or - for standard input.")
@click.option("--gateway", metavar="NS/NAME", help="The Gateway that these are sent to, where several could be meant.")
@implementation_option
@client_option
@click.option(
    "--html", "page", metavar="FILE", type=click.Path(path_type=Path, readable=False), help="Write the prediction as an HTML page, too."
)
@source_options
@output_option
def command(**given: Any) -> int:
    """What an experiment will do, before it does it: who answers which request before and after every step. Nothing is sent or changed.

    \b
    aichaos predict chaos/route-conflict-my-route.yaml --from demo:route-chaos
    aichaos predict chaos/scale-to-zero-web.yaml --html prediction.html
    """
    effective = settings.load({**given, "from": given["origin"]})
    question = question_of(given, effective)
    lines = _lines(given["requests"]) if given["requests"] is not None else None
    title, found = pipeline.predict(given["experiment"], lines, question, say)
    if given["page"] is not None:
        from aichaos.report.prediction_html import page

        save(given["page"], page(title, found))
    if given["output"] == "json":
        write_json(found)
    else:
        prediction.show(title, found, Paper(sys.stdout))
    warn(list(found.notes))
    return 0


def _lines(name: str) -> list[Any]:
    """The requests of a file; here every line has to be one. Raises UsageError, FileError."""
    lines = []
    for number, line in enumerate(request_lines(name), 1):
        if isinstance(line, UsageError):
            raise UsageError(f"{name}, line {number}: {line}", hint=line.hint)
        lines.append(line)
    return lines
