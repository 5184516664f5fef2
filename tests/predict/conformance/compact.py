"""Make the data of this folder from what was extracted out of the Gateway API conformance suite; README.md says where that comes from.

python -m tests.predict.conformance.compact FOLDER
"""

import json
import sys
from pathlib import Path
from typing import Any

from tests.predict.conformance.changes import CHANGES, EMPTIED, changed, endpoints

HERE = Path(__file__).parent
Case = dict[str, Any]

KEPT = {
    "Gateway",
    "GatewayClass",
    "ListenerSet",
    "HTTPRoute",
    "GRPCRoute",
    "TLSRoute",
    "TCPRoute",
    "UDPRoute",
    "ReferenceGrant",
    "BackendTLSPolicy",
}
"""Kinds that are carried whole; of the others only what routing asks about."""
BACKEND_DECIDES = {"retry", "websocket", "timing"}
"""Tags of requests of which the backend decides the status: what is asserted of them is where they go, and what is told beside it."""
_MISFIT = ("mismatch", "malformed")
"""Parts of the paths of requests that fail because of what stands in a certificate."""
NEVER_READ = "what stands in a certificate is never read"
ADDRESSES = "which addresses a Gateway can have is not said by the objects"


def main(folder: Path) -> None:
    manifests = {name: [_object(one) for one in listed] for name, listed in _json(folder / "manifests.json").items()}
    manifests["generated"] = [_generated(one) for one in _json(folder / "generated_objects.json")]
    requests, left = [], []
    for case in _lines(folder / "conformance.jsonl"):
        reason = _request_left_out(case)
        made = _request(case, manifests)
        left.append({"left_out": reason} | made) if reason else requests.append(made)
    statuses = []
    for number, case in enumerate(_lines(folder / "status_cases.jsonl")):
        name = _status_name(case, number)
        reason = _status_left_out(case)
        made = {"id": name} | _status(case, manifests)
        left.append({"left_out": reason} | made) if reason else statuses.append(made)
    used = {name for case in (*requests, *statuses, *left) for name in case["manifests"]} | {"generated"}
    _write("manifests.json", [json.dumps({name: manifests[name] for name in sorted(used)}, separators=(",", ":"), sort_keys=True)])
    _write("requests.jsonl", [json.dumps(one, separators=(",", ":"), sort_keys=True) for one in requests])
    _write("statuses.jsonl", [json.dumps(one, separators=(",", ":"), sort_keys=True) for one in statuses])
    _write("left_out.jsonl", [json.dumps(one, sort_keys=True) for one in left])


def _object(obj: Case) -> Case:
    metadata = {key: obj["metadata"][key] for key in ("name", "namespace", "labels", "creationTimestamp") if key in obj["metadata"]}
    head = {"apiVersion": obj["apiVersion"], "kind": obj["kind"], "metadata": metadata}
    if obj["kind"] in KEPT:
        return head | {"spec": obj.get("spec", {})}
    if obj["kind"] == "Deployment":
        template = obj["spec"]["template"]
        own = {"metadata": {"labels": template["metadata"].get("labels", {})}, "spec": {"containers": [{"name": "echo"}]}}
        return head | {"spec": {"replicas": obj["spec"].get("replicas", 1), "selector": obj["spec"]["selector"], "template": own}}
    if obj["kind"] == "Service":
        return head | {"spec": obj["spec"]}
    if obj["kind"] == "EndpointSlice":
        return head | {key: obj[key] for key in ("addressType", "ports", "endpoints") if key in obj}
    return head


def _generated(one: Case) -> Case:
    head = {"apiVersion": "v1", "kind": one["kind"], "metadata": {"name": one["name"], "namespace": one["namespace"]}}
    return head | ({"type": one["type"]} if one["kind"] == "Secret" else {"data": dict.fromkeys(one["keys"], "")})


def _tags(case: Case) -> set[str]:
    return {reason.partition(":")[0] for reason in case.get("dynamic_reasons") or ()}


