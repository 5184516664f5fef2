"""Which gateway serves a route, as far as the GatewayClass tells: the hazards of `gateways.py` depend on it."""

from collections.abc import Iterable

from aichaos.domain.gateway import Gateway, ParentRef
from aichaos.observe.attach import names_gateway
from aichaos.observe.topology import Topology

CONTROLLERS = {
    "istio.io/gateway-controller": "istio",
    "istio.io/unmanaged-gateway": "istio",
    "gateway.envoyproxy.io/gatewayclass-controller": "envoy-gateway",
    "projectcontour.io/gateway-controller": "contour",
}
"""`spec.controllerName` of a GatewayClass → the implementation."""

_USUAL_CLASSES = {"istio": "istio", "eg": "envoy-gateway", "envoy-gateway": "envoy-gateway", "contour": "contour"}
"""Names that the projects' own installations give their class, for clusters whose classes were not read."""

CALLED = {"istio": "Istio", "envoy-gateway": "Envoy Gateway", "contour": "Contour"}


def implementation_of(gateway: Gateway, topology: Topology) -> str | None:
    """The implementation that serves a Gateway; None where nothing tells."""
    name = gateway.spec.gateway_class_name
    found = next((one for one in topology.snapshot.gateway_classes if one.name == name), None)
    if found is not None:
        return CONTROLLERS.get(found.spec.controller_name, found.spec.controller_name)
    return _USUAL_CLASSES.get(name)


def implementations(parents: Iterable[ParentRef], namespace: str, topology: Topology) -> frozenset[str]:
    """Those that serve a route by its parents; empty where none of them is known."""
    gateways = (topology.gateways.get((parent.namespace or namespace, parent.name)) for parent in parents if names_gateway(parent))
    return frozenset(found for gateway in gateways if gateway is not None and (found := implementation_of(gateway, topology)))
