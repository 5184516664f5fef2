"""The only module that changes a cluster. It sends one change at a time and says what became of it; it never tries again by itself.

Who may write is decided before: a `Writer` is made from an `Approval`, and only `run/` may import this module. Every request carries our
field manager, and the precondition of its change, so that it does nothing to an object that somebody else has made or changed meanwhile.

What the answer means for the object is the point of this module:

    2xx                        Done
    404, 409                   Missing, Conflict: the object is not what the change expects
    400, 403, 405, 422 …       Refused
    429, no connection         Unsent: nobody took the request
    5xx, 410, a cut, silence   Unknown: it may have been carried out; only reading tells (`read`)
"""

import time
from collections.abc import Callable, Iterator
from email.utils import parsedate_to_datetime
from functools import partial
from typing import Any, TypeAlias

import msgspec

from aichaos.cluster.connection import Connection, Session
from aichaos.cluster.paths import path
from aichaos.cluster.reader import JSON, retry_after, whole_body
from aichaos.cluster.together import together
from aichaos.cluster.troubles import Trouble, translated
from aichaos.domain import forms
from aichaos.domain.running import Approval, Change, Conflict, Done, Manifest, Missing, Outcome, Place, Refused, Unknown, Unsent
from aichaos.errors import SourceError, UnauthorizedError

MANAGER = "aichaos"
_METHODS = {"create": "POST", "patch": "PATCH", "delete": "DELETE"}
_MERGE = "application/merge-patch+json"
_THREADS = 16


class Limits(msgspec.Struct, frozen=True, kw_only=True):
    """Seconds: `connect` for a connection, `answer` for the whole answer to one request."""

    connect: float = 2.0
    answer: float = 10.0


class Found(msgspec.Struct, frozen=True):
    object: Manifest


class Absent(msgspec.Struct, frozen=True):
    """The server says that there is no such object."""


class Unread(msgspec.Struct, frozen=True):
    """Nobody knows. seconds: how long the server asks us to wait. refused: we may not read it, and asking again will not help."""

    why: str
    seconds: float | None = None
    refused: bool = False


Sight: TypeAlias = Found | Absent | Unread


_NO_PATH = b"404 page not found"
"""What an API server says of a version or a resource that it does not serve; of an object that is not there it sends a Status."""


class _Details(msgspec.Struct, frozen=True):
    name: str = ""


class _Status(msgspec.Struct, frozen=True):
    kind: str = ""
    reason: str = ""
    message: str = ""
    details: _Details | None = None


class _Answer(msgspec.Struct, frozen=True):
    code: int
    body: bytes
    seconds: float | None

    @property
    def status(self) -> _Status:
        """The Status object of an error; empty where the body is none (a proxy answers for itself)."""
        try:
            found = forms.decode(self.body, _Status)
        except (msgspec.DecodeError, UnicodeDecodeError):
            return _Status()
        return found if found.kind == "Status" else _Status()

    @property
    def why(self) -> str:
        return " ".join(self.status.message.split()) or f"the server answered {self.code}"


May = Callable[[], bool]
"""Whether a request may still go out: asked in the very moment before its bytes do."""


class _TooLate(Exception):
    pass


