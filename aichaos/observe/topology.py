"""A Snapshot with its threads drawn: Gateway → listener → route → rule → Service → endpoints → pods → workload → node and zone.

An index that is made once and then only read. Everything is looked up, nothing is searched: a question costs the same on a cluster
with ten routes and on one with ten thousand.
"""

from collections import defaultdict
from collections.abc import Sequence
from functools import cached_property

import msgspec

from aichaos.domain.base import KubeObject, LabelSelector, ObjectRef, kind_name, selects
from aichaos.domain.gateway import BackendRef, Gateway, GRPCRule, HTTPRule, ReferenceGrant, Route, StreamRule
from aichaos.domain.kinds import GATEWAY_API, KINDS
from aichaos.domain.network import Endpoint, Service
from aichaos.domain.snapshot import Snapshot
from aichaos.domain.workloads import DaemonSet, Deployment, Node, Pod, StatefulSet, Workload
from aichaos.observe.attach import Attachment, attach, names_gateway
from aichaos.observe.engines import engine_of

Key = tuple[str, str]
"""Namespace and name."""

_GATEWAY_LABEL = "gateway.networking.k8s.io/gateway-name"
"""On the pods that carry a Gateway's traffic (GEP-1762)."""


class Backend(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """One backendRef of a rule, resolved. `service` is None where it names none that exists; `problem` says what is wrong, or ""."""

    route: Route
    rule: int
    ref: BackendRef
    key: Key
    service: Service | None
    problem: str = ""


class Topology:
    def __init__(self, snapshot: Snapshot) -> None:
        self.snapshot = snapshot
        self._attachments: dict[ObjectRef, list[Attachment]] = {}
        """Of the routes that somebody has asked about."""

    @cached_property
    def objects(self) -> dict[ObjectRef, KubeObject]:
        found = {ObjectRef(kind.name, obj.name, obj.namespace): obj for kind in KINDS for obj in getattr(self.snapshot, kind.field)}
        found.update({ObjectRef("Secret", secret.name, secret.namespace): secret for secret in self.snapshot.secrets})
        return found

    def exists(self, ref: ObjectRef) -> bool:
        return ref in self.objects or ref in self._others

    @cached_property
    def _others(self) -> frozenset[ObjectRef]:
        return frozenset(self.snapshot.others)

    # namespaces -----------------------------------------------------------------------------------------------------------------

    @cached_property
    def namespaces(self) -> dict[str, dict[str, str]]:
        """Namespace → its labels; those that are only seen through their objects are there too, without labels."""
        seen = {obj.namespace: dict[str, str]() for kind in KINDS if kind.namespaced for obj in getattr(self.snapshot, kind.field)}
        return seen | {namespace.name: namespace.labels for namespace in self.snapshot.namespaces}

    def namespace_labels(self, name: str) -> dict[str, str]:
        return {"kubernetes.io/metadata.name": name} | self.namespaces.get(name, {})

    # pods and workloads ---------------------------------------------------------------------------------------------------------

    @cached_property
    def pods_of_namespace(self) -> dict[str, list[Pod]]:
        """Namespace → its pods that are not finished."""
        pods: dict[str, list[Pod]] = defaultdict(list)
        for pod in self.snapshot.pods:
            if not pod.finished:
                pods[pod.namespace].append(pod)
        return pods

    def select(self, namespace: str, selector: LabelSelector) -> list[Pod]:
        candidates = self.pods_of_namespace.get(namespace, [])
        if selector.match_labels:
            candidates = min((self._labelled(namespace, *label) for label in selector.match_labels.items()), key=len)
        return [pod for pod in candidates if selects(selector, pod.labels)]

    @cached_property
    def workloads(self) -> dict[ObjectRef, Workload]:
        lists: tuple[list[Deployment] | list[StatefulSet] | list[DaemonSet], ...] = (
            self.snapshot.deployments,
            self.snapshot.stateful_sets,
            self.snapshot.daemon_sets,
        )
        return {ObjectRef(kind_name(workload), workload.name, workload.namespace): workload for some in lists for workload in some}

    def workload_of(self, pod: Pod) -> Workload | None:
        """The Deployment, StatefulSet or DaemonSet that keeps a pod alive; None for a pod on its own."""
        for owner in pod.metadata.owner_references:
            name = owner.name.rpartition("-")[0] if owner.kind == "ReplicaSet" else owner.name
            kind = "Deployment" if owner.kind == "ReplicaSet" else owner.kind
            workload = self.workloads.get(ObjectRef(kind, name, pod.namespace))
            if workload is not None:
                return workload
        return None if pod.metadata.owner_references else self._selecting(pod)

    def _selecting(self, pod: Pod) -> Workload | None:
        """The workload that would adopt a pod without an owner: objects that were written or picked by hand often lack owners."""
        for label, value in pod.labels.items():
            for workload in self._workloads_by_label.get((pod.namespace, label, value), ()):
                selector = workload.spec.selector
                if (selector.match_labels or selector.match_expressions) and selects(selector, pod.labels):
                    return workload
        return None

    def pods_of(self, workload: Workload) -> list[Pod]:
        return self._pods_of_workload.get(ObjectRef(kind_name(workload), workload.name, workload.namespace), [])

    @cached_property
    def _pods_of_workload(self) -> dict[ObjectRef, list[Pod]]:
        found: dict[ObjectRef, list[Pod]] = defaultdict(list)
        for pods in self.pods_of_namespace.values():
            for pod in pods:
                workload = self.workload_of(pod)
                if workload is not None:
                    found[ObjectRef(kind_name(workload), workload.name, workload.namespace)].append(pod)
        return found

    @cached_property
    def images(self) -> frozenset[str]:
        """The container images that pods run and workloads declare."""
        specs = [pod.spec for pod in self.snapshot.pods] + [workload.spec.template.spec for workload in self.workloads.values()]
        return frozenset(container.image for spec in specs for container in spec.containers)

    @cached_property
    def engine_homes(self) -> frozenset[str]:
        """The namespaces in which the controllers of chaos engines run."""
        return frozenset(deployment.namespace for deployment in self.snapshot.deployments if engine_of(deployment))

    @cached_property
    def nodes(self) -> dict[str, Node]:
        return {node.name: node for node in self.snapshot.nodes}

    def zone_of(self, pod: Pod) -> str:
        node = self.nodes.get(pod.spec.node_name)
        return node.zone if node else ""

    # Services -------------------------------------------------------------------------------------------------------------------

    @cached_property
    def services(self) -> dict[Key, Service]:
        return {(service.namespace, service.name): service for service in self.snapshot.services}

    @cached_property
    def services_of_namespace(self) -> dict[str, list[Service]]:
        """Namespace → its Services by name."""
        found: dict[str, list[Service]] = defaultdict(list)
        for key in sorted(self.services):
            found[key[0]].append(self.services[key])
        return found

    @cached_property
    def _endpoints(self) -> dict[Key, list[Endpoint]]:
        found: dict[Key, list[Endpoint]] = defaultdict(list)
        for piece in self.snapshot.endpoint_slices:
            found[piece.namespace, piece.service_name].extend(piece.endpoints or ())
        return found

    def endpoints(self, service: Service) -> list[Endpoint]:
        return self._endpoints.get((service.namespace, service.name), [])

    def ready_endpoints(self, service: Service) -> int:
        return sum(endpoint.ready for endpoint in self.endpoints(service))

    def service_pods(self, service: Service) -> list[Pod]:
        """The pods that a Service's selector takes; none for a Service without a selector."""
        selector = service.spec.selector
        if not selector:
            return []
        return [pod for pod in self._labelled(service.namespace, *next(iter(selector.items()))) if _has(pod, selector)]

    def _labelled(self, namespace: str, label: str, value: str) -> list[Pod]:
        return self._pods_by_label.get((namespace, label, value), [])

    @cached_property
    def _pods_by_label(self) -> dict[tuple[str, str, str], list[Pod]]:
        found: dict[tuple[str, str, str], list[Pod]] = defaultdict(list)
        for namespace, pods in self.pods_of_namespace.items():
            for pod in pods:
                for label, value in pod.labels.items():
                    found[namespace, label, value].append(pod)
        return found

    def service_workloads(self, service: Service) -> list[Workload]:
        """The workloads whose pods a Service selects, also where they have no pod at the moment."""
        return self.workloads_labelled(service.namespace, service.spec.selector or {})

    def workloads_labelled(self, namespace: str, labels: dict[str, str]) -> list[Workload]:
        """The workloads whose pods carry all of these labels; none for no labels."""
        if not labels:
            return []
        likely = self._workloads_by_label.get((namespace, *next(iter(labels.items()))), [])
        return [workload for workload in likely if labels.items() <= workload.spec.template.metadata.labels.items()]

    @cached_property
    def _workloads_by_label(self) -> dict[tuple[str, str, str], list[Workload]]:
        found: dict[tuple[str, str, str], list[Workload]] = defaultdict(list)
        for workload in self.workloads.values():
            for label, value in workload.spec.template.metadata.labels.items():
                found[workload.namespace, label, value].append(workload)
        return found

    # Gateways and routes --------------------------------------------------------------------------------------------------------

    @cached_property
    def gateways(self) -> dict[Key, Gateway]:
        return {(gateway.namespace, gateway.name): gateway for gateway in self.snapshot.gateways}

    def gateway_pods(self, gateway: Gateway) -> list[Pod]:
        """The pods that carry a Gateway's traffic, where their labels tell."""
        return self._gateway_pods.get((gateway.namespace, gateway.name)) or self._gateway_pods.get(("", gateway.name), [])

    @cached_property
    def carriers(self) -> frozenset[Key]:
        """The pods that carry the traffic of any Gateway."""
        pods = (pod for gateway in self.snapshot.gateways for pod in self.gateway_pods(gateway))
        return frozenset((pod.namespace, pod.name) for pod in pods)

    def carries(self, service: Service) -> bool:
        """Whether a Service only leads to a Gateway's own pods."""
        return any((pod.namespace, pod.name) in self.carriers for pod in self.service_pods(service))

    @cached_property
    def _gateway_pods(self) -> dict[Key, list[Pod]]:
        found: dict[Key, list[Pod]] = defaultdict(list)
        for pods in self.pods_of_namespace.values():
            for pod in pods:
                owner = pod.labels.get("gateway.envoyproxy.io/owning-gateway-name") or pod.labels.get(_GATEWAY_LABEL)
                if owner:
                    found[pod.labels.get("gateway.envoyproxy.io/owning-gateway-namespace", pod.namespace), owner].append(pod)
        return found

    @cached_property
    def attachments(self) -> dict[ObjectRef, list[Attachment]]:
        """Route → where it is attached, or why not; a parent that is no Gateway of this cluster is left out."""
        return {ObjectRef(kind_name(route), route.name, route.namespace): self._attachments_of(route) for route in self.snapshot.routes()}

    def _attachments_of(self, route: Route) -> list[Attachment]:
        ref = ObjectRef(kind_name(route), route.name, route.namespace)
        known = self._attachments.get(ref)
        if known is None:
            parents = [
                (parent, gateway)
                for parent in route.spec.parent_refs
                if names_gateway(parent) and (gateway := self.gateways.get((parent.namespace or route.namespace, parent.name)))
            ]
            known = self._attachments[ref] = [attach(route, parent, gateway, self.namespace_labels) for parent, gateway in parents]
        return known

    def attached(self, route: Route) -> list[Attachment]:
        """Where a route serves: its attachments that a listener takes."""
        return [attachment for attachment in self._attachments_of(route) if attachment.listeners]

    @cached_property
    def backends(self) -> dict[ObjectRef, list[Backend]]:
        """Route → its backendRefs in order, resolved."""
        found = {}
        for route in self.snapshot.routes():
            rules: Sequence[HTTPRule | GRPCRule | StreamRule] = route.spec.rules or ()
            found[ObjectRef(kind_name(route), route.name, route.namespace)] = [
                self._backend(route, number, ref) for number, rule in enumerate(rules) for ref in rule.backend_refs or ()
            ]
        return found

    def backends_of(self, route: Route) -> list[Backend]:
        return self.backends.get(ObjectRef(kind_name(route), route.name, route.namespace), [])

    def _backend(self, route: Route, rule: int, ref: BackendRef) -> Backend:
        namespace = ref.namespace or route.namespace
        key = (namespace, ref.name)
        service = self.services.get(key) if ref.kind in (None, "Service") and not ref.group else None
        problem = self._backend_problem(route, ref, namespace, service)
        return Backend(route=route, rule=rule, ref=ref, key=key, service=service, problem=problem)

    def _backend_problem(self, route: Route, ref: BackendRef, namespace: str, service: Service | None) -> str:
        if ref.kind not in (None, "Service") or ref.group:
            return "InvalidKind"
        if namespace != route.namespace and not self.granted(kind_name(route), route.namespace, namespace, ref.name):
            return "RefNotPermitted"
        if service is None or (ref.port is not None and all(port.port != ref.port for port in service.spec.ports)):
            return "BackendNotFound"
        return ""

    def granted(self, kind: str, namespace: str, to_namespace: str, service: str) -> bool:
        """Whether a ReferenceGrant lets a route of this kind and namespace use a Service over there."""
        return any(
            any(source.kind == kind and source.namespace == namespace and source.group == GATEWAY_API for source in grant.spec.from_)
            and any(target.kind == "Service" and not target.group and target.name in (None, "", service) for target in grant.spec.to)
            for grant in self._grants.get(to_namespace, [])
        )

    @cached_property
    def _grants(self) -> dict[str, list[ReferenceGrant]]:
        found: dict[str, list[ReferenceGrant]] = defaultdict(list)
        for grant in self.snapshot.reference_grants:
            found[grant.namespace].append(grant)
        return found

    @cached_property
    def routes_of_service(self) -> dict[Key, list[Route]]:
        """Service → the routes that send to it, each once."""
        found: dict[Key, dict[ObjectRef, Route]] = defaultdict(dict)
        for ref, backends in self.backends.items():
            for backend in backends:
                if backend.service is not None:
                    found[backend.key][ref] = backend.route
        return {key: list(routes.values()) for key, routes in found.items()}

    def services_of_pods(self, pods: list[Pod]) -> list[Service]:
        """The Services of which one of these pods is an endpoint by its labels."""
        near: dict[str, list[Pod]] = defaultdict(list)
        for pod in pods:
            near[pod.namespace].append(pod)
        return [
            service
            for service in self.snapshot.services
            if service.spec.selector and any(_has(pod, service.spec.selector) for pod in near.get(service.namespace, ()))
        ]


def _has(pod: Pod, labels: dict[str, str]) -> bool:
    return labels.items() <= pod.labels.items()
