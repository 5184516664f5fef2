"""Data of other tools in a folder is left alone, and nothing that could be a manifest ever is."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aichaos.check.bystanders import bystanders, without
from aichaos.check.documents import review

SERVICE = "apiVersion: v1\nkind: Service\nmetadata: {name: web}\nspec: {selector: {app: web}, ports: [{port: 80}]}\n"
DATA = {
    "rules.yml": "groups: [{name: x, rules: [{alert: Down, expr: up == 0}]}]\n",
    "dashboard.json": '{"panels": [], "title": "x", "schemaVersion": 3, "version": 1}\n',
    "openapi.yaml": 'openapi: 3.0.0\ninfo: {title: x, version: "1"}\npaths: {}\n',
    "ci.yml": "on: [push]\njobs: {a: {steps: [{run: 'kubectl apply -f - <<< \"apiVersion: v1\"'}]}}\n",
    "playbook.yml": "- hosts: all\n  tasks: [{k8s: {definition: {apiVersion: v1, kind: Namespace}}}]\n",
    "cfn.yaml": "Resources: {A: {Name: !Ref Foo}}\n",
    "tsconfig.build.json": '{"compilerOptions": {"strict": true,},}\n',
    "commented.json": '{\n  // nothing\n  "a": 1,\n}\n',
    "docker-compose.yml": "services: {web: {image: nginx}}\n",
    "values.yaml": "extraManifests: [{apiVersion: v1, kind: Secret}]\n",
    "Chart.yaml": "apiVersion: v2\nname: web\n",
    "patch.json": '[{"op": "replace", "path": "/spec/replicas", "value": 3}]\n',
    "numbers.json": "[1, 2]\n",
    "words.yaml": "only some words\n",
    "kustomization.yaml": "apiVersion: kustomize.config.k8s.io/v1beta1\nkind: Kustomization\nresources: []\n",
}
BROKEN = {
    "no apiVersion": SERVICE.replace("apiVersion: v1\n", ""),
    "no kind": SERVICE.replace("kind: Service\n", ""),
    "neither": "metadata: {name: web}\ndata: {}\n",
    "a spec alone": "spec: {ports: [{port: 80}]}\n",
    "misspelt": "apiVerison: v1\nknid: Service\n",
    "another case": "apiversion: v1\nKind: Service\n",
    "no colons": "apiVersion v1\nkind Service\n",
    "a bracket": SERVICE.replace("web}\n", "web\n", 1),
    "a tab": SERVICE.replace("spec: {", "spec:\n\tports: {"),
    "kind first": "kind: Service\nmetadata: {name: web\n",
    "smart quotes": "“apiVersion”: “v1”\n“kind”: {\n",
    "in JSON": '{"apiVersion": "v1", "kind": "Service", "metadata": {"name": "web",}}',
    "in a list": "- apiVersion: v1\n  kind: Service\n",
    "a List without its head": "items: [{apiVersion: v1, kind: Service}]\n",
    "one level too deep": "service:\n  apiVersion: v1\n  kind: Service\n",
    "beside a good one": f"{SERVICE}---\nreplicas: 3\n",
    "after other data": f"replicas: 3\n---\n{SERVICE.replace('kind: Service', '')}",
    "a template": "apiVersion: v1\nkind: Service\nmetadata: {name: {{ .Values.name }}}\n",
}


def alone(text: str, name: str = "a.yaml") -> list[str]:
    return bystanders(review([(name, text)], None), {name: text}, [name])


@pytest.mark.parametrize("name", DATA)
def test_data_of_other_tools_is_left_alone(name: str) -> None:
    assert alone(DATA[name], name) == [name]


@pytest.mark.parametrize("text", BROKEN.values(), ids=BROKEN)
def test_a_manifest_is_judged_however_broken_it_is(text: str) -> None:
    assert alone(text) == []


def test_only_the_files_that_are_asked_for_are_left_alone() -> None:
    files = DATA | {"service.yaml": SERVICE.replace("web", "Web", 1)}
    found = review(files.items(), None)
    assert bystanders(found, files, ["rules.yml"]) == ["rules.yml"]
    left = bystanders(found, files, list(files))
    assert left == list(DATA)
    kept = without(found, left)
    assert {one.file for one in kept.findings} == {"service.yaml"}
    assert kept.documents == len(kept.items) == 1


@given(st.data())
def test_a_manifest_that_lost_half_of_its_lines_is_judged(data: st.DataObject) -> None:
    lines = SERVICE.splitlines(keepends=True)
    kept = [line for line in lines if data.draw(st.booleans())]
    text = "".join(kept)
    assert alone(text) == []
