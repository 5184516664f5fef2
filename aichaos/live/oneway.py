"""Changes that have no way back: a field that only ever goes one way, and a definition's own rule about that.

No dry run shows it, for one always begins at the object as it is now.
"""

from collections.abc import Callable, Iterator
from typing import Any

from aichaos.check.schema.transitions import transitions
from aichaos.domain.definition import CustomResourceDefinition
from aichaos.domain.running import Manifest, Place, Plan
from aichaos.domain.snapshot import Snapshot
from aichaos.errors import SourceError
from aichaos.files.plain import at, mapping, sequence, text
from aichaos.run.plan import Refusal

Listed = Callable[[str, str, str], list[Manifest]]
_ADMISSION = "admissionregistration.k8s.io/v1"
_HINT = "Leave this field alone, or take another object."
_BUILT_IN = ("", "apps", "batch", "autoscaling", "policy", "networking.k8s.io", "discovery.k8s.io")


def one_way(plan: Plan, snapshot: Snapshot, listed: Listed) -> Iterator[Refusal | str]:
    """Of each object that steps change and that stands at their end. listed: all objects of an API version and a plural in a namespace."""
    intents = [step.intent for step in plan.steps if step.intent is not None]
    deleted = {intent.change.place for intent in intents if intent.change.verb == "delete"}
    first = {intent.change.place: intent.before for intent in reversed(intents)}
    last = {intent.change.place: intent.after for intent in intents}
    changed = [(place, old, new) for place, new in first.items() if new and (old := last[place]) and place not in deleted]
    unlisted = []
    for place, old, new in changed:
        for why in _built_in(place, old, new):
            yield _refused(place, why)
        if place.group not in _BUILT_IN and snapshot.unread("CustomResourceDefinition") is not None:
            unlisted.append("CustomResourceDefinitions")
        for broken in transitions(_schema(place, snapshot.definitions), _spec(old), _spec(new)):
            told = f"{broken.path}: {broken.message}".lstrip(": ")
            yield (
                _refused(place, told)
                if broken.known
                else f"whether the definition of {place.kind} lets {place} go back is not known: {told}"
            )
    try:
        policies = listed(_ADMISSION, "validatingadmissionpolicies", "") if changed else []
    except SourceError:
        policies, unlisted = [], [*unlisted, "ValidatingAdmissionPolicies"]
    for policy in policies:
        for place in (place for place, _, _ in changed if _about_changes(policy, place)):
            name = text(at(policy, "metadata", "name"))
            asks = f"the ValidatingAdmissionPolicy {name} looks at what an object was (oldObject)"
            yield f"{asks}: whether it lets {place} go back was not tried"
    if unlisted:
        what = " and ".join(dict.fromkeys(unlisted))
        yield f"rules about a change itself (oldSelf, oldObject) were not looked at: you may not list {what}"


def _refused(place: Place, why: str) -> Refusal:
    return Refusal(name="way-back", message=f"the old values of {place} could not be put back: {why}", hint=_HINT)


def _about_changes(policy: Manifest, place: Place) -> bool:
    """Whether a policy asks, of updates of such an object, what it was."""
    if "oldObject" not in str(mapping(policy.get("spec"))):
        return False
    chosen = at(policy, "spec", "matchConstraints", "namespaceSelector", "matchLabels", "kubernetes.io/metadata.name")
    if chosen not in (None, place.namespace):
        return False
    for one in sequence(at(policy, "spec", "matchConstraints", "resourceRules")):
        groups, resources, operations = (sequence(mapping(one).get(key)) for key in ("apiGroups", "resources", "operations"))
        if {"*", place.group} & {*groups} and {"*", "*/*", place.resource} & {*resources} and {"*", "UPDATE"} & {*operations}:
            return True
    return False


def _built_in(place: Place, old: Manifest, new: Manifest) -> Iterator[str]:
    """old: the object as the steps leave it; new: as it was. (pkg/apis/core/validation of Kubernetes 1.35)"""
    if place.kind == "ConfigMap" and old.get("immutable") is True and new.get("immutable") is not True:
        yield "immutable: whoever sets it can't take it back"
    if place.kind == "Pod":
        kept = sequence(at(new, "spec", "tolerations"))
        if [one for one in sequence(at(old, "spec", "tolerations")) if one not in kept]:
            yield "spec.tolerations: a pod that has got one keeps it"
        was, now = at(old, "spec", "activeDeadlineSeconds"), at(new, "spec", "activeDeadlineSeconds")
        if isinstance(was, int) and not (isinstance(now, int) and now <= was):
            yield "spec.activeDeadlineSeconds: it may be set and lowered, and not raised or taken away"
        if [one for one in sequence(at(new, "spec", "schedulingGates")) if one not in sequence(at(old, "spec", "schedulingGates"))]:
            yield "spec.schedulingGates: a gate that was opened can't be closed again"


def _spec(obj: Manifest) -> dict[str, Any]:
    return {key: value for key, value in obj.items() if key not in ("apiVersion", "kind", "metadata", "status")}


def _schema(place: Place, definitions: list[CustomResourceDefinition]) -> Any:
    """Of the version in which the object is written."""
    for one in definitions:
        if (one.spec.group, one.spec.names.kind) == (place.group, place.kind):
            version = next((one for one in one.spec.versions if one.name == place.api_version.rpartition("/")[2]), None)
            return version.schema.schema if version is not None and version.schema is not None else None
    return None
