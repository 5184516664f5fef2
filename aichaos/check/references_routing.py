"""What a route of the Gateway API refers to: its parents above, its backends below."""

from collections.abc import Iterator, Sequence

from aichaos.check.spelling import there_are
from aichaos.check.subject import Subject
from aichaos.domain.base import ObjectRef
from aichaos.domain.finding import Finding
from aichaos.domain.gateway import AllowedRoutes, BackendRef, Gateway, GRPCRule, HTTPRule, ParentRef, Route, StreamRule
from aichaos.domain.network import Service
from aichaos.files.plain import text
from aichaos.observe.attach import attach, names_gateway
from aichaos.observe.targets import shown_labels

Rule = HTTPRule | GRPCRule | StreamRule


def route_references(this: Subject, route: Route) -> Iterator[Finding]:
    for index, parent in enumerate(route.spec.parent_refs):
        yield from _parent(this, route, parent, f"/spec/parentRefs/{index}")
    rules: Sequence[Rule] = route.spec.rules or ()
    for number, rule in enumerate(rules):
        yield from _backends(this, rule, f"/spec/rules/{number}")


def _parent(this: Subject, route: Route, parent: ParentRef, path: str) -> Iterator[Finding]:
    namespace = parent.namespace or this.namespace
    if not names_gateway(parent):
        if parent.kind in ("Service", "ListenerSet"):
            yield from this.missing("reference/gateway-not-found", ObjectRef(parent.kind, parent.name, namespace), f"{path}/name")
        return
    gateway = this.world.topology.gateways.get((namespace, parent.name))
    if gateway is None:
        yield from this.missing("reference/gateway-not-found", ObjectRef("Gateway", parent.name, namespace), f"{path}/name")
        return
    match attach(route, parent, gateway, this.world.topology.namespace_labels).refused:
        case "NoMatchingParent":
            yield this.note(
                "reference/no-listener", f"{_called(gateway)} has no listener {_wanted(parent)}; it has {_listeners(gateway)}", path
            )
        case "NotAllowedByListeners":
            yield from _not_allowed(this, parent, gateway, path)
        case "NoMatchingListenerHostname":
            hosts = ", ".join(listener.hostname or "*" for listener in gateway.spec.listeners)
            message = f"no listener of {_called(gateway)} takes these hostnames; its listeners have {hosts}"
            yield this.note("reference/not-admitted", message, "/spec/hostnames")


def _not_allowed(this: Subject, parent: ParentRef, gateway: Gateway, path: str) -> Iterator[Finding]:
    named = [one for one in gateway.spec.listeners if parent.section_name in (None, one.name) and parent.port in (None, one.port)]
    by_label = any(one.allowed_routes and one.allowed_routes.namespaces and one.allowed_routes.namespaces.selector for one in named)
    namespaces = this.world.topology.snapshot.namespaces
    if by_label and not any(namespace.name == this.namespace for namespace in namespaces):
        if this.world.cluster is not None:
            message = (
                f"whether {_called(gateway)} takes routes of {this.namespace} could not be checked: it asks for the namespace's labels"
            )
            yield this.note("reference/not-admitted", message, path, "skipped")
        return
    allowed = "; ".join(f"{one.name} ({one.protocol}) takes routes from {_from(one.allowed_routes)}" for one in named)
    yield this.note(
        "reference/not-admitted", f"no listener of {_called(gateway)} takes a {this.ref.kind} of {this.namespace}: {allowed}", path
    )


def _from(allowed: AllowedRoutes | None) -> str:
    namespaces = allowed.namespaces if allowed else None
    kinds = f" and only {', '.join(kind.kind for kind in allowed.kinds)}" if allowed and allowed.kinds else ""
    match namespaces.from_ if namespaces else "Same":
        case "All":
            return f"every namespace{kinds}"
        case "Selector":
            labels = namespaces.selector.match_labels if namespaces and namespaces.selector else {}
            return f"namespaces with {shown_labels(labels)}{kinds}"
        case "None":
            return "no namespace"
    return f"its own namespace{kinds}"


