"""Whoever applies what `doctor --rbac` prints, and binds it as its comments say, can run the experiment; and each right in it is missed."""

import json
import os
import random
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest

from aichaos.cluster.connection import connect
from aichaos.cluster.discovery import Kinds
from aichaos.cluster.reader import Reader
from aichaos.cluster.rights import Right, missing
from aichaos.domain.base import ObjectRef
from aichaos.domain.policy import Policy
from aichaos.domain.snapshot import Gap, Snapshot, Source
from aichaos.domain.touchable import CHAOS, CONFIGURATION, NETWORK, WORKLOADS
from aichaos.files import yaml
from aichaos.live.planning import Order, drawn, guarded
from aichaos.observe.source import Choice
from aichaos.run import guard
from aichaos.run.places import WithoutServer
from tests.controlplane.client import ControlPlane
from tests.program import Run, all_said
from tests.run.rig import Rig, rigged

READING = Path(__file__).parents[2] / "docs" / "reference" / "read-only-role.yaml"
EVERY = os.environ.get("AICHAOS_RIGHTS") == "1"
RBAC = "/apis/rbac.authorization.k8s.io/v1"


@pytest.fixture
def rig(controlplane: ControlPlane, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Rig]:
    monkeypatch.setenv("AICHAOS_STATE_DIR", str(tmp_path / "state"))
    controlplane.install_crds("gateway-api", "istio", "litmus", "chaos-mesh")  # what is there decides which rights are needed
    with rigged(controlplane, tmp_path) as found:
        yield found


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


def experiment(folder: Path, namespace: str, *more: dict[str, Any]) -> Path:
    path = folder / "many.yaml"
    scope = {"namespaces": [namespace], "maxPods": 9, "maxShare": 1}
    there = {"name": "there", "kubernetes": {"object": f"Deployment/{namespace}/web", "condition": "Progressing"}}
    spec = {"title": "Many", "scope": scope, "deadline": "60s", "steadyState": [there], "steps": [*steps(namespace), *more]}
    path.write_text(json.dumps({"apiVersion": "aichaos/v1", "kind": "Experiment", "metadata": {"name": f"many-{namespace}"}, "spec": spec}))
    return path


def account(plane: ControlPlane, namespace: str, name: str) -> Path:
    """A kubeconfig of a service account that may nothing."""
    plane.request("POST", f"/api/v1/namespaces/{namespace}/serviceaccounts", {"metadata": {"name": name}})
    asked = plane.request("POST", f"/api/v1/namespaces/{namespace}/serviceaccounts/{name}/token", {"spec": {}})
    return plane.kubeconfig(token=asked["status"]["token"], namespace=namespace)


def applied(plane: ControlPlane, printed: str, user: str) -> None:
    """What a person does with it: apply it, and type the lines in its comments."""
    plane.kubectl("apply", "-f", "-", input=printed)
    for line in printed.splitlines():
        if line.startswith("# kubectl "):
            plane.kubectl(*line.removeprefix("# kubectl ").replace("YOU", user).split())


def user(namespace: str, name: str) -> str:
    return f"system:serviceaccount:{namespace}:{name}"


@pytest.mark.parametrize("reading", [False, True], ids=["alone", "beside the role for reading in the namespace"])
def test_what_is_printed_is_enough_to_run(rig: Rig, aichaos: Run, tmp_path: Path, reading: bool) -> None:
    plane, namespace = rig.controlplane, rig.namespace
    path = experiment(tmp_path, namespace)
    words = [str(path), "-n", namespace, "--lever", f"{namespace}/lever"]
    printed = aichaos("doctor", "--rbac", *words, kubeconfig=rig.kubeconfig)
    assert printed.returncode == 0, all_said(printed)
    mine = account(plane, namespace, "runner")
    if reading:
        plane.apply(READING)
        plane.kubectl(
            "create", "rolebinding", "reads", "-n", namespace, "--clusterrole=aichaos-read", f"--user={user(namespace, 'runner')}"
        )
    applied(plane, printed.stdout, user(namespace, "runner"))
    done = aichaos(
        *("run", *words, "--yes", "--accept-shared-fate", "--baseline", "0.2", "--after", "0.2", "--interval", "0.1"),
        kubeconfig=mine,
        AICHAOS_STATE_DIR=str(tmp_path / "state"),
        AICHAOS_POLICY="{allow: [rollout]}",  # its pods have no node
    )
    assert "Verified restored" in done.stdout, all_said(done)
    told = " ".join(done.stdout.split())
    assert "not known" not in told, all_said(done)
    for changed in ("Service", "Deployment"):  # which it may not create, even for a trial
        assert f"the old values of {changed}/{namespace}/web back was not tried: you may not create one" in told, all_said(done)
    assert "no Events could be written" not in done.stdout + done.stderr
    rig.assert_restored()


