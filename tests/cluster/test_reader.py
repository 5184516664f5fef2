"""Reading from a server that does everything wrong that a server, a network or a proxy can."""

import gzip
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import msgspec
import pytest

import aichaos.cluster.reader
from aichaos.cluster import credentials
from aichaos.cluster.connection import Connection, connect
from aichaos.cluster.reader import Expired, Forbidden, Patience, Reader
from aichaos.domain.access import Role
from aichaos.domain.workloads import Pod
from aichaos.errors import NoClusterError, ServerError, SourceError, UnreachableError
from tests.cluster.conftest import QUICK
from tests.cluster.misbehaving import Answer, Misbehaving, Request, as_json, closed_port, misbehaving, page, status, write_kubeconfig
from tests.cluster.pki import Authority

PODS = "/api/v1/pods"
HERE = "/version"
FINE = as_json({"major": "1"})


class Version(msgspec.Struct):
    major: str


def pods(*names: str) -> list[dict[str, Any]]:
    return [{"metadata": {"name": name, "namespace": "shop", "managedFields": [{"manager": "x"}]}} for name in names]


def names(reader: Reader) -> list[str]:
    return [pod.name for pod in reader.list_all(PODS, Pod, lambda pod: pod).items]


# --- what is asked


def test_an_answer_becomes_the_type_that_was_asked_for(server: Misbehaving, reader: Reader) -> None:
    server.on(HERE, FINE)
    assert reader.get_json(HERE, Version, {"timeout": "1 s"}) == Version("1")
    (request,) = server.requests
    assert request.query == {"timeout": "1 s"}
    assert request.headers["accept"] == "application/json"
    assert request.headers["user-agent"].startswith("aichaos/")


def test_what_is_not_there_is_none(server: Misbehaving, reader: Reader) -> None:
    server.on(HERE, status(404, "not found"))
    assert reader.get_json(HERE, Version) is None
    assert reader.get_json("/nothing/here", Version) is None
    assert names(reader) == []


READING = {"get_json", "get_named", "list_pages", "list_all", "secret_outside", "stop"}


def test_a_reader_can_only_read(server: Misbehaving, reader: Reader) -> None:
    """Everything public is called; nothing but GET reaches the server, and nothing takes a method or a body."""
    server.on(HERE, FINE)
    server.on(PODS, page(pods("a")))
    server.on("/api/v1/namespaces/shop/secrets/tls", secret_table("Opaque"))
    reader.get_json(HERE, Version)
    reader.get_named(HERE, "here")
    list(reader.list_pages(PODS, Pod, 10))
    names(reader)
    reader.secret_outside("shop", "tls")
    reader.stop()
    assert {name for name in dir(Reader) if not name.startswith("_")} == READING
    assert {request.method for request in server.requests} == {"GET"}
    source = Path(aichaos.cluster.reader.__file__).read_text(encoding="utf-8")
    assert not [method for method in ("POST", "PUT", "PATCH", "DELETE") if f'"{method}"' in source]


