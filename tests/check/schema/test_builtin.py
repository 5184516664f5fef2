"""Built-in kinds are decoded as the API server decodes them, strictly."""

import pytest

from tests.check.schema.told import findings, told

POD = "{apiVersion: v1, kind: Pod, metadata: {name: a}, spec: {containers: [{name: a, image: b, %s}]}}"


@pytest.mark.parametrize(
    ("field", "expected"),
    [
        ("imagePullPolicy: null", None),
        ("imagePullPolicy: ''", None),
        ("imagePullPolicy: always", "enum"),
        ("ports: [{containerPort: 80}]", None),
        ("ports: [{containerPort: 1e3}]", None),
        ("ports: [{containerPort: '80'}]", "type"),
        ("ports: [{containerPort: 80.5}]", "type"),
        ("ports: [{containerPort: 2147483648}]", "type"),
        ("ports: {containerPort: 80}", "type"),
        ("resources: {limits: {cpu: 1, memory: 1.5Gi}}", None),
        ("resources: {limits: {cpu: 100 m}}", "format"),
        ("resources: {limits: {cpu: true}}", "type"),
        ("resources: {limits: {memory: 1gb}}", "format"),
        ("livenessProbe: {httpGet: {port: http}}", None),
        ("livenessProbe: {httpGet: {port: 1.5}}", "type"),
        ("tty: 'true'", "type"),
        ("command: sleep", "type"),
        ("command: [sleep, 1]", "type"),
        ("command: [sleep, null]", None),
        ("env: [{name: A, value: 1}]", "type"),
        ("Image: b", "unknown-field"),
    ],
)
def test_a_container_is_decoded(field: str, expected: str | None) -> None:
    assert [rule for rule, _ in told(POD % field)] == ([expected] if expected else [])


@pytest.mark.parametrize(
    ("time", "fits"),
    [
        ("2026-01-31T12:00:00Z", True),
        ("2026-01-31T12:00:00.5+01:00", True),
        ("2026-02-30T12:00:00Z", False),
        ("2026-01-31T12:00:00", False),
        ("2026-01-31", False),
        ("", False),
    ],
)
def test_a_time_is_rfc_3339(time: str, fits: bool) -> None:
    text = f"{{apiVersion: v1, kind: Pod, metadata: {{name: a, creationTimestamp: '{time}'}}}}"
    assert told(text) == ([] if fits else [("format", "/metadata/creationTimestamp")])


def test_a_lease_wants_microseconds() -> None:
    text = "{apiVersion: coordination.k8s.io/v1, kind: Lease, metadata: {name: a}, spec: {renewTime: '2026-01-31T12:00:00Z'}}"
    assert told(text) == [("format", "/spec/renewTime")]
    assert told(text.replace("00Z", "00.000000Z")) == []


@pytest.mark.parametrize(("data", "fits"), [("aGk=", True), ("aGk", False), ("hello world", False), ("", True), ("a-b_", False)])
def test_bytes_are_base64(data: str, fits: bool) -> None:
    text = f"{{apiVersion: v1, kind: Secret, metadata: {{name: a}}, data: {{a: '{data}'}}}}"
    assert told(text) == ([] if fits else [("format", "/data/a")])


def test_the_status_is_decoded_but_its_enums_are_not_looked_at() -> None:
    text = "{apiVersion: v1, kind: Pod, metadata: {name: a}, status: %s}"
    assert told(text % "{phase: Sleeping}") == []
    assert told(text % "{phase: 3}") == [("type", "/status/phase")]


def test_names_of_fields_are_case_sensitive() -> None:
    [found] = findings("{apiVersion: apps/v1, kind: Deployment, metadata: {name: a}, Spec: {}}")
    assert (found.rule, found.path) == ("schema/unknown-field", "/Spec")
    assert "did you mean spec?" in found.message


def test_a_definition_may_hold_a_schema_within_a_schema() -> None:
    schema = "{type: object, properties: {spec: {type: object, properties: {a: {items: {type: string, typ: x}}}}}}"
    names = "{kind: A, plural: as}"
    text = (
        "{apiVersion: apiextensions.k8s.io/v1, kind: CustomResourceDefinition, metadata: {name: as.b.c}, spec: {group: b.c, names: "
        f"{names}, scope: Namespaced, versions: [{{name: v1, served: true, storage: true, schema: {{openAPIV3Schema: {schema}}}}}]}}}}"
    )
    assert told(text) == []
