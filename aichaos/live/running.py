"""`aichaos run` from the approval to the verdict: take the Lease → sample → conduct → restore → probe again → judge.

`planning.py` comes before it. Whatever happens in here, `run.conduct` puts everything back before this returns.
"""

import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Literal

import msgspec

from aichaos.cluster.reader import Reader
from aichaos.domain import clock
from aichaos.domain.about import REPORT, About, Firing, Report
from aichaos.domain.experiment import Probe
from aichaos.domain.results import Metered, ProbeResult, Results
from aichaos.domain.running import Approval, Done, Event, Finished, Place, Plan, Started, Stop, Told, Waiting, beside_lever
from aichaos.domain.sample import Judged, Sample, Verdict
from aichaos.domain.snapshot import Snapshot
from aichaos.errors import AichaosError, SourceError
from aichaos.live.others import answers, changed_by_others
from aichaos.live.planning import Drawn, Guarded, asked, lease_of, targets
from aichaos.live.witness import Watched, Witness, watched
from aichaos.measure import prometheus
from aichaos.measure.conditions import Conditions
from aichaos.measure.conditions import reference as reference_to
from aichaos.measure.sampling import INTERVAL
from aichaos.measure.score import confidence, score
from aichaos.records import past
from aichaos.run import approve, audit, injection, lease, lever, rollout, state, uses
from aichaos.run.conduct import Ended, Start, conduct
from aichaos.run.hold import Writer, take, writing
from aichaos.run.places import choosing, looking
from aichaos.run.series import Series
from aichaos.run.stops import Stops

Say = Callable[[Event], None]
BASELINE = 5.0
"""Seconds in which the probes are asked before and after."""
SETTLES = 30.0
"""Seconds that gateways and pods get after the last inverse, until the steady state has to be met again."""
ROLLOUTS = 300.0
"""Seconds that rollouts get which the way back has caused."""
_PAUSE = 0.5


class Manner(msgspec.Struct, frozen=True, kw_only=True):
    """interval: seconds from one question of a probe to the next, where it does not say. injection: seconds in which a fault has to be
    injected; None for what is usual with its engine. rollouts: seconds that touched workloads get until they are as ready as they were.
    baseline, after: seconds in which the probes are asked before the first step and after everything went back. observe: whether the
    requests whose answers were foretold are sent, too."""

    interval: float = INTERVAL
    injection: float | None = None
    rollouts: float = ROLLOUTS
    settles: float = SETTLES
    baseline: float = BASELINE
    after: float = BASELINE
    observe: bool = True


class _Hands:
    """What `conduct` needs of the other rooms."""

    def __init__(self, drawn: Drawn, witness: Witness, manner: Manner, say: Say) -> None:
        self._conditions = Conditions(drawn.reader)
        self._reader = drawn.reader
        self._witness = witness
        self._manner = manner
        self._say = say

    def begin(self, stops: Stops) -> None:
        self._witness.begin()
        _wait(self._manner.baseline, "the baseline: nothing is changed yet", stops, self._say)

    def holds(self, written: str, condition: str) -> bool | None:
        try:
            return self._conditions.holds(reference_to(written), condition).holds
        except SourceError:
            return None

    def look(self, probe: str, stops: Stops) -> None:
        self._witness.look(probe, stops.unless_stopped)

    def injected(self, place: Place, stops: Stops) -> str:
        def tell(text: str) -> None:
            self._say(Waiting(what=f"{place}: {text}", seconds_left=None))

        look, look_all, within = looking(self._reader), choosing(self._reader), self._manner.injection
        ended = stops.unless_stopped(lambda: injection.wait_injected(place, look, look_all, stops.wait, tell, within))
        return "" if ended is None or ended.good or ended.stopped else ended.text


def _wait(seconds: float, what: str, stops: Stops, say: Say) -> None:
    latest = time.monotonic() + seconds
    while (left := latest - time.monotonic()) > 0 and not stops.stop:
        say(Waiting(what=what, seconds_left=left))
        stops.wait(min(1.0, left))


