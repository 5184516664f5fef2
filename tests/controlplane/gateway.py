"""A real gateway: Contour reads the Gateway API objects of the test cluster, Envoy answers requests, `Backends` are the pods.

What was applied has reached Envoy when `RunningGateway.settle` returns. It is not a matter of waiting: a marker goes the same way as
everything before it. Each round makes, in this order, a namespace, a grant, a Service, its endpoints and a route, and gives the Gateway's
marker listener the round's hostname; each of them is new, and a request for that hostname succeeds only when Contour has seen them all.
Contour sees the changes of one kind in the order in which they were made, so it has then seen everything older as well. What Envoy
has of it is read from Envoy: each table of routes at the version of the marker's (they come by streams of their own, in any order) or
rejected once more, no cluster and no listener still warming, and each cluster's hosts those of the API server.
"""

import contextlib
import itertools
import json
import secrets
import subprocess
import tempfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from .asking import Answer, Client
from .backends import Backends
from .client import ApiError, ControlPlane
from .envoy import Envoy
from .pki import Authority
from .ports import free_port
from .processes import Server, answers

CONTROLLER = "projectcontour.io/gateway-controller"

_START_PATIENCE = 60.0  # seconds
_MARKER_PORT = 28080
_PLURALS = {
    "GatewayClass": "gatewayclasses",
    "Gateway": "gateways",
    "HTTPRoute": "httproutes",
    "GRPCRoute": "grpcroutes",
    "ReferenceGrant": "referencegrants",
    "Service": "services",
    "EndpointSlice": "endpointslices",
    "Namespace": "namespaces",
    "Deployment": "deployments",
    "Pod": "pods",
}
Manifest = Mapping[str, Any]


