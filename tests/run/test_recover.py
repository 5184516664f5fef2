"""`aichaos recover` and `aichaos runs` as people use them, on journals that real runs left."""

import errno
import json
import os
import re
import shlex
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import msgspec
import pytest

from aichaos.files import yaml
from aichaos.run import state
from tests.cluster.misbehaving import as_json, misbehaving, status
from tests.controlplane.client import ApiError, ControlPlane
from tests.controlplane.server import Servers
from tests.program import all_said, environment
from tests.run.rig import ROUTE, STEPS, Rig, plain, rigged
from tests.run.test_kills import with_pause_after

LATE = 50
"""A moment at which most of the steps are done."""

REST = """
    - {name: label, label: {kind: Service, name: web, namespace: NS, set: {app: other, new: "1"}}}
    - {name: none, scale: {kind: Deployment, name: web, namespace: NS, replicas: 0}}
    - {name: more, label: {kind: Deployment, name: web, namespace: NS, set: {new: "1"}}}
"""
GO_ON = """
import sys
from aichaos.domain.running import Stopping
from aichaos.run import journal
journal.resume(sys.argv[1]).write(Stopping(at=0.0, reason="none"))
"""
LIMITED = """
import resource, runpy, signal
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (12000, 12000))
runpy.run_module("tests.run.driver", run_name="__main__")
"""


def aichaos(rig: Rig, *arguments: str, home: Path | None = None, **more: str) -> subprocess.CompletedProcess[str]:
    around = environment(rig.home / "home", AICHAOS_STATE_DIR=str(home or rig.home), KUBECONFIG=str(rig.kubeconfig), **more)
    return subprocess.run(
        [sys.executable, "-m", "aichaos", *arguments], env=around, capture_output=True, text=True, check=False, timeout=60
    )


def left(rig: Rig, point: int = LATE) -> None:
    rig.start(rig.orders(point=point, death="both")).communicate(timeout=60)


def edited(rig: Rig, change: Any) -> None:
    rig.journal.write_bytes(change(rig.journal.read_bytes()))


def test_an_unfinished_run_is_said_at_every_command_until_it_is_recovered(controlplane: ControlPlane, tmp_path: Path) -> None:
    with rigged(controlplane, tmp_path) as rig:
        left(rig)
        told = aichaos(rig, "config")
        assert told.returncode == 0
        assert f"run {rig.run} has not been restored: its process died" in told.stderr
        assert f"aichaos recover {rig.run}" in told.stderr
        assert rig.run not in told.stdout
        (shown,) = json.loads(aichaos(rig, "runs", "-o", "json").stdout)
        assert (shown["state"], shown["restored"]) == ("unfinished", None)
        active = aichaos(rig, "runs", "--cluster", "--lease", f"{rig.namespace}/aichaos-run").stdout
        assert f"{rig.run}  tester@here  main" in active
        assert f"aichaos stop {rig.run}" in active

        done = aichaos(rig, "recover")
        assert done.returncode == 0, all_said(done)
        assert f"run {rig.run}: verified restored" in done.stderr
        rig.assert_restored()
        assert aichaos(rig, "config").stderr == ""
        (shown,) = json.loads(aichaos(rig, "runs", "-o", "json").stdout)
        assert (shown["state"], shown["restored"]) == ("failed", "verified")
        assert aichaos(rig, "runs", "--cluster", "--lease", f"{rig.namespace}/aichaos-run").stdout == ""


def test_whoever_stops_a_run_that_has_died_is_told_so_as_soon_as_its_lease_says_it(controlplane: ControlPlane, tmp_path: Path) -> None:
    with rigged(controlplane, tmp_path) as rig:
        left(rig)
        rig.shorten_lease()
        lever, began = f"{rig.namespace}/lever", time.monotonic()
        done = aichaos(rig, "stop", "--lever", lever, home=tmp_path / "elsewhere")
        assert (done.returncode, f"run {rig.run} is not heard of any more" in done.stderr) == (1, True), all_said(done)
        assert f"`aichaos recover {rig.run} --lever {lever}`" in done.stderr, all_said(done)
        assert time.monotonic() - began < 55, "it does not wait for the minute that a run gets which is alive"
        assert aichaos(rig, "recover").returncode == 0
        rig.assert_restored()


