"""What references are resolved against: the cluster, and on top of it the objects that come along with the document.

Whether an absence means anything depends on where we look: in a cluster that was read, what is not there does not exist; in a part of it
that could not be read, nobody knows; and without a cluster only the given documents can contradict each other.
"""

from collections import defaultdict
from collections.abc import Iterable
from functools import cached_property
from typing import Any, Literal

import msgspec

from aichaos.check.known import is_namespaced
from aichaos.check.schema.bundle import Kinds, kinds_of
from aichaos.domain.base import KubeObject, ObjectRef, reference, reference_of
from aichaos.domain.kinds import BY_NAME, KINDS
from aichaos.domain.policy import NO_POLICY, Policy
from aichaos.domain.snapshot import Gap, Snapshot, Source
from aichaos.domain.workloads import Pod, Workload
from aichaos.files.plain import without_nulls
from aichaos.observe import manifests
from aichaos.observe.assume import pods_of
from aichaos.observe.topology import Topology

Sight = Literal["known", "unread", "alone"]
"""`known`: what is not there does not exist. `unread`: it could not be read. `alone`: there is no cluster to look at."""

DEFAULT_NAMESPACE = "default"
MOST_PODS = 5000
"""Pods that are assumed for all new workloads together: a number of replicas is a number that anybody may write."""

_SELDOM_SAVED = frozenset({"Namespace", "ServiceAccount", "ConfigMap", "Secret"})
"""Kinds that a folder of manifests often leaves out altogether; then their absence says nothing."""

_ALWAYS_THERE = frozenset({"default", "kube-system", "kube-public", "kube-node-lease"})


class World:
    """`cluster` is None offline. `brought`: manifests that come along, of which the last of one name counts. `policy`: what the user
    allows. `in_experiment`: whether what is looked at would be done by a step of an experiment."""

    def __init__(
        self, cluster: Topology | None, brought: Iterable[dict[str, Any]] = (), *, policy: Policy = NO_POLICY, in_experiment: bool = False
    ) -> None:
        self.cluster = cluster
        self.policy = policy
        self.in_experiment = in_experiment
        self._names: dict[str, dict[str, list[str]]] = {}
        own = manifests.snapshot(_readable(brought), Source(kind="file", cluster=""), namespace=DEFAULT_NAMESPACE)
        if cluster is None:
            self.topology = Topology(msgspec.structs.replace(own, pods=_with_pods(own.pods, own, {})))
        else:
            self.topology = _joined(cluster, own) if own.counts() or own.others else cluster
        self.brought = Topology(own)

    @cached_property
    def kinds(self) -> Kinds:
        """The schemas of all kinds: the definitions of the cluster, and those that come along, before what comes with the program."""
        return kinds_of(self.topology.snapshot.definitions, self.policy.gateway_api)

    def sight(self, kind: str, namespace: str = "") -> Sight:
        """What it means that an object of this kind is not found in this namespace."""
        if self.cluster is None:
            return "alone"
        return "unread" if self.why_unread(kind, namespace) else "known"

    def why_unread(self, kind: str, namespace: str = "") -> str:
        """Why we do not know whether an object exists; "" where we know."""
        assert self.cluster is not None
        seen = self.cluster.snapshot
        if kind not in BY_NAME and kind != "Secret":
            return f"{kind} is a kind that is not read"
        if namespace and seen.source.namespaces and namespace not in seen.source.namespaces:
            return f"the namespace {namespace} was not read"
        gap = next((gap for gap in seen.gaps if gap.kind == kind and gap.reason not in ("absent", "assumed")), None)
        if gap is not None:
            return _said(gap)
        if seen.source.kind == "file" and kind in _SELDOM_SAVED and not seen.of(kind):
            return f"{seen.source.cluster or 'the source'} holds no {kind} at all"
        return ""

    def absent_kind(self, kind: str) -> bool:
        """Whether the cluster is known not to serve this kind."""
        return self.cluster is not None and any(gap.kind == kind and gap.reason == "absent" for gap in self.cluster.snapshot.gaps)

    def exists(self, ref: ObjectRef) -> bool:
        if ref.kind == "ServiceAccount" and ref.name == "default":
            return True
        return self.topology.exists(ref)

    def names(self, kind: str, namespace: str) -> list[str]:
        """The names of the objects of a kind in a namespace."""
        return self._names_of(kind).get(namespace, [])

    def _names_of(self, kind: str) -> dict[str, list[str]]:
        if kind not in self._names:
            found: dict[str, list[str]] = defaultdict(list)
            for obj in self.topology.snapshot.of(kind):
                found[obj.namespace].append(obj.name)
            self._names[kind] = found
        return self._names[kind]

    @cached_property
    def namespaces(self) -> set[str]:
        """Every namespace that exists, as far as we can see."""
        seen = set(self.cluster.namespaces) if self.cluster else set()
        return seen | {namespace.name for namespace in self.brought.snapshot.namespaces} | _ALWAYS_THERE

    def engine_installed(self, group: str) -> bool:
        return self.cluster is not None and any(engine.group == group for engine in self.cluster.snapshot.engines)

    def why_engines_unknown(self) -> str:
        """Why we do not know which chaos engines are installed; "" where we know. They seldom lie beside the manifests of a service."""
        seen = self.cluster.snapshot if self.cluster is not None else None
        if seen is None or seen.source.kind != "file" or seen.engines or seen.definitions:
            return ""
        return f"{seen.source.cluster or 'the source'} holds no definition of a kind at all"


