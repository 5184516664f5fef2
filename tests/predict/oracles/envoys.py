"""Clusters given to a gateway's own translator, and a real Envoy asked by what it wrote.

Every cluster is served by an Envoy of its own that reads the translator's configuration as it is, but for this:
- what Envoy would fetch from the controller is beside it: the route tables in files (one that Envoy refuses is refused as if it came from
  the controller: nothing else falls with it), endpoints in the clusters, or in files where one has a health status or stands
  there twice (Envoy then makes something else of them);
- access logs, tracing, and the filters that only Istio's own build of Envoy has are left out;
- ports below 1024 are moved by 10,000.
"""

import json
import subprocess
import tempfile
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from aichaos.predict.routing.forwarded import CLIENT
from tests.controlplane.asking import Answer, Client
from tests.controlplane.envoy import Envoy
from tests.controlplane.netns import API_SERVER_ADDRESS  # what Envoy writes for a client of its own machine
from tests.predict.differential.worlds import Asked, World

Json = dict[str, Any]

_TYPE = "type.googleapis.com/envoy.config"
_LEFT_OUT = {"accessLog", "tracing"}
_FOREIGN = ("istio.", "envoy.filters.http.grpc_stats")
"""Beginnings of the names of filters that do not route."""
_ASIDE = ("envoy-gateway-proxy-", "virtualInbound", "virtualOutbound")
"""Beginnings of the names of listeners that are not asked: a readiness probe, and those that have all traffic of a sidecar."""
_OWN = ("x-request-id", "x-envoy-")
"""Beginnings of the names of headers that every gateway adds by itself, and that are not foretold."""
_RE2 = {"istio": 32768, "envoy-gateway": 4294967295}
"""The greatest size of a regular expression's program, as in the bootstrap configuration of each gateway."""


def translated(program: Path, worlds: Iterable[World]) -> Iterator[Json]:
    """What the translator makes of each cluster. Raises CalledProcessError where it falls."""
    lines = "".join(
        json.dumps({"id": one.name, "objects": one.everything, "client": one.client, "labels": one.labels, "region": one.region}) + "\n"
        for one in worlds
    )
    with tempfile.TemporaryDirectory(prefix="aichaos-oracle-") as folder:
        out, log = Path(folder) / "out.jsonl", Path(folder) / "log"
        with log.open("wb") as said:
            command = ["nice", "-n", "10", str(program), "-out", str(out)]
            subprocess.run(command, input=lines.encode(), stdout=said, stderr=said, check=True)
        with out.open(encoding="utf-8") as written:
            for line in written:
                yield json.loads(line)


def answers(gateway: str, envoy: Path, world: World, translation: Json) -> Json:
    """A record: the ports whose route table Envoy refuses, the conditions of routes, and one answer a request (see `_told`)."""
    if translation.get("error") or translation.get("varies"):
        return {"id": world.name, "error": translation.get("error") or "its translation depends on the order of the objects"}
    with serving(gateway, envoy, translation) as (served, client, ports):
        pods = _pods(world)
        refused = sorted({port for port, _, table in ports if _refused(served, table)})
        told = [_asked(client, one, pods) for one in world.requests]
    said = {} if world.client else {"conditions": conditions(translation["statuses"])}
    return {"id": world.name, **({"refused": refused} if refused else {}), **said, "answers": told}


def conditions(statuses: Json) -> dict[str, dict[str, str]]:
    """What the controller writes of routes: the route and the parentRef → type of the condition → its status and reason."""
    return {
        place(name, parent["parentRef"]): {one["type"]: f"{one['status']} {one['reason']}" for one in parent.get("conditions", ())}
        for name, status in sorted(statuses.items())
        if name.partition("/")[0].endswith("Route")
        for parent in status.get("parents") or ()
    }


def place(route: str, parent: Mapping[str, Any]) -> str:
    """A route and one of its parentRefs, in one line."""
    section, port = (f" {name} {parent[name]}" if parent.get(name) else "" for name in ("sectionName", "port"))
    namespace = parent.get("namespace") or route.split("/")[1]
    return f"{route} at {parent.get('kind', 'Gateway')}/{namespace}/{parent['name']}{section}{port}"


@contextmanager
def serving(gateway: str, envoy: Path, translation: Json) -> Iterator[tuple[Envoy, Client, list[tuple[int, int, str]]]]:
    """An Envoy by a translation, a client of it, and its listeners: port of the Gateway, local port, name of the route table."""
    with tempfile.TemporaryDirectory(prefix="aichaos-oracle-") as name:
        folder = Path(name)
        served = Envoy(envoy, folder, folder / "envoy.json")
        ports = _configure(gateway, translation["xds"], folder, served.admin)
        client = Client("127.0.0.1", {port: local for port, local, _ in ports})
        try:
            served.start()
            yield served, client, ports
        finally:
            client.close()
            served.stop()


# configuration -----------------------------------------------------------------------------------------------------------------------


