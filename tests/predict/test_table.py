"""Which backend answers a request, by the plain reading of the standard."""

import msgspec
import pytest

from aichaos.domain.gateway import HTTPRoute
from aichaos.domain.prediction import Answer, RequestLine
from aichaos.domain.snapshot import Snapshot
from aichaos.predict.routing.request import read
from aichaos.predict.routing.table import Table, compile
from tests.observe.clusters import demo, gateway, listener, route, service, thing, to, topology_of

EDGE = ("shop", "edge")


def cluster(*objects: dict[str, object]) -> Snapshot:
    pods = [thing("Pod", name, labels={"app": name}, status={"phase": "Running"}) | {"spec": {}} for name in ("web", "v1", "v3")]
    for pod in pods:
        pod["status"] = {"phase": "Running", "conditions": [{"type": "Ready", "status": "True"}], "podIP": "10.0.0.1"}
    return topology_of(*objects, *(service(name) for name in ("web", "v1", "v3")), *pods).snapshot


def ask(table: Table, url: str, method: str = "GET", **headers: str) -> Answer:
    return table.answer(read(RequestLine(method=method, url=url, headers=tuple(headers.items()))), EDGE)


def path(value: str, kind: str = "PathPrefix") -> list[dict[str, object]]:
    return [{"path": {"type": kind, "value": value}}]


def test_the_older_of_two_equal_routes_serves() -> None:
    table = compile(
        cluster(
            gateway(),
            route("my-route-v3", to("v3"), creationTimestamp="2026-01-01T00:00:49Z"),
            route("my-route", to("v1"), creationTimestamp="2026-01-01T00:00:00Z"),
        )
    )
    answer = ask(table, "http://lior.example.com/shop")
    assert (answer.outcome, answer.route, [one.service for one in answer.backends]) == ("forward", "shop/my-route", ["shop/v1"])


def test_the_longest_prefix_wins_by_path_element() -> None:
    table = compile(cluster(gateway(), route("a", to("web", matches=path("/"))), route("b", to("v1", matches=path("/foo")))))
    assert ask(table, "http://x/foo/bar").route == "shop/b"
    assert ask(table, "http://x/foobar").route == "shop/a"


@pytest.mark.parametrize(("url", "served"), [("http://a.example.com/", "shop/exact"), ("http://b.example.com/", "shop/wild")])
def test_the_most_specific_hostname_comes_first(url: str, served: str) -> None:
    table = compile(
        cluster(
            gateway(listener(hostname="*.example.com")),
            route("wild", to("web"), hostnames=["*.example.com"]),
            route("exact", to("v1"), hostnames=["a.example.com"]),
        )
    )
    assert ask(table, url).route == served


def test_a_changed_table_answers_like_a_new_one() -> None:
    first, second = (
        route("my-route", to("v1"), creationTimestamp="2026-01-01T00:00:00Z"),
        route("my-route-v3", to("v3"), creationTimestamp="2026-01-01T00:00:49Z"),
    )
    snapshot = cluster(gateway(), first, second)
    old = next(one for one in snapshot.http_routes if one.name == "my-route")
    young: HTTPRoute = msgspec.structs.replace(
        old, metadata=msgspec.structs.replace(old.metadata, creation_timestamp="2026-01-02T00:00:00Z")
    )
    table = compile(snapshot)
    gone = table.changed([(old, None)])
    back = gone.changed([(None, young)])
    assert [ask(one, "http://lior.example.com/shop").route for one in (table, gone, back)] == [
        "shop/my-route",
        "shop/my-route-v3",
        "shop/my-route-v3",
    ]


def test_the_demo_of_the_talk_is_served_by_its_only_route() -> None:
    snapshot = demo("route-chaos").snapshot
    only = snapshot.gateways[0]
    answer = compile(snapshot).answer(read(RequestLine(url="http://lior.example.com/shop")), (only.namespace, only.name))
    assert (answer.outcome, answer.route) == ("forward", "route-chaos/my-route")
