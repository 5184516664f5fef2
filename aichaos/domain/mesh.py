"""Istio's own routing objects (networking.istio.io), with what an experiment asks about typed and the rest kept as it is."""

from typing import Any

from aichaos.domain.base import KubeObject, Wire


class Destination(Wire, frozen=True, kw_only=True):
    host: str
    subset: str | None = None
    port: dict[str, Any] | None = None


class HTTPRouteDestination(Wire, frozen=True, kw_only=True):
    destination: Destination
    weight: int | None = None


class VirtualServiceRoute(Wire, frozen=True, kw_only=True):
    name: str | None = None
    match: tuple[dict[str, Any], ...] = ()
    route: tuple[HTTPRouteDestination, ...] = ()
    rewrite: dict[str, Any] | None = None
    redirect: dict[str, Any] | None = None
    direct_response: dict[str, Any] | None = None
    headers: dict[str, Any] | None = None
    mirror: Destination | None = None
    mirror_percentage: dict[str, Any] | None = None
    timeout: str | None = None
    retries: dict[str, Any] | None = None
    fault: dict[str, Any] | None = None


class VirtualServiceSpec(Wire, frozen=True, kw_only=True):
    hosts: tuple[str, ...] = ()
    gateways: tuple[str, ...] = ()
    http: tuple[VirtualServiceRoute, ...] = ()


class VirtualService(KubeObject, frozen=True, kw_only=True):
    spec: VirtualServiceSpec = VirtualServiceSpec()


class Subset(Wire, frozen=True, kw_only=True):
    name: str
    labels: dict[str, str] = {}


class DestinationRuleSpec(Wire, frozen=True, kw_only=True):
    host: str = ""
    subsets: tuple[Subset, ...] = ()
    traffic_policy: dict[str, Any] | None = None


class DestinationRule(KubeObject, frozen=True, kw_only=True):
    spec: DestinationRuleSpec = DestinationRuleSpec()
