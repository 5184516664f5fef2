"""NetworkPolicies and Ingresses (k8s.io/kubernetes, pkg/apis/networking/validation, v1.35)."""

from aichaos.check.admission import names
from aichaos.check.admission.containers import PROTOCOLS
from aichaos.check.admission.metadata import selector
from aichaos.check.admission.spot import Problems, Spot, one_of

_POLICY_TYPES = ("Ingress", "Egress")
_PATH_TYPES = ("Exact", "Prefix", "ImplementationSpecific")
_NOT_IN_PATHS = ("//", "/./", "/../", "%2f", "%2F")
_NOT_AT_ENDS = ("/..", "/.")


def network_policy(document: Spot) -> Problems:
    spec = document["spec"]
    yield from selector(spec["podSelector"])
    for direction, peers in (("ingress", "from"), ("egress", "to")):
        for rule in spec[direction].each():
            for port in rule["ports"].each():
                yield from _port(port)
            for peer in rule[peers].each():
                yield from _peer(peer)
    types = spec["policyTypes"]
    if len(types.each()) > 2:
        yield types.invalid("two types at most")
    for kind in types.each()[:2]:
        if kind.text not in _POLICY_TYPES:
            yield kind.unsupported(_POLICY_TYPES)


def _port(spot: Spot) -> Problems:
    protocol, port, end = spot["protocol"], spot["port"], spot["endPort"]
    if protocol and protocol.text not in PROTOCOLS:
        yield protocol.unsupported(PROTOCOLS)
    if not port:
        if end:
            yield end.invalid("it is the end of a range that starts at port, and there is no port")
    elif isinstance(port.value, str):
        if end:
            yield end.invalid("a range starts at a number, and the port is a name")
        if problem := names.port_name(port.value):
            yield port.invalid(problem)
    else:
        if problem := names.port_number(port.number):
            yield port.invalid(problem)
        if end and end.number < port.number:
            yield end.invalid("a range ends where it starts or later")
        elif end and (problem := names.port_number(end.number)):
            yield end.invalid(problem)


def _peer(peer: Spot) -> Problems:
    pods, namespaces, block = peer["podSelector"], peer["namespaceSelector"], peer["ipBlock"]
    for one in (pods, namespaces):
        yield from selector(one)
    if not (pods or namespaces or block):
        yield peer.required("it takes podSelector, namespaceSelector or ipBlock")
    elif block and (pods or namespaces):
        yield peer.forbidden("an ipBlock stands alone; make two list items of it")
    if block:
        yield from _block(block)


def _block(block: Spot) -> Problems:
    cidr = block["cidr"]
    if not cidr.text:
        yield cidr.required("a block of addresses, as in 10.0.0.0/8")
        return
    whole = names.parsed_network(cidr.text)
    if whole is None:
        yield cidr.invalid("it is no CIDR block, as in 10.9.8.0/24")
        return
    for exception in block["except"].each():
        part = names.parsed_network(exception.text)
        if part is None:
            yield exception.invalid("it is no CIDR block, as in 10.9.8.0/24")
            continue
        inside = part.version == whole.version and part.network_address in whole
        if not inside or part.prefixlen <= whole.prefixlen:
            yield exception.invalid(f"it must be a part of {cidr.text}, and smaller")


# Ingress ------------------------------------------------------------------------------------------------------------------------


def ingress(document: Spot) -> Problems:
    spec = document["spec"]
    rules, default, name = spec["rules"].each(), spec["defaultBackend"], spec["ingressClassName"]
    if not rules and not default:
        yield spec.invalid("it takes rules, or a defaultBackend")
    if default:
        yield from _backend(default)
    for rule in rules:
        yield from _rule(rule)
    for tls in spec["tls"].each():
        for host in tls["hosts"].each():
            if problem := _host(host.text):
                yield host.invalid(problem)
        if tls["secretName"].text and (problem := names.subdomain(tls["secretName"].text)):
            yield tls["secretName"].invalid(problem)
    if name and (problem := names.subdomain(name.text)):
        yield name.invalid(problem)
    marked = document["metadata"]["annotations"]["kubernetes.io/ingress.class"]
    if marked and name and marked.text != name.text:
        yield marked.invalid(f"ingressClassName says {name.text}")


