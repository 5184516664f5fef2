"""What a GameDay was, from what was written down: its own file, the journals and the reports of its runs. Nothing needs its process.

What was measured is told as it was measured. What people have to say comes from their notes, and where they noted nothing, that is said.
"""

from collections.abc import Iterator
from datetime import UTC, datetime

import msgspec

from aichaos import saving
from aichaos.check.decode import experiment_of
from aichaos.domain.experiment import Experiment
from aichaos.domain.gameday import (
    Action,
    DayBegan,
    DayEnded,
    DayEntry,
    Debrief,
    GateSeen,
    Line,
    Note,
    Scene,
    SceneBegan,
    SceneDone,
    SceneEnded,
    Seen,
)
from aichaos.domain.results import ProbeResult, Results, WindowKind
from aichaos.errors import FileError
from aichaos.records import past
from aichaos.report.kubectl import text as step_text
from aichaos.run import days, journal, state

_REFUSED = 5
"""The exit code of a run that was not begun: nothing was changed."""
_LATE = 60.0
"""Seconds without a note while answers are bad, after which the silence is said."""


def debrief(day: str) -> Debrief:
    """Everything about a day. Raises FileError where nothing of it can be read."""
    kept = days.read(day)
    began, spec = kept.began, kept.began.day.spec
    ended = next((one for one in kept.entries if isinstance(one, DayEnded)), None)
    notes = [one for one in kept.entries if isinstance(one, Note)]
    missing = [f"line {number} of {days.folder(day) / days.ENTRIES} can't be read" for number in kept.unread]
    if ended is None and not state.is_locked(days.folder(day)):
        missing.append("the day's process ended before the day did: what follows is told from its files")
    made = [_scene(day, number, scene, kept.entries, missing) for number, scene in enumerate(spec.scenarios, 1)]
    scenes = [one for one, _ in made]
    over = ended.at if ended else max(one.at for one in kept.entries)
    return Debrief(
        day=day,
        title=spec.title,
        objective=spec.objective,
        planned=spec.date,
        participants=spec.participants,
        led_by=began.who,
        cluster=began.cluster,
        began=_time(began.at),
        ended=_time(ended.at) if ended else "",
        seconds=round(over - began.at, 1),
        code=ended.code if ended else None,
        why=ended.why if ended else "",
        differences=[f"{one.name}: {text}" for one in scenes for text in one.differences],
        scenarios=scenes,
        worked=[*_worked(scenes), *_noted(notes, "worked")],
        failed=[*_failed(scenes), *_noted(notes, "failed")],
        actions=[*_to_do(made), *(Action(text=one.text, origin=one.who) for one in notes if one.kind == "action")],
        response=list(_response(scenes)),
        communication=[*_communication(notes, scenes), *_noted(notes, "communication")],
        issues=list(_issues(scenes)),
        process=list(_process(scenes, missing)),
        timeline=[_line(one, began, spec.scenarios) for one in sorted(kept.entries, key=lambda one: one.at)],
        missing=missing,
    )


# one scenario --------------------------------------------------------------------------------------------------------------------------


def _scene(day: str, number: int, scene: Scene, entries: list[DayEntry], missing: list[str]) -> tuple[SceneDone, Experiment | None]:
    began = next((one for one in entries if isinstance(one, SceneBegan) and one.number == number), None)
    ended = next((one for one in entries if isinstance(one, SceneEnded) and one.number == number), None)
    experiment = _experiment(day, number, scene, missing)
    done = SceneDone(
        number=number,
        name=scene.name,
        hypothesis=experiment.spec.hypothesis if experiment else "",
        steps=[step_text(step) for step in experiment.spec.steps] if experiment else [],
        state="refused" if ended is not None else "not-run",
        code=ended.code if ended else None,
        why=ended.why if ended else "",
        duration=scene.duration,
        gates=[_gate(one) for one in entries if isinstance(one, GateSeen) and one.number == number],
        observe=scene.observe,
    )
    refused = ended is not None and ended.code == _REFUSED
    return (_run(done, began, ended, entries, missing) if began is not None and not refused else done), experiment


