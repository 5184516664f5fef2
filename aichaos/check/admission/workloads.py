"""Deployments and their like: selector, template, strategy (k8s.io/kubernetes, pkg/apis/apps/validation, v1.35)."""

import re
from collections.abc import Mapping

from aichaos.check.admission import metadata, names
from aichaos.check.admission.pods import overhead, pod_spec, template, tolerations
from aichaos.check.admission.spot import Problem, Problems, Spot, not_negative, one_of, unique
from aichaos.check.admission.volumes import claim


def pod(document: Spot) -> Problems:
    yield from pod_spec(document["spec"])
    priority, preemption = document["spec"]["priority"], document["spec"]["preemptionPolicy"]
    if document["spec"]["overhead"] and not document["spec"]["runtimeClassName"].text:
        yield document["spec"]["overhead"].forbidden("the server takes it from the class that runtimeClassName names")
    if not document["spec"]["priorityClassName"].text:
        if priority.number:
            yield priority.forbidden("the server works it out from priorityClassName")
        if preemption.text == "Never":
            yield preemption.forbidden("the server takes it from the class that priorityClassName names")
    for field in ("containers", "initContainers"):
        for container in document["spec"][field].each():
            if container["image"].text != container["image"].text.strip():
                yield container["image"].invalid("it may not start or end with a space")
    if document["spec"]["ephemeralContainers"].each():
        yield document["spec"]["ephemeralContainers"].forbidden("ephemeral containers are added to a running pod")


def deployment(document: Spot) -> Problems:
    spec = document["spec"]
    yield from _replicated(spec)
    strategy = spec["strategy"]
    yield from one_of(strategy["type"], ("Recreate", "RollingUpdate"))
    if strategy["type"].text == "Recreate":
        if strategy["rollingUpdate"]:
            yield strategy["rollingUpdate"].forbidden("with type: Recreate nothing rolls")
    else:
        yield from _rolling(strategy["rollingUpdate"], surge="25%", unavailable="25%", both=True)
    yield from not_negative(spec["revisionHistoryLimit"])
    deadline, ready = spec["progressDeadlineSeconds"], spec["minReadySeconds"].number
    yield from not_negative(deadline)
    if (deadline.number if deadline else 600) <= ready:
        yield deadline.invalid(f"it must be more than minReadySeconds, {ready}")


def replica_set(document: Spot) -> Problems:
    yield from _replicated(document["spec"])


def stateful_set(document: Spot) -> Problems:
    spec = document["spec"]
    claims = {each["metadata"]["name"].text: "persistentVolumeClaim" for each in spec["volumeClaimTemplates"].each()}
    yield from one_of(spec["podManagementPolicy"], ("OrderedReady", "Parallel"))
    strategy = spec["updateStrategy"]
    yield from one_of(strategy["type"], ("RollingUpdate", "OnDelete"))
    rolling = strategy["rollingUpdate"]
    if rolling and strategy["type"].text == "OnDelete":
        yield rolling.invalid("with type: OnDelete nothing rolls")
    yield from not_negative(rolling["partition"])
    if rolling["maxUnavailable"]:
        yield from share(rolling["maxUnavailable"])
    retention = spec["persistentVolumeClaimRetentionPolicy"]
    for field in ("whenDeleted", "whenScaled"):
        yield from one_of(retention[field], ("Retain", "Delete"))
    for each in spec["volumeClaimTemplates"].each():
        yield from claim(each["spec"])
    yield from not_negative(spec["ordinals"]["start"])
    if spec["serviceName"].text and (problem := names.label(spec["serviceName"].text)):
        yield spec["serviceName"].invalid(problem)
    yield from not_negative(spec["revisionHistoryLimit"])
    yield from _replicated(spec, claims)


def daemon_set(document: Spot) -> Problems:
    spec = document["spec"]
    yield from _selected(spec)
    yield from _always(spec["template"]["spec"])
    yield from not_negative(spec["minReadySeconds"])
    yield from not_negative(spec["revisionHistoryLimit"])
    strategy = spec["updateStrategy"]
    yield from one_of(strategy["type"], ("RollingUpdate", "OnDelete"))
    if strategy["type"].text in ("", "RollingUpdate"):
        yield from _rolling(strategy["rollingUpdate"], surge="0", unavailable="1", both=False)


