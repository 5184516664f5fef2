"""Reads the cases and the rows of the pages.

A case is a cluster in short: `to: v1` in a rule is a backendRef to port 80 of a Service, `at` the sections of the parentRefs, `age` the
seconds that a route was made after the first one (else a minute after the route before it). The Gateway is shop/edge; without `listeners`
it has one for HTTP on port 80. Each namespace has the Services v1 and v2, `empty` without endpoints, and `unready`.
"""

from functools import cache
from pathlib import Path
from typing import Any

import msgspec

from aichaos.domain.prediction import Answer, RequestLine
from aichaos.domain.snapshot import Snapshot, Source
from aichaos.files import yaml
from aichaos.observe.manifests import snapshot
from aichaos.predict.routing import response
from aichaos.predict.routing.profile import Profile
from aichaos.predict.routing.request import Request, read
from aichaos.predict.routing.table import Table, compile
from aichaos.predict.routing.world import Key

FOLDER = Path(__file__).resolve().parent
API = "gateway.networking.k8s.io/v1"
NAMESPACES = {"shop": "green", "n9-a": "blue", "n9-a-b": "red"}
"""Namespaces of the cases, and the value of their label `team`."""
SERVICES = {"v1": True, "v2": True, "empty": None, "unready": False}
"""Services of each namespace; whether the endpoint is ready, None where there is none."""
GATEWAY: Key = ("shop", "edge")
CERTIFICATE = "any-host"
_OPEN = {"namespaces": {"from": "All"}}
Manifest = dict[str, Any]


class Case(msgspec.Struct, frozen=True, kw_only=True, rename="kebab", forbid_unknown_fields=True):
    """see: what of the request that the backend received is a part of the answer: `path`, a header's name; or `response`.

    answers: by the name of the profile; a gateway that nobody has asked is left out. alone: whether it harms the gateway that serves it.
    """

    name: str
    routes: list[dict[str, Any]]
    ask: str
    answers: dict[str, str | int]
    headers: list[tuple[str, str]] = []
    listeners: list[dict[str, Any]] = []
    see: str = ""
    tls: bool = False
    alone: bool = False

    @property
    def line(self) -> RequestLine:
        method, _, url = self.ask.partition(" ")
        return RequestLine(method=method, url=url, headers=tuple(self.headers))