def test_answers_are_compressed_over_a_network_only(server: Misbehaving, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def packed_if_wanted(request: Request) -> Answer:
        if "gzip" not in request.headers.get("accept-encoding", ""):
            return FINE
        return Answer(200, gzip.compress(FINE.body), FINE.headers | {"Content-Encoding": "gzip"})

    server.on(HERE, packed_if_wanted)
    for far in (False, True):
        monkeypatch.setattr(credentials, "is_loopback", lambda host, far=far: not far)
        with connect(kubeconfig=server.kubeconfig(tmp_path)) as connection:
            assert Reader(connection, QUICK).get_json(HERE, Version) == Version("1")
    assert ["gzip" in request.headers["accept-encoding"] for request in server.requests] == [False, True]


def test_the_clock_of_the_server_is_kept(server: Misbehaving, reader: Reader) -> None:
    server.on(HERE, FINE)
    reader.get_json(HERE, Version)
    assert reader.server_time is not None
    assert reader.server_time.endswith("Z")
    assert len(reader.server_time) == len("2026-05-04T08:00:00Z")


# --- lists


def paged(items: list[dict[str, Any]]) -> Callable[[Request], Answer]:
    """As an API server pages: `limit` items from where `continue` says."""

    def answer(request: Request) -> Answer:
        start, limit = int(request.query.get("continue", 0)), int(request.query.get("limit", len(items)))
        end = start + limit
        return page(items[start:end], str(end) if end < len(items) else "")

    return answer


def test_a_list_is_read_page_by_page(server: Misbehaving, reader: Reader) -> None:
    server.on(PODS, paged(pods("a", "b", "c", "d", "e")))
    assert [len(listing.items) for listing in reader.list_pages(PODS, Pod, 2)] == [2, 2, 1]
    assert [request.query for request in server.requests] == [
        {"limit": "2"},
        {"limit": "2", "continue": "2"},
        {"limit": "2", "continue": "4"},
    ]


def test_a_list_that_expires_is_read_again_as_one(server: Misbehaving, reader: Reader) -> None:
    """Not from the token that the server offers: a list of two moments may hold an object twice, or not at all."""
    gone = status(410, "The provided continue parameter is too old")
    server.on(PODS, page(pods("a", "b"), "next"), gone, page(pods("a", "c", "d")))
    assert names(reader) == ["a", "c", "d"]
    assert server.requests[-1].query == {}


def test_pages_by_themselves_say_that_they_expired(server: Misbehaving, reader: Reader) -> None:
    server.on(PODS, page(pods("a"), "next"), status(410))
    pages = reader.list_pages(PODS, Pod, 1)
    assert len(next(pages).items) == 1
    with pytest.raises(Expired):
        next(pages)


@pytest.mark.parametrize("items", [None, []])
def test_an_empty_list_is_empty_however_it_is_written(server: Misbehaving, reader: Reader, items: Any) -> None:
    server.on(PODS, as_json({"kind": "PodList", "metadata": {}, "items": items}))
    assert names(reader) == []


def test_null_means_absent_as_in_go(server: Misbehaving, reader: Reader) -> None:
    """`metadata.finalizers: null` comes from no server, but extension servers write what they like."""
    odd = {"metadata": {"name": "odd", "labels": None, "finalizers": None}, "spec": {"containers": None}, "status": None}
    server.on(PODS, page([*pods("a"), odd]))
    assert names(reader) == ["a", "odd"]


def test_an_object_that_cannot_be_read_is_left_out_and_named(server: Misbehaving, reader: Reader) -> None:
    broken = {"metadata": {"name": "broken", "namespace": "shop"}, "spec": {"containers": "none"}}
    server.on(PODS, page([*pods("a"), broken, 7, *pods("b")]))
    listing = reader.list_all(PODS, Pod, lambda pod: pod)
    assert [pod.name for pod in listing.items] == ["a", "b"]
    assert [text.partition(":")[0] for text in listing.unreadable] == ["shop/broken", "an object without a name"]


def test_a_role_without_rules_is_a_role(server: Misbehaving, reader: Reader) -> None:
    server.on("/roles", page([{"metadata": {"name": "none"}, "rules": None}]))
    (role,) = reader.list_all("/roles", Role, lambda role: role).items
    assert role.rules is None


# --- troubles that pass


@pytest.mark.parametrize(
    "trouble",
    [
        status(429, "too many requests", Retry_After="0"),
        status(503, "etcdserver: leader changed", Retry_After="0"),
        status(500, "etcdserver: request timed out"),
        Answer(502, b"<html>bad gateway</html>", {"Content-Type": "text/html"}),
        Answer(504, b""),
        Answer(200, FINE.body, FINE.headers, keep=5),
        Answer(200, FINE.body, FINE.headers, keep=0),
        Answer(200, FINE.body, FINE.headers, keep=5, chunked=True),
        Answer(200, FINE.body, FINE.headers, keep=5, stall=True),
        Answer(200, FINE.body, FINE.headers, keep=5, stall=True, chunked=True),
        Answer(200, b"not gzip", FINE.headers | {"Content-Encoding": "gzip"}),
    ],
    ids=["429", "503", "500", "502", "504", "cut", "cut-at-once", "cut-chunked", "silent", "silent-chunked", "garbled-gzip"],
)
def test_trouble_that_passes_is_not_noticed(server: Misbehaving, reader: Reader, trouble: Answer) -> None:
    server.on(HERE, trouble, trouble, FINE)
    assert reader.get_json(HERE, Version) == Version("1")
    assert len(server.requests) == 3


@pytest.mark.parametrize("chunked", [False, True])
def test_a_cut_is_not_noticed_over_tls_either(authority: Authority, tmp_path: Path, chunked: bool) -> None:
    with misbehaving(authority.server_context()) as server:
        server.on(HERE, Answer(200, FINE.body, FINE.headers, keep=5, chunked=chunked), Answer(200, FINE.body, FINE.headers, keep=0), FINE)
        cluster = {"certificate-authority": str(authority.certificate)}
        with connect(kubeconfig=server.kubeconfig(tmp_path, cluster=cluster)) as connection:
            assert Reader(connection, QUICK).get_json(HERE, Version) == Version("1")


def test_a_server_that_ends_the_handshake_is_said_so(authority: Authority, tmp_path: Path) -> None:
    with hanging_up() as port:
        cluster = {"server": f"https://127.0.0.1:{port}", "certificate-authority": str(authority.certificate)}
        context = {"c": {"cluster": "c"}}
        kubeconfig = write_kubeconfig(tmp_path / "kubeconfig", clusters={"c": cluster}, users={}, contexts=context, current="c")
        with connect(kubeconfig=kubeconfig) as connection, pytest.raises(UnreachableError, match="cut the connection"):
            Reader(connection, Patience(total=0.5)).get_json(HERE, Version)


@contextmanager
def hanging_up() -> Iterator[int]:
    """A port that takes every connection and ends it at once."""
    over = threading.Event()
    with socket.create_server(("127.0.0.1", 0)) as listening:
        listening.settimeout(0.05)

        def serve() -> None:
            while not over.is_set():
                with suppress(TimeoutError):
                    listening.accept()[0].close()

        thread = threading.Thread(target=serve)
        thread.start()
        try:
            yield listening.getsockname()[1]
        finally:
            over.set()
            thread.join()


def test_a_cut_in_the_middle_of_a_page_costs_that_page_only(server: Misbehaving, reader: Reader) -> None:
    last = page(pods("c"))
    server.on(PODS, page(pods("a", "b"), "next"), Answer(200, last.body, last.headers, keep=len(last.body) // 2), last)
    assert names(reader) == ["a", "b", "c"]
    assert [request.query.get("continue") for request in server.requests] == [None, "next", "next"]


def test_the_server_says_when_to_come_back(server: Misbehaving, connection: Connection, monkeypatch: pytest.MonkeyPatch) -> None:
    slept: list[float] = []
    monkeypatch.setattr(Reader, "_sleep", lambda self, seconds: slept.append(seconds))
    server.on(HERE, status(429, Retry_After="7"), status(503, Retry_After="3600"), status(503), FINE)
    Reader(connection).get_json(HERE, Version)
    assert slept[:2] == [7, 10]  # an hour is more than anyone waits
    assert 0 < slept[2] <= 5


def test_a_wait_that_outlasts_the_budget_is_not_begun(server: Misbehaving, connection: Connection, monkeypatch: pytest.MonkeyPatch) -> None:
    slept: list[float] = []
    monkeypatch.setattr(Reader, "_sleep", lambda self, seconds: slept.append(seconds))
    server.on(HERE, status(429, "slow down", Retry_After="9"))
    with pytest.raises(ServerError, match="429: slow down"):
        Reader(connection, Patience(total=3)).get_json(HERE, Version)
    assert (slept, len(server.requests)) == ([], 1)


# --- troubles that stay


def test_a_server_that_stays_overloaded_is_an_error_after_the_budget(server: Misbehaving, connection: Connection) -> None:
    server.on(HERE, status(503, "apiserver is shutting down"))
    with pytest.raises(ServerError, match="503: apiserver is shutting down") as caught:
        Reader(connection, Patience(total=0.5)).get_json(HERE, Version)
    assert server.url in str(caught.value)
    assert len(server.requests) > 1


@pytest.mark.parametrize("stall", [Answer(200, FINE.body, FINE.headers, keep=3, stall=True), Answer(200, b"x" * 9, keep=0, stall=True)])
def test_a_server_that_falls_silent_is_an_error_after_the_budget(server: Misbehaving, connection: Connection, stall: Answer) -> None:
    server.on(HERE, stall)
    with pytest.raises(UnreachableError, match="too slowly") as caught:
        Reader(connection, Patience(silence=0.1, total=0.5)).get_json(HERE, Version)
    assert "-n NAMESPACE" in caught.value.hint


def test_a_server_that_trickles_is_an_error_after_the_budget(tmp_path: Path) -> None:
    """Each byte comes in time, and the answer never."""
    with (
        misbehaving(drip=0.02) as server,
        connect(kubeconfig=server.kubeconfig(tmp_path)) as connection,
        pytest.raises(UnreachableError, match="too slowly"),
    ):
        Reader(connection, Patience(silence=10, total=0.5)).get_json(HERE, Version)


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (
            Answer(200, b"<html>Please log in</html>", {"Content-Type": "text/html; charset=utf-8"}),
            "text/html: is this a Kubernetes API server",
        ),
        (Answer(200, b"{}", {}), "without a type: is this"),
        (Answer(302, b"", {"Location": "https://login.example.com"}), "status 302: is this"),
        (Answer(403, b"<html>blocked</html>", {"Content-Type": "text/html"}), "status 403: is this"),
        (Answer(400, b"Client sent an HTTP request to an HTTPS server.", {"Content-Type": "text/plain"}), "status 400: is this"),
        (Answer(407, b"", {}), "status 407: is this"),
        (status(400, "limit must not be negative"), "refuses the request \\(400\\): limit must not"),
        (status(406, "only the following media types are accepted"), "refuses the request \\(406\\)"),
        (Answer(200, b'{"major": "1', {"Content-Type": "application/json"}), "not the JSON"),
        (Answer(200, b"", {"Content-Type": "application/json"}), "not the JSON"),
        (Answer(200, b'{"major": 1}', {"Content-Type": "application/json"}), "not the JSON"),
        (Answer(200, b'{"major": "\xff"}', {"Content-Type": "application/json"}), "not the JSON"),
    ],
)
def test_what_is_no_answer_is_an_error_at_once(server: Misbehaving, reader: Reader, answer: Answer, said: str) -> None:
    server.on(HERE, answer)
    with pytest.raises(ServerError, match=said) as caught:
        reader.get_json(HERE, Version)
    assert len(server.requests) == 1
    assert "\n" not in str(caught.value)
    assert caught.value.hint


def test_a_list_that_ends_in_the_middle_is_an_error(server: Misbehaving, reader: Reader) -> None:
    whole = page(pods("a", "b"))
    server.on(PODS, Answer(200, whole.body[: len(whole.body) // 2], whole.headers))
    with pytest.raises(ServerError, match="not the JSON"):
        names(reader)


def test_what_we_may_not_read_is_forbidden_with_the_reason_of_the_server(server: Misbehaving, reader: Reader) -> None:
    server.on(PODS, status(403, 'pods is forbidden: User "anna" cannot list resource "pods"\nin API group ""'))
    with pytest.raises(Forbidden, match='User "anna" cannot list resource "pods" in API group ""') as caught:
        names(reader)
    assert isinstance(caught.value, SourceError)
    assert len(server.requests) == 1


def test_a_refused_connection_is_given_up_quickly(tmp_path: Path, server: Misbehaving) -> None:
    url = f"http://127.0.0.1:{closed_port()}"
    with connect(kubeconfig=server.kubeconfig(tmp_path, cluster={"server": url})) as connection:
        started = time.monotonic()
        with pytest.raises(UnreachableError, match=f"{url} refuses the connection") as caught:
            Reader(connection, Patience(total=600)).get_json(HERE, Version)
    assert time.monotonic() - started < 60, "a tenth of the budget at most"
    assert url in caught.value.hint


def test_a_host_without_an_address_is_given_up_at_once(tmp_path: Path, server: Misbehaving) -> None:
    with (
        connect(kubeconfig=server.kubeconfig(tmp_path, cluster={"server": "http://nowhere.invalid"})) as connection,
        pytest.raises(UnreachableError, match=r"the host of http://nowhere.invalid has no address"),
    ):
        Reader(connection).get_json(HERE, Version)


@pytest.mark.parametrize("address", ["http://[::1", "https://", "ftp://cluster.example.com", "https://cluster.example.com:port"])
def test_a_server_address_that_is_none_is_an_error(tmp_path: Path, server: Misbehaving, address: str) -> None:
    with pytest.raises(NoClusterError, match="is not an address"):
        connect(kubeconfig=server.kubeconfig(tmp_path, cluster={"server": address}))


def test_a_stopped_reader_makes_no_further_attempt(server: Misbehaving, reader: Reader) -> None:
    server.on(HERE, status(503))
    reader.stop()
    with pytest.raises(ServerError):
        reader.get_json(HERE, Version)
    assert len(server.requests) == 1


def test_ctrl_c_ends_it_at_once(tmp_path: Path) -> None:
    """While eight threads wait for a server that says nothing."""
    with misbehaving() as server:
        server.serve_cluster()
        server.on(PODS, Answer(200, b"x", keep=0, stall=True))
        program = f"""
import sys
from aichaos.cluster.reader import Patience
from aichaos.observe.cluster import observe
observe(kubeconfig={server.kubeconfig(tmp_path)!r}, patience=Patience(silence=300, total=300))
"""
        with subprocess.Popen([sys.executable, "-c", program], stderr=subprocess.PIPE) as process:
            assert server.has_been_asked(PODS)
            process.send_signal(signal.SIGINT)
            _, complaint = process.communicate(timeout=120)  # the patience that it was given is longer
    assert complaint.decode().rstrip().endswith("KeyboardInterrupt")


def test_after_a_request_that_found_nobody_the_next_one_is_short_and_may_succeed(
    server: Misbehaving, connection: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    budgets: list[float] = []
    used_up = aichaos.cluster.reader._used_up

    def noted(state: Any, total: float) -> bool:
        budgets.append(total)
        return used_up(state, total)

    monkeypatch.setattr(aichaos.cluster.reader, "_used_up", noted)
    reader = Reader(connection, Patience(total=1.0))
    server.on(HERE, Answer(200, b"x", keep=0))
    server.on(PODS, page(pods("a")))
    with pytest.raises(UnreachableError):
        reader.get_json(HERE, Version)
    assert set(budgets) == {1.0}
    budgets.clear()
    with pytest.raises(UnreachableError):
        reader.get_json(HERE, Version)
    assert set(budgets) == {0.1}
    reader.patience = Patience(total=300.0)
    assert names(reader) == ["a"]


# --- Secrets


def secret_table(kind: str) -> Answer:
    columns = [{"name": name, "type": "string"} for name in ("Name", "Type", "Data", "Age")]
    rows = [{"cells": ["tls", kind, 2, "5d"], "object": None}]
    return as_json({"kind": "Table", "apiVersion": "meta.k8s.io/v1", "columnDefinitions": columns, "rows": rows})


def test_of_a_secret_only_the_outside_is_asked_for(server: Misbehaving, reader: Reader) -> None:
    path = "/api/v1/namespaces/shop/secrets/tls"
    server.on(path, secret_table("kubernetes.io/tls"))
    secret = reader.secret_outside("shop", "tls")
    assert secret is not None
    assert (secret.namespace, secret.name, secret.type) == ("shop", "tls", "kubernetes.io/tls")
    (request,) = server.requests
    assert request.headers["accept"] == "application/json;as=Table;g=meta.k8s.io;v=v1"
    assert request.query == {"includeObject": "None"}


def test_a_secret_that_does_not_exist_is_none(server: Misbehaving, reader: Reader) -> None:
    assert reader.secret_outside("shop", "tls") is None


def test_the_data_of_a_secret_from_a_server_that_sends_it_anyway_is_not_kept(server: Misbehaving, reader: Reader) -> None:
    whole = {"kind": "Secret", "metadata": {"name": "tls"}, "data": {"tls.key": "c2VzYW1l"}}
    server.on("/api/v1/namespaces/shop/secrets/tls", as_json(whole))
    with pytest.raises(ServerError, match="without its data") as caught:
        reader.secret_outside("shop", "tls")
    assert "c2VzYW1l" not in str(caught.value)


def test_a_name_cannot_lead_to_another_path(server: Misbehaving, reader: Reader) -> None:
    reader.secret_outside("shop", "../../../../apis?x=1")
    (request,) = server.requests
    assert request.path == "/api/v1/namespaces/shop/secrets/..%2F..%2F..%2F..%2Fapis%3Fx%3D1"
