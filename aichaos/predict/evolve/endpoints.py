"""The endpoints of Services, after pods or Services have changed (the EndpointSlice controller)."""

from collections import defaultdict
from collections.abc import Iterator

from aichaos.domain.base import Metadata, ObjectRef, OwnerReference, reference
from aichaos.domain.network import Endpoint, EndpointConditions, EndpointPort, EndpointSlice, Service, TargetRef
from aichaos.domain.workloads import Pod
from aichaos.observe.assume import target_port
from aichaos.predict.evolve.draft import Draft

_MOST_IN_A_SLICE = 100


def settle_endpoints(draft: Draft) -> None:
    """Write the slices of every Service again that a change of pods or of itself concerns."""
    changed: dict[str, list[Pod]] = defaultdict(list)
    services: set[tuple[str, str]] = set()
    for change in draft.changes:
        for obj in change:
            if isinstance(obj, Pod):
                changed[obj.namespace].append(obj)
            if isinstance(obj, Service):
                services.add((obj.namespace, obj.name))
    for namespace, pods in changed.items():
        for service in draft.all(Service, namespace):
            if any(_selects(service, pod) for pod in pods):
                services.add((namespace, service.name))
    for namespace, name in sorted(services):
        old_slices = [one for one in draft.all(EndpointSlice, namespace) if one.service_name == name]
        found = draft.get(ObjectRef("Service", name, namespace))
        if isinstance(found, Service) and not found.spec.selector:
            continue  # its endpoints are somebody else's to write
        for one in old_slices:
            draft.drop(reference(one))
        if isinstance(found, Service):
            for one in _slices(draft, found, old_slices):
                draft.put(one)


def _selects(service: Service, pod: Pod) -> bool:
    return bool(service.spec.selector) and (service.spec.selector or {}).items() <= pod.labels.items()


def _runs(pod: Pod) -> bool:
    return not pod.finished and pod.status.phase != "Pending"


def _name(endpoint: Endpoint) -> str:
    """The pod that an endpoint is; its address where a slice does not name the pod."""
    return endpoint.target_ref.name if endpoint.target_ref else next(iter(endpoint.addresses), "")


def _slices(draft: Draft, service: Service, old: list[EndpointSlice]) -> Iterator[EndpointSlice]:
    """As few slices as hold all endpoints; pods on which a port's name means another number get a slice of their own."""
    pods = [pod for pod in draft.all(Pod, service.namespace) if _selects(service, pod) and _runs(pod)]
    known = {_name(endpoint): endpoint for one in old for endpoint in one.endpoints or ()}
    by_ports: dict[tuple[EndpointPort, ...], list[Endpoint]] = defaultdict(list)
    for pod in sorted(pods, key=lambda pod: pod.name):
        ports = tuple(
            EndpointPort(name=port.name, port=number, protocol=port.protocol)
            for port in service.spec.ports
            if (number := target_port(port, [pod])) is not None
        )
        by_ports[ports].append(_endpoint(pod, known.get(pod.name) or known.get(pod.status.pod_ip)))
    if not by_ports:
        by_ports[()] = []
    names = iter([*(one.name for one in old), *(f"{service.name}-new-{number}" for number in range(len(pods) + 1))])
    family = old[0].address_type if old else "IPv4"
    for ports, endpoints in by_ports.items():
        for start in range(0, max(len(endpoints), 1), _MOST_IN_A_SLICE):
            yield EndpointSlice(
                metadata=Metadata(
                    name=next(names),
                    namespace=service.namespace,
                    labels={"kubernetes.io/service-name": service.name},
                    owner_references=(OwnerReference(kind="Service", name=service.name, controller=True),),
                ),
                address_type=family,
                endpoints=tuple(endpoints[start : start + _MOST_IN_A_SLICE]),
                ports=ports,
            )


def _endpoint(pod: Pod, known: Endpoint | None) -> Endpoint:
    """The endpoint that a pod is, as it was known if it was; a pod about which nothing is said is taken to be ready."""
    ready = pod.ready or not pod.status.conditions
    if known is not None and known.ready == ready:
        return known
    return Endpoint(
        addresses=(pod.status.pod_ip,) if pod.status.pod_ip else (),
        conditions=EndpointConditions(ready=ready),
        target_ref=TargetRef(kind="Pod", name=pod.name, namespace=pod.namespace),
        node_name=pod.spec.node_name,
    )