@pytest.mark.parametrize(
    ("change", "line"),
    [
        (lambda data: data.replace(b'"replicas":0', b'"replicas":9'), "is not as this user's aichaos wrote it"),
        (lambda data: b"".join(data.splitlines(keepends=True)[:3] + data.splitlines(keepends=True)[4:]), "line 4"),
        (lambda data: b"nonsense\n" + data, "line 1"),
        (lambda data: b"", "holds no entry"),
    ],
    ids=["changed", "line taken out", "line put in", "empty"],
)
def test_a_journal_that_somebody_edited_restores_nothing(controlplane: ControlPlane, tmp_path: Path, change: Any, line: str) -> None:
    with rigged(controlplane, tmp_path) as rig:
        left(rig)
        whole, before = rig.journal.read_bytes(), rig.look()
        edited(rig, change)
        done = aichaos(rig, "recover", rig.run)
        assert done.returncode == 1, all_said(done)
        assert line in done.stderr
        assert "Traceback" not in done.stderr
        for told in re.findall(r"`kubectl ([^`]*)`", done.stderr):
            assert rig.run in controlplane.kubectl(*shlex.split(told)).stdout, "the command that it names works, and finds the copy"
        assert {name: obj["metadata"]["uid"] for name, obj in rig.look().items()} == {n: o["metadata"]["uid"] for n, o in before.items()}
        rig.journal.write_bytes(whole)
        assert aichaos(rig, "recover", rig.run).returncode == 0
        rig.assert_restored()


@pytest.mark.parametrize("kept", [1, 3], ids=["nothing but its beginning", "two changes fewer"])
def test_a_journal_that_was_cut_at_a_line_end_is_made_whole_by_its_copy(controlplane: ControlPlane, tmp_path: Path, kept: int) -> None:
    """Every line that is left is signed and in order: only the copy in the cluster knows that there were more."""
    with rigged(controlplane, tmp_path) as rig:
        left(rig)
        intents = [number for number, entry in enumerate(rig.entries()) if entry["entry"] == "intent"]
        edited(rig, lambda data: b"".join(data.splitlines(keepends=True)[: 1 if kept == 1 else intents[-2]]))
        done = aichaos(rig, "recover", rig.run)
        assert done.returncode == 0, all_said(done)
        assert "ends before its copy in the cluster does" in done.stderr
        rig.assert_restored()


def test_a_copy_that_somebody_spoiled_is_said_and_the_journal_is_taken(controlplane: ControlPlane, tmp_path: Path) -> None:
    with rigged(controlplane, tmp_path) as rig:
        left(rig)
        where = f"/api/v1/namespaces/{rig.namespace}/configmaps/aichaos-run-{rig.run}"
        spoiled = controlplane.get(where)["data"]["journal.jsonl"].replace("web", "bew") + "{}\n" * 200
        body = {"data": {"journal.jsonl": spoiled}}
        controlplane.request("PATCH", where, body, content_type="application/merge-patch+json")
        done = aichaos(rig, "recover", rig.run)
        assert done.returncode == 0, all_said(done)
        assert "is not as this user's aichaos wrote it" in done.stderr
        rig.assert_restored()


def test_a_journal_that_went_on_after_it_was_cut_is_not_taken_for_the_whole(controlplane: ControlPlane, tmp_path: Path) -> None:
    """An older aichaos has gone on writing behind the cut: both are signed, and neither is the beginning of the other."""
    with rigged(controlplane, tmp_path) as rig:
        left(rig)
        whole = rig.journal.read_bytes()
        edited(rig, lambda data: data.splitlines(keepends=True)[0])
        with_key = {"AICHAOS_STATE_DIR": str(rig.home)}
        subprocess.run([sys.executable, "-c", GO_ON, rig.run], env=os.environ | with_key, check=True, timeout=60)
        done = aichaos(rig, "recover", rig.run)
        assert done.returncode == 1, all_said(done)
        assert "and its copy in the cluster tell of different changes" in done.stderr
        assert "--from-configmap" in done.stderr
        rig.journal.write_bytes(whole)
        assert aichaos(rig, "recover", rig.run).returncode == 0
        rig.assert_restored()


