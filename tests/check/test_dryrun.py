"""`--server`: the real API server's verdict on the lines of the file, and a client that can say nothing but dry runs."""

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from aichaos.check.documents import Review, review
from aichaos.check.dryrun import with_server
from aichaos.cluster.connection import connect
from aichaos.cluster.dryrun import DryRun
from aichaos.domain.finding import Finding
from tests.controlplane.client import ApiError, ControlPlane
from tests.program import Run, answer

SERVICE = "apiVersion: v1\nkind: Service\nmetadata:\n  name: web\nspec:\n  ports:\n  - port: 80\n"


@pytest.fixture
def place(controlplane: ControlPlane) -> Iterator[tuple[ControlPlane, str]]:
    with controlplane.namespace() as namespace:
        yield controlplane, namespace


def tried(controlplane: ControlPlane, namespace: str, text: str, user: str = "admin") -> Review:
    with connect(kubeconfig=str(controlplane.kubeconfig(user))) as connection:
        return with_server(review([("file.yaml", text)], None), DryRun(connection), namespace)


def servers(found: Review) -> list[Finding]:
    return [one for one in found.findings if one.rule.startswith("server/")]


def test_what_the_server_takes_has_no_finding_and_is_not_there_afterwards(place: tuple[ControlPlane, str]) -> None:
    controlplane, namespace = place
    assert servers(tried(*place, SERVICE)) == []
    with pytest.raises(ApiError, match="404"):
        controlplane.get(f"/api/v1/namespaces/{namespace}/services/web")


def test_both_say_the_same_in_one_finding(place: tuple[ControlPlane, str]) -> None:
    found = tried(*place, SERVICE.replace("port: 80", "port: 80000"))
    assert servers(found) == []
    (agreed,) = [one for one in found.findings if "the server says" in one.message]
    assert (agreed.path, agreed.line, agreed.severity) == ("/spec/ports/0/port", 7, "error")


def test_what_only_the_server_refuses_is_said_and_so_is_the_disagreement(place: tuple[ControlPlane, str]) -> None:
    taken = "apiVersion: v1\nkind: Service\nmetadata:\n  name: web\nspec:\n  clusterIP: 203.0.113.7\n  ports:\n  - port: 80\n"
    found = {one.rule: one for one in servers(tried(*place, taken))}
    assert found.keys() == {"server/refused", "server/disagrees"}
    assert (found["server/refused"].severity, found["server/refused"].layer) == ("error", "admission")
    assert (found["server/refused"].path, found["server/refused"].line) == ("/spec", 5)  # it names clusterIPs, which it has filled in
    assert found["server/disagrees"].severity == "warning"


def test_what_the_server_says_of_a_field_that_stands_nowhere_is_no_word_on_another(place: tuple[ControlPlane, str]) -> None:
    text = "apiVersion: v1\nkind: Service\nmetadata:\n  name: web\nspec:\n  clusterIP: 203.0.113.7\n  ports: [{port: 80}, {port: 81}]\n"
    found = tried(*place, text).findings
    assert {one.path for one in found if one.rule == "admission/required"} == {"/spec/ports/0", "/spec/ports/1"}
    assert [one.message for one in found if "the server says" in one.message] == []
    assert [one.path for one in found if one.rule == "server/refused"] == ["/spec"]


def test_every_unknown_field_is_placed(place: tuple[ControlPlane, str]) -> None:
    text = SERVICE.replace("  - port: 80\n", "  - port: 80\n    prot: TCP\n  selektor: {}\n")
    found = tried(*place, text)
    assert {(one.path, one.line) for one in found.findings if "the server says" in one.message} == {
        ("/spec/ports/0/prot", 8),
        ("/spec/selektor", 9),
    }
    assert servers(found) == []


