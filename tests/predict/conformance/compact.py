"""Make the data of this folder from what was extracted out of the Gateway API conformance suite; README.md says where that comes from.

python -m tests.predict.conformance.compact FOLDER
"""

import json
import sys
from pathlib import Path
from typing import Any

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
REQUESTS = {
    "backend-tls": "the Gateway's TLS connection to the backend decides",
    "retry": "the backend fails on purpose until it is asked again",
    "websocket": "the backend switches to another protocol",
    "endpoints": "the suite writes the EndpointSlices while it runs",
}
"""Why requests with one of these tags have no answer that follows from the objects."""


def main(folder: Path) -> None:
    manifests = {name: [_object(one) for one in listed] for name, listed in _json(folder / "manifests.json").items()}
    manifests["generated"] = [_generated(one) for one in _json(folder / "generated_objects.json")]
    requests, left = [], []
    for case in _lines(folder / "conformance.jsonl"):
        reason = _request_left_out(case)
        left.append({"id": case["id"], "reason": reason}) if reason else requests.append(_request(case))
    statuses = []
    for number, case in enumerate(_lines(folder / "status_cases.jsonl")):
        name = _status_name(case, number)
        reason = _status_left_out(case)
        left.append({"id": name, "reason": reason}) if reason else statuses.append({"id": name} | _status(case))
    used = {name for case in (*requests, *statuses) for name in case["manifests"]} | {"generated"}
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
    for tag in sorted(_tags(case) & REQUESTS.keys()):
        return REQUESTS[tag]
    if "timing" in _tags(case) and case["expect"]["status"] == 504:
        return "how long the backend takes decides"
    if case["expect"].get("failure") and case["expect"].get("connection") == "rejected":
        return "the client's certificate decides"
    return ""


def _request(case: Case) -> Case:
    expect, request = case["expect"], case["request"]
    seen = expect.get("request") or {}
    kept = {
        key: expect.get(key)
        for key in ("statuses", "backend", "namespace", "redirect", "connection", "grpc_code")
        if expect.get(key) is not None
    }
    kept["received"] = {key: seen[key] for key in ("path", "host", "headers", "absent_headers") if seen.get(key)}
    if case["weights"]:
        kept["weights"] = case["weights"]
    asked = {key: request[key] for key in ("method", "host", "path", "headers", "sni") if request.get(key)}
    found = {"id": case["id"], "manifests": case["manifests"], "gateway": case["gateway"], "port": case["listener_port"]}
    gone = {"gone": "ReferenceGrant"} if "mutation" in _tags(case) else {}
    return found | gone | {"scheme": case["scheme"], "request": asked, "expect": kept, "source": case.get("source") or case["call"]}


def _status_name(case: Case, number: int) -> str:
    about = "/".join(part for part in (case["object"]["kind"], case["object"]["name"], case["listener"]) if part)
    return f"{case['test']}#{number} {about} {case['type']}"


def _status_left_out(case: Case) -> str:
    kind = case["object"]["kind"]
    if case["dynamic"]:
        return "the test changes the objects while it runs"
    if case["type"] in (None, "*"):
        return "no condition is named: only that the status is up to date, or how many listeners it lists"
    if kind in ("BackendTLSPolicy", "GatewayClass"):
        return f"the status of a {kind} is not foretold"
    if kind == "Gateway" and not case["listener"] and _gateway_alone(case):
        return "it depends on what the implementation supports, or on the data of Secrets"
    if case["test"] in ("TLSRouteListenerMixedTerminationNotSupported", "TLSRouteListenerTerminateNotSupported"):
        return "only for implementations without the feature"
    if "malformed" in case["object"]["name"]:
        return "the data of a Secret is never read"
    return ""


def _gateway_alone(case: Case) -> bool:
    return case["type"] not in ("Accepted", "Programmed") or case["reason"] in ("InvalidParameters", "UnsupportedAddress")


def _status(case: Case) -> Case:
    kept = {
        key: case[key]
        for key in ("manifests", "object", "parent", "listener", "type", "status", "reason", "source")
        if case[key] is not None
    }
    return kept | {key: case[key] for key in ("attached_routes", "supported_kinds") if case.get(key) is not None}


def _json(path: Path) -> Any:
    return json.loads(path.read_text(encoding="utf-8"))


def _lines(path: Path) -> list[Case]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def _write(name: str, lines: list[str]) -> None:
    (HERE / name).write_text("\n".join(lines) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