def _request_left_out(case: Case) -> str:
    if "backend-tls" in _tags(case) and any(part in case["request"]["path"] for part in _MISFIT):
        return NEVER_READ
    if case["expect"].get("connection") == "rejected" and case["request"].get("client_cert"):
        return "the certificate that the client shows decides, and a request here shows none"
    return ""


def _request(case: Case, manifests: dict[str, list[Case]]) -> Case:
    expect, request, tags = case["expect"], case["request"], _tags(case)
    seen = expect.get("request") or {}
    kept = {
        key: expect.get(key)
        for key in ("statuses", "backend", "namespace", "redirect", "connection", "grpc_code")
        if expect.get(key) is not None
    }
    if expect.get("failure") and "connection" not in kept:
        kept["statuses"] = [500, 502, 503]  # an error of whatever kind
    if tags & BACKEND_DECIDES and not (tags == {"timing"} and expect["status"] != 504):
        kept = {"forward": True, "told": _told(tags)}
    kept["received"] = {key: seen[key] for key in ("path", "host", "headers", "absent_headers") if seen.get(key)}
    if case["weights"]:
        kept["weights"] = case["weights"]
    asked = {key: request[key] for key in ("method", "host", "path", "headers", "sni") if request.get(key)}
    found = {"id": case["id"], "manifests": case["manifests"], "gateway": case["gateway"], "port": case["listener_port"]}
    if "mutation" in tags:
        found["gone"] = ["ReferenceGrant"]
    if "endpoints" in tags:
        found["changed"] = endpoints(case, manifests)
        kept["backend"] = request["path"].strip("/")  # a pod of another Service answers, by the endpoints of this one
    return found | {"scheme": case["scheme"], "request": asked, "expect": kept, "source": case.get("source") or case["call"]}


def _told(tags: set[str]) -> str:
    """What has to stand among the reasons."""
    return "tried again" if "retry" in tags else "504 if it takes longer than" if "timing" in tags else ""


def _status_name(case: Case, number: int) -> str:
    about = "/".join(part for part in (case["object"]["kind"], case["object"]["name"], case["listener"]) if part)
    return f"{case['test']}#{number} {about} {case['type']}"


def _status_left_out(case: Case) -> str:
    kind, kinds = case["object"]["kind"], ("TLSRouteListenerMixedTerminationNotSupported", "TLSRouteListenerTerminateNotSupported")
    if case["type"] == "*":
        return "no condition is named: only that observedGeneration is up to date"
    if kind == "GatewayClass":
        return "whether the controller that a GatewayClass names runs is not said by the objects"
    if case["reason"] == "InvalidParameters":
        return "which kinds of parameters an implementation has, and whether these are there, is not said by the objects"
    if case["test"] == "GatewayStaticAddresses" and case["status"] == "False":
        return ADDRESSES
    if case["test"] in kinds:
        return "only for implementations without the feature"
    if "malformed" in case["object"]["name"] and case["status"] == "False":
        return NEVER_READ
    return NEVER_READ if (case.get("dynamic_reasons") or ()).count(EMPTIED) == 1 else ""


def _status(case: Case, manifests: dict[str, list[Case]]) -> Case:
    kept = {
        key: case[key]
        for key in ("manifests", "object", "parent", "listener", "type", "status", "reason", "source")
        if case[key] is not None
    }
    kept |= {key: case[key] for key in ("attached_routes", "supported_kinds", "attached_listener_sets") if case.get(key) is not None}
    done = [change for reason in case.get("dynamic_reasons") or () if (change := CHANGES.get(reason.rpartition(" ")[2]))]
    if any("Delete of v1.ReferenceGrant" in reason for reason in case.get("dynamic_reasons") or ()):
        kept["gone"] = ["ReferenceGrant"]
    return kept | ({"changed": changed(done, case["manifests"], manifests)} if done else {})


def _json(path: Path) -> Any:
    return json.loads(path.read_text(encoding="utf-8"))


def _lines(path: Path) -> list[Case]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def _write(name: str, lines: list[str]) -> None:
    (HERE / name).write_text("\n".join(lines) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
