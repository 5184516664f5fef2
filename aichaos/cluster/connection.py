"""The logged-in way to one API server: what the reader and the writer send their requests through.

The official client finds the credentials and makes the connection pool; that is all we take of it. Credentials are read when a
connection is made and once more whenever the server refuses them: a plugin runs again, a token file is read again. (The client's own
refreshing runs a plugin on every request once its token lives for less than five minutes, and never reads a token file again.)
"""

import os
import socket
import ssl
import struct
import tempfile
import threading
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self
from urllib.parse import urlsplit

import msgspec

from aichaos import __version__
from aichaos.cluster import credentials, kubeconfig
from aichaos.cluster.kubeconfig import ContextInfo, Target
from aichaos.errors import NoClusterError

if TYPE_CHECKING:
    import urllib3

__all__ = ["Connection", "ContextInfo", "Session", "connect", "current_context", "in_cluster"]

IN_CLUSTER = "in-cluster"


class Session(msgspec.Struct, frozen=True):
    """One login: the pool, the base URL of all paths, and the headers of every request. Not to be printed: it holds the token."""

    pool: Any
    base: str
    headers: dict[str, str]

    def __repr__(self) -> str:
        return "Session(…)"


class Connection:
    """A server and our login there; safe to use from several threads. Use it as a context manager.

    server: its URL, without a password, for messages. name: the context, or the server where there is none.
    namespace: the context's own, or that of the pod we run in; None for `default`.
    """

    def __init__(self, target: Target | None) -> None:
        """target: from a kubeconfig; None for the pod that we run in. Raises NoClusterError, UnauthorizedError."""
        self._target = target
        self._lock = threading.Lock()
        self._retired: list[Session] = []
        self._session = self._login()
        self.server: str = kubeconfig.without_password(self._session.base)
        self.name: str = target.info.name if target else IN_CLUSTER
        self.namespace: str | None = target.info.namespace if target else _account_namespace()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.close()

    def session(self) -> Session:
        return self._session

    def renew(self, refused: Session) -> None:
        """Log in again, unless another thread already has since `refused` was refused. Raises NoClusterError, UnauthorizedError."""
        with self._lock:
            if self._session is refused:
                self._retired.append(refused)
                self._session = self._login()

    def close(self) -> None:
        for session in (*self._retired, self._session):
            session.pool.clear()

    def _login(self) -> Session:
        """The client writes keys that stand in a kubeconfig into files, and leaves them there until the process ends well; we have read
        them by then. It also remembers these files for all connections, hence one login at a time."""
        with _ONE_LOGIN, tempfile.TemporaryDirectory(prefix="aichaos-login-") as folder:
            return _session(credentials.from_target(self._target, folder) if self._target else credentials.from_account())


_ONE_LOGIN = threading.Lock()


def connect(*, kubeconfig: str | None = None, context: str | None = None) -> Connection:
    """Log in, as kubectl would: a kubeconfig's context, or the service account of the pod that we run in. Sends nothing yet.

    Raises NoClusterError where nothing (or nothing usable) is configured, UnauthorizedError where a credential plugin fails.
    """
    target = _choose(kubeconfig, context)
    if target is None and not in_cluster():
        raise _no_context(kubeconfig)
    return Connection(target)


def current_context(kubeconfig: str | None, context: str | None) -> ContextInfo | None:
    """The context that `connect` would use, None where there is none in a kubeconfig. Cheap: reads files, asks nobody.

    Raises NoClusterError for a broken kubeconfig, and for a file or a context that was asked for and does not exist.
    """
    target = _choose(kubeconfig, context)
    return target.info if target else None


def in_cluster() -> bool:
    """Whether we run in a pod that has been given a service account."""
    return bool(os.environ.get("KUBERNETES_SERVICE_HOST")) and (credentials.ACCOUNT / "token").is_file()


def _choose(path: str | None, context: str | None) -> Target | None:
    return kubeconfig.choose(path, context)


def _no_context(path: str | None) -> NoClusterError:
    known = kubeconfig.known_contexts(path)
    if known:
        hint = f"Name one with --context, or `kubectl config use-context NAME`. Known contexts: {', '.join(known)}."
        return NoClusterError("the kubeconfig has no current context", hint=hint)
    where = path or os.environ.get("KUBECONFIG") or "~/.kube/config"
    hint = "Set KUBECONFIG or give --kubeconfig."
    return NoClusterError(f"no cluster is configured here: {where} names none", hint=hint)


