"""Sham runs give no alarm: nothing is done, and nothing is said to be different. `make shams` takes fifty, the tests take three."""

import os
from itertools import permutations
from pathlib import Path

import pytest

from aichaos.domain.results import Results
from aichaos.measure.compare import beside_sham
from aichaos.measure.reading import readings
from aichaos.measure.samples import NAME, read
from aichaos.records import past
from tests.controlplane.gateway import RunningGateway
from tests.program import Run
from tests.run.shop import Shop, last
from tests.run.test_known_effects import USUAL, slow

SHAMS = int(os.environ.get("AICHAOS_SHAMS", "3"))


@pytest.fixture
def shop(gateway: RunningGateway, aichaos: Run, tmp_path: Path) -> Shop:
    return Shop(gateway, aichaos, tmp_path)


def test_no_sham_run_gives_an_alarm(shop: Shop) -> None:
    probe = shop.probe(tolerance={"success": ">= 99%"}) | {"rate": 50}
    path = shop.experiment(shop.conflict("2s"), steadyState=[probe])
    found: list[tuple[Path, Results]] = []
    for _ in range(SHAMS):
        with slow(shop, v1=0.0 if SHAMS > 3 else USUAL):  # beside other tests on a busy machine; `make shams` is alone
            code, events = shop.json(path, "--sham", "--baseline", "2")
        folder = Path(last(events)["report"]).parent
        found.append((folder, past.results(folder)))
        assert code == 0, last(events)
        assert found[-1][1].title.endswith("(a sham: everything but the fault)")
    alarms = [f"{one.run}: {effect.text}" for _, one in found for each in one.probes for effect in each.effects if effect.beyond_noise]
    differing = [f"{one.run}: {each.request}: {each.why}" for _, one in found for each in one.prediction if each.verdict == "differs"]
    tallies = [(one, readings(read(folder / NAME), one.windows)) for folder, one in found]
    for (one, then), (_, now) in permutations(tallies, 2):
        usual = {name: reading.tally("baseline") for name, reading in now.items()}
        during, idle = ({name: reading.tally("during") for name, reading in seen.items()} for seen in (now, then))
        beside = beside_sham(one.run, during, idle, usual)
        alarms += [beside.text] if beside.verdict == "effect" else []
    assert alarms == []
    assert differing == []
