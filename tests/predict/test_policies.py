"""What NetworkPolicies let through: what the API's text says, one idea each."""

from typing import Any

import msgspec
import pytest

from aichaos.domain.network import NetworkPolicy
from aichaos.domain.workloads import Pod
from aichaos.predict.policies import Policies, policy_types

NAMESPACES = {name: {"kubernetes.io/metadata.name": name} for name in ("shop", "other")} | {
    "ops": {"kubernetes.io/metadata.name": "ops", "team": "ops"}
}


def pod(name: str, namespace: str = "shop", *, address: str = "10.0.0.1", phase: str = "Running", **spec: Any) -> Pod:
    document = {
        "metadata": {"name": name, "namespace": namespace, "labels": {"app": name}},
        "spec": spec,
        "status": {"phase": phase, "podIP": address},
    }
    return msgspec.convert(document, Pod)


def policy(namespace: str = "shop", **spec: Any) -> NetworkPolicy:
    return msgspec.convert({"metadata": {"name": "p", "namespace": namespace}, "spec": {"podSelector": {}, **spec}}, NetworkPolicy)


def can(policies: list[NetworkPolicy], source: Pod | str, target: Pod | str, port: int = 80, protocol: str = "TCP") -> bool:
    pods = [end for end in (source, target) if isinstance(end, Pod)]
    compiled = Policies(policies, pods, NAMESPACES.__getitem__, [end for end in (source, target) if isinstance(end, str)])
    ends = [compiled.outside(end) if isinstance(end, str) else compiled.party(end) for end in (source, target)]
    assert ends[0] is not None
    assert ends[1] is not None
    return compiled.allowed(ends[0], ends[1], port, protocol)


WEB, DB = pod("web"), pod("db", address="10.0.0.2")


def test_without_a_policy_everything_is_allowed() -> None:
    assert can([], WEB, DB)
    assert can([], "203.0.113.1", DB)


def test_a_policy_without_rules_denies_what_comes_in_and_nothing_else() -> None:
    deny = policy(podSelector={"matchLabels": {"app": "db"}})
    assert not can([deny], WEB, DB)
    assert not can([deny], "203.0.113.1", DB)
    assert can([deny], DB, WEB)


def test_both_ends_must_let_it_through() -> None:
    out = policy(podSelector={"matchLabels": {"app": "web"}}, policyTypes=["Egress"], egress=[{"to": [{"podSelector": {}}]}])
    shut = policy(podSelector={"matchLabels": {"app": "db"}}, policyTypes=["Ingress"])
    assert can([out], WEB, DB)
    assert not can([out, shut], WEB, DB)


@pytest.mark.parametrize(
    ("spec", "types"),
    [
        ({}, ("Ingress",)),
        ({"egress": []}, ("Ingress",)),
        ({"egress": [{}]}, ("Ingress", "Egress")),
        ({"policyTypes": ["Egress"]}, ("Egress",)),
        ({"policyTypes": ["Egress"], "ingress": [{}]}, ("Egress",)),
    ],
)
def test_what_a_policy_isolates_where_it_does_not_say(spec: dict[str, Any], types: tuple[str, ...]) -> None:
    assert policy_types(policy(**spec)) == types


def test_policies_add_up() -> None:
    db = {"matchLabels": {"app": "db"}}
    one = policy(podSelector=db, ingress=[{"ports": [{"port": 80}]}])
    two = policy(podSelector=db, ingress=[{"ports": [{"port": 81}]}])
    assert [can([one, two], WEB, DB, port) for port in (80, 81, 82)] == [True, True, False]


def test_a_namespace_selector_without_a_pod_selector_takes_all_pods_there() -> None:
    policies = [policy(ingress=[{"from": [{"namespaceSelector": {"matchLabels": {"team": "ops"}}}]}])]
    assert can(policies, pod("prometheus", "ops"), DB)
    assert not can(policies, pod("prometheus", "other"), DB)
    assert not can(policies, "203.0.113.1", DB)


def test_a_name_means_the_port_that_the_target_calls_so() -> None:
    policies = [policy(ingress=[{"ports": [{"port": "http"}]}])]
    target = pod("db", containers=[{"name": "c", "ports": [{"name": "http", "containerPort": 8080}]}])
    assert can(policies, WEB, target, 8080)
    assert not can(policies, WEB, target, 80)
    assert not can(policies, WEB, target, 8080, "UDP")


def test_a_range_of_ports_ends_with_its_end_port() -> None:
    policies = [policy(ingress=[{"ports": [{"protocol": "SCTP", "port": 30, "endPort": 40}]}])]
    assert [can(policies, WEB, DB, port, "SCTP") for port in (29, 30, 40, 41)] == [False, True, True, False]
    assert not can(policies, WEB, DB, 35)


def test_a_block_of_addresses_has_holes() -> None:
    policies = [policy(ingress=[{"from": [{"ipBlock": {"cidr": "203.0.113.0/24", "except": ["203.0.113.64/26"]}}]}])]
    ends = ("203.0.112.255", "203.0.113.0", "203.0.113.63", "203.0.113.64", "203.0.113.127", "203.0.113.128", "203.0.114.0")
    assert [can(policies, end, DB) for end in ends] == [False, True, True, False, False, True, False]


def test_a_pod_without_an_address_is_in_no_block_but_has_its_labels() -> None:
    pending = pod("web", address="", phase="Pending")
    assert not can([policy(ingress=[{"from": [{"ipBlock": {"cidr": "0.0.0.0/0"}}]}])], pending, DB)
    assert can([policy(ingress=[{"from": [{"podSelector": {"matchLabels": {"app": "web"}}}]}])], pending, DB)


def test_a_pod_on_its_nodes_network_is_a_node_to_every_policy() -> None:
    agent = pod("agent", address="192.0.2.9", hostNetwork=True)
    assert can([policy()], WEB, agent), "no policy of its namespace isolates it"
    assert not can([policy(ingress=[{"from": [{"podSelector": {}}]}])], agent, DB), "its labels are not seen"
    assert can([policy(ingress=[{"from": [{"ipBlock": {"cidr": "192.0.2.0/24"}}]}])], agent, DB), "its node's address is"


def test_a_finished_pod_is_no_party() -> None:
    done = pod("job", phase="Succeeded")
    assert Policies([], [done], NAMESPACES.__getitem__).party(done) is None


def test_equal_pods_are_one_party() -> None:
    pods = [pod(f"web-{number}", address=f"10.0.0.{number}") for number in range(100)]
    assert len(Policies([policy(podSelector={"matchLabels": {"role": "db"}})], pods, NAMESPACES.__getitem__).parties) == 1


@pytest.mark.parametrize("cidr", ["", "nonsense", "10.0.0.0/99", "10.0.0.0/-1"])
def test_a_block_that_is_none_holds_nothing(cidr: str) -> None:
    assert not can([policy(ingress=[{"from": [{"ipBlock": {"cidr": cidr}}]}])], "10.0.0.1", DB)
