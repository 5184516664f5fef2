"""Services and EndpointSlices (k8s.io/kubernetes, pkg/apis/core and discovery, validation, v1.35)."""

from aichaos.check.admission import metadata, names
from aichaos.check.admission.containers import PROTOCOLS
from aichaos.check.admission.probes import number_or_name
from aichaos.check.admission.spot import Problems, Spot, between, one_of, unique

_TYPES = ("ClusterIP", "NodePort", "LoadBalancer", "ExternalName")
_TRAFFIC = ("Cluster", "Local")
_DISTRIBUTION = ("PreferClose", "PreferSameZone", "PreferSameNode")


def service(document: Spot) -> Problems:
    spec = document["spec"]
    kind = spec["type"].text or "ClusterIP"
    headless = spec["clusterIP"].text == "None"
    yield from one_of(spec["type"], _TYPES)
    ports = spec["ports"]
    if not ports.each() and not headless and kind != "ExternalName":
        yield ports.required("a Service has one port at least")
    if headless and kind in ("LoadBalancer", "NodePort"):
        yield spec["clusterIP"].invalid(f"a Service of type {kind} has an address: it can't be None")
    if kind == "ExternalName":
        yield from _external(spec)
    else:
        yield from _addresses(spec, kind)
    yield from _ports(ports, kind)
    yield from metadata.labels(spec["selector"])
    yield from _affinity(spec)
    for address in spec["externalIPs"].each():
        if (problem := names.address(address.text)) or (problem := _special(address.text)):
            yield address.invalid(problem)
    yield from _load_balancer(spec, kind)
    yield from _traffic(spec, kind)


def _external(spec: Spot) -> Problems:
    name = spec["externalName"]
    if not name.text.removesuffix("."):
        yield name.required("the name that the Service stands for")
    elif problem := names.subdomain(name.text.removesuffix(".")):
        yield name.invalid(problem)
    for field in ("clusterIP", "clusterIPs", "ipFamilies", "ipFamilyPolicy"):
        if spec[field].text or spec[field].each():
            yield spec[field].forbidden("a Service of type ExternalName has no address")


def _addresses(spec: Spot, kind: str) -> Problems:
    address, addresses = spec["clusterIP"], spec["clusterIPs"].each()
    if address.text and address.text != "None" and (problem := names.address(address.text)):
        yield address.invalid(problem)
    if addresses and (addresses[0].text != address.text):
        yield spec["clusterIPs"].invalid("the first one is clusterIP")
    for one in addresses:
        if one.text != "None" and (problem := names.address(one.text)):
            yield one.invalid(problem)
    if len(addresses) > 2:
        yield spec["clusterIPs"].invalid("two addresses at most")
    if len(addresses) > 1 and any(one.text == "None" for one in addresses):
        yield spec["clusterIPs"].invalid("None stands alone")
    for family in spec["ipFamilies"].each():
        if family.text not in ("IPv4", "IPv6"):
            yield family.unsupported(("IPv4", "IPv6"))
    yield from unique(spec["ipFamilies"].each(), "the family")
    yield from one_of(spec["ipFamilyPolicy"], ("SingleStack", "PreferDualStack", "RequireDualStack"))
    if spec["ipFamilyPolicy"] and not spec["ipFamilyPolicy"].text:
        yield spec["ipFamilyPolicy"].unsupported(("SingleStack", "PreferDualStack", "RequireDualStack"))
    if spec["ipFamilyPolicy"].text in ("", "SingleStack") and (len(addresses) > 1 or len(spec["ipFamilies"].each()) > 1):
        yield spec["ipFamilyPolicy"].invalid("with two families it is PreferDualStack or RequireDualStack")