class Row(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One thing worth knowing of a gateway. by: the deviation that makes it; "" where the engine does so for every gateway.

    unmodelled: why the engine does not know it, "" where it does.
    """

    row: str
    does: str
    by: str = ""
    cases: tuple[str, ...] = ()
    unmodelled: str = ""


@cache
def cases() -> dict[str, Case]:
    return {one.name: one for one in msgspec.convert(_read("cases.yaml"), list[Case])}


@cache
def rows(gateway: str) -> tuple[Row, ...]:
    return tuple(msgspec.convert(_read(f"{gateway}.yaml"), list[Row]))


def _read(name: str) -> Any:
    (found,) = yaml.load((FOLDER / name).read_text(encoding="utf-8"), name)
    return found


# the cluster of a case -------------------------------------------------------------------------------------------------------------


def listeners(case: Case) -> list[Manifest]:
    found = []
    for one in case.listeners or [{"name": "http", "port": 80}]:
        made = {"protocol": "HTTP", "allowedRoutes": _OPEN} | one
        if made["protocol"] == "HTTPS":
            made["tls"] = {"mode": "Terminate", "certificateRefs": [{"name": CERTIFICATE}]}
        found.append(made)
    return found


def routes(case: Case, gateway: Key = GATEWAY, namespaces: dict[str, str] | None = None) -> list[tuple[int, Manifest]]:
    """The routes, each with the second in which it is made. namespaces: other names for those of the case."""
    names = namespaces or {}
    found = []
    for number, one in enumerate(case.routes):
        parent = {"namespace": gateway[0], "name": gateway[1]}
        sections = [parent | {"sectionName": name} for name in one.get("at", ())]
        named = [{**ref, "name": gateway[1]} for ref in one.get("parentRefs", ())]
        spec: Manifest = {"parentRefs": named or sections or [parent]}
        if "hostnames" in one:
            spec["hostnames"] = one["hostnames"]
        spec["rules"] = [_rule(rule, names) for rule in one["rules"]]
        namespace = one.get("namespace", "shop")
        metadata = {"name": one["name"], "namespace": names.get(namespace, namespace)}
        found.append((one.get("age", number * 60), {"apiVersion": API, "kind": "HTTPRoute", "metadata": metadata, "spec": spec}))
    return found


def _rule(rule: Manifest, names: dict[str, str]) -> Manifest:
    made = {key: value for key, value in rule.items() if key != "to"}
    if "to" in rule:
        services = rule["to"] if isinstance(rule["to"], list) else [rule["to"]]
        made["backendRefs"] = [{"name": name, "port": 80} for name in services]
    if "backendRefs" in made:
        made["backendRefs"] = [
            ref | {"namespace": names.get(ref["namespace"], ref["namespace"])} if "namespace" in ref else ref for ref in made["backendRefs"]
        ]
    return made


def cluster(case: Case) -> Snapshot:
    items: list[Manifest] = [
        {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name, "labels": {"team": team}}} for name, team in NAMESPACES.items()
    ]
    for namespace in NAMESPACES:
        for name, ready in SERVICES.items():
            items += _service(namespace, name, ready)
    spec = {"gatewayClassName": "any", "listeners": listeners(case)}
    items.append({"apiVersion": API, "kind": "Gateway", "metadata": {"name": "edge", "namespace": "shop"}, "spec": spec})
    items.append(
        {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": CERTIFICATE, "namespace": "shop"}, "type": "kubernetes.io/tls"}
    )
    for age, route in routes(case):
        route["metadata"]["creationTimestamp"] = f"2026-01-01T00:{age // 60:02}:{age % 60:02}Z"
        items.append(route)
    return snapshot(items, Source(kind="snapshot", cluster=case.name))


def _service(namespace: str, name: str, ready: bool | None) -> list[Manifest]:
    metadata = {"name": name, "namespace": namespace}
    endpoints = [] if ready is None else [{"addresses": ["10.0.0.1"], "conditions": {"ready": ready}}]
    ports = [{"name": "http", "port": 80, "targetPort": 8080}]
    slice_: Manifest = {"apiVersion": "discovery.k8s.io/v1", "kind": "EndpointSlice", "addressType": "IPv4", "endpoints": endpoints}
    slice_["metadata"] = metadata | {"labels": {"kubernetes.io/service-name": name}}
    slice_["ports"] = [{"name": "http", "port": 8080}]
    return [{"apiVersion": "v1", "kind": "Service", "metadata": metadata, "spec": {"ports": ports}}, slice_]


# its answer ------------------------------------------------------------------------------------------------------------------------


@cache
def answered(name: str, profile: Profile) -> str:
    """What the engine answers to a case, in the words of `answers`."""
    case = cases()[name]
    table = compile(cluster(case), profile)
    request = read(case.line)
    if (*GATEWAY, request.port) in table.poisoned:
        return "refused port"
    return told(case, table, request, table.answer(request, GATEWAY))


def told(case: Case, table: Table, request: Request, answer: Answer) -> str:
    match answer.outcome:
        case "redirect":
            said = f"{answer.status} {answer.location}"
        case "error":
            said = "no answer" if answer.status is None else str(answer.status)
        case "implementation-specific":
            return "by chance"
        case _:
            said = _split(answer)
    if case.see == "response" and answer.route is not None:
        said += _with(table, request, answer)
    elif case.see and answer.received is not None:
        said += f" sees {_seen(case.see, answer)}"
    return said


def _split(answer: Answer) -> str:
    named = [(f"{one.status}" if one.status else (one.service or "").removeprefix("shop/"), one.share) for one in answer.backends]
    return named[0][0] if len(named) == 1 else " + ".join(f"{name} {share:.0%}".replace("%", " %") for name, share in named)


def _seen(what: str, answer: Answer) -> str:
    assert answer.received is not None
    if what == "path":
        return answer.received.path
    if what == "Host":
        return answer.received.host
    return ", ".join(value for name, value in answer.received.headers if name.lower() == what.lower())


def _with(table: Table, request: Request, answer: Answer) -> str:
    found = next(table.matched(request, table.entered(request, GATEWAY).listener, request.path))[1][0]  # type: ignore[arg-type]
    names = [one.name for change in response.changes(found, answer, table.profile) for one in change.set]
    return f" with {', '.join(names)}" if names else ""
