"""A run from its folder to its `Results`: journal, about, samples and report, whatever of them is there.

Pure over the files, so that the report of a run is the same today and in a year, and also of a run that was cut short or made by an older
version. What is missing is said in `Results.missing`; nothing is filled in.
"""

from collections.abc import Iterable, Iterator, Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any, Literal, TypeVar

import msgspec
from msgspec.structs import replace

from aichaos.domain import forms
from aichaos.domain.about import ABOUT, REPORT, About, Firing, Report, Word, word_of
from aichaos.domain.experiment import Experiment, Probe
from aichaos.domain.results import Alert, Change, Compared, ProbeResult, Results, Sham
from aichaos.domain.running import Checked, Closed, Done, Intent, JournalEntry, Opened, Restoring, Result, StepBegan, Stopping, Undone
from aichaos.domain.sample import Sample, Verdict, together
from aichaos.errors import FileError
from aichaos.measure import samples
from aichaos.measure.against import compared
from aichaos.measure.compare import beside_sham, effects
from aichaos.measure.objectives import objectives
from aichaos.measure.observations import observations
from aichaos.measure.reading import Reading, Times, readings
from aichaos.measure.samples import Second
from aichaos.measure.score import confidence, score
from aichaos.measure.ways import ways
from aichaos.measure.windows import Finder, Moments, windows
from aichaos.run import journal, state

T = TypeVar("T")
_LATE = 0.1
"""Seconds by which a question may be late before it is worth a word."""
_SILENCE = 10.0
"""Seconds without an answer before the way back that are worth a word."""
_SET = 1.0
"""Seconds by which a clock may go back, as when it is slowly put right."""


class Folder(msgspec.Struct, frozen=True, kw_only=True):
    """What is left of a run. missing: what is not there, or can't be read, in words. goes: whether a process still works on it."""

    path: Path
    opened: Opened
    entries: list[JournalEntry]
    about: About | None
    report: Report | None
    missing: list[str]
    goes: bool = False


def results(folder: Path) -> Results:
    """Everything that is known of a run. folder: the run's own, in the state directory; the sham runs beside it are looked at, too.
    Raises FileError where it holds no journal."""
    kept = read(folder)
    moments = _moments(kept)
    missing = [*kept.missing]
    seen = readings(_lines(kept, missing), windows(moments))
    probes = _probes(kept, seen, moments)
    missing += [*_lacking(probes, seen), *_lost(kept, moments, seen), *_clock(kept)]
    found = _results(kept, moments, missing, probes)
    found = replace(found, prediction=_compared(kept, moments), sham=_beside_sham(kept, seen))
    found = replace(found, score=score(found), confidence=confidence(found))
    return replace(found, observations=observations(found))


def _lacking(probes: Sequence[ProbeResult], seen: dict[str, Reading]) -> Iterator[str]:
    if not any(window.samples for one in probes for window in one.windows):
        yield "no answer of any probe was kept"
    elif all((window := one.window("baseline")) is None or not window.samples for one in probes):
        yield "there is no baseline: nothing was asked before the first step, so that effects can't be told from what is usual"
    late = max((one.late for one in seen.values()), default=0.0)
    if late > _LATE:
        yield f"this machine was busy: questions were asked up to {late * 1000:.0f} ms after they were due, which counts as latency"


def _lost(kept: Folder, moments: Moments, seen: dict[str, Reading]) -> Iterator[str]:
    """That answers end long before the run did: a disk that was full, a file of which the end is lost."""
    if kept.about is None:
        return
    spec, interval = kept.about.experiment.spec, kept.about.interval
    slowest = max((1 / one.rate if one.rate else interval for one in (*spec.steady_state, *spec.abort)), default=interval)
    end = moments.restoring if moments.restoring is not None else moments.ended
    name, last = min(((name, one.last) for name, one in seen.items() if one.last), key=lambda each: each[1], default=("", end))
    if end - last > max(_SILENCE, 3 * slowest):
        yield f"of {name} no answer was kept of the last {end - last:.0f} s before the way back"


def _clock(kept: Folder) -> Iterator[str]:
    """That the machine's clock was set meanwhile: entries of a journal are written one after the other."""
    at = [one.at for one in kept.entries if not isinstance(one, Intent)]
    back = max((earlier - later for earlier, later in pairwise(at)), default=0.0)
    if back > _SET:
        yield f"the clock of the machine was set back by {back:.0f} s during the run: windows and times are not to be trusted"


