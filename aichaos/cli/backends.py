"""`aichaos backends`: which model backends exist, and which would be used."""

import sys
from typing import Any

import click

from aichaos import settings
from aichaos.ask.protocol import Options
from aichaos.ask.registry import Listed, listed
from aichaos.cli.options import output_option, write_json
from aichaos.report.layout import Paper, Part


@click.command("backends")
@output_option
def command(**given: Any) -> int:
    """Which model backends exist, and which would be used."""
    effective = settings.load({})
    lines = listed(Options(model=effective["model"], base_url=effective["base_url"]))
    if given["output"] == "json":
        write_json({"backends": lines, "used": effective["backend"], "chosen_by": effective.origin("backend")})
        return 0
    _table(lines, effective)
    return 0


def _table(lines: list[Listed], effective: settings.Settings) -> None:
    paper = Paper(sys.stdout)
    rows: list[tuple[Part, ...]] = []
    for line in lines:
        mark = "*" if line.name == effective["backend"] else " "
        rows.append(((mark, "green"), (line.name, "bold"), (line.model or "", ""), (line.state, ""), (line.about, "dim")))
    paper.columns(rows)
    paper.line()
    paper.text(
        f"* would be used (chosen by {effective.origin('backend')}); cluster data leaves this machine only with a backend that you choose"
    )
