"""What a deletion takes along is shown before it, and what would not come back keeps it from being done."""

import json
from pathlib import Path

from aichaos.domain.policy import NO_POLICY, Policy
from aichaos.domain.running import Along
from aichaos.run.owned import Dependent, noted
from aichaos.run.plan import Made
from tests.controlplane.client import ControlPlane
from tests.controlplane.test_controlplane import DEPLOYMENT, running_pods
from tests.program import Run, all_said
from tests.run.scene import deployment, planned

GONE = "[{delete: {kind: Deployment, name: web, namespace: shop}}]"


def dependent(kind: str, uid: str, *owners: str, made: str = "") -> Dependent:
    return Dependent(kind=kind, name=uid, uid=uid, owners=frozenset(owners), made=made)


def with_owned(*there: Dependent, policy: Policy = NO_POLICY, unread: tuple[str, ...] = ()) -> Made:
    return noted(planned(GONE, deployment()), lambda namespace: (list(there), list(unread)), policy)


def test_what_goes_is_found_through_all_generations_and_only_where_no_owner_is_left() -> None:
    made = with_owned(
        dependent("Pod", "web-abc-1", "web-abc", made="ReplicaSet"),
        dependent("ReplicaSet", "web-abc", "uid-web", made="Deployment"),
        dependent("Pod", "other", "uid-other", made="ReplicaSet"),
        dependent("ConfigMap", "shared", "uid-web", "uid-other"),
    )
    assert made.plan.along == (
        Along(
            of="Deployment/shop/web",
            kind="ReplicaSet",
            names=("web-abc",),
            returns="the current one under its old name, older ones not",
        ),
        Along(of="Deployment/shop/web", kind="Pod", names=("web-abc-1",), returns="under other names"),
    )
    assert made.refusals == ()


def test_data_and_what_no_controller_makes_refuse() -> None:
    there = (dependent("PersistentVolumeClaim", "data", "uid-web", made="StatefulSet"), dependent("ConfigMap", "notes", "uid-web"))
    made = with_owned(*there)
    assert [(one.name, one.message) for one in made.refusals] == [
        ("owned", "deleting Deployment/shop/web takes PersistentVolumeClaim/shop/data along, and the data in it"),
        ("owned", "deleting Deployment/shop/web takes ConfigMap/shop/notes along, and no controller makes that again"),
    ]
    assert with_owned(*there, policy=Policy(allow=("owned",))).refusals == ()


def test_what_could_not_be_listed_is_said() -> None:
    (warning,) = with_owned(unread=("jobs",)).plan.warnings
    assert warning == "which jobs Deployment/shop/web owns is not known: they can't be listed; what it owns goes along"


def test_the_plan_of_a_real_deployment_lists_its_replica_set_and_its_pods(controlplane: ControlPlane, aichaos: Run, tmp_path: Path) -> None:
    controlplane.node("node-a", zone="a")
    with controlplane.namespace() as namespace:
        controlplane.apply(DEPLOYMENT, namespace)
        controlplane.wait(lambda: len(running_pods(controlplane, namespace)) == 2, what="two running pods")
        (owner,) = controlplane.get(f"/apis/apps/v1/namespaces/{namespace}/deployments")["items"]
        name = owner["metadata"]["name"]
        target = {"kind": "Deployment", "name": name, "namespace": namespace}
        given = {"title": "Gone", "scope": {"namespaces": [namespace], "maxPods": 2, "maxShare": 1}, "deadline": "60s"}
        document = {"apiVersion": "aichaos/v1", "kind": "Experiment", "metadata": {"name": "gone"}}
        path = tmp_path / "gone.yaml"
        path.write_text(json.dumps(document | {"spec": given | {"steps": [{"name": "gone", "delete": target}]}}))
        (tmp_path / "key").write_text("k" * 40)
        words = ["approve", str(path), "-n", namespace, "--lever", f"{namespace}/lever", "--key", str(tmp_path / "key"), "--yes"]
        done = aichaos(*words, kubeconfig=controlplane.kubeconfig(), AICHAOS_STATE_DIR=str(tmp_path / "state"))
        said = " ".join(done.stdout.split())
        assert f"Goes along with Deployment/{namespace}/{name}: ReplicaSet {name}-" in said, all_said(done)
        pods = ", ".join(sorted(one["metadata"]["name"] for one in running_pods(controlplane, namespace)))
        assert f"Goes along with Deployment/{namespace}/{name}: Pod {pods}; comes back: under other names" in said, all_said(done)
