"""Death at every moment: the run's process, its watchdog, both, a restore, a restore that was begun again; and sleep instead of death.

The suite takes a sample; `make kills` takes them all (AICHAOS_KILLS=1).
"""

import dataclasses
import os
import random
import re
import shutil
import signal
import time
from pathlib import Path

import pytest

from tests.controlplane.client import ControlPlane
from tests.run.rig import STEPS, Rig, children, rigged

MOMENTS = 92
"""How many there are at most in a run of six steps and its restore; the last test here counts them."""
CERTAIN = MOMENTS - 8
"""How many there are always: a restore takes a round or two fewer where the clock's next second comes sooner."""
RECOVERING = 24
"""How many in a restore alone, after a death late in the run."""
EVERYTHING = os.environ.get("AICHAOS_KILLS") == "1"


def some(points: list[int], sample: int) -> list[int]:
    """All points, or a sample that is the same for every worker of a session."""
    return points if EVERYTHING else sorted(random.Random(20261125).sample(points, min(sample, len(points))))


def dead_with_its_watchdog(rig: Rig, point: int) -> None:
    """A run that dies at a moment together with its watchdog, or has ended before it came; returns when both are gone."""
    process = rig.start(rig.orders(point=point, death="both"))
    process.communicate(timeout=60)
    assert process.returncode == -signal.SIGKILL or (process.returncode == 0 and point > CERTAIN)


def recovered(rig: Rig) -> str:
    if not rig.journal.exists() or not rig.journal.read_bytes().endswith(b"\n"):
        return "nothing had begun"
    code, said = rig.finish(rig.orders(), "recover")
    assert code == 0, said
    return said


@pytest.mark.parametrize("point", some(list(range(1, MOMENTS + 1)), 6))
def test_when_the_run_is_killed_its_watchdog_restores(controlplane: ControlPlane, tmp_path: Path, point: int) -> None:
    with rigged(controlplane, tmp_path) as rig:
        rig.killed(point, "main")
        if rig.watched():
            rig.wait_closed()
        rig.assert_restored()


@pytest.mark.parametrize("point", some(list(range(3, MOMENTS + 1, 2)), 3))
def test_when_both_are_killed_recover_restores(controlplane: ControlPlane, tmp_path: Path, point: int) -> None:
    with rigged(controlplane, tmp_path) as rig:
        dead_with_its_watchdog(rig, point)
        recovered(rig)
        rig.assert_restored()
        assert "nothing is left to restore" in recovered(rig), "a second recover has nothing to do"
        rig.assert_restored()


@pytest.mark.parametrize("point", some(list(range(1, RECOVERING + 1)), 3))
def test_a_recover_that_is_killed_is_begun_again(controlplane: ControlPlane, tmp_path: Path, point: int) -> None:
    with rigged(controlplane, tmp_path) as rig:
        dead_with_its_watchdog(rig, 40)
        for moment in (point, point + 1):  # twice
            rig.finish(rig.orders(point=moment, death="main"), "recover")
        recovered(rig)
        rig.assert_restored()


@pytest.mark.parametrize("point", some(list(range(4, MOMENTS - 2, 6)), 2))
def test_a_frozen_run_is_killed_and_restored(controlplane: ControlPlane, tmp_path: Path, point: int) -> None:
    with rigged(controlplane, tmp_path) as rig:
        said = rig.killed(point, "freeze")
        rig.wait_closed()
        assert "does not move: the watchdog restores" in said
        rig.assert_restored()


@pytest.mark.parametrize("step", some([1, 2, 3, 4, 5, 6], 1))
def test_a_run_without_its_watchdog_ends(controlplane: ControlPlane, tmp_path: Path, step: int) -> None:
    with rigged(controlplane, tmp_path) as rig:
        orders = rig.orders(with_pause_after(step))
        process = rig.start(orders)
        rig.controlplane.wait(lambda: rig.journal.exists() and rig.reached(step + 1), what="the pause")
        (watchdog,) = children(process)
        os.kill(watchdog, signal.SIGKILL)
        said, _ = process.communicate(timeout=60)
        assert process.returncode == 7, said
        assert "the watchdog has died" in said
        rig.assert_restored()


