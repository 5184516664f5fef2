"""Finders about Istio's own routing: retries against a time-out, and mirrored traffic; each with an engine that can slow pods down."""

import re
from collections.abc import Iterator
from typing import Any

import msgspec

from aichaos.domain.base import ObjectRef, kind_name, reference
from aichaos.domain.mesh import VirtualService, VirtualServiceRoute
from aichaos.domain.network import Service
from aichaos.domain.workloads import Workload
from aichaos.library.fill import Values
from aichaos.library.finders.candidate import Candidate, Names, named, service_ref
from aichaos.library.finders.engines import candidate, litmus_account
from aichaos.observe.targets import service_of_host
from aichaos.observe.topology import Topology

FAULT = "pod-network-latency"
_SECONDS = re.compile(r"(\d+(?:\.\d+)?)(ms|s|m)")
_MILLISECONDS = {"ms": 1.0, "s": 1000.0, "m": 60_000.0}


class Slowed(msgspec.Struct, frozen=True, kw_only=True):
    """Pods that Litmus can slow down: a Service, the workload of one subset of it, and what the ChaosEngine says."""

    service: Service
    workload: Workload
    values: Values


def service_of(topology: Topology, host: str, namespace: str) -> Service | None:
    """The Service that an Istio host names; None where it is outside the cluster, or not there."""
    key = service_of_host(host, namespace)
    return topology.services.get(key) if key else None


def retried(topology: Topology, names: Names) -> Iterator[Candidate]:
    """A destination with retries under a time-out, whose pods Litmus can slow down so that every try fails."""
    for virtual, http in _routes(topology, names):
        tries, limit = http.retries or {}, _duration(http.timeout)
        single = _duration(tries.get("perTryTimeout")) or limit
        slowed = _slowed(topology, virtual, http.route[0].destination.host, http.route[0].destination.subset) if http.route else None
        attempts = tries.get("attempts")
        if slowed is None or single is None or limit is None or not isinstance(attempts, int) or attempts < 1:
            continue
        extra = slowed.values | {
            "virtual": virtual.name,
            "attempts": attempts,
            "requests": attempts + 1,
            "single": _written(single),
            "limit": _written(limit),
            "slow": round(single * 1.5),
        }
        yield _candidate(topology, virtual, slowed, extra)


def mirrored(topology: Topology, names: Names) -> Iterator[Candidate]:
    """A destination of mirrored traffic whose pods Litmus can slow down: the primary must not notice."""
    for virtual, http in _routes(topology, names):
        if http.mirror is None or not http.route:
            continue
        slowed = _slowed(topology, virtual, http.mirror.host, http.mirror.subset)
        primary = http.route[0].destination
        if slowed is None or (primary.host, primary.subset) == (http.mirror.host, http.mirror.subset):
            continue
        extra = slowed.values | {"virtual": virtual.name, "shadow": slowed.workload.name}
        yield _candidate(topology, virtual, slowed, extra)


def _routes(topology: Topology, names: Names) -> Iterator[tuple[VirtualService, VirtualServiceRoute]]:
    for virtual in sorted(topology.snapshot.virtual_services, key=lambda one: -named(one, names)):
        for http in virtual.spec.http:
            yield virtual, http


def _slowed(topology: Topology, virtual: VirtualService, host: str, subset: str | None) -> Slowed | None:
    service = service_of(topology, host, virtual.namespace)
    account = litmus_account(topology, service.namespace) if service else None
    if service is None or account is None or not topology.exists(ObjectRef("ChaosExperiment", FAULT, service.namespace)):
        return None
    wanted = _subset_labels(topology, service, subset)
    for workload in topology.service_workloads(service):
        own = workload.spec.template.metadata.labels
        label = next(
            (
                f"{key}={value}"
                for key, value in sorted(own.items(), key=lambda item: item[0] != "version")
                if _only(topology, workload, key, value)
            ),
            None,
        )
        if wanted is not None and wanted.items() <= own.items() and label is not None and topology.pods_of(workload):
            values = {"label": label, "kind": kind_name(workload).lower(), "account": account, "workload": workload.name}
            return Slowed(service=service, workload=workload, values=values)
    return None


def _only(topology: Topology, workload: Workload, key: str, value: str) -> bool:
    """Whether a label takes the pods of this workload and no others of its namespace."""
    pods = [pod for pod in topology.pods_of_namespace.get(workload.namespace, []) if pod.labels.get(key) == value]
    return len(pods) == len(topology.pods_of(workload)) and all(topology.workload_of(pod) is workload for pod in pods)


def _subset_labels(topology: Topology, service: Service, subset: str | None) -> dict[str, str] | None:
    """The labels of a subset; None where nothing defines it."""
    if subset is None:
        return {}
    for rule in topology.snapshot.destination_rules:
        if service_of(topology, rule.spec.host, rule.namespace) == service:
            for one in rule.spec.subsets:
                if one.name == subset:
                    return one.labels
    return None


def _candidate(topology: Topology, virtual: VirtualService, slowed: Slowed, extra: Values) -> Candidate:
    found = candidate(topology, slowed.service, extra, [ObjectRef("ChaosExperiment", FAULT, slowed.service.namespace)])
    return msgspec.structs.replace(
        found,
        subject=reference(virtual),
        namespaces=sorted({virtual.namespace, slowed.service.namespace}),
        why=[reference(virtual), service_ref(slowed.service), reference(slowed.workload), *found.why[1:2]],
        values=found.values | {"pods": len(topology.pods_of(slowed.workload))},
    )


def _duration(value: Any) -> float | None:
    """Milliseconds of a protobuf duration as Istio writes them; None where there is none."""
    match = _SECONDS.fullmatch(value) if isinstance(value, str) else None
    return float(match[1]) * _MILLISECONDS[match[2]] or None if match else None


def _written(milliseconds: float) -> str:
    return f"{milliseconds / 1000:g} s" if milliseconds >= 1000 else f"{milliseconds:g} ms"
