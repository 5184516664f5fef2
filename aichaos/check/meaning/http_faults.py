"""HTTPChaos: what it changes in a request or an answer, and where it can't."""

import base64
import binascii
import json
from collections.abc import Iterator
from typing import Any

from aichaos.check.fixes import Operation, add, fix, move, remove, replace
from aichaos.check.meaning.units import short
from aichaos.check.subject import Subject
from aichaos.domain.finding import Finding, Fix
from aichaos.files.plain import labels, mapping, sequence, text
from aichaos.observe.faults import Fault
from aichaos.observe.targets import chaos_mesh

_ACTS = ("abort", "delay", "replace", "patch")
_RENAMED = {
    **dict.fromkeys(("requestHeaders", "request-headers"), "request_headers"),
    **dict.fromkeys(("responseHeaders", "response-headers"), "response_headers"),
}
_METHODS = frozenset({"GET", "POST", "PUT", "DELETE", "PATCH", "HEAD", "OPTIONS", "TRACE", "CONNECT"})
_TLS_PORTS = (443, 6443, 8443)
_SIDECARS = ("istio-proxy", "linkerd-proxy")


def http_findings(this: Subject, fault: Fault) -> Iterator[Finding]:
    if fault.kind != "HTTPChaos":
        return
    spec, path = fault.spec, fault.path
    yield from _action(this, spec, path)
    for wrong, right in _RENAMED.items():
        if wrong in spec:
            certain = fix(f"{right}: instead of {wrong}:", move(f"{path}/{wrong}", f"{path}/{right}")) if right not in spec else None
            yield this.note("chaos-mesh/http-header-fields", f"the field is called {right}", f"{path}/{wrong}", fix=certain)
    yield from _method(this, spec.get("method"), f"{path}/method")
    yield from _bodies(this, spec, path)
    yield from _pairs(this, spec, path)
    yield from _effect(this, spec, path)


def _action(this: Subject, spec: dict[str, Any], path: str) -> Iterator[Finding]:
    if "action" in spec:
        action, here = text(spec["action"]).lower(), f"{path}/action"
        operations: list[Operation] = [remove(here)]
        if action == "abort" and "abort" not in spec:
            operations.append(add(f"{path}/abort", True))
        certain = action in _ACTS and (action == "abort" or action in spec)
        message = "HTTPChaos has no action: target says Request or Response, and abort, delay, replace or patch says what happens to it"
        described = "abort: true instead of action" if len(operations) == 2 else "leave action out"
        yield this.note("chaos-mesh/http-action", message, here, fix=fix(described, *operations) if certain else None)
    elif not any(spec.get(act) not in (None, False, {}) for act in _ACTS):
        message = 'neither abort, delay, replace nor patch: it is injected and changes nothing; add one, as in delay: "2s"'
        yield this.note("chaos-mesh/http-nothing-to-do", message, path)


def _method(this: Subject, method: Any, path: str) -> Iterator[Finding]:
    if isinstance(method, str) and method not in _METHODS and method.upper() in _METHODS:
        certain = fix(f"method: {method.upper()}", replace(path, method.upper()))
        yield this.note("chaos-mesh/http-method-case", f"{method} matches no request: methods are written in capitals", path, fix=certain)


