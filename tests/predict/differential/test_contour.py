"""Contour and Envoy really asked, each answer compared with the profile `contour`; where the standard differs, the cause is counted."""

import os
import time
from collections import Counter
from collections.abc import Iterator

import pytest

from aichaos.domain.prediction import Answer as Predicted
from aichaos.domain.prediction import RequestLine
from aichaos.domain.snapshot import Source
from aichaos.observe.manifests import snapshot
from aichaos.predict.routing.departures import departures
from aichaos.predict.routing.profiles.contour import CONTOUR
from aichaos.predict.routing.profiles.standard import STANDARD
from aichaos.predict.routing.request import Request, read
from aichaos.predict.routing.table import Table, compile
from aichaos.predict.routing.world import Key
from tests.controlplane.asking import Answer
from tests.controlplane.client import ControlPlane
from tests.controlplane.gateway import RunningGateway
from tests.predict.differential.generate import WAVES, Asked, RouteSet, generate

SETS = int(os.environ.get("AICHAOS_DIFFERENTIAL_SETS", "40"))
SEED = int(os.environ.get("AICHAOS_DIFFERENTIAL_SEED", "6"))
_API = "/apis/gateway.networking.k8s.io"


@pytest.fixture(scope="module")
def namespaces(controlplane: ControlPlane) -> Iterator[tuple[str, str, str]]:
    with controlplane.namespace() as one, controlplane.namespace() as other, controlplane.namespace() as theirs:
        yield one, other, theirs


def populate(gateway: RunningGateway, namespaces: tuple[str, str, str]) -> dict[str, str]:
    """The Services that all sets use; address → Service."""
    found: dict[str, str] = {}
    for number, namespace in enumerate(namespaces):
        names = ("v1", "v2", "empty", "unready") if number < 2 else ("granted", "private")
        for place, name in enumerate(names):
            address = f"10.244.160.{1 + number * 10 + place}"
            gateway.service(namespace, name, [] if name == "empty" else [address], ready=False if name == "unready" else None)
            found[address] = f"{namespace}/{name}"
    grant = {
        "from": [{"group": "gateway.networking.k8s.io", "kind": "HTTPRoute", "namespace": namespaces[0]}],
        "to": [{"group": "", "kind": "Service", "name": "granted"}],
    }
    metadata = {"name": "granted", "namespace": namespaces[2]}
    gateway.create({"apiVersion": "gateway.networking.k8s.io/v1beta1", "kind": "ReferenceGrant", "metadata": metadata, "spec": grant})
    return found


def next_second() -> None:
    """Ages have a resolution of one second, and waves are to differ in age: the clock itself is what is waited for."""
    time.sleep(1.0 - time.time() % 1.0)


def load(gateway: RunningGateway, sets: list[RouteSet]) -> None:
    for wave in range(WAVES):
        for one in sets:
            for when, route in one.routes:
                if when == wave:
                    gateway.create(route)
        next_second()
    for one in sets:
        for _, route in one.routes:
            if route["metadata"]["name"] in one.again:
                gateway.delete(route)
                gateway.create(route)
    gateway.settle()


def cluster(controlplane: ControlPlane, gateway: RunningGateway, namespaces: tuple[str, str, str]) -> Table:
    """The table that the profile makes of what the API server holds now."""
    items = []
    paths = [
        ("/api/v1/namespaces", "Namespace"),
        (f"{_API}/v1/gatewayclasses", "GatewayClass"),
        (f"{_API}/v1/namespaces/{gateway.namespace}/gateways", "Gateway"),
    ]
    for namespace in (*namespaces, gateway.namespace):
        paths += [
            (f"{_API}/v1/namespaces/{namespace}/httproutes", "HTTPRoute"),
            (f"{_API}/v1beta1/namespaces/{namespace}/referencegrants", "ReferenceGrant"),
            (f"/api/v1/namespaces/{namespace}/services", "Service"),
            (f"/apis/discovery.k8s.io/v1/namespaces/{namespace}/endpointslices", "EndpointSlice"),
        ]
    for path, kind in paths:
        listed = controlplane.get(path)
        for item in listed["items"]:
            item.update(kind=kind, apiVersion=listed["apiVersion"])
            items.append(item)
    return compile(snapshot(items, Source(kind="live", cluster="test")), CONTOUR)


def fits(predicted: Predicted, answer: Answer, services: dict[str, str]) -> bool:
    """Whether what came back is an answer that was foretold."""
    if answer.received is None:
        split = {one.status for one in predicted.backends} if predicted.outcome == "forward" else set()
        return answer.status in ({predicted.status} | split) and (predicted.outcome != "redirect" or answer.location == predicted.location)
    if predicted.received is None or services[answer.received.pod] not in {one.service for one in predicted.backends if one.status is None}:
        return False
    if answer.received.method == "HEAD":
        return True
    sent = {name.lower(): value for name, value in predicted.received.headers}
    seen = dict(answer.received.headers)
    as_set = all(seen.get(name) == value for name, value in sent.items() if name == "x-s")
    told = (predicted.received.path, predicted.received.host.lower())
    return as_set and told == (answer.received.path, answer.received.host.lower())


def line(asked: Asked) -> RequestLine:
    return RequestLine(
        method=asked.method, url=f"http://{asked.host.partition(':')[0]}{asked.path}", headers=(*asked.headers, ("Host", asked.host))
    )


def named(one: RouteSet, request: Request, table: Table, key: Key, answer: Predicted, usual: Predicted) -> list[str]:
    """The deviations that make an answer another one than the standard's. The hosts are the set's own: nobody else's routes matter."""
    names = {route["metadata"]["name"] for _, route in one.routes}
    routes = [each.route for each in table.placements.values() if each.route.name in names]
    return departures(answer, usual, CONTOUR, lambda other: Table(table.world, routes, other).answer(request, key))


def test_every_answer_of_contour_is_foretold(gateway: RunningGateway, controlplane: ControlPlane, namespaces: tuple[str, str, str]) -> None:
    services = populate(gateway, namespaces)
    sets = [generate(SEED, number, namespaces, gateway.parent | {"sectionName": "http"}) for number in range(SETS)]
    load(gateway, sets)
    table = cluster(controlplane, gateway, namespaces)
    plain = Table(table.world, [one.route for one in table.placements.values()], STANDARD)
    key = (gateway.namespace, gateway.name)
    differences, counts, causes = [], Counter[str](), Counter[str]()
    for one in sets:
        for asked in one.requests:
            request = read(line(asked))
            answer = gateway.ask(asked.method, asked.host, asked.path, asked.headers)
            possible = table.possible(request, key)
            counts["asked"] += 1
            counts["random"] += len(possible) > 1
            if not any(fits(each, answer, services) for each in possible):
                differences.append(f"{one.name} {asked}: {answer}, foretold {possible}")
                continue
            usual = plain.answer(request, key)
            if len(possible) == 1 and usual.brief != possible[0].brief:
                counts["otherwise by the standard"] += 1
                said = named(one, request, table, key, possible[0], usual)
                causes.update(each.partition(":")[0] for each in said)
    print(dict(counts), dict(causes))
    assert not differences, f"{len(differences)} of {counts['asked']}:\n" + "\n".join(differences[:20])
