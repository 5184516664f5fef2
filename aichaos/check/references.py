"""Every reference and every selector of a manifest, resolved: one function a family of kinds, found by kind."""

from collections.abc import Iterator

import msgspec

from aichaos.check.known import known_kind
from aichaos.check.late import late
from aichaos.check.spelling import there_are
from aichaos.check.subject import Subject
from aichaos.check.world import engine_name
from aichaos.domain import forms
from aichaos.domain.base import KubeObject, group_of
from aichaos.domain.chaos import ENGINE_GROUPS
from aichaos.domain.finding import Finding
from aichaos.domain.gateway import Gateway, GRPCRoute, HTTPRoute, TCPRoute, TLSRoute, UDPRoute
from aichaos.domain.kinds import kind_of
from aichaos.domain.mesh import DestinationRule, VirtualService
from aichaos.domain.network import NetworkPolicy, Service
from aichaos.domain.workloads import HorizontalPodAutoscaler, PodDisruptionBudget
from aichaos.files.plain import located, mapping
from aichaos.observe import faults

BY_CLASS: dict[type[KubeObject], tuple[str, ...]] = {
    **dict.fromkeys((HTTPRoute, GRPCRoute), ("references_routing.route_references", "meaning.gateways.route_hazards")),
    **dict.fromkeys((TLSRoute, TCPRoute, UDPRoute), ("references_routing.route_references",)),
    Gateway: ("meaning.gateways.gateway_hazards",),
    Service: ("references_workloads.service_references",),
    NetworkPolicy: ("references_workloads.policy_references",),
    PodDisruptionBudget: ("references_workloads.budget_references",),
    HorizontalPodAutoscaler: ("references_workloads.autoscaler_references",),
    VirtualService: ("references_mesh.virtual_service_references",),
    DestinationRule: ("references_mesh.destination_rule_references",),
}
"""The functions that follow the references of a kind; they are loaded when an object of it is met."""

_PODS = frozenset({"Pod", "Deployment", "StatefulSet", "DaemonSet", "ReplicaSet", "Job", "CronJob"})
_NOT_READ = frozenset({"ConfigMap", "Secret"})
"""Kinds of which a class of ours keeps too little to say anything about a document."""


def reference_findings(this: Subject) -> Iterator[Finding]:
    """What the references of one manifest lead to; nothing for a kind that refers to nothing."""
    yield from _namespace(this)
    yield from _installed(this)
    api_version, kind = this.document["apiVersion"], this.document["kind"]
    typed = kind_of(api_version, kind)
    if typed is not None and kind not in _NOT_READ:
        try:
            metadata = {**mapping(this.document.get("metadata")), "namespace": this.namespace}
            obj = forms.convert({**this.document, "metadata": metadata, "status": {}}, typed.type)
        except msgspec.ValidationError as error:
            yield _refused(this, str(error))
            return
        for check in BY_CLASS.get(typed.type, ()):
            yield from late(check)(this, obj)
    if known_kind(api_version, kind) is not None and kind in _PODS:
        yield from late("references_workloads.workload_references")(this)
    match group_of(api_version):
        case faults.CHAOS_MESH:
            yield from late("references_chaos.chaos_mesh_references")(this)
        case faults.LITMUS:
            yield from late("references_chaos.engine_references")(this)


def _namespace(this: Subject) -> Iterator[Finding]:
    """An object can only be made in a namespace that exists."""
    world, namespace = this.world, this.namespace
    if not namespace or world.cluster is None or namespace in world.namespaces:
        return
    if world.why_unread("Namespace", namespace):
        yield this.unread(
            "reference/namespace-not-found", f"whether the namespace {namespace} exists", "Namespace", namespace, "/metadata/namespace"
        )
        return
    known = there_are(world.namespaces, namespace)
    yield this.note("reference/namespace-not-found", f"no namespace {namespace}; {known}", "/metadata/namespace")


def _installed(this: Subject) -> Iterator[Finding]:
    """The kind is served, and for a chaos object its engine is there to act on it."""
    group, kind, world = group_of(this.document["apiVersion"]), this.document["kind"], this.world
    if world.cluster is None:
        return
    if group in ENGINE_GROUPS and not world.engine_installed(group) and (why := world.why_engines_unknown()):
        message = f"whether {engine_name(group)} is installed can't be told: {why}"
        yield this.note("reference/engine-not-installed", message, "/kind", "skipped")
    elif group in ENGINE_GROUPS and not world.engine_installed(group):
        others = [engine_name(engine.group) for engine in world.cluster.snapshot.engines]
        instead = f"; {' and '.join(others)} is" if others else "; no chaos engine is: use steps that need none, or install it first"
        yield this.note("reference/engine-not-installed", f"{engine_name(group)} is not installed in this cluster{instead}", "/kind")
    elif group not in ENGINE_GROUPS and known_kind(this.document["apiVersion"], kind) is not None and world.absent_kind(kind):
        yield this.note("reference/kind-not-installed", f"this cluster does not serve {kind}; install its API first", "/kind")


def _refused(this: Subject, error: str) -> Finding:
    problem, path = located(error)
    return this.note("schema/type", f"the server refuses this field: {problem[:1].lower()}{problem[1:]}", path)
