"""What the controller says of a route, beside what its objects say."""

import pytest

from aichaos.domain.base import ObjectRef
from aichaos.predict.routing.disagreement import disagreements
from aichaos.predict.routing.profile import Profile
from aichaos.predict.routing.profiles.contour import CONTOUR
from aichaos.predict.routing.profiles.standard import STANDARD
from aichaos.predict.routing.spoken import spoken
from aichaos.predict.routing.table import compile
from tests.observe.clusters import gateway, route, snapshot_of


def said(accepted: str, reason: str) -> dict[str, object]:
    condition = {"type": "Accepted", "status": accepted, "reason": reason}
    return {"parents": [{"parentRef": {"name": "edge"}, "controllerName": "example.com/any", "conditions": [condition]}]}


def test_a_controller_that_agrees_is_not_mentioned() -> None:
    table = compile(snapshot_of(gateway(), route() | {"status": said("True", "Accepted")}))
    assert list(disagreements(table)) == []


def test_a_controller_that_says_otherwise_is_quoted() -> None:
    table = compile(snapshot_of(gateway(), route() | {"status": said("False", "NotAllowedByListeners")}))
    (one,) = disagreements(table)
    assert str(one) == (
        "the controller says otherwise of HTTPRoute/shop/web at edge: Accepted=False (NotAllowedByListeners), "
        "and by its objects it is True (Accepted)"
    )


def test_no_word_of_a_controller_is_no_disagreement() -> None:
    assert list(disagreements(compile(snapshot_of(gateway(), route())))) == []


@pytest.mark.parametrize(("profile", "kind", "reason"), [(CONTOUR, "HTTPRoute", "RuleMatchConflict"), (STANDARD, "GRPCRoute", "Conflict")])
@pytest.mark.parametrize("loser", ["a", "b"])
def test_without_ages_nobody_knows_who_has_lost(profile: Profile, kind: str, reason: str, loser: str) -> None:
    status = {name: said("False", reason) if name == loser else said("True", "Accepted") for name in ("a", "b")}
    pair = (route("a") | {"status": status["a"]}, route("b", kind=kind) | {"status": status["b"]})
    table = compile(snapshot_of(gateway(), *pair), profile)
    assert list(disagreements(table)) == []
    assert {word for ref in table.placements for word in spoken(table, ref) if "Accepted" in word} == set()


def test_with_ages_it_is_known() -> None:
    dates = ("2026-01-01T00:00:00Z", "2026-01-02T00:00:00Z")
    table = compile(snapshot_of(gateway(), *(route(name, creationTimestamp=one) for name, one in zip("ab", dates, strict=True))), CONTOUR)
    assert spoken(table, ObjectRef("HTTPRoute", "b", "shop"))[0] == "Accepted=False (RuleMatchConflict)"
