"""Against the real API server: what ours only imitates, it does."""

import secrets
import urllib.request
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import msgspec
import pytest

from aichaos.cluster.connection import connect
from aichaos.cluster.discovery import discover
from aichaos.cluster.reader import Forbidden, Reader
from aichaos.domain.access import ClusterRole, ConfigMap
from aichaos.domain.base import Metadata
from aichaos.domain.kinds import KINDS
from aichaos.domain.snapshot import Snapshot
from aichaos.errors import UnauthorizedError, UnreachableError
from aichaos.observe.cluster import observe
from tests.controlplane.cache import Binaries
from tests.controlplane.client import ControlPlane
from tests.controlplane.server import Servers

ODD = """
apiVersion: rbac.authorization.k8s.io/v1
kind: Role
metadata: {name: empty}
---
apiVersion: rbac.authorization.k8s.io/v1
kind: RoleBinding
metadata: {name: nobody}
roleRef: {apiGroup: rbac.authorization.k8s.io, kind: Role, name: empty}
---
apiVersion: v1
kind: Service
metadata: {name: nothing-behind}
spec: {selector: {app: nothing}, ports: [{port: 80, targetPort: http}]}
---
apiVersion: v1
kind: Service
metadata: {name: outside}
spec: {type: ExternalName, externalName: example.com}
---
apiVersion: discovery.k8s.io/v1
kind: EndpointSlice
metadata: {name: by-hand}
addressType: IPv4
endpoints: []
---
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: deny}
spec: {podSelector: {}, policyTypes: [Ingress, Egress], ingress: [{}]}
---
apiVersion: policy/v1
kind: PodDisruptionBudget
metadata: {name: half}
spec: {maxUnavailable: 50%}
---
apiVersion: autoscaling/v2
kind: HorizontalPodAutoscaler
metadata: {name: web}
spec:
  scaleTargetRef: {apiVersion: apps/v1, kind: Deployment, name: web}
  maxReplicas: 3
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: web}
spec:
  replicas: 0
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec: {containers: [{name: web, image: "web:1"}]}
---
apiVersion: apps/v1
kind: StatefulSet
metadata: {name: db}
spec:
  replicas: 0
  serviceName: db
  selector: {matchLabels: {app: db}}
  template:
    metadata: {labels: {app: db}}
    spec: {containers: [{name: db, image: "db:1"}]}
---
apiVersion: apps/v1
kind: DaemonSet
metadata: {name: agent}
spec:
  selector: {matchLabels: {app: agent}}
  template:
    metadata: {labels: {app: agent}}
    spec: {containers: [{name: agent, image: "agent:1"}]}
---
apiVersion: v1
kind: ConfigMap
metadata: {name: settings}
data: {b: sesame, a: open}
binaryData: {c: AA==}
---
apiVersion: v1
kind: ConfigMap
metadata: {name: empty}
---
apiVersion: v1
kind: Secret
metadata: {name: certificate}
type: kubernetes.io/tls
data: {tls.crt: eA==, tls.key: c2VzYW1l}
"""

ROUTES = """
apiVersion: gateway.networking.k8s.io/v1
kind: Gateway
metadata: {name: gw}
spec:
  gatewayClassName: any
  listeners:
  - {name: https, port: 443, protocol: HTTPS, tls: {certificateRefs: [{name: certificate}]}}
  - {name: lost, port: 8443, protocol: HTTPS, tls: {certificateRefs: [{name: never-made}]}}
---
apiVersion: gateway.networking.k8s.io/v1
kind: HTTPRoute
metadata: {name: shop}
spec:
  parentRefs: [{name: gw}]
  hostnames: [shop.example.com]
  rules: [{matches: [{path: {value: /shop}}], backendRefs: [{name: web, port: 80}]}]
---
apiVersion: gateway.networking.k8s.io/v1
kind: HTTPRoute
metadata: {name: defaults}
spec: {parentRefs: [{name: gw}]}
"""


@pytest.fixture
def namespace(controlplane: ControlPlane) -> Iterator[str]:
    with controlplane.namespace() as name:
        yield name


@pytest.fixture
def odd(controlplane: ControlPlane, namespace: str) -> str:
    """A namespace with an object of many kinds, each with as little in it as the server takes."""
    controlplane.install_crds("gateway-api")
    controlplane.apply(ODD, namespace)
    controlplane.apply(ROUTES, namespace)
    return namespace


def seen(controlplane: ControlPlane, *namespaces: str, user: str = "admin", at: str = "default") -> Snapshot:
    return observe(kubeconfig=str(controlplane.kubeconfig(user, namespace=at)), namespaces=namespaces or None)


def read_gaps(snapshot: Snapshot) -> dict[str, str]:
    return {gap.kind: gap.reason for gap in snapshot.gaps if gap.reason != "absent"}


