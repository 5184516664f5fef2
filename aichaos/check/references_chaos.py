"""What chaos objects refer to: pods, containers, ports, accounts, installed faults."""

from collections.abc import Generator, Iterator
from typing import Any
from urllib.parse import urlsplit

from aichaos.check.references_access import permission_findings
from aichaos.check.spelling import there_are
from aichaos.check.subject import Subject
from aichaos.domain.base import ObjectRef
from aichaos.domain.finding import Finding
from aichaos.domain.workloads import Pod
from aichaos.files.plain import at, mapping, sequence, text, texts
from aichaos.observe.faults import Fault, faults, litmus_faults
from aichaos.observe.targets import Selection, chaos_mesh, label_query, litmus, service_of_host


def chaos_mesh_references(this: Subject) -> Iterator[Finding]:
    for fault in faults(this.document):
        if not fault.takes_pods:
            continue
        if text(fault.spec.get("remoteCluster")):
            message = "the fault is meant for another cluster, whose pods are not read"
            yield this.note("reference/selector-not-resolved", message, f"{fault.path}/remoteCluster")
            continue
        selection = yield from _selector(this, fault.spec.get("selector"), f"{fault.path}/selector")
        if selection.pods:
            yield from _containers(this, fault, selection.pods)
            yield from _http_port(this, fault, selection.pods)
        target = fault.spec.get("target")
        if fault.kind == "NetworkChaos" and isinstance(target, dict):
            yield from _selector(this, target.get("selector"), f"{fault.path}/target/selector")


def _selector(this: Subject, selector: Any, path: str) -> Generator[Finding, None, Selection]:
    selection = chaos_mesh(this.world.topology, selector, this.namespace)
    if selection.everything and any(mapping(selector).values()):
        return selection  # its parts have names that Chaos Mesh does not know, which is said elsewhere
    if selection.everything:
        pods = f": {len(selection.pods)} pods" if this.world.cluster is not None else ""
        message = f"an empty selector takes every pod of {this.namespace}{pods}; use labelSelectors, or name the namespace if it is meant"
        yield this.note("chaos-mesh/selects-whole-namespace", message, path)
    yield from _namespaces(this, selection.namespaces, f"{path}/{'pods' if mapping(mapping(selector).get('pods')) else 'namespaces'}")
    for part in selection.unresolved:
        yield this.note("reference/selector-not-resolved", f"{part} can't be resolved from what was read: fewer pods may be taken", path)
    for name in selection.missing:
        namespace, _, pod = name.partition("/")
        yield from this.missing("reference/pod-not-found", ObjectRef("Pod", pod, namespace), f"{path}/pods")
    alone = this.world.cluster is None
    if not selection.pods and not selection.missing and (alone or any(one in this.world.namespaces for one in selection.namespaces)):
        yield from this.takes_no_pod("the selector", selection.labels, selection.namespaces, path, "error")
    return selection


def _namespaces(this: Subject, namespaces: tuple[str, ...], path: str) -> Iterator[Finding]:
    world = this.world
    for namespace in namespaces:
        if world.cluster is None or namespace in world.namespaces or namespace == this.namespace:
            continue
        if world.why_unread("Namespace", namespace):
            yield this.unread("reference/namespace-not-found", f"whether the namespace {namespace} exists", "Namespace", namespace, path)
        else:
            known = there_are(world.namespaces, namespace)
            yield this.note("reference/namespace-not-found", f"no namespace {namespace}; {known}", path)


def _containers(this: Subject, fault: Fault, pods: list[Pod]) -> Iterator[Finding]:
    for index, name in enumerate(texts(fault.spec.get("containerNames"))):
        having = sum(any(container.name == name for container in pod.spec.containers) for pod in pods)
        if having == len(pods):
            continue
        known = there_are((container.name for pod in pods for container in pod.spec.containers), name)
        path = f"{fault.path}/containerNames/{index}"
        if having:
            message = f"only {having} of {len(pods)} selected pods have a container {name}; {known}"
            yield this.note("reference/container-not-found", message, path, "warning")
        else:
            yield this.note("reference/container-not-found", f"none of the {len(pods)} selected pods has a container {name}; {known}", path)


def _http_port(this: Subject, fault: Fault, pods: list[Pod]) -> Iterator[Finding]:
    """HTTPChaos works inside the pod: its port is the one that the container listens on, not the Service's."""
    port = fault.spec.get("port")
    if fault.kind != "HTTPChaos" or not isinstance(port, int) or isinstance(port, bool):
        return
    topology = this.world.topology
    declared = {one.container_port for pod in pods for container in pod.spec.containers for one in container.ports}
    services = topology.services_of_pods(pods)
    ports = [one for service in services for one in service.spec.ports]
    led_to = {one.port if one.target_port is None else one.target_port for one in ports}
    listened = declared | {target for target in led_to if isinstance(target, int)}
    if port in listened:
        return
    path, known = f"{fault.path}/port", there_are(map(str, sorted(listened)))
    if any(one.port == port for one in ports):
        message = f"{port} is the Service's port; HTTPChaos takes the port that the pods listen on; {known}"
        yield this.note("reference/port-not-listened", message, path)
    elif listened:
        message = f"no selected pod declares port {port}, and no Service leads to it; {known}"
        yield this.note("reference/port-not-listened", message, path, "warning")