class RunningGateway:
    """One Gateway of its own in the shared control plane, served by a Contour and an Envoy of its own."""

    def __init__(self, controlplane: ControlPlane, folder: Path, namespace: str, backends: Backends, name: str = "") -> None:
        self.controlplane = controlplane
        self.namespace = namespace
        self.name = name or f"gateway-{secrets.token_hex(4)}"  # a parentRef without namespace finds it by its name alone
        self.backends = backends
        # An address of the pod network that no pod gets: kwok counts up from the beginning.
        self.address = f"10.244.{200 + secrets.randbelow(50)}.{1 + secrets.randbelow(250)}"
        self._rounds = itertools.count(1)
        self._listeners: Sequence[Manifest] = ()
        self._marker = f"marker-{secrets.token_hex(4)}"
        self._folder, programs = folder, controlplane.binaries.programs
        self._xds, self._health = free_port("127.0.0.1"), free_port("127.0.0.1")
        self.contour = Server([programs["contour"], *self._contour_flags()], folder)
        self.envoy = Envoy(programs["envoy"], folder, folder / "envoy.json")
        self.client = Client(self.address)

    def start(self) -> None:
        """Makes the class, the Gateway with one open listener on port 80, and starts both servers."""
        self.controlplane.install_crds("gateway-api", "contour")
        self._create_once(_object("GatewayClass", "contour", spec={"controllerName": CONTROLLER}))
        self._create_once(_object("Namespace", "projectcontour"))
        self.listen([{"name": "http", "port": 80, "protocol": "HTTP", "allowedRoutes": {"namespaces": {"from": "All"}}}])
        self.contour.start()
        self.contour.wait_until(lambda: answers(f"http://127.0.0.1:{self._health}/healthz"), _START_PATIENCE)
        self._write_envoy_configuration()
        self.envoy.start()

    def stop(self) -> None:
        self.client.close()
        self.envoy.stop()
        self.contour.stop()

    @property
    def parent(self) -> dict[str, str]:
        """The parentRef that names this Gateway."""
        return {"namespace": self.namespace, "name": self.name}

    def listen(self, listeners: Sequence[Manifest]) -> None:
        """Replaces the Gateway's listeners."""
        self._listeners = listeners
        self._write_gateway(0)

    def create(self, manifest: Manifest) -> Any:
        """Creates one object, and returns it as the server keeps it."""
        return self.controlplane.request("POST", _collection(manifest), dict(manifest))

    def delete(self, manifest: Manifest) -> None:
        """Deletes one object; a route is gone at once, with what it held."""
        self.controlplane.request("DELETE", f"{_collection(manifest)}/{manifest['metadata']['name']}")

    def annotate(self, manifest: Manifest, annotations: Mapping[str, str]) -> None:
        """Changes one object, and nothing that counts: its age stays."""
        path = f"{_collection(manifest)}/{manifest['metadata']['name']}"
        change = {"metadata": {"annotations": dict(annotations)}}
        self.controlplane.request("PATCH", path, change, content_type="application/merge-patch+json")

    def service(self, namespace: str, name: str, addresses: Iterable[str], ready: bool | None = None, port: int = 80) -> None:
        """A Service without selector, whose one port leads to the backends at these addresses."""
        for each in service(namespace, name, addresses, self.backends.port, ready, port):
            self.create(each)

    def certificate(self, name: str, hosts: Sequence[str]) -> None:
        """A Secret in the Gateway's namespace with a certificate for these hosts, which listeners can name."""
        certificate, key = Authority(self._folder / "pki").issue_server(name, [], hosts)
        data = {"tls.crt": certificate.read_text(encoding="utf-8"), "tls.key": key.read_text(encoding="utf-8")}
        self.create(_object("Secret", name, self.namespace, type="kubernetes.io/tls", stringData=data))

    def ask(
        self, method: str, host: str, path: str, headers: Iterable[tuple[str, str]] = (), port: int = 80, tls: str | None = None
    ) -> Answer:
        """One request to a port of the Gateway. tls: the name for the handshake, where the port speaks TLS."""
        self.client.ports.setdefault(port, container_port(port))
        return self.client.ask(method, host, path, headers, port, tls)

    def settle(self, timeout: float = 60.0) -> None:
        """Returns when Envoy answers by what the API server holds now (see the module's text). Raises TimeoutError."""
        rejected: Mapping[str, int] = {}
        for _ in range(2):  # a table that is rejected again after the first round's marker is one in which everything older is
            rejected = self._rejections()
            number = next(self._rounds)
            self._mark(number)
            self._wait_for_marker(number, timeout)
            self._unmark(number - 1)
        self.controlplane.wait(lambda: not self._behind(rejected), timeout, "envoy to have every table of routes")
        self.controlplane.wait(lambda: not self._warming(), timeout, "envoy to warm up")
        self.controlplane.wait(lambda: self._hosts_of_envoy_are_those_of(self._ready_addresses()), timeout, "envoy to know the endpoints")
        self.client.close()  # a listener that is gone serves for minutes those who are connected, by its last table

    def _wait_for_marker(self, number: int, timeout: float) -> None:
        host = self._host(number)
        self.controlplane.wait(
            lambda: self.ask("GET", host, "/", port=_MARKER_PORT).status == 200, timeout, f"{self.name} to answer for {host}"
        )

    def _create_once(self, manifest: Manifest) -> None:
        """For what belongs to the whole cluster: another gateway of the session may have made it."""
        try:
            self.create(manifest)
        except ApiError as error:
            if error.status != 409:
                raise

    def _mark(self, number: int) -> None:
        namespace = f"{self._marker}-{number}"
        self.create(_object("Namespace", namespace, labels={"marker": self._marker}))
        grant = {
            "from": [{"group": "gateway.networking.k8s.io", "kind": "HTTPRoute", "namespace": namespace}],
            "to": [{"group": "", "kind": "Service"}],
        }
        self.create(_object("ReferenceGrant", f"marker-{number}", self.namespace, spec=grant))
        self.service(self.namespace, f"marker-{number}", [f"10.244.199.{number % 250 + 1}"])
        rule = {"backendRefs": [{"name": f"marker-{number}", "namespace": self.namespace, "port": 80}]}
        spec = {"parentRefs": [self.parent | {"sectionName": "marker"}], "rules": [rule]}
        self.create(_object("HTTPRoute", "marker", namespace, spec=spec))
        self._write_gateway(number)

    def _unmark(self, number: int) -> None:
        """Takes the last round's marker away; what is left of the newest does no harm."""
        if number < 1:
            return
        for kind in ("Service", "EndpointSlice", "ReferenceGrant"):
            self.delete(_object(kind, f"marker-{number}", self.namespace))
        self.delete(_object("HTTPRoute", "marker", f"{self._marker}-{number}"))
        self.delete(_object("Namespace", f"{self._marker}-{number}"))

    def _host(self, number: int) -> str:
        return f"round-{number}.marker.invalid"

    def _write_gateway(self, number: int) -> None:
        marker = {
            "name": "marker",
            "port": _MARKER_PORT,
            "protocol": "HTTP",
            "hostname": self._host(number),
            "allowedRoutes": {"namespaces": {"from": "Selector", "selector": {"matchLabels": {"marker": self._marker}}}},
        }
        gateway = _object(
            "Gateway", self.name, self.namespace, spec={"gatewayClassName": "contour", "listeners": [*self._listeners, marker]}
        )
        path = f"{_collection(gateway)}/{self.name}?fieldManager=tests&force=true"
        self.controlplane.request("PATCH", path, gateway, content_type="application/apply-patch+yaml")

    def _behind(self, rejected: Mapping[str, int]) -> list[str]:
        """What Envoy subscribes to and has neither at the version of the marker's table nor rejected since these counts were read."""
        versions = self._subscriptions("version_text")
        (current,) = (version for name, version in versions.items() if name.endswith(f".rds.http-{_MARKER_PORT}"))
        again = {name for name, count in self._rejections().items() if count > rejected.get(name, 0)}
        return [name for name, version in versions.items() if version != current and name not in again]

    def _rejections(self) -> dict[str, int]:
        return self._subscriptions("update_rejected")

    def _subscriptions(self, counter: str) -> dict[str, Any]:
        """One figure of each subscription in use: the clusters', the listeners' and one for each table of routes that a listener names."""
        listeners = self.envoy.get("/config_dump?resource=dynamic_listeners").get("configs", [])
        tables = {name for each in listeners for name in _tables_named_in(each.get("active_state"))}
        found = {}
        for each in self.envoy.get(f"/stats?format=json&filter={counter}$")["stats"]:
            name, _, _ = each.get("name", "").rpartition(".")
            if name in ("cluster_manager.cds", "listener_manager.lds") or name.partition(".rds.")[2] in tables:
                found[name] = each["value"]
        return found

    def _warming(self) -> list[str]:
        """Names of clusters and listeners that Envoy has been told of and does not use yet."""
        clusters = self.envoy.get("/config_dump?resource=dynamic_warming_clusters").get("configs", [])
        listeners = self.envoy.get("/config_dump?resource=dynamic_listeners").get("configs", [])
        return [each["cluster"]["name"] for each in clusters] + [each["name"] for each in listeners if "warming_state" in each]

    def _hosts_of_envoy_are_those_of(self, ready: Mapping[str, set[str]]) -> bool:
        """Compares by Service; Envoy's clusters are named namespace/service/port/…"""
        for cluster in self.envoy.get("/clusters?format=json").get("cluster_statuses", []):
            parts = cluster["name"].split("/")
            if len(parts) != 4:
                continue
            hosts = {each["address"]["socket_address"]["address"] for each in cluster.get("host_statuses", [])}
            if hosts != ready.get(f"{parts[0]}/{parts[1]}", set()):
                return False
        return True

    def _ready_addresses(self) -> dict[str, set[str]]:
        found: dict[str, set[str]] = {}
        for each in self.controlplane.get("/apis/discovery.k8s.io/v1/endpointslices")["items"]:
            service_name = each["metadata"].get("labels", {}).get("kubernetes.io/service-name", "")
            addresses = found.setdefault(f"{each['metadata']['namespace']}/{service_name}", set())
            for endpoint in each.get("endpoints") or []:
                if endpoint.get("conditions", {}).get("ready") is not False:
                    addresses.update(endpoint["addresses"])
        return found

    def _contour_flags(self) -> list[str]:
        configuration = self._folder / "contour.yaml"
        reference = {"gateway": {"gatewayRef": {"namespace": self.namespace, "name": self.name}}}
        configuration.write_text(json.dumps(reference), encoding="utf-8")
        return [
            "serve",
            f"--kubeconfig={self.controlplane.kubeconfig()}",
            f"--config-path={configuration}",
            "--insecure",
            "--disable-leader-election",
            "--xds-address=127.0.0.1",
            f"--xds-port={self._xds}",
            "--health-address=127.0.0.1",
            f"--health-port={self._health}",
            "--http-address=127.0.0.1",
            f"--http-port={free_port('127.0.0.1')}",
            "--debug-http-address=127.0.0.1",
            f"--debug-http-port={free_port('127.0.0.1')}",
            f"--envoy-service-http-address={self.address}",
            f"--envoy-service-https-address={self.address}",
            "--stats-address=127.0.0.1",
            f"--stats-port={free_port('127.0.0.1')}",
            "--kubernetes-client-qps=500",
            "--kubernetes-client-burst=1000",
            *(f"--disable-feature={name}" for name in ("tlsroutes", "tcproutes", "backendtlspolicies")),
        ]

    def _write_envoy_configuration(self) -> None:
        """As `contour bootstrap` writes it, for this Contour."""
        flags = ["--resources-dir=", "--xds-address=127.0.0.1", f"--xds-port={self._xds}", f"--admin-address={self.envoy.admin}"]
        command = [str(self.controlplane.binaries.programs["contour"]), "bootstrap", str(self._folder / "envoy.json"), *flags]
        subprocess.run(command, check=True, capture_output=True)


