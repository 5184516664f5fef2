"""Splits and mirrors of the real Contour and Envoy: the shares by counting, the copies by who received them."""

import math
from collections import Counter, defaultdict
from typing import Any

from aichaos.predict.routing.profiles.contour import CONTOUR
from aichaos.predict.routing.request import read
from aichaos.predict.routing.router import Router
from aichaos.predict.routing.table import compile
from tests.controlplane.client import ControlPlane
from tests.controlplane.gateway import RunningGateway
from tests.predict.differential.estates import API
from tests.predict.differential.generate import Asked
from tests.predict.differential.stage import ask, cluster, line, populate

SPLITS: tuple[tuple[tuple[str, int], ...], ...] = (
    (("v1", 1), ("v2", 1)),
    (("v1", 1), ("v2", 3)),
    (("v1", 9), ("v2", 1)),
    (("v1", 5), ("v2", 0)),
    (("v1", 1), ("v2", 1), ("empty", 2)),
    (("v1", 1), ("unready", 1)),
    (("v1", 2), ("missing", 3), ("v2", 1)),
    (("v1", 1), ("v1", 1), ("v2", 1)),
    (("missing", 1), ("empty", 1)),
    (("v1", 1_000), ("v2", 3_000)),
)
TIMES = 300
SIGMAS = 5.0
"""A right share is missed by that much once in two million times."""


def route(gateway: RunningGateway, namespace: str, name: str, **rule: Any) -> dict[str, Any]:
    spec = {"parentRefs": [gateway.parent | {"sectionName": "http"}], "hostnames": [f"{name}.test"], "rules": [rule]}
    return {"apiVersion": API, "kind": "HTTPRoute", "metadata": {"name": name, "namespace": namespace}, "spec": spec}


def test_shares_and_copies_are_those_foretold(
    gateway: RunningGateway, controlplane: ControlPlane, namespaces: tuple[str, str, str]
) -> None:
    services = populate(gateway, namespaces)
    for number, split in enumerate(SPLITS):
        refs = [{"name": name, "port": 80, "weight": weight} for name, weight in split]
        gateway.create(route(gateway, namespaces[0], f"split-{number}", backendRefs=refs))
    for target in ("v2", "empty", "missing"):
        mirror = {"type": "RequestMirror", "requestMirror": {"backendRef": {"name": target, "port": 80}}}
        gateway.create(route(gateway, namespaces[0], f"mirror-{target}", filters=[mirror], backendRefs=[{"name": "v1", "port": 80}]))
    gateway.settle()
    found = cluster(controlplane, gateway, namespaces)
    _shares(gateway, compile(found, CONTOUR), services)
    _copies(gateway, controlplane, Router(found, "contour"), services, namespaces[0])


def _shares(gateway: RunningGateway, table: Any, services: dict[str, str]) -> None:
    for number, split in enumerate(SPLITS):
        asked = Asked("GET", f"split-{number}.test", "/")
        counted: Counter[str] = Counter()
        for _ in range(TIMES):
            answer = ask(gateway, asked)
            counted[services[answer.received.pod] if answer.received else str(answer.status)] += 1
        expected: defaultdict[str, float] = defaultdict(float)
        for one in table.answer(read(line(asked)), (gateway.namespace, gateway.name)).backends:
            expected[str(one.status or one.service)] += one.share
        for name in counted.keys() | expected.keys():
            share = expected[name]
            allowed = SIGMAS * math.sqrt(TIMES * share * (1 - share))
            assert abs(counted[name] - TIMES * share) <= allowed, f"{split}: {dict(counted)} of {TIMES}, foretold {dict(expected)}"


def _copies(gateway: RunningGateway, controlplane: ControlPlane, router: Router, services: dict[str, str], namespace: str) -> None:
    """A copy comes to the Service that the reasons name, and to nobody where it can't."""
    for target in ("v2", "empty", "missing"):
        asked = Asked("GET", f"mirror-{target}.test", f"/copied-{target}")
        answer = ask(gateway, asked)
        assert answer.received is not None
        assert services[answer.received.pod] == f"{namespace}/v1"
        told = router.explain(read(line(asked)), (gateway.namespace, gateway.name))
        assert any(f"a copy goes to {namespace}/{target}" in reason for reason in told.why)
    copies = gateway.backends.heard
    controlplane.wait(lambda: any(path == "/copied-v2" and services[pod].endswith("/v2") for pod, path in copies), what="the copy")
    assert {(services[pod], path) for pod, path in copies if path.startswith("/copied-")} == {
        *((f"{namespace}/v1", f"/copied-{target}") for target in ("v2", "empty", "missing")),
        (f"{namespace}/v2", "/copied-v2"),
    }
