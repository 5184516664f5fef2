"""Gateway API objects, as of v1.6 (standard and experimental channel).

The specs of routes are complete: what is read from the cluster and written again must be the same object, because experiments
delete and recreate routes. Parts that nobody here interprets are kept as they are (`Plain`).
"""

from typing import Any

import msgspec

from aichaos.domain.base import AnnotatedMetadata, Condition, KubeObject, LabelSelector, Wire

Plain = dict[str, Any]


class GatewayClassSpec(Wire, frozen=True, kw_only=True):
    controller_name: str


class GatewayClass(KubeObject, frozen=True, kw_only=True):
    spec: GatewayClassSpec


class RouteNamespaces(Wire, frozen=True, kw_only=True):
    from_: str = msgspec.field(name="from", default="Same")
    selector: LabelSelector | None = None


class RouteKind(Wire, frozen=True, kw_only=True):
    kind: str
    group: str | None = None


class AllowedRoutes(Wire, frozen=True, kw_only=True):
    namespaces: RouteNamespaces | None = None
    kinds: list[RouteKind] = []


class ObjectReference(Wire, frozen=True, kw_only=True):
    name: str
    group: str = ""
    kind: str = ""
    namespace: str = ""


class ListenerTLS(Wire, frozen=True, kw_only=True):
    mode: str = "Terminate"
    certificate_refs: list[ObjectReference] = []


class Listener(Wire, frozen=True, kw_only=True):
    name: str
    protocol: str = "HTTP"
    port: int = 0
    hostname: str | None = None
    tls: ListenerTLS | None = None
    allowed_routes: AllowedRoutes | None = None


class GatewaySpec(Wire, frozen=True, kw_only=True):
    gateway_class_name: str
    listeners: list[Listener] = []
    allowed_listeners: Plain | None = None


class GatewayAddress(Wire, frozen=True, kw_only=True):
    value: str
    type: str = "IPAddress"


class ListenerStatus(Wire, frozen=True, kw_only=True):
    name: str
    attached_routes: int = 0
    conditions: list[Condition] = []


class GatewayStatus(Wire, frozen=True, kw_only=True):
    addresses: list[GatewayAddress] = []
    conditions: list[Condition] = []
    listeners: list[ListenerStatus] = []


class Gateway(KubeObject, frozen=True, kw_only=True):
    spec: GatewaySpec
    status: GatewayStatus = GatewayStatus()


class ListenerSetSpec(Wire, frozen=True, kw_only=True):
    parent_ref: ObjectReference
    listeners: list[Listener] = []


class ListenerSet(KubeObject, frozen=True, kw_only=True):
    spec: ListenerSetSpec
    status: GatewayStatus = GatewayStatus()


class ParentRef(Wire, frozen=True, kw_only=True):
    name: str
    group: str | None = None
    kind: str | None = None
    namespace: str | None = None
    section_name: str | None = None
    port: int | None = None


class BackendRef(Wire, frozen=True, kw_only=True):
    """A `weight` left out is 1; a `namespace` left out is the route's own."""

    name: str
    group: str | None = None
    kind: str | None = None
    namespace: str | None = None
    port: int | None = None
    weight: int | None = None
    filters: list[Plain] = []


class PathMatch(Wire, frozen=True, kw_only=True):
    type: str | None = None
    value: str | None = None


class NamedMatch(Wire, frozen=True, kw_only=True):
    """A condition on a header or a query parameter."""

    name: str
    value: str
    type: str | None = None


class HTTPMatch(Wire, frozen=True, kw_only=True):
    path: PathMatch | None = None
    headers: list[NamedMatch] = []
    query_params: list[NamedMatch] = []
    method: str | None = None


class HTTPRule(Wire, frozen=True, kw_only=True):
    name: str | None = None
    matches: list[HTTPMatch] | None = None
    filters: list[Plain] = []
    backend_refs: list[BackendRef] | None = None
    timeouts: Plain | None = None
    retry: Plain | None = None
    session_persistence: Plain | None = None


class RouteSpec(Wire, frozen=True, kw_only=True):
    parent_refs: list[ParentRef] = []
    hostnames: list[str] = []
    use_default_gateways: str | None = None


class ParentStatus(Wire, frozen=True, kw_only=True):
    parent_ref: ParentRef
    controller_name: str = ""
    conditions: list[Condition] = []


class RouteStatus(Wire, frozen=True, kw_only=True):
    parents: list[ParentStatus] = []


class HTTPRouteSpec(RouteSpec, frozen=True, kw_only=True):
    rules: list[HTTPRule] | None = None


class HTTPRoute(KubeObject, frozen=True, kw_only=True):
    metadata: AnnotatedMetadata
    spec: HTTPRouteSpec = HTTPRouteSpec()
    status: RouteStatus = RouteStatus()


class GRPCMethodMatch(Wire, frozen=True, kw_only=True):
    type: str | None = None
    service: str | None = None
    method: str | None = None


class GRPCMatch(Wire, frozen=True, kw_only=True):
    method: GRPCMethodMatch | None = None
    headers: list[NamedMatch] = []


class GRPCRule(Wire, frozen=True, kw_only=True):
    name: str | None = None
    matches: list[GRPCMatch] | None = None
    filters: list[Plain] = []
    backend_refs: list[BackendRef] | None = None
    session_persistence: Plain | None = None


class GRPCRouteSpec(RouteSpec, frozen=True, kw_only=True):
    rules: list[GRPCRule] | None = None


class GRPCRoute(KubeObject, frozen=True, kw_only=True):
    metadata: AnnotatedMetadata
    spec: GRPCRouteSpec = GRPCRouteSpec()
    status: RouteStatus = RouteStatus()


class StreamRule(Wire, frozen=True, kw_only=True):
    name: str | None = None
    backend_refs: list[BackendRef] | None = None


class StreamRouteSpec(RouteSpec, frozen=True, kw_only=True):
    rules: list[StreamRule] | None = None


class StreamRoute(KubeObject, frozen=True, kw_only=True):
    """A route below HTTP: a rule has backends and no matches."""

    metadata: AnnotatedMetadata
    spec: StreamRouteSpec = StreamRouteSpec()
    status: RouteStatus = RouteStatus()


class TLSRoute(StreamRoute, frozen=True, kw_only=True):
    pass


class TCPRoute(StreamRoute, frozen=True, kw_only=True):
    pass


class UDPRoute(StreamRoute, frozen=True, kw_only=True):
    pass


class BackendTLSPolicySpec(Wire, frozen=True, kw_only=True):
    target_refs: list[Plain] = []
    validation: Plain = {}


class BackendTLSPolicy(KubeObject, frozen=True, kw_only=True):
    spec: BackendTLSPolicySpec = BackendTLSPolicySpec()


class GrantFrom(Wire, frozen=True, kw_only=True):
    group: str = ""
    kind: str = ""
    namespace: str = ""


class GrantTo(Wire, frozen=True, kw_only=True):
    group: str = ""
    kind: str = ""
    name: str | None = None


class ReferenceGrantSpec(Wire, frozen=True, kw_only=True):
    from_: list[GrantFrom] = msgspec.field(name="from", default=[])
    to: list[GrantTo] = []


class ReferenceGrant(KubeObject, frozen=True, kw_only=True):
    spec: ReferenceGrantSpec = ReferenceGrantSpec()


Route = HTTPRoute | GRPCRoute | TLSRoute | TCPRoute | UDPRoute
