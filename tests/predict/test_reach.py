"""NetworkPolicies in the answers of a Gateway: what it cannot reach is answered by itself."""

from typing import Any

import msgspec
import pytest

from aichaos.domain.prediction import Answer, RequestLine
from aichaos.domain.snapshot import Snapshot
from aichaos.predict.connections import OUTSIDE, connections
from aichaos.predict.obstacles import answered
from aichaos.predict.policies import policy_types
from aichaos.predict.reach import Reach
from aichaos.predict.routing.request import read
from aichaos.predict.routing.router import Router
from tests.predict.shop import Manifest, pod, policy, route, shop

DENY = policy("deny", podSelector={"matchLabels": {"app": "v1"}}, policyTypes=["Ingress"])
FROM_EDGE = policy(
    "from-edge", podSelector={"matchLabels": {"app": "v1"}}, ingress=[{"from": [{"namespaceSelector": {"matchLabels": {"team": "edge"}}}]}]
)
SPLIT: dict[str, Any] = {"backendRefs": [{"name": "v1", "port": 80}, {"name": "v2", "port": 80}]}


def routed(snapshot: Snapshot) -> Answer:
    """The answer of the routes alone."""
    router, request = Router(snapshot), read(RequestLine(url="http://shop.test/"))
    return router.answer(request, router.gateway(request))


def answer(snapshot: Snapshot) -> Answer:
    return answered(routed(snapshot), "GET", ("edge", "gw"), Reach(snapshot))


def test_what_the_gateway_may_reach_is_answered_as_before() -> None:
    assert answer(shop(FROM_EDGE)) == answer(shop())


def test_a_gateway_that_reaches_no_backend_answers_503_and_names_the_policy() -> None:
    found = answer(shop(DENY))
    assert (found.outcome, found.status) == ("error", 503)
    assert any("shop/deny" in line for line in found.why)
    assert found.route == "shop/shop"


def test_the_time_out_of_a_rule_may_be_over_before_the_gateway_gives_up() -> None:
    slow = route("shop", timeouts={"request": "1s"})
    assert answer(shop(slow, DENY)).status == 504
    assert answer(shop(route("shop", timeouts={"request": "30s"}), DENY)).status == 503
    between = route("shop", timeouts={"request": "5s"})
    assert answer(shop(between, DENY)).status == 504
    plain = msgspec.structs.replace(routed(shop(between)), implementation="contour")
    assert answered(plain, "GET", ("edge", "gw"), Reach(shop(between, DENY))).status == 503, "Contour gives up after 2 s"


def test_of_a_split_only_the_part_that_is_cut_off_fails() -> None:
    found = answer(shop(route("shop", **SPLIT), DENY))
    assert found.outcome == "forward"
    assert [(one.service, one.share, one.status) for one in found.backends] == [("shop/v1", 0.5, 503), ("shop/v2", 0.5, None)]


def test_one_pod_of_two_that_is_cut_off_fails_its_share() -> None:
    flipped = policy("one", podSelector={"matchLabels": {"shut": "yes"}}, policyTypes=["Ingress"])
    found = answer(shop(pod("v1-b", "10.0.0.2", {"app": "v1", "shut": "yes"}), flipped))
    assert [(one.share, one.status) for one in found.backends] == [(0.5, None), (0.5, 503)]
    assert sum(one.share for one in found.backends) == pytest.approx(1)


def test_what_a_gateway_may_send_counts_as_well() -> None:
    shut = policy("quiet", "edge", policyTypes=["Egress"])
    assert answer(shop(shut)).status == 503


@pytest.mark.parametrize(
    ("policies", "status", "word"),
    [
        ([DENY], 503, "lets nobody reach"),
        ([FROM_EDGE], None, "is not known"),
        ([policy("open", ingress=[{}])], None, ""),
    ],
    ids=["nobody", "some", "everybody"],
)
def test_where_the_gateways_pods_are_unknown_only_what_is_certain_is_said(policies: list[Manifest], status: int | None, word: str) -> None:
    found = answer(shop(*policies, carriers=False))
    assert found.status == status
    assert word in " ".join(found.why)


def test_connections_name_workloads_gateways_and_the_world_outside() -> None:
    before, after = shop(), shop(DENY)
    added = after.network_policies[0]
    assert policy_types(added) == ("Ingress",)
    found = connections([Reach(before), Reach(after)], [(None, added)])
    told = {(one.from_, one.to, one.port): one.allowed for one in found.connections}
    assert told["Gateway/edge/gw", "Pod/shop/v1-a", 8080] == (True, False)
    assert told[OUTSIDE, "Pod/shop/v1-a", 8080] == (True, False)
    assert told["Pod/shop/v1-a", "Pod/shop/v2-a", 8080] == (True, True)
    assert not any(one.to == "Pod/shop/v2-a" and not one.from_.startswith("Pod/shop/v1") for one in found.connections)
    changes = [len(set(one.allowed)) == 1 for one in found.connections]
    assert changes == sorted(changes), "those that change come first"


def test_without_a_policy_there_is_nothing_to_tell_about_connections() -> None:
    assert connections([Reach(shop())], []).connections == ()


def test_that_a_gateways_connections_are_unknown_is_said() -> None:
    found = connections([Reach(shop(DENY, carriers=False))], [])
    assert any("edge/gw" in note for note in found.notes)
