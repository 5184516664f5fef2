"""The control plane is real, and does what its README promises to other tests."""

import ipaddress
import json
import secrets
from collections.abc import Iterator
from typing import Any

import pytest

from .client import ApiError, ControlPlane, KubectlError
from .netns import POD_NETWORK
from .recipe import KUBERNETES_VERSION
from .server import Servers

DEPLOYMENT = """
apiVersion: apps/v1
kind: Deployment
metadata: {name: web}
spec:
  replicas: 2
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec:
      nodeName: node-a
      containers: [{name: web, image: web}]
---
apiVersion: v1
kind: Service
metadata: {name: web}
spec:
  selector: {app: web}
  ports: [{port: 80, targetPort: 8080}]
"""


@pytest.fixture
def namespace(controlplane: ControlPlane) -> Iterator[str]:
    """A namespace that is empty."""
    with controlplane.namespace() as name:
        yield name


def running_pods(controlplane: ControlPlane, namespace: str) -> list[Any]:
    """The pods that say they run."""
    pods = controlplane.get(f"/api/v1/namespaces/{namespace}/pods")["items"]
    return [pod for pod in pods if pod["status"]["phase"] == "Running"]


def ready_addresses(controlplane: ControlPlane, namespace: str, service: str) -> set[str]:
    """What the Service's EndpointSlices call ready."""
    path = f"/apis/discovery.k8s.io/v1/namespaces/{namespace}/endpointslices?labelSelector=kubernetes.io/service-name={service}"
    endpoints = [endpoint for slice_ in controlplane.get(path)["items"] for endpoint in slice_.get("endpoints") or []]
    return {address for endpoint in endpoints if endpoint["conditions"]["ready"] for address in endpoint["addresses"]}


def test_the_server_is_the_pinned_release(controlplane: ControlPlane) -> None:
    assert controlplane.get("/version")["gitVersion"] == KUBERNETES_VERSION


def test_a_deployment_gets_running_pods_and_ready_endpoints(controlplane: ControlPlane, namespace: str) -> None:
    controlplane.node("node-a", zone="a")
    controlplane.apply(DEPLOYMENT, namespace)

    controlplane.wait(lambda: len(running_pods(controlplane, namespace)) == 2, what="two running pods")
    addresses = {pod["status"]["podIP"] for pod in running_pods(controlplane, namespace)}
    assert all(ipaddress.ip_address(address) in ipaddress.ip_network(POD_NETWORK) for address in addresses)
    controlplane.wait(lambda: ready_addresses(controlplane, namespace, "web") == addresses, what="ready endpoints")


def test_a_deleted_pod_is_replaced(controlplane: ControlPlane, namespace: str) -> None:
    controlplane.node("node-a", zone="a")
    controlplane.apply(DEPLOYMENT, namespace)
    controlplane.wait(lambda: len(running_pods(controlplane, namespace)) == 2, what="two running pods")
    victim = running_pods(controlplane, namespace)[0]["metadata"]["name"]

    controlplane.request("DELETE", f"/api/v1/namespaces/{namespace}/pods/{victim}")

    def replaced() -> bool:
        names = {pod["metadata"]["name"] for pod in running_pods(controlplane, namespace)}
        return len(names) == 2 and victim not in names

    controlplane.wait(replaced, what="another pod in its place")


def test_nobody_may_read_nothing(controlplane: ControlPlane) -> None:
    with pytest.raises(KubectlError, match='pods is forbidden: User "nobody" cannot list'):
        controlplane.kubectl("get", "pods", kubeconfig=controlplane.kubeconfig("nobody"))


def test_the_reader_reads_what_crds_bring_but_no_secrets_and_writes_nothing(controlplane: ControlPlane, namespace: str) -> None:
    controlplane.install_crds("gateway-api")
    reader = controlplane.tokens["reader"]

    for path in ("/api/v1/nodes", f"/api/v1/namespaces/{namespace}/pods", "/apis/gateway.networking.k8s.io/v1/httproutes"):
        assert controlplane.request("GET", path, token=reader)["kind"].endswith("List")
    for method, path in (("GET", f"/api/v1/namespaces/{namespace}/secrets"), ("DELETE", f"/api/v1/namespaces/{namespace}")):
        with pytest.raises(ApiError) as refusal:
            controlplane.request(method, path, token=reader)
        assert refusal.value.status == 403


def test_an_unknown_token_is_refused(controlplane: ControlPlane) -> None:
    with pytest.raises(ApiError) as refusal:
        controlplane.request("GET", "/api/v1/pods", token=secrets.token_hex(16))
    assert refusal.value.status == 401


def test_a_client_certificate_names_its_user_and_groups(controlplane: ControlPlane) -> None:
    kubeconfig = controlplane.client_certificate_kubeconfig("eve", ["team-a", "team-b"])

    answer = json.loads(controlplane.kubectl("auth", "whoami", "--output=json", kubeconfig=kubeconfig).stdout)

    assert answer["status"]["userInfo"]["username"] == "eve"
    assert {"team-a", "team-b"} <= set(answer["status"]["userInfo"]["groups"])


def test_a_strict_dry_run_refuses_an_unknown_field_and_changes_nothing(controlplane: ControlPlane, namespace: str) -> None:
    path = f"/api/v1/namespaces/{namespace}/services?dryRun=All&fieldValidation=Strict"
    good = {"metadata": {"name": "web"}, "spec": {"ports": [{"port": 80}]}}
    controlplane.request("POST", path, good)
    with pytest.raises(ApiError, match=r'strict decoding error: unknown field \\"spec.portz\\"'):
        controlplane.request("POST", path, good | {"spec": {"ports": [{"port": 80}], "portz": []}})

    assert controlplane.get(f"/api/v1/namespaces/{namespace}/services")["items"] == []


@pytest.mark.parametrize(
    ("name", "resource"),
    [
        ("gateway-api", "/apis/gateway.networking.k8s.io/v1/httproutes"),
        ("gateway-api-experimental", "/apis/gateway.networking.k8s.io/v1alpha2/tcproutes"),
        ("istio", "/apis/networking.istio.io/v1/virtualservices"),
        ("chaos-mesh", "/apis/chaos-mesh.org/v1alpha1/networkchaos"),
        ("litmus", "/apis/litmuschaos.io/v1alpha1/chaosengines"),
        ("crossplane", "/apis/s3.aws.upbound.io/v1beta1/buckets"),
    ],
)
def test_each_set_of_crds_is_served_once_installed(controlplane: ControlPlane, name: str, resource: str) -> None:
    controlplane.install_crds(name)
    assert isinstance(controlplane.get(resource)["items"], list)


def test_the_api_server_can_go_away_and_come_back_with_its_objects(private_controlplane: Servers) -> None:
    controlplane = private_controlplane.controlplane
    with controlplane.namespace() as namespace:
        private_controlplane.stop_apiserver()
        with pytest.raises(KubectlError, match=r"connection refused|was refused"):
            controlplane.kubectl("get", "pods")
        private_controlplane.start_apiserver()
        assert controlplane.get(f"/api/v1/namespaces/{namespace}")["status"]["phase"] == "Active"
