"""Reading from the API server: GET, and nothing else can be said here.

Answers are decoded from bytes straight into Structs, a page at a time. This is also the one place that tries again: what is worth
another attempt says `troubles`, how long and how often is said here.
"""

import threading
import time
from collections.abc import Callable, Hashable, Iterator
from email.utils import parsedate_to_datetime
from functools import cache
from typing import Any, Generic, TypeVar, cast
from urllib.parse import urlencode

import msgspec

from aichaos.cluster import paths
from aichaos.cluster.connection import Connection, Session
from aichaos.cluster.troubles import WHOLE_BUDGET, Trouble, not_kubernetes, too_slow, translated
from aichaos.domain import forms
from aichaos.domain.access import Secret
from aichaos.domain.base import Metadata
from aichaos.errors import ServerError, SourceError, UnauthorizedError, UnreachableError

T = TypeVar("T")
W = TypeVar("W")

JSON = "application/json"
PAGE = 500
"""Objects a page, as kubectl asks for. By `benchmarks/collect.py` larger pages are no faster nearby and hold more memory; 1000 would
save a third of the time where every answer is 30 ms away (1.0 s instead of 1.6 s for 40,000 objects)."""
_CHUNK = 1 << 20
_LONGEST_WAIT = 10.0
_LOST = 10
_WHOLE_LIST = 10
"""How many times the usual budget a list without pages may take."""


class Patience(msgspec.Struct, frozen=True, kw_only=True):
    """Seconds: `connect` for a connection, `silence` between two pieces of an answer, `total` for a request with all its attempts."""

    connect: float = 5.0
    silence: float = 10.0
    total: float = 30.0


class Forbidden(SourceError):
    """The server knows us, and we may not read this."""


class Expired(SourceError):
    """410: a list is older than what the server keeps, so its next page can't be had."""


class _NotThere(Exception):
    """404. name: of the object that the API server says is not there; "" where the answer names none, or is somebody else's."""

    def __init__(self, name: str) -> None:
        super().__init__(name)
        self.name = name


class ListMeta(msgspec.Struct, frozen=True, gc=False):
    continue_: str = msgspec.field(name="continue", default="")


class Page(msgspec.Struct, Generic[T], gc=False):
    """A piece of a list. `items` is null where Go had no slice."""

    items: list[T] | None = None
    metadata: ListMeta = ListMeta()


class Listing(msgspec.Struct, Generic[T]):
    """A whole list; `unreadable` says what is wrong with each object that is not as its kind should be and was left out."""

    items: list[T]
    unreadable: list[str]


class _Details(msgspec.Struct):
    name: str = ""


class _Status(msgspec.Struct):
    kind: str = ""
    message: str = ""
    details: _Details | None = None


class _Column(msgspec.Struct):
    name: str = ""


class _Row(msgspec.Struct):
    cells: list[Any] = []


class _Table(msgspec.Struct, rename="camel"):
    """The server's own table, as `kubectl get` prints it; of a Secret it has the name, the type and the number of keys."""

    kind: str = ""
    column_definitions: list[_Column] = []
    rows: list[_Row] | None = None


