"""Held against what the authors of the standard expect: the requests and the conditions of their own conformance suite.

The data, where it comes from and how to make it again: conformance/README.md. What is left out stands in conformance/left_out.jsonl.
"""

import json
from collections import Counter, defaultdict
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import urlsplit

import pytest

from aichaos.domain.prediction import Answer, RequestLine
from aichaos.domain.snapshot import Snapshot, Source
from aichaos.observe import manifests
from aichaos.predict.routing import status
from aichaos.predict.routing.request import read
from aichaos.predict.routing.router import Router
from aichaos.predict.routing.table import Table, compile

FOLDER = Path(__file__).parent / "conformance"
MANIFESTS: dict[str, list[dict[str, Any]]] = json.loads((FOLDER / "manifests.json").read_text(encoding="utf-8"))
Case = dict[str, Any]
WELL_KNOWN = {"http": 80, "https": 443}


def lines(name: str) -> list[Case]:
    return [json.loads(line) for line in (FOLDER / name).read_text(encoding="utf-8").splitlines()]


REQUESTS, STATUSES, LEFT_OUT = lines("requests.jsonl"), lines("statuses.jsonl"), lines("left_out.jsonl")


class Cluster(NamedTuple):
    """names: of the manifests. changed: objects, as JSON, in place of those or besides. gone: a kind of which nothing is left."""

    names: tuple[str, ...]
    changed: str = "[]"
    gone: tuple[str, ...] = ()


def cluster(case: Case) -> Cluster:
    return Cluster(tuple(case["manifests"]), json.dumps(case.get("changed", [])), tuple(case.get("gone", ())))


@cache
def snapshot(of: Cluster) -> Snapshot:
    """Before anything is gone."""
    objects = {}
    for obj in [*(obj for name in ("generated", *of.names) for obj in MANIFESTS[name]), *json.loads(of.changed)]:
        objects[obj["kind"], obj["metadata"].get("namespace", ""), obj["metadata"]["name"]] = obj
    return manifests.assume(manifests.snapshot(list(objects.values()), Source(kind="snapshot", cluster="conformance")))


@cache
def router(of: Cluster) -> Router:
    whole = Router(snapshot(of), "standard")
    return whole.changed([(obj, None) for kind in of.gone for obj in snapshot(of).of(kind)]) if of.gone else whole


def ask(case: Case, *, explained: bool = False) -> Answer:
    asked = case["request"]
    host = asked.get("host", "gateway.invalid")
    name = asked.get("sni") or host.partition(":")[0]
    scheme = "http" if case["scheme"] == "http" else "https"
    url = f"{scheme}://{name}:{case['port']}{asked.get('path', '/')}"
    values = {header: value if isinstance(value, list) else [value] for header, value in asked.get("headers", {}).items()}
    headers = [(header, one) for header, listed in values.items() for one in listed]
    if scheme == "http" or "host" in asked:
        headers.append(("Host", host))
    request = read(RequestLine(method=asked.get("method", "GET"), url=url, headers=tuple(headers)))
    namespace, _, gateway = case["gateway"].partition("/")
    asker = router(cluster(case))
    return (asker.explain if explained else asker.answer)(request, (namespace, gateway))


@pytest.mark.parametrize("case", REQUESTS, ids=lambda case: case["id"])
def test_a_request_is_answered_as_the_suite_expects(case: Case) -> None:
    expected = case["expect"]
    answer = ask(case, explained="told" in expected)
    assert answer.outcome != "implementation-specific"
    if "redirect" in expected:
        redirected(answer, expected)
    elif "forward" in expected:
        assert answer.outcome == "forward"
        assert any(expected["told"] in reason for reason in answer.why)
    elif "backend" in expected or "weights" in expected:
        forwarded(answer, expected)
    elif "connection" in expected:
        assert (answer.outcome == "forward") == (expected["connection"] == "accepted")
    elif expected.get("statuses"):
        assert (answer.status or (200 if answer.outcome == "forward" else None)) in expected["statuses"]
    else:
        assert expected["grpc_code"] == 12  # Unimplemented: what a client of gRPC makes of a 404
        assert answer.status == 404


def redirected(answer: Answer, expected: Case) -> None:
    assert answer.outcome == "redirect"
    assert answer.status in expected["statuses"]
    found, wanted = urlsplit(answer.location or ""), expected["redirect"]
    seen = {"scheme": found.scheme, "host": found.hostname, "path": found.path}
    assert {name: value for name, value in seen.items() if wanted.get(name) is not None} == {
        name: wanted[name] for name in seen if wanted.get(name) is not None
    }
    usual = WELL_KNOWN[found.scheme]
    assert (found.port or usual) == int(wanted.get("port") or usual)


