"""What came of a run: everything that a report is made of, and nothing that was filled in by hand.

    journal + about + samples  ─►  Results  ─►  terminal, Markdown, HTML, JSON, JUnit, backlog, score over time

Computed anew from a run's folder each time, so that old runs, runs that were cut short and runs of an older version can be reported, too:
what they lack stands in `missing`, in words. Times are seconds since 1970 by the clock of the machine that ran it; durations are seconds.
"""

from typing import Literal

import msgspec

from aichaos.domain.experiment import Experiment
from aichaos.domain.running import Foreign, LeftOver
from aichaos.domain.sample import Verdict
from aichaos.domain.suggestion import BlastRadius

VERSION = 1
"""Of the shape below: raised when a field changes its meaning or goes away."""

WindowKind = Literal["baseline", "step", "during", "restoring", "after"]
Kind = Literal["http", "kubernetes", "prometheus", "request"]
"""What was asked: a probe of one of the three kinds, or a request that was predicted."""


class _Told(msgspec.Struct, frozen=True, kw_only=True):
    pass


class Window(_Told, frozen=True, kw_only=True):
    """A stretch of the run. `during` is from the first step to the beginning of the restore; the `step`s are its parts.

    name: `baseline`, `during`, `restoring`, `after`, or the step in words. number: of the step, from 1. end: of a run that was cut short
    the last moment that is known.
    """

    kind: WindowKind
    name: str
    start: float
    end: float
    number: int | None = None

    @property
    def seconds(self) -> float:
        return max(0.0, self.end - self.start)


class Estimate(_Told, frozen=True, kw_only=True):
    """A figure with its 95 % interval. value: None where nothing was measured. low, high: None where there are too few samples for that
    side; `note` then says `too few samples to say`."""

    value: float | None = None
    low: float | None = None
    high: float | None = None
    note: str = ""


class Measured(_Told, frozen=True, kw_only=True):
    """A probe (or a predicted request) within one window.

    samples: good + bad + none. slow: how many of them had no answer by the end of the time for it. availability: share of the good among
    the good and the bad, 0..1 (Wilson). error_rate: 1 - availability. p50, p95, p99: seconds until the answer, from the moment at which the
    request was due (order statistics). backends: how often each backend answered (`ns/name`); answers that name none are not counted.
    statuses: how often each HTTP status came, as text. why: the last reason for a bad one, or for one that could not be told.
    """

    window: WindowKind
    name: str
    number: int | None = None
    samples: int = 0
    good: int = 0
    bad: int = 0
    none: int = 0
    slow: int = 0
    availability: Estimate = Estimate()
    error_rate: Estimate = Estimate()
    p50: Estimate = Estimate()
    p95: Estimate = Estimate()
    p99: Estimate = Estimate()
    longest: float | None = None
    backends: dict[str, int] = {}
    statuses: dict[str, int] = {}
    why: str = ""


class Objective(_Told, frozen=True, kw_only=True):
    """One promise of a probe, held against the window `during`.

    text: as it was written: `success >= 99%`, `p95 <= 300ms`, or a sentence. measure: `success`, `p50` … `max`, `recovery`, or `reached`.
    observed: in words. sure: whether the interval lies on one side of the limit; False where there are too few samples to say. why: what
    broke it, or why there are no data. weight: in the score.
    """

    text: str
    measure: str
    verdict: Verdict
    observed: str = ""
    sure: bool = False
    why: str = ""
    weight: float = 1.0


class Bucket(_Told, frozen=True, kw_only=True):
    """One second of a probe (or more, in long runs), for plots. start: when it began. p50, p95, longest: seconds, None where none came."""

    start: float
    seconds: float
    good: int = 0
    bad: int = 0
    none: int = 0
    p50: float | None = None
    p95: float | None = None
    longest: float | None = None
    value: float | None = None
    backends: dict[str, int] = {}
    statuses: dict[str, int] = {}


class Shift(_Told, frozen=True, kw_only=True):
    """What is different in one figure between two windows, or between a run and its sham. beyond_noise: None where there are too few
    samples to say. low, high: of the difference; None where that can't be told."""

    measure: str
    before: float | None
    during: float | None
    difference: float | None = None
    low: float | None = None
    high: float | None = None
    beyond_noise: bool | None = None
    text: str = ""


class ProbeResult(_Told, frozen=True, kw_only=True):
    """Everything about one probe. role: of the steady state, which is judged, or one that would have ended the run.

    request: the foretold request that it asks, too, as in `prediction`; None where there is none.
    time_to_detect: from the first change to the first bad answer. time_to_recover: from the first bad answer to the good one after which
    all were good; None where none was bad, or none is good again. effects: `during` beside `baseline`.
    """

    probe: str
    kind: Kind
    role: Literal["steady", "abort"]
    asked: str
    verdict: Verdict
    windows: list[Measured] = []
    objectives: list[Objective] = []
    effects: list[Shift] = []
    timeline: list[Bucket] = []
    time_to_detect: float | None = None
    time_to_recover: float | None = None
    request: str | None = None

    def window(self, kind: WindowKind, number: int | None = None) -> Measured | None:
        return next((one for one in self.windows if one.window == kind and (number is None or one.number == number)), None)


class Compared(_Told, frozen=True, kw_only=True):
    """One request in one state: what was predicted, and what came. state: as in the prediction: `before`, a step, `restored`.

    observed: in words; "" where nobody asked. samples: how many answers were looked at. why: of a difference, or why nothing was observed.
    shares: what was predicted as shares of 0..1, by the backend or status; empty where the gateway is free to choose.
    """

    request: str
    state: str
    step: int | None
    predicted: str
    observed: str
    verdict: Literal["agrees", "differs", "not-observed"]
    samples: int = 0
    why: str = ""
    shares: dict[str, float] = {}


