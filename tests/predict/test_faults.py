"""Faults of chaos engines in the answers of a Gateway: what is cut, what comes too late, what breaks off, and whom it leaves alone."""

from typing import Any

import msgspec
import pytest

from aichaos.domain.prediction import Answer, Effect
from aichaos.domain.snapshot import Snapshot
from aichaos.observe.topology import Topology
from tests.predict.foretelling import experiment, foretold
from tests.predict.shop import Manifest, manifest, pod, route, shop

SERVERS: Manifest = {"namespaces": ["shop"], "labelSelectors": {"app": "v1"}}
GATEWAY: Manifest = {"namespaces": ["edge"]}
OTHERS: Manifest = {"namespaces": ["shop"], "labelSelectors": {"app": "v2"}}
SLOW: Manifest = {"action": "delay", "delay": {"latency": "500ms"}}
CUT: Manifest = {"action": "partition"}


def chaos(kind: str = "NetworkChaos", *, selector: Manifest = SERVERS, mode: str = "all", **spec: Any) -> Manifest:
    whole = {"mode": mode, "selector": selector, "duration": "30s"} | spec
    return {
        "apiVersion": "chaos-mesh.org/v1alpha1",
        "kind": kind,
        "metadata": {"name": "x", "namespace": "shop"},
        "spec": whole,
    }


def litmus(name: str, namespace: str = "shop", label: str = "app=v1", **environment: str) -> Manifest:
    values = [
        {"name": key, "value": value} for key, value in ({"TOTAL_CHAOS_DURATION": "30", "PODS_AFFECTED_PERC": "100"} | environment).items()
    ]
    return {
        "apiVersion": "litmuschaos.io/v1alpha1",
        "kind": "ChaosEngine",
        "metadata": {"name": "x", "namespace": namespace},
        "spec": {
            "appinfo": {"appns": namespace, "applabel": label, "appkind": "deployment"},
            "experiments": [{"name": name, "spec": {"components": {"env": values}}}],
        },
    }


def during(fault: Manifest, snapshot: Snapshot | None = None, url: str = "http://shop.test/") -> tuple[Answer, tuple[Effect, ...]]:
    """What a request is answered while a fault lasts, and the effects that are told."""
    cluster = Topology(snapshot if snapshot is not None else shop())
    found = foretold(experiment({"chaos": fault}, {"wait": {"for": "60s"}}, {"wait": {"for": "1s"}}), cluster, url).prediction
    before, lasting, _, after, restored = found.states
    assert before.outcomes == after.outcomes == restored.outcomes
    assert not after.effects
    return lasting.outcomes[0], lasting.effects


def shares(answer: Answer) -> dict[int | None, float]:
    """Status → share; None for what a backend answers."""
    found: dict[int | None, float] = {}
    for one in answer.backends:
        found[one.status] = found.get(one.status, 0.0) + one.share
    return found


def limited(request: str | None = None, attempt: str | None = None, **rule: Any) -> Snapshot:
    times = {key: value for key, value in (("request", request), ("backendRequest", attempt)) if value}
    return shop(route("shop", timeouts=times, **rule) if times else route("shop", **rule))


# time-outs --------------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("latency", "limit", "status"), [("499ms", "500ms", None), ("500ms", "500ms", 504), ("501ms", "500ms", 504), ("1h", "0s", None)]
)
def test_a_latency_at_or_above_the_time_out_of_the_rule_is_a_504(latency: str, limit: str, status: int | None) -> None:
    answer, _ = during(chaos(action="delay", delay={"latency": latency}), limited(limit))
    assert answer.status == status
    answer, _ = during(chaos(action="delay", delay={"latency": latency}), limited("1h" if limit != "0s" else None, limit))
    assert answer.status == status


def test_only_the_share_of_the_pods_that_are_slow_is_too_late() -> None:
    answer, effects = during(chaos(**SLOW, mode="one"), limited("200ms"))
    assert answer.outcome == "forward"
    assert shares(answer) == {None: 0.5, 504: 0.5}
    assert [(one.service, one.pods, one.of, one.share, one.latency_ms) for one in effects] == [("shop/v1", 1, 2, 0.5, (500.0, 500.0))]
    assert any("50% of its requests 504" in reason for reason in answer.why)


