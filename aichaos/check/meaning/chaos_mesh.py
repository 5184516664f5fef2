"""Chaos Mesh: who is hit (mode, value, selector), and what holds for every kind of fault.

Sources: `api/v1alpha1` of Chaos Mesh 2.8 (types, CRD and webhooks), tried on a real API server with the real webhooks.
"""

from collections.abc import Iterator
from typing import Any

from aichaos.check.endings import length
from aichaos.check.fixes import fix, move, remove, replace
from aichaos.check.meaning.containers import container_findings
from aichaos.check.meaning.http_faults import http_findings
from aichaos.check.meaning.network_faults import network_findings
from aichaos.check.meaning.selectors import selector_values
from aichaos.check.meaning.units import short, whole
from aichaos.check.meaning.workflows import workflow_findings
from aichaos.check.subject import Subject
from aichaos.domain.base import ObjectRef, group_of, reference
from aichaos.domain.finding import Finding
from aichaos.files.plain import at, labels, mapping, pointer, text, texts
from aichaos.observe.faults import CHAOS_MESH, Fault, faults
from aichaos.observe.targets import chaos_mesh

MODES = ("one", "all", "fixed", "fixed-percent", "random-max-percent")
_MODES_MEANT = {
    **dict.fromkeys(("percent", "percentage", "fixed_percent", "fixedpercent", "fixed-percentage"), "fixed-percent"),
    **dict.fromkeys(("random_max_percent", "randommaxpercent", "random-percent"), "random-max-percent"),
}
ACTIONS: dict[str, tuple[str, ...]] = {
    "PodChaos": ("pod-kill", "pod-failure", "container-kill"),
    "NetworkChaos": ("delay", "loss", "duplicate", "corrupt", "partition", "bandwidth", "netem"),
    "IOChaos": ("latency", "fault", "attrOverride", "mistake"),
    "DNSChaos": ("error", "random"),
}
_ACTIONS_MEANT: dict[str, dict[str, str]] = {
    "PodChaos": {
        **dict.fromkeys(("kill", "delete", "pod-delete", "podkill", "pod_kill"), "pod-kill"),
        **dict.fromkeys(("failure", "fail", "podfailure", "pod_failure"), "pod-failure"),
        **dict.fromkeys(("containerkill", "container_kill", "kill-container"), "container-kill"),
    },
    "NetworkChaos": {
        **dict.fromkeys(("latency", "network-delay", "network-latency"), "delay"),
        **dict.fromkeys(("packet-loss", "packetloss", "packet_loss", "network-loss"), "loss"),
        **dict.fromkeys(("duplication", "network-duplicate"), "duplicate"),
        **dict.fromkeys(("corruption", "network-corrupt"), "corrupt"),
        **dict.fromkeys(("network-partition",), "partition"),
        **dict.fromkeys(("rate-limit", "network-bandwidth"), "bandwidth"),
    },
    "IOChaos": {**dict.fromkeys(("delay", "io-delay", "io-latency"), "latency"), "error": "fault", "attr-override": "attrOverride"},
}
_SELECTOR_MEANT = {
    "matchLabels": "labelSelectors",
    "labelSelector": "labelSelectors",
    "labels": "labelSelectors",
    "matchExpressions": "expressionSelectors",
    "expressionSelector": "expressionSelectors",
    "namespace": "namespaces",
    "annotations": "annotationSelectors",
    "annotationSelector": "annotationSelectors",
    "fieldSelector": "fieldSelectors",
    "nodeSelector": "nodeSelectors",
    "podPhases": "podPhaseSelectors",
}
_LISTS = frozenset({"namespaces", "expressionSelectors", "podPhaseSelectors"})
_CLEAN = "chaos-mesh.chaos-mesh.org/cleanFinalizer"
_PAUSE = "experiment.chaos-mesh.org/pause"


def chaos_mesh_findings(this: Subject) -> Iterator[Finding]:
    """Findings about any object of Chaos Mesh."""
    if group_of(text(this.document.get("apiVersion"))) != CHAOS_MESH:
        return
    yield from _annotations(this)
    yield from _there(this)
    yield from workflow_findings(this)
    for fault in faults(this.document):
        yield from _fault(this, fault)


