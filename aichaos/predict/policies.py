"""NetworkPolicies: who can talk to whom on which port.

Pods that no policy can tell apart form one party, and sets of parties are integers with a bit for each: the cost follows the number of
different pods, not of pairs. Source: networking.k8s.io/v1 `NetworkPolicy`. Its text leaves two things to the network plugin, which are
answered as most plugins do: a pod on its node's network is a node to every policy, and an `ipBlock` sees a pod by its own address.
A pod can always reach itself, and its node can always reach it; neither is asked here.
"""

import ipaddress
from bisect import bisect_right
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Literal

import msgspec

from aichaos.domain.base import LabelSelector
from aichaos.domain.network import EgressRule, IngressRule, IPBlock, NetworkPolicy, NetworkPolicyPeer, NetworkPolicyPort
from aichaos.domain.workloads import Pod

Key = tuple[str, str]
"""Namespace and name of a pod."""
Set = int
"""Parties: bit N is party N."""
Direction = Literal["Ingress", "Egress"]
Rule = IngressRule | EgressRule


class Party(msgspec.Struct, frozen=True, kw_only=True):
    """One end of a connection. namespace: "" for what is no pod to a policy: an address outside, or a pod on its node's network.

    labels: those that some policy asks about. ports: name, protocol and number of the named ones that some policy asks about.
    place: the stretch of addresses, between two edges of blocks, in which it lies; None where its address is not known.
    """

    namespace: str = ""
    labels: tuple[tuple[str, str], ...] = ()
    ports: tuple[tuple[str, str, int], ...] = ()
    place: tuple[int, int] | None = None


