"""What a pod of one operating system may hold, as the real API server says."""

import json
from typing import Any

from aichaos.check.documents import review
from tests.controlplane.client import ApiError, ControlPlane

HOST = {"windowsOptions": {"hostProcess": True}}


def pod(container: dict[str, Any] | None = None, **spec: Any) -> dict[str, Any]:
    containers = [{"name": "main", "image": "x"} | (container or {})]
    return {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "a", "namespace": "default"}, "spec": {"containers": containers} | spec}


def terms(**term: Any) -> dict[str, Any]:
    required = [{"topologyKey": "zone"} | term]
    return pod(affinity={"podAntiAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": required}})


OF_A_POD: list[dict[str, Any]] = [
    *({field: True} for field in ("hostPID", "hostIPC", "shareProcessNamespace", "hostUsers", "hostNetwork")),
    *({"securityContext": {field: 1}} for field in ("fsGroup", "runAsUser", "runAsGroup")),
    {"securityContext": {"seccompProfile": {"type": "RuntimeDefault"}}},
    {"securityContext": {"appArmorProfile": {"type": "RuntimeDefault"}}},
    {"securityContext": {"supplementalGroups": [1]}},
    {"securityContext": {"supplementalGroups": []}},
    {"securityContext": {"fsGroupChangePolicy": "Always"}},
    {"securityContext": {"sysctls": [{"name": "a.b", "value": "1"}]}},
    {"securityContext": {"windowsOptions": {"runAsUserName": "a"}}},
    {"securityContext": HOST},
    {"securityContext": HOST, "hostNetwork": True},
]
OF_A_CONTAINER: list[dict[str, Any]] = [
    *({"securityContext": {field: False}} for field in ("readOnlyRootFilesystem", "privileged", "allowPrivilegeEscalation")),
    *({"securityContext": {field: 1}} for field in ("runAsUser", "runAsGroup")),
    {"securityContext": {"runAsNonRoot": True}},
    {"securityContext": {"capabilities": {"drop": ["ALL"]}}},
    {"securityContext": {"procMount": "Default"}},
    {"securityContext": {"windowsOptions": {"runAsUserName": "a"}}},
    {"securityContext": HOST},
    {"lifecycle": {"stopSignal": "SIGTERM"}},
    *({"lifecycle": {"stopSignal": signal}} for signal in ("SIGUSR1", "SIGNONE", "")),
]
CASES = [
    *(pod(**({"os": {"name": name}} if name else {}), **spec) for name in ("", "linux", "windows") for spec in OF_A_POD),
    *(pod(one, **({"os": {"name": name}} if name else {})) for name in ("", "linux", "windows") for one in OF_A_CONTAINER),
    pod({"securityContext": {"windowsOptions": {"hostProcess": False}}}, securityContext=HOST, hostNetwork=True),
    pod(securityContext=HOST, hostNetwork=True, initContainers=[{"name": "b", "image": "x", "securityContext": HOST}]),
    pod({"securityContext": HOST}, hostNetwork=True, initContainers=[{"name": "b", "image": "x"}]),
    *(terms(**{field: ["a"]}) for field in ("matchLabelKeys", "mismatchLabelKeys")),
    *(terms(labelSelector={}, **{field: ["a"]}) for field in ("matchLabelKeys", "mismatchLabelKeys")),
    terms(labelSelector={}, matchLabelKeys=["a b"]),
    terms(labelSelector={}, matchLabelKeys=["a"], mismatchLabelKeys=["a"]),
    {"apiVersion": "v1", "kind": "LimitRange", "spec": {"limits": []}},
]


def refuses(controlplane: ControlPlane, document: dict[str, Any]) -> str:
    path = f"/api/v1/namespaces/default/{'pods' if document['kind'] == 'Pod' else 'limitranges'}?dryRun=All&fieldValidation=Strict"
    try:
        controlplane.request("POST", path, document)
    except ApiError as error:
        return str(error)
    return ""


def test_what_the_server_refuses_of_a_pod_of_a_system_we_refuse_too(controlplane: ControlPlane) -> None:
    differ = []
    for document in CASES:
        said = [one.message for one in review([("pod.yaml", json.dumps(document))], None).findings if one.severity == "error"]
        told = refuses(controlplane, document)
        if bool(said) != bool(told):
            differ.append((document.get("spec"), said, told[-200:]))
    assert differ == [], "\n".join(map(str, differ))