def _fault(this: Subject, fault: Fault) -> Iterator[Finding]:
    yield from _action(this, fault)
    yield from _ending(this, fault)
    if "scheduler" in fault.spec:
        message = "no fault has a scheduler since Chaos Mesh 2.0: make a Schedule with schedule:, type: and this fault's spec as its block"
        yield this.note("chaos-mesh/scheduler-field", message, f"{fault.path}/scheduler")
    if fault.takes_pods:
        yield from _later_pods(this, fault)
        yield from _who(this, fault.spec, fault.path)
        if isinstance(fault.spec.get("target"), dict):
            yield from _who(this, fault.spec["target"], f"{fault.path}/target")
    yield from network_findings(this, fault)
    yield from http_findings(this, fault)
    yield from container_findings(this, fault)


def _annotations(this: Subject) -> Iterator[Finding]:
    annotations = mapping(at(this.document, "metadata", "annotations"))
    if _CLEAN in annotations:
        message = "it drops the finalizer without recovering: the fault stays in the pods, and nothing knows of it any more; leave it out"
        yield this.note("chaos-mesh/clean-finalizer", message, pointer("metadata", "annotations", _CLEAN))
    if annotations.get(_PAUSE) == "true" and any(fault.one_shot for fault in faults(this.document)):
        message = "a fault that happens once can't be paused: it is over when it is seen"
        yield this.note("chaos-mesh/one-shot-duration", message, pointer("metadata", "annotations", _PAUSE))


def _there(this: Subject) -> Iterator[Finding]:
    if this.world.cluster is not None and this.ref in this.world.cluster.snapshot.others:
        message = "an object of that name is there, and the spec of a chaos object can't be changed: delete it, or choose another name"
        yield this.note("chaos-mesh/already-exists", message, "/metadata/name")


def _later_pods(this: Subject, fault: Fault) -> Iterator[Finding]:
    """Targets are chosen once, when the fault starts: pods that an autoscaler adds meanwhile stay as they are."""
    if this.world.cluster is None or fault.one_shot or not this.world.topology.snapshot.autoscalers:
        return
    topology = this.world.topology
    owners = {
        reference(owner)
        for pod in chaos_mesh(topology, fault.spec.get("selector"), this.namespace).pods
        if (owner := topology.workload_of(pod))
    }
    for autoscaler in topology.snapshot.autoscalers:
        target = autoscaler.spec.scale_target_ref
        if ObjectRef(target.kind, target.name, autoscaler.namespace) in owners:
            message = (
                f"targets are chosen once: pods that the autoscaler {autoscaler.name} adds to {target.name} during the fault are not hit, "
                "and may hide it"
            )
            yield this.note("chaos-mesh/targets-chosen-once", message, f"{fault.path}/selector")
            return


def _action(this: Subject, fault: Fault) -> Iterator[Finding]:
    known, action = ACTIONS.get(fault.kind), fault.spec.get("action")
    if known is None or action is None or action in known:
        return
    path = f"{fault.path}/action"
    meant = _ACTIONS_MEANT.get(fault.kind, {}).get(text(action).lower())
    if meant == "pod-kill" and fault.spec.get("containerNames"):
        meant = None
    meant = meant or next((one for one in known if one.lower() == text(action).lower()), None)
    message = f"{short(action)} is no action of {fault.kind}; it has {', '.join(known)}"
    if fault.kind == "NetworkChaos" and text(action).lower() in ("reorder", "reordering"):
        message += "; reordering is part of a delay: delay.reorder"
    yield this.note("chaos-mesh/action", message, path, fix=fix(f"action: {meant}", replace(path, meant)) if meant else None)


def _ending(this: Subject, fault: Fault) -> Iterator[Finding]:
    path, value = fault.ends
    if fault.one_shot and value is not None and path.endswith("/duration"):
        message = (
            f"{text(fault.spec.get('action'))} happens once, and the duration does nothing; to repeat it, put it into a Schedule; "
            "to keep pods away for a time, use pod-failure"
        )
        yield this.note("chaos-mesh/one-shot-duration", message, path)
    elif (seconds := length(value)) is not None and seconds < 5:
        message = f"{value} counts from the moment the object is created, and injection takes some of it: give it 10s or more"
        yield this.note("chaos-mesh/duration-too-short", message, path)


# who is hit ---------------------------------------------------------------------------------------------------------------------


