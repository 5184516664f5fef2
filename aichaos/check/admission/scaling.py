"""HorizontalPodAutoscalers, PodDisruptionBudgets, PriorityClasses (k8s.io/kubernetes, pkg/apis, v1.35)."""

from aichaos.check.admission import names
from aichaos.check.admission.metadata import selector
from aichaos.check.admission.quantities import amount, resource_name
from aichaos.check.admission.spot import Problems, Spot, one_of
from aichaos.check.admission.workloads import share

_SOURCES = {"Object": "object", "Pods": "pods", "Resource": "resource", "External": "external", "ContainerResource": "containerResource"}
_TARGETS = ("Utilization", "Value", "AverageValue")
_HIGHEST = 1_000_000_000
_SYSTEM = {"system-node-critical": 2_000_001_000, "system-cluster-critical": 2_000_000_000}


def autoscaler(document: Spot) -> Problems:
    spec = document["spec"]
    least, most = spec["minReplicas"], spec["maxReplicas"]
    if least and least.number < 1:
        yield least.invalid("it must be 1 or more")
    if most.number < 1:
        yield most.invalid("it must be more than 0") if most else most.required("it must be more than 0")
    if least and most.number < least.number:
        yield most.invalid(f"it must be minReplicas, {least.number}, or more")
    yield from _object(spec["scaleTargetRef"], grouped=True)
    usage = spec["targetCPUUtilizationPercentage"]
    if usage and usage.number < 1:
        yield usage.invalid("it must be more than 0")
    for metric in spec["metrics"].each():
        yield from _metric(metric)
    for direction in ("scaleUp", "scaleDown"):
        if spec["behavior"][direction]:
            yield from _scaling(spec["behavior"][direction])


def _object(reference: Spot, *, grouped: bool) -> Problems:
    """grouped: whether its apiVersion has to name a group."""
    for field in ("kind", "name"):
        if not reference[field].text:
            yield reference[field].required()
        elif problem := names.path_segment(reference[field].text):
            yield reference[field].invalid(problem)
    version = reference["apiVersion"]
    if version.text.count("/") > 1:
        yield version.invalid("it is a group and a version, as in apps/v1")
    elif grouped and version.text.find("/") <= 0:
        yield version.invalid("it names the group, as in apps/v1")


def _metric(metric: Spot) -> Problems:
    kind = metric["type"]
    if kind.text not in _SOURCES:
        yield kind.unsupported(_SOURCES) if kind.text else kind.required(f"one of {', '.join(_SOURCES)}")
    wanted = _SOURCES.get(kind.text)
    given = [field for field in ("object", "external", "pods", "resource", "containerResource") if metric[field]]
    if wanted and not metric[wanted]:
        yield metric[wanted].required(f"it goes with type: {kind.text}")
    for extra in given if len(given) > 1 else []:
        if extra != wanted:
            yield metric[extra].forbidden("a metric has one source")
    for field in given[:1]:
        yield from _source(metric[field])


def _source(source: Spot) -> Problems:
    target = source["target"]
    yield from _target(target)
    value, average, usage = target["value"], target["averageValue"], target["averageUtilization"]
    if source.name in ("object", "external", "pods"):
        name = source["metric"]["name"]
        if not name.text:
            yield name.required()
        elif problem := names.path_segment(name.text):
            yield name.invalid(problem)
    match source.name:
        case "object":
            yield from _object(source["describedObject"], grouped=False)
            if not value and not average:
                yield average.required("it takes a value or an averageValue")
        case "external":
            if not value and not average:
                yield average.required("it takes a value or an averageValue")
            if value and average:
                yield value.forbidden("it takes a value or an averageValue, not both")
        case "pods":
            if not average:
                yield average.required("what each pod should have")
        case "resource" | "containerResource":
            if not source["name"].text:
                yield source["name"].required()
            elif source.name == "containerResource":
                if problem := resource_name(source["name"].text):
                    yield source["name"].invalid(problem)
                elif "/" not in source["name"].text and source["name"].text not in ("cpu", "memory", "ephemeral-storage"):
                    yield source["name"].invalid("it is nothing that a container has")
            if source.name == "containerResource":
                if not source["container"].text:
                    yield source["container"].required()
                elif problem := names.label(source["container"].text):
                    yield source["container"].invalid(problem)
            if not usage and not average:
                yield usage.required("it takes averageUtilization or averageValue")
            if usage and average:
                yield average.forbidden("it takes averageUtilization or averageValue, not both")


def _target(target: Spot) -> Problems:
    kind = target["type"]
    if kind.text not in _TARGETS:
        yield kind.unsupported(_TARGETS) if kind.text else kind.required(f"one of {', '.join(_TARGETS)}")
    for field in ("value", "averageValue"):
        much = amount(target[field])
        if much is not None and much <= 0:
            yield target[field].invalid("it must be more than 0")
    if target["averageUtilization"] and target["averageUtilization"].number < 1:
        yield target["averageUtilization"].invalid("it must be more than 0")


def _scaling(rules: Spot) -> Problems:
    window, policies, choice = rules["stabilizationWindowSeconds"], rules["policies"], rules["selectPolicy"]
    if window and not 0 <= window.number <= 3600:
        yield window.invalid("it must be from 0 to 3600")
    if choice and choice.text not in ("Max", "Min", "Disabled"):
        yield choice.unsupported(("Max", "Min", "Disabled"))
    if policies and not policies.each():
        yield policies.required("one policy at least")
    for policy in policies.each():
        kind = policy["type"]
        if kind.text not in ("Pods", "Percent"):
            yield kind.unsupported(("Pods", "Percent")) if kind.text else kind.required("Pods or Percent")
        if policy["value"].number <= 0:
            yield policy["value"].invalid("it must be more than 0")
        if not 0 < policy["periodSeconds"].number <= 1800:
            yield policy["periodSeconds"].invalid("it must be from 1 to 1800")
    tolerance = amount(rules["tolerance"])
    if tolerance is not None and tolerance < 0:
        yield rules["tolerance"].invalid("it must be 0 or more")


def disruption_budget(document: Spot) -> Problems:
    spec = document["spec"]
    least, most = spec["minAvailable"], spec["maxUnavailable"]
    if least and most:
        yield most.invalid("it takes minAvailable or maxUnavailable, not both")
    for one in (least, most):
        if one:
            yield from share(one)
    yield from selector(spec["selector"])
    policy = spec["unhealthyPodEvictionPolicy"]
    if policy and policy.text not in ("IfHealthyBudget", "AlwaysAllow"):
        yield policy.unsupported(("IfHealthyBudget", "AlwaysAllow"))


def priority_class(document: Spot) -> Problems:
    name, value = document["metadata"]["name"], document["value"]
    if name.text.startswith("system-"):
        if _SYSTEM.get(name.text) != value.number:
            yield name.forbidden("names that start with system- are the server's own")
    elif value.number > _HIGHEST:
        yield value.forbidden("the highest priority for others than the system is 1000000000")
    yield from one_of(document["preemptionPolicy"], ("Never", "PreemptLowerPriority"))
    if document["preemptionPolicy"] and not document["preemptionPolicy"].text:
        yield document["preemptionPolicy"].unsupported(("Never", "PreemptLowerPriority"))