def test_jitter_makes_a_part_of_the_answers_too_late() -> None:
    answer, _ = during(chaos(action="delay", delay={"latency": "400ms", "jitter": "100ms"}), limited("450ms"))
    assert shares(answer) == {None: pytest.approx(0.75), 504: pytest.approx(0.25)}


def test_without_a_time_out_a_latency_changes_no_answer() -> None:
    answer, effects = during(chaos(**SLOW))
    assert shares(answer) == {None: 1.0}
    assert effects[0].does == "answers 500 ms later"


@pytest.mark.parametrize(
    ("controller", "latency", "status"),
    [
        ("projectcontour.io/gateway-controller", "15s", 504),
        ("projectcontour.io/gateway-controller", "14s", None),
        ("gateway.envoyproxy.io/gatewayclass-controller", "15s", 504),
        ("istio.io/gateway-controller", "1h", None),
    ],
)
def test_a_rule_without_a_time_out_has_that_of_its_gateway(controller: str, latency: str, status: int | None) -> None:
    fault = chaos(action="delay", delay={"latency": latency})
    answer, _ = during(fault, shop(manifest("GatewayClass", "c", "", spec={"controllerName": controller})))
    assert answer.status == status
    assert any("gives up after 15 s where a rule sets no time-out" in reason for reason in answer.why) == (status == 504)
    own = limited("0s").http_routes  # what a rule says goes before that, and 0s is none at all
    unlimited = msgspec.structs.replace(shop(manifest("GatewayClass", "c", "", spec={"controllerName": controller})), http_routes=own)
    assert during(fault, unlimited)[0].status is None


# cut ---------------------------------------------------------------------------------------------------------------------------------

LOST: Manifest = {"action": "loss", "loss": {"loss": "100", "correlation": "0"}}


@pytest.mark.parametrize("what", [CUT, LOST, {**LOST, "action": "netem"}], ids=["partition", "loss", "netem"])
def test_pods_that_are_cut_off_are_a_503(what: Manifest) -> None:
    answer, _ = during(chaos(**what))
    assert (answer.outcome, answer.status) == ("error", 503)
    answer, _ = during(chaos(**what), limited("1s"))
    assert answer.status == 504
    answer, _ = during(chaos(**what, mode="fixed", value="1"))
    assert shares(answer) == {None: 0.5, 503: 0.5}


def test_half_of_the_packets_lost_cut_nothing() -> None:
    answer, (effect,) = during(chaos(action="loss", loss={"loss": "50", "correlation": "0"}))
    assert answer.outcome == "forward"
    assert effect.does == "loses 50 % of its packets"


# between whom ------------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("direction", ["to", "from", "both", None])
@pytest.mark.parametrize("servers_are", ["source", "target"])
def test_between_the_gateway_and_its_backends_every_direction_cuts(direction: str | None, servers_are: str) -> None:
    first, second = (SERVERS, GATEWAY) if servers_are == "source" else (GATEWAY, SERVERS)
    ways = {"direction": direction} if direction else {}
    answer, _ = during(chaos(**CUT, **ways, selector=first, target={"mode": "all", "selector": second}))
    assert answer.status == 503


def test_a_fault_towards_others_leaves_the_gateway_alone() -> None:
    answer, effects = during(chaos(**CUT, direction="both", target={"mode": "all", "selector": OTHERS}))
    assert answer.outcome == "forward"
    assert [(one.service, one.does) for one in effects] == [
        ("shop/v1", "is cut off from the network, for requests of Pod/shop/v2-a alone"),
        ("shop/v2", "is cut off from the network, for requests of Pod/shop/v1-a, Pod/shop/v1-b alone"),
    ]
    answer, (effect,) = during(chaos(**CUT, externalTargets=["example.com"]))
    assert answer.outcome == "forward"
    assert effect.does == "is cut off from the network, towards example.com alone"


