"""The profiles `istio` and `envoy-gateway` against what these gateways really answered (`make oracles` asks them anew)."""

import pytest

from aichaos.predict.routing.profiles.registry import by_name

from . import records
from .compare import compared

PARTS = 4
"""The clusters of a suite are judged in so many tests, side by side."""
SUITES = {
    "envoy-gateway": ("envoy-gateway", "worlds", 300),
    "envoy-gateway-pages": ("envoy-gateway", "pages", 80),
    "envoy-gateway-calls": ("envoy-gateway", "calls", 40),
    "istio": ("istio", "worlds", 300),
    "istio-pages": ("istio", "pages", 80),
    "istio-calls": ("istio", "calls", 40),
    "istio-mesh": ("istio", "meshes", 200),
}
"""The profile of each, the file of its clusters, and how many these are at least."""


@pytest.mark.parametrize("part", range(PARTS))
@pytest.mark.parametrize("suite", SUITES)
def test_every_recorded_answer_is_foretold(suite: str, part: int) -> None:
    profile, clusters, _ = SUITES[suite]
    found = compared(records.worlds(clusters)[part::PARTS], records.answers(suite), by_name(profile))
    wrong = [str(one) for one in (*found.refusals, *found.differences)]
    assert not wrong, f"{len(wrong)} of {found.asked}:\n" + "\n".join(wrong[:10])
    assert not found.unwritten, f"of {found.conditions} conditions:\n" + "\n".join(found.unwritten[:10])
    assert found.conditions or _in_a_mesh(suite), "no condition was compared"
    unnamed = [str(one) for one in found.unnamed]
    assert not unnamed, "departs from the standard by no named deviation:\n" + "\n".join(unnamed[:10])


def _in_a_mesh(suite: str) -> bool:
    """Whether the routes of a suite have Services as parents: what is written of those is not foretold."""
    return suite.endswith("-mesh")


@pytest.mark.parametrize("suite", SUITES)
def test_there_are_enough_of_them(suite: str) -> None:
    _, kept, least = SUITES[suite]
    clusters, answers = records.worlds(kept), records.answers(suite)
    assert len(clusters) >= least
    assert [one.name for one in clusters] == list(answers)
    assert all(len(answers[one.name]["answers"]) == len(one.requests) for one in clusters)
