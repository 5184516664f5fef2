"""`aichaos document`: the hypothesis document and the runbook of an experiment."""

import sys
from pathlib import Path
from typing import Any

import click

from aichaos import settings
from aichaos.cli.options import choice, say, source_options


@click.command("document")
@click.argument("experiment", type=click.Path(path_type=Path, readable=False))
@click.option("--as", "kind", type=click.Choice(["hypothesis", "runbook"]), default="hypothesis", show_default=True, help="Which paper.")
@source_options
def command(**given: Any) -> int:
    """The papers of an experiment, as Markdown: the hypothesis with scope and success criteria, or how to run it and how to roll back.

    \b
    aichaos document chaos/route-conflict-my-route.yaml --from demo:route-chaos > hypothesis.md
    aichaos document chaos/route-conflict-my-route.yaml --as runbook > runbook.md

    With a cluster (--from), the blast radius, the prediction and the checks stand in it.
    """
    from aichaos.observe.topology import Topology
    from aichaos.pipeline import observe
    from aichaos.records.documenting import described
    from aichaos.report import documents

    effective = settings.load({**given, "from": given["origin"]})
    named = any(effective[name] is not None for name in ("from", "context", "kubeconfig"))
    where = choice(effective, given["namespaces"], all_namespaces=given["all_namespaces"])
    found = described(given["experiment"], Topology(observe(where, say)) if named else None, effective["policy"])
    sys.stdout.write(documents.runbook(found) if given["kind"] == "runbook" else documents.hypothesis(found))
    return 0
