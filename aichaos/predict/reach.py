"""What stands between a Gateway and its backends, and between pods: the NetworkPolicies of a cluster, and the faults that last."""

from collections.abc import Iterable, Iterator
from functools import cached_property

import msgspec

from aichaos.domain.gateway import Gateway
from aichaos.domain.network import EndpointSlice, NetworkPolicy, Service
from aichaos.domain.prediction import BackendShare
from aichaos.domain.snapshot import Snapshot
from aichaos.domain.workloads import Namespace, Pod
from aichaos.observe.topology import Topology
from aichaos.predict.evolve.draft import Change
from aichaos.predict.evolve.faults import Active
from aichaos.predict.policies import Policies

Key = tuple[str, str]
"""Namespace and name."""

SOMEWHERE = "198.51.100.1"
"""An address that is nobody's (RFC 5737): it stands for the world outside."""
_CONCERNED = (Pod, NetworkPolicy, Namespace, Service, EndpointSlice, Gateway)


class Way(msgspec.Struct, frozen=True, gc=False):
    """From a pod that carries a Gateway's traffic to a pod of a Service. carrier: None where those are not known. port: the pod's own.

    shut: whether NetworkPolicies forbid it.
    """

    carrier: Key | None
    pod: Key
    port: int
    shut: bool


