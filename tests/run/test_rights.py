"""`doctor --rbac` prints what a run needs, and nothing more: without any one of these rights the guard refuses, by its name.

The suite takes a sample of a run of many verbs; AICHAOS_RIGHTS=1 takes away every right.
"""

import json
import os
import random
from pathlib import Path
from typing import Any

import pytest

from aichaos.cluster.connection import connect
from aichaos.cluster.rights import Right, missing
from aichaos.live.planning import Order, drawn, guarded, permissions
from aichaos.observe.source import Choice
from aichaos.report.rbac import roles
from tests.controlplane.client import ControlPlane
from tests.run.rig import rigged

RBAC = "/apis/rbac.authorization.k8s.io/v1"
READING = Path(__file__).parents[2] / "docs" / "reference" / "read-only-role.yaml"
EVERY = os.environ.get("AICHAOS_RIGHTS") == "1"


def steps(namespace: str) -> list[dict[str, Any]]:
    def target(kind: str, name: str, **more: Any) -> dict[str, Any]:
        return {"kind": kind, "name": name, "namespace": namespace} | more

    metadata = {"name": "deny", "namespace": namespace}
    policy = {"apiVersion": "networking.k8s.io/v1", "kind": "NetworkPolicy", "metadata": metadata, "spec": {"podSelector": {}}}
    return [
        {"create": policy},
        {"label": target("Service", "web", set={"new": "1"})},
        {"scale": target("Deployment", "web", replicas=0)},
        {"delete": target("NetworkPolicy", "allow")},
        {"delete": target("HTTPRoute", "elder")},
        {"recreate": target("HTTPRoute", "elder")},
    ]


def test_without_any_one_of_its_rights_a_run_is_refused_by_name(
    controlplane: ControlPlane, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AICHAOS_STATE_DIR", str(tmp_path / "state"))
    controlplane.apply(READING)
    with rigged(controlplane, tmp_path) as rig:
        namespace = rig.namespace
        path = tmp_path / "many.yaml"
        scope = {"namespaces": [namespace], "maxPods": 9, "maxShare": 1}
        spec = {"title": "Many", "scope": scope, "deadline": "60s", "steps": steps(namespace)}
        path.write_text(json.dumps({"apiVersion": "aichaos/v1", "kind": "Experiment", "metadata": {"name": "many"}, "spec": spec}))

        def order(kubeconfig: Path) -> Order:
            choice = Choice(kubeconfig=str(kubeconfig), namespaces=(namespace,))
            return Order(path=path, choice=choice, lever=f"{namespace}/lever", shared_fate=True)

        with drawn(order(rig.kubeconfig), lambda line: None) as drawing:
            needed = list(permissions(drawing))
        (role,) = roles("many", needed)
        account = {"kind": "ServiceAccount", "name": "runner", "namespace": namespace}
        controlplane.request("POST", f"/api/v1/namespaces/{namespace}/serviceaccounts", {"metadata": {"name": "runner"}})
        controlplane.request("POST", f"{RBAC}/namespaces/{namespace}/roles", role)
        for kind, name, within in (
            ("Role", role["metadata"]["name"], f"namespaces/{namespace}/rolebindings"),
            ("ClusterRole", "aichaos-read", "clusterrolebindings"),
        ):
            ref = {"apiGroup": "rbac.authorization.k8s.io", "kind": kind, "name": name}
            binding = {"metadata": {"name": f"runner-{namespace}"}, "roleRef": ref, "subjects": [account]}
            controlplane.request("POST", f"{RBAC}/{within}", binding)
        asked = controlplane.request("POST", f"/api/v1/namespaces/{namespace}/serviceaccounts/runner/token", {"spec": {}})
        mine = controlplane.kubeconfig(token=asked["status"]["token"], namespace=namespace)

        def refused() -> list[str]:
            with drawn(order(mine), lambda line: None) as drawing:
                return [one.message for one in guarded(drawing, lambda line: None).refusals if one.name == "rights"]

        single = [(rule, verb) for rule in role["rules"] for verb in rule["verbs"]]
        with connect(kubeconfig=str(mine)) as connection:
            whole = [right(rule, verb, namespace) for rule, verb in single]
            controlplane.wait(lambda: missing(connection, whole) == [], what="the Role to be known")
            assert refused() == []
            writing = [(rule, verb) for rule, verb in single if verb not in ("get", "list")]  # the role for reading holds these, too
            for rule, verb in writing if EVERY else random.Random(20261126).sample(writing, 3):
                left = [one for one in role["rules"] if one is not rule] + [rule | {"verbs": [one for one in rule["verbs"] if one != verb]}]
                rules = [one for one in left if one["verbs"]]
                controlplane.patch(f"{RBAC}/namespaces/{namespace}/roles/{role['metadata']['name']}", {"rules": rules})
                gone = right(rule, verb, namespace)
                controlplane.wait(lambda gone=gone: missing(connection, whole) == [gone], what=f"{gone} to be gone")  # type: ignore[misc]
                (told,) = refused()
                assert verb in told, told
                assert rule["resources"][0] in told, told
        rig.assert_restored()


def right(rule: dict[str, Any], verb: str, namespace: str) -> Right:
    (group,), (resource,), (name,) = rule["apiGroups"], rule["resources"], rule.get("resourceNames", [""])
    return Right(verb=verb, group=group, resource=resource, namespace=namespace, name=name)
