"""`aichaos progressive`: one experiment in growing stages, and how much the system bears."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from aichaos import settings
from aichaos.cli.options import output_option, own_library, say, source_options, warn
from aichaos.cli.running import SERIES, asked, manner_of, order_of, plan_options, run_options, safety, terminal_or_yes, unless_begun
from aichaos.cli.screen import Screen, paper_of, show_refusals, write_event
from aichaos.errors import RefusedError

if TYPE_CHECKING:
    from aichaos.domain.progressive import Course
    from aichaos.live.progressive import Climb
    from aichaos.measure.breaking import Next
    from aichaos.report.layout import Part

_GROW = "What grows, and how: a quantity (latency, jitter, loss, duration, percent, load), a place (/spec/…), or a parameter of a scenario."
_FIND = "Then halve the stretch between what held and what did not, until the ends are as close as this: 50ms, 5%."


@click.command("progressive")
@click.argument("experiment", metavar="EXPERIMENT|library:NAME")
@click.option("--grow", required=True, metavar="NAME=V1,V2,…", help=_GROW)
@click.option("--find-limit", metavar="CLOSE", help=_FIND)
@click.option("--repeat", type=click.IntRange(1, 25), default=1, show_default=True, help="Runs of each value; most of them decide.")
@click.option("--set", "pairs", multiple=True, metavar="NAME=VALUE", help="Another parameter of the scenario.")
@click.option("--for", "subject", default="", metavar="OBJECT", help="What the scenario is made for.")
@click.option("--library", metavar="FOLDER", type=click.Path(), help="A folder with scenarios of your own, beside ours.")
@source_options
@plan_options
@click.option("--yes", is_flag=True, help="Do not ask. The guard looks all the same.")
@click.option("--check", is_flag=True, help="Show the plans of all stages and what the guard says; change nothing.")
@run_options
@output_option
def command(**given: Any) -> int:
    """Run one experiment in growing stages, each only if the one before held; stop at the first that does not.

    \b
    aichaos progressive library:fewer-replicas --grow percent=5%,10%,30% --for checkout
    aichaos progressive chaos/latency.yaml --grow latency=100ms,500ms,1s --find-limit 50ms --repeat 3
    aichaos progressive chaos/scale.yaml --grow /spec/steps/0/scale/replicas=4,2,1

    Each stage is an ordinary run: planned and guarded anew, restored and verified before the next. You are asked once.

    Ends with the worst of the runs: 8 not restored, 7 ended early, 9 no data, 3 a stage did not hold (its limit is said), 0 all held; 5 if
    the guard refused the first.
    """
    if not given["check"]:
        terminal_or_yes(given["yes"], SERIES)
    from aichaos.live.progressive import Wish, prepare

    effective = settings.load({**given, "from": given["origin"]})
    order = order_of({**given, "experiment": Path()}, **safety(given))
    wish = Wish(
        experiment=given["experiment"],
        grow=given["grow"],
        closely=given["find_limit"],
        repeats=given["repeat"],
        pairs=given["pairs"],
        subject=given["subject"],
        own=own_library(effective["library"]),
    )
    climb = prepare(wish, order, say)
    with unless_begun(climb.folder, climb.folder / "course.json"):
        return _climb(climb, given)


def _climb(climb: "Climb", given: dict[str, Any]) -> int:
    from aichaos.live.progressive import carry_on
    from aichaos.live.series import Consent

    digests, cluster = _look(climb, given)
    if given["check"]:
        print("The guard would let every stage begin; nothing was changed.", file=sys.stderr)
        return 0
    if not given["yes"] and not asked(climb.experiment, f"Shall this be done, {_most(climb)}?"):
        warn(["that is another name: nothing was changed"])
        return 130
    consent = Consent(how="yes" if given["yes"] else "keyboard", why=given["why"], cluster=cluster, digests=digests)
    hands = _Hands(given)
    course = carry_on(climb, consent, hands, say, manner_of(given))
    _end(course, climb, given)
    return course.code


def _most(climb: "Climb") -> str:
    from aichaos.measure.breaking import most_tries

    most = most_tries(climb.search)
    between = ", values between the stages among them" if climb.search.closely is not None else ""
    return f"{'one run' if most == 1 else f'at most {most} runs'}{between}"


def _look(climb: "Climb", given: dict[str, Any]) -> tuple[frozenset[str], str]:
    """Show the plan of the first stage whole, of the others what they reach. Raises RefusedError."""
    from aichaos.live.progressive import staged
    from aichaos.live.series import look
    from aichaos.report import plan

    paper = paper_of(given)
    digests, cluster, refused = [], "", []
    for number, value in enumerate(climb.search.stages, 1):
        order, _ = staged(climb, number, value)
        shown = climb.dial.shown(value)
        paper.line((f"Stage {number} of {len(climb.search.stages)}: {climb.dial.name} {shown}", "cyan"))

        def show(drawing: Any, found: Any, number: int = number) -> None:
            if number == 1:
                plan.show(drawing.plan, drawing.radius, drawing.prediction, found.warnings, paper, one_of_several=True)
            else:
                paper.text(f"reaches {plan.reach(drawing.radius)}; prediction: {drawing.prediction.verdict}", indent=2)

        drawn, refusals = look(order, say, show)
        paper.stream.flush()
        show_refusals(refusals)
        refused += [shown] if refusals else []
        digests.append(drawn.digest)
        cluster = drawn.server
    if refused:
        hint = f"Nothing was changed in the cluster. The experiments lie in {climb.folder}."
        raise RefusedError(f"the series does not begin: {', '.join(refused)}", hint=hint)
    return frozenset(digests), cluster


class _Hands(Screen):
    """The terminal, or the script, of whoever started the series."""

    def begins(self, climb: "Climb", found: "Next") -> None:
        knob, repeats = climb.dial.name, climb.search.repeats
        again = f" (try {found.repeat} of {repeats})" if repeats > 1 else ""
        event = {"event": "progressive-stage", "knob": knob, "value": found.value, "repeat": found.repeat, "of": repeats}
        self.heading(f"{knob} {climb.dial.shown(found.value)}{again}", event)


_HELD: "dict[bool | None, Part]" = {True: ("held", "green"), False: ("did NOT hold", "red"), None: ("can't be told", "yellow")}


def _end(course: "Course", climb: "Climb", given: dict[str, Any]) -> None:
    import msgspec

    if given["output"] == "json":
        write_event({"event": "progressive-finished"} | msgspec.to_builtins(course))
        return
    paper = paper_of(given)
    paper.line()
    for one in course.tries:
        doubt: Part = (", hardly put to the test", "yellow") if one.held and one.confidence == "low" else ("", "")
        paper.line(f"{climb.dial.shown(one.value):>12}  ", _HELD[one.held], doubt)
    paper.text(course.said[:1].upper() + course.said[1:] + ".", style="bold")
    if course.why:
        paper.text(f"It ended before it was done: {course.why}", style="yellow")
    paper.text(f"Kept in {climb.folder}", style="dim")