class Reader:
    """Reads through a connection; safe to use from several threads.

    Everywhere: UnreachableError, UnauthorizedError, ServerError after all attempts; Forbidden for a 403; None or no items for a 404.
    """

    def __init__(self, connection: Connection, patience: Patience = Patience(), page: int = PAGE) -> None:  # noqa: B008  frozen
        """page: objects a page of a list."""
        self.connection = connection
        self.patience = patience
        self.page = page
        self.server_time: str | None = None
        self._stopped = threading.Event()
        self._lost = False

    def stop(self) -> None:
        """Let no thread that still reads through this reader begin another request or attempt."""
        self._stopped.set()

    def get_json(self, path: str, type: type[T], params: dict[str, str] | None = None, *, accept: str = JSON) -> T | None:
        """What stands at a path, decoded; None where there is nothing. A value that does not fit `type` is a ServerError."""
        body = self._get(path, params or {}, accept, self.patience.total)
        if body is None:
            return None
        try:
            value: T = forms.decoder(type).decode(body)
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            raise self._garbled(path) from error
        return value

    def get_named(self, path: str, name: str) -> dict[str, Any] | None:
        """A whole object; None only where the API server itself says that it has none of this name. Any other 404, of a proxy in between or
        of another server, is a ServerError: that something is not there is an answer, too."""
        try:
            body = self._asked(path, {}, JSON, self.patience.total)
        except _NotThere as answer:
            if answer.name == name:
                return None
            raise not_kubernetes(self.connection.server, "status 404") from answer
        try:
            found = forms.decoder(dict[str, Any]).decode(body)
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            raise self._garbled(path) from error
        return found

    def list_pages(self, path: str, item: type[T], limit: int) -> Iterator[Listing[T]]:
        """The pages of a list, each of at most `limit` items; 0 for all in one answer. Raises Expired if the list outlived the server's
        history: then what was yielded so far is no part of any consistent list (`list_all` begins again)."""
        total = self.patience.total if limit else self.patience.total * _WHOLE_LIST
        params = {"limit": str(limit)} if limit else {}
        while True:
            body = self._get(path, params, JSON, total)
            if body is None:
                return
            token, listing = self._page(path, body, item)
            del body  # or it would be kept while the next page comes in
            yield listing
            del listing
            if not token:
                return
            params["continue"] = token

    def list_all(self, path: str, item: type[W], shaped: Callable[[W], T]) -> Listing[T]:
        """A whole list, each object `shaped` while its page is in memory.

        When the list expires between two pages, it is read again from the start in one piece, as client-go's pager does. The server also
        offers a token to go on with, but for a list of later date: an object that was deleted and made again meanwhile, which is
        what our users do all day, would be in both parts or in none.
        """
        try:
            return self._collect(path, item, shaped, self.page)
        except Expired:
            return self._collect(path, item, shaped, 0)

    def secret_outside(self, namespace: str, name: str) -> Secret | None:
        """A Secret's name and type. The server is asked for a table without the object, so that the data never leaves it."""
        where = paths.path("v1", "secrets", namespace, name)
        table = self.get_json(where, _Table, {"includeObject": "None"}, accept="application/json;as=Table;g=meta.k8s.io;v=v1")
        if table is None:
            return None
        names = [column.name for column in table.column_definitions]
        if table.kind != "Table" or "Type" not in names or not table.rows:
            raise ServerError(f"{self.connection.server} can't show a Secret without its data", hint="It needs Kubernetes 1.16 or newer.")
        kind = table.rows[0].cells[names.index("Type")]
        return Secret(metadata=Metadata(name=name, namespace=namespace), type=str(kind))

    def _collect(self, path: str, item: type[W], shaped: Callable[[W], T], limit: int) -> Listing[T]:
        whole: Listing[T] = Listing([], [])
        for page in self.list_pages(path, item, limit):
            whole.items.extend(map(shaped, page.items))
            whole.unreadable.extend(page.unreadable)
            del page
        return whole

    def _page(self, path: str, body: bytearray, item: type[T]) -> tuple[str, Listing[T]]:
        """The token of the next page, and the objects of this one."""
        try:
            page = _page_decoder(cast(Hashable, item)).decode(body)
        except msgspec.ValidationError:
            return self._patiently(path, body, item)
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            raise self._garbled(path) from error
        return page.metadata.continue_, Listing(page.items or [], [])

    def _patiently(self, path: str, body: bytearray, item: type[T]) -> tuple[str, Listing[T]]:
        """A page with an object that is not as it should be: each by itself, with `null` for what it means in Go: not there."""
        try:
            page = _page_decoder(msgspec.Raw).decode(body)
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            raise self._garbled(path) from error
        listing: Listing[T] = Listing([], [])
        decode = forms.decoder(item).decode
        for raw in page.items or []:
            plain = msgspec.json.decode(raw)
            try:
                listing.items.append(decode(msgspec.json.encode(_without_nulls(plain))))
            except msgspec.ValidationError as error:
                listing.unreadable.append(f"{_named(plain)}: {error}")
        return page.metadata.continue_, listing

    def _garbled(self, path: str) -> ServerError:
        hint = "Try again; if it stays, something between here and the server changes its answers."
        return ServerError(f"{self.connection.server} answered {path} with something that is not the JSON it should be", hint=hint)

    # --- one request, with all its attempts

    def _get(self, path: str, params: dict[str, str], accept: str, total: float) -> bytearray | None:
        """The body, None for a 404."""
        try:
            return self._asked(path, params, accept, total)
        except _NotThere:
            return None

    def _asked(self, path: str, params: dict[str, str], accept: str, total: float) -> bytearray:
        """The body. After a request that found nobody the next ones try for a tenth of the time, until one succeeds: a server that goes
        away in the middle of thirty lists should not cost thirty budgets. Raises _NotThere for a 404."""
        from tenacity import Retrying, retry_if_exception_type

        total = total / _LOST if self._lost else total
        deadline = time.monotonic() + total
        attempts = Retrying(
            retry=retry_if_exception_type(Trouble),
            wait=_pause,
            stop=lambda state: self._stopped.is_set() or _used_up(state, total),
            sleep=self._sleep,
            reraise=True,
        )
        try:
            body = attempts(self._logged_in, path, params, accept, deadline)
        except Trouble as trouble:
            self._lost = isinstance(trouble.error, UnreachableError)
            raise trouble.error from trouble
        except _NotThere:
            self._lost = False
            raise
        self._lost = False
        return body

    def _sleep(self, seconds: float) -> None:
        self._stopped.wait(seconds)

    def _logged_in(self, path: str, params: dict[str, str], accept: str, deadline: float) -> bytearray:
        """One attempt; where the login is refused, a second one with a new login."""
        session = self.connection.session()
        try:
            return self._once(session, path, params, accept, deadline)
        except UnauthorizedError:
            self.connection.renew(session)
            return self._once(self.connection.session(), path, params, accept, deadline)

    def _once(self, session: Session, path: str, params: dict[str, str], accept: str, deadline: float) -> bytearray:
        from urllib3 import Timeout

        server = self.connection.server
        url = session.base + path + ("?" + urlencode(params) if params else "")
        left = max(deadline - time.monotonic(), 0.001)
        timeout = Timeout(connect=min(self.patience.connect, left), read=min(self.patience.silence, left))
        headers = session.headers | {"Accept": accept}
        with translated(server):
            response = session.pool.request(
                "GET", url, headers=headers, timeout=timeout, retries=False, redirect=False, preload_content=False
            )
            try:
                body = whole_body(response, server, deadline)
            finally:
                response.close() if response.closed is False else response.release_conn()
        self._note_time(response.headers.get("Date"))
        return self._judged(path, response.status, response.headers, body)

    def _judged(self, path: str, status: int, headers: Any, body: bytearray) -> bytearray:
        """The body of a good answer; everything else is raised, _NotThere for a 404."""
        server = self.connection.server
        kind = headers.get("Content-Type", "").partition(";")[0].strip().lower()
        if status == 200:
            if kind != JSON:
                raise not_kubernetes(server, kind or "something without a type")
            return body
        if status == 404:
            raise _NotThere(_missing_name(body))
        told = _status_message(body) if kind == JSON else ""
        if status == 401:
            hint = "Log in again, as you would for kubectl, or choose another context with --context."
            raise UnauthorizedError(f"{server} does not accept our login ({self.connection.name})", hint=hint)
        if status == 403 and told:
            narrower = "read it" if "/namespaces/" in path else "list it, or read one namespace with -n NAMESPACE"
            raise Forbidden(told, hint=f"Ask for a role that may {narrower}.")
        if status == 410:
            raise Expired("the list has expired", hint="Try again.")
        if status == 429 or status >= 500:
            reason = f": {told}" if told else ""
            busy = ServerError(f"{server} answered {status}{reason}", hint="It is overloaded or down: try again later.")
            raise Trouble(busy, patience=WHOLE_BUDGET, after=retry_after(headers.get("Retry-After")))
        if 400 <= status < 500 and told:
            raise ServerError(f"{server} refuses the request ({status}): {told}", hint="Is this a version of Kubernetes that we know?")
        raise not_kubernetes(server, f"status {status}")

    def _note_time(self, date: str | None) -> None:
        """The server's clock, as of the first answer; its resolution is one second."""
        if self.server_time is None and date:
            try:
                self.server_time = parsedate_to_datetime(date).strftime("%Y-%m-%dT%H:%M:%SZ")
            except ValueError:
                self.server_time = None  # a date that is none: the caller has a clock, too


