"""Asking an API server whether it would take an object, or a change of one. Nothing else can be said here: every request carries
`dryRun=All`.

The query of a request is a constant, and a path is made of quoted parts, so that no name can smuggle another query in. (A server checks,
defaults and admits a dry run like any other request, and persists nothing; webhooks that have side effects make it refuse the dry run.)
"""

import time
from typing import Literal
from urllib.parse import quote

import msgspec

from aichaos.cluster.connection import Connection, Session
from aichaos.cluster.paths import path as api_path
from aichaos.cluster.reader import Patience, Reader
from aichaos.cluster.troubles import Trouble, translated
from aichaos.domain import forms
from aichaos.errors import UnauthorizedError

_STRICT = "dryRun=All&fieldValidation=Strict&fieldManager=aichaos"
_ATTEMPTS = 3
_PAUSE = 0.2
"""Seconds before the second attempt; twice as long before the third."""
_BUSY = (429, 503)

Method = Literal["POST", "PATCH", "DELETE"]
Body = Literal["application/json", "application/yaml", "application/apply-patch+yaml", "application/merge-patch+json"]
_APPLY: Body = "application/apply-patch+yaml"


class Cause(msgspec.Struct, frozen=True):
    """One thing that is wrong: a reason of the API's, words, and a field path such as `spec.rules[0].name`."""

    reason: str = ""
    message: str = ""
    field: str = ""


class Details(msgspec.Struct, frozen=True):
    causes: list[Cause] | None = None


class Reply(msgspec.Struct, frozen=True):
    """What the server answered. code: the HTTP status; the rest is its Status object, empty where it took the object."""

    code: int = 0
    reason: str = ""
    message: str = ""
    details: Details | None = None

    @property
    def causes(self) -> list[Cause]:
        return (self.details.causes or []) if self.details else []


class Resource(msgspec.Struct, frozen=True):
    """How the server calls a kind."""

    name: str
    kind: str = ""
    namespaced: bool = False


class _Resources(msgspec.Struct):
    resources: list[Resource] | None = None


class DryRun:
    """Tries objects out on a server; safe to use from several threads. UnreachableError, UnauthorizedError, ServerError as in `Reader`."""

    def __init__(self, connection: Connection, patience: Patience = Patience()) -> None:  # noqa: B008  frozen
        self.connection = connection
        self._patience = patience
        self._reader = Reader(connection, patience)
        self._served: dict[str, dict[str, Resource]] = {}

    def resource(self, api_version: str, kind: str) -> Resource | None:
        """How a kind is called here; None where the server does not have it."""
        if api_version not in self._served:
            root = "apis" if "/" in api_version else "api"
            parts = "/".join(quote(part, safe="") for part in api_version.split("/"))
            listed = self._reader.get_json(f"/{root}/{parts}", _Resources)
            there = (listed.resources or []) if listed is not None else []
            self._served[api_version] = {one.kind: one for one in there if "/" not in one.name}
        return self._served[api_version].get(kind)

    def create(self, api_version: str, resource: Resource, namespace: str, body: bytes, kind: Body) -> Reply:
        """What the server would say to a new object."""
        return self._send("POST", self._path(api_version, resource, namespace), body, kind)

    def apply(self, api_version: str, resource: Resource, namespace: str, name: str, body: bytes) -> Reply:
        """What the server would say to a server-side apply over the object that is there."""
        return self._send("PATCH", self._path(api_version, resource, namespace, name), body, _APPLY)

    def patch(self, api_version: str, resource: Resource, namespace: str, name: str, body: bytes) -> Reply:
        """What the server would say to a merge patch (RFC 7386) of the object that is there."""
        return self._send("PATCH", self._path(api_version, resource, namespace, name), body, "application/merge-patch+json")

    def delete(self, api_version: str, resource: Resource, namespace: str, name: str) -> Reply:
        """What the server would say to a delete."""
        return self._send("DELETE", self._path(api_version, resource, namespace, name), b"", "application/json")

    def _path(self, api_version: str, resource: Resource, namespace: str, name: str = "") -> str:
        return api_path(api_version, resource.name, namespace if resource.namespaced else "", name)

    def _send(self, method: Method, path: str, body: bytes, kind: Body) -> Reply:
        session, renewed = self.connection.session(), False
        for attempt in range(_ATTEMPTS):
            last = attempt + 1 == _ATTEMPTS
            try:
                reply = self._once(session, method, path, body, kind)
            except Trouble as trouble:
                if last or not trouble.patience:
                    raise trouble.error from trouble
            else:
                if reply.code == 401 and not renewed and not last:
                    self.connection.renew(session)
                    session, renewed = self.connection.session(), True
                    continue
                if reply.code == 401:
                    hint = "Log in again, as you would for kubectl, or choose another context with --context."
                    raise UnauthorizedError(f"{self.connection.server} does not accept our login ({self.connection.name})", hint=hint)
                if last or reply.code not in _BUSY:
                    return reply
            time.sleep(_PAUSE * (attempt + 1))
        raise AssertionError("unreachable")

    def _once(self, session: Session, method: Method, path: str, body: bytes, kind: Body) -> Reply:
        from urllib3 import Timeout

        url = f"{session.base}{path}?{_STRICT}{'&force=true' if kind == _APPLY else ''}"
        timeout = Timeout(connect=self._patience.connect, read=self._patience.total)  # a webhook may take its time
        headers = session.headers | {"Accept": "application/json", "Content-Type": kind}
        with translated(self.connection.server):
            response = session.pool.request(method, url, body=body, headers=headers, timeout=timeout, retries=False, redirect=False)
        return _reply(response.status, response.data)


def _reply(code: int, data: bytes) -> Reply:
    if code < 300:
        return Reply(code=code)
    try:
        return msgspec.structs.replace(forms.decode(data, Reply), code=code)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return Reply(code=code, message=data[:200].decode("utf-8", "replace"))