def read(folder: Path) -> Folder:
    """The files of a run. Raises FileError where there is no journal that can be read."""
    missing: list[str] = []
    entries, unread = journal.entries(folder / state.JOURNAL)
    opened = next((one for one in entries if isinstance(one, Opened)), None)
    if opened is None:
        raise FileError(f"{folder / state.JOURNAL} does not say which run it is of", hint="`aichaos runs` lists the runs of this machine.")
    if unread:
        missing.append(f"{len(unread)} line{'s' * (len(unread) != 1)} of the journal can't be read: of another version, or spoiled")
    about = _decoded(folder / ABOUT, About, "what was run and foretold", missing)
    goes = not any(isinstance(one, Closed) for one in entries) and state.is_locked(folder)
    report = None if goes else _decoded(folder / REPORT, Report, "the end of the run", missing)
    return Folder(path=folder, opened=opened, entries=entries, about=about, report=report, missing=missing, goes=goes)


def _decoded(path: Path, kind: type[T], what: str, missing: list[str]) -> T | None:
    try:
        return forms.decode(path.read_bytes(), kind)
    except OSError:
        missing.append(f"{what} was not kept: there is no {path.name}")
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        missing.append(f"{what} can't be read: {path.name}: {error}")
    return None


# when ------------------------------------------------------------------------------------------------------------------------------


def _of(kept: Folder, kind: type[T]) -> list[T]:
    return [one for one in kept.entries if isinstance(one, kind)]


def _moments(kept: Folder) -> Moments:
    words = {step.number: step.text for step in kept.opened.plan.steps}
    steps = [(one.number, words.get(one.number, f"step {one.number}"), one.at) for one in _of(kept, StepBegan)]
    restoring = next((one.at for one in _of(kept, Restoring)), None)
    restored = next((one.at for one in reversed(_of(kept, Checked))), None) or next((one.at for one in _of(kept, Closed)), None)
    at = [one.at for one in kept.entries if not isinstance(one, Intent)]
    return Moments(opened=kept.opened.at, steps=steps, restoring=restoring, restored=restored, ended=max([*at, _last_sample(kept)]))


def _last_sample(kept: Folder) -> float:
    """When the last answer that was kept was due; 0 for none. Lines are nearly in order: the last few say it."""
    try:
        with (kept.path / samples.NAME).open("rb") as file:
            file.seek(0, 2)
            file.seek(max(0, file.tell() - (64 << 10)))
            tail = file.read().split(b"\n")
    except OSError:
        return 0.0
    found = 0.0
    for line in tail:
        try:
            found = max(found, forms.decode(line, Second).to)
        except (msgspec.DecodeError, UnicodeDecodeError):
            continue
    return found


# what was seen ---------------------------------------------------------------------------------------------------------------------


def _lines(kept: Folder, missing: list[str]) -> Iterator[Second]:
    path = kept.path / samples.NAME
    if not path.exists():
        older = _older(kept.path / REPORT)
        missing.append("the samples were not kept in a file of their own" + (": those of its report are taken" if older else ""))
        yield from older
        return
    unread: list[int] = []
    yield from samples.read(path, unread.append)
    if unread:
        missing.append(f"{len(unread)} line{'s' * (len(unread) != 1)} of the samples can't be read")


class _Older(msgspec.Struct):
    samples: list[Sample] = []


def _older(path: Path) -> list[Second]:
    """The samples of a report as versions before 0.2 wrote it: one by one."""
    try:
        found = forms.decode(path.read_bytes(), _Older).samples
    except (OSError, msgspec.DecodeError, UnicodeDecodeError):
        return []
    return [samples.line_of(one) for one in found]


def _probes(kept: Folder, seen: dict[str, Reading], moments: Moments) -> list[ProbeResult]:
    if kept.about is None:
        return [_unknown(name, reading) for name, reading in seen.items()]
    spec = kept.about.experiment.spec
    asks = {one.sample: kept.about.prediction.requests[one.number] for one in kept.about.requests}
    found = [_probe(probe, "steady", seen.get(probe.name), moments) for probe in spec.steady_state]
    found += [_probe(probe, "abort", seen.get(probe.name), moments) for probe in spec.abort]
    return [replace(one, request=asks.get(one.probe)) for one in found]