def whole_body(response: Any, server: str, deadline: float) -> bytearray:
    """The whole body; the time is looked at after each piece, because a server that trickles never falls silent."""
    body = bytearray()
    while piece := response.read1(_CHUNK):
        body += piece
        if time.monotonic() > deadline:
            raise Trouble(too_slow(server))
    return body


@cache
def _page_decoder(item: Hashable) -> msgspec.json.Decoder[Page[Any]]:
    page: Any = Page
    return forms.decoder(page[item])


def _without_nulls(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _without_nulls(inner) for key, inner in value.items() if inner is not None}
    if isinstance(value, list):
        return [_without_nulls(inner) for inner in value]
    return value


def _named(plain: Any) -> str:
    metadata = plain.get("metadata") if isinstance(plain, dict) else None
    parts = (metadata.get("namespace"), metadata.get("name")) if isinstance(metadata, dict) else ()
    return "/".join(str(part) for part in parts if part) or "an object without a name"


def _status_message(body: bytearray) -> str:
    """What a Kubernetes server says about an error, on one line; "" where it is not a Status."""
    try:
        status = forms.decode(body, _Status)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return ""
    return " ".join(status.message.split()) or "no reason given" if status.kind == "Status" else ""


def _missing_name(body: bytearray) -> str:
    try:
        status = forms.decode(body, _Status)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return ""
    return status.details.name if status.kind == "Status" and status.details is not None else ""


def retry_after(text: str | None) -> float | None:
    """Retry-After in seconds, at most ten; its other form, a date, is not used by API servers."""
    return min(float(text), _LONGEST_WAIT) if text and text.isascii() and text.isdigit() else None


def _trouble(state: Any) -> Trouble:
    trouble = state.outcome.exception()
    assert isinstance(trouble, Trouble)
    return trouble


def _pause(state: Any) -> float:
    """What the server asked for; else 0.1 s, 0.2 s, 0.4 s … up to 5 s, spread out so that clients do not come back together."""
    from tenacity import wait_random_exponential

    after = _trouble(state).after
    return after if after is not None else float(wait_random_exponential(multiplier=0.1, max=5, min=0.05)(state))


def _used_up(state: Any, total: float) -> bool:
    """Whether the next attempt would begin after the time that this kind of trouble is worth."""
    return bool(state.seconds_since_start + state.upcoming_sleep >= min(_trouble(state).patience, total))
