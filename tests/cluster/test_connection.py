"""Logging in: every way that a kubeconfig knows, refused logins; and no secret in any message."""

import base64
import datetime
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from aichaos.cluster import credentials
from aichaos.cluster.connection import connect
from aichaos.cluster.credentials import hushed
from aichaos.errors import NoClusterError, UnauthorizedError
from tests.cluster.asking import SECRET, ask, sent, told
from tests.cluster.misbehaving import Misbehaving, as_json, closed_port, misbehaving, status
from tests.cluster.pki import Authority

EXEC = {"apiVersion": "client.authentication.k8s.io/v1", "interactiveMode": "Never"}


def plugin(folder: Path, script: str) -> dict[str, Any]:
    """A credential plugin: a shell script beside the kubeconfig."""
    path = folder / "login"
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(0o755)
    return EXEC | {"command": "./login"}


def credential(**given: str) -> str:
    return json.dumps({"apiVersion": EXEC["apiVersion"], "kind": "ExecCredential", "status": given})


# --- tokens


def test_a_token_is_sent_as_bearer(server: Misbehaving, tmp_path: Path) -> None:
    server.on("/version", as_json({"major": "1"}))
    with connect(kubeconfig=server.kubeconfig(tmp_path, user={"token": SECRET})) as connection:
        assert ask(connection) == {"major": "1"}
    assert sent(server) == f"Bearer {SECRET}"


def test_the_line_end_of_a_token_file_is_no_part_of_the_token(server: Misbehaving, tmp_path: Path) -> None:
    (tmp_path / "token").write_text(f"{SECRET}\n")
    server.on("/version", as_json({}))
    with connect(kubeconfig=server.kubeconfig(tmp_path, user={"tokenFile": "token", "token": "older"})) as connection:
        ask(connection)
    assert sent(server) == f"Bearer {SECRET}"


def test_a_token_that_can_be_no_header_is_refused_without_being_shown(server: Misbehaving, tmp_path: Path) -> None:
    with pytest.raises(UnauthorizedError, match="characters") as caught:
        connect(kubeconfig=server.kubeconfig(tmp_path, user={"token": f"{SECRET}\nX-Evil: 1"}))
    assert SECRET not in told(caught.value)


def test_a_token_file_that_is_missing_is_named(server: Misbehaving, tmp_path: Path) -> None:
    with pytest.raises(NoClusterError, match="token-of-anna"):
        connect(kubeconfig=server.kubeconfig(tmp_path, user={"tokenFile": "token-of-anna"}))


def test_user_and_password_are_sent_as_basic(server: Misbehaving, tmp_path: Path) -> None:
    server.on("/version", as_json({}))
    with connect(kubeconfig=server.kubeconfig(tmp_path, user={"username": "anna", "password": "sesame"})) as connection:
        ask(connection)
    assert sent(server) == f"Basic {base64.b64encode(b'anna:sesame').decode()}"


def test_a_user_without_credentials_sends_none(server: Misbehaving, tmp_path: Path) -> None:
    server.on("/version", as_json({}))
    with connect(kubeconfig=server.kubeconfig(tmp_path, user={})) as connection:
        ask(connection)
    assert sent(server) is None


# --- logging in again


def test_a_refused_token_file_is_read_again(server: Misbehaving, tmp_path: Path) -> None:
    (tmp_path / "token").write_text("yesterday")
    server.on("/version", status(401), as_json({"major": "1"}))
    with connect(kubeconfig=server.kubeconfig(tmp_path, user={"tokenFile": "token"})) as connection:
        (tmp_path / "token").write_text("today")
        assert ask(connection) == {"major": "1"}
    assert [request.headers["authorization"] for request in server.asked("/version")] == ["Bearer yesterday", "Bearer today"]


