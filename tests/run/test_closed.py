"""The last look before a change is sent, and before one that undoes it."""

from typing import Any

import msgspec
import pytest

from aichaos.domain.policy import Policy
from aichaos.domain.running import Change, Manifest, Place, Verb
from aichaos.domain.touchable import group_of_kind
from aichaos.run.closed import refusal
from tests.check.cluster import experiment, parsed
from tests.check.hostile import HOSTILE
from tests.check.hostile_traffic import OWNED

GATEWAY, MESH, LITMUS, RBAC = (
    "gateway.networking.k8s.io/v1",
    "chaos-mesh.org/v1alpha1",
    "litmuschaos.io/v1alpha1",
    "rbac.authorization.k8s.io/v1",
)


def change(verb: Verb, version: str, kind: str, namespace: str = "shop", **body: Any) -> Change:
    place = Place(api_version=version, resource=f"{kind.lower()}s", kind=kind, name="x", namespace=namespace)
    return Change(verb=verb, place=place, body=body or None)


@pytest.mark.parametrize(
    "sent",
    [
        change("delete", GATEWAY, "HTTPRoute"),
        change("create", GATEWAY, "HTTPRoute", spec={}),
        change("patch", "apps/v1", "Deployment", spec={"replicas": 0}),
        change("create", "networking.k8s.io/v1", "NetworkPolicy", spec={}),
        change("create", MESH, "NetworkChaos", spec={"duration": "30s"}),
        change("create", LITMUS, "ChaosEngine", spec={}),
        change("delete", "v1", "Pod"),
    ],
    ids=lambda sent: f"{sent.verb} {sent.place.kind}",
)
def test_what_experiments_are_made_of_is_sent(sent: Change) -> None:
    assert refusal(sent, {"metadata": {}}) == ""


@pytest.mark.parametrize("verb", ["create", "patch", "delete"])
@pytest.mark.parametrize(
    ("version", "kind", "namespace"),
    [
        ("v1", "Namespace", ""),
        ("v1", "Node", ""),
        ("v1", "PersistentVolume", ""),
        ("v1", "PersistentVolumeClaim", "shop"),
        ("v1", "Secret", "shop"),
        ("v1", "ServiceAccount", "shop"),
        (RBAC, "Role", "shop"),
        (RBAC, "RoleBinding", "shop"),
        (RBAC, "ClusterRoleBinding", ""),
        ("apiextensions.k8s.io/v1", "CustomResourceDefinition", ""),
        ("admissionregistration.k8s.io/v1", "ValidatingWebhookConfiguration", ""),
        ("admissionregistration.k8s.io/v1", "ValidatingAdmissionPolicy", ""),
        ("apiregistration.k8s.io/v1", "APIService", ""),
        ("coordination.k8s.io/v1", "Lease", "shop"),
        ("certificates.k8s.io/v1", "CertificateSigningRequest", ""),
        (GATEWAY, "GatewayClass", ""),
        (MESH, "PhysicalMachineChaos", "shop"),
        (MESH, "JVMChaos", "shop"),
        (MESH, "KernelChaos", "shop"),
        (MESH, "AWSChaos", "shop"),
        (MESH, "RemoteCluster", ""),
        (MESH, "PodNetworkChaos", "shop"),
        (LITMUS, "ChaosExperiment", "shop"),
        ("example.com/v1", "HTTPRoute", "shop"),
        ("v1", "Deployment", "shop"),
        ("apps/v1", "Deployment", "kube-system"),
        (GATEWAY, "HTTPRoute", "aichaos"),
    ],
)
def test_nothing_else_is(verb: Verb, version: str, kind: str, namespace: str) -> None:
    assert refusal(change(verb, version, kind, namespace), None)
    assert refusal(change(verb, version, kind, namespace), None, restoring=True)


@pytest.mark.parametrize(
    ("version", "kind", "spec"),
    [
        ("v1", "Pod", {"hostNetwork": True}),
        ("v1", "Pod", {"volumes": [{"hostPath": {"path": "/"}}]}),
        ("v1", "Pod", {"containers": [{"securityContext": {"privileged": True}}]}),
        ("apps/v1", "Deployment", {"template": {"spec": {"hostPID": True}}}),
        (MESH, "Workflow", {"templates": [{"templateType": "Task"}]}),
        (MESH, "Workflow", {"templates": [{"task": {"container": {}}}]}),
        (MESH, "Schedule", {"workflow": {"templates": [{"templateType": "Task"}]}}),
        (LITMUS, "ChaosEngine", {"experiments": [{"spec": {"probe": [{"type": "cmdProbe"}]}}]}),
        (LITMUS, "ChaosEngine", {"experiments": [{"spec": {"probe": [{"cmdProbe/inputs": {"command": "sh"}}]}}]}),
    ],
)
@pytest.mark.parametrize("verb", ["create", "patch"])
def test_a_manifest_that_is_more_than_it_seems_is_not_sent(verb: Verb, version: str, kind: str, spec: Manifest) -> None:
    assert refusal(change(verb, version, kind, spec=spec), None)


def test_what_hangs_on_somebody_else_is_not_made_and_not_deleted() -> None:
    owned = {"ownerReferences": [{"kind": "Deployment", "name": "y", "uid": "1"}]}
    assert "owner" in refusal(change("create", "v1", "Service", metadata=owned), None)
    held = {"metadata": {"finalizers": ["service.kubernetes.io/load-balancer-cleanup"]}}
    assert "finalizer" in refusal(change("delete", "v1", "Service"), held)
    assert "finalizer" in refusal(change("create", "v1", "Service", metadata=held["metadata"]), None)
    engine = {"metadata": {"finalizers": ["chaos-mesh/records"]}}
    assert refusal(change("delete", MESH, "NetworkChaos"), engine) == ""


