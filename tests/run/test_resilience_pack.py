"""Experiments of the resilience pack, run as they stand on the real API server; only the pauses are shorter.

Here is no Istio, no AWS and no GPU: pods are kwok's, answered for by `Backends`; the status of the replication is written by the test, in
the place of Crossplane's provider; the metric of CloudWatch's exporter comes from a real Prometheus. The engines of Litmus: tests/brought.
"""

import json
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from aichaos.files import yaml
from tests.controlplane.backends import Backends
from tests.controlplane.cache import Binaries
from tests.controlplane.client import ControlPlane
from tests.controlplane.server import Servers
from tests.measure import prometheuses
from tests.program import Run, all_said, events_of
from tests.run.shop import last
from tools.docs.places import ROOT

PACK = ROOT / "docs" / "examples" / "resilience"
HOME = "production"
LAG = "aws_s3_replication_latency_maximum"
LAUNCHED = "/apis/apps/v1/namespaces/{}/deployments"
REPLICATIONS = "/apis/s3.aws.upbound.io/v1beta2/bucketreplicationconfigurations"
PATHS = {
    "Namespace": "/api/v1/namespaces",
    "Service": f"/api/v1/namespaces/{HOME}/services",
    "Deployment": LAUNCHED.format(HOME),
    "DestinationRule": f"/apis/networking.istio.io/v1/namespaces/{HOME}/destinationrules",
    "VirtualService": f"/apis/networking.istio.io/v1/namespaces/{HOME}/virtualservices",
    "BucketReplicationConfiguration": REPLICATIONS,
}


def deployment(name: str, replicas: int, port: int) -> dict[str, Any]:
    labels = {"app": name, "model": name.rpartition("-")[0]}
    container = {"name": "vllm", "image": "vllm:1", "ports": [{"name": "http", "containerPort": port}]}
    template = {"metadata": {"labels": labels}, "spec": {"containers": [container]}}
    spec = {"replicas": replicas, "selector": {"matchLabels": {"app": name}}, "template": template}
    return {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": name, "namespace": HOME}, "spec": spec}


def service(name: str, selector: dict[str, str]) -> dict[str, Any]:
    spec = {"selector": selector, "ports": [{"name": "http", "port": 8000, "targetPort": "http"}]}
    return {"apiVersion": "v1", "kind": "Service", "metadata": {"name": name, "namespace": HOME}, "spec": spec}


class Platform:
    """The cluster, with the manifests of the pack that the experiments need."""

    def __init__(self, plane: ControlPlane, port: int) -> None:
        self.plane, self.port = plane, port
        plane.install_crds("istio", "crossplane")
        plane.node("node-a", zone="us-east-1a")
        self.put(
            *yaml.load((PACK / "degradation.yaml").read_text().replace("containerPort: 8000", f"containerPort: {port}"), "degradation")
        )
        self.put(*(deployment(name, count, port) for name, count in {"llama3-70b-east": 4, "llama3-70b-west": 4, "others-a": 8}.items()))
        self.put(service("llama3-70b-service", {"model": "llama3-70b"}), *yaml.load((PACK / "replication.yaml").read_text(), "replication"))
        plane.wait(self.is_up, what="all Deployments to be ready")

    def put(self, *documents: dict[str, Any]) -> None:
        for document in documents:
            if document["kind"] == "Deployment":
                document["spec"]["template"]["spec"]["nodeName"] = "node-a"
            self.plane.request("POST", PATHS[document["kind"]], document)

    def is_up(self) -> bool:
        found = self.plane.get(LAUNCHED.format(HOME))["items"]
        return all(one.get("status", {}).get("readyReplicas") == one["spec"]["replicas"] for one in found)

    def replicas(self) -> dict[str, int]:
        return {one["metadata"]["name"]: one["spec"]["replicas"] for one in self.plane.get(LAUNCHED.format(HOME))["items"]}

    def replicated(self, status: str) -> None:
        """What the provider writes before, and once AWS has taken the configuration."""
        reason = "Available" if status == "True" else "Creating"
        ready = {"type": "Ready", "status": status, "reason": reason, "lastTransitionTime": "2026-11-01T00:00:00Z"}
        where = f"{REPLICATIONS}/master-enterprise-model-replication/status"
        self.plane.request("PATCH", where, {"status": {"conditions": [ready]}}, content_type="application/merge-patch+json")


@pytest.fixture(scope="module")
def platform(server_binaries: Binaries, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Platform]:
    with Backends() as backends, Servers(tmp_path_factory.mktemp("servers") / "plane", server_binaries) as servers:
        yield Platform(servers.controlplane, backends.port)


@pytest.fixture
def run(platform: Platform, aichaos: Run, tmp_path: Path) -> Callable[..., subprocess.CompletedProcess[str]]:
    """Runs an experiment of the pack by its name."""

    def start(name: str, *more: str) -> subprocess.CompletedProcess[str]:
        text = (PACK / "experiments" / f"{name}.yaml").read_text()
        for pause in ("{for: 2m}", "{for: 1m}"):
            text = text.replace(pause, "{for: 2s}")
        path = tmp_path / f"{name}.yaml"
        path.write_text(text)
        words = ["run", str(path), "-n", HOME, "--lever", f"{HOME}/lever", "--accept-shared-fate", "--yes", "-o", "json"]
        words += ["--interval", "0.2", "--baseline", "1", "--after", "1", *more]
        return aichaos(*words, kubeconfig=platform.plane.kubeconfig(), AICHAOS_STATE_DIR=str(tmp_path / "state"))

    return start


def during(end: dict[str, Any]) -> dict[str, dict[str, Any]]:
    return {one["probe"]: one for one in json.loads(Path(end["report"]).read_text())["during"]}


def test_the_small_model_answers_while_the_large_one_has_no_pod(platform: Platform, run: Callable[..., Any]) -> None:
    before = platform.replicas()
    done = run("degradation")
    end = last(events_of(done))
    assert (done.returncode, end["outcome"], end["restored"], end["verdict"]) == (0, "completed", "verified", "pass"), all_said(done)
    assert during(end)["prompts are answered"]["success"] >= 0.99
    assert platform.replicas() == before


def test_the_western_pods_start_anew_while_the_east_is_gone(platform: Platform, run: Callable[..., Any], tmp_path: Path) -> None:
    with prometheuses.running(tmp_path, {LAG: 42.0, "aws_s3_operations_pending_replication_maximum": 3.0}) as real:
        real.wait(lambda: real.value(LAG) == 42, "the metric")
        platform.replicated("False")
        refused = run("replication", "--prometheus", real.address)
        assert refused.returncode == 5, all_said(refused)
        assert "refused [steady-state]" in refused.stderr
        assert "the replication is set up" in " ".join(refused.stderr.split())
        platform.replicated("True")
        done = run("replication", "--prometheus", real.address)
    end = last(events_of(done))
    assert (done.returncode, end["outcome"], end["restored"], end["verdict"]) == (0, "completed", "verified", "pass"), all_said(done)
    assert set(during(end)) == {
        "the 70B model answers",
        "the western pods are available",
        "the replication is set up",
        "nothing waits to be copied for long",
    }
    assert [one["name"] for one in json.loads(Path(end["report"]).read_text())["metrics"]] == [
        "Seconds that an object waits to be copied",
        "Operations that wait to be copied",
    ]
    assert platform.replicas()["llama3-70b-east"] == 4
