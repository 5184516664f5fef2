"""Whom a probe asks: addresses that the cluster gives for its Gateways and Services, or that the user gave. Nothing else is ever asked.

A probe's words are often a model's. Its URL says what is asked for (the host, the path); the address comes from the status of a Gateway,
from a Service, or from `--resolve`, and never from the URL alone unless the user's policy allows that host.
"""

import ipaddress
import re
import socket
from collections.abc import Sequence
from urllib.parse import SplitResult, urlsplit

import msgspec

from aichaos.domain.experiment import HTTPProbe
from aichaos.domain.gateway import Gateway
from aichaos.domain.network import Endpoint, EndpointSlice, Service
from aichaos.domain.policy import Policy
from aichaos.errors import UsageError
from aichaos.observe.addresses import forbidden, is_address
from aichaos.observe.targets import service_of_host
from aichaos.observe.topology import Topology

_PORTS = {"http": 80, "https": 443}


class Address(msgspec.Struct, frozen=True, order=True):
    host: str
    port: int

    def __str__(self) -> str:
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"


class Whom(msgspec.Struct, frozen=True, kw_only=True):
    """What is asked, and at which addresses, the first one that can be reached. called: for people. authority: the Host header.
    service, port: a Service whose endpoints are asked where its own address can't be reached."""

    called: str
    url: SplitResult
    authority: str
    addresses: tuple[Address, ...]
    service: tuple[str, str] | None = None
    port: int = 0

    @property
    def namespace(self) -> str:
        """Of the Gateway or Service that is asked; "" for a host."""
        parts = self.called.split("/")
        return parts[1] if len(parts) == 3 else ""


class Resolve(msgspec.Struct, frozen=True):
    """The user's word for an address: `gateway/NS/NAME[:PORT]`, `service/NS/NAME[:PORT]` or `HOST[:PORT]`; port: None for every port."""

    whom: str
    port: int | None
    to: str
    to_port: int | None


_PLACE = r"(?P<{0}>[^=\[\]:]+|\[[0-9a-fA-F:.]+\])(?::(?P<{0}_port>\d{{1,5}}))?"
_RESOLVE = re.compile(f"{_PLACE.format('whom')}={_PLACE.format('to')}")


def resolve(text: str) -> Resolve:
    """Reads `gateway/shop/edge:80=127.0.0.1:8080`. Raises UsageError."""
    found = _RESOLVE.fullmatch(text.strip())
    port, to_port = (int(found[name]) if found and found[name] else None for name in ("whom_port", "to_port"))
    if found is None or any(one is not None and not 0 < one < 65536 for one in (port, to_port)):
        hint = "Write whom and where: gateway/NAMESPACE/NAME:80=127.0.0.1:8080, service/NAMESPACE/NAME=10.0.0.7, or a host."
        raise UsageError(f"{text[:100]!r} gives no address", hint=hint)
    to = found["to"].strip("[]")
    if (why := forbidden(to)) and not _is_loopback(to):
        raise UsageError(f"nobody may ask {to}: {why}", hint="Give an address of the cluster, or of a port-forward on this machine.")
    return Resolve(found["whom"].strip("[]").lower(), port, to, to_port)


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def whom(probe: HTTPProbe, topology: Topology, policy: Policy, given: Sequence[Resolve] = ()) -> Whom:
    """Where a probe's request goes. Raises UsageError where nobody may be asked, or no address is known."""
    url, port = _url(probe.url)
    authority = next((value for key, value in probe.headers.items() if key.lower() == "host"), None) or url.netloc.rpartition("@")[2]
    match (probe.via or "").split("/"):
        case ["gateway", namespace, name] if namespace and name:
            gateway = topology.gateways.get((namespace, name))
            if gateway is None:
                raise UsageError(f"there is no Gateway {namespace}/{name}", hint="Name one that exists in `via`.")
            return _gateway(gateway, url, port, authority, policy, given)
        case ["service", namespace, name] if namespace and name:
            service = topology.services.get((namespace, name))
            if service is None:
                raise UsageError(f"there is no Service {namespace}/{name}", hint="Name one that exists in `via`.")
            return _service(service, url, port, authority, given)
        case [""]:
            return _host(url, port, authority, topology, policy, given)
    raise UsageError(f"{probe.via!r} names nobody to ask", hint="Write gateway/namespace/name or service/namespace/name.")


def _url(written: str) -> tuple[SplitResult, int]:
    try:
        url = urlsplit(written)
        port = url.port
    except ValueError:
        url, port = SplitResult("", "", "", "", ""), None
    if url.scheme not in _PORTS or not url.hostname:
        raise UsageError(f"{written[:100]!r} can't be asked", hint="Write http:// or https://, a host and a path.")
    return url, port if port is not None else _PORTS[url.scheme]


def _gateway(gateway: Gateway, url: SplitResult, port: int, authority: str, policy: Policy, given: Sequence[Resolve]) -> Whom:
    called = f"gateway/{gateway.namespace}/{gateway.name}"
    if all(listener.port != port for listener in gateway.spec.listeners):
        ports = ", ".join(str(one) for one in sorted({listener.port for listener in gateway.spec.listeners}))
        raise UsageError(f"{called} has no listener on port {port}", hint=f"It listens on {ports or 'none'}.")
    addresses = _given(called, port, given)
    why = f"{called} has no address in its status"
    for one in gateway.status.addresses if not addresses else ():
        barred = "" if policy.allows(one.value) else forbidden(one.value)
        if barred:  # the cluster's own word is not the user's: what it calls this machine may be anything here
            why = f"{called} says that it is at {one.value}, which may not be asked: {barred}"
            continue
        try:
            addresses += [Address(one.value, port)] if is_address(one.value) else looked_up(Address(one.value, port))
        except UsageError as error:
            why = f"{called}: {error}"
    if not addresses:
        hint = f"Give one that can be reached from here: --resolve {called}:{port}=ADDRESS:PORT (a port-forward, for example)."
        raise UsageError(why, hint=hint)
    return Whom(called=called, url=url, authority=authority, addresses=tuple(addresses))


