"""What an answer has beside it: where copies of the request go, and what becomes of the answer's headers."""

from typing import Any

import pytest
from msgspec import UNSET

from aichaos.domain.prediction import Answer, Changes, Mirror, RequestLine
from aichaos.predict.routing.request import read
from aichaos.predict.routing.router import Router
from tests.predict.shop import route, shop

Manifest = dict[str, Any]
CHANGE = {"set": [{"name": "X-Served", "value": "shop"}], "add": [{"name": "Via", "value": "gw"}], "remove": ["Server"]}
CHANGED = Changes(set=(("X-Served", "shop"),), add=(("Via", "gw"),), remove=("Server",))
OTHER_HEADERS = {"type": "ResponseHeaderModifier", "responseHeaderModifier": CHANGE}


def copy(name: str = "v2", **share: Any) -> Manifest:
    return {"type": "RequestMirror", "requestMirror": {"backendRef": {"name": name, "port": 80}, **share}}


def asked(*filters: Manifest, implementation: str = "standard", **rule: Any) -> Answer:
    cluster = shop(route("other", host="b.test", filters=list(filters), **rule))
    request = read(RequestLine(url="http://b.test/"))
    router = Router(cluster, implementation)
    return router.explain(request, router.gateway(request))


@pytest.mark.parametrize(
    ("share", "of_all"), [({}, 1.0), ({"percent": 10}, 0.1), ({"fraction": {"numerator": 1, "denominator": 200}}, 0.005)]
)
def test_a_mirror_is_told_with_its_share(share: Manifest, of_all: float) -> None:
    assert asked(copy(**share)).mirrors == (Mirror(service="shop/v2", port=80, share=of_all),)


def test_contour_copies_all_and_the_difference_is_named() -> None:
    answer = asked(copy(percent=10), implementation="contour")
    assert answer.mirrors == (Mirror(service="shop/v2", port=80, share=1.0),)
    assert "the standard says otherwise: 10 % are copied to shop/v2" in answer.why


def test_nothing_is_copied_to_nowhere_or_where_no_backend_answers() -> None:
    assert asked(copy("nowhere")).mirrors is UNSET
    assert asked(copy(), backendRefs=[{"name": "nowhere", "port": 80}]).mirrors is UNSET


def test_headers_of_the_answer_are_told_whoever_gives_it() -> None:
    assert asked(OTHER_HEADERS).response_headers == CHANGED
    redirect = {"type": "RequestRedirect", "requestRedirect": {"hostname": "n.test"}}
    assert asked(OTHER_HEADERS, redirect).response_headers == CHANGED
    assert asked(copy()).response_headers is UNSET


def test_a_gateway_that_leaves_its_redirects_alone_is_told_apart() -> None:
    redirect = {"type": "RequestRedirect", "requestRedirect": {"hostname": "n.test"}}
    answer = asked(OTHER_HEADERS, redirect, implementation="contour")
    assert answer.response_headers is UNSET
    assert "the standard says otherwise: the answer's headers are changed" in answer.why


def test_a_rewritten_host_is_kept_in_a_header_by_envoy_gateway() -> None:
    rewrite = {"type": "URLRewrite", "urlRewrite": {"hostname": "n.test"}}
    answer = asked(rewrite, implementation="envoy-gateway")
    assert answer.received is not None
    assert ("X-Forwarded-Host", "b.test") in answer.received.headers
    assert "the standard says otherwise: no X-Forwarded-Host is received" in answer.why
    plain = asked(rewrite).received
    assert plain is not None
    assert plain.headers == ()


def test_a_host_that_a_backend_writes_leaves_no_trace() -> None:
    rewrite = {"type": "URLRewrite", "urlRewrite": {"hostname": "n.test"}}
    answer = asked(implementation="envoy-gateway", backendRefs=[{"name": "v1", "port": 80, "filters": [rewrite]}])
    assert answer.received is not None
    assert (answer.received.host, answer.received.headers) == ("n.test", ())
