"""What applying a manifest again does not bring back, with the rest of the experiment in place; and what it does."""

from typing import Any

import pytest

from aichaos.domain.prediction import Irreversible
from tests.observe.clusters import (
    SHOP,
    Manifest,
    deployment,
    gateway,
    gateway_pod,
    namespace,
    pod,
    route,
    service,
    slice_of,
    thing,
    to,
    topology_of,
)
from tests.predict.foretelling import experiment, foretold

URL = "http://shop.test/"
HOST: dict[str, Any] = {"hostnames": ["shop.test"]}
WEB = {"kind": "HTTPRoute", "name": "web", "namespace": "shop"}
WORKLOAD = {"kind": "Deployment", "name": "web", "namespace": "shop"}
RIVAL = {"create": route("rival", to("web-v2"), **HOST)}
AGAIN: list[Manifest] = [{"delete": WEB}, {"recreate": WEB}]
DOWN = {"scale": {**WORKLOAD, "replicas": 0}}
V2 = (service("web-v2"), deployment("web-v2"))
PLAIN = (gateway(), route(**HOST), service(), deployment(), *V2)


def lost(*steps: Manifest, of: tuple[Manifest, ...] = PLAIN, url: str = URL) -> list[Irreversible]:
    return list(foretold(experiment(*steps), topology_of(*of), url).prediction.irreversible)


def test_an_experiment_that_ends_scaled_down_is_not_taken_for_one_that_cannot_be_undone() -> None:
    assert lost(DOWN) == []
    assert lost(*AGAIN, DOWN) == []
    assert lost(DOWN, {"delete": WEB}) == []


def test_a_route_that_loses_to_a_rival_is_told_also_where_the_experiment_ends_scaled_down() -> None:
    down = {"scale": {**WORKLOAD, "name": "web-v2", "replicas": 0}}
    (one,) = lost(RIVAL, *AGAIN, down)
    assert (one.object, one.undo) == ("HTTPRoute/shop/web", "recreate HTTPRoute/shop/rival after web, or delete it")


def test_a_route_that_stays_deleted_would_be_young_if_it_came_back() -> None:
    assert [one.object for one in lost(RIVAL, {"delete": WEB})] == ["HTTPRoute/shop/web"]


def test_of_two_routes_made_again_only_the_one_that_loses_by_it_is_told() -> None:
    aged = (
        route(**HOST, creationTimestamp="2026-01-01T00:00:01Z"),
        route("b", to("web-v2"), **HOST, creationTimestamp="2026-01-01T00:00:02Z"),
    )
    other = {**WEB, "name": "b"}
    (one,) = lost(
        {"delete": WEB}, {"delete": other}, {"recreate": other}, {"recreate": WEB}, of=(gateway(), *aged, service(), deployment(), *V2)
    )
    assert one.object == "HTTPRoute/shop/web"
    assert lost({"delete": WEB}, {"delete": other}, {"recreate": WEB}, {"recreate": other}, of=(gateway(), *aged, *PLAIN[2:])) == []


@pytest.mark.parametrize("subject", [WORKLOAD, {**WEB, "kind": "Service"}, {**WEB, "kind": "Gateway", "name": "edge"}, WEB])
def test_what_nothing_older_replaces_comes_back_by_its_manifest(subject: Manifest) -> None:
    assert lost({"delete": subject}) == []
    assert lost({"delete": subject}, {"recreate": subject}) == []


def test_a_change_of_a_field_is_undone_by_applying() -> None:
    assert lost({"patch": {**WEB, "merge": {"spec": {"hostnames": ["other.test"]}}}}) == []
    assert lost({"label": {"kind": "Deployment", "name": "web", "namespace": "shop", "set": {"a": "b"}}}) == []


def test_a_key_that_was_added_to_a_selector_stays_when_the_manifest_is_applied() -> None:
    (one,) = lost({"patch": {**WEB, "kind": "Service", "merge": {"spec": {"selector": {"x": "y"}}}}})
    assert one.object == "Service/shop/web"
    assert one.why == "applying merges, and keeps fields that were added to it: GET http://shop.test/ would be answered otherwise"
    assert one.undo == "replace Service/shop/web with its manifest (kubectl replace)"


def test_a_label_that_was_added_to_a_pod_stays_and_with_it_the_policy_that_selects_it() -> None:
    selector = {"matchLabels": {"quarantine": "yes"}}
    policy = thing("NetworkPolicy", "quarantine", {"podSelector": selector, "policyTypes": ["Ingress"]}, version="networking.k8s.io/v1")
    piece = slice_of("web", True)
    piece["endpoints"][0]["targetRef"] = {"kind": "Pod", "name": "web-0", "namespace": "shop"}
    piece["ports"] = [{"name": "", "port": 3000, "protocol": "TCP"}]
    cluster = (gateway(), route(**HOST), service(), pod("web-0", {"app": "web"}), gateway_pod(), piece, policy)
    flip = {"label": {"kind": "Pod", "name": "web-0", "namespace": "shop", "set": {"quarantine": "yes"}}}
    (one,) = lost(flip, of=cluster)
    assert (one.object, one.undo) == ("Pod/shop/web-0", "label Pod/shop/web-0 quarantine-")
    back = {"label": {"kind": "Pod", "name": "web-0", "namespace": "shop", "remove": ["quarantine"]}}
    assert lost(flip, back, of=cluster) == []


def test_pods_that_had_been_labelled_by_hand_come_back_without_their_label() -> None:
    labelled = [pod(f"web-1-{name}", {"app": "web", "live": "yes"}, owner="ReplicaSet/web-1") for name in "ab"]
    cluster = (gateway(), route(**HOST), service(selector={"live": "yes"}), deployment(), *labelled, slice_of("web", True, True))
    (one,) = lost({"delete": WORKLOAD}, {"recreate": WORKLOAD}, of=cluster)
    assert (one.object, one.undo) == ("Deployment/shop/web", "label its new pods as the old ones")


def test_what_was_in_a_namespace_is_gone_with_it() -> None:
    subject = {"kind": "Namespace", "name": "shop"}
    (one,) = lost({"delete": subject}, of=(namespace("shop"), *SHOP))
    assert one.object == "Namespace/shop"
    assert "went with it" in one.why
    assert "HTTPRoute/shop/web" in one.why


def test_endpoints_that_were_written_by_hand_go_with_their_service() -> None:
    piece = slice_of("web", True)
    piece["metadata"]["ownerReferences"] = [{"apiVersion": "v1", "kind": "Service", "name": "web", "uid": "1"}]
    subject = {**WEB, "kind": "Service"}
    (one,) = lost({"delete": subject}, {"recreate": subject}, of=(gateway(), route(**HOST), service(selector=None), piece))
    assert one.object == "Service/shop/web"
    assert one.undo == "create EndpointSlice/shop/web-x again, too"
