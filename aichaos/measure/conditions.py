"""Whether an object of the cluster has a condition, now."""

from typing import Any

import msgspec

from aichaos.cluster.discovery import Kinds
from aichaos.cluster.paths import path
from aichaos.cluster.reader import Reader
from aichaos.domain.base import ObjectRef
from aichaos.errors import UsageError


class Seen(msgspec.Struct, frozen=True):
    """holds: None where it can't be told. why: for what does not hold or can't be told."""

    holds: bool | None
    why: str = ""


class _Object(msgspec.Struct):
    metadata: dict[str, Any] = {}
    status: dict[str, Any] | None = None


def reference(written: str) -> ObjectRef:
    """`Kind/namespace/name` or `Kind/name`. Raises UsageError."""
    parts = written.split("/")
    if len(parts) not in (2, 3) or not all(parts):
        raise UsageError(f"{written[:80]!r} names no object", hint="Write Kind/namespace/name, or Kind/name where it is cluster-scoped.")
    return ObjectRef(parts[0], parts[-1], parts[1] if len(parts) == 3 else "")


class Conditions:
    """Looks objects up on a server. Raises what Reader does; UsageError for a kind that the server does not have."""

    def __init__(self, reader: Reader) -> None:
        self._reader = reader
        self._kinds = Kinds(reader)

    def holds(self, ref: ObjectRef, condition: str) -> Seen:
        found = self._reader.get_json(self.path(ref), _Object)
        if found is None:
            return Seen(False, f"{ref} is not there")
        return state(found.status or {}, condition, found.metadata.get("generation"), str(ref))

    def path(self, ref: ObjectRef) -> str:
        """Where the server keeps an object, by its kind alone."""
        group, version, plural = self._kinds.resource(ref.kind)
        return path(f"{group}/{version}" if group else version, plural, ref.namespace, ref.name)


def state(status: dict[str, Any], condition: str, generation: Any, name: str) -> Seen:
    """A condition as a status gives it: its own, or one for each parent (routes), all of which have to hold. One about an older generation
    of the object holds no longer or not yet."""
    groups = [status] if "conditions" in status or "parents" not in status else list(status["parents"] or [])
    found = [one for group in groups for one in (group.get("conditions") or []) if one.get("type") == condition]
    if not found:
        return Seen(None, f"{name} has no condition {condition}")
    for one in found:
        if one.get("status") != "True":
            told = ": ".join(part for part in (str(one.get("reason", "")), str(one.get("message", ""))) if part)
            return Seen(False, f"{name} is not {condition}" + (f" ({told[:200]})" if told else ""))
        if isinstance(one.get("observedGeneration"), int) and isinstance(generation, int) and one["observedGeneration"] < generation:
            return Seen(False, f"{name}: its controller has not looked at the change yet")
    return Seen(True)
