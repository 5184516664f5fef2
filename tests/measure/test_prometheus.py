"""A query is compared with what is expected; whatever tells nothing is no data."""

import threading

import pytest

from aichaos.domain.experiment import Metric, PrometheusProbe
from aichaos.domain.results import Window
from aichaos.errors import UsageError
from aichaos.measure.prometheus import Held, Unanswered, between, checked, firing, holds, metered
from tests.measure.servers import Said, server, vector


def answered(said: Said, expected: str = "< 0.01") -> Held:
    with server(lambda path: said) as running:
        return holds(f"http://{running.host}:{running.port}", PrometheusProbe(query="rate(errors[1m])", expect=expected), timeout=30.0)


def test_a_value_as_expected_is_good() -> None:
    assert answered(vector("0.001")) == Held(True, value=0.001)


def test_one_series_that_is_not_as_expected_is_bad() -> None:
    assert answered(vector("0.001", "0.5")) == Held(False, "it is 0.5, expected < 0.01", 0.5)


def test_a_scalar_is_a_value_too() -> None:
    said = Said(200, '{"status": "success", "data": {"resultType": "scalar", "result": [1, "0.002"]}}')
    assert answered(said).holds is True


@pytest.mark.parametrize(
    ("said", "why"),
    [
        (vector(), "no result"),
        (vector("NaN"), "NaN"),
        (Said(200, "<html>login</html>"), "no JSON"),
        (Said(400, '{"status": "error", "error": "parse error"}'), "refuses the query: parse error"),
        (Said(200, '{"status": "success", "data": {"resultType": "vector", "result": [{"value": ["x"]}, 7]}}'), "NaN"),
        (Said(200, '{"status": "success"}'), "no result"),
        (Said(302, "", (("Location", "http://169.254.169.254/"),)), "no JSON"),
    ],
)
def test_what_tells_nothing_is_no_data(said: Said, why: str) -> None:
    found = answered(said)
    assert (found.holds, found.slow) == (None, False)
    assert why in found.why


def test_one_that_is_slow_or_absent_is_no_data() -> None:
    over = threading.Event()

    def slow(path: str) -> Said:
        over.wait(5)
        return vector("0")

    up = PrometheusProbe(query="up", expect="== 1")
    with server(slow) as running:
        found = holds(f"http://{running.host}:{running.port}", up, timeout=0.1)
        over.set()
    assert (found.holds, found.slow, "is slow: no answer within 0.1s" in found.why) == (None, True, True)
    found = holds(f"http://{running.host}:{running.port}", up, timeout=0.5)
    assert (found.holds, found.slow, "can't be connected to" in found.why) == (None, False, True)


WINDOWS = [Window(kind="baseline", name="baseline", start=0, end=10), Window(kind="during", name="during", start=10, end=20)]


@pytest.mark.parametrize(
    "said", [vector(), vector("NaN"), Said(200, "<html>"), Said(503, ""), Said(200, '{"status": "success", "data": 7}')]
)
def test_alerts_and_metrics_of_a_prometheus_that_tells_nothing_are_not_known(said: Said) -> None:
    with server(lambda path: said) as running:
        address = f"http://{running.host}:{running.port}"
        with pytest.raises(Unanswered):
            firing(address, 0, 10, 30.0)
        (found,) = metered(address, [Metric(name="errors", query="errors")], WINDOWS, 30.0)
    assert (found.means, bool(found.why)) == ({}, True)


def test_a_range_whose_values_are_no_numbers_is_empty() -> None:
    matrix = '{"status": "success", "data": {"resultType": "matrix", "result": [{"metric": {}, "values": [[1, "NaN"], [2, "3"], [3], 7]}]}}'
    with server(lambda path: Said(200, matrix)) as running:
        (series,) = between(f"http://{running.host}:{running.port}", "x", 0, 10, 30.0)
    assert series.points == [(2.0, 3.0)]


@pytest.mark.parametrize("address", ["", "prometheus", "file:///etc/passwd", "http://", "http://x:99999"])
def test_an_address_that_is_none_is_refused(address: str) -> None:
    with pytest.raises(UsageError):
        checked(address)
