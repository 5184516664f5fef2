"""`aichaos export`: an experiment in the form of another tool."""

from pathlib import Path
from typing import Any

import click

from aichaos import pipeline, settings
from aichaos.cli.options import choice, output_option, say, source_options, warn, write_json
from aichaos.files.save import save

FORMATS = ("kubectl", "chaostoolkit", "chaos-mesh", "litmus", "argo", "cronjob", "github-actions", "krkn", "kube-burner")


@click.command("export")
@click.argument("experiment", metavar="EXPERIMENT", type=click.Path(path_type=Path, readable=False))
@click.option("--to", type=click.Choice(FORMATS), required=True, help="The tool.")
@click.option(
    "--out", metavar="FOLDER", type=click.Path(path_type=Path, readable=False), help="Where the files go (default: beside the experiment)."
)
@source_options
@output_option
def command(**given: Any) -> int:
    """An experiment in the form of another tool: files to start there, and what that tool can't express.

    The way back is exported with it, where the tool has a place for one. An experiment with errors is not exported: nothing would stop it
    there.

    \b
    aichaos export chaos/route-conflict-my-route.yaml --to kubectl --from demo:route-chaos
    aichaos export chaos/route-conflict-my-route.yaml --to chaostoolkit
    """
    effective = settings.load({key: value for key, value in given.items() if key != "out"} | {"from": given["origin"]})  # not suggest's out
    source = choice(effective, given["namespaces"], all_namespaces=given["all_namespaces"])
    path: Path = given["experiment"]
    made, findings = pipeline.export(path, given["to"], source, effective["policy"], say)
    if made is None:
        warn([f"{one.rule}: {one.message}" for one in findings if one.severity == "error"])
        warn([f"{path} has errors and is not exported; see `aichaos check {path}`"])
        return 4
    folder: Path = given["out"] or path.parent / f"{path.stem}.{given['to']}"
    for file in made.files:
        save(folder / file.name, file.text)
        if file.program:
            (folder / file.name).chmod(0o755)
    if given["output"] == "json":
        write_json({"folder": str(folder), "files": [file.name for file in made.files], "start": made.start, "notes": made.notes})
        return 0 if made.files else 1
    if not made.files:
        warn(made.notes[-1:])
        return 1
    for file in made.files:
        print(folder / file.name)
    print(f"\nTo start it, in {folder}: {made.start}")
    warn(made.notes)
    return 0
