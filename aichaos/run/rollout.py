"""Rollouts that the way back causes: a template that is put back replaces pods, and replicas that come back have to become ready.

Everything is as it was only when they are done, as `kubectl rollout status` would say; these are its rules.
"""

from aichaos.domain.running import Manifest
from aichaos.files.plain import mapping


def unfinished(obj: Manifest, ready_before: int) -> str:
    """What a workload's rollout waits for; "" where it is done. ready_before: pods that were ready before the run; more need not be."""
    spec, status = mapping(obj.get("spec")), mapping(obj.get("status"))
    if spec.get("paused") is True:
        return ""
    if _number(status, "observedGeneration") < _number(mapping(obj.get("metadata")), "generation"):
        return "its controller has not looked at it yet"
    if obj.get("kind") == "DaemonSet":
        wanted, updated, ready = (_number(status, name) for name in ("desiredNumberScheduled", "updatedNumberScheduled", "numberReady"))
        total = wanted
    else:
        found = spec.get("replicas")
        wanted = found if isinstance(found, int) else 1
        updated, ready, total = (_number(status, name) for name in ("updatedReplicas", "readyReplicas", "replicas"))
    by_hand = mapping(spec.get("updateStrategy")).get("type") == "OnDelete"
    if updated < min(wanted, ready_before) and not by_hand:
        return f"{updated} of {wanted} pods are of its version"
    if total > wanted:
        return f"{total - wanted} too many are still there"
    if ready < min(wanted, ready_before):
        return f"{ready} of {min(wanted, ready_before)} pods are ready"
    return ""


def _number(obj: Manifest, name: str) -> int:
    found = obj.get(name)
    return found if isinstance(found, int) else 0
