"""When a workload's rollout is done, as `kubectl rollout status` would say; these are its rules.

No run starts while one is in progress: what it does would be taken for the fault's doing. And the way back causes some: a template that
is put back replaces pods, and replicas that come back have to become ready. Everything is as it was only when they are done.
"""

from aichaos.domain.running import Manifest
from aichaos.files.plain import mapping


def unfinished(obj: Manifest, ready_before: int | None = None) -> str:
    """What a workload's rollout waits for; "" where it is done. ready_before: pods that were ready before the run; more need not be. None:
    all that are wanted have to be."""
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
    strategy = mapping(spec.get("updateStrategy"))
    kept = _number(mapping(strategy.get("rollingUpdate")), "partition")  # pods of a StatefulSet that stay of the old version
    needed = wanted if ready_before is None else min(wanted, ready_before)
    if updated < needed - kept and strategy.get("type") != "OnDelete":
        return f"{updated} of {wanted} pods are of its version"
    if total > wanted:
        return f"{total - wanted} too many are still there"
    if ready < needed:
        return f"{ready} of {needed} pods are ready"
    return ""


def _number(obj: Manifest, name: str) -> int:
    found = obj.get(name)
    return found if isinstance(found, int) else 0
