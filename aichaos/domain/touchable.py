"""The kinds that a step may touch: a closed list, for `check`, which says it to authors, and for `run`, which has the last look."""

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
CHAOS = {
    "chaos-mesh.org": (
        *("PodChaos", "NetworkChaos", "HTTPChaos", "DNSChaos", "StressChaos", "IOChaos", "BlockChaos", "TimeChaos"),
        *("Workflow", "Schedule", "StatusCheck"),
    ),
    "litmuschaos.io": ("ChaosEngine",),
}
CONFIGURATION = {"": ("ConfigMap",)}
"""Made and changed; deleted only by the run that made it."""
BARRED = {
    "JVMChaos": "policy/code",
    "KernelChaos": "policy/machine",
    "PhysicalMachineChaos": "policy/machine",
    "ChaosExperiment": "policy/shell",
    **dict.fromkeys(("AWSChaos", "GCPChaos", "AzureChaos", "CloudStackHostChaos", "YCChaos"), "policy/cloud"),
}
"""Chaos kinds that only a policy lets pass, each with the rule that refuses it."""
INTERNAL = (
    *("PodNetworkChaos", "PodHttpChaos", "PodIOChaos", "WorkflowNode", "PhysicalMachine", "RemoteCluster"),
    *("ChaosResult", "ChaosSchedule"),
)
"""By which Chaos Mesh speaks to its daemons, keeps its workflows, and knows machines and other clusters; what a Litmus fault writes its
result into, and an engine that comes again and again in a form that nobody here looks into."""
_LISTED = (NETWORK, WORKLOADS, CHAOS, CONFIGURATION)


def is_touchable(group: str | None, kind: str) -> bool:
    """Whether a step may touch a kind. group: None where only the kind is known, and any group may be meant."""
    return any(kind in kinds for listed in _LISTED for name, kinds in listed.items() if group in (None, name))


def group_of_kind(kind: str) -> str | None:
    """The group of a kind that a step may touch; None for another one."""
    return next((name for listed in _LISTED for name, kinds in listed.items() if kind in kinds), None)
