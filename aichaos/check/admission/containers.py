"""Containers of a pod: names, images, ports, environment, mounts, probes (ValidatePodSpec of k8s.io/kubernetes, v1.35)."""

from collections.abc import Mapping

from aichaos.check.admission import names
from aichaos.check.admission.claims import claims_of, used_claims
from aichaos.check.admission.environment import environment
from aichaos.check.admission.probes import lifecycle, probe
from aichaos.check.admission.quantities import resources
from aichaos.check.admission.spot import Problems, Spot, between, one_of

PROTOCOLS = ("TCP", "UDP", "SCTP")

_RECURSIVE = ("Disabled", "Enabled", "IfPossible")
_RESTARTS = ("Always", "Never", "OnFailure")
_PROBES = ("livenessProbe", "readinessProbe", "startupProbe")


def containers(spec: Spot, volumes: Mapping[str, str]) -> Problems:
    """All containers of a pod; volumes: the pod's, and the claims that a StatefulSet makes, by name with their kind."""
    regular = spec["containers"]
    if not regular.each():
        yield regular.required("a pod has one container at least")
    taken: set[str] = set()
    grace = spec["terminationGracePeriodSeconds"].number if spec["terminationGracePeriodSeconds"] else 30
    for container in regular.each():
        yield from own_name(container, "container", taken)
        yield from _container(container, volumes, spec)
        yield from lifecycle(container["lifecycle"], grace)
        for field in _PROBES:
            yield from probe(container[field], once=field != "readinessProbe")
        yield from _restarts(container)
    yield from _host_ports(regular.each())
    for container in spec["initContainers"].each():
        yield from own_name(container, "container", taken)
        yield from _container(container, volumes, spec)
        yield from _initial(container, grace)
        yield from _host_ports([container])


def _initial(container: Spot, grace: int) -> Problems:
    """What is special about init containers: only one that goes on running may be probed."""
    always = container["restartPolicy"].text == "Always"
    yield from _restarts(container)
    if always and container["restartPolicyRules"].each():
        yield container["restartPolicyRules"].forbidden("a sidecar is always restarted")
    if always:
        yield from lifecycle(container["lifecycle"], grace)
        for field in _PROBES:
            yield from probe(container[field], once=field != "readinessProbe")
        return
    for field in ("lifecycle", *_PROBES):
        if container[field]:
            yield container[field].forbidden("an init container ends before it could be asked; restartPolicy: Always makes it a sidecar")


def _restarts(container: Spot) -> Problems:
    policy, rules = container["restartPolicy"], container["restartPolicyRules"]
    if policy and policy.text not in _RESTARTS:
        yield policy.unsupported(_RESTARTS)
    if rules.each() and not policy:
        yield policy.required("restartPolicyRules need it")
    if len(rules.each()) > 20:
        yield rules.invalid("20 rules at most")
    for rule in rules.each():
        if rule["action"].text != "Restart":
            yield rule["action"].unsupported(("Restart",))
        codes = rule["exitCodes"]
        if not codes:
            yield codes.required()
            continue
        yield from one_of(codes["operator"], ("In", "NotIn"), required=True)
        if len(codes["values"].each()) > 255:
            yield codes["values"].invalid("255 values at most")


def _container(container: Spot, volumes: Mapping[str, str], pod: Spot) -> Problems:
    if not container["image"].text:
        yield container["image"].required("every container has one")
    yield from one_of(container["terminationMessagePolicy"], ("File", "FallbackToLogsOnError"))
    yield from one_of(container["imagePullPolicy"], ("Always", "IfNotPresent", "Never"))
    yield from _ports(container["ports"], host_network=pod["hostNetwork"].on)
    yield from environment(container)
    yield from _mounts(container, volumes)
    yield from resources(container["resources"])
    yield from used_claims(container["resources"]["claims"], claims_of(pod))
    yield from _resizes(container["resizePolicy"], never=pod["restartPolicy"].text == "Never")
    yield from _security(container["securityContext"], users=pod["hostUsers"].value is not False)


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
        if recursive and recursive.text not in _RECURSIVE:  # the empty text is none of them
            yield recursive.unsupported(_RECURSIVE)
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


def own_name(item: Spot, what: str, taken: set[str]) -> Problems:
    """The name of one of several things of a pod: there, a DNS label, and no other's. taken: those of the others, to which it is added."""
    name = item["name"]
    if not name.text:
        yield name.required(f"every {what} has one")
    elif problem := names.label(name.text):
        yield name.invalid(problem)
    elif name.text in taken:
        yield name.duplicate(f"the {what} {name.text}")
    taken.add(name.text)


def inside(path: Spot) -> Problems:
    """A path below something, which it may not leave."""
    if path.text.startswith("/"):
        yield path.invalid("it is a path below the volume, without a / at its start")
    if ".." in path.text.split("/"):
        yield path.invalid("it may not hold ..")


def _resizes(policies: Spot, *, never: bool) -> Problems:
    taken = set()
    for policy in policies.each():
        resource = policy["resourceName"]
        yield from one_of(resource, ("cpu", "memory"), required=True)
        if resource.text in taken:
            yield resource.duplicate(f"the resource {resource.text}")
        taken.add(resource.text)
        yield from one_of(policy["restartPolicy"], ("NotRequired", "RestartContainer"), required=True)
        if never and policy["restartPolicy"].text != "NotRequired":
            yield policy["restartPolicy"].invalid("in a pod that is never restarted it is NotRequired")


def _security(context: Spot, *, users: bool) -> Problems:
    yield from user_and_group(context)
    yield from seccomp(context["seccompProfile"])
    yield from apparmor(context["appArmorProfile"])
    yield from one_of(context["procMount"], ("Default", "Unmasked"))
    if context["procMount"].text == "Unmasked" and users:
        yield context["procMount"].invalid("it needs hostUsers: false")
    yield from windows(context["windowsOptions"])
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


def windows(options: Spot) -> Problems:
    name, spec, user = options["gmsaCredentialSpecName"], options["gmsaCredentialSpec"], options["runAsUserName"]
    if name and (problem := names.subdomain(name.text)):
        yield name.invalid(problem)
    if spec and not spec.text:
        yield spec.invalid("it may not be empty")
    if user:
        domain, _, account = user.text.rpartition("\\")
        if not account.strip(". ") or len(account) > 104 or "\\" in domain or any(sign in account for sign in '/\\:;|=,+*?<>@[]"'):
            yield user.invalid("it must be a user, or a domain and a user as in DOMAIN\\user")
