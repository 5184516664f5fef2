"""`aichaos approve`: an approval file for `run --approval`, for whoever reviews in one place and runs in another."""

import datetime
import sys
from pathlib import Path
from typing import Any

import click

from aichaos.cli.options import say, source_options
from aichaos.cli.running import asked, existing, order_of, plan_options, stand_back
from aichaos.errors import UsageError


@click.command("approve")
@click.argument("experiment", type=click.Path(path_type=Path))
@source_options
@plan_options
@click.option("-o", "--output", metavar="FILE", type=click.Path(path_type=Path), help="Where it is written (NAME.approval.yaml).")
@click.option("--key", metavar="FILE", required=True, type=click.Path(), help="What it is signed with: a shared secret, or an SSH key.")
@click.option("--as", "signer", metavar="NAME", help="Your name in the runner's list of allowed signers.")
@click.option("--expires", metavar="TIME", default="24h", show_default=True, help="How long it can be used.")
@click.option("--uses", type=click.IntRange(1, 1000), default=1, show_default=True, help="How many runs it is for.")
@click.option("--yes", is_flag=True, help="Do not ask.")
def command(**given: Any) -> int:
    """Review an experiment on a cluster, and write an approval that a run elsewhere can show.

    It is for this text of the experiment, this cluster, and the objects as they are now: what drifts is named, and refused. With --uses,
    objects that each run deletes and makes again are known by name and spec, the others by their UID as well.

    \b
    aichaos approve chaos/route-conflict-my-route.yaml --key ~/.ssh/id_ed25519 --as anna
    """
    from aichaos.domain.experiment import seconds
    from aichaos.files.save import save
    from aichaos.live.planning import drawn
    from aichaos.report import plan
    from aichaos.report.layout import Paper
    from aichaos.run import approve

    lasts = seconds(given["expires"])
    if not lasts:
        raise UsageError(f"--expires can't be {given['expires']!r}", hint="Write a duration: 24h, 90m.")
    with drawn(order_of(given), say) as drawing:
        plan.show(drawing.plan, drawing.radius, drawing.prediction, drawing.plan.warnings, Paper(sys.stdout))
        sys.stdout.flush()
        stand_back([*drawing.findings, *drawing.made.refusals])
        if not given["yes"] and not asked(drawing.plan.experiment, "Do you approve of this?"):
            raise UsageError("that is another name: nothing was approved", hint="Type it as the experiment is called.")
        lasting = datetime.timedelta(seconds=lasts)
        permit = approve.permit(
            drawing.plan, drawing.made.objects, drawing.limits, lasts=lasting, uses=given["uses"], why=given["why"], now=approve.now()
        )
        key = existing(given["key"])
        assert key is not None
        signed = approve.sign(permit, key, given["signer"])
    path = given["output"] or Path(f"{drawing.plan.experiment}.approval.yaml")
    save(path, approve.text(signed))
    print(f"{path}: for {approve.runs(signed.uses)} until {signed.expires}", file=sys.stderr)
    if remade := [one.object for one in signed.objects if one.remade]:
        told = f"each run makes {', '.join(remade)} again: the approval knows them by name and spec, not by UID"
        print(told, file=sys.stderr)
    return 0
