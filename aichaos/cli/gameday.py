"""`aichaos gameday`: several experiments in order, with gates, notes and a debrief."""

import select
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any, get_args

import click

from aichaos import settings
from aichaos.cli.options import output_option, own_library, say, source_options, write_json
from aichaos.cli.running import (
    SERIES,
    Several,
    approval_options,
    approved,
    consent_of,
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
from aichaos.domain.gameday import NoteKind
from aichaos.errors import UsageError

if TYPE_CHECKING:
    from aichaos.domain.gameday import Gate
    from aichaos.live.gameday import Staged
    from aichaos.live.planning import Drawn
    from aichaos.live.series import Looked
    from aichaos.report.layout import Paper
    from aichaos.run.stops import Stops

_LISTEN = 0.3
"""Seconds between two looks whether the day was stopped, while somebody is waited for."""


class _GameDay(click.Group):
    """What is no subcommand is a file: `aichaos gameday day.yaml` is `aichaos gameday run day.yaml`."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        if args and args[0] not in self.commands and args[0] not in ctx.help_option_names:
            args = ["run", *args]
        return super().parse_args(ctx, args)


@click.group("gameday", cls=_GameDay)
def command() -> None:
    """Several experiments in order, with people who watch: gates between them, notes while they go, a debrief at the end.

    \b
    aichaos gameday day.yaml                       # the same as `aichaos gameday run day.yaml`
    aichaos gameday note "the dashboard is blank"  # in another terminal, while it goes
    aichaos gameday debrief                        # of the latest day, from its files
    """


@command.command("run")
@click.argument("file", type=click.Path(path_type=Path, readable=False))
@source_options
@plan_options
@click.option("--library", metavar="FOLDER", type=click.Path(readable=False), help="A folder with scenarios of your own, beside ours.")
@click.option("--yes", is_flag=True, help="Do not ask, neither at the beginning nor at a gate. The guard looks all the same.")
@click.option("--check", is_flag=True, help="Show all plans and what the guard says to each; change nothing.")
@approval_options
@run_options
@output_option
def _run(**given: Any) -> int:
    """Hold a GameDay: show the plans of all scenarios, ask once, then run them in order.

    Each scenario is an ordinary run: guarded anew, with its own watchdog, restored and verified before the next. No other run can begin
    before the day is over. The day ends early at a gate that stays closed, where somebody stops it, where the guard refuses a scenario, and
    where something is not restored.

    With --approval, nobody is asked: `aichaos approve FILE` writes it for the day as a whole, and what drifted is looked for before each
    scenario. A gate `go` still wants somebody who says it, or --yes.

    Ends with the worst of its scenarios: 8 not restored, 7 ended early, 9 no data, 3 a hypothesis did not hold, 0 all held; 5 if the guard
    refused the first.
    """
    if not given["check"]:
        terminal_or_yes(given["yes"] or given["approval"], SERIES)
    from aichaos.run import days

    staged = staged_for(given, **approved(given), **safety(given))
    if not (given["yes"] or given["check"]) and any("go" in scene.gates for scene in staged.day.spec.scenarios):
        terminal_or_yes(False, "A gate of this day waits for somebody who says go: lead it at a terminal, or give --yes as well.")
    folder = days.folder(staged.name)
    with unless_begun(folder, folder / days.ENTRIES):
        return _held(staged, given)


def staged_for(given: dict[str, Any], **more: Any) -> "Staged":
    """The day of a file, for whoever holds or reviews it. Raises FileError, UsageError, SourceError."""
    from aichaos.live import gameday

    effective = settings.load({**given, "from": given["origin"]})
    order = order_of({**given, "experiment": given["file"]}, **more)
    return gameday.stage(given["file"], order, own_library(effective["library"]), say)


def _held(staged: "Staged", given: dict[str, Any]) -> int:
    looked = look_at(staged, paper_of(given))
    day = Several(
        what="the day",
        every="all of them",
        name=staged.day.metadata.name,
        question=f"Shall these {len(staged.orders)} scenarios be run?",
        parts=[scene.name for scene in staged.day.spec.scenarios],
        covered=staged.whole(looked),
        folder=staged.orders[0].path.parent,
    )
    code = not_begun(day, looked, given)
    return _hold(staged, looked, given) if code is None else code


def look_at(staged: "Staged", paper: "Paper", *, guard: bool = True) -> "list[Looked]":
    """Show every plan, and what speaks against it. guard: as for `series.look`."""
    from aichaos.live.series import look

    found = []
    for number, (scene, order) in enumerate(zip(staged.day.spec.scenarios, staged.orders, strict=True), 1):
        paper.line((f"\nScenario {number} of {len(staged.orders)}: {scene.name}", "cyan"))
        if scene.gates:
            paper.text(f"Gates: {', '.join(scene.gates)}")
        found.append(look(order, say, lambda drawing, warnings: _plan(drawing, warnings, paper), guard=guard))
        paper.stream.flush()
        show_refusals(found[-1].refusals)
    paper.line()
    return found


def _plan(drawing: "Drawn", warnings: list[str], paper: "Paper") -> None:
    from aichaos.report import plan

    plan.show(drawing.plan, drawing.radius, drawing.prediction, warnings, paper, one_of_several=True)


def _hold(staged: "Staged", looked: "list[Looked]", given: dict[str, Any]) -> int:
    from aichaos.domain.running import beside_lever
    from aichaos.live import gameday

    hands = _Hands(staged, given)
    hands.paper.line((f"GameDay {staged.name}: in another terminal, aichaos gameday note TEXT", "bold"))
    hands.paper.line(f"To end it, in a scenario or between two: {beside_lever(f'aichaos stop {staged.name}', looked[0].plan.lever)}")
    hands.paper.stream.flush()
    manner = manner_of(given)
    code = gameday.hold(staged, looked, consent_of(looked, given), hands, say, manner)
    written = _write_debrief(staged.name)
    if given["output"] == "json":
        write_event({"event": "gameday-finished", "gameday": staged.name, "code": code, "debrief": str(written)})
    else:
        hands.paper.line((f"\nThe day is over: {_CODES[code]}", "bold"))
        hands.paper.line(f"Debrief: {written}")
    return code


_CODES = {
    0: "every hypothesis held, and everything is restored",
    3: "a hypothesis did not hold; everything is restored",
    5: "nothing was begun",
    7: "it ended early; what was changed is restored",
    8: "something is NOT restored",
    9: "of one scenario there are no data; everything is restored",
    130: "it was interrupted before anything was changed",
}


class _Hands(Screen):
    """The terminal, or the script, of whoever leads the day."""

    def __init__(self, staged: "Staged", given: dict[str, Any]) -> None:
        from aichaos.run import approve

        super().__init__(given)
        self._day = staged.name
        self._yes = given["yes"]
        self._me = approve.me()

    def go(self, question: str, stops: "Stops") -> tuple[bool, str]:
        if self._yes:
            return True, f"{self._me} (--yes)"
        print(f"{question} Type go to go on: ", end="", file=sys.stderr, flush=True)
        while not select.select([sys.stdin], [], [], _LISTEN)[0]:
            if stops.stop:
                print(file=sys.stderr)
                return False, self._me
        return sys.stdin.readline().strip().lower() == "go", self._me

    def begins(self, number: int, of: int, name: str) -> None:
        event = {"event": "gameday-scenario", "gameday": self._day, "number": number, "of": of, "name": name}
        self.heading(f"Scenario {number} of {of}: {name}", event)

    def gate(self, gate: "Gate", opened: bool, why: str) -> None:
        if self.script:
            write_event({"event": "gameday-gate", "gate": gate, "opened": opened, "why": why})
        self.paper.text(f"gate {gate}: {'open' if opened else 'CLOSED'} ({why})", style="green" if opened else "red")
        self.paper.stream.flush()


def _write_debrief(day: str) -> Path:
    import msgspec

    from aichaos.files.save import save
    from aichaos.records.debriefing import debrief
    from aichaos.report.debrief import markdown
    from aichaos.run import days

    found, where = debrief(day), days.folder(day)
    save(where / "debrief.json", msgspec.json.format(msgspec.json.encode(found), indent=2).decode() + "\n")
    save(where / "debrief.md", markdown(found))
    return where / "debrief.md"


@command.command("note")
@click.argument("text", nargs=-1, required=True)
@click.option("--day", metavar="NAME", help="Which day, where several are running, or for one that is over.")
@click.option("--as", "who", metavar="NAME", help="Whose note it is (default: you, as this machine knows you).")
@click.option(
    "--kind",
    type=click.Choice(get_args(NoteKind)),
    default="note",
    show_default=True,
    help="Where it goes in the debrief: what worked, what failed, what to do, how people talked.",
)
def _note(text: tuple[str, ...], day: str | None, who: str | None, kind: Any) -> int:
    """Write a note into the day that is running, with the time and your name; it stands in the debrief.

    \b
    aichaos gameday note the alert fired after 40 s
    aichaos gameday note --kind action --as anna "an alert for an empty cache"
    """
    import time

    from aichaos.domain.gameday import Note
    from aichaos.run import approve, days

    told = " ".join(" ".join(text).split())
    if not told:
        raise UsageError("the note is empty", hint='Say what you see: aichaos gameday note "the dashboard is blank"')
    meant = days.meant(day)
    days.append(meant, Note(at=time.time(), who=who or approve.me(), text=told, kind=kind))
    print(f"noted in {meant}", file=sys.stderr)
    return 0


@command.command("debrief")
@click.argument("day", required=False)
@click.option("-o", "--output", type=click.Choice(["markdown", "json"]), default="markdown", show_default=True, help="How it is written.")
def _debrief(day: str | None, output: str) -> int:
    """The debrief of a day (default: the latest), made again from its files: also where its process died, and with later notes."""
    from aichaos.records.debriefing import debrief
    from aichaos.report.debrief import markdown
    from aichaos.run import days

    name = day or next(iter(days.names()), None)
    if name is None:
        raise UsageError("no GameDay was held on this machine", hint="Start one with `aichaos gameday FILE`.")
    found = debrief(name)
    written = _write_debrief(name)
    if output == "json":
        write_json(found)
    else:
        sys.stdout.write(markdown(found))
    sys.stdout.flush()
    print(f"note: written to {written}", file=sys.stderr)
    return 0


@command.command("list")
@output_option
def _list(output: str) -> int:
    """The days of this machine, the latest first."""
    from aichaos.errors import FileError
    from aichaos.records.debriefing import debrief
    from aichaos.run import days

    rows: list[dict[str, str | int | None]] = []
    running = days.running()
    for name in days.names():
        try:
            found = debrief(name)
        except FileError as error:
            rows.append({"gameday": name, "title": "", "began": "", "state": str(error), "code": None})
            continue
        ended = "ended" if found.code is not None else "cut off"
        rows.append(
            {
                "gameday": name,
                "title": found.title,
                "began": found.began,
                "state": "running" if name in running else ended,
                "code": found.code,
            }
        )
    if output == "json":
        write_json(rows)
        return 0
    if not rows:
        print("no GameDay was held on this machine yet", file=sys.stderr)
    paper_of({"output": "text"}).columns([tuple((str(cell if cell is not None else ""), "") for cell in row.values()) for row in rows])
    return 0
