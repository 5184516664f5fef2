"""Values of header filters as Envoy fills them in: what a running Envoy 1.40 made of each of these."""

import pytest

from aichaos.domain.operators import broken
from aichaos.domain.prediction import RequestLine
from aichaos.predict.routing.profiles.contour import CONTOUR
from aichaos.predict.routing.request import Request, read
from aichaos.predict.routing.table import compile
from aichaos.predict.routing.variables import filled, filled_by_contour
from tests.observe.clusters import gateway, route, to
from tests.predict.test_table import ask, cluster


def request() -> Request:
    return read(RequestLine(method="GET", url="http://a.test/p?q=1", headers=(("X-A", "01"), ("X-A", "2"), ("X-B", "7"))))


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("%REQ(x-a)%", "01"),
        ("%REQ(X-C)%", None),
        ("%REQ(X-C?x-b)%", "7"),
        ("%REQ(X-A):1%", "0"),
        ("a%REQ(X-C)%b", "ab"),
        ("%REQ(X-C)%%PROTOCOL%", "HTTP/1.1"),
        ("%REQ(:path)%|%REQ(:method)%|%REQ(:authority)%|%REQ(host)%", "/p?q=1|GET|a.test|a.test"),
        ("%PATH%", "/p?q=1"),
        ("%QUERY_PARAM(q)%", "1"),
        ("%RESPONSE_CODE%", "0"),
        ("%RESPONSE_FLAGS%", "-"),
        ("%UPSTREAM_HOST%", None),
        ("%RESP(X-A)%", None),
        ("%DYNAMIC_METADATA(a)%", None),
        ("%REQUESTED_SERVER_NAME%", None),
        ("50%% off", "50% off"),
        ("from %HOSTNAME%", "from %HOSTNAME%"),  # what only the running Envoy knows stays as it is written
    ],
)
def test_a_value_is_filled_in_from_the_request(value: str, expected: str | None) -> None:
    assert not broken(value)
    assert filled(value, request()) == expected


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("%REQ(X-C?x-b)%", "7"),
        ("%REQ(X-A):1%", "0"),
        ("100%", "100%"),
        ("%%", "%%"),
        ("%%PROTOCOL%%", "%HTTP/1.1%"),
        ("%RESPONSE_CODE%", "%RESPONSE_CODE%"),  # not among those that Contour lets through
        ("%req(x-a)%", "%req(x-a)%"),
        ("%REQ(X-C)%", None),
    ],
)
def test_contour_lets_some_of_them_through(value: str, expected: str | None) -> None:
    assert filled_by_contour(value, request()) == expected


def test_a_path_is_filled_in_as_it_was_matched() -> None:
    change = {"type": "RequestHeaderModifier", "requestHeaderModifier": {"set": [{"name": "X-S", "value": "%REQ(:path)%"}]}}
    table = compile(cluster(gateway(), route("web", to("v1", filters=[change]))), CONTOUR)
    answer = ask(table, "http://a.test/a/./b?q=1")
    assert answer.received is not None
    assert answer.received.headers == (("X-S", "/a/b?q=1"),)
