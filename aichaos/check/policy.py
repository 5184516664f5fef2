"""What no experiment may do, whoever wrote it: kinds and namespaces that are out of bounds, and limits that hold."""

from collections.abc import Iterator
from typing import Any

import msgspec

from aichaos.check.endings import length
from aichaos.check.known import is_namespaced
from aichaos.check.policy_manifests import protected, untouchable
from aichaos.check.radius import blast_radius, step_harms
from aichaos.check.reach import reach
from aichaos.check.rules import finding
from aichaos.check.world import World
from aichaos.domain.base import ObjectRef, reference_of
from aichaos.domain.experiment import Experiment, Step, lasting
from aichaos.domain.finding import Finding
from aichaos.domain.policy import Policy
from aichaos.domain.touchable import BARRED, CONFIGURATION, is_touchable
from aichaos.files.plain import at, mapping, sequence, text
from aichaos.observe.faults import is_chaos
from aichaos.observe.topology import Topology

FORBIDDEN_KINDS = frozenset(
    {"Secret", "PersistentVolumeClaim", "Role", "RoleBinding", "ClusterRole", "ClusterRoleBinding"}
    | {
        "Namespace",
        "Node",
        "PersistentVolume",
        "CustomResourceDefinition",
        "MutatingWebhookConfiguration",
        "ValidatingWebhookConfiguration",
    }
    | {"ValidatingAdmissionPolicy", "ValidatingAdmissionPolicyBinding", "APIService", "RemoteCluster"}
)
"""Kinds that no inverse brings back as they were, or that decide who may do what."""


def kind_policy(subject: ObjectRef, step: Step, policy: Policy, path: str) -> Iterator[Finding]:
    if policy.allows(subject.kind):
        return
    group = text(step.manifest.get("apiVersion")).rpartition("/")[0] if step.manifest is not None else None
    if subject.kind in FORBIDDEN_KINDS:
        message = f"no step may touch a {subject.kind}: what is lost with it does not come back, or it decides who may do what"
        yield finding("policy/kind", message, object=str(subject), path=path)
    elif is_namespaced(subject.kind) is False:
        message = f"no step may touch a {subject.kind}: it belongs to the whole cluster, not to a namespace"
        yield finding("policy/kind", message, object=str(subject), path=path)
    elif is_namespaced(subject.kind) is None and subject.kind:
        message = f"no step may touch a {subject.kind[:80]}: we do not know the kind, nor what it does; the policy may allow it by name"
        yield finding("policy/kind", message, object=str(subject), path=path)
    elif subject.kind and (subject.kind not in BARRED or step.manifest is None) and not is_touchable(group, subject.kind):
        message = f"no step may touch a {subject.kind}" + (f" of {group}" if group else "")
        message += ": it is none of the kinds that a run puts back (docs/safety.md lists them); the policy may allow it by name"
        yield finding("policy/kind", message, object=str(subject), path=path)
    elif step.delete is not None and subject.kind in CONFIGURATION[""]:
        message = f"no step may delete a {subject.kind}: whoever reads it may not start again without; change it, or make one of your own"
        yield finding("policy/kind", message, object=str(subject), path=path)


def namespace_policy(experiment: Experiment, step: Step, subject: ObjectRef, world: World, path: str) -> Iterator[Finding]:
    """Every namespace that a step touches is in the scope, and none is protected: its object's, and where a fault takes its pods."""
    if is_namespaced(subject.kind) is False:
        return
    if not subject.namespace:
        message = "no namespace: say which one, since a step must not depend on where it is run from"
        yield finding("policy/outside-scope", message, object=str(subject), path=f"{path}/namespace")
        return
    hit: set[str] = set()
    if step.manifest is not None and is_chaos(step.manifest):
        look = world.cluster or World(None).topology
        hit = {namespace for harm in step_harms(step, look) for namespace in harm.namespaces | {pod[0] for pod in harm.pods}}
    allowed, barred = experiment.spec.scope.namespaces, untouchable(world) | (hit & protected(world))
    for namespace in sorted({subject.namespace} | hit):
        if namespace in barred:
            message = f"{namespace} is protected: no step may touch it"
            yield finding("policy/protected-namespace", message, object=str(subject), path=path)
        elif namespace not in allowed:
            scope = f"the scope is {', '.join(allowed)}" if allowed else "the scope names no namespace"
            message = f"this step reaches into {namespace}; {scope}: add it to spec.scope.namespaces if it is meant"
            yield finding("policy/outside-scope", message, object=str(subject), path=path)


