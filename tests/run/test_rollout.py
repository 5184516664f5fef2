"""When a workload's rollout is done: as `kubectl rollout status` would say, but never more ready than it was before."""

from typing import Any

import pytest

from aichaos.run.rollout import unfinished


def workload(**status: int) -> dict[str, Any]:
    given = {"observedGeneration": 2, "replicas": 3, "updatedReplicas": 3, "readyReplicas": 3} | status
    return {"kind": "Deployment", "metadata": {"name": "web", "generation": 2}, "spec": {"replicas": 3}, "status": given}


@pytest.mark.parametrize(
    ("status", "told"),
    [
        ({}, ""),
        ({"observedGeneration": 1}, "its controller has not looked at it yet"),
        ({"updatedReplicas": 1}, "1 of 3 pods are of its version"),
        ({"replicas": 4}, "1 too many are still there"),
        ({"readyReplicas": 2}, "2 of 3 pods are ready"),
    ],
)
def test_what_it_waits_for_is_said(status: dict[str, int], told: str) -> None:
    assert unfinished(workload(**status), 3) == told


def test_what_was_not_ready_before_need_not_be_so_afterwards() -> None:
    assert unfinished(workload(readyReplicas=1), 1) == ""
    assert unfinished(workload(readyReplicas=0), 1) == "0 of 1 pods are ready"


def test_a_daemon_set_counts_by_nodes_and_a_paused_one_is_not_waited_for() -> None:
    status = {"observedGeneration": 2, "desiredNumberScheduled": 2, "updatedNumberScheduled": 1, "numberReady": 2}
    daemons = {"kind": "DaemonSet", "metadata": {"generation": 2}, "spec": {}, "status": status}
    assert unfinished(daemons, 2) == "1 of 2 pods are of its version"
    assert unfinished(daemons | {"spec": {"updateStrategy": {"type": "OnDelete"}}}, 2) == ""
    paused = workload(updatedReplicas=0)
    paused["spec"]["paused"] = True
    assert unfinished(paused, 3) == ""


def test_all_that_are_wanted_have_to_be_ready_where_nobody_has_counted_before() -> None:
    assert unfinished(workload(readyReplicas=2)) == "2 of 3 pods are ready"
    assert unfinished(workload()) == ""


def test_a_partition_of_a_stateful_set_keeps_its_old_version() -> None:
    sets = workload(updatedReplicas=1) | {"kind": "StatefulSet"}
    sets["spec"]["updateStrategy"] = {"type": "RollingUpdate", "rollingUpdate": {"partition": 2}}
    assert unfinished(sets) == ""
    sets["spec"]["updateStrategy"]["rollingUpdate"]["partition"] = 1
    assert unfinished(sets) == "1 of 3 pods are of its version"


def test_a_workload_without_a_status_has_not_been_looked_at() -> None:
    assert unfinished({"kind": "Deployment", "metadata": {"generation": 1}, "spec": {}}, 0) == "its controller has not looked at it yet"
