"""Several runs in order, each an ordinary one: drawn anew on the cluster as it is then, guarded, run, restored, judged.

What a person is shown and asked is asked once for the whole series. An approval in person is for texts that were shown: what is run later
is the same text, or it is not run.
"""

from collections.abc import Callable
from typing import Literal

import msgspec

from aichaos.domain.about import Report
from aichaos.domain.running import Approval, Event, Plan
from aichaos.errors import AichaosError, RefusedError
from aichaos.live.planning import Drawn, Guarded, Order, drawn, guarded
from aichaos.live.running import Manner, carry_out, exit_code
from aichaos.run import approve, listing, state
from aichaos.run.plan import Refusal
from aichaos.run.stops import Stops

WORST = (8, 7, 9, 3, 0)
"""Exit codes of runs, the worst first."""

Say = Callable[[str], None]
Tell = Callable[[Event], None]


class Consent(msgspec.Struct, frozen=True, kw_only=True):
    """That somebody wants a series: how they said so, why, on which cluster (its address), and of which texts (digests of experiments)."""

    how: Literal["keyboard", "yes"]
    cluster: str
    why: str = ""
    digests: frozenset[str]

    def to(self, plan: Plan) -> Approval:
        """The approval of one run. Raises RefusedError for a text that was not shown."""
        if plan.digest not in self.digests:
            hint = "It was changed meanwhile. Start again, and read the plan again."
            raise RefusedError(f"{plan.experiment} is not the experiment that was shown", hint=hint)
        return approve.in_person(plan, self.how, self.why)


class Went(msgspec.Struct, frozen=True, kw_only=True):
    """How one run of a series went. report: None where it was not begun; refusals, why: the reasons. ended: why somebody wants no more."""

    code: int
    report: Report | None = None
    refusals: list[Refusal] = []
    why: str = ""
    ended: str = ""


def look(order: Order, say: Say, show: Callable[[Drawn, Guarded], None]) -> tuple[Plan, list[Refusal]]:
    """Draw and guard an experiment, show it, and change nothing: its plan, and what speaks against it."""
    with drawn(order, say) as drawing:
        found = guarded(drawing, say)
        show(drawing, found)
        return drawing.plan, found.refusals


def run_one(
    order: Order, consent: Consent, say: Say, tell: Tell, manner: Manner, began: Callable[[Plan], None], again: Callable[[], None]
) -> Went:
    """One run of the series; an error is a way that it went, so that the series can be told to its end. began: told of the plan before
    anything is changed."""
    named: list[str] = []

    def begins(plan: Plan) -> None:
        began(plan)
        named.append(plan.run)

    try:
        return _run_one(order, consent, say, tell, manner, begins, again)
    except AichaosError as error:
        return Went(code=_left(named), why=str(error))


def _run_one(
    order: Order, consent: Consent, say: Say, tell: Tell, manner: Manner, begins: Callable[[Plan], None], again: Callable[[], None]
) -> Went:
    with drawn(order, say) as drawing:
        found = guarded(drawing, say)
        if found.refusals:
            return Went(code=5, refusals=found.refusals, why="; ".join(one.message for one in found.refusals))
        approval = consent.to(drawing.plan)
        begins(drawing.plan)
        stops = Stops()
        with stops.on_signals(again):
            report = carry_out(drawing, found, approval, stops, tell, manner)
    return Went(code=exit_code(report), report=report, why=report.finished.stop_reason or "", ended=_by_somebody(stops))


def _left(named: list[str]) -> int:
    """The exit code of a run that ended in an error, by its journal: nothing was changed, all went back, or something is left."""
    if not named or not (state.folder(named[0]) / state.JOURNAL).exists():
        return 5
    kept = listing.one(named[0])
    return 8 if kept.restored not in ("verified", "nothing-changed") else 7 if kept.changes else 5


def _by_somebody(stops: Stops) -> str:
    """Why nothing more should follow: a person stopped the run, here or elsewhere, or the cluster is lost. Its own deadline and its abort
    probes end an experiment and nothing else."""
    reason = stops.stop.reason if stops.stop else ""
    own = reason.startswith(("the abort probe ", "the deadline of "))
    return "" if own else reason


def worst(codes: list[int]) -> int:
    """The exit code of a series: not restored, ended early, no data, did not hold, done; 5 where nothing was begun."""
    return next((code for code in WORST if code in codes), 5 if 5 in codes else 0)
