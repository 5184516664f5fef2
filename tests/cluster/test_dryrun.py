"""The client of the dry run, with servers that do not behave."""

import pytest

from aichaos.cluster.connection import Connection
from aichaos.cluster.dryrun import DryRun, Reply, Resource
from aichaos.cluster.reader import Patience
from aichaos.errors import ServerError, UnauthorizedError, UnreachableError
from tests.cluster.misbehaving import Answer, Misbehaving, as_json, status

PODS = "/api/v1/namespaces/shop/pods"
POD = Resource("pods", "Pod", True)


@pytest.fixture
def client(connection: Connection) -> DryRun:
    return DryRun(connection, Patience(total=3.0))


def create(client: DryRun) -> Reply:
    return client.create("v1", POD, "shop", b"{}", "application/json")


def test_every_request_says_that_nothing_may_be_done(server: Misbehaving, client: DryRun) -> None:
    server.on(PODS, as_json({}, 201))
    server.on(f"{PODS}/a", as_json({}, 200))
    assert create(client).code == 201
    assert client.apply("v1", POD, "shop", "a", b"{}").code == 200
    assert client.patch("v1", POD, "shop", "a", b"{}").code == 200
    assert client.delete("v1", POD, "shop", "a").code == 200
    assert [(one.method, one.query["dryRun"], one.query["fieldValidation"]) for one in server.requests] == [
        ("POST", "All", "Strict"),
        ("PATCH", "All", "Strict"),
        ("PATCH", "All", "Strict"),
        ("DELETE", "All", "Strict"),
    ]


def test_causes_are_read(server: Misbehaving, client: DryRun) -> None:
    details = {"causes": [{"reason": "FieldValueInvalid", "message": "no", "field": "spec.x"}]}
    server.on(PODS, as_json({"kind": "Status", "reason": "Invalid", "message": "m", "code": 422, "details": details}, 422))
    reply = create(client)
    assert (reply.code, reply.reason, [one.field for one in reply.causes]) == (422, "Invalid", ["spec.x"])


def test_a_busy_server_is_asked_again(server: Misbehaving, client: DryRun) -> None:
    server.on(PODS, status(429), status(503), as_json({}, 201))
    assert create(client).code == 201
    server.on(PODS, status(429, "too many"))
    assert create(client).message == "too many"


def test_a_refused_login_is_renewed_once(server: Misbehaving, client: DryRun) -> None:
    server.on(PODS, status(401), as_json({}, 201))
    assert create(client).code == 201
    server.on(PODS, status(401))
    with pytest.raises(UnauthorizedError):
        create(client)


def test_a_connection_that_is_cut_is_tried_again(server: Misbehaving, client: DryRun) -> None:
    server.on(PODS, Answer(200, b"{}" * 50, keep=10), as_json({}, 201))
    assert create(client).code == 201


def test_nobody_is_followed_to_another_address(server: Misbehaving, client: DryRun) -> None:
    server.on(PODS, Answer(307, b"", {"Location": f"{PODS}?dryRun="}))
    assert create(client).code == 307
    assert len(server.requests) == 1


def test_an_answer_that_is_no_status_is_one_all_the_same(server: Misbehaving, client: DryRun) -> None:
    server.on(PODS, Answer(502, b"<html>\xff", {"Content-Type": "text/html"}))
    assert create(client).code == 502


def test_kinds_are_asked_for_once(server: Misbehaving, client: DryRun) -> None:
    listed = [{"name": "pods", "kind": "Pod", "namespaced": True}, {"name": "pods/log", "kind": "Pod", "namespaced": True}]
    server.on("/api/v1", as_json({"resources": listed}))
    assert client.resource("v1", "Pod") == POD
    assert client.resource("v1", "Pot") is None
    assert client.resource("example.com/v1", "Pod") is None
    assert len(server.asked("/api/v1")) == 1


def test_a_server_that_is_none(server: Misbehaving, client: DryRun) -> None:
    server.on("/api/v1", Answer(200, b"hello", {"Content-Type": "text/plain"}))
    with pytest.raises(ServerError):
        client.resource("v1", "Pod")
    server.close()
    with pytest.raises(UnreachableError):
        create(client)
