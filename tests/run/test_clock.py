"""A wall clock that jumps in the middle of a run: what is promised is kept by the clock that only goes forward."""

import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.controlplane.gateway import RunningGateway
from tests.program import Run, all_said, environment, events_of
from tests.run.shop import Shop, last

JUMPING = """
import runpy, sys, time
from aichaos.domain.running import Step
from aichaos.live.witness import Witness
by, tell, real = float(sys.argv.pop(1)), Witness.tell, time.time
def heard(self, event, at):
    if isinstance(event, Step) and event.number == 3:
        time.time = lambda: real() + by
    tell(self, event, at)
Witness.tell = heard
runpy.run_module("aichaos", run_name="__main__")
"""
"""The program, which sees another time of day from the third step on. `conduct` tells a step before it begins it."""


@pytest.fixture
def shop(gateway: RunningGateway, aichaos: Run, tmp_path: Path) -> Shop:
    return Shop(gateway, aichaos, tmp_path)


def run(shop: Shop, path: Path, jump: float) -> subprocess.CompletedProcess[str]:
    around = environment(path.parent / "home", AICHAOS_STATE_DIR=str(path.parent / "state"), KUBECONFIG=str(shop.kubeconfig))
    quick = ["--accept-shared-fate", "--interval", "0.1", "--baseline", "0.3", "--after", "0.3", "--yes", "-o", "json"]
    command = [sys.executable, "-c", JUMPING, str(jump), "run", str(path), *shop.options, *quick]
    return subprocess.run(command, env=around, cwd=path.parent, capture_output=True, text=True, check=False, timeout=60)


@pytest.mark.parametrize("jump", [86_400.0, -86_400.0], ids=["a day on", "a day back"])
def test_a_run_goes_on_and_is_put_back(shop: Shop, jump: float) -> None:
    done = run(shop, shop.experiment(shop.conflict("1s")), jump)
    assert "Traceback" not in done.stderr
    end = last(events_of(done))
    assert (end["outcome"], end["restored"], end["left_over"]) == ("completed", "verified", []), done.stderr
    assert end["verdict"] != "no-data", "what was measured is put in the order in which it was"
    assert Path(end["report"]).is_file()
    shop.gateway.settle()
    assert shop.answering() == "v1"
    shown = shop.say("report", end["run"])
    assert (shown.returncode, "Traceback" in shown.stderr) == (0, False), all_said(shown)


@pytest.mark.parametrize("jump", [86_400.0, -86_400.0], ids=["a day on", "a day back"])
def test_the_deadline_stays_where_it_was(shop: Shop, jump: float) -> None:
    began = time.monotonic()
    never = {"object": f"HTTPRoute/{shop.namespace}/{shop.route}", "condition": "Never"}
    steps = [*shop.conflict()[:4], {"name": "never", "wait": {"until": never, "timeout": "30s"}}]
    done = run(shop, shop.experiment(steps, deadline="6s"), jump)
    assert done.stdout, done.stderr
    events = events_of(done)
    end = last(events)
    assert (done.returncode, end["outcome"], end["restored"]) == (7, "stopped", "verified"), all_said(done)
    assert end["stop_reason"] == "the deadline of 6 s has passed"
    assert 5 in [one["number"] for one in events if one["event"] == "step"], "it was not cut short by the jump"
    assert time.monotonic() - began > 6.0
    shop.gateway.settle()
    assert shop.answering() == "v1"
