"""Kinds that we know without a cluster: which group serves them, in which versions, and whether they live in a namespace.

Versions are those that a supported server can offer (Kubernetes 1.30 and later, Gateway API 1.x, Chaos Mesh 2.x, Litmus 3.x, Istio
1.20 and later). What was removed before is not served: an apiVersion from an old page is the most common mistake of models.
"""

from collections import defaultdict

import msgspec

from aichaos.domain.base import group_of


class KnownKind(msgspec.Struct, frozen=True):
    """`versions`: served ones, the best first."""

    name: str
    group: str
    versions: tuple[str, ...]
    namespaced: bool = True

    @property
    def api_version(self) -> str:
        return f"{self.group}/{self.versions[0]}" if self.group else self.versions[0]


_ISTIO = ("v1", "v1beta1", "v1alpha3")
_S3 = ("v1beta2", "v1beta1")

_NAMESPACED: tuple[tuple[str, tuple[str, ...], str], ...] = (
    (
        "",
        ("v1",),
        "Binding ConfigMap Endpoints Event LimitRange PersistentVolumeClaim Pod PodTemplate ReplicationController ResourceQuota Secret "
        "Service ServiceAccount",
    ),
    ("apps", ("v1",), "ControllerRevision DaemonSet Deployment ReplicaSet StatefulSet"),
    ("autoscaling", ("v2", "v1"), "HorizontalPodAutoscaler"),
    ("batch", ("v1",), "CronJob Job"),
    ("policy", ("v1",), "PodDisruptionBudget"),
    ("networking.k8s.io", ("v1",), "Ingress NetworkPolicy"),
    ("discovery.k8s.io", ("v1",), "EndpointSlice"),
    ("events.k8s.io", ("v1",), "Event"),
    ("coordination.k8s.io", ("v1",), "Lease"),
    ("rbac.authorization.k8s.io", ("v1",), "Role RoleBinding"),
    ("gateway.networking.k8s.io", ("v1", "v1beta1"), "Gateway HTTPRoute ReferenceGrant"),
    ("gateway.networking.k8s.io", ("v1", "v1alpha2"), "GRPCRoute TCPRoute UDPRoute"),
    ("gateway.networking.k8s.io", ("v1", "v1alpha3", "v1alpha2"), "TLSRoute BackendTLSPolicy"),
    ("gateway.networking.k8s.io", ("v1", "v1alpha1"), "ListenerSet"),
    ("gateway.networking.x-k8s.io", ("v1alpha1",), "XBackendTrafficPolicy XListenerSet"),
    (
        "chaos-mesh.org",
        ("v1alpha1",),
        "AWSChaos AzureChaos BlockChaos CloudStackHostChaos DNSChaos GCPChaos HTTPChaos IOChaos JVMChaos KernelChaos NetworkChaos "
        "PhysicalMachine PhysicalMachineChaos PodChaos PodHttpChaos PodIOChaos PodNetworkChaos Schedule StatusCheck StressChaos TimeChaos "
        "Workflow WorkflowNode YCChaos",
    ),
    ("litmuschaos.io", ("v1alpha1",), "ChaosEngine ChaosExperiment ChaosResult ChaosSchedule"),
    ("networking.istio.io", _ISTIO, "DestinationRule Gateway ServiceEntry Sidecar VirtualService WorkloadEntry"),
    ("networking.istio.io", ("v1", "v1beta1", "v1alpha3"), "WorkloadGroup"),
    ("networking.istio.io", ("v1alpha3",), "EnvoyFilter"),
    ("networking.istio.io", ("v1beta1",), "ProxyConfig"),
    ("security.istio.io", ("v1", "v1beta1"), "AuthorizationPolicy PeerAuthentication RequestAuthentication"),
    ("telemetry.istio.io", ("v1", "v1alpha1"), "Telemetry"),
)

_CLUSTER: tuple[tuple[str, tuple[str, ...], str], ...] = (
    ("", ("v1",), "ComponentStatus Namespace Node PersistentVolume"),
    ("storage.k8s.io", ("v1",), "CSIDriver CSINode StorageClass VolumeAttachment"),
    ("networking.k8s.io", ("v1",), "IPAddress IngressClass ServiceCIDR"),
    ("rbac.authorization.k8s.io", ("v1",), "ClusterRole ClusterRoleBinding"),
    ("scheduling.k8s.io", ("v1",), "PriorityClass"),
    ("node.k8s.io", ("v1",), "RuntimeClass"),
    ("apiextensions.k8s.io", ("v1",), "CustomResourceDefinition"),
    ("apiregistration.k8s.io", ("v1",), "APIService"),
    (
        "admissionregistration.k8s.io",
        ("v1",),
        "MutatingWebhookConfiguration ValidatingAdmissionPolicy ValidatingAdmissionPolicyBinding ValidatingWebhookConfiguration",
    ),
    ("certificates.k8s.io", ("v1",), "CertificateSigningRequest"),
    ("gateway.networking.k8s.io", ("v1", "v1beta1"), "GatewayClass"),
    ("chaos-mesh.org", ("v1alpha1",), "RemoteCluster"),
    ("s3.aws.upbound.io", _S3, "Bucket BucketReplicationConfiguration BucketServerSideEncryptionConfiguration BucketVersioning"),
    ("s3.aws.upbound.io", ("v1beta1",), "BucketOwnershipControls BucketPolicy BucketPublicAccessBlock"),
)

KNOWN: tuple[KnownKind, ...] = tuple(
    KnownKind(name, group, versions, namespaced)
    for table, namespaced in ((_NAMESPACED, True), (_CLUSTER, False))
    for group, versions, names in table
    for name in names.split()
)

CLOSED_GROUPS = frozenset(
    {"", "apps", "autoscaling", "batch", "policy", "networking.k8s.io", "discovery.k8s.io", "chaos-mesh.org", "litmuschaos.io"}
    | {"gateway.networking.k8s.io", "rbac.authorization.k8s.io", "networking.istio.io"}
)
"""Groups of which every kind is in the table: another kind in one of them is a misspelt one, and the server refuses it."""

RETIRED_GROUPS = frozenset({"extensions", "pingcap.com", "networking.x-k8s.io", "config.istio.io"})
"""Groups that nobody serves any more and that old pages still name."""

_BY_NAME: dict[str, list[KnownKind]] = defaultdict(list)
for _kind in KNOWN:
    _BY_NAME[_kind.name].append(_kind)

GROUPS = frozenset(kind.group for kind in KNOWN)
NAMES = tuple(_BY_NAME)


def kinds_called(name: str) -> list[KnownKind]:
    """Every known kind of a name, whatever its group (`Gateway` has two)."""
    return _BY_NAME.get(name, [])


def known_kind(api_version: str, name: str) -> KnownKind | None:
    """The kind that an apiVersion and a kind name, in any version of its group."""
    group = group_of(api_version)
    return next((kind for kind in kinds_called(name) if kind.group == group), None)


def is_namespaced(name: str) -> bool | None:
    """Whether a kind lives in namespaces; None where we do not know the kind."""
    kinds = kinds_called(name)
    return all(kind.namespaced for kind in kinds) if kinds else None