def test_what_was_there_before_may_come_back_as_it_was() -> None:
    metadata = {"ownerReferences": [{"kind": "ReplicaSet", "name": "y"}]}
    assert refusal(change("create", "v1", "Pod", metadata=metadata, spec={"hostNetwork": True}), None, restoring=True) == ""


def test_the_users_policy_allows_by_name() -> None:
    assert refusal(change("create", MESH, "JVMChaos"), None, Policy(allow=("JVMChaos",))) == ""
    assert refusal(change("create", "v1", "Pod", spec={"hostNetwork": True}), None, Policy(allow=("hostNetwork",))) == ""


@pytest.mark.parametrize(
    ("verb", "version", "kind", "body"),
    [
        ("patch", "apps/v1", "Deployment", {"metadata": {"finalizers": None}}),
        ("patch", "apps/v1", "Deployment", {"metadata": {"ownerReferences": None}}),
        ("patch", "apps/v1", "Deployment", {"metadata": {"labels": {"aichaos.io/run": None}}}),
        ("patch", "apps/v1", "Deployment", {"spec": {"template": {"metadata": {"labels": {"aichaos.io/run": "x"}}}}}),
        ("patch", "apps/v1", "Deployment", {"spec": {"template": {"spec": {"containers": [{"name": "a", "command": ["sh"]}]}}}}),
        ("patch", "apps/v1", "Deployment", {"spec": {"template": {"spec": {"serviceAccountName": "admin"}}}}),
        ("patch", "apps/v1", "Deployment", {"spec": {"replicas": 2_000_000_000}}),
        ("patch", "v1", "Service", {"spec": {"externalIPs": ["203.0.113.1"]}}),
        ("create", "v1", "Pod", {"spec": {"containers": [{"name": "a", "envFrom": [{"secretRef": {"name": "s"}}]}]}}),
        ("create", LITMUS, "ChaosEngine", {"spec": {"components": {"runner": {"image": "evil/x"}}}}),
        ("create", LITMUS, "ChaosEngine", {"spec": {"components": {"sidecar": [{"image": "evil/x"}]}}}),
        ("patch", LITMUS, "ChaosEngine", {"spec": {"engineState": "active"}}),
        ("patch", MESH, "NetworkChaos", {"spec": {"duration": "1000h"}}),
        ("create", LITMUS, "ChaosResult", {}),
        ("create", LITMUS, "ChaosSchedule", {}),
        ("create", MESH, "WorkflowNode", {}),
        ("create", MESH, "PodChaos", {"spec": {"remoteCluster": "prod"}}),
    ],
)
def test_a_change_that_can_do_more_than_it_says_is_not_sent(verb: Verb, version: str, kind: str, body: Manifest) -> None:
    assert refusal(change(verb, version, kind, **body), {"metadata": {}})


def test_what_an_object_has_already_is_no_news_in_a_patch() -> None:
    """A merge patch replaces a list as a whole: to change one container's limits it has to say the command, too."""
    container = {
        "name": "a",
        "image": "i",
        "command": ["serve"],
        "env": [{"name": "k", "valueFrom": {"secretKeyRef": {"name": "s", "key": "k"}}}],
    }
    before = {"metadata": {}, "spec": {"template": {"spec": {"serviceAccountName": "shop", "containers": [container]}}}}
    same = {"template": {"spec": {"containers": [container | {"resources": {"limits": {"cpu": "1"}}}]}}}
    assert refusal(change("patch", "apps/v1", "Deployment", spec=same), before) == ""
    other = {"template": {"spec": {"containers": [container | {"command": ["serve", "--debug"]}]}}}
    assert refusal(change("patch", "apps/v1", "Deployment", spec=other), before)


@pytest.mark.parametrize("name", ["aichaos-lever", "aichaos-run-x", "aichaos-approvals"])
def test_our_own_objects_are_no_step_s_to_touch(name: str) -> None:
    sent = change("patch", "v1", "ConfigMap", data={"state": "released"})
    ours = msgspec.structs.replace(sent, place=msgspec.structs.replace(sent.place, name=name))
    assert "aichaos itself" in refusal(ours, {"metadata": {}})


LAST = {name: step for name, (rule, step) in (HOSTILE | OWNED).items() if rule in ("policy/shell", "policy/privileged", "policy/power")}


@pytest.mark.parametrize("step", LAST.values(), ids=LAST)
def test_what_the_check_calls_a_power_is_not_sent_either(step: str) -> None:
    """Whoever has written the plan or the journal."""
    (written,) = parsed(experiment(f"[{{{step}}}]")).spec.steps
    if written.manifest is not None:
        body = written.manifest
        group, kind = body["apiVersion"].rpartition("/")[0], body["kind"]
    else:
        assert written.target is not None
        label = written.label
        body = (
            written.patch.merge
            if written.patch is not None
            else {"metadata": {"labels": label and label.set | dict.fromkeys(label.remove)}}
        )
        kind, group = written.target.kind, group_of_kind(written.target.kind) or ""
    version = f"{group}/v1" if group else "v1"
    place = Place(api_version=version, resource=f"{kind.lower()}s", kind=kind, name="x", namespace="shop")
    assert refusal(Change(verb="create" if written.manifest is not None else "patch", place=place, body=body), {"metadata": {}})
