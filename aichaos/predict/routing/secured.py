"""TLS from a gateway to a backend: which BackendTLSPolicy a port of a Service has, and whether its certificates can be had.

Source: Gateway API v1.6, `BackendTLSPolicySpec`, `BackendTLSPolicyValidation`, GEP-713 (conflicts). What stands in a certificate is never
read, so one that does not fit goes unseen.
"""

from collections.abc import Iterable, Iterator

import msgspec

from aichaos.domain.gateway import BackendTLSPolicy
from aichaos.domain.network import Service
from aichaos.predict.routing.age import older_first
from aichaos.predict.routing.world import World


class Secured(msgspec.Struct, frozen=True, gc=False):
    """policy: namespace and name. host: for which the backend's certificate has to be. broken: whether no authority can be had."""

    policy: str
    host: str
    broken: bool


def secured(service: Service, port: int | None, world: World) -> Secured | None:
    """How a gateway connects to a port of a Service; None where it does so in the clear."""
    policies = world.backend_tls.get((service.namespace, service.name), {})
    if not policies:
        return None
    names = {one.name for one in service.spec.ports if one.port == port}
    for wanted in (names, {None}):  # what names the port comes before what names the Service alone
        for policy in sorted(policies.values(), key=older_first):
            if any(section in wanted for section in _sections(policy, service.name)):
                refused = acceptance(policy, world) == "NoValidCACertificate"
                host = str(policy.spec.validation.get("hostname", ""))
                return Secured(f"{policy.namespace}/{policy.name}", host, refused)
    return None


def acceptance(policy: BackendTLSPolicy, world: World) -> str:
    """Why a policy is not accepted: `Conflicted`, `NoValidCACertificate`, or ""."""
    lost = [
        service for service in services(policy) if all(_taken(policy, service, section, world) for section in _sections(policy, service))
    ]
    if lost and len(lost) == len(services(policy)):
        return "Conflicted"
    found = list(_authorities(policy, world))
    return "NoValidCACertificate" if found and all(found) else ""


def authorities(policy: BackendTLSPolicy, world: World) -> str:
    """What is wrong with the first bad reference to a certificate authority: `InvalidKind`, `InvalidCACertificateRef`, or ""."""
    return next((problem for problem in _authorities(policy, world) if problem), "")


def services(policy: BackendTLSPolicy) -> list[str]:
    """The names of the Services that a policy is for, in its own namespace."""
    refs = [ref for ref in policy.spec.target_refs if ref.get("kind") == "Service" and not ref.get("group")]
    return list(dict.fromkeys(str(ref.get("name", "")) for ref in refs))


def _sections(policy: BackendTLSPolicy, service: str) -> list[str | None]:
    """The ports by name that a policy is for; None: the whole Service."""
    return [ref.get("sectionName") for ref in policy.spec.target_refs if ref.get("kind") == "Service" and ref.get("name") == service]


def _taken(policy: BackendTLSPolicy, service: str, section: str | None, world: World) -> bool:
    """Whether an older policy is for the same."""
    rivals: Iterable[BackendTLSPolicy] = world.backend_tls.get((policy.namespace, service), {}).values()
    return any(section in _sections(one, service) and older_first(one) < older_first(policy) for one in rivals)


def _authorities(policy: BackendTLSPolicy, world: World) -> Iterator[str]:
    for ref in policy.spec.validation.get("caCertificateRefs") or ():
        kind, name = ref.get("kind"), ref.get("name")
        if kind not in ("ConfigMap", "Secret") or ref.get("group"):
            yield "InvalidKind"
        else:
            there = world.config_maps if kind == "ConfigMap" else world.secrets
            missing = kind in world.known and (policy.namespace, name) not in there
            yield "InvalidCACertificateRef" if missing else ""
