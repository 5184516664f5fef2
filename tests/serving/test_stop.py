"""The stop button on a real run: the real API server and the real gateway, the real form, everything put back."""

import re
from collections.abc import Callable
from pathlib import Path

import httpx2
import pytest

from tests.controlplane.gateway import RunningGateway
from tests.program import Run
from tests.run.shop import Shop, last
from tests.serving import patiently
from tests.serving.conftest import Served, dashboards


@pytest.fixture
def shop(gateway: RunningGateway, aichaos: Run, tmp_path: Path) -> Shop:
    return Shop(gateway, aichaos, tmp_path)


def test_a_run_is_watched_stopped_and_restored(shop: Shop, tmp_path: Path) -> None:
    run = shop.start(shop.experiment(shop.conflict(hold="50s")))
    began = shop.until(run, "step", number=5)
    name = began[0]["run"]
    with dashboards(tmp_path / "state", tmp_path) as start:
        served = start("--allow-stop", KUBECONFIG=str(shop.kubeconfig))
        page = patiently.get(f"{served.url}/runs/{name}").text
        assert re.search(r'<li class="now">', page)
        assert "shop answers from v1" in page
        elsewhere = start(
            "--lease", f"{shop.namespace}/aichaos-run", KUBECONFIG=str(shop.kubeconfig), AICHAOS_STATE_DIR=str(tmp_path / "none")
        )
        page = until(lambda: patiently.get(elsewhere.url).text, "Active in the cluster")
        assert f"aichaos stop {name}" in page
        assert "Nothing was run from this machine yet" in page
        answer = press(served, name)
        assert answer.status_code == 200, answer.text
        assert "The run is asked to stop" in answer.text
        finished = last(shop.until(run, "finished"))
        assert run.wait(30) == 7
        assert (finished["outcome"], finished["restored"]) == ("stopped", "verified")
        assert "in the dashboard: the shop is slow" in finished["stop_reason"]
        assert shop.answering() == "v1"
        page = patiently.get(f"{served.url}/runs/{name}").text
        assert "in the dashboard: the shop is slow" in page
        assert "<form" not in page
        run.communicate(timeout=30)
        again = press(served, name)
        assert again.status_code == 502
        assert f"run {name} is not active in this cluster" in again.text


def press(served: Served, name: str) -> httpx2.Response:
    form = {"token": served.token, "why": "the shop is slow"}
    return patiently.post(f"{served.url}/runs/{name}/stop", data=form, headers={"origin": served.url})


def test_a_cluster_that_nobody_can_ask_is_told_and_delays_no_page(tmp_path: Path, home: Path) -> None:
    with dashboards(home, tmp_path) as start:
        served = start("--kubeconfig", str(tmp_path / "nowhere"))
        page = until(lambda: patiently.get(served.url).text, "Whether a run is active in the cluster is not known")
        assert "Nothing was run from this machine yet" in page


def until(look: Callable[[], str], word: str, tries: int = 200) -> str:
    for _ in range(tries):
        if word in (page := look()):
            return page
    raise AssertionError(f"{word} never came: {page}")
