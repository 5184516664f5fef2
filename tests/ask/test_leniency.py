"""What models write when they nearly keep to the form is read as it can only be meant, and said; a file of a user never is."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aichaos.ask import parse
from aichaos.ask.leniency import loosened
from aichaos.check.decode import experiment_of
from aichaos.domain.experiment import to_document
from aichaos.domain.finding import Finding
from aichaos.domain.suggestion import Idea
from aichaos.files import yaml
from aichaos.library.knobs import look
from tests.ask.test_parse import NESTED
from tests.observe.clusters import PATIENT

HEAD = "apiVersion: aichaos/v1\nkind: Experiment\nmetadata: {name: a}\nspec:\n  title: t\n"
STEPS = "  steps: [{name: a, wait: {for: 1s}}]\n"


def read(text: str) -> tuple[dict[str, Any], list[Finding]]:
    found, findings = parse.experiment(text, Idea(id="a", title="t", summary="s"), experiment_of)
    assert found is not None, findings
    return to_document(found), findings


@pytest.mark.parametrize(
    ("step", "path", "value"),
    [
        ("{wait: 10s}", "wait/for", "10s"),
        ("{wait: 10}", "wait/for", "10s"),
        ("{wait: {for: 90 seconds}}", "wait/for", "90s"),
        ("{wait: {duration: 2 minutes}}", "wait/for", "2m"),
        ("{delete: HTTPRoute/shop/web}", "delete/namespace", "shop"),
        ("{delete: {apiVersion: v1, kind: Service, metadata: {name: web, namespace: shop}}}", "delete/name", "web"),
        ("{scale: {kind: deployment, name: web, namespace: shop, replicas: '0'}}", "scale/replicas", 0),
        ("{scale: {kind: deployment, name: web, namespace: shop, replicas: 0}}", "scale/kind", "Deployment"),
        ("{label: {kind: Pod, name: web, namespace: shop, labels: {a: b}}}", "label/set/a", "b"),
        ("{patch: {kind: Service, name: web, namespace: shop, spec: {a: 1}}}", "patch/merge/spec/a", 1),
        ("{probe: {name: shop answers}}", "probe", "shop answers"),
        ("{action: delete, target: {kind: Pod, name: web, namespace: shop}}", "delete/name", "web"),
        ("{action: restart, kind: Deployment, name: web, namespace: shop}", "restart/name", "web"),
        ("{chaos: {kind: X, metadata: {name: a}}, hold: 60}", "hold", "60s"),
        ("{chaos: {kind: X, metadata: {name: a}}, duration: 60s}", "hold", "60s"),
        ("kubectl scale deploy/web --replicas=0 -n shop", "scale/replicas", 0),
    ],
)
def test_a_step_that_can_only_mean_one_thing_is_read_so(step: str, path: str, value: object) -> None:
    document, findings = read(f"{HEAD}  steps:\n  - {step}\n")
    assert look(document, f"/spec/steps/0/{path}") == value
    assert {one.rule for one in findings} <= {"reply/read-as", "reply/left-out"}
    assert all(one.severity == "info" for one in findings)


def test_a_step_with_two_verbs_is_two_steps_in_their_order() -> None:
    document, _ = read(f"{HEAD}  steps:\n  - {{name: gone, delete: Pod/shop/web, wait: 5s, description: then look}}\n")
    assert [next(key for key in step if key != "name") for step in document["spec"]["steps"]] == ["delete", "wait"]


@pytest.mark.parametrize(
    ("spec", "path", "value"),
    [
        ("  deadline: 300\n", "/spec/deadline", "300s"),
        ("  deadline: 5 minutes\n", "/spec/deadline", "5m"),
        (
            "  scope: {namespace: shop, maxPods: '2', maxShare: 20%}\n",
            "/spec/scope",
            {"namespaces": ["shop"], "maxPods": 2, "maxShare": 0.2},
        ),
        ("  steady_state: [{name: a, http: {url: http://x/, expect: {status: 200}}}]\n", "/spec/steadyState/0/http/expect/status", "200"),
        ("  steadyState: [{name: a, url: http://x/, expect: 200}]\n", "/spec/steadyState/0/http/expect/status", "200"),
        ("  steadyState: [{name: a, http: http://x/, tolerance: '>= 99%'}]\n", "/spec/steadyState/0/tolerance/success", ">= 99%"),
        ("  steadyState: [{name: a, http: {url: u, headers: [{name: x, value: 1}]}}]\n", "/spec/steadyState/0/http/headers/x", "1"),
        ("  metrics: [rate(x)]\n", "/spec/metrics/0/query", "rate(x)"),
        ("  rollback: Delete it\n", "/spec/rollback/0", "Delete it"),
    ],
)
def test_a_field_that_can_only_mean_one_thing_is_read_so(spec: str, path: str, value: object) -> None:
    assert look(read(f"{HEAD}{spec}{STEPS}")[0], path) == value


def test_what_is_left_out_is_said_and_looked_at_first() -> None:
    _, findings = read(f"{HEAD}  steps: [{{name: a, wait: 1s, run: rm -rf /}}]\n")
    assert [(one.severity, one.path) for one in findings if one.rule == "reply/left-out"] == [("warning", "/spec/steps/0/run")]


@pytest.mark.parametrize(
    "step", ["{run: rm -rf /}", "{}", "kubectl delete pods --all", "{delete: web}", "{scale: {kind: Deployment, name: a, replicas: many}}"]
)
def test_what_could_mean_anything_is_refused(step: str) -> None:
    found, findings = parse.experiment(f"{HEAD}  steps:\n  - {step}\n", Idea(id="a", title="t", summary="s"), experiment_of)
    assert found is None
    assert any(one.severity == "error" for one in findings)


def test_a_file_is_read_strictly() -> None:
    (document,) = yaml.load(f"{HEAD}  steps: [{{wait: 10s}}]\n", "file")
    assert experiment_of(document)[0] is None


@PATIENT
@given(
    st.dictionaries(
        st.sampled_from(["spec", "metadata", "apiVersion", "kind"]),
        NESTED
        | st.dictionaries(
            st.sampled_from(["steps", "steadyState", "scope", "deadline", "metrics", "rollback", "abort"]),
            NESTED | st.lists(NESTED, max_size=3),
        ),
    )
)
def test_nothing_raises(document: dict[str, Any]) -> None:
    loosened(document)


def test_a_promise_has_the_name_that_we_give_it() -> None:
    tolerance = {"success_rate": ">= 95%", "latency": "< 2s", "p99_latency": "< 3s", "p50": "< 1s"}
    document, said = loosened(
        {"kind": "Experiment", "spec": {"title": "t", "steadyState": [{"name": "a", "http": {"url": "http://a"}, "tolerance": tolerance}]}}
    )
    (probe,) = document["spec"]["steadyState"]
    assert probe["tolerance"] == {"success": ">= 95%", "max": "< 2s", "p99": "< 3s", "p50": "< 1s"}
    assert len(said) >= 1