def test_each_right_that_is_printed_is_missed(rig: Rig, aichaos: Run, tmp_path: Path) -> None:
    """Without it the run is refused, or says what it does not know. The suite takes a sample; AICHAOS_RIGHTS=1 each of them."""
    plane, namespace = rig.controlplane, rig.namespace
    path = experiment(tmp_path, namespace)
    words = [str(path), "-n", namespace, "--lever", f"{namespace}/lever"]
    printed = aichaos("doctor", "--rbac", *words, kubeconfig=rig.kubeconfig)
    mine = account(plane, namespace, "runner")
    applied(plane, printed.stdout, user(namespace, "runner"))
    order = Order(path=path, choice=Choice(kubeconfig=str(mine), namespaces=(namespace,)), lever=f"{namespace}/lever", shared_fate=True)

    def said() -> list[str]:
        with drawn(order, lambda line: None) as drawing:
            found = guarded(drawing, lambda line: None)
        return [*(one.message for one in found.refusals if one.name in ("rights", "unread")), *found.warnings]

    roles = yaml.load(printed.stdout, "printed")
    every = [(role, right) for role in roles for right in rights(role) if right.resource != "events"]  # a run goes on without Events
    with connect(kubeconfig=str(mine)) as connection:
        whole = [right for _, right in every]
        plane.wait(lambda: missing(connection, whole) == [], what="the Roles to be known")
        usual = said()
        assert not [one for one in usual if "not known" in one or "otherwise" in one or one.startswith("you may not")], usual
        changing = [(role, right) for role, right in every if right.verb not in ("get", "list")]
        chance = random.Random(20261126)
        for role, right in every if EVERY else (*chance.sample(changing, 3), *chance.sample(every, 2)):
            where = url(role)
            plane.patch(where, {"rules": [*without(role, right)]})
            plane.wait(lambda gone=right: gone in missing(connection, whole), what=f"{right} to be gone")  # type: ignore[misc]
            told = [one for one in said() if one not in usual]
            assert told, right
            if right.verb not in ("get", "list"):
                assert [one for one in told if one.startswith(f"you may not {right.verb} {right.resource}")] == told, (right, told)
            plane.patch(where, {"rules": role["rules"]})
            plane.wait(lambda: missing(connection, whole) == [], what="the Role to be whole again")


def url(role: dict[str, Any]) -> str:
    namespace, name = role["metadata"].get("namespace"), role["metadata"]["name"]
    return f"{RBAC}/namespaces/{namespace}/roles/{name}" if namespace else f"{RBAC}/clusterroles/{name}"


def rights(role: dict[str, Any]) -> list[Right]:
    return [right for rule in role["rules"] for right in of_rule(rule, role["metadata"].get("namespace", ""))]


def of_rule(rule: dict[str, Any], namespace: str) -> list[Right]:
    (group,), (name,) = rule["apiGroups"], rule.get("resourceNames", [""])
    return [
        Right(verb=verb, group=group, resource=resource, namespace=namespace, name=name)
        for resource in rule["resources"]
        for verb in rule["verbs"]
    ]


def without(role: dict[str, Any], right: Right) -> Iterator[dict[str, Any]]:
    """The rules of a Role with one right less, each right in a rule of its own."""
    for one in rights(role):
        if one != right:
            rule = {"apiGroups": [one.group], "resources": [one.resource], "verbs": [one.verb]}
            yield rule | ({"resourceNames": [one.name]} if one.name else {})


