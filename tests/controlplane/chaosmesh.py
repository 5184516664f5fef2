"""The real Chaos Mesh controller on a control plane: its reconcilers, and its admission webhooks in force.

There is no daemon on the simulated nodes: `pod-kill` and `pod-failure` work, faults inside of pods stay not injected.
"""

import base64
import socket
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from . import crds
from .client import ApiError, ControlPlane
from .pki import Authority
from .ports import free_port
from .processes import Server

_ADDRESS = "127.0.0.1"
_NAMESPACE = "chaos-mesh"
_START_PATIENCE = 60.0  # seconds; it takes about one

# Kinds with webhooks, and their resources: `webhook.CRDS` of the chart's values.yaml, without those whose rule there fits no resource.
_RESOURCES = {
    **{
        f"{name}chaos": f"{name}chaos"
        for name in ("pod", "io", "time", "network", "kernel", "stress", "aws", "azure", "gcp", "dns", "jvm", "http", "block")
    },
    "physicalmachinechaos": "physicalmachinechaos",
    "physicalmachine": "physicalmachines",
    "schedule": "schedules",
    "statuscheck": "statuschecks",
    "workflow": "workflows",
}


class ChaosMesh:
    """The controller as a context manager. Needs the program `chaos-controller-manager` among the control plane's binaries."""

    def __init__(self, controlplane: ControlPlane) -> None:
        self._controlplane = controlplane
        self._folder = controlplane.folder / "chaos-mesh"
        self._certificates = self._folder / "certificates"
        self._port = free_port(_ADDRESS)
        self._folder.mkdir()
        settings = self._settings(controlplane.kubeconfig(), metrics_port=free_port(_ADDRESS))
        self._server = Server([controlplane.binaries.programs["chaos-controller-manager"]], self._folder, settings)

    def __enter__(self) -> Self:
        try:
            self._start()
        except BaseException:
            self._server.stop()
            raise
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._server.stop()

    def _start(self) -> None:
        self._controlplane.install_crds("chaos-mesh")
        self._controlplane.request("POST", "/api/v1/namespaces", {"metadata": {"name": _NAMESPACE}})
        self._write_certificates()
        self._server.start()
        self._server.wait_until(self._listens, _START_PATIENCE)
        for kind in ("Mutating", "Validating"):
            self._controlplane.request("POST", f"{crds.WEBHOOKS}/{kind.lower()}webhookconfigurations", self._configuration(kind))
        self._controlplane.wait(self._refuses_nonsense, what="the webhooks of Chaos Mesh to be asked")

    def _settings(self, kubeconfig: Path, metrics_port: int) -> dict[str, str]:
        """What its chart sets; leader election and its own security mode are for clusters with more than one of us."""
        return {
            "KUBECONFIG": str(kubeconfig),
            "CERTS_DIR": str(self._certificates),
            "WEBHOOK_HOST": _ADDRESS,
            "WEBHOOK_PORT": str(self._port),
            "METRICS_HOST": _ADDRESS,
            "METRICS_PORT": str(metrics_port),
            "NAMESPACE": _NAMESPACE,
            "TARGET_NAMESPACE": _NAMESPACE,
            "TEMPLATE_NAMESPACE": _NAMESPACE,
            "TEMPLATE_LABELS": "app.kubernetes.io/component:template",
            "CONFIGMAP_LABELS": "app.kubernetes.io/component:webhook",
            "POD_NAME": "chaos-controller-manager",
            "CHAOS_DNS_SERVICE_PORT": "9288",
            "ENABLE_LEADER_ELECTION": "false",
            "SECURITY_MODE": "false",
            "CHAOSD_SECURITY_MODE": "false",
        }

    def _write_certificates(self) -> None:
        """Under the names that controller-runtime looks for."""
        certificate, key = self._authority.issue_server("chaos-mesh", (_ADDRESS,), ("localhost",))
        self._certificates.mkdir()
        certificate.replace(self._certificates / "tls.crt")
        key.replace(self._certificates / "tls.key")

    @property
    def _authority(self) -> Authority:
        return Authority(self._controlplane.folder / "pki")

    def _configuration(self, kind: str) -> Mapping[str, Any]:
        verb = {"Mutating": "mutate", "Validating": "validate"}[kind]
        return {
            "metadata": {"name": f"chaos-mesh-{verb}"},
            "webhooks": [self._webhook(verb, name, resource) for name, resource in _RESOURCES.items()],
        }

    def _webhook(self, verb: str, name: str, resource: str) -> Mapping[str, Any]:
        return {
            "name": f"{verb}.{name}.kb.io",
            "clientConfig": {
                "url": f"https://{_ADDRESS}:{self._port}/{verb}-chaos-mesh-org-v1alpha1-{name}",
                "caBundle": base64.b64encode(self._authority.certificate_file.read_bytes()).decode(),
            },
            "failurePolicy": "Fail",
            "timeoutSeconds": 10,
            "sideEffects": "None",
            "admissionReviewVersions": ["v1"],
            "rules": [
                {
                    "apiGroups": ["chaos-mesh.org"],
                    "apiVersions": ["v1alpha1"],
                    "operations": ["CREATE", "UPDATE"],
                    "resources": [resource],
                }
            ],
        }

    def _listens(self) -> bool:
        with socket.socket() as caller:
            caller.settimeout(1)
            return caller.connect_ex((_ADDRESS, self._port)) == 0

    def _refuses_nonsense(self) -> bool:
        """A new configuration counts a moment later; this document satisfies the CRD and no webhook."""
        fault = {"action": "pod-kill", "mode": "fixed-percent", "value": "300", "selector": {"namespaces": ["default"]}}
        document = {"apiVersion": "chaos-mesh.org/v1alpha1", "kind": "PodChaos", "metadata": {"name": "nonsense"}, "spec": fault}
        try:
            self._controlplane.request("POST", "/apis/chaos-mesh.org/v1alpha1/namespaces/default/podchaos?dryRun=All", document)
        except ApiError as error:
            return "denied the request" in str(error)
        return False
