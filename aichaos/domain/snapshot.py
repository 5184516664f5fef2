"""A cluster as it was seen at one moment."""

from collections.abc import Iterator

import msgspec

from aichaos.domain import access, chaos, definition, gateway, mesh, network, workloads
from aichaos.domain.base import KubeObject, ObjectRef
from aichaos.domain.digest import sha256
from aichaos.domain.kinds import BY_NAME, KINDS


class Source(msgspec.Struct, frozen=True, kw_only=True):
    """Where a snapshot comes from. kind: live, file, demo or snapshot. taken: RFC 3339, UTC."""

    kind: str
    cluster: str
    taken: str | None = None
    namespaces: tuple[str, ...] = ()


class Gap(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """A kind that could not be read. reason: absent (the API is not there), forbidden, failed, unreadable."""

    kind: str
    reason: str
    detail: str = ""

    def __str__(self) -> str:
        return f"{self.kind}: {self.reason}" + (f" ({self.detail})" if self.detail else "")


class Snapshot(msgspec.Struct, frozen=True, kw_only=True, tag_field="kind", tag="Snapshot"):
    """Everything that was read, one list a kind; every list in the order of namespace and name.

    `api_version` is that of the file in which a snapshot is saved.
    """

    api_version: str = msgspec.field(name="apiVersion", default="aichaos/v1")
    source: Source
    versions: dict[str, str] = {}
    """API version that each kind was read in; a kind that is not listed was read in our first choice."""
    gaps: tuple[Gap, ...] = ()
    engines: tuple[chaos.Engine, ...] = ()
    namespaces: list[workloads.Namespace] = []
    nodes: list[workloads.Node] = []
    gateway_classes: list[gateway.GatewayClass] = []
    gateways: list[gateway.Gateway] = []
    listener_sets: list[gateway.ListenerSet] = []
    http_routes: list[gateway.HTTPRoute] = []
    grpc_routes: list[gateway.GRPCRoute] = []
    tls_routes: list[gateway.TLSRoute] = []
    tcp_routes: list[gateway.TCPRoute] = []
    udp_routes: list[gateway.UDPRoute] = []
    backend_tls_policies: list[gateway.BackendTLSPolicy] = []
    reference_grants: list[gateway.ReferenceGrant] = []
    services: list[network.Service] = []
    endpoint_slices: list[network.EndpointSlice] = []
    network_policies: list[network.NetworkPolicy] = []
    deployments: list[workloads.Deployment] = []
    stateful_sets: list[workloads.StatefulSet] = []
    daemon_sets: list[workloads.DaemonSet] = []
    pods: list[workloads.Pod] = []
    autoscalers: list[workloads.HorizontalPodAutoscaler] = []
    disruption_budgets: list[workloads.PodDisruptionBudget] = []
    service_accounts: list[access.ServiceAccount] = []
    roles: list[access.Role] = []
    role_bindings: list[access.RoleBinding] = []
    cluster_roles: list[access.ClusterRole] = []
    cluster_role_bindings: list[access.ClusterRoleBinding] = []
    config_maps: list[access.ConfigMap] = []
    secrets: list[access.Secret] = []
    virtual_services: list[mesh.VirtualService] = []
    destination_rules: list[mesh.DestinationRule] = []
    definitions: list[definition.CustomResourceDefinition] = []
    chaos_experiments: list[chaos.ChaosExperiment] = []
    others: list[ObjectRef] = []
    """Objects in the source of kinds that a snapshot does not hold: a reference to one of them resolves, and no more is known."""

    def of(self, kind: str) -> list[KubeObject]:
        """All objects of a kind by its name; empty for a kind that a snapshot does not hold."""
        if kind == "Secret":
            return list(self.secrets)
        known = BY_NAME.get(kind)
        return getattr(self, known.field) if known else []

    def counts(self) -> dict[str, int]:
        """How many objects of each kind, kinds without any left out."""
        counted = {kind.name: len(getattr(self, kind.field)) for kind in KINDS} | {"Secret": len(self.secrets)}
        return {name: number for name, number in counted.items() if number}

    def routes(self) -> Iterator[gateway.Route]:
        """All routes of the Gateway API, whatever their kind."""
        yield from self.http_routes
        yield from self.grpc_routes
        yield from self.tls_routes
        yield from self.tcp_routes
        yield from self.udp_routes

    def telling_gaps(self) -> list[Gap]:
        """What could not be seen although it may be there; an API that is not installed is no news."""
        return [gap for gap in self.gaps if gap.reason != "absent"]

    def unread(self, kind: str) -> Gap | None:
        """The gap that keeps us from knowing whether an object of this kind exists; None where the kind was read."""
        return next((gap for gap in self.telling_gaps() if gap.kind == kind), None)

    def digest(self) -> str:
        """`sha256:…` of everything that was read; the same for the same objects, whenever and from wherever they were read."""
        content = msgspec.structs.replace(self, source=Source(kind="", cluster=""), gaps=())
        return "sha256:" + sha256(msgspec.json.encode(content, order="deterministic"))
