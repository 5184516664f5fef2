"""Custom resources are judged as the API server judges them by the schema of their definition."""

import pytest

from aichaos.check.documents import review
from tests.check.schema.told import definition, findings, thing, told

MANY = """
type: object
required: [name]
properties:
  name: {type: string, minLength: 2, maxLength: 4}
  count: {type: integer, minimum: 1, maximum: 9}
  ratio: {type: number, exclusiveMinimum: true, minimum: 0}
  live: {type: boolean}
  mode: {type: string, enum: [fast, slow]}
  host: {type: string, pattern: '^[a-z]+$'}
  day: {type: string, format: date}
  odd: {type: string, format: made-up}
  port: {x-kubernetes-int-or-string: true}
  free: {type: object, x-kubernetes-preserve-unknown-fields: true}
  labels: {type: object, additionalProperties: {type: string}}
  maybe: {type: string, nullable: true}
  steps: {type: array, maxItems: 2, items: {type: string}}
  set: {type: array, x-kubernetes-list-type: set, items: {type: string}}
  map:
    type: array
    x-kubernetes-list-type: map
    x-kubernetes-list-map-keys: [key]
    items: {type: object, properties: {key: {type: string, default: k}}}
  one: {type: object, properties: {a: {type: string}, b: {type: string}}, oneOf: [{required: [a]}, {required: [b]}]}
  inner: {type: object, x-kubernetes-embedded-resource: true, x-kubernetes-preserve-unknown-fields: true}
"""
KINDS = definition(MANY)


@pytest.mark.parametrize(
    ("spec", "expected"),
    [
        ("{}", [("required", "/spec/name")]),
        ("{name: null}", [("required", "/spec/name")]),
        ("{name: ab, nmae: x}", [("unknown-field", "/spec/nmae")]),
        ("{name: 12}", [("type", "/spec/name")]),
        ("{name: a}", [("length", "/spec/name")]),
        ("{name: abcde}", [("length", "/spec/name")]),
        ("{name: ab, count: 0}", [("range", "/spec/count")]),
        ("{name: ab, count: 1e0}", []),
        ("{name: ab, count: 1.5}", [("type", "/spec/count")]),
        ("{name: ab, count: '1'}", [("type", "/spec/count")]),
        ("{name: ab, ratio: 0}", [("range", "/spec/ratio")]),
        ("{name: ab, ratio: 1}", []),
        ("{name: ab, live: 'yes'}", [("type", "/spec/live")]),
        ("{name: ab, mode: Fast}", [("enum", "/spec/mode")]),
        ("{name: ab, host: 'a\\n'}", []),
        ("{name: ab, host: a1}", [("pattern", "/spec/host")]),
        ("{name: ab, day: 2026-13-01}", [("format", "/spec/day")]),
        ("{name: ab, day: []}", []),
        ("{name: ab, day: 3}", [("type", "/spec/day")]),
        ("{name: ab, odd: anything}", []),
        ("{name: ab, port: 80}", []),
        ("{name: ab, port: http}", []),
        ("{name: ab, port: 1.5}", [("type", "/spec/port")]),
        ("{name: ab, free: {a: {b: 1}}}", []),
        ("{name: ab, labels: {a: 1}}", [("type", "/spec/labels/a")]),
        ("{name: ab, maybe: null}", []),
        ("{name: ab, steps: [a, null]}", [("type", "/spec/steps/1")]),
        ("{name: ab, steps: [a, b, c]}", [("length", "/spec/steps")]),
        ("{name: ab, set: [a, b, a]}", [("duplicate-item", "/spec/set/2")]),
        ("{name: ab, map: [{key: a}, {key: b}]}", []),
        ("{name: ab, map: [{key: a}, {key: a}]}", [("duplicate-item", "/spec/map/1")]),
        ("{name: ab, map: [{key: k}, {}]}", [("duplicate-item", "/spec/map/1")]),
        ("{name: ab, one: {a: x}}", []),
        ("{name: ab, one: {a: x, b: z}}", [("one-of", "/spec/one")]),
        ("{name: ab, one: {}}", [("one-of", "/spec/one")]),
        ("{name: ab, inner: {apiVersion: v1, kind: Pod, metadata: {name: a}, more: 1}}", []),
        (
            "{name: ab, inner: {apiVersion: v1, metadata: {nam: a}}}",
            [("unknown-field", "/spec/inner/metadata/nam"), ("required", "/spec/inner/kind")],
        ),
    ],
)
def test_a_spec_is_judged(spec: str, expected: list[tuple[str, str]]) -> None:
    if "\\n" in spec:
        spec, expected = spec.replace("'a\\n'", '"a\\n"'), [("pattern", "/spec/host")]
    assert told(thing(spec), KINDS) == expected


def test_metadata_is_that_of_every_object() -> None:
    text = "{apiVersion: example.com/v1, kind: Thing, metadata: {name: a, labels: {a: 1}, lables: {}}, spec: {name: ab}}"
    assert told(text, KINDS) == [("unknown-field", "/metadata/lables"), ("type", "/metadata/labels/a")]


def test_of_a_status_that_is_a_subresource_only_unknown_fields_count() -> None:
    text = "{apiVersion: example.com/v1, kind: Thing, metadata: {name: a}, spec: {name: ab}, status: %s}"
    kinds = definition(MANY, status=True)
    assert told(text % "3", kinds) == []
    assert told(text % "{a: 1}", kinds) == [("unknown-field", "/status/a")]
    assert told(text % "3", KINDS) == [("type", "/status")]


def test_a_finding_says_what_was_there_and_what_is_allowed() -> None:
    [found] = findings(thing("{name: ab, mode: Fast}"), KINDS)
    assert found.message == 'mode is the text "Fast"; it takes one of fast, slow; did you mean fast?'
    assert (found.layer, found.severity, found.object) == ("schema", "error", "Thing/a")


def test_a_misspelt_field_is_told_with_the_nearest() -> None:
    [found] = findings(thing("{name: ab, nmae: 1}"), KINDS)
    assert found.message == "spec has no field nmae; did you mean name?"


def test_a_version_that_the_cluster_does_not_serve_has_no_schema() -> None:
    assert KINDS.find("example.com/v2", "Thing") is None
    assert KINDS.served("example.com", "Thing") == ["example.com/v1"]


def test_the_definition_of_the_cluster_wins_over_the_bundled_one() -> None:
    own = definition("{type: object, x-kubernetes-preserve-unknown-fields: true}")
    text = "{apiVersion: chaos-mesh.org/v1alpha1, kind: PodChaos, metadata: {name: a}, spec: {}}"
    assert ("required", "/spec/action") in told(text, own)


def test_an_experimental_field_that_is_null_is_not_there() -> None:
    route = "apiVersion: gateway.networking.k8s.io/v1\nkind: HTTPRoute\nmetadata: {name: a, namespace: b}\nspec: {rules: [{retry: %s}]}\n"
    rules = {text: [one.rule for one in review([("a", route % text)], None).findings] for text in ("~", "{attempts: 1}")}
    assert rules == {"~": [], "{attempts: 1}": ["schema/experimental"]}
