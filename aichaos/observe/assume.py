"""What the controllers of Kubernetes would make of declared objects: pods of a workload, endpoints of a Service."""

from collections import defaultdict

from aichaos.domain.base import ConditionStatus, Metadata, OwnerReference
from aichaos.domain.network import Endpoint, EndpointConditions, EndpointPort, EndpointSlice, Service, ServicePort, TargetRef
from aichaos.domain.workloads import Pod, PodCondition, PodConditionType, PodSpec, PodStatus, Workload

MOST_PODS = 5_000
"""Pods that are assumed of one workload at most: a number of replicas is a number that anybody may write."""


def pods_of(workload: Workload) -> list[Pod]:
    """As many running, ready pods as the workload declares, named `NAME-0`, `NAME-1` …"""
    template, metadata = workload.spec.template, workload.metadata
    owner = OwnerReference(kind=type(workload).__name__, name=metadata.name, controller=True)
    status = PodStatus(phase="Running", conditions=(PodCondition(type=PodConditionType.READY, status=ConditionStatus.TRUE),))
    return [
        Pod(
            metadata=Metadata(
                name=f"{metadata.name}-{number}",
                namespace=metadata.namespace,
                labels=template.metadata.labels,
                owner_references=(owner,),
            ),
            spec=PodSpec(
                service_account_name=template.spec.service_account_name,
                host_network=template.spec.host_network,
                containers=template.spec.containers,
            ),
            status=status,
        )
        for number in range(min(workload.replicas, MOST_PODS))
    ]


def endpoints_of(services: list[Service], pods: list[Pod]) -> list[EndpointSlice]:
    """One slice for each Service with a selector, holding the running pods that it selects."""
    by_label: dict[tuple[str, str, str], list[Pod]] = defaultdict(list)
    for pod in pods:
        for label, value in pod.labels.items() if not pod.finished else ():
            by_label[pod.namespace, label, value].append(pod)
    slices = []
    for service in services:
        selector = service.spec.selector
        if not selector:
            continue
        label, value = next(iter(selector.items()))
        likely = by_label.get((service.namespace, label, value), [])
        chosen = [pod for pod in likely if selector.items() <= pod.labels.items()]
        slices.append(
            EndpointSlice(
                metadata=Metadata(
                    name=f"{service.name}-assumed",
                    namespace=service.namespace,
                    labels={"kubernetes.io/service-name": service.name},
                ),
                endpoints=tuple(_endpoint(pod) for pod in chosen),
                ports=tuple(
                    EndpointPort(name=port.name, port=target_port(port, chosen), protocol=port.protocol) for port in service.spec.ports
                ),
            )
        )
    return slices


def _endpoint(pod: Pod) -> Endpoint:
    addresses = (pod.status.pod_ip,) if pod.status.pod_ip else ()
    conditions = EndpointConditions(ready=None if pod.ready else False)
    return Endpoint(addresses=addresses, conditions=conditions, target_ref=TargetRef(kind="Pod", name=pod.name, namespace=pod.namespace))


def target_port(port: ServicePort, pods: list[Pod]) -> int | None:
    """The port on the pod that a Service's port leads to; None where a named port exists on no pod."""
    target = port.target_port if port.target_port is not None else port.port
    if isinstance(target, int):
        return target
    return next(
        (named.container_port for pod in pods for container in pod.spec.containers for named in container.ports if named.name == target),
        None,
    )
