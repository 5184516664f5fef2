"""What requests pass once they are inside: Services, their endpoints, and the policies between pods."""

import msgspec

from aichaos.domain.base import AnnotatedMetadata, KubeObject, LabelSelector, Wire


class ServicePort(Wire, frozen=True, kw_only=True):
    port: int
    name: str = ""
    protocol: str = "TCP"
    target_port: int | str | None = None
    app_protocol: str = ""
    node_port: int | None = None


class ServiceSpec(Wire, frozen=True, kw_only=True):
    type: str = "ClusterIP"
    selector: dict[str, str] | None = None
    ports: tuple[ServicePort, ...] = ()
    cluster_ip: str = msgspec.field(name="clusterIP", default="")
    external_name: str = ""


class Service(KubeObject, frozen=True, kw_only=True):
    spec: ServiceSpec = ServiceSpec()


class EndpointPort(Wire, frozen=True, kw_only=True):
    name: str = ""
    port: int | None = None
    protocol: str = "TCP"


class EndpointConditions(Wire, frozen=True, kw_only=True):
    """`ready` absent means ready (EndpointSlice API: consumers should read nil as true)."""

    ready: bool | None = None
    serving: bool | None = None
    terminating: bool | None = None


class TargetRef(Wire, frozen=True, kw_only=True):
    kind: str = ""
    name: str = ""
    namespace: str = ""


class Endpoint(Wire, frozen=True, kw_only=True):
    addresses: tuple[str, ...] = ()
    conditions: EndpointConditions = EndpointConditions()
    target_ref: TargetRef | None = None
    node_name: str = ""
    zone: str = ""

    @property
    def ready(self) -> bool:
        return self.conditions.ready is not False


class EndpointSlice(KubeObject, frozen=True, kw_only=True):
    address_type: str = "IPv4"
    endpoints: tuple[Endpoint, ...] | None = None
    ports: tuple[EndpointPort, ...] | None = None

    @property
    def service_name(self) -> str:
        return self.labels.get("kubernetes.io/service-name", "")


class IPBlock(Wire, frozen=True, kw_only=True):
    cidr: str
    except_: tuple[str, ...] = msgspec.field(name="except", default=())


class NetworkPolicyPeer(Wire, frozen=True, kw_only=True):
    pod_selector: LabelSelector | None = None
    namespace_selector: LabelSelector | None = None
    ip_block: IPBlock | None = None


class NetworkPolicyPort(Wire, frozen=True, kw_only=True):
    protocol: str | None = None
    port: int | str | None = None
    end_port: int | None = None


class IngressRule(Wire, frozen=True, kw_only=True):
    from_: tuple[NetworkPolicyPeer, ...] = msgspec.field(name="from", default=())
    ports: tuple[NetworkPolicyPort, ...] = ()


class EgressRule(Wire, frozen=True, kw_only=True):
    to: tuple[NetworkPolicyPeer, ...] = ()
    ports: tuple[NetworkPolicyPort, ...] = ()


class NetworkPolicySpec(Wire, frozen=True, kw_only=True):
    pod_selector: LabelSelector = LabelSelector()
    policy_types: tuple[str, ...] = ()
    ingress: tuple[IngressRule, ...] | None = None
    egress: tuple[EgressRule, ...] | None = None


class NetworkPolicy(KubeObject, frozen=True, kw_only=True):
    metadata: AnnotatedMetadata
    spec: NetworkPolicySpec = NetworkPolicySpec()
