"""X-Forwarded-Proto and X-Forwarded-For as the gateways write them before they match, and as a backend receives them."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aichaos.domain.prediction import Answer, Pairs, RequestLine
from aichaos.predict.routing.forwarded import CLIENT
from aichaos.predict.routing.request import read
from aichaos.predict.routing.router import Router
from tests.observe.clusters import deployment, gateway, listener, route, service, to, topology_of

MEASURED = ("contour", "istio", "envoy-gateway")
GATEWAY = gateway(listener(), listener("tls", protocol="HTTPS", port=443, tls={"certificateRefs": [{"name": "cert"}]}))
SCHEME = {"headers": [{"name": "x-forwarded-proto", "value": "https"}]}


def answer(url: str, *headers: tuple[str, str], implementation: str, rules: list[dict[str, Any]]) -> Answer:
    backends = (service("web"), deployment("web"), service("web-v2"), deployment("web-v2"))
    router = Router(topology_of(GATEWAY, route("web", *rules), *backends).snapshot, implementation)
    request = read(RequestLine(url=url, headers=headers))
    return router.explain(request, router.gateway(request, None))


def changed(**change: Any) -> dict[str, Any]:
    return to("web", filters=[{"type": "RequestHeaderModifier", "requestHeaderModifier": change}])


def seen(found: Answer, name: str) -> list[str]:
    assert found.received is not None
    return [value for key, value in (*found.received.headers, *(found.added or ())) if key.lower() == name.lower()]


@pytest.mark.parametrize("implementation", MEASURED)
def test_the_scheme_that_a_client_tells_chooses_no_route(implementation: str) -> None:
    rules = [to("web", matches=[SCHEME]), to("web-v2")]
    told = ("X-Forwarded-Proto", "https")
    assert answer("http://a.test/", told, implementation=implementation, rules=rules).rule == 1
    assert answer("http://a.test/", told, implementation="standard", rules=rules).rule == 0
    assert answer("https://a.test/", ("X-Forwarded-Proto", "http"), implementation=implementation, rules=rules).rule == 0
    why = answer("http://a.test/", told, implementation=implementation, rules=rules).why
    assert any("forwarded-headers" in line for line in why)


def test_what_the_gateway_adds_is_told_apart_from_what_the_client_sent() -> None:
    plain = answer("http://a.test/", implementation="contour", rules=[to("web")])
    assert plain.received is not None
    assert plain.received.headers == ()
    assert plain.added == (("X-Forwarded-Proto", "http"), ("X-Forwarded-For", CLIENT))
    assert not answer("http://a.test/", implementation="standard", rules=[to("web")]).added
    sent: Pairs = (("X-Forwarded-Proto", "http"), ("x-forwarded-for", "192.0.2.1"), ("X-Forwarded-For", "192.0.2.2"))
    found = answer("http://a.test/", *sent, implementation="contour", rules=[to("web")])
    assert found.received is not None
    assert found.received.headers == (("X-Forwarded-Proto", "http"), ("X-Forwarded-For", f"192.0.2.1,192.0.2.2,{CLIENT}"))
    assert not found.added


def test_filters_come_behind_the_gateway() -> None:
    proto = [{"name": "X-Forwarded-Proto", "value": "https"}]
    rules = {"set": changed(set=proto), "add": changed(add=proto), "remove": changed(remove=["x-forwarded-proto", "X-Forwarded-For"])}
    found = {name: answer("http://a.test/", implementation="istio", rules=[rule]) for name, rule in rules.items()}
    assert {name: seen(one, "X-Forwarded-Proto") for name, one in found.items()} == {
        "set": ["https"],
        "add": ["http,https"],
        "remove": [],
    }
    assert seen(found["remove"], "X-Forwarded-For") == []
    assert seen(found["add"], "X-Forwarded-For") == [CLIENT]


@given(st.lists(st.tuples(st.sampled_from(["X-Forwarded-For", "x-forwarded-proto", "X-A"]), st.text("ab,", max_size=4)), max_size=5))
def test_each_of_the_two_is_one_line_whatever_is_sent(headers: list[tuple[str, str]]) -> None:
    found = answer("http://a.test/", *headers, implementation="envoy-gateway", rules=[to("web")])
    assert seen(found, "X-Forwarded-Proto") == ["http"]
    (addresses,) = seen(found, "X-Forwarded-For")
    assert addresses.endswith(CLIENT)
    assert seen(found, "X-A") == [value for name, value in headers if name == "X-A"]
