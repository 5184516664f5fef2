"""The cases of the gateways' pages, given to a real Contour and Envoy: what the pages say of it is what it does."""

import os
from collections.abc import Iterator

import pytest

from aichaos.predict.routing.profiles.contour import CONTOUR
from aichaos.predict.routing.table import compile
from tests.controlplane.client import ControlPlane
from tests.controlplane.gateway import RunningGateway
from tests.predict.differential.generate import Asked
from tests.predict.differential.stage import ask, cluster, next_second
from tests.predict.differential.tally import Tally
from tools.gateways.book import CERTIFICATE, NAMESPACES, SERVICES, Case, cases, listeners, routes

ALL = [one for one in cases().values() if "contour" in one.answers and not one.alone]
CHOSEN = ALL if os.environ.get("AICHAOS_DIFFERENTIAL_CASES") == "all" else ALL[:: len(ALL) // 6]
TIMES = 5
"""How often each is asked: a split shows itself."""


@pytest.fixture(scope="module")
def names(gateway: RunningGateway, controlplane: ControlPlane) -> Iterator[dict[str, str]]:
    """Namespaces of the cases → those that really are there."""
    with controlplane.namespace() as one, controlplane.namespace(f"{one}-b") as other:
        found = {"shop": gateway.namespace, "n9-a": one, "n9-a-b": other}
        for name, team in NAMESPACES.items():
            change = {"metadata": {"labels": {"team": team}}}
            path = f"/api/v1/namespaces/{found[name]}"
            controlplane.request("PATCH", path, change, content_type="application/merge-patch+json")
        yield found


@pytest.fixture(scope="module")
def services(gateway: RunningGateway, names: dict[str, str]) -> dict[str, str]:
    """Addresses of pods → their Services."""
    gateway.certificate(CERTIFICATE, ["a.example.com", "b.example.com"])
    found: dict[str, str] = {}
    for number, namespace in enumerate(names.values()):
        for place, (name, ready) in enumerate(SERVICES.items()):
            address = f"10.244.161.{1 + number * 10 + place}"
            gateway.service(namespace, name, [] if ready is None else [address], ready)
            found[address] = f"{namespace}/{name}"
    return found


@pytest.mark.parametrize("case", CHOSEN, ids=lambda case: case.name)
def test_contour_answers_as_its_page_says(
    case: Case, gateway: RunningGateway, controlplane: ControlPlane, names: dict[str, str], services: dict[str, str]
) -> None:
    gateway.listen(listeners(case))
    made = sorted(routes(case, (gateway.namespace, gateway.name), names), key=lambda one: one[0])
    for number, (age, route) in enumerate(made):
        if number == 0 or age != made[number - 1][0]:
            next_second()
        gateway.create(route)
    gateway.settle()
    gateway.client.close()
    tally = Tally((gateway.namespace, gateway.name), services)
    table = compile(cluster(controlplane, gateway, tuple(names.values())), CONTOUR)
    found = [each.route for each in table.placements.values()]
    for _ in range(TIMES):
        tally.compare(case.name, asked(case), ask(gateway, asked(case)), table, found)
    for _, route in made:
        gateway.delete(route)
    assert not tally.differences, tally.differences[0]


def asked(case: Case) -> Asked:
    """The request of a case, as the client of the testbed sends it."""
    line = case.line
    scheme, _, rest = line.url.partition("://")
    authority, slash, path = rest.partition("/")
    name, _, port = authority.partition(":")
    host = next((value for header, value in line.headers if header == "Host"), authority)
    headers = tuple(pair for pair in line.headers if pair[0] != "Host")
    number = int(port) if port else 443 if scheme == "https" else 80
    return Asked(line.method, host, slash + path, headers, number, name if scheme == "https" else None)
