"""A working copy of a Snapshot that remembers what was changed since it was last looked at."""

from collections.abc import Iterator
from typing import TypeVar

import msgspec

from aichaos.domain.base import KubeObject, ObjectRef, kind_name, reference
from aichaos.domain.kinds import BY_NAME
from aichaos.domain.snapshot import Snapshot

Key = tuple[str, str]
"""Namespace and name."""
Change = tuple[KubeObject | None, KubeObject | None]
"""An object before and after; None where it was or is not there."""
T = TypeVar("T", bound=KubeObject)


class Draft:
    """Objects by kind, namespace and name. What is not of a kind that a Snapshot holds is known by its reference alone."""

    def __init__(self, snapshot: Snapshot) -> None:
        self.snapshot = snapshot
        """As it was at the last `commit`."""
        self._found: dict[str, dict[Key, KubeObject]] = {}
        self._others = set(snapshot.others)
        self._changes: dict[ObjectRef, Change] = {}

    def get(self, ref: ObjectRef) -> KubeObject | None:
        return self._of(ref.kind).get((ref.namespace, ref.name)) if ref.kind in BY_NAME else None

    def exists(self, ref: ObjectRef) -> bool:
        return ref in self._others or self.get(ref) is not None

    def all(self, kind: type[T], namespace: str | None = None) -> Iterator[T]:
        """The objects of a kind, of one namespace or of all."""
        for (home, _), obj in list(self._of(kind.__name__).items()):
            if (namespace is None or home == namespace) and isinstance(obj, kind):
                yield obj

    def within(self, namespace: str) -> Iterator[KubeObject]:
        """Everything in a namespace."""
        for kind in BY_NAME.values():
            if kind.namespaced:
                yield from self.all(kind.type, namespace)

    def put(self, obj: KubeObject) -> None:
        self._note(reference(obj), obj)
        self._of(kind_name(obj))[obj.namespace, obj.name] = obj

    def drop(self, ref: ObjectRef) -> None:
        self._others.discard(ref)
        if self.get(ref) is not None:
            self._note(ref, None)
            del self._of(ref.kind)[ref.namespace, ref.name]

    def put_other(self, ref: ObjectRef) -> None:
        self._others.add(ref)

    @property
    def changes(self) -> list[Change]:
        """What has changed since the last `commit`, each object once."""
        return [change for change in self._changes.values() if change[0] != change[1]]

    def commit(self) -> tuple[Snapshot, list[Change]]:
        """The Snapshot as it stands now, and what has changed since the last one."""
        changes = self.changes
        fields = {BY_NAME[kind_name(obj)].field: kind_name(obj) for change in changes for obj in change if obj is not None}
        lists = {field: [found[key] for key in sorted(found)] for field, kind in fields.items() for found in (self._of(kind),)}
        others = sorted(self._others) if self._others != set(self.snapshot.others) else self.snapshot.others
        self.snapshot = msgspec.structs.replace(self.snapshot, others=others, **lists)
        self._changes = {}
        return self.snapshot, changes

    def _of(self, kind: str) -> dict[Key, KubeObject]:
        if kind not in self._found:
            self._found[kind] = {(obj.namespace, obj.name): obj for obj in self.snapshot.of(kind)}
        return self._found[kind]

    def _note(self, ref: ObjectRef, after: KubeObject | None) -> None:
        before = self._changes[ref][0] if ref in self._changes else self.get(ref)
        self._changes[ref] = (before, after)
