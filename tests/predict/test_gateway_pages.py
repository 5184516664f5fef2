"""What the pages of gateways say is what the engine answers, and every point that is known of a gateway is on its page."""

import pytest

from aichaos.predict.routing.departures import departures, without
from aichaos.predict.routing.profile import Deviation, Profile
from aichaos.predict.routing.profiles.registry import PROFILES
from aichaos.predict.routing.profiles.standard import STANDARD
from aichaos.predict.routing.request import read
from aichaos.predict.routing.table import compile
from tools.gateways.book import GATEWAY, Row, answered, cases, cluster, rows

MEASURED = [one for one in PROFILES.values() if one.measured]
KNOWN = {
    "contour": {
        *(f"A{number}" for number in range(1, 25)),
        *(f"B{number}" for number in range(1, 20)),
        *(f"C{number}" for number in range(1, 14)),
    },
    "istio": {
        *(f"A{number}" for number in range(1, 11)),
        *(f"B{number}" for number in range(1, 29)),
        "A2 variables",
        *(f"C{number}" for number in range(1, 8)),
    },
    "envoy-gateway": {
        *(f"D{number}" for number in range(1, 21) if number != 9),
        *(f"F{number}" for number in range(1, 36)),
        *("D11 variables", "G1", "G2", "G3", "G4", "G5", "G6", "G7"),
    },
}
"""The points that were found when each gateway was asked; D9 of Envoy Gateway turned out to be none."""
UNMODELLED = {"contour": set[str](), "istio": set[str](), "envoy-gateway": set[str]()}
WITHOUT_CASE = {"contour": {"C2", "C3", "C4", "C6", "C9"}, "istio": {"C2", "C4", "C5", "C6"}, "envoy-gateway": {"D20", "G4", "G5"}}
"""About conditions, GRPCRoutes, protocols, copies of requests, and requests that pass no Gateway: other tests ask them."""
EVERY = [(profile, row) for profile in MEASURED for row in rows(profile.name)]


def named(one: tuple[Profile, Row]) -> str:
    return f"{one[0].name}-{one[1].row}"


@pytest.mark.parametrize("name", cases())
def test_every_answer_of_a_case_is_the_engines(name: str) -> None:
    case = cases()[name]
    assert {profile: answered(name, PROFILES[profile]) for profile in case.answers} == {
        profile: str(said) for profile, said in case.answers.items()
    }


@pytest.mark.parametrize("profile", MEASURED, ids=lambda profile: profile.name)
def test_every_known_point_has_its_row(profile: Profile) -> None:
    found = [row.row for row in rows(profile.name)]
    assert len(found) == len(set(found))
    assert set(found) == KNOWN[profile.name]
    assert {row.row for row in rows(profile.name) if row.unmodelled} == UNMODELLED[profile.name]
    assert {row.row for row in rows(profile.name) if not row.cases} == WITHOUT_CASE[profile.name]


@pytest.mark.parametrize("profile", MEASURED, ids=lambda profile: profile.name)
def test_every_deviation_has_a_row(profile: Profile) -> None:
    assert {row.by for row in rows(profile.name) if row.by} == {one.name.partition("/")[2] for one in profile.deviations}


@pytest.mark.parametrize(("profile", "row"), EVERY, ids=[named(one) for one in EVERY])
def test_the_deviation_of_a_row_is_what_makes_its_answer(profile: Profile, row: Row) -> None:
    asked = [name for name in row.cases if profile.name in cases()[name].answers]
    if row.by and row.cases:
        own = next(one for one in profile.deviations if one.name == f"{profile.name}/{row.by}")
        assert any(answered(name, without(profile, own)) != answered(name, profile) for name in asked), "taken back, nothing changes"
    elif row.cases:
        named = {one.by for one in rows(profile.name) if set(one.cases) & set(row.cases)}
        found = {one.name.partition("/")[2] for name in asked for one in _causes(name, profile)}
        assert found <= named, "a departure that no row with these cases names"


def _causes(name: str, profile: Profile) -> list[Deviation]:
    """The deviations that make a gateway answer a case otherwise than the standard."""
    case = cases()[name]
    routes, request = cluster(case), read(case.line)
    plain, answer = (compile(routes, one).answer(request, GATEWAY) for one in (STANDARD, profile))
    return departures(answer, plain, profile, lambda other: compile(routes, other).answer(request, GATEWAY))
