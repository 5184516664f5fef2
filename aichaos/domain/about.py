"""What stands beside a run's journal so that it can be understood later: what was run, what was foretold, and what came of it."""

import msgspec

from aichaos.domain.experiment import Experiment
from aichaos.domain.prediction import Prediction
from aichaos.domain.results import Alert
from aichaos.domain.running import Approval, Finished
from aichaos.domain.sample import Judged
from aichaos.domain.suggestion import BlastRadius

ABOUT = "about.json"
REPORT = "report.json"
VERSION = 1


class Request(msgspec.Struct, frozen=True, kw_only=True):
    """A predicted request that is sent during the run. sample: the name of its samples. number: from 0 in the prediction's `requests`."""

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


class Report(msgspec.Struct, frozen=True, kw_only=True):
    """Written when everything is over. before, during, after: the probes' answers, judged. forecast: what was predicted. failure: why it
    failed. unmet: why the restore is not verified although every object is as it was. alerts: what Prometheus says was firing. trouble:
    what could not be kept or asked."""

    finished: Finished
    approval: Approval
    forecast: str
    before: list[Judged]
    during: list[Judged]
    after: list[Judged]
    failure: str = ""
    unmet: str = ""
    alerts: list[Alert] = []
    trouble: list[str] = []