def test_a_refused_login_runs_the_plugin_again(server: Misbehaving, tmp_path: Path) -> None:
    count = f'echo x >> runs; n=$(wc -l < runs | tr -d " "); echo {credential(token="run-NUMBER")!r} | sed "s/NUMBER/$n/"'
    user = {"exec": plugin(tmp_path, f"cd {tmp_path}\n{count}")}
    server.on("/version", status(401), as_json({}))
    with connect(kubeconfig=server.kubeconfig(tmp_path, user=user)) as connection:
        ask(connection)
    assert [request.headers["authorization"] for request in server.asked("/version")] == ["Bearer run-1", "Bearer run-2"]


def test_a_login_that_stays_refused_is_an_error_after_one_more_try(server: Misbehaving, tmp_path: Path) -> None:
    server.on("/version", status(401, "Unauthorized"))
    with (
        connect(kubeconfig=server.kubeconfig(tmp_path, user={"token": SECRET})) as connection,
        pytest.raises(UnauthorizedError, match="does not accept our login") as caught,
    ):
        ask(connection)
    assert len(server.asked("/version")) == 2
    assert SECRET not in told(caught.value)
    assert "Log in" in caught.value.hint


def test_a_login_is_renewed_once_for_all_threads_that_it_was_refused_to(server: Misbehaving, tmp_path: Path) -> None:
    user = {"exec": plugin(tmp_path, f"echo x >> {tmp_path}/runs; echo '{credential(token='t')}'")}
    with connect(kubeconfig=server.kubeconfig(tmp_path, user=user)) as connection:
        refused = connection.session()
        for _ in range(3):
            connection.renew(refused)
        assert connection.session() is not refused
    assert (tmp_path / "runs").read_text().count("x") == 2


# --- plugins


def test_a_plugin_gives_the_token(server: Misbehaving, tmp_path: Path) -> None:
    server.on("/version", as_json({}))
    user = {"exec": plugin(tmp_path, f"echo '{credential(token=SECRET)}'")}
    with connect(kubeconfig=server.kubeconfig(tmp_path, user=user)) as connection:
        ask(connection)
    assert sent(server) == f"Bearer {SECRET}"


def test_a_plugin_gives_a_client_certificate(authority: Authority, tmp_path: Path) -> None:
    certificate, key = authority.issue("anna")
    (tmp_path / "answer").write_text(credential(clientCertificateData=certificate.read_text(), clientKeyData=key.read_text()))
    user = {"exec": plugin(tmp_path, f"cat {tmp_path}/answer")}
    with misbehaving(authority.server_context(clients=authority)) as server:
        server.on("/version", as_json({"major": "1"}))
        cluster = {"certificate-authority": str(authority.certificate)}
        with connect(kubeconfig=server.kubeconfig(tmp_path, user=user, cluster=cluster)) as connection:
            assert ask(connection) == {"major": "1"}


def test_a_plugin_is_told_its_arguments_and_variables(server: Misbehaving, tmp_path: Path) -> None:
    server.on("/version", as_json({}))
    (tmp_path / "answer").write_text(credential(token="FIRST-WHO"))
    script = f'sed -e "s/FIRST/$1/" -e "s/WHO/$WHO/" {tmp_path}/answer'
    user = {"exec": plugin(tmp_path, script) | {"args": ["for"], "env": [{"name": "WHO", "value": "anna"}]}}
    with connect(kubeconfig=server.kubeconfig(tmp_path, user=user)) as connection:
        ask(connection)
    assert sent(server) == "Bearer for-anna"


def test_a_plugin_that_is_missing_is_named_with_its_own_advice(server: Misbehaving, tmp_path: Path) -> None:
    user = {"exec": EXEC | {"command": "kubelogin-nowhere", "installHint": "brew install\n  kubelogin", "args": [SECRET]}}
    with pytest.raises(UnauthorizedError, match="plugin kubelogin-nowhere of user 'tester' can't be started") as caught:
        connect(kubeconfig=server.kubeconfig(tmp_path, user=user))
    assert caught.value.hint == "brew install kubelogin"
    assert SECRET not in told(caught.value)