def _probe(probe: Probe, role: Literal["steady", "abort"], reading: Reading | None, moments: Moments) -> ProbeResult:
    reading = reading or Reading(windows(moments), 1.0)
    since = _first_change(moments)
    times = reading.times(since) if since is not None else Times()
    promised = objectives(probe, reading.tally("during"), times, since or moments.opened, reading.last)
    return ProbeResult(
        probe=probe.name,
        kind="http" if probe.http else "kubernetes" if probe.kubernetes else "prometheus",
        role=role,
        asked=asked(probe),
        verdict=together(one.verdict for one in promised),
        windows=reading.measured(),
        objectives=promised,
        effects=effects(reading.tally("baseline"), reading.tally("during")),
        timeline=reading.timeline(),
        time_to_detect=times.first_bad - since if times.first_bad is not None and since is not None else None,
        time_to_recover=times.good_again - times.first_bad if times.good_again is not None and times.first_bad is not None else None,
    )


def _first_change(moments: Moments) -> float | None:
    return moments.steps[0][2] if moments.steps else None


def _unknown(name: str, reading: Reading) -> ProbeResult:
    """A probe of which only its samples are left: what was promised of it is not known, so it is not judged."""
    return ProbeResult(
        probe=name, kind="http", role="steady", asked="", verdict="no-data", windows=reading.measured(), timeline=reading.timeline()
    )


def asked(probe: Probe) -> str:
    """A probe's question as a person would say it."""
    if probe.http is not None:
        return f"{probe.http.method} {probe.http.url}" + (f" via {probe.http.via}" if probe.http.via else "")
    if probe.kubernetes is not None:
        return f"{probe.kubernetes.object} is {probe.kubernetes.condition}"
    assert probe.prometheus is not None
    return f"{probe.prometheus.query} {probe.prometheus.expect}"


# beside what was foretold, and beside its sham -------------------------------------------------------------------------------------


def _compared(kept: Folder, moments: Moments) -> list[Compared]:
    if kept.about is None:
        return []
    return compared(kept.about, moments, _lines(kept, []))


class _Kin(msgspec.Struct):
    """What tells whether another run is the sham of this one."""

    experiment: Experiment
    sham: bool = False


def _beside_sham(kept: Folder, seen: dict[str, Reading]) -> Sham | None:
    """Beside the latest sham run of the same experiment in the same cluster; None where there is none."""
    if kept.about is None or kept.about.sham:
        return None
    shams = [one for path in kept.path.parent.glob(f"*/{ABOUT}") if (one := _sham_of(path, kept)) is not None]
    if not shams:
        return None
    sham = max(shams, key=lambda one: one.opened.at)
    other = readings(_lines(sham, []), windows(_moments(sham)))
    names = [probe.name for probe in kept.about.experiment.spec.steady_state]
    real, idle = ({name: one[name].tally("during") for name in names if name in one} for one in (seen, other))
    usual = {name: seen[name].tally("baseline") for name in real}
    return beside_sham(sham.opened.plan.run, real, idle, usual)


def _sham_of(path: Path, kept: Folder) -> Folder | None:
    try:
        kin = forms.decode(path.read_bytes(), _Kin)
        if not kin.sham or kept.about is None or kin.experiment != kept.about.experiment:
            return None
        other = read(path.parent)
    except (OSError, msgspec.DecodeError, UnicodeDecodeError, FileError):
        return None  # what can't be read is no run to compare with; its own report says so
    return other if other.opened.plan.cluster == kept.opened.plan.cluster else None


# the whole -------------------------------------------------------------------------------------------------------------------------


def overall(probes: Iterable[ProbeResult]) -> Verdict:
    return together(one.verdict for one in probes if one.role == "steady")


