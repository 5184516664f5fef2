"""What is sent to a cluster, whoever asks for it: a closed list, looked at again before each change and before each one that undoes it.

`check` says the same to authors, with reasons and corrections. This is the last look, and it trusts nobody: not a journal that somebody may
have edited, and not a check that was skipped.
"""

from aichaos.domain.policy import NO_POLICY, PROTECTED_NAMESPACES, Policy
from aichaos.domain.running import Change, Manifest
from aichaos.domain.touchable import BARRED, CHAOS, CONFIGURATION, is_touchable
from aichaos.files.plain import mapping, walk
from aichaos.observe.powers import foreign_finalizers, foreign_images, powers

OWN = "aichaos-"
"""What our own ConfigMaps begin with: the lever, the journals of runs, the count of approvals."""


def refusal(change: Change, before: Manifest | None, policy: Policy = NO_POLICY, *, restoring: bool = False) -> str:
    """Why a change is not sent; "" where nothing is against it. before: the object as it is, None where there is none.

    restoring: what is created was there before, and may be as it was.
    """
    place = change.place
    if not place.namespace:
        return f"a {place.kind} belongs to the whole cluster"
    if place.namespace in PROTECTED_NAMESPACES and not policy.allows(place.namespace):
        return f"{place.namespace} is protected"
    if not _listed(change, policy, restoring=restoring):
        return f"no step may {change.verb} a {place.kind}"
    if place.kind == "ConfigMap" and place.name.startswith(OWN):
        return f"{place.name} is one of aichaos itself"
    if place.group in CHAOS and change.verb == "patch" and not policy.allows(place.kind):
        return f"a {place.kind} is made and removed, and never changed while it lives"
    if change.verb != "delete" and not restoring and (why := _made(change.body or {}, policy) or _more(change, before, policy)):
        return why
    return _hangs(before) if change.verb == "delete" and before is not None and not restoring else ""


def _listed(change: Change, policy: Policy, *, restoring: bool) -> bool:
    group, kind = change.place.group, change.place.kind
    if kind in CONFIGURATION.get(group, ()):
        return change.verb != "delete" or restoring or policy.allows(kind)  # one that the run created has to go again
    rules = (BARRED[kind],) if group in CHAOS and kind in BARRED else ()
    return is_touchable(group, kind) or policy.allows(kind, *rules)


def _more(change: Change, before: Manifest | None, policy: Policy) -> str:
    """What it can do beside, which neither the policy allows nor the object has already."""
    place, patch = change.place, change.verb == "patch"
    for image in foreign_images(change.body or {}) if place.kind == "ChaosEngine" else ():
        if not policy.allows(image, "policy/foreign-image"):
            return f"{image[:200]} is no image of Litmus: it would run with the rights of the fault"
    had = [(one.word, one.value) for one in powers(before, place.group, place.kind) if one.there] if before is not None else []
    for one in powers(change.body or {}, place.group, place.kind, patch=patch):
        if not policy.allows(one.word, one.rule) and not (one.there and (one.word, one.value) in had):
            return one.why
    return ""


def _made(manifest: Manifest, policy: Policy) -> str:
    """A manifest that would be more than it seems: another object inside, power over a node, a shell inside a chaos object."""
    for way, value in walk(manifest):
        key = next((one for one in reversed(way) if isinstance(one, str)), "")
        if key in ("hostNetwork", "hostPID", "hostIPC", "privileged") and value is True and not policy.allows(key):
            return f"{key}: it gets hold of its node"
        if key == "hostPath" and not policy.allows(key):
            return "hostPath: it reaches into its node's files"
        probe = key in ("cmdProbe/inputs", "cmdProbe") or (key == "type" and value == "cmdProbe")
        if probe and not policy.allows("cmdProbe"):
            return "a cmdProbe runs a command"
        task = (key == "templateType" and value == "Task") or (key == "task" and isinstance(value, dict))
        if task and not policy.allows("Task"):
            return "a Task runs a container of its own"
    return ""


def _hangs(obj: Manifest) -> str:
    """Whether somebody else decides when an object that is deleted is gone."""
    foreign = foreign_finalizers(mapping(obj.get("metadata")))
    return f"{foreign[0][:80]}: a finalizer of somebody else decides when it is gone" if foreign else ""
