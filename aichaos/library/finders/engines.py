"""Finders for what needs a chaos engine: a Service with pods, and an engine that has the fault for them."""

from collections.abc import Iterator

from aichaos.domain.access import ClusterRoleBinding, RoleBinding
from aichaos.domain.base import LabelSelector, ObjectRef, kind_name, reference
from aichaos.domain.gateway import HTTPRoute
from aichaos.domain.network import Service
from aichaos.domain.workloads import Workload
from aichaos.library.fill import Values
from aichaos.library.finders.candidate import Candidate, Finder, Names, named, service_ref
from aichaos.library.urls import probes, targets
from aichaos.observe.topology import Topology

CHAOS_HOME = "chaos-testing"
"""The namespace where many teams keep their chaos objects (Chaos Mesh's own guides, too)."""


def litmus(fault: str) -> Finder:
    """A finder of Services whose namespace has a fault of Litmus and a service account to run it."""

    def find(topology: Topology, names: Names) -> Iterator[Candidate]:
        return _litmus(topology, names, fault)

    find.__doc__ = f"A Service whose namespace has the fault `{fault}` of Litmus and a service account to run it."
    return find


def _litmus(topology: Topology, names: Names, fault: str) -> Iterator[Candidate]:
    installed = {one.namespace for one in topology.snapshot.chaos_experiments if one.name == fault}
    for service in _with_pods(topology, names) if installed else ():
        workload = next(iter(topology.service_workloads(service)), None)
        account = litmus_account(topology, service.namespace)
        label = label_of(topology, service, workload) if workload else None
        if service.namespace not in installed or workload is None or label is None or account is None:
            continue
        extra = {"label": label, "kind": kind_name(workload).lower(), "account": account}
        yield candidate(topology, service, extra, [ObjectRef("ChaosExperiment", fault, service.namespace)])


def label_of(topology: Topology, service: Service, workload: Workload) -> str | None:
    """One label that takes the Service's pods and no others; how Litmus combines several is then no question."""
    pods = topology.service_pods(service)
    for key, value in workload.spec.selector.match_labels.items():
        if topology.select(service.namespace, LabelSelector(match_labels={key: value})) == pods:
            return f"{key}={value}"
    return None


def chaos_mesh_service(topology: Topology, names: Names) -> Iterator[Candidate]:
    """A Service with pods, where Chaos Mesh is installed."""
    if any(engine.name == "chaos-mesh" for engine in topology.snapshot.engines):
        for service in _with_pods(topology, names):
            home = CHAOS_HOME if CHAOS_HOME in topology.namespaces else service.namespace
            yield candidate(topology, service, {"home": home, "selector": service.spec.selector}, [])


def _with_pods(topology: Topology, names: Names) -> Iterator[Service]:
    """Services with pods: named ones first, then those behind a route; not a Gateway's own, nor what keeps the cluster running."""
    routed = topology.routes_of_service
    order = sorted(topology.snapshot.services, key=lambda one: (-named(one, names), (one.namespace, one.name) not in routed))
    return (
        service for service in order if service.spec.ports and topology.service_pods(service) and not _infrastructure(topology, service)
    )


def _infrastructure(topology: Topology, service: Service) -> bool:
    """What carries or runs the rest: Gateways, control planes, the chaos engines themselves."""
    home = service.namespace
    return home.startswith("kube-") or home.endswith("-system") or home in topology.engine_homes or topology.carries(service)


def candidate(topology: Topology, service: Service, extra: Values, why: list[ObjectRef]) -> Candidate:
    routes = topology.routes_of_service.get((service.namespace, service.name), [])
    values: Values = {
        "service": service.name,
        "namespace": service.namespace,
        "pods": len(topology.service_pods(service)),
        "probes": service_probes(topology, service),
        "probe": f"{service.name} answers",
    }
    return Candidate(
        subject=service_ref(service),
        namespaces=sorted({service.namespace, str(extra.get("home", service.namespace))}),
        why=[service_ref(service), *why, *(reference(route) for route in routes[:1])],
        values=values | extra,
    )


def service_probes(topology: Topology, service: Service) -> list[Values]:
    """Through a route where one leads there, else at the Service itself, where any answer of a living server will do."""
    name, tolerance = f"{service.name} answers", {"success": ">= 99%"}
    for route in topology.routes_of_service.get((service.namespace, service.name), []):
        if isinstance(route, HTTPRoute):
            served = [target for target in targets(topology, route) if target.backend == (service.namespace, service.name)]
            if served:
                return probes(served[:1], name=name, tolerance=tolerance)
    url = f"http://{service.name}.{service.namespace}.svc:{service.spec.ports[0].port}/"
    http = {"url": url, "via": f"service/{service.namespace}/{service.name}", "expect": {"status": "200-499"}}
    return [{"name": name, "http": http, "tolerance": tolerance}]


def litmus_account(topology: Topology, namespace: str) -> str | None:
    """A service account of the namespace that a binding gives rights to, by a name that speaks of chaos; the first by name.

    Where bindings may not be read, one without a known binding will do: that its rights are not known is a finding of the checks.
    """
    bindings: list[RoleBinding | ClusterRoleBinding] = [*topology.snapshot.role_bindings, *topology.snapshot.cluster_role_bindings]
    bound = {
        subject.name
        for binding in bindings
        for subject in binding.subjects or ()
        if subject.kind == "ServiceAccount" and subject.namespace in (namespace, "")
    }
    accounts = sorted(account.name for account in topology.snapshot.service_accounts if account.namespace == namespace)
    fitting = [name for name in accounts if "litmus" in name or "chaos" in name]
    unknown = any(topology.snapshot.unread(kind) for kind in ("RoleBinding", "ClusterRoleBinding"))
    return next((name for name in fitting if name in bound), fitting[0] if fitting and unknown else None)
