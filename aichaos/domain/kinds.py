"""The kinds that a snapshot holds, in one table: what the API calls them and which class of ours reads them.

One more kind is one more line here and one more field of `Snapshot` (a test compares the two).
"""

import msgspec

from aichaos.domain import access, chaos, definition, gateway, mesh, network, workloads
from aichaos.domain.base import KubeObject

GATEWAY_API = "gateway.networking.k8s.io"
ISTIO = "networking.istio.io"
RBAC = "rbac.authorization.k8s.io"


class Kind(msgspec.Struct, frozen=True):
    """One kind: `versions` in the order in which we would rather read them; `field` is its place in a `Snapshot`.

    shared: read from every namespace even where only some are asked for, because the objects of one refer to those of another.
    """

    type: type[KubeObject]
    field: str
    plural: str
    group: str = ""
    versions: tuple[str, ...] = ("v1",)
    namespaced: bool = True
    shared: bool = False

    @property
    def name(self) -> str:
        return self.type.__name__

    @property
    def optional(self) -> bool:
        """Whether a cluster may lack it: a kind that a CRD brings."""
        return self.group in (GATEWAY_API, ISTIO, "litmuschaos.io")

    def api_version(self, version: str | None = None) -> str:
        chosen = version or self.versions[0]
        return f"{self.group}/{chosen}" if self.group else chosen


KINDS: tuple[Kind, ...] = (
    Kind(workloads.Namespace, "namespaces", "namespaces", namespaced=False),
    Kind(workloads.Node, "nodes", "nodes", namespaced=False),
    Kind(gateway.GatewayClass, "gateway_classes", "gatewayclasses", GATEWAY_API, ("v1", "v1beta1"), namespaced=False),
    Kind(gateway.Gateway, "gateways", "gateways", GATEWAY_API, ("v1", "v1beta1"), shared=True),
    Kind(gateway.ListenerSet, "listener_sets", "listenersets", GATEWAY_API, ("v1", "v1alpha1"), shared=True),
    Kind(gateway.HTTPRoute, "http_routes", "httproutes", GATEWAY_API, ("v1", "v1beta1")),
    Kind(gateway.GRPCRoute, "grpc_routes", "grpcroutes", GATEWAY_API, ("v1", "v1alpha2")),
    Kind(gateway.TLSRoute, "tls_routes", "tlsroutes", GATEWAY_API, ("v1", "v1alpha3", "v1alpha2")),
    Kind(gateway.TCPRoute, "tcp_routes", "tcproutes", GATEWAY_API, ("v1", "v1alpha2")),
    Kind(gateway.UDPRoute, "udp_routes", "udproutes", GATEWAY_API, ("v1", "v1alpha2")),
    Kind(gateway.BackendTLSPolicy, "backend_tls_policies", "backendtlspolicies", GATEWAY_API, ("v1", "v1alpha3")),
    Kind(gateway.ReferenceGrant, "reference_grants", "referencegrants", GATEWAY_API, ("v1", "v1beta1")),
    Kind(network.Service, "services", "services"),
    Kind(network.EndpointSlice, "endpoint_slices", "endpointslices", "discovery.k8s.io"),
    Kind(network.NetworkPolicy, "network_policies", "networkpolicies", "networking.k8s.io"),
    Kind(workloads.Deployment, "deployments", "deployments", "apps"),
    Kind(workloads.StatefulSet, "stateful_sets", "statefulsets", "apps"),
    Kind(workloads.DaemonSet, "daemon_sets", "daemonsets", "apps"),
    Kind(workloads.Pod, "pods", "pods"),
    Kind(workloads.HorizontalPodAutoscaler, "autoscalers", "horizontalpodautoscalers", "autoscaling", ("v2", "v1")),
    Kind(workloads.PodDisruptionBudget, "disruption_budgets", "poddisruptionbudgets", "policy"),
    Kind(access.ServiceAccount, "service_accounts", "serviceaccounts"),
    Kind(access.Role, "roles", "roles", RBAC),
    Kind(access.RoleBinding, "role_bindings", "rolebindings", RBAC),
    Kind(access.ClusterRole, "cluster_roles", "clusterroles", RBAC, namespaced=False),
    Kind(access.ClusterRoleBinding, "cluster_role_bindings", "clusterrolebindings", RBAC, namespaced=False),
    Kind(access.ConfigMap, "config_maps", "configmaps"),
    Kind(mesh.VirtualService, "virtual_services", "virtualservices", ISTIO, ("v1", "v1beta1", "v1alpha3")),
    Kind(mesh.DestinationRule, "destination_rules", "destinationrules", ISTIO, ("v1", "v1beta1", "v1alpha3")),
    Kind(definition.CustomResourceDefinition, "definitions", "customresourcedefinitions", "apiextensions.k8s.io", namespaced=False),
    Kind(chaos.ChaosExperiment, "chaos_experiments", "chaosexperiments", "litmuschaos.io", ("v1alpha1",)),
)

BY_NAME: dict[str, Kind] = {kind.name: kind for kind in KINDS}


def kind_of(api_version: str, name: str) -> Kind | None:
    """The kind that a manifest's `apiVersion` and `kind` name, in any version; None where a snapshot does not hold it."""
    kind = BY_NAME.get(name)
    return kind if kind is not None and kind.group == api_version.rpartition("/")[0] else None
