"""Webhook configurations without a server. That the server says the same: the family `webhooks` of tests/agreement."""

from typing import Any

import pytest

from aichaos.check.admission import admission_findings
from aichaos.files.plain import merged

HOOK: dict[str, Any] = {
    "name": "deny.policy.example.com",
    "admissionReviewVersions": ["v1"],
    "sideEffects": "None",
    "rules": [{"apiGroups": [""], "apiVersions": ["v1"], "operations": ["CREATE"], "resources": ["pods", "pods/status"]}],
    "clientConfig": {"service": {"name": "guard", "namespace": "shop", "path": "/deny", "port": 8443}},
}
RULE = HOOK["rules"][0]


def found(*hooks: dict[str, Any], kind: str = "ValidatingWebhookConfiguration") -> dict[str, str]:
    document = {"apiVersion": "admissionregistration.k8s.io/v1", "kind": kind, "metadata": {"name": "deny"}, "webhooks": list(hooks)}
    return {one.path.removeprefix("/webhooks/"): one.rule for one in admission_findings(document, None)}


@pytest.mark.parametrize(
    ("change", "path"),
    [
        ({"sideEffects": None}, "0/sideEffects"),
        ({"sideEffects": "Some"}, "0/sideEffects"),
        ({"name": "deny"}, "0/name"),
        ({"name": "Deny.policy.example.com"}, "0/name"),
        ({"admissionReviewVersions": []}, "0/admissionReviewVersions"),
        ({"admissionReviewVersions": ["v2"]}, "0/admissionReviewVersions"),
        ({"failurePolicy": "Never"}, "0/failurePolicy"),
        ({"timeoutSeconds": 31}, "0/timeoutSeconds"),
        ({"timeoutSeconds": 0}, "0/timeoutSeconds"),
        ({"namespaceSelector": {"matchLabels": {"-a": "b"}}}, "0/namespaceSelector/matchLabels/-a"),
        ({"clientConfig": {"service": None}}, "0/clientConfig"),
        ({"clientConfig": {"url": "https://guard.example.com"}}, "0/clientConfig"),
        ({"clientConfig": {"service": None, "url": "http://guard.example.com"}}, "0/clientConfig/url"),
        ({"clientConfig": {"service": None, "url": "https://guard.example.com/a?b"}}, "0/clientConfig/url"),
        ({"clientConfig": {"service": None, "url": " https://guard.example.com"}}, "0/clientConfig/url"),
        ({"clientConfig": {"service": {"path": "deny"}}}, "0/clientConfig/service/path"),
        ({"clientConfig": {"service": {"port": 0}}}, "0/clientConfig/service/port"),
        ({"rules": [RULE | {"operations": ["GET"]}]}, "0/rules/0/operations/0"),
        ({"rules": [RULE | {"operations": ["*", "CREATE"]}]}, "0/rules/0/operations"),
        ({"rules": [RULE | {"apiGroups": []}]}, "0/rules/0/apiGroups"),
        ({"rules": [RULE | {"resources": ["*", "pods"]}]}, "0/rules/0/resources"),
        ({"rules": [RULE | {"resources": ["pods/*", "pods/log"]}]}, "0/rules/0/resources/1"),
        ({"rules": [RULE | {"scope": "Pods"}]}, "0/rules/0/scope"),
        ({"matchConditions": [{"name": "a", "expression": "objekt"}]}, "0/matchConditions/0/expression"),
        ({"matchConditions": [{"name": "a", "expression": "a % b"}]}, "0/matchConditions/0/expression"),
        ({"matchConditions": [{"name": "a", "expression": "1 +"}]}, "0/matchConditions/0/expression"),
    ],
    ids=str,
)
def test_what_the_server_refuses_is_told_where_it_stands(change: dict[str, Any], path: str) -> None:
    assert list(found(HOOK)) == []
    assert path in found(merged(HOOK, change))


def test_two_webhooks_of_one_name() -> None:
    assert found(HOOK, HOOK) == {"1/name": "admission/duplicate"}


def test_how_often_a_mutating_webhook_is_called() -> None:
    kind = "MutatingWebhookConfiguration"
    assert found(HOOK | {"reinvocationPolicy": "IfNeeded"}, kind=kind) == {}
    assert found(HOOK | {"reinvocationPolicy": "Always"}, kind=kind) == {"0/reinvocationPolicy": "admission/unsupported"}


def test_a_condition_that_only_the_server_can_compile_is_skipped() -> None:
    condition = {"name": "a", "expression": "object.metadata.name != 'x'"}
    assert found(HOOK | {"matchConditions": [condition]}) == {"0/matchConditions/0/expression": "schema/not-checked"}