def _service(service: Service, url: SplitResult, port: int, authority: str, given: Sequence[Resolve]) -> Whom:
    called, key = f"service/{service.namespace}/{service.name}", (service.namespace, service.name)
    if all(one.port != port for one in service.spec.ports):
        ports = ", ".join(str(one.port) for one in service.spec.ports)
        raise UsageError(f"{called} has no port {port}", hint=f"It has {ports or 'none'}.")
    addresses = _given(called, port, given)
    if addresses:
        return Whom(called=called, url=url, authority=authority, addresses=tuple(addresses))
    own = service.spec.cluster_ip
    mine = (Address(own, port),) if own and own != "None" and not forbidden(own) else ()
    return Whom(called=called, url=url, authority=authority, addresses=mine, service=key, port=port)


def _host(url: SplitResult, port: int, authority: str, topology: Topology, policy: Policy, given: Sequence[Resolve]) -> Whom:
    """A URL without `via`: a Service's name or address, a Gateway's address, a hostname that one Gateway serves, or allowed."""
    host = (url.hostname or "").rstrip(".").lower()
    if addresses := _given(host, port, given):
        return Whom(called=host, url=url, authority=authority, addresses=tuple(addresses))
    if policy.allows(host):
        return Whom(called=host, url=url, authority=authority, addresses=looked_up(Address(host, port)))
    if why := forbidden(host):
        raise UsageError(f"{url.geturl()[:100]!r} may not be asked: {why}", hint="Ask a Gateway or a Service of the cluster, by `via`.")
    named = topology.services.get(service_of_host(host, "") or ("", ""))
    if named is None:
        named = next((one for one in topology.snapshot.services if host == one.spec.cluster_ip), None)
    if named is not None:
        return _service(named, url, port, authority, given)
    gateways = [one for one in topology.snapshot.gateways if any(address.value.lower() == host for address in one.status.addresses)]
    gateways = gateways or _serving(host, port, topology)
    if len(gateways) == 1:
        return _gateway(gateways[0], url, port, authority, policy, given)
    several = " (" + ", ".join(f"gateway/{one.namespace}/{one.name}" for one in gateways) + ")" if gateways else ""
    hint = f"Name who is asked in `via`{several}, or allow the host in your policy: policy: {{allow: [{host}]}}."
    what = "more than one Gateway serves it" if gateways else "the host is not in this cluster, and the policy does not allow it"
    raise UsageError(f"{url.geturl()[:100]!r} may not be asked: {what}", hint=hint)


def _serving(host: str, port: int, topology: Topology) -> list[Gateway]:
    found: dict[tuple[str, str], Gateway] = {}
    for route in topology.snapshot.http_routes:
        for attachment in topology.attached(route):
            gateway = attachment.gateway
            if any(one.port == port for one in attachment.listeners) and any(_fits(host, name.lower()) for name in route.spec.hostnames):
                found[gateway.namespace, gateway.name] = gateway
    return list(found.values())


def _fits(host: str, name: str) -> bool:
    return host == name or (name.startswith("*.") and host.endswith(name[1:]))


def _given(called: str, port: int, given: Sequence[Resolve]) -> list[Address]:
    return [Address(one.to, one.to_port or port) for one in given if one.whom == called.lower() and one.port in (None, port)]


def looked_up(address: Address) -> tuple[Address, ...]:
    """A name outside the cluster as the addresses that it leads to, those left out that nobody may ask. Raises UsageError for none."""
    try:
        answers = socket.getaddrinfo(address.host, address.port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:
        raise UsageError(f"{address.host} has no address", hint="Check the name in the probe, and this machine's network.") from error
    found = list(dict.fromkeys(str(answer[4][0]) for answer in answers))
    allowed = [one for one in found if one == address.host or not forbidden(one)]
    if not allowed:
        why = f"{address.host} leads to {found[0]}: {forbidden(found[0])}"
        raise UsageError(why, hint="Ask another host, or allow the address itself in your policy.")
    return tuple(Address(one, address.port) for one in allowed)


def endpoints(service: Service, port: int, slices: Sequence[EndpointSlice]) -> list[Address]:
    """The addresses and ports at which a Service's ready endpoints take what comes to its port."""
    names = {one.name for one in service.spec.ports if one.port == port}
    return [
        Address(address, target.port)
        for each in slices
        for target in each.ports or ()
        if target.port is not None and target.name in names
        for endpoint in each.endpoints or ()
        if endpoint.ready
        for address in endpoint.addresses
        if not forbidden(address)
    ]


def tellers(slices: Sequence[EndpointSlice]) -> dict[str, set[tuple[str, str]]]:
    """The Services of each name and address by which an endpoint is known."""
    found: dict[str, set[tuple[str, str]]] = {}
    for each in slices:
        for endpoint in each.endpoints or ():
            for name in _names(endpoint):
                found.setdefault(name, set()).add((each.namespace, each.service_name))
    return found


def _names(endpoint: Endpoint) -> set[str]:
    return {*endpoint.addresses, *([endpoint.target_ref.name] if endpoint.target_ref and endpoint.target_ref.name else [])}
