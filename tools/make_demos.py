"""Make the bundled demo clusters from their sources.

``tools/demos/NAME.yaml`` holds what people declare: namespaces, nodes, workloads, Services, routes. A real cluster
also shows what its controllers make of that: ReplicaSets, Pods, EndpointSlices, statuses, uids. This program plays
those controllers and writes ``aichaos/observe/demos/NAME.yaml``, which reads like ``kubectl get -o yaml``.

Nothing here is random and no clock is read: names, uids and addresses are hashes of the object's own name, so the
output is the same byte for byte on every machine. An object without ``creationTimestamp`` gets that of its owner,
else of its namespace; a cluster-scoped one gets that of ``kube-system``, as if it came with the cluster.

Fields that the API server would refuse on create (``resourceVersion``, ``clusterIP``, ``managedFields``) are left out,
and Pods carry only what a reader of a topology asks for.

    python tools/make_demos.py            write all demos
    python tools/make_demos.py --check    write nothing; exit 1 and name the files that are stale
"""

from __future__ import annotations

import argparse
import copy
import hashlib
import ipaddress
import json
import sys
import uuid
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).resolve().parent.parent
SOURCES = ROOT / "tools" / "demos"
OUTPUT = ROOT / "aichaos" / "observe" / "demos"

Obj = dict[str, Any]
"""A Kubernetes object, or a part of one, as YAML gives it."""

WORKLOADS = frozenset({"Deployment", "StatefulSet", "DaemonSet"})
WITH_GENERATION = WORKLOADS | {"ReplicaSet", "GatewayClass", "Gateway", "HTTPRoute", "PodDisruptionBudget"}

NAME_LETTERS = "bcdfghjklmnpqrstvwxz2456789"
"""What Kubernetes draws generated names from: no vowels, nothing that looks like another."""
SLICE_LIMIT = 100
"""Endpoints per EndpointSlice: the controller's ``--max-endpoints-per-slice`` default."""
LINE = 180
"""Parts of an object whose JSON is no longer than this are written on one line."""
SIDECAR: Obj = {
    "name": "istio-proxy",
    "image": "docker.io/istio/proxyv2:1.27.1",
    "ports": [{"name": "http-envoy-prom", "containerPort": 15090}],
}


# --- stable stand-ins for what a cluster makes up ---------------------------------------------------------------------


def digest(*parts: str) -> bytes:
    """The hash that stands in for every random choice."""
    return hashlib.sha256("\0".join(parts).encode()).digest()


def stable_uid(*parts: str) -> str:
    """A version 4 uid that is the same on every run."""
    return str(uuid.UUID(bytes=digest("uid", *parts)[:16], version=4))


def letters(count: int, *parts: str) -> str:
    """A generated name's suffix, in the alphabet of Kubernetes."""
    return "".join(NAME_LETTERS[byte % len(NAME_LETTERS)] for byte in digest("name", *parts)[:count])


# --- the cluster under construction -----------------------------------------------------------------------------------


@dataclass
class Cluster:
    """The objects of one demo: the declared ones in file order, each made one filed under the uid of what it was made from."""

    name: str
    declared: list[Obj]
    made: dict[str, list[Obj]] = field(default_factory=dict)
    addresses: dict[str, Iterator[ipaddress.IPv4Address]] = field(default_factory=dict)
    pod_names: set[str] = field(default_factory=set)
    placed: Counter[tuple[str, str]] = field(default_factory=Counter)

    def everything(self) -> Iterator[Obj]:
        """Each declared object, followed by what was made from it, and from that."""
        for declared in self.declared:
            yield from self._with_made(declared)

    def _with_made(self, obj: Obj) -> Iterator[Obj]:
        yield obj
        for child in self.made.get(obj["metadata"]["uid"], []):
            yield from self._with_made(child)

    def of(self, *kinds: str) -> list[Obj]:
        """All objects of these kinds, in the order of the output."""
        return [obj for obj in self.everything() if obj["kind"] in kinds]

    def find(self, kind: str, namespace: str | None, name: str) -> Obj | None:
        """One object by name; the namespace of a cluster-scoped one is None."""
        return next(
            (obj for obj in self.of(kind) if (obj["metadata"].get("namespace"), obj["metadata"]["name"]) == (namespace, name)), None
        )

    def make(self, obj: Obj, under: Obj) -> Obj:
        """Adds an object that a controller makes because of ``under``; its metadata is completed."""
        obj["metadata"] = self.complete(obj, born=under["metadata"]["creationTimestamp"])
        self.made.setdefault(under["metadata"]["uid"], []).append(obj)
        return obj

    def complete(self, obj: Obj, born: str) -> Obj:
        """The object's metadata with uid, age and generation, in a fixed order."""
        meta = obj["metadata"]
        done: Obj = {"name": meta["name"]}
        if "namespace" in meta:
            done["namespace"] = meta["namespace"]
        done["uid"] = stable_uid(self.name, obj["kind"], meta.get("namespace", ""), meta["name"])
        done["creationTimestamp"] = meta.get("creationTimestamp", born)
        if obj["kind"] in WITH_GENERATION:
            done["generation"] = 1
        return done | {key: value for key, value in meta.items() if key not in done}