def test_a_run_that_wakes_up_after_it_was_taken_over_writes_nothing(controlplane: ControlPlane, tmp_path: Path) -> None:
    with rigged(controlplane, tmp_path) as rig:
        orders = rig.orders(with_pause_after(2))
        process = rig.start(orders)
        rig.controlplane.wait(lambda: rig.journal.exists() and rig.reached(3), what="the pause")
        (watchdog,) = children(process)
        process.send_signal(signal.SIGSTOP)
        os.kill(watchdog, signal.SIGKILL)
        (rig.journal.parent / "lock").unlink()  # as on another machine, which has no lock to look at
        recovered(rig)
        rig.assert_restored()
        process.send_signal(signal.SIGCONT)
        said, _ = process.communicate(timeout=60)
        assert "taken" in said
        rig.assert_restored()


@pytest.mark.parametrize("point", some(list(range(22, 62, 4)), 2))
def test_all_processes_of_a_run_asleep_in_mid_write_leave_nothing_when_they_wake(
    controlplane: ControlPlane, tmp_path: Path, point: int
) -> None:
    """The nearest that can be had to a machine that sleeps: run and watchdog are stopped together, between a request and its answer too."""
    with rigged(controlplane, tmp_path) as rig:
        process = rig.start(rig.orders(point=point, death="sleep"))
        rig.controlplane.wait(lambda: stopped(process.pid), what="the run to sleep")
        (watchdog,) = children(process)
        for each in (process.pid, watchdog):
            os.kill(each, signal.SIGCONT)
        process.communicate(timeout=60)
        rig.controlplane.wait(lambda: not Path(f"/proc/{watchdog}").exists(), what="the watchdog to have ended")
        rig.wait_closed()
        rig.assert_restored()


@pytest.mark.parametrize("point", list(range(22, 62)) if EVERYTHING else [42])
def test_a_run_that_wakes_after_it_was_restored_elsewhere_sends_nothing(controlplane: ControlPlane, tmp_path: Path, point: int) -> None:
    """As a machine that sleeps and wakes: at moment 42 it has seen that the Lease is its own, and written the change down."""
    (tmp_path / "here").mkdir()
    with rigged(controlplane, tmp_path / "here") as rig:
        process = rig.start(rig.orders(point=point, death="sleep", fresh=0.5))
        rig.controlplane.wait(lambda: stopped(process.pid), what="the run to sleep")
        asleep = time.monotonic()
        (watchdog,) = children(process)
        shutil.copytree(rig.home, tmp_path / "elsewhere")
        elsewhere = dataclasses.replace(rig, home=tmp_path / "elsewhere")
        (elsewhere.journal.parent / "lock").unlink()
        recovered(elsewhere)
        rig.assert_restored()
        rig.controlplane.wait(lambda: time.monotonic() > asleep + 0.6, what="the look at the Lease to be old")
        after = {name: one["metadata"]["resourceVersion"] for name, one in rig.look().items() if not name.startswith("Deployment")}
        for each in (process.pid, watchdog):
            os.kill(each, signal.SIGCONT)
        said, _ = process.communicate(timeout=60)
        rig.controlplane.wait(lambda: not Path(f"/proc/{watchdog}").exists(), what="the watchdog to have ended")
        assert process.returncode != 0, said
        rig.assert_restored()
        now = {name: one["metadata"]["resourceVersion"] for name, one in rig.look().items() if not name.startswith("Deployment")}
        assert now == after, "it has written"


def stopped(pid: int) -> bool:
    return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "T"


def with_pause_after(step: int) -> str:
    head, *steps = STEPS.split("    - ")
    steps.insert(step, "{name: pause, wait: {for: 30s}}\n")
    return "    - ".join([head, *steps])


def test_no_moment_is_forgotten(controlplane: ControlPlane, tmp_path: Path) -> None:
    with rigged(controlplane, tmp_path) as rig:
        code, said = rig.finish(rig.orders())
        assert code == 0, said
        (counted,) = re.findall(r'"moments":(\d+)', said)
        assert CERTAIN <= int(counted) <= MOMENTS, f"the rounds of a restore differ by what the clock says, and by no more: {said}"