def _ports(ports: Spot, kind: str) -> Problems:
    taken: set[str] = set()
    numbers, nodes = set(), set()
    several = len(ports.each()) > 1
    for port in ports.each():
        name, number, protocol, target, node = (port[field] for field in ("name", "port", "protocol", "targetPort", "nodePort"))
        if not name.text and several:
            yield name.required("with more than one port, each has a name")
        elif name.text:
            if problem := names.label(name.text):
                yield name.invalid(problem)
            if name.text in taken:
                yield name.duplicate(f"the port {name.text}")
            taken.add(name.text)
        if problem := names.port_number(number.number):
            yield number.invalid(problem)
        yield from one_of(protocol, PROTOCOLS)
        if target and target.value not in (0, ""):
            yield from number_or_name(target)
        if port["appProtocol"] and (problem := names.qualified(port["appProtocol"].text)):
            yield port["appProtocol"].invalid(problem)
        if node.number:
            if kind == "ClusterIP":
                yield node.forbidden("a Service of type ClusterIP has none")
            if (protocol.text or "TCP", node.number) in nodes:
                yield node.duplicate(f"the port {node.number} of the node")
            nodes.add((protocol.text or "TCP", node.number))
        if (protocol.text or "TCP", number.number) in numbers:
            yield port.duplicate(f"{protocol.text or 'TCP'} port {number.number}")
        numbers.add((protocol.text or "TCP", number.number))


def _affinity(spec: Spot) -> Problems:
    affinity, config = spec["sessionAffinity"], spec["sessionAffinityConfig"]
    yield from one_of(affinity, ("ClientIP", "None"))
    # The server takes the rest of it out, or fills it in.
    if affinity.text == "ClientIP":
        yield from between(config["clientIP"]["timeoutSeconds"], 1, 86400)


def _load_balancer(spec: Spot, kind: str) -> Problems:
    ranges, allocate, name = spec["loadBalancerSourceRanges"], spec["allocateLoadBalancerNodePorts"], spec["loadBalancerClass"]
    if kind != "LoadBalancer":
        for field in (ranges, allocate, name):
            if field.each() if field is ranges else field:
                yield field.forbidden("it goes with type: LoadBalancer")
    for one in ranges.each():
        if problem := names.network(one.text.strip()):
            yield one.invalid(problem)
    if name and kind == "LoadBalancer" and (problem := names.qualified(name.text)):
        yield name.invalid(problem)


def _traffic(spec: Spot, kind: str) -> Problems:
    outside, inside, distribution, health = (
        spec[field] for field in ("externalTrafficPolicy", "internalTrafficPolicy", "trafficDistribution", "healthCheckNodePort")
    )
    accessible = kind in ("LoadBalancer", "NodePort") or (kind == "ClusterIP" and bool(spec["externalIPs"].each()))
    if not accessible:
        if outside.text:
            yield outside.invalid("it is for Services that are reached from outside")
    else:
        yield from one_of(outside, _TRAFFIC)
    if kind == "LoadBalancer" and outside.text == "Local":
        if health.number and (problem := names.port_number(health.number)):
            yield health.invalid(problem)
    elif health.number:
        yield health.invalid("it goes with type: LoadBalancer and externalTrafficPolicy: Local")
    if inside and inside.text not in _TRAFFIC:
        yield inside.unsupported(_TRAFFIC)
    if distribution and distribution.text not in _DISTRIBUTION:
        yield distribution.unsupported(_DISTRIBUTION)


def _special(text: str) -> str | None:
    """Addresses that can't be an endpoint's (ValidateEndpointIP)."""
    address = names.parsed_address(text)
    if address is None:
        return "it is no IP address"
    if address.is_unspecified:
        return "it stands for all addresses"
    if address.is_loopback:
        return "it is the address of the host itself (loopback)"
    if address.is_link_local or (address.is_multicast and str(address).startswith(("224.0.0.", "ff02:", "ff01:"))):
        return "it is an address of one link only"
    return None


# EndpointSlice ------------------------------------------------------------------------------------------------------------------


