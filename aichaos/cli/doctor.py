"""`aichaos doctor`: what is missing here, and what to do about it."""

import sys
from pathlib import Path
from typing import Any

import click

from aichaos import settings
from aichaos.cli.options import A_LEVER, choice, output_option, source_options, write_json
from aichaos.diagnosis import Diagnosed, diagnose
from aichaos.report.layout import Paper, Part, Style


@click.command("doctor")
@source_options
@click.option(
    "--rbac", metavar="EXPERIMENT", type=click.Path(path_type=Path, readable=False), help="Print the least Roles that a run of it needs."
)
@click.option("--lever", metavar="NS/NAME", type=A_LEVER, help="With --rbac: the lever, if it is another one.")
@output_option
def command(**given: Any) -> int:
    """What is missing here, and what to do about it. Ends with 1 if something that is needed is."""
    if given["rbac"] is not None:
        return _rbac(given)
    effective = settings.load({**given, "from": given["origin"]})
    answers = list(diagnose(effective, choice(effective, given["namespaces"], all_namespaces=given["all_namespaces"])))
    if given["output"] == "json":
        write_json({"answers": answers})
    else:
        _table(answers)
    return 1 if any(answer.status == "error" for answer in answers) else 0


def _rbac(given: dict[str, Any]) -> int:
    """The rights of a run as Roles: what it changes and puts back, our own objects, counting approvals, Events, and what it looks at."""
    from aichaos.cli.options import say, warn
    from aichaos.cli.running import order_of
    from aichaos.live.least import least
    from aichaos.report import rbac

    found = least(order_of(given | {"experiment": given["rbac"], "resolved": (), "prometheus": None, "probe_ca": None}), say)
    roles, homes = rbac.roles(found.experiment, found.needed), rbac.namespaces(found.home)
    if given["output"] == "json":
        write_json({"namespaces": homes, "roles": roles})
    else:
        sys.stdout.write(rbac.text(homes, roles))
    if not given["namespaces"]:
        warn(["this is for a run without -n, which reads the whole cluster; with -n NAMESPACE less is needed"])
    warn([f"this experiment would be refused: {one.message}" for one in found.refusals])
    return 0


_STYLES: dict[str, Style] = {"ok": "green", "warning": "yellow", "error": "red", "skipped": "magenta"}


def _table(answers: list[Diagnosed]) -> None:
    rows: list[tuple[Part, ...]] = [
        ((answer.status, _STYLES[answer.status]), (answer.question, "bold"), (f"{answer.message}\n{answer.hint}".strip(), ""))
        for answer in answers
    ]
    Paper(sys.stdout).columns(rows)