class Policies:
    """The policies of a cluster over its pods and some addresses outside. `labels` gives a namespace's labels, its name among them."""

    def __init__(
        self,
        policies: Iterable[NetworkPolicy],
        pods: Iterable[Pod],
        labels: Callable[[str], Mapping[str, str]],
        addresses: Iterable[str] = (),
    ) -> None:
        self._policies = list(policies)
        self._peers: dict[bytes, Set] = {}
        self._selections: dict[bytes, Set] = {}
        self._blocks = _Blocks(list(dict.fromkeys(_blocks(self._policies))))
        self.parties: list[Party] = []
        self._of_pod: dict[Key, int] = {}
        self._of_address: dict[str, int] = {}
        self._enter(pods, addresses)
        self.everyone: Set = (1 << len(self.parties)) - 1
        self._index = _Index(self.parties, labels)
        self._rules: dict[Direction, dict[int, list[tuple[Set, Rule]]]] = {
            "Ingress": self._compile("Ingress"),
            "Egress": self._compile("Egress"),
        }

    def _enter(self, pods: Iterable[Pod], addresses: Iterable[str]) -> None:
        asked = frozenset(key for policy in self._policies for selector in _selectors(policy) for key in _keys(selector))
        names = frozenset(
            port.port for policy in self._policies for rule in _rules(policy) for port in rule.ports if isinstance(port.port, str)
        )
        numbers: dict[Party, int] = {}
        for pod in pods:
            if pod.finished:
                continue
            place = self._blocks.place(pod.status.pod_ip)
            if pod.spec.host_network:
                party = Party(place=place)
            else:
                chosen = tuple(sorted((key, value) for key, value in pod.labels.items() if key in asked))
                party = Party(namespace=pod.namespace, labels=chosen, ports=_named_ports(pod, names) if names else (), place=place)
            self._of_pod[pod.namespace, pod.name] = numbers.setdefault(party, len(numbers))
        for address in addresses:
            self._of_address[address] = numbers.setdefault(Party(place=self._blocks.place(address)), len(numbers))
        self.parties.extend(numbers)

    def _compile(self, direction: Direction) -> dict[int, list[tuple[Set, Rule]]]:
        """Party → the rules that let something through, each with the peers it names; a party that nothing isolates is left out."""
        found: dict[int, list[tuple[Set, Rule]]] = {}
        for policy in self._policies:
            if direction not in policy_types(policy):
                continue
            selected = self.selected(policy)
            rules: Sequence[Rule] = (policy.spec.ingress if direction == "Ingress" else policy.spec.egress) or ()
            with_peers = [(self._peers_of(policy.namespace, _peers(rule)), rule) for rule in rules] if selected else []
            for party in bits(selected):
                found.setdefault(party, []).extend(with_peers)
        return found

    # who ------------------------------------------------------------------------------------------------------------------------

    def party(self, pod: Pod) -> int | None:
        """The party that a pod belongs to; None for a pod that is finished or was not given."""
        return self._of_pod.get((pod.namespace, pod.name))

    def outside(self, address: str) -> int:
        """The party of one of the addresses that were given."""
        return self._of_address[address]

    # what is allowed ------------------------------------------------------------------------------------------------------------

    def allowed(self, source: int, target: int, port: int, protocol: str = "TCP") -> bool:
        """Whether `source` may open a connection to this port of `target`: both ends must let it through."""
        return bool(self.senders(target, port, protocol) >> source & 1) and bool(self.targets(source, port, protocol) >> target & 1)

    def senders(self, target: int, port: int, protocol: str = "TCP") -> Set:
        """Whom `target` lets in on a port."""
        rules = self._rules["Ingress"].get(target)
        if rules is None:
            return self.everyone
        found = 0
        for peers, rule in rules:
            if peers & ~found and (not rule.ports or self._open(rule.ports, port, protocol) >> target & 1):
                found |= peers
        return found

    def targets(self, source: int, port: int, protocol: str = "TCP") -> Set:
        """To whom `source` may send on a port."""
        rules = self._rules["Egress"].get(source)
        if rules is None:
            return self.everyone
        found = 0
        for peers, rule in rules:
            if peers & ~found:
                found |= peers & self._open(rule.ports, port, protocol) if rule.ports else peers
        return found

    def door(self, target: int, port: int, protocol: str = "TCP") -> Literal["open", "ajar", "shut"]:
        """Whether a port of `target` lets in everybody, some, or nobody, whoever they may be: also those who are not known here."""
        rules = self._rules["Ingress"].get(target)
        if rules is None:
            return "open"
        letting = [rule for _, rule in rules if not rule.ports or self._open(rule.ports, port, protocol) >> target & 1]
        return "shut" if not letting else "ajar" if all(_peers(rule) for rule in letting) else "open"

    def selected(self, policy: NetworkPolicy) -> Set:
        """The parties that one of the policies selects."""
        return self._index.namespace(policy.namespace) & self._selection(policy.spec.pod_selector)

    def restricting(self, parties: Iterable[int], direction: Direction) -> list[NetworkPolicy]:
        """The policies that select one of these parties in a direction."""
        wanted = _set(parties)
        return [policy for policy in self._policies if direction in policy_types(policy) and wanted & self.selected(policy)]

    def _open(self, ports: Sequence[NetworkPolicyPort], port: int, protocol: str) -> Set:
        """The parties on which one of these ports is this one: a name means what the target calls so."""
        found = 0
        for one in ports:
            if (one.protocol or "TCP") != protocol:
                continue
            if isinstance(one.port, str):
                found |= self._index.named(one.port, protocol, port)
            elif one.port is None or one.port == port or (one.end_port is not None and one.port <= port <= one.end_port):
                return self.everyone
        return found

    def _peers_of(self, namespace: str, peers: Sequence[NetworkPolicyPeer]) -> Set:
        if not peers:
            return self.everyone
        found = 0
        for peer in peers:
            key = msgspec.json.encode((namespace if peer.namespace_selector is None else "", peer), order="sorted")
            if key not in self._peers:
                self._peers[key] = self._peer(namespace, peer)
            found |= self._peers[key]
        return found

    def _peer(self, namespace: str, peer: NetworkPolicyPeer) -> Set:
        if peer.ip_block is not None:
            return self._blocks.members(peer.ip_block, self._index.places)
        pods = self._selection(peer.pod_selector) if peer.pod_selector is not None else self._index.pods
        if peer.namespace_selector is None:
            return pods & self._index.namespace(namespace)
        return pods & self._index.namespaces(peer.namespace_selector)

    def _selection(self, selector: LabelSelector) -> Set:
        key = msgspec.json.encode(selector, order="sorted")
        if key not in self._selections:
            self._selections[key] = _selected(selector, self._index.labels, self._index.keys, self._index.pods)
        return self._selections[key]


class _Index:
    """Parties by what a selector may ask."""

    def __init__(self, parties: Sequence[Party], labels: Callable[[str], Mapping[str, str]]) -> None:
        self.labels: dict[tuple[str, str], Set] = defaultdict(int)
        self.keys: dict[str, Set] = defaultdict(int)
        self.pods: Set = 0
        self.places: dict[tuple[int, int], Set] = defaultdict(int)
        self._ports: dict[tuple[str, str, int], Set] = defaultdict(int)
        self._namespaces: dict[str, Set] = defaultdict(int)
        for number, party in enumerate(parties):
            bit = 1 << number
            if party.place is not None:
                self.places[party.place] |= bit
            if not party.namespace:
                continue
            self.pods |= bit
            self._namespaces[party.namespace] |= bit
            for label in party.labels:
                self.labels[label] |= bit
                self.keys[label[0]] |= bit
            for port in party.ports:
                self._ports[port] |= bit
        self._namespace_labels: dict[tuple[str, str], Set] = defaultdict(int)
        self._namespace_keys: dict[str, Set] = defaultdict(int)
        for namespace, members in self._namespaces.items():
            for key, value in labels(namespace).items():
                self._namespace_labels[key, value] |= members
                self._namespace_keys[key] |= members

    def namespace(self, name: str) -> Set:
        return self._namespaces.get(name, 0)

    def namespaces(self, selector: LabelSelector) -> Set:
        return _selected(selector, self._namespace_labels, self._namespace_keys, self.pods)

    def named(self, name: str, protocol: str, number: int) -> Set:
        return self._ports.get((name, protocol, number), 0)