def _who(this: Subject, holder: dict[str, Any], path: str) -> Iterator[Finding]:
    yield from _mode(this, holder, path)
    yield from _value(this, holder, path)
    selector = holder.get("selector")
    if isinstance(selector, dict):
        yield from _selector(this, selector, f"{path}/selector")
        yield from selector_values(this, selector, f"{path}/selector")


def _mode(this: Subject, holder: dict[str, Any], path: str) -> Iterator[Finding]:
    mode = holder.get("mode")
    if mode is None or mode in MODES:
        return
    here = f"{path}/mode"
    meant = _MODES_MEANT.get(text(mode).lower()) or next((one for one in MODES if one == text(mode).lower()), None)
    message = f"{short(mode)} is no mode; it is {', '.join(MODES[:-1])} or {MODES[-1]}, and the last three take a value"
    yield this.note("chaos-mesh/mode", message, here, fix=fix(f"mode: {meant}", replace(here, meant)) if meant else None)


def _value(this: Subject, holder: dict[str, Any], path: str) -> Iterator[Finding]:
    mode, value, here = text(holder.get("mode")), holder.get("value"), f"{path}/value"
    counted = mode in MODES[2:]
    if value is None:
        if counted:
            what = "how many pods" if mode == "fixed" else "how many per cent of the pods"
            yield this.note("chaos-mesh/value", f'mode: {mode} needs a value, {what}, as in value: "1"', path)
        return
    if not isinstance(value, str):
        number = whole(value)
        meant = fix(f'value: "{number}"', replace(here, str(number))) if number is not None else None
        yield this.note("chaos-mesh/value", f"value is {short(value)}; it takes a text, also for numbers", here, fix=meant)
    elif counted and whole(value) is None:
        bare = value.rstrip().removesuffix("%").rstrip()
        certain = bare != value and whole(bare) is not None and mode != "fixed"
        meant = fix(f'value: "{bare}"', replace(here, bare)) if certain else None
        yield this.note("chaos-mesh/value", f"value is {short(value)}; it takes a whole number as a text, without %", here, fix=meant)
    elif counted and not 0 < (whole(value) or 0) <= (100 if mode != "fixed" else 10**9):
        most = "a number of pods of 1 or more" if mode == "fixed" else "per cent from 1 to 100"
        yield this.note("chaos-mesh/value", f"value is {short(value)}; mode: {mode} takes {most}", here)


def _selector(this: Subject, selector: dict[str, Any], path: str) -> Iterator[Finding]:
    for key, value in selector.items():
        meant = _SELECTOR_MEANT.get(key)
        if meant is None:
            continue
        here = path + pointer(key)
        correct = f"{path}/{meant}"
        if meant in selector:
            certain = None
        elif meant not in _LISTS:
            certain = fix(f"{meant}: instead of {key}:", move(here, correct)) if labels(value) == value and value else None
        elif isinstance(value, list):
            certain = fix(f"{meant}: instead of {key}:", move(here, correct))
        elif key == "namespace" and text(value):
            certain = fix(f"namespaces: [{value}]", remove(here), {"op": "add", "path": correct, "value": [value]})
        else:
            certain = None
        message = f"a selector of Chaos Mesh has no {key}: it is called {meant}{', a list' if meant in _LISTS else ''}"
        yield this.note("chaos-mesh/selector-fields", message, here, fix=certain)
    yield from _pods(this, selector, path)


def _pods(this: Subject, selector: dict[str, Any], path: str) -> Iterator[Finding]:
    pods, here = selector.get("pods"), f"{path}/pods"
    if isinstance(pods, list):
        namespaces = texts(selector.get("namespaces")) or [this.namespace]
        names = texts(pods)
        certain = len(namespaces) == 1 and namespaces[0] and names and len(names) == len(pods) and not any("/" in name for name in names)
        meant = fix(f"pods: {{{namespaces[0]}: {names}}}", replace(here, {namespaces[0]: names})) if certain else None
        yield this.note("chaos-mesh/pods-by-namespace", "pods takes names by namespace, as in pods: {shop: [web-0]}", here, fix=meant)
    elif isinstance(pods, dict) and pods:
        others = [key for key in selector if key not in ("pods", "namespaces") and selector[key]]
        if others:
            message = f"pods overrides every other part of the selector: {', '.join(others)} {'is' if len(others) == 1 else 'are'} ignored"
            yield this.note("chaos-mesh/pods-override", message, here)