def test_everything_that_the_server_stores_is_read_back(controlplane: ControlPlane, odd: str) -> None:
    snapshot = seen(controlplane, odd)
    assert read_gaps(snapshot) == {}
    assert [role.rules for role in snapshot.roles] == [None]
    assert [binding.subjects for binding in snapshot.role_bindings] == [None]
    assert [service.name for service in snapshot.services] == ["nothing-behind", "outside"]
    assert [budget.spec.max_unavailable for budget in snapshot.disruption_budgets] == ["50%"]
    assert [hpa.spec.max_replicas for hpa in snapshot.autoscalers] == [3]
    assert [workload.replicas for workload in (*snapshot.deployments, *snapshot.stateful_sets)] == [0, 0]
    assert [agent.spec.replicas for agent in snapshot.daemon_sets] == [None]
    assert [route.name for route in snapshot.http_routes] == ["defaults", "shop"]
    assert snapshot.http_routes[0].spec.rules is not None
    assert "by-hand" in [slice_.name for slice_ in snapshot.endpoint_slices]
    assert odd in [namespace.name for namespace in snapshot.namespaces]


def test_the_whole_cluster_is_read_without_a_gap(controlplane: ControlPlane, odd: str) -> None:
    snapshot = seen(controlplane)
    assert read_gaps(snapshot) == {}
    assert len(snapshot.cluster_roles) > 50
    places = [(role.namespace, role.name) for role in snapshot.roles]
    assert places == sorted(places)
    assert (odd, "empty") in places


def test_of_config_maps_and_secrets_nothing_inside_is_read(controlplane: ControlPlane, odd: str) -> None:
    snapshot = seen(controlplane, odd)
    maps = {each.name: each.keys for each in snapshot.config_maps if isinstance(each, ConfigMap)}
    assert maps["settings"] == ("a", "b", "c")
    assert maps["empty"] == ()
    assert [(secret.name, secret.type) for secret in snapshot.secrets] == [("certificate", "kubernetes.io/tls")]
    text = msgspec.json.encode(snapshot).decode()
    assert "sesame" not in text
    assert "c2VzYW1l" not in text


def test_the_server_itself_leaves_the_data_of_a_secret_out(controlplane: ControlPlane, odd: str) -> None:
    with connect(kubeconfig=str(controlplane.kubeconfig())) as connection:
        path = f"/api/v1/namespaces/{odd}/secrets/certificate"
        accept = "application/json;as=Table;g=meta.k8s.io;v=v1"
        whole = Reader(connection).get_json(path, dict[str, Any], {"includeObject": "None"}, accept=accept)
    assert whole is not None
    assert whole["kind"] == "Table"
    assert "c2VzYW1l" not in str(whole)
    assert whole["rows"][0].get("object") is None


def test_it_is_taken_by_the_clock_of_the_server(controlplane: ControlPlane, namespace: str) -> None:
    taken = seen(controlplane, namespace).source.taken
    assert taken is not None
    assert abs(datetime.fromisoformat(taken) - datetime.now(UTC)) < timedelta(minutes=1)


def test_discovery_takes_two_requests_and_knows_the_kinds(controlplane: ControlPlane) -> None:
    controlplane.install_crds("gateway-api")
    with connect(kubeconfig=str(controlplane.kubeconfig())) as connection:
        served = discover(Reader(connection))
    assert served.versions("", "pods") == ("v1",)
    assert served.versions("autoscaling", "horizontalpodautoscalers")[0] == "v2"
    assert "v1" in served.versions("gateway.networking.k8s.io", "httproutes")
    for kind in KINDS:
        if not kind.optional:
            assert kind.versions[0] in served.versions(kind.group, kind.plural), kind.name


def test_engines_are_found_by_their_definitions(controlplane: ControlPlane, namespace: str) -> None:
    controlplane.install_crds("chaos-mesh", "litmus")
    engines = {engine.name: engine for engine in seen(controlplane, namespace).engines}
    assert "NetworkChaos" in engines["chaos-mesh"].kinds
    assert "ChaosEngine" in engines["litmus"].kinds
    assert engines["litmus"].versions == ("v1alpha1",)


def test_pages_of_a_list_are_the_list(controlplane: ControlPlane) -> None:
    class Named(msgspec.Struct):
        metadata: Metadata

    path = "/apis/rbac.authorization.k8s.io/v1/clusterroles"
    with connect(kubeconfig=str(controlplane.kubeconfig())) as connection:
        reader = Reader(connection)
        pages = list(reader.list_pages(path, Named, 20))
        whole = list(reader.list_pages(path, Named, 0))
    assert len(pages) > 2
    assert len(whole) == 1
    assert [each.metadata.name for page in pages for each in page.items] == [each.metadata.name for each in whole[0].items]


