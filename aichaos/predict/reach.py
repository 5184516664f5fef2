"""What NetworkPolicies leave of an answer: backends that the Gateway's own pods may not reach, and who may talk to whom.

A policy does not make an endpoint unready: the gateway goes on trying, and answers 503 for the share that it can't reach.
"""

from collections.abc import Iterator

import msgspec

from aichaos.domain.base import ObjectRef, reference
from aichaos.domain.network import Service
from aichaos.domain.prediction import Answer, BackendShare, Connection
from aichaos.domain.snapshot import Snapshot
from aichaos.domain.workloads import Pod
from aichaos.observe.assume import target_port
from aichaos.observe.topology import Topology
from aichaos.predict.policies import Policies

UNREACHABLE = 503
MOST_CONNECTIONS = 200

Key = tuple[str, str]
"""Namespace and name."""
Pair = tuple[str, str, int, str]
"""From, to, port and protocol."""


class Reach:
    """The policies of one moment. Nothing is worked out where there are none."""

    def __init__(self, snapshot: Snapshot) -> None:
        self.topology = Topology(snapshot)
        self.there = bool(snapshot.network_policies)
        pods = (pod for pods in self.topology.pods_of_namespace.values() for pod in pods)
        self._policies = Policies(snapshot.network_policies, pods, self.topology.namespace_labels) if self.there else None
        self._known: dict[tuple[Key, Key, int], float | None] = {}

    def through(self, answer: Answer, gateway: Key | None) -> Answer:
        """An answer with the shares that no policy lets through answered by the gateway itself."""
        if self._policies is None or gateway is None or not answer.backends:
            return answer
        shares = [piece for one in answer.backends for piece in self._share(one, gateway)]
        if shares == list(answer.backends):
            return answer
        if all(one.status == UNREACHABLE for one in shares):
            return msgspec.structs.replace(answer, outcome="error", status=UNREACHABLE, backends=tuple(shares), received=None)
        return msgspec.structs.replace(answer, backends=tuple(shares))

    def _share(self, one: BackendShare, gateway: Key) -> Iterator[BackendShare]:
        if one.status is not None or one.service is None or one.port is None:
            yield one
            return
        namespace, _, name = one.service.partition("/")
        open_to = self.open((namespace, name), gateway, one.port)
        if open_to is None or open_to == 1:
            yield one
            return
        if open_to > 0:
            yield msgspec.structs.replace(one, share=one.share * open_to)
        yield msgspec.structs.replace(one, share=one.share * (1 - open_to), status=UNREACHABLE)

    def open(self, service: Key, gateway: Key, port: int) -> float | None:
        """Which share of a Service's pods the Gateway's pods may reach; None where the pods of either are not known."""
        key = service, gateway, port
        if key not in self._known:
            found = self.topology.services.get(service)
            carrying = self.topology.gateways.get(gateway)
            sources = self.topology.gateway_pods(carrying) if carrying is not None else []
            self._known[key] = self._between(sources, found, port) if found is not None and sources else None
        return self._known[key]

    def _between(self, sources: list[Pod], service: Service, port: int) -> float | None:
        pods = [pod for pod in self.topology.service_pods(service) if pod.ready or not pod.status.conditions]
        spec = next((one for one in service.spec.ports if one.port == port), None)
        if self._policies is None or spec is None or not pods:
            return None
        allowed = total = 0
        for pod in pods:
            number = target_port(spec, [pod])
            for source in sources[:50]:
                mine, its = self._policies.party(source), self._policies.party(pod)
                if number is not None and mine is not None and its is not None:
                    total += 1
                    allowed += self._policies.allowed(mine, its, number, spec.protocol)
        return allowed / total if total else None

    # who may talk to whom -------------------------------------------------------------------------------------------------------

    def pairs(self, namespaces: set[str]) -> dict[Pair, bool]:
        """Whether every pod of one side may reach every pod of the other. Sides: Gateways, and what is in these namespaces."""
        if self._policies is None:
            return {}
        found: dict[Pair, bool] = {}
        sides = list(self._sides(namespaces))
        for service in (one for name in sorted(namespaces) for one in self.topology.services_of_namespace.get(name, ())):
            pods = self.topology.service_pods(service)
            if not pods:
                continue
            for name, sources in sides:
                for spec in service.spec.ports:
                    if len(found) >= MOST_CONNECTIONS:
                        return found
                    if not {(pod.namespace, pod.name) for pod in sources} & {(pod.namespace, pod.name) for pod in pods}:
                        share = self._between(sources, service, spec.port)
                        if share is not None:
                            found[name, str(reference(service)), spec.port, spec.protocol] = share == 1
        return found

    def _sides(self, namespaces: set[str]) -> Iterator[tuple[str, list[Pod]]]:
        for key, gateway in self.topology.gateways.items():
            if pods := self.topology.gateway_pods(gateway):
                yield str(ObjectRef("Gateway", key[1], key[0])), pods
        for ref, workload in self.topology.workloads.items():
            if ref.namespace in namespaces and (pods := self.topology.pods_of(workload)):
                yield str(ref), pods


def connections(moments: list[Snapshot], changed: list[bool], namespaces: set[str]) -> tuple[Connection, ...]:
    """Who may talk to whom at each moment; those that change first. changed: whether anything that policies go by did, at each moment."""
    if not any(moment.network_policies for moment in moments):
        return ()
    columns: list[dict[Pair, bool]] = []
    for snapshot, differs in zip(moments, changed, strict=True):
        columns.append(_pairs(snapshot, namespaces) if differs or not columns else columns[-1])
    every = dict.fromkeys(pair for column in columns for pair in column)
    rows = [(pair, tuple(column.get(pair, True) for column in columns)) for pair in every]
    rows.sort(key=lambda row: len(set(row[1])) == 1)
    return tuple(
        Connection(from_=pair[0], to=pair[1], port=pair[2], protocol=pair[3], allowed=allowed) for pair, allowed in rows[:MOST_CONNECTIONS]
    )


def _pairs(snapshot: Snapshot, namespaces: set[str]) -> dict[Pair, bool]:
    return Reach(snapshot).pairs(namespaces)
