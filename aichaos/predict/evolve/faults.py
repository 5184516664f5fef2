"""The faults of a chaos object while they last: which pods they hit, between whom they act, and which share of a Service's requests.

Which of several pods an engine chooses is chance. They are alike here: the first by name stand for those that are killed or fail, and what
is done to traffic is done to each of them with the same odds.
"""

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import msgspec

from aichaos.domain.base import ConditionStatus, ObjectRef, reference
from aichaos.domain.experiment import Manifest, seconds
from aichaos.domain.network import Service
from aichaos.domain.prediction import Effect
from aichaos.domain.workloads import Pod, PodCondition, PodConditionType
from aichaos.files.plain import at, mapping, text
from aichaos.observe.faults import Fault, LitmusFault, faults, litmus_faults
from aichaos.observe.targets import PodKey, at_most, chaos_mesh, keys, litmus, litmus_at_most, on_nodes, service_of_host
from aichaos.observe.topology import Topology
from aichaos.predict.evolve.draft import Draft
from aichaos.predict.evolve.harm import FAILS, KILLS, Harm, destinations, externals, of_chaos_mesh, of_litmus
from aichaos.predict.evolve.server import placed

FOREVER = datetime.max.replace(tzinfo=UTC)


class Side(msgspec.Struct, frozen=True, kw_only=True):
    """One side of a fault of the network. pods: those that may be chosen; None for everybody. odds: for each of them to be chosen, 0..1."""

    pods: frozenset[PodKey] | None = None
    odds: float = 1.0

    def holds(self, pod: PodKey | None) -> float:
        """The odds that a pod is one of them; None stands for somebody who is no known pod."""
        return self.odds if self.pods is None or pod in self.pods else 0.0


class Active(msgspec.Struct, frozen=True, kw_only=True):
    """A fault that lasts. pods: those that stand for the ones that are hit, as they were before. seconds: how long it says that it lasts,
    None for no end. until: when it ends. source, peer: between whom it acts. effects: what it does to the requests of Services.
    """

    ref: ObjectRef
    action: str
    harm: Harm
    pods: tuple[Pod, ...]
    source: Side
    peer: Side
    seconds: float | None
    effects: tuple[Effect, ...]
    until: datetime = FOREVER

    def hurt(self, draft: Draft) -> None:
        """Do to the pods what the fault does to them."""
        for pod in self.pods:
            if self.action == "container-kill":
                continue  # it starts again, too soon for most readiness probes
            if self.action in KILLS:
                draft.drop(reference(pod))
            elif self.action in FAILS:
                status = msgspec.structs.replace(pod.status, conditions=_unready(pod))
                draft.put(msgspec.structs.replace(pod, status=status))

    def heal(self, draft: Draft) -> None:
        """The pods are as they were; one that is gone or was replaced meanwhile stays so."""
        for pod in self.pods if self.action in FAILS else ():
            there = draft.get(reference(pod))
            if isinstance(there, Pod) and there.metadata.uid == pod.metadata.uid:
                draft.put(msgspec.structs.replace(there, status=pod.status))

    def shapes(self, sender: PodKey | None, receiver: PodKey | None) -> float:
        """The odds that it acts on what one side sends to the other."""
        to = self.source.holds(sender) * self.peer.holds(receiver) if self.harm.direction != "from" else 0.0
        back = self.peer.holds(sender) * self.source.holds(receiver) if self.harm.direction != "to" else 0.0
        return max(to, back)


def _unready(pod: Pod) -> tuple[PodCondition, ...]:
    kept = tuple(one for one in pod.status.conditions if one.type is not PodConditionType.READY)
    return (*kept, PodCondition(type=PodConditionType.READY, status=ConditionStatus.FALSE))


def injected(manifest: Manifest, topology: Topology) -> Iterator[Active]:
    """The faults of a chaos object, as they would be injected now."""
    ref = placed(manifest)
    for fault in faults(manifest):
        selection = chaos_mesh(topology, fault.spec.get("selector"), ref.namespace)
        count = at_most(fault.spec.get("mode"), fault.spec.get("value"), len(selection.pods))
        action = text(fault.spec.get("action")) or fault.kind
        peer, named = _peer(fault, topology, ref.namespace)
        yield _active(ref, action, of_chaos_mesh(fault, action), selection.pods, count, seconds(text(fault.ends[1])), peer, named, topology)
    for one in litmus_faults(manifest):
        found = litmus(topology, at(manifest, "spec", "appinfo"), ref.namespace)
        if found is not None:
            pods = on_nodes(topology, found.pods, one.environment)
            count = litmus_at_most(one.name, one.environment, len(pods))
            lasts = _number(one.environment.get("TOTAL_CHAOS_DURATION"))
            peer, named = _destination(one, topology, ref.namespace)
            yield _active(ref, one.name, of_litmus(one), pods, count, lasts, peer, named, topology)


