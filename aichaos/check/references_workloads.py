"""What workloads, Services, policies and autoscalers refer to: pods by label, accounts, configuration, each other."""

from collections.abc import Iterator
from typing import Any

from aichaos.check.spelling import there_are
from aichaos.check.subject import Subject
from aichaos.domain.access import ConfigMap
from aichaos.domain.base import ObjectRef
from aichaos.domain.finding import Finding
from aichaos.domain.network import NetworkPolicy, Service
from aichaos.domain.workloads import HorizontalPodAutoscaler, Pod, PodDisruptionBudget
from aichaos.files.plain import at, mapping, sequence, text


def service_references(this: Subject, service: Service) -> Iterator[Finding]:
    selector = service.spec.selector
    if not selector or service.spec.type == "ExternalName":
        return
    pods = this.world.topology.service_pods(service)
    if not pods:
        yield from this.takes_no_pod("the selector", selector, (this.namespace,), "/spec/selector", "warning")
        return
    for index, port in enumerate(service.spec.ports):
        if isinstance(port.target_port, str) and port.target_port not in (named := _port_names(pods)):
            message = f"no pod of this Service has a port called {port.target_port}; {there_are(named, port.target_port)}"
            yield this.note("reference/target-port", message, f"/spec/ports/{index}/targetPort")


def _port_names(pods: list[Pod]) -> set[str]:
    return {port.name for pod in pods for container in pod.spec.containers for port in container.ports if port.name}


def policy_references(this: Subject, policy: NetworkPolicy) -> Iterator[Finding]:
    selector = policy.spec.pod_selector
    if not this.world.topology.select(this.namespace, selector):
        yield from this.takes_no_pod("podSelector", selector.match_labels, (this.namespace,), "/spec/podSelector", "warning")


def budget_references(this: Subject, budget: PodDisruptionBudget) -> Iterator[Finding]:
    selector = budget.spec.selector
    if selector is None or not (selector.match_labels or selector.match_expressions):
        return
    if not this.world.topology.select(this.namespace, selector):
        yield from this.takes_no_pod("the selector", selector.match_labels, (this.namespace,), "/spec/selector", "warning")


def autoscaler_references(this: Subject, autoscaler: HorizontalPodAutoscaler) -> Iterator[Finding]:
    target = autoscaler.spec.scale_target_ref
    ref = ObjectRef(target.kind, target.name, this.namespace)
    yield from this.missing("reference/scale-target-not-found", ref, "/spec/scaleTargetRef/name")


# pods and what makes them -------------------------------------------------------------------------------------------------------

_POD_SPEC = {
    "Pod": ("spec",),
    "CronJob": ("spec", "jobTemplate", "spec", "template", "spec"),
}
_TEMPLATE = ("spec", "template", "spec")


def workload_references(this: Subject) -> Iterator[Finding]:
    keys = _POD_SPEC.get(this.ref.kind, _TEMPLATE)
    spec, path = mapping(at(this.document, *keys)), "/" + "/".join(keys)
    for field in ("serviceAccountName", "serviceAccount"):
        account = text(spec.get(field))
        if account:
            ref = ObjectRef("ServiceAccount", account, this.namespace)
            yield from this.missing("reference/service-account-not-found", ref, f"{path}/{field}")
            break
    for index, volume in enumerate(sequence(spec.get("volumes"))):
        yield from _config_map(this, at(volume, "configMap"), f"{path}/volumes/{index}/configMap")
        for number, source in enumerate(sequence(at(volume, "projected", "sources"))):
            yield from _config_map(this, at(source, "configMap"), f"{path}/volumes/{index}/projected/sources/{number}/configMap")
    for group in ("initContainers", "containers"):
        for index, container in enumerate(sequence(spec.get(group))):
            yield from _environment(this, mapping(container), f"{path}/{group}/{index}")


def _environment(this: Subject, container: dict[str, Any], path: str) -> Iterator[Finding]:
    for index, source in enumerate(sequence(container.get("envFrom"))):
        yield from _config_map(this, at(source, "configMapRef"), f"{path}/envFrom/{index}/configMapRef")
    for index, variable in enumerate(sequence(container.get("env"))):
        here = f"{path}/env/{index}/valueFrom/configMapKeyRef"
        reference = mapping(at(variable, "valueFrom", "configMapKeyRef"))
        yield from _config_map(this, reference, here)
        yield from _key(this, reference, here)


def _config_map(this: Subject, reference: Any, path: str) -> Iterator[Finding]:
    name = text(mapping(reference).get("name"))
    if name and mapping(reference).get("optional") is not True:
        yield from this.missing("reference/config-map-not-found", ObjectRef("ConfigMap", name, this.namespace), f"{path}/name")


def _key(this: Subject, reference: dict[str, Any], path: str) -> Iterator[Finding]:
    name, key = text(reference.get("name")), text(reference.get("key"))
    found = this.world.topology.objects.get(ObjectRef("ConfigMap", name, this.namespace))
    if isinstance(found, ConfigMap) and key and key not in found.keys and reference.get("optional") is not True:
        message = f"the ConfigMap {name} has no key {key}; {there_are(found.keys, key)}"
        yield this.note("reference/config-map-not-found", message, f"{path}/key")
