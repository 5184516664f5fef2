"""The resilience pack, as Istio itself reads it: ``python -m tests.predict.oracles.pack`` gives its manifests to Istio's validation and
translator, as the sidecar of a pod in `production` gets them, and keeps what comes out.

Exit codes: 0 it is kept, 1 Istio refuses a manifest, or is not built. Beside the pack stands each manifest as it would be without the part
that does it: `tests.test_resilience_served` shows that this part is what counts.
"""

import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from aichaos.files import yaml
from tests.controlplane import recipe
from tests.controlplane.cache import Missing, locate
from tests.predict.differential.worlds import TARGET_PORT, Manifest, World, manifest
from tests.predict.oracles.envoys import translated
from tests.predict.oracles.records import HERE

PACK = Path(__file__).parents[3] / "docs" / "examples" / "resilience"
KEPT = HERE / "pack.jsonl"
NAMESPACE, PORT = "production", 8000
LARGE = ("10.244.180.1", "10.244.180.2", "10.244.180.3", "10.244.180.4")
SMALL = ("10.244.180.11", "10.244.180.12")
PRIMARY, SHADOW = "10.244.181.1", "10.244.181.11"
REGIONS = {"us-east-1": ("10.244.182.1", "10.244.182.2"), "us-west-2": ("10.244.182.11", "10.244.182.12")}
CLIENT = {"service.istio.io/canonical-name": "client"}
"""Every pod with a sidecar has this label; Istio passes failoverPriority over for a client that has none."""
_MESH = ("DestinationRule", "VirtualService")


def _service(name: str, address: str, pods: dict[str, dict[str, str]]) -> Iterator[Manifest]:
    """pods: labels by address."""
    ports = [{"name": "http", "port": PORT, "targetPort": TARGET_PORT, "protocol": "TCP"}]
    yield manifest("Service", name, NAMESPACE, spec={"ports": ports, "clusterIP": address, "selector": {"pool": name}})
    endpoints = []
    for number, (place, labels) in enumerate(pods.items()):
        pod, region = f"{name}-{number}", next((one for one, places in REGIONS.items() if place in places), "")
        status = {"phase": "Running", "podIP": place, "podIPs": [{"ip": place}], "conditions": [{"type": "Ready", "status": "True"}]}
        containers = [{"name": "c", "ports": [{"containerPort": TARGET_PORT}]}]
        spec = {"containers": containers} | ({"nodeName": region} if region else {})
        yield manifest("Pod", pod, NAMESPACE, labels={"pool": name, **labels}, spec=spec, status=status)
        target = {"kind": "Pod", "name": pod, "namespace": NAMESPACE}
        endpoint = {"addresses": [place], "conditions": {"ready": True}, "targetRef": target}
        endpoints.append(endpoint | ({"nodeName": region} if region else {}))
    rest: Manifest = {"addressType": "IPv4", "ports": [{"name": "http", "port": TARGET_PORT, "protocol": "TCP"}], "endpoints": endpoints}
    yield manifest("EndpointSlice", name, NAMESPACE, labels={"kubernetes.io/service-name": name}, **rest)


def _mesh(name: str) -> list[Manifest]:
    """The manifests of Istio in a file of the pack, as they stand there."""
    documents: list[Any] = yaml.load((PACK / f"{name}.yaml").read_text(encoding="utf-8"), name)
    return [one for one in documents if one["kind"] in _MESH]


def worlds() -> list[World]:
    """degradation, shadowing and failover, each whole and without what does it."""
    home = manifest("Namespace", NAMESPACE, labels={"kubernetes.io/metadata.name": NAMESPACE})
    models = {one: {"model": "llama3-70b"} for one in LARGE} | {one: {"model": "llama3-8b"} for one in SMALL}
    large_and_small = [home, *_service("llama3", "10.96.180.1", models)]
    versions = {PRIMARY: {"version": "v1"}, SHADOW: {"version": "v2"}}
    two_versions = [home, *_service("vllm-service", "10.96.181.1", versions)]
    nodes = [manifest("Node", region, labels={"topology.kubernetes.io/region": region}) for region in REGIONS]
    everywhere = {one: {"app": "vllm"} for places in REGIONS.values() for one in places}
    two_regions = [home, *nodes, *_service("vllm-inference-engine", "10.96.182.1", everywhere)]
    two, blind = _mesh("failover"), _mesh("failover")
    del blind[0]["spec"]["trafficPolicy"]["outlierDetection"]
    whole, bare, dark, light = _mesh("degradation"), _mesh("degradation")[1:], _mesh("shadowing"), _mesh("shadowing")
    bare[0]["spec"]["http"][0].pop("retries")
    light[1]["spec"]["http"][0]["mirrorPercentage"] = {"value": 0}
    made = {"degradation": (large_and_small, whole), "degradation-bare": (large_and_small, bare)}
    made |= {"shadowing": (two_versions, dark), "shadowing-nothing": (two_versions, light)}
    made |= {"failover": (two_regions, two), "failover-blind": (two_regions, blind)}
    return [World(name, [*base, *mesh], [], [], NAMESPACE, CLIENT, "us-east-1") for name, (base, mesh) in made.items()]


def kept() -> dict[str, Any]:
    """What was kept, by the world: `objects` that were given, and what Istio made of them."""
    return {one["id"]: one for one in map(json.loads, KEPT.read_text(encoding="utf-8").splitlines()[1:])}


def main() -> int:
    found = locate("istio")
    if isinstance(found, Missing):
        print(f"Istio can't be asked here: {found.reason}", file=sys.stderr)
        return 1
    asked = worlds()
    lines: list[Any] = [{"made": "python -m tests.predict.oracles.pack", "version": recipe.ISTIO_VERSION}]
    for world, told in zip(asked, translated(found.programs["istio-oracle"], asked), strict=True):
        if told.get("error"):
            print(f"{world.name}: {told['error']}", file=sys.stderr)
            return 1
        lines.append({"id": world.name, "objects": world.everything, "xds": told["xds"]})
    KEPT.write_text("".join(json.dumps(one, separators=(",", ":")) + "\n" for one in lines), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