def test_a_text_is_sent_as_it_is_written(place: tuple[ControlPlane, str]) -> None:
    """A key that stands twice is seen by the server, too; and items of a List, and documents after the first, are tried each."""
    text = f"{SERVICE}---\n{SERVICE}  type: ClusterIP\n  type: NodePort\n"
    (found,) = [one for one in tried(*place, text).findings if one.rule == "yaml/duplicate-key"]
    assert "the server says" in found.message
    listed = "apiVersion: v1\nkind: List\nitems:\n- {apiVersion: v1, kind: Service, metadata: {name: a}, spec: {ports: [{port: 99999}]}}\n"
    assert ["the server says" in one.message for one in tried(*place, listed).findings] == [True]


def test_what_exists_is_tried_as_a_change_and_stays_as_it_is(place: tuple[ControlPlane, str]) -> None:
    controlplane, namespace = place
    job = "apiVersion: batch/v1\nkind: Job\nmetadata: {name: once}\nspec:\n  template:\n    spec:\n      restartPolicy: Never\n"
    job += "      containers: [{name: a, image: example.com/a:1}]\n"
    controlplane.kubectl("create", "-n", namespace, "-f", "-", input=job)
    before = controlplane.get(f"/apis/batch/v1/namespaces/{namespace}/jobs/once")
    assert servers(tried(*place, job)) == []
    (found,) = servers(tried(*place, job.replace("a:1", "a:2")))
    assert "exists and may not become this" in found.message
    assert "immutable" in found.message
    assert (found.path, found.line) == ("/spec/template", 5)
    after = controlplane.get(f"/apis/batch/v1/namespaces/{namespace}/jobs/once")
    assert after["metadata"]["uid"] == before["metadata"]["uid"]
    assert after["spec"] == before["spec"]


def test_a_namespace_that_comes_with_the_files_is_no_error(place: tuple[ControlPlane, str]) -> None:
    there = SERVICE.replace("name: web", "name: web\n  namespace: not-yet")
    (refused, disagrees) = servers(tried(*place, there))
    assert (refused.severity, refused.path) == ("error", "/metadata/namespace")
    assert disagrees.rule == "server/disagrees"
    brought = f"apiVersion: v1\nkind: Namespace\nmetadata: {{name: not-yet}}\n---\n{there}"
    assert [one.severity for one in servers(tried(*place, brought))] == ["skipped"]


def test_a_kind_that_is_not_served(place: tuple[ControlPlane, str]) -> None:
    text = "apiVersion: example.com/v1\nkind: Thing\nmetadata: {name: a}\n"
    (found,) = servers(tried(*place, text))
    assert (found.rule, found.layer, found.path) == ("server/refused", "schema", "/kind")
    crd = "apiVersion: apiextensions.k8s.io/v1\nkind: CustomResourceDefinition\nmetadata: {name: a}\nspec: {group: example.com}\n"
    assert [one.severity for one in servers(tried(*place, f"{crd}---\n{text}")) if one.object == "Thing/a"] == ["skipped"]


def test_a_generated_name_is_tried(place: tuple[ControlPlane, str]) -> None:
    assert servers(tried(*place, SERVICE.replace("name: web", "generateName: web-"))) == []


def test_without_the_right_to_create_it_is_skipped(place: tuple[ControlPlane, str]) -> None:
    (found,) = servers(tried(*place, SERVICE, "reader"))
    assert (found.rule, found.severity) == ("server/not-asked", "skipped")
    assert "cannot create" in found.message


def test_manifests_in_steps_are_tried(place: tuple[ControlPlane, str]) -> None:
    text = "apiVersion: aichaos/v1\nkind: Experiment\nmetadata: {name: one}\nspec:\n  title: t\n  scope: {namespaces: [default]}\n"
    text += "  steps:\n"
    text += "  - create: {apiVersion: v1, kind: ConfigMap, metadata: {name: a, namespace: default}, data: {a: 1}}\n"
    found = [one for one in tried(*place, text).findings if "Go struct field" in one.message]
    assert [(one.path, one.line) for one in found] == [("/spec/steps/0/create/data/a", 8)]


