"""Which pods a selector takes: the one place where selectors of chaos objects, labels and modes become pods and numbers."""

import math
import re
from collections.abc import Iterable, Iterator
from typing import Any

import msgspec

from aichaos.domain.base import LabelSelector, LabelSelectorRequirement, kind_name, selects
from aichaos.domain.workloads import Pod, Workload
from aichaos.files.plain import labels as label_map
from aichaos.files.plain import mapping, sequence, text, texts
from aichaos.observe.topology import Topology

PodKey = tuple[str, str]
"""Namespace and name."""


def keys(pods: Iterable[Pod]) -> frozenset[PodKey]:
    return frozenset((pod.namespace, pod.name) for pod in pods)


class Selection(msgspec.Struct, frozen=True, kw_only=True):
    """The pods that a selector takes at most. namespaces: where it looks. labels: those it asks for. unresolved: its parts that no
    snapshot can answer, so that fewer pods may be meant. everything: it narrows nothing down. missing: pods named that don't exist."""

    pods: list[Pod] = []
    namespaces: tuple[str, ...] = ()
    labels: dict[str, str] = {}
    unresolved: tuple[str, ...] = ()
    everything: bool = False
    missing: tuple[str, ...] = ()


# Chaos Mesh ---------------------------------------------------------------------------------------------------------------------

_NARROWING = (
    "namespaces",
    "labelSelectors",
    "expressionSelectors",
    "fieldSelectors",
    "annotationSelectors",
    "nodes",
    "nodeSelectors",
    "podPhaseSelectors",
    "pods",
)
_FIELDS = {
    "metadata.name": lambda pod: pod.name,
    "metadata.namespace": lambda pod: pod.namespace,
    "spec.nodeName": lambda pod: pod.spec.node_name,
    "spec.serviceAccountName": lambda pod: pod.spec.service_account_name,
    "status.phase": lambda pod: pod.status.phase,
    "status.podIP": lambda pod: pod.status.pod_ip,
}


def chaos_mesh(topology: Topology, selector: Any, home: str) -> Selection:
    """The pods that a `selector` of Chaos Mesh takes; `home` is the namespace of its object, where it looks if it names none."""
    wanted = mapping(selector)
    if isinstance(wanted.get("pods"), dict) and wanted["pods"]:
        return _named_pods(topology, wanted["pods"])
    namespaces = tuple(dict.fromkeys(texts(wanted.get("namespaces")))) or (home,)
    asked = label_map(wanted.get("labelSelectors"))
    expressions = list(_requirements(wanted.get("expressionSelectors")))
    by_label = LabelSelector(match_labels=asked, match_expressions=tuple(expressions))
    fields = label_map(wanted.get("fieldSelectors"))
    nodes = _nodes(topology, wanted)
    phases = texts(wanted.get("podPhaseSelectors"))
    pods = [
        pod
        for namespace in namespaces
        for pod in topology.select(namespace, by_label)
        if all(_FIELDS[field](pod) == value for field, value in fields.items() if field in _FIELDS)
        and (nodes is None or pod.spec.node_name in nodes)
        and (not phases or pod.status.phase in phases)
    ]
    unresolved = tuple(f"fieldSelectors {field}" for field in fields if field not in _FIELDS)
    if wanted.get("annotationSelectors"):
        unresolved = (*unresolved, "annotationSelectors")
    everything = not any(wanted.get(part) for part in _NARROWING)
    return Selection(pods=pods, namespaces=namespaces, labels=asked, unresolved=unresolved, everything=everything)


def _named_pods(topology: Topology, wanted: dict[str, Any]) -> Selection:
    """`pods: {namespace: [name]}`, which overrides every other part of a selector."""
    found, missing = [], []
    for namespace, names in wanted.items():
        there = {pod.name: pod for pod in topology.pods_of_namespace.get(namespace, [])}
        for name in dict.fromkeys(texts(names)):
            if name in there:
                found.append(there[name])
            else:
                missing.append(f"{namespace}/{name}")
    return Selection(pods=found, namespaces=tuple(wanted), missing=tuple(missing))


