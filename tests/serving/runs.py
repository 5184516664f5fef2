"""Folders of runs as `aichaos run` leaves them, made without a cluster: journal, about, samples, report."""

import time
from pathlib import Path

import msgspec

from aichaos.domain.about import ABOUT, REPORT, About, Report
from aichaos.domain.experiment import Experiment, ExperimentMetadata, HTTPProbe, Probe, Spec, Step, Wait
from aichaos.domain.prediction import Prediction
from aichaos.domain.running import (
    Access,
    Approval,
    Change,
    Checked,
    Closed,
    Done,
    Finished,
    Intent,
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
from aichaos.measure.samples import NAME, line_of
from aichaos.run import journal

KEY = b"k" * 32


def experiment(
    name: str = "lose-a-pod", title: str = "Lose a pod", hypothesis: str = "All requests are answered", promise: str = ">= 99%"
) -> Experiment:
    probe = Probe(name="shop answers", http=HTTPProbe(url="http://shop.example.com/"), tolerance={"success": promise})
    steps = [Step(name="wait", wait=Wait(for_="10s")), Step(name="wait more", wait=Wait(for_="10s"))]
    return Experiment(
        metadata=ExperimentMetadata(name=name), spec=Spec(title=title, hypothesis=hypothesis, steps=steps, steady_state=[probe])
    )


def opened(run: str, what: Experiment, at: float, **more: str) -> Opened:
    """The first entry. more: who, kubeconfig."""
    plan = Plan(
        run=run,
        experiment=what.name,
        title=what.spec.title,
        digest="d",
        cluster="c",
        server="https://cluster.example.com",
        steps=tuple(Planned(number=number, name=step.name, verb="wait", text=step.name) for number, step in enumerate(what.spec.steps, 1)),
        deadline=600.0,
    )
    approval = Approval(run=run, digest="d", cluster="c", who=more.get("who", "alice"), how="yes", at="2026-11-25T12:00:00Z")
    return Opened(
        at=at,
        plan=plan,
        approval=approval,
        access=Access(kubeconfig=more.get("kubeconfig")),
        host="laptop",
        pid=1,
        lease="aichaos/aichaos-run",
        lever="aichaos/aichaos-lever",
        version="0.1.0",
    )


def begun(
    home: Path, run: str, what: Experiment | None = None, at: float | None = None, bad: int = 2, fine: bool = False, **more: str
) -> journal.Journal:
    """A run that goes: its first step began, its journal is open. bad: of the 200 answers during it. fine: a
    line of samples for each second, as in a real run, which takes longer to make."""
    what = what or experiment()
    at = time.time() - 30 if at is None else at
    folder = home / "runs" / run
    kept = journal.create(opened(run, what, at, **more), KEY)
    about = About(run=run, experiment=what, prediction=Prediction(requests=(), states=()), blast_radius=BlastRadius(), interval=1.0)
    (folder / ABOUT).write_bytes(msgspec.json.encode(about))
    times = [second / 10 for second in range(250)]
    sour = [5.0 < second < 25.0 and 50 <= number < 50 + bad for number, second in enumerate(times)]
    samples = [
        Sample(probe="shop answers", at=at + second, outcome="bad" if is_bad else "good", seconds=0.02, status=503 if is_bad else 200)
        for second, is_bad in zip(times, sour, strict=True)
    ]
    parts = [samples[place : place + 10] for place in range(0, 250, 10)] if fine else [samples[:50], samples[50:250:2], samples[51:250:2]]
    (folder / NAME).write_bytes(b"".join(msgspec.json.encode(line_of(*part)) + b"\n" for part in parts))
    route = Place(api_version="gateway.networking.k8s.io/v1", resource="httproutes", kind="HTTPRoute", name="shop", namespace="shop")
    change = Change(verb="patch", place=route, body={"spec": {}}, uid="u", resource_version="1")
    kept.write(StepBegan(at=at + 5, number=1), Intent(number=1, step=1, change=change, before={"kind": "HTTPRoute"}))
    kept.write(Result(at=at + 5.1, number=1, outcome=Done(object={"kind": "HTTPRoute"})))
    return kept


def ended(
    home: Path, run: str, what: Experiment | None = None, at: float | None = None, bad: int = 2, fine: bool = False, **more: str
) -> None:
    """A run that is over, and went well."""
    at = time.time() - 60 if at is None else at
    kept = begun(home, run, what, at, bad, fine, **more)
    kept.write(
        StepBegan(at=at + 15, number=2),
        Restoring(at=at + 25, who="main", generation=1, pid=1),
        Checked(at=at + 26),
        Closed(at=at + 26, outcome="completed", restored="verified"),
        sync=False,
    )
    kept.close()
    finished = Finished(
        run=run,
        outcome="completed",
        stop_reason=None,
        restored="verified",
        stop_to_restored_seconds=None,
        verdict="pass",
        left_over=[],
        foreign=[],
        report="report.json",
    )
    report = Report(finished=finished, approval=opened(run, experiment(), at).approval, forecast="", before=[], during=[], after=[])
    (home / "runs" / run / REPORT).write_bytes(msgspec.json.encode(report))
