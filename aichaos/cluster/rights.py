"""What we, or somebody else, may do on a server, asked of the server itself (SelfSubjectAccessReview, SubjectAccessReview).

It is a question: nothing is kept of it.
"""

from typing import Any

import msgspec

from aichaos.cluster.connection import Connection
from aichaos.cluster.reader import Forbidden, Patience
from aichaos.cluster.together import together
from aichaos.cluster.troubles import Trouble, translated
from aichaos.domain import forms
from aichaos.errors import ServerError, SourceError

_API = "/apis/authorization.k8s.io/v1"
_THREADS = 8


class Right(msgspec.Struct, frozen=True, kw_only=True, order=True):
    """One right, as RBAC has it. namespace, name: "" for all. subresource: as in `scale`."""

    verb: str
    group: str
    resource: str
    namespace: str = ""
    name: str = ""


class _Status(msgspec.Struct, frozen=True):
    allowed: bool = False


class _Review(msgspec.Struct, frozen=True):
    status: _Status


def missing(connection: Connection, rights: list[Right], user: str = "", patience: Patience = Patience()) -> list[Right]:  # noqa: B008  frozen
    """Those that we do not have, or that a user does not have, whom few may ask about. Raises SourceError where the server can't be asked,
    Forbidden where we may not ask."""
    held = together([lambda right=right: _may(connection, right, user, patience) for right in rights], _THREADS)  # type: ignore[misc]
    return [right for right, may in zip(rights, held, strict=True) if not may]


def _may(connection: Connection, right: Right, user: str, patience: Patience) -> bool:
    from urllib3 import Timeout

    resource, _, sub = right.resource.partition("/")
    attributes = {"verb": right.verb, "group": right.group, "resource": resource, "namespace": right.namespace, "name": right.name}
    attributes |= {"subresource": sub} if sub else {}
    kind = "SubjectAccessReview" if user else "SelfSubjectAccessReview"
    spec: dict[str, Any] = {"resourceAttributes": {key: value for key, value in attributes.items() if value}}
    body = {"apiVersion": "authorization.k8s.io/v1", "kind": kind, "spec": spec | ({"user": user} if user else {})}
    session = connection.session()
    headers = session.headers | {"Accept": "application/json", "Content-Type": "application/json"}
    timeout = Timeout(connect=patience.connect, read=patience.silence)
    try:
        with translated(connection.server):
            response = session.pool.request(
                "POST",
                f"{session.base}{_API}/{kind.lower()}s",
                body=msgspec.json.encode(body),
                headers=headers,
                timeout=timeout,
                retries=False,
                redirect=False,
            )
    except Trouble as trouble:
        raise trouble.error from trouble
    try:
        if response.status == 201:
            return forms.decode(response.data, _Review).status.allowed
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise _unasked(connection) from error
    if response.status == 403 and user:
        raise Forbidden(f"you may not ask what {user} may do", hint="An admin may; the run can go on without the answer.")
    raise _unasked(connection, response.status)


def _unasked(connection: Connection, status: int = 201) -> SourceError:
    hint = "Whoever may log in may ask this, as a rule (the ClusterRole system:basic-user)."
    return ServerError(f"{connection.server} does not say what we may do (status {status})", hint=hint)
