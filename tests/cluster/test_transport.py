"""Certificates, TLS and proxies between us and a server."""

import base64
import datetime
import json
import select
import socket
import ssl
import tempfile
from pathlib import Path
from typing import Any

import pytest
import urllib3

from aichaos.cluster.connection import connect
from aichaos.errors import NoClusterError, UnauthorizedError, UnreachableError
from tests.cluster.asking import SECRET, ask, told
from tests.cluster.misbehaving import Misbehaving, as_json, closed_port, misbehaving, status
from tests.cluster.pki import Authority

# --- certificates


def test_a_client_certificate_logs_in(authority: Authority, tmp_path: Path) -> None:
    certificate, key = authority.issue("anna")
    with misbehaving(authority.server_context(clients=authority)) as server:
        server.on("/version", as_json({"major": "1"}))
        user = {"client-certificate": str(certificate), "client-key-data": base64.b64encode(key.read_bytes()).decode()}
        cluster = {"certificate-authority-data": base64.b64encode(authority.certificate.read_bytes()).decode()}
        with connect(kubeconfig=server.kubeconfig(tmp_path, user=user, cluster=cluster)) as connection:
            assert ask(connection) == {"major": "1"}


def test_no_key_stays_on_the_disk(authority: Authority, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The official client writes keys into temporary files, which a killed process leaves behind."""
    (tmp_path / "tmp").mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "tmp"))
    certificate, key = (base64.b64encode(path.read_bytes()).decode() for path in authority.issue("anna"))
    user = {"client-certificate-data": certificate, "client-key-data": key}
    with misbehaving(authority.server_context(clients=authority)) as server:
        server.on("/version", status(401), as_json({"major": "1"}))
        cluster = {"certificate-authority": str(authority.certificate)}
        with connect(kubeconfig=server.kubeconfig(tmp_path, user=user, cluster=cluster)) as connection:
            assert list((tmp_path / "tmp").iterdir()) == []
            assert ask(connection) == {"major": "1"}
    assert list((tmp_path / "tmp").iterdir()) == []


@pytest.mark.parametrize("given", [False, True])
def test_a_client_certificate_that_is_refused_is_said_so(authority: Authority, stranger: Authority, tmp_path: Path, given: bool) -> None:
    certificate, key = stranger.issue("anna")
    user = {"client-certificate": str(certificate), "client-key": str(key)} if given else {}
    with misbehaving(authority.server_context(clients=authority)) as server:
        cluster = {"certificate-authority": str(authority.certificate)}
        with (
            connect(kubeconfig=server.kubeconfig(tmp_path, user=user, cluster=cluster)) as connection,
            pytest.raises(UnauthorizedError, match="refuses our client certificate"),
        ):
            ask(connection)


def test_a_refusal_that_comes_before_our_request_is_heard_too(
    authority: Authority, stranger: Authority, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With TLS 1.3 our side of the handshake is over before the server has read our certificate. A server that refuses it sends an
    alert and closes; if that is quicker than our request, then the sending fails, and the reason waits to be read."""
    certificate, key = stranger.issue("anna")
    failed: list[Any] = []

    def send_late(sock: ssl.SSLSocket, data: Any, flags: int = 0) -> None:
        watched = select.poll()
        watched.register(sock.fileno(), 0)  # a hang-up is told always
        assert watched.poll(10_000)
        try:
            sendall(sock, data, flags)
        except ssl.SSLEOFError:
            failed.append(data)
            raise

    sendall = ssl.SSLSocket.sendall
    monkeypatch.setattr(ssl.SSLSocket, "sendall", send_late)
    with misbehaving(authority.server_context(clients=authority)) as server:
        user = {"client-certificate": str(certificate), "client-key": str(key)}
        cluster = {"certificate-authority": str(authority.certificate)}
        with (
            connect(kubeconfig=server.kubeconfig(tmp_path, user=user, cluster=cluster)) as connection,
            pytest.raises(UnauthorizedError, match="refuses our client certificate"),
        ):
            ask(connection)
    assert failed


@pytest.mark.parametrize(
    ("name", "valid", "trusted", "said", "advice"),
    [
        ("127.0.0.1", 1, False, "not accepted: .*(issuer|self)", "still the same cluster"),
        ("other.example.com", 1, True, "not accepted: .*mismatch", "tls-server-name"),
        ("127.0.0.1", -1, True, "not accepted: .*expired", "renewed"),
    ],
)
def test_a_wrong_certificate_is_refused_at_once(
    authority: Authority, stranger: Authority, tmp_path: Path, name: str, valid: int, trusted: bool, said: str, advice: str
) -> None:
    with misbehaving(authority.server_context(name, valid=datetime.timedelta(days=valid))) as server:
        cluster = {"certificate-authority": str((authority if trusted else stranger).certificate)}
        with (
            connect(kubeconfig=server.kubeconfig(tmp_path, user={"token": SECRET}, cluster=cluster)) as connection,
            pytest.raises(UnreachableError, match=said) as caught,
        ):
            ask(connection)
        assert server.url in str(caught.value)
        assert advice in caught.value.hint
        assert server.requests == []  # and the token was not sent


def test_tls_server_name_is_the_name_that_is_verified(authority: Authority, tmp_path: Path) -> None:
    with misbehaving(authority.server_context("api.example.com")) as server:
        server.on("/version", as_json({"major": "1"}))
        cluster = {"certificate-authority": str(authority.certificate), "tls-server-name": "api.example.com"}
        with connect(kubeconfig=server.kubeconfig(tmp_path, cluster=cluster)) as connection:
            assert ask(connection) == {"major": "1"}


def test_insecure_skip_tls_verify_takes_any_certificate_without_a_warning(stranger: Authority, tmp_path: Path) -> None:
    with misbehaving(stranger.server_context("other.example.com")) as server:
        server.on("/version", as_json({"major": "1"}))
        with connect(kubeconfig=server.kubeconfig(tmp_path, cluster={"insecure-skip-tls-verify": True})) as connection:
            assert ask(connection) == {"major": "1"}


def test_authorities_without_key_identifiers_are_taken_on_every_python(authority: Authority, tmp_path: Path) -> None:
    """Python 3.13 refuses them by default; kubectl does not, and many clusters have one."""
    with misbehaving(authority.server_context()) as server:
        cluster = {"certificate-authority": str(authority.certificate)}
        with connect(kubeconfig=server.kubeconfig(tmp_path, cluster=cluster)) as connection:
            context = connection.session().pool.connection_pool_kw["ssl_context"]
            assert not context.verify_flags & ssl.VERIFY_X509_STRICT
            assert context.verify_mode == ssl.CERT_REQUIRED


def test_a_port_without_tls_is_said_so(server: Misbehaving, authority: Authority, tmp_path: Path) -> None:
    cluster = {"server": server.url.replace("http:", "https:"), "certificate-authority": str(authority.certificate)}
    with (
        connect(kubeconfig=server.kubeconfig(tmp_path, cluster=cluster)) as connection,
        pytest.raises(UnreachableError, match="no TLS connection") as caught,
    ):
        ask(connection)
    assert "speak TLS" in caught.value.hint


@pytest.mark.parametrize(
    ("cluster", "user"),
    [
        ({"certificate-authority-data": "bm90IGEgY2VydGlmaWNhdGU="}, {}),
        ({"certificate-authority-data": "%%%"}, {}),
        ({"certificate-authority": "nowhere.crt"}, {}),
        ({}, {"client-certificate-data": "bm90", "client-key-data": base64.b64encode(SECRET.encode()).decode()}),
        ({"proxy-url": "gopher://proxy.example.com"}, {}),
    ],
)
def test_certificates_and_proxies_that_cannot_be_used_are_found_before_anything_is_sent(
    tmp_path: Path, server: Misbehaving, cluster: dict[str, Any], user: dict[str, Any]
) -> None:
    cluster = {"server": "https://127.0.0.1:1"} | cluster
    with pytest.raises(NoClusterError) as caught:
        connect(kubeconfig=server.kubeconfig(tmp_path, cluster=cluster, user=user))
    assert "\n" not in str(caught.value)
    assert caught.value.hint
    assert SECRET not in told(caught.value)


# --- proxies


def test_a_proxy_from_the_environment_is_used_with_its_password(
    server: Misbehaving, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HTTP_PROXY", server.url.replace("http://", "http://anna:ses%40me@"))
    server.on("/version", as_json({}))
    with connect(kubeconfig=server.kubeconfig(tmp_path, cluster={"server": "http://cluster.example.com"})) as connection:
        ask(connection)
    (request,) = server.requests
    assert request.headers["host"] == "cluster.example.com"
    assert request.headers["proxy-authorization"] == f"Basic {base64.b64encode(b'anna:ses@me').decode()}"


def test_an_https_cluster_is_reached_through_a_tunnel(server: Misbehaving, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTPS_PROXY", server.url)
    with (
        connect(kubeconfig=server.kubeconfig(tmp_path, cluster={"server": "https://cluster.example.com"})) as connection,
        pytest.raises(UnreachableError, match=r"the proxy on the way to https://cluster.example.com refuses"),
    ):
        ask(connection)
    assert server.requests[0].method == "CONNECT"


@pytest.mark.parametrize("reason", ["NO_PROXY", "loopback"])
def test_hosts_that_are_excepted_are_reached_without_the_proxy(
    server: Misbehaving, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, reason: str
) -> None:
    """client-go never uses a proxy for a loopback address, so that kind and minikube work behind one; the official client does."""
    monkeypatch.setenv("HTTP_PROXY", f"http://127.0.0.1:{closed_port()}")
    if reason == "NO_PROXY":
        monkeypatch.setenv("NO_PROXY", "127.0.0.0/8")
    server.on("/version", as_json({"major": "1"}))
    with connect(kubeconfig=server.kubeconfig(tmp_path)) as connection:
        assert ask(connection) == {"major": "1"}


def test_the_proxy_of_the_kubeconfig_wins_and_knows_no_exceptions(
    server: Misbehaving, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NO_PROXY", "*")
    server.on("/version", as_json({}))
    cluster = {"server": "http://cluster.example.com", "proxy-url": server.url}
    with connect(kubeconfig=server.kubeconfig(tmp_path, cluster=cluster)) as connection:
        ask(connection)
    assert server.requests[0].headers["host"] == "cluster.example.com"


def test_a_proxy_that_cannot_be_reached_is_blamed_and_its_password_not_shown(
    server: Misbehaving, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HTTP_PROXY", f"http://anna:sesame-open@127.0.0.1:{closed_port()}")
    with (
        connect(kubeconfig=server.kubeconfig(tmp_path, cluster={"server": "http://cluster.example.com"})) as connection,
        pytest.raises(UnreachableError, match=r"the proxy on the way to http://cluster.example.com can't be reached") as caught,
    ):
        ask(connection)
    assert "sesame" not in str(caught.value) + caught.value.hint


def test_a_connection_that_is_given_up_leaves_nothing_on_its_way(tmp_path: Path) -> None:
    """The other side is told at once (a reset), instead of being sent what is left: that would arrive when nobody expects it any more."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        listening.settimeout(30)
        kubeconfig = tmp_path / "kubeconfig"
        cluster = {"server": f"http://127.0.0.1:{listening.getsockname()[1]}"}
        context = {"name": "c", "context": {"cluster": "c", "user": "u"}}
        users = [{"name": "u", "user": {}}]
        config = {"clusters": [{"name": "c", "cluster": cluster}], "contexts": [context], "users": users, "current-context": "c"}
        kubeconfig.write_text(json.dumps({"apiVersion": "v1", "kind": "Config"} | config))
        with connect(kubeconfig=str(kubeconfig)) as connection:
            pool = connection.session().pool
            with pytest.raises(urllib3.exceptions.ReadTimeoutError):
                pool.request("POST", f"{connection.session().base}/x", body=b"a change", timeout=0.1, retries=False)
        accepted, _ = listening.accept()
        with accepted:
            accepted.settimeout(30)
            with pytest.raises(ConnectionResetError):
                _read_to_its_end(accepted)


def _read_to_its_end(connection: socket.socket) -> None:
    while connection.recv(1000):
        pass


def test_a_connection_is_kept_in_use_and_given_up_soon_where_it_is_gone(server: Misbehaving, tmp_path: Path) -> None:
    """Load balancers, NATs and firewalls forget idle connections, and tell nobody."""
    server.on("/version", as_json({"major": "1"}))
    with connect(kubeconfig=server.kubeconfig(tmp_path)) as connection:
        pool = connection.session().pool.connection_from_url(server.url)
        response = pool.request("GET", "/version", preload_content=False)
        ours = response.connection
        assert ours is not None
        assert ours.sock.getsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE)
        if hasattr(socket, "TCP_USER_TIMEOUT"):
            assert 0 < ours.sock.getsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT) <= 5_000
            assert 0 < ours.sock.getsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPIDLE) <= 30
        response.read()