def test_a_last_line_that_was_being_written_was_not_sent(controlplane: ControlPlane, tmp_path: Path) -> None:
    with rigged(controlplane, tmp_path) as rig:
        left(rig)
        edited(rig, lambda data: data + b'{"entry":{"entry":"intent","number":99')
        done = aichaos(rig, "recover", rig.run)
        assert done.returncode == 0, all_said(done)
        rig.assert_restored()


def test_another_cluster_is_not_touched(controlplane: ControlPlane, tmp_path: Path) -> None:
    with rigged(controlplane, tmp_path) as rig, misbehaving() as other:
        left(rig)
        lost = status(500, "for a moment nobody knows")
        other.on(
            "/api/v1/namespaces/kube-system",
            lost,
            lost,
            as_json({"kind": "Namespace", "metadata": {"name": "kube-system", "uid": "other"}}),
        )
        done = aichaos(rig, "recover", rig.run, "--kubeconfig", str(other.kubeconfig(tmp_path)))
        assert done.returncode == 1, all_said(done)
        assert "is another cluster than that of run" in done.stderr
        assert {request.method for request in other.requests} == {"GET"}
        assert aichaos(rig, "recover", rig.run).returncode == 0
        rig.assert_restored()


def test_a_copy_in_the_cluster_is_taken_from_whoever_has_the_key(controlplane: ControlPlane, tmp_path: Path) -> None:
    with rigged(controlplane, tmp_path) as rig:
        left(rig)
        elsewhere, wrong = tmp_path / "another-machine", tmp_path / "wrong.key"
        written = f"{rig.namespace}/aichaos-run-{rig.run}"
        rig.shorten_lease()
        wrong.write_bytes(b"x" * 32)
        refused = aichaos(rig, "recover", "--from-configmap", written, "--key", str(wrong), home=elsewhere)
        assert refused.returncode == 1, all_said(refused)
        assert "is not as this user's aichaos wrote it" in refused.stderr
        done = aichaos(rig, "recover", "--from-configmap", written, "--key", str(rig.home / "key"), home=elsewhere)
        assert done.returncode == 0, all_said(done)
        rig.assert_restored()


def test_from_another_machine_a_run_that_lives_is_left_alone(controlplane: ControlPlane, tmp_path: Path) -> None:
    with rigged(controlplane, tmp_path) as rig:
        process = rig.start(rig.orders(with_pause_after(2)))
        controlplane.wait(lambda: rig.journal.exists() and rig.reached(3), what="the pause")
        written = f"{rig.namespace}/aichaos-run-{rig.run}"
        refused = aichaos(rig, "recover", "--from-configmap", written, "--key", str(rig.home / "key"), home=tmp_path / "another-machine")
        assert refused.returncode == 1, all_said(refused)
        assert f"run {rig.run} is alive" in refused.stderr
        assert f"aichaos stop {rig.run}" in refused.stderr
        assert process.poll() is None
        process.send_signal(signal.SIGINT)
        said, _ = process.communicate(timeout=60)
        assert process.returncode == 7, said
        rig.assert_restored()


def test_a_state_directory_that_cannot_be_written_refuses_the_run(controlplane: ControlPlane, tmp_path: Path) -> None:
    with rigged(controlplane, tmp_path) as rig:
        (tmp_path / "runs").write_text("a file in the way")
        code, said = rig.finish(rig.orders())
        assert code == 1
        assert "cannot keep a journal" in said
        assert "AICHAOS_STATE_DIR" in said
        rig.assert_restored()


