"""What the talk shows, end to end: the real API server, the real gateway, and requests that no code of the program has a part in."""

from pathlib import Path

import pytest

from tests.controlplane.gateway import RunningGateway
from tests.program import Run
from tests.run.shop import Shop


@pytest.fixture
def shop(gateway: RunningGateway, aichaos: Run, tmp_path: Path) -> Shop:
    return Shop(gateway, aichaos, tmp_path)


def test_a_younger_rival_takes_over_as_predicted_and_everything_is_put_back(shop: Shop) -> None:
    assert shop.answering() == "v1"
    code, events = shop.json(shop.experiment(shop.conflict(), title="Delete and recreate my-route beside a younger rival"))
    last = events[-1]
    assert last["event"] == "finished", events
    assert (code, last["outcome"], last["restored"], last["verdict"]) == (3, "completed", "verified", "fail"), events
    assert set(last) == {
        "event", "run", "outcome", "stop_reason", "restored", "stop_to_restored_seconds", "verdict", "left_over", "foreign", "report",
    }  # fmt: skip
    seen = [one["detail"] for one in events if one["event"] == "probed"]
    assert any("v3 answered" in one for one in seen)
    shop.gateway.settle()
    assert shop.answering() == "v1"
