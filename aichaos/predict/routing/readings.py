"""Where the standard leaves a choice open: the readings that implementations are free to take.

The plain reading is the profile `standard`. Each of these is that profile with one choice taken otherwise; a request that is answered
differently under one of them has no answer but that of an implementation.
"""

from collections.abc import Callable

import msgspec

from aichaos.domain.hostnames import patterns
from aichaos.predict.routing.paths import UNTIDY
from aichaos.predict.routing.profile import Profile
from aichaos.predict.routing.profiles.standard import STANDARD
from aichaos.predict.routing.request import Request
from aichaos.predict.routing.table import Table
from aichaos.predict.routing.world import Key


class Reading(msgspec.Struct, frozen=True, kw_only=True):
    """says: what is open, in one sentence. concerns: whether it can matter for a request at all; cheap, and may err on the safe side."""

    profile: Profile
    says: str
    concerns: Callable[[Table, Request, Key], bool]


def _reading(name: str, says: str, concerns: Callable[[Table, Request, Key], bool], **switches: object) -> Reading:
    return Reading(profile=msgspec.structs.replace(STANDARD, name=f"standard/{name}", **switches), says=says, concerns=concerns)


def _regexes(table: Table, request: Request, gateway: Key) -> bool:
    return table.index.regexes > 0


def _several_hosts(table: Table, request: Request, gateway: Key) -> bool:
    names = set(patterns(request.host))
    return any(scope[:3] == (*gateway, request.port) and len(names & hosts.keys()) > 1 for scope, hosts in table.index.hosts.items())


def _narrowed(table: Table, request: Request, gateway: Key) -> bool:
    return table.narrowed and _several_hosts(table, request, gateway)


def _repeated(table: Table, request: Request, gateway: Key) -> bool:
    return len({name.lower() for name, _ in request.headers}) < len(request.headers)


READINGS = (
    _reading(
        "regex-before-prefix",
        "the standard does not say whether a regular expression comes before a path prefix",
        _regexes,
        path_ranks=("Exact", "RegularExpression", "PathPrefix"),
    ),
    _reading(
        "regex-length",
        "the standard does not say which of two regular expressions comes first",
        _regexes,
        regex_order=STANDARD.order,
    ),
    _reading(
        "no-fallback",
        "the standard does not say whether a request that no rule of the most specific hostname takes goes on to wider hostnames",
        _several_hosts,
        fallback=False,
        precedence_host="shared",  # as those do that have no fallback: one virtual host for each host of a listener
    ),
    _reading(
        "hostname-shared-with-listener",
        "the standard does not say whether the precedence of a hostname is that of the route's own or of what the listener leaves of it",
        _narrowed,
        precedence_host="shared",
    ),
    _reading(
        "repeated-header",
        "the standard leaves it open how a header that stands twice in a request is compared",
        _repeated,
        repeated_header="each",
    ),
    _reading(
        "path-normalisation",
        "the standard does not say whether `//`, `.`, `..`, `\\` and escapes in a path are resolved before it is matched",
        lambda table, request, gateway: UNTIDY.search(request.path) is not None,
        normalise=("unreserved", "backslashes", "dots", "slashes"),
    ),
    _reading(
        "invalid-regex",
        "the standard lets an invalid regular expression take its rule with it, or its match alone",
        lambda table, request, gateway: table.broken,
        invalid_regex="match",
    ),
)
