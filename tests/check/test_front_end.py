"""Any text, through the whole front end: read, placed, sifted, corrected. No exception, no endless work, every place in the text.

`make fuzz` runs the same with many more examples.
"""

import os
import time
from collections.abc import Iterator

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from aichaos.check.correct import correct
from aichaos.check.documents import Review, review
from aichaos.check.suppress import sift
from aichaos.errors import SyntaxProblem
from aichaos.files import nodes, yaml
from aichaos.files.nodes import Lines
from aichaos.files.yaml import escape

EXAMPLES = int(os.environ.get("AICHAOS_FUZZ", "150"))
FUZZ = settings(deadline=None, max_examples=EXAMPLES, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])

SEED = """\
# a comment  # aichaos: ignore[chaos-mesh/value] x
apiVersion: chaos-mesh.org/v1alpha1
kind: NetworkChaos
metadata: {name: slow, namespace: shop, labels: &l {app: web}}
spec:
  action: delay
  mode: fixed   # aichaos: ignore[chaos-mesh/*]
  value: 50
  selector:
    labelSelectors: *l
    namespaces:
      - shop
  delay: &d
    latency: "1000"
    jitter: '10'
  target: {mode: one, value: 1, selector: {labelSelectors: {<<: *l, tier: db}}}
---
apiVersion: v1
kind: List
items:
- apiVersion: gateway.networking.k8s.io/v1
  kind: HTTPRoute
  metadata: {name: "web"}
  spec:
    parentRefs: [{name: edge}]
    rules:
    - backendRefs:
      - {name: web, port: 80}
- {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "a"}, "data": {"text": "|\\n"}}
---
apiVersion: litmuschaos.io/v1alpha1
kind: ChaosEngine
metadata:
  name: engine
spec:
  engineState: active
  appinfo: {appns: shop, applabel: app=web, appkind: Deployment}
  experiments:
  - name: pod-delete
    spec:
      components:
        env:
        - name: TOTAL_CHAOS_DURATION
          value: |
            60s
"""
PIECES = (
    *("\n", "\r\n", "\r", "\t", " ", "  ", ":", ": ", "- ", "-", "? ", "{", "}", "[", "]", ",", "#", " # x", "'", '"', "|", "|+", ">-"),
    *("&a ", "*a", "*l", "<<: *l", "<<: [*l, *d]", "!!str ", "!!binary ", "!x ", "---", "\n---\n", "...", "\n...\n", "null", "~", "%"),
    *("{{ x }}", "${X}", "$(X)", "\ufeff", "\x00", "\x85", "\u2028", "é", "😀", "\x1b[31m", "# aichaos: ignore[*] y\n", "a: 1\n", "0777"),
)


@st.composite
def texts(draw: st.DrawFn) -> str:
    """The seed, spoiled in up to six places: pieces put in, taken out, repeated, moved to the right."""
    text = SEED
    for _ in range(draw(st.integers(1, 6))):
        at = draw(st.integers(0, len(text)))
        match draw(st.sampled_from(["in", "out", "twice", "indent", "end"])):
            case "in":
                text = text[:at] + draw(st.sampled_from(PIECES)) + text[at:]
            case "out":
                text = text[:at] + text[at + draw(st.integers(1, 40)) :]
            case "twice":
                text = text[:at] + text[at : at + draw(st.integers(1, 80))] + text[at:]
            case "indent":
                start = text.rfind("\n", 0, at) + 1
                text = text[:start] + " " * draw(st.integers(1, 3)) + text[start:]
            case "end":
                text = text[:at]
    return text


def look(files: dict[str, str]) -> Review:
    return sift(review(files.items(), None), files, {"reference", "policy"})[0]


def pointers(value: object, at: str = "") -> Iterator[str]:
    yield at
    children = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, inner in children:
        yield from pointers(inner, f"{at}/{escape(str(key))}")


@FUZZ
@given(texts())
def test_any_text_is_checked_and_every_finding_is_in_it(text: str) -> None:
    lines = Lines(text)
    for one in look({"a.yaml": text}).findings:
        assert one.file == "a.yaml"
        if one.rule != "yaml/syntax" and not {"\x85", "\u2028"} & set(text):  # which libyaml takes for ends of lines
            assert one.line is not None
            assert one.column is not None
            assert 1 <= one.line <= len(lines)
            assert 1 <= one.column <= len(lines.line(one.line)) + 1


@FUZZ
@given(texts())
def test_any_text_is_corrected_to_something_that_needs_no_correction(text: str) -> None:
    files = {"a.yaml": text}
    done = correct(files, look(files), look)
    again = files | done.texts
    assert correct(again, look(again), look).texts == {}
    before, after = (list(read(one)) for one in (text, again["a.yaml"]))
    assert len(before) == len(after)


@FUZZ
@given(texts())
def test_every_value_of_any_text_has_its_place(text: str) -> None:
    found = list(read(text))
    roots = nodes.documents(text, {document.index for document in found})
    for document in found:
        for pointer in pointers(document.value):
            assert nodes.find(roots[document.index], pointer).pointer == pointer


def read(text: str) -> Iterator[yaml.Document]:
    """The documents before the first place that is not YAML."""
    try:
        yield from yaml.read(text, "a.yaml")
    except SyntaxProblem:
        return


BOMBS = {
    "aliases": "a0: &a0 [x, x]\n" + "".join(f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]\n" for n in range(1, 40)),
    "merges": "a0: &a0 {x: 1}\n" + "".join(f"a{n}: &a{n} {{<<: [*a{n - 1}, *a{n - 1}], k{n}: *a{n - 1}}}\n" for n in range(1, 60)),
    "deep flow": "[" * 100_000,
    "deep block": "- " * 100_000,
    "deep mapping": "".join(f"{' ' * n}a:\n" for n in range(3000)),
    "many keys": "{" + ",".join(f"k{n}: {n}" for n in range(50_000)) + "}",
    "the same key": "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\ndata:\n" + "  a: b\n" * 20_000,
    "many findings": "apiVersion: v1\nkind: List\nitems:\n" + "- {apiVersion: v1, kind: Service, metadata: {name: A}}\n" * 3000,
    "many documents": "---\n" * 50_000,
    "many comments": "a: 1 # aichaos: ignore[x] y\n" * 3000,
    "a long line": "a: " + "x" * 5_000_000,
    "a long plain scalar": "a:\n" + "  word\n" * 200_000,
    "anchors": "".join(f"- &a{n} x\n- *a{n}\n" for n in range(20_000)),
}


@pytest.mark.parametrize("name", BOMBS)
def test_what_is_made_to_be_slow_is_done_quickly(name: str) -> None:
    start = time.process_time()
    files = {"a.yaml": BOMBS[name]}
    correct(files, look(files), look)
    assert time.process_time() - start < 10
