"""The steps of an experiment in order: what each one needs is there at that moment, because of what the steps before it did."""

from collections.abc import Iterator
from typing import Any

import msgspec

from aichaos.check.closed import power_findings, privileged_findings
from aichaos.check.endings import length
from aichaos.check.known import NAMES, is_namespaced, kinds_called
from aichaos.check.manifest import manifest_findings, moved
from aichaos.check.policy import image_policy
from aichaos.check.references import reference_findings
from aichaos.check.rules import finding
from aichaos.check.spelling import did_you_mean, there_are
from aichaos.check.subject import subject
from aichaos.check.world import World, placed
from aichaos.domain.base import ObjectRef, plain, selects
from aichaos.domain.experiment import Label, Patch, Step, Target, Wait
from aichaos.domain.finding import Finding
from aichaos.domain.kinds import BY_NAME
from aichaos.domain.touchable import CHAOS, group_of_kind
from aichaos.domain.workloads import Pod, Workload
from aichaos.files.plain import at, mapping, merged, sequence
from aichaos.observe.faults import faults, is_chaos

SCALED = ("Deployment", "StatefulSet")
RESTARTED = ("Deployment", "StatefulSet", "DaemonSet")


class State:
    """What exists as the steps go by. `cluster`: as it was found; `world`: with all that the experiment brings along."""

    def __init__(self, cluster: World, world: World) -> None:
        self.cluster = cluster
        self.world = world
        self._made: set[ObjectRef] = set()
        self._gone: set[ObjectRef] = set()

    def exists(self, ref: ObjectRef) -> bool:
        return ref in self._made or (self.cluster.exists(ref) and ref not in self._gone)

    def deleted(self, ref: ObjectRef) -> bool:
        return ref in self._gone and ref not in self._made

    def make(self, ref: ObjectRef) -> None:
        self._made.add(ref)
        self._gone.discard(ref)

    def remove(self, ref: ObjectRef) -> None:
        self._made.discard(ref)
        self._gone.add(ref)


def target_of(target: Target) -> ObjectRef:
    """The object that a step names; a namespace on a cluster-scoped kind means nothing."""
    return ObjectRef(target.kind, target.name) if is_namespaced(target.kind) is False else target.ref


def step_findings(step: Step, state: State, path: str) -> Iterator[Finding]:
    """What is wrong with one step at its moment; afterwards the state is as the step leaves it."""
    here = f"{path}/{step.verb}"
    if step.manifest is not None:
        yield from moved(manifest_findings(step.manifest, state.world), here)
        yield from _brings(step, step.manifest, state, here)
    elif step.target is not None:
        yield from _kind(step.target, here)
        yield from _target(step, step.target, state, here)
    elif step.wait is not None:
        yield from _wait(step.wait, state, here)
    if step.hold is not None and length(step.hold) is None:
        yield _not_a_duration(step.hold, f"{path}/hold")


def _brings(step: Step, manifest: dict[str, Any], state: State, path: str) -> Iterator[Finding]:
    ref = placed(manifest)
    if step.create is not None and ref.name and state.exists(ref):
        message = "it is already there when this step creates it: choose another name, or use apply to change it"
        yield finding("experiment/already-exists", message, object=str(ref), path=path)
    if step.chaos is not None and not is_chaos(manifest):
        message = f"chaos takes an object of Chaos Mesh or Litmus, not a {ref.kind or 'manifest without a kind'}: use create"
        yield finding("experiment/verb-kind", message, object=str(ref), path=path)
    if not mapping(manifest.get("metadata")).get("name") and mapping(manifest.get("metadata")).get("generateName"):
        message = "generateName: nobody would find it again; give it a name"
        yield finding("metadata/name", message, object=str(ref), path=f"{path}/metadata/generateName")
    state.make(ref)


def _kind(target: Target, path: str) -> Iterator[Finding]:
    if not kinds_called(target.kind):
        message = f"{target.kind} is not a kind that we know{did_you_mean(target.kind, NAMES)}"
        yield finding("kind/unknown", message, object=str(target.ref), path=f"{path}/kind")