def _experiment(day: str, number: int, scene: Scene, missing: list[str]) -> Experiment | None:
    try:
        return saving.load(saving.file_in(days.folder(day), number, scene.name), experiment_of)
    except FileError as error:
        missing.append(str(error))
        return None


def _run(done: SceneDone, began: SceneBegan, ended: SceneEnded | None, entries: list[DayEntry], missing: list[str]) -> SceneDone:
    """A scenario that was begun, with what the folder of its run holds."""
    over = ended.at if ended else None
    notes = [one for one in entries if isinstance(one, Note) and one.at >= began.at and (over is None or one.at <= over)]
    told = msgspec.structs.replace(
        done,
        state="cut-off",
        restored="unknown",
        why=done.why or ("" if ended else _CUT),
        run=began.run,
        began=_time(began.at),
        ended=_time(over) if over else "",
        seconds=round(over - began.at, 1) if over else None,
        notes=[f"{one.who}: {one.text}" for one in notes],
        first_note=round(notes[0].at - began.at, 1) if notes else None,
    )
    try:
        found = past.results(state.folder(began.run))
    except FileError as error:
        missing.append(f"nothing that run {began.run} measured is known: {error}")
        return told
    missing += [f"{done.name}: {one}" for one in found.missing]
    return _with_results(told, found, began.at, cut_off=ended is None)


def _with_results(told: SceneDone, found: Results, began: float, *, cut_off: bool) -> SceneDone:
    """cut_off: whether the day did not see the scenario's end."""
    running = found.outcome == "running"
    state_now = "running" if running else "cut-off" if cut_off or found.outcome == "unfinished" else found.outcome
    bad = _first_bad(found)
    return msgspec.structs.replace(
        told,
        state=state_now,
        why="" if running else told.why,
        verdict=None if cut_off else found.verdict,
        restored=None if running else found.restored,
        restored_by=_restorer(told.run) if found.restored in ("verified", "not-restored") else "",
        seconds_to_restore=found.stop_to_restored_seconds,
        seen=list(_seen(found)),
        promises=[promise for one in _steady(found) for promise in one.objectives] if not cut_off else [],
        foretold=sum(one.verdict != "not-observed" for one in found.prediction),
        differences=[one.text for one in found.observations if one.kind == "difference"],
        observations=[one.text for one in found.observations if one.severity in ("high", "medium") and one.kind != "difference"],
        score=found.score.value,
        confidence="" if running or cut_off else found.confidence.word,
        first_bad=round(bad - began, 1) if bad is not None else None,
        report=str(state.folder(told.run)),
    )


_WINDOWS: tuple[WindowKind, ...] = ("baseline", "during", "after")


def _seen(found: Results) -> Iterator[Seen]:
    for one in _steady(found):
        for kind in _WINDOWS:
            window = one.window(kind)
            if window is not None and window.samples:
                yield Seen(probe=one.probe, measured=window)


def _steady(found: Results) -> list[ProbeResult]:
    return [one for one in found.probes if one.role == "steady"]


def _first_bad(found: Results) -> float | None:
    """When the first answer was bad, once something had been changed."""
    during = found.window("during")
    detected = [one.time_to_detect for one in found.probes if one.time_to_detect is not None]
    return during.start + min(detected) if during is not None and detected else None


_CUT = "its process ended before it did"
_RESTORERS = {
    "main": "the run itself",
    "watchdog": "its watchdog",
    "recover": "`aichaos recover`",
    "in-cluster": "the guard in the cluster",
}


def _restorer(run: str) -> str:
    """Who has put things back, by the journal: the last who began to."""
    began = journal.read(state.folder(run) / state.JOURNAL).restoring
    return _RESTORERS.get(began[-1].who, began[-1].who) if began else ""


