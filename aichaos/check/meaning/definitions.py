"""What a CustomResourceDefinition loses without a word.

Below `items` and `additionalProperties` the API server reads a schema with a reader of its own (JSONSchemaPropsOrArray and -OrBool,
apiextensions v1), which drops the words that it does not know also where every other unknown field is refused: `minLenght` there is no
limit at all.
"""

from collections.abc import Iterator
from typing import Any

from aichaos.check.spelling import did_you_mean
from aichaos.check.subject import Subject
from aichaos.domain.finding import Finding
from aichaos.files.plain import at, mapping, pointer, sequence, text

_WORDS = frozenset(
    {"id", "$schema", "$ref", "description", "type", "format", "title", "default", "enum", "nullable", "example", "externalDocs"}
    | {"minimum", "exclusiveMinimum", "maximum", "exclusiveMaximum", "multipleOf", "minLength", "maxLength", "pattern"}
    | {"items", "additionalItems", "minItems", "maxItems", "uniqueItems", "allOf", "anyOf", "oneOf", "not"}
    | {"properties", "patternProperties", "additionalProperties", "minProperties", "maxProperties", "required"}
    | {"dependencies", "definitions", "x-kubernetes-preserve-unknown-fields", "x-kubernetes-embedded-resource"}
    | {"x-kubernetes-int-or-string", "x-kubernetes-list-map-keys", "x-kubernetes-list-type", "x-kubernetes-map-type"}
    | {"x-kubernetes-validations"}
)
"""JSONSchemaProps of apiextensions.k8s.io/v1 (1.35)."""
_OWN_READER = ("items", "additionalItems", "additionalProperties")
_ONE, _SEVERAL, _NAMED = ("not",), ("allOf", "anyOf", "oneOf"), ("properties", "patternProperties", "definitions")


def definition_findings(this: Subject) -> Iterator[Finding]:
    if this.ref.kind != "CustomResourceDefinition":
        return
    for number, version in enumerate(sequence(at(this.document, "spec", "versions"))):
        schema = at(mapping(version), "schema", "openAPIV3Schema")
        for path, word in _dropped(schema, f"/spec/versions/{number}/schema/openAPIV3Schema", inside=False):
            message = f"a schema has no {word[:60]}{did_you_mean(word, _WORDS)}; below items and additionalProperties the server drops it"
            yield this.note("definition/dropped-word", f"{message} without saying so", path)


def _dropped(schema: Any, path: str, *, inside: bool) -> Iterator[tuple[str, str]]:
    """Path and name of every word that is dropped. A schema inside of one that is dropped is no schema any more."""
    waiting = [(schema, path, inside)]
    while waiting:
        node, where, within = waiting.pop()
        if not isinstance(node, dict):
            continue
        if within:
            yield from ((where + pointer(text(word)), word) for word in node if word not in _WORDS)
        for name in _OWN_READER:
            inner = node.get(name)
            several = enumerate(inner) if isinstance(inner, list) else ()
            waiting += [(inner, f"{where}/{name}", True), *((one, f"{where}/{name}/{number}", True) for number, one in several)]
        waiting += [(node.get(name), f"{where}/{name}", within) for name in _ONE]
        waiting += [(one, f"{where}/{name}/{number}", within) for name in _SEVERAL for number, one in enumerate(sequence(node.get(name)))]
        waiting += [(one, where + pointer(name, text(key)), within) for name in _NAMED for key, one in mapping(node.get(name)).items()]
