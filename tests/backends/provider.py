"""A server that speaks Anthropic's Messages API: cassettes are recorded against it, and it misbehaves on purpose.

It is no provider. The answers in `tests/replies/` were written by a language model that was given our rendered prompt and nothing else;
its token counts are our own estimate.
"""

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from aichaos.ask.prompting import tokens

REPLIES = Path(__file__).parent.parent / "replies"

Answer = tuple[int, dict[str, str], Any]
"""Status, headers, and a body that becomes JSON (or bytes that are sent as they are)."""
Responder = Callable[[dict[str, Any]], Answer]


def message(text: str, request: dict[str, Any], *, stop_reason: str = "end_turn") -> Answer:
    """A whole answer, as the Messages API gives it."""
    asked = request["system"] + request["messages"][0]["content"]
    body = {
        "id": "msg_local",
        "type": "message",
        "role": "assistant",
        "model": request["model"],
        "content": [{"type": "text", "text": text}],
        "stop_reason": stop_reason,
        "stop_sequence": None,
        "usage": {"input_tokens": tokens(asked), "output_tokens": tokens(text)},
    }
    return 200, {}, body


def failure(status: int, kind: str, **headers: str) -> Answer:
    return status, headers, {"type": "error", "error": {"type": kind, "message": f"made to fail: {kind}"}}


def from_files(folder: Path) -> Responder:
    """Answers the question for ideas with `ideas.md`, the one for an experiment with the file that bears its idea's id."""

    def respond(request: dict[str, Any]) -> Answer:
        text = request["messages"][0]["content"]
        for path in sorted(folder.glob("*.md")):
            if f"\nid: {path.stem}\n" in text:
                return message(path.read_text(encoding="utf-8"), request)
        return message((folder / "ideas.md").read_text(encoding="utf-8"), request)

    return respond


@contextmanager
def serving(respond: Responder, port: int = 0) -> Iterator[tuple[str, list[dict[str, Any]]]]:
    """The server's base URL while it runs, and the requests that it has had: their headers under "headers", their bodies under "body"."""
    seen: list[dict[str, Any]] = []

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["content-length"])))
            seen.append({"path": self.path, "headers": dict(self.headers.items()), "body": body})
            status, headers, answer = respond(body)
            raw = answer if isinstance(answer, bytes) else json.dumps(answer).encode()
            self.send_response(status)
            for name, value in ({"content-type": "application/json"} | headers).items():
                self.send_header(name.replace("_", "-"), value)
            self.send_header("content-length", str(len(raw)))
            self.end_headers()
            self.wfile.write(raw)

        def log_message(self, format: str, *args: Any) -> None:
            """Tests read what they need from `seen`."""

    server = ThreadingHTTPServer(("127.0.0.1", port), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}", seen
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