class Writer:
    """Writes, and reads single objects whole; safe to use from several threads."""

    def __init__(self, connection: Connection, approval: Approval, limits: Limits = Limits()) -> None:  # noqa: B008  frozen
        self.connection = connection
        self.approval = approval
        self.limits = limits
        self.clock = ""
        """What the server's clock said in its latest answer, as its timestamps are written; "" before the first."""

    def send(self, change: Change, *, dry_run: bool = False, may: May | None = None) -> Outcome:
        """Send a change once. dry_run: the server checks, defaults and admits it, and keeps nothing. may: who has just looked whether we
        may write says so again when everything is ready to be sent; Unsent where it says no."""
        query = f"?fieldManager={MANAGER}" + ("&dryRun=All" if dry_run else "")
        place, method = change.place, _METHODS[change.verb]
        kind = JSON
        match change.verb:
            case "create":
                target, body = collection(place), change.body or {}
            case "patch":
                target, body, kind = address(place), _expecting(change), _MERGE
            case "delete":
                target, query, body = address(place), "", _deletion(change, dry_run=dry_run)
        try:
            answer = self._request(method, target + query, msgspec.json.encode(body), kind, may)
        except _TooLate:
            return Unsent(why="too long ago was it known that we may write")
        except Trouble as trouble:
            return Unsent(why=str(trouble.error)) if trouble.unsent else Unknown(why=str(trouble.error))
        except SourceError as error:
            return Refused(code=401, why=str(error))
        return _outcome(answer, change)

    def read(self, place: Place) -> Sight:
        """An object as it is, with everything the server says of it."""
        try:
            answer = self._request("GET", address(place), None, JSON)
        except Trouble as trouble:
            return Unread(str(trouble.error))
        except SourceError as error:
            return Unread(str(error), refused=True)
        if answer.code == 200 and isinstance(found := _decoded(answer.body), dict):
            return Found(found)
        if answer.code == 404 and answer.status.details is not None and answer.status.details.name == place.name:
            return Absent()
        if answer.code == 404 and answer.body.strip() == _NO_PATH:
            return Unread(f"the server has no {place.api_version} {place.resource} (any more)", refused=True)
        return Unread(answer.why, answer.seconds, refused=answer.code == 403)

    def read_all(self, places: list[Place]) -> list[Sight]:
        """The same for several at once, in their order."""
        return together([partial(self.read, place) for place in places], _THREADS)

    def send_all(self, changes: list[Change], may: May | None = None) -> list[Outcome]:
        """Changes that do not depend on each other, all at once."""
        return together([partial(self.send, change, may=may) for change in changes], _THREADS)

    def warm(self, connections: int) -> bool:
        """Open so many connections (and log in), so that the next requests need not; whether the server answered all of them."""
        try:
            return all(together([self._alive] * connections, connections))
        except SourceError:
            return False

    def _alive(self) -> bool:
        try:
            return self._request("GET", "/version", None, JSON).code == 200
        except Trouble:
            return False

    def _request(self, method: str, target: str, body: bytes | None, kind: str, may: May | None = None) -> _Answer:
        """One request, and a second one with a new login where the login is refused. Raises Trouble, SourceError."""
        session = self.connection.session()
        answer = self._once(session, method, target, body, kind, may)
        if answer.code != 401:
            return answer
        self.connection.renew(session)
        answer = self._once(self.connection.session(), method, target, body, kind, may)
        if answer.code == 401:
            hint = "Log in again, as you would for kubectl."
            raise UnauthorizedError(f"{self.connection.server} does not accept our login ({self.connection.name})", hint=hint)
        return answer

    def _once(self, session: Session, method: str, target: str, body: bytes | None, kind: str, may: May | None) -> _Answer:
        from urllib3 import Timeout

        headers = session.headers | {"Accept": JSON}
        headers |= {"Content-Type": kind, "Content-Length": str(len(body))} if body is not None else {}
        timeout = Timeout(connect=self.limits.connect, read=self.limits.answer)
        deadline = time.monotonic() + self.limits.connect + self.limits.answer
        with translated(self.connection.server):
            response = session.pool.request(
                method, session.base + target, body=body if may is None or body is None else _last_look(body, may), headers=headers,
                timeout=timeout, retries=False, redirect=False, preload_content=False,
            )  # fmt: skip
            try:
                content = whole_body(response, self.connection.server, deadline)
            finally:
                response.close() if response.closed is False else response.release_conn()
        self._note_time(response.headers.get("Date"))
        return _Answer(response.status, bytes(content), retry_after(response.headers.get("Retry-After")))

    def _note_time(self, date: str | None) -> None:
        try:
            self.clock = max(self.clock, parsedate_to_datetime(date or "").strftime("%Y-%m-%dT%H:%M:%SZ"))
        except ValueError:
            return  # not every proxy says what time it is


def _last_look(body: bytes, may: May) -> Iterator[bytes]:
    """A body whose bytes are asked for when the connection is there and the head of the request is gone. A server does nothing with a
    head alone."""
    if not may():
        raise _TooLate
    yield body


def collection(place: Place) -> str:
    """The path under which objects of this kind are made."""
    return path(place.api_version, place.resource, place.namespace)


def address(place: Place) -> str:
    """The path of an object. Raises ValueError for a name that would be a path of its own."""
    if place.name in ("", ".", ".."):
        raise ValueError(f"{place.name!r} is no name of an object")
    return path(place.api_version, place.resource, place.namespace, place.name)


def _expecting(change: Change) -> Manifest:
    """A merge patch with its precondition: a server refuses (409) a patch that carries another UID or version than the object has."""
    body = dict(change.body or {})
    must = {"uid": change.uid, "resourceVersion": change.resource_version}
    metadata = body.get("metadata")
    body["metadata"] = (metadata if isinstance(metadata, dict) else {}) | {key: value for key, value in must.items() if value}
    return body


def _deletion(change: Change, *, dry_run: bool) -> Manifest:
    """The options of a deletion. A server that is given a body does not look at the query: a dry run has to say so in here."""
    must = {"uid": change.uid, "resourceVersion": change.resource_version}
    expected = {key: value for key, value in must.items() if value}
    options: Manifest = {"apiVersion": "v1", "kind": "DeleteOptions", "propagationPolicy": "Background"}
    return options | ({"preconditions": expected} if expected else {}) | ({"dryRun": ["All"]} if dry_run else {})


def _outcome(answer: _Answer, change: Change) -> Outcome:
    match answer.code:
        case 200 | 201 | 202 if change.verb == "delete":
            return Done()
        case 200 | 201 | 202:
            found = _decoded(answer.body)
            return Done(object=found) if isinstance(found, dict) else Unknown(why="the answer can't be read")
        case 404:
            return Missing() if answer.status.reason == "NotFound" else Unknown(why=answer.why)
        case 409:
            return Conflict(why=answer.why)
        case 429:
            return Unsent(why=answer.why, seconds=answer.seconds)
        case 410:
            return Unknown(why=answer.why)
        case 422 if change.uid and "metadata.uid" in answer.why:
            return Conflict(why="it is another object than it was")  # how a server says of a patch that the UID differs
        case code if 400 <= code < 500 and answer.status.kind:
            return Refused(code=code, why=answer.why)
    return Unknown(why=answer.why)


def _decoded(body: bytes) -> Any:
    try:
        return msgspec.json.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return None
