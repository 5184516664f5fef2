"""What careless answers do to the form they were asked for, taken from answers that a model wrote (tests/replies/suite/careless)."""

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aichaos.ask import parse
from aichaos.ask.unquoted import quoted
from aichaos.files import yaml
from aichaos.library.knobs import look
from tests.ask.test_leniency import HEAD, STEPS, read
from tests.evaluation.replies import reply

STEADY = "  steadyState: [{name: a, http: {url: 'http://a/', expect: %s}}]\n"


@pytest.mark.parametrize(
    ("question", "names"),
    [
        ("conflict", ["recreate-my-route-beside-younger-rival"]),  # title: Delete … a rival route exists: the oldest wins
        ("lab2-retry", ["retry-storm-vllm-timeout"]),  # summary: … on the backend: the retries make the overload worse
        ("typo", ["rename-listener-http"]),  # hypothesis: … has Accepted: False with reason …
        ("zero", ["scale-infra-backend-v1-to-zero"]),  # no fence
        ("talk-scenario-1", ["scenario-1-conflicting-routes"]),  # why_here is one text
        ("lab-latency", ["feature-store-delay-500ms"]),  # JSON
        ("lab2-region", ["lose-us-east-1-llama3"]),  # headings in bold, no YAML at all
        ("talk-routes", ["route-conflict-shop", "missing-backend", "gateway-restart"]),  # lists with bold labels
        ("talk-latency", ["service-a-latency-half-of-pods"]),  # behind a manifest that nobody asked for
    ],
)
def test_ideas_in_the_forms_that_models_choose_instead(question: str, names: list[str]) -> None:
    found, findings = parse.ideas(reply("careless", question, "ideas"))
    assert [idea.id for idea in found] == names
    assert {one.severity for one in findings} <= {"info"}
    assert all(idea.title and idea.summary and idea.hypothesis and idea.why_here for idea in found)
    assert all(why.count("/") >= 1 and " " not in why for idea in found for why in idea.why_here)


@pytest.mark.parametrize(
    ("line", "field", "text"),
    [
        ("title: Scale to zero: what happens", "title", "Scale to zero: what happens"),
        ("title: 'Scale' to zero: what's next", "title", "'Scale' to zero: what's next"),
        ('title: "Scenario 1": create a route', "title", '"Scenario 1": create a route'),
        ("title: the end:", "title", "the end:"),
        ("title: over two\n    lines: this is one text", "title", "over two lines: this is one text"),
        ("title: a: b # why", "title", "a: b"),
        ("success: >= 99%", "success", ">= 99%"),
        ("host: *.example.com", "host", "*.example.com"),
        ("note: `my-route` is older", "note", "`my-route` is older"),
        ('query: sum(rate(x{code="5: 3"}[1m]))', "query", 'sum(rate(x{code="5: 3"}[1m]))'),
        ('query: "sum(rate(x{code="503"}[1m]))"', "query", 'sum(rate(x{code="503"}[1m]))'),
        ('query: {app="web"}', "query", '{app="web"}'),
    ],
)
def test_text_that_needs_quotes_gets_them(line: str, field: str, text: str) -> None:
    mended, first = quoted(f"a: 1\n{line}\nb: 2\n")
    assert yaml.load(mended, "test") == [{"a": 1, field: text, "b": 2}]
    assert first == 1


@pytest.mark.parametrize(
    "entry",
    [
        '- {name: 503s, query: "sum(rate(x{code="503"}[1m]))"}',
        "- {name: 503s, query: sum(rate(x{code=\"503\"}[1m])) / sum(rate(y[1m]))}",
        "[{name: 503s, query: sum by (a) (rate(x{code='5'}[1m]))}]",
    ],
)  # fmt: skip
def test_a_query_in_braces_is_read_as_one_text(entry: str) -> None:
    document, findings = read(f"{HEAD}{STEPS}  metrics:{' ' if entry[0] == '[' else chr(10) + '  '}{entry}\n")
    (metric,) = document["spec"]["metrics"]
    assert metric["name"] == "503s"
    assert metric["query"].startswith("sum")
    assert metric["query"].endswith(("))", "]))"))
    assert [(one.rule, one.severity) for one in findings] == [("reply/quotes", "info")]


def test_what_is_no_single_text_stays_as_it_is() -> None:
    block = "a: |\n  one: two: three\n  four: >= 5\nb: [c: d: e]\nf: &x g\nh: *x\ni: \"j: k\"\nl: 'm: n'\no: {p: q: r}\n"
    assert quoted(block) == (block, None)


@settings(max_examples=300)
@given(st.lists(st.sampled_from(["a:", " ", "- ", "b: c", "'", '"', "{", "[", "|", "\n", "x", "#", "query: ", "é"]), max_size=40))
def test_quoting_keeps_every_line_where_it_is(pieces: list[str]) -> None:
    text = "".join(pieces)
    mended, first = quoted(text)
    assert mended.count("\n") == text.count("\n")
    assert (first is None) == (mended == text)
    if first is not None:
        assert mended.split("\n")[:first] == text.split("\n")[:first]


@pytest.mark.parametrize(
    ("piece", "path", "value"),
    [
        (STEADY % "{status: 200}" + STEPS, "steadyState/0/http/expect/status", "200"),
        (STEADY % "{status: '503', backend: none}" + STEPS, "steadyState/0/http/expect/backend", None),
        (STEADY % "200" + STEPS, "steadyState/0/http/expect/status", "200"),
        ("  scope: {namespaces: shop, maxShare: 50%}\n" + STEPS, "scope/maxShare", 0.5),
        ("  deadline: 5 minutes\n" + STEPS, "deadline", "5m"),
        ("  steps: [{wait: {until: Deployment/a/web, condition: Ready}}]\n", "steps/0/wait/until/object", "Deployment/a/web"),
        ("  steps: [{wait: {object: Deployment/a/web, timeout: 2m}}]\n", "steps/0/wait/until/condition", "Available"),
        ("  steps: [{restart: Deployment/route-chaos/my-gateway-istio}]\n", "steps/0/restart/name", "my-gateway-istio"),
        ("  steps: [{chaos: {kind: X, metadata: {name: a}}, hold: 300}]\n", "steps/0/hold", "300s"),
        ("  remediation: [Add outlier detection: eject pods]\n" + STEPS, "remediation/0", "Add outlier detection: eject pods"),
    ],
)  # fmt: skip
def test_fields_in_other_shapes_than_the_form_has(piece: str, path: str, value: Any) -> None:
    document, findings = read(HEAD + piece)
    assert look(document, f"/spec/{path}") == value
    assert all(one.severity == "info" for one in findings)
