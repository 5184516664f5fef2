"""`aichaos run`: the plan, the question, the run, and its end."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from aichaos.cli.options import output_option, say, source_options, warn
from aichaos.cli.running import (
    approval_options,
    approved,
    asked,
    manner_of,
    order_of,
    plan_options,
    run_options,
    safety,
    stand_back,
    terminal_or_yes,
)
from aichaos.cli.screen import paper_of, write_event
from aichaos.errors import UsageError

if TYPE_CHECKING:
    from aichaos.domain.running import Approval
    from aichaos.live.planning import Drawn, Guarded, Order


@click.command("run")
@click.argument("experiment", type=click.Path(path_type=Path, readable=False))
@source_options
@plan_options
@click.option("--yes", is_flag=True, help="Do not ask. The guard looks all the same.")
@approval_options
@click.option("--rehearse", is_flag=True, help="Only try each step out on the server (dryRun=All); nothing is changed.")
@click.option("--sham", is_flag=True, help="Everything but the fault: what is usual, to tell an effect from noise.")
@run_options
@output_option
def command(**given: Any) -> int:
    """Run an experiment: show the plan, ask, run it under the guard, put everything back, and judge.

    \b
    aichaos run chaos/route-conflict-my-route.yaml
    aichaos run chaos/route-conflict-my-route.yaml --rehearse
    aichaos run chaos/route-conflict-my-route.yaml --approval approval.yaml --approval-key key -o json

    Ends with 0 if the hypothesis held, 3 if not, 5 if the guard refused, 7 if it ended early, 8 if something is NOT restored, 9 if there
    are no data: nothing could have shown a failure, or part of what was promised could not be measured.
    """
    if given["yes"] and given["approval"]:
        raise UsageError("--yes and --approval exclude each other", hint="Give one of them.")
    terminal_or_yes(given["yes"] or given["approval"] or given["rehearse"])
    order = order_of(
        given,
        sham=given["sham"],
        **approved(given),
        **safety(given),
    )
    return _run(order, given)


def _run(order: "Order", given: dict[str, Any]) -> int:
    from aichaos.live.planning import drawn, guarded

    with drawn(order, say) as drawing:
        if given["rehearse"]:
            return _rehearse(drawing, given)
        found = guarded(drawing, say)
        _show(drawing, found.warnings, given)
        stand_back(found.refusals)
        approval = _approval(drawing, found, given)
        if approval is None:
            warn(["that is another name: nothing was changed"])
            return 130
        return _carry_out(drawing, found, approval, given)


def _show(drawing: "Drawn", warnings: list[str], given: dict[str, Any]) -> None:
    from aichaos.report import plan

    paper = paper_of(given)
    plan.show(drawing.plan, drawing.radius, drawing.prediction, warnings, paper)
    paper.stream.flush()


def _approval(drawing: "Drawn", found: "Guarded", given: dict[str, Any]) -> "Approval | None":
    from aichaos.run import approve

    if found.permit is not None:
        return approve.by_file(found.permit, drawing.plan)
    if given["yes"]:
        return approve.in_person(drawing.plan, "yes", given["why"])
    if not asked(drawing.plan.experiment, "Shall this be done?"):
        return None
    return approve.in_person(drawing.plan, "keyboard", given["why"])


def _carry_out(drawing: "Drawn", found: "Guarded", approval: "Approval", given: dict[str, Any]) -> int:
    from aichaos.live.running import carry_out, exit_code
    from aichaos.report import progress
    from aichaos.run.stops import Stops

    script = given["output"] == "json"
    paper = paper_of(given)
    shown = progress.Progress(paper, live=paper.terminal and sys.stderr.isatty() and not script)
    stops = Stops()
    with stops.on_signals(shown.again):
        manner = manner_of(given)
        report = carry_out(drawing, found, approval, stops, write_event if script else shown, manner)
    shown.close()
    if script:
        write_event(report.finished)
    else:
        progress.end(report, paper)
    return exit_code(report)


def _rehearse(drawing: "Drawn", given: dict[str, Any]) -> int:
    from aichaos.cli.options import write_json
    from aichaos.live.running import rehearse
    from aichaos.report.layout import Paper, Style

    stand_back([*drawing.findings, *drawing.made.refusals])
    found = rehearse(drawing)
    if given["output"] == "json":
        write_json({"steps": found})
    else:
        styles: dict[str, Style] = {"accepted": "green", "refused": "red", "skipped": "dim"}
        told = [(one, f"{one.step}: {one.why}" if one.why else one.step) for one in found]
        Paper(sys.stdout).columns([((one.outcome, styles[one.outcome]), (line, "")) for one, line in told])
    return 1 if any(one.outcome == "refused" for one in found) else 0
