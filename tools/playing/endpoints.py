"""The EndpointSlices of every Service."""

from __future__ import annotations

from tools.playing.cluster import Cluster, Obj, letters, owner_reference, selects
from tools.playing.pods import places

SLICE_LIMIT = 100
"""Endpoints per EndpointSlice: the controller's ``--max-endpoints-per-slice`` default."""


def play_endpoint_slices(cluster: Cluster) -> None:
    """Files the ready Pods of every Service with a selector into EndpointSlices."""
    pods = cluster.of("Pod")
    zones = {node["metadata"]["name"]: places(node)[1] for node in cluster.of("Node")}
    for service in cluster.of("Service"):
        selector = service["spec"].get("selector")
        chosen = [
            pod
            for pod in pods
            if pod["metadata"]["namespace"] == service["metadata"]["namespace"] and selects(selector, pod["metadata"].get("labels"))
        ]
        for number in range(max(1, -(-len(chosen) // SLICE_LIMIT))):
            make_slice(cluster, service, number, chosen[number * SLICE_LIMIT : (number + 1) * SLICE_LIMIT], zones)


def make_slice(cluster: Cluster, service: Obj, number: int, pods: list[Obj], zones: dict[str, str]) -> None:
    """Makes one EndpointSlice of a Service."""
    meta = service["metadata"]
    labels = {
        **meta.get("labels", {}),
        "endpointslice.kubernetes.io/managed-by": "endpointslice-controller.k8s.io",
        "kubernetes.io/service-name": meta["name"],
    }
    if service["spec"].get("clusterIP") == "None":
        labels["service.kubernetes.io/headless"] = ""
    endpoint_slice = {
        "apiVersion": "discovery.k8s.io/v1",
        "kind": "EndpointSlice",
        "metadata": {
            "name": f"{meta['name']}-{letters(5, meta['uid'], str(number))}",
            "namespace": meta["namespace"],
            "labels": labels,
            "ownerReferences": [owner_reference(service)],
        },
        "addressType": "IPv4",
        "endpoints": [endpoint(pod, zones) for pod in pods],
        "ports": slice_ports(service, pods),
    }
    cluster.make(endpoint_slice, under=service)


def endpoint(pod: Obj, zones: dict[str, str]) -> Obj:
    """One ready Pod as a slice lists it."""
    meta, spec = pod["metadata"], pod["spec"]
    found: Obj = {
        "addresses": [pod["status"]["podIP"]],
        "conditions": {"ready": True},
        "nodeName": spec["nodeName"],
        "targetRef": {"kind": "Pod", "namespace": meta["namespace"], "name": meta["name"], "uid": meta["uid"]},
        "zone": zones[spec["nodeName"]],
    }
    return found | ({"hostname": spec["hostname"]} if "hostname" in spec else {})


def slice_ports(service: Obj, pods: list[Obj]) -> list[Obj]:
    """The Service's ports as the Pods listen on them; named target ports are looked up in the first Pod."""
    if not pods:
        return []
    named = {
        port["name"]: port["containerPort"] for part in pods[0]["spec"]["containers"] for port in part.get("ports", []) if "name" in port
    }
    ports = []
    for port in service["spec"]["ports"]:
        target = port.get("targetPort", port["port"])
        resolved = {"name": port.get("name", ""), "port": named.get(target, target), "protocol": port.get("protocol", "TCP")}
        ports.append(resolved | {key: port[key] for key in ("appProtocol",) if key in port})
    return ports
