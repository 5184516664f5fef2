"""Containers of a pod: names, images, ports, environment, mounts, probes (ValidatePodSpec of k8s.io/kubernetes, v1.35)."""

import re
from collections.abc import Mapping

from aichaos.check.admission import names
from aichaos.check.admission.quantities import amount, resources
from aichaos.check.admission.spot import Problems, Spot, between, not_negative, one_of

PROTOCOLS = ("TCP", "UDP", "SCTP")

_POD_FIELDS = frozenset(
    {"metadata.name", "metadata.namespace", "metadata.uid", "spec.nodeName", "spec.serviceAccountName"}
    | {"status.hostIP", "status.hostIPs", "status.podIP", "status.podIPs"}
)
_SUBSCRIPT = re.compile(r"(metadata\.(?:labels|annotations))\['(.*)'\]")
_RESOURCE_FIELDS = ("cpu", "memory", "ephemeral-storage")
_DIVISORS = {
    "cpu": {"1m", "1"},
    "memory": {"1", "1k", "1M", "1G", "1T", "1P", "1E", "1Ki", "1Mi", "1Gi", "1Ti", "1Pi", "1Ei"},
}
_HANDLERS = ("exec", "httpGet", "tcpSocket", "grpc", "sleep")
_PROBES = ("livenessProbe", "readinessProbe", "startupProbe")


def containers(spec: Spot, volumes: Mapping[str, str]) -> Problems:
    """All containers of a pod; volumes: the pod's, and the claims that a StatefulSet makes, by name with their kind."""
    regular = spec["containers"]
    if not regular.each():
        yield regular.required("a pod has one container at least")
    taken: set[str] = set()
    for container in regular.each():
        yield from _name(container, taken)
        yield from _container(container, volumes, spec)
        yield from _lifecycle(container["lifecycle"])
        for field in _PROBES:
            yield from _probe(container[field], once=field != "readinessProbe")
        if container["restartPolicy"].text:
            yield from one_of(container["restartPolicy"], ("Always", "Never", "OnFailure"))
    yield from _host_ports(regular.each())
    for container in spec["initContainers"].each():
        yield from _name(container, taken)
        yield from _container(container, volumes, spec)
        yield from _initial(container)
        yield from _host_ports([container])


def _name(container: Spot, taken: set[str]) -> Problems:
    name = container["name"]
    if not name.text:
        yield name.required("every container has one")
    elif problem := names.label(name.text):
        yield name.invalid(problem)
    elif name.text in taken:
        yield name.duplicate(f"the container {name.text}")
    taken.add(name.text)


def _initial(container: Spot) -> Problems:
    """What is special about init containers: only one that goes on running may be probed."""
    policy = container["restartPolicy"]
    if policy.text:
        yield from one_of(policy, ("Always", "Never", "OnFailure"))
    if policy.text == "Always":
        yield from _lifecycle(container["lifecycle"])
        for field in _PROBES:
            yield from _probe(container[field], once=field != "readinessProbe")
        return
    for field in ("lifecycle", *_PROBES):
        if container[field]:
            yield container[field].forbidden("an init container ends before it could be asked; restartPolicy: Always makes it a sidecar")


def _container(container: Spot, volumes: Mapping[str, str], pod: Spot) -> Problems:
    if not container["image"].text:
        yield container["image"].required("every container has one")
    yield from one_of(container["terminationMessagePolicy"], ("File", "FallbackToLogsOnError"))
    yield from one_of(container["imagePullPolicy"], ("Always", "IfNotPresent", "Never"))
    yield from _ports(container["ports"], host_network=pod["hostNetwork"].on)
    yield from environment(container)
    yield from _mounts(container, volumes)
    yield from resources(container["resources"])
    yield from _resizes(container["resizePolicy"])
    yield from _security(container["securityContext"])


def _ports(ports: Spot, *, host_network: bool) -> Problems:
    taken: set[str] = set()
    for port in ports.each():
        name, number, host, protocol = port["name"], port["containerPort"], port["hostPort"], port["protocol"]
        if name.text:
            if problem := names.port_name(name.text):
                yield name.invalid(problem)
            elif name.text in taken:
                yield name.duplicate(f"the port {name.text}")
            taken.add(name.text)
        if number.number == 0:
            yield number.required("a number from 1 to 65535")
        elif problem := names.port_number(number.number):
            yield number.invalid(problem)
        if host.number and (problem := names.port_number(host.number)):
            yield host.invalid(problem)
        if host_network and host.number and host.number != number.number:
            yield host.invalid(f"with hostNetwork it is the containerPort, {number.number}")
        yield from one_of(protocol, PROTOCOLS)


def _host_ports(of: list[Spot]) -> Problems:
    taken = set()
    for container in of:
        for port in container["ports"].each():
            if not port["hostPort"].number:
                continue
            mark = (port["protocol"].text or "TCP", port["hostIP"].text, port["hostPort"].number)
            if mark in taken:
                yield port["hostPort"].duplicate(f"the port {mark[2]} of the node")
            taken.add(mark)


# environment --------------------------------------------------------------------------------------------------------------------


