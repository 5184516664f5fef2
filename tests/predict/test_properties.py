"""What holds for every cluster: the order of objects, unrelated routes, shares, and changes made and taken back."""

import random
from collections.abc import Sequence
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as some

from aichaos.domain.base import KubeObject
from aichaos.domain.gateway import HTTPRoute
from aichaos.domain.prediction import Answer, RequestLine
from aichaos.domain.snapshot import Snapshot
from aichaos.predict.routing.profiles.registry import PROFILES
from aichaos.predict.routing.request import Request, read
from aichaos.predict.routing.router import Router
from aichaos.predict.routing.table import Table, compile
from tests.observe.clusters import gateway, listener, route, service, snapshot_of, thing

Manifest = dict[str, Any]
EDGE = ("shop", "edge")
QUICK = settings(deadline=None, max_examples=40)

hosts = some.sampled_from(["a.example.com", "b.example.com", "*.example.com", "*.com"])
matches = some.fixed_dictionaries(
    {
        "path": some.fixed_dictionaries(
            {"type": some.sampled_from(["Exact", "PathPrefix", "PathPrefix"]), "value": some.sampled_from(["/", "/a", "/a/b", "/ab"])}
        )
    },
    optional={
        "method": some.sampled_from(["GET", "POST"]),
        "headers": some.lists(
            some.fixed_dictionaries({"name": some.sampled_from(["x-a", "X-A", "x-b"]), "value": some.sampled_from(["1", "2"])}), max_size=2
        ),
    },
)
rules = some.fixed_dictionaries(
    {
        "matches": some.lists(matches, min_size=1, max_size=2),
        "backendRefs": some.lists(
            some.fixed_dictionaries(
                {"name": some.sampled_from(["web", "v1", "empty", "nowhere"]), "port": some.just(8080), "weight": some.integers(0, 3)}
            ),
            max_size=3,
        ),
    }
)
dates = some.integers(0, 3).map(lambda second: f"2026-01-01T00:00:0{second}Z")


@some.composite
def routes(draw: some.DrawFn) -> list[Manifest]:
    listed = draw(
        some.lists(some.tuples(some.lists(hosts, max_size=2, unique=True), some.lists(rules, min_size=1, max_size=3), dates), max_size=5)
    )
    return [route(f"r{number}", *own, creationTimestamp=date, hostnames=names) for number, (names, own, date) in enumerate(listed)]


requests = some.builds(
    lambda method, host, path, header: read(
        RequestLine(method=method, url=f"http://{host}{path}", headers=((("x-a", header),) if header else ()))
    ),
    some.sampled_from(["GET", "POST"]),
    some.sampled_from(["a.example.com", "b.example.com", "c.example.com", "other.org"]),
    some.sampled_from(["/", "/a", "/a/", "/a/b/c", "/abc"]),
    some.sampled_from(["", "1", "2"]),
)


def cluster(own: Sequence[Manifest]) -> Snapshot:
    slices = [
        thing("EndpointSlice", name, version="discovery.k8s.io/v1", labels={"kubernetes.io/service-name": name})
        | {"addressType": "IPv4", "endpoints": [{"addresses": ["10.0.0.1"]}], "ports": [{"port": 3000}]}
        for name in ("web", "v1")
    ]
    listeners = gateway(listener(), listener("narrow", hostname="*.example.com"))
    return snapshot_of(listeners, *own, *(service(name) for name in ("web", "v1", "empty")), *slices)


@pytest.mark.parametrize("implementation", list(PROFILES))
@QUICK
@given(own=routes(), request=requests, seed=some.integers(0, 9))
def test_the_order_of_objects_never_matters(implementation: str, own: list[Manifest], request: Request, seed: int) -> None:
    snapshot = cluster(own)
    mixed = list(snapshot.http_routes)
    random.Random(seed).shuffle(mixed)
    other = msgspec.structs.replace(snapshot, http_routes=mixed, services=snapshot.services[::-1])
    assert Router(snapshot, implementation).answer(request, EDGE) == Router(other, implementation).answer(request, EDGE)


@QUICK
@given(own=routes(), request=requests)
def test_an_unrelated_route_changes_nothing(own: list[Manifest], request: Request) -> None:
    stranger = route("aa-stranger", hostnames=["elsewhere.net"], creationTimestamp="2020-01-01T00:00:00Z")
    assert answered(cluster(own), request) == answered(cluster([*own, stranger]), request)


def answered(snapshot: Snapshot, request: Request) -> Answer:
    return Router(snapshot).answer(request, EDGE)


@QUICK
@given(own=routes(), request=requests)
def test_shares_add_up(own: list[Manifest], request: Request) -> None:
    answer = compile(cluster(own)).answer(request, EDGE)
    if answer.backends:
        assert sum(one.share for one in answer.backends) == pytest.approx(1.0)
    assert (answer.outcome == "forward") == any(one.status is None for one in answer.backends)


@pytest.mark.parametrize("implementation", list(PROFILES))
@QUICK
@given(own=routes(), asked=some.lists(requests, min_size=1, max_size=4), data=some.data())
def test_a_changed_table_is_the_table_of_the_changed_cluster(
    implementation: str, own: list[Manifest], asked: list[Request], data: some.DataObject
) -> None:
    profile = PROFILES[implementation]
    snapshot = cluster(own)
    table = compile(snapshot, profile)
    gone = data.draw(some.lists(some.sampled_from(snapshot.http_routes), unique_by=id)) if snapshot.http_routes else []
    left = [one for one in snapshot.http_routes if one not in gone]
    fewer = table.changed([(one, None) for one in gone])
    agree(fewer, compile(msgspec.structs.replace(snapshot, http_routes=left), profile), asked)
    young = [_young(one) for one in gone]
    again = fewer.changed([(None, one) for one in young])
    agree(again, compile(msgspec.structs.replace(snapshot, http_routes=[*left, *young]), profile), asked)
    changes: list[tuple[KubeObject | None, KubeObject | None]] = [(new, old) for new, old in zip(young, gone, strict=True)]
    agree(again.changed(changes), table, asked)


def _young(old: HTTPRoute) -> HTTPRoute:
    return msgspec.structs.replace(old, metadata=msgspec.structs.replace(old.metadata, creation_timestamp="2026-02-01T00:00:00Z"))


def agree(one: Table, other: Table, asked: Sequence[Request]) -> None:
    if not (one.poisoned or other.poisoned):
        assert [one.answer(request, EDGE) for request in asked] == [other.answer(request, EDGE) for request in asked]
