"""The process: one socket, one uvicorn, limits for clients that are slow, many, or talk too much."""

import asyncio
import errno
import socket
from collections.abc import Callable
from typing import Any

import uvicorn
from uvicorn.protocols.http.h11_impl import H11Protocol

from aichaos.errors import AichaosError
from aichaos.observe.addresses import is_address
from aichaos.serving.app import application
from aichaos.serving.manner import Manner

HEADERS = 16 * 1024
"""Bytes that the head of a request may have."""
CONNECTIONS = 128
PATIENCE = 10.0
"""Seconds in which a new connection has to have asked for something."""


class _Impatient(H11Protocol):
    """uvicorn's own protocol, that hangs up on who connects and does not ask."""

    def __init__(self, *given: Any, **named: Any) -> None:
        super().__init__(*given, **named)
        self._late: asyncio.TimerHandle | None = None

    def connection_made(self, transport: Any) -> None:
        super().connection_made(transport)
        self._late = self.loop.call_later(PATIENCE, transport.abort)

    def handle_events(self) -> None:
        super().handle_events()
        if self.cycle is not None and self._late is not None:
            self._late.cancel()
            self._late = None

    def connection_lost(self, exc: Exception | None) -> None:
        if self._late is not None:
            self._late.cancel()
        super().connection_lost(exc)


def serve(manner: Manner, begun: Callable[[str], object]) -> None:
    """Serve until a signal comes. begun: told the address. Raises AichaosError where the port can't be had."""
    manner = manner.checked()
    listening = _listen(manner.host, manner.port)
    host, port = listening.getsockname()[:2]
    shown = f"[{host}]" if ":" in host else host
    config = uvicorn.Config(
        application(manner),
        http=_Impatient,
        ws="none",
        lifespan="off",
        log_level="critical",
        access_log=False,
        server_header=False,
        date_header=False,
        proxy_headers=False,
        h11_max_incomplete_event_size=HEADERS,
        limit_concurrency=CONNECTIONS,
        timeout_keep_alive=5,
        timeout_graceful_shutdown=1,
    )
    begun(f"http://{shown}:{port}/")
    with listening:
        uvicorn.Server(config).run(sockets=[listening])


def _listen(host: str, port: int) -> socket.socket:
    host = "127.0.0.1" if host == "localhost" else host
    family = socket.AF_INET6 if is_address(host) and ":" in host else socket.AF_INET
    listening = socket.socket(family, socket.SOCK_STREAM)
    try:
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listening.bind((host, port))
        listening.listen(CONNECTIONS)
    except (OSError, OverflowError) as error:
        listening.close()
        taken = getattr(error, "errno", None) == errno.EADDRINUSE
        hint = "--port 0 takes any free one." if taken else "--host and --port say where to listen."
        raise AichaosError(f"cannot listen on {host} port {port}: {getattr(error, 'strerror', None) or error}", hint=hint) from error
    return listening