def _requirements(value: Any) -> Iterator[LabelSelectorRequirement]:
    for item in sequence(value):
        part = mapping(item)
        yield LabelSelectorRequirement(
            key=text(part.get("key")), operator=text(part.get("operator")), values=tuple(texts(part.get("values")))
        )


def _nodes(topology: Topology, wanted: dict[str, Any]) -> set[str] | None:
    """The nodes that a selector allows, by name or by label; None where it says nothing about nodes."""
    by_label, named = label_map(wanted.get("nodeSelectors")), texts(wanted.get("nodes"))
    if not by_label and not named:
        return None
    labelled = {node.name for node in topology.snapshot.nodes if by_label and by_label.items() <= node.labels.items()}
    return labelled | set(named)


def at_most(mode: Any, value: Any, pods: int) -> int:
    """How many of the selected pods a `mode` takes at most; all of them where the mode can't be read.

    Percentages are rounded up (`FilterObjectsByMode` in pkg/selector/generic).
    """
    number = int(value) if isinstance(value, str) and value.isascii() and value.isdigit() and len(value) < 10 else None
    match mode:
        case "one":
            return min(1, pods)
        case "fixed" if number is not None:
            return min(number, pods)
        case "fixed-percent" | "random-max-percent" if number is not None:
            return min(pods, math.ceil(pods * number / 100))
    return pods


# Litmus -------------------------------------------------------------------------------------------------------------------------

_SET_BASED = re.compile(r"([^\s,()!=]+)\s+(in|notin)\s+\(([^()]*)\)")
_EQUAL = re.compile(r"([^\s,()!=]+)\s*(==?|!=)\s*([^\s,()!=]*)")
_LONGEST_QUERY = 4096
_WORKLOAD_KINDS = {"deployment": "Deployment", "statefulset": "StatefulSet", "daemonset": "DaemonSet"}
_ALL_AT_ONCE = frozenset({"pod-network-partition", "pod-autoscaler"})
"""Faults that know no percentage: they take every pod of the target (chaos-charts, their env lists)."""


def label_query(query: str) -> LabelSelector | None:
    """`app=shop,tier in (web)` as a selector; None where the text is no label selector."""
    if len(query) > _LONGEST_QUERY:
        return None
    labels: dict[str, str] = {}
    requirements = []
    for part in re.split(r",(?![^()]*\))", query):
        match _query_part(part.strip()):
            case (str() as key, "=", values):
                labels[key] = values[0]
            case (str() as key, str() as operator, values):
                requirements.append(LabelSelectorRequirement(key=key, operator=operator, values=tuple(values)))
            case _:
                return None
    return LabelSelector(match_labels=labels, match_expressions=tuple(requirements))


def _query_part(part: str) -> tuple[str, str, list[str]] | None:
    if found := _EQUAL.fullmatch(part):
        return found[1], "NotIn" if found[2] == "!=" else "=", [found[3]]
    if found := _SET_BASED.fullmatch(part):
        return found[1], "In" if found[2] == "in" else "NotIn", [value.strip() for value in found[3].split(",")]
    if re.fullmatch(r"!?[^\s,()!=]+", part):
        return part.lstrip("!"), "DoesNotExist" if part.startswith("!") else "Exists", []
    return None


def litmus(topology: Topology, appinfo: Any, home: str) -> Selection | None:
    """The pods that `spec.appinfo` of a ChaosEngine takes; None where it names no target (faults of nodes and clouds)."""
    wanted = mapping(appinfo)
    query = text(wanted.get("applabel"))
    selector = label_query(query) if query else None
    if selector is None:
        return None
    namespace = text(wanted.get("appns")) or home
    pods = topology.select(namespace, selector)
    kind = _WORKLOAD_KINDS.get(text(wanted.get("appkind")).lower())
    if kind is not None:
        pods = [pod for pod in pods if _belongs_to(topology.workload_of(pod), kind)]
    return Selection(pods=pods, namespaces=(namespace,), labels=selector.match_labels)


