"""Folders of runs as `aichaos run` leaves them, made without a cluster: journal, about, samples, report."""

import time
from pathlib import Path

import msgspec

from aichaos.domain.about import ABOUT, REPORT, About, Report
from aichaos.domain.experiment import Experiment, ExperimentMetadata, HTTPProbe, Probe, Spec, Step, Wait
from aichaos.domain.prediction import Prediction
from aichaos.domain.running import Access, Approval, Checked, Closed, Finished, Opened, Plan, Planned, Restoring, StepBegan
from aichaos.domain.sample import Sample
from aichaos.domain.suggestion import BlastRadius
from aichaos.measure.samples import NAME, line_of
from aichaos.run import journal

KEY = b"k" * 32


def experiment(name: str = "lose-a-pod", title: str = "Lose a pod", hypothesis: str = "All requests are answered") -> Experiment:
    probe = Probe(name="shop answers", http=HTTPProbe(url="http://shop.example.com/"), tolerance={"success": ">= 99%"})
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


def begun(home: Path, run: str, what: Experiment | None = None, at: float | None = None, **more: str) -> journal.Journal:
    """A run that goes: its first step began, its journal is open."""
    what = what or experiment()
    at = time.time() - 30 if at is None else at
    folder = home / "runs" / run
    kept = journal.create(opened(run, what, at, **more), KEY)
    about = About(run=run, experiment=what, prediction=Prediction(requests=(), states=()), blast_radius=BlastRadius(), interval=1.0)
    (folder / ABOUT).write_bytes(msgspec.json.encode(about))
    samples = [Sample(probe="shop answers", at=at + second, outcome="good", seconds=0.02, status=200) for second in range(6)]
    (folder / NAME).write_bytes(b"".join(msgspec.json.encode(line_of(one)) + b"\n" for one in samples))
    kept.write(StepBegan(at=at + 5, number=1))
    return kept


def ended(home: Path, run: str, what: Experiment | None = None, at: float | None = None, **more: str) -> None:
    """A run that is over, and went well."""
    at = time.time() - 60 if at is None else at
    kept = begun(home, run, what, at, **more)
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
