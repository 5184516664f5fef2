"""Around a web service: ASGI (FastAPI, Starlette, …) and WSGI (Flask, Django, …).

An exception is answered with 500, a time-out with 504 after its time, latency comes before the service is asked. What was injected says so
in the header `x-aichaos-injected`. A wrong answer is the service's JSON with wrong values in it; what is not JSON passes as it is, piece by
piece: a stream of events goes on streaming.
"""

import asyncio
import itertools
import json
import time
from collections.abc import Awaitable, Callable, Iterable, Iterator, MutableMapping
from typing import Any

from aichaos.inject.chaos import Chaos, Dice
from aichaos.inject.wrong import wrong_answer

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
ASGIApp = Callable[[Message, Receive, Send], Awaitable[None]]
StartResponse = Callable[..., Any]
WSGIApp = Callable[[dict[str, Any], StartResponse], Iterable[bytes]]

HEADER = "x-aichaos-injected"
_STATUS = {"exception": (500, "Internal Server Error"), "timeout": (504, "Gateway Timeout")}


def _refusal(fault: str) -> bytes:
    return json.dumps({"error": f"injected by aichaos: {fault}"}).encode()


def _is_json(content_type: str) -> bool:
    """Whether a body is one JSON value. JSON by lines (`application/jsonl`, `x-ndjson`) and sequences of it are streams of many."""
    kind = content_type.lower().partition(";")[0].strip()
    return kind in ("application/json", "text/json") or kind.endswith("+json")


def _spoiled(body: bytes) -> bytes | None:
    """The body with wrong values; None where it is no JSON."""
    try:
        return json.dumps(wrong_answer(json.loads(body))).encode()
    except ValueError:
        return None


class _Around:
    """Around an application where there is chaos; where there is none, the application itself is what is made."""

    _app: Any
    _dice: Dice

    def __new__(cls, app: Any, chaos: Chaos | None = None, dice: Dice | None = None) -> Any:
        chaos = chaos if chaos is not None else Chaos.from_environment()
        if not chaos.active:
            return app
        made = super().__new__(cls)
        made._app, made._dice = app, dice or Dice(chaos=chaos)
        return made


class ASGIChaos(_Around):
    """`app.add_middleware(ASGIChaos, chaos=Chaos(…))`, or around an application. Off, the application itself is what stands there."""

    _app: ASGIApp

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        fault, seconds = self._dice.roll() if scope["type"] == "http" else (None, 0.0)
        if seconds:
            await asyncio.sleep(seconds)
        if fault in _STATUS:
            body = _refusal(fault)
            length = str(len(body)).encode()
            headers = [(b"content-type", b"application/json"), (b"content-length", length), (HEADER.encode(), fault.encode())]
            await send({"type": "http.response.start", "status": _STATUS[fault][0], "headers": headers})
            await send({"type": "http.response.body", "body": body})
        elif fault == "wrong":
            await self._app(scope, receive, _Spoiling(send))
        else:
            await self._app(scope, receive, send)


class _Spoiling:
    """Holds an answer of JSON back until it is whole, and sends it with wrong values. Anything else passes as it comes."""

    def __init__(self, send: Send) -> None:
        self._send = send
        self._start: Message = {}
        self._body = b""
        self._passes = False

    async def __call__(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self._start = message
            self._passes = not _is_json(self._kind())
            if not self._passes:
                return
        if self._passes or message["type"] != "http.response.body":
            await self._send(message)
            return
        self._body += message.get("body", b"")
        if message.get("more_body"):
            return
        headers = self._headers()
        spoiled = _spoiled(self._body)
        if spoiled is not None:
            headers = [(name, value) for name, value in headers if name != b"content-length"]
            headers += [(b"content-length", str(len(spoiled)).encode()), (HEADER.encode(), b"wrong")]
        await self._send({**self._start, "headers": headers})
        await self._send({"type": "http.response.body", "body": self._body if spoiled is None else spoiled})

    def _headers(self) -> list[tuple[bytes, bytes]]:
        return [(bytes(name).lower(), value) for name, value in self._start.get("headers", ())]

    def _kind(self) -> str:
        return next((value.decode("latin-1") for name, value in self._headers() if name == b"content-type"), "")


class _Passing:
    """The rest of an answer, piece by piece; closed as the application's own would be."""

    def __init__(self, pieces: Iterator[bytes], answered: Iterable[bytes]) -> None:
        self._pieces, self._answered = pieces, answered

    def __iter__(self) -> Iterator[bytes]:
        return self._pieces

    def close(self) -> None:
        getattr(self._answered, "close", lambda: None)()


class WSGIChaos(_Around):
    """`app.wsgi_app = WSGIChaos(app.wsgi_app, Chaos(…))`. Off, the application itself is what stands there."""

    _app: WSGIApp

    def __call__(self, environ: dict[str, Any], start_response: StartResponse) -> Iterable[bytes]:
        fault, seconds = self._dice.roll()
        if seconds:
            time.sleep(seconds)
        if fault in _STATUS:
            body = _refusal(fault)
            headers = [("Content-Type", "application/json"), ("Content-Length", str(len(body))), (HEADER, fault)]
            start_response(f"{_STATUS[fault][0]} {_STATUS[fault][1]}", headers)
            return [body]
        return self._wrong(environ, start_response) if fault == "wrong" else self._app(environ, start_response)

    def _wrong(self, environ: dict[str, Any], start_response: StartResponse) -> Iterable[bytes]:
        held: list[Any] = []
        written: list[bytes] = []
        writes: list[Callable[[bytes], Any]] = [written.append]

        def hold(status: str, headers: list[tuple[str, str]], exc_info: Any = None) -> Callable[[bytes], None]:
            held[:] = [status, headers, exc_info]
            return lambda piece: writes[-1](piece)

        answered = self._app(environ, hold)
        pieces = iter(answered)
        begun = list(itertools.islice(pieces, 0 if held else 1))  # an application may say its status as late as with its first piece
        if held and not _is_json(next((value for name, value in held[1] if name.lower() == "content-type"), "")):
            write = start_response(held[0], held[1], held[2]) if held[2] else start_response(held[0], held[1])
            for piece in written:
                write(piece)
            writes.append(write)
            return _Passing(itertools.chain(begun, pieces), answered)
        try:
            body = b"".join([*begun, *pieces])
        finally:
            getattr(answered, "close", lambda: None)()
        body = b"".join(written) + body
        status, headers, exc_info = held
        spoiled = _spoiled(body)
        if spoiled is not None:
            headers = [(name, value) for name, value in headers if name.lower() != "content-length"]
            headers += [("Content-Length", str(len(spoiled))), (HEADER, "wrong")]
        start_response(status, headers, exc_info) if exc_info else start_response(status, headers)
        return [body if spoiled is None else spoiled]
