"""What is foretold of an experiment: who answers before and after every step, what does not come back, and what nobody notices."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aichaos.errors import UsageError
from aichaos.predict.verdict import ALREADY, NOTHING, idle
from tests.library.test_scenarios import experiments
from tests.observe.clusters import (
    DEMOS,
    GATEWAY_API,
    PATIENT,
    SHOP,
    Manifest,
    demo,
    deployment,
    gateway,
    gateway_pod,
    listener,
    pod,
    route,
    service,
    slice_of,
    thing,
    to,
    topology_of,
)
from tests.predict.foretelling import answers, experiment, foretold

AGE = "2026-01-01T00:00:0{}Z"
RIVAL = (service("web-v2"), deployment("web-v2"))
HOST: dict[str, Any] = {"hostnames": ["shop.test"]}


ROUTE = {"kind": "HTTPRoute", "name": "web", "namespace": "shop"}
DELETE, RECREATE = {"delete": ROUTE}, {"recreate": ROUTE}
CREATE_RIVAL = {"create": route("rival", to("web-v2"), **HOST)}
PLAIN = topology_of(gateway(), route(**HOST), service(), deployment(), *RIVAL)


def test_a_recreated_route_loses_to_its_younger_rival_and_both_are_made_again_on_the_way_back() -> None:
    found = foretold(experiment(CREATE_RIVAL, DELETE, RECREATE), PLAIN, "http://shop.test/").prediction
    assert answers(found) == ["web", "web", "web-v2", "web-v2", "web"]
    (lost,) = found.irreversible
    assert lost.object == "HTTPRoute/shop/web"
    assert lost.undo == "recreate HTTPRoute/shop/rival after web, or delete it"
    assert found.restored
    assert "1 of 1 requests are answered otherwise, 1 of them also after the last step" in found.verdict


def test_a_rival_that_was_there_before_is_made_again_after_its_elder() -> None:
    rival = route("rival", to("web-v2"), **HOST, creationTimestamp=AGE.format(2))
    topology = topology_of(gateway(), route(**HOST, creationTimestamp=AGE.format(1)), rival, service(), deployment(), *RIVAL)
    whole = foretold(experiment(DELETE, RECREATE), topology, "http://shop.test/")
    assert answers(whole.prediction) == ["web", "web-v2", "web-v2", "web"]
    assert [str(one) for one in whole.inverse.closure] == ["HTTPRoute/shop/rival"]
    assert [obj.name for obj in whole.inverse.again] == ["web", "rival"]
    assert whole.prediction.irreversible[0].undo == "recreate HTTPRoute/shop/rival after web"
    assert whole.prediction.restored


def test_the_closure_goes_on_to_the_rivals_of_rivals() -> None:
    def aged(name: str, second: int, *hosts: str) -> Manifest:
        return route(name, to("web"), hostnames=list(hosts), creationTimestamp=AGE.format(second))

    topology = topology_of(
        gateway(),
        aged("web", 1, "a.test"),
        aged("b", 2, "a.test", "b.test"),
        aged("c", 3, "b.test"),
        aged("d", 4, "d.test"),
        service(),
        deployment(),
    )
    whole = foretold(experiment(DELETE, RECREATE), topology)
    assert [obj.name for obj in whole.inverse.again] == ["web", "b", "c"]
    assert whole.prediction.restored


def test_applying_keeps_the_age_of_a_route() -> None:
    changed = route("web", to("web"), labels={"x": "y"}, **HOST)
    found = foretold(experiment(CREATE_RIVAL, {"apply": changed}), PLAIN, "http://shop.test/").prediction
    assert answers(found) == ["web", "web", "web", "web"]
    assert found.irreversible == ()


def test_a_backend_without_pods_is_answered_503_until_they_are_back() -> None:
    down, up = ({"scale": {"kind": "Deployment", "name": "web", "namespace": "shop", "replicas": number}} for number in (0, 2))
    found = foretold(experiment(down, up), topology_of(*SHOP), "http://any.test/").prediction
    assert answers(found) == ["web", "503", "web", "web"]
    assert found.verdict.startswith("cuts off all traffic: every request fails after “scale Deployment/shop/web to 0”")


def test_a_policy_that_keeps_the_gateway_out_is_a_503_although_the_endpoints_are_ready() -> None:
    deny = thing(
        "NetworkPolicy",
        "deny",
        {"podSelector": {"matchLabels": {"app": "web"}}, "policyTypes": ["Ingress"]},
        version="networking.k8s.io/v1",
    )
    piece = slice_of("web", True)
    piece["endpoints"][0]["targetRef"] = {"kind": "Pod", "name": "web-1-x", "namespace": "shop"}
    piece["ports"] = [{"name": "", "port": 3000, "protocol": "TCP"}]
    topology = topology_of(*SHOP, gateway_pod(), pod("web-1-x", {"app": "web"}, owner="ReplicaSet/web-1"), piece)
    gone = {"delete": {"kind": "NetworkPolicy", "name": "deny", "namespace": "shop"}}
    found = foretold(experiment({"create": deny}, gone), topology, "http://any.test/").prediction
    assert answers(found) == ["web", "503", "web", "web"]
    assert [one.allowed for one in found.connections if one.from_ == "Gateway/shop/edge"] == [(True, False, True, True)]


def test_where_the_gateways_pods_are_not_known_it_is_said() -> None:
    ingress = [{"from": [{"podSelector": {"matchLabels": {"app": "somebody"}}}]}]
    policy = thing("NetworkPolicy", "p", {"podSelector": {}, "ingress": ingress}, version="networking.k8s.io/v1")
    found = foretold(experiment({"wait": {"for": "1s"}}), topology_of(*SHOP, policy), "http://any.test/").prediction
    (answer,) = found.states[0].outcomes
    assert any("which pods carry Gateway shop/edge is not known" in reason for reason in answer.why)


DELAY: Manifest = {
    "apiVersion": "chaos-mesh.org/v1alpha1",
    "kind": "NetworkChaos",
    "metadata": {"name": "slow", "namespace": "shop"},
    "spec": {
        "action": "delay",
        "mode": "fixed-percent",
        "value": "50",
        "selector": {"namespaces": ["shop"], "labelSelectors": {"app": "web"}},
        "delay": {"latency": "500ms", "jitter": "100ms"},
        "duration": "30s",
    },
}


def test_a_delay_hits_a_share_of_the_requests_while_it_lasts() -> None:
    steps = ({"chaos": DELAY}, {"wait": {"for": "10s"}}, {"wait": {"for": "60s"}}, {"wait": {"for": "1s"}})
    found = foretold(experiment(*steps), topology_of(*SHOP), "http://any.test/").prediction
    assert [len(state.effects) for state in found.states] == [0, 1, 1, 1, 0, 0]
    (effect,) = found.states[1].effects
    assert (effect.service, effect.pods, effect.of, effect.share, effect.latency_ms) == ("shop/web", 1, 2, 0.5, (400.0, 600.0))
    assert found.verdict.startswith("50% of the requests to shop/web are hit: 1 of 2 pods, each answers 500 ms later")


def test_pods_that_fail_leave_the_endpoints_and_come_back() -> None:
    fault = {
        **DELAY,
        "kind": "PodChaos",
        "spec": {"action": "pod-failure", "mode": "all", "selector": DELAY["spec"]["selector"], "duration": "30s"},
    }
    found = foretold(
        experiment({"chaos": fault, "hold": "30s"}, {"wait": {"for": "1s"}}), topology_of(*SHOP), "http://any.test/"
    ).prediction
    assert answers(found) == ["web", "503", "web", "web"]


def test_what_nothing_notices_is_said() -> None:
    assert foretold(experiment({"wait": {"for": "1s"}}), topology_of(*SHOP), "http://any.test/").prediction.verdict == NOTHING


WEB = {"kind": "Deployment", "name": "web", "namespace": "shop"}


@pytest.mark.parametrize(
    "step",
    [
        {"scale": {**WEB, "replicas": 2}},
        {"label": {**WEB, "set": {"app": "web"}, "remove": ["none"]}},
        {"patch": {**ROUTE, "merge": {"spec": {"hostnames": ["shop.test"]}}}},
        {"apply": route(**HOST)},
    ],
    ids=lambda step: str(next(iter(step))),
)
def test_a_cluster_that_already_is_in_this_state_is_said(step: Manifest) -> None:
    labelled = deployment()
    labelled["metadata"]["labels"] = {"app": "web"}
    topology = topology_of(gateway(), route(**HOST), service(), labelled)
    assert foretold(experiment(step, {"wait": {"for": "1s"}}), topology).prediction.verdict == ALREADY


@pytest.mark.parametrize(
    "step",
    [
        {"restart": WEB},
        {"patch": {**WEB, "merge": {"spec": {"progressDeadlineSeconds": 1}}}},
        {"create": thing("ConfigMap", "fresh")},
        {"patch": {**ROUTE, "merge": {"metadata": {"annotations": {"fresh": "yes"}}}}},
    ],
    ids=["restart", "field that is not read", "create", "annotation"],
)
def test_what_is_not_there_yet_is_not_said_to_be(step: Manifest) -> None:
    assert foretold(experiment(step), PLAIN).prediction.verdict != ALREADY


def test_fewer_pods_and_other_pods_behind_a_service_are_no_nothing() -> None:
    def verdict(*steps: Manifest) -> str:
        return foretold(experiment(*steps), topology).prediction.verdict

    two = [deployment("old", 2, labels={"app": "web", "v": "1"}), deployment("new", 3, labels={"app": "web", "v": "2"})]
    topology = topology_of(gateway(), route(**HOST), service(selector={"app": "web", "v": "1"}), *two)
    fewer = {"scale": {**WEB, "name": "old", "replicas": 1}}
    other = {"patch": {"kind": "Service", "name": "web", "namespace": "shop", "merge": {"spec": {"selector": {"v": "2"}}}}}
    same = "no request is answered otherwise, but "
    assert verdict(fewer) == same + "shop/web would have 1 of 2 endpoints ready"
    assert verdict(other) == same + "pods of new would answer for shop/web instead of old"
    assert verdict({"scale": {**WEB, "name": "new", "replicas": 0}}) == NOTHING  # it has had no request
    assert not idle(verdict(other))


def test_a_step_that_the_server_would_refuse_changes_nothing_and_is_said() -> None:
    found = foretold(experiment({"create": route(**HOST)}, {"delete": {**ROUTE, "name": "none"}}), PLAIN, "http://shop.test/").prediction
    assert answers(found) == ["web"] * 4
    assert found.verdict.startswith("a step would fail: HTTPRoute/shop/web is already there")
    assert found.states[2].notes == ("the server would refuse this: HTTPRoute/shop/none is not there",)


def test_what_is_done_to_an_object_of_a_kind_that_is_not_read_is_not_foretold_to_fail() -> None:
    ingress = {"kind": "Ingress", "name": "web", "namespace": "shop"}
    steps = ({"delete": ingress}, {"label": {**ingress, "set": {"a": "b"}}}, until("Job", "web", "Complete"))
    found = foretold(experiment(*steps), PLAIN, "http://shop.test/").prediction
    assert answers(found) == ["web"] * 5
    assert not found.verdict.startswith("a step would fail")
    why = "what this does is not known: whether {} is there was not read"
    assert [state.notes for state in found.states[1:4]] == [
        (why.format("Ingress/shop/web"),),
        (why.format("Ingress/shop/web"),),
        (why.format("Job/shop/web"),),
    ]


def until(kind: str, name: str, condition: str) -> Manifest:
    return {"wait": {"until": {"object": f"{kind}/shop/{name}", "condition": condition}, "timeout": "30s"}}


def test_a_wait_for_what_holds_is_over_at_once_and_one_for_what_never_does_fails() -> None:
    down = {"scale": {"kind": "Deployment", "name": "web", "namespace": "shop", "replicas": 0}}
    fine = foretold(experiment(down, until("Deployment", "web", "Available"), until("HTTPRoute", "web", "Accepted")), PLAIN).prediction
    assert not [note for state in fine.states for note in state.notes]
    vain = foretold(experiment(until("Deployment", "none", "Available")), PLAIN).prediction
    assert vain.states[1].notes == ("this would wait in vain: Deployment/shop/none is not there",)
    assert vain.verdict.startswith("a step would fail")
    every = {**DELAY["spec"], "mode": "all", "value": ""}
    failing = {**DELAY, "kind": "PodChaos", "spec": {**every, "action": "pod-failure"}}
    found = foretold(experiment({"chaos": failing}, until("Deployment", "web", "Available")), topology_of(*SHOP)).prediction
    assert found.states[2].notes == (
        "this would wait in vain: 0 of 2 pods of Deployment/shop/web are ready, and nothing makes more of them so",
    )


def test_the_step_that_comes_after_the_deadline_says_so() -> None:
    steps = ({"wait": {"for": "50s"}}, {"wait": {"for": "50s"}}, DELETE, RECREATE)
    notes = [state.notes for state in foretold(experiment(*steps, deadline="1m"), PLAIN).prediction.states]
    assert notes == [(), (), (), ("the deadline of 1m is over before this: a run ends here, and goes back",), (), ()]


def test_without_dates_two_routes_for_one_request_are_undecided() -> None:
    topology = topology_of(gateway(), route("a", to("web"), **HOST), route("b", to("web-v2"), **HOST), service(), deployment(), *RIVAL)
    found = foretold(experiment({"wait": {"for": "1s"}}), topology, "http://shop.test/").prediction
    assert found.states[0].outcomes[0].outcome == "implementation-specific"
    assert any("ages unknown of 2 routes" in note for note in found.notes)


def test_a_cluster_without_a_gateway_has_no_request_and_says_so() -> None:
    found = foretold(experiment({"wait": {"for": "1s"}}), topology_of(service(), deployment())).prediction
    assert found.requests == ()
    assert any("no Gateway" in note for note in found.notes)


def test_a_request_that_can_not_be_meant_is_said() -> None:
    with pytest.raises(UsageError, match="is no URL"):
        foretold(experiment({"wait": {"for": "1s"}}), PLAIN, "shop")


def test_requests_are_one_for_each_match_and_the_neighbours_of_its_boundary() -> None:
    rule = to(
        "web",
        matches=[
            {"path": {"type": "PathPrefix", "value": "/shop"}},
            {"path": {"type": "Exact", "value": "/x"}, "headers": [{"name": "a", "value": "1"}]},
        ],
    )
    topology = topology_of(gateway(listener(port=8080)), route("web", rule, **HOST), service(), deployment())
    asked = foretold(experiment(DELETE), topology).prediction.requests
    assert asked == (
        "GET http://shop.test:8080/shop",
        "GET http://shop.test:8080/shop/x",
        "GET http://shop.test:8080/shopx",
        "GET http://shop.test:8080/x -H 'a: 1'",
        "GET http://shop.test:8080/x/ -H 'a: 1'",
        "GET http://shop.test:8080/x",
    )


@pytest.mark.parametrize("name", DEMOS)
def test_every_experiment_of_the_library_is_restored_by_its_computed_inverse(name: str) -> None:
    topology = demo(name)
    for made in experiments(topology):
        found = foretold(made, topology).prediction
        assert found.restored, made.name
        assert len(found.states) == len(made.spec.steps) + 2
        assert not [note for state in found.states for note in state.notes if "refuse" in note], made.name


STEPS = st.lists(
    st.sampled_from(
        [
            CREATE_RIVAL,
            DELETE,
            RECREATE,
            {"delete": {**ROUTE, "name": "rival"}},
            {"recreate": {**ROUTE, "name": "rival"}},
            {"scale": {"kind": "Deployment", "name": "web", "namespace": "shop", "replicas": 0}},
            {"scale": {"kind": "Deployment", "name": "web", "namespace": "shop", "replicas": 3}},
            {"restart": {"kind": "Deployment", "name": "web", "namespace": "shop"}},
            {"patch": {**ROUTE, "merge": {"spec": {"hostnames": ["other.test"]}}}},
            {"patch": {"kind": "Service", "name": "web", "namespace": "shop", "merge": {"spec": {"selector": {"x": "y"}}}}},
            {"label": {"kind": "Deployment", "name": "web", "namespace": "shop", "set": {"a": "b"}}},
            {"chaos": DELAY},
            {"wait": {"for": "20s"}},
        ]
    ),
    max_size=6,
)


@PATIENT
@given(STEPS)
def test_whatever_the_steps_the_computed_inverse_brings_every_answer_back(steps: list[Manifest]) -> None:
    found = foretold(
        experiment({"wait": {"for": "1s"}}, *steps), PLAIN, "http://shop.test/", "http://shop.test/x", "http://other.test/"
    ).prediction
    assert found.restored


HOSTILE = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8) | st.floats(),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["spec", "metadata", "name", "rules", "kind", "x"]), inner, max_size=4)
    ),
    max_leaves=12,
)


@PATIENT
@given(HOSTILE, st.sampled_from(["HTTPRoute", "NetworkChaos", "Service", "NetworkPolicy", "Deployment"]))
def test_nothing_that_a_manifest_says_ends_in_a_traceback(body: Any, kind: str) -> None:
    versions = {
        "HTTPRoute": "gateway.networking.k8s.io/v1",
        "NetworkChaos": "chaos-mesh.org/v1alpha1",
        "NetworkPolicy": "networking.k8s.io/v1",
        "Deployment": "apps/v1",
    }
    manifest = {"apiVersion": versions.get(kind, "v1"), "kind": kind, "metadata": {"name": "x", "namespace": "shop"}, "spec": body}
    patch = {"patch": {**ROUTE, "merge": {"spec": body}}}
    foretold(experiment({"create": manifest}, {"chaos": manifest}, patch), PLAIN, "http://shop.test/")


def test_what_controllers_will_say_is_told_where_it_changes() -> None:
    """Contour refuses the younger of two equal routes, the older one's end brings it in, and then the order is the other way round."""
    contour = thing("GatewayClass", "any", {"controllerName": "projectcontour.io/gateway-controller"}, version=GATEWAY_API, namespace="")
    shop = topology_of(contour, gateway(), route(**HOST), service(), deployment(), *RIVAL)
    lost = {"patch": ROUTE | {"merge": {"spec": {"rules": [{"backendRefs": [{"name": "nowhere", "port": 80}]}]}}}}
    found = foretold(experiment(CREATE_RIVAL, DELETE, RECREATE, {"delete": ROUTE | {"name": "rival"}}, lost), shop, "http://shop.test/")
    rival, web = "HTTPRoute/shop/rival", "HTTPRoute/shop/web"
    assert [state.notes for state in found.prediction.states[:6]] == [
        (),
        (f"{rival} says Accepted=False (RuleMatchConflict) from here on",),
        (f"{rival} says Accepted=True and ResolvedRefs=True again",),
        (f"{web} says Accepted=False (RuleMatchConflict) from here on",),
        (f"{web} says Accepted=True and ResolvedRefs=True again",),
        (f"{web} says ResolvedRefs=False (BackendNotFound) from here on",),
    ]