def _target(step: Step, target: Target, state: State, path: str) -> Iterator[Finding]:
    ref = target_of(target)
    if step.recreate is not None:
        yield from _recreate(ref, state, path)
        return
    yield from there(ref, state, "experiment/target-not-found", f"{path}/name")
    if step.delete is not None:
        state.remove(ref)
    elif step.scale is not None:
        yield from _has_verb(step.verb, ref, SCALED, path)
        if step.scale.replicas < 0:
            message = f"{step.scale.replicas} replicas: the least is 0"
            yield finding("experiment/replicas", message, object=str(ref), path=f"{path}/replicas")
        for one in _beside(ref, {"spec": {"replicas": step.scale.replicas}}, state, path):
            yield msgspec.structs.replace(one, path=f"{path}/replicas")
    elif step.restart is not None:
        yield from _has_verb(step.verb, ref, RESTARTED, path)
    elif step.label is not None:
        yield from _label(step.label, ref, state, path)
        labels = step.label.set | dict.fromkeys(step.label.remove)
        for one in _beside(ref, {"metadata": {"labels": labels}}, state, path):
            yield msgspec.structs.replace(one, path=path)
    elif step.patch is not None:
        yield from _patch(step.patch, ref, state, path)


def there(ref: ObjectRef, state: State, rule: str, path: str) -> Iterator[Finding]:
    """A finding where an object does not exist at this moment; `skipped` where nobody can know."""
    if state.exists(ref):
        return
    if state.deleted(ref):
        message = "an earlier step has deleted it: recreate it first"
        yield finding(rule, message, object=str(ref), path=path)
        return
    match state.cluster.sight(ref.kind, ref.namespace):
        case "unread":
            why = state.cluster.why_unread(ref.kind, ref.namespace)
            yield finding(rule, f"whether {ref} exists could not be checked: {why}", object=str(ref), path=path, severity="skipped")
        case "known":
            where = f" in {ref.namespace}" if ref.namespace else ""
            names = there_are(state.cluster.names(ref.kind, ref.namespace), ref.name)
            yield finding(rule, f"no {ref.kind} {ref.name}{where}; {names}", object=str(ref), path=path)


def _recreate(ref: ObjectRef, state: State, path: str) -> Iterator[Finding]:
    if not state.deleted(ref):
        message = "no earlier step has deleted it: only what was deleted can be recreated, as it was"
        yield finding("experiment/recreate-without-delete", message, object=str(ref), path=path)
    state.make(ref)


def _has_verb(verb: str, ref: ObjectRef, kinds: tuple[str, ...], path: str) -> Iterator[Finding]:
    if ref.kind not in kinds:
        message = f"a {ref.kind} has no {verb}: it takes {', '.join(kinds)}"
        yield finding("experiment/verb-kind", message, object=str(ref), path=f"{path}/kind")


def _label(label: Label, ref: ObjectRef, state: State, path: str) -> Iterator[Finding]:
    """Labels of a workload are not those of its pods; and a pod that leaves its workload's selector is replaced."""
    match state.world.topology.objects.get(ref):
        case Workload():
            message = (
                f"this labels the {ref.kind} itself, not its pods: no Service or policy will notice; patch spec.template.metadata.labels"
            )
            yield finding("experiment/label-not-on-pods", message, object=str(ref), path=path)
        case Pod() as pod:
            workload = state.world.topology.workload_of(pod)
            after = {key: value for key, value in (pod.labels | label.set).items() if key not in label.remove}
            if workload is not None and selects(workload.spec.selector, pod.labels) and not selects(workload.spec.selector, after):
                message = (
                    f"the pod leaves {type(workload).__name__} {workload.name}, which makes another in its place: one pod more than before"
                )
                yield finding("experiment/label-leaves-workload", message, object=str(ref), path=path)


def _patch(patch: Patch, ref: ObjectRef, state: State, path: str) -> Iterator[Finding]:
    """What the references of the patched object lead to, as far as the patch touches them."""
    if any(kind.group in CHAOS for kind in kinds_called(ref.kind)):
        message = f"the spec of a {ref.kind} can't be changed while it lives: delete it and create another"
        yield finding("experiment/verb-kind", message, object=str(ref), path=f"{path}/kind")
    kind, obj = BY_NAME.get(ref.kind), state.cluster.topology.objects.get(ref)
    yield from _beside(ref, patch.merge, state, f"{path}/merge")
    if kind is None or obj is None:
        return
    original = {"apiVersion": kind.api_version(), "kind": ref.kind} | mapping(plain(obj))
    after = merged(original, patch.merge)
    if (
        not isinstance(after.get("metadata"), dict)
        or not isinstance(after.get("kind"), str)
        or not isinstance(after.get("apiVersion"), str)
    ):
        yield finding("schema/type", "a patch cannot take away apiVersion, kind or metadata", object=str(ref), path=f"{path}/merge")
        return
    yield from _dropped(original, after, ref, path)
    this = subject(after, state.world)
    for one in (*reference_findings(this), *privileged_findings(this, patch.merge, "")):
        if _touches(patch.merge, one.path):
            yield msgspec.structs.replace(one, path=f"{path}/merge{one.path}")