def on_nodes(topology: Topology, pods: list[Pod], environment: dict[str, Any]) -> list[Pod]:
    """Those of a fault's pods that NODE_LABEL leaves: pods of nodes with that label; all where nothing is known of the nodes.

    TARGET_PODS goes before it. Source: `GetTargetPods` in litmus-go, pkg/utils/common/pods.go.
    """
    selector = label_query(text(environment.get("NODE_LABEL"))) if environment.get("NODE_LABEL") else None
    if selector is None or environment.get("TARGET_PODS") or not topology.snapshot.nodes:
        return pods
    nodes = {node.name for node in topology.snapshot.nodes if selects(selector, node.labels)}
    return [pod for pod in pods if pod.spec.node_name in nodes]


def _belongs_to(workload: Workload | None, kind: str) -> bool:
    return workload is None or kind_name(workload) == kind


def litmus_at_most(fault: str, environment: dict[str, Any], pods: int) -> int:
    """How many of the target's pods a fault takes: PODS_AFFECTED_PERC of them, rounded down, and one at least.

    Source: `filterPodsByPercentage` in litmus-go, pkg/utils/common/pods.go.
    """
    if fault in _ALL_AT_ONCE:
        return pods
    named = [name for name in text(environment.get("TARGET_PODS")).split(",") if name.strip()]
    if named:
        return min(len(named), pods)
    percent = environment.get("PODS_AFFECTED_PERC")
    if percent is None or percent == "":
        return min(1, pods)
    if not isinstance(percent, str) or not percent.isascii() or not percent.isdigit() or len(percent) > 9:
        return pods
    return min(pods, max(1, pods * min(int(percent), 100) // 100))


# Labels -------------------------------------------------------------------------------------------------------------------------


def only_on_the_workload(topology: Topology, labels: dict[str, str], namespaces: Iterable[str]) -> Workload | None:
    """A workload that carries these labels itself while its pod template does not: the usual reason for a selector that takes nothing."""
    if not labels:
        return None
    within = set(namespaces)
    return next(
        (
            workload
            for workload in topology.workloads.values()
            if workload.namespace in within
            and labels.items() <= workload.labels.items()
            and not labels.items() <= workload.spec.template.metadata.labels.items()
        ),
        None,
    )


def shown_labels(labels: dict[str, str]) -> str:
    return ", ".join(f"{key}={value}" for key, value in labels.items()) or "no label"


def selector_of(value: Any) -> LabelSelector:
    """A metav1.LabelSelector as it stands in a document."""
    wanted = mapping(value)
    return LabelSelector(
        match_labels=label_map(wanted.get("matchLabels")), match_expressions=tuple(_requirements(wanted.get("matchExpressions")))
    )


# hosts --------------------------------------------------------------------------------------------------------------------------

_CLUSTER_DOMAIN = ".svc.cluster.local"


def service_of_host(host: str, namespace: str) -> tuple[str, str] | None:
    """The Service that a host names: `name`, `name.ns`, `name.ns.svc`, or in full; None for hosts outside the cluster."""
    parts = host.removesuffix(_CLUSTER_DOMAIN).removesuffix(".svc").split(".")
    match parts:
        case [name] if name and name != "*":
            return namespace, name
        case [name, other] if name and name != "*" and (host.endswith((".svc", _CLUSTER_DOMAIN)) or _is_label(other)):
            return other, name
    return None


def _is_label(text: str) -> bool:
    """`name.ns` and `example.com` look alike; the second is told by its top-level domain."""
    return text not in ("com", "org", "net", "io", "dev", "local", "internal", "test", "example")