def carry_out(
    drawn: Drawn,
    guarded: Guarded,
    approval: Approval,
    stops: Stops,
    say: Say,
    manner: Manner = Manner(),  # noqa: B008  frozen
    series: Series | None = None,
) -> Report:
    """Run a plan that the guard has let pass, and put everything back. series: what lends the Lease, and has counted the approval's use.

    Raises RefusedError where the Lease can't be had or the approval is used up, AichaosError where nothing was changed.
    """
    writer = writing(drawn.connection, approval)
    with _kept(series):
        return _carry_out(drawn, guarded, writer, stops, say, manner, series)


@contextmanager
def _kept(series: Series | None) -> Iterator[None]:
    """Whatever becomes of a run of a series, the series has the Lease again afterwards, if it comes back."""
    try:
        yield
    finally:
        if series is not None:
            series.back()


def _carry_out(drawn: Drawn, guarded: Guarded, writer: Writer, stops: Stops, say: Say, manner: Manner, series: Series | None) -> Report:
    order, plan, approval = drawn.order, drawn.plan, writer.approval
    held = series.lend(plan.run) if series is not None else take(writer, lease.place(lease_of(order)), plan.run, order.lever)
    try:
        touched = [(place, looking(drawn.reader)(place)) for place in drawn.places_touched]
        lever.make(writer, lever.place(order.lever))
        if guarded.permit is not None and series is None:
            uses.count(writer, held.place.namespace, guarded.permit.id, guarded.permit.uses)
        how = beside_lever(f"aichaos stop {plan.run}", plan.lever)
        say(Started(run=plan.run, experiment=plan.experiment, steps=[step.text for step in plan.steps], deadline=plan.deadline, stop=how))
        noted = audit.tell(writer, touched, plan.run, "ChaosStarted", f"{approval.who}: {plan.title}. Stop it: {how}", approval.at)
        if not noted:
            say(Told(text="no Events could be written: who did what stands in the journal alone"))
        folder = state.folder(plan.run)
        witness = _witness(drawn, guarded, stops, say, manner)
        hands = _Hands(drawn, witness, manner, say)
    except BaseException:  # also where nobody takes what it says: nothing was changed, and others may run
        lease.release(writer, held)
        raise
    start = Start(
        plan=plan,
        experiment=drawn.experiment,
        access=order.access,
        held=held,
        lever=order.lever,
        mirror=order.journal,
        policy=order.policy,
        guard=order.inside,
    )
    with ExitStack() as stack:
        watching = Reader(drawn.connection, lever.PATIENCE)
        stack.enter_context(lever.watch(watching, lever.place(order.lever), stops.pull))
        stack.callback(witness.end)
        try:
            ended = conduct(start, writer, drawn.places, hands, stops, lambda event: witness.tell(event, clock.now()))
        except AichaosError as error:  # before anything was changed
            lease.release(writer, held)
            say(_unbegun(plan, str(error)))
            raise
        if series is not None:
            series.back()  # it is kept, and heard, while the rest is measured
        after, unmet, seen = _after(drawn, guarded, ended, say, manner)
        if ended.changed or ended.outcome == "completed":
            _wait(manner.after, "the answers after it", stops, say)
    others = changed_by_others(drawn, ended, seen) if unmet else []
    if others:
        say(Told(text=f"{unmet}. Somebody else has changed {', '.join(others[:5])} meanwhile: that stays"))
        unmet = ""
    found = past.results(folder)
    told = _told(drawn, found)
    report = _report(drawn, approval, guarded, ended, found, after, unmet, others)
    report = msgspec.structs.replace(report, alerts=told.alerts, metrics=told.metrics, trouble=[*witness.trouble, *told.trouble])
    audit.tell(writer, touched, plan.run, "ChaosEnded", _summary(report), approve.at())
    if why := _unkept(report):
        say(Told(text=why))
    return report


def _unbegun(plan: Plan, why: str) -> Finished:
    """The last event of a run that has the Lease, and breaks before its first change."""
    return Finished(
        run=plan.run,
        outcome="failed",
        stop_reason=why,
        restored="nothing-changed",
        stop_to_restored_seconds=None,
        verdict="no-data",
        left_over=(),
        foreign=(),
        report="",
    )


class _Told(msgspec.Struct, frozen=True):
    """What Prometheus says of the time of a run, and what it does not."""

    alerts: list[Firing] = []
    metrics: list[Metered] = []
    trouble: list[str] = []


