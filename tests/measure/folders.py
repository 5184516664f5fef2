"""Folders of runs that never took place: a journal, what was foretold, and samples, at times that a test says."""

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import msgspec

from aichaos.domain.about import ABOUT, REPORT, About, Report, Request
from aichaos.domain.experiment import Experiment
from aichaos.domain.prediction import Answer, BackendShare, Prediction, State
from aichaos.domain.running import (
    Access,
    Approval,
    Change,
    Checked,
    Closed,
    Done,
    Finished,
    Intent,
    JournalEntry,
    Opened,
    Place,
    Plan,
    Planned,
    Restoring,
    Result,
    StepBegan,
)
from aichaos.domain.sample import Sample
from aichaos.domain.suggestion import BlastRadius
from aichaos.measure.samples import NAME, Recorder
from aichaos.run.state import JOURNAL

BEGAN = 1_700_000_000.0
FIRST, BACK, CHECKED, ENDED = 20.0, 50.0, 51.0, 60.0
"""When the first step, the way back and the check were, and the last answer; seconds after the run was opened."""
REQUEST = "GET http://shop.example.com/"
PROBE: dict[str, Any] = {"name": "shop", "http": {"url": "http://shop.example.com/"}}
LABEL: dict[str, Any] = {"name": "label", "label": {"kind": "Service", "name": "web", "namespace": "shop", "set": {"a": "b"}}}
HOLD: dict[str, Any] = {"name": "hold", "wait": {"for": "29s"}}


def experiment(*probes: dict[str, Any], **spec: Any) -> Experiment:
    body = {"title": "A trial", "hypothesis": "it answers", "steps": [LABEL, HOLD], "steadyState": list(probes or (PROBE,))} | spec
    return msgspec.convert({"apiVersion": "aichaos/v1", "kind": "Experiment", "metadata": {"name": "trial"}, "spec": body}, Experiment)


def to(*services: str, status: int | None = None) -> Answer:
    if status is not None:
        return Answer(outcome="error", status=status)
    return Answer(outcome="forward", backends=tuple(BackendShare(service=one, port=80, share=1 / len(services)) for one in services))


def prediction(*answers: Answer) -> Prediction:
    """Of one request: before, after each step, and restored."""
    steps = ["before", *(f"step {number}" for number in range(1, len(answers) - 1)), "restored"]
    return Prediction(
        requests=(REQUEST,), states=tuple(State(step=step, outcomes=(answer,)) for step, answer in zip(steps, answers, strict=True))
    )


NOTHING = prediction(*[to("shop/web")] * 4)


def answers(name: str, start: float, end: float, each: float = 0.1, **fields: Any) -> list[Sample]:
    """Good ones unless `fields` say otherwise."""
    given: dict[str, Any] = {"outcome": "good", "seconds": 0.02} | fields
    return [Sample(probe=name, at=BEGAN + start + number * each, **given) for number in range(round((end - start) / each))]


def folder(
    home: Path,
    run: str = "r-1",
    *,
    made: Experiment | None = None,
    foretold: Prediction = NOTHING,
    samples: Iterable[Sample] = (),
    sham: bool = False,
    whole: bool = True,
    changed: bool = True,
    began: float = BEGAN,
) -> Path:
    """The folder of a run. whole: False for one that was cut off in its second step."""
    made = made or experiment()
    path = home / "runs" / run
    path.mkdir(parents=True)
    _journal(path, run, whole=whole, changed=changed, began=began)
    about = About(
        run=run,
        experiment=made,
        prediction=foretold,
        blast_radius=BlastRadius(namespaces=["shop"]),
        interval=0.1,
        sham=sham,
        requests=[Request(sample="request", number=0)],
    )
    (path / ABOUT).write_bytes(msgspec.json.encode(about))
    with Recorder(path / NAME) as recorder:
        for mark in (FIRST, FIRST + 1, BACK):
            recorder.mark(began + mark)
        for one in samples:
            recorder.add(msgspec.structs.replace(one, at=one.at - BEGAN + began))
    if whole:
        (path / REPORT).write_bytes(msgspec.json.encode(_report(run, changed)))
    return path


def _approval(run: str) -> Approval:
    found: Approval = msgspec.convert({"run": run, "digest": "d", "cluster": "c", "who": "ann@here", "how": "yes", "at": ""}, Approval)
    return found


def _journal(path: Path, run: str, *, whole: bool, changed: bool, began: float) -> None:
    steps = (Planned(number=1, name="label", verb="label", text="label web"), Planned(number=2, name="hold", verb="wait", text="wait 29s"))
    plan = Plan(run=run, experiment="trial", title="A trial", digest="d", cluster="c", server="https://s", steps=steps, deadline=60.0)
    place = Place(api_version="v1", resource="services", kind="Service", name="web", namespace="shop")
    entries: list[JournalEntry] = [
        Opened(at=began, plan=plan, approval=_approval(run), access=Access(), host="h", pid=1, lease="a/b", lever="a/c", version="0.1.0"),
        StepBegan(at=began + FIRST, number=1),
    ]
    if changed:
        entries.append(Intent(number=1, step=1, change=Change(verb="patch", place=place)))
        entries.append(Result(at=began + FIRST + 0.1, number=1, outcome=Done()))
    entries.append(StepBegan(at=began + FIRST + 1, number=2))
    if whole:
        entries.append(Restoring(at=began + BACK, who="main", generation=1, pid=1))
        entries.append(Checked(at=began + CHECKED))
        entries.append(Closed(at=began + CHECKED, outcome="completed", restored="verified" if changed else "nothing-changed"))
    write(path / JOURNAL, entries)


def write(path: Path, entries: Sequence[JournalEntry]) -> None:
    path.write_bytes(b"".join(b'{"entry":' + msgspec.json.encode(one) + b',"sign":"0"}\n' for one in entries))


def _report(run: str, changed: bool) -> Report:
    finished = Finished(
        run=run,
        outcome="completed",
        stop_reason=None,
        restored="verified" if changed else "nothing-changed",
        stop_to_restored_seconds=None,
        verdict="pass",
        left_over=[],
        foreign=[],
        report="",
    )
    return Report(finished=finished, approval=_approval(run), forecast="", before=[], during=[], after=[])