def replication_controller(document: Spot) -> Problems:
    spec = document["spec"]
    yield from not_negative(spec["replicas"])
    yield from not_negative(spec["minReadySeconds"])
    selector, given = spec["selector"], spec["template"]["metadata"]["labels"]
    if not selector.every_key() and not given.every_key():
        yield selector.required("it selects the pods of the template")
    yield from metadata.labels(selector)
    if selector.every_key() and not metadata.fits(Spot({"matchLabels": selector.value}), given):
        yield selector.invalid("the selector does not take the labels of the template")
    if not spec["template"]:
        yield spec["template"].required()
        return
    yield from template(spec["template"])
    yield from _always(spec["template"]["spec"])


def pod_template(document: Spot) -> Problems:
    yield from template(document["template"])


def runtime_class(document: Spot) -> Problems:
    handler = document["handler"]
    if not handler.text:
        yield handler.required("the name of the runtime's configuration on the node")
    elif problem := names.label(handler.text):
        yield handler.invalid(problem)
    yield from overhead(document["overhead"]["podFixed"])
    yield from metadata.labels(document["scheduling"]["nodeSelector"])
    yield from tolerations(document["scheduling"]["tolerations"])
    yield from unique(document["scheduling"]["tolerations"].each(), "this toleration")


def _replicated(spec: Spot, claims: Mapping[str, str] | None = None) -> Problems:
    yield from not_negative(spec["replicas"])
    yield from not_negative(spec["minReadySeconds"])
    yield from _selected(spec, claims)
    yield from _always(spec["template"]["spec"])


def _selected(spec: Spot, claims: Mapping[str, str] | None = None) -> Problems:
    selector, given = spec["selector"], spec["template"]["metadata"]["labels"]
    if not selector:
        yield selector.required("it selects the pods of the template")
    elif metadata.is_empty_selector(selector):
        yield selector.invalid("an empty selector would take every pod")
    else:
        problems = list(metadata.selector(selector))
        yield from problems
        if not problems and not metadata.fits(selector, given):
            have = ", ".join(f"{key}={value.text}" for key, value in given.pairs()) or "none"
            yield Problem("admission/invalid", given.path, f"the selector does not take the labels of the template: {have[:200]}")
    yield from template(spec["template"], claims, named=claims is not None)


def _always(pod: Spot) -> Problems:
    policy = pod["restartPolicy"]
    if policy.text in ("OnFailure", "Never"):
        yield policy.unsupported(("Always",))
    if pod["activeDeadlineSeconds"]:
        yield pod["activeDeadlineSeconds"].forbidden("pods of this kind have no end")


# shares -------------------------------------------------------------------------------------------------------------------------


def share(spot: Spot) -> Problems:
    """A number of 0 or more, or a percentage."""
    if isinstance(spot.value, str):
        if problem := names.percent(spot.value):
            yield spot.invalid(problem)
        elif int(spot.value[:-1]) > 100:
            yield spot.invalid("it must not be more than 100%")
    else:
        yield from not_negative(spot)


def _rolling(rolling: Spot, *, surge: str, unavailable: str, both: bool) -> Problems:
    """both: whether both may be more than 0; in any case one of them is."""
    most, extra = rolling["maxUnavailable"], rolling["maxSurge"]
    yield from share(most)
    if isinstance(extra.value, str) and names.percent(extra.value) is None and both:
        pass  # more than 100 % is fine here
    else:
        yield from share(extra)
    some = _amount(most, unavailable), _amount(extra, surge)
    if some == (0, 0):
        yield most.invalid("maxUnavailable and maxSurge can't both be 0: no pod could ever be replaced")
    if not both and all(some):
        yield extra.invalid("it goes with maxUnavailable: 0")


def _amount(spot: Spot, default: str) -> int:
    value = spot.value if spot else default
    if isinstance(value, str):
        return int(value.rstrip("%")) if re.fullmatch("[0-9]+%?", value) else 0
    return spot.number
