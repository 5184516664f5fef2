"""The spec of a pod, in a Pod and in every template of one (ValidatePodSpec of k8s.io/kubernetes, v1.35)."""

from collections.abc import Mapping

from aichaos.check.admission import metadata, names
from aichaos.check.admission.claims import pod_claims, pod_resources
from aichaos.check.admission.containers import apparmor, containers, seccomp, user_and_group, windows
from aichaos.check.admission.quantities import resources
from aichaos.check.admission.spot import Problems, Spot, between, one_of
from aichaos.check.admission.systems import system
from aichaos.check.admission.volumes import volume_kinds, volumes

_DNS = ("ClusterFirstWithHostNet", "ClusterFirst", "Default", "None")
_EFFECTS = ("NoSchedule", "PreferNoSchedule", "NoExecute")


def template(spot: Spot, claims: Mapping[str, str] | None = None, *, named: bool = False) -> Problems:
    """A pod template; claims: volumes that its owner brings. named: whether the owner names its pods and their hosts."""
    meta = spot["metadata"]
    yield from metadata.labels(meta["labels"])
    yield from metadata.annotations(meta["annotations"])
    spec = spot["spec"]
    if named and isinstance(spec.value, dict):
        spec = Spot({key: value for key, value in spec.value.items() if key not in ("hostname", "subdomain")}, spec.path)
    yield from pod_spec(spec, claims)
    if spot["spec"]["ephemeralContainers"].each():
        yield spot["spec"]["ephemeralContainers"].forbidden("ephemeral containers are added to a running pod")


def pod_spec(spec: Spot, claims: Mapping[str, str] | None = None) -> Problems:
    yield from volumes(spec)
    yield from containers(spec, {**volume_kinds(spec), **(claims or {})})
    yield from one_of(spec["restartPolicy"], ("Always", "OnFailure", "Never"))
    yield from metadata.labels(spec["nodeSelector"])
    yield from _dns(spec)
    yield from _security(spec["securityContext"])
    yield from _affinity(spec["affinity"])
    yield from _spread(spec["topologySpreadConstraints"])
    yield from tolerations(spec["tolerations"])
    yield from _names(spec)
    yield from _host_name(spec)
    deadline = spec["activeDeadlineSeconds"]
    yield from between(deadline, 1, 2**31 - 1)
    for alias in spec["hostAliases"].each():
        if problem := names.address(alias["ip"].text):
            yield alias["ip"].invalid(problem)
        for host in alias["hostnames"].each():
            if problem := names.subdomain(host.text):
                yield host.invalid(problem)
    for gate in spec["readinessGates"].each():
        if problem := names.qualified(gate["conditionType"].text):
            yield gate["conditionType"].invalid(problem)
    taken: set[str] = set()
    for gate in spec["schedulingGates"].each():
        if gate["name"].text in taken:
            yield gate.duplicate(f"the gate {gate['name'].text}")
        taken.add(gate["name"].text)
        if problem := names.qualified(gate["name"].text):
            yield gate["name"].invalid(problem)
    yield from system(spec)
    yield from pod_claims(spec)
    yield from pod_resources(spec)
    yield from one_of(spec["preemptionPolicy"], ("Never", "PreemptLowerPriority"))
    yield from overhead(spec["overhead"])
    if spec["hostPID"].on and spec["shareProcessNamespace"].on:
        yield spec["shareProcessNamespace"].invalid("with hostPID there is no namespace to share")
    if spec["hostUsers"].value is False:
        for field in ("hostNetwork", "hostPID", "hostIPC"):
            if spec[field].on:
                yield spec[field].forbidden("hostUsers: false keeps the pod apart from the host")


def _names(spec: Spot) -> Problems:
    for field, naming in (
        ("serviceAccountName" if spec["serviceAccountName"].text else "serviceAccount", names.subdomain),
        ("nodeName", names.subdomain),
        ("hostname", names.label),
        ("subdomain", names.label),
        ("priorityClassName", names.subdomain),
        ("runtimeClassName", names.subdomain),
    ):
        if spec[field].text and (problem := naming(spec[field].text)):
            yield spec[field].invalid(problem)


