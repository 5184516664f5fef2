"""Our reading of NetworkPolicies against somebody else's: the matcher of cyclonus, on random policies.

Two of its readings of label selectors contradict the API's text and the API server; the random policies keep away from them, and a test
of their own shows both: a key that is absent satisfies NotIn, and does not satisfy `key: ""`.
"""

import random
import subprocess
from typing import Any

import msgspec
import pytest

from aichaos.domain.base import LabelSelector, LabelSelectorRequirement, Metadata, plain, selects
from aichaos.domain.network import NetworkPolicy
from aichaos.domain.workloads import Container, ContainerPort, Pod, PodSpec, PodStatus
from aichaos.predict.policies import Policies
from tests.controlplane.cache import Missing, locate

NAMESPACES: dict[str, dict[str, str]] = {
    "a": {"kubernetes.io/metadata.name": "a", "team": "x"},
    "b": {"kubernetes.io/metadata.name": "b", "team": "y", "stage": "one"},
    "c": {"kubernetes.io/metadata.name": "c"},
    "d": {"kubernetes.io/metadata.name": "d", "team": "x", "stage": "two"},
}
LABELS = {"app": ("web", "db", "cache"), "tier": ("front", "back"), "version": ("v1", "v2")}
NAMESPACE_LABELS = {"team": ("x", "y"), "stage": ("one", "two"), "kubernetes.io/metadata.name": ("a", "b", "c", "d")}
PORTS = (53, 80, 8080, 8081, 8090)
NAMES = ("http", "dns", "admin")
PROTOCOLS = ("TCP", "UDP", "SCTP")
BLOCKS = (
    "0.0.0.0/0",
    "10.0.0.0/8",
    "10.0.1.0/24",
    "10.0.1.64/26",
    "203.0.113.0/24",
    "10.0.1.5/32",
    "::/0",
    "2001:db8::/32",
    "2001:db8:1::/48",
)
OUTSIDE = ("203.0.113.7", "198.51.100.1", "10.9.9.9", "2001:db8:1::7")
CASES, CONNECTIONS = 60, 400


@pytest.fixture(scope="module")
def cyclonus() -> str:
    found = locate("cyclonus")
    if isinstance(found, Missing):
        pytest.skip(found.reason)
    return str(found.programs["cyclonus"])


def ask(program: str, questions: list[dict[str, Any]]) -> list[str]:
    given = b"\n".join(msgspec.json.encode(question) for question in questions)
    done = subprocess.run([program], input=given, capture_output=True, check=True)
    return done.stdout.decode().split()


def test_twenty_thousand_connections_are_judged_as_cyclonus_judges_them(cyclonus: str) -> None:
    cases = [Case(random.Random(seed)) for seed in range(CASES)]
    theirs = ask(cyclonus, [case.question() for case in cases])
    verdicts = [
        (case, one, case.ours(one), theirs[number][place] == "1")
        for number, case in enumerate(cases)
        for place, one in enumerate(case.asked)
    ]
    assert len(verdicts) >= 20_000
    assert [(case.shown(one), ours) for case, one, ours, judged in verdicts if ours != judged] == []
    allowed = sum(ours for _, _, ours, _ in verdicts)
    assert 0.2 < allowed / len(verdicts) < 0.8, "the policies should neither let everything through nor nothing"


ABSENT = [
    (LabelSelector(match_expressions=(LabelSelectorRequirement(key="app", operator="NotIn", values=("web",)),)), "app notin (web)", True),
    (LabelSelector(match_labels={"app": ""}), "app=", False),
]


@pytest.mark.parametrize(("selector", "query", "taken"), ABSENT, ids=["NotIn", "empty-value"])
def test_a_label_that_is_absent_is_read_by_cyclonus_the_other_way_round(
    cyclonus: str, selector: LabelSelector, query: str, taken: bool
) -> None:
    policy = msgspec.convert(
        {
            "metadata": {"name": "p", "namespace": "a"},
            "spec": {"podSelector": {}, "policyTypes": ["Ingress"], "ingress": [{"from": [{"podSelector": plain(selector)}]}]},
        },
        NetworkPolicy,
    )
    bare = Pod(metadata=Metadata(name="bare", namespace="a"), status=PodStatus(phase="Running", pod_ip="10.0.1.1"))
    ours = Policies([policy], [bare], NAMESPACES.__getitem__)
    party = ours.party(bare)
    assert party is not None
    assert ours.allowed(party, party, 80) is taken
    assert selects(selector, {}) is taken
    end = {"namespace": "a", "namespaceLabels": NAMESPACES["a"], "labels": {}, "ip": "10.0.1.1"}
    question = {"policies": [plain(policy)], "ends": [end], "connections": [{"from": 0, "to": 0, "port": 80, "protocol": "TCP"}]}
    assert ask(cyclonus, [question]) == ["0" if taken else "1"]