def test_a_plugin_that_may_not_be_run_is_said_so(server: Misbehaving, tmp_path: Path) -> None:
    (tmp_path / "login").write_text("#!/bin/sh\n")
    with pytest.raises(UnauthorizedError, match="can't be started"):
        connect(kubeconfig=server.kubeconfig(tmp_path, user={"exec": EXEC | {"command": "./login"}}))


@pytest.mark.parametrize(
    ("script", "said"),
    [
        ("echo 'session expired, run: sso login' >&2; exit 3", "exit code 3, session expired, run: sso login"),
        (f"echo 'bad token {SECRET}' >&2; exit 1", r"exit code 1, bad token \*\*\*"),
        ("exit 1", "exit code 1"),
        (f"echo {SECRET}", "not an ExecCredential"),
        ("echo '{}'", "not an ExecCredential"),
        ("echo '[1]'", "not an ExecCredential"),
        (f"""echo '{{"apiVersion": "v0", "kind": "ExecCredential", "status": {{"token": "{SECRET}"}}}}'""", "not an ExecCredential"),
        (f"echo '{credential()}'", "neither a token nor a certificate"),
        (f"echo '{credential(clientCertificateData=SECRET)}'", "neither a token nor a certificate"),
    ],
)
def test_a_plugin_that_fails_is_an_error_and_not_a_login_as_nobody(server: Misbehaving, tmp_path: Path, script: str, said: str) -> None:
    with pytest.raises(UnauthorizedError, match=said) as caught:
        connect(kubeconfig=server.kubeconfig(tmp_path, user={"exec": plugin(tmp_path, script)}))
    assert SECRET not in told(caught.value)
    assert "\n" not in str(caught.value)
    assert caught.value.hint


@pytest.mark.parametrize(
    "secret",
    ["hunter2", "tok_live_51Habc", SECRET, "AKIAIOSFODNN7EXAMPLE", "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY", "0123456789abcdef0123"],
)
@pytest.mark.parametrize(
    "line", ["password={}", "client-secret: {}", "Authorization: Bearer {}", "https://anna:{}@sso.example.com/", "api_key = {}"]
)
def test_what_a_plugin_says_is_told_without_its_secrets(secret: str, line: str) -> None:
    shown = hushed(f"login failed: {line.format(secret)} (denied)")
    assert secret not in shown
    assert shown.startswith("login failed: ")


def test_what_a_plugin_says_stays_readable() -> None:
    said = "The SSO session has expired. Run `aws sso login --profile production-readonly` (https://docs.example.com/sso/configuration)"
    assert hushed(said) == said


# --- OIDC


def jwt(expires: datetime.datetime, name: str = "anna") -> str:
    def part(value: dict[str, Any]) -> str:
        return base64.urlsafe_b64encode(json.dumps(value).encode()).decode().rstrip("=")

    return f"{part({'alg': 'none'})}.{part({'sub': name, 'exp': int(expires.timestamp())})}.c2ln"


NOW = datetime.datetime.now(datetime.UTC)


def oidc(**config: str) -> dict[str, Any]:
    return {"auth-provider": {"name": "oidc", "config": {"client-id": "kubernetes", "client-secret": "s3cret-of-the-client"} | config}}


def test_an_oidc_token_that_is_still_good_is_used(server: Misbehaving, tmp_path: Path) -> None:
    token = jwt(NOW + datetime.timedelta(hours=1))
    server.on("/version", as_json({}))
    with connect(kubeconfig=server.kubeconfig(tmp_path, user=oidc(**{"id-token": token}))) as connection:
        ask(connection)
    assert sent(server) == f"Bearer {token}"


