"""The cluster's own definitions win: read from the real API server, saved with the snapshot, and used to check."""

from pathlib import Path

import msgspec
import pytest

from aichaos.check.documents import review
from aichaos.domain.snapshot import Snapshot
from aichaos.observe.cluster import observe
from aichaos.observe.topology import Topology
from tests.controlplane.client import ControlPlane

DEFINITION = """
apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: {name: widgets.schema.example.com}
spec:
  group: schema.example.com
  scope: Namespaced
  names: {kind: Widget, plural: widgets, singular: widget}
  versions:
  - name: v1
    served: true
    storage: true
    schema:
      openAPIV3Schema:
        type: object
        description: For people.
        properties:
          spec:
            type: object
            properties:
              size: {type: integer, description: How large.}
              description: {type: string}
            x-kubernetes-validations: [{rule: self.size < 10, message: too large}]
"""
WIDGET = "{apiVersion: schema.example.com/v1, kind: Widget, metadata: {name: a, namespace: default}, spec: %s}"


@pytest.fixture
def seen(controlplane: ControlPlane, tmp_path: Path) -> Snapshot:
    """A cluster with a definition of its own, saved and read again."""
    controlplane.apply(DEFINITION)
    snapshot = observe(kubeconfig=str(controlplane.kubeconfig("reader")))
    return msgspec.json.decode(msgspec.json.encode(snapshot), type=Snapshot)


def test_a_kind_that_only_the_cluster_knows_is_checked_by_its_definition(seen: Snapshot) -> None:
    found = review([("widget.yaml", WIDGET % "{size: 12, colour: red}")], Topology(seen)).findings
    assert [(one.rule, one.path) for one in found] == [("schema/unknown-field", "/spec/colour"), ("schema/cel", "/spec")]


def test_words_are_not_kept_and_a_field_of_that_name_is(seen: Snapshot) -> None:
    [own] = [one for one in seen.definitions if one.name == "widgets.schema.example.com"]
    assert b"For people" not in msgspec.json.encode(own)
    assert b"How large" not in msgspec.json.encode(own)
    assert review([("widget.yaml", WIDGET % "{size: 1, description: x}")], Topology(seen)).findings == []


def test_a_version_that_the_cluster_does_not_serve_is_told(seen: Snapshot) -> None:
    text = (WIDGET % "{}").replace("example.com/v1", "example.com/v2")
    [found] = review([("widget.yaml", text)], Topology(seen)).findings
    assert found.severity in ("error", "skipped")


def test_a_definition_that_comes_along_counts() -> None:
    found = review([("all.yaml", f"{DEFINITION}---\n{WIDGET % '{size: 12}'}\n")], None).findings
    assert [(one.rule, one.path) for one in found if one.severity == "error"] == [("schema/cel", "/spec")]