def _host(text: str) -> str | None:
    return names.wildcard(text) if "*" in text else names.subdomain(text)


def _rule(rule: Spot) -> Problems:
    host = rule["host"]
    if host.text:
        if names.address(host.text) is None:
            yield host.invalid("it is a name, and no address")
        elif problem := _host(host.text):
            yield host.invalid(problem)
    if not rule["http"]:
        return
    paths = rule["http"]["paths"]
    if not paths.each():
        yield paths.required("one path at least")
    for path in paths.each():
        yield from _path(path)


def _path(spot: Spot) -> Problems:
    path, kind = spot["path"], spot["pathType"]
    if not kind:
        yield kind.required(f"one of {', '.join(_PATH_TYPES)}")
        return
    if kind.text not in _PATH_TYPES:
        yield kind.unsupported(_PATH_TYPES)
    elif kind.text == "ImplementationSpecific":
        if path.text and not path.text.startswith("/"):
            yield path.invalid("a path starts with /")
    else:
        if not path.text.startswith("/"):
            yield path.invalid("a path starts with /")
        bad = next((each for each in _NOT_IN_PATHS if each in path.text), None)
        bad = bad or next((each for each in _NOT_AT_ENDS if path.text.endswith(each)), None)
        if bad:
            yield path.invalid(f"it may not hold {bad}")
    yield from _backend(spot["backend"])


def _backend(backend: Spot) -> Problems:
    resource, service = backend["resource"], backend["service"]
    if resource and service:
        yield backend.invalid("it takes a service or a resource, not both")
    elif resource:
        yield from typed_reference(resource)
    elif service:
        name, port = service["name"], service["port"]
        if not name.text:
            yield name.required("the Service")
        elif problem := names.label_1035(name.text):
            yield name.invalid(problem)
        if port["name"].text and port["number"].number:
            yield port.invalid("it takes a name or a number, not both")
        elif port["name"].text:
            if problem := names.port_name(port["name"].text):
                yield port["name"].invalid(problem)
        elif port["number"].number:
            if problem := names.port_number(port["number"].number):
                yield port["number"].invalid(problem)
        else:
            yield port.required("a name or a number")
    else:
        yield backend.invalid("it takes a service or a resource")


def typed_reference(reference: Spot) -> Problems:
    """An object by apiGroup, kind and name."""
    group = reference["apiGroup"]
    if group and (problem := names.subdomain(group.text)):
        yield group.invalid(problem)
    for field in ("kind", "name"):
        if not reference[field].text:
            yield reference[field].required()
        elif problem := names.path_segment(reference[field].text):
            yield reference[field].invalid(problem)


def ingress_class(document: Spot) -> Problems:
    spec = document["spec"]
    controller = spec["controller"]
    if not controller.text:
        yield controller.required("what answers for this class, as in example.com/ingress")
    elif len(controller.text) > 250:
        yield controller.invalid("250 characters at most")
    elif problem := names.domain_prefixed_path(controller.text):
        yield controller.invalid(problem)
    parameters = spec["parameters"]
    if not parameters:
        return
    yield from typed_reference(parameters)
    scope, namespace = parameters["scope"], parameters["namespace"]
    yield from one_of(scope, ("Cluster", "Namespace"))
    if scope and not scope.text:
        yield scope.unsupported(("Cluster", "Namespace"))
    if scope.text == "Namespace":
        if not namespace.text:
            yield namespace.required("with scope: Namespace it says which")
        elif problem := names.label(namespace.text):
            yield namespace.invalid(problem)
    elif namespace:
        yield namespace.forbidden("it goes with scope: Namespace")
