"""Contour and Envoy really asked with several listeners: each answer, and each condition that Contour writes, compared with the profile."""

import os

from aichaos.predict.routing.profiles.contour import CONTOUR
from aichaos.predict.routing.table import compile
from tests.controlplane.client import ControlPlane
from tests.controlplane.gateway import RunningGateway
from tests.predict.differential.conditions import wrong
from tests.predict.differential.estates import CERTIFICATE, HOSTS, Estate, generate
from tests.predict.differential.stage import ask, cluster, next_second, populate
from tests.predict.differential.tally import Tally

ESTATES = int(os.environ.get("AICHAOS_DIFFERENTIAL_ESTATES", "8"))
SEED = int(os.environ.get("AICHAOS_DIFFERENTIAL_SEED", "6"))


def build(gateway: RunningGateway, estate: Estate) -> None:
    gateway.listen(estate.listeners)
    for later, route in estate.routes:
        if later:
            next_second()
        gateway.create(route)
    gateway.settle()
    gateway.client.close()


def test_every_answer_on_every_listener_is_foretold(
    gateway: RunningGateway, controlplane: ControlPlane, namespaces: tuple[str, str, str]
) -> None:
    tally = Tally((gateway.namespace, gateway.name), populate(gateway, namespaces))
    gateway.certificate(CERTIFICATE, HOSTS)
    for number in range(ESTATES):
        estate = generate(SEED, number, namespaces, gateway.parent)
        build(gateway, estate)
        table = compile(cluster(controlplane, gateway, namespaces), CONTOUR)
        routes = [each.route for each in table.placements.values()]
        for asked in estate.requests:
            tally.compare(estate.name, asked, ask(gateway, asked), table, routes)
        tally.differences += wrong(lambda: compile(cluster(controlplane, gateway, namespaces), CONTOUR))
        for _, route in estate.routes:
            gateway.delete(route)
    print(tally.report())
    assert not tally.differences, f"{len(tally.differences)} unexplained:\n" + "\n".join(tally.differences[:20])
