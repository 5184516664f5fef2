"""Envoy as a server of the tests, and its admin interface."""

import http.client
import json
import socket
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from .processes import Server

_START_PATIENCE = 60.0  # seconds; it takes less than one


class _LocalConnection(http.client.HTTPConnection):
    """HTTP over a Unix socket."""

    def __init__(self, path: Path) -> None:
        super().__init__("localhost", timeout=20)
        self._path = path

    def connect(self) -> None:
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.sock.settimeout(20)
        self.sock.connect(str(self._path))


class Envoy:
    """One Envoy; its configuration has to name `admin` as the admin interface's pipe."""

    def __init__(self, program: Path, folder: Path, configuration: Path, flags: Sequence[str] = ()) -> None:
        # A Unix socket's path may have 107 characters, and pytest's folders are deep.
        self.admin = Path(tempfile.mkdtemp(prefix="envoy-")) / "admin"
        command: list[str | Path] = [program, "-c", configuration, "--disable-hot-restart", "--concurrency", "1", "--log-level", "warning"]
        command += ["--service-node", "tests", "--service-cluster", "tests", *flags]
        self.server = Server(command, folder)

    def start(self) -> None:
        """Returns when it serves. Raises ServerError with its last words where it refuses its configuration."""
        self.server.start()
        self.server.wait_until(self.is_live, _START_PATIENCE)

    def stop(self) -> None:
        self.server.stop()
        self.admin.unlink(missing_ok=True)
        self.admin.parent.rmdir()

    def is_live(self) -> bool:
        """Whether all that it waits for at its start has come."""
        try:
            return self._get("/ready")[0] == 200
        except (OSError, http.client.HTTPException):  # not there yet
            return False

    def get(self, path: str) -> Any:
        """What the admin interface says in JSON."""
        status, body = self._get(path)
        if status != 200:
            raise RuntimeError(f"envoy says {status} to {path}: {body[:200]!r}")
        return json.loads(body)

    def _get(self, path: str) -> tuple[int, bytes]:
        connection = _LocalConnection(self.admin)
        try:
            connection.request("GET", path)
            response = connection.getresponse()
            return response.status, response.read()
        finally:
            connection.close()