def _beside(ref: ObjectRef, merge: dict[str, Any], state: State, path: str) -> Iterator[Finding]:
    """What a merge patch of an object would let it do beside, and new images in it."""
    bare = bare_of(ref)
    for one in power_findings(subject(bare, state.world), merge, there=True, patch=True):
        yield msgspec.structs.replace(one, path=f"{path}{one.path}")
    yield from image_policy(merge | bare, state.world.cluster, state.world.policy, path)


def bare_of(ref: ObjectRef) -> dict[str, Any]:
    """An object of which nothing but its name is known."""
    kind = BY_NAME.get(ref.kind)
    group = group_of_kind(ref.kind)
    version = kind.api_version() if kind is not None else f"{group}/v1" if group else "v1"
    return {"apiVersion": version, "kind": ref.kind, "metadata": {"name": ref.name, "namespace": ref.namespace}}


def _dropped(before: Any, after: Any, ref: ObjectRef, path: str) -> Iterator[Finding]:
    """Rules of a route that a merge patch takes away, or leaves without a backend: it replaces a list as a whole (RFC 7386)."""
    was, now = ([mapping(rule) for rule in sequence(at(document, "spec", "rules"))] for document in (before, after))
    if ref.kind not in _ROUTES or was == now:
        return
    served = any(rule.get("backendRefs") for rule in was)
    for index, rule in enumerate(now):
        redirects = any(mapping(one).get("type") == "RequestRedirect" for one in sequence(rule.get("filters")))
        if served and not rule.get("backendRefs") and not redirects:
            message = (
                f"rule {index + 1} has no backendRefs after this patch, which replaces the whole list of rules: its requests get an error"
            )
            yield finding("experiment/patch-drops", message, object=str(ref), path=f"{path}/merge/spec/rules")
    if len(now) < len(was):
        message = f"{len(now)} of {len(was)} rules are left after this patch, which replaces the whole list"
        yield finding("experiment/patch-drops", message, object=str(ref), path=f"{path}/merge/spec/rules")


_ROUTES = frozenset({"HTTPRoute", "GRPCRoute", "TLSRoute", "TCPRoute", "UDPRoute"})


def _touches(merge: Any, path: str) -> bool:
    """Whether a merge patch says anything at a path: it reaches it, or replaces something above or below it."""
    for part in path.split("/")[1:]:
        if not isinstance(merge, dict):
            return True
        key = part.replace("~1", "/").replace("~0", "~")
        if key not in merge:
            return False
        merge = merge[key]
    return True


def _wait(wait: Wait, state: State, path: str) -> Iterator[Finding]:
    if (wait.for_ is None) == (wait.until is None):
        message = "a wait is either for a time or until a condition: give one of the two"
        yield finding("experiment/wait", message, path=path)
    if wait.until is not None and wait.timeout is None:
        message = "a wait until a condition needs a timeout, as in timeout: 60s: the condition may never hold"
        yield finding("experiment/wait", message, path=path)
    for field, value in (("for", wait.for_), ("timeout", wait.timeout)):
        if value is not None and length(value) is None:
            yield _not_a_duration(value, f"{path}/{field}")
    if wait.until is not None:
        yield from looked_at(wait.until.object, state, "experiment/target-not-found", f"{path}/until/object")


def looked_at(written: str, state: State, rule: str, path: str) -> Iterator[Finding]:
    """An object written as `Kind/ns/name`, or `Kind/name` where it is cluster-scoped, exists."""
    match written.split("/"):
        case [kind, namespace, name] if kind and namespace and name:
            yield from there(ObjectRef(kind, name, namespace), state, rule, path)
        case [kind, name] if kind and name and is_namespaced(kind) is not True:
            yield from there(ObjectRef(kind, name), state, rule, path)
        case _:
            yield finding(rule, f"{written!r} names no object; write it as Kind/namespace/name", path=path)


def _not_a_duration(value: str, path: str) -> Finding:
    shown = value if len(value) <= 40 else f"{value[:40]}…"
    return finding("experiment/duration", f"{shown!r} is no duration of more than zero; write 90s, 1m30s or 500ms", path=path)


def fault_lengths(step: Step) -> Iterator[float]:
    """How long the faults of a step last, in seconds, as far as they say."""
    for fault in faults(step.manifest or {}):
        seconds = length(fault.ends[1])
        if seconds is not None and not fault.one_shot:
            yield seconds
