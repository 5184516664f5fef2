"""A run of six steps on the real API server: everything goes back, whoever dies and whenever."""

import json
from pathlib import Path

import pytest

from tests.controlplane.client import ControlPlane
from tests.run.rig import rigged


def test_a_run_does_its_steps_and_puts_everything_back(controlplane: ControlPlane, tmp_path: Path) -> None:
    with rigged(controlplane, tmp_path) as rig:
        code, said = rig.finish(rig.orders())
        assert code == 0, said
        assert rig.closed()
        changed = [entry["change"]["verb"] for entry in rig.entries() if entry["entry"] == "intent" and entry["step"]]
        assert changed == ["create", "delete", "create", "patch", "patch", "delete"]
        rig.assert_restored()


def test_giving_the_lease_back_is_no_stop_however_long_the_end_takes(controlplane: ControlPlane, tmp_path: Path) -> None:
    with rigged(controlplane, tmp_path) as rig:
        code, said = rig.finish(rig.orders(late=1.5))
        assert code == 0, said
        assert json.loads(said.splitlines()[-1])["stop"] is None, "what comes after this run in a series would not be begun"


@pytest.mark.parametrize("point", [9, 20, 31])
def test_a_run_that_is_killed_is_restored_by_its_watchdog(controlplane: ControlPlane, tmp_path: Path, point: int) -> None:
    with rigged(controlplane, tmp_path) as rig:
        said = rig.killed(point, "main")
        rig.wait_closed()
        assert "the watchdog restores" in said
        rig.assert_restored()


def test_a_bug_of_ours_in_a_step_leaves_nothing_changed(controlplane: ControlPlane, tmp_path: Path) -> None:
    with rigged(controlplane, tmp_path) as rig:
        code, said = rig.finish(rig.orders(bug="changed"))
        assert (code, "a bug in aichaos: RuntimeError: a bug of ours" in said) == (7, True), said
        assert rig.closed()
        rig.assert_restored()


def test_a_bug_of_ours_in_the_way_back_leaves_it_to_the_watchdog(controlplane: ControlPlane, tmp_path: Path) -> None:
    with rigged(controlplane, tmp_path) as rig:
        _, said = rig.finish(rig.orders(bug="restoring"))
        rig.wait_closed()
        assert "the watchdog restores" in said
        rig.assert_restored()
