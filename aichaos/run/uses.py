"""How often an approval was used, counted in the cluster: one ConfigMap for all, a key for each approval."""

from collections.abc import Callable, Iterator

from aichaos.cluster.writer import Absent, Found, Unread, Writer
from aichaos.domain.running import Change, Done, Manifest, Permission, Place
from aichaos.errors import RefusedError
from aichaos.files.plain import mapping
from aichaos.run import own
from aichaos.run.likeness import meta

NAME = "aichaos-approvals"
_ATTEMPTS = 4


def place(namespace: str) -> Place:
    return own.config_map(NAME, namespace)


def permissions(namespace: str) -> Iterator[Permission]:
    """What counting needs."""
    yield Permission(verb="create", group="", resource="configmaps", namespace=namespace, why="approval")
    for verb in ("get", "patch"):
        yield Permission(verb=verb, group="", resource="configmaps", namespace=namespace, name=NAME, why="approval")


def used(look: Callable[[Place], Manifest | None], namespace: str, approval: str) -> int:
    """Raises SourceError where that can't be read."""
    return _count(look(place(namespace)), approval)


def count(writer: Writer, namespace: str, approval: str, most: int) -> None:
    """Count one more use. Raises RefusedError where the approval is used up, or where that can't be counted."""
    where, why = place(namespace), ""
    for _ in range(_ATTEMPTS):
        match writer.read(where):
            case Unread(told, _, _):
                why = told
                continue
            case Absent():
                outcome = writer.send(own.config_map_of(where, {approval: "1"}))
            case Found(found):
                before = _count(found, approval)
                if before >= most:
                    raise RefusedError("the approval has been used up just now", hint="Ask for another one: aichaos approve EXPERIMENT.")
                version = meta(found, "resourceVersion")
                data = {"data": {approval: str(before + 1)}}
                outcome = writer.send(Change(verb="patch", place=where, body=data, resource_version=version))
        if isinstance(outcome, Done):
            return
        why = getattr(outcome, "why", "") or "it is not there"
    raise RefusedError(f"the use of the approval can't be counted in {namespace}/{NAME}: {why}", hint="Nothing was changed; try again.")


def _count(found: Manifest | None, approval: str) -> int:
    """A count that somebody has spoiled is one of a million: it opens nothing."""
    said = mapping((found or {}).get("data")).get(approval)
    if said is None:
        return 0
    return int(said) if isinstance(said, str) and said.isascii() and said.isdigit() else 10**6
