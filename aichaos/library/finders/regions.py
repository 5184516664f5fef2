"""Finders about where in the world the pods are: a Service that promises to fail over from one region to another.

Failover acts only with outlier detection in the same policy (Istio, `LocalityLoadBalancerSetting`); without both there is none to test.
"""

from collections import defaultdict
from collections.abc import Iterator
from typing import Any

import msgspec

from aichaos.domain.base import ObjectRef, kind_name, reference
from aichaos.domain.mesh import DestinationRule
from aichaos.domain.network import Service
from aichaos.domain.workloads import Pod, Workload
from aichaos.library.fill import Values
from aichaos.library.finders.candidate import Candidate, Names, service_ref, share
from aichaos.library.finders.engines import CHAOS_HOME, label_of, litmus_account
from aichaos.library.finders.mesh import service_of
from aichaos.library.finders.workloads import Watched, watched
from aichaos.observe.topology import Topology

REGION = "topology.kubernetes.io/region"
FAULT = "pod-delete"


class Failover(msgspec.Struct, frozen=True, kw_only=True):
    """A Service that fails over, the region that it loses, and its pods there."""

    rule: DestinationRule
    service: Service
    region: str
    pods: list[Pod]
    watched: Watched


def region_of_deployments(topology: Topology, names: Names) -> Iterator[Candidate]:
    """A region whose workloads have all their pods there: scaling them to zero takes the region away, without any engine."""
    for loss in _losses(topology, names):
        workloads = [workload for pod in loss.pods if (workload := topology.workload_of(pod)) is not None]
        chosen = list({workload.name: workload for workload in workloads}.values())
        here = {(pod.namespace, pod.name) for pod in loss.pods}
        if chosen and all((pod.namespace, pod.name) in here for workload in chosen for pod in topology.pods_of(workload)):
            extra = {
                "workloads": [workload.name for workload in chosen],
                "losses": [_scaled(workload, 0, "lose") for workload in chosen],
                "returns": [_scaled(workload, workload.replicas, "bring back") for workload in chosen],
            }
            yield _candidate(topology, loss, extra, [reference(workload) for workload in chosen])


def region_by_litmus(topology: Topology, names: Names) -> Iterator[Candidate]:
    """A region whose pods Litmus can delete again and again by the label of their nodes."""
    for loss in _losses(topology, names):
        namespace = loss.service.namespace
        workload = topology.workload_of(loss.pods[0])
        account = litmus_account(topology, namespace)
        label = label_of(topology, loss.service, workload) if workload else None
        if workload and account and label and topology.exists(ObjectRef("ChaosExperiment", FAULT, namespace)):
            extra = {"label": label, "kind": kind_name(workload).lower(), "account": account, "node_label": f"{REGION}={loss.region}"}
            every = {"pods": len(topology.service_pods(loss.service)), "there": len(loss.pods)}
            yield _candidate(topology, loss, extra | every, [ObjectRef("ChaosExperiment", FAULT, namespace)])


def region_by_chaos_mesh(topology: Topology, names: Names) -> Iterator[Candidate]:
    """A region whose pods Chaos Mesh can let fail by the label of their nodes."""
    if any(engine.name == "chaos-mesh" for engine in topology.snapshot.engines):
        for loss in _losses(topology, names):
            home = CHAOS_HOME if CHAOS_HOME in topology.namespaces else loss.service.namespace
            extra = {"home": home, "selector": loss.service.spec.selector, "node_selector": {REGION: loss.region}}
            yield _candidate(topology, loss, extra, [])


def _losses(topology: Topology, names: Names) -> Iterator[Failover]:
    for rule in topology.snapshot.destination_rules:
        service = service_of(topology, rule.spec.host, rule.namespace) if _fails_over(rule) else None
        seen = watched(topology, service.namespace) if service is not None else None
        regions = _regions(topology, service) if service is not None else {}
        if service is not None and seen is not None and len(regions) > 1:
            for region, pods in sorted(regions.items(), key=lambda item: (item[0] not in names, item[0])):
                yield Failover(rule=rule, service=service, region=region, pods=pods, watched=seen)


def _fails_over(rule: DestinationRule) -> bool:
    policy = rule.spec.traffic_policy or {}
    balancer = policy.get("loadBalancer")
    locality = balancer.get("localityLbSetting") if isinstance(balancer, dict) else None
    return isinstance(locality, dict) and locality.get("enabled") is not False and bool(policy.get("outlierDetection"))


def _regions(topology: Topology, service: Service) -> dict[str, list[Pod]]:
    """Region → the pods of a Service there, as the labels of their nodes say."""
    found: dict[str, list[Pod]] = defaultdict(list)
    for pod in topology.service_pods(service):
        node = topology.nodes.get(pod.spec.node_name)
        if node is not None and node.region:
            found[node.region].append(pod)
    return found


def _candidate(topology: Topology, loss: Failover, extra: Values, more: list[ObjectRef]) -> Candidate:
    service = loss.service
    common = {
        "region": loss.region,
        "service": service.name,
        "service_namespace": service.namespace,
        "rule": loss.rule.name,
        "pods": len(loss.pods),
        "share": share(len(loss.pods), len(topology.pods_of_namespace[service.namespace])),
    }
    return Candidate(
        subject=service_ref(service),
        namespaces=sorted({service.namespace, str(extra.get("home", service.namespace))}),
        why=[service_ref(service), reference(loss.rule), *more, loss.watched.route],
        values=loss.watched.values | common | extra,
    )


def _scaled(workload: Workload, replicas: int, verb: str) -> dict[str, Any]:
    target = {"kind": kind_name(workload), "name": workload.name, "namespace": workload.namespace, "replicas": replicas}
    return {"name": f"{verb} {workload.name}", "scale": target}
