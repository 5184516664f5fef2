"""Asking a gateway as a client would, byte for byte: nothing is normalised, merged or followed on the way."""

import json
import socket
import ssl
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import IO

_PATIENCE = 20.0  # seconds for one answer


@dataclass(frozen=True)
class Received:
    """What a pod saw: the path with its query, the Host, all headers in order with names in lower case."""

    pod: str
    port: int
    method: str
    path: str
    host: str
    headers: tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class Answer:
    """What came back. `status` is None where the port is closed or the connection ended without an answer."""

    status: int | None
    headers: tuple[tuple[str, str], ...] = ()
    received: Received | None = None

    def header(self, name: str) -> str | None:
        """The first value of a response header."""
        return next((value for key, value in self.headers if key == name.lower()), None)

    @property
    def location(self) -> str | None:
        return self.header("location")


class ConnectionLostError(Exception):
    """The gateway ended a fresh connection without an answer."""


class HandshakeError(Exception):
    """The gateway ended the TLS handshake; the argument is the name that it was asked for."""


def _any_certificate() -> ssl.SSLContext:
    context = ssl.create_default_context()
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context


_ANY_CERTIFICATE = _any_certificate()
_Door = tuple[int, str | None]
"""A listener's port, and the name for the TLS handshake; None without TLS."""


@dataclass
class Client:
    """Keeps one connection a port and TLS name. `address` is the gateway's; `ports`: a listener's port → the one that is really open."""

    address: str
    ports: dict[int, int] = field(default_factory=dict)
    _open: dict[_Door, tuple[socket.socket, IO[bytes]]] = field(default_factory=dict)

    def ask(
        self, method: str, host: str, path: str, headers: Iterable[tuple[str, str]] = (), port: int = 80, tls: str | None = None
    ) -> Answer:
        """One request; over TLS where `tls` is the name for its handshake. Raises ConnectionLostError where even a fresh connection
        gives no answer."""
        door = (port, tls)
        lines = [f"{method} {path} HTTP/1.1", f"Host: {host}", *(f"{name}: {value}" for name, value in headers)]
        if method in ("POST", "PUT", "PATCH"):
            lines.append("Content-Length: 0")
        request = "\r\n".join([*lines, "", ""]).encode("latin-1")
        fresh = door not in self._open
        try:
            answer = self._exchange(request, method, door)
        except (ConnectionRefusedError, HandshakeError):
            return Answer(None)
        except (ConnectionError, ConnectionLostError):
            self._forget(door)
            if fresh:
                raise
            return self.ask(method, host, path, headers, port, tls)  # Envoy closes connections of a listener that has changed
        return answer

    def close(self) -> None:
        for door in list(self._open):
            self._forget(door)

    def _forget(self, door: _Door) -> None:
        if door in self._open:
            connection, stream = self._open.pop(door)
            stream.close()
            connection.close()

    def _connected(self, door: _Door) -> socket.socket:
        port, tls = door
        connection = socket.create_connection((self.address, self.ports.get(port, port)), timeout=_PATIENCE)
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        if tls is None:
            return connection
        try:
            return _ANY_CERTIFICATE.wrap_socket(connection, server_hostname=tls or None)
        except (ssl.SSLError, ConnectionError) as error:
            connection.close()
            raise HandshakeError(tls) from error

    def _exchange(self, request: bytes, method: str, door: _Door) -> Answer:
        if door not in self._open:
            connection = self._connected(door)
            self._open[door] = (connection, connection.makefile("rb"))
        connection, stream = self._open[door]
        connection.sendall(request)
        first = stream.readline()
        if not first:
            raise ConnectionLostError(request.split(b"\r\n")[0].decode("latin-1"))
        status = int(first.split()[1])
        headers = []
        while line := stream.readline().rstrip(b"\r\n").decode("latin-1"):
            name, _, value = line.partition(":")
            headers.append((name.lower(), value.strip()))
        body = _body(stream, method, status, dict(headers))
        if dict(headers).get("connection") == "close":
            self._forget(door)
        return Answer(status, tuple(headers), _received(dict(headers), body))


def _body(stream: IO[bytes], method: str, status: int, headers: dict[str, str]) -> bytes:
    if method == "HEAD" or status in (204, 304):
        return b""
    if "chunked" in headers.get("transfer-encoding", ""):
        body = b""
        while size := int(stream.readline().strip() or b"0", 16):
            body += stream.read(size)
            stream.readline()
        stream.readline()
        return body
    return stream.read(int(headers.get("content-length", "0")))


def _received(headers: dict[str, str], body: bytes) -> Received | None:
    if "x-pod" not in headers:
        return None
    if not body:  # HEAD: the pod is known, and no more
        return Received(headers["x-pod"], 0, "HEAD", "", "", ())
    told = json.loads(body)
    host = next((value for name, value in told["headers"] if name == "host"), "")
    return Received(told["pod"], told["port"], told["method"], told["path"], host, tuple((name, value) for name, value in told["headers"]))
