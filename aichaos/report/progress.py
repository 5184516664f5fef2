"""How a run goes, for people: plain lines, and on a terminal one line below them that says what it waits for, how the probes answer, how
much time is left and how to stop it."""

import threading
import time
from collections.abc import Sequence

from aichaos.domain.about import Report
from aichaos.domain.running import (
    Changed,
    Event,
    NotRestored,
    Probed,
    RestoreBegan,
    Started,
    Step,
    StopBegan,
    Told,
    Waiting,
)
from aichaos.report.clean import clean
from aichaos.report.layout import Paper, Style, cells
from aichaos.report.results import COLOURS, headline, score, so_far

_TOLD = 20
"""Columns that are kept free for what is done now, on the line below."""
_ECHO = 2
"""Columns that a terminal writes itself at Ctrl-C: with room for them it stays one line, which can be cleared."""
_LEAST = 16
"""Columns that the name of a probe has at least there; where there are fewer, all probes are one figure."""
_MARKS = {True: "good", False: "BAD", None: "no answer that tells"}


class Progress:
    """Told of every event; safe to be told from several threads."""

    def __init__(self, paper: Paper, *, live: bool) -> None:
        """live: whether there is a terminal whose last line can be written again."""
        self._paper = paper
        self._lock = threading.Lock()
        self._live = live
        self._began = time.monotonic()
        self._deadline = 0.0
        self._steps = 0
        self._step = ""
        self._waiting = ""
        self._latest: float | None = None
        self._probes: dict[str, tuple[int, int, str]] = {}
        self._last: dict[str, str] = {}
        self._shown = False
        self._restoring = False

    def __call__(self, event: Event) -> None:
        with self._lock:
            self._tell(event)
            self._status()

    def _tell(self, event: Event) -> None:
        match event:
            case Started():
                self._deadline, self._steps = event.deadline, len(event.steps)
                self._line(f"run {event.run}: Ctrl-C stops it and puts everything back; from elsewhere: `{event.stop}`", "bold")
            case Step():
                if not self._step:
                    self._began = time.monotonic()  # the deadline counts from the first step, not from the baseline before it
                self._step, self._waiting = f"{event.number}/{self._steps} {event.text}", ""
                self._line(f"step {self._step}")
            case Changed():
                done = {"create": "created", "patch": "changed", "delete": "deleted"}.get(event.verb, event.verb)
                self._line(f"  {done} {event.object}")
            case Waiting():
                self._wait(event)
            case Probed():
                self._probe(event)
            case Told():
                self._line(f"  {event.text}")
            case StopBegan():
                self._line(f"stopped: {event.reason}", "yellow")
            case RestoreBegan():
                self._restoring, self._waiting = True, ""
                self._line("restoring", "bold")
            case NotRestored():
                self._line(f"  NOT restored: {event.object}: {event.why}", "red")
                for command in event.commands:
                    self._line(f"    {command}", copied=True)

    def again(self) -> None:
        """Ctrl-C once more, while everything goes back."""
        with self._lock:
            self._shown = self._live  # the terminal has written ^C
            self._again()

    def _again(self) -> None:
        if self._restoring and self._waiting:
            left = f", {max(0.0, self._latest - time.monotonic()):.0f} s at most" if self._latest is not None else ""
            self._line(f"the way back has ended, and nothing is changed any more; still waiting for {self._waiting}{left}", "yellow")
            return
        self._line(
            "still restoring: a second as a rule; some more where routes keep their order of age, up to minutes for a finalizer", "yellow"
        )
        self._line("to end here would leave things changed; if this process dies, its watchdog goes on", "yellow")

    def close(self) -> None:
        self._clear()

    def _wait(self, event: Waiting) -> None:
        """Beside the way back there is no line that is written again: what is waited for then comes after it."""
        if event.what and event.what != self._waiting and (self._restoring or not self._live):
            self._line(f"  waiting for {event.what}")
        self._waiting = event.what
        self._latest = time.monotonic() + event.seconds_left if event.seconds_left is not None else None

    def _probe(self, event: Probed) -> None:
        good, bad, _ = self._probes.get(event.probe, (0, 0, ""))
        good, bad = good + (event.good is True), bad + (event.good is not True)
        self._probes[event.probe] = good, bad, event.detail
        told = _MARKS[event.good] + (f" ({event.detail})" if event.good is not True else "")
        if self._last.get(event.probe) != told:
            self._last[event.probe] = told
            self._line(f"  probe {event.probe}: {told}", "" if event.good else "red")

    def _status(self) -> None:
        if not self._live or self._restoring:
            return
        left = max(0.0, self._deadline - (time.monotonic() - self._began))
        head = f"{int(left) // 60}:{int(left) % 60:02d} left, Ctrl-C stops" if self._step else "Ctrl-C stops"
        counts = [(f"{good} good, {bad} bad", name) for name, (good, bad, _) in self._probes.items()]
        tail = f"waits for {self._waiting}" if self._waiting else self._step
        most = self._paper.width - 1 - _ECHO
        room = most - sum(len(part) + 3 for part in (head, *(count for count, _ in counts), tail[:_TOLD]))
        each = room // max(1, len(counts)) - 1
        if len(counts) > 1 and each < _LEAST:
            good, bad = sum(one[0] for one in self._probes.values()), sum(one[1] for one in self._probes.values())
            told = [f"{good} good, {bad} bad of {len(counts)} probes"]
        else:
            told = [f"{count} {_shortened(name, max(_LEAST, each))}" for count, name in counts]
        text = clean(" · ".join(part for part in (head, *told, tail) if part))[:most]
        self._paper.stream.write(f"\r\x1b[K{text}")
        self._paper.stream.flush()
        self._shown = True

    def _line(self, text: str, style: Style = "", *, copied: bool = False) -> None:
        """A line; on a terminal it is wrapped, unless it is to be copied. In a log it stays one line."""
        self._clear()
        if self._live and not copied:
            bare = text.lstrip(" ")
            self._paper.text(bare, indent=len(text) - len(bare), style=style)
        else:
            self._paper.line((text, style))
        self._paper.stream.flush()

    def _clear(self) -> None:
        if self._shown:
            self._paper.stream.write("\r\x1b[K")
            self._shown = False


