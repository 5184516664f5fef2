"""Starts and stops the servers of one control plane: etcd, the API server, the controller manager, and kwok for nodes and pods."""

import json
import secrets
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from . import netns
from .cache import Binaries
from .client import ControlPlane
from .pki import Authority, write_signing_key
from .ports import free_port
from .processes import Server, answers, stop_all

_START_PATIENCE = 60.0  # seconds; it takes three or four
_SERVICE_NETWORK = "10.96.0.0/16"

# The users of the token file, with their groups. Tests make what else they need: service accounts, client certificates.
_USERS = {"admin": ("system:masters",), "reader": ("aichaos:readers",), "nobody": ()}

# What `reader` may read besides the built-in role `view`: the objects of the whole cluster, and all that CRDs bring.
_READABLE = {
    "": ["namespaces", "nodes", "persistentvolumes"],
    "apiextensions.k8s.io": ["customresourcedefinitions"],
    "admissionregistration.k8s.io": ["*"],
    "storage.k8s.io": ["storageclasses"],
    **{
        group: ["*"]
        for group in (
            "gateway.networking.k8s.io",
            "networking.istio.io",
            "security.istio.io",
            "chaos-mesh.org",
            "litmuschaos.io",
            "s3.aws.upbound.io",
        )
    },
}


