"""A definition may be anything; a check says so, and goes on."""

from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from aichaos.check.schema import Kinds, schema_findings
from aichaos.check.schema.bundle import index
from aichaos.files.yaml import load

JSON: Any = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=6), inner, max_size=4),
    max_leaves=12,
)
KEYWORDS = [
    *(
        "type",
        "format",
        "pattern",
        "nullable",
        "enum",
        "required",
        "properties",
        "items",
        "additionalProperties",
        "allOf",
        "anyOf",
        "oneOf",
    ),
    *("not", "default", "minimum", "maxLength", "minItems", "multipleOf", "x-kubernetes-validations", "x-kubernetes-list-type"),
    *("x-kubernetes-list-map-keys", "x-kubernetes-int-or-string", "x-kubernetes-preserve-unknown-fields", "x-kubernetes-embedded-resource"),
]
SOUND_WORDS = st.sampled_from(["object", "array", "string", "integer", "number", "boolean", "map", "set", "[a-", "date", "a"])
SCHEMAS: Any = st.recursive(
    st.dictionaries(st.sampled_from(KEYWORDS), SOUND_WORDS | JSON, max_size=4),
    lambda inner: st.dictionaries(st.sampled_from(KEYWORDS), inner | st.lists(inner, max_size=3) | SOUND_WORDS, max_size=4),
    max_leaves=8,
)
PATIENT = settings(deadline=None, max_examples=150, suppress_health_check=[HealthCheck.too_slow])


def own(schema: Any) -> Kinds:
    version = {"name": "v1", "served": True, "schema": {"openAPIV3Schema": schema}}
    return Kinds([{"spec": {"group": "example.com", "names": {"kind": "Thing"}, "versions": [version]}}])


def document(spec: Any) -> dict[str, Any]:
    return {"apiVersion": "example.com/v1", "kind": "Thing", "metadata": {"name": "a"}, "spec": spec}


@pytest.mark.parametrize(
    "schema",
    [
        {"properties": 3},
        {"properties": {"spec": []}},
        {"properties": {"spec": {"type": 3}}},
        {"properties": {"spec": {"x-kubernetes-validations": [{"message": "no rule"}]}}},
        {"oneOf": [3]},
        {"properties": {"spec": {"items": [{}]}}},
    ],
)
def test_a_broken_definition_is_skipped_with_the_reason(schema: Any) -> None:
    [found] = schema_findings(document({}), own(schema))
    assert (found.rule, found.severity) == ("schema/not-checked", "skipped")
    assert "the cluster's definition of Thing can't be used" in found.message


def test_a_definition_as_deep_as_the_sea_is_skipped() -> None:
    schema: dict[str, Any] = {"type": "object"}
    for _ in range(5000):
        schema = {"type": "object", "properties": {"a": schema}}
    [found] = schema_findings(document({}), own(schema))
    assert "too deep" in found.message


def test_a_broken_pattern_is_skipped_and_the_rest_is_checked() -> None:
    spec = {"type": "object", "properties": {"a": {"type": "string", "pattern": "(?=x)"}, "b": {"type": "integer"}}}
    found = list(schema_findings(document({"a": "x", "b": "x"}), own({"type": "object", "properties": {"spec": spec}})))
    assert sorted(one.rule for one in found) == ["schema/not-checked", "schema/type"]


@PATIENT
@given(SCHEMAS, JSON)
def test_any_definition_and_any_object_are_checked(schema: Any, spec: Any) -> None:
    list(schema_findings(document(spec), own({"type": "object", "properties": {"spec": schema}})))
    list(schema_findings(document(spec), own(schema)))


@PATIENT
@given(JSON)
def test_any_definition_is_taken(definition: Any) -> None:
    Kinds([definition, {"spec": definition}, {"spec": {"group": "a.b", "names": {"kind": "A"}, "versions": [definition]}}])


EVERY = [(version, kind) for version, kinds in index().items() for kind in kinds]


@pytest.mark.parametrize(("version", "kind"), EVERY)
def test_every_bundled_kind_can_be_checked(version: str, kind: str) -> None:
    list(schema_findings({"apiVersion": version, "kind": kind, "metadata": {"name": "a"}, "spec": {}, "status": {}}))


@PATIENT
@given(st.sampled_from(EVERY), JSON)
def test_any_spec_of_any_kind_is_checked(which: tuple[str, str], spec: Any) -> None:
    text: dict[str, Any] = {"apiVersion": which[0], "kind": which[1], "metadata": spec, "spec": spec, "status": spec, "data": spec}
    list(schema_findings(text))


def test_an_object_of_many_wrong_items_is_checked_at_once() -> None:
    text = "{apiVersion: v1, kind: Secret, metadata: {name: a}, data: {" + ", ".join(f"k{i}: x" for i in range(20_000)) + "}}"
    assert len(list(schema_findings(load(text, "file.yaml")[0]))) == 20_000
