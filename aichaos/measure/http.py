"""One HTTP request to an address that was chosen before: whatever the URL says, nobody else is asked, and no redirect is followed.

Each request has a connection of its own, as a client that comes anew has.
"""

import json
import re
import ssl
import threading
import time
from functools import cache
from typing import TYPE_CHECKING, Any

import msgspec

from aichaos.domain.experiment import HTTPProbe
from aichaos.errors import UsageError
from aichaos.measure.whom import Address, Whom, looked_up
from aichaos.observe.addresses import is_address

if TYPE_CHECKING:
    import httpx2

LARGEST = 64 << 10
"""Bytes of a body that are looked at."""


class Failure(Exception):
    """No answer: what there was instead. slow: nothing had come by the end of the time for it, which may only be a slow moment."""

    def __init__(self, why: str, *, slow: bool = False) -> None:
        super().__init__(why)
        self.slow = slow


class Answer(msgspec.Struct, frozen=True):
    """seconds: from the first look for a connection to the last byte that was looked at."""

    status: int
    headers: list[tuple[str, str]]
    body: bytes
    seconds: float

    def header(self, name: str) -> list[str]:
        return [value for key, value in self.headers if key.lower() == name.lower()]


def ask(probe: HTTPProbe, whom: Whom, address: Address, timeout: float, largest: int = LARGEST) -> Answer:
    """One request. timeout: seconds for all of it. largest: bytes of its body that are looked at. Raises Failure where no answer comes;
    UsageError where the address may not be asked."""
    import httpx2

    if not is_address(address.host):
        address = looked_up(address)[0]
    url, secure = whom.url, whom.url.scheme == "https"
    target = f"{url.scheme}://{address}{url.path or '/'}" + (f"?{url.query}" if url.query else "")
    headers = {key: value for key, value in probe.headers.items() if key.lower() != "host"} | {"Host": whom.authority}
    if all(key.lower() != "accept-encoding" for key in headers):
        headers["Accept-Encoding"] = "identity"  # bodies are read as they come: a real Prometheus compresses them if it may
    extensions = {"sni_hostname": (url.hostname or "").encode("idna").decode()} if secure and not is_address(url.hostname or "") else {}
    began = time.monotonic()
    try:
        with _client(secure).stream(probe.method, target, headers=headers, timeout=timeout, extensions=extensions) as response:
            body = bytearray()
            for piece in response.iter_raw(8192):
                body += piece
                if len(body) >= largest:
                    break
                if time.monotonic() - began > timeout:
                    raise Failure(f"no whole answer within {timeout:g}s", slow=True)
            return Answer(response.status_code, list(response.headers.multi_items()), bytes(body[:largest]), time.monotonic() - began)
    except httpx2.TimeoutException as error:
        raise Failure(f"no answer within {timeout:g}s", slow=True) from error
    except httpx2.ConnectError as error:
        certificate = next((one for one in _causes(error) if isinstance(one, ssl.SSLError)), None)
        raise Failure(_untrusted(address, certificate) if certificate else f"{address} can't be connected to") from error
    except (httpx2.InvalidURL, httpx2.LocalProtocolError, httpx2.UnsupportedProtocol) as error:
        raise Failure("the request can't be written as HTTP") from error
    except httpx2.HTTPError as error:
        raise Failure("the connection was cut before an answer") from error


def _untrusted(address: Address, error: ssl.SSLError) -> str:
    """Why TLS does not come about, and what the user can do where it is only a matter of trust."""
    if not isinstance(error, ssl.SSLCertVerificationError):
        return f"no TLS connection to {address} comes about"
    private = any(word in error.verify_message for word in ("issuer", "self"))
    return f"the certificate of {address} is not accepted: {error.verify_message}" + (
        " (--probe-ca FILE names its authority)" if private else ""
    )


def reachable(address: Address, timeout: float = 1.0) -> bool:
    """Whether a connection comes about."""
    import socket

    try:
        with socket.create_connection((address.host, address.port), timeout):
            return True
    except OSError:
        return False


def _causes(error: BaseException) -> list[BaseException]:
    found: list[BaseException] = []
    one: BaseException | None = error
    while one is not None and one not in found:
        found.append(one)
        one = one.__cause__ or one.__context__
    return found


_ONE = threading.Lock()
_TRUSTED: list[str] = []


def trust(authorities: str) -> None:
    """Accept certificates of servers that an authority in this file (PEM) has signed, beside those that this machine knows; from now on,
    in the whole process. It is the user's word, never an experiment's. Raises UsageError for a file that has none."""
    try:
        ssl.create_default_context().load_verify_locations(authorities)
    except (OSError, ssl.SSLError) as error:
        why = error.strerror if isinstance(error, FileNotFoundError | PermissionError) else "there is no certificate in it"
        raise UsageError(
            f"{authorities} can't be used for probes: {why}", hint="Give a PEM file with the authority's certificate."
        ) from error
    with _ONE:
        if authorities not in _TRUSTED:
            _TRUSTED.append(authorities)
            _made.cache_clear()


def _client(secure: bool) -> "httpx2.Client":
    with _ONE:
        return _made(secure)


@cache
def _made(secure: bool) -> "httpx2.Client":
    """No proxy, no cookie that stays, no connection that is used again."""
    import httpx2

    verify: Any = ssl.create_default_context() if secure else False
    for authorities in _TRUSTED if secure else ():
        verify.load_verify_locations(authorities)
    return httpx2.Client(verify=verify, trust_env=False, follow_redirects=False, limits=httpx2.Limits(max_keepalive_connections=0))


# which backend answered ------------------------------------------------------------------------------------------------------------

_HEADERS = ("x-pod", "x-pod-name", "x-backend", "x-served-by", "x-hostname", "x-backend-server")
_FIELDS = ("pod", "podName", "pod_name", "hostname", "service", "backend")
_WORD = re.compile(r"[A-Za-z0-9][\w./:-]*")
_SHORT = 200


def names(answer: Answer) -> list[str]:
    """The names that an answer gives of who gave it, in the order of trust: a header (x-pod, x-backend, …), a field of a JSON body (pod,
    hostname, service, …), a line `Hostname: …`, or the words of a short text, as echo servers answer."""
    found = [value.strip() for name in _HEADERS for value in answer.header(name)]
    text = answer.body.decode("utf-8", "replace").strip()
    if text.startswith("{"):
        try:
            document = json.loads(text)
        except ValueError:
            document = None
        if isinstance(document, dict):
            found += [document[field] for field in _FIELDS if isinstance(document.get(field), str)]
    elif said := re.match(r"(?i)hostname:\s*(\S+)", text):
        found.append(said[1])
    elif len(text) <= _SHORT and "<" not in text:
        found += [word.rstrip(".:") for word in _WORD.findall(text)]
    return [name for name in dict.fromkeys(found) if name]