class Reach:
    """The policies of one Snapshot over its pods. addresses: some outside that are asked about. faults: those that last."""

    def __init__(self, snapshot: Snapshot, addresses: Iterable[str] = (), faults: tuple[Active, ...] = ()) -> None:
        self.snapshot = snapshot
        self.faults = faults
        self._addresses = (SOMEWHERE, *addresses)

    def changed(self, snapshot: Snapshot, changes: Iterable[Change], faults: tuple[Active, ...] = ()) -> "Reach":
        """The same after some objects have changed; the policies are read again only where that can matter."""
        if any(isinstance(obj, _CONCERNED) for change in changes for obj in change):
            return Reach(snapshot, self._addresses[1:], faults)
        if snapshot.network_policies:
            _ = self.policies  # so that the copy has them
        other = Reach.__new__(Reach)
        other.__dict__.update(self.__dict__)
        other.snapshot, other.faults = snapshot, faults
        return other

    @property
    def cuts(self) -> tuple[Active, ...]:
        """The faults that let nothing through between some pods."""
        return tuple(fault for fault in self.faults if fault.harm.cuts)

    @cached_property
    def topology(self) -> Topology:
        return Topology(self.snapshot)

    @cached_property
    def policies(self) -> Policies:
        return Policies(self.snapshot.network_policies, self.snapshot.pods, self.topology.namespace_labels, self._addresses)

    # a Gateway and its backends -------------------------------------------------------------------------------------------------

    def ways(self, backend: BackendShare, gateway: Key) -> tuple[list[Way], str]:
        """From a Gateway to the ready endpoints of a backend whose pods are known; and what policies make of them, for people.

        Where the Gateway's pods are not known: certain if the pods let in nobody, or everybody.
        """
        found = self.topology.services.get(key_of(backend.service))
        targets = list(self._targets(found, backend.port)) if found is not None else []
        known = self.topology.gateways.get(gateway)
        carriers = sorted((pod.namespace, pod.name) for pod in (self.topology.gateway_pods(known) if known is not None else ()))
        if not self.snapshot.network_policies:
            senders: list[Key | None] = [*carriers] or [None]
            return [Way(carrier, _key(pod), port, False) for carrier in senders for pod, port, _ in targets], ""
        if not carriers:
            return self._unknown(backend, gateway, targets)
        parties = [(carrier, self._party(carrier)) for carrier in carriers]
        receivers = [(pod, self.policies.party(pod), port, protocol) for pod, port, protocol in targets]
        ways = [
            Way(carrier, _key(pod), port, self._forbidden(source, target, port, protocol))
            for carrier, source in parties
            for pod, target, port, protocol in receivers
        ]
        shut = sum(way.shut for way in ways)
        if not shut:
            return ways, ""
        sources = [party for _, party in parties if party is not None]
        policies = self._named(sources, [party for _, party, _, _ in receivers if party is not None])
        part = "" if shut == len(ways) else f" on {shut} of {len(ways)} ways"
        return ways, f"{policies} keeps Gateway {'/'.join(gateway)} from {backend.service}{part}"

    def _unknown(self, backend: BackendShare, gateway: Key, targets: list[tuple[Pod, int, str]]) -> tuple[list[Way], str]:
        parties = [self.policies.party(pod) for pod, _, _ in targets]
        doors = [
            self.policies.door(party, port, kind) if party is not None else "open"
            for party, (_, port, kind) in zip(parties, targets, strict=True)
        ]
        ways = [Way(None, _key(pod), port, door == "shut") for (pod, port, _), door in zip(targets, doors, strict=True)]
        if "ajar" in doors:
            where = "/".join(gateway)
            note = f"which pods carry Gateway {where} is not known: whether NetworkPolicies let it reach {backend.service} is open"
            return [msgspec.structs.replace(way, shut=False) for way in ways], note
        behind = [party for party, door in zip(parties, doors, strict=True) if door == "shut" and party is not None]
        return ways, f"{self._named([], behind)} lets nobody reach {backend.service}" if behind else ""

    def _forbidden(self, source: int | None, target: int | None, port: int, protocol: str) -> bool:
        """Whether policies forbid a connection; what is no party, such as a finished pod, is left alone."""
        return source is not None and target is not None and not self.policies.allowed(source, target, port, protocol)

    def _party(self, pod: Key) -> int | None:
        found = self._pods.get(pod)
        return self.policies.party(found) if found is not None else None

    def carriers(self, gateway: Key) -> list[int] | None:
        """The parties that carry a Gateway's traffic; None where its pods are not known."""
        found = self.topology.gateways.get(gateway)
        pods = self.topology.gateway_pods(found) if found is not None else []
        parties = {party for pod in pods if (party := self.policies.party(pod)) is not None}
        return sorted(parties) or None

    def _targets(self, service: Service, port: int | None) -> Iterator[tuple[Pod, int, str]]:
        """Pod, port and protocol of each ready endpoint of a Service's port."""
        names = {one.name for one in service.spec.ports if port is None or one.port == port}
        for piece in self._slices.get((service.namespace, service.name), ()):
            ports = [one for one in piece.ports or () if one.name in names and one.port is not None]
            for endpoint in piece.endpoints or ():
                target = endpoint.target_ref
                pod = self._pods.get((target.namespace or service.namespace, target.name)) if target is not None else None
                if pod is not None and endpoint.ready:
                    yield from ((pod, one.port or 0, one.protocol) for one in ports)

    @cached_property
    def _slices(self) -> dict[Key, list[EndpointSlice]]:
        found: dict[Key, list[EndpointSlice]] = {}
        for piece in self.snapshot.endpoint_slices:
            found.setdefault((piece.namespace, piece.service_name), []).append(piece)
        return found

    @cached_property
    def _pods(self) -> dict[Key, Pod]:
        return {(pod.namespace, pod.name): pod for pod in self.snapshot.pods}

    def _named(self, sources: Iterable[int], targets: Iterable[int]) -> str:
        """The policies that restrict these parties, for people."""
        found = [*self.policies.restricting(targets, "Ingress"), *self.policies.restricting(sources, "Egress")]
        names = list(dict.fromkeys(f"{policy.namespace}/{policy.name}" for policy in found))
        shown = ", ".join(names[:3]) + (f" and {len(names) - 3} more" if len(names) > 3 else "")
        return f"NetworkPolicy {shown}"


def _key(pod: Pod) -> Key:
    return pod.namespace, pod.name


def key_of(name: str | None) -> Key:
    """Namespace and name of what is written `ns/name`; empty for None."""
    namespace, _, own = (name or "").partition("/")
    return namespace, own
