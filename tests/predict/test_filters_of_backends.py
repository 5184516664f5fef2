"""Filters of a rule and of its backends together, as Istio was seen to combine them (`make oracles`, seed 551902)."""

from typing import Any

from aichaos.domain.prediction import Answer, RequestLine
from aichaos.predict.routing.request import read
from aichaos.predict.routing.router import Router
from tests.observe.clusters import deployment, gateway, route, service, to, topology_of


def answer(rule: dict[str, Any], implementation: str = "istio") -> Answer:
    cluster = topology_of(gateway(), route("web", rule), service("web"), deployment("web"), service("other"), deployment("other"))
    router = Router(cluster.snapshot, implementation)
    request = read(RequestLine(url="http://a.test/", headers=(("X-A", "0"),)))
    return router.answer(request, router.gateway(request, None))


def changing(**change: Any) -> list[dict[str, Any]]:
    return [{"type": "RequestHeaderModifier", "requestHeaderModifier": change}]


def seen(found: Answer) -> list[str]:
    assert found.received is not None
    return [value for name, value in found.received.headers if name.lower() == "x-a"]


def both(own: list[dict[str, Any]], rule: list[dict[str, Any]], *others: str) -> dict[str, Any]:
    """A rule with filters, whose backends have filters of their own."""
    made = to("web", *others, filters=rule)
    for one in made["backendRefs"]:
        one["filters"] = own
    return made


def test_the_headers_of_a_rule_and_of_its_only_backend_are_changed_at_once() -> None:
    setting = changing(set=[{"name": "X-A", "value": "2"}])
    assert seen(answer(both(setting, changing(set=[{"name": "X-A", "value": "3"}], add=[{"name": "x-a", "value": "4"}])))) == ["2", "4"]
    assert seen(answer(both(changing(remove=["X-A"]), changing(add=[{"name": "X-A", "value": "2"}])))) == ["2"]
    assert seen(answer(both(changing(remove=["X-A"]), changing(add=[{"name": "X-A", "value": "2"}])), "standard")) == []


def test_where_backends_share_the_requests_their_own_filters_come_first() -> None:
    setting = changing(set=[{"name": "X-A", "value": "2"}])
    assert seen(answer(both(setting, changing(set=[{"name": "X-A", "value": "3"}]), "other"))) == ["3"]


def test_a_filter_of_a_backend_that_gets_nothing_is_not_looked_at() -> None:
    redirect = [{"type": "RequestRedirect", "requestRedirect": {"hostname": "own.test"}}]
    assert answer(both(redirect, [])).status == 404, "nothing of the route is served"
    made = both(redirect, [])
    made["backendRefs"][0]["weight"] = 0
    assert answer(made).status == 500