def _backends(this: Subject, rule: Rule, path: str) -> Iterator[Finding]:
    for index, ref in enumerate(rule.backend_refs or ()):
        yield from _backend(this, ref, f"{path}/backendRefs/{index}")
    if isinstance(rule, StreamRule):
        return
    for index, item in enumerate(rule.filters):
        mirror = item.request_mirror.backend_ref if item.request_mirror else {}
        if text(mirror.get("name")):
            port = mirror.get("port")
            ref = BackendRef(
                name=text(mirror.get("name")),
                group=text(mirror.get("group")) or None,
                kind=text(mirror.get("kind")) or None,
                namespace=text(mirror.get("namespace")) or None,
                port=port if isinstance(port, int) else None,
            )
            yield from _backend(this, ref, f"{path}/filters/{index}/requestMirror/backendRef")


def _backend(this: Subject, ref: BackendRef, path: str) -> Iterator[Finding]:
    namespace = ref.namespace or this.namespace
    kind = ref.kind or "Service"
    if ref.group:
        message = f"{kind} of {ref.group} as a backend is up to the gateway: it was not checked"
        yield this.note("reference/backend-kind", message, f"{path}/kind", "skipped")
        return
    if kind != "Service":
        yield this.note("reference/backend-kind", f"the backend is a {kind}; without a group it takes kind: Service", f"{path}/kind")
        return
    yield from _grant(this, ref, namespace, path)
    service = this.world.topology.services.get((namespace, ref.name))
    if service is None:
        yield from this.missing("reference/backend-not-found", ObjectRef("Service", ref.name, namespace), f"{path}/name")
    else:
        yield from _port(this, ref, service, path)
        yield from _endpoints(this, service, path)


def _endpoints(this: Subject, service: Service, path: str) -> Iterator[Finding]:
    """A Service of the cluster that nobody answers for at the moment; what comes along has no endpoints yet."""
    cluster = this.world.cluster
    if cluster is None or cluster.services.get((service.namespace, service.name)) is not service or service.spec.type == "ExternalName":
        return
    seen = cluster.snapshot.unread("EndpointSlice") is None and not any(gap.reason == "assumed" for gap in cluster.snapshot.gaps)
    if seen and not cluster.ready_endpoints(service):
        there = len(cluster.endpoints(service))
        state = f"none of its {there} endpoints is ready" if there else "it has no endpoint"
        message = f"nobody answers for the Service {service.name}: {state}; its share of the requests gets a 503"
        yield this.note("reference/no-endpoints", message, f"{path}/name")


def _port(this: Subject, ref: BackendRef, service: Service, path: str) -> Iterator[Finding]:
    ports = sorted(port.port for port in service.spec.ports)
    if ref.port is None:
        message = f"a backend that is a Service needs a port; {service.name} has {', '.join(map(str, ports)) or 'none'}"
        yield this.note("reference/backend-port", message, f"{path}/port")
    elif ref.port not in ports:
        message = f"the Service {service.name} has no port {ref.port}; {there_are(map(str, ports))}"
        yield this.note("reference/backend-port", message, f"{path}/port")


def _grant(this: Subject, ref: BackendRef, namespace: str, path: str) -> Iterator[Finding]:
    if namespace == this.namespace or this.world.topology.granted(this.ref.kind, this.namespace, namespace, ref.name):
        return
    match this.world.sight("ReferenceGrant", namespace):
        case "unread":
            yield this.unread("reference/no-grant", f"whether {namespace} grants this", "ReferenceGrant", namespace, f"{path}/namespace")
        case "known":
            message = (
                f"no ReferenceGrant in {namespace} lets a {this.ref.kind} of {this.namespace} use the Service {ref.name}; add one there"
            )
            yield this.note("reference/no-grant", message, f"{path}/namespace")
        case "alone":
            message = (
                f"in these files no ReferenceGrant of {namespace} lets a {this.ref.kind} of {this.namespace} use the Service {ref.name}: "
                "the cluster needs one"
            )
            yield this.note("reference/no-grant", message, f"{path}/namespace", "info")


def _called(gateway: Gateway) -> str:
    return f"the Gateway {gateway.namespace}/{gateway.name}"


def _wanted(parent: ParentRef) -> str:
    name = parent.section_name or ""
    return f"{name} on port {parent.port}".strip() if parent.port is not None else name


def _listeners(gateway: Gateway) -> str:
    return ", ".join(f"{one.name} ({one.protocol}, port {one.port})" for one in gateway.spec.listeners) or "none"
