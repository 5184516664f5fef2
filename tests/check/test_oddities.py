"""Plain scalars that are another value to the server than to their reader: told where it takes them, explained where it does not."""

import json

import pytest

from aichaos.check.documents import review
from aichaos.domain.finding import Finding
from tests.controlplane.client import ControlPlane

SERVICE = """
apiVersion: v1
kind: Service
metadata: {name: web, labels: {on: call, 0777: a, 1.10: b, 1_000: c, "off": d}}
spec: {selector: {app: web}, ports: [{port: 0120, targetPort: 010}]}
"""
POD = """
apiVersion: v1
kind: Pod
metadata: {name: web}
spec:
  hostNetwork: no
  containers: [{name: main, image: nginx, resources: {limits: {cpu: 010}}}]
  volumes: [{name: files, configMap: {name: files, defaultMode: 0644, items: [{key: a, path: a, mode: 0400}]}}]
"""
FILTER = """
apiVersion: networking.istio.io/v1alpha3
kind: EnvoyFilter
metadata: {name: web, namespace: shop}
spec: {configPatches: [{applyTo: CLUSTER, patch: {operation: MERGE, value: {a: %s}}}]}
"""
SCALE = """
apiVersion: aichaos/v1
kind: Experiment
metadata: {name: more}
spec:
  title: More
  hypothesis: It holds
  scope: {namespaces: [shop], maxPods: 0, maxShare: 0}
  deadline: 5m
  steadyState: []
  steps:
  - {name: more, scale: {kind: Deployment, name: web, namespace: shop, replicas: 010}}
  - {name: serve, create: {apiVersion: v1, kind: Service, metadata: {name: web, namespace: shop}, spec: {ports: [{port: 0120}]}}}
"""


def odd(text: str) -> dict[str, Finding]:
    return {one.path: one for one in review([("file.yaml", text)], None).findings if one.rule == "yaml/odd-scalar"}


def test_numbers_and_keys_that_the_server_takes_for_others() -> None:
    found = odd(SERVICE)
    assert set(found) == {f"/metadata/labels/{key}" for key in ("true", "511", "1.1")} | {"/spec/ports/0/port", "/spec/ports/0/targetPort"}
    assert found["/spec/ports/0/port"].message == "0120, an octal number, is 80 to the server; write 120 if that is meant, or 80 as it is"
    assert found["/metadata/labels/true"].message == "the key on is true to the server: write it in quotes"
    assert (found["/spec/ports/0/port"].line, found["/spec/ports/0/port"].severity) == (5, "warning")


def test_the_server_reads_them_so(controlplane: ControlPlane) -> None:
    done = controlplane.kubectl("create", "--dry-run=server", "-o", "json", "-f", "-", input=SERVICE)
    service = json.loads(done.stdout)
    assert (service["spec"]["ports"][0]["port"], service["spec"]["ports"][0]["targetPort"]) == (80, 8)
    assert service["metadata"]["labels"] == {"true": "call", "511": "a", "1.1": "b", "1000": "c", "off": "d"}
    pod = json.loads(controlplane.kubectl("create", "--dry-run=server", "-o", "json", "-f", "-", input=POD).stdout)
    assert pod["spec"]["containers"][0]["resources"]["limits"] == {"cpu": "8"}
    assert pod["spec"]["volumes"][0]["configMap"]["defaultMode"] == 0o644


def test_what_is_written_so_on_purpose_is_no_finding() -> None:
    """Permissions of files are octal, and a truth is a truth in whatever word."""
    assert set(odd(POD)) == {"/spec/containers/0/resources/limits/cpu"}


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("on", "true"),
        ("No", "false"),
        ("1.10", "1.1"),
        ("0777", "511"),
        ("2.0", "2"),
        ("12345678901234567890123", "1.2345678901234568e+22"),
    ],
)
def test_where_anything_may_stand_a_text_may_be_meant(written: str, read: str) -> None:
    (found,) = odd(FILTER % written).values()
    assert found.message.startswith(f"{written}{', an octal number,' if read == '511' else ''} is {read} to the server; write ")


@pytest.mark.parametrize(
    "written", ["true", "5", "1.5", "0x1F", "0o17", "1e3", "12:30:45", "2001-01-01", "'on'", '"0777"', "07", "text", "~"]
)
def test_what_is_what_it_looks_like_is_no_finding(written: str) -> None:
    assert odd(FILTER % written) == {}


def test_where_the_server_refuses_what_comes_out_its_finding_says_why() -> None:
    text = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\ndata: {version: 0644, debug: on}\n"
    found = {one.path: one for one in review([("file.yaml", text)], None).findings}
    assert {one.rule for one in found.values()} == {"schema/type"}
    assert found["/data/version"].message.endswith("(0644, an octal number, is 420 to the server)")
    assert found["/data/debug"].message.endswith("(on is true to the server)")


def test_no_fix_makes_a_text_of_a_number_that_was_never_written() -> None:
    fault = "apiVersion: chaos-mesh.org/v1alpha1\nkind: PodChaos\nmetadata: {name: a, namespace: b}\n"
    spec = "spec: {action: pod-kill, mode: fixed, value: %s, selector: {namespaces: [b], labelSelectors: {a: b}}}\n"
    (plain,) = [one for one in review([("a", fault + spec % "10")], None).findings if one.path == "/spec/value"]
    (octal,) = [one for one in review([("a", fault + spec % "010")], None).findings if one.path == "/spec/value"]
    assert plain.fix is not None
    assert octal.fix is None


def test_items_of_a_list_and_steps_of_an_experiment_are_looked_at_as_well() -> None:
    items = f"apiVersion: v1\nkind: List\nitems:\n- {SERVICE.strip().replace(chr(10), chr(10) + '  ')}\n"
    assert set(odd(items)) == set(odd(SERVICE))
    assert set(odd(SCALE)) == {"/spec/steps/0/scale/replicas", "/spec/steps/1/create/spec/ports/0/port"}
