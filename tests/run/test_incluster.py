"""The guard inside the cluster: its Job on the real API server, and its program with no more rights than its manifest gives it."""

import base64
import json
import os
import re
import shlex
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from aichaos.cluster.connection import connect
from aichaos.cluster.reader import Forbidden
from aichaos.cluster.rights import Right, missing
from aichaos.cluster.writer import Writer
from aichaos.errors import AichaosError
from aichaos.files import yaml
from aichaos.run import incluster
from aichaos.run.stops import Stops
from tests.controlplane.client import ApiError, ControlPlane
from tests.program import all_said, environment
from tests.run.driver import approval
from tests.run.rig import Rig, rigged

VERBS = ("create", "delete", "get", "patch")
RESTRICTED = {"metadata": {"labels": {"pod-security.kubernetes.io/enforce": "restricted"}}}
"""The strictest level at which a server admits pods."""
MANIFEST = Path(__file__).parent.parent.parent / "deploy" / "in-cluster-guard.yaml"


def as_guard(controlplane: ControlPlane, namespace: str, restores: str = "") -> str:
    """A token of the guard's service account, with the rights of deploy/in-cluster-guard.yaml; the namespace of a test is its `aichaos`.
    restores: where experiments run, if that is another one."""
    text = MANIFEST.read_text()
    here = text.replace("namespace: aichaos", f"namespace: {namespace}").replace("name: aichaos\n", f"name: {namespace}\n")
    bound = "kind: RoleBinding\nmetadata:\n  name: aichaos-guard{}\n  namespace: kube-system"
    here = here.replace(bound.format(""), bound.format(f"-{namespace}"))  # of each test its own: all share that namespace
    assert f"name: aichaos-guard-{namespace}" in here
    controlplane.kubectl("apply", "--filename", "-", input=here)
    subject = {"kind": "ServiceAccount", "name": "aichaos-guard", "namespace": namespace}
    role = {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": "aichaos-guard-restore"}
    binding = {"metadata": {"name": "aichaos-guard-restore"}, "roleRef": role, "subjects": [subject]}
    within = f"/apis/rbac.authorization.k8s.io/v1/namespaces/{restores or namespace}"
    controlplane.request("POST", f"{within}/rolebindings", binding)
    asked = controlplane.request("POST", f"/api/v1/namespaces/{namespace}/serviceaccounts/aichaos-guard/token", {"spec": {}})
    return str(asked["status"]["token"])


def aichaos(words: list[str], around: dict[str, str]) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "aichaos", *words]
    return subprocess.run(command, env=around, capture_output=True, text=True, check=False, timeout=90)


def lost(rig: Rig, tmp_path: Path) -> list[str]:
    """A machine is lost: the run and its watchdog are gone, and nobody renews the Lease. What the guard is started with then."""
    rig.start(rig.orders(point=50, death="both")).communicate(timeout=60)
    rig.shorten_lease()
    for folder in ("key", "state"):
        (tmp_path / "pod" / folder).mkdir(parents=True)
    (tmp_path / "pod" / "key" / "key").write_bytes((rig.home / "key").read_bytes())
    return ["recover", "--from-configmap", f"{rig.namespace}/aichaos-run-{rig.run}", "--key", "/key/key", "--when-lost"]


def test_its_program_restores_with_the_rights_of_its_manifest(controlplane: ControlPlane, tmp_path: Path) -> None:
    with rigged(controlplane, tmp_path) as rig:
        words = lost(rig, tmp_path)
        inside = controlplane.kubeconfig(token=as_guard(controlplane, rig.namespace), namespace=rig.namespace)
        pod = tmp_path / "pod"
        around = environment(pod, AICHAOS_STATE_DIR=str(pod / "state"), KUBECONFIG=str(inside))
        done = aichaos([str(pod / "key" / "key") if word == "/key/key" else word for word in words], around)
        assert done.returncode == 0, all_said(done)
        assert f"run {rig.run} has not been heard of for 2 s" in done.stderr
        assert "verified restored" in done.stderr
        rig.assert_restored()


