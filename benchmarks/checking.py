"""`aichaos check`: HTTPRoutes a second, beside kubeconform; a folder of mixed manifests, beside the API server's own dry run; a start.

    python -m benchmarks.checking [--json] [--runs N]

kubeconform knows schemas alone: no CEL, no defaults, no built-in validation, no meaning. It gets the schema that we use, and one worker.
What needs the servers of the tests is left out where they are not built (`make testbed`).
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from aichaos.check.documents import review
from aichaos.check.schema import schema_findings
from aichaos.check.schema.bundle import Nodes, bundled
from aichaos.files.yaml import load
from tests.controlplane.cache import Missing, locate

BIN = Path(sys.executable).parent
ENVIRONMENT = {key: value for key, value in os.environ.items() if key != "PYTHONDONTWRITEBYTECODE"}
"""Of a user: who writes no bytecode waits two to three times as long for every start."""
ROUTES = 2000
MIXED = 1000
GATEWAY = "gateway.networking.k8s.io/v1"

ROUTE = """
apiVersion: gateway.networking.k8s.io/v1
kind: HTTPRoute
metadata: {{name: shop-{0}, namespace: default, labels: {{app: shop}}}}
spec:
  parentRefs:
  - name: edge
    namespace: infra
    sectionName: http
  hostnames:
  - shop-{0}.example.com
  rules:
  - matches:
    - path: {{type: PathPrefix, value: /cart/{0}}}
      headers:
      - {{name: x-version, value: v2}}
      method: GET
    - path: {{type: Exact, value: /pay}}
    filters:
    - type: RequestHeaderModifier
      requestHeaderModifier:
        set: [{{name: x-a, value: b}}]
        remove: [x-c]
    backendRefs:
    - {{name: cart-v1, port: 8080, weight: 90}}
    - {{name: cart-v2, port: 8080, weight: 10}}
    timeouts: {{request: 10s, backendRequest: 2s}}
  - matches:
    - path: {{type: PathPrefix, value: /}}
    backendRefs:
    - {{name: web, port: 8080}}
"""

DEPLOYMENT = """
apiVersion: apps/v1
kind: Deployment
metadata: {{name: web-{0}, namespace: default}}
spec:
  replicas: 3
  selector: {{matchLabels: {{app: web-{0}}}}}
  template:
    metadata: {{labels: {{app: web-{0}}}}}
    spec:
      containers:
      - name: main
        image: nginx:1.27
        ports: [{{name: http, containerPort: 8080}}]
        env: [{{name: LEVEL, value: info}}]
        resources: {{requests: {{cpu: 100m, memory: 64Mi}}, limits: {{memory: 128Mi}}}}
        readinessProbe: {{httpGet: {{path: /ready, port: http}}, periodSeconds: 5}}
"""

SERVICE = """
apiVersion: v1
kind: Service
metadata: {{name: web-{0}, namespace: default}}
spec: {{selector: {{app: web-{0}}}, ports: [{{name: http, port: 80, targetPort: http}}]}}
"""

CHAOS = """
apiVersion: chaos-mesh.org/v1alpha1
kind: NetworkChaos
metadata: {{name: slow-{0}, namespace: default}}
spec:
  action: delay
  mode: one
  selector: {{namespaces: [default], labelSelectors: {{app: web-{0}}}}}
  delay: {{latency: 100ms, jitter: 10ms}}
  duration: 60s
