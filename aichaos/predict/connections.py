"""Who can talk to whom as an experiment goes on: the pods that it touches, the Gateways, and the world outside.

Pods are named by what keeps them, because a pod that is replaced has another name; a pod that is changed by itself keeps its own.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence

import msgspec

from aichaos.domain.base import kind_name
from aichaos.domain.network import NetworkPolicy
from aichaos.domain.prediction import Connection
from aichaos.domain.workloads import Namespace, Pod
from aichaos.observe.assume import target_port
from aichaos.predict.evolve.draft import Change
from aichaos.predict.evolve.faults import Active
from aichaos.predict.policies import bits
from aichaos.predict.reach import SOMEWHERE, Key, Reach

MOST = 200
"""Connections that are listed at most, those that change first."""
OUTSIDE = "outside"
Port = tuple[int, str]


class Listed(msgspec.Struct, frozen=True, kw_only=True):
    """notes: what is left out, and why."""

    connections: tuple[Connection, ...] = ()
    notes: tuple[str, ...] = ()


def connections(states: Sequence[Reach], changes: Iterable[Change], most: int = MOST) -> Listed:
    """The connections of everything that an experiment touches, in each of its states. Empty where no state has a policy or a cut."""
    if not any(state.snapshot.network_policies or state.cuts for state in states):
        return Listed()
    changed = list(changes)
    ends = _Ends(states, changed)
    found = sorted(ends.all(), key=lambda one: (len(set(one.allowed)) == 1, one.from_, one.to, one.port, one.protocol))
    notes = list(ends.notes())
    if len(found) > most:
        notes.append(f"{len(found) - most:,} more connections are not listed")
    return Listed(connections=tuple(found[:most]), notes=tuple(notes))


class _Ends:
    """The ends of connections by name, and the parties that each one is in each state."""

    def __init__(self, states: Sequence[Reach], changes: Sequence[Change]) -> None:
        keys = [(id(state.policies), *map(id, state.cuts)) for state in states]
        different = dict(zip(keys, states, strict=True))
        self.states = list(different.values())
        self.places = [list(different).index(key) for key in keys]
        """State → its place among those that differ."""
        pairs = ((old, new) for old, new in changes if isinstance(old, Pod) and isinstance(new, Pod))
        self._alone = {(new.namespace, new.name) for old, new in pairs if old.labels != new.labels}
        self.pods: list[dict[str, list[Key]]] = [defaultdict(list) for _ in self.states]
        """The pods of each end, where a fault cuts connections."""
        self.parties = [self._of(state, pods) for state, pods in zip(self.states, self.pods, strict=True)]
        self.ports = self._ports()
        self.touched = self._touched(changes)

    def _of(self, state: Reach, pods: dict[str, list[Key]]) -> dict[str, int]:
        """Name of an end → its parties in one state. pods: gets its pods, where a fault asks for them."""
        found: dict[str, int] = defaultdict(int)
        found[OUTSIDE] = 1 << state.policies.outside(SOMEWHERE)
        for gateway in state.snapshot.gateways:
            for party in state.carriers((gateway.namespace, gateway.name)) or ():
                found[f"Gateway/{gateway.namespace}/{gateway.name}"] |= 1 << party
            if state.cuts:
                carriers = state.topology.gateway_pods(gateway)
                pods[f"Gateway/{gateway.namespace}/{gateway.name}"] += [(pod.namespace, pod.name) for pod in carriers]
        for pod in state.snapshot.pods:
            member = state.policies.party(pod)
            if member is not None and (pod.namespace, pod.name) not in state.topology.carriers:
                name = self._name(pod, state)
                found[name] |= 1 << member
                if state.cuts:
                    pods[name].append((pod.namespace, pod.name))
        return found

    def _name(self, pod: Pod, state: Reach) -> str:
        workload = None if (pod.namespace, pod.name) in self._alone else state.topology.workload_of(pod)
        return f"{kind_name(workload)}/{workload.namespace}/{workload.name}" if workload else f"Pod/{pod.namespace}/{pod.name}"

    def _ports(self) -> dict[str, set[Port]]:
        """Name of an end → the ports on which something could answer: those of its containers, and those that Services lead to."""
        found: dict[str, set[Port]] = defaultdict(set)
        for state in self.states:
            for pod in state.snapshot.pods:
                if state.policies.party(pod) is not None:
                    declared = {(port.container_port, port.protocol) for container in pod.spec.containers for port in container.ports}
                    if declared:
                        found[self._name(pod, state)] |= declared
            for service in state.snapshot.services:
                for pod in state.topology.service_pods(service):
                    numbers = ((target_port(port, [pod]), port.protocol) for port in service.spec.ports)
                    found[self._name(pod, state)] |= {(number, protocol) for number, protocol in numbers if number is not None}
        return found

    def _touched(self, changes: Sequence[Change]) -> set[str]:
        """The ends that the experiment changes, or whose policies it changes."""
        namespaces = {obj.name for change in changes for obj in change if isinstance(obj, Namespace)}
        policies = {(obj.namespace, obj.name) for change in changes for obj in change if isinstance(obj, NetworkPolicy)}
        pods = {(obj.namespace, obj.name) for change in changes for obj in change if isinstance(obj, Pod)}
        pods |= {(pod.namespace, pod.name) for state in self.states for fault in state.cuts for pod in fault.pods}
        found: set[str] = set()
        for state, named in zip(self.states, self.parties, strict=True):
            concerned = (pod for pod in state.snapshot.pods if (pod.namespace, pod.name) in pods or pod.namespace in namespaces)
            found |= {self._name(pod, state) for pod in concerned}
            selected = 0
            for policy in state.snapshot.network_policies:
                if (policy.namespace, policy.name) in policies:
                    selected |= state.policies.selected(policy)
            found |= {name for name, parties in named.items() if parties & selected}
        return found

    def all(self) -> Iterator[Connection]:
        """Every connection from or to what is touched."""
        names = sorted({name for named in self.parties for name in named})
        for target in names:
            if target == OUTSIDE or target.startswith("Gateway/"):
                continue
            sources = names if target in self.touched else [name for name in names if name in self.touched]
            for port, protocol in sorted(self.ports.get(target, ())):
                for source in sources:
                    if source != target:
                        verdicts = [self._allowed(place, source, target, port, protocol) for place in range(len(self.states))]
                        allowed = tuple(verdicts[place] for place in self.places)
                        yield Connection(from_=source, to=target, port=port, protocol=protocol, allowed=allowed)

    def _allowed(self, place: int, source: str, target: str, port: int, protocol: str) -> bool:
        """Whether every pod of one end may talk to every pod of the other; no, where one of them has none."""
        policies = self.states[place].policies
        senders, targets = self.parties[place].get(source, 0), self.parties[place].get(target, 0)
        if any(self._cut(fault, place, source, target) for fault in self.states[place].cuts):
            return False
        return bool(
            senders
            and targets
            and all(not senders & ~policies.senders(one, port, protocol) for one in bits(targets))
            and all(not targets & ~policies.targets(one, port, protocol) for one in bits(senders))
        )

    def _cut(self, fault: Active, place: int, source: str, target: str) -> bool:
        """Whether a fault cuts a pod of one end off from a pod of the other."""
        pods = self.pods[place]
        ends: tuple[list[Key | None], list[Key]] = ([*pods[source]] or [None], pods[target])
        return any(fault.shapes(one, other) or fault.shapes(other, one) for one in ends[0] for other in ends[1])

    def notes(self) -> Iterator[str]:
        """What could not be told."""
        first = self.states[0]
        for gateway in first.snapshot.gateways:
            if first.carriers((gateway.namespace, gateway.name)) is None:
                yield f"which pods carry Gateway {gateway.namespace}/{gateway.name} is not known: its connections are not listed"
        if any(pod.spec.host_network for pod in first.snapshot.pods):
            yield "pods on their node's network are taken for nodes: most network plugins apply no policy to them"
