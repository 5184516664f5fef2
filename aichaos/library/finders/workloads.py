"""Finders about what runs behind the routes: databases and caches, and other versions."""

from collections.abc import Iterator

import msgspec

from aichaos.domain.access import ConfigMap
from aichaos.domain.base import ObjectRef, kind_name, reference
from aichaos.domain.network import Service
from aichaos.domain.workloads import Deployment, StatefulSet, Workload
from aichaos.library.fill import Values
from aichaos.library.finders.candidate import Candidate, Names, named, service_ref, share
from aichaos.library.finders.routes import route_values, scalable_backend, serving
from aichaos.observe.topology import Topology

_STORE_PORTS = frozenset({1433, 1521, 3306, 5432, 5672, 6379, 8086, 9042, 9092, 9200, 11211, 27017})
"""Ports that databases, caches and queues are known by (IANA's registry of service names)."""
_STORE_NAMES = frozenset(
    {
        *("database", "db", "postgres", "postgresql", "mysql", "mariadb", "mongo", "mongodb", "redis", "valkey", "cache", "memcached"),
        *("cassandra", "kafka", "rabbitmq", "elasticsearch", "opensearch", "etcd", "store"),
    }
)


class Watched(msgspec.Struct, frozen=True, kw_only=True):
    """What is asked while something behind it is gone: values of a route of the same namespace."""

    values: Values
    route: ObjectRef


def watched(topology: Topology, namespace: str, but: Service | None = None) -> Watched | None:
    """A request of a namespace that another Service than `but` answers; None where no route leads there."""
    for served in serving(topology, frozenset()):
        for service in served.services:
            if service.namespace == namespace and service != but:
                return Watched(values=route_values(topology, served.route, service), route=reference(served.route))
    return None


def dependency(topology: Topology, names: Names) -> Iterator[Candidate]:
    """A database, cache or queue with pods that no route leads to, in a namespace where a route leads to somebody else."""
    for service in sorted(topology.snapshot.services, key=lambda one: -named(one, names)) if names else topology.snapshot.services:
        if not is_store(service) or (service.namespace, service.name) in topology.routes_of_service:
            continue
        workload = next((one for one in topology.service_workloads(service) if isinstance(one, (Deployment, StatefulSet))), None)
        seen = watched(topology, service.namespace)
        if workload is not None and topology.pods_of(workload) and seen is not None:
            extra = {
                "dependency": service.name,
                "kind": kind_name(workload),
                "workload": workload.name,
                "workload_namespace": workload.namespace,
                "replicas": workload.replicas,
                "share": share(workload.replicas, len(topology.pods_of_namespace[workload.namespace])),
                # a StatefulSet has no condition that says so: all its replicas are ready, or they are not
                "until_back": _until_back(workload),
            }
            yield Candidate(
                subject=service_ref(service),
                namespaces=[workload.namespace],
                why=[service_ref(service), reference(workload), seen.route],
                values=seen.values | extra,
            )


def _until_back(workload: Workload) -> Values:
    if isinstance(workload, Deployment):
        return {"until": {"object": str(reference(workload)), "condition": "Available"}, "timeout": "2m"}
    return {"for": "60s"}


def is_store(service: Service) -> bool:
    """Whether the name or the port of a Service says that it keeps data for others."""
    words = set(service.name.split("-"))
    return bool(words & _STORE_NAMES) or any(port.port in _STORE_PORTS for port in service.spec.ports)


SWITCH = "CHAOS_ENABLED"
"""The key of a ConfigMap by which chaos inside a program is switched on (docs/howto/chaos-inside-a-model.md)."""


def switchable_model(topology: Topology, names: Names) -> Iterator[Candidate]:
    """A Deployment behind a route whose chaos inside is switched by a ConfigMap of its name, or with `-chaos` behind it, that has the key
    CHAOS_ENABLED."""
    for found in scalable_backend(topology, names):
        for name in (f"{found.subject.name}-chaos", found.subject.name):
            switch = ObjectRef("ConfigMap", name, found.subject.namespace)
            held = topology.objects.get(switch)
            if isinstance(held, ConfigMap) and SWITCH in held.keys:
                values = found.values | {"switch": switch.name}
                yield msgspec.structs.replace(found, why=[*found.why, switch], values=values, derived=_rates)
                break


def _rates(values: Values) -> Values:
    """Shares of the calls, from percents."""
    rates = {"failure_rate": "failures", "timeout_rate": "timeouts", "wrong_rate": "wrong"}
    return {rate: values.get(share, 0) / 100 for rate, share in rates.items()}


def other_version(topology: Topology, names: Names) -> Iterator[Candidate]:
    """A Service behind a route, and a workload of another version that its selector would take if one label in it were another."""
    for served in serving(topology, names):
        for service in served.services:
            swap = _swap(topology, service)
            if swap is not None:
                pods = topology.service_pods(service)
                extra = {"service": service.name, "service_namespace": service.namespace, "pods": len(pods)}
                yield Candidate(
                    subject=service_ref(service),
                    namespaces=sorted({served.route.namespace, service.namespace}),
                    why=[service_ref(service), reference(served.route), ObjectRef(swap["kind"], swap["workload"], service.namespace)],
                    values=route_values(topology, served.route, service)
                    | extra
                    | swap
                    | {"share": share(len(pods), len(topology.pods_of_namespace[service.namespace]))},
                )


_VERSION_LABELS = ("version", "app.kubernetes.io/version", "release", "track")


def _swap(topology: Topology, service: Service) -> Values | None:
    """The label by which a Service could change over to another version that has pods, and the values that it would have."""
    selector = service.spec.selector or {}
    for label in _VERSION_LABELS:
        rest = {key: value for key, value in selector.items() if key != label}
        versions: dict[str, Workload] = {}
        for workload in topology.workloads_labelled(service.namespace, rest):
            labels = workload.spec.template.metadata.labels
            if label in labels and topology.pods_of(workload):
                versions[labels[label]] = workload
        now = selector.get(label)
        others = sorted(set(versions) - {now})
        if others and len(versions) > 1:
            other = versions[others[-1]]
            return {
                "version_label": label,
                "version": now,
                "other_version": others[-1],
                "workload": other.name,
                "kind": kind_name(other),
                "to_other": {label: others[-1]},
                "back": {label: now},
            }
    return None