def _host_name(spec: Spot) -> Problems:
    override = spec["hostnameOverride"]
    if not override:
        return
    if spec["setHostnameAsFQDN"].on:
        yield override.forbidden("setHostnameAsFQDN says otherwise")
    if spec["hostNetwork"].on:
        yield override.forbidden("a pod in the host's network has the host's name")
    if len(override.text) > 64:
        yield override.invalid("64 characters at most")
    if problem := names.subdomain(override.text):
        yield override.invalid(problem)


def _dns(spec: Spot) -> Problems:
    policy, config = spec["dnsPolicy"], spec["dnsConfig"]
    yield from one_of(policy, _DNS)
    servers, searches = config["nameservers"].each(), config["searches"].each()
    if policy.text == "None" and not servers:
        yield config["nameservers"].required("with dnsPolicy: None there is no other server")
    if len(servers) > 3:
        yield config["nameservers"].invalid("three servers at most")
    for server in servers:
        if problem := names.address(server.text):
            yield server.invalid(problem)
    if len(searches) > 32:
        yield config["searches"].invalid("32 domains at most")
    if sum(len(search.text) for search in searches) + max(len(searches) - 1, 0) > 2048:
        yield config["searches"].invalid("2048 characters at most, all together")
    for search in searches:
        if search.text != "." and (problem := names.underscored_subdomain(search.text.removesuffix("."))):
            yield search.invalid(problem)
    for option in config["options"].each():
        if not option["name"].text:
            yield option["name"].required()


def _security(context: Spot) -> Problems:
    yield from user_and_group(context)
    yield from seccomp(context["seccompProfile"])
    yield from apparmor(context["appArmorProfile"])
    yield from one_of(context["fsGroupChangePolicy"], ("OnRootMismatch", "Always"))
    yield from one_of(context["supplementalGroupsPolicy"], ("Merge", "Strict"))
    if context["seLinuxChangePolicy"] and context["seLinuxChangePolicy"].text != "Recursive":
        yield context["seLinuxChangePolicy"].unsupported(("Recursive",))
    yield from windows(context["windowsOptions"])
    for one in context["sysctls"].each():
        if not one["name"].text:
            yield one["name"].required()


def tolerations(spot: Spot) -> Problems:
    for one in spot.each():
        key, operator, value, effect, seconds = (one[field] for field in ("key", "operator", "value", "effect", "tolerationSeconds"))
        if key.text and (problem := names.qualified(key.text)):
            yield key.invalid(problem)
        if not key.text and operator.text != "Exists":
            yield operator.invalid("without a key it is Exists: every taint is tolerated")
        if seconds and effect.text != "NoExecute":
            yield effect.invalid("with tolerationSeconds it is NoExecute")
        if operator.text in ("", "Equal"):
            if problem := names.label_value(value.text):
                yield value.invalid(problem)
        elif operator.text == "Exists":
            if value.text:
                yield value.invalid("with Exists there is no value")
        else:
            yield operator.unsupported(("Equal", "Exists"))
        yield from one_of(effect, _EFFECTS)


def _affinity(affinity: Spot) -> Problems:
    node = affinity["nodeAffinity"]
    required = node["requiredDuringSchedulingIgnoredDuringExecution"]
    if required:
        yield from node_selector(required)
    for one in node["preferredDuringSchedulingIgnoredDuringExecution"].each():
        if not 1 <= one["weight"].number <= 100:
            yield one["weight"].invalid("it must be from 1 to 100")
        yield from _node_term(one["preference"])
    for kind in ("podAffinity", "podAntiAffinity"):
        for term in affinity[kind]["requiredDuringSchedulingIgnoredDuringExecution"].each():
            yield from _pod_term(term)
        for one in affinity[kind]["preferredDuringSchedulingIgnoredDuringExecution"].each():
            if not 1 <= one["weight"].number <= 100:
                yield one["weight"].invalid("it must be from 1 to 100")
            yield from _pod_term(one["podAffinityTerm"])


