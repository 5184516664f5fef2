"""A server that misbehaves, a quick patience, and certificates of our own."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from aichaos.cluster.connection import Connection, connect
from aichaos.cluster.reader import Patience, Reader
from tests.cluster.misbehaving import Misbehaving, misbehaving
from tests.cluster.pki import Authority

QUICK = Patience(silence=2.0, total=20.0)
"""Long enough for a busy machine; only what falls silent is waited for."""


@pytest.fixture(autouse=True)
def _no_settings_of_the_developer(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in ("KUBECONFIG", "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY", "KUBERNETES_SERVICE_HOST", "KUBERNETES_SERVICE_PORT"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.lower(), raising=False)
    monkeypatch.setenv("HOME", str(tmp_path / "home"))


@pytest.fixture
def server() -> Iterator[Misbehaving]:
    with misbehaving() as running:
        yield running


@pytest.fixture
def connection(server: Misbehaving, tmp_path: Path) -> Iterator[Connection]:
    with connect(kubeconfig=server.kubeconfig(tmp_path)) as made:
        yield made


@pytest.fixture
def reader(connection: Connection) -> Reader:
    return Reader(connection, QUICK)


@pytest.fixture(scope="session")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("authority"), "the test's own authority")


@pytest.fixture(scope="session")
def stranger(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("stranger"), "an authority nobody asked")
