"""The poison route: an object that the API server admits, that every status accepts, and that stops a whole port of a gateway.

Measured on real gateways. Istio hands an invalid regular expression to Envoy as it is, and Envoy refuses the routes of the port as a
whole; Istio and Envoy Gateway hand on the values of headers as Envoy's format strings, of which a single `%` is no valid one. A running
Envoy keeps its old routes and takes no change any more; one that starts answers 404 to everything. Contour checks both and drops the
rule, so nothing is proposed for it, nor for gateways of which nobody knows.
"""

from collections.abc import Iterator

from aichaos.domain.base import ObjectRef, plain, reference
from aichaos.library.fill import Values
from aichaos.library.finders.candidate import Candidate, Names, service_ref
from aichaos.library.finders.routes import Served, route_values, serving
from aichaos.observe.topology import Topology

HEADER_RULE = "gateway/header-percent"
CHOKED_BY_HEADER = ("istio.io/", "gateway.envoyproxy.io/")
"""Controllers whose Envoy refuses a port for the value of a header."""


def poisonable_gateway(topology: Topology, names: Names) -> Iterator[Candidate]:
    """A route that serves on a Gateway whose controller is known to hand on what its proxy refuses."""
    controllers = {one.name: one.spec.controller_name for one in topology.snapshot.gateway_classes}
    for served in serving(topology, names):
        controller = controllers.get(served.gateway.spec.gateway_class_name, "")
        name = f"aichaos-poison-{served.route.name}"[:63].rstrip("-.")
        if controller.startswith(CHOKED_BY_HEADER) and not topology.exists(ObjectRef("HTTPRoute", name, served.route.namespace)):
            yield _candidate(topology, served, name)


def _candidate(topology: Topology, served: Served, name: str) -> Candidate:
    route, service = served.route, served.services[0]
    values = route_values(topology, route, service)
    canary = f"aichaos-canary-{route.name}"[:63].rstrip("-.")
    to = {"name": service.name, "port": service.spec.ports[0].port}
    extra = {
        "poison": name,
        "poison_spec": _spec(served, "/aichaos-poison", to, header=("x-aichaos-discount", "50% off")),
        "canary": canary,
        "canary_spec": _spec(served, "/aichaos-canary", to),
        "intends": [HEADER_RULE],
    }
    return Candidate(
        subject=reference(served.gateway),
        namespaces=sorted({route.namespace, served.gateway.namespace}),
        why=[reference(served.gateway), reference(route), service_ref(service)],
        values=values | extra | {"scope_namespaces": [route.namespace]},
    )


def _spec(served: Served, path: str, to: Values, header: tuple[str, str] | None = None) -> Values:
    """A route for a path of its own at the same parents and hosts."""
    spec: Values = plain(served.route.spec)
    rule: Values = {"matches": [{"path": {"type": "PathPrefix", "value": path}}], "backendRefs": [to]}
    if header is not None:
        modifier = {"set": [{"name": header[0], "value": header[1]}]}
        rule["filters"] = [{"type": "ResponseHeaderModifier", "responseHeaderModifier": modifier}]
    return spec | {"rules": [rule]}
