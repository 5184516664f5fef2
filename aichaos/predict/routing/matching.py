"""Whether the conditions of a match hold for a request; its path has been looked up already."""

from aichaos.domain.gateway import NamedMatch
from aichaos.predict.routing import regexes
from aichaos.predict.routing.entries import ANY_PATH, Entry
from aichaos.predict.routing.profile import Profile
from aichaos.predict.routing.request import Request


def holds(entry: Entry, request: Request, path: str, profile: Profile) -> bool:
    """Whether an entry takes a request. path: as it is after normalisation."""
    if entry.method is not None and entry.method != request.method:
        return False
    if entry.kind == "RegularExpression" and entry.path != ANY_PATH and not regexes.whole(entry.path, path):
        return False
    if entry.headers and not all(_header(one, request, path, profile) for one in entry.headers):
        return False
    return not entry.query or all(_query(one, request.query) for one in entry.query)


def _header(condition: NamedMatch, request: Request, path: str, profile: Profile) -> bool:
    name = condition.name.lower()
    if name == "host":
        return _value(condition, request.authority)
    if name == ":path":
        return _value(condition, path if request.query is None else f"{path}?{request.query}")
    values = [value for header, value in request.headers if header.lower() == name]
    if len(values) > 1 and profile.repeated_header == "joined":
        values = [",".join(values)]
    return any(_value(condition, value) for value in values)


def _query(condition: NamedMatch, query: str | None) -> bool:
    for part in (query or "").split("&"):
        name, _, value = part.partition("=")
        if name == condition.name and part:
            return _value(condition, value)  # of a name that stands twice the first value counts
    return False


def _value(condition: NamedMatch, value: str) -> bool:
    return regexes.whole(condition.value, value) if condition.type == "RegularExpression" else condition.value == value