def _bodies(this: Subject, spec: dict[str, Any], path: str) -> Iterator[Finding]:
    certain: Fix | None
    body, here = mapping(spec.get("replace")).get("body"), f"{path}/replace/body"
    if isinstance(body, (dict, list)):
        encoded = base64.b64encode(json.dumps(body, ensure_ascii=False).encode()).decode()
        certain = fix("the body in base64", replace(here, encoded))
        yield this.note("chaos-mesh/http-body-base64", "replace.body takes a text in base64", here, fix=certain)
    elif isinstance(body, str) and body and len(body) < 100_000 and not _base64(body):
        certain = fix("the body in base64", replace(here, base64.b64encode(body.encode("utf-8", "replace")).decode()))
        yield this.note("chaos-mesh/http-body-base64", "replace.body takes base64, and this is none", here, fix=certain)
    patch, there = mapping(spec.get("patch")).get("body"), f"{path}/patch/body"
    if isinstance(patch, str):
        certain = fix("type: JSON around it", replace(there, {"type": "JSON", "value": patch})) if _json(patch) else None
        yield this.note("chaos-mesh/http-patch-body", "patch.body takes {type: JSON, value: '…'}", there, fix=certain)
    elif isinstance(patch, dict):
        kind = patch.get("type")
        if kind is not None and kind != "JSON":
            certain = fix("type: JSON", replace(f"{there}/type", "JSON")) if text(kind).upper() == "JSON" else None
            yield this.note(
                "chaos-mesh/http-patch-body", f"patch.body.type is {short(kind)}; it knows JSON only", f"{there}/type", fix=certain
            )
        value = patch.get("value")
        if isinstance(value, (dict, list)):
            certain = fix("the value as a text", replace(f"{there}/value", json.dumps(value, ensure_ascii=False)))
            yield this.note("chaos-mesh/http-patch-body", "patch.body.value is JSON in a text", f"{there}/value", fix=certain)
        elif isinstance(value, str) and not _json(value):
            yield this.note(
                "chaos-mesh/http-patch-body", "patch.body.value is not JSON: the merge fails on every request", f"{there}/value"
            )


def _base64(value: str) -> bool:
    try:
        base64.b64decode(value.encode(), validate=True)
    except (binascii.Error, UnicodeEncodeError):
        return False
    return True


def _json(value: str) -> bool:
    try:
        json.loads(value[:100_000])
    except (ValueError, RecursionError):
        return False
    return True


def _pairs(this: Subject, spec: dict[str, Any], path: str) -> Iterator[Finding]:
    """`patch.headers` and `patch.queries` are lists of pairs; `replace.headers` and `replace.queries` are mappings."""
    rule = "chaos-mesh/http-pairs"
    for field in ("headers", "queries"):
        given, here = mapping(spec.get("patch")).get(field), f"{path}/patch/{field}"
        if isinstance(given, dict):
            pairs = [[key, value] for key, value in labels(given).items()]
            certain = fix(f"{field} as pairs", replace(here, pairs)) if len(pairs) == len(given) else None
            yield this.note(rule, f"patch.{field} is a list of pairs, as in [[x-name, value]]", here, fix=certain)
        given, here = mapping(spec.get("replace")).get(field), f"{path}/replace/{field}"
        if isinstance(given, list):
            named = {pair[0]: pair[1] for pair in map(sequence, given) if len(pair) == 2 and all(isinstance(one, str) for one in pair)}
            certain = fix(f"{field} as a mapping", replace(here, named)) if named and len(named) == len(given) else None
            yield this.note(rule, f"replace.{field} is a mapping, as in {{x-name: value}}", here, fix=certain)


def _effect(this: Subject, spec: dict[str, Any], path: str) -> Iterator[Finding]:
    """HTTPChaos reads plain HTTP inside the pod: behind TLS or a sidecar there is none to read."""
    rule = "chaos-mesh/http-no-effect"
    if spec.get("port") in _TLS_PORTS and not spec.get("tls"):
        message = f"port {spec['port']} speaks TLS as a rule, and HTTPChaos reads plain HTTP: without tls it has no effect"
        yield this.note(rule, message, f"{path}/port")
    wanted, code = spec.get("path"), spec.get("code")
    if isinstance(wanted, str) and wanted and wanted[0] not in "/*?":
        yield this.note(rule, f"path is {short(wanted)}: every path begins with /, and this one matches no request", f"{path}/path")
    if isinstance(code, int) and not isinstance(code, bool) and code and not 100 <= code <= 599:
        yield this.note(rule, f"code is {code}: no answer has that status", f"{path}/code")
    if this.world.cluster is None:
        return
    pods = chaos_mesh(this.world.topology, spec.get("selector"), this.namespace).pods
    meshed = [pod for pod in pods if any(container.name in _SIDECARS for container in pod.spec.containers)]
    if meshed:
        message = (
            f"{len(meshed)} of {len(pods)} selected pods have a mesh's sidecar, which takes the traffic before HTTPChaos can: "
            "it has no effect there; in a mesh use the fault of a VirtualService (spec.http[].fault)"
        )
        yield this.note(rule, message, f"{path}/selector")