def _readable(brought: Iterable[dict[str, Any]]) -> Iterable[dict[str, Any]]:
    for manifest in manifests.objects(brought):
        if isinstance(manifest.get("metadata"), dict):
            yield without_nulls(manifest)


def _joined(cluster: Topology, own: Snapshot) -> Topology:
    """The cluster as if everything that comes along had been applied to it."""
    fields = [kind.field for kind in KINDS] + ["secrets"]
    lists = {field: _laid_over(getattr(cluster.snapshot, field), getattr(own, field)) for field in fields}
    others = sorted({*cluster.snapshot.others, *own.others})
    joined = msgspec.structs.replace(cluster.snapshot, others=others, **lists)
    return Topology(msgspec.structs.replace(joined, pods=_with_pods(joined.pods, own, cluster.workloads)))


def _laid_over(there: list[KubeObject], own: list[KubeObject]) -> list[KubeObject]:
    if not own:
        return there
    found = {(obj.namespace, obj.name): obj for obj in (*there, *own)}
    return [found[key] for key in sorted(found)]


def _with_pods(pods: list[Pod], own: Snapshot, there: dict[ObjectRef, Workload]) -> list[Pod]:
    """These pods, and those that new workloads would get."""
    declared: list[Workload] = [*own.deployments, *own.stateful_sets, *own.daemon_sets]
    fresh = [workload for workload in declared if reference(workload) not in there]
    most = max(1, MOST_PODS // max(1, len(fresh)))
    return [*pods, *(pod for workload in fresh for pod in pods_of(_bounded(workload, most)))]


def _bounded(workload: Workload, most: int) -> Workload:
    if workload.replicas <= most:
        return workload
    return msgspec.structs.replace(workload, spec=msgspec.structs.replace(workload.spec, replicas=most))


def _said(gap: Gap) -> str:
    match gap.reason:
        case "forbidden":
            return f"we were not allowed to read {gap.kind}"
        case "unreadable":
            return f"not every {gap.kind} could be read ({gap.detail})"
    return f"{gap.kind} could not be read{f' ({gap.detail})' if gap.detail else ''}"


def placed(manifest: dict[str, Any]) -> ObjectRef:
    """The object that a manifest makes, with the namespace that it falls into where it names none."""
    ref = reference_of(manifest)
    if is_namespaced(ref.kind) is False:
        return ObjectRef(ref.kind, ref.name)
    if not ref.namespace and is_namespaced(ref.kind):
        return ObjectRef(ref.kind, ref.name, DEFAULT_NAMESPACE)
    return ref


def engine_name(group: str) -> str:
    return {"chaos-mesh.org": "Chaos Mesh", "litmuschaos.io": "Litmus"}.get(group, group)
