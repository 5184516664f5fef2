"""What the writer says of a change is what became of it: on the real API server, and through a proxy that is told what to do."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from aichaos.cluster.connection import connect
from aichaos.cluster.writer import Absent, Found, Limits, Unread, Writer, address
from aichaos.domain.running import Change, Conflict, Done, Manifest, Missing, Place, Refused, Unknown, Unsent
from tests.controlplane.client import ControlPlane
from tests.run.driver import approval
from tests.run.proxy import Proxy, misbehaving_proxy
from tests.run.rig import place


@pytest.fixture
def proxy(controlplane: ControlPlane) -> Iterator[Proxy]:
    with misbehaving_proxy(controlplane, 1, 0.0) as running:
        yield running


@pytest.fixture
def namespace(controlplane: ControlPlane) -> Iterator[str]:
    with controlplane.namespace() as name:
        yield name


@pytest.fixture
def writer(controlplane: ControlPlane, proxy: Proxy) -> Iterator[Writer]:
    with connect(kubeconfig=str(controlplane.kubeconfig(server=proxy.url))) as connection:
        yield Writer(connection, approval("w"), Limits(connect=2.0, answer=5.0))


def service(namespace: str, name: str = "web") -> tuple[Place, Manifest]:
    where = place("Service", namespace, name)
    body = {"apiVersion": "v1", "kind": "Service", "metadata": {"name": name, "namespace": namespace}, "spec": {"ports": [{"port": 80}]}}
    return where, body


def created(writer: Writer, namespace: str) -> tuple[Place, str, str]:
    """A Service, its UID and its version."""
    where, body = service(namespace)
    made = writer.send(Change(verb="create", place=where, body=body))
    assert isinstance(made, Done)
    assert made.object is not None
    return where, made.object["metadata"]["uid"], made.object["metadata"]["resourceVersion"]


def test_a_dry_run_of_any_verb_changes_nothing(writer: Writer, namespace: str) -> None:
    where, uid, version = created(writer, namespace)
    other, body = service(namespace, "other")
    for change in (
        Change(verb="create", place=other, body=body),
        Change(verb="patch", place=where, body={"metadata": {"labels": {"a": "b"}}}, uid=uid, resource_version=version),
        Change(verb="delete", place=where, uid=uid, resource_version=version),
    ):
        assert isinstance(writer.send(change, dry_run=True), Done)
    assert writer.read(other) == Absent()
    there = writer.read(where)
    assert isinstance(there, Found)
    assert (there.object["metadata"]["uid"], there.object["metadata"]["resourceVersion"]) == (uid, version)


def test_a_precondition_that_does_not_hold_is_a_conflict(writer: Writer, namespace: str) -> None:
    where, uid, version = created(writer, namespace)
    patch: Any = {"metadata": {"labels": {"a": "b"}}}
    assert isinstance(writer.send(Change(verb="patch", place=where, body=patch, uid=uid, resource_version="1")), Conflict)
    assert isinstance(writer.send(Change(verb="patch", place=where, body=patch, uid="other")), Conflict)
    assert isinstance(writer.send(Change(verb="delete", place=where, uid="other")), Conflict)
    assert isinstance(writer.send(Change(verb="delete", place=where, uid=uid, resource_version="1")), Conflict)
    assert isinstance(writer.send(Change(verb="create", place=where, body=service(namespace)[1])), Conflict)
    assert isinstance(writer.send(Change(verb="patch", place=where, body=patch, uid=uid, resource_version=version)), Done)


def test_what_is_not_there_is_missing_and_what_is_wrong_is_refused(writer: Writer, namespace: str) -> None:
    where, body = service(namespace)
    assert writer.send(Change(verb="delete", place=where)) == Missing()
    assert writer.send(Change(verb="patch", place=where, body={"metadata": {"labels": {"a": "b"}}})) == Missing()
    assert isinstance(writer.send(Change(verb="create", place=where, body=body | {"spec": {"ports": [{"port": 99999}]}})), Refused)
    nowhere, body = service("no-such-namespace")
    assert writer.send(Change(verb="create", place=nowhere, body=body)) == Missing()


@pytest.mark.parametrize(
    ("fault", "expected", "carried_out"),
    [
        ("wait after", Done, True),
        ("cut before", Unknown, False),
        ("cut after", Unknown, True),
        ("409", Conflict, False),
        ("410", Unknown, False),
        ("429", Unsent, False),
        ("500", Unknown, False),
        ("503", Unknown, False),
        ("500 after", Unknown, True),
        ("half", Unknown, True),
    ],
)
def test_each_fault_is_called_what_it_is(
    writer: Writer, proxy: Proxy, namespace: str, monkeypatch: pytest.MonkeyPatch, fault: str, expected: type, carried_out: bool
) -> None:
    where, body = service(namespace)
    with monkeypatch.context() as patched:
        patched.setattr(proxy, "fault", lambda method, path: (fault, 0.05))
        assert isinstance(writer.send(Change(verb="create", place=where, body=body)), expected)
    assert isinstance(writer.read(where), Found) is carried_out


def test_a_server_that_is_not_there_has_not_had_the_request(controlplane: ControlPlane, namespace: str, tmp_path: Path) -> None:
    with connect(kubeconfig=str(controlplane.kubeconfig(server="http://127.0.0.1:9"))) as connection:
        writer = Writer(connection, approval("w"))
        where, body = service(namespace)
        assert isinstance(writer.send(Change(verb="create", place=where, body=body)), Unsent)
        assert isinstance(writer.read(where), Unread)


def test_who_may_not_write_any_more_when_all_is_ready_has_sent_nothing(writer: Writer, namespace: str) -> None:
    """Asked after the connection is there, and before the first byte of the change is gone."""
    where, body = service(namespace)
    assert isinstance(writer.send(Change(verb="create", place=where, body=body), may=lambda: False), Unsent)
    assert isinstance(writer.read(where), Absent)
    assert isinstance(writer.send(Change(verb="create", place=where, body=body), may=lambda: True), Done)
    for change in (Change(verb="delete", place=where), Change(verb="patch", place=where, body={"metadata": {"labels": {"a": "b"}}})):
        assert isinstance(writer.send(change, may=lambda: False), Unsent)
    left = writer.read(where)
    assert isinstance(left, Found)
    assert "labels" not in left.object["metadata"]


@pytest.mark.parametrize("name", ["", ".", ".."])
def test_a_name_that_would_be_another_path_is_none(name: str) -> None:
    with pytest.raises(ValueError, match="is no name"):
        address(place("Service", "shop", name))


def test_every_part_of_a_path_is_quoted() -> None:
    assert address(place("Service", "a/../b", "x?dryRun=All#")) == "/api/v1/namespaces/a%2F..%2Fb/services/x%3FdryRun%3DAll%23"
