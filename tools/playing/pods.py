"""What the kubelets and the sidecar injector make of a template: where a pod runs, its address, its state."""

from __future__ import annotations

import copy

from tools.playing.cluster import Cluster, Obj, letters, owner_reference, selects

SIDECAR: Obj = {
    "name": "istio-proxy",
    "image": "docker.io/istio/proxyv2:1.27.1",
    "ports": [{"name": "http-envoy-prom", "containerPort": 15090}],
}


def generated_name(cluster: Cluster, owner: Obj) -> str:
    """The owner's name and five letters, different for every Pod of the demo."""
    attempt = 0
    while True:
        name = f"{owner['metadata']['name']}-{letters(5, owner['metadata']['uid'], str(attempt))}"
        if name not in cluster.pod_names:
            cluster.pod_names.add(name)
            return name
        attempt += 1


def schedule(cluster: Cluster, workload: str, template: Obj) -> Obj:
    """The node that spreads this workload best over regions, then zones, then nodes; then the emptiest; then the first by name."""
    wanted = template["spec"].get("nodeSelector", {})

    def crowding(node: Obj) -> tuple[int, int, int, int, str]:
        region, zone, name = places(node)
        seen = cluster.placed
        return seen[workload, region], seen[workload, zone], seen[workload, name], seen["", name], name

    return min((node for node in cluster.of("Node") if selects(wanted, node["metadata"]["labels"])), key=crowding)


def places(node: Obj) -> tuple[str, str, str]:
    """The node's region, zone and name."""
    labels = node["metadata"]["labels"]
    return labels["topology.kubernetes.io/region"], labels["topology.kubernetes.io/zone"], node["metadata"]["name"]


def make_pod(cluster: Cluster, owner: Obj, name: str, template: Obj, node: Obj | None = None) -> None:
    """Makes a running Pod of a workload; the scheduler chooses where none is given."""
    namespace = owner["metadata"]["namespace"]
    workload = f"{namespace}/{owner['kind']}/{owner['metadata']['name']}"
    node = node or schedule(cluster, workload, template)
    for place in places(node):
        cluster.placed[workload, place] += 1
    template = inject_sidecar(cluster, namespace, template)
    pod: Obj = {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {
            "name": name,
            "namespace": namespace,
            **{key: copy.copy(value) for key, value in template["metadata"].items()},
            "ownerReferences": [owner_reference(owner)],
        },
    }
    cluster.make(pod | pod_body(cluster, template, node), under=owner)


def run_alone(cluster: Cluster, pod: Obj) -> None:
    """Starts a Pod that nobody owns; it keeps its containers as declared, for nothing else in the cluster shows them."""
    containers = pod["spec"]["containers"]
    pod |= pod_body(cluster, pod, schedule(cluster, pod["metadata"]["name"], pod))
    pod["spec"]["containers"] = containers


def pod_body(cluster: Cluster, template: Obj, node: Obj) -> Obj:
    """Spec and status of a Pod that runs on the node and is ready; only the fields that describe the topology."""
    source, node_name = template["spec"], node["metadata"]["name"]
    cluster.placed["", node_name] += 1
    containers = [{key: part[key] for key in ("name", "image", "ports", "volumeMounts") if key in part} for part in source["containers"]]
    spec = {"serviceAccountName": source.get("serviceAccountName", "default"), "nodeName": node_name, "containers": containers}
    kept = {key: source[key] for key in ("hostname", "subdomain", "volumes") if source.get(key)}
    status = {
        "phase": "Running",
        "podIP": str(next(cluster.addresses[node_name])),
        "conditions": [{"type": "Ready", "status": "True"}],
        "containerStatuses": [{"name": part["name"], "ready": True} for part in containers],
    }
    return {"spec": spec | kept, "status": status}


def inject_sidecar(cluster: Cluster, namespace: str, template: Obj) -> Obj:
    """The template as Istio's injection webhook leaves it, in namespaces that ask for injection."""
    labels = template["metadata"]["labels"]
    home = cluster.find("Namespace", None, namespace)
    injects = home is not None and home["metadata"]["labels"].get("istio-injection") == "enabled"
    if not injects or labels.get("sidecar.istio.io/inject") == "false":
        return template
    injected = copy.deepcopy(template)
    injected["metadata"]["labels"]["security.istio.io/tlsMode"] = "istio"
    injected["spec"]["containers"].append(copy.deepcopy(SIDECAR))
    return injected
