"""Whom a probe may ask: what stands in the cluster, and never the machine that asks or the cloud below it.

A probe's address is often a model's words. Link-local addresses hold a cloud's metadata and its keys; loopback is the machine that runs
the experiment.
"""

import ipaddress
import re
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

from aichaos.files.plain import walk
from aichaos.observe.targets import service_of_host
from aichaos.observe.topology import Topology

_METADATA = frozenset({"metadata", "metadata.google.internal", "instance-data", "instance-data.ec2.internal", "localhost"})
_CLOUDS = frozenset({"fd00:ec2::254", "fd00:ec2::23", "fd20:ce::254", "100.100.100.200", "168.63.129.16", "192.0.0.192"})
"""Of AWS, Google, Alibaba, Azure and Oracle, where they are not link-local."""


def forbidden(host: str) -> str:
    """Why nobody may ask this host, whatever the cluster says; "" where nothing is against it."""
    name = host.rstrip(".").lower()
    if name in _METADATA or name.endswith(".localhost"):
        return "it is the machine that asks, or its cloud's metadata"
    address = _address(name)
    if address is None:
        return ""
    if address.is_loopback or address.is_unspecified:
        return "it is the machine that asks"
    if address.is_link_local:
        return "link-local addresses hold a cloud's metadata and its keys"
    if address.is_multicast or address.is_reserved:
        return "it is no address of a server"
    inner = address.sixtofour if isinstance(address, ipaddress.IPv6Address) else None
    if inner is not None:
        return forbidden(str(inner))
    return "it holds a cloud's metadata and its keys" if str(address) in _CLOUDS else ""


def is_address(host: str) -> bool:
    """Whether a host is an address, and no name that has to be looked up."""
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True


def of_endpoints(manifest: dict[str, Any]) -> Iterator[tuple[tuple[str | int, ...], str]]:
    """The addresses in an EndpointSlice, in Endpoints, or in a patch of one, each with the way to it."""
    for way, value in walk(manifest):
        if isinstance(value, str) and (way[-1:] == ("ip",) or "addresses" in way[-2:]):
            yield way, value


def foreign(host: str) -> str:
    """Why an address is none of a cluster; "" for a private one, and for a host that is none."""
    address = _address(host)
    return "it is an address of the open Internet" if address is not None and address.is_global else ""


def _address(host: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    """A host that is an address, in any of the forms that a resolver takes (`127.1`, `0x7f000001`, `::ffff:127.0.0.1`)."""
    try:
        found = ipaddress.ip_address(host.partition("%")[0])
    except ValueError:
        return _loose(host)
    mapped = found.ipv4_mapped if isinstance(found, ipaddress.IPv6Address) else None
    return mapped or found


_NUMBER = re.compile(r"0[xX][0-9a-fA-F]{1,8}|[0-9]{1,11}")


def _loose(host: str) -> ipaddress.IPv4Address | None:
    """`127.1`, `0x7f.1` or `2130706433`, as `inet_aton` reads them: the last number fills the bytes that are left."""
    parts = host.split(".")
    if not 1 <= len(parts) <= 4 or not all(_NUMBER.fullmatch(part) for part in parts):
        return None
    try:
        numbers = [int(part, 16 if part[:2] in ("0x", "0X") else 8 if len(part) > 1 and part[0] == "0" else 10) for part in parts]
    except ValueError:  # an 8 or a 9 in an octal number
        return None
    *first, last = numbers
    if any(number > 255 for number in first) or last >= 256 ** (5 - len(parts)):
        return None
    return ipaddress.IPv4Address(sum(number << (24 - 8 * index) for index, number in enumerate(first)) + last)


def stranger(url: str, namespace: str, topology: Topology, known: Topology | None = None) -> bool:
    """Whether a URL's host is not in this cluster: no Service, no Gateway's address, no hostname of a listener or a route. known: the
    cluster as it was found, where the topology holds what an experiment brings, too: it may make a Service, and no name of the world its
    own."""
    try:
        host = (urlsplit(url).hostname or "").rstrip(".").lower()
    except ValueError:
        return False
    if not host or service_of_host(host, namespace) in topology.services:
        return False
    there = (known or topology).snapshot
    seen = {address.value.lower() for gateway in there.gateways for address in gateway.status.addresses}
    seen |= {service.spec.cluster_ip for service in there.services}
    names = {(listener.hostname or "").lower() for gateway in there.gateways for listener in gateway.spec.listeners}
    names |= {name.lower() for route in there.routes() for name in route.spec.hostnames}
    return host not in seen and not any(name == host or (name.startswith("*.") and host.endswith(name[1:])) for name in names if name)
