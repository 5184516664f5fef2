"""The picture of an experiment's reach: each listener, route and Service once, and what is touched is marked."""

from aichaos.domain.prediction import Answer, BackendShare, Effect, Prediction, State
from aichaos.domain.results import Way
from aichaos.domain.suggestion import BlastRadius
from aichaos.measure.ways import ways
from aichaos.report.topology import MOST, drawing


def to(service: str, route: str = "shop/web", ready: int = 2, status: int | None = None) -> Answer:
    share = BackendShare(service=service, port=80, share=1.0, ready_endpoints=ready, status=status)
    return Answer(outcome="error" if status else "forward", listener="shop/edge/http", route=route, backends=(share,))


def foretold(*states: State) -> Prediction:
    return Prediction(requests=("GET http://shop.example.com/",), states=states)


def state(step: str, *outcomes: Answer, effects: tuple[Effect, ...] = ()) -> State:
    return State(step=step, outcomes=outcomes, effects=effects)


def test_a_way_of_before_and_one_of_the_experiment_alone() -> None:
    before, rival = state("before", to("shop/v1")), state("1", to("shop/v3", "shop/rival"))
    found = ways(foretold(before, rival, before), BlastRadius())
    taken = [(way.route, way.service, way.moment) for way in found]
    assert taken == [("shop/web", "shop/v1", "before"), ("shop/rival", "shop/v3", "during")]


def test_what_is_touched() -> None:
    slow = Effect(fault="NetworkChaos/shop/slow", service="shop/slow", pods=1, of=2, share=0.5, does="slower")
    before = state("before", to("shop/web"), to("shop/fewer"), to("shop/slow", "shop/other"))
    during = state("1", to("shop/web"), to("shop/fewer", ready=1), to("shop/slow", "shop/other"), effects=(slow,))
    found = ways(foretold(before, during, before), BlastRadius(routes=["shop/web"]))
    assert {way.service for way in found if way.service_touched} == {"shop/fewer", "shop/slow"}
    assert {way.route for way in found if way.route_touched} == {"shop/web"}


def test_what_the_gateway_itself_answers_is_an_end_too() -> None:
    gone = state("1", to("shop/web", status=503), Answer(outcome="error", status=404, listener="shop/edge/http"))
    found = ways(foretold(state("before", to("shop/web"), to("shop/web")), gone, state("restored", to("shop/web"))), BlastRadius())
    assert [(way.route, way.service, way.moment) for way in found] == [
        ("shop/web", "shop/web", "before"),
        ("shop/web", "503", "during"),
        ("", "404", "during"),
    ]


def test_everything_is_drawn_once_and_inside_the_picture() -> None:
    several = [Way(listener="shop/edge/http", route=f"shop/{name}", service="shop/web", moment="both") for name in "abc"]
    found = drawing(several)
    assert found is not None
    assert [node.title for node in found.nodes].count("service shop/web") == 1
    assert len(found.edges) == 6
    assert all(node.x + 220 <= found.width and node.y + 30 <= found.height for node in found.nodes)


def test_a_picture_of_too_much_says_what_it_leaves_out() -> None:
    found = drawing([Way(service=f"shop/{'x' * 60}-{number}", moment="both") for number in range(MOST + 3)])
    assert found is not None
    assert (len(found.nodes), found.left) == (MOST, 3)
    assert all(len(node.text) <= 32 for node in found.nodes)


def test_without_a_prediction_there_is_none() -> None:
    assert ways(Prediction(requests=(), states=()), BlastRadius()) == []
    assert drawing([]) is None