def _gate(one: GateSeen) -> str:
    return f"{one.gate}: {'open' if one.opened else 'CLOSED'} ({one.why})"


# what is said of all of them --------------------------------------------------------------------------------------------------------


def _noted(notes: list[Note], kind: str) -> list[str]:
    return [f"{one.text} ({one.who})" for one in notes if one.kind == kind]


def _worked(scenes: list[SceneDone]) -> Iterator[str]:
    for one in scenes:
        if one.foretold and not one.differences:
            yield f"{one.name}: {_came(one.foretold)} as foretold"
        if one.verdict == "pass" and one.confidence != "low":
            yield f"{one.name}: the hypothesis held ({_during(one)})"
        if one.restored == "verified":
            took = f", {one.seconds_to_restore:.1f} s after it was stopped" if one.seconds_to_restore is not None else ""
            yield f"{one.name}: restored by {one.restored_by}, and verified{took}"


def _failed(scenes: list[SceneDone]) -> Iterator[str]:
    yield from (f"{one.name}: {text}" for one in scenes for text in one.differences)
    for one in scenes:
        if one.verdict == "fail":
            yield f"{one.name}: the hypothesis did not hold ({_broken(one)})"
        if one.verdict == "no-data":
            yield f"{one.name}: no data: {_untold(one)}"
        if one.restored == "not-restored" or one.restored == "unknown":
            yield f"{one.name}: NOT restored, as far as is known here: `aichaos recover {one.run}`"
        if one.state in ("refused", "failed", "stopped", "cut-off"):
            yield f"{one.name}: {_STATES[one.state]}{f': {one.why}' if one.why else ''}"


def _came(answers: int) -> str:
    return "the answer that was observed came" if answers == 1 else f"all {answers} answers that were observed came"


_STATES = {"refused": "the guard refused it", "failed": "it ended early", "stopped": "it was stopped", "cut-off": "nobody saw its end"}


def _during(scene: SceneDone) -> str:
    """What was measured while the fault was there."""
    told = []
    for one in scene.seen:
        if one.measured.window == "during":
            share, p95 = one.measured.availability.value, one.measured.p95.value
            answers = f"{share:.1%} of {one.measured.good + one.measured.bad} answers good" if share is not None else "no answers that tell"
            told.append(f"{one.probe}: {answers}" + (f", p95 {p95 * 1000:.0f} ms" if p95 is not None else ""))
    return "; ".join(told) or "nothing was probed"


def _untold(scene: SceneDone) -> str:
    """What could not be told of a scenario without data: nothing, or some of it."""
    if not any(one.verdict == "pass" for one in scene.promises):
        return "nothing could have shown a failure"
    return "; ".join(dict.fromkeys(f"{one.text}: {one.why}" for one in scene.promises if one.verdict == "no-data"))


def _broken(scene: SceneDone) -> str:
    """Which promises were broken."""
    broken = [one.why or f"{one.text}: {one.observed}" for one in scene.promises if one.verdict == "fail"]
    return "; ".join([_during(scene), *broken])


def _to_do(made: list[tuple[SceneDone, Experiment | None]]) -> Iterator[Action]:
    """What came otherwise than it was foretold; what the experiments themselves say to change, where their hypothesis did not hold; and
    what to mend in the day."""
    for one, _ in made:
        yield from (Action(text=f"Find out why this was {text}", origin=one.name) for text in one.differences)
    for one, experiment in made:
        if one.verdict == "fail" and experiment is not None:
            yield from (Action(text=text, origin=one.name) for text in experiment.spec.remediation)
        if one.verdict == "no-data":
            partly = any(each.verdict == "pass" for each in one.promises)
            text = (
                "Make measurable what could not be measured"
                if partly
                else "Give it a probe that can fail, and an address that it can be asked at"
            )
            yield Action(text=text, origin=one.name)
        if one.state in ("not-run", "refused", "cut-off"):
            yield Action(text="Run it again: it was not carried out to its end", origin=one.name)
        if one.restored in ("not-restored", "unknown"):
            yield Action(text=f"Restore what is left: aichaos recover {one.run}", origin=one.name)


