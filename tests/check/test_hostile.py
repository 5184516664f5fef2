"""Whatever comes in, findings come out: no exception, no endless work."""

import json
import re
from typing import Any

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from aichaos.check.documents import review
from aichaos.check.known import KNOWN
from aichaos.check.rules import RULES
from aichaos.domain.experiment import VERBS
from aichaos.domain.finding import Finding
from aichaos.files.yaml import load
from tests.check.cluster import SHOP, experiment, topology
from tests.check.test_chaos import chaos, engine
from tests.check.test_experiment import DELETE, NETWORK, RECREATE, SCALE, rival

CLUSTER = topology()
WORDS = st.sampled_from(
    ["web", "shop", "", "a/b", "60s", "{{ x }}", "gateway/shop/edge", "app=web", "http://shop.example.com/", "http://[", "é", "x" * 300]
)
KINDS = [(kind.api_version, kind.name) for kind in KNOWN] + [("aichaos/v1", "Experiment"), ("v1", "List"), ("example.com/v1", "Thing")]
FIELDS = st.sampled_from(
    re.findall(
        r"\w+",
        """
        apiVersion kind metadata name namespace labels spec items selector namespaces labelSelectors expressionSelectors pods
        mode value duration target templates schedule networkChaos podChaos deadline experiments components env appinfo applabel
        appns chaosServiceAccount parentRefs hostnames rules backendRefs filters requestMirror backendRef port ports targetPort
        podSelector matchLabels matchExpressions policyTypes ingress replicas template containers envFrom configMapRef valueFrom
        volumes http route destination host subset steps steadyState scope maxPods url via expect until object wait for patch
        merge create delete chaos kubernetes
        """,
    )
)
SCALARS = st.one_of(st.none(), st.booleans(), st.integers(), st.floats(allow_nan=False), WORDS, st.text(max_size=5))
ANYTHING = st.recursive(
    SCALARS, lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(FIELDS, inner, max_size=4)), max_leaves=20
)
PATIENT = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])


@st.composite
def manifests(draw: st.DrawFn) -> dict[str, Any]:
    """A document of a known kind with anything in it."""
    api_version, kind = draw(st.sampled_from(KINDS))
    document = {"apiVersion": api_version, "kind": kind, "metadata": {"name": "web", "namespace": "shop"}, "spec": draw(ANYTHING)}
    return document | draw(st.dictionaries(FIELDS, ANYTHING, max_size=2))


def checked(document: Any) -> list[Finding]:
    text = json.dumps(document)
    return [*review([("a.yaml", text)], CLUSTER).findings, *review([("a.yaml", text)], None).findings]


@PATIENT
@given(ANYTHING)
def test_any_document_is_reviewed(document: Any) -> None:
    checked(document)


@PATIENT
@given(manifests())
def test_any_manifest_of_a_known_kind_is_reviewed(document: dict[str, Any]) -> None:
    for found in checked(document):
        assert found.rule in RULES
        assert found.message


@PATIENT
@given(st.sampled_from(VERBS), st.one_of(manifests(), ANYTHING))
def test_any_step_is_reviewed(verb: str, value: Any) -> None:
    checked(json.loads(json.dumps({"apiVersion": "aichaos/v1", "kind": "Experiment", "metadata": {"name": "a"}})) | steps(verb, value))


def steps(verb: str, value: Any) -> dict[str, Any]:
    return {"spec": {"title": "t", "scope": {"namespaces": ["shop"], "maxPods": 1}, "steps": [{verb: value}]}}


@PATIENT
@given(st.dictionaries(FIELDS, ANYTHING, max_size=4))
def test_any_patch_is_reviewed(merge: dict[str, Any]) -> None:
    target = {"kind": "HTTPRoute", "name": "web", "namespace": "shop", "merge": merge}
    checked({"apiVersion": "aichaos/v1", "kind": "Experiment", "metadata": {"name": "a"}} | steps("patch", target))


