"""`aichaos check`: any YAML, reviewed."""

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click

from aichaos import settings
from aichaos.check.documents import Review, review
from aichaos.cli.options import choice, output_option, source_options, write_json
from aichaos.domain.finding import summary
from aichaos.domain.suggestion import summary_of
from aichaos.errors import FileError, UsageError
from aichaos.observe import manifests, source
from aichaos.observe.topology import Topology
from aichaos.report import terminal
from aichaos.report.layout import Paper


@click.command("check")
@click.argument("paths", nargs=-1, required=True, metavar="PATH…")
@source_options
@click.option("--strict", is_flag=True, help="Warnings and skipped checks fail too.")
@output_option
def command(**given: Any) -> int:
    """Review YAML: a file, a folder, or - for standard input; chaos or not, ours or not.

    Without --from, references are resolved among the given documents only.
    """
    effective = settings.load({**given, "from": given["origin"]})
    if "" in given["paths"]:
        raise UsageError("a path is empty", hint="Name a file, a folder, or - for standard input.")
    if "-" in given["paths"] and effective["from"] == "-":
        raise UsageError("standard input can't be both what is checked and the cluster", hint="Save one of them to a file.")
    selected = choice(effective, given["namespaces"], all_namespaces=given["all_namespaces"])
    against_cluster = effective["from"] is not None or given["context"] is not None or given["kubeconfig"] is not None
    topology = Topology(source.take(selected)) if against_cluster else None
    found = review(_texts(given["paths"]), topology, effective["policy"])
    if not found.documents and not found.findings:
        raise FileError(f"nothing to check in {', '.join(given['paths'])}", hint="Is the file empty, or the path another one?")
    counts = summary(found.findings)
    _show(found, counts, topology, given["output"])
    if topology is None:
        print("note: references to a cluster were not checked; name one with --from", file=sys.stderr)
    failing = counts["error"] + (counts["warning"] + counts["skipped"] if given["strict"] else 0)
    return 4 if failing else 0


def _texts(paths: tuple[str, ...]) -> Iterator[tuple[str, str]]:
    for path in paths:
        contents = [(manifests.standard_input(), "standard input")] if path == "-" else manifests.texts(Path(path))
        for data, name in contents:
            yield name, manifests.text_of(data, name)


def _show(found: Review, counts: dict[str, int], topology: Topology | None, output: str) -> None:
    if output == "json":
        source_summary = summary_of(topology.snapshot) if topology else None
        write_json({"documents": found.documents, "findings": found.findings, "summary": counts, "source": source_summary})
        return
    paper = Paper(sys.stdout)
    terminal.findings(found.findings, paper)
    paper.line(f"{found.documents} {'document' if found.documents == 1 else 'documents'}: {terminal.counted(counts)}")
