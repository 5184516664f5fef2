"""Which cluster is meant: kubeconfig files as kubectl reads them, and what is said about broken ones."""

import subprocess
import sys
from pathlib import Path

import pytest

from aichaos.cluster.connection import connect, current_context, in_cluster
from aichaos.cluster.kubeconfig import choose
from aichaos.errors import NoClusterError
from tests.cluster.misbehaving import write_kubeconfig

CLUSTERS = {"blue": {"server": "https://blue.example.com:6443"}, "green": {"server": "https://green.example.com"}}
USERS = {"anna": {"token": "sesame-open-9173"}}
CONTEXTS = {"at-blue": {"cluster": "blue", "user": "anna", "namespace": "shop"}, "at-green": {"cluster": "green", "user": "anna"}}


@pytest.fixture
def kubeconfig(tmp_path: Path) -> str:
    return write_kubeconfig(tmp_path / "config", clusters=CLUSTERS, users=USERS, contexts=CONTEXTS, current="at-blue")


def test_the_current_context_is_told_with_cluster_server_and_namespace(kubeconfig: str) -> None:
    info = current_context(kubeconfig, None)
    assert info is not None
    assert (info.name, info.cluster, info.server, info.namespace) == ("at-blue", "blue", "https://blue.example.com:6443", "shop")


def test_a_context_can_be_asked_for(kubeconfig: str) -> None:
    info = current_context(kubeconfig, "at-green")
    assert info is not None
    assert (info.cluster, info.namespace) == ("green", None)


def test_an_unknown_context_is_refused_with_the_known_ones(kubeconfig: str) -> None:
    with pytest.raises(NoClusterError, match="no context 'at-red'") as caught:
        current_context(kubeconfig, "at-red")
    assert "at-blue, at-green" in caught.value.hint


def test_no_kubeconfig_at_all_is_no_context_and_no_error() -> None:
    assert current_context(None, None) is None
    assert not in_cluster()


def test_no_kubeconfig_at_all_is_an_error_when_connecting() -> None:
    with pytest.raises(NoClusterError, match="no cluster is configured") as caught:
        connect()
    assert "KUBECONFIG" in caught.value.hint


def test_a_kubeconfig_that_was_named_has_to_exist(tmp_path: Path) -> None:
    with pytest.raises(NoClusterError, match="there is no kubeconfig"):
        current_context(str(tmp_path / "none"), None)


def test_without_a_current_context_the_known_ones_are_named_when_connecting(tmp_path: Path) -> None:
    path = write_kubeconfig(tmp_path / "config", clusters=CLUSTERS, users=USERS, contexts=CONTEXTS)
    assert current_context(path, None) is None
    with pytest.raises(NoClusterError, match="no current context") as caught:
        connect(kubeconfig=path)
    assert "at-blue, at-green" in caught.value.hint


