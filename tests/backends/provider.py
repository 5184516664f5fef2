"""A server that speaks Anthropic's Messages API and OpenAI's Chat Completions: cassettes are recorded against it, and it misbehaves.

It is no provider. The answers in `tests/replies/` were written by a language model that was given our rendered prompt and nothing else;
its token counts are our own estimate.
"""

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, Literal

from aichaos.ask.tokens import tokens

REPLIES = Path(__file__).parent.parent / "replies"

Answer = tuple[int, dict[str, str], Any]
"""Status, headers, and a body that becomes JSON (or bytes that are sent as they are)."""
Responder = Callable[[dict[str, Any]], Answer]
End = Literal["done", "length", "refused"]


def asked(request: dict[str, Any]) -> str:
    """Everything that a request says to the model, in either wire format."""
    return "\n".join([request.get("system", ""), *(message["content"] for message in request["messages"])])


def speaks(request: dict[str, Any]) -> "Dialect":
    return ANTHROPIC if "system" in request else OPENAI


def message(text: str, request: dict[str, Any], *, end: End = "done") -> Answer:
    """A whole answer or a streamed one, as the request asks and in the format that it speaks."""
    return speaks(request).answer(text, request, end)


def failure(status: int, kind: str, text: str = "", **headers: str) -> Answer:
    """What both providers say of a failure: an object `error` with a type and a message."""
    said = text or f"made to fail: {kind}"
    return status, headers, {"type": "error", "error": {"type": kind, "code": kind, "message": said}}


class Dialect:
    """A wire format: how an answer is written."""

    name: str

    def answer(self, text: str, request: dict[str, Any], end: End) -> Answer:
        if request.get("stream"):
            return 200, {"content-type": "text/event-stream"}, b"".join(self.events(text, request, end))
        return 200, {}, self.whole(text, request, end)

    def whole(self, text: str, request: dict[str, Any], end: End) -> dict[str, Any]:
        raise NotImplementedError

    def events(self, text: str, request: dict[str, Any], end: End) -> list[bytes]:
        """Server-sent events, one item each; the first ones hold text, the last ones how it ended."""
        raise NotImplementedError


def pieces(text: str) -> list[str]:
    """A text as a model writes it, bit by bit."""
    return [text[start : start + 400] for start in range(0, len(text), 400)] or [""]


class _Anthropic(Dialect):
    name = "anthropic"
    _stop = {"done": "end_turn", "length": "max_tokens", "refused": "refusal"}  # noqa: RUF012

    def _head(self, request: dict[str, Any]) -> dict[str, Any]:
        usage = {"input_tokens": tokens(asked(request)), "output_tokens": 1}
        head = {"id": "msg_local", "type": "message", "role": "assistant", "model": request["model"], "content": []}
        return head | {"stop_reason": None, "stop_sequence": None, "usage": usage}

    def whole(self, text: str, request: dict[str, Any], end: End) -> dict[str, Any]:
        head = self._head(request)
        usage = head["usage"] | {"output_tokens": tokens(text)}
        return head | {"content": [{"type": "text", "text": text}], "stop_reason": self._stop[end], "usage": usage}

    def events(self, text: str, request: dict[str, Any], end: End) -> list[bytes]:
        delta = {"stop_reason": self._stop[end], "stop_sequence": None}
        events: list[dict[str, Any]] = [
            {"type": "message_start", "message": self._head(request)},
            {"type": "content_block_start", "index": 0, "content_block": {"type": "text", "text": ""}},
            *({"type": "content_block_delta", "index": 0, "delta": {"type": "text_delta", "text": one}} for one in pieces(text)),
            {"type": "content_block_stop", "index": 0},
            {"type": "message_delta", "delta": delta, "usage": {"output_tokens": tokens(text)}},
            {"type": "message_stop"},
        ]
        return [f"event: {one['type']}\ndata: {json.dumps(one, ensure_ascii=False)}\n\n".encode() for one in events]


class _OpenAI(Dialect):
    name = "openai"
    _finish = {"done": "stop", "length": "length", "refused": "content_filter"}  # noqa: RUF012

    def _head(self, request: dict[str, Any], kind: str) -> dict[str, Any]:
        return {"id": "chatcmpl-local", "object": kind, "created": 0, "model": request["model"]}

    def _usage(self, text: str, request: dict[str, Any]) -> dict[str, int]:
        took, gave = tokens(asked(request)), tokens(text)
        return {"prompt_tokens": took, "completion_tokens": gave, "total_tokens": took + gave}

    def whole(self, text: str, request: dict[str, Any], end: End) -> dict[str, Any]:
        choice = {"index": 0, "message": {"role": "assistant", "content": text}, "finish_reason": self._finish[end]}
        return self._head(request, "chat.completion") | {"choices": [choice], "usage": self._usage(text, request)}

    def events(self, text: str, request: dict[str, Any], end: End) -> list[bytes]:
        head = self._head(request, "chat.completion.chunk")
        deltas: list[dict[str, Any]] = [{"role": "assistant"}, *({"content": one} for one in pieces(text))]
        chunks = [head | {"choices": [{"index": 0, "delta": delta, "finish_reason": None}]} for delta in deltas]
        chunks.append(head | {"choices": [{"index": 0, "delta": {}, "finish_reason": self._finish[end]}]})
        chunks.append(head | {"choices": [], "usage": self._usage(text, request)})
        return [f"data: {json.dumps(one, ensure_ascii=False)}\n\n".encode() for one in chunks] + [b"data: [DONE]\n\n"]


ANTHROPIC, OPENAI = _Anthropic(), _OpenAI()


def from_files(folder: Path) -> Responder:
    """Answers the question for ideas with `ideas.md`, the one for an experiment with the file that bears its idea's id."""

    def respond(request: dict[str, Any]) -> Answer:
        text = asked(request)
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
