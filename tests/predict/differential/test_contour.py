"""Contour and Envoy really asked, each answer compared with the profile `contour`; where the standard differs, the cause is counted."""

import os

from aichaos.predict.routing.profiles.contour import CONTOUR
from aichaos.predict.routing.table import compile
from tests.controlplane.client import ControlPlane
from tests.controlplane.gateway import RunningGateway
from tests.predict.differential.conditions import wrong
from tests.predict.differential.generate import generate
from tests.predict.differential.stage import ask, cluster, load, populate
from tests.predict.differential.tally import Tally

SETS = int(os.environ.get("AICHAOS_DIFFERENTIAL_SETS", "40"))
SEED = int(os.environ.get("AICHAOS_DIFFERENTIAL_SEED", "6"))


def test_every_answer_of_contour_is_foretold(gateway: RunningGateway, controlplane: ControlPlane, namespaces: tuple[str, str, str]) -> None:
    tally = Tally((gateway.namespace, gateway.name), populate(gateway, namespaces))
    sets = [generate(SEED, number, namespaces, gateway.parent | {"sectionName": "http"}) for number in range(SETS)]
    load(gateway, sets)
    table = compile(cluster(controlplane, gateway, namespaces), CONTOUR)
    tally.differences += wrong(lambda: compile(cluster(controlplane, gateway, namespaces), CONTOUR))
    for one in sets:
        names = {route["metadata"]["name"] for _, route in one.routes}
        routes = [each.route for each in table.placements.values() if each.route.name in names]  # the hosts are the set's own
        for asked in one.requests:
            tally.compare(one.name, asked, ask(gateway, asked), table, routes)
    print(tally.report())
    assert not tally.differences, f"{len(tally.differences)} unexplained:\n" + "\n".join(tally.differences[:20])
