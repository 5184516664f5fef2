"""Autoscalers and budgets of disruption: their statuses."""

from __future__ import annotations

from tools.playing.cluster import Cluster, selects


def play_autoscalers(cluster: Cluster) -> None:
    """HorizontalPodAutoscalers that have found what they want."""
    for scaler in cluster.of("HorizontalPodAutoscaler"):
        target = scaler["spec"]["scaleTargetRef"]
        workload = cluster.find(target["kind"], scaler["metadata"]["namespace"], target["name"])
        count = workload["spec"]["replicas"] if workload else 0
        scaler["status"] = {"currentReplicas": count, "desiredReplicas": count}


def play_budgets(cluster: Cluster) -> None:
    """The arithmetic of PodDisruptionBudgets with plain numbers; all Pods are healthy."""
    for budget in cluster.of("PodDisruptionBudget"):
        spec, namespace = budget["spec"], budget["metadata"]["namespace"]
        pods = [pod["metadata"] for pod in cluster.of("Pod") if pod["metadata"]["namespace"] == namespace]
        total = sum(selects(spec["selector"]["matchLabels"], pod.get("labels")) for pod in pods)
        desired = spec["minAvailable"] if "minAvailable" in spec else total - spec["maxUnavailable"]
        budget["status"] = {
            "currentHealthy": total,
            "desiredHealthy": desired,
            "disruptionsAllowed": max(0, total - desired),
            "expectedPods": total,
            "observedGeneration": 1,
        }