def _told(drawn: Drawn, found: Results) -> _Told:
    server, wanted = drawn.order.prometheus, drawn.experiment.spec.metrics
    if server is None:
        return _Told(trouble=["no Prometheus was named: alerts and the experiment's metrics are not known"] if wanted else [])
    try:
        alerts, off = prometheus.firing(server, found.began, found.ended, prometheus.PATIENCE)
    except prometheus.Unanswered as why:
        return _Told(trouble=[f"which alerts fired is not known: {why}"])
    told = f"the clock of Prometheus is {abs(off):.1f} s {'ahead of' if off > 0 else 'behind'} this machine's: its times are put right"
    return _Told(
        alerts, prometheus.metered(server, wanted, found.windows, prometheus.PATIENCE), [told] if abs(off) > prometheus.SKEW else []
    )


def _witness(drawn: Drawn, guarded: Guarded, stops: Stops, say: Say, manner: Manner) -> Witness:
    expected = drawn.expected
    extra = watched(drawn.written, expected.prediction, expected.requests, guarded.prober) if manner.observe else Watched()
    about = About(
        run=drawn.plan.run,
        experiment=drawn.written,
        prediction=expected.prediction,
        blast_radius=drawn.radius,
        interval=manner.interval,
        sham=drawn.order.sham,
        requests=extra.requests,
        unasked=extra.unasked,
    )

    def abort(probe: Probe, sample: Sample) -> None:
        stops.pull(f"the abort probe {probe.name} fails: {sample.why}")

    return Witness(state.folder(drawn.plan.run), about, guarded.prober, extra.probes, abort, say)


def _after(drawn: Drawn, guarded: Guarded, ended: Ended, say: Say, manner: Manner) -> tuple[list[Judged], str, Snapshot | None]:
    """The probes and the predicted answers once more, after everything went back; what is not as it was before; and the cluster, where it
    was read for that."""
    if not ended.changed or not ended.restored.verified:
        return [], "", None
    if moving := _rolled_out(drawn, say, manner.rollouts):
        return [], moving, None
    was = {one.probe for one in guarded.before if one.verdict == "pass"}
    probes = [probe for probe in drawn.experiment.spec.steady_state if probe.name in was]
    latest = time.monotonic() + manner.settles
    while True:
        found = asked(guarded.prober, probes)
        failing = [one for one in found if one.verdict != "pass"]
        left = latest - time.monotonic()
        if not failing:
            return found, *answers(drawn)
        if left <= 0:
            return found, "; ".join(f"{one.probe}: {one.why}" for one in failing), None
        say(Waiting(what=f"{failing[0].probe} to hold again ({failing[0].why})", seconds_left=left))
        time.sleep(min(_PAUSE, left))


def _rolled_out(drawn: Drawn, say: Say, patience: float) -> str:
    """Wait until the workloads that were touched or hit are as ready as before; what is not so in time, or ""."""
    look, latest = looking(drawn.reader), time.monotonic() + patience
    for ref in dict.fromkeys([*(place.ref for place in drawn.places_touched), *targets(drawn.harms, drawn.topology)]):
        if (workload := drawn.topology.workloads.get(ref)) is None:
            continue
        ready = max(workload.status.ready_replicas, workload.status.number_ready)
        where = drawn.places.of(ref)
        while True:
            try:
                found = look(where)
            except SourceError as error:
                return f"whether the rollout of {ref} is done is not known: {error}"
            why = rollout.unfinished(found, ready) if found is not None else ""
            if not why:
                break
            if (left := latest - time.monotonic()) <= 0:
                status = f"kubectl -n {ref.namespace} rollout status {ref.kind.lower()}/{ref.name}"
                return f"the rollout of {ref} has not ended within {patience:g} s: {why} ({status})"
            say(Waiting(what=f"the rollout of {ref}: {why}", seconds_left=left))
            time.sleep(min(_PAUSE, left))
    return ""


# the end ---------------------------------------------------------------------------------------------------------------------------


