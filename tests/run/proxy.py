"""A proxy between aichaos and the real API server that misbehaves by a seed: a real server on a real port, and every fault a real one.

What it does to a request: nothing; make it wait (before or after the server had it); cut the connection before the server had it, or
after it was carried out; answer 409, 410, 429, 500 or 503 in the server's place; answer 500 although it was carried out; half an answer.
"""

import http.client
import json
import random
import socket
import ssl
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import urlsplit

from tests.controlplane.client import ControlPlane

FAULTS = ("wait before", "wait after", "cut before", "cut after", "409", "410", "429", "500", "503", "500 after", "half")
STUBBORN = ("silence", "trickle", "half", "cut after", "410", "429", "500", "503", "404 page", "404 website", "login page", "400")
"""What it does to every request of a path, where it is told to."""
_WRITES = ("POST", "PATCH", "PUT", "DELETE")


class Proxy:
    """share: of the requests that suffer. One random sequence decides, in the order in which requests come in."""

    def __init__(self, controlplane: ControlPlane, seed: int, share: float) -> None:
        self.controlplane = controlplane
        self.share = share
        self.done: Counter[str] = Counter()
        self.always: dict[str, str] = {}
        """Piece of a path → what happens to each request there (one of `STUBBORN`), whatever the seed says."""
        self.once: dict[str, list[str]] = {}
        """The same for the next requests there, one after the other."""
        self._random = random.Random(seed)
        self._lock = threading.Lock()
        self._upstream = urlsplit(controlplane.url)
        self._tls = ssl.create_default_context(cafile=str(controlplane._authority.certificate_file))
        self._http = _Server(("127.0.0.1", 0), _handler(self))
        self.url = f"http://127.0.0.1:{self._http.server_address[1]}"
        self._thread = threading.Thread(target=self._http.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
        self._thread.start()

    def close(self) -> None:
        self._http.shutdown()
        self._http.server_close()

    def fault(self, method: str, path: str = "") -> tuple[str, float]:
        """What happens to the next request, and how long it takes."""
        with self._lock:
            for piece, names in (*self.once.items(), *((piece, [name]) for piece, name in self.always.items())):
                if piece in path and names:
                    name = names.pop(0)
                    self.done[name] += 1
                    return name, 0.0
            if self._random.random() >= self.share:
                return "", 0.0
            known = FAULTS if method in _WRITES else tuple(fault for fault in FAULTS if fault != "409")
            name, seconds = self._random.choice(known), self._random.uniform(0.0, 0.3)
            self.done[name] += 1
            return name, seconds

    def forward(self, method: str, path: str, headers: dict[str, str], body: bytes) -> tuple[int, dict[str, str], bytes]:
        connection = http.client.HTTPSConnection(str(self._upstream.hostname), self._upstream.port, context=self._tls, timeout=30)
        try:
            connection.request(method, path, body or None, headers)
            answer = connection.getresponse()
            return answer.status, dict(answer.getheaders()), answer.read()
        finally:
            connection.close()


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 64

    def handle_error(self, request: Any, client_address: Any) -> None:
        return  # clients of ours are killed; that is the point


_PAGES = {
    "404 page": (404, "text/plain; charset=utf-8", b"404 page not found\n"),  # what any server written in Go says
    "404 website": (404, "text/html", b"<h1>Not found</h1>"),
    "login page": (200, "text/html", b"<form>Who are you?</form>"),
}


def _status(code: int) -> bytes:
    return json.dumps({"kind": "Status", "apiVersion": "v1", "status": "Failure", "message": "by the proxy", "code": code}).encode()


def _handler(proxy: Proxy) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def _handle(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            kept = {key: value for key, value in self.headers.items() if key.lower() not in ("host", "connection", "accept-encoding")}
            name, seconds = proxy.fault(self.command, self.path)
            if name == "wait before":
                time.sleep(seconds)
            elif name == "cut before":
                return self._cut()
            elif name in _PAGES:
                return self._answer(_PAGES[name][0], {"Content-Type": _PAGES[name][1]}, _PAGES[name][2])
            elif name == "silence":
                return self._silence()
            elif name.isdigit():
                return self._answer(int(name), {"Retry-After": "0"} if name == "429" else {}, _status(int(name)))
            status, headers, answer = proxy.forward(self.command, self.path, kept, body)
            if name == "wait after":
                time.sleep(seconds)
            elif name == "cut after":
                return self._cut()
            elif name == "trickle":
                return self._trickle(answer)
            elif name == "500 after":
                return self._answer(500, {}, _status(500))
            return self._answer(status, headers, answer, half=name == "half")

        do_GET = do_POST = do_PATCH = do_PUT = do_DELETE = _handle

        def _answer(self, status: int, headers: dict[str, str], body: bytes, *, half: bool = False) -> None:
            self.send_response_only(status)
            for key in ("Date", "Retry-After"):
                if key in headers:
                    self.send_header(key, headers[key])
            self.send_header("Content-Type", headers.get("Content-Type", "application/json"))
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body[: len(body) // 2] if half else body)
            if half:
                self._cut()

        def _silence(self) -> None:
            """As a load balancer that has lost the server: the connection stays, and nothing comes. Returns when the client hangs up."""
            self.connection.settimeout(20)
            with suppress(OSError):
                self.connection.recv(1)
            self.close_connection = True

        def _trickle(self, body: bytes) -> None:
            self.send_response_only(200)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            with suppress(OSError):
                for position in range(len(body)):
                    self.wfile.write(body[position : position + 1])
                    time.sleep(0.5)

        def _cut(self) -> None:
            self.close_connection = True
            self.wfile.flush()
            self.connection.shutdown(socket.SHUT_RDWR)

        def log_message(self, format: str, *args: Any) -> None:
            return

    return Handler


@contextmanager
def misbehaving_proxy(controlplane: ControlPlane, seed: int, share: float = 0.2) -> Iterator[Proxy]:
    proxy = Proxy(controlplane, seed, share)
    try:
        yield proxy
    finally:
        proxy.close()
