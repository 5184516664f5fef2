"""What the NetworkPolicies of a cluster mean for requests: a Gateway that cannot reach its backends, and who can talk to whom.

A connection that a policy forbids is dropped by most network plugins and refused by some. Envoy, and what is built on it, answers 503 when
it gives up on connecting, and 504 where a time-out of the rule is over before that.
"""

from collections.abc import Iterable, Iterator
from functools import cached_property

import msgspec

from aichaos.domain.experiment import seconds
from aichaos.domain.gateway import Gateway
from aichaos.domain.network import EndpointSlice, NetworkPolicy, Service
from aichaos.domain.prediction import Answer, BackendShare
from aichaos.domain.snapshot import Snapshot
from aichaos.domain.workloads import Namespace, Pod
from aichaos.observe.topology import Topology
from aichaos.predict.evolve.draft import Change
from aichaos.predict.policies import Policies

Key = tuple[str, str]
"""Namespace and name."""

SOMEWHERE = "198.51.100.1"
"""An address that is nobody's (RFC 5737): it stands for the world outside."""

GIVES_UP = {"contour": 2.0}
"""Seconds after which an implementation gives up on connecting."""
_GIVES_UP = 10.0
"""… the others: Envoy Gateway and Istio say so in their documentation."""

_CONCERNED = (Pod, NetworkPolicy, Namespace, Service, EndpointSlice, Gateway)


