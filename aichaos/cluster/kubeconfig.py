"""Which cluster is meant, and as whom: kubeconfig files, read as kubectl reads them.

We merge them ourselves because the official client (37.0) differs from kubectl in what a user notices: of several files in KUBECONFIG
its last `current-context` wins instead of the first, paths in a user's entry count from the cluster's file, and an unknown user is
nobody instead of an error. Nothing here touches the network, and no value of a user's entry ever gets into a message.
"""

import os
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import urlsplit

import msgspec

from aichaos.domain import forms
from aichaos.errors import NoClusterError, SyntaxProblem
from aichaos.files import yaml

Entry = dict[str, Any]
_T = TypeVar("_T")


class ContextInfo(msgspec.Struct, frozen=True, kw_only=True):
    """A context, as far as it can be told without asking the cluster. server: the URL, without any password in it."""

    name: str
    cluster: str
    server: str
    namespace: str | None = None


class Target(msgspec.Struct, frozen=True, kw_only=True):
    """All that a connection needs: a context with the entries of its cluster and its user; paths in them are absolute."""

    info: ContextInfo
    cluster: Entry
    user: Entry
    user_file: Path | None = None
    user_name: str = ""

    def __repr__(self) -> str:
        """Without the entries: they hold the login."""
        return f"Target({self.info!r})"


class _Kebab(msgspec.Struct, rename="kebab", kw_only=True):
    pass


class _Cluster(_Kebab, kw_only=True):
    """What we look at in a cluster's entry; only its types are checked here."""

    server: str = ""
    certificate_authority: str | None = None
    certificate_authority_data: str | None = None
    insecure_skip_tls_verify: bool | None = None
    tls_server_name: str | None = None
    proxy_url: str | None = None


class _ExecVariable(_Kebab, kw_only=True):
    name: str
    value: str


class _Exec(_Kebab, kw_only=True):
    command: str
    api_version: str = msgspec.field(name="apiVersion")
    args: list[str] | None = None
    env: list[_ExecVariable] | None = None


class _AuthProvider(_Kebab, kw_only=True):
    name: str
    config: dict[str, str] | None = None


class _User(_Kebab, kw_only=True):
    token: str | None = None
    token_file: str | None = msgspec.field(name="tokenFile", default=None)
    client_certificate: str | None = None
    client_certificate_data: str | None = None
    client_key: str | None = None
    client_key_data: str | None = None
    username: str | None = None
    password: str | None = None
    exec: _Exec | None = None
    auth_provider: _AuthProvider | None = None


class _Context(_Kebab, kw_only=True):
    cluster: str = ""
    user: str = ""
    namespace: str | None = None


class _NamedCluster(_Kebab, kw_only=True):
    name: str
    cluster: Entry | None = None


class _NamedContext(_Kebab, kw_only=True):
    name: str
    context: _Context | None = None


class _NamedUser(_Kebab, kw_only=True):
    name: str
    user: Entry | None = None


class _File(_Kebab, kw_only=True):
    current_context: str | None = None
    clusters: list[_NamedCluster] | None = None
    contexts: list[_NamedContext] | None = None
    users: list[_NamedUser] | None = None


class _Merged(msgspec.Struct):
    """Of all files; every entry with the file it stands in, against which its paths count."""

    files: list[Path]
    current: str = ""
    clusters: dict[str, tuple[Entry, Path]] = {}
    contexts: dict[str, _Context] = {}
    users: dict[str, tuple[Entry, Path]] = {}


def choose(kubeconfig: str | None, context: str | None) -> Target | None:
    """The target that is meant; None where nothing is configured: no file, or no current context and none asked for.

    kubeconfig: `--kubeconfig`, else the files of KUBECONFIG, else `~/.kube/config`. Raises NoClusterError for what is broken.
    """
    merged = _merged(_paths(kubeconfig))
    if not merged.files:
        if kubeconfig or context:
            raise _nothing(kubeconfig, context)
        return None
    name = context or merged.current
    if not name:
        return None
    return _target(merged, name)


def known_contexts(kubeconfig: str | None) -> list[str]:
    """The names of all contexts, sorted."""
    return sorted(_merged(_paths(kubeconfig)).contexts)


def _paths(kubeconfig: str | None) -> list[Path]:
    if kubeconfig:
        return [Path(kubeconfig).expanduser()]
    listed = os.environ.get("KUBECONFIG")
    if listed:
        return [Path(part).expanduser() for part in listed.split(os.pathsep) if part]
    return [Path("~/.kube/config").expanduser()]


def _merged(paths: list[Path]) -> _Merged:
    """The first file that sets something wins, as with kubectl; files that do not exist are passed over."""
    merged = _Merged([])
    for path in paths:
        file = _read(path)
        if file is None:
            continue
        merged.files.append(path)
        merged.current = merged.current or file.current_context or ""
        for cluster in file.clusters or []:
            merged.clusters.setdefault(cluster.name, (cluster.cluster or {}, path))
        for context in file.contexts or []:
            merged.contexts.setdefault(context.name, context.context or _Context())
        for user in file.users or []:
            merged.users.setdefault(user.name, (user.user or {}, path))
    return merged


