"""The profiles `istio` and `envoy-gateway` against what these gateways really answered (`make oracles` asks them anew)."""

import pytest

from aichaos.predict.routing.profiles.registry import by_name

from . import records
from .compare import compared

PARTS = 4
"""The clusters of a gateway are judged in so many tests, side by side."""


@pytest.mark.parametrize("part", range(PARTS))
@pytest.mark.parametrize("gateway", ["envoy-gateway", "istio"])
def test_every_recorded_answer_is_foretold(gateway: str, part: int) -> None:
    found = compared(records.worlds()[part::PARTS], records.answers(gateway), by_name(gateway))
    wrong = [str(one) for one in (*found.refusals, *found.differences)]
    assert not wrong, f"{len(wrong)} of {found.asked}:\n" + "\n".join(wrong[:10])
    unnamed = [str(one) for one in found.unnamed]
    assert not unnamed, "departs from the standard by no named deviation:\n" + "\n".join(unnamed[:10])


@pytest.mark.parametrize("gateway", ["envoy-gateway", "istio"])
def test_there_are_enough_of_them(gateway: str) -> None:
    worlds, answers = records.worlds(), records.answers(gateway)
    assert len(worlds) >= 300
    assert [one.name for one in worlds] == list(answers)
    assert all(len(answers[one.name]["answers"]) == len(one.requests) for one in worlds)
