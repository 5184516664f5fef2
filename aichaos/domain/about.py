"""What stands beside a run's journal so that it can be understood later: what was run, what was foretold, and what came of it."""

from collections.abc import Sequence
from typing import Literal, TypeAlias

import msgspec

from aichaos.domain.experiment import Experiment
from aichaos.domain.prediction import Prediction
from aichaos.domain.results import Confidence, Metered, Scored
from aichaos.domain.running import Approval, Finished
from aichaos.domain.sample import Judged
from aichaos.domain.suggestion import BlastRadius

ABOUT = "about.json"
REPORT = "report.json"
VERSION = 1


class Request(msgspec.Struct, frozen=True, kw_only=True):
    """A predicted request that is sent during the run. sample: the name of its samples, or of a probe that asks the same. number: from 0
    in the prediction's `requests`."""

    sample: str
    number: int


class About(msgspec.Struct, frozen=True, kw_only=True):
    """Written before the first step. experiment: the one that was approved, also where only its sham was run. unasked: why predicted
    requests are not sent, by their number. interval: seconds between two questions of a probe that says nothing else."""

    version: int = VERSION
    run: str
    experiment: Experiment
    prediction: Prediction
    blast_radius: BlastRadius
    interval: float
    sham: bool = False
    requests: list[Request] = []
    unasked: dict[int, str] = {}


class Firing(msgspec.Struct, frozen=True, kw_only=True):
    """An alert of Prometheus and when it was firing within the run, by our clock."""

    name: str
    labels: dict[str, str]
    first: float
    last: float


class Report(msgspec.Struct, frozen=True, kw_only=True):
    """Written when everything is over. before, during, after: the probes' answers, judged. forecast: what was predicted. failure: why it
    failed. unmet: why the restore is not verified although every object is as it was. alerts, metrics: what Prometheus says
    of the time of the run. trouble: what could not be kept or asked. score, confidence: as they were at the end, so that a list of runs
    need not read their samples; None in a report of a version that did not say so. difference: the first one between prediction and
    observation; "" for none."""

    finished: Finished
    approval: Approval
    forecast: str
    before: list[Judged]
    during: list[Judged]
    after: list[Judged]
    failure: str = ""
    unmet: str = ""
    alerts: list[Firing] = []
    metrics: list[Metered] = []
    trouble: list[str] = []
    score: Scored | None = None
    confidence: Confidence | None = None
    difference: str = ""


Word: TypeAlias = Literal["verified", "not-restored", "nothing-changed", "unknown"]
_KNOWN: dict[str, Word] = {"verified": "verified", "not-restored": "not-restored", "nothing-changed": "nothing-changed"}


def word_of(reported: str | None, left_over: Sequence[str], closed: str | None) -> Word:
    """Whether all went back, as every page and list says it. reported, left_over: by the report of the run, which also knows whether the
    answers are what they were; None where there is none. closed: by the end of its journal, which is written later where somebody has
    recovered what was left over; None where it has no end."""
    at_last = _KNOWN.get(closed or "", "unknown")
    if reported is None or (left_over and closed is not None):
        return at_last
    return _KNOWN.get(reported, at_last)
