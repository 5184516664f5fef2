"""Somebody deletes the Lease of a run, or edits it: that ends the run, and everything goes back all the same."""

import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from aichaos.cluster.connection import connect
from aichaos.cluster.writer import Writer
from aichaos.domain.running import Manifest
from aichaos.run import journal, lease, recover
from tests.controlplane.client import ControlPlane
from tests.run.driver import approval
from tests.run.rig import STEPS, Rig, children, rigged

LONG = STEPS.rstrip("\n") + "\n    - {name: pause, wait: {for: 60s}}\n"


@pytest.fixture
def rig(controlplane: ControlPlane, tmp_path: Path) -> Iterator[Rig]:
    with rigged(controlplane, tmp_path) as found:
        yield found


def where(rig: Rig) -> str:
    return f"/apis/coordination.k8s.io/v1/namespaces/{rig.namespace}/leases/aichaos-run"


def edited(spec: Manifest) -> Callable[[Rig], Any]:
    return lambda rig: rig.controlplane.patch(where(rig), {"spec": spec})


BY_HAND: dict[str, Callable[[Rig], Any]] = {
    "deleted": lambda rig: rig.controlplane.request("DELETE", where(rig)),
    "emptied": edited({"holderIdentity": None}),
    "given to somebody": edited({"holderIdentity": "somebody"}),
}


@pytest.mark.parametrize("how", BY_HAND)
def test_a_run_whose_lease_is_changed_by_hand_puts_everything_back(rig: Rig, how: str) -> None:
    process = rig.start(rig.orders(LONG))
    rig.controlplane.wait(lambda: rig.watched() and rig.reached(7), what="the run to have changed everything")
    BY_HAND[how](rig)
    said, _ = process.communicate(timeout=90)
    assert process.returncode == 7, said
    rig.assert_restored()
    assert rig.closed()
    assert "holderIdentity" not in rig.controlplane.get(where(rig))["spec"]


def test_a_watchdog_whose_lease_is_deleted_while_it_restores_goes_on(rig: Rig) -> None:
    """There is an order of age to keep, so that the way back lasts for more than one round."""
    process = rig.start(rig.orders(LONG))
    rig.controlplane.wait(lambda: rig.watched() and rig.reached(7), what="the run to have changed everything")
    process.kill()
    rig.controlplane.wait(lambda: any(entry["entry"] == "undone" for entry in rig.entries()), what="the watchdog to be at it")
    rig.controlplane.request("DELETE", where(rig))
    said, _ = process.communicate(timeout=90)
    assert "Traceback" not in said
    rig.wait_closed()
    rig.assert_restored()


def test_a_lease_that_was_deleted_and_made_by_another_process_of_the_run_is_not_ours(rig: Rig) -> None:
    """Its generation counts from one again; a process that slept meanwhile does not take it for its own."""
    with connect(kubeconfig=str(rig.kubeconfig)) as connection:
        writer = Writer(connection, approval(rig.run))
        place = lease.place(f"{rig.namespace}/aichaos-run")
        ours = lease.acquire(writer, place, rig.run)
        assert isinstance(ours, lease.Held)
        assert lease.check(writer, ours).ours
        rig.controlplane.request("DELETE", where(rig))
        theirs = lease.take_over(writer, place, rig.run, "recover")
        assert isinstance(theirs, lease.Held)
        assert theirs.generation == ours.generation
        assert lease.check(writer, ours).ours is False
        assert isinstance(lease.again(writer, ours), lease.Taken)
        assert lease.check(writer, theirs).ours


def test_whoever_waits_for_a_run_to_be_lost_is_not_misled_by_a_lease_that_is_gone(rig: Rig, monkeypatch: pytest.MonkeyPatch) -> None:
    process = rig.start(rig.orders(LONG))
    rig.controlplane.wait(lambda: rig.watched() and rig.reached(7), what="the run to have changed everything")
    for one in (*children(process), process.pid):
        os.kill(one, 9)
    process.communicate(timeout=30)
    rig.controlplane.request("DELETE", where(rig))
    monkeypatch.setenv("AICHAOS_STATE_DIR", str(rig.home))
    monkeypatch.setattr(lease, "SECONDS", 1)
    opened = journal.read(rig.journal).opened
    link = recover.connected(opened, None, lambda line: None)
    with link.connection:
        assert recover.wait_until_lost(link, opened, lambda line: None, patient=True)
