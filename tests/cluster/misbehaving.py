"""An API server that does what a test tells it to, wrong things above all: a real HTTP(S) server in a thread.

A path is given a script of answers, one for each request; the last one stays. What has no script is answered as an API server answers
an unknown path.
"""

import contextlib
import json
import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import yaml

from aichaos.domain.kinds import KINDS, Kind


@dataclass(frozen=True)
class Request:
    method: str
    path: str
    query: dict[str, str]
    headers: dict[str, str]


@dataclass(frozen=True)
class Answer:
    """What goes onto the wire. `keep`: only so many bytes of the body, then the connection is cut, or, if `stall`, silence."""

    status: int = 200
    body: bytes = b""
    headers: dict[str, str] = field(default_factory=dict)
    keep: int | None = None
    stall: bool = False
    chunked: bool = False


Script = Answer | Callable[[Request], Answer]


def as_json(value: Any, status: int = 200, **headers: str) -> Answer:
    names = {name.replace("_", "-"): text for name, text in headers.items()}
    return Answer(status, json.dumps(value).encode(), {"Content-Type": "application/json"} | names)


def status(code: int, message: str = "", **headers: str) -> Answer:
    """An error as an API server says it. status(429, Retry_After="0")"""
    return as_json({"kind": "Status", "apiVersion": "v1", "status": "Failure", "message": message, "code": code}, code, **headers)


def page(items: list[Any], token: str = "") -> Answer:
    return as_json({"kind": "List", "apiVersion": "v1", "metadata": {"resourceVersion": "7", "continue": token}, "items": items})


UNKNOWN = Answer(404, b"404 page not found\n", {"Content-Type": "text/plain; charset=utf-8"})


class Misbehaving:
    """The server. `requests` holds all that it was asked, in order."""

    def __init__(self, tls: ssl.SSLContext | None = None, drip: float | None = None) -> None:
        self.drip = drip
        self.requests: list[Request] = []
        self._scripts: dict[str, list[Script]] = {}
        self._heard = threading.Condition()
        self._let_go = threading.Event()
        self._http = _Http(("127.0.0.1", 0), _handler(self))
        if tls is not None:
            self._http.socket = tls.wrap_socket(self._http.socket, server_side=True, do_handshake_on_connect=False)
        self.port: int = self._http.server_address[1]
        self.url = f"{'https' if tls else 'http'}://127.0.0.1:{self.port}"
        self._thread = threading.Thread(target=self._http.serve_forever, kwargs={"poll_interval": 0.01})
        self._thread.start()

    def on(self, path: str, *script: Script) -> None:
        """What a path answers: first, second …; the last one from then on."""
        self._scripts[path] = list(script)

    def asked(self, path: str) -> list[Request]:
        return [request for request in self.requests if request.path == path]

    def answer(self, request: Request) -> Answer:
        with self._heard:
            self.requests.append(request)
            self._heard.notify_all()
            script = self._scripts.get(request.path)
            if script is None:
                return UNKNOWN
            step = script.pop(0) if len(script) > 1 else script[0]
        return step if isinstance(step, Answer) else step(request)

    def has_been_asked(self, path: str, seconds: float = 60) -> bool:
        """Waits for a request there; whether one came."""
        with self._heard:
            return bool(self._heard.wait_for(lambda: self.asked(path), seconds))

    def wait_until_let_go(self, seconds: float = 600) -> bool:
        return self._let_go.wait(seconds)

    def close(self) -> None:
        self._let_go.set()
        self._http.shutdown()
        self._thread.join()
        self._http.close_all()
        self._http.server_close()

    # --- what most tests want of it

    def serve_cluster(self, objects: dict[str, list[dict[str, Any]]] | None = None, *, without: tuple[str, ...] = ()) -> None:
        """A well-behaved cluster: discovery of all kinds but those `without`, and their lists; `objects` by kind."""
        served = [kind for kind in KINDS if kind.name not in without]
        self.on("/api", as_json(discovery([kind for kind in served if not kind.group])))
        self.on("/apis", as_json(discovery([kind for kind in served if kind.group])))
        for kind in served:
            self.on(path_of(kind), page((objects or {}).get(kind.name, [])))

    def kubeconfig(
        self, folder: Path, *, user: dict[str, Any] | None = None, cluster: dict[str, Any] | None = None, namespace: str | None = None
    ) -> str:
        context = {"cluster": "test", "user": "tester"} | ({"namespace": namespace} if namespace else {})
        return write_kubeconfig(
            folder / "kubeconfig",
            clusters={"test": {"server": self.url} | (cluster or {})},
            users={"tester": {"token": "sesame"} if user is None else user},
            contexts={"testing": context},
            current="testing",
        )


