"""A CustomResourceDefinition in the file: its structure, its CEL rules, and what they may cost; as the server says (`make definitions`)."""

import copy
import json
import re
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from aichaos.check.documents import review
from aichaos.check.schema.cel.declared import declared, escaped
from aichaos.check.schema.cel.typing import environment
from aichaos.domain.finding import Finding
from aichaos.files.yaml import load
from tests.agreement.definitions import KEYWORDS, MADE
from tests.agreement.expressions import FILE

ROOT = Path(__file__).parents[3]


def definition(spec: Any, **more: Any) -> dict[str, Any]:
    """A definition whose spec has this schema."""
    schema = {"type": "object", "properties": {"spec": spec}, **more}
    return {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {"name": "widgets.example.com"},
        "spec": {
            "group": "example.com",
            "scope": "Namespaced",
            "names": {"plural": "widgets", "kind": "Widget"},
            "versions": [{"name": "v1", "served": True, "storage": True, "schema": {"openAPIV3Schema": schema}}],
        },
    }


def found(*documents: Any) -> list[Finding]:
    return review([("file.yaml", "\n---\n".join(json.dumps(document) for document in documents))], None).findings


def told(spec: Any, **more: Any) -> list[str]:
    start = "/spec/versions/0/schema/openAPIV3Schema/properties/spec"
    return [f"{one.rule} {one.path.removeprefix(start)}" for one in found(definition(spec, **more)) if one.severity in ("error", "skipped")]


def ruled(schema: dict[str, Any], rule: str, **more: Any) -> list[Finding]:
    return found(definition({**schema, "x-kubernetes-validations": [{"rule": rule, **more}]}))


TEXT = {"type": "string"}


@pytest.mark.parametrize(
    ("spec", "expected"),
    [
        ({"type": "object", "properties": {"a": TEXT}}, []),
        ({"properties": {"a": TEXT}}, ["admission/required "]),
        ({"type": "list"}, ["admission/invalid /type"]),
        ({"type": "array"}, ["admission/required "]),
        ({"type": "array", "items": [TEXT]}, ["admission/forbidden /items"]),
        ({"type": "object", "properties": {"a": TEXT}, "additionalProperties": TEXT}, ["admission/forbidden /additionalProperties"]),
        ({"type": "string", "anyOf": [{"type": "integer"}]}, ["admission/forbidden /anyOf/0/type"]),
        ({"type": "string", "pattern": "(?=a)"}, ["admission/invalid /pattern"]),
        ({"type": "string", "default": 5}, ["admission/invalid /default"]),
        ({"type": "object", "properties": {"a": TEXT}, "default": {"b": "x"}}, ["admission/invalid /default/b"]),
        ({"type": "array", "items": TEXT, "uniqueItems": True}, ["admission/forbidden /uniqueItems"]),
        ({"type": "array", "items": {"type": "object"}, "x-kubernetes-list-type": "set"}, ["admission/required /items"]),
        ({"type": "integer", "multipleOf": 0, "default": 0}, ["admission/invalid /default"]),
        (
            {"type": "array", "x-kubernetes-list-type": "map", "x-kubernetes-list-map-keys": ["a"], "items": {"type": "object"}},
            ["admission/invalid /x-kubernetes-list-map-keys/0"],
        ),
    ],
)
def test_a_schema_is_structural(spec: Any, expected: list[str]) -> None:
    assert told(spec) == expected


@pytest.mark.parametrize(
    ("schema", "rule", "said"),
    [
        ({"type": "integer"}, "self > 3", ""),
        ({"type": "integer"}, "self == 1.0", "== can't be used with int, double"),
        ({"type": "integer"}, "self > 'a'", "> can't be used with int, string"),
        ({"type": "integer"}, "self + 1", "it is int, and has to be bool"),
        ({"type": "string", "maxLength": 9}, "self.matches('(')", "no regular expression"),
        ({"type": "string", "maxLength": 9}, "self.lowerAsci() == self", "did you mean lowerAscii?"),
        ({"type": "string", "maxLength": 9}, "self == ", "this is no CEL"),
        ({"type": "object", "properties": {"size": {"type": "integer"}}}, "self.sise > 1", "no field sise; did you mean size?"),
        ({"type": "object", "properties": {"a-b": {"type": "integer"}}}, "self.a__dash__b > 1", ""),
        ({"type": "object", "properties": {"namespace": TEXT}}, "has(self.namespace) && has(self.__namespace__)", ""),
        ({"type": "array", "items": TEXT, "maxItems": 3}, "self.exists(one, one > 1)", "> can't be used with string, int"),
        ({"type": "object"}, "cel.bind(a, self, true)", "cel.bind is not there"),
        ({"type": "string", "format": "date-time"}, "self > timestamp('yesterday')", "no timestamp"),
        ({"type": "string", "format": "duration"}, "self > duration(1)", "made of a text"),
        ({"x-kubernetes-int-or-string": True}, "type(self) == int ? self > 1 : self == '1'", ""),
        ({"type": "integer"}, "[1, 'a'].size() > self", "stand in one list or map"),
    ],
)
def test_a_rule_compiles_against_its_schema(schema: dict[str, Any], rule: str, said: str) -> None:
    errors = [one for one in ruled(schema, rule) if one.severity == "error"]
    assert [said in one.message for one in errors] == ([True] if said else [])
    assert all(one.path.endswith("/x-kubernetes-validations/0/rule") for one in errors)