def forwarded(answer: Answer, expected: Case) -> None:
    assert answer.outcome == "forward"
    shares = {str(one.service).partition("/")[2]: one.share for one in answer.backends if one.status is None}
    if "weights" in expected:
        weights = {name: weight for name, weight in expected["weights"].items() if weight}
        assert {name: pytest.approx(share) for name, share in shares.items()} == weights
    if "backend" in expected:
        assert shares
        assert all(expected["backend"].startswith(name) or name.startswith(expected["backend"]) for name in shares)
        assert all(str(one.service).startswith(f"{expected['namespace']}/") for one in answer.backends)
    seen, wanted = answer.received, expected["received"]
    assert seen is not None
    assert wanted.get("path", seen.path) == seen.path
    assert wanted.get("host", seen.host) == seen.host
    headers: dict[str, list[str]] = defaultdict(list)
    for name, value in seen.headers:
        headers[name.lower()].append(value)
    for name, value in wanted.get("headers", {}).items():
        assert ",".join(headers[name.lower()]) == (value if isinstance(value, str) else ",".join(value))
    assert not [name for name in wanted.get("absent_headers", ()) if name.lower() in headers]


Place = tuple[str, str, str, str | None]


@cache
def compiled(of: Cluster) -> Table:
    table = compile(snapshot(of))
    return table.changed([(obj, None) for kind in of.gone for obj in snapshot(of).of(kind)])


@cache
def foretold(of: Cluster) -> tuple[dict[Place, list[status.Foretold]], dict[Place, status.ListenerFacts]]:
    table = compiled(of)
    conditions: dict[Place, list[status.Foretold]] = defaultdict(list)
    for one in status.of_everything(table):
        conditions[one.object.kind, one.object.namespace, one.object.name, one.listener].append(one)
    facts: dict[Place, status.ListenerFacts] = {
        (one.owner.kind, one.owner.namespace, one.owner.name, one.listener): one for one in status.facts(table)
    }
    return conditions, facts


@pytest.mark.parametrize("case", STATUSES, ids=lambda case: case["id"].replace(" ", "-"))
def test_a_condition_is_what_the_suite_expects(case: Case) -> None:
    conditions, facts = foretold(cluster(case))
    obj = case["object"]
    place = (obj["kind"], obj["namespace"], obj["name"], case.get("listener"))
    found = [one for one in conditions.get(place, []) if one.type == case.get("type")]
    if parent := case.get("parent"):  # the suite compares by name; of a ListenerSet the data says Gateway, the default
        found = [
            one
            for one in found
            if one.parent is not None
            and (one.parent.namespace or obj["namespace"], one.parent.name) == (parent["namespace"] or obj["namespace"], parent["name"])
        ]
    wanted = {(one.status, one.reason) for one in found if case.get("reason") in (None, one.reason)}
    if "status" in case and not (case["status"] == "False" and "reason" not in case and not found):
        assert case["status"] in {one for one, _ in wanted}, [(one.status, one.reason) for one in found]
    if "attached_listener_sets" in case:
        found_there = status.attached_listener_sets(compiled(cluster(case)), (obj["namespace"], obj["name"]))
        assert found_there == case["attached_listener_sets"]
    elif case.get("type") is None:
        assert all(one.attached == case["attached_routes"] for one in facts.values() if one.owner.name == obj["name"])
    if "supported_kinds" in case:
        kinds = facts[place].kinds
        assert not kinds if not case["supported_kinds"] else set(case["supported_kinds"]) <= set(kinds)
        assert facts[place].attached == case["attached_routes"]


REASONS = {
    "what stands in a certificate is never read": 12,
    "the certificate that the client shows decides, and a request here shows none": 2,
    "no condition is named: only that observedGeneration is up to date": 25,
    "whether the controller that a GatewayClass names runs is not said by the objects": 2,
    "which kinds of parameters an implementation has, and whether these are there, is not said by the objects": 1,
    "which addresses a Gateway can have is not said by the objects": 2,
    "only for implementations without the feature": 3,
}
"""Why something is left out, and how often."""


def test_everything_is_asked_or_left_out_with_a_reason() -> None:
    assert (len(REQUESTS), len(STATUSES)) == (422, 1136)
    assert len(REQUESTS) + len(STATUSES) + len(LEFT_OUT) == 430 + 1175
    assert Counter(one["left_out"] for one in LEFT_OUT) == REASONS


@pytest.mark.parametrize("case", [one for one in LEFT_OUT if "request" in one or "status" in one], ids=lambda case: case["id"])
def test_what_is_left_out_can_not_be_answered_from_the_objects(case: Case) -> None:
    """Else it is to be asked."""
    check = test_a_request_is_answered_as_the_suite_expects if "request" in case else test_a_condition_is_what_the_suite_expects
    with pytest.raises(AssertionError):
        check(case)