def _shortened(name: str, room: int) -> str:
    return name if len(name) <= room else f"{name[: room - 1]}…"


def end(report: Report, paper: Paper) -> None:
    """How it ended: first what came otherwise than foretold, then one line for each promise that was kept or broken."""
    done = report.finished
    if report.difference:
        paper.text(report.difference, style="red")
    for one in report.during:
        counts = f"{one.good} good, {one.bad} bad" + (f", {one.none} that tell nothing" if one.none else "")
        times = f", p95 {one.p95 * 1000:.0f}ms" if one.p95 is not None else ""
        told = f"{one.probe}: {one.verdict} ({counts}{times})" + (f": {one.why}" if one.why else "")
        paper.text(told, style=COLOURS[one.verdict])
    early = done.outcome != "completed"
    told, like = headline(done.verdict, report.confidence)
    paper.text(so_far(told) if early else told, style=COLOURS[like])
    if report.score is not None and report.confidence is not None:
        paper.text(f"Score {score(report.score)}; confidence {report.confidence.word} ({report.confidence.value:.2f})")
    if early:
        paper.text(f"It ended early: {done.stop_reason or 'a step failed'}", style="yellow")
    took = f", the last change {done.stop_to_restored_seconds:.2f}s after the stop" if done.stop_to_restored_seconds is not None else ""
    match done.restored:
        case "verified":
            others = ", but for what somebody else has changed" if done.foreign else ""
            so = f"every object that was touched is as it was{others}, and so are the answers."
            paper.text(f"Verified restored{took}: {so}", style="green")
        case "nothing-changed":
            paper.text("Nothing was changed.", style="green")
        case "not-restored":
            paper.text(f"NOT restored: {report.unmet or ', '.join(done.left_over)}", style="red")
            if done.left_over:
                paper.text(f"Type the commands above; then, or once the cause is gone: `aichaos recover {done.run}`")
            else:
                paper.text(
                    "All objects that were touched are as they were: something else answers, or does not yet. Who would: aichaos route"
                )
    shown, forms = f"Report: aichaos report {done.run}", "(-o html, -o markdown)"
    if cells(shown) + 3 + cells(forms) > paper.width:
        paper.line((shown, "dim"))
        paper.line((f"        {forms}", "dim"))
    else:
        paper.line((f"{shown}   {forms}", "dim"))


def refused(refusals: Sequence[tuple[str, str, str]], paper: Paper) -> None:
    """Why a run does not start: name, message and hint of each reason; each once, and a hint after the last in a row that it is for."""
    once = list(dict.fromkeys(refusals))
    for number, (name, message, hint) in enumerate(once, 1):
        paper.text(message, mark=f"refused [{name}]: ", style="red")
        if hint and (number == len(once) or once[number][2] != hint):
            paper.text(hint, indent=2)
