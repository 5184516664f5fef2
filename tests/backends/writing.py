"""A server that writes an answer piece by piece, as a test says: without end, or only the beginning of one."""

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

Request = dict[str, Any]
Writes = Callable[[Request], Iterator[bytes]]


@contextmanager
def writing(writes: Writes, status: int = 200, **headers: str) -> Iterator[str]:
    """A server that writes what it is told to, until nobody listens any more."""
    stopped = threading.Event()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            request = json.loads(self.rfile.read(int(self.headers["content-length"])))
            self.send_response(status)
            for name, value in ({"content-type": "text/event-stream"} | headers).items():
                self.send_header(name.replace("_", "-"), value)
            self.end_headers()
            try:
                for piece in writes(request):
                    if stopped.is_set():
                        return
                    self.wfile.write(piece)
            except OSError:
                return  # nobody listens any more

        def log_message(self, format: str, *args: Any) -> None:
            """Nobody reads it."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}"
    finally:
        stopped.set()
        server.shutdown()
        thread.join()
        server.server_close()