def _tables_named_in(configuration: Any) -> Iterator[str]:
    """Names of the tables of routes that a listener's configuration refers to, at any depth."""
    if isinstance(configuration, Mapping):
        if "route_config_name" in configuration:
            yield configuration["route_config_name"]
        configuration = list(configuration.values())
    if isinstance(configuration, list):
        for each in configuration:
            yield from _tables_named_in(each)


def container_port(port: int) -> int:
    """Where Contour lets Envoy listen for a Gateway's port (Contour, "listener port mapping")."""
    shifted = port + 8000 if port + 8000 <= 65535 else port + 8000 - 65535
    return shifted if shifted > 1023 else shifted + 1023


def service(
    namespace: str, name: str, addresses: Iterable[str], target_port: int, ready: bool | None = None, port: int = 80
) -> tuple[dict[str, Any], dict[str, Any]]:
    """A Service without selector and its EndpointSlice."""
    conditions = {} if ready is None else {"conditions": {"ready": ready}}
    slice_ = _object("EndpointSlice", name, namespace, labels={"kubernetes.io/service-name": name})
    slice_ |= {"addressType": "IPv4", "ports": [{"name": "http", "port": target_port, "protocol": "TCP"}]}
    slice_["endpoints"] = [{"addresses": [address], **conditions} for address in addresses]
    ports = [{"name": "http", "port": port, "targetPort": target_port}]
    return _object("Service", name, namespace, spec={"ports": ports}), slice_