@pytest.mark.parametrize(("direction", "service"), [("to", "shop/v2"), ("from", "shop/v1")])
def test_whose_requests_are_slow_follows_from_who_sends(direction: str, service: str) -> None:
    """Packets are delayed that go from the selected pods to their targets: those are the requests of the former to the latter."""
    _, effects = during(chaos(**SLOW, direction=direction, target={"mode": "all", "selector": OTHERS}))
    assert [one.service for one in effects] == [service]


@pytest.mark.parametrize(("direction", "late"), [("to", 500), ("from", 500), ("both", 1000)])
def test_a_delay_acts_on_what_its_source_sends(direction: str, late: int) -> None:
    fault = chaos(**SLOW, direction=direction, target={"mode": "all", "selector": GATEWAY})
    assert during(fault, limited(f"{late}ms"))[0].status == 504
    assert during(fault, limited(f"{late + 1}ms"))[0].status is None


def test_what_both_sides_send_is_late_twice() -> None:
    everybody: Manifest = {"namespaces": ["shop", "edge"]}
    assert during(chaos(**SLOW, selector=everybody), limited("1s"))[0].status == 504
    assert during(chaos(**SLOW, selector=everybody), limited("1001ms"))[0].status is None


def test_a_slow_gateway_is_slow_for_all_of_its_backends() -> None:
    answer, _ = during(chaos(**SLOW, selector=GATEWAY), limited("400ms"))
    assert answer.status == 504


def test_where_the_gateways_pods_are_not_known_only_what_concerns_everybody_is_certain() -> None:
    unknown = shop(carriers=False)
    assert during(chaos(**CUT), unknown)[0].status == 503
    assert during(chaos(**CUT, target={"mode": "all", "selector": OTHERS}), unknown)[0].status is None


def test_a_partition_between_pods_is_among_the_connections() -> None:
    fault = chaos(**CUT, direction="both", target={"mode": "all", "selector": OTHERS})
    found = foretold(experiment({"chaos": fault, "hold": "30s"}, {"wait": {"for": "1s"}}), Topology(shop())).prediction
    cut = {(one.from_, one.to): one.allowed for one in found.connections if not all(one.allowed)}
    assert cut[("Pod/shop/v1-a", "Pod/shop/v2-a")] == (True, False, True, True)
    assert ("Gateway/edge/gw", "Pod/shop/v1-a") not in cut


# requests ----------------------------------------------------------------------------------------------------------------------------


def http(**spec: Any) -> Manifest:
    whole: Manifest = {"target": "Request", "port": 8080} | spec
    return chaos("HTTPChaos", **whole)


def test_requests_that_are_broken_off_are_a_503() -> None:
    assert during(http(abort=True))[0].status == 503
    assert shares(during(http(abort=True, mode="one"))[0]) == {None: 0.5, 503: 0.5}


@pytest.mark.parametrize("missed", [{"port": 80}, {"method": "POST"}, {"path": "/other/*"}])
def test_requests_of_another_port_method_or_path_are_left_alone(missed: Manifest) -> None:
    assert during(http(abort=True, **missed))[0].status is None


@pytest.mark.parametrize("taken", [{"port": 8080}, {"method": "GET"}, {"path": "/cart/*"}, {"path": "*"}])
def test_requests_of_the_named_port_method_and_path_are_hit(taken: Manifest) -> None:
    assert during(http(abort=True, **taken), url="http://shop.test/cart/1?x=y")[0].status == 503


def test_requests_that_are_delayed_are_too_late_for_a_time_out() -> None:
    assert during(http(delay="2s"), limited("2s"))[0].status == 504
    answer, (effect,) = during(http(delay="2s", path="/shop"), limited("3s"))
    assert answer.status is None
    assert (effect.latency_ms, effect.does) == ((2000.0, 2000.0), "answers 2000 ms later for requests /shop on port 8080")


def test_a_replaced_answer_is_the_backends_own() -> None:
    answer, (effect,) = during(http(target="Response", replace={"code": 404, "body": "eA=="}))
    assert shares(answer) == {None: 1.0}
    assert effect.does == "answers 404 and answers with another body for requests on port 8080"


