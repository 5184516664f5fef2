"""Chaos Mesh is real: its faults happen, and its webhooks answer."""

import json
from collections.abc import Iterator
from typing import Any

import pytest

from .client import ApiError, ControlPlane
from .test_controlplane import DEPLOYMENT, running_pods

FAULTS = "/apis/chaos-mesh.org/v1alpha1/namespaces/{}/podchaos"


@pytest.fixture
def namespace(chaos_mesh: ControlPlane) -> Iterator[str]:
    """A namespace that is empty."""
    with chaos_mesh.namespace() as name:
        yield name


def pod_kill(namespace: str, **changes: str) -> dict[str, Any]:
    """A fault that kills one of the pods with `app: web`."""
    selector = {"namespaces": [namespace], "labelSelectors": {"app": "web"}}
    spec = {"action": "pod-kill", "mode": "one", "selector": selector, **changes}
    return {"apiVersion": "chaos-mesh.org/v1alpha1", "kind": "PodChaos", "metadata": {"name": "kill", "namespace": namespace}, "spec": spec}


def test_pod_kill_kills_a_pod_and_the_deployment_makes_another(chaos_mesh: ControlPlane, namespace: str) -> None:
    chaos_mesh.node("node-a", zone="a")
    chaos_mesh.apply(DEPLOYMENT, namespace)
    chaos_mesh.wait(lambda: len(running_pods(chaos_mesh, namespace)) == 2, what="two running pods")
    before = {pod["metadata"]["uid"] for pod in running_pods(chaos_mesh, namespace)}

    chaos_mesh.request("POST", FAULTS.format(namespace), pod_kill(namespace))

    def one_is_another() -> bool:
        now = {pod["metadata"]["uid"] for pod in running_pods(chaos_mesh, namespace)}
        return len(now) == 2 and len(now & before) == 1

    chaos_mesh.wait(one_is_another, what="one of the two pods to be killed and replaced")


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"mode": "fixed-percent", "value": "300"}, "Must be (0,100]"),
        ({"action": "pod-failure", "duration": "1d"}, "parse duration field error"),
    ],
)
def test_its_webhook_refuses_what_its_schema_takes(chaos_mesh: ControlPlane, namespace: str, changes: dict[str, str], reason: str) -> None:
    path = FAULTS.format(namespace) + "?dryRun=All&fieldValidation=Strict"
    chaos_mesh.request("POST", path, pod_kill(namespace))
    with pytest.raises(ApiError) as refusal:
        chaos_mesh.request("POST", path, pod_kill(namespace, **changes))

    answer = json.loads(str(refusal.value).partition(": ")[2])
    assert "denied the request" in answer["message"]
    assert reason in answer["message"]


def test_its_defaults_are_filled_in_before_the_schema_is_asked(chaos_mesh: ControlPlane, namespace: str) -> None:
    fault = pod_kill(namespace)
    del fault["spec"]["selector"]  # which the schema requires

    answer = chaos_mesh.request("POST", FAULTS.format(namespace) + "?dryRun=All&fieldValidation=Strict", fault)

    assert answer["spec"]["selector"] == {"namespaces": [namespace]}


@pytest.mark.parametrize(
    ("name", "resource"),
    [
        ("gateway-api-newest", "/apis/gateway.networking.k8s.io/v1/listenersets"),
        ("gateway-api-newest-experimental", "/apis/gateway.networking.x-k8s.io/v1alpha1/xbackendtrafficpolicies"),
        ("istio", "/apis/networking.istio.io/v1/virtualservices"),
        ("litmus", "/apis/litmuschaos.io/v1alpha1/chaosengines"),
        ("crossplane", "/apis/s3.aws.upbound.io/v1beta1/buckets"),
    ],
)
def test_the_other_sets_of_crds_fit_beside_it(chaos_mesh: ControlPlane, name: str, resource: str) -> None:
    chaos_mesh.install_crds(name)
    assert isinstance(chaos_mesh.get(resource)["items"], list)
