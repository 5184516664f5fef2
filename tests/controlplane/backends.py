"""All pods of the test network in one HTTP server: it says which pod was meant, and what that pod would have received.

Every address of the pod network is local (`netns`), so a server on 0.0.0.0 is every pod, and its socket's local address is the pod that
the gateway chose. Slow and unreachable pods are real ones too: what stands in `delays` waits, what stands in `refused` hangs up.
"""

import asyncio
import json
import threading
import time
from collections import deque
from types import TracebackType
from typing import NamedTuple, Self

_SAMPLES = (("x-up-set", "from-pod"), ("x-up-add", "from-pod"), ("x-up-remove", "from-pod"))


class Served(NamedTuple):
    """One request as its pod saw it. at: when its first line came, by `time.time`; seconds: until its answer was written; answered: False
    where the pod hung up."""

    pod: str
    at: float
    seconds: float
    answered: bool


class Backends:
    """Answers 200 on `port` (a free one, unless told) of every address until the context ends. Change `delays` and `refused` at will.

    The body is JSON: `{"pod", "port", "method", "path", "headers": [[name, value]]}`, the path as it stood in the request line.
    """

    def __init__(self, port: int = 0) -> None:
        self.port = port
        self.delays: dict[str, float] = {}
        """Seconds that a pod takes before it answers, by its address."""
        self.refused: set[str] = set()
        """Addresses of pods that close every connection without an answer."""
        self.heard: set[tuple[str, str]] = set()
        """Who has received what: address of the pod and path; `*` for a connection that speaks HTTP/2, which no pod here does."""
        self.served: deque[Served] = deque(maxlen=20_000)
        """The latest requests: the truth that a measurement from outside is compared with."""
        self._loop = asyncio.new_event_loop()
        self._started = threading.Event()
        self._end: asyncio.Event
        self._failed: BaseException | None = None
        self._thread = threading.Thread(target=self._live, name="backends", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        self._started.wait()
        if self._failed is not None:
            raise self._failed
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._loop.call_soon_threadsafe(self._end.set)
        self._thread.join()

    def _live(self) -> None:
        try:
            self._loop.run_until_complete(self._serve())
        except BaseException as error:
            self._failed = error
            raise
        finally:
            self._loop.close()
            self._started.set()

    async def _serve(self) -> None:
        self._end = asyncio.Event()
        open_now: set[asyncio.StreamWriter] = set()

        async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            open_now.add(writer)
            try:
                await self._converse(reader, writer)
            except (ConnectionError, asyncio.IncompleteReadError):  # the gateway hung up, as it may
                pass
            finally:
                open_now.discard(writer)
                writer.close()

        server = await asyncio.start_server(answer, "0.0.0.0", self.port, backlog=1024)
        self.port = server.sockets[0].getsockname()[1]
        self._started.set()
        await self._end.wait()
        server.close()
        for writer in open_now:
            writer.transport.abort()
        await asyncio.sleep(0)  # lets the conversations see it
        pending = [task for task in asyncio.all_tasks() if task is not asyncio.current_task()]
        await asyncio.gather(*pending, return_exceptions=True)

    async def _converse(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        pod, port = writer.get_extra_info("sockname")
        while first := await reader.readline():
            at, began = time.time(), time.monotonic()
            method, path, _ = first.decode("latin-1").rstrip("\r\n").split(" ", 2)
            self.heard.add((pod, path))
            if method == "PRI":
                return
            headers = []
            while line := (await reader.readline()).decode("latin-1").rstrip("\r\n"):
                name, _, value = line.partition(":")
                headers.append([name.lower(), value.strip()])
            length = next((int(value) for name, value in headers if name == "content-length"), 0)
            await reader.readexactly(length)
            if pod in self.refused:
                self.served.append(Served(pod, at, time.monotonic() - began, answered=False))
                return
            await asyncio.sleep(self.delays.get(pod, 0.0))
            body = json.dumps({"pod": pod, "port": port, "method": method, "path": path, "headers": headers}).encode()
            head = [b"HTTP/1.1 200 OK", b"content-type: application/json", b"content-length: %d" % len(body), b"x-pod: " + pod.encode()]
            head += [f"{name}: {value}".encode() for name, value in _SAMPLES]
            writer.write(b"\r\n".join([*head, b"", b""]) + (b"" if method == "HEAD" else body))
            await writer.drain()
            self.served.append(Served(pod, at, time.monotonic() - began, answered=True))
