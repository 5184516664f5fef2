"""What a fault of a chaos engine does while it lasts: to which pods, and to which share of the requests of their Services.

Which of several pods an engine chooses is chance; they are alike here, so the first by name stand for them, and shares are expected values.
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
from aichaos.observe.faults import Fault, faults, litmus_faults
from aichaos.observe.targets import at_most, chaos_mesh, litmus, litmus_at_most
from aichaos.observe.topology import Topology
from aichaos.predict.evolve.draft import Draft
from aichaos.predict.evolve.server import placed

KILLS = frozenset({"pod-kill", "container-kill", "pod-delete"})
FAILS = frozenset({"pod-failure"})
FOREVER = datetime.max.replace(tzinfo=UTC)
_DOES = {
    "loss": "loses {loss} % of its packets",
    "corrupt": "garbles packets",
    "duplicate": "sends packets twice",
    "partition": "is cut off from the network",
    "bandwidth": "sends no faster than {rate}",
    "StressChaos": "competes for CPU or memory",
    "DNSChaos": "gets wrong answers, or none, from DNS",
    "IOChaos": "has slow or failing disks",
    "TimeChaos": "has another time",
    "HTTPChaos": "answers some requests late, wrongly or not at all",
    "pod-network-loss": "loses {loss} % of its packets",
    "pod-network-corruption": "garbles packets",
    "pod-network-duplication": "sends packets twice",
    "pod-network-partition": "is cut off from the network",
    "pod-cpu-hog": "competes for CPU",
    "pod-memory-hog": "competes for memory",
    "pod-dns-error": "gets no answers from DNS",
    "pod-http-status-code": "answers some requests with another status",
}


class Active(msgspec.Struct, frozen=True, kw_only=True):
    """A fault that lasts. pods: those that are hit, as they were before. seconds: how long it says that it lasts, None for no end.

    until: when it ends. effects: what it does to requests.
    """

    ref: ObjectRef
    action: str
    pods: tuple[Pod, ...]
    seconds: float | None
    effects: tuple[Effect, ...]
    until: datetime = FOREVER

    def hurt(self, draft: Draft) -> None:
        """Do to the pods what the fault does to them."""
        for pod in self.pods:
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


def _unready(pod: Pod) -> tuple[PodCondition, ...]:
    kept = tuple(one for one in pod.status.conditions if one.type is not PodConditionType.READY)
    return (*kept, PodCondition(type=PodConditionType.READY, status=ConditionStatus.FALSE))


def injected(manifest: Manifest, topology: Topology) -> Iterator[Active]:
    """The faults of a chaos object, as they would be injected now."""
    ref = placed(manifest)
    for fault in faults(manifest):
        selection = chaos_mesh(topology, fault.spec.get("selector"), ref.namespace)
        count = at_most(fault.spec.get("mode"), fault.spec.get("value"), len(selection.pods))
        yield _active(ref, _action(fault), selection.pods, count, seconds(text(fault.ends[1])), _chaos_mesh(fault), topology)
    for one in litmus_faults(manifest):
        found = litmus(topology, at(manifest, "spec", "appinfo"), ref.namespace)
        if found is not None:
            count = litmus_at_most(one.name, one.environment, len(found.pods))
            lasts = _number(one.environment.get("TOTAL_CHAOS_DURATION"))
            yield _active(ref, one.name, found.pods, count, lasts, _litmus(one.environment, one.name), topology)


def _action(fault: Fault) -> str:
    return text(fault.spec.get("action")) or fault.kind


class _Numbers(msgspec.Struct, frozen=True, kw_only=True):
    latency: float = 0.0
    jitter: float = 0.0
    loss: str = "some"
    rate: str = ""


def _chaos_mesh(fault: Fault) -> _Numbers:
    delay = fault.spec.get("delay")
    shaped = mapping(delay)
    latency = seconds(text(shaped.get("latency") if shaped else delay)) or 0.0
    return _Numbers(
        latency=latency * 1000,
        jitter=(seconds(text(shaped.get("jitter"))) or 0.0) * 1000,
        loss=text(at(fault.spec, "loss", "loss")) or "some",
        rate=text(at(fault.spec, "bandwidth", "rate")),
    )


def _litmus(environment: dict[str, Any], name: str) -> _Numbers:
    slow = _number(environment.get("NETWORK_LATENCY", environment.get("LATENCY"))) if "latency" in name else None
    loss = text(environment.get("NETWORK_PACKET_LOSS_PERCENTAGE")) or "100"
    return _Numbers(latency=slow or 0.0, jitter=_number(environment.get("JITTER")) or 0.0, loss=loss)


def _active(ref: ObjectRef, action: str, pods: list[Pod], count: int, lasts: float | None, numbers: _Numbers, topology: Topology) -> Active:
    hit = tuple(sorted(pods, key=lambda pod: (pod.namespace, pod.name))[:count])
    effects = tuple(_effects(ref, action, pods, count, numbers, topology))
    return Active(ref=ref, action=action, pods=hit, seconds=lasts, effects=effects)


def _effects(ref: ObjectRef, action: str, pods: list[Pod], count: int, numbers: _Numbers, topology: Topology) -> Iterator[Effect]:
    """For each Service with such pods: as many of them as are hit on average, of all that answer."""
    candidates = {(pod.namespace, pod.name) for pod in pods}
    for service in topology.services_of_pods(pods):
        members = topology.service_pods(service)
        own = sum((pod.namespace, pod.name) in candidates for pod in members)
        hit = round(own * count / len(pods)) if pods else 0
        if not members or not hit:
            continue
        yield _effect(ref, action, service, hit, len(members), numbers)


def _effect(ref: ObjectRef, action: str, service: Service, hit: int, members: int, numbers: _Numbers) -> Effect:
    latency: tuple[float, float] | None = None
    if action in KILLS:
        does = "is deleted and replaced"
    elif action in FAILS:
        does = "is not ready"
    elif numbers.latency:
        latency = (max(0.0, numbers.latency - numbers.jitter), numbers.latency + numbers.jitter)
        does = f"answers {numbers.latency:g} ms later" + (f", give or take {numbers.jitter:g} ms" if numbers.jitter else "")
    else:
        does = _DOES.get(action, _DOES.get(ref.kind, "is disturbed")).format(loss=numbers.loss, rate=numbers.rate or "it may")
    return Effect(
        fault=str(ref),
        service=f"{service.namespace}/{service.name}",
        pods=hit,
        of=members,
        share=hit / members,
        latency_ms=latency,
        does=does,
    )


def _number(value: Any) -> float | None:
    try:
        return float(value)
    except (TypeError, ValueError):
        return None