EXPERIMENT = """
apiVersion: aichaos/v1
kind: Experiment
metadata: {name: changes}
spec:
  title: Changes
  hypothesis: It holds
  scope: {namespaces: [%s], maxPods: 0, maxShare: 0}
  deadline: 5m
  steps:
"""
STEPS = {
    "patch": "{kind: Service, name: web, merge: {spec: {ports: [{port: 8080}]}}}",
    "bad patch": "{kind: Service, name: web, merge: {spec: {ports: [{port: 80000}]}}}",
    "odd patch": "{kind: Service, name: web, merge: {spec: {colour: red}}}",
    "label": "{kind: Service, name: web, set: {tier: front}, remove: [old]}",
    "scale": "{kind: Deployment, name: nobody, replicas: 0}",
    "restart": "{kind: Deployment, name: nobody}",
    "delete": "{kind: Service, name: web}",
    "recreate": "{kind: Service, name: web}",
    "label again": "{kind: Service, name: web, set: {tier: back}}",
}


def test_steps_that_change_what_is_there_are_tried_too(place: tuple[ControlPlane, str]) -> None:
    controlplane, namespace = place
    controlplane.kubectl("create", "-n", namespace, "-f", "-", input=SERVICE)
    before = controlplane.get(f"/api/v1/namespaces/{namespace}/services/web")
    verbs = {"bad patch": "patch", "odd patch": "patch", "label again": "label"}
    steps = [f"  - {{name: {name}, {verbs.get(name, name)}: {told}}}\n" for name, told in STEPS.items()]
    found = servers(tried(*place, EXPERIMENT % namespace + "".join(steps)))
    said = {one.path: one for one in found if one.path != "/spec/steps/1/patch/merge/spec/ports/0"}  # targetPort, which it has filled in
    assert [(path, one.severity) for path, one in said.items()] == [
        ("/spec/steps/1/patch/merge/spec/ports/0/port", "error"),
        ("/spec/steps/2/patch/merge/spec/colour", "error"),
        ("/spec/steps/4/scale", "error"),
        ("/spec/steps/5/restart", "error"),
        ("/spec/steps/7/recreate", "skipped"),
        ("/spec/steps/8/label", "skipped"),
    ]
    assert said["/spec/steps/1/patch/merge/spec/ports/0/port"].line == 12
    assert said["/spec/steps/2/patch/merge/spec/colour"].message == 'unknown field "spec.colour"'
    assert "nothing that this step could change" in said["/spec/steps/4/scale"].message
    assert "'recreate', an earlier step" in said["/spec/steps/8/label"].message
    assert controlplane.get(f"/api/v1/namespaces/{namespace}/services/web") == before


FAULT = """\
apiVersion: chaos-mesh.org/v1alpha1
kind: NetworkChaos
metadata: {name: slow, namespace: default}
spec:
  action: delay
  mode: all
  duration: 60s
  selector: {namespaces: [default], labelSelectors: {app: web}}
  target: {mode: all, selector: {namespaces: [default], labelSelectors: {app: db}}}
  delay: {latency: 200ms}
"""


def test_what_a_webhook_says_stands_at_its_line(chaos_mesh: ControlPlane) -> None:
    assert servers(tried(chaos_mesh, "default", FAULT)) == []
    found = [one for one in tried(chaos_mesh, "default", FAULT.replace("60s", "1d")).findings if "the server says" in one.message]
    assert [(one.path, one.line) for one in found] == [("/spec/duration", 7)]
    assert "denied the request" in found[0].message


# the wire -----------------------------------------------------------------------------------------------------------------------


@contextmanager
def recorder(controlplane: ControlPlane) -> Iterator[tuple[str, list[tuple[str, str]]]]:
    """An HTTP server that passes everything on to the real one, and keeps method and target of each request."""
    seen: list[tuple[str, str]] = []

    class Handler(BaseHTTPRequestHandler):
        def _pass(self) -> None:
            seen.append((self.command, self.path))
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            value = json.loads(body) if body[:1] == b"{" else None
            try:
                code, told = 200, controlplane.request(self.command, self.path, value, content_type=self.headers.get("Content-Type", ""))
            except ApiError as error:
                code, told = error.status, json.loads(str(error).partition(": ")[2])
            data = json.dumps(told).encode()
            self.send_response(code)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

        do_GET = do_POST = do_PATCH = do_PUT = do_DELETE = _pass

        def log_message(self, format: str, *args: Any) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_address[1]}", seen
        server.shutdown()


