"""`aichaos progressive`: one experiment in growing stages, and how much the system bears."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from aichaos import settings
from aichaos.cli.options import output_option, own_library, say, source_options
from aichaos.cli.running import (
    GROW,
    SERIES,
    Several,
    approval_options,
    approved,
    consent_of,
    growing_options,
    manner_of,
    not_begun,
    order_of,
    plan_options,
    run_options,
    safety,
    terminal_or_yes,
    unless_begun,
)
from aichaos.cli.screen import Screen, paper_of, show_refusals, write_event
from aichaos.errors import UsageError

if TYPE_CHECKING:
    from aichaos.domain.progressive import Course
    from aichaos.live.planning import Drawn
    from aichaos.live.progressive import Climb
    from aichaos.live.series import Looked
    from aichaos.measure.breaking import Next
    from aichaos.report.layout import Paper, Part


@click.command("progressive")
@click.argument("experiment", metavar="EXPERIMENT|library:NAME")
@click.option("--grow", required=True, metavar="NAME=V1,V2,…", help=GROW)
@growing_options
@source_options
@plan_options
@click.option("--yes", is_flag=True, help="Do not ask. The guard looks all the same.")
@click.option("--check", is_flag=True, help="Show the plans of all stages and what the guard says; change nothing.")
@approval_options
@run_options
@output_option
def command(**given: Any) -> int:
    """Run one experiment in growing stages, each only if the one before held; stop at the first that does not.

    \b
    aichaos progressive library:fewer-replicas --grow percent=5%,10%,30% --for checkout
    aichaos progressive chaos/latency.yaml --grow latency=100ms,500ms,1s --find-limit 50ms --repeat 3
    aichaos progressive chaos/scale.yaml --grow /spec/steps/0/scale/replicas=4,2,1

    Each stage is an ordinary run: planned and guarded anew, restored and verified before the next. No other run can begin in between. You
    are asked once; with --approval, nobody is: `aichaos approve EXPERIMENT --grow …` writes it for all stages, and what lies between them.

    Ends with the worst of the runs: 8 not restored, 7 ended early, 9 no data, 3 a stage did not hold (its limit is said), 0 all held; 5 if
    the guard refused the first.
    """
    if not given["check"]:
        terminal_or_yes(given["yes"] or given["approval"], SERIES)
    if given["yes"] and given["approval"]:
        raise UsageError("--yes and --approval exclude each other", hint="Give one of them.")
    climb = climb_of(given, **approved(given), **safety(given))
    with unless_begun(climb.folder, climb.folder / "course.json"):
        return _climb(climb, given)


def climb_of(given: dict[str, Any], **more: Any) -> "Climb":
    """The series that is meant, for whoever runs or reviews it. Raises UsageError, FileError, SourceError."""
    from aichaos.live.progressive import Wish, prepare

    effective = settings.load({**given, "from": given["origin"]})
    wish = Wish(
        experiment=given["experiment"],
        grow=given["grow"],
        closely=given["find_limit"],
        repeats=given["repeat"],
        pairs=given["pairs"],
        subject=given["subject"],
        own=own_library(effective["library"]),
    )
    return prepare(wish, order_of({**given, "experiment": Path()}, **more), say)


def _climb(climb: "Climb", given: dict[str, Any]) -> int:
    from aichaos.live.progressive import carry_on

    looked = look_at(climb, paper_of(given))
    stages = Several(
        what="the series",
        every="every stage",
        name=climb.experiment,
        question=f"Shall this be done, {most(climb)}?",
        parts=[climb.dial.shown(value) for value in climb.search.stages],
        covered=climb.whole(looked),
        folder=climb.folder,
    )
    if (code := not_begun(stages, looked, given)) is not None:
        return code
    course = carry_on(climb, looked, consent_of(looked, given), _Hands(given), say, manner_of(given))
    _end(course, climb, given)
    return course.code


def most(climb: "Climb") -> str:
    from aichaos.measure.breaking import most_tries

    most = most_tries(climb.search)
    between = ", values between the stages among them" if climb.search.closely is not None else ""
    return f"{'one run' if most == 1 else f'at most {most} runs'}{between}"


def look_at(climb: "Climb", paper: "Paper", *, guard: bool = True) -> "list[Looked]":
    """Show the plan of the first stage whole, of the others what they reach, and what speaks against each. guard: as for `series.look`."""
    from aichaos.live.progressive import staged
    from aichaos.live.series import look
    from aichaos.report import plan

    found = []
    for number, value in enumerate(climb.search.stages, 1):
        order, _ = staged(climb, number, value)
        paper.line((f"Stage {number} of {len(climb.search.stages)}: {climb.dial.name} {climb.dial.shown(value)}", "cyan"))

        def show(drawing: "Drawn", warnings: list[str], number: int = number) -> None:
            if number == 1:
                plan.show(drawing.plan, drawing.radius, drawing.prediction, warnings, paper, one_of_several=True)
            else:
                paper.text(f"reaches {plan.reach(drawing.radius)}; prediction: {drawing.prediction.verdict}", indent=2)

        found.append(look(order, say, show, guard=guard))
        paper.stream.flush()
        show_refusals(found[-1].refusals)
    return found


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