class Way(_Told, frozen=True, kw_only=True):
    """A way that requests take, as it was foretold: listener ─► route ─► Service.

    listener, route: "" where none is passed. service: `ns/name`, or what the gateway itself answers (`503`). moment: before the first step,
    only during the experiment, or both. route_touched, service_touched: whether the experiment changes it, or takes endpoints away.
    """

    listener: str = ""
    route: str = ""
    service: str
    moment: Literal["before", "during", "both"]
    route_touched: bool = False
    service_touched: bool = False


class Alert(_Told, frozen=True, kw_only=True):
    """An alert of Prometheus that was firing during the run or right after it. window: of its first moment."""

    name: str
    labels: dict[str, str]
    first: float
    last: float
    window: WindowKind
    before: bool = False
    """Whether it was firing already in the baseline: then it says nothing of this run."""


class Metered(_Told, frozen=True, kw_only=True):
    """A metric of the experiment, by Prometheus. means: over all its series, by the kind of window; why: where there are none."""

    name: str
    query: str
    means: dict[str, float] = {}
    why: str = ""


class Sham(_Told, frozen=True, kw_only=True):
    """This run beside a run of the same experiment without the fault. effects: per probe, what only the fault explains."""

    run: str
    effects: dict[str, list[Shift]]
    verdict: Literal["effect", "no-effect", "too-few-samples"]
    text: str = ""


class Part(_Told, frozen=True, kw_only=True):
    """One part of the score or of the confidence. value: 0..1. why: in words."""

    name: str
    value: float
    weight: float
    why: str = ""


class Scored(_Told, frozen=True, kw_only=True):
    """How much held. value: 0 to 100; None where nothing that was asked could have failed, which `why` says; else `why` says how many
    promises are not in it, as of them there are no data."""

    value: int | None
    parts: list[Part] = []
    why: str = ""


MEASURED = "measured"
"""The name of the part of a confidence that says how much of what was promised could be measured."""


class Confidence(_Told, frozen=True, kw_only=True):
    """How much was really exercised and how well it was seen, 0..1; whatever came of it. word: low, medium, high."""

    value: float
    word: Literal["low", "medium", "high"]
    parts: list[Part] = []


class Observation(_Told, frozen=True, kw_only=True):
    """Something that the data say, the weightiest first. kind: `difference` is prediction against observation, `objective` a promise that
    was broken, `restore`, `effect`, `alert`, `stop`, `sham`, `data` what could not be told."""

    kind: Literal["difference", "restore", "objective", "stop", "effect", "alert", "sham", "data"]
    severity: Literal["high", "medium", "low", "info"]
    text: str
    probe: str | None = None
    step: int | None = None


class Summary(_Told, frozen=True, kw_only=True):
    """What a model made of a report. text: "" where it was refused. refused: what of it is in no number of the report, as it was written,
    or why it is no summary. prompt: the template, with its version."""

    text: str
    backend: str
    model: str | None
    prompt: str
    refused: list[str] = []


class Change(_Told, frozen=True, kw_only=True):
    """One request that changed the cluster. outcome: done, or why not. step: 0 for what the way back sent."""

    at: float
    step: int
    verb: str
    object: str
    outcome: str


class Results(_Told, frozen=True, kw_only=True):
    """One run. began, ended: seconds since 1970. experiment: as it was run; None where the folder does not hold it. digest: of
    its document.

    outcome, stop_reason, restored, stop_to_restored_seconds, verdict: as the last event of `run -o json`; outcome `unfinished` where the
    run was cut short and nobody restored it, `running` while a process works on it. complete: whether the journal has its end.
    verdict_why: in one line.
    """

    version: int = VERSION
    run: str
    experiment_name: str
    title: str
    hypothesis: str
    digest: str
    experiment: Experiment | None
    cluster: str
    server: str
    context: str | None
    who: str
    approved: str
    program: str
    host: str
    began: float
    ended: float
    sham_run: bool = False
    blast_radius: BlastRadius | None = None
    outcome: Literal["completed", "stopped", "failed", "unfinished", "running"]
    stop_reason: str | None = None
    restored: Literal["verified", "not-restored", "nothing-changed", "unknown"] = "unknown"
    stop_to_restored_seconds: float | None = None
    left_over: list[LeftOver] = []
    foreign: list[Foreign] = []
    complete: bool = True
    verdict: Verdict
    verdict_why: str = ""
    steps: list[str] = []
    windows: list[Window] = []
    changes: list[Change] = []
    probes: list[ProbeResult] = []
    prediction: list[Compared] = []
    forecast: str = ""
    ways: list[Way] = []
    alerts: list[Alert] = []
    metrics: list[Metered] = []
    sham: Sham | None = None
    score: Scored = Scored(value=None)
    confidence: Confidence = Confidence(value=0.0, word="low")
    observations: list[Observation] = []
    missing: list[str] = []
    summary: Summary | None = None
    """By a model, where one was asked for."""

    def window(self, kind: WindowKind) -> Window | None:
        return next((one for one in self.windows if one.kind == kind), None)


class Point(_Told, frozen=True, kw_only=True):
    """One run in the history of an experiment."""

    run: str
    at: float
    verdict: Verdict
    score: int | None
    confidence: float


class History(_Told, frozen=True, kw_only=True):
    """The runs of one experiment, the earliest first. trend: of the score from the earlier half to the later; `unknown` with fewer than
    four scored runs."""

    experiment_name: str
    points: list[Point]
    trend: Literal["better", "worse", "level", "unknown"]
    text: str
