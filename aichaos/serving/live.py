"""Live progress by server-sent events: only that something has changed. What it is, the browser then asks for like any page.

So everything is written and escaped in one place, and a browser without JavaScript sees the same when it asks again.
"""

import asyncio
from collections.abc import AsyncIterator, Callable

from starlette.concurrency import run_in_threadpool
from starlette.responses import PlainTextResponse, Response, StreamingResponse

EVERY = 0.5
"""Seconds between two looks at the files."""
BEAT = 15.0
"""Seconds after which a quiet stream says that it is still there."""
MOST = 32
"""Streams that may be open at once: a browser has one for each tab."""
SECONDS = 3600.0
"""How long one stream lasts; the browser opens the next by itself."""


class Streams:
    """The open streams of a server."""

    def __init__(self) -> None:
        self._open = 0

    def stream(self, mark: Callable[[], int]) -> Response:
        """One more stream; 503 where there are too many. mark: another number whenever something has changed."""
        if self._open >= MOST:
            return PlainTextResponse("too many pages are open; close some\n", 503, {"retry-after": "30"})
        return StreamingResponse(self._events(mark), media_type="text/event-stream")

    async def _events(self, mark: Callable[[], int]) -> AsyncIterator[bytes]:
        self._open += 1
        try:
            seen = await run_in_threadpool(mark)
            yield b"retry: 2000\nevent: hello\ndata: here\n\n"
            quiet = 0.0
            for _ in range(int(SECONDS / EVERY)):
                await asyncio.sleep(EVERY)
                now = await run_in_threadpool(mark)
                quiet += EVERY
                if now != seen:
                    seen, quiet = now, 0.0
                    yield b"event: changed\ndata: something\n\n"
                elif quiet >= BEAT:
                    quiet = 0.0
                    yield b": still here\n\n"
        finally:
            self._open -= 1