def path_of(kind: Kind, namespace: str = "") -> str:
    root = f"/apis/{kind.api_version()}" if kind.group else f"/api/{kind.versions[0]}"
    return f"{root}{f'/namespaces/{namespace}' if namespace else ''}/{kind.plural}"


def discovery(kinds: list[Kind], versions: dict[str, str] | None = None) -> dict[str, Any]:
    """An APIGroupDiscoveryList; `versions` by kind, where it is not our first choice."""
    groups: dict[str, dict[str, list[dict[str, Any]]]] = {}
    for kind in kinds:
        version = (versions or {}).get(kind.name, kind.versions[0])
        resource = {"resource": kind.plural, "responseKind": {"kind": kind.name}, "scope": "Namespaced", "verbs": ["list"]}
        groups.setdefault(kind.group, {}).setdefault(version, []).append(resource)
    items = []
    for group, found in groups.items():
        listed = [{"version": version, "resources": resources} for version, resources in found.items()]
        items.append({"metadata": {"name": group} if group else {"creationTimestamp": None}, "versions": listed})
    return {"kind": "APIGroupDiscoveryList", "apiVersion": "apidiscovery.k8s.io/v2", "metadata": {}, "items": items}


def write_kubeconfig(
    path: Path, *, clusters: dict[str, Any], users: dict[str, Any], contexts: dict[str, Any], current: str | None = None
) -> str:
    document = {
        "apiVersion": "v1",
        "kind": "Config",
        "clusters": [{"name": name, "cluster": cluster} for name, cluster in clusters.items()],
        "users": [{"name": name, "user": user} for name, user in users.items()],
        "contexts": [{"name": name, "context": context} for name, context in contexts.items()],
    } | ({"current-context": current} if current else {})
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(yaml.safe_dump(document), encoding="utf-8")
    return str(path)


@contextlib.contextmanager
def misbehaving(tls: ssl.SSLContext | None = None, *, drip: float | None = None) -> Iterator[Misbehaving]:
    """drip: seconds between two bytes of a body, which then has no end before the server has."""
    server = Misbehaving(tls, drip)
    try:
        yield server
    finally:
        server.close()


def closed_port() -> int:
    """A port of this machine at which nobody listens. It stays taken as long as the process lives, or another test's server could come up
    there."""
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        port: int = found.getsockname()[1]
        found.detach()
    return port


class _Http(ThreadingHTTPServer):
    """Knows its connections, so that none is left open, or waited for, at the end."""

    daemon_threads = False
    request_queue_size = 64

    def __init__(self, address: tuple[str, int], handler: type[BaseHTTPRequestHandler]) -> None:
        super().__init__(address, handler)
        self._open: set[Any] = set()

    def process_request(self, request: Any, client_address: Any) -> None:
        self._open.add(request)
        super().process_request(request, client_address)

    def shutdown_request(self, request: Any) -> None:
        self._open.discard(request)
        super().shutdown_request(request)

    def close_all(self) -> None:
        for connection in list(self._open):
            with contextlib.suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that goes away, or does not like our certificate, is what these tests are about."""


def _handler(server: Misbehaving) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True  # as Go does; headers and body are two writes
        timeout = 30

        def do_GET(self) -> None:
            self.rfile.read(int(self.headers.get("Content-Length") or 0))  # or it would be taken for the next request
            url = urlsplit(self.path)
            headers = {name.lower(): value for name, value in self.headers.items()}
            self._send(server.answer(Request(self.command, url.path, dict(parse_qsl(url.query)), headers)))

        do_POST = do_PUT = do_PATCH = do_DELETE = do_HEAD = do_CONNECT = do_GET

        def _drip(self, every: float) -> None:
            self.send_response(200)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", "1000000")
            self.end_headers()
            while not server.wait_until_let_go(every):
                self.wfile.write(b" ")

        def _send(self, answer: Answer) -> None:
            if server.drip is not None:
                self._drip(server.drip)
                return
            self.send_response_only(answer.status)
            for name, value in ({"Date": self.date_time_string()} | answer.headers).items():
                self.send_header(name, value)
            if answer.chunked:
                self.send_header("Transfer-Encoding", "chunked")
            else:
                self.send_header("Content-Length", str(len(answer.body)))
            self.end_headers()
            body = answer.body if answer.keep is None else answer.body[: answer.keep]
            self.wfile.write(b"%x\r\n%b\r\n" % (len(body), body) if answer.chunked else body)
            if answer.chunked and answer.keep is None:
                self.wfile.write(b"0\r\n\r\n")
            self.wfile.flush()
            if answer.stall:
                server.wait_until_let_go()
            if answer.keep is not None:
                self.close_connection = True

        def log_message(self, format: str, *args: Any) -> None:
            """Quiet: `requests` tells."""

    return Handler
