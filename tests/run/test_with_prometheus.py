"""Runs beside a real Prometheus that counts what the pods cut: its probe, the alert that fires, the metric; and a run without one."""

import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from aichaos.domain.results import Results
from aichaos.records import past
from tests.cluster.misbehaving import closed_port
from tests.controlplane.gateway import RunningGateway
from tests.measure.prometheuses import Real, running
from tests.program import Run
from tests.run.shop import POD, Shop, last


@pytest.fixture
def shop(gateway: RunningGateway, aichaos: Run, tmp_path: Path) -> Shop:
    return Shop(gateway, aichaos, tmp_path)


@pytest.fixture
def real(tmp_path: Path) -> Iterator[Real]:
    with running(tmp_path) as found:
        yield found


def results(shop: Shop, prometheus: str, *, metrics: list[dict[str, str]]) -> tuple[int, Results]:
    """Half of the requests go to pods that hang up, for five seconds."""
    rules = shop.manifest(shop.route, "v1")["spec"]["rules"]
    rules[0]["backendRefs"] = [{"name": shop.backend(version), "port": 80, "weight": 1} for version in ("v1", "v2")]
    target = {"kind": "HTTPRoute", "name": shop.route, "namespace": shop.namespace}
    steps: list[dict[str, Any]] = [{"name": "turn", "patch": target | {"merge": {"spec": {"rules": rules}}}}]
    steps.append({"name": "hold", "wait": {"for": "5s"}})
    load = shop.probe(tolerance={"success": ">= 10%"}) | {"rate": 50}
    del load["http"]["expect"]["backend"]
    query = {"name": "few errors", "prometheus": {"query": "shop_errors", "expect": "< 3"}, "tolerance": {"success": ">= 90%"}}
    path = shop.experiment(steps, steadyState=[load, query], metrics=metrics)
    pods = shop.gateway.backends
    pods.refused.add(POD["v2"])
    try:
        code, events = shop.json(path, "--prometheus", prometheus, "--baseline", "2", "--after", "2")
    finally:
        pods.refused.discard(POD["v2"])
    return code, past.results(Path(last(events)["report"]).parent)


def test_a_metric_that_shows_the_fault_fails_and_its_alert_is_told(shop: Shop, real: Real) -> None:
    def cut() -> float:
        """How many requests pods hung up on within the last second."""
        since = time.time() - 1.0
        return float(sum(not one.answered and one.at > since for one in list(shop.gateway.backends.served)))

    real.errors.set_function(cut)
    code, found = results(shop, real.address, metrics=[{"name": "errors", "query": "shop_errors"}])
    load, query = found.probes
    assert (code, load.verdict, query.verdict) == (3, "pass", "fail")
    assert query.time_to_detect is not None
    assert 0 < query.time_to_detect < 4, "a scrape, and a second of errors"
    (alert,) = found.alerts
    assert (alert.name, alert.before) == ("ShopBroken", False)
    assert found.began < alert.first <= alert.last <= found.ended + 2
    (metric,) = found.metrics
    assert metric.means["during"] > 5 > metric.means["baseline"]
    assert any(one.kind == "alert" and "ShopBroken fired" in one.text for one in found.observations)


def test_a_prometheus_that_is_not_there_is_no_data_and_the_rest_is_told(shop: Shop) -> None:
    nobody = f"http://127.0.0.1:{closed_port()}"
    code, found = results(shop, nobody, metrics=[{"name": "errors", "query": "shop_errors"}])
    load, query = found.probes
    assert (load.verdict, query.verdict) == ("pass", "no-data")
    assert (code, found.verdict) == (9, "no-data"), "what nobody could tell is not known to have held"
    assert found.confidence.value < 0.6
    assert any("can't be connected to" in one for one in (query.objectives[0].why, *found.missing))
    assert (found.alerts, found.metrics[0].means if found.metrics else {}) == ([], {})