def _response(scenes: list[SceneDone]) -> Iterator[str]:
    for one in scenes:
        if not one.run:
            continue
        bad = f"first bad answer after {one.first_bad:g} s" if one.first_bad is not None else "no bad answer"
        if one.first_note is None:
            yield f"{one.name}: {bad}; nobody noted anything"
            continue
        later = one.first_note - one.first_bad if one.first_bad is not None else -1.0
        since = f" ({later:.1f} s after it)" if later >= 0 else ""
        yield f"{one.name}: {bad}; first note after {one.first_note:g} s{since}"


def _communication(notes: list[Note], scenes: list[SceneDone]) -> Iterator[str]:
    if not notes:
        yield "nothing was noted, so nothing can be said; `aichaos gameday note TEXT` writes a note while the day goes"
        return
    by: dict[str, int] = {}
    for one in notes:
        by[one.who] = by.get(one.who, 0) + 1
    yield f"{len(notes)} note{'s' * (len(notes) != 1)} by {', '.join(f'{who} ({count})' for who, count in by.items())}"
    for scene in scenes:
        if scene.first_bad is not None and scene.seconds is not None and scene.first_note is None and scene.seconds > _LATE:
            yield f"{scene.name}: answers were bad, and nobody noted anything in {scene.seconds:g} s"


def _issues(scenes: list[SceneDone]) -> Iterator[str]:
    """What is technically wrong: what came otherwise than foretold, and what else the results of a run point at, broken promises first."""
    for scene in scenes:
        broken = [one.why or f"{one.text}: {one.observed}" for one in scene.promises if one.verdict == "fail"]
        yield from (f"{scene.name}: {one}" for one in [*scene.differences, *(scene.observations or broken)])


def _process(scenes: list[SceneDone], missing: list[str]) -> Iterator[str]:
    """What the day itself could do better, as far as files tell."""
    closed = [one for scene in scenes for one in scene.gates if "CLOSED" in one]
    yield from (f"a gate stayed closed: {one}" for one in closed)
    yield from (f"{one.name} was not run" for one in scenes if one.state == "not-run")
    yield from (f"{one.name}: {_untold(one)}" for one in scenes if one.verdict == "no-data")
    untested = (one for one in scenes if one.verdict == "pass" and one.confidence == "low")
    yield from (f"{one.name}: the hypothesis held, but hardly anything put it to the test ({_during(one)})" for one in untested)
    yield from missing


# the timeline -----------------------------------------------------------------------------------------------------------------------


def _line(one: DayEntry, began: DayBegan, scenes: list[Scene]) -> Line:
    who, text = _told(one, scenes)
    return Line(at=_time(one.at), after=round(one.at - began.at, 1), who=who, text=text)


def _told(one: DayEntry, scenes: list[Scene]) -> tuple[str, str]:
    match one:
        case DayBegan():
            return one.who, "the day begins"
        case GateSeen():
            return one.who or "aichaos", f"gate before {scenes[one.number - 1].name}: {_gate(one)}"
        case SceneBegan():
            return "aichaos", f"{scenes[one.number - 1].name} begins (run {one.run})"
        case SceneEnded():
            why = f" ({one.why})" if one.why else ""
            return "aichaos", f"{scenes[one.number - 1].name} ends: {_CODES.get(one.code, str(one.code))}{why}"
        case Note():
            return one.who, one.text if one.kind == "note" else f"[{one.kind}] {one.text}"
        case DayEnded():
            return "aichaos", "the day ends" + (f": {one.why}" if one.why else "")


_CODES = {
    0: "the hypothesis held",
    3: "the hypothesis did not hold",
    5: "it was not begun",
    7: "ended early",
    8: "NOT restored",
    9: "no data",
    130: "interrupted, nothing was changed",
}


def _time(at: float) -> str:
    return datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