def test_on_a_disk_that_is_full_by_now_whoever_restores_still_has_the_key(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AICHAOS_STATE_DIR", str(tmp_path))
    kept = state.key()

    def full(*given: object, **more: object) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    for name in ("touch", "write_bytes", "mkdir"):
        monkeypatch.setattr(Path, name, full)
    assert state.key() == kept


def test_on_a_full_disk_the_run_ends_and_puts_back_all_that_needs_no_copy(controlplane: ControlPlane, tmp_path: Path) -> None:
    """A limit on the size of files stands for the full disk: the kernel refuses to write on, as it would there. What would have to be
    deleted first (a route that must be younger than one that was made again) is left, and said, until there is room."""
    with rigged(controlplane, tmp_path) as rig:
        path = tmp_path / "orders.json"
        path.write_bytes(msgspec.json.encode(rig.orders(mirror=False)))
        around = os.environ | {"AICHAOS_STATE_DIR": str(tmp_path)}
        command = [sys.executable, "-c", LIMITED, str(path)]
        done = subprocess.run(command, env=around, capture_output=True, text=True, check=False, timeout=60)
        assert done.returncode == 8, done.stdout + done.stderr
        assert "cannot write the journal" in done.stdout
        assert {name: plain(obj) for name, obj in rig.look().items()} == {name: plain(obj) for name, obj in rig.before.items()}
        assert f"HTTPRoute/{rig.namespace}/younger" in done.stdout
        assert aichaos(rig, "recover").returncode == 0
        rig.assert_restored()


@pytest.mark.parametrize("journal", ["empty", "none"])
def test_a_run_that_died_before_its_journal_is_let_go_by_its_name(controlplane: ControlPlane, tmp_path: Path, journal: str) -> None:
    """It has the Lease, and nothing on the disk that could be restored from."""
    with rigged(controlplane, tmp_path) as rig:
        rig.killed(1, "main")
        if journal == "none":
            shutil.rmtree(rig.journal.parent)
        first, rig.run = rig.run, "second"
        code, said = rig.finish(rig.orders())
        assert (code, first in said) == (5, True), said
        shown = aichaos(rig, "runs", "--cluster", "--lease", f"{rig.namespace}/aichaos-run").stdout
        assert first in shown
        lever = ["--lever", f"{rig.namespace}/lever"]
        done = aichaos(rig, "recover", first, *lever)
        assert (done.returncode, f"run {first} had not begun" in done.stderr) == (0, True), all_said(done)
        assert aichaos(rig, "config").stderr == ""
        again = aichaos(rig, "recover", first, *lever)
        assert (again.returncode, f"knows no run {first}" in again.stderr) == (1, True), all_said(again)
        assert f"does not have the Lease {rig.namespace}/aichaos-run" in again.stderr, all_said(again)
        code, said = rig.finish(rig.orders())
        assert code == 0, said
        rig.assert_restored()


def test_a_run_that_has_begun_is_not_let_go_without_its_journal(controlplane: ControlPlane, tmp_path: Path) -> None:
    with rigged(controlplane, tmp_path) as rig:
        left(rig)
        done = aichaos(rig, "recover", rig.run, "--lever", f"{rig.namespace}/lever", home=tmp_path / "elsewhere")
        assert (done.returncode, "the run has begun" in done.stderr) == (1, True), all_said(done)
        assert f"{rig.namespace}/aichaos-run-{rig.run}" in done.stderr, all_said(done)
        assert aichaos(rig, "recover").returncode == 0
        rig.assert_restored()


def test_a_run_whose_lease_was_let_go_before_it_had_begun_changes_nothing(controlplane: ControlPlane, tmp_path: Path) -> None:
    """It only stood still, and wakes up: `recover` was wrong about it, and no harm comes of that."""
    with rigged(controlplane, tmp_path) as rig:
        process = rig.start(rig.orders(point=1, death="freeze"))
        os.waitid(os.P_PID, process.pid, os.WSTOPPED | os.WNOWAIT)
        done = aichaos(rig, "recover", rig.run, "--lever", f"{rig.namespace}/lever")
        assert done.returncode == 0, all_said(done)
        process.send_signal(signal.SIGCONT)
        said, _ = process.communicate(timeout=60)
        assert (process.returncode in (1, 5), "restored" not in said) == (True, True), said
        rig.assert_restored()
        assert {name: obj["metadata"]["uid"] for name, obj in rig.look().items()} == {
            name: obj["metadata"]["uid"] for name, obj in rig.before.items()
        }


def test_a_disk_that_does_not_answer_keeps_no_run_from_going_back(controlplane: ControlPlane, tmp_path: Path) -> None:
    with rigged(controlplane, tmp_path) as rig:
        process = rig.start(rig.orders(STEPS.partition("    - {name: gone")[0] + REST, disk=6))
        controlplane.wait(lambda: rig.journal.exists() and rig.reached(2), what="the second step")
        process.send_signal(signal.SIGINT)
        said, _ = process.communicate(timeout=60)
        assert (process.returncode, "the disk does not answer" in said) == (7, True), said
        assert aichaos(rig, "recover").returncode == 0
        rig.assert_restored()


def test_recover_does_not_say_that_nothing_is_unfinished_while_a_process_restores(
    controlplane: ControlPlane, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with rigged(controlplane, tmp_path) as rig:
        left(rig)
        monkeypatch.setenv("AICHAOS_STATE_DIR", str(rig.home))
        with state.working_on(rig.run):
            done = aichaos(rig, "recover")
        assert (done.returncode, f"a process is at work on run {rig.run}" in done.stderr) == (1, True), done.stderr
        assert "unfinished" not in done.stderr
        assert aichaos(rig, "recover", "--wait").returncode == 0
        rig.assert_restored()


def test_a_run_beside_another_one_does_not_begin(controlplane: ControlPlane, tmp_path: Path) -> None:
    with rigged(controlplane, tmp_path) as rig:
        left(rig)
        first = rig.run
        rig.run = "second"
        code, said = rig.finish(rig.orders())
        assert code == 5
        assert first in said
        rig.run = first
        assert aichaos(rig, "recover").returncode == 0
        rig.assert_restored()


def test_a_version_that_the_cluster_serves_no_more_is_left_over_and_no_object_that_is_gone(
    private_controlplane: Servers, tmp_path: Path
) -> None:
    """As after an upgrade of the Gateway API in mid-run: what can't be read any more is neither restored nor somebody else's doing."""
    plane = private_controlplane.controlplane

    def serve(served: bool) -> None:
        path = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions/httproutes.gateway.networking.k8s.io"
        versions = plane.get(path)["spec"]["versions"]
        for version in versions:
            version["served"] = served or version["name"] != "v1"
        plane.request("PATCH", path, {"spec": {"versions": versions}}, content_type="application/merge-patch+json")
        plane.wait(lambda: answers() == served, what="the version to come or go")

    def answers() -> bool:
        try:
            plane.get("/apis/gateway.networking.k8s.io/v1/httproutes")
        except ApiError as error:
            if error.status != 404:
                raise
            return False
        return True

    with rigged(plane, tmp_path) as rig:
        left(rig)
        serve(False)
        done = aichaos(rig, "recover")
        assert done.returncode == 8, all_said(done)
        assert "the server has no gateway.networking.k8s.io/v1 httproutes (any more)" in done.stderr, all_said(done)
        assert "somebody else has deleted" not in done.stderr, all_said(done)
        assert f"run {rig.run} has not been restored: something could not be put back" in aichaos(rig, "config").stderr
        path = tmp_path / "trial.yaml"
        route = yaml.load(ROUTE.replace("NAME", "another"), "route")[0]
        spec = {"title": "A trial", "scope": {"namespaces": [rig.namespace]}, "deadline": "1m", "steps": [{"create": route}]}
        route["metadata"]["namespace"] = rig.namespace
        path.write_text(json.dumps({"apiVersion": "aichaos/v1", "kind": "Experiment", "metadata": {"name": "trial"}, "spec": spec}))
        words = ["run", str(path), "-n", rig.namespace, "--lever", f"{rig.namespace}/lever", "--accept-shared-fate", "--yes"]
        another = aichaos(rig, *words)
        assert another.returncode == 5, all_said(another)
        assert "the cluster has no gateway.networking.k8s.io/v1 HTTPRoute" in another.stderr, all_said(another)
        serve(True)
        done = aichaos(rig, "recover")
        assert done.returncode == 0, all_said(done)
        rig.assert_restored()