def load(path: Path) -> Cluster:
    """The declared objects of a source, with completed metadata and owner references that carry uids."""
    objects: list[Obj] = [obj for obj in yaml.load_all(path.read_text(encoding="utf-8"), Loader=yaml.CSafeLoader) if obj]
    cluster = Cluster(path.stem, [])
    births = {obj["metadata"]["name"]: obj["metadata"]["creationTimestamp"] for obj in objects if obj["kind"] == "Namespace"}
    for obj in objects:
        obj["metadata"] = cluster.complete(obj, born=births[obj["metadata"].get("namespace", "kube-system")])
        cluster.declared.append(obj)
    for obj in cluster.declared:
        for reference in obj["metadata"].get("ownerReferences", []):
            owner = cluster.find(reference["kind"], obj["metadata"].get("namespace"), reference["name"])
            if owner is None:
                raise SystemExit(f"{path}: {obj['kind']} {obj['metadata']['name']}: no {reference['kind']} {reference['name']}")
            reference |= owner_reference(owner)
    return cluster


def owner_reference(owner: Obj) -> Obj:
    """How an object points at the one whose controller made it."""
    return {
        "apiVersion": owner["apiVersion"],
        "kind": owner["kind"],
        "name": owner["metadata"]["name"],
        "uid": owner["metadata"]["uid"],
        "controller": True,
    }


def selects(selector: Obj | None, labels: Obj | None) -> bool:
    """Whether equality-based labels select; no selector selects nothing."""
    return selector is not None and selector.items() <= (labels or {}).items()


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


# --- pods -------------------------------------------------------------------------------------------------------------


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


# --- endpoints --------------------------------------------------------------------------------------------------------


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


# --- gateways and routes ----------------------------------------------------------------------------------------------


def conditions(obj: Obj, reasons: dict[str, str], false: tuple[str, ...] = ()) -> list[Obj]:
    """Gateway API conditions, type to reason; all True but those named."""
    return [
        {
            "type": kind,
            "status": "False" if kind in false else "True",
            "reason": reason,
            "message": "",
            "observedGeneration": 1,
            "lastTransitionTime": obj["metadata"]["creationTimestamp"],
        }
        for kind, reason in reasons.items()
    ]


def play_gateways(cluster: Cluster) -> None:
    """Statuses of GatewayClasses, Gateways and HTTPRoutes."""
    classes = {one["metadata"]["name"]: one["spec"]["controllerName"] for one in cluster.of("GatewayClass")}
    gateways, routes = cluster.of("Gateway"), cluster.of("HTTPRoute")
    for gateway_class in cluster.of("GatewayClass"):
        gateway_class["status"] = {"conditions": conditions(gateway_class, {"Accepted": "Accepted"})}
    for gateway in gateways:
        gateway["status"] = {
            **gateway.get("status", {}),
            "conditions": conditions(gateway, {"Accepted": "Accepted", "Programmed": "Programmed"}),
            "listeners": [listener_status(cluster, gateway, listener, routes) for listener in gateway["spec"]["listeners"]],
        }
    for route in routes:
        route["status"] = {"parents": route_parents(cluster, route, gateways, classes)}


def listener_status(cluster: Cluster, gateway: Obj, listener: Obj, routes: list[Obj]) -> Obj:
    """A programmed listener, with the number of routes it took."""
    attached = [route for route in routes for parent in route["spec"]["parentRefs"] if attaches(cluster, route, parent, gateway, listener)]
    reasons = {"Accepted": "Accepted", "Conflicted": "NoConflicts", "Programmed": "Programmed", "ResolvedRefs": "ResolvedRefs"}
    return {
        "name": listener["name"],
        "supportedKinds": [{"group": "gateway.networking.k8s.io", "kind": kind} for kind in ("HTTPRoute", "GRPCRoute")],
        "attachedRoutes": len(attached),
        "conditions": conditions(gateway, reasons, false=("Conflicted",)),
    }


def attaches(cluster: Cluster, route: Obj, parent: Obj, gateway: Obj, listener: Obj) -> bool:
    """Whether a parentRef means this listener and the listener takes it. Listener hostnames are not played."""
    if "hostname" in listener:
        raise SystemExit(f"{cluster.name}: listener hostnames are not played")
    home, here = route["metadata"]["namespace"], gateway["metadata"]["namespace"]
    if (parent.get("namespace", home), parent["name"]) != (here, gateway["metadata"]["name"]):
        return False
    if parent.get("sectionName", listener["name"]) != listener["name"] or parent.get("port", listener["port"]) != listener["port"]:
        return False
    allowed = listener.get("allowedRoutes", {}).get("namespaces", {})
    match allowed.get("from", "Same"):
        case "All":
            return True
        case "Same":
            return bool(home == here)
        case _:
            namespace = cluster.find("Namespace", None, home)
            return namespace is not None and selects(allowed["selector"]["matchLabels"], namespace["metadata"]["labels"])


