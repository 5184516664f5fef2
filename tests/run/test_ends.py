"""The exit code of a run is the worst that holds, in the order that is promised."""

import signal
import threading
from typing import Any

import pytest

from aichaos.domain.about import Report
from aichaos.domain.running import Approval, Finished
from aichaos.live.running import exit_code
from aichaos.run.approve import in_person
from aichaos.run.stops import Stops
from tests.run.plans import plan


def ended(**fields: Any) -> Report:
    given: dict[str, Any] = {
        "run": "r-1",
        "outcome": "completed",
        "stop_reason": None,
        "restored": "verified",
        "stop_to_restored_seconds": None,
        "verdict": "pass",
        "left_over": [],
        "foreign": [],
        "report": "report.json",
    }
    approval: Approval = in_person(plan(), "yes")
    return Report(finished=Finished(**given | fields), approval=approval, forecast="", before=[], during=[], after=[])


@pytest.mark.parametrize(
    ("fields", "code"),
    [
        ({}, 0),
        ({"verdict": "fail"}, 3),
        ({"verdict": "no-data"}, 9),
        ({"outcome": "failed"}, 7),
        ({"outcome": "stopped", "verdict": "fail", "stop_reason": "the deadline"}, 7),
        ({"outcome": "stopped", "verdict": "no-data", "stop_reason": "interrupted (SIGINT)"}, 7),
        ({"outcome": "stopped", "restored": "nothing-changed", "stop_reason": "interrupted (SIGINT)"}, 130),
        ({"outcome": "stopped", "restored": "nothing-changed", "stop_reason": "the lever is pulled"}, 7),
        ({"restored": "not-restored"}, 8),
        ({"restored": "not-restored", "outcome": "stopped", "verdict": "fail"}, 8),
        ({"restored": "nothing-changed"}, 0),
        ({"foreign": ["HTTPRoute/shop/web"]}, 0),
    ],
)
def test_the_worst_comes_first(fields: dict[str, Any], code: int) -> None:
    assert exit_code(ended(**fields)) == code


def test_a_signal_after_the_last_step_is_told_that_it_ends_nothing_any_more() -> None:
    stops, told = Stops(), threading.Event()
    assert stops.over() is None
    with stops.on_signals(told.set):
        signal.raise_signal(signal.SIGINT)
        assert told.wait(30)
    assert stops.stop is not None, "whoever runs several experiments begins no other one"
