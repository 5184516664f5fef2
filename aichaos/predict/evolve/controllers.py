"""What the controllers of Kubernetes make of a change: pods of workloads, endpoints of Services.

Only what a change touches is looked at again; a workload that lacked a pod before, lacks it afterwards. Sources: the ReplicaSet,
StatefulSet, DaemonSet, HorizontalPodAutoscaler and EndpointSlice controllers of kube-controller-manager 1.35.
"""

from collections import Counter
from collections.abc import Iterable, Iterator
from typing import TypeVar

import msgspec

from aichaos.domain.base import ConditionStatus, KubeObject, Metadata, ObjectRef, OwnerReference, kind_name, reference, selects
from aichaos.domain.workloads import (
    DaemonSet,
    Deployment,
    HorizontalPodAutoscaler,
    Pod,
    PodCondition,
    PodConditionType,
    PodStatus,
    StatefulSet,
    Workload,
    WorkloadStatus,
)
from aichaos.observe.topology import Topology
from aichaos.predict.evolve.draft import Draft
from aichaos.predict.evolve.endpoints import settle_endpoints
from aichaos.predict.evolve.server import Server

MOST_PODS = 5_000
"""Pods that are made for one workload at most: a number of replicas is a number that anybody may write."""

_PLACE = ("topology.kubernetes.io/zone", "topology.kubernetes.io/region")
_HASH = "pod-template-hash"
_RUNNING = PodStatus(phase="Running", conditions=(PodCondition(type=PodConditionType.READY, status=ConditionStatus.TRUE),))
W = TypeVar("W", bound=Workload)


def settle(draft: Draft, server: Server, before: Topology, rolled: Iterable[ObjectRef] = ()) -> list[str]:
    """Let the controllers work until nothing is left to do. before: the cluster before the change. Returns what is worth knowing."""
    notes = list(_autoscaled(draft, server))
    for gone in [obj for obj, after in draft.changes if isinstance(obj, Workload) and after is None]:
        for pod in before.pods_of(gone):
            draft.drop(reference(pod))
    for ref in sorted(_touched(draft, before)):
        workload = draft.get(ref)
        if isinstance(workload, Workload):
            _Pods(draft, server, before, workload, rolled=ref in rolled).settle()
    settle_endpoints(draft)
    return notes


def _autoscaled(draft: Draft, server: Server) -> Iterator[str]:
    """An autoscaler keeps its workload within its bounds, unless it has no replicas at all: then it is switched off."""
    for scaler in draft.all(HorizontalPodAutoscaler):
        target = scaler.spec.scale_target_ref
        ref = ObjectRef(target.kind, target.name, scaler.namespace)
        workload = draft.get(ref)
        changed = {reference(obj) for change in draft.changes for obj in change if obj is not None}
        if not isinstance(workload, Workload) or not changed & {ref, reference(scaler)} or not workload.replicas:
            continue
        least, most = scaler.spec.min_replicas, scaler.spec.max_replicas or workload.replicas
        wanted = min(max(workload.replicas, least), most)
        if wanted != workload.replicas:
            yield f"{reference(scaler)} sets {ref} to {wanted} replicas"
            server.replace(workload, msgspec.structs.replace(workload, spec=msgspec.structs.replace(workload.spec, replicas=wanted)))


def _touched(draft: Draft, before: Topology) -> set[ObjectRef]:
    """The workloads that a change gives something to do."""
    found = set()
    for old, new in draft.changes:
        for obj in (old, new):
            if isinstance(obj, Workload):
                found.add(reference(obj))
        if isinstance(old, Pod) and (owner := before.workload_of(old)) is not None:
            found.add(reference(owner))
        if isinstance(new, Pod) and not new.metadata.owner_references:
            found |= {reference(one) for one in _workloads(draft, new.namespace) if selects(one.spec.selector, new.labels)}
    return found


def _workloads(draft: Draft, namespace: str) -> Iterator[Workload]:
    for kind in (Deployment, StatefulSet, DaemonSet):
        yield from draft.all(kind, namespace)