def test_its_account_may_do_nothing_but_restore(controlplane: ControlPlane) -> None:
    """Asked of the server itself, for the namespace of our own objects, one where experiments run, and one where none does."""
    with controlplane.namespace() as home, controlplane.namespace() as shop, controlplane.namespace() as other:
        token = as_guard(controlplane, home, shop)

        def may(verb: str, resource: str, namespace: str = "", group: str = "", name: str = "") -> bool:
            asked = {"verb": verb, "resource": resource, "namespace": namespace, "group": group, "name": name}
            review = {"apiVersion": "authorization.k8s.io/v1", "kind": "SelfSubjectAccessReview", "spec": {"resourceAttributes": asked}}
            found = controlplane.request("POST", "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews", review, token=token)
            return bool(found["status"]["allowed"])

        routes = ("httproutes", shop, "gateway.networking.k8s.io")
        assert may("get", "configmaps", home)
        assert may("patch", "leases", home, "coordination.k8s.io")
        assert may("get", "namespaces", "kube-system", name="kube-system")
        assert all(may(verb, *routes) for verb in ("get", "create", "patch", "delete"))
        for verb in ("list", "watch", "update", "deletecollection"):
            assert not may(verb, *routes), verb
        for namespace in (home, shop, other, "kube-system", ""):
            for resource in ("secrets", "serviceaccounts", "persistentvolumeclaims", "pods/exec", "serviceaccounts/token"):
                assert not any(may(verb, resource, namespace) for verb in ("get", "list", "create", "patch", "delete")), (
                    resource,
                    namespace,
                )
            for resource in ("roles", "rolebindings", "clusterroles", "clusterrolebindings"):
                assert not may("create", resource, namespace, "rbac.authorization.k8s.io"), (resource, namespace)
            assert not may("create", "jobs", namespace, "batch")
        for resource in ("namespaces", "nodes", "persistentvolumes"):
            assert not any(may(verb, resource) for verb in ("list", "create", "patch", "delete")), resource
        for resource, group in (("pods", ""), ("configmaps", ""), ("deployments", "apps"), ("httproutes", "gateway.networking.k8s.io")):
            assert not any(may(verb, resource, other, group) for verb in ("get", "create", "patch", "delete")), resource
        assert not may("create", "configmaps", home)
        assert not may("patch", "configmaps", home), "it can't pull or release the lever"
        assert not may("create", "leases", home, "coordination.k8s.io")


