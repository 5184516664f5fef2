"""The guard inside the cluster, in the file system that its Containerfile makes."""

import dataclasses
import os
import shutil
import subprocess
from pathlib import Path

from aichaos.cluster.connection import connect
from aichaos.cluster.writer import Writer
from aichaos.run import incluster
from tests.controlplane import image
from tests.controlplane.client import ControlPlane
from tests.program import all_said
from tests.run.driver import approval
from tests.run.image.conftest import VARIABLE
from tests.run.rig import rigged
from tests.run.test_incluster import as_guard, lost


def test_its_image_restores_as_a_pod_of_its_job_would(controlplane: ControlPlane, tmp_path: Path) -> None:
    """The root file system that the Containerfile makes, as its user, read-only, without a capability, with the volumes of the Job."""
    with rigged(controlplane, tmp_path) as rig:
        words = lost(rig, tmp_path)
        account = tmp_path / "pod" / "account"
        account.mkdir()
        (account / "token").write_text(as_guard(controlplane, rig.namespace))
        (account / "namespace").write_text(rig.namespace)
        (account / "ca.crt").write_bytes(controlplane.authority.read_bytes())
        volumes = {
            "/key": tmp_path / "pod" / "key",
            "/state": tmp_path / "pod" / "state",
            "/run/secrets/kubernetes.io/serviceaccount": account,
        }
        shutil.chown(volumes["/state"], 65532, 65532)
        with connect(kubeconfig=str(rig.kubeconfig)) as connection:
            writer, where = Writer(connection, approval(rig.run)), incluster.job(rig.run, rig.namespace)
            job = incluster.manifest(writer, rig.run, where, "registry.test/aichaos:1")
        (container,) = job["spec"]["template"]["spec"]["containers"]
        assert [*container["args"]] == words
        assert {mount["mountPath"] for mount in container["volumeMounts"]} == {"/key", "/state"}
        built = image.load(Path(os.environ[VARIABLE]))
        assert job["spec"]["template"]["spec"]["securityContext"]["runAsUser"] == int(built.user.partition(":")[0])
        built.variables |= {one["name"]: one["value"] for one in container["env"]} | controlplane.variables
        for folder in (tmp_path, *tmp_path.parents[:3]):  # pytest keeps them for one user
            folder.chmod(folder.stat().st_mode | 0o011)
        done = subprocess.run(built.running(words, volumes), capture_output=True, text=True, check=False, timeout=120)
        assert done.returncode == 0, all_said(done)
        assert "verified restored" in done.stderr
        rig.assert_restored()

        def other(program: str) -> str:
            command = dataclasses.replace(built, entrypoint=program.split()).running([], volumes)
            return subprocess.run(command, capture_output=True, text=True, check=True, timeout=60).stdout

        other("/usr/bin/ssh-keygen -q -t ed25519 -N secret -f /state/anna")  # what checks approvals works for this user
        told = other("/bin/cat /proc/self/status")
        lines = dict(line.split(":\t", 1) for line in told.splitlines() if ":\t" in line)
        assert {lines[name] for name in ("CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb")} == {"0" * 16}
        assert (lines["NoNewPrivs"], lines["Uid"].split()[1]) == ("1", "65532")
