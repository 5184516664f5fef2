"""Whoever stops a run is not held up by a question that nobody answers: through a proxy, on the real API server and the real gateway."""

import signal
from pathlib import Path
from typing import Any

import pytest

from tests.controlplane.gateway import RunningGateway
from tests.program import Run
from tests.run.proxy import misbehaving_proxy
from tests.run.shop import Shop, last

MOST = 8.0
"""Seconds from Ctrl-C until all is put back, on a busy machine: less than any question of a run is waited for."""


@pytest.fixture
def shop(gateway: RunningGateway, aichaos: Run, tmp_path: Path) -> Shop:
    return Shop(gateway, aichaos, tmp_path)


def labelled(shop: Shop, version: str) -> dict[str, Any]:
    target = {"kind": "Service", "name": shop.backend(version), "namespace": shop.namespace}
    return {"name": version, "label": target | {"set": {"chaos": "here"}}}


@pytest.mark.parametrize("asks", ["for a condition", "for the object of a step"])
def test_a_question_that_nobody_answers_holds_no_stop_up(shop: Shop, asks: str) -> None:
    gateway = f"{shop.namespace}/{shop.gateway.name}"
    until = {"object": f"Gateway/{gateway}", "condition": "NeverSeen"}
    if asks == "for a condition":
        path, later = f"/gateways/{shop.gateway.name}", [{"name": "wait", "wait": {"until": until, "timeout": "50s"}}]
    else:
        path, later = f"/services/{shop.backend('v2')}", [labelled(shop, "v2")]
    steps = [labelled(shop, "v3"), {"name": "a while", "wait": {"for": "2s"}}, *later]
    with misbehaving_proxy(shop.gateway.controlplane, seed=1, share=0.0) as proxy:
        shop.kubeconfig = shop.gateway.controlplane.kubeconfig(server=proxy.url)
        process = shop.start(shop.experiment(steps))
        shop.until(process, "step", number=2)
        proxy.always[path] = "silence"
        shop.gateway.controlplane.wait(lambda: proxy.done["silence"], what="the run to ask in vain")
        process.send_signal(signal.SIGINT)
        shop.until(process, "restoring")
        proxy.always.clear()
        end = last(shop.until(process, "finished"))
        process.communicate(timeout=60)
    assert (process.returncode, end["outcome"], end["restored"]) == (7, "stopped", "verified"), end
    assert end["stop_to_restored_seconds"] < MOST