def test_a_fault_that_may_not_be_read_is_a_refusal_and_no_failure(rig: Rig, aichaos: Run, tmp_path: Path) -> None:
    """Nor is the cluster's own name, and an object that a step changes."""
    plane, namespace = rig.controlplane, rig.namespace
    selector = {"namespaces": [namespace], "labelSelectors": {"app": "web"}}
    spec = {"action": "pod-failure", "mode": "one", "duration": "5s", "selector": selector}
    fault = {"apiVersion": "chaos-mesh.org/v1alpha1", "kind": "PodChaos", "metadata": {"name": "f", "namespace": namespace}, "spec": spec}
    path = experiment(tmp_path, namespace, {"chaos": fault, "hold": "1s"})
    mine = account(plane, namespace, "runner")
    view = ["create", "rolebinding", "reads", "-n", namespace, "--clusterrole=view", f"--user={user(namespace, 'runner')}"]
    plane.kubectl(*view)
    words = ["run", str(path), "-n", namespace, "--lever", f"{namespace}/lever", "--yes", "--accept-shared-fate"]
    done = aichaos(*words, kubeconfig=mine, AICHAOS_STATE_DIR=str(tmp_path / "state"))
    assert done.returncode == 5, all_said(done)
    refused = [" ".join(one.split()) for one in done.stderr.replace("\n ", " ").splitlines() if one.startswith("refused [rights]")]
    for what in (f"get podchaos/f in {namespace}", "get namespaces/kube-system in kube-system", f"get httproutes/elder in {namespace}"):
        assert len([one for one in refused if f"you may not {what} (for" in one]) == 1, (what, refused)
    rig.assert_restored()


@pytest.mark.parametrize("demo", ["route-chaos", "production"])
def test_a_bundled_cluster_will_do(aichaos: Run, tmp_path: Path, demo: str) -> None:
    done = aichaos("suggest", "--from", f"demo:{demo}", "--count", "2")
    assert done.returncode == 0, all_said(done)
    made = sorted((tmp_path / "chaos").glob("*.yaml"))
    assert made
    for path in made:
        printed = aichaos("doctor", "--rbac", str(path), "--from", f"demo:{demo}", "-o", "json")
        assert (printed.returncode, "would be refused" in printed.stderr) == (0, False), all_said(printed)
        told = json.loads(printed.stdout)
        assert [one["metadata"]["name"] for one in told["namespaces"]] == ["aichaos"]
        (known,) = [role for role in told["roles"] if role["metadata"].get("namespace") == "kube-system"]
        assert known["rules"] == [{"apiGroups": [""], "resources": ["namespaces"], "verbs": ["get"], "resourceNames": ["kube-system"]}]


def test_without_a_server_kinds_are_called_as_a_server_calls_them(controlplane: ControlPlane) -> None:
    controlplane.install_crds("gateway-api", "chaos-mesh", "istio", "litmus")
    places = WithoutServer()
    with connect(kubeconfig=str(controlplane.kubeconfig())) as connection:
        served = Kinds(Reader(connection)).served
    seen = 0
    for group, kinds in {**NETWORK, **CHAOS}.items() | set(WORKLOADS.items()) | set(CONFIGURATION.items()):
        for kind in kinds:
            place = places.of(ObjectRef(kind, "x", "shop"))
            there = {name: plural for one in served.group_versions(group) for plural, name in served.resources(group, one).items()}
            assert there.get(kind, place.resource) == place.resource
            assert place.group == group
            seen += kind in there
    assert seen > 30


GAP = Gap(kind="Pod", reason="forbidden", detail="pods is forbidden")


@pytest.mark.parametrize(
    ("gap", "allow", "refused", "said"),
    [
        (GAP, (), 1, 0),
        (GAP, ("unread",), 0, 1),
        (msgspec.structs.replace(GAP, reason="failed"), (), 1, 0),
        (msgspec.structs.replace(GAP, reason="unreadable"), (), 0, 0),
        (msgspec.structs.replace(GAP, kind="NetworkPolicy"), (), 0, 1),
        (msgspec.structs.replace(GAP, kind="ConfigMap"), (), 0, 0),
    ],
)
def test_where_pods_can_not_be_counted_no_run_starts(gap: Gap, allow: tuple[str, ...], refused: int, said: int) -> None:
    found = list(guard.seen(Snapshot(source=Source(kind="live", cluster="c"), gaps=(gap,)), Policy(allow=allow), "ask"))
    assert [isinstance(one, str) for one in found].count(False) == refused
    assert [isinstance(one, str) for one in found].count(True) == said
