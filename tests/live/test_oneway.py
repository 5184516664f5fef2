"""What goes one way only is found before a run: fields of Kubernetes' own kinds, and rules of definitions about a change (oldSelf)."""

from typing import Any

import pytest

from aichaos.check.schema.transitions import transitions
from aichaos.domain.running import Change, Intent, Manifest, Place, Plan, Planned
from aichaos.domain.snapshot import Gap, Snapshot, Source
from aichaos.errors import ServerError
from aichaos.files.yaml import load
from aichaos.live.oneway import one_way
from aichaos.observe import manifests
from aichaos.run.plan import Refusal

POD = Place(api_version="v1", resource="pods", kind="Pod", name="x", namespace="shop")
CONFIG = Place(api_version="v1", resource="configmaps", kind="ConfigMap", name="x", namespace="shop")
ROUTE = Place(api_version="gateway.networking.k8s.io/v1", resource="httproutes", kind="HTTPRoute", name="x", namespace="shop")
DEFINITION = """
apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: {name: httproutes.gateway.networking.k8s.io}
spec:
  group: gateway.networking.k8s.io
  scope: Namespaced
  names: {kind: HTTPRoute, plural: httproutes, singular: httproute, listKind: HTTPRouteList}
  versions:
    - name: v1
      served: true
      storage: true
      schema:
        openAPIV3Schema:
          type: object
          properties:
            spec:
              type: object
              x-kubernetes-validations:
                - {rule: "self.size >= oldSelf.size", message: it only grows}
              properties:
                size: {type: integer}
                owner: {type: string, x-kubernetes-validations: [{rule: self == oldSelf, message: Value is immutable}]}
                odd: {type: string, x-kubernetes-validations: [{rule: "self.nothing(oldSelf)", message: nobody knows}]}
                parts:
                  type: array
                  x-kubernetes-list-type: map
                  x-kubernetes-list-map-keys: [name]
                  items:
                    type: object
                    properties: {name: {type: string}, size: {type: integer, x-kubernetes-validations: [{rule: self >= oldSelf}]}}
"""


def plan(place: Place, before: Manifest, after: Manifest) -> Plan:
    intent = Intent(number=1, step=1, change=Change(verb="patch", place=place, body={}), before=before, after=after)
    steps = (Planned(number=1, name="a", verb="patch", text="a", intent=intent),)
    return Plan(run="r", experiment="e", title="t", digest="", cluster="c", server="s", steps=steps, deadline=60.0)


def seen(*gaps: Gap) -> Snapshot:
    found = manifests.snapshot(manifests.objects(load(DEFINITION, "definition")), Source(kind="live", cluster="test"))
    return Snapshot(source=found.source, definitions=found.definitions, gaps=gaps)


def nothing(api_version: str, resource: str, namespace: str) -> list[Manifest]:
    return []


def said(place: Place, before: Manifest, after: Manifest, snapshot: Snapshot | None = None) -> tuple[int, list[str]]:
    found = list(one_way(plan(place, before, after), snapshot or seen(), nothing))
    return sum(isinstance(one, Refusal) for one in found), [one.message if isinstance(one, Refusal) else one for one in found]


def parts(name: str, size: int) -> Manifest:
    return {"spec": {"size": 1, "parts": [{"name": name, "size": size}]}}


GATE, OTHER = {"name": "a"}, {"name": "b"}


@pytest.mark.parametrize(
    ("place", "before", "after", "refused"),
    [
        (CONFIG, {"data": {}}, {"data": {}, "immutable": True}, True),
        (CONFIG, {"immutable": True, "metadata": {"labels": {}}}, {"immutable": True, "metadata": {"labels": {"a": "b"}}}, False),
        (CONFIG, {"data": {}}, {"data": {"a": "b"}}, False),
        (POD, {"spec": {"tolerations": [GATE]}}, {"spec": {"tolerations": [GATE, OTHER]}}, True),
        (POD, {"spec": {"tolerations": [GATE]}}, {"spec": {"tolerations": [GATE], "activeDeadlineSeconds": 5}}, True),
        (POD, {"spec": {"activeDeadlineSeconds": 9}}, {"spec": {"activeDeadlineSeconds": 5}}, True),
        (POD, {"spec": {"activeDeadlineSeconds": 5}}, {"spec": {"activeDeadlineSeconds": 5}, "metadata": {}}, False),
        (POD, {"spec": {"schedulingGates": [GATE]}}, {"spec": {}}, True),
        (POD, {"metadata": {}}, {"metadata": {"labels": {"a": "b"}}}, False),
        (ROUTE, {"spec": {"size": 1}}, {"spec": {"size": 2}}, True),
        (ROUTE, {"spec": {"size": 2}}, {"spec": {"size": 1}}, False),
        (ROUTE, {"spec": {"size": 1, "owner": "a"}}, {"spec": {"size": 1, "owner": "b"}}, True),
        (ROUTE, {"spec": {"size": 1}}, {"spec": {"size": 1, "owner": "b"}}, False),
        (
            ROUTE,
            {"spec": {"size": 1, "parts": [{"name": "a", "size": 1}]}},
            {"spec": {"size": 1, "parts": [{"name": "a", "size": 2}]}},
            True,
        ),
        (
            ROUTE,
            {"spec": {"size": 1, "parts": [{"name": "b", "size": 1}]}},
            {"spec": {"size": 1, "parts": [{"name": "a", "size": 2}]}},
            False,
        ),
        (ROUTE, {"spec": {"size": 1}, "status": {}}, {"spec": {"size": 1}, "status": {"a": 1}}, False),
    ],
)
def test_the_way_back_is_judged(place: Place, before: Manifest, after: Manifest, refused: bool) -> None:
    assert said(place, before, after)[0] == refused


def test_a_rule_that_can_not_be_judged_is_said() -> None:
    refused, told = said(ROUTE, {"spec": {"size": 1, "odd": "a"}}, {"spec": {"size": 1, "odd": "b"}})
    assert (refused, len(told)) == (0, 1)
    assert "is not known: spec.odd: nobody knows" in told[0]


def test_what_may_not_be_listed_is_said() -> None:
    gap = Gap(kind="CustomResourceDefinition", reason="forbidden")

    def forbidden(api_version: str, resource: str, namespace: str) -> list[Manifest]:
        raise ServerError("no")

    for place, what in ((ROUTE, "CustomResourceDefinitions and ValidatingAdmissionPolicies"), (CONFIG, "list ValidatingAdmissionPolicies")):
        (told,) = one_way(plan(place, {"spec": {"size": 1}}, {"spec": {"size": 1, "x": 1}}), seen(gap), forbidden)
        assert isinstance(told, str)
        assert told.endswith(what)


@pytest.mark.parametrize("schema", [None, {}, [], {"properties": {"spec": None}}, {"x-kubernetes-validations": None}])
def test_a_definition_without_a_schema_says_nothing(schema: Any) -> None:
    assert transitions(schema, {"spec": {"a": 1}}, {"spec": {"a": 2}}) == []
