"""Instant and range queries, alerts and metrics of a run, asked of a real Prometheus that scrapes a real exporter."""

import time
from collections.abc import Iterator

import pytest

from aichaos.domain.experiment import Metric, PrometheusProbe
from aichaos.domain.results import Window
from aichaos.measure import prometheus
from aichaos.measure.prometheus import Held
from tests.measure.prometheuses import Real, running


@pytest.fixture(scope="module")
def real(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Real]:
    with running(tmp_path_factory.mktemp("prometheus")) as found:
        yield found


def test_a_query_is_held_against_what_is_expected(real: Real) -> None:
    real.errors.set(2)
    real.wait(lambda: real.value("shop_errors") == 2, "the value to be scraped")
    assert prometheus.holds(real.address, PrometheusProbe(query="shop_errors", expect="< 3"), 5.0) == Held(True, value=2.0)
    assert prometheus.holds(real.address, PrometheusProbe(query="shop_errors", expect="< 1"), 5.0).holds is False
    assert prometheus.holds(real.address, PrometheusProbe(query="scalar(shop_errors)", expect="== 2"), 5.0).holds is True


@pytest.mark.parametrize(
    ("query", "why"), [("no_such_metric", "no result"), ("shop_nothing", "NaN"), ("rate(", "refuses the query"), ("0/0", "NaN")]
)
def test_what_a_real_one_can_not_tell_is_no_data(real: Real, query: str, why: str) -> None:
    found = prometheus.holds(real.address, PrometheusProbe(query=query, expect="< 1"), 5.0)
    assert (found.holds, found.value) == (None, None)
    assert why in found.why


def test_a_stretch_of_time_has_to_be_good_throughout(real: Real) -> None:
    real.errors.set(4)
    real.wait(lambda: real.value("max_over_time(shop_errors[2s])") == 4, "a high value")
    real.errors.set(0)
    real.wait(lambda: real.value("shop_errors") == 0, "a low value")
    real.wait(
        lambda: prometheus.holds(real.address, PrometheusProbe(query="shop_errors", expect="< 3", over="20s"), 5.0).holds is False,
        "a range",
    )
    assert prometheus.holds(real.address, PrometheusProbe(query="shop_errors", expect="< 3"), 5.0).holds is True


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
