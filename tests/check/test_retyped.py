"""Quotes that are missing or too many: a correction where the server takes the value the other way round, else the advice that helps."""

import pytest

from aichaos.check.documents import review
from aichaos.domain.finding import Finding
from tests.check.test_correct import fixable, fixed

POD = """\
apiVersion: v1
kind: Pod
metadata:
  name: web
  annotations: {port: 080, hex: 0x1F, on: yes, half: 0.50, many: 1_000, power: 1e3}
spec:
  hostNetwork: "true"
  containers:
    - name: web   # the only one
      image: web:1
      env: [{name: A, value: 60}, {name: B, value: on}]
      ports: [{containerPort: "80"}]
"""
FAULT = "apiVersion: chaos-mesh.org/v1alpha1\nkind: %s\nmetadata: {name: a, namespace: b}\nspec: {mode: one, duration: 60s, %s}\n"
WHO = "selector: {labelSelectors: {app: web}}"


def types(text: str) -> list[Finding]:
    return [one for one in review([("a.yaml", text)], None).findings if one.rule == "schema/type"]


def test_what_stands_there_gets_its_quotes_or_loses_them() -> None:
    """With the letters that stand there, whatever number they are to the server."""
    wanted = POD
    for plain in ("080", "0x1F", "yes", "0.50", "1_000", "1e3", "60", "on"):
        wanted = wanted.replace(f": {plain},", f': "{plain}",').replace(f": {plain}}}", f': "{plain}"}}')
    assert fixed(POD) == wanted.replace('hostNetwork: "true"', "hostNetwork: true").replace('"80"', "80")
    assert fixable(fixed(POD)) == []


@pytest.mark.parametrize(
    ("kind", "field", "advice"),
    [
        ("HTTPChaos", "target: Request, port: 80, delay: 1000", "a duration with its unit"),
        ("IOChaos", "action: latency, volumePath: /a, delay: 100", "a duration with its unit"),
    ],
)
def test_where_quotes_alone_help_nobody_what_helps_is_said(kind: str, field: str, advice: str) -> None:
    (found,) = types(FAULT % (kind, f"{WHO}, {field}"))
    assert found.fix is None
    assert "write it in quotes" not in found.message
    assert advice in found.message


def test_the_reason_of_a_rule_of_the_definition_is_said_whole() -> None:
    route = "apiVersion: networking.istio.io/v1\nkind: VirtualService\nmetadata: {name: a, namespace: b}\n"
    (found,) = types(f"{route}spec: {{hosts: [a], http: [{{timeout: 5, route: [{{destination: {{host: a}}}}]}}]}}\n")
    assert found.message.startswith("timeout is the number 5; it takes a text: must be a valid duration greater than 1ms")


@pytest.mark.parametrize("value", ["'1,5'", "'eighty'", "'080'", "'8e1'", "[80]", "'99999'", "'-1'"])
def test_what_is_no_such_value_either_way_is_left(value: str) -> None:
    found = types(POD.replace('"80"', value))
    assert [one.fix for one in found if one.path.endswith("containerPort")] == [None]
