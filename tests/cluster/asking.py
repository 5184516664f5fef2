"""A question to a server through a connection, and what came of it, as the tests of logins and of transports look at it."""

import traceback
from typing import Any

from aichaos.cluster.connection import Connection
from aichaos.cluster.reader import Reader
from aichaos.errors import AichaosError
from tests.cluster.conftest import QUICK
from tests.cluster.misbehaving import Misbehaving

SECRET = "eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiJhbm5hIn0.c2lnbmF0dXJl"


def ask(connection: Connection) -> Any:
    return Reader(connection, QUICK).get_json("/version", dict)


def sent(server: Misbehaving) -> str | None:
    return server.asked("/version")[-1].headers.get("authorization")


def told(error: BaseException) -> str:
    """All that may reach a terminal, tracebacks of a bug report included."""
    hint = error.hint if isinstance(error, AichaosError) else ""
    return "".join(traceback.format_exception(error)) + hint
