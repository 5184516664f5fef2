"""`aichaos suggest`, offline, on a snapshot of 10,000 HTTPRoutes; beside it, only reading the same objects as YAML with PyYAML.

python -m benchmarks.large [--json] [--runs N]
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import yaml

BIN = Path(sys.executable).parent
ROUTES = 10_000
_ALTERNATIVE = "import sys, yaml; print(len(list(yaml.load_all(open(sys.argv[1]), Loader=yaml.CSafeLoader))))"


def cluster(routes: int, per_namespace: int = 100) -> list[dict[str, object]]:
    """A Gateway, and for each route a Service with one ready endpoint."""
    objects: list[dict[str, object]] = [
        {
            "apiVersion": "gateway.networking.k8s.io/v1",
            "kind": "GatewayClass",
            "metadata": {"name": "c"},
            "spec": {"controllerName": "example.com/c"},
        },
        {
            "apiVersion": "gateway.networking.k8s.io/v1",
            "kind": "Gateway",
            "metadata": {"name": "edge", "namespace": "gateways"},
            "spec": {
                "gatewayClassName": "c",
                "listeners": [{"name": "http", "protocol": "HTTP", "port": 80, "allowedRoutes": {"namespaces": {"from": "All"}}}],
            },
        },
    ]
    for number in range(routes):
        objects += _route(number, f"team-{number // per_namespace}")
    return objects


def _route(number: int, namespace: str) -> list[dict[str, object]]:
    name = f"app-{number}"
    metadata = {"name": name, "namespace": namespace, "creationTimestamp": f"2026-01-{number % 28 + 1:02d}T10:00:00Z"}
    rules = [
        {"matches": [{"path": {"type": "PathPrefix", "value": path}}], "backendRefs": [{"name": name, "port": 80}]}
        for path in ("/", "/api")
    ]
    spec = {"parentRefs": [{"name": "edge", "namespace": "gateways"}], "hostnames": [f"{name}.example.com"], "rules": rules}
    labels = {"app": name}
    slice_labels = {"kubernetes.io/service-name": name}
    return [
        {"apiVersion": "gateway.networking.k8s.io/v1", "kind": "HTTPRoute", "metadata": metadata, "spec": spec},
        {
            "apiVersion": "v1",
            "kind": "Service",
            "metadata": metadata,
            "spec": {"selector": labels, "ports": [{"port": 80, "targetPort": 8080}]},
        },
        {
            "apiVersion": "discovery.k8s.io/v1",
            "kind": "EndpointSlice",
            "metadata": {"name": f"{name}-x", "namespace": namespace, "labels": slice_labels},
            "addressType": "IPv4",
            "endpoints": [{"addresses": [f"10.{number >> 16 & 255}.{number >> 8 & 255}.{number & 255}"], "conditions": {"ready": True}}],
            "ports": [{"port": 8080}],
        },
        {
            "apiVersion": "apps/v1",
            "kind": "Deployment",
            "metadata": metadata,
            "spec": {
                "replicas": 1,
                "selector": {"matchLabels": labels},
                "template": {"metadata": {"labels": labels}, "spec": {"containers": []}},
            },
        },
        {
            "apiVersion": "v1",
            "kind": "Pod",
            "metadata": {"name": f"{name}-5d9c-abcde", "namespace": namespace, "labels": labels, "ownerReferences": [_owner(name)]},
            "spec": {"containers": [{"name": "app", "image": "example.com/app:1"}]},
            "status": {"phase": "Running", "conditions": [{"type": "Ready", "status": "True"}]},
        },
    ]


def _owner(name: str) -> dict[str, object]:
    return {"apiVersion": "apps/v1", "kind": "ReplicaSet", "name": f"{name}-5d9c", "uid": "0", "controller": True}


def measure(runs: int) -> dict[str, float]:
    """Median seconds of suggest on the saved snapshot, seconds of PyYAML on the same routes, and the sizes in MB."""
    environment = {key: value for key, value in os.environ.items() if key != "PYTHONDONTWRITEBYTECODE"}
    with tempfile.TemporaryDirectory() as folder:
        everything = Path(folder) / "all.json"
        saved = Path(folder) / "saved.json"
        routes = Path(folder) / "routes.yaml"
        objects = cluster(ROUTES)
        everything.write_text(json.dumps({"apiVersion": "v1", "kind": "List", "items": objects}))
        only_routes = [found for found in objects if found["kind"] == "HTTPRoute"]
        routes.write_text(yaml.dump_all(only_routes, Dumper=yaml.CSafeDumper))
        _run([str(BIN / "aichaos"), "snapshot", str(saved), "--from", str(everything)], environment)
        command = [str(BIN / "aichaos"), "suggest", "--from", str(saved), "--no-save"]
        taken = [_run(command, environment) for _ in range(runs + 1)][1:]
        alternative = _run([sys.executable, "-c", _ALTERNATIVE, str(routes)], environment)
        return {
            "suggest_seconds": statistics.median(taken),
            "pyyaml_seconds": alternative,
            "snapshot_mb": saved.stat().st_size / 1e6,
            "yaml_mb": routes.stat().st_size / 1e6,
        }


def _run(command: list[str], environment: dict[str, str]) -> float:
    start = time.perf_counter()
    subprocess.run(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env=environment, check=True)
    return time.perf_counter() - start


def table(measured: dict[str, float]) -> list[str]:
    ratio = measured["pyyaml_seconds"] / measured["suggest_seconds"]
    size, yaml_size = f"{measured['snapshot_mb']:.0f} MB", f"{measured['yaml_mb']:.0f} MB"
    rows = [
        ("`aichaos suggest` on a saved snapshot: 50,000 objects, 10,000 of them HTTPRoutes (goal: 2 s)", size, measured["suggest_seconds"]),
        ("only reading the 10,000 HTTPRoutes as YAML, with PyYAML's C loader", yaml_size, measured["pyyaml_seconds"]),
    ]
    lines = ["| What | Input | Seconds |", "|---|--:|--:|", *(f"| {what} | {size} | {seconds:.2f} |" for what, size, seconds in rows)]
    return [*lines, "", f"Reading those routes as YAML alone takes {ratio:.1f} times as long as the whole of `suggest`."]


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.large", description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--json", action="store_true", help="print JSON")
    parser.add_argument("--runs", type=int, default=5)
    options = parser.parse_args()
    measured = measure(options.runs)
    print(json.dumps(measured, indent=2) if options.json else "\n".join(table(measured)))
    return 0


if __name__ == "__main__":
    sys.exit(main())
