"""What is sent to a cluster, whoever asks for it: a closed list, looked at again before each change and before each one that undoes it.

`check` says the same to authors, with reasons and corrections. This is the last look, and it trusts nobody: not a journal that somebody may
have edited, and not a check that was skipped.
"""

from collections.abc import Iterator
from typing import Any

from aichaos.domain.policy import NO_POLICY, PROTECTED_NAMESPACES, Policy
from aichaos.domain.running import Change, Manifest

NETWORK = {
    "": ("Service", "Endpoints"),
    "discovery.k8s.io": ("EndpointSlice",),
    "networking.k8s.io": ("NetworkPolicy", "Ingress"),
    "gateway.networking.k8s.io": (
        *("Gateway", "ListenerSet", "HTTPRoute", "GRPCRoute", "TLSRoute", "TCPRoute", "UDPRoute"),
        *("ReferenceGrant", "BackendTLSPolicy"),
    ),
    "networking.istio.io": ("VirtualService", "DestinationRule"),
}
WORKLOADS = {
    "": ("Pod",),
    "apps": ("Deployment", "StatefulSet", "DaemonSet", "ReplicaSet"),
    "batch": ("Job", "CronJob"),
    "autoscaling": ("HorizontalPodAutoscaler",),
    "policy": ("PodDisruptionBudget",),
}
ENGINES = ("chaos-mesh.org", "litmuschaos.io")
NEVER = ("PhysicalMachineChaos", "PhysicalMachine", "JVMChaos", "KernelChaos", "RemoteCluster", "ChaosExperiment")
INTERNAL = ("PodNetworkChaos", "PodHttpChaos", "PodIOChaos")
"""Objects by which Chaos Mesh speaks to its daemons."""
CLOUD = ("AWSChaos", "GCPChaos", "AzureChaos", "CloudStackHostChaos", "YCChaos")
_CONFIGURATION = ("ConfigMap",)


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
    if change.verb != "delete" and not restoring and (why := _made(change.body or {}, policy)):
        return why
    return _hangs(before) if change.verb == "delete" and before is not None and not restoring else ""


def _listed(change: Change, policy: Policy, *, restoring: bool) -> bool:
    place = change.place
    group = place.group
    if place.kind in NETWORK.get(group, ()) or place.kind in WORKLOADS.get(group, ()):
        return True
    if group in ENGINES:
        return place.kind not in (*NEVER, *CLOUD, *INTERNAL) or policy.allows(place.kind)
    if not group and place.kind in _CONFIGURATION:
        return change.verb != "delete" or restoring  # one that the run created has to go again
    return policy.allows(place.kind)


def _made(manifest: Manifest, policy: Policy) -> str:
    """A manifest that would be more than it seems: another object inside, power over a node, a shell inside a chaos object."""
    for path, value in _walk(manifest):
        key = path[-1] if path else ""
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
    metadata = manifest.get("metadata")
    if not isinstance(metadata, dict):
        return ""
    if metadata.get("ownerReferences"):
        return "it names an owner: it would go, or stay, with somebody else's object"
    return "it brings a finalizer of its own" if _foreign(metadata.get("finalizers")) else ""


def _hangs(obj: Manifest) -> str:
    """Whether somebody else decides when an object that is deleted is gone."""
    foreign = _foreign((obj.get("metadata") or {}).get("finalizers"))
    return f"{foreign[0][:80]}: a finalizer of somebody else decides when it is gone" if foreign else ""


_OURS = ("chaos-mesh/", "chaosengine.litmuschaos.io/", "foregroundDeletion", "orphan")


def _foreign(finalizers: Any) -> list[str]:
    return [str(one) for one in finalizers or [] if not str(one).startswith(_OURS)] if isinstance(finalizers, list) else []


def _walk(value: Any, path: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], Any]]:
    yield path, value
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from _walk(inner, (*path, str(key)))
    elif isinstance(value, list):
        for inner in value:
            yield from _walk(inner, path)