class Case:
    """Random pods, policies and connections."""

    def __init__(self, chance: random.Random) -> None:
        self.chance = chance
        self.pods = [self._pod(number) for number in range(chance.randint(6, 14))]
        self.policies = [self._policy(number) for number in range(chance.randint(1, 9))]
        self.ends: list[Pod | str] = [*self.pods, *OUTSIDE]
        self.asked = [self._connection() for _ in range(CONNECTIONS)]
        self.policies_of_ours = Policies(self.policies, self.pods, NAMESPACES.__getitem__, OUTSIDE)

    def _pod(self, number: int) -> Pod:
        chance = self.chance
        labels = {key: chance.choice(values) for key, values in LABELS.items() if chance.random() < 0.7}
        names = chance.sample(NAMES, chance.randint(0, 3))
        numbers = chance.sample([(port, protocol) for port in PORTS for protocol in PROTOCOLS], 3)
        ports = tuple(
            ContainerPort(name=name, container_port=port, protocol=protocol) for name, (port, protocol) in zip(names, numbers, strict=False)
        )
        address = chance.choice((f"10.0.1.{chance.randint(1, 250)}", f"10.0.{number}.9", f"2001:db8:{number}::{chance.randint(1, 9)}"))
        return Pod(
            metadata=Metadata(name=f"p{number}", namespace=chance.choice(list(NAMESPACES)), labels=labels or None),
            spec=PodSpec(containers=(Container(name="c", ports=ports),)),
            status=PodStatus(phase="Running", pod_ip=address),
        )

    def _policy(self, number: int) -> NetworkPolicy:
        chance = self.chance
        types = chance.choice((["Ingress"], ["Egress"], ["Ingress", "Egress"]))
        spec: dict[str, Any] = {"podSelector": self._selector(LABELS), "policyTypes": types}
        for direction, peers in (("ingress", "from"), ("egress", "to")):
            if direction.capitalize() in types:
                spec[direction] = [self._rule(peers) for _ in range(chance.choice((0, 1, 1, 2, 3)))]
        document = {"metadata": {"name": f"n{number}", "namespace": chance.choice(list(NAMESPACES))}, "spec": spec}
        return msgspec.convert(document, NetworkPolicy)

    def _rule(self, peers: str) -> dict[str, Any]:
        chance = self.chance
        rule: dict[str, Any] = {}
        if chance.random() < 0.85:
            rule[peers] = [self._peer() for _ in range(chance.randint(1, 3))]
        if chance.random() < 0.6:
            rule["ports"] = [self._port() for _ in range(chance.randint(1, 3))]
        return rule

    def _peer(self) -> dict[str, Any]:
        chance = self.chance
        kind = chance.random()
        if kind < 0.25:
            cidr = chance.choice(BLOCKS)
            inside = [block for block in BLOCKS if block != cidr and (":" in block) == (":" in cidr)]
            return {"ipBlock": {"cidr": cidr, "except": chance.sample(inside, chance.randint(0, 2))}}
        peer: dict[str, Any] = {}
        if kind < 0.75:
            peer["podSelector"] = self._selector(LABELS)
        if kind > 0.5:
            peer["namespaceSelector"] = self._selector(NAMESPACE_LABELS)
        return peer

    def _selector(self, labels: dict[str, tuple[str, ...]]) -> dict[str, Any]:
        chance = self.chance
        selector: dict[str, Any] = {}
        if chance.random() < 0.6:
            key = chance.choice(list(labels))
            selector["matchLabels"] = {key: chance.choice(labels[key])}
        if chance.random() < 0.4:
            key, operator = chance.choice(list(labels)), chance.choice(("In", "NotIn", "Exists", "DoesNotExist"))
            asked: dict[str, Any] = {"key": key, "operator": operator}
            if operator in ("In", "NotIn"):
                asked["values"] = chance.sample(labels[key], chance.randint(1, len(labels[key])))
            present = [{"key": key, "operator": "Exists"}] if operator == "NotIn" else []
            selector["matchExpressions"] = [asked, *present]
        return selector

    def _port(self) -> dict[str, Any]:
        chance = self.chance
        port: dict[str, Any] = {"protocol": chance.choice(PROTOCOLS)} if chance.random() < 0.6 else {}
        kind = chance.random()
        if kind < 0.35:
            port["port"] = chance.choice(NAMES)
        elif kind < 0.9:
            port["port"] = chance.choice(PORTS)
            if chance.random() < 0.4:
                port["endPort"] = port["port"] + chance.choice((0, 1, 10, 8000))
        return port

    def _connection(self) -> tuple[int, int, int, str]:
        chance = self.chance
        source, target = chance.randrange(len(self.ends)), chance.randrange(len(self.ends))
        named = [(port.container_port, port.protocol) for port in _ports(self.ends[target])]
        port, protocol = chance.choice(named) if named and chance.random() < 0.5 else (chance.choice(PORTS), chance.choice(PROTOCOLS))
        return source, target, port, protocol

    def ours(self, asked: tuple[int, int, int, str]) -> bool:
        source, target, port, protocol = asked
        return self.policies_of_ours.allowed(self._party(source), self._party(target), port, protocol)

    def _party(self, number: int) -> int:
        end = self.ends[number]
        party = self.policies_of_ours.outside(end) if isinstance(end, str) else self.policies_of_ours.party(end)
        assert party is not None
        return party

    def question(self) -> dict[str, Any]:
        connections = []
        for source, target, port, protocol in self.asked:
            name = next((one.name for one in _ports(self.ends[target]) if (one.container_port, one.protocol) == (port, protocol)), "")
            connections.append({"from": source, "to": target, "port": port, "name": name, "protocol": protocol})
        return {
            "policies": [plain(policy) for policy in self.policies],
            "ends": [_end(end) for end in self.ends],
            "connections": connections,
        }

    def shown(self, asked: tuple[int, int, int, str]) -> dict[str, Any]:
        source, target, port, protocol = asked
        return {
            "from": _end(self.ends[source]),
            "to": _end(self.ends[target]),
            "port": port,
            "protocol": protocol,
            "policies": self.policies,
        }


def _ports(end: Pod | str) -> list[ContainerPort]:
    return [] if isinstance(end, str) else [port for container in end.spec.containers for port in container.ports]


def _end(end: Pod | str) -> dict[str, Any]:
    if isinstance(end, str):
        return {"ip": end}
    return {"namespace": end.namespace, "namespaceLabels": NAMESPACES[end.namespace], "labels": end.labels, "ip": end.status.pod_ip}