def _object(kind: str, name: str, namespace: str = "", labels: Mapping[str, str] | None = None, **rest: Any) -> dict[str, Any]:
    metadata: dict[str, Any] = (
        {"name": name} | ({"namespace": namespace} if namespace else {}) | ({"labels": dict(labels)} if labels else {})
    )
    return {"apiVersion": _API_VERSIONS[kind], "kind": kind, "metadata": metadata, **rest}


_API_VERSIONS = {
    "GatewayClass": "gateway.networking.k8s.io/v1",
    "Gateway": "gateway.networking.k8s.io/v1",
    "HTTPRoute": "gateway.networking.k8s.io/v1",
    "GRPCRoute": "gateway.networking.k8s.io/v1",
    "ReferenceGrant": "gateway.networking.k8s.io/v1beta1",
    "Service": "v1",
    "Namespace": "v1",
    "EndpointSlice": "discovery.k8s.io/v1",
    "Secret": "v1",
}


def _collection(manifest: Manifest) -> str:
    """Where the API server keeps objects of this manifest's kind and namespace."""
    version = manifest["apiVersion"]
    root = f"/api/{version}" if version == "v1" else f"/apis/{version}"
    namespace = manifest["metadata"].get("namespace")
    plural = _PLURALS.get(manifest["kind"], manifest["kind"].lower() + "s")
    return f"{root}/namespaces/{namespace}/{plural}" if namespace else f"{root}/{plural}"


@contextlib.contextmanager
def running(controlplane: ControlPlane) -> Iterator[RunningGateway]:
    """A gateway that runs, in a namespace of its own; `controlplane` has to know Contour's and Envoy's programs."""
    with (
        tempfile.TemporaryDirectory(prefix="aichaos-gateway-") as folder,
        Backends() as backends,
        controlplane.namespace() as namespace,
    ):
        gateway = RunningGateway(controlplane, Path(folder), namespace, backends)
        try:
            gateway.start()
            yield gateway
        finally:
            gateway.stop()