@pytest.fixture
def forgetful(server_binaries: Binaries, tmp_path: Path) -> Iterator[Servers]:
    """A control plane that has only etcd to read from: a watch cache would still know what etcd was made to forget."""
    with Servers(tmp_path / "controlplane", server_binaries, ["--watch-cache=false"]) as servers:
        yield servers


def test_a_list_that_expires_between_two_pages_is_still_whole(forgetful: Servers) -> None:
    """The history is dropped after the first page, as an API server does every five minutes."""
    path = "/apis/rbac.authorization.k8s.io/v1/clusterroles"
    controlplane = forgetful.controlplane
    asked: list[str] = []

    def forgetting(role: ClusterRole) -> str:
        if not asked:
            made = controlplane.request("POST", "/api/v1/namespaces", {"metadata": {"name": "later"}})
            _compact(forgetful, made["metadata"]["resourceVersion"])
        asked.append(role.name)
        return role.name

    with connect(kubeconfig=str(controlplane.kubeconfig())) as connection:
        listing = Reader(connection, page=20).list_all(path, ClusterRole, forgetting)
    there = [item["metadata"]["name"] for item in controlplane.get(path)["items"]]
    assert listing.items == there
    assert len(asked) == 20 + len(there), "the list did not expire"


def _compact(servers: Servers, revision: str) -> None:
    url = f"http://127.0.0.1:{servers._etcd_client}/v3/kv/compaction"
    body = msgspec.json.encode({"revision": revision, "physical": True})
    with urllib.request.build_opener(urllib.request.ProxyHandler({})).open(urllib.request.Request(url, body), timeout=10):
        pass


# --- who we are


def test_who_may_read_reads(controlplane: ControlPlane, odd: str) -> None:
    """The usual role for reading has neither Secrets nor roles in it: of a Secret even the outside is refused, and all that is a gap."""
    snapshot = seen(controlplane, odd, user="reader")
    roles = ("Role", "RoleBinding", "ClusterRole", "ClusterRoleBinding")
    assert read_gaps(snapshot) == dict.fromkeys(("Secret", *roles), "forbidden")
    assert [route.name for route in snapshot.http_routes] == ["defaults", "shop"]


def test_who_may_nothing_is_told_what_to_do(controlplane: ControlPlane) -> None:
    with pytest.raises(Forbidden, match="forbidden") as caught:
        seen(controlplane, user="nobody", at="shop")
    assert "-n shop" in caught.value.hint


def test_who_may_read_one_namespace_reads_it_with_its_name(controlplane: ControlPlane, odd: str) -> None:
    user = f"someone-{secrets.token_hex(3)}"
    view = {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": "view"}
    subject = {"apiGroup": "rbac.authorization.k8s.io", "kind": "User", "name": user}
    binding = {"metadata": {"name": user}, "roleRef": view, "subjects": [subject]}
    controlplane.request("POST", f"/apis/rbac.authorization.k8s.io/v1/namespaces/{odd}/rolebindings", binding)
    kubeconfig = str(controlplane.client_certificate_kubeconfig(user, namespace=odd))
    controlplane.wait(lambda: "Pod" not in read_gaps(observe(kubeconfig=kubeconfig, namespaces=(odd,))), what="the role to hold")

    snapshot = observe(kubeconfig=kubeconfig, namespaces=(odd,))
    assert [each.name for each in snapshot.deployments] == ["web"]
    assert [each.name for each in snapshot.namespaces] == [odd]
    gaps = read_gaps(snapshot)
    assert gaps["Node"] == gaps["ClusterRole"] == gaps["Namespace"] == "forbidden"
    assert "Service" not in gaps

    with pytest.raises(Forbidden) as caught:
        observe(kubeconfig=kubeconfig)
    assert f"-n {odd}" in caught.value.hint


def test_a_wrong_token_is_said_so(controlplane: ControlPlane) -> None:
    wrong = "not-the-" + secrets.token_hex(8)
    with pytest.raises(UnauthorizedError, match="does not accept our login") as caught:
        observe(kubeconfig=str(controlplane.kubeconfig(token=wrong)))
    assert wrong not in str(caught.value)


def test_an_expired_client_certificate_is_said_so(controlplane: ControlPlane) -> None:
    kubeconfig = controlplane.client_certificate_kubeconfig("late", ["system:masters"], valid=timedelta(days=-1))
    with pytest.raises(UnauthorizedError):
        observe(kubeconfig=str(kubeconfig))


def test_a_name_that_is_not_in_the_certificate_is_refused(controlplane: ControlPlane, tmp_path: Path) -> None:
    kubeconfig = controlplane.kubeconfig()
    strange = tmp_path / "kubeconfig"
    text = msgspec.json.decode(kubeconfig.read_bytes())
    text["clusters"][0]["cluster"]["tls-server-name"] = "elsewhere.example.com"
    strange.write_bytes(msgspec.json.encode(text))
    with pytest.raises(UnreachableError, match=r"certificate of .* is not accepted"):
        observe(kubeconfig=str(strange))
