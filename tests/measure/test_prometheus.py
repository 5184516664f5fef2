"""A query is compared with what is expected; whatever tells nothing is no data."""

import threading

import pytest

from aichaos.errors import UsageError
from aichaos.measure.prometheus import checked, query
from tests.measure.servers import Said, server, vector


def answered(said: Said, expected: str = "< 0.01") -> tuple[bool | None, str, float | None]:
    with server(lambda path: said) as running:
        return query(f"http://{running.host}:{running.port}", "rate(errors[1m])", expected, timeout=2.0)


def test_a_value_as_expected_is_good() -> None:
    assert answered(vector("0.001")) == (True, "", 0.001)


def test_one_series_that_is_not_as_expected_is_bad() -> None:
    assert answered(vector("0.001", "0.5")) == (False, "it is 0.5, expected < 0.01", 0.5)


def test_a_scalar_is_a_value_too() -> None:
    said = Said(200, '{"status": "success", "data": {"resultType": "scalar", "result": [1, "0.002"]}}')
    assert answered(said)[0] is True


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
    holds, told, _ = answered(said)
    assert holds is None
    assert why in told


def test_one_that_is_slow_or_absent_is_no_data() -> None:
    over = threading.Event()

    def slow(path: str) -> Said:
        over.wait(5)
        return vector("0")

    with server(slow) as running:
        holds, why, _ = query(f"http://{running.host}:{running.port}", "up", "== 1", timeout=0.1)
        over.set()
    assert (holds, "no answer within 0.1s" in why) == (None, True)
    holds, why, _ = query(f"http://{running.host}:{running.port}", "up", "== 1", timeout=0.5)
    assert (holds, "can't be connected to" in why) == (None, True)


@pytest.mark.parametrize("address", ["", "prometheus", "file:///etc/passwd", "http://", "http://x:99999"])
def test_an_address_that_is_none_is_refused(address: str) -> None:
    with pytest.raises(UsageError):
        checked(address)