# Litmus -------------------------------------------------------------------------------------------------------------------------


def engine_references(this: Subject) -> Iterator[Finding]:
    """References of a ChaosEngine; nothing for any other object."""
    found = list(litmus_faults(this.document))
    if this.ref.kind != "ChaosEngine" or not text(this.document.get("apiVersion")).startswith("litmuschaos.io/"):
        return
    yield from _appinfo(this)
    yield from _account(this)
    yield from _probe_urls(this)
    for fault in found:
        if not fault.name:
            continue
        ref = ObjectRef("ChaosExperiment", fault.name, this.namespace)
        elsewhere = [other.namespace for other in this.world.topology.snapshot.chaos_experiments if other.name == fault.name]
        if not this.world.exists(ref) and elsewhere and this.world.sight("ChaosExperiment", this.namespace) == "known":
            message = f"the fault {fault.name} is installed in {', '.join(elsewhere)}, not in the engine's namespace {this.namespace}"
            yield this.note("reference/fault-not-installed", message, f"{fault.path}/name")
        else:
            yield from this.missing("reference/fault-not-installed", ref, f"{fault.path}/name")


def _probe_urls(this: Subject) -> Iterator[Finding]:
    """The Services and ports that the engine's HTTP probes ask."""
    for index, experiment in enumerate(sequence(at(this.document, "spec", "experiments"))):
        for number, probe in enumerate(sequence(at(experiment, "spec", "probe"))):
            url, path = text(at(probe, "httpProbe/inputs", "url")), f"/spec/experiments/{index}/spec/probe/{number}/httpProbe~1inputs/url"
            try:
                parts = urlsplit(url)
                key, port = service_of_host(parts.hostname or "", this.namespace), parts.port or (443 if parts.scheme == "https" else 80)
            except ValueError:
                continue
            if this.world.cluster is None or key is None or not parts.hostname:
                continue
            service = this.world.topology.services.get(key)
            if service is None:
                yield from this.missing("reference/probe-url", ObjectRef("Service", key[1], key[0]), path)
            elif service.spec.ports and port not in (ports := sorted(one.port for one in service.spec.ports)):
                message = f"the Service {key[1]} has no port {port}; {there_are(map(str, ports))}"
                yield this.note("reference/probe-url", message, path)


def _appinfo(this: Subject) -> Iterator[Finding]:
    appinfo, path = mapping(at(this.document, "spec", "appinfo")), "/spec/appinfo"
    if at(this.document, "spec", "selectors") is not None:
        message = "spec.selectors was not resolved; its pods are not counted: use appinfo to have them checked"
        yield this.note("reference/selector-not-resolved", message, "/spec/selectors")
        return
    selection = litmus(this.world.topology, appinfo, this.namespace)
    if selection is None:
        query = text(appinfo.get("applabel"))
        if query and label_query(query) is None:
            message = "applabel is no label selector; write it as app=shop"
            yield this.note("reference/selector-not-resolved", message, f"{path}/applabel", "error")
        return
    yield from _namespaces(this, selection.namespaces, f"{path}/appns")
    if not selection.pods and (this.world.cluster is None or selection.namespaces[0] in this.world.namespaces):
        yield from _no_target(this, appinfo, selection)


def _no_target(this: Subject, appinfo: dict[str, Any], selection: Selection) -> Iterator[Finding]:
    """The label takes pods, but of another kind of workload; or it takes none at all."""
    kind = text(appinfo.get("appkind"))
    of_any_kind = litmus(this.world.topology, {**appinfo, "appkind": ""}, this.namespace)
    if this.world.cluster is not None and of_any_kind is not None and of_any_kind.pods:
        owners = {type(owner).__name__.lower() for pod in of_any_kind.pods if (owner := this.world.topology.workload_of(pod))}
        message = f"applabel takes {len(of_any_kind.pods)} pods, and none of them is of a {kind}; {there_are(owners)}"
        yield this.note("reference/selector-hits-nothing", message, "/spec/appinfo/appkind")
    else:
        yield from this.takes_no_pod("applabel", selection.labels, selection.namespaces, "/spec/appinfo/applabel", "error")


def _account(this: Subject) -> Iterator[Finding]:
    account, path = text(at(this.document, "spec", "chaosServiceAccount")), "/spec/chaosServiceAccount"
    if account:
        ref = ObjectRef("ServiceAccount", account, this.namespace)
        yield from this.missing("reference/service-account-not-found", ref, path)
        if this.world.cluster is not None and this.world.exists(ref):
            yield from permission_findings(this, ref, path)
    else:
        accounts = [name for name in this.world.names("ServiceAccount", this.namespace) if name != "default"]
        instead = f"; {there_are(accounts)} in {this.namespace}" if this.world.cluster is not None else ""
        yield this.note("reference/service-account-not-found", f"no chaosServiceAccount: the fault has nobody to run as{instead}", path)