def _peer(fault: Fault, topology: Topology, home: str) -> tuple[Side, str]:
    """The other side of a fault of Chaos Mesh, and what it is called: everybody, the pods of its `target`, or hosts outside."""
    outside = externals(fault)
    target = mapping(fault.spec.get("target"))
    if not target:
        return (Side(pods=frozenset()), ", ".join(outside)) if outside else (Side(), "")
    pods = chaos_mesh(topology, target.get("selector"), home).pods
    count = at_most(target.get("mode"), target.get("value"), len(pods))
    return Side(pods=keys(pods), odds=count / len(pods) if pods else 0.0), ", ".join([*_owners(pods, topology), *outside])


def _destination(fault: LitmusFault, topology: Topology, home: str) -> tuple[Side, str]:
    """The same for a fault of Litmus, which names addresses and hosts."""
    addresses, hosts = destinations(fault.environment)
    if not addresses and not hosts:
        return Side(), ""
    services = [topology.services.get(key) for host in hosts if (key := service_of_host(host, home)) is not None]
    pods = [pod for service in services if service is not None for pod in topology.service_pods(service)]
    pods += [pod for pod in topology.snapshot.pods if pod.status.pod_ip and pod.status.pod_ip in addresses]
    return Side(pods=keys(pods)), ", ".join([*hosts, *addresses])


def _owners(pods: list[Pod], topology: Topology) -> list[str]:
    """The pods by what keeps them, for people."""
    found = dict.fromkeys(str(reference(topology.workload_of(pod) or pod)) for pod in pods)
    return [*list(found)[:3], *([f"{len(found) - 3} more"] if len(found) > 3 else [])]


def _active(
    ref: ObjectRef,
    action: str,
    harm: Harm,
    pods: list[Pod],
    count: int,
    lasts: float | None,
    peer: Side,
    named: str,
    topology: Topology,
) -> Active:
    hit = tuple(sorted(pods, key=lambda pod: (pod.namespace, pod.name))[:count])
    source = Side(pods=keys(pods), odds=count / len(pods) if pods else 0.0)
    effects: list[Effect] = []
    if not peer.pods or harm.direction != "to":
        whose = f", for requests of {named} alone" if peer.pods else f", towards {named} alone" if named else ""
        effects += _effects(ref, harm, source, pods, whose, topology)
    if peer.pods and harm.direction != "from":  # what the selected pods send is what they ask of the others
        others = [pod for pod in topology.snapshot.pods if (pod.namespace, pod.name) in peer.pods]
        effects += _effects(ref, harm, peer, others, f", for requests of {', '.join(_owners(pods, topology))} alone", topology)
    return Active(ref=ref, action=action, harm=harm, pods=hit, source=source, peer=peer, seconds=lasts, effects=tuple(effects))


def _effects(ref: ObjectRef, harm: Harm, side: Side, pods: list[Pod], whose: str, topology: Topology) -> Iterator[Effect]:
    """For each Service with such pods: as many as are hit on average, of all that answer. whose: whose requests alone, "" for everybody."""
    for service in topology.services_of_pods(pods):
        members = topology.service_pods(service)
        own = sum((pod.namespace, pod.name) in (side.pods or ()) for pod in members)
        hit = round(own * side.odds)
        if members and hit:
            yield _effect(ref, harm, service, hit, len(members), whose)


def _effect(ref: ObjectRef, harm: Harm, service: Service, hit: int, members: int, whose: str) -> Effect:
    share = hit / members * (harm.requests.share if harm.requests else 1.0)
    latency = harm.latency if harm.latency is None or harm.direction != "both" else (harm.latency[0] * 2, harm.latency[1] * 2)
    return Effect(
        fault=str(ref),
        service=f"{service.namespace}/{service.name}",
        pods=hit,
        of=members,
        share=share,
        latency_ms=latency,
        does=harm.does + whose,
    )


def _number(value: Any) -> float | None:
    try:
        return float(value)
    except (TypeError, ValueError):
        return None
