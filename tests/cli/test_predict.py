"""`aichaos predict` as a program."""

import json
import re
from pathlib import Path

import pytest

from tests.program import Run, all_said, answer, fails


def saved(aichaos: Run) -> str:
    done = aichaos("suggest", "--from", "demo:route-chaos", "--scenario", "route conflict", "--count", "1")
    assert done.returncode == 0, done.stderr
    return "chaos/route-conflict-my-route.yaml"


def test_the_talks_demonstration_is_foretold(aichaos: Run) -> None:
    found = answer(aichaos("predict", saved(aichaos), "--from", "demo:route-chaos", "-o", "json"))
    assert [state["step"] for state in found["states"]][0::8] == ["before", "restored"]
    number = found["requests"].index("GET http://lior.example.com/shop")
    served = [state["outcomes"][number]["backends"][0]["service"] for state in found["states"]]
    v1, v3 = "route-chaos/infra-backend-v1", "route-chaos/infra-backend-v3"
    assert served == [v1, v1, v1, v1, v3, v3, v3, v3, v1]
    assert found["restored"] is True
    assert found["irreversible"][0]["object"] == "HTTPRoute/route-chaos/my-route"
    assert {"requests", "states", "connections", "irreversible", "restored"} <= found.keys()


def test_suggestions_carry_their_prediction(aichaos: Run) -> None:
    found = answer(aichaos("suggest", "--from", "demo:route-chaos", "--no-save", "-o", "json"))
    assert all(one["prediction"]["restored"] for one in found["suggestions"])
    shown = aichaos("suggest", "--from", "demo:route-chaos", "--no-save")
    assert "Predicted" in shown.stdout


def test_what_nobody_would_notice_says_so_and_comes_last(aichaos: Run) -> None:
    found = answer(aichaos("suggest", "--from", "demo:ml-services", "--count", "50", "--no-save", "-o", "json"))
    verdicts = [one["prediction"]["verdict"] for one in found["suggestions"] if one["prediction"]]
    idle = [verdict.startswith(("no request would notice", "changes nothing")) for verdict in verdicts]
    assert idle == sorted(idle)
    assert {True, False} <= set(idle)
    assert any(verdict.startswith("cuts off all traffic: every request fails after") for verdict in verdicts)


def test_the_text_says_what_happens_when(aichaos: Run) -> None:
    shown = aichaos("predict", saved(aichaos), "--from", "demo:route-chaos").stdout
    assert "5 of 5 requests are answered otherwise" in shown
    assert "What applying the manifest again would not bring back" in shown
    assert "recreate HTTPRoute/route-chaos/my-route-v3 after my-route, or delete it" in " ".join(shown.split())


def test_given_requests_are_looked_at(aichaos: Run, tmp_path: Path) -> None:
    (tmp_path / "requests.jsonl").write_text('{"url": "http://lior.example.com/mine"}\n', encoding="utf-8")
    found = answer(aichaos("predict", saved(aichaos), "--from", "demo:route-chaos", "--requests", "requests.jsonl", "-o", "json"))
    assert found["requests"] == ["GET http://lior.example.com/mine"]


def test_the_page_needs_nothing_else(aichaos: Run, tmp_path: Path) -> None:
    assert aichaos("predict", saved(aichaos), "--from", "demo:route-chaos", "--html", "p.html").returncode == 0
    page = (tmp_path / "p.html").read_text(encoding="utf-8")
    assert "infra-backend-v3" in page
    assert "http-equiv" not in page
    assert "<script" not in page
    assert "src=" not in page


def test_what_is_no_experiment_is_said(aichaos: Run, tmp_path: Path) -> None:
    (tmp_path / "x.yaml").write_text("kind: Pod\n", encoding="utf-8")
    fails(aichaos("predict", "x.yaml", "--from", "demo:route-chaos"), 1, "holds no experiment")
    fails(aichaos("predict", "none.yaml", "--from", "demo:route-chaos"), 1, "cannot read none.yaml")
    (tmp_path / "r.jsonl").write_text("{}\n", encoding="utf-8")
    fails(aichaos("predict", saved(aichaos), "--from", "demo:route-chaos", "--requests", "r.jsonl"), 2, "r.jsonl, line 1: not a request")


def test_json_is_one_document(aichaos: Run) -> None:
    json.loads(aichaos("predict", saved(aichaos), "--from", "demo:route-chaos", "-o", "json").stdout)


def test_the_page_draws_each_answer_for_as_long_as_it_lasts(aichaos: Run, tmp_path: Path) -> None:
    assert aichaos("predict", saved(aichaos), "--from", "demo:route-chaos", "--html", "p.html").returncode == 0
    page = (tmp_path / "p.html").read_text(encoding="utf-8")
    lane = page.split("GET http://lior.example.com/shop</td>")[2].split("</tr>")[0]
    bars = re.findall(r'class="bar (\w+)" colspan="(\d+)" title="goes to route-chaos/([\w-]+)', lane)
    assert bars == [("tone0", "4", "infra-backend-v1"), ("tone1", "4", "infra-backend-v3"), ("tone0", "1", "infra-backend-v1")]


SHARED = """
{apiVersion: v1, kind: Namespace, metadata: {name: shop}}
---
{apiVersion: v1, kind: Namespace, metadata: {name: other}}
---
apiVersion: gateway.networking.k8s.io/v1
kind: Gateway
metadata: {name: edge, namespace: shop}
spec: {gatewayClassName: any, listeners: [{name: http, protocol: HTTP, port: 80, allowedRoutes: {namespaces: {from: FROM}}}]}
---
apiVersion: gateway.networking.k8s.io/v1
kind: HTTPRoute
metadata: {name: web, namespace: shop}
spec: {parentRefs: [{name: edge}], hostnames: [a.test], rules: [{backendRefs: [{name: web, port: 80}]}]}
---
{apiVersion: v1, kind: Service, metadata: {name: web, namespace: shop}, spec: {ports: [{port: 80}]}}
"""
GONE = """
apiVersion: aichaos/v1
kind: Experiment
metadata: {name: gone}
spec: {title: Gone, scope: {namespaces: [shop]}, steps: [{delete: {kind: HTTPRoute, name: web, namespace: shop}}]}
"""


@pytest.mark.parametrize(("takes", "words", "said"), [("All", ["-n", "shop"], 1), ("All", [], 0), ("Same", ["-n", "shop"], 0)])
def test_where_others_may_answer_first_it_is_said_that_they_were_not_looked_at(
    aichaos: Run, tmp_path: Path, takes: str, words: list[str], said: int
) -> None:
    (tmp_path / "cluster.yaml").write_text(SHARED.replace("FROM", takes))
    (tmp_path / "gone.yaml").write_text(GONE)
    for command in (["predict", "gone.yaml"], ["route", "GET", "http://a.test/"], ["suggest", "--no-save"]):
        done = aichaos(*command, "--from", "cluster.yaml", *words)
        assert done.returncode in (0, 4), all_said(done)
        assert done.stderr.count("gateway/shop/edge were not, and one of them may answer first") == said, all_said(done)
