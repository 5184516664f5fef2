"""What the controller of a Gateway writes into the statuses of Gateways and routes."""

from __future__ import annotations

from tools.playing.cluster import Cluster, Obj, selects


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