def route_parents(cluster: Cluster, route: Obj, gateways: list[Obj], classes: dict[str, str]) -> list[Obj]:
    """What each Gateway's controller says about the route."""
    resolved = all(backend_exists(cluster, route, backend) for rule in route["spec"]["rules"] for backend in rule.get("backendRefs", []))
    parents = []
    for parent in route["spec"]["parentRefs"]:
        for gateway in gateways:
            if not any(attaches(cluster, route, parent, gateway, listener) for listener in gateway["spec"]["listeners"]):
                continue
            reasons = {"Accepted": "Accepted", "ResolvedRefs": "ResolvedRefs" if resolved else "BackendNotFound"}
            parents.append({
                "parentRef": {"group": "gateway.networking.k8s.io", "kind": "Gateway", **parent},
                "controllerName": classes[gateway["spec"]["gatewayClassName"]],
                "conditions": conditions(route, reasons, false=() if resolved else ("ResolvedRefs",)),
            })  # fmt: skip
    return parents


def backend_exists(cluster: Cluster, route: Obj, backend: Obj) -> bool:
    """Whether the Service is there and has the port."""
    service = cluster.find("Service", backend.get("namespace", route["metadata"]["namespace"]), backend["name"])
    return service is not None and any(port["port"] == backend["port"] for port in service["spec"]["ports"])


# --- budgets and autoscalers ------------------------------------------------------------------------------------------


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


# --- the files --------------------------------------------------------------------------------------------------------


class Compact(yaml.CSafeDumper):
    """What fits on a line is on a line; no anchors; text of several lines stays readable."""

    def ignore_aliases(self, data: Any) -> bool:
        """Writes a part that is shared twice over instead of by reference."""
        return True


def _fits(data: Obj | list[Any]) -> bool:
    text = json.dumps(data)
    return len(text) <= LINE and "\\n" not in text


def _mapping(dumper: yaml.CSafeDumper, data: Obj) -> yaml.MappingNode:
    return dumper.represent_mapping("tag:yaml.org,2002:map", data, flow_style=_fits(data))


def _sequence(dumper: yaml.CSafeDumper, data: list[Any]) -> yaml.SequenceNode:
    return dumper.represent_sequence("tag:yaml.org,2002:seq", data, flow_style=_fits(data))


def _text(dumper: yaml.CSafeDumper, data: str) -> yaml.ScalarNode:
    return dumper.represent_scalar("tag:yaml.org,2002:str", data, style="|" if "\n" in data else None)


Compact.add_representer(dict, _mapping)
Compact.add_representer(list, _sequence)
Compact.add_representer(str, _text)


def check_service_accounts(cluster: Cluster) -> None:
    """The API server refuses a Pod whose ServiceAccount is missing, so a source must not forget one."""
    known = {(one["metadata"]["namespace"], one["metadata"]["name"]) for one in cluster.of("ServiceAccount")}
    for pod in cluster.of("Pod"):
        wanted = (pod["metadata"]["namespace"], pod["spec"]["serviceAccountName"])
        if wanted not in known:
            raise SystemExit(
                f"{cluster.name}: Pod {pod['metadata']['name']} wants ServiceAccount {'/'.join(wanted)}, which is not declared"
            )


def render(source: Path) -> str:
    """The text of the demo that a source describes."""
    cluster = load(source)
    for play in (
        play_namespaces, play_kubelets, play_workloads, play_endpoint_slices, play_gateways, play_autoscalers, play_budgets,
        check_service_accounts,
    ):  # fmt: skip
        play(cluster)
    text = yaml.dump_all(
        cluster.everything(),
        Dumper=Compact,
        explicit_start=True,
        sort_keys=False,
        width=10_000,
        allow_unicode=True,
    )
    return f"# Generated from tools/demos/{source.name} by tools/make_demos.py; edit the source, not this file.\n{text}"


def main(arguments: list[str] | None = None) -> int:
    """Writes the demos, or with ``--check`` says which are stale."""
    parser = argparse.ArgumentParser(description="make the bundled demo clusters from tools/demos")
    parser.add_argument("--check", action="store_true", help="write nothing; exit 1 when a file is stale")
    check = parser.parse_args(arguments).check
    wanted = {OUTPUT / source.name: render(source) for source in sorted(SOURCES.glob("*.yaml"))}
    found = {path: path.read_text(encoding="utf-8") for path in OUTPUT.glob("*.yaml")}
    stale = sorted(path for path in wanted.keys() | found.keys() if wanted.get(path) != found.get(path))
    for path in stale:
        print(f"{'stale' if check else 'written'}: {path.relative_to(ROOT)}")
        if not check:
            write(path, wanted.get(path))
    return 1 if check and stale else 0


def write(path: Path, text: str | None) -> None:
    """Writes a demo, or removes one whose source is gone."""
    if text is None:
        path.unlink()
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8", newline="\n")


if __name__ == "__main__":
    sys.exit(main())