def environment(container: Spot) -> Problems:
    for variable in container["env"].each():
        name = variable["name"]
        if not name.text:
            yield name.required("every variable has one")
        elif problem := names.environment_name(name.text):
            yield name.invalid(problem)
        yield from _value_from(variable)
    for source in container["envFrom"].each():
        if (prefix := source["prefix"]).text and (problem := names.environment_name(prefix.text)):
            yield prefix.invalid(problem)
        given = [source[field] for field in ("configMapRef", "secretRef") if source[field]]
        if not given:
            yield source.invalid("it takes one of configMapRef, secretRef")
        for one in given[1:]:
            yield one.forbidden("one source at a time")
        for one in given[:1]:
            yield from named(one["name"])


def named(name: Spot) -> Problems:
    """The name of a ConfigMap, Secret or claim that is used here."""
    if not name.text:
        yield name.required()
    elif problem := names.subdomain(name.text):
        yield name.invalid(problem)


def _value_from(variable: Spot) -> Problems:
    source = variable["valueFrom"]
    if not source:
        return
    given = [source[field] for field in ("fieldRef", "resourceFieldRef", "configMapKeyRef", "secretKeyRef", "fileKeyRef") if source[field]]
    if not given:
        yield source.invalid("it takes one of fieldRef, resourceFieldRef, configMapKeyRef, secretKeyRef")
    if len(given) > 1:
        yield source.invalid("it takes one source, not several")
    if variable["value"].text and given:
        yield source.invalid("a variable has a value or a valueFrom, not both")
    yield from field_reference(source["fieldRef"], _POD_FIELDS)
    yield from resource_reference(source["resourceFieldRef"], volume=False)
    for field in ("configMapKeyRef", "secretKeyRef"):
        if reference := source[field]:
            if not reference["name"].text:
                yield reference["name"].required()
            if not reference["key"].text:
                yield reference["key"].required()
            elif problem := names.config_key(reference["key"].text):
                yield reference["key"].invalid(problem)


def field_reference(reference: Spot, allowed: frozenset[str]) -> Problems:
    """The field of a pod that a variable or a file shows."""
    if not reference:
        return
    path, version = reference["fieldPath"], reference["apiVersion"]
    if version.text and version.text != "v1":
        yield path.invalid("fields are those of apiVersion v1")
    if not path.text:
        yield path.required()
    elif found := _SUBSCRIPT.fullmatch(path.text):
        if problem := names.qualified(found[2].lower() if "annotations" in found[1] else found[2]):
            yield path.invalid(problem)
    elif path.text not in allowed:
        yield path.unsupported({*allowed, "metadata.labels['key']", "metadata.annotations['key']"})


def resource_reference(reference: Spot, *, volume: bool) -> Problems:
    if not reference:
        return
    if volume and not reference["containerName"].text:
        yield reference["containerName"].required()
    resource = reference["resource"]
    if not resource.text:
        yield resource.required()
        return
    side, _, what = resource.text.partition(".")
    if side not in ("limits", "requests") or (what not in _RESOURCE_FIELDS and not what.startswith("hugepages-")):
        yield resource.unsupported({f"{side}.{what}" for side in ("limits", "requests") for what in _RESOURCE_FIELDS})
        return
    divisor = reference["divisor"]
    much = amount(divisor)
    units = _DIVISORS.get(what, _DIVISORS["memory"])
    if much and much not in {amount(Spot(unit)) for unit in units}:
        yield divisor.invalid(f"it takes {', '.join(sorted(units))}")


# mounts -------------------------------------------------------------------------------------------------------------------------


def _mounts(container: Spot, volumes: Mapping[str, str]) -> Problems:
    devices = container["volumeDevices"].each()
    device_names, device_paths = {each["name"].text for each in devices}, {each["devicePath"].text for each in devices}
    taken: set[str] = set()
    for mount in container["volumeMounts"].each():
        name, path = mount["name"], mount["mountPath"]
        if not name.text:
            yield name.required()
        elif name.text not in volumes:
            yield name.invalid("the pod has no volume of that name")
        if not path.text:
            yield path.required()
        elif path.text in taken:
            yield path.invalid("another volume is mounted there")
        taken.add(path.text)
        if name.text in device_names or path.text in device_paths:
            yield name.invalid("it is a volume device already")
        for field in ("subPath", "subPathExpr"):
            yield from inside(mount[field])
        if mount["subPath"].text and mount["subPathExpr"].text:
            yield mount["subPathExpr"].invalid("subPath and subPathExpr exclude each other")
        propagation = mount["mountPropagation"]
        yield from one_of(propagation, ("None", "HostToContainer", "Bidirectional"))
        if propagation and not propagation.text:
            yield propagation.unsupported(("None", "HostToContainer", "Bidirectional"))
        if propagation.text == "Bidirectional" and not container["securityContext"]["privileged"].on:
            yield propagation.forbidden("Bidirectional is for privileged containers")
        recursive = mount["recursiveReadOnly"]
        yield from one_of(recursive, ("Disabled", "Enabled", "IfPossible"))
        if recursive.text in ("Enabled", "IfPossible") and not mount["readOnly"].on:
            yield recursive.forbidden("it needs readOnly: true")
    for device in devices:
        if not device["name"].text:
            yield device["name"].required()
        elif device["name"].text not in volumes:
            yield device["name"].invalid("the pod has no volume of that name")
        elif volumes[device["name"].text] not in ("persistentVolumeClaim", "ephemeral"):
            yield device["name"].invalid("a device is a volume from a claim")
        if not device["devicePath"].text:
            yield device["devicePath"].required()