def _report(
    drawn: Drawn,
    approval: Approval,
    guarded: Guarded,
    ended: Ended,
    found: Results,
    after: list[Judged],
    unmet: str,
    others: list[str],
) -> Report:
    verified = ended.restored.verified and not unmet
    restored: Literal["verified", "not-restored", "nothing-changed"] = (
        "nothing-changed" if not ended.changed else "verified" if verified else "not-restored"
    )
    finished = Finished(
        run=drawn.plan.run,
        outcome=ended.outcome,
        stop_reason=_reason(ended.stop, ended.failure),
        restored=restored,
        stop_to_restored_seconds=ended.stop_to_restored,
        verdict=found.verdict,
        left_over=[one.object for one in ended.restored.left_over],
        foreign=sorted({*(one.object for one in ended.restored.foreign), *others}),
        report=str(state.folder(drawn.plan.run) / REPORT),
    )
    whole = msgspec.structs.replace(found, restored=restored, outcome=ended.outcome)
    differing = next((one.text for one in found.observations if one.kind == "difference"), "")
    return Report(
        finished=finished,
        approval=approval,
        forecast=drawn.prediction.verdict,
        before=guarded.before,
        during=[_short(one) for one in found.probes if one.role == "steady"],
        after=after,
        failure=ended.failure,
        unmet=unmet,
        score=score(whole),
        confidence=confidence(whole),
        difference=differing,
    )


def _short(one: ProbeResult) -> Judged:
    """A probe as it is said at the end of a run."""
    during = one.window("during")
    reasons = dict.fromkeys(each.why for each in one.objectives if each.verdict == one.verdict and each.why)
    why = "; ".join(reasons) if one.verdict != "pass" else ""
    if during is None:
        return Judged(probe=one.probe, verdict=one.verdict, why=why)
    return Judged(
        probe=one.probe,
        verdict=one.verdict,
        good=during.good,
        bad=during.bad,
        none=during.none,
        success=during.availability.value,
        p50=during.p50.value,
        p95=during.p95.value,
        longest=during.longest,
        why=why,
    )


def _reason(stop: Stop | None, failure: str) -> str | None:
    return stop.reason if stop is not None else failure or None


def _summary(report: Report) -> str:
    done = report.finished
    reason = f" ({done.stop_reason})" if done.stop_reason else ""
    return f"{done.outcome}{reason}; {_WORDS[done.restored]}; the hypothesis: {done.verdict}"


_WORDS = {"verified": "verified restored", "not-restored": "NOT restored", "nothing-changed": "nothing was changed"}


def _unkept(report: Report) -> str:
    """Write the report of a run; why it can't be written, or "". How the run ended is not changed by that."""
    path = Path(report.finished.report)
    try:
        path.write_bytes(msgspec.json.format(msgspec.json.encode(report), indent=2))
    except OSError as error:
        return f"the report could not be written: {error.strerror or error}: {path}"
    return ""


def exit_code(report: Report) -> int:
    """As the commands' page promises it: not restored, ended early, no data, the hypothesis did not hold, done."""
    done = report.finished
    if done.restored == "not-restored":
        return 8
    if done.outcome != "completed":
        interrupted = done.restored == "nothing-changed" and done.outcome == "stopped" and "SIGINT" in (done.stop_reason or "")
        return 130 if interrupted else 7
    codes: dict[Verdict, int] = {"no-data": 9, "fail": 3, "pass": 0}
    return codes[done.verdict]


# rehearsing ------------------------------------------------------------------------------------------------------------------------


class Rehearsed(msgspec.Struct, frozen=True, kw_only=True):
    """What the server says to one step without carrying it out. outcome: accepted, refused, skipped."""

    step: str
    outcome: Literal["accepted", "refused", "skipped"]
    why: str = ""


def rehearse(drawn: Drawn) -> list[Rehearsed]:
    """Send each change that can stand alone with `dryRun=All`; what depends on an earlier one is skipped."""
    writer = writing(drawn.connection, approve.in_person(drawn.plan, "yes", "a rehearsal: nothing is kept"))
    found, changed = [], set[Place]()
    for step in drawn.plan.steps:
        if step.intent is None:
            found.append(Rehearsed(step=step.text, outcome="skipped", why="it changes nothing"))
            continue
        change = step.intent.change
        if change.place in changed:
            found.append(Rehearsed(step=step.text, outcome="skipped", why="it depends on a step before"))
            continue
        changed.add(change.place)
        outcome = writer.send(change, dry_run=True)
        good = isinstance(outcome, Done)
        why = "" if good else getattr(outcome, "why", "") or "it is not there"
        found.append(Rehearsed(step=step.text, outcome="accepted" if good else "refused", why=why))
    return found