def _read(path: Path) -> _File | None:
    try:
        documents = yaml.load(path.read_text(encoding="utf-8-sig"), str(path))
        return forms.convert(documents[0], _File) if documents and documents[0] is not None else _File()
    except FileNotFoundError:
        return None
    except OSError as error:
        hint = "Check the path and its permissions, or name another file with --kubeconfig."
        raise NoClusterError(f"cannot read the kubeconfig {path}: {error.strerror or 'it cannot be opened'}", hint=hint) from error
    except UnicodeDecodeError:
        raise NoClusterError(f"the kubeconfig {path} is not text", hint=_REPAIR) from None
    except SyntaxProblem as error:  # its text may quote the file, which holds secrets: only the place is told
        place = f"{path}:{error.line}:{error.column}"
        raise NoClusterError(f"the kubeconfig is not valid YAML: {place}", hint=_REPAIR) from None
    except msgspec.ValidationError as error:
        raise NoClusterError(f"the kubeconfig {path} is not one: {error}", hint=_REPAIR) from None


_REPAIR = "Repair it (`kubectl config view` shows what kubectl makes of it), or name another file with --kubeconfig."


def _target(merged: _Merged, name: str) -> Target:
    context = merged.contexts.get(name)
    if context is None:
        raise _unknown(merged, name)
    where = ", ".join(map(str, merged.files))
    if context.cluster not in merged.clusters:
        raise NoClusterError(f"context {name!r} names the cluster {context.cluster!r}, which is not in {where}", hint=_REPAIR)
    if context.user and context.user not in merged.users:
        raise NoClusterError(f"context {name!r} names the user {context.user!r}, which is not in {where}", hint=_REPAIR)
    cluster, cluster_file = merged.clusters[context.cluster]
    user, user_file = merged.users[context.user] if context.user else ({}, None)
    checked = _checked(cluster, _Cluster, f"cluster {context.cluster!r}", cluster_file)
    _checked(user, _User, f"user {context.user!r}", user_file)
    if not checked.server:
        raise NoClusterError(f"cluster {context.cluster!r} of context {name!r} has no server in {cluster_file}", hint=_REPAIR)
    server = _with_scheme(checked, user)
    if not _is_address(server):
        raise NoClusterError(f"{without_password(server)!r}, the server of context {name!r}, is not an address", hint=_REPAIR)
    info = ContextInfo(name=name, cluster=context.cluster, server=without_password(server), namespace=context.namespace or None)
    return Target(
        info=info,
        cluster=_absolute(cluster, cluster_file) | {"server": server},
        user=_absolute(user, user_file),
        user_file=user_file,
        user_name=context.user,
    )


def _checked(entry: Entry, shape: type[_T], what: str, file: Path | None) -> _T:
    try:
        return forms.convert(entry, shape)
    except msgspec.ValidationError as error:  # says the path and the types, never the value
        raise NoClusterError(f"{what} in the kubeconfig {file} can't be used: {error}", hint=_REPAIR) from None


def _absolute(entry: Entry, file: Path | None) -> Entry:
    """An entry without empty values and with its paths counted from the file that they stand in."""
    kept = {key: value for key, value in entry.items() if value not in (None, "")}
    if file is None:
        return kept
    folder = file.absolute().parent
    for key in ("certificate-authority", "client-certificate", "client-key", "tokenFile"):
        if key in kept:
            kept[key] = str(folder / kept[key])
    plugin = kept.get("exec")
    if plugin and os.sep in plugin["command"]:
        kept["exec"] = plugin | {"command": str(folder / plugin["command"])}
    if "tokenFile" in kept:  # a file can be renewed while we run, so it is preferred, as by kubectl
        kept.pop("token", None)
    return kept


def _with_scheme(cluster: _Cluster, user: Entry) -> str:
    """The server as a URL; without a scheme it is https where anything about TLS is said (client-go's DefaultServerURL)."""
    server = cluster.server.strip()
    if "://" in server:
        return server.rstrip("/")
    server = server.rstrip("/")
    secured = cluster.certificate_authority or cluster.certificate_authority_data or cluster.insecure_skip_tls_verify
    return f"https://{server}" if secured or any(key.startswith("client-certificate") for key in user) else f"http://{server}"


def _is_address(url: str) -> bool:
    try:
        parts = urlsplit(url)
        return parts.scheme in ("http", "https") and bool(parts.hostname) and (parts.port is None or parts.port > 0)
    except ValueError:
        return False


def without_password(url: str) -> str:
    """A URL that may be shown: without user and password, if it has any."""
    scheme, separator, rest = url.partition("://")
    host, slash, path = rest.partition("/")
    return scheme + separator + host.rpartition("@")[2] + slash + path


def _unknown(merged: _Merged, name: str) -> NoClusterError:
    known = ", ".join(sorted(merged.contexts)) or "none"
    return NoClusterError(f"there is no context {name!r} in {', '.join(map(str, merged.files))}", hint=f"Known contexts: {known}.")


def _nothing(kubeconfig: str | None, context: str | None) -> NoClusterError:
    if kubeconfig:
        return NoClusterError(f"there is no kubeconfig {kubeconfig}", hint="Check the path given with --kubeconfig.")
    where = os.environ.get("KUBECONFIG") or "~/.kube/config"
    hint = "Set KUBECONFIG or give --kubeconfig."
    return NoClusterError(f"there is no context {context!r}: there is no kubeconfig ({where} does not exist)", hint=hint)
