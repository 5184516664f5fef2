"""What a server can do to us in the middle of an answer, and what it can't: take longer than an answer may, send without end, hide a
mountain in a compressed parcel, or send our prompt on to somebody else.

The SDKs bound each wait for the next bytes, and nothing else.
"""

import time
from collections.abc import Iterator
from typing import Any

MOST = 32_000_000
"""Bytes of one answer as they travel; 16,000 tokens, each in an event of its own, are a sixth of that."""


class LateError(Exception):
    """The answer did not end in time. Looked at whenever bytes come: a silence that begins just before the end can last as long again."""


class EndlessError(Exception):
    """The answer is longer than any answer may be."""


class CompressedError(Exception):
    """The answer is compressed, which nobody asked for: what it becomes has no bound."""


def guarded(sdk: Any, timeout: float) -> Any:
    """An HTTP client for an SDK: proxies and certificates as the SDK's own, but bounded, and without redirects."""
    import httpx2  # both SDKs bring it along

    class Bounded(httpx2.SyncByteStream):
        def __init__(self, stream: Any, end: float) -> None:
            self._stream = stream
            self._end = end

        def __iter__(self) -> Iterator[bytes]:
            came = 0
            for piece in self._stream:
                came += len(piece)
                if came > MOST:
                    raise EndlessError(f"more than {MOST:,} bytes")
                if time.monotonic() > self._end:
                    raise LateError
                yield piece

        def close(self) -> None:
            self._stream.close()

    def begins(request: Any) -> None:
        request.extensions["aichaos_end"] = time.monotonic() + timeout

    def answers(response: Any) -> None:
        if response.headers.get("content-encoding", "identity").lower() != "identity":
            raise CompressedError
        response.stream = Bounded(response.stream, response.request.extensions["aichaos_end"])

    return sdk.DefaultHttpxClient(
        timeout=timeout,
        follow_redirects=False,
        headers={"accept-encoding": "identity"},
        event_hooks={"request": [begins], "response": [answers]},
    )