def test_an_oidc_token_that_expired_is_renewed_and_the_new_refresh_token_kept(server: Misbehaving, tmp_path: Path) -> None:
    fresh = jwt(NOW + datetime.timedelta(hours=1))
    server.on("/version", as_json({}))
    authority = Authority(tmp_path, "the issuer's", identifiers=True)  # the official client asks it, as strictly as Python does
    with misbehaving(authority.server_context()) as issuer:
        issuer.on("/.well-known/openid-configuration", as_json({"token_endpoint": f"{issuer.url}/token"}))
        issuer.on("/token", as_json({"access_token": "a", "token_type": "Bearer", "id_token": fresh, "refresh_token": "second"}))
        old = oidc(
            **{
                "id-token": jwt(NOW - datetime.timedelta(hours=1)),
                "refresh-token": "first",
                "idp-issuer-url": issuer.url,
                "idp-certificate-authority": str(authority.certificate),
            }
        )
        kubeconfig = server.kubeconfig(tmp_path, user=old)
        with connect(kubeconfig=kubeconfig) as connection:
            ask(connection)
    assert sent(server) == f"Bearer {fresh}"
    kept = Path(kubeconfig).read_text()
    assert "refresh-token: second" in kept
    assert fresh in kept


def test_an_oidc_login_that_cannot_be_renewed_is_an_error(server: Misbehaving, tmp_path: Path) -> None:
    dead = {
        "id-token": jwt(NOW - datetime.timedelta(hours=1)),
        "refresh-token": "first",
        "idp-issuer-url": f"http://127.0.0.1:{closed_port()}",
    }
    with pytest.raises(UnauthorizedError, match="login of user 'tester' can't be renewed") as caught:
        connect(kubeconfig=server.kubeconfig(tmp_path, user=oidc(**dead)))
    assert "s3cret" not in str(caught.value) + caught.value.hint


def test_an_oidc_issuer_is_never_asked_unverified(server: Misbehaving, stranger: Authority, tmp_path: Path) -> None:
    """The official client turns verification off where no authority is given, and would send the refresh token to anyone."""
    with misbehaving(stranger.server_context()) as issuer:
        old = {"id-token": jwt(NOW - datetime.timedelta(hours=1)), "refresh-token": "first", "idp-issuer-url": issuer.url}
        with pytest.raises(UnauthorizedError):
            connect(kubeconfig=server.kubeconfig(tmp_path, user=oidc(**old)))
        assert issuer.requests == []


# --- in a pod


@pytest.fixture
def pod(tmp_path: Path, authority: Authority, monkeypatch: pytest.MonkeyPatch) -> Callable[[Misbehaving], Path]:
    def enter(server: Misbehaving) -> Path:
        folder = tmp_path / "account"
        folder.mkdir()
        (folder / "token").write_text("of-the-pod\n")
        (folder / "namespace").write_text("shop")
        (folder / "ca.crt").write_bytes(authority.certificate.read_bytes())
        monkeypatch.setattr(credentials, "ACCOUNT", folder)
        monkeypatch.setenv("KUBERNETES_SERVICE_HOST", "127.0.0.1")
        monkeypatch.setenv("KUBERNETES_SERVICE_PORT", str(server.port))
        return folder

    return enter


def test_in_a_pod_the_service_account_logs_in(authority: Authority, pod: Callable[[Misbehaving], Path]) -> None:
    with misbehaving(authority.server_context()) as server:
        server.on("/version", status(401), as_json({"major": "1"}))
        folder = pod(server)
        with connect() as connection:
            assert (connection.name, connection.namespace) == ("in-cluster", "shop")
            (folder / "token").write_text("rotated\n")
            assert ask(connection) == {"major": "1"}
        assert [r.headers["authorization"].lower() for r in server.asked("/version")] == ["bearer of-the-pod", "bearer rotated"]


def test_a_service_account_without_its_certificate_is_an_error(server: Misbehaving, pod: Callable[[Misbehaving], Path]) -> None:
    (pod(server) / "ca.crt").unlink()
    with pytest.raises(NoClusterError, match="service account"):
        connect()


def test_a_connection_says_nothing_of_its_login(server: Misbehaving, tmp_path: Path) -> None:
    with connect(kubeconfig=server.kubeconfig(tmp_path, user={"token": SECRET})) as connection:
        assert SECRET not in repr(connection) + repr(connection.session()) + str(vars(connection))
