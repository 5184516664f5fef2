"""What the controllers of namespaces, nodes and workloads add to what was declared."""

from __future__ import annotations

import copy
import ipaddress

from tools.playing.cluster import WORKLOADS, Cluster, Obj, letters, owner_reference, stable_uid
from tools.playing.pods import generated_name, make_pod, run_alone

# --- namespaces and nodes ---------------------------------------------------------------------------------------------


def play_namespaces(cluster: Cluster) -> None:
    """Gives every namespace its name label, its phase and its ``default`` ServiceAccount."""
    for namespace in cluster.of("Namespace"):
        meta = namespace["metadata"]
        meta["labels"] = {"kubernetes.io/metadata.name": meta["name"], **meta.get("labels", {})}
        namespace["status"] = {"phase": "Active"}
        account = {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": "default", "namespace": meta["name"]}}
        cluster.make(account, under=namespace)


def play_kubelets(cluster: Cluster) -> None:
    """Gives every node its host name label, an address and the Ready condition, and opens its range of pod addresses."""
    for number, node in enumerate(cluster.of("Node")):
        meta = node["metadata"]
        meta["labels"] = {"kubernetes.io/hostname": meta["name"], "kubernetes.io/os": "linux", **meta.get("labels", {})}
        node["status"] = {
            "addresses": [{"type": "InternalIP", "address": f"172.18.0.{number + 2}"}, {"type": "Hostname", "address": meta["name"]}],
            "conditions": [
                {"type": "Ready", "status": "True", "reason": "KubeletReady", "lastTransitionTime": meta["creationTimestamp"]},
            ],
        }
        hosts = ipaddress.IPv4Network(node["spec"]["podCIDR"]).hosts()
        next(hosts)  # the node's own end of the bridge
        cluster.addresses[meta["name"]] = hosts


# --- workloads --------------------------------------------------------------------------------------------------------


def play_workloads(cluster: Cluster) -> None:
    """Makes the ReplicaSets and Pods of every workload, and finishes the Pods that stand alone."""
    for workload in cluster.of(*WORKLOADS):
        match workload["kind"]:
            case "Deployment":
                play_deployment(cluster, workload)
            case "StatefulSet":
                play_stateful_set(cluster, workload)
            case _:
                play_daemon_set(cluster, workload)
    for pod in cluster.of("Pod"):
        if "status" not in pod:
            run_alone(cluster, pod)


def play_deployment(cluster: Cluster, deployment: Obj) -> None:
    """One ReplicaSet, as many Pods as wanted, all of them ready."""
    meta, spec = deployment["metadata"], deployment["spec"]
    count = spec["replicas"]
    revision = {"deployment.kubernetes.io/revision": "1"}
    meta["annotations"] = revision | meta.get("annotations", {})
    label = {"pod-template-hash": letters(8, cluster.name, meta["namespace"], meta["name"])}
    template = copy.deepcopy(spec["template"])
    template["metadata"]["labels"] |= label
    counts = {"replicas": count, "readyReplicas": count, "availableReplicas": count, "observedGeneration": 1}
    replica_set = cluster.make(
        {
            "apiVersion": "apps/v1",
            "kind": "ReplicaSet",
            "metadata": {
                "name": f"{meta['name']}-{label['pod-template-hash']}",
                "namespace": meta["namespace"],
                "labels": template["metadata"]["labels"],
                "annotations": revision,
                "ownerReferences": [owner_reference(deployment)],
            },
            "spec": {
                "replicas": count,
                "selector": {"matchLabels": spec["selector"]["matchLabels"] | label},
                "template": template,
            },
            "status": counts,
        },
        under=deployment,
    )
    for _ in range(count):
        make_pod(cluster, replica_set, generated_name(cluster, replica_set), template)
    available = {
        "type": "Available",
        "status": "True",
        "reason": "MinimumReplicasAvailable",
        "lastTransitionTime": meta["creationTimestamp"],
    }
    deployment["status"] = {**counts, "updatedReplicas": count, "conditions": [available]}


def play_stateful_set(cluster: Cluster, stateful_set: Obj) -> None:
    """Numbered Pods, each with its own claims."""
    meta, spec = stateful_set["metadata"], stateful_set["spec"]
    revision = f"{meta['name']}-{letters(8, cluster.name, meta['namespace'], meta['name'])}"
    for number in range(spec["replicas"]):
        name = f"{meta['name']}-{number}"
        template = copy.deepcopy(spec["template"])
        template["metadata"]["labels"] |= {
            "controller-revision-hash": revision,
            "apps.kubernetes.io/pod-index": str(number),
            "statefulset.kubernetes.io/pod-name": name,
        }
        template["spec"] |= {"hostname": name, "subdomain": spec["serviceName"]}
        claims = [make_claim(cluster, stateful_set, claim, name) for claim in spec.get("volumeClaimTemplates", [])]
        template["spec"]["volumes"] = template["spec"].get("volumes", []) + claims
        make_pod(cluster, stateful_set, name, template)
    count = spec["replicas"]
    stateful_set["status"] = {
        **dict.fromkeys(("replicas", "readyReplicas", "availableReplicas", "currentReplicas", "updatedReplicas"), count),
        "currentRevision": revision,
        "updateRevision": revision,
        "observedGeneration": 1,
    }


def make_claim(cluster: Cluster, stateful_set: Obj, claim: Obj, pod: str) -> Obj:
    """Makes one bound PersistentVolumeClaim; returns the volume by which its Pod mounts it."""
    meta = stateful_set["metadata"]
    name = f"{claim['metadata']['name']}-{pod}"
    cluster.make(
        {
            "apiVersion": "v1",
            "kind": "PersistentVolumeClaim",
            "metadata": {"name": name, "namespace": meta["namespace"], "labels": stateful_set["spec"]["selector"]["matchLabels"]},
            "spec": claim["spec"] | {"volumeName": f"pvc-{stable_uid(cluster.name, 'volume', meta['namespace'], name)}"},
            "status": {
                "phase": "Bound",
                "accessModes": claim["spec"]["accessModes"],
                "capacity": claim["spec"]["resources"]["requests"],
            },
        },
        under=stateful_set,
    )
    return {"name": claim["metadata"]["name"], "persistentVolumeClaim": {"claimName": name}}


def play_daemon_set(cluster: Cluster, daemon_set: Obj) -> None:
    """One Pod on every node."""
    meta, template = daemon_set["metadata"], copy.deepcopy(daemon_set["spec"]["template"])
    template["metadata"]["labels"] |= {
        "controller-revision-hash": letters(8, cluster.name, meta["namespace"], meta["name"]),
        "pod-template-generation": "1",
    }
    nodes = cluster.of("Node")
    for node in nodes:
        make_pod(cluster, daemon_set, generated_name(cluster, daemon_set), template, node)
    names = ("currentNumberScheduled", "desiredNumberScheduled", "numberReady", "numberAvailable", "updatedNumberScheduled")
    daemon_set["status"] = {**dict.fromkeys(names, len(nodes)), "numberMisscheduled": 0, "observedGeneration": 1}
