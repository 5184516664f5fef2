"""Several runs in order, each an ordinary one: drawn anew on the cluster as it is then, guarded, run, restored, judged.

What a person is shown and asked is asked once for the whole series, or a file says that it was reviewed as a whole. Either is for texts
that were shown: what is run later is the same text, or it is not run. One Lease is held from the first run to the last.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Literal

import msgspec

from aichaos.cluster.connection import connect
from aichaos.cluster.reader import Reader
from aichaos.domain.about import Report
from aichaos.domain.running import Approval, Event, Plan
from aichaos.errors import AichaosError, RefusedError
from aichaos.live.planning import Drawn, Order, Within, drawn, guarded, lease_of
from aichaos.live.running import Manner, carry_out, exit_code
from aichaos.run import approve, lever, listing, state, whole
from aichaos.run.approve import Part, Permit, Whole
from aichaos.run.hold import writing
from aichaos.run.plan import Refusal
from aichaos.run.series import Series, Start, holding
from aichaos.run.stops import Stops

WORST = (8, 7, 9, 3, 0)
"""Exit codes of runs, the worst first."""

Say = Callable[[str], None]
Tell = Callable[[Event], None]


class Consent(msgspec.Struct, frozen=True, kw_only=True):
    """That somebody wants a series: how they said so, why, on which cluster (its address), and of which texts (digests of experiments).
    permit: the file that says so."""

    how: Literal["keyboard", "yes", "file"]
    cluster: str
    why: str = ""
    digests: frozenset[str]
    permit: Permit | None = None

    def to(self, plan: Plan) -> Approval:
        """The approval of one run. Raises RefusedError for a text that was not shown."""
        if plan.digest not in self.digests:
            hint = "It was changed meanwhile. Start again, and read the plan again."
            raise RefusedError(f"{plan.experiment} is not the experiment that was shown", hint=hint)
        return self.to_whole(plan)

    def to_whole(self, plan: Plan) -> Approval:
        """The approval of the series itself, which changes nothing."""
        if self.permit is not None:
            return approve.by_file(self.permit, plan)
        assert self.how != "file"
        return approve.in_person(plan, self.how, self.why)


class Went(msgspec.Struct, frozen=True, kw_only=True):
    """How one run of a series went. report: None where it was not begun; refusals, why: the reasons. ended: why somebody wants no more."""

    code: int
    report: Report | None = None
    refusals: list[Refusal] = []
    why: str = ""
    ended: str = ""


class Looked(msgspec.Struct, frozen=True, kw_only=True):
    """What was seen of one experiment before anything is begun: its plan, what an approval says of it, and what speaks against it."""

    plan: Plan
    part: Part
    refusals: Sequence[Refusal]
    permit: Permit | None = None


def look(order: Order, say: Say, show: Callable[[Drawn, list[str]], None], *, guard: bool = True) -> Looked:
    """Draw and guard an experiment, show it with its warnings, and change nothing. guard: False for whoever reviews it for another time:
    the probes and who else runs something do not matter then."""
    with drawn(order, say) as drawing:
        if not guard:
            show(drawing, list(drawing.plan.warnings))
            return Looked(plan=drawing.plan, part=drawing.part, refusals=[*drawing.findings, *drawing.made.refusals])
        found = guarded(drawing, say)
        show(drawing, found.warnings)
        return Looked(plan=drawing.plan, part=drawing.part, refusals=found.refusals, permit=found.permit)


def plan_of(name: str, title: str, series: str, covered: Whole, looked: Sequence[Looked]) -> Plan:
    """The plan of a series: no step of its own. name: the GameDay's or the experiment's. series: its own name."""
    first = looked[0].plan
    return Plan(
        run=series,
        experiment=name,
        title=title,
        digest=covered.digest,
        cluster=first.cluster,
        server=first.server,
        steps=(),
        deadline=sum(one.plan.deadline for one in looked),
        lever=first.lever,
        kubernetes=first.kubernetes,
    )


def unapproved(covered: Whole, looked: Sequence[Looked]) -> list[Refusal]:
    """Why the approval that was shown is not of this whole; empty also where none was shown."""
    permit = looked[0].permit
    hint = "Ask for another review of all of it with `aichaos approve`."
    return [Refusal(name=name, message=told, hint=hint) for name, told in whole.differing(permit, covered)] if permit else []


@contextmanager
def under_one_guard(plan: Plan, order: Order, consent: Consent) -> Iterator[Series]:
    """Hold the cluster's Lease for a series, in the block, and listen for whoever stops it, Ctrl-C between two runs included. Raises
    RefusedError, AichaosError."""
    stops = Stops()
    with (
        connect(kubeconfig=order.choice.kubeconfig, context=order.choice.context) as connection,
        stops.on_signals(lambda: None),  # it ends within a moment; a run has signals of its own
    ):
        start = Start(
            plan=plan,
            access=order.access,
            lease=lease_of(order),
            mirror=order.journal,
            policy=order.policy,
            permit=consent.permit,
        )
        watching, writer = Reader(connection, lever.PATIENCE), writing(connection, consent.to_whole(plan))
        with lever.watch(watching, lever.place(order.lever), stops.pull), holding(start, writer, stops) as series:
            yield series


class Conduct(msgspec.Struct, frozen=True, kw_only=True):
    """What every run of a series is led by. began: told of a plan before anything is changed. again: Ctrl-C once more."""

    series: Series
    consent: Consent
    say: Say
    tell: Tell
    manner: Manner
    again: Callable[[], None]


def run_one(order: Order, part: int | None, conduct: Conduct, began: Callable[[Plan], None]) -> Went:
    """One run of the series; an error is a way that it went, so that the series can be told to its end. part: which one, from 0; None for
    one between two that were shown. began: told of the plan before anything is changed."""
    named: list[str] = []

    def begins(plan: Plan) -> None:
        began(plan)
        named.append(plan.run)

    try:
        return _run_one(msgspec.structs.replace(order, within=Within(part=part, series=conduct.series.name)), conduct, begins)
    except AichaosError as error:
        return Went(code=_left(named), why=str(error), ended=_stopped(conduct.series.stops))


def _run_one(order: Order, conduct: Conduct, begins: Callable[[Plan], None]) -> Went:
    with drawn(order, conduct.say) as drawing:
        found = guarded(drawing, conduct.say)
        if found.refusals:
            return Went(code=5, refusals=found.refusals, why="; ".join(one.message for one in found.refusals))
        approval = conduct.consent.to(drawing.plan)
        begins(drawing.plan)
        stops = Stops()
        with stops.on_signals(conduct.again):
            report = carry_out(drawing, found, approval, stops, conduct.tell, conduct.manner, conduct.series)
    ended = _by_somebody(stops) or _stopped(conduct.series.stops)
    return Went(code=exit_code(report), report=report, why=report.finished.stop_reason or "", ended=ended)


def _stopped(stops: Stops) -> str:
    return stops.stop.reason if stops.stop else ""


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
