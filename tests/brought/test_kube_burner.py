"""The exported job of a scenario at scale, carried out by the real kube-burner."""

import subprocess
from pathlib import Path

import pytest

from aichaos.files import yaml
from tests.controlplane.client import ControlPlane
from tests.report.export import shop


@pytest.fixture
def server(controlplane: ControlPlane) -> ControlPlane:
    controlplane.install_crds("gateway-api")
    return controlplane


def test_kube_burner_makes_what_the_experiment_makes_in_namespaces_of_its_own(server: ControlPlane, brought: Path, tmp_path: Path) -> None:
    with server.namespace() as namespace:
        shop.set_up(server, namespace)
        rival = shop.route("third", "other")
        rival["metadata"]["namespace"] = namespace
        noted = {
            "apiVersion": "v1",
            "kind": "ConfigMap",
            "metadata": {"name": "alert", "namespace": namespace},
            "data": {"a": "{{ $value }}"},
        }
        steps: list[shop.Manifest] = [{"create": rival}, {"create": noted}, {"wait": {"for": "1s"}}]
        folder, around = shop.exported(server, namespace, shop.experiment(namespace, *steps), "kube-burner", tmp_path / "shop")
        whole = (folder / "job.yaml").read_text()
        name = yaml.load(whole, "job.yaml")[0]["jobs"][0]["name"]

        def burn(*words: str) -> None:
            command = [str(brought / "kube-burner"), *words]
            done = subprocess.run(command, env=around, cwd=folder, capture_output=True, text=True, timeout=180, check=False)
            assert done.returncode == 0, done.stdout + done.stderr

        def homes() -> list[str]:
            found = [one["metadata"]["name"] for one in server.get("/api/v1/namespaces")["items"] if one["status"]["phase"] == "Active"]
            return sorted(one for one in found if one.startswith(f"{name}-"))

        burn("init", "-c", "job.yaml", "--skip-log-file")
        assert homes() == sorted(f"{name}-{number}" for number in range(100))
        for number in (0, 99):
            home = f"{name}-{number}"
            (route,) = server.get(shop.ROUTES.format(home))["items"]
            assert (route["metadata"]["name"], route["spec"]["rules"]) == (f"third-{number}", _defaulted(server, namespace, rival))
            assert server.get(f"/api/v1/namespaces/{home}/configmaps/alert-{number}")["data"] == {"a": "{{ $value }}"}
        burn("destroy", "-c", "job.yaml", "--skip-log-file")
        assert homes() == []


def _defaulted(server: ControlPlane, namespace: str, route: shop.Manifest) -> object:
    """What the server makes of the experiment's own object."""
    return server.request("POST", f"{shop.ROUTES.format(namespace)}?dryRun=All", route)["spec"]["rules"]