def test_a_rule_costs_what_the_server_bears() -> None:
    pairs = "self.all(a, self.exists(b, a == b))"
    [dear] = ruled({"type": "array", "items": TEXT}, pairs)
    assert (dear.rule, dear.severity) == ("admission/forbidden", "error")
    assert "more than 100 times what the server bears" in dear.message
    assert "maxItems" in dear.message
    assert ruled({"type": "array", "maxItems": 20, "items": {"type": "string", "maxLength": 30}}, pairs) == []


def test_many_rules_that_are_cheap_one_by_one_are_dear_together() -> None:
    text = {
        "type": "string",
        "maxLength": 100_000,
        "x-kubernetes-validations": [{"rule": f"self.matches('a{{{n}}}b+c*')"} for n in range(10)],
    }
    errors = found(definition({"type": "object", "properties": {f"f{number}": text for number in range(200)}}))
    assert [one.path for one in errors] == ["/spec/versions/0/schema/openAPIV3Schema"]
    assert "in one schema" in errors[0].message


def test_the_old_object_is_not_there_everywhere() -> None:
    items = {"type": "object", "properties": {"a": {"type": "integer"}}, "x-kubernetes-validations": [{"rule": "self == oldSelf"}]}
    [error] = found(definition({"type": "array", "maxItems": 2, "items": items}))
    assert "oldSelf" in error.message
    [error] = ruled({"type": "integer"}, "self > 1", optionalOldSelf=True)
    assert error.path.endswith("/optionalOldSelf")


def test_a_message_is_a_text() -> None:
    [error] = ruled({"type": "integer"}, "self > 1", messageExpression="self")
    assert error.path.endswith("/messageExpression")
    assert "it is int, and has to be string" in error.message


def test_what_is_not_looked_at_is_skipped_by_name() -> None:
    [skipped, together] = ruled({"type": "number"}, "'%.3f'.format([self]) == '1.000'")
    assert (skipped.severity, together.severity) == ("skipped", "skipped")
    assert skipped.path.endswith("/x-kubernetes-validations/0/rule")


def test_a_broken_definition_and_a_dear_one_leave_the_rest_to_be_checked() -> None:
    broken = definition({"type": ["object"], "properties": 5, "x-kubernetes-validations": "all"})
    dear = definition(
        {"type": "array", "items": {"type": "array", "items": TEXT}, "x-kubernetes-validations": [{"rule": "self == self.sort()"}]}
    )
    service = {"apiVersion": "v1", "kind": "Service", "metadata": {"name": "web"}, "spec": {"ports": [{"port": 70_000}]}}
    assert {one.object for one in found(broken, dear, service)} == {"CustomResourceDefinition/widgets.example.com", "Service/default/web"}


def test_a_limit_of_a_wrong_type_keeps_defaults_and_rules_from_being_looked_at() -> None:
    inner = {"type": "string", "maxLength": ["9"], "x-kubernetes-validations": [{"rule": "self > 1"}]}
    assert told({"type": "object", "properties": {"a": inner}, "default": {"a": "b"}})[0] == "schema/type /properties/a/maxLength"
    assert told({"type": "array", "items": TEXT, "maxItems": 5.0, "default": ["a"]}) == []


def test_types_are_minded_inside_items_as_well() -> None:
    assert told({"type": "array", "items": {"type": "object", "properties": {"a": {"type": "string", "maxLength": "9"}}}}) == [
        "schema/type /items/properties/a/maxLength"
    ]


def test_a_rule_that_is_no_cel_is_told_beside_a_default() -> None:
    errors = [one for one in ruled({"type": "integer", "default": 5}, "self > 2uu") if one.severity == "error"]
    assert [one.path.rpartition("/")[2] for one in errors] == ["rule"]


def test_names_and_versions() -> None:
    wrong = definition({"type": "object"})
    wrong["metadata"]["name"] = "widget.example.com"
    wrong["spec"]["versions"].append(copy.deepcopy(wrong["spec"]["versions"][0]))
    assert [(one.rule, one.path) for one in found(wrong)] == [
        ("admission/invalid", "/metadata/name"),
        ("admission/invalid", "/spec/versions"),
        ("admission/duplicate", "/spec/versions/1/name"),
    ]