def test_of_several_files_the_first_that_sets_something_wins(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The official client takes the last current-context; kubectl, which people compare us with, the first."""
    first = write_kubeconfig(tmp_path / "a", clusters={}, users={}, contexts={"mine": CONTEXTS["at-green"]}, current="mine")
    second = write_kubeconfig(tmp_path / "b", clusters=CLUSTERS, users=USERS, contexts={"mine": CONTEXTS["at-blue"]}, current="at-blue")
    monkeypatch.setenv("KUBECONFIG", f"{tmp_path / 'missing'}:{first}:{second}")
    info = current_context(None, None)
    assert info is not None
    assert (info.name, info.cluster) == ("mine", "green")


def test_paths_count_from_the_file_that_they_stand_in(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    cluster = {"blue": {"server": "https://blue.example.com", "certificate-authority": "ca.crt"}}
    one = write_kubeconfig(tmp_path / "one" / "config", clusters=cluster, users={}, contexts=CONTEXTS, current="at-blue")
    plugin = {"apiVersion": "client.authentication.k8s.io/v1", "command": "./login"}
    user = {"anna": {"client-certificate": "anna.crt", "client-key": "keys/anna.key", "exec": plugin}}
    two = write_kubeconfig(tmp_path / "two" / "config", clusters={}, users=user, contexts={})
    monkeypatch.setenv("KUBECONFIG", f"{one}:{two}")
    target = choose(None, None)
    assert target is not None
    assert target.cluster["certificate-authority"] == str(tmp_path / "one" / "ca.crt")
    assert target.user["client-certificate"] == str(tmp_path / "two" / "anna.crt")
    assert target.user["client-key"] == str(tmp_path / "two" / "keys" / "anna.key")
    assert target.user["exec"]["command"] == str(tmp_path / "two" / "login")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("{", "not valid YAML"),
        ("users: [{name: anna, user: {token: sesame-open-9173", "not valid YAML"),
        ("contexts: 7", "contexts"),
        ("contexts: [{name: 7}]", "contexts"),
        ("[1, 2]", "is not one"),
        ("current-context: x\ncontexts: [{name: x, context: {cluster: nowhere}}]", "names the cluster 'nowhere'"),
        (
            "current-context: x\nclusters: [{name: c, cluster: {server: s}}]\ncontexts: [{name: x, context: {cluster: c, user: u}}]",
            "the user 'u'",
        ),
        ("current-context: x\nclusters: [{name: c, cluster: {}}]\ncontexts: [{name: x, context: {cluster: c}}]", "has no server"),
        ("current-context: x\nclusters: [{name: c, cluster: {server: [1]}}]\ncontexts: [{name: x, context: {cluster: c}}]", "server"),
        ("current-context: x", "no context 'x'"),
    ],
)
def test_a_broken_kubeconfig_is_one_line_with_what_to_do(tmp_path: Path, text: str, said: str) -> None:
    path = tmp_path / "config"
    path.write_text(text)
    with pytest.raises(NoClusterError, match=said) as caught:
        current_context(str(path), None)
    assert "\n" not in str(caught.value)
    assert caught.value.hint
    assert "sesame" not in str(caught.value) + caught.value.hint


def test_a_kubeconfig_that_may_not_be_read_or_is_no_text_is_said_so(tmp_path: Path) -> None:
    with pytest.raises(NoClusterError, match="cannot read"):
        current_context(str(tmp_path), None)
    (tmp_path / "binary").write_bytes(b"\xff\xfe\x00\x81")
    with pytest.raises(NoClusterError, match="not text"):
        current_context(str(tmp_path / "binary"), None)


def test_an_empty_kubeconfig_has_no_context(tmp_path: Path) -> None:
    (tmp_path / "config").write_text("")
    assert current_context(str(tmp_path / "config"), None) is None


def test_a_password_in_the_server_address_is_not_shown(tmp_path: Path) -> None:
    cluster = {"blue": {"server": "https://anna:sesame@blue.example.com/k8s/clusters/c-1/"}}
    path = write_kubeconfig(tmp_path / "config", clusters=cluster, users=USERS, contexts=CONTEXTS, current="at-blue")
    info = current_context(path, None)
    assert info is not None
    assert info.server == "https://blue.example.com/k8s/clusters/c-1"


@pytest.mark.parametrize(("more", "scheme"), [({}, "http"), ({"certificate-authority-data": "eA=="}, "https")])
def test_a_server_without_a_scheme_gets_that_of_kubectl(tmp_path: Path, more: dict[str, str], scheme: str) -> None:
    cluster = {"blue": {"server": "blue.example.com:6443"} | more}
    path = write_kubeconfig(tmp_path / "config", clusters=cluster, users=USERS, contexts=CONTEXTS, current="at-blue")
    info = current_context(path, None)
    assert info is not None
    assert info.server == f"{scheme}://blue.example.com:6443"


def test_asking_for_the_context_imports_nothing_heavy(kubeconfig: str) -> None:
    program = f"""
import sys
from aichaos.cluster import reader
from aichaos.cluster.connection import current_context
import aichaos.observe.cluster
assert current_context({kubeconfig!r}, None).name == "at-blue"
heavy = sorted(name for name in ("kubernetes", "urllib3", "tenacity", "requests", "pydantic") if name in sys.modules)
assert not heavy, heavy
"""
    subprocess.run([sys.executable, "-c", program], check=True)
