"""What is wrong with one listener by itself: its protocol, its certificates, the kinds of routes that it asks for.

Source: Gateway API v1.6, `ListenerConditionReason`. The data of a Secret is never read, so a malformed one goes unseen.
"""

from collections.abc import Iterable, Iterator
from typing import Any

from aichaos.domain.base import kind_name
from aichaos.domain.gateway import Gateway, Listener, ListenerSet, ObjectReference
from aichaos.domain.kinds import GATEWAY_API
from aichaos.observe.attach import PROTOCOLS
from aichaos.predict.routing.world import World

_PASSTHROUGH = frozenset({"TLSRoute"})
"""What is not decrypted can be told apart by its TLS name alone."""


def supported_kinds(listener: Listener) -> tuple[str, ...]:
    """The kinds of routes that a listener takes, of those that it asks for."""
    carried = _carried(listener)
    asked = listener.allowed_routes.kinds if listener.allowed_routes else ()
    if not asked:
        return tuple(sorted(carried))
    return tuple(sorted({kind.kind for kind in asked if kind.group in (None, GATEWAY_API)} & carried))


def _carried(listener: Listener) -> frozenset[str]:
    if listener.protocol == "TLS" and listener.tls is not None and listener.tls.mode == "Passthrough":
        return _PASSTHROUGH
    return PROTOCOLS.get(listener.protocol, frozenset())


def route_kinds(listener: Listener) -> str:
    """`InvalidRouteKinds` where a listener asks for kinds that it can't carry, else ""."""
    asked = listener.allowed_routes.kinds if listener.allowed_routes else ()
    carried = _carried(listener)
    return "InvalidRouteKinds" if any(kind.kind not in carried or kind.group not in (None, GATEWAY_API) for kind in asked) else ""


def acceptance(gateway: Gateway, listener: Listener, world: World) -> str:
    """Why a listener is not accepted, whatever the others are; else ""."""
    if listener.protocol not in PROTOCOLS:
        return "UnsupportedProtocol"
    validation = _frontend(gateway, listener)
    if validation is not None:
        refs = list(_authorities(validation))
        if refs and all(_authority(gateway, ref, world) for ref in refs):
            return "NoValidCACertificate"
    return ""


def references(owner: Gateway | ListenerSet, listener: Listener, world: World) -> str:
    """Why what a listener needs to serve can't be had: `InvalidCertificateRef` or `RefNotPermitted`, else ""."""
    if listener.tls is None or listener.tls.mode != "Terminate" or listener.protocol not in ("HTTPS", "TLS"):
        return ""
    problems = [_certificate(owner, ref, world) for ref in listener.tls.certificate_refs]
    return next((problem for problem in problems if problem), "") if problems and all(problems) else ""


def client_authorities(gateway: Gateway, listener: Listener, world: World) -> str:
    """What is wrong with the certificates by which a listener knows its clients, or ""."""
    validation = _frontend(gateway, listener)
    if validation is None:
        return ""
    return next((problem for ref in _authorities(validation) if (problem := _authority(gateway, ref, world))), "")


def client_certificate(gateway: Gateway, world: World) -> str:
    """What is wrong with the certificate by which a Gateway shows backends who it is; "" where it names none."""
    ref = ((gateway.spec.tls or {}).get("backend") or {}).get("clientCertificateRef")
    if not ref:
        return ""
    wanted = ObjectReference(
        name=ref.get("name", ""), kind=ref.get("kind", ""), group=ref.get("group", ""), namespace=ref.get("namespace") or ""
    )
    problem = _certificate(gateway, wanted, world)
    return "InvalidClientCertificateRef" if problem == "InvalidCertificateRef" else problem


def insecure_fallback(gateway: Gateway) -> bool:
    """Whether a Gateway lets clients in on some port whose certificate does not hold."""
    frontend = (gateway.spec.tls or {}).get("frontend") or {}
    settings = [frontend.get("default"), *(one.get("tls") for one in frontend.get("perPort") or ())]
    return any(((one or {}).get("validation") or {}).get("mode") == "AllowInsecureFallback" for one in settings)


def _certificate(owner: Gateway | ListenerSet, ref: ObjectReference, world: World) -> str:
    if ref.kind not in ("", "Secret") or ref.group:
        return "InvalidCertificateRef"
    namespace = ref.namespace or owner.namespace
    if namespace != owner.namespace and not world.granted(kind_name(owner), owner.namespace, "Secret", namespace, ref.name):
        return "RefNotPermitted"
    return "InvalidCertificateRef" if "Secret" in world.known and (namespace, ref.name) not in world.secrets else ""


def _frontend(gateway: Gateway, listener: Listener) -> dict[str, Any] | None:
    """How clients are checked on a listener's port: what the Gateway says for it, else for all."""
    if listener.protocol != "HTTPS":
        return None
    frontend = (gateway.spec.tls or {}).get("frontend") or {}
    own = [one.get("tls") or {} for one in frontend.get("perPort") or () if one.get("port") == listener.port]
    chosen: dict[str, Any] = own[0] if own else frontend.get("default") or {}
    return chosen.get("validation")


def _authorities(validation: dict[str, Any]) -> Iterator[dict[str, Any]]:
    refs: Iterable[dict[str, Any]] = validation.get("caCertificateRefs") or ()
    yield from refs


def _authority(gateway: Gateway, ref: dict[str, Any], world: World) -> str:
    kind, name = ref.get("kind", ""), ref.get("name", "")
    if kind not in ("ConfigMap", "Secret") or ref.get("group"):
        return "InvalidCACertificateKind"
    namespace = ref.get("namespace") or gateway.namespace
    if namespace != gateway.namespace and not world.granted("Gateway", gateway.namespace, kind, namespace, name):
        return "RefNotPermitted"
    there = world.config_maps if kind == "ConfigMap" else world.secrets
    return "InvalidCACertificateRef" if kind in world.known and (namespace, name) not in there else ""