def image_policy(manifest: dict[str, Any], topology: Topology | None, policy: Policy, path: str) -> Iterator[Finding]:
    """An image that nobody runs here yet is new code in the cluster: whoever suggested it, a person should have looked at it. One of which
    not even another version runs here is a program of somebody's choice, and would need no command to be a shell."""
    running = topology.images - {""} if topology is not None else frozenset()
    repositories = {_repository(image) for image in running}
    for inner, pod in _pod_specs(manifest):
        for group in ("containers", "initContainers"):
            for number, container in enumerate(sequence(pod.get(group))):
                image = text(mapping(container).get("image"))
                if not image or image in running:
                    continue
                where, subject = f"{path}{inner}/{group}/{number}/image", str(reference_of(manifest))
                foreign = bool(running) and _repository(image) not in repositories
                if foreign and not policy.allows(image, "policy/foreign-image"):
                    message = f"it starts {image[:200]}, of which no version runs in this cluster: a program that nobody here knows"
                    told = f"{message}; whoever means it allows it by name: policy: {{allow: [{image[:200]}]}} in their own settings"
                    yield finding("policy/foreign-image", told, object=subject, path=where, severity="error")
                else:
                    message = (
                        f"it starts {image[:200]}, which runs nowhere in this cluster today: look at the image and its arguments first"
                    )
                    yield finding("policy/new-image", message, object=subject, path=where)


def _repository(image: str) -> str:
    """An image without its tag and digest."""
    name = image.partition("@")[0]
    return name[: name.rfind(":")] if name.rfind(":") > name.rfind("/") else name


_TEMPLATES = (("spec",), ("spec", "template", "spec"), ("spec", "jobTemplate", "spec", "template", "spec"))


def _pod_specs(manifest: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    """The pod specs in a Pod, a workload, a Job or a CronJob, each with its path."""
    for keys in _TEMPLATES:
        found = at(manifest, *keys)
        if isinstance(found, dict) and found.keys() & {"containers", "initContainers"}:
            yield "/" + "/".join(keys), found


_ROUNDED = 0.005
"""An author writes 0.06 for one pod of 16, and 0.2 for 101 of 501: a share of the scope is meant in whole percents."""


def limit_policy(experiment: Experiment, topology: Topology | None, policy: Policy, name: str) -> Iterator[Finding]:
    """The blast radius and the time are within the limits of the scope and of the policy, and the limits are limits."""
    scope = experiment.spec.scope
    if scope.max_pods is not None and scope.max_pods < 0:
        yield finding("policy/limit", f"maxPods is {scope.max_pods}; it is zero or more", object=name, path="/spec/scope/maxPods")
    if scope.max_share is not None and not 0 <= scope.max_share <= 1:
        message = f"maxShare is {scope.max_share}; it is a share from 0 to 1, as in 0.25"
        yield finding("policy/limit", message, object=name, path="/spec/scope/maxShare")
    longest, deadline = length(policy.max_duration), length(experiment.spec.deadline)
    if longest is not None and deadline is not None and deadline > longest:
        message = f"the experiment may take {lasting(deadline)}; the policy allows {policy.max_duration}: lower the deadline"
        yield finding("policy/duration", message, object=name, path="/spec/deadline")
    limits = (
        ("the scope", "/maxPods", scope.max_pods, scope.max_share, "raise {} if that many are meant"),
        ("the policy", "", policy.max_pods, policy.max_share, "or let its owner change it"),
    )
    if topology is None or all(pods is None and share is None for _, _, pods, share, _ in limits):
        return
    gap = topology.snapshot.unread("Pod")
    if gap is not None and gap.reason != "assumed":
        message = "the pods could not be read: whether the limits of the scope hold is not known"
        yield finding("policy/blast-radius", message, object=name, path="/spec/scope", severity="skipped")
        return
    harms = [harm for step in experiment.spec.steps for harm in step_harms(step, topology)]
    radius = blast_radius(experiment, topology)
    told = msgspec.structs.replace(reach(harms, topology), pods=radius.pods, total=radius.pods_total)
    for whose, field, pods, share, instead in limits:
        where, slack = "/spec/scope", _ROUNDED if whose == "the scope" else 0.0
        if pods is not None and radius.pods > pods:
            message = f"up to {told} are harmed; {whose} allows {pods}: take fewer pods, {instead.format('maxPods')}"
            yield finding("policy/blast-radius", message, object=name, path=where + field)
        if share is not None and radius.share > share + slack * (share >= 0.01):
            message = f"up to {told} are harmed; {whose} allows {share * 100:.3g}%: take fewer, {instead.format('maxShare')}"
            yield finding("policy/blast-radius", message, object=name, path=where + field.replace("Pods", "Share"))