class _Pods:
    """The pods of one workload, brought to what it declares."""

    def __init__(self, draft: Draft, server: Server, before: Topology, workload: Workload, *, rolled: bool) -> None:
        self.draft = draft
        self.server = server
        self.workload = workload
        old = before.workloads.get(reference(workload))
        self.rolled = rolled or (old is not None and old.spec.template != workload.spec.template)
        mine = before.pods_of(old) if old is not None else []
        now = [draft.get(reference(pod)) for pod in mine]
        self.pods = [pod for pod in now if isinstance(pod, Pod)]
        self.known = before.snapshot.pods
        self.example = mine[0] if mine else None
        self.number = 0

    def settle(self) -> None:
        self._release()
        self._adopt()
        if self.rolled:
            for pod in self.pods:
                self.draft.drop(reference(pod))
            replaced, self.pods = self.pods, []
        else:
            replaced = []
        match self.workload:
            case StatefulSet():
                self._ordinals()
            case DaemonSet():
                self._one_a_node(replaced)
            case _:
                self._replicas()
        self._status(self.workload)

    def _release(self) -> None:
        """A pod that the selector no longer takes is let go: it stays, on its own."""
        for pod in list(self.pods):
            if not self._takes(pod):
                self.pods.remove(pod)
                if pod.metadata.owner_references:
                    self.draft.put(msgspec.structs.replace(pod, metadata=msgspec.structs.replace(pod.metadata, owner_references=())))

    def _takes(self, pod: Pod) -> bool:
        """Whether the selector takes a pod; that of a ReplicaSet asks for the hash of its template too."""
        hashed = (self.example.labels if self.example else {}).get(_HASH)
        return selects(self.workload.spec.selector, pod.labels) and (hashed is None or self.rolled or pod.labels.get(_HASH) == hashed)

    def _adopt(self) -> None:
        """A pod on its own that the selector takes becomes one of the workload's."""
        have = {reference(pod) for pod in self.pods}
        selector = self.workload.spec.selector
        if not selector.match_labels and not selector.match_expressions:
            return
        for pod in self.draft.all(Pod, self.workload.namespace):
            free = not pod.metadata.owner_references and not pod.finished and reference(pod) not in have
            if free and self._takes(pod) and self._could_be_ours(pod):
                adopted = msgspec.structs.replace(pod, metadata=msgspec.structs.replace(pod.metadata, owner_references=(self._owner(),)))
                self.draft.put(adopted)
                self.pods.append(adopted)

    def _could_be_ours(self, pod: Pod) -> bool:
        """A ReplicaSet adopts by the hash of its template, a StatefulSet by name."""
        if isinstance(self.workload, StatefulSet):
            return self._ordinal(pod) is not None
        return not isinstance(self.workload, Deployment) or _HASH in pod.labels or self.example is None or _HASH not in self.example.labels

    def _replicas(self) -> None:
        wanted = min(self.workload.replicas, MOST_PODS)
        for pod in self._first_to_go()[: max(0, len(self.pods) - wanted)]:
            self._drop(pod)
        for _ in range(wanted - len(self.pods)):
            self._make(self._new_name())

    def _first_to_go(self) -> list[Pod]:
        """The pods in the order in which a ReplicaSet gives them up (`ActivePodsWithRanks`)."""
        crowd = Counter(pod.spec.node_name for pod in self.pods)
        youngest = sorted(self.pods, key=lambda pod: (pod.metadata.creation_timestamp or "", pod.name), reverse=True)
        return sorted(
            youngest, key=lambda pod: (bool(pod.spec.node_name), pod.status.phase == "Running", pod.ready, -crowd[pod.spec.node_name])
        )

    def _ordinals(self) -> None:
        """A StatefulSet has the pods 0 to n-1; a name that somebody else's pod has stays empty."""
        wanted = {f"{self.workload.name}-{number}" for number in range(min(self.workload.replicas, MOST_PODS))}
        for pod in list(self.pods):
            if pod.name not in wanted:
                self._drop(pod)
        for name in sorted(wanted - {pod.name for pod in self.pods}):
            if self.draft.get(ObjectRef("Pod", name, self.workload.namespace)) is None:
                self._make(name)

    def _ordinal(self, pod: Pod) -> int | None:
        name, _, number = pod.name.rpartition("-")
        return int(number) if name == self.workload.name and number.isdecimal() else None

    def _one_a_node(self, replaced: list[Pod]) -> None:
        """Where a DaemonSet's pods were, there they are again; on which nodes it runs otherwise is the scheduler's to say."""
        have = {pod.spec.node_name for pod in self.pods}
        gone = [
            old
            for old, new in self.draft.changes
            if isinstance(old, Pod)
            and (new is None or new not in self.pods)
            and any(_is(one, self.workload) for one in old.metadata.owner_references)
        ]
        for old in {one.spec.node_name: one for one in (*replaced, *gone)}.values():
            if old.spec.node_name not in have:
                self._make(self._new_name(), node=old.spec.node_name)

    def _drop(self, pod: Pod) -> None:
        self.draft.drop(reference(pod))
        self.pods.remove(pod)

    def _new_name(self) -> str:
        while True:
            self.number += 1
            name = f"{self.workload.name}-new-{self.number}"
            if self.draft.get(ObjectRef("Pod", name, self.workload.namespace)) is None:
                return name

    def _make(self, name: str, *, node: str = "") -> None:
        template = self.workload.spec.template
        labels = dict(template.metadata.labels)
        if self.example is not None and _HASH in self.example.labels:
            labels[_HASH] = "new" if self.rolled else self.example.labels[_HASH]
        labels |= self._zone(node or template.spec.node_name)
        metadata = Metadata(name=name, namespace=self.workload.namespace, labels=labels, owner_references=(self._owner(),))
        spec = msgspec.structs.replace(template.spec, node_name=node or template.spec.node_name)
        pod = msgspec.structs.replace(self.server.born(Pod(metadata=metadata, spec=spec)), status=_RUNNING)
        self.draft.put(pod)
        self.pods.append(pod)

    def _zone(self, name: str) -> dict[str, str]:
        """The labels of its node that a pod gets, since Kubernetes 1.35, where the node is known."""
        node = self.draft.get(ObjectRef("Node", name))
        carried = [label for label in _PLACE if any(label in pod.labels for pod in self.known)]
        return {label: node.labels[label] for label in carried if label in node.labels} if node is not None else {}

    def _owner(self) -> OwnerReference:
        if not isinstance(self.workload, Deployment):
            return OwnerReference(kind=kind_name(self.workload), name=self.workload.name, controller=True)
        owners = self.example.metadata.owner_references if self.example is not None and not self.rolled else ()
        return owners[0] if owners else OwnerReference(kind="ReplicaSet", name=f"{self.workload.name}-new", controller=True)

    def _status(self, workload: Workload) -> None:
        ready = sum(pod.ready for pod in self.pods)
        daemons = isinstance(workload, DaemonSet)
        status = WorkloadStatus(
            observed_generation=workload.metadata.generation,
            updated_replicas=len(self.pods),
            number_ready=ready if daemons else 0,
            ready_replicas=0 if daemons else ready,
            replicas=0 if daemons else len(self.pods),
        )
        self.draft.put(msgspec.structs.replace(workload, status=status))


def _is(owner: OwnerReference, obj: KubeObject) -> bool:
    return owner.kind == kind_name(obj) and owner.name == obj.name