class Reach:
    """The policies of one Snapshot over its pods. addresses: some outside that are asked about."""

    def __init__(self, snapshot: Snapshot, addresses: Iterable[str] = ()) -> None:
        self.snapshot = snapshot
        self._addresses = (SOMEWHERE, *addresses)

    def changed(self, snapshot: Snapshot, changes: Iterable[Change]) -> "Reach":
        """The same after some objects have changed; the policies are read again only where that can matter."""
        if any(isinstance(obj, _CONCERNED) for change in changes for obj in change):
            return Reach(snapshot, self._addresses[1:])
        if snapshot.network_policies:
            _ = self.policies  # so that the copy has them
        other = Reach.__new__(Reach)
        other.__dict__.update(self.__dict__)
        other.snapshot = snapshot
        return other

    @cached_property
    def topology(self) -> Topology:
        return Topology(self.snapshot)

    @cached_property
    def policies(self) -> Policies:
        return Policies(self.snapshot.network_policies, self.snapshot.pods, self.topology.namespace_labels, self._addresses)

    # answers --------------------------------------------------------------------------------------------------------------------

    def answer(self, answer: Answer, gateway: Key | None) -> Answer:
        """An answer with the part that the policies keep from its backends; the same answer where they keep nothing."""
        if not self.snapshot.network_policies or gateway is None or all(one.status is not None for one in answer.backends):
            return answer
        verdicts = [self._verdict(one, gateway) if one.status is None else (0.0, "") for one in answer.backends]
        notes = dict.fromkeys(note for _, note in verdicts if note)
        if not notes:
            return answer
        status = self._status(answer)
        split: list[BackendShare] = []
        for one, (blocked, _) in zip(answer.backends, verdicts, strict=True):
            if blocked < 1:
                split.append(msgspec.structs.replace(one, share=one.share * (1 - blocked)) if blocked else one)
            if blocked:
                split.append(msgspec.structs.replace(one, share=one.share * blocked, status=status))
        why = (*answer.why, *notes)
        if any(one.status is None for one in split) or answer.outcome != "forward":
            return msgspec.structs.replace(answer, backends=tuple(split), why=why)
        worst = max((one.status or 0 for one in split), default=status)
        return msgspec.structs.replace(answer, outcome="error", status=worst, received=None, backends=tuple(split), why=why)

    def _verdict(self, backend: BackendShare, gateway: Key) -> tuple[float, str]:
        """The share of a backend's requests that does not get through, and why; 0 with a reason where nobody can tell."""
        found = self.topology.services.get(key_of(backend.service))
        targets = list(self._targets(found, backend.port)) if found is not None else []
        carriers = self.carriers(gateway)
        if carriers is None:
            return self._unknown(backend, gateway, targets)
        pairs = [(one, *target) for one in carriers for target in targets]
        shut = sum(not self.policies.allowed(*pair) for pair in pairs)
        if not shut:
            return 0.0, ""
        policies = self._named(carriers, [party for party, _, _ in targets])
        part = "" if shut == len(pairs) else f" on {shut} of {len(pairs)} ways"
        return shut / len(pairs), f"{policies} keeps Gateway {'/'.join(gateway)} from {backend.service}{part}"

    def _unknown(self, backend: BackendShare, gateway: Key, targets: list[tuple[int, int, str]]) -> tuple[float, str]:
        """Where the Gateway's pods are not known: certain if its pods let in nobody, or everybody."""
        doors = [self.policies.door(*target) for target in targets]
        if "ajar" not in doors:
            shut = doors.count("shut")
            policies = self._named([], [target[0] for target, door in zip(targets, doors, strict=True) if door == "shut"])
            return (shut / len(doors), f"{policies} lets nobody reach {backend.service}") if shut else (0.0, "")
        where = "/".join(gateway)
        return 0.0, f"which pods carry Gateway {where} is not known: whether NetworkPolicies let it reach {backend.service} is open"

    def carriers(self, gateway: Key) -> list[int] | None:
        """The parties that carry a Gateway's traffic; None where its pods are not known."""
        found = self.topology.gateways.get(gateway)
        pods = self.topology.gateway_pods(found) if found is not None else []
        parties = {party for pod in pods if (party := self.policies.party(pod)) is not None}
        return sorted(parties) or None

    def _targets(self, service: Service, port: int | None) -> Iterator[tuple[int, int, str]]:
        """Party, port and protocol of each ready endpoint of a Service's port."""
        names = {one.name for one in service.spec.ports if port is None or one.port == port}
        for piece in self._slices.get((service.namespace, service.name), ()):
            ports = [one for one in piece.ports or () if one.name in names and one.port is not None]
            for endpoint in piece.endpoints or ():
                target = endpoint.target_ref
                pod = self._pods.get((target.namespace or service.namespace, target.name)) if target is not None else None
                party = self.policies.party(pod) if pod is not None else None
                if party is not None and endpoint.ready:
                    yield from ((party, one.port or 0, one.protocol) for one in ports)

    @cached_property
    def _slices(self) -> dict[Key, list[EndpointSlice]]:
        found: dict[Key, list[EndpointSlice]] = {}
        for piece in self.snapshot.endpoint_slices:
            found.setdefault((piece.namespace, piece.service_name), []).append(piece)
        return found

    @cached_property
    def _pods(self) -> dict[Key, Pod]:
        return {(pod.namespace, pod.name): pod for pod in self.snapshot.pods}

    def _status(self, answer: Answer) -> int:
        """What a request is answered that never gets through."""
        namespace, name = key_of(answer.route)
        route = next((one for one in self.snapshot.http_routes if one.name == name and one.namespace == namespace), None)
        rules = (route.spec.rules or ()) if route is not None else ()
        limits = rules[answer.rule].timeouts if answer.rule is not None and answer.rule < len(rules) else None
        times = [seconds(text) for text in (limits.request, limits.backend_request) if text] if limits else []
        least = min((time for time in times if time), default=None)
        return 504 if least is not None and least < GIVES_UP.get(answer.implementation, _GIVES_UP) else 503

    def _named(self, sources: Iterable[int], targets: Iterable[int]) -> str:
        """The policies that restrict these parties, for people."""
        found = [*self.policies.restricting(targets, "Ingress"), *self.policies.restricting(sources, "Egress")]
        names = list(dict.fromkeys(f"{policy.namespace}/{policy.name}" for policy in found))
        shown = ", ".join(names[:3]) + (f" and {len(names) - 3} more" if len(names) > 3 else "")
        return f"NetworkPolicy {shown}"


def key_of(name: str | None) -> Key:
    """Namespace and name of what is written `ns/name`; empty for None."""
    namespace, _, own = (name or "").partition("/")
    return namespace, own
