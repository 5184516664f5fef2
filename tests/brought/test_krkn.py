"""The exported pod scenario, carried out by the real krkn: one pod of those that are meant is killed, and krkn waits until it is back."""

import shutil
import subprocess
from pathlib import Path

from tests.controlplane.client import ControlPlane
from tests.controlplane.test_controlplane import DEPLOYMENT, running_pods
from tests.report.export import shop

PAUSE = "wait_duration: 60"


def test_krkn_kills_one_pod_of_those_that_are_meant_and_no_other(controlplane: ControlPlane, brought: Path, tmp_path: Path) -> None:
    controlplane.install_crds("gateway-api")
    controlplane.node("node-a", zone="a")
    with controlplane.namespace() as namespace, controlplane.namespace() as other:
        for one in (namespace, other):
            controlplane.apply(DEPLOYMENT, one)
            controlplane.wait(lambda one=one: len(running_pods(controlplane, one)) == 2, what="two running pods")  # type: ignore[misc]
        names = sorted(pod["metadata"]["name"] for pod in running_pods(controlplane, namespace))
        spared = sorted(pod["metadata"]["name"] for pod in running_pods(controlplane, other))
        steps: list[shop.Manifest] = [{"delete": {"kind": "Pod", "name": names[0], "namespace": namespace}}]
        folder, around = shop.exported(controlplane, namespace, shop.experiment(namespace, *steps), "krkn", tmp_path / "shop")
        config = folder / "config.yaml"
        assert PAUSE in config.read_text()
        config.write_text(config.read_text().replace(PAUSE, "wait_duration: 1"))  # which krkn waits after a scenario
        home = Path(around["HOME"]) / ".kube"
        home.mkdir(parents=True)
        shutil.copyfile(around["KUBECONFIG"], home / "config")
        command = [str(brought / "krkn-venv" / "bin" / "python"), str(brought / "krkn" / "run_kraken.py"), "--config", "config.yaml"]
        done = subprocess.run(command, env=around, cwd=folder, capture_output=True, text=True, timeout=240, check=False)
        said = done.stdout + done.stderr
        assert done.returncode == 0, said
        left = sorted(pod["metadata"]["name"] for pod in running_pods(controlplane, namespace))
        assert (len(left), len(set(left) & set(names))) == (2, 1), said
        assert sorted(pod["metadata"]["name"] for pod in running_pods(controlplane, other)) == spared
