"""Instant and range queries, alerts and metrics of a run, asked of a real Prometheus that scrapes a real exporter."""

import os
import shutil
import socket
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from prometheus_client import CollectorRegistry, Gauge, generate_latest

from aichaos.domain.experiment import Metric, PrometheusProbe
from aichaos.domain.results import Window
from aichaos.measure import prometheus
from tests.measure.servers import Said, server

RULES = """
groups:
  - name: trial
    interval: 200ms
    rules:
      - {alert: ShopBroken, expr: shop_errors > 5, labels: {severity: page}}
"""


class Real:
    """A Prometheus, and the gauge that it scrapes."""

    def __init__(self, address: str, errors: Gauge) -> None:
        self.address = address
        self.errors = errors

    def wait(self, met: Callable[[], object], what: str) -> None:
        latest = time.monotonic() + 30
        while not met():
            assert time.monotonic() < latest, what
            time.sleep(0.1)

    def value(self, query: str) -> float | None:
        try:
            found = prometheus.instant(self.address, query, 5.0)
        except prometheus.Unanswered:
            return None
        return found[0].points[-1][1] if found and found[0].points else None


def free_port() -> int:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        port: int = taken.getsockname()[1]
        return port


@pytest.fixture(scope="module")
def real(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Real]:
    program = os.environ.get("AICHAOS_PROMETHEUS") or shutil.which("prometheus")
    if program is None:
        pytest.skip("there is no prometheus on this machine: install Debian's package, or name the program in AICHAOS_PROMETHEUS")
    folder: Path = tmp_path_factory.mktemp("prometheus")
    registry = CollectorRegistry()
    errors = Gauge("shop_errors", "how many", registry=registry)
    Gauge("shop_nothing", "no number", registry=registry).set(float("nan"))
    with server(lambda path: Said(200, generate_latest(registry).decode())) as exporter:
        (folder / "rules.yaml").write_text(RULES)
        (folder / "prometheus.yaml").write_text(
            "global: {scrape_interval: 200ms, evaluation_interval: 200ms}\n"
            f"rule_files: [{folder / 'rules.yaml'}]\n"
            f"scrape_configs: [{{job_name: shop, static_configs: [{{targets: ['{exporter.host}:{exporter.port}']}}]}}]\n"
        )
        port = free_port()
        words = [
            f"--config.file={folder / 'prometheus.yaml'}",
            f"--storage.tsdb.path={folder / 'data'}",
            f"--web.listen-address=127.0.0.1:{port}",
        ]
        with (folder / "log").open("wb") as log, subprocess.Popen([program, *words], stdout=log, stderr=log) as process:
            found = Real(f"http://127.0.0.1:{port}", errors)
            try:
                found.wait(lambda: found.value("shop_errors") is not None, f"prometheus to scrape: {folder / 'log'}")
                yield found
            finally:
                process.terminate()


def test_a_query_is_held_against_what_is_expected(real: Real) -> None:
    real.errors.set(2)
    real.wait(lambda: real.value("shop_errors") == 2, "the value to be scraped")
    assert prometheus.holds(real.address, PrometheusProbe(query="shop_errors", expect="< 3"), 5.0) == (True, "", 2.0)
    assert prometheus.holds(real.address, PrometheusProbe(query="shop_errors", expect="< 1"), 5.0)[0] is False
    assert prometheus.holds(real.address, PrometheusProbe(query="scalar(shop_errors)", expect="== 2"), 5.0)[0] is True


@pytest.mark.parametrize(
    ("query", "why"), [("no_such_metric", "no result"), ("shop_nothing", "NaN"), ("rate(", "refuses the query"), ("0/0", "NaN")]
)
def test_what_a_real_one_can_not_tell_is_no_data(real: Real, query: str, why: str) -> None:
    good, told, value = prometheus.holds(real.address, PrometheusProbe(query=query, expect="< 1"), 5.0)
    assert (good, value) == (None, None)
    assert why in told


def test_a_stretch_of_time_has_to_be_good_throughout(real: Real) -> None:
    real.errors.set(4)
    real.wait(lambda: real.value("max_over_time(shop_errors[2s])") == 4, "a high value")
    real.errors.set(0)
    real.wait(lambda: real.value("shop_errors") == 0, "a low value")
    real.wait(
        lambda: prometheus.holds(real.address, PrometheusProbe(query="shop_errors", expect="< 3", over="20s"), 5.0)[0] is False, "a range"
    )
    assert prometheus.holds(real.address, PrometheusProbe(query="shop_errors", expect="< 3"), 5.0)[0] is True


def test_an_alert_that_fires_in_a_run_is_told_with_its_time(real: Real) -> None:
    began = time.time()
    real.errors.set(9)
    real.wait(lambda: real.value('ALERTS{alertstate="firing"}') == 1, "the alert")
    real.wait(lambda: prometheus.firing(real.address, began, time.time(), 5.0)[0], "the alert in a range")
    fired, off = prometheus.firing(real.address, began, time.time(), 5.0)
    real.errors.set(0)
    assert [(one.name, one.labels["severity"]) for one in fired] == [("ShopBroken", "page")]
    assert began <= fired[0].first <= time.time()
    assert abs(off) < 0.5, "both have the same clock here"


def test_a_metric_of_the_experiment_has_its_mean_in_each_window(real: Real) -> None:
    real.errors.set(3)
    real.wait(lambda: real.value("min_over_time(shop_errors[4s])") == 3, "the value to last")
    now = time.time()
    during = Window(kind="during", name="during", start=now - 2, end=now)
    metrics = [Metric(name="errors", query="shop_errors"), Metric(name="none", query="no_such_metric")]
    errors, none = prometheus.metered(real.address, metrics, [during], 5.0)
    assert errors.means == {"during": pytest.approx(3.0)}
    assert (none.means, bool(none.why)) == ({}, True)
