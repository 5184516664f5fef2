"""The exported CronJob as the cluster runs it: its controller makes a Job, whose pod runs the program with the rights of its account."""

import base64
import functools
import json
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from aichaos.files import yaml
from tests.controlplane.backends import Backends
from tests.controlplane.client import ControlPlane
from tests.controlplane.kubelet import Image, Kubelet
from tests.controlplane.server import Servers
from tests.program import Run, all_said
from tests.report.export import shop

IMAGE = "registry.test/aichaos:1"
NAME = "aichaos-all-verbs"
PROGRAM = Image(entrypoint=[sys.executable, "-m", "aichaos"], folder=str(Path(__file__).parents[3]))
RBAC = "/apis/rbac.authorization.k8s.io/v1"


def signed(aichaos: Callable[..., subprocess.CompletedProcess[str]], path: Path, folder: Path) -> dict[str, str]:
    """The files of the Secret: an approval for two runs, and whose signature counts."""
    key = folder / "anna"
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(key)], check=True)
    done = aichaos("approve", str(path), "--key", str(key), "--as", "anna", "--uses", "2", "--yes", "-o", str(folder / "approval.yaml"))
    assert done.returncode == 0, all_said(done)
    return {"approval.yaml": (folder / "approval.yaml").read_text(), "allowed_signers": f"anna {key.with_suffix('.pub').read_text()}"}


def allow(server: ControlPlane, roles: str) -> None:
    """What a person does with the output of `doctor --rbac`; and the account may read the cluster, as `reader` may."""
    subject = {"kind": "ServiceAccount", "name": NAME, "namespace": "aichaos"}
    for role in yaml.load(roles, "roles"):
        namespace = role["metadata"].get("namespace")
        within = f"{RBAC}/namespaces/{namespace}" if namespace else RBAC
        kind = "Role" if namespace else "ClusterRole"
        server.request("POST", f"{within}/{kind.lower()}s", role)
        ref = {"apiGroup": "rbac.authorization.k8s.io", "kind": kind, "name": role["metadata"]["name"]}
        server.request(
            "POST", f"{within}/{kind.lower()}bindings", {"metadata": role["metadata"], "roleRef": ref, "subjects": [subject]}
        )  # fmt: skip
    for name in ("view", "aichaos-reader"):
        ref = {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": name}
        binding = {"metadata": {"name": f"{NAME}-{name}"}, "roleRef": ref, "subjects": [subject]}
        server.request("POST", f"{RBAC}/clusterrolebindings", binding)


@pytest.mark.skipif(shutil.which("ssh-keygen") is None, reason="no ssh-keygen here")
def test_the_scheduled_run_is_started_approved_measured_from_inside_and_restored(
    private_controlplane: Servers, aichaos: Run, tmp_path: Path
) -> None:
    server = private_controlplane.controlplane
    server.install_crds("gateway-api")
    server.node("node-a", zone="a")
    with Backends() as backends, server.namespace("shop") as namespace, server.namespace("aichaos") as home:
        server.patch(f"/api/v1/namespaces/{home}", {"metadata": {"labels": {"pod-security.kubernetes.io/enforce": "restricted"}}})
        shop.set_up(server, namespace)
        ports = {"spec": {"ports": [{"port": 80, "targetPort": backends.port}]}}
        where = f"/api/v1/namespaces/{namespace}/services/web"
        server.request("PATCH", where, ports, content_type="application/merge-patch+json")
        on_node = {"spec": {"template": {"spec": {"nodeName": "node-a"}}}}
        server.request(
            "PATCH", f"/apis/apps/v1/namespaces/{namespace}/deployments/web", on_node, content_type="application/strategic-merge-patch+json"
        )
        server.wait(lambda: len(addresses(server, namespace)) == 2, what="two endpoints")
        before = shop.state(server, namespace)

        document = shop.experiment(
            namespace,
            {"scale": {"kind": "Deployment", "name": "web", "namespace": namespace, "replicas": 1}},
            {"wait": {"for": "1s"}},
        )
        inside = {"url": f"http://web.{namespace}.svc/", "via": f"service/{namespace}/web", "expect": {"status": "200"}}
        document["spec"]["steadyState"] = [{"name": "web answers", "http": inside, "tolerance": {"success": ">= 99%"}}]
        folder, around = shop.exported(server, namespace, document, "cronjob", tmp_path / "shop")
        path, admin = tmp_path / "shop" / "all-verbs.yaml", Path(around["KUBECONFIG"])
        mine = functools.partial(aichaos, kubeconfig=admin)
        roles = mine("doctor", "--rbac", str(path))
        assert roles.returncode == 0, all_said(roles)
        allow(server, roles.stdout)
        data = {name: base64.b64encode(text.encode()).decode() for name, text in signed(mine, path, tmp_path).items()}
        server.request("POST", f"/api/v1/namespaces/{home}/secrets", {"metadata": {"name": f"{NAME}-approval"}, "data": data})
        server.apply((folder / "cronjob.yaml").read_text().replace("image: IMAGE", f"image: {IMAGE}"), home)

        with Kubelet(server, home, {IMAGE: PROGRAM}, tmp_path / "pods") as kubelet:
            job = due(server, home)
            server.wait(lambda: ended(server, home, job), timeout=60, what="the Job to end")
        said = kubelet.log(job)
        events = [json.loads(line) for line in said.splitlines() if line.startswith("{")]
        assert events, said
        last = events[-1]
        assert (last["event"], last["outcome"], last["restored"], last["verdict"]) == ("finished", "completed", "verified", "pass"), said
        assert ended(server, home, job) == "Complete", said
        assert shop.state(server, namespace) == before
        assert len(backends.served) > 5, "its probe asks the pods themselves"


def addresses(server: ControlPlane, namespace: str) -> list[str]:
    slices = server.get(f"/apis/discovery.k8s.io/v1/namespaces/{namespace}/endpointslices?labelSelector=kubernetes.io/service-name%3Dweb")
    ready = [one for each in slices["items"] for one in each["endpoints"] or () if one["conditions"].get("ready")]
    return [address for one in ready for address in one["addresses"]]


def due(server: ControlPlane, home: str) -> str:
    """The Job that the controller makes of the CronJob once a time of its schedule has come; nobody waits for one until Monday at ten."""
    path = f"/apis/batch/v1/namespaces/{home}/cronjobs/{NAME}"
    merge = "application/merge-patch+json"
    server.request("PATCH", path, {"spec": {"schedule": "* * * * *"}}, content_type=merge)
    now = server.request("POST", f"/api/v1/namespaces/{home}/configmaps?dryRun=All", {"metadata": {"name": "now"}})
    minute = now["metadata"]["creationTimestamp"]
    earlier = {"status": {"lastScheduleTime": f"{int(minute[:4]) - 1}{minute[4:]}"}}
    server.request("PATCH", f"{path}/status", earlier, content_type=merge)

    def made() -> Any:
        return server.get(f"/apis/batch/v1/namespaces/{home}/jobs")["items"]

    return str(server.wait(made, what="the Job of the CronJob")[0]["metadata"]["name"])


def ended(server: ControlPlane, home: str, job: str) -> str:
    status = server.get(f"/apis/batch/v1/namespaces/{home}/jobs/{job}")["status"]
    return next(
        (str(one["type"]) for one in status.get("conditions") or () if one["status"] == "True" and one["type"] in ("Complete", "Failed")),
        "",
    )