class _Blocks:
    """Where addresses lie among the blocks that policies name."""

    def __init__(self, blocks: Sequence[IPBlock]) -> None:
        self._ranges = {block: (_range(block.cidr), [_range(cidr) for cidr in block.except_]) for block in blocks}
        edges: dict[int, set[int]] = {4: {0}, 6: {0}}
        for inside, holes in self._ranges.values():
            for found in (inside, *holes):
                if found is not None:
                    version, first, last = found
                    edges[version] |= {first, last + 1}
        self._edges = {version: sorted(some) for version, some in edges.items()}

    def place(self, address: str) -> tuple[int, int] | None:
        """Version of the protocol and the stretch; None for an address that is not known."""
        if not address:
            return None
        try:
            read = ipaddress.ip_address(address)
        except ValueError:
            return None
        return read.version, bisect_right(self._edges[read.version], int(read)) - 1

    def members(self, block: IPBlock, places: Mapping[tuple[int, int], Set]) -> Set:
        """The parties inside a block and in none of its holes."""
        inside, holes = self._ranges[block]
        if inside is None:
            return 0
        found = self._between(inside, places)
        for hole in holes:
            if hole is not None and found:
                found &= ~self._between(hole, places)
        return found

    def _between(self, found: tuple[int, int, int], places: Mapping[tuple[int, int], Set]) -> Set:
        version, first, last = found
        edges = self._edges[version]
        start, end = bisect_right(edges, first) - 1, bisect_right(edges, last) - 1
        if end - start < len(places):
            held = [places.get((version, place), 0) for place in range(start, end + 1)]
        else:
            held = [members for (kind, place), members in places.items() if kind == version and start <= place <= end]
        members = 0
        for some in held:
            members |= some
        return members


def policy_types(policy: NetworkPolicy) -> tuple[str, ...]:
    """The directions that a policy isolates; where it does not say, what the API server fills in: Ingress, and Egress if a rule is there.

    `egress: []` alone adds nothing (`SetDefaults_NetworkPolicy` in pkg/apis/networking/v1).
    """
    if policy.spec.policy_types:
        return policy.spec.policy_types
    return ("Ingress", "Egress") if policy.spec.egress else ("Ingress",)


def bits(members: Set) -> Iterator[int]:
    """The parties of a set, in order."""
    while members:
        lowest = members & -members
        yield lowest.bit_length() - 1
        members ^= lowest


def _set(members: Iterable[int]) -> Set:
    found = 0
    for member in members:
        found |= 1 << member
    return found


def _selected(selector: LabelSelector, labels: Mapping[tuple[str, str], Set], keys: Mapping[str, Set], everything: Set) -> Set:
    """What a label selector takes; a set-based requirement on a key that is absent holds for NotIn (labels.Requirement)."""
    found = everything
    for label in selector.match_labels.items():
        found &= labels.get(label, 0)
    for asked in selector.match_expressions:
        there = keys.get(asked.key, 0)
        listed = 0
        for value in asked.values:
            listed |= labels.get((asked.key, value), 0)
        match asked.operator:
            case "In":
                found &= listed
            case "NotIn":
                found &= ~listed
            case "Exists":
                found &= there
            case "DoesNotExist":
                found &= ~there
            case _:
                return 0
    return found


def _keys(selector: LabelSelector) -> Iterator[str]:
    yield from selector.match_labels
    for asked in selector.match_expressions:
        yield asked.key


def _selectors(policy: NetworkPolicy) -> Iterator[LabelSelector]:
    yield policy.spec.pod_selector
    for rule in _rules(policy):
        for peer in _peers(rule):
            if peer.pod_selector is not None:
                yield peer.pod_selector


def _rules(policy: NetworkPolicy) -> Iterator[Rule]:
    yield from policy.spec.ingress or ()
    yield from policy.spec.egress or ()


def _peers(rule: Rule) -> Sequence[NetworkPolicyPeer]:
    return rule.from_ if isinstance(rule, IngressRule) else rule.to


def _blocks(policies: Iterable[NetworkPolicy]) -> Iterator[IPBlock]:
    for policy in policies:
        for rule in _rules(policy):
            for peer in _peers(rule):
                if peer.ip_block is not None:
                    yield peer.ip_block


def _named_ports(pod: Pod, names: frozenset[str]) -> tuple[tuple[str, str, int], ...]:
    ports = (port for container in pod.spec.containers for port in container.ports)
    return tuple(sorted({(port.name, port.protocol, port.container_port) for port in ports if port.name in names}))


def _range(cidr: str) -> tuple[int, int, int] | None:
    """Version, first and last address; None where the text is no block, which then holds nothing."""
    try:
        network = ipaddress.ip_network(cidr, strict=False)
    except ValueError:
        return None
    return network.version, int(network.network_address), int(network.broadcast_address)
