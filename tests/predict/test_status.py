"""What the controller says of a route, beside what its objects say."""

from aichaos.predict.routing.disagreement import disagreements
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
