"""The objects that routing asks about, by name; and the same after some of them have changed.

A World is never changed: `after` makes another one that shares everything that is still as it was.
"""

from collections.abc import Hashable, Iterable
from typing import TypeVar

from aichaos.domain.access import ConfigMap, Secret
from aichaos.domain.base import KubeObject
from aichaos.domain.gateway import BackendTLSPolicy, Gateway, GatewayClass, ListenerSet, ReferenceGrant
from aichaos.domain.kinds import GATEWAY_API
from aichaos.domain.mesh import DestinationRule, VirtualService
from aichaos.domain.network import Endpoint, EndpointSlice, Service
from aichaos.domain.snapshot import Snapshot
from aichaos.domain.workloads import Namespace, Pod

Key = tuple[str, str]
"""Namespace and name."""
NO_LABELS: dict[str, str] = {}
Change = tuple[KubeObject | None, KubeObject | None]
"""An object before and after; None where it was or is not there."""

T = TypeVar("T", bound=KubeObject)
K = TypeVar("K", bound=Hashable)


class World:
    def __init__(self, snapshot: Snapshot) -> None:
        self.classes: dict[Key, GatewayClass] = _by_key(snapshot.gateway_classes)
        self.gateways: dict[Key, Gateway] = _by_key(snapshot.gateways)
        self.listener_sets: dict[Key, ListenerSet] = _by_key(snapshot.listener_sets)
        self.services: dict[Key, Service] = _by_key(snapshot.services)
        self.namespaces: dict[Key, Namespace] = _by_key(snapshot.namespaces)
        self._grants: dict[str, dict[str, ReferenceGrant]] = {}
        for grant in snapshot.reference_grants:
            self._grants.setdefault(grant.namespace, {})[grant.name] = grant
        self._slices: dict[Key, dict[str, EndpointSlice]] = {}
        for piece in snapshot.endpoint_slices:
            self._slices.setdefault((piece.namespace, piece.service_name), {})[piece.name] = piece
        self.backend_tls: dict[Key, dict[str, BackendTLSPolicy]] = {}
        for policy in snapshot.backend_tls_policies:
            for target in _targets(policy):
                self.backend_tls.setdefault(target, {})[policy.name] = policy
        self.secrets: dict[Key, Secret] = _by_key(snapshot.secrets)
        self.config_maps: dict[Key, ConfigMap] = _by_key(snapshot.config_maps)
        whole = snapshot.source.kind != "file"
        self.virtual_services: dict[Key, VirtualService] = _by_key(snapshot.virtual_services)
        self.destination_rules: dict[Key, DestinationRule] = _by_key(snapshot.destination_rules)
        self.pods: dict[Key, Pod] = _by_key(snapshot.pods)
        self.known = frozenset(
            kind
            for kind, some in (("Secret", self.secrets), ("ConfigMap", self.config_maps))
            if whole and some and not snapshot.unread(kind)
        )
        """The kinds of which an object that is not here does not exist: files seldom hold all, and where there is none, none was read."""
        self.endpoints_unread = snapshot.unread("EndpointSlice") is not None

    def after(self, changes: Iterable[Change]) -> "World":
        """The same world with these objects changed."""
        world = World.__new__(World)
        world.__dict__.update(self.__dict__)
        for before, after in changes:
            world._change(before, after)
        return world

    def _change(self, before: KubeObject | None, after: KubeObject | None) -> None:
        for obj, stays in ((before, False), (after, True)):
            match obj:
                case GatewayClass():
                    self.classes = _with(self.classes, obj, stays)
                case Gateway():
                    self.gateways = _with(self.gateways, obj, stays)
                case ListenerSet():
                    self.listener_sets = _with(self.listener_sets, obj, stays)
                case Service():
                    self.services = _with(self.services, obj, stays)
                case Secret():
                    self.secrets = _with(self.secrets, obj, stays)
                case VirtualService():
                    self.virtual_services = _with(self.virtual_services, obj, stays)
                case DestinationRule():
                    self.destination_rules = _with(self.destination_rules, obj, stays)
                case Pod():
                    self.pods = _with(self.pods, obj, stays)
                case ConfigMap():
                    self.config_maps = _with(self.config_maps, obj, stays)
                case Namespace():
                    self.namespaces = _with(self.namespaces, obj, stays)
                case ReferenceGrant():
                    self._grants = _within(self._grants, obj.namespace, obj.name, obj if stays else None)
                case BackendTLSPolicy():
                    for target in _targets(obj):
                        self.backend_tls = _within(self.backend_tls, target, obj.name, obj if stays else None)
                case EndpointSlice():
                    self._slices = _within(self._slices, (obj.namespace, obj.service_name), obj.name, obj if stays else None)
                case _:
                    pass

    def labels(self, namespace: str) -> dict[str, str]:
        """The labels of a namespace; the name that every namespace carries is there even where the Namespace was not read."""
        known = self.namespaces.get(("", namespace))
        return {"kubernetes.io/metadata.name": namespace} | (known.labels if known else {})

    def granted(self, kind: str, namespace: str, to_kind: str, to_namespace: str, to_name: str, group: str = GATEWAY_API) -> bool:
        """Whether a ReferenceGrant lets objects of this kind and namespace refer to a core object over there."""
        return any(
            any(source.kind == kind and source.namespace == namespace and source.group == group for source in grant.spec.from_)
            and any(target.kind == to_kind and not target.group and target.name in (None, "", to_name) for target in grant.spec.to)
            for grant in self._grants.get(to_namespace, {}).values()
        )

    def endpoints(self, service: Service, port: int | None, labels: dict[str, str] = NO_LABELS) -> tuple[int, int]:
        """How many endpoints of a Service's port are ready, and how many there are; of those whose pods carry the labels."""
        names = {one.name for one in service.spec.ports if port is None or one.port == port}
        ready = known = 0
        for piece in self._slices.get((service.namespace, service.name), {}).values():
            if piece.ports and not any(one.name in names for one in piece.ports):
                continue
            for endpoint in piece.endpoints or ():
                if labels and not self._carries(endpoint, service.namespace, labels):
                    continue
                known += 1
                ready += endpoint.ready
        return ready, known

    def _carries(self, endpoint: Endpoint, namespace: str, labels: dict[str, str]) -> bool:
        target = endpoint.target_ref
        pod = self.pods.get((target.namespace or namespace, target.name)) if target is not None and target.kind == "Pod" else None
        return pod is not None and labels.items() <= pod.labels.items()


def _targets(policy: BackendTLSPolicy) -> set[Key]:
    """The Services that a policy is for."""
    refs = [ref for ref in policy.spec.target_refs if ref.get("kind") == "Service" and not ref.get("group")]
    return {(policy.namespace, str(ref.get("name", ""))) for ref in refs}


def _by_key(objects: Iterable[T]) -> dict[Key, T]:
    return {(obj.namespace, obj.name): obj for obj in objects}


def _with(objects: dict[Key, T], obj: T, stays: bool) -> dict[Key, T]:
    """A copy with one object put in or taken out."""
    key = (obj.namespace, obj.name)
    changed = {**objects, key: obj} if stays else dict(objects)
    if not stays:
        changed.pop(key, None)
    return changed


def _within(groups: dict[K, dict[str, T]], group: K, name: str, obj: T | None) -> dict[K, dict[str, T]]:
    members = {other: member for other, member in groups.get(group, {}).items() if other != name}
    return {**groups, group: members | ({name: obj} if obj is not None else {})}