def test_a_run_whose_guard_could_not_put_everything_back_is_refused(controlplane: ControlPlane, tmp_path: Path) -> None:
    with rigged(controlplane, tmp_path) as rig, controlplane.namespace() as home:
        path = tmp_path / "trial.yaml"
        spec: dict[str, Any] = {"title": "A trial", "scope": {"namespaces": [rig.namespace]}, "deadline": "1m"}
        spec["steps"] = [{"delete": {"kind": "HTTPRoute", "name": "elder", "namespace": rig.namespace}}]
        path.write_text(json.dumps({"apiVersion": "aichaos/v1", "kind": "Experiment", "metadata": {"name": "trial"}, "spec": spec}))
        words = [
            "run",
            str(path),
            "-n",
            rig.namespace,
            "--lever",
            f"{home}/lever",
            "--in-cluster-guard",
            "registry.test/aichaos:1",
            "--yes",
        ]
        around = environment(tmp_path / "home", AICHAOS_STATE_DIR=str(tmp_path / "state"), KUBECONFIG=str(rig.kubeconfig))
        done = aichaos(words, around)
        assert done.returncode == 5, all_said(done)
        assert "refused [guard-rights]" in done.stderr, all_said(done)
        assert f"kubectl create rolebinding aichaos-guard -n {rig.namespace}" in done.stderr, all_said(done)
        needed = [Right(verb=verb, group="gateway.networking.k8s.io", resource="httproutes", namespace=rig.namespace) for verb in VERBS]
        with connect(kubeconfig=str(rig.kubeconfig)) as connection:
            assert missing(connection, needed, incluster.user(home)) == needed
            as_guard(controlplane, home, rig.namespace)
            controlplane.wait(lambda: missing(connection, needed, incluster.user(home)) == [], what="the binding to be known")
        command = [sys.executable, "-m", "aichaos", *words, "-o", "json"]
        process = subprocess.Popen(command, env=around, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        assert process.stdout is not None
        assert any("the guard inside the cluster to run" in line for line in process.stdout), "no node runs its pod"
        assert len(jobs(controlplane, home)) == 1
        process.send_signal(signal.SIGINT)
        said = process.communicate(timeout=60)
        assert process.returncode == 130, said
        assert jobs(controlplane, home) == {}
        lease = controlplane.get(f"/apis/coordination.k8s.io/v1/namespaces/{home}/leases/aichaos-run")
        assert not lease["spec"].get("holderIdentity")
        rig.assert_restored()
        with connect(kubeconfig=str(controlplane.kubeconfig("reader"))) as connection, pytest.raises(Forbidden, match="you may not ask"):
            missing(connection, needed, incluster.user(home))


def test_it_leaves_a_run_that_lives_alone_and_ends_with_it(controlplane: ControlPlane, tmp_path: Path) -> None:
    with rigged(controlplane, tmp_path) as rig:
        code, said = rig.finish(rig.orders())
        assert code == 0, said
        around = environment(tmp_path / "pod", AICHAOS_STATE_DIR=str(tmp_path / "pod"), KUBECONFIG=str(rig.kubeconfig))
        words = ["recover", "--from-configmap", f"{rig.namespace}/aichaos-run-{rig.run}", "--key", str(rig.home / "key"), "--when-lost"]
        done = subprocess.run(
            [sys.executable, "-m", "aichaos", *words], env=around, capture_output=True, text=True, check=False, timeout=60
        )
        assert done.returncode == 1, all_said(done)
        assert "there is no journal in ConfigMap" in done.stderr
        rig.assert_restored()


def test_its_job_starts_with_the_key_apart_and_goes_with_the_run(controlplane: ControlPlane, tmp_path: Path) -> None:
    """No node runs its pod here: a program says of it what a kubelet would, and the Job's own controller counts."""
    with controlplane.namespace() as namespace, connect(kubeconfig=str(controlplane.kubeconfig(namespace=namespace))) as connection:
        controlplane.patch(f"/api/v1/namespaces/{namespace}", RESTRICTED)
        controlplane.request("POST", f"/api/v1/namespaces/{namespace}/serviceaccounts", {"metadata": {"name": incluster.ACCOUNT}})
        writer, left = Writer(connection, approval("g")), list[float]()
        with pytest.raises(AichaosError, match="does not run after") as late:
            incluster.start(writer, "never", namespace, "registry.test/aichaos:1", b"k" * 32, Stops(), left.append, seconds=0.2)
        assert jobs(controlplane, namespace).keys() == set()
        assert left, "whoever waits is told"
        (shown,) = re.findall(r"`kubectl ([^`]*)`", late.value.hint)
        controlplane.kubectl(*shlex.split(shown))  # events stay when their pod has gone

        kubelet = subprocess.Popen(
            [sys.executable, "-c", KUBELET, controlplane.url, controlplane.tokens["admin"], namespace], env=os.environ
        )
        try:
            incluster.start(writer, "g", namespace, "registry.test/aichaos:1", b"k" * 32, Stops(), left.append, seconds=30)
        finally:
            kubelet.kill()
            kubelet.wait()
        made = jobs(controlplane, namespace)["aichaos-run-g"]
        (container,) = made["spec"]["template"]["spec"]["containers"]
        assert container["args"][:3] == ["recover", "--from-configmap", f"{namespace}/aichaos-run-g"]
        written = {one["name"] for one in container["env"] if one["value"] == "/state"}
        assert written == {"AICHAOS_STATE_DIR", "HOME", "TMPDIR"}, "its root is read-only"
        assert "k" * 32 not in json.dumps(made)
        secret = controlplane.get(f"/api/v1/namespaces/{namespace}/secrets/aichaos-run-g")
        assert base64.b64decode(secret["data"]["key"]) == b"k" * 32
        assert secret["metadata"]["ownerReferences"][0]["uid"] == made["metadata"]["uid"]
        incluster.stop(writer, "g", namespace)
        controlplane.wait(lambda: not jobs(controlplane, namespace) and _gone(controlplane, namespace), what="Job and Secret to be gone")


def jobs(controlplane: ControlPlane, namespace: str) -> dict[str, Any]:
    listed = controlplane.get(f"/apis/batch/v1/namespaces/{namespace}/jobs")
    return {item["metadata"]["name"]: item for item in listed["items"] if not item["metadata"].get("deletionTimestamp")}


def _gone(controlplane: ControlPlane, namespace: str) -> bool:
    try:
        controlplane.get(f"/api/v1/namespaces/{namespace}/secrets/aichaos-run-g")
    except ApiError as error:
        return error.status == 404
    return False


KUBELET = """
import json, ssl, sys, time, urllib.request
url, token, namespace = sys.argv[1:]
context = ssl._create_unverified_context()
def ask(method, path, body=None):
    request = urllib.request.Request(url + path, json.dumps(body).encode() if body else None, method=method)
    request.add_header("Authorization", "Bearer " + token)
    request.add_header("Content-Type", "application/merge-patch+json")
    return json.load(urllib.request.urlopen(request, context=context))
while True:
    for pod in ask("GET", f"/api/v1/namespaces/{namespace}/pods")["items"]:
        name, status = pod["metadata"]["name"], {"phase": "Running", "conditions": [{"type": "Ready", "status": "True"}]}
        ask("PATCH", f"/api/v1/namespaces/{namespace}/pods/{name}/status", {"status": status})
    time.sleep(0.2)
"""


def test_the_manifest_has_no_right_to_secrets_or_to_the_whole_cluster() -> None:
    documents = yaml.load(MANIFEST.read_text(), str(MANIFEST))
    rules = [rule for document in documents for rule in document.get("rules", [])]
    assert rules
    assert not any("secrets" in rule["resources"] or "*" in rule["verbs"] or "*" in rule["apiGroups"] for rule in rules)
    assert not [document for document in documents if document["kind"] == "ClusterRoleBinding"]
