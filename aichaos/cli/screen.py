"""Where commands speak that run something: lines for people, or events for scripts, one a line."""

import os
import sys
from collections.abc import Sequence
from typing import IO, TYPE_CHECKING, Any, cast

if TYPE_CHECKING:
    from aichaos.domain.running import Event
    from aichaos.live.series import Went
    from aichaos.report.layout import Paper
    from aichaos.run.plan import Refusal


def paper_of(given: dict[str, Any]) -> "Paper":
    """Text for people: beside the events of a script, which have standard output alone. Nothing that becomes of it ends a run."""
    from aichaos.report.layout import Paper

    return Paper(lasting(sys.stderr if given["output"] == "json" else sys.stdout))


class _Lasting:
    """A stream that may be closed by whoever reads it: a run goes on, and what is kept on disk holds everything."""

    def __init__(self, stream: IO[str]) -> None:
        self._stream = stream

    def write(self, text: str) -> int:
        try:
            return self._stream.write(text)
        except OSError:
            self._silence()
        return len(text)

    def flush(self) -> None:
        try:
            self._stream.flush()
        except OSError:
            self._silence()

    def isatty(self) -> bool:
        return self._stream.isatty()

    def fileno(self) -> int:
        return self._stream.fileno()

    def _silence(self) -> None:
        """What could not be written must not fail again at the end, and change the exit code."""
        os.dup2(os.open(os.devnull, os.O_WRONLY), self._stream.fileno())


def lasting(stream: IO[str]) -> IO[str]:
    """For the time in which something is changed."""
    return cast("IO[str]", _Lasting(stream))


def write_event(event: Any) -> None:
    """One event a line; a pipe that nobody reads any more ends nothing: the way back is more important."""
    import msgspec

    stream = lasting(sys.stdout)
    stream.write(msgspec.json.encode(event).decode() + "\n")
    stream.flush()


def show_refusals(refusals: "Sequence[Refusal]", why: str = "") -> None:
    """Why a run is not begun, on standard error. why: where it is no refusal of the guard."""
    from aichaos.report import progress
    from aichaos.report.layout import Paper

    told = [(one.name, one.message, one.hint) for one in refusals]
    progress.refused(told or ([("run", why, "")] if why else []), Paper(sys.stderr))


class Screen:
    """Several runs in order, each under a heading of its own."""

    def __init__(self, given: dict[str, Any]) -> None:
        self.paper = paper_of(given)
        self.script = given["output"] == "json"
        self._shown: Any = None

    def heading(self, text: str, event: dict[str, Any]) -> None:
        """The next run begins. event: the same for scripts."""
        from aichaos.report.progress import Progress

        if self.script:
            write_event(event)
        self.paper.line((f"\n{text}", "cyan"))
        self.paper.stream.flush()
        live = self.paper.terminal and sys.stderr.isatty() and not self.script
        self._shown = Progress(self.paper, live=live)

    def tell(self, event: "Event") -> None:
        if self.script:
            write_event(event)
        else:
            self._shown(event)

    def went(self, went: "Went") -> None:
        from aichaos.report import progress

        self._shown.close()
        if went.report is None:
            show_refusals(went.refusals, went.why)
        elif self.script:
            write_event(went.report.finished)
        else:
            progress.end(went.report, self.paper)

    def again(self) -> None:
        """Ctrl-C once more, while everything goes back."""
        self._shown.again()
