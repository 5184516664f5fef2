"""Where the API server keeps an object: what a step calls by its kind, as a Place."""

from collections.abc import Callable
from typing import Any

from aichaos.cluster.discovery import Kinds
from aichaos.cluster.reader import Reader
from aichaos.cluster.writer import address, collection
from aichaos.domain.base import ObjectRef, group_of, reference_of
from aichaos.domain.kinds import BY_NAME
from aichaos.domain.running import Manifest, Place
from aichaos.domain.touchable import group_of_kind
from aichaos.errors import UsageError


def looking(reader: Reader) -> Callable[[Place], Manifest | None]:
    """Reads whole objects through a reader: None where there is none. Raises SourceError."""

    def look(place: Place) -> Manifest | None:
        found: Manifest | None = reader.get_json(address(place), dict[str, Any])
        return found

    return look


def listing(reader: Reader) -> Callable[[str, str, str], list[Manifest]]:
    """Lists the whole objects of an API version and a plural in a namespace; none where there is no such kind. Raises SourceError."""
    choose = choosing(reader)
    return lambda api_version, resource, namespace: choose(api_version, resource, namespace, "")


def choosing(reader: Reader) -> Callable[[str, str, str, str], list[Manifest]]:
    """The same for those that a field selector takes; the server says of a list's items neither kind nor version."""

    def look(api_version: str, resource: str, namespace: str, fields: str) -> list[Manifest]:
        where = collection(Place(api_version=api_version, resource=resource, kind="", name="", namespace=namespace))
        if not fields:
            return reader.list_all(where, dict[str, Any], lambda one: one).items
        found: Manifest = reader.get_json(where, dict[str, Any], {"fieldSelector": fields}) or {}
        kind = str(found.get("kind", "")).removesuffix("List")
        return [one | {"kind": kind} for one in found.get("items") or []]

    return look


class Places:
    """Resolves by what the server serves, which is asked once. Raises UsageError for a kind that it does not have."""

    def __init__(self, reader: Reader) -> None:
        self._kinds = Kinds(reader)

    def of(self, ref: ObjectRef) -> Place:
        """An object that a step names by its kind alone."""
        return _place(ref, *self._kinds.resource(ref.kind))

    def of_manifest(self, manifest: dict[str, Any]) -> Place:
        """An object as its manifest names it, in exactly that version."""
        ref, api_version = reference_of(manifest), str(manifest.get("apiVersion") or "")
        group, version = group_of(api_version), api_version.rpartition("/")[2]
        for plural, kind in self._kinds.served.resources(group, version).items():
            if kind == ref.kind:
                return _place(ref, group, version, plural)
        raise UsageError(f"the cluster has no {api_version[:60]} {ref.kind[:60]}", hint="Is its CRD installed, and in this version?")


class WithoutServer:
    """The same of a cluster in files: by our own table, and by how the API's own kinds are called. Raises UsageError for another kind."""

    def of(self, ref: ObjectRef) -> Place:
        known = BY_NAME.get(ref.kind)
        group = known.group if known is not None else group_of_kind(ref.kind)
        if group is None:
            raise UsageError(f"no kind {ref.kind[:60]!r} is known here", hint="Ask a live cluster: leave --from out.")
        return _place(ref, group, known.versions[0] if known is not None else "v1", _plural(ref.kind))

    def of_manifest(self, manifest: dict[str, Any]) -> Place:
        ref, api_version = reference_of(manifest), str(manifest.get("apiVersion") or "")
        return _place(ref, group_of(api_version), api_version.rpartition("/")[2], _plural(ref.kind))


def _plural(kind: str) -> str:
    """As the API's own kinds are called, and those of the engines."""
    if kind in BY_NAME:
        return BY_NAME[kind].plural
    low = kind.lower()
    if low.endswith(("chaos", "endpoints")):
        return low
    return f"{low[:-1]}ies" if low.endswith("y") else f"{low}es" if low.endswith("s") else f"{low}s"


def _place(ref: ObjectRef, group: str, version: str, plural: str) -> Place:
    api_version = f"{group}/{version}" if group else version
    return Place(api_version=api_version, resource=plural, kind=ref.kind, name=ref.name, namespace=ref.namespace)
