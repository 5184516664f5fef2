"""Places as real API servers and webhooks name them, on the document that they mean."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aichaos.check.fields import named, pointer

DOCUMENT: dict[str, Any] = {
    "metadata": {"name": "a", "annotations": {"example.com/a.b": "x"}},
    "spec": {
        "duration": "1d",
        "value": "x",
        "ports": [{"port": 80}, {"port": 81}],
        "selector": {"matchLabels": {"app.kubernetes.io/name": "web"}},
        "template": {"spec": {"containers": [{"name": "a", "ports": [{"containerPort": 1}]}]}},
    },
}


@pytest.mark.parametrize(
    ("field", "place"),
    [
        ("spec.ports[1].port", "/spec/ports/1/port"),
        ("spec.ports[7].port", "/spec/ports"),
        ("spec.ports.port", "/spec/ports/0/port"),
        ("metadata.name", "/metadata/name"),
        ("metadata.annotations[example.com/a.b]", "/metadata/annotations/example.com~1a.b"),
        ("metadata.annotations.example.com/a.b", "/metadata/annotations/example.com~1a.b"),
        ("spec.selector.matchLabels[app.kubernetes.io/name]", "/spec/selector/matchLabels/app.kubernetes.io~1name"),
        ("spec.template.spec.containers[0].ports[0].containerPort", "/spec/template/spec/containers/0/ports/0/containerPort"),
        ("spec.template.spec.containers[name=a].ports", "/spec/template/spec/containers"),
        ("spec.clusterIPs[0]", "/spec/clusterIPs"),
        ("Spec.Duration", "/spec/duration"),
        ("Spec.PodSelector.value", "/spec/value"),
        (".spec.foo", "/spec/foo"),
        ("<nil>", ""),
        ("", ""),
    ],
)
def test_a_field_path_is_followed_as_far_as_the_document_goes(field: str, place: str) -> None:
    assert pointer(field, DOCUMENT) == place


@pytest.mark.parametrize(
    ("message", "fields"),
    [
        (
            'Service in version "v1" cannot be handled as a Service: strict decoding error: unknown field "spec.foo", '
            'unknown field "spec.ports[0].bar", duplicate field "spec.type"',
            ["spec.foo", "spec.ports[0].bar", "spec.type"],
        ),
        ("json: cannot unmarshal string into Go struct field ServicePort.spec.ports.port of type int32", ["spec.ports.port"]),
        ('admission webhook "validate.networkchaos.kb.io" denied the request: Spec.Duration: Invalid value: "1d": …', ["Spec.Duration"]),
        ("failed to create typed patch object: .spec.foo: field not declared in schema", ["spec.foo"]),
        ("the server could not find the requested resource", []),
    ],
)
def test_the_places_that_a_message_names(message: str, fields: list[str]) -> None:
    assert [field for field, _ in named(message)] == fields


NAMES = st.text("spec0a", max_size=4)
DOCUMENTS = st.recursive(st.none() | NAMES, lambda inner: st.lists(inner, max_size=2) | st.dictionaries(NAMES, inner, max_size=3))


@given(st.text(alphabet="spec.[]0a=/\x00Spod ", max_size=40), DOCUMENTS)
def test_any_field_of_any_document_is_some_pointer(field: str, document: Any) -> None:
    assert pointer(field, document) == "" or pointer(field, document).startswith("/")
    named(field)
