"""Where the routes and endpoints that an experiment brings would send people's requests: into this cluster, and within its scope."""

import ipaddress
from collections.abc import Iterator
from typing import Any

from aichaos.check.closed import refused
from aichaos.check.subject import Subject
from aichaos.domain.finding import Finding
from aichaos.files.plain import mapping, pointer, sequence, text, walk
from aichaos.observe.addresses import of_endpoints, stranger
from aichaos.observe.targets import service_of_host

_NOWHERE = tuple(map(ipaddress.ip_network, ("192.0.2.0/24", "198.51.100.0/24", "203.0.113.0/24", "2001:db8::/32")))
"""Addresses for documentation (RFC 5737, RFC 3849): nobody has them, and so experiments use them for what leads nowhere."""


def traffic_findings(this: Subject, said: dict[str, Any], scope: list[str]) -> Iterator[Finding]:
    """said: the manifest, or the merge patch. Nothing where no cluster is known."""
    if this.world.cluster is None:
        return
    if this.ref.kind in ("EndpointSlice", "Endpoints"):
        yield from _endpoints(this, said)
    for path, host in _hosts(this.ref.kind, said):
        if stranger(f"http://{host}/", this.namespace, this.world.topology, this.world.cluster):
            message = f"requests would be sent to {host[:80]}, which is not in this cluster"
            yield refused(this, "policy/power", message, path, host)
    if this.document.get("apiVersion", "").startswith("networking.istio.io/"):
        yield from _others_hosts(this, mapping(said.get("spec")), scope)


def _endpoints(this: Subject, said: dict[str, Any]) -> Iterator[Finding]:
    assert this.world.cluster is not None
    seen = this.world.cluster.snapshot
    known = {address for one in seen.endpoint_slices for endpoint in one.endpoints or () for address in endpoint.addresses}
    known |= {pod.status.pod_ip for pod in seen.pods}
    for way, value in of_endpoints(said):
        if value not in known and not _nowhere(value):
            message = (
                f"{value[:60]} would be asked as an endpoint, and is no address of a pod: name one, or one for documentation (192.0.2.1)"
            )
            yield refused(this, "policy/power", message, pointer(*way), value)


def _nowhere(value: str) -> bool:
    try:
        return any(ipaddress.ip_address(value) in net for net in _NOWHERE)
    except ValueError:
        return False


def _hosts(kind: str, said: dict[str, Any]) -> Iterator[tuple[str, str]]:
    """Hosts to which requests are sent, by name."""
    for way, value in walk(said):
        last = tuple(part for part in way if isinstance(part, str))[-2:]
        here = pointer(*way)
        if kind.endswith("Route") and last == ("requestRedirect", "hostname"):
            yield here, text(value)
        elif kind.endswith("Route") and isinstance(value, dict) and value.get("kind") == "Hostname":
            yield f"{here}/name", text(value.get("name"))
        elif kind == "VirtualService" and last in (("redirect", "authority"), ("destination", "host"), ("mirror", "host")):
            yield here, text(value)


def _others_hosts(this: Subject, spec: dict[str, Any], scope: list[str]) -> Iterator[Finding]:
    """A traffic rule of one namespace is in force for whoever in the mesh asks the host."""
    named = [("/spec/host", text(spec.get("host")))] if "host" in spec else []
    if "mesh" in (spec.get("gateways") or ["mesh"]):
        named += [(f"/spec/hosts/{index}", text(host)) for index, host in enumerate(sequence(spec.get("hosts")))]
    for path, host in named:
        key = service_of_host(host, this.namespace)
        if host.startswith("*") or (key is not None and key[0] in scope):
            continue  # of what begins with a * the closed lists speak
        whose = f"the namespace {key[0]}" if key is not None else "nobody here"
        message = f"{host[:80]} is a host of {whose}: the rule would be in force for whoever in the mesh asks it, outside the scope"
        yield this.note("policy/outside-scope", message, path)