def _configure(gateway: str, xds: Json, folder: Path, admin: Path) -> list[tuple[int, int, str]]:
    """Writes Envoy's configuration. Returns the listeners: port of the Gateway, local port, name of the route table."""
    tables = {one["name"]: one for one in xds["routes"]}
    loads = {one["clusterName"]: one for one in xds["endpoints"]}
    ports: list[tuple[int, int, str]] = []
    listeners: list[Json] = []
    for listener in xds["listeners"]:
        if listener["name"].startswith(_ASIDE):
            continue
        connection = _manager(listener)
        if connection is None:
            continue
        listener.pop("bindToPort", None)  # a sidecar's listeners are fed by one that has all of the pod's traffic
        table = connection["rds"]["routeConfigName"]
        file = _resource(folder, f"routes-{len(ports)}", "route.v3.RouteConfiguration", {**tables[table], "validateClusters": False})
        connection["rds"]["configSource"] = file
        address = listener["address"]["socketAddress"]
        local = address["portValue"] if address["portValue"] >= 1024 else address["portValue"] + 10_000
        ports.append((local - 10_000 if 10_000 < local < 11_024 else local, local, table))
        address.update(portValue=local, address="127.0.0.1")
        listeners.append(listener)
    clusters = [_cluster(one, loads, folder, place) for place, one in enumerate(xds["clusters"])]
    whole = {
        "admin": {"address": {"pipe": {"path": str(admin)}}},
        "layeredRuntime": {"layers": [{"name": "static", "staticLayer": {"re2.max_program_size.error_level": _RE2[gateway]}}]},
        "staticResources": {"listeners": listeners, "clusters": [one for one in clusters if one is not None]},
    }
    (folder / "envoy.json").write_text(json.dumps(_without(whole, _LEFT_OUT)), encoding="utf-8")
    return ports


def _manager(listener: Json) -> Json | None:
    """The HTTP connection manager of a listener."""
    chains = [*listener.get("filterChains", ()), *([listener["defaultFilterChain"]] if "defaultFilterChain" in listener else [])]
    found = [one["typedConfig"] for chain in chains for one in chain.get("filters", ()) if "httpFilters" in one["typedConfig"]]
    if not found:
        return None
    manager: Json
    (manager,) = found
    manager["httpFilters"] = [one for one in manager["httpFilters"] if not one["name"].startswith(_FOREIGN)]
    return manager


def _cluster(cluster: Json, loads: Mapping[str, Json], folder: Path, place: int) -> Json | None:
    """A cluster with its endpoints; None for one that no route leads to (Istio's own)."""
    kept = {key: value for key, value in cluster.items() if key not in ("filters", "transportSocketMatches")}
    if cluster.get("type") != "EDS":
        return kept if "loadAssignment" in cluster else None
    load = loads.get(cluster["edsClusterConfig"].get("serviceName", cluster["name"]), {"clusterName": cluster["name"]})
    addresses = [json.dumps(one["endpoint"]) for group in load.get("endpoints", ()) for one in group.get("lbEndpoints", ())]
    if "healthStatus" in json.dumps(load) or len(set(addresses)) < len(addresses):
        source = _resource(folder, f"endpoints-{place}", "endpoint.v3.ClusterLoadAssignment", load)
        return kept | {"edsClusterConfig": {"serviceName": load["clusterName"], "edsConfig": source}}
    del kept["edsClusterConfig"]
    return kept | {"type": "STATIC", "loadAssignment": {**load, "clusterName": cluster["name"]}}


def _resource(folder: Path, name: str, kind: str, resource: Json) -> Json:
    """Writes one resource to a file; the source that names it."""
    file = folder / f"{name}.json"
    resources = [{"@type": f"{_TYPE}.{kind}", **resource}]
    file.write_text(json.dumps({"versionInfo": "1", "resources": resources}), encoding="utf-8")
    return {"pathConfigSource": {"path": str(file)}, "resourceApiVersion": "V3"}


def _without(value: Any, names: set[str]) -> Any:
    if isinstance(value, dict):
        return {key: _without(inner, names) for key, inner in value.items() if key not in names}
    return [_without(inner, names) for inner in value] if isinstance(value, list) else value


def _refused(served: Envoy, table: str) -> bool:
    stats = served.get("/stats?format=json&usedonly&filter=update_rejected")["stats"]
    return any(one.get("value") and f".rds.{table}." in one["name"].replace(";", "") for one in stats)


# asking ------------------------------------------------------------------------------------------------------------------------------


def _pods(world: World) -> dict[str, str]:
    """Address → Service."""
    return {
        address: f"{one['metadata']['namespace']}/{one['metadata']['labels']['kubernetes.io/service-name']}"
        for one in world.everything
        if one["kind"] == "EndpointSlice"
        for endpoint in one["endpoints"]
        for address in endpoint["addresses"]
    }


def _asked(client: Client, one: Asked, pods: Mapping[str, str]) -> Json:
    first = _told(client.ask(one.method, one.host, one.path, one.headers, one.port), pods)
    if one.times == 1:
        return first
    counts = Counter([_where(first)])
    for _ in range(one.times - 1):
        counts[_where(_told(client.ask(one.method, one.host, one.path, one.headers, one.port), pods))] += 1
    return {"counts": dict(sorted(counts.items()))}


def _where(told: Json) -> str:
    return str(told.get("to", told.get("status")))


def _told(answer: Answer, pods: Mapping[str, str]) -> Json:
    """`{"to": service, "path", "host", "headers"}` of what a backend received, or `{"status", "location"}`.

    Of a HEAD only `to` is known: its answer has no body.
    """
    received = answer.received
    if received is None:
        return {"status": answer.status} | ({"location": answer.location} if answer.location is not None else {})
    to = {"to": pods[received.pod]}
    if received.method == "HEAD":
        return to
    return to | {"path": received.path, "host": received.host, "headers": _sent(received.headers)}


def _sent(headers: Sequence[tuple[str, str]]) -> list[list[str]]:
    kept = [(name, value) for name, value in headers if name.startswith("x-") and not name.startswith(_OWN)]
    return [[name, value.replace(API_SERVER_ADDRESS, CLIENT) if name == "x-forwarded-for" else value] for name, value in kept]