def node_selector(required: Spot) -> Problems:
    terms = required["nodeSelectorTerms"]
    if not terms.each():
        yield terms.required("one term at least")
    for term in terms.each():
        yield from _node_term(term)


def _node_term(term: Spot) -> Problems:
    for requirement in term["matchExpressions"].each():
        key, operator, values = requirement["key"], requirement["operator"], requirement["values"]
        match operator.text:
            case "In" | "NotIn":
                if not values.each():
                    yield values.required(f"{operator.text} needs values")
            case "Exists" | "DoesNotExist":
                if values.each():
                    yield values.forbidden(f"{operator.text} takes no values")
            case "Gt" | "Lt":
                if len(values.each()) != 1:
                    yield values.required(f"{operator.text} needs one value")
            case _:
                yield operator.invalid("it takes In, NotIn, Exists, DoesNotExist, Gt, Lt")
        if problem := names.qualified(key.text):
            yield key.invalid(problem)
        for value in values.each():
            if problem := names.label_value(value.text):
                yield value.invalid(problem)
    for requirement in term["matchFields"].each():
        if requirement["operator"].text not in ("In", "NotIn"):
            yield requirement["operator"].invalid("it takes In, NotIn")
        elif len(requirement["values"].each()) != 1:
            yield requirement["values"].required("one value")
        if requirement["key"].text != "metadata.name":
            yield requirement["key"].invalid("the one field is metadata.name")


def _pod_term(term: Spot) -> Problems:
    for field in ("labelSelector", "namespaceSelector"):
        yield from metadata.selector(term[field])
    for namespace in term["namespaces"].each():
        if problem := names.label(namespace.text):
            yield namespace.invalid(problem)
    for field in ("matchLabelKeys", "mismatchLabelKeys"):
        if term[field].each() and not term["labelSelector"]:
            yield term[field].forbidden("it goes with a labelSelector")
            continue
        for label in term[field].each():
            if problem := names.qualified(label.text):
                yield label.invalid(problem)
    for label in term["mismatchLabelKeys"].each():
        if label.text in term["matchLabelKeys"].texts():
            yield label.invalid("it stands in matchLabelKeys as well")
    key = term["topologyKey"]
    if not key.text:
        yield key.required("it may not be empty")
    elif problem := names.qualified(key.text):
        yield key.invalid(problem)


def _spread(constraints: Spot) -> Problems:
    taken = set()
    for one in constraints.each():
        skew, key, action, least = one["maxSkew"], one["topologyKey"], one["whenUnsatisfiable"], one["minDomains"]
        if skew.number <= 0:
            yield skew.invalid("it must be more than 0")
        if not key.text:
            yield key.required()
        yield from one_of(action, ("DoNotSchedule", "ScheduleAnyway"))
        if not action.text:
            yield action.unsupported(("DoNotSchedule", "ScheduleAnyway"))
        if (key.text, action.text) in taken:
            yield one.duplicate("this pair of topologyKey and whenUnsatisfiable")
        taken.add((key.text, action.text))
        if least and least.number <= 0:
            yield least.invalid("it must be more than 0")
        if least and action.text != "DoNotSchedule":
            yield least.invalid("it goes with whenUnsatisfiable: DoNotSchedule")
        for field in ("nodeAffinityPolicy", "nodeTaintsPolicy"):
            yield from one_of(one[field], ("Honor", "Ignore"))
        yield from metadata.selector(one["labelSelector"])
        if one["matchLabelKeys"].each() and not one["labelSelector"]:
            yield one["matchLabelKeys"].forbidden("it goes with a labelSelector")
        for label in one["matchLabelKeys"].each():
            if problem := names.qualified(label.text):
                yield label.invalid(problem)


def overhead(spot: Spot) -> Problems:
    """What a pod costs beside its containers: limits, as those of a container."""
    yield from resources(Spot(None, spot.path), spot)