JUNK: list[Any] = [None, True, -1, 2**63, 1.5, "", "x", [], {}, [None], {"a": None}, [[[]]], {"": {}}, {"name": 3}, [{"name": "web"}]]
FAULT = "mode: all, selector: {pods: {shop: [web-0]}, namespaces: [shop], labelSelectors: {app: web}}, action: loss"
GOOD = [
    *load(SHOP, "shop"),
    *load(experiment(f"[{rival()}, {DELETE}, {RECREATE}, {SCALE}, {{chaos: {NETWORK}, hold: 3s}}, {{wait: {{for: 3s}}}}]"), "experiment"),
    *load(chaos(f"{FAULT}, target: {{{FAULT}}}"), "chaos"),
    *load(chaos(f"templates: [{{networkChaos: {{{FAULT}}}, schedule: {{podChaos: {{{FAULT}}}}}}}]", "Workflow"), "workflow"),
    *load(chaos(f"{FAULT}, port: 8080, containerNames: [main]", "HTTPChaos"), "http"),
    *load(engine(), "engine"),
]


def spoiled(value: Any, draw: st.DrawFn) -> Any:
    """The value with one thing in it, or the whole of it, replaced by something that nobody expects there."""
    if isinstance(value, dict) and value and draw(st.booleans()):
        key = draw(st.sampled_from(sorted(value)))
        return value | {key: spoiled(value[key], draw)}
    if isinstance(value, list) and value and draw(st.booleans()):
        index = draw(st.integers(0, len(value) - 1))
        return [*value[:index], spoiled(value[index], draw), *value[index + 1 :]]
    return draw(st.sampled_from(JUNK))


@st.composite
def nearly_good(draw: st.DrawFn) -> Any:
    document = draw(st.sampled_from(GOOD))
    key = draw(st.sampled_from(sorted(document)))
    return document | {key: spoiled(document[key], draw)}


@settings(PATIENT, max_examples=400)
@given(nearly_good())
def test_any_document_with_something_unexpected_in_it_is_reviewed(document: Any) -> None:
    checked(document)


@PATIENT
@given(st.text())
def test_any_text_is_reviewed(text: str) -> None:
    review([("a.yaml", text)], CLUSTER)


@PATIENT
@given(st.text(alphabet="{}[]:,-&*!|>'\"%@ \n\tab1", max_size=60))
def test_any_punctuation_is_reviewed(text: str) -> None:
    review([("a.yaml", text)], CLUSTER)


@PATIENT
@given(st.integers(0, len(SHOP)), st.integers(0, 40))
def test_a_file_with_a_piece_missing_is_reviewed(start: int, length: int) -> None:
    review([("a.yaml", SHOP[:start] + SHOP[start + length :])], CLUSTER)


@pytest.mark.parametrize("text", ["[" * 100_000, "a: " * 50_000, "{" * 1000 + "}" * 1000, "\x00", "- " * 100_000])
def test_deep_nesting_is_one_finding(text: str) -> None:
    assert len(review([("a.yaml", text)], None).findings) == 1


def test_many_workloads_of_many_replicas_are_no_load() -> None:
    one = "{{apiVersion: apps/v1, kind: Deployment, metadata: {{name: a{}, namespace: shop}}, spec: {{replicas: 2000000000}}}}"
    text = "\n---\n".join(one.format(number) for number in range(500))
    assert review([("a.yaml", text)], CLUSTER).documents == 500


def test_many_documents_with_findings_are_placed_in_one_go() -> None:
    text = "\n---\n".join(["kind: Service"] * 3000)
    found = review([("a.yaml", text)], None).findings
    assert [one.line for one in found] == [1 + 2 * number for number in range(3000)]


def test_every_finding_can_be_written_as_json() -> None:
    found = checked(msgspec.yaml.decode(experiment("[{delete: {kind: Secret, name: a}}]")))
    assert msgspec.json.decode(msgspec.json.encode(found), type=list[Finding]) == found