def test_every_request_that_could_change_something_is_a_dry_run(place: tuple[ControlPlane, str], aichaos: Run, tmp_path: Path) -> None:
    controlplane, namespace = place
    controlplane.kubectl("create", "configmap", "there", "-n", namespace)
    names = ["there", "new", "a?dryRun=", "a%3FdryRun=&x", "../../../configmaps", "a#b", "é"]
    items = [{"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name, "namespace": namespace}} for name in names]
    items.append({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "x", "namespace": "a?dryRun=None&b="}})
    items.append({"apiVersion": "v1?x=", "kind": "ConfigMap", "metadata": {"name": "x", "namespace": namespace}})
    (tmp_path / "all.json").write_text(json.dumps({"apiVersion": "v1", "kind": "List", "items": items}), encoding="utf-8")
    change = "{kind: ConfigMap, name: %s, namespace: %s"
    steps = "".join(f"  - {{delete: {change % (json.dumps(name), namespace)}}}}}\n" for name in (*names, "..", ""))
    steps += f"  - {{label: {change % ('there', namespace)}, set: {{a: b}}}}}}\n"
    (tmp_path / "steps.yaml").write_text(EXPERIMENT % namespace + steps, encoding="utf-8")
    with recorder(controlplane) as (address, seen):
        done = aichaos("check", "all.json", "steps.yaml", "--server", "-o", "json", kubeconfig=controlplane.kubeconfig(server=address))
    assert answer(done)["documents"] == len(items) + 1
    changing = [target for method, target in seen if method != "GET"]
    assert {method for method, _ in seen} == {"GET", "POST", "PATCH", "DELETE"}
    assert len(changing) > len(names)
    for target in changing:
        query = parse_qs(urlsplit(target).query, keep_blank_values=True)
        assert query["dryRun"] == ["All"]
        assert query["fieldValidation"] == ["Strict"]
    assert controlplane.get(f"/api/v1/namespaces/{namespace}/configmaps/there")["metadata"].get("labels") is None
    left = {one["metadata"]["name"] for one in controlplane.get(f"/api/v1/namespaces/{namespace}/configmaps")["items"]}
    assert left <= {"there", "kube-root-ca.crt"}


def test_the_command_needs_no_other_source(place: tuple[ControlPlane, str], aichaos: Run, tmp_path: Path) -> None:
    controlplane, namespace = place
    (tmp_path / "a.yaml").write_text(SERVICE.replace("port: 80", "port: 80000"), encoding="utf-8")
    done = aichaos("check", "a.yaml", "--server", "-n", namespace, kubeconfig=controlplane.kubeconfig())
    assert done.returncode == 4
    assert "the server says" in done.stdout


def test_a_server_that_nobody_reaches_is_skipped_and_fails_only_strictly(aichaos: Run, tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_text(SERVICE, encoding="utf-8")
    config = tmp_path / "config"
    config.write_text(
        "{apiVersion: v1, kind: Config, current-context: c, contexts: [{name: c, context: {cluster: c, user: u}}],\n"
        "clusters: [{name: c, cluster: {server: 'https://127.0.0.1:1'}}], users: [{name: u, user: {token: secret}}]}\n",
        encoding="utf-8",
    )
    found = answer(aichaos("check", "a.yaml", "--server", "-o", "json", kubeconfig=config))
    assert [(one["rule"], one["severity"]) for one in found["findings"]] == [("server/not-asked", "skipped")]
    assert aichaos("check", "a.yaml", "--server", kubeconfig=config).returncode == 0
    assert aichaos("check", "a.yaml", "--server", "--strict", kubeconfig=config).returncode == 4
