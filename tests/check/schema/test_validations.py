"""The rules of a definition (x-kubernetes-validations) are run as the API server runs them on a new object."""

from typing import Any

from aichaos.check.schema import Kinds
from aichaos.files.yaml import dump, load
from tests.check.schema.told import definition, findings, thing, told


def ruled(schema: dict[str, Any], *rules: dict[str, Any]) -> Kinds:
    return definition(dump(schema | {"x-kubernetes-validations": list(rules)}))


PAIR = {
    "type": "object",
    "properties": {
        "min": {"type": "integer"},
        "max": {"type": "integer", "default": 9},
        "namespace": {"type": "string"},
        "at": {"type": "string", "format": "date-time"},
        "ratio": {"type": "number"},
        "port": {"x-kubernetes-int-or-string": True},
    },
}


def test_a_broken_rule_is_told_in_the_words_of_the_definition() -> None:
    kinds = ruled(PAIR, {"rule": "self.min <= self.max", "message": "min is above max"})
    [found] = findings(thing("{min: 3, max: 2}"), kinds)
    assert (found.rule, found.layer, found.severity, found.path) == ("schema/cel", "schema", "error", "/spec")
    assert found.message == "min is above max"


def test_a_rule_sees_defaults() -> None:
    kinds = ruled(PAIR, {"rule": "self.min <= self.max"})
    assert told(thing("{min: 9}"), kinds) == []
    assert told(thing("{min: 10}"), kinds) == [("cel", "/spec")]


def test_a_message_may_be_an_expression_and_falls_back_to_the_plain_one() -> None:
    rule = {"rule": "self.min <= self.max", "message": "plain", "messageExpression": "'min is %d'.format([self.min])"}
    assert findings(thing("{min: 10}"), ruled(PAIR, rule))[0].message == "min is 10"
    assert findings(thing("{min: 10}"), ruled(PAIR, rule | {"messageExpression": "self.nothing"}))[0].message == "plain"


def test_a_field_path_is_where_it_is_told() -> None:
    kinds = ruled(PAIR, {"rule": "self.min <= self.max", "fieldPath": ".min"})
    assert told(thing("{min: 10}"), kinds) == [("cel", "/spec/min")]


def test_a_rule_that_has_no_value_is_broken() -> None:
    kinds = ruled(PAIR, {"rule": "self.min > 1", "message": "too small"})
    [found] = findings(thing("{}"), kinds)
    assert found.message == "too small (no such key: min)"


def test_names_that_are_words_of_the_language_are_escaped() -> None:
    kinds = ruled(PAIR, {"rule": "!has(self.__namespace__) || self.__namespace__ != 'a'"})
    assert told(thing("{namespace: b}"), kinds) == []
    assert told(thing("{namespace: a}"), kinds) == [("cel", "/spec")]


def test_values_have_the_types_of_the_schema() -> None:
    text = thing("{at: '2026-01-31T12:00:00Z', ratio: 1, port: 80}")
    for rule in ("self.at.getMonth() == 0", "type(self.ratio) == double", "type(self.port) == int", "self.ratio / 2.0 == 0.5"):
        assert told(text, ruled(PAIR, {"rule": rule})) == []


def test_a_rule_about_a_change_is_not_run_on_a_new_object() -> None:
    assert told(thing("{}"), ruled(PAIR, {"rule": "self == oldSelf"})) == []


def test_a_rule_that_can_do_without_an_old_object_is_run() -> None:
    rule = {"rule": "oldSelf.hasValue() || self.min > 1", "optionalOldSelf": True}
    assert told(thing("{min: 1}"), ruled(PAIR, rule)) == [("cel", "/spec")]


def test_rules_are_not_run_on_what_the_schema_refuses() -> None:
    kinds = ruled(PAIR, {"rule": "self.min <= self.max"})
    assert told(thing("{min: a, max: 2}"), kinds) == [("type", "/spec/min")]


def test_a_rule_that_cannot_be_read_is_skipped_by_name_and_the_rest_is_checked() -> None:
    kinds = ruled(PAIR, {"rule": "self.min.madeUp() > 1"}, {"rule": "self.min >"}, {"rule": "self.min < 5"})
    found = findings(thing("{min: 7}"), kinds)
    assert [(one.rule, one.severity) for one in found] == [
        ("schema/cel", "error"),
        ("schema/not-checked", "skipped"),
        ("schema/not-checked", "skipped"),
    ]
    assert "self.min.madeUp() > 1" in found[1].message


def test_a_rule_that_takes_too_long_is_skipped() -> None:
    numbers = {"type": "array", "items": {"type": "integer"}}
    kinds = ruled(numbers, {"rule": "self.all(a, self.all(b, self.all(c, a + b + c >= 0)))"})
    [found] = findings(thing(str(list(range(300)))), kinds)
    assert (found.rule, found.severity) == ("schema/not-checked", "skipped")
    assert "too long" in found.message


def test_rules_stand_at_every_level_of_maps_and_lists() -> None:
    inner = {"type": "string", "x-kubernetes-validations": [{"rule": "self.size() < 3"}]}
    schema = {
        "type": "object",
        "properties": {
            "list": {"type": "array", "items": inner},
            "map": {"type": "object", "additionalProperties": inner, "x-kubernetes-validations": [{"rule": "self.all(k, k != 'b')"}]},
        },
    }
    text = thing("{list: [a, abc], map: {a: abcd, b: a}}")
    assert told(text, definition(dump(schema))) == [("cel", "/spec/list/1"), ("cel", "/spec/map/a"), ("cel", "/spec/map")]


def test_rules_of_the_gateway_api_are_kept() -> None:
    [document] = load("{apiVersion: gateway.networking.k8s.io/v1, kind: HTTPRoute, metadata: {name: a}, spec: {}}", "file.yaml")
    backend = {"backendRefs": [{"name": "web"}], "matches": [{"path": {"type": "PathPrefix", "value": "/a//b"}}]}
    document["spec"] = {"rules": [backend]}
    assert told(dump(document)) == [("cel", "/spec/rules/0/backendRefs/0"), ("cel", "/spec/rules/0/matches/0/path")]