def endpoint_slice(document: Spot) -> Problems:
    kind = document["addressType"]
    yield from one_of(kind, ("IPv4", "IPv6", "FQDN"), required=True)
    endpoints, ports = document["endpoints"], document["ports"]
    if len(endpoints.each()) > 1000:
        yield endpoints.invalid("1000 endpoints at most")
    for endpoint in endpoints.each():
        addresses = endpoint["addresses"]
        if not addresses.each():
            yield addresses.required("one address at least")
        if len(addresses.each()) > 100:
            yield addresses.invalid("100 addresses at most")
        for address in addresses.each():
            if problem := _endpoint_address(address.text, kind.text):
                yield address.invalid(problem)
        yield from _endpoint(endpoint)
    yield from _slice_ports(ports)


def _endpoint_address(text: str, kind: str) -> str | None:
    if kind == "FQDN":
        return names.subdomain(text.removesuffix(".")) or (None if "." in text.removesuffix(".") else "it is a name with a dot at least")
    if kind not in ("IPv4", "IPv6"):
        return None
    address = names.parsed_address(text)
    if address is None:
        return "it is no IP address"
    if (address.version == 6 and address.ipv4_mapped is None) != (kind == "IPv6"):
        return f"it is no address of {kind}"
    return _special(text)


def _endpoint(endpoint: Spot) -> Problems:
    for field, naming in (("hostname", names.label), ("nodeName", names.subdomain)):
        if endpoint[field] and (problem := naming(endpoint[field].text)):
            yield endpoint[field].invalid(problem)
    topology = endpoint["deprecatedTopology"]
    if topology:
        yield from metadata.labels(topology)
    zones = endpoint["hints"]["forZones"]
    if len(zones.each()) > 8:
        yield zones.invalid("8 zones at most")
    for field in ("forZones", "forNodes"):
        taken = set()
        for hint in endpoint["hints"][field].each():
            if hint["name"].text in taken:
                yield hint["name"].duplicate(f"{hint['name'].text}")
            taken.add(hint["name"].text)
            if problem := (names.label_value(hint["name"].text) if field == "forZones" else names.subdomain(hint["name"].text)):
                yield hint["name"].invalid(problem)


def _slice_ports(ports: Spot) -> Problems:
    if len(ports.each()) > 20_000:
        yield ports.invalid("20000 ports at most")
    taken = set()
    for port in ports.each():
        name = port["name"]
        if name.text and (problem := names.label(name.text)):
            yield name.invalid(problem)
        if name.text in taken:
            yield name.duplicate(f"the port {name.text}")
        taken.add(name.text)
        yield from one_of(port["protocol"], PROTOCOLS)
        if port["protocol"] and not port["protocol"].text:
            yield port["protocol"].required()
        if port["appProtocol"] and (problem := names.qualified(port["appProtocol"].text)):
            yield port["appProtocol"].invalid(problem)


# Endpoints ----------------------------------------------------------------------------------------------------------------------


def endpoints(document: Spot) -> Problems:
    for subset in document["subsets"].each():
        ready, waiting = subset["addresses"], subset["notReadyAddresses"]
        if not ready.each() and not waiting.each():
            yield ready.required("one address at least, here or in notReadyAddresses")
        for address in (*ready.each(), *waiting.each()):
            ip = address["ip"]
            if problem := names.address(ip.text) or _special(ip.text):
                yield ip.invalid(problem)
            for field, naming in (("hostname", names.label), ("nodeName", names.subdomain)):
                given = address[field] if field == "nodeName" else address[field].text
                if given and (problem := naming(address[field].text)):
                    yield address[field].invalid(problem)
        several = len(subset["ports"].each()) > 1
        for port in subset["ports"].each():
            name = port["name"]
            if not name.text and several:
                yield name.required("with more than one port, each has a name")
            elif name.text and (problem := names.label(name.text)):
                yield name.invalid(problem)
            if problem := names.port_number(port["port"].number):
                yield port["port"].invalid(problem)
            yield from one_of(port["protocol"], PROTOCOLS)
            if port["appProtocol"] and (problem := names.qualified(port["appProtocol"].text)):
                yield port["appProtocol"].invalid(problem)
