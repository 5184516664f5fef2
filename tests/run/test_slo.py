"""Promises in sentences, on real runs: each is broken or kept as the gateway, its circuit breaker and its routes really were."""

from pathlib import Path
from typing import Any

import pytest

from aichaos.domain.results import Objective, Results
from aichaos.records import past
from tests.controlplane.gateway import RunningGateway
from tests.program import Run
from tests.run.shop import POD, Shop, last


@pytest.fixture
def shop(gateway: RunningGateway, aichaos: Run, tmp_path: Path) -> Shop:
    return Shop(gateway, aichaos, tmp_path)


def results(shop: Shop, steps: list[dict[str, Any]], *probes: dict[str, Any]) -> tuple[int, Results]:
    path = shop.experiment(steps, steadyState=list(probes))
    code, events = shop.json(path, "--baseline", "1", "--after", "1")
    return code, past.results(Path(last(events)["report"]).parent)


def kept(found: Results, probe: int = 0) -> dict[str, Objective]:
    return {one.text: one for one in found.probes[probe].objectives}


def done(found: Results, verb: str) -> float:
    return next(one.at for one in found.changes if one.verb == verb and one.step)


def test_recreated_within_a_time_is_the_time_that_the_route_was_away(shop: Shop) -> None:
    target = {"kind": "HTTPRoute", "name": shop.route, "namespace": shop.namespace}
    steps: list[dict[str, Any]] = [
        {"name": "gone", "delete": target},
        {"name": "away", "wait": {"for": "2s"}},
        {"name": "back", "recreate": target},
        {"name": "so", "wait": {"for": "3s"}},
    ]
    sentences = ["99 % of requests succeed", "p95 ≤ 2 s", "recreated within 60 s"]
    probe = shop.probe(slo=sentences) | {"rate": 40}
    code, found = results(shop, steps, probe)
    assert (code, found.verdict) == (3, "fail")
    seen = kept(found)
    assert [seen[one].verdict for one in sentences] == ["fail", "pass", "pass"]
    (result,) = found.probes
    away = done(found, "create") - done(found, "delete")
    assert result.time_to_recover is not None
    assert result.time_to_recover == pytest.approx(away, abs=1.5), "the gateway takes a moment to follow, at both ends"
    during = result.window("during")
    assert during is not None
    assert during.bad == pytest.approx(40 * result.time_to_recover, rel=0.25), "no question was left out while nobody answered"


def test_a_circuit_breaker_that_opens_is_timed_and_one_that_does_not_fails(shop: Shop) -> None:
    """Envoy's own: Contour takes the limit from an annotation of the Service. The pod is slow, so that requests are under way together."""
    overloaded = shop.probe("breaker is open", slo=["circuit breaker opens within 10 s"]) | {"rate": 20}
    overloaded["http"]["expect"] = {"status": "503", "header": "x-envoy-overloaded: true"}
    limits = {f"projectcontour.io/max-{what}": "1" for what in ("connections", "pending-requests", "requests")}
    target = {"kind": "Service", "name": shop.backend("v1"), "namespace": shop.namespace}
    limited = {"name": "limit", "patch": target | {"merge": {"metadata": {"annotations": limits}}}}
    hold = {"name": "hold", "wait": {"for": "4s"}}
    harmless = {"name": "label", "label": target | {"set": {"colour": "blue"}}}
    shop.gateway.backends.delays[POD["v1"]] = 0.5
    try:
        code, found = results(shop, [limited, hold], overloaded)
        other_code, other = results(shop, [harmless, hold], overloaded | {"slo": ["circuit breaker opens within 2 s"]})
    finally:
        del shop.gateway.backends.delays[POD["v1"]]
    (opened,) = found.probes[0].objectives
    assert (code, opened.measure, opened.verdict) == (0, "reached", "pass"), (opened, found.probes[0].window("during"))
    (never,) = other.probes[0].objectives
    assert (other_code, never.verdict) == (3, "fail")
    assert "not within" in never.observed