# pods --------------------------------------------------------------------------------------------------------------------------------


def test_pods_that_fail_are_no_endpoints_and_killed_ones_are_replaced() -> None:
    ready = shop(*({**pod(name, address, {"app": "v1"})} for name, address in (("v1-a", "10.0.0.1"), ("v1-b", "10.0.0.2"))))
    answer, (effect,) = during(chaos("PodChaos", action="pod-failure"), ready)
    assert (answer.status, effect.does) == (503, "is not ready")
    answer, (effect,) = during(chaos("PodChaos", action="pod-failure", mode="one"), ready)
    assert [one.ready_endpoints for one in answer.backends] == [1]


def test_a_container_that_is_killed_starts_again() -> None:
    answer, (effect,) = during(chaos("PodChaos", action="container-kill", containerNames=["c"]))
    assert answer.status is None
    assert effect.does == "has a container that is killed and starts again"


# Litmus ------------------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("fault", "status"),
    [
        (litmus("pod-network-latency", NETWORK_LATENCY="400"), 504),
        (litmus("pod-network-latency", NETWORK_LATENCY="399"), None),
        (litmus("pod-network-loss"), 504),
        (litmus("pod-network-loss", NETWORK_PACKET_LOSS_PERCENTAGE="50"), None),
        (litmus("pod-network-partition"), 504),
        (litmus("pod-http-latency", LATENCY="400", TARGET_SERVICE_PORT="8080"), 504),
        (litmus("pod-http-latency", LATENCY="400", TARGET_SERVICE_PORT="9090"), None),
        (litmus("pod-http-reset-peer", TARGET_SERVICE_PORT="8080"), 503),
        (litmus("pod-http-status-code", STATUS_CODE="500", TARGET_SERVICE_PORT="8080"), None),
        (litmus("pod-network-loss", DESTINATION_HOSTS="v2.shop.svc.cluster.local"), None),
        (litmus("pod-network-loss", DESTINATION_IPS="10.0.0.9"), 504),
    ],
    ids=lambda value: str(value["spec"]["experiments"][0]["name"]) if isinstance(value, dict) else str(value),
)
def test_the_faults_of_litmus_do_the_same(fault: Manifest, status: int | None) -> None:
    assert during(fault, limited("400ms"))[0].status == status


def test_litmus_breaks_off_the_share_that_its_toxicity_says() -> None:
    answer, (effect,) = during(litmus("pod-http-reset-peer", TARGET_SERVICE_PORT="8080", TOXICITY="30"))
    assert shares(answer) == {None: pytest.approx(0.7), 503: pytest.approx(0.3)}
    assert effect.does == "breaks off for 30% of requests on port 8080"


# retries -----------------------------------------------------------------------------------------------------------------------------


def test_a_rule_that_retries_fails_less_often() -> None:
    fault = chaos(**CUT, mode="one")
    assert shares(during(fault, limited(retry={"attempts": 1}))[0]) == {None: pytest.approx(0.75), 503: pytest.approx(0.25)}
    assert shares(during(fault, limited(retry={"attempts": 3}))[0]) == {None: pytest.approx(0.9375), 503: pytest.approx(0.0625)}
    assert during(chaos(**CUT), limited(retry={"attempts": 3}))[0].status == 503


def test_the_time_of_the_whole_request_leaves_no_second_try() -> None:
    assert shares(during(chaos(**CUT, mode="one"), limited("1s", retry={"attempts": 3}))[0]) == {None: 0.5, 504: 0.5}


@pytest.mark.parametrize(("codes", "left"), [([504], 0.25), ([500], 0.5)])
def test_a_try_that_is_too_late_is_repeated_where_the_rule_names_504(codes: list[int], left: float) -> None:
    cluster = limited("10s", "200ms", retry={"attempts": 1, "codes": codes})
    assert shares(during(chaos(**SLOW, mode="one"), cluster)[0])[504] == pytest.approx(left)
