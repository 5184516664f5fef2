"""What somebody else changed during a run is named where it has a part in the answers, and nowhere else."""

from typing import Any

from aichaos.domain.prediction import Answer, BackendShare, Prediction, State
from aichaos.live.others import concerned, with_a_part
from tests.observe.clusters import snapshot_of


def thing(kind: str, name: str, namespace: str, **spec: Any) -> dict[str, Any]:
    version = {"Service": "v1", "NetworkPolicy": "networking.k8s.io/v1"}.get(kind, "gateway.networking.k8s.io/v1")
    return {"apiVersion": version, "kind": kind, "metadata": {"name": name, "namespace": namespace, "uid": f"u-{name}"}, "spec": spec}


SHOP = thing("HTTPRoute", "shop", "shop", hostnames=["shop.example.com"])
V1 = thing("Service", "v1", "shop", selector={"app": "v1"})
GIVEN = [
    Answer(
        outcome="forward",
        listener="edge/gateway/http",
        route="shop/shop",
        backends=(BackendShare(service="shop/v1", port=80, share=1.0, ready_endpoints=1, status=None),),
    )
]


def part(*more: dict[str, Any], given: list[Answer] = GIVEN) -> set[str]:
    return {str(ref) for ref in with_a_part(snapshot_of(SHOP, V1), snapshot_of(*more), given)}


def test_a_change_elsewhere_in_the_cluster_explains_nothing() -> None:
    """It must not turn a restore that failed into one that is verified."""
    elsewhere = [
        thing("HTTPRoute", "mail", "mail", hostnames=["mail.example.com"]),
        thing("Service", "mail", "mail", selector={"app": "mail"}),
        thing("NetworkPolicy", "mail", "mail", podSelector={}),
        thing("HTTPRoute", "other", "shop", hostnames=["other.example.com"]),
    ]
    assert part(SHOP, V1, *elsewhere) == set()


def test_what_has_a_part_in_an_answer_is_named() -> None:
    assert part(SHOP, thing("Service", "v1", "shop", selector={"app": "v2"})) == {"Service/shop/v1"}
    assert part(V1) == {"HTTPRoute/shop/shop"}
    assert part(SHOP, V1, thing("NetworkPolicy", "deny", "shop", podSelector={})) == {"NetworkPolicy/shop/deny"}
    assert part(SHOP, V1, thing("Gateway", "gateway", "edge", gatewayClassName="x", listeners=[])) == {"Gateway/edge/gateway"}


def test_a_rival_of_another_namespace_is_named_once_it_answers() -> None:
    rival = thing("HTTPRoute", "rival", "mail", hostnames=["shop.example.com"])
    now = Answer(outcome="forward", listener="edge/gateway/http", route="mail/rival")
    assert part(SHOP, V1, rival) == set()
    assert part(SHOP, V1, rival, given=[*GIVEN, now]) == {"HTTPRoute/mail/rival"}


def test_what_is_answered_elsewhere_is_not_looked_at_again() -> None:
    """A gateway of somebody else that goes, or a backend of theirs that fails meanwhile, says nothing about this restore."""
    here, there = GIVEN[0], Answer(outcome="forward", listener="mail/gateway/http", route="mail/mail")
    beside = Answer(outcome="forward", listener="edge/gateway/http", route="edge/other")
    changed = Answer(outcome="error", status=404)
    states = (
        State(step="before", outcomes=(here, there, beside, there, there)),
        State(step="1", outcomes=(here, there, beside, changed, there)),
    )
    prediction = Prediction(requests=("a", "b", "c", "d", "e"), states=states)
    gateways = ["edge/gateway", "mail/gateway", "edge/gateway", None, None]
    assert concerned(prediction, gateways, {"shop"}) == [0, 2, 3]
    assert concerned(prediction, gateways, {"mail"}) == [1, 3, 4]