def inside(path: Spot) -> Problems:
    """A path below something, which it may not leave."""
    if path.text.startswith("/"):
        yield path.invalid("it is a path below the volume, without a / at its start")
    if ".." in path.text.split("/"):
        yield path.invalid("it may not hold ..")


# probes -------------------------------------------------------------------------------------------------------------------------


def _probe(probe: Spot, *, once: bool) -> Problems:
    if not probe:
        return
    yield from _handler(probe)
    for field in ("initialDelaySeconds", "timeoutSeconds", "periodSeconds", "successThreshold", "failureThreshold"):
        yield from not_negative(probe[field])
    grace = probe["terminationGracePeriodSeconds"]
    if grace and grace.number <= 0:
        yield grace.invalid("it must be more than 0")
    if not once and grace:
        yield grace.invalid("a readiness probe ends nothing")
    if once and probe["successThreshold"].number > 1:
        yield probe["successThreshold"].invalid("it is 1 for liveness and startup probes")


def _handler(of: Spot) -> Problems:
    given = [of[field] for field in _HANDLERS if of[field]]
    if not given:
        yield (
            of.required("it takes one of exec, httpGet, tcpSocket, grpc")
            if of.name.endswith("Probe")
            else of.required("it takes one of exec, httpGet, sleep")
        )
    for one in given[1:]:
        yield one.forbidden("one way of asking at a time")
    if not given:
        return
    match given[0].name:
        case "exec" if not given[0]["command"].each():
            yield given[0]["command"].required()
        case "httpGet":
            yield from _get(given[0])
        case "tcpSocket":
            yield from number_or_name(given[0]["port"])
        case "grpc":
            if problem := names.port_number(given[0]["port"].number):
                yield given[0]["port"].invalid(problem)


def _get(get: Spot) -> Problems:
    yield from number_or_name(get["port"])
    yield from one_of(get["scheme"], ("HTTP", "HTTPS"))
    for one in get["httpHeaders"].each():
        if problem := names.header(one["name"].text):
            yield one["name"].invalid(problem)


def number_or_name(port: Spot) -> Problems:
    """A port of the container, by number or by name."""
    problem = names.port_name(port.value) if isinstance(port.value, str) else names.port_number(port.number)
    if problem:
        yield port.invalid(problem)


def _lifecycle(lifecycle: Spot) -> Problems:
    for field in ("postStart", "preStop"):
        if lifecycle[field]:
            yield from _handler(lifecycle[field])


def _resizes(policies: Spot) -> Problems:
    taken = set()
    for policy in policies.each():
        resource = policy["resourceName"]
        yield from one_of(resource, ("cpu", "memory"), required=True)
        if resource.text in taken:
            yield resource.duplicate(f"the resource {resource.text}")
        taken.add(resource.text)
        yield from one_of(policy["restartPolicy"], ("NotRequired", "RestartContainer"), required=True)


def _security(context: Spot) -> Problems:
    yield from user_and_group(context)
    yield from seccomp(context["seccompProfile"])
    yield from apparmor(context["appArmorProfile"])
    yield from one_of(context["procMount"], ("Default", "Unmasked"))
    escalation = context["allowPrivilegeEscalation"]
    if escalation.value is False:
        if context["privileged"].on:
            yield context.invalid("a privileged container has it: allowPrivilegeEscalation can't be false")
        if "CAP_SYS_ADMIN" in context["capabilities"]["add"].texts():
            yield context.invalid("CAP_SYS_ADMIN has it: allowPrivilegeEscalation can't be false")


def user_and_group(context: Spot) -> Problems:
    for field in ("runAsUser", "runAsGroup", "fsGroup"):
        if context[field]:
            yield from between(context[field], 0, 2**31 - 1)
    for group in context["supplementalGroups"].each():
        yield from between(group, 0, 2**31 - 1)


def seccomp(profile: Spot) -> Problems:
    if not profile:
        return
    kind, local = profile["type"], profile["localhostProfile"]
    yield from one_of(kind, ("Localhost", "RuntimeDefault", "Unconfined"), required=True)
    if kind.text == "Localhost":
        if not local.text:
            yield local.required("it names the profile")
        else:
            yield from inside(local)
    elif local:
        yield local.invalid("it goes with type: Localhost alone")


def apparmor(profile: Spot) -> Problems:
    if not profile:
        return
    kind, local = profile["type"], profile["localhostProfile"]
    yield from one_of(kind, ("Localhost", "RuntimeDefault", "Unconfined"), required=True)
    if kind.text == "Localhost" and not local.text.strip():
        yield local.required("it names the profile")
    elif kind.text != "Localhost" and local:
        yield local.invalid("it goes with type: Localhost alone")
