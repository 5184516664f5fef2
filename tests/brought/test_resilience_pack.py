"""The experiment `engine` of the resilience pack, with the real Litmus, behind a real gateway; only its times are shorter."""

import dataclasses
import json
from pathlib import Path
from typing import Any

import pytest

from tests.brought import litmus
from tests.controlplane import recipe
from tests.controlplane.backends import Backends
from tests.controlplane.cache import Binaries, Missing, locate
from tests.controlplane.gateway import RunningGateway, container_port
from tests.controlplane.server import Servers
from tests.program import Run, all_said, events_of
from tests.run.shop import last
from tools.docs.places import ROOT

EXPERIMENT = ROOT / "docs" / "examples" / "resilience" / "experiments" / "engine.yaml"
HOME, NAME, ACCOUNT = "production", "vllm-inference-engine", "vllm-chaos-executor"
SHORTER = {'value: "60"': 'value: "20"', "hold: 60s": "hold: 30s", "{for: 30s}": "{for: 2s}"}
PORT = 8000  # which the experiment's own probe asks by the Service's name


def deployment(name: str, replicas: int) -> dict[str, Any]:
    labels = {"app": name}
    template = {"metadata": {"labels": labels}, "spec": {"nodeName": "node-a", "containers": [{"name": "vllm", "image": "vllm:1"}]}}
    spec = {"replicas": replicas, "selector": {"matchLabels": labels}, "template": template}
    return {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": name}, "spec": spec}


def test_inference_pods_are_deleted_one_after_another_under_a_probe(
    server_binaries: Binaries, brought: Path, aichaos: Run, tmp_path: Path
) -> None:
    found = locate(*recipe.CONTROL_PLANE, *recipe.GATEWAY)
    if isinstance(found, Missing):
        pytest.skip(found.reason)
    with Backends(PORT) as backends, Servers(tmp_path / "servers", server_binaries) as servers:
        plane = dataclasses.replace(servers.controlplane, binaries=found)
        plane.node("node-a", zone="a")
        with plane.namespace(HOME) as namespace:
            for name, replicas in {NAME: 6, "others": 16}.items():
                plane.request("POST", f"/apis/apps/v1/namespaces/{HOME}/deployments", deployment(name, replicas))
            ports = [{"name": "http", "port": PORT, "targetPort": PORT}]
            service = {"metadata": {"name": NAME}, "spec": {"selector": {"app": NAME}, "ports": ports}}
            plane.request("POST", f"/api/v1/namespaces/{HOME}/services", service)
            (tmp_path / "gateway").mkdir()
            gateway = RunningGateway(plane, tmp_path / "gateway", namespace, backends, "ai-gateway")
            try:
                gateway.start()
                rule = {"backendRefs": [{"name": NAME, "port": PORT}]}
                spec = {"parentRefs": [gateway.parent], "hostnames": ["ai.example.com"], "rules": [rule]}
                route = {"apiVersion": "gateway.networking.k8s.io/v1", "kind": "HTTPRoute", "metadata": {"name": "ai", "namespace": HOME}}
                gateway.create(route | {"spec": spec})
                gateway.settle()
                before = uids(plane, namespace)
                plane.install_crds("litmus")
                litmus.install_pod_delete(plane, namespace, ACCOUNT)
                text = EXPERIMENT.read_text()
                for was, becomes in SHORTER.items():
                    assert was in text
                    text = text.replace(was, becomes)
                (tmp_path / "engine.yaml").write_text(text)
                hosts = {f"{NAME}.{HOME}.svc.cluster.local": "10.244.250.1"}
                with (
                    litmus.operator(plane, namespace, brought, tmp_path / "litmus"),
                    litmus.kubelet(plane, namespace, brought, tmp_path / "litmus" / "pods", hosts) as kubelet,
                ):
                    whom = f"gateway/{HOME}/ai-gateway:80={gateway.address}:{container_port(80)}"
                    words = ["run", str(tmp_path / "engine.yaml"), "-n", HOME, "--resolve", whom, "--lever", f"{HOME}/lever"]
                    words += ["--accept-shared-fate", "--yes", "--interval", "0.2", "--baseline", "2", "--after", "2", "-o", "json"]
                    done = aichaos(*words, kubeconfig=plane.kubeconfig(), AICHAOS_STATE_DIR=str(tmp_path / "state"))
                    said = kubelet.log("kill") + kubelet.log("pod-delete")
                    results = litmus.there(plane, namespace, "chaosresults")
            finally:
                gateway.stop()
            end = last(events_of(done))
            assert (done.returncode, end["outcome"], end["restored"], end["verdict"]) == (0, "completed", "verified", "pass"), (
                all_said(done) + said
            )
            assert uids(plane, namespace) != before, said
            assert litmus.there(plane, namespace, "chaosengines") == []
            assert [one["status"]["experimentStatus"]["phase"] for one in results] != ["Error"], json.dumps(results)


def uids(plane: Any, namespace: str) -> set[str]:
    pods = plane.get(f"/api/v1/namespaces/{namespace}/pods?labelSelector=app%3D{NAME}")["items"]
    return {str(pod["metadata"]["uid"]) for pod in pods}