def _account_namespace() -> str | None:
    try:
        return Path(credentials.ACCOUNT / "namespace").read_text(encoding="utf-8").strip() or None
    except OSError:
        return None  # not every pod is told


def _session(configuration: Any) -> Session:
    headers = {"User-Agent": f"aichaos/{__version__}"}
    if not credentials.is_loopback(urlsplit(configuration.host).hostname or ""):
        # A tenth of the bytes over a network; on this machine it would only be work for both (twice the time to read a large cluster)
        headers["Accept-Encoding"] = "gzip"
    value = credentials.authorization(configuration)
    if value:
        headers["Authorization"] = value
    return Session(_pool(configuration), configuration.host.rstrip("/"), headers)


def _pool(configuration: Any) -> "urllib3.PoolManager":
    """The client's pool, with a TLS context of our own: certificates are read once, here, where a bad one can be explained."""
    import urllib3
    from kubernetes.client.rest import RESTClientObject

    configuration.connection_pool_maxsize = 16
    try:
        pool: urllib3.PoolManager = RESTClientObject(configuration).pool_manager
    except (ImportError, ValueError) as error:
        hint = "It is http://HOST:PORT, https:// or socks5:// (which needs the package PySocks)."
        raise NoClusterError("the proxy for this cluster can't be used", hint=hint) from error
    for key in ("ca_certs", "ca_cert_data", "cert_file", "key_file"):
        pool.connection_pool_kw.pop(key, None)
    if configuration.host.startswith("https:"):
        pool.connection_pool_kw["ssl_context"] = _tls(configuration)
        if not configuration.verify_ssl:
            # insecure-skip-tls-verify is the user's word in the kubeconfig; one warning per request would not help
            urllib3.disable_warnings(urllib3.exceptions.InsecureRequestWarning)
    pool.connection_pool_kw["socket_options"] = [*urllib3.connection.HTTPConnection.default_socket_options, _NO_REMAINS, *_ALIVE]
    return pool


_NO_REMAINS = (socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
"""What the network has not taken when a connection is given up, or when this process is killed, is thrown away. Otherwise the kernel would
go on sending it for minutes, and a change would arrive when all was put back."""


_ALIVE = [
    (socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1),
    *(
        (socket.IPPROTO_TCP, getattr(socket, name), value)
        for name, value in (("TCP_KEEPIDLE", 15), ("TCP_KEEPINTVL", 5), ("TCP_KEEPCNT", 3), ("TCP_USER_TIMEOUT", 5_000))
        if hasattr(socket, name)  # macOS has fewer
    ),
]
"""A way to the server that others forget when it is idle (a load balancer, a NAT, a firewall) is used every 15 s; and where it is gone all
the same, without a word, what was sent is given up after 5 s (milliseconds here), not when the answer's time is over."""


def _tls(configuration: Any) -> ssl.SSLContext:
    """VERIFY_X509_STRICT, which Python 3.13 made the default, refuses the authorities of many clusters: they lack a key identifier
    (kubernetes-client/python#2394). kubectl takes them, and so do we; everything else is verified as ever.
    """
    from urllib3.util.ssl_ import create_urllib3_context

    context = create_urllib3_context()
    context.sslsocket_class = _Hearing
    context.verify_flags &= ~ssl.VERIFY_X509_STRICT
    if not configuration.verify_ssl:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    try:
        if configuration.ssl_ca_cert:
            context.load_verify_locations(configuration.ssl_ca_cert)
        else:
            context.load_default_certs()
        if configuration.cert_file:
            context.load_cert_chain(configuration.cert_file, configuration.key_file, password=_no_prompt)
    except (ssl.SSLError, OSError, ValueError) as error:
        hint = "Get a new kubeconfig; its certificate authority, client certificate and key must be PEM, and the key not encrypted."
        raise NoClusterError("a certificate or the key in the kubeconfig can't be used", hint=hint) from error
    return context


class _Hearing(ssl.SSLSocket):
    """Reads the reason when a server hangs up before it was sent anything.

    With TLS 1.3 we may be done with the handshake before the server has read our certificate. One that refuses it sends an alert and
    closes; then sending fails as for any cut connection, and only who still reads learns that a new certificate is needed.
    """

    def sendall(self, data: Any, flags: int = 0) -> None:
        try:
            super().sendall(data, flags)
        except ssl.SSLEOFError:
            self.recv(1)  # raises the alert, if there is one
            raise


def _no_prompt() -> str:
    """An encrypted key would make OpenSSL ask on the terminal; kubectl can't use one either."""
    return ""