def _results(kept: Folder, moments: Moments, missing: list[str], probes: list[ProbeResult]) -> Results:
    opened, about, report = kept.opened, kept.about, kept.report
    plan, closed = opened.plan, next(iter(_of(kept, Closed)), None)
    judged = overall(probes) if about is not None or report is None else report.finished.verdict
    checked = next(iter(reversed(_of(kept, Checked))), None)
    if closed is None and not kept.goes:
        missing.append("the run was cut short: its journal has no end")
    elif closed is None:
        missing.append("the run still goes: all is told as far as it has come")
    return Results(
        run=plan.run,
        experiment_name=plan.experiment,
        title=plan.title,
        hypothesis=about.experiment.spec.hypothesis if about else "",
        digest=plan.digest,
        experiment=about.experiment if about else None,
        cluster=plan.cluster,
        server=plan.server,
        context=opened.access.context,
        who=opened.approval.who,
        approved=opened.approval.how,
        program=opened.version,
        host=opened.host,
        began=opened.at,
        ended=moments.ended,
        sham_run=about.sham if about else False,
        blast_radius=about.blast_radius if about else None,
        outcome=_outcome(kept, closed),
        stop_reason=_stop_reason(kept),
        restored=_restored(report, closed),
        stop_to_restored_seconds=report.finished.stop_to_restored_seconds if report else None,
        left_over=list(checked.left_over) if checked else [],
        foreign=list(checked.foreign) if checked else [],
        complete=closed is not None,
        verdict=judged,
        verdict_why=_why(judged, probes),
        steps=[step.text for step in plan.steps],
        windows=windows(moments),
        changes=list(_changes(kept)),
        probes=probes,
        ways=ways(about.prediction, about.blast_radius) if about else [],
        forecast=about.prediction.verdict if about else report.forecast if report else "",
        alerts=[_alert(one, moments) for one in report.alerts] if report else [],
        metrics=report.metrics if report else [],
        missing=missing + (report.trouble if report else []),
    )


def _alert(one: Firing, moments: Moments) -> Alert:
    """An alert that was firing at the very beginning says nothing of the run."""
    window = Finder(windows(moments)).of(one.first)[0]
    before = window.kind == "baseline"
    return Alert(name=one.name, labels=one.labels, first=one.first, last=one.last, window=window.kind, before=before)


def _outcome(kept: Folder, closed: Closed | None) -> Any:
    if closed is not None:
        return closed.outcome if closed.outcome in ("completed", "stopped", "failed") else "unfinished"
    return "running" if kept.goes else "unfinished"


def _restored(report: Report | None, closed: Closed | None) -> Word:
    said, left = (report.finished.restored, report.finished.left_over) if report is not None else (None, ())
    return word_of(said, left, closed.restored if closed is not None else None)


def _stop_reason(kept: Folder) -> str | None:
    """Why it ended early: as somebody asked, as its end says, or that its process did not live to say anything."""
    told = next((one.reason for one in _of(kept, Stopping)), None) or (kept.report.finished.stop_reason if kept.report else None)
    others = [_WHO[one.who] for one in _of(kept, Restoring) if one.who in _WHO]
    return told or (f"its process died; {others[-1]} began to put everything back" if others and kept.report is None else None)


_WHO = {"watchdog": "its watchdog", "recover": "`aichaos recover`", "in-cluster": "the guard in the cluster"}


def _why(judged: Verdict, probes: Sequence[ProbeResult]) -> str:
    steady = [one for one in probes if one.role == "steady"]
    if not steady:
        return "there is no steady state: nothing could have shown a failure"
    said = dict.fromkeys(
        f"{one.probe}: {each.why}" if each.why else f"{one.probe}: {each.text}: {each.observed}"
        for one in steady
        for each in one.objectives
        if each.verdict == judged
    )
    return "; ".join(list(said)[:3])


def _changes(kept: Folder) -> Iterator[Change]:
    intents = {one.number: one for one in _of(kept, Intent)}
    for one in kept.entries:
        if isinstance(one, Result) and (intent := intents.get(one.number)) is not None:
            yield _change(one.at, intent.step, intent.change.verb, str(intent.change.place), one.outcome)
        elif isinstance(one, Undone):
            yield _change(one.at, 0, "restore", str(one.place), one.outcome)


def _change(at: float, step: int, verb: str, what: str, outcome: Any) -> Change:
    why = getattr(outcome, "why", "")
    said = "done" if isinstance(outcome, Done) else outcome.__struct_config__.tag + (f": {why}" if why else "")
    return Change(at=at, step=step, verb=verb, object=what, outcome=said)
