"""Real servers for probes to ask: one that answers what a test says, on an address of the test network."""

import contextlib
import json
import ssl
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, NamedTuple


class Said(NamedTuple):
    status: int = 200
    body: str = ""
    headers: tuple[tuple[str, str], ...] = ()


class Running(NamedTuple):
    host: str
    port: int
    asked: list[dict[str, Any]]


@contextlib.contextmanager
def server(answer: Callable[[str], Said], host: str = "127.0.0.1", certified: tuple[Path, Path] | None = None) -> Iterator[Running]:
    """Answers each GET by its path; what was asked is kept: path and headers. certified: certificate and key, for TLS."""
    asked: list[dict[str, Any]] = []

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked.append({"path": self.path, "host": self.headers["Host"], "headers": dict(self.headers)})
            said = answer(self.path)
            self.send_response(said.status)
            for name, value in said.headers:
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(said.body.encode())))
            self.end_headers()
            with contextlib.suppress(BrokenPipeError, ConnectionResetError):  # who asks may have lost patience
                self.wfile.write(said.body.encode())

        def log_message(self, format: str, *args: Any) -> None:
            pass

    running = ThreadingHTTPServer((host, 0), Handler)
    running.daemon_threads = True
    if certified is not None:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(*certified)
        running.socket = context.wrap_socket(running.socket, server_side=True)
    thread = threading.Thread(target=running.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield Running(host, running.server_address[1], asked)
    finally:
        running.shutdown()
        thread.join()
        running.server_close()


def vector(*values: str) -> Said:
    """A result of Prometheus with one series for each value."""
    result = [{"metric": {"n": str(number)}, "value": [1.0, value]} for number, value in enumerate(values)]
    return Said(200, json.dumps({"status": "success", "data": {"resultType": "vector", "result": result}}))