"""


def routes(count: int) -> str:
    return "---".join(ROUTE.format(number) for number in range(count))


def mixed(count: int) -> dict[str, str]:
    """File name → text: a quarter each of four kinds."""
    kinds = {"route": ROUTE, "deployment": DEPLOYMENT, "service": SERVICE, "chaos": CHAOS}
    return {f"{name}-{number}.yaml": text.format(number) for number in range(count // len(kinds)) for name, text in kinds.items()}


def seconds(work: Callable[[], Any], runs: int) -> float:
    """The best of several: what else the machine does only adds to it."""
    taken = []
    for _ in range(runs):
        start = time.perf_counter()
        work()
        taken.append(time.perf_counter() - start)
    return min(taken)


def measure(runs: int) -> dict[str, Any]:
    text = routes(ROUTES)
    documents = load(text, "routes.yaml")
    assert not any(finding for document in documents for finding in schema_findings(document))
    found: dict[str, Any] = {
        "schema and CEL of a parsed document": ROUTES / seconds(lambda: [list(schema_findings(each)) for each in documents], runs),
        "everything, from the text": ROUTES / seconds(lambda: review([("routes.yaml", text)], None), runs),
        "reading YAML alone": ROUTES / seconds(lambda: load(text, "routes.yaml"), runs),
    }
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        found |= _conform(folder, text, runs) | _folder(folder, runs) | _starts(folder, runs)
    return found


def _starts(folder: Path, runs: int) -> dict[str, float]:
    (folder / "one.yaml").write_text(ROUTE.format(1))
    commands = {"aichaos --help": ["--help"], "aichaos check on one HTTPRoute": ["check", str(folder / "one.yaml")]}
    taken: dict[str, list[float]] = {name: [] for name in commands}
    for number in range(3 * runs + 1):
        for name, arguments in commands.items():
            start = time.perf_counter()
            subprocess.run([BIN / "aichaos", *arguments], capture_output=True, env=ENVIRONMENT, check=True)
            if number:
                taken[name].append(time.perf_counter() - start)
    return {name: min(values) for name, values in taken.items()}


def _conform(folder: Path, text: str, runs: int) -> dict[str, float]:
    """kubeconform on the same text, its start taken off: that of a file with one document."""
    binaries = locate("kubeconform")
    if isinstance(binaries, Missing):
        return {}
    schema = bundled(GATEWAY, "HTTPRoute")
    assert schema is not None
    (folder / "httproute.json").write_text(json.dumps(plain(schema.nodes, schema.root)))
    (folder / "routes.yaml").write_text(text)
    (folder / "first.yaml").write_text(ROUTE.format(0))

    def conform(file: str) -> None:
        location = str(folder / "{{ .ResourceKind }}.json")
        command = [str(binaries.programs["kubeconform"]), "-n", "1", "-strict", "-schema-location", location, str(folder / file)]
        subprocess.run(command, check=True, capture_output=True, env=os.environ | {"GOMAXPROCS": "1"})

    whole, first = seconds(lambda: conform("routes.yaml"), runs), seconds(lambda: conform("first.yaml"), runs)
    return {"kubeconform, schema alone, from the text": ROUTES / max(whole - first, 1e-9)}


def plain(nodes: Nodes, reference: Any) -> dict[str, Any]:
    """A schema of ours as plain JSON Schema, closed where the API server prunes."""
    node = dict(nodes.get(reference))
    known = {keyword: value for keyword, value in node.items() if not keyword.startswith("x-") and keyword not in ("format", "default")}
    if node.get("x-kubernetes-int-or-string"):
        known["type"] = ["integer", "string"]
    for keyword in ("items", "additionalProperties", "not"):
        if isinstance(node.get(keyword), int) and not isinstance(node.get(keyword), bool):
            known[keyword] = plain(nodes, node[keyword])
    for keyword in ("allOf", "anyOf", "oneOf"):
        if keyword in node:
            known[keyword] = [plain(nodes, each) for each in node[keyword]]
    if "properties" in node:
        known["properties"] = {name: plain(nodes, each) for name, each in node["properties"].items()}
        known["additionalProperties"] = False
    return known


def _folder(folder: Path, runs: int) -> dict[str, float]:
    """A folder of mixed manifests, by us and by `kubectl apply --dry-run=server` on the control plane of the tests."""
    from tests.controlplane.netns import isolate
    from tests.controlplane.recipe import CONTROL_PLANE
    from tests.controlplane.server import Servers

    manifests = folder / "mixed"
    manifests.mkdir()
    for name, text in mixed(MIXED).items():
        (manifests / name).write_text(text)
    command = [str(BIN / "aichaos"), "check", str(manifests)]

    def ours() -> None:
        subprocess.run(command, capture_output=True, env=ENVIRONMENT, check=True)

    ours()  # compiled once, as at the second start of any program in Python
    name = f"aichaos check on {MIXED:,} files"
    found = {name: seconds(ours, 1)}
    binaries = locate(*CONTROL_PLANE, "gateway-api")
    if isinstance(binaries, Missing) or isolate() is not None:
        return found
    with Servers(folder / "servers", binaries) as servers:
        plane = servers.controlplane
        plane.install_crds("gateway-api-newest-experimental", "chaos-mesh")
        theirs = []
        for _ in range(runs):  # in turn, so that a machine that slows down slows both
            theirs.append(seconds(lambda: plane.kubectl("apply", "--dry-run=server", "--filename", str(manifests)), 1))
            found[name] = min(found[name], seconds(ours, 1))
        found[f"kubectl apply --dry-run=server on {MIXED:,} files"] = min(theirs)
    return found


def table(measured: dict[str, Any]) -> list[str]:
    rates = {name: value for name, value in measured.items() if not name.startswith(("aichaos", "kubectl"))}
    times = {name: value for name, value in measured.items() if name not in rates}
    lines = ["| HTTPRoutes | A second |", "|---|--:|", *(f"| {name} | {value:,.0f} |" for name, value in rates.items()), ""]
    lines += ["| Command | Seconds |", "|---|--:|", *(f"| `{name}` | {value:.3f} |" for name, value in times.items()), ""]
    return [*lines, *_verdicts(measured)]


def _verdicts(measured: dict[str, Any]) -> list[str]:
    peer, ours = measured.get("kubeconform, schema alone, from the text"), measured["everything, from the text"]
    found = []
    if peer:
        found.append(f"kubeconform checks {peer / ours:.1f} times as many HTTPRoutes a second, and less of each.")
    start = measured["aichaos check on one HTTPRoute"] / measured["aichaos --help"]
    found.append(f"A start of `check` on one file is {start:.1f} times that of `--help` (goal: 3).")
    dry, folder = measured.get(f"kubectl apply --dry-run=server on {MIXED:,} files"), measured[f"aichaos check on {MIXED:,} files"]
    if dry:
        found.append(f"The API server's dry run of the folder takes {dry / folder:.0f} times as long (goal: 10).")
    return found


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--runs", type=int, default=3)
    options = parser.parse_args()
    measured = measure(options.runs)
    print(json.dumps(measured, indent=2) if options.json else "\n".join(table(measured)))
    return 0


if __name__ == "__main__":
    sys.exit(main())
