"""`aichaos approve`: an approval file, for whoever reviews in one place and runs in another."""

import datetime
import re
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import click

from aichaos.cli.options import say, source_options
from aichaos.cli.running import GROW, asked, existing, growing_options, order_of, plan_options, stand_back, terminal_or_yes, unless_begun
from aichaos.errors import UsageError

if TYPE_CHECKING:
    from aichaos.live.series import Looked
    from aichaos.run.approve import Permit, Whole

_DAY_OR_EXPERIMENT = "aichaos library render NAME writes the experiment that can be approved; with --grow, stages of a scenario are."


@click.command("approve")
@click.argument("experiment", metavar="EXPERIMENT|GAMEDAY|library:NAME")
@click.option("--grow", metavar="NAME=V1,V2,…", help=f"For `aichaos progressive`. {GROW}")
@growing_options
@source_options
@plan_options
@click.option(
    "-o", "--output", metavar="FILE", type=click.Path(path_type=Path, readable=False), help="Where it is written (NAME.approval.yaml)."
)
@click.option(
    "--key", metavar="FILE", required=True, type=click.Path(readable=False), help="What it is signed with: a shared secret, or an SSH key."
)
@click.option("--as", "signer", metavar="NAME", help="Your name in the runner's list of allowed signers.")
@click.option("--expires", metavar="TIME", default="24h", show_default=True, help="How long it can be used.")
@click.option("--uses", type=click.IntRange(1, 1000), default=1, show_default=True, help="How many runs, days or series it is for.")
@click.option("--yes", is_flag=True, help="Do not ask.")
def command(**given: Any) -> int:
    """Review an experiment on a cluster, and write an approval that a run elsewhere can show.

    It is for this text of the experiment, this cluster, and the objects as they are now: what drifts is named, and refused. With --uses,
    objects that each run deletes and makes again are known by name and spec, the others by their UID as well.

    The file of a GameDay is approved as a whole, for `aichaos gameday FILE --approval`; with --grow, all stages of an experiment and what
    lies between them, for `aichaos progressive … --approval`. The use is counted once, and what drifted is looked for before each part.

    \b
    aichaos approve chaos/route-conflict-my-route.yaml --key ~/.ssh/id_ed25519 --as anna
    aichaos approve day.yaml --key key
    aichaos approve chaos/latency.yaml --grow latency=100ms,500ms,1s --find-limit 50ms --key key
    """
    from aichaos.domain.experiment import seconds
    from aichaos.files.save import save
    from aichaos.run import approve

    lasts = seconds(given["expires"])
    if not lasts:
        raise UsageError(f"--expires can't be {given['expires']!r}", hint="Write a duration: 24h, 90m.")
    terminal_or_yes(given["yes"], "Give --yes.")
    reviewed = _reviewed(given)
    if not given["yes"] and not asked(reviewed.name, reviewed.question):
        raise UsageError("that is another name: nothing was approved", hint="Type it as it is asked for.")
    permit = reviewed.permit(lasts=datetime.timedelta(seconds=lasts), uses=given["uses"], why=given["why"], now=approve.now())
    key = existing(given["key"])
    assert key is not None
    signed = approve.sign(permit, key, given["signer"])
    path = given["output"] or Path(f"{_OF_A_FILE.sub('-', reviewed.name).strip('.-')}.approval.yaml")
    save(path, approve.text(signed))
    print(f"{path}: for {approve.uses(signed)} until {signed.expires}", file=sys.stderr)
    if remade := [one.object for one in signed.objects if one.remade]:
        told = f"each run makes {', '.join(remade)} again: the approval knows them by name and spec, not by UID"
        print(told, file=sys.stderr)
    return 0


_OF_A_FILE = re.compile(r"[^\w.-]+")
"""What a name may not bring into a path."""


class _Reviewed(NamedTuple):
    """What was shown: its name, what is asked about it, and the approval of it, not signed yet."""

    name: str
    question: str
    permit: "Callable[..., Permit]"


def _reviewed(given: dict[str, Any]) -> _Reviewed:
    from aichaos.live import gameday

    if given["grow"]:
        return _series(given)
    if given["find_limit"] or given["pairs"] or given["subject"] or given["repeat"] != 1:
        raise UsageError("--find-limit, --repeat, --set and --for belong to --grow", hint="Say what grows: --grow percent=5%,10%,30%.")
    if given["experiment"].startswith("library:"):
        raise UsageError("a scenario of the library is no experiment yet", hint=_DAY_OR_EXPERIMENT)
    path = Path(given["experiment"])
    return _day(given | {"file": path}) if gameday.is_one(path) else _one(given | {"experiment": path})


def _one(given: dict[str, Any]) -> _Reviewed:
    from aichaos.live.planning import drawn
    from aichaos.report import plan
    from aichaos.report.layout import Paper
    from aichaos.run import approve

    with drawn(order_of(given), say) as drawing:
        paper = Paper(sys.stdout)  # the run will have a name of its own
        plan.show(drawing.plan, drawing.radius, drawing.prediction, drawing.plan.warnings, paper, one_of_several=True)
        sys.stdout.flush()
        stand_back([*drawing.findings, *drawing.made.refusals])

    def permit(**how: Any) -> "Permit":
        return approve.permit(drawing.plan, drawing.made.objects, drawing.limits, **how)

    return _Reviewed(drawing.plan.experiment, "Do you approve of this?", permit)


def _day(given: dict[str, Any]) -> _Reviewed:
    from aichaos.cli.gameday import look_at, staged_for
    from aichaos.report.layout import Paper

    staged = staged_for(given)
    folder = staged.orders[0].path.parent
    with unless_begun(folder, folder / "never"):
        looked = look_at(staged, Paper(sys.stdout), guard=False)
        _stand_back(looked)
    question = f"Do you approve of these {len(looked)} scenarios, in this order?"
    return _whole(staged.day.metadata.name, question, staged.day.spec.title, staged.name, staged.whole(looked), looked)


def _series(given: dict[str, Any]) -> _Reviewed:
    from aichaos.cli.progressive import climb_of, look_at, most
    from aichaos.report.layout import Paper

    climb = climb_of(given)
    with unless_begun(climb.folder, climb.folder / "never"):
        looked = look_at(climb, Paper(sys.stdout), guard=False)
        _stand_back(looked)
    return _whole(climb.experiment, f"Do you approve of this, {most(climb)}?", climb.title, climb.name, climb.whole(looked), looked)


def _stand_back(looked: "list[Looked]") -> None:
    """Each refusal is said below its plan already. Raises RefusedError."""
    stand_back([one for each in looked for one in each.refusals], said=True)


def _whole(name: str, question: str, title: str, series: str, covered: "Whole", looked: "list[Looked]") -> _Reviewed:
    from aichaos.live.series import plan_of
    from aichaos.run import whole

    def permit(**how: Any) -> "Permit":
        return whole.permit(plan_of(name, title, series, covered, looked), covered, **how)

    return _Reviewed(name, question, permit)
