"""`aichaos snapshot`: what was observed, saved, to work on it elsewhere."""

import sys
from pathlib import Path
from typing import Any

import click
import msgspec

from aichaos import pipeline, settings
from aichaos.cli.options import choice, output_option, say, source_options, warn, write_json
from aichaos.domain.suggestion import summary_of
from aichaos.errors import UsageError
from aichaos.files.save import save
from aichaos.observe.oddities import oddities
from aichaos.observe.topology import Topology
from aichaos.report import terminal
from aichaos.report.layout import Paper


@click.command("snapshot")
@click.argument("file", required=False, metavar="[FILE]")
@source_options
@click.option("--overwrite", is_flag=True, help="Overwrite the file if it exists.")
@output_option
def command(**given: Any) -> int:
    """Save what was observed to FILE (JSON), or print it with -; without FILE, show what would be saved.

    The file works as `--from FILE` on another machine. It holds names, labels and specs; of Secrets only name and type, of ConfigMaps
    only the names of their keys.
    """
    effective = settings.load({**given, "from": given["origin"]})
    snapshot = pipeline.observe(choice(effective, given["namespaces"], all_namespaces=given["all_namespaces"]), say)
    if given["file"] == "-":
        sys.stdout.write(msgspec.json.encode(snapshot).decode() + "\n")
        return 0
    if given["file"] is not None:
        path = Path(given["file"]).expanduser()
        if path.exists() and not given["overwrite"]:
            raise UsageError(f"{path} exists already", hint="Give another name, or --overwrite.")
        save(path, msgspec.json.encode(snapshot).decode() + "\n")
        say(f"saved as {path}")
    if given["output"] == "json":
        write_json(summary_of(snapshot))
    elif given["file"] is None or sys.stdout.isatty():
        terminal.seen(summary_of(snapshot), oddities(Topology(snapshot)), Paper(sys.stdout))
    warn([str(gap) for gap in snapshot.telling_gaps()])
    return 0
