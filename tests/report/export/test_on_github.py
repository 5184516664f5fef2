"""The exported GitHub workflow, its steps in their order as a runner starts them: `bash -e`, with what its expressions stand for."""

import json
import os
import re
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from aichaos.files import yaml
from tests.controlplane.client import ControlPlane
from tests.program import all_said
from tests.report.export import shop

pytestmark = pytest.mark.skipif(
    shutil.which("ssh-keygen") is None or shutil.which("bash") is None, reason="no ssh-keygen, or no bash, here"
)


class Runner:
    """A checkout with the experiment, its approval and who may approve, and a runner for it whose `pip` installs nothing."""

    def __init__(self, server: ControlPlane, namespace: str, folder: Path) -> None:
        steps: list[shop.Manifest] = [
            {"scale": {"kind": "Deployment", "name": "web", "namespace": namespace, "replicas": 1}},
            {"wait": {"for": "2s"}},
        ]
        document = shop.experiment(namespace, *steps)
        document["spec"]["steadyState"] = [
            {"name": "web is there", "kubernetes": {"object": f"Deployment/{namespace}/web", "condition": "Available"}}
        ]
        made, self.around = shop.exported(server, namespace, document, "github-actions", folder / "export")
        (file,) = made.rglob("*.yaml")
        (workflow,) = yaml.load(file.read_text(), file.name)
        self.steps: list[dict[str, Any]] = workflow["jobs"]["chaos"]["steps"]
        self.folder = folder / "checkout"
        self._secret = Path(self.around.pop("KUBECONFIG")).read_text()
        self._temp = folder / "temp"
        programs = folder / "programs"
        for made_here in (self.folder / "chaos", self._temp, programs):
            made_here.mkdir(parents=True)
        (programs / "pip").write_text("#!/bin/sh\n[ \"$*\" = 'install aichaos' ]\n")
        (programs / "pip").chmod(0o755)
        self.around["PATH"] = f"{programs}:{self.around['PATH']}"
        shutil.copy(folder / "export" / "all-verbs.yaml", self.folder / "chaos")
        self._approve(folder)

    def _approve(self, folder: Path) -> None:
        key, admin = folder / "anna", folder / "admin"
        admin.write_text(self._secret)
        subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(key)], check=True)
        (self.folder / "chaos" / "allowed_signers").write_text(f"anna {key.with_suffix('.pub').read_text()}")
        words = ["approve", "chaos/all-verbs.yaml", "--key", str(key), "--as", "anna", "--uses", "2", "--yes"]
        command = [sys.executable, "-m", "aichaos", *words, "-o", "chaos/all-verbs.approval.yaml"]
        around = self.around | {"KUBECONFIG": str(admin)}
        done = subprocess.run(command, cwd=self.folder, env=around, capture_output=True, text=True, timeout=60, check=False)
        assert done.returncode == 0, all_said(done)

    def start(self, step: dict[str, Any]) -> subprocess.Popen[str]:
        env = {name: self._meant(text) for name, text in step.get("env", {}).items()}
        script = self._temp / "step.sh"
        script.write_text(self._meant(step["run"]))
        return subprocess.Popen(
            ["bash", "-e", str(script)],
            cwd=self.folder,
            env=self.around | env,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )

    def _meant(self, text: str) -> str:
        given = {"secrets.KUBECONFIG": self._secret, "runner.temp": str(self._temp)}
        return re.sub(r"\$\{\{ (\S+) \}\}", lambda found: given[found[1]], text)

    def finish(self, step: dict[str, Any]) -> str:
        process = self.start(step)
        out, said = process.communicate(timeout=120)
        assert process.returncode == 0, (step["run"], out, said)
        return out + said


@pytest.fixture
def namespace(controlplane: ControlPlane) -> Iterator[str]:
    controlplane.install_crds("gateway-api")
    controlplane.node("node-a", zone="a")
    with controlplane.namespace() as name:
        shop.set_up(controlplane, name)
        on_node = {"spec": {"template": {"spec": {"nodeName": "node-a"}}}}
        where = f"/apis/apps/v1/namespaces/{name}/deployments/web"
        controlplane.request("PATCH", where, on_node, content_type="application/strategic-merge-patch+json")
        controlplane.wait(lambda: controlplane.get(where).get("status", {}).get("availableReplicas") == 2, what="the pods of web")
        yield name


def test_its_steps_install_check_run_and_leave_nothing_behind(controlplane: ControlPlane, namespace: str, tmp_path: Path) -> None:
    before = shop.state(controlplane, namespace)
    runner = Runner(controlplane, namespace, tmp_path)
    *others, run, last = [step for step in runner.steps if "run" in step]
    assert [step["run"].split()[:2] for step in others] == [["pip", "install"], ["aichaos", "check"]]
    for step in others:
        runner.finish(step)
    events = [json.loads(line) for line in runner.finish(run).splitlines() if line.startswith("{")]
    assert (events[-1]["event"], events[-1]["restored"], events[-1]["verdict"]) == ("finished", "verified", "pass")
    assert last["if"] == "always()"
    runner.finish(last)
    assert shop.state(controlplane, namespace) == before


def test_a_run_that_is_killed_with_its_step_is_put_back_by_the_last_one(controlplane: ControlPlane, namespace: str, tmp_path: Path) -> None:
    before = shop.state(controlplane, namespace)
    runner = Runner(controlplane, namespace, tmp_path)
    *_, run, last = [step for step in runner.steps if "run" in step]
    process = runner.start(run)
    assert process.stdout is not None
    assert any(json.loads(line)["event"] == "changed" for line in process.stdout)
    os.killpg(process.pid, signal.SIGKILL)
    process.communicate(timeout=60)
    runner.finish(last)
    assert shop.state(controlplane, namespace) == before
