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
    kinds: tuple[RouteKind, ...] = ()


class ObjectReference(Wire, frozen=True, kw_only=True):
    name: str
    group: str = ""
    kind: str = ""
    namespace: str = ""


class ListenerTLS(Wire, frozen=True, kw_only=True):
    mode: str = "Terminate"
    certificate_refs: tuple[ObjectReference, ...] = ()


class Listener(Wire, frozen=True, kw_only=True):
    name: str
    protocol: str = "HTTP"
    port: int = 0
    hostname: str | None = None
    tls: ListenerTLS | None = None
    allowed_routes: AllowedRoutes | None = None


class GatewaySpec(Wire, frozen=True, kw_only=True):
    gateway_class_name: str
    listeners: tuple[Listener, ...] = ()
    allowed_listeners: Plain | None = None
    infrastructure: Plain | None = None
    tls: Plain | None = None


class GatewayAddress(Wire, frozen=True, kw_only=True):
    value: str
    type: str = "IPAddress"


class ListenerStatus(Wire, frozen=True, kw_only=True):
    name: str
    attached_routes: int = 0
    conditions: tuple[Condition, ...] = ()


class GatewayStatus(Wire, frozen=True, kw_only=True):
    addresses: tuple[GatewayAddress, ...] = ()
    conditions: tuple[Condition, ...] = ()
    listeners: tuple[ListenerStatus, ...] = ()


class Gateway(KubeObject, frozen=True, kw_only=True):
    spec: GatewaySpec
    status: GatewayStatus = GatewayStatus()


class ListenerSetSpec(Wire, frozen=True, kw_only=True):
    parent_ref: ObjectReference
    listeners: tuple[Listener, ...] = ()


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


class Header(Wire, frozen=True, kw_only=True):
    name: str
    value: str


class HeaderFilter(Wire, frozen=True, kw_only=True):
    """Remove, then set, then add (HTTPHeaderFilter)."""

    set: tuple[Header, ...] = ()
    add: tuple[Header, ...] = ()
    remove: tuple[str, ...] = ()


class PathModifier(Wire, frozen=True, kw_only=True):
    type: str
    replace_full_path: str | None = None
    replace_prefix_match: str | None = None


class RedirectFilter(Wire, frozen=True, kw_only=True):
    scheme: str | None = None
    hostname: str | None = None
    path: PathModifier | None = None
    port: int | None = None
    status_code: int | None = None


class RewriteFilter(Wire, frozen=True, kw_only=True):
    hostname: str | None = None
    path: PathModifier | None = None


class MirrorFilter(Wire, frozen=True, kw_only=True):
    backend_ref: Plain
    percent: int | None = None
    fraction: Plain | None = None


class Filter(Wire, frozen=True, kw_only=True):
    """One filter of a rule or of a backend; which of the fields is set follows from `type`."""

    type: str
    request_header_modifier: HeaderFilter | None = None
    response_header_modifier: HeaderFilter | None = None
    request_redirect: RedirectFilter | None = None
    url_rewrite: RewriteFilter | None = None
    request_mirror: MirrorFilter | None = None
    cors: Plain | None = None
    external_auth: Plain | None = None
    extension_ref: Plain | None = None


class Timeouts(Wire, frozen=True, kw_only=True):
    """Gateway API durations (GEP-2257), as they are written."""

    request: str | None = None
    backend_request: str | None = None


class BackendRef(Wire, frozen=True, kw_only=True):
    """A `weight` left out is 1; a `namespace` left out is the route's own."""

    name: str
    group: str | None = None
    kind: str | None = None
    namespace: str | None = None
    port: int | None = None
    weight: int | None = None
    filters: tuple[Filter, ...] = ()


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
    headers: tuple[NamedMatch, ...] = ()
    query_params: tuple[NamedMatch, ...] = ()
    method: str | None = None


class HTTPRule(Wire, frozen=True, kw_only=True):
    name: str | None = None
    matches: tuple[HTTPMatch, ...] | None = None
    filters: tuple[Filter, ...] = ()
    backend_refs: tuple[BackendRef, ...] | None = None
    timeouts: Timeouts | None = None
    retry: Plain | None = None
    session_persistence: Plain | None = None


class RouteSpec(Wire, frozen=True, kw_only=True):
    parent_refs: tuple[ParentRef, ...] = ()
    hostnames: tuple[str, ...] = ()
    use_default_gateways: str | None = None


class StatusParent(Wire, frozen=True, kw_only=True):
    """The parentRef that a status is about, as far as it is needed to tell it from the others."""

    name: str
    namespace: str | None = None
    section_name: str | None = None
    port: int | None = None


class ParentStatus(Wire, frozen=True, kw_only=True):
    parent_ref: StatusParent
    controller_name: str = ""
    conditions: tuple[Condition, ...] = ()


class RouteStatus(Wire, frozen=True, kw_only=True):
    parents: tuple[ParentStatus, ...] = ()


class HTTPRouteSpec(RouteSpec, frozen=True, kw_only=True):
    rules: tuple[HTTPRule, ...] | None = None


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
    headers: tuple[NamedMatch, ...] = ()


class GRPCRule(Wire, frozen=True, kw_only=True):
    name: str | None = None
    matches: tuple[GRPCMatch, ...] | None = None
    filters: tuple[Filter, ...] = ()
    backend_refs: tuple[BackendRef, ...] | None = None
    session_persistence: Plain | None = None


class GRPCRouteSpec(RouteSpec, frozen=True, kw_only=True):
    rules: tuple[GRPCRule, ...] | None = None


class GRPCRoute(KubeObject, frozen=True, kw_only=True):
    metadata: AnnotatedMetadata
    spec: GRPCRouteSpec = GRPCRouteSpec()
    status: RouteStatus = RouteStatus()


class StreamRule(Wire, frozen=True, kw_only=True):
    name: str | None = None
    backend_refs: tuple[BackendRef, ...] | None = None


class StreamRouteSpec(RouteSpec, frozen=True, kw_only=True):
    rules: tuple[StreamRule, ...] | None = None


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
    target_refs: tuple[Plain, ...] = ()
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
    from_: tuple[GrantFrom, ...] = msgspec.field(name="from", default=())
    to: tuple[GrantTo, ...] = ()


class ReferenceGrant(KubeObject, frozen=True, kw_only=True):
    spec: ReferenceGrantSpec = ReferenceGrantSpec()


Route = HTTPRoute | GRPCRoute | TLSRoute | TCPRoute | UDPRoute
