"""Implementations that nobody has measured for us: what their documentation says, and no more."""

from aichaos.predict.routing.profile import Profile

_NOTE = "not measured: answered as the standard says, but for what its documentation states"


def _unmeasured(name: str, controller: str, *notes: str, extensions: tuple[str, ...] = ()) -> Profile:
    return Profile(name=name, controllers=(controller,), notes=(_NOTE, *notes), extensions=extensions)


OTHERS = (
    _unmeasured(
        "nginx-gateway-fabric",
        "gateway.nginx.org/nginx-gateway-controller",
        "ties go to the older route",
        extensions=("gateway.nginx.org/SnippetsFilter",),
    ),
    _unmeasured("cilium", "io.cilium/gateway-controller"),
    _unmeasured(
        "traefik",
        "traefik.io/gateway-controller",
        "Traefik 3.7 does not decide ties by age: its winner is not stable",
        extensions=("traefik.io/Middleware",),
    ),
    _unmeasured("haproxy", "haproxy-ingress.github.io/controller", "ties go to the older route"),
    _unmeasured(
        "kgateway",
        "kgateway.dev/kgateway",
        extensions=("gateway.kgateway.dev/TrafficPolicy", "gateway.kgateway.dev/DirectResponse"),
    ),
)
