"""Clusters and requests that make no sense, or too much of it: a clear answer, soon.

Seconds here are this process's own: a busy neighbour adds none.
"""

import time
from typing import Any

import pytest

from aichaos.domain.prediction import Answer, RequestLine
from aichaos.errors import UsageError
from aichaos.predict.routing.request import read
from aichaos.predict.routing.router import Router
from tests.observe.clusters import gateway, listener, route, service, snapshot_of, to

EDGE = ("shop", "edge")
Manifest = dict[str, Any]


def ask(url: str, *objects: Manifest, **headers: str) -> Answer:
    router = Router(snapshot_of(*objects), "standard")
    request = read(RequestLine(url=url, headers=tuple(headers.items())))
    return router.explain(request, router.gateway(request))


def expression(value: str) -> Manifest:
    return {"path": {"type": "RegularExpression", "value": value}}


def test_a_hundred_thousand_matches_in_one_route() -> None:
    matches = [{"headers": [{"name": f"x-{number}", "value": "1"}]} for number in range(100_000)]
    objects = (gateway(), service("web"), route("big", to("web", matches=matches)))
    start = time.process_time()
    assert ask("http://a/", *objects, **{"x-99999": "1"}).match == 99_999
    assert time.process_time() - start < 20


def test_an_expression_that_another_engine_could_not_finish() -> None:
    start = time.process_time()
    answer = ask(f"http://a/{'x' * 5000}", gateway(), service("web"), route("slow", to("web", matches=[expression("/(x+x+)+y")])))
    assert answer.status == 404
    assert max(map(len, answer.why)) < 400
    assert time.process_time() - start < 5


def test_an_expression_that_re2_refuses_is_named_and_open() -> None:
    bad = route("bad", to("web", matches=[expression("/a(?=b)"), {"path": {"type": "Exact", "value": "/x"}}]))
    answer = ask("http://a/x", gateway(), service("web"), bad)
    assert answer.outcome == "implementation-specific"
    assert any("RE2 refuses" in reason for reason in answer.why)


def test_a_route_that_names_what_is_not_there() -> None:
    answer = ask("http://a/", gateway(), route("lost", to("nowhere")))
    assert (answer.outcome, answer.status) == ("error", 500)
    assert any("shop/nowhere does not exist" in reason for reason in answer.why)
    assert ask("http://a/", gateway(), route("lost", to("web"), parentRefs=[{"name": "elsewhere"}])).status == 404


def test_rivals_without_dates_are_a_tie_that_nobody_decides() -> None:
    answer = ask("http://a/", gateway(), service("web"), service("v1"), route("a", to("web")), route("b", to("nowhere")))
    assert answer.outcome == "implementation-specific"
    assert any("ages unknown, tie undecided" in reason for reason in answer.why)


@pytest.mark.parametrize("url", ["http://[::1/x", "http://::1]/x", "http://::1/", "http://[nonsense]/", "http://[]/"])
def test_an_address_that_is_none_is_no_host(url: str) -> None:
    with pytest.raises(UsageError, match="IPv6") as caught:
        read(RequestLine(url=url))
    assert "http://[::1]/" in caught.value.hint


def test_a_name_with_other_letters_is_asked_as_a_client_would_send_it() -> None:
    asked = read(RequestLine(url="https://Bücher.example.com:8443/"))
    assert (asked.host, asked.sni) == ("xn--bcher-kva.example.com", "xn--bcher-kva.example.com")
    assert asked.authority == "xn--bcher-kva.example.com:8443"
    books = route("books", to("web"), hostnames=["xn--bcher-kva.example.com"])
    assert ask("http://bücher.example.com/", gateway(), service("web"), books).route == "shop/books"
    with pytest.raises(UsageError, match="is no host name"):
        read(RequestLine(url="http://☃︎..example.com/"))


def test_a_fragment_is_not_said_to_be_sent_by_clients() -> None:
    router = Router(snapshot_of(gateway(), service("web"), route("web", to("web"))), "contour")
    request = read(RequestLine(url="http://a/x#y"))
    answer = router.explain(request, router.gateway(request))
    assert answer.status == 400
    assert "a client keeps what follows a # to itself: without it, the request is GET http://a/x" in answer.why


def test_a_listener_of_an_unknown_protocol_is_no_conflict() -> None:
    strange = gateway(listener("x", port=7000, protocol="example.com/foo"))
    (why,) = ask("http://a:7000/", strange, service("web")).why
    assert why == "the listener shop/edge/x on port 7000 serves nothing (UnsupportedProtocol)"
    twins = gateway(listener("x"), listener("y"))
    (why,) = ask("http://a/", twins, service("web")).why
    assert why == "the listeners on port 80 are in conflict with each other and serve nothing"