class Servers:
    """The servers of one control plane, as a context manager; `controlplane` is what tests use.

    Needs `netns.isolate()` to have worked. ``apiserver_flags`` come after ours, so that the last one wins. ``forwards``: where kwok, as the
    kubelet of its nodes, takes what `kubectl port-forward` sends to a pod: address and port by namespace and name.
    """

    def __init__(
        self,
        folder: Path,
        binaries: Binaries,
        apiserver_flags: Sequence[str] = (),
        forwards: Mapping[tuple[str, str], tuple[str, int]] | None = None,
    ) -> None:
        self._folder = folder
        self._binaries = binaries
        self._etcd_client, etcd_peer = free_port("127.0.0.1"), free_port("127.0.0.1")
        self._kwok_address = netns.API_SERVER_ADDRESS if forwards else "127.0.0.1"
        self._kwok_port = free_port(self._kwok_address)
        self._forwards = forwards or {}
        port = free_port(netns.API_SERVER_ADDRESS)
        self.controlplane = ControlPlane(
            folder=folder,
            url=f"https://{netns.API_SERVER_ADDRESS}:{port}",
            tokens={user: secrets.token_hex(16) for user in _USERS},
            binaries=binaries,
        )
        folder.mkdir(parents=True, exist_ok=True)
        self._write_credentials()
        admin = self.controlplane.kubeconfig()
        self._etcd = self._server("etcd", *self._etcd_flags(etcd_peer))
        self._apiserver = self._server("kube-apiserver", *self._apiserver_flags(port), *apiserver_flags)
        self._manager = self._server("kube-controller-manager", *self._manager_flags(admin))
        self._kwok = self._server("kwok", *self._kwok_flags(admin))

    def __enter__(self) -> Self:
        try:
            self.start()
        except BaseException:
            self.stop()
            raise
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.stop()

    def start(self) -> None:
        """Returns when namespaces, nodes and pods can be made. Raises ServerError with the end of the log."""
        self._etcd.start()
        self._etcd.wait_until(lambda: answers(f"http://127.0.0.1:{self._etcd_client}/health"), _START_PATIENCE)
        self.start_apiserver()
        self._manager.start()
        self._kwok.start()
        self._let_reader_read()
        self._kwok.wait_until(lambda: answers(f"http://{self._kwok_address}:{self._kwok_port}/healthz"), _START_PATIENCE)
        self._manager.wait_until(self._has_service_account, _START_PATIENCE)

    def stop(self) -> None:
        """Stops all that run; the folder stays."""
        stop_all((self._kwok, self._manager, self._apiserver, self._etcd))

    def start_apiserver(self, *flags: str) -> None:
        """Starts it (again, with the same address, users and objects) and waits until it is ready. flags: after all others, this time."""
        self._apiserver.start(*flags)
        self._apiserver.wait_until(self.controlplane.is_ready, _START_PATIENCE)

    def stop_apiserver(self) -> None:
        """Ends the API server alone, at once as in a crash: a polite end would wait for the watches of the others."""
        self._apiserver.stop(patience=0)

    def _server(self, name: str, *flags: str) -> Server:
        return Server([self._binaries.programs[name], *flags], self._folder)

    def _write_credentials(self) -> None:
        pki = self._folder / "pki"
        names = ("kubernetes", "kubernetes.default", "kubernetes.default.svc", "localhost")
        Authority(pki).issue_server("apiserver", (netns.API_SERVER_ADDRESS, "10.96.0.1"), names)
        write_signing_key(pki / "service-account.key", pki / "service-account.pub")
        rows = [f'{self.controlplane.tokens[user]},{user},{user},"{",".join(groups)}"\n' for user, groups in _USERS.items()]
        (pki / "tokens.csv").write_text("".join(rows), encoding="utf-8")

    def _etcd_flags(self, peer_port: int) -> list[str]:
        client, peer = f"http://127.0.0.1:{self._etcd_client}", f"http://127.0.0.1:{peer_port}"
        return [
            f"--data-dir={self._folder / 'etcd'}",
            f"--listen-client-urls={client}",
            f"--advertise-client-urls={client}",
            f"--listen-peer-urls={peer}",
            f"--initial-advertise-peer-urls={peer}",
            f"--initial-cluster=default={peer}",
            "--unsafe-no-fsync",  # nothing here outlives the session
            "--log-level=warn",
        ]

    def _apiserver_flags(self, port: int) -> list[str]:
        pki = self._folder / "pki"
        return [
            f"--etcd-servers=http://127.0.0.1:{self._etcd_client}",
            f"--bind-address={netns.API_SERVER_ADDRESS}",
            f"--advertise-address={netns.API_SERVER_ADDRESS}",
            f"--secure-port={port}",
            f"--cert-dir={pki}",
            f"--tls-cert-file={pki / 'apiserver.crt'}",
            f"--tls-private-key-file={pki / 'apiserver.key'}",
            f"--client-ca-file={pki / 'ca.crt'}",
            f"--token-auth-file={pki / 'tokens.csv'}",
            "--authorization-mode=RBAC",
            "--service-account-issuer=https://kubernetes.default.svc",
            f"--service-account-signing-key-file={pki / 'service-account.key'}",
            f"--service-account-key-file={pki / 'service-account.pub'}",
            f"--service-cluster-ip-range={_SERVICE_NETWORK}",
            "--allow-privileged=true",
        ]

    def _manager_flags(self, kubeconfig: Path) -> list[str]:
        pki = self._folder / "pki"
        return [
            f"--kubeconfig={kubeconfig}",
            f"--service-account-private-key-file={pki / 'service-account.key'}",
            f"--root-ca-file={pki / 'ca.crt'}",
            "--leader-elect=false",
            "--secure-port=0",
            # Heartbeats are simulated; a test machine that was asleep must not lose its nodes.
            "--node-monitor-grace-period=1h",
        ]

    def _kwok_flags(self, kubeconfig: Path) -> list[str]:
        config = self._folder / "kwok.yaml"
        options = {
            "cidr": netns.POD_NETWORK,
            "nodeIP": netns.API_SERVER_ADDRESS,
            "manageAllNodes": True,
            "serverAddress": f"{self._kwok_address}:{self._kwok_port}",
            # Without the next two it exits at once.
            "nodePlayStageParallelism": 4,
            "podPlayStageParallelism": 4,
        }
        if self._forwards:
            options |= {"nodePort": self._kwok_port, "enableDebuggingHandlers": True, **self._kwok_certificate()}
        head = {
            "apiVersion": "config.kwok.x-k8s.io/v1alpha1",
            "kind": "KwokConfiguration",
            "metadata": {"name": "kwok"},
            "options": options,
        }
        stages = [stage.read_text(encoding="utf-8") for stage in sorted(self._binaries.files["stages"].iterdir())]
        forwards = [json.dumps(_forward(*pod, *to)) for pod, to in self._forwards.items()]
        config.write_text("\n---\n".join([json.dumps(head), *stages, *forwards]), encoding="utf-8")
        return [f"--config={config}", f"--kubeconfig={kubeconfig}"]

    def _kwok_certificate(self) -> dict[str, str]:
        """The API server speaks TLS with a kubelet."""
        certificate, key = Authority(self._folder / "pki").issue_server("kubelet", (netns.API_SERVER_ADDRESS,), ("localhost",))
        return {"tlsCertFile": str(certificate), "tlsPrivateKeyFile": str(key)}

    def _has_service_account(self) -> bool:
        return bool(self.controlplane.get("/api/v1/namespaces/default/serviceaccounts")["items"])

    def _let_reader_read(self) -> None:
        rules: list[dict[str, Any]] = [
            {"apiGroups": [group], "resources": resources, "verbs": ["get", "list", "watch"]} for group, resources in _READABLE.items()
        ]
        roles = "/apis/rbac.authorization.k8s.io/v1"
        self.controlplane.request("POST", f"{roles}/clusterroles", {"metadata": {"name": "aichaos-reader"}, "rules": rules})
        for role in ("view", "aichaos-reader"):
            binding = {
                "metadata": {"name": f"aichaos-readers-{role}"},
                "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": role},
                "subjects": [{"apiGroup": "rbac.authorization.k8s.io", "kind": "Group", "name": "aichaos:readers"}],
            }
            self.controlplane.request("POST", f"{roles}/clusterrolebindings", binding)


def _forward(namespace: str, pod: str, address: str, port: int) -> dict[str, Any]:
    head = {"apiVersion": "kwok.x-k8s.io/v1alpha1", "kind": "PortForward", "metadata": {"name": pod, "namespace": namespace}}
    return head | {"spec": {"forwards": [{"target": {"address": address, "port": port}}]}}