@pytest.mark.parametrize(
    ("name", "called"),
    [
        ("a", "a"),
        ("namespace", "__namespace__"),
        ("a-b", "a__dash__b"),
        ("a__b", "a__underscores__b"),
        ("a.b/c", "a__dot__b__slash__c"),
        ("0a", None),
        ("é", None),
        ("a b", None),
    ],
)
def test_a_rule_names_a_field_by_its_escaped_name(name: str, called: str | None) -> None:
    assert escaped(name) == called


def test_values_without_bounds_are_as_large_as_a_request() -> None:
    one = declared({"type": "array", "items": TEXT}, root=False)
    assert one is not None
    assert one.largest == (3 * 1024 * 1024 - 2) // 3


def test_the_functions_are_those_of_the_server_that_the_tests_have() -> None:
    pinned = re.search(r"k8s.io/apiserver v0\.(\S+)", (ROOT / "tools" / "cel" / "go.mod").read_text(encoding="utf-8"))
    server = re.search(r"k8s.io/kubernetes v1\.(\S+)", (ROOT / "tests/controlplane/go/kubernetes/go.mod").read_text(encoding="utf-8"))
    assert pinned is not None
    assert server is not None
    assert pinned[1] == server[1], "raise the version in tools/cel, then make schemas"
    assert {"quantity", "sets.contains", "isSemver"} <= set(environment().functions)


# whatever it holds --------------------------------------------------------------------------------------------------------------

VALUES = st.sampled_from([value for values in KEYWORDS.values() for value in values] + [5, "x", None, [None], {"a": None}])
RULES = st.sampled_from([rule for rules in load(FILE.read_text(encoding="utf-8"), FILE.name)[0].values() for rule in rules])
NODES: Any = st.recursive(
    st.dictionaries(st.sampled_from(list(KEYWORDS)), VALUES, max_size=4),
    lambda inner: st.fixed_dictionaries(
        {"type": st.sampled_from(["object", "array", "string", 5])},
        optional={
            "properties": st.dictionaries(st.sampled_from(["a", "metadata", "kind", "x-y"]), inner, max_size=3),
            "items": inner,
            "additionalProperties": inner,
            "x-kubernetes-validations": st.lists(st.fixed_dictionaries({"rule": RULES | st.text(max_size=9)}), max_size=2) | VALUES,
        },
    ),
    max_leaves=6,
)


@settings(deadline=None, max_examples=150, suppress_health_check=[HealthCheck.too_slow])
@given(spec=NODES, part=st.sampled_from(["names", "versions", "conversion", "scope"]), value=VALUES)
def test_whatever_a_definition_holds_findings_come_out(spec: Any, part: str, value: Any) -> None:
    document = definition(spec)
    found(document)
    document["spec"][part] = value
    found(document)


def test_the_definitions_of_the_campaign_are_fine() -> None:
    made = load(MADE.read_text(encoding="utf-8"), MADE.name)
    assert [one.message for each in made for one in found(each) if one.severity in ("error", "skipped")] == []


def test_what_the_server_drops_without_a_word_is_said_wherever_its_own_reader_reads() -> None:
    dropped: dict[str, dict[str, Any]] = {
        "items": {"properties": {"a": {"type": "array", "items": {"type": "string", "minLenght": 1}}}},
        "deeper": {"properties": {"a": {"type": "array", "items": {"type": "object", "properties": {"minLenght": {"typ": "string"}}}}}},
        "values": {"additionalProperties": {"type": "object", "properties": {"a/b": {"type": "string", "patern": "a"}}}},
        "branch": {"additionalProperties": {"type": "string", "anyOf": [{"minLength": 1}, {"patern": "a"}]}},
    }
    found = {name: _dropped({"type": "object", **inner}) for name, inner in dropped.items()}
    below = "/spec/versions/0/schema/openAPIV3Schema/properties/spec"
    assert found == {
        "items": [f"{below}/properties/a/items/minLenght"],
        "deeper": [f"{below}/properties/a/items/properties/minLenght/typ"],
        "values": [f"{below}/additionalProperties/properties/a~1b/patern"],
        "branch": [f"{below}/additionalProperties/anyOf/1/patern"],
    }
    assert _dropped({"type": "object", "properties": {"items": {"type": "string", "default": {"any": "thing"}}}}) == []
    assert _dropped({"type": "object", "additionalProperties": {"type": "object", "example": {"any": 1}, "default": {"thing": 2}}}) == []


def _dropped(spec: dict[str, Any]) -> list[str]:
    found = review([("a.yaml", json.dumps(definition(spec)))], None).findings
    return [one.path for one in found if one.rule == "definition/dropped-word"]
