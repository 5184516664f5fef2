"""A working copy of a Snapshot that remembers what was changed since it was last looked at."""

from bisect import insort
from collections import defaultdict
from collections.abc import Iterable, Iterator
from functools import cached_property
from typing import TypeVar

import msgspec

from aichaos.domain.base import KubeObject, ObjectRef, OwnerReference, kind_name, reference
from aichaos.domain.kinds import BY_NAME, KINDS
from aichaos.domain.snapshot import Snapshot

Key = tuple[str, str]
"""Namespace and name."""
Change = tuple[KubeObject | None, KubeObject | None]
"""An object before and after; None where it was or is not there."""
Owner = tuple[str, str, str]
"""Namespace, kind and name of what an object belongs to."""
T = TypeVar("T", bound=KubeObject)


class Owners:
    """Who belongs to whom in one Snapshot; read when it is asked for the first time."""

    def __init__(self, snapshot: Snapshot) -> None:
        self._snapshot = snapshot

    @cached_property
    def owned(self) -> dict[Owner, list[ObjectRef]]:
        found: dict[Owner, list[ObjectRef]] = defaultdict(list)
        for kind in KINDS:
            for obj in getattr(self._snapshot, kind.field):
                for owner in owners(obj):
                    found[owner].append(reference(obj))
        return found


def owners(obj: KubeObject) -> Iterator[Owner]:
    """What an object belongs to; a ReplicaSet, which no Snapshot holds, stands for its Deployment too."""
    for one in obj.metadata.owner_references:
        yield from _meant(obj.namespace, one)


def _meant(namespace: str, one: OwnerReference) -> Iterator[Owner]:
    yield namespace, one.kind, one.name
    if one.kind == "ReplicaSet":
        yield namespace, "Deployment", one.name.rpartition("-")[0]


class Draft:
    """Objects by kind, namespace and name. What is not of a kind that a Snapshot holds is known by its reference alone."""

    def __init__(self, snapshot: Snapshot) -> None:
        self.snapshot = snapshot
        """As it was at the last `commit`."""
        self._found: dict[str, dict[Key, KubeObject]] = {}
        self._others = set(snapshot.others)
        self._changes: dict[ObjectRef, Change] = {}
        self._owners = Owners(snapshot)
        self._newly_owned: dict[Owner, set[ObjectRef]] = defaultdict(set)

    def copy(self) -> "Draft":
        """The same objects, to be changed another way; made where nothing waits to be committed."""
        other = Draft.__new__(Draft)
        other.__dict__.update(self.__dict__)
        other._found = {kind: dict(objects) for kind, objects in self._found.items()}
        other._others, other._changes = set(self._others), dict(self._changes)
        other._newly_owned = defaultdict(set, {owner: set(refs) for owner, refs in self._newly_owned.items()})
        return other

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

    def owned(self, owner: KubeObject) -> list[KubeObject]:
        """The objects that the garbage collector takes away with their owner: those that belong to nothing else."""
        place = (owner.namespace, kind_name(owner), owner.name)
        refs = dict.fromkeys([*self._owners.owned.get(place, ()), *sorted(self._newly_owned.get(place, ()))])
        found = (self.get(ref) for ref in refs)
        return [obj for obj in found if obj is not None and _all_of(obj, place)]

    def put(self, obj: KubeObject) -> None:
        self._note(reference(obj), obj)
        for owner in owners(obj):
            self._newly_owned[owner].add(reference(obj))
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
        for before, after in self._changes.values():  # what is as it was stays the very object that the Snapshot holds
            if before is not None and before == after:
                self._of(kind_name(before))[_key(before)] = before
        changes = self.changes
        by_kind: dict[str, list[Change]] = defaultdict(list)
        for change in changes:
            by_kind[next(kind_name(obj) for obj in change if obj is not None)].append(change)
        lists = {BY_NAME[kind].field: _edited(self.snapshot.of(kind), some) for kind, some in by_kind.items()}
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


def _all_of(obj: KubeObject, owner: Owner) -> bool:
    """Whether an object belongs to this owner and to nobody else."""
    references = obj.metadata.owner_references
    return bool(references) and all(owner in _meant(obj.namespace, one) for one in references)


def _edited(objects: list[KubeObject], changes: Iterable[Change]) -> list[KubeObject]:
    """A list after some of its objects, which are known by identity, have changed; what is new goes where its name belongs."""
    changed = {id(before): after for before, after in changes if before is not None}
    edited = [kept for obj in objects if (kept := changed.get(id(obj), obj)) is not None]
    for before, after in changes:
        if before is None and after is not None:
            insort(edited, after, key=_key)
    return edited


def _key(obj: KubeObject) -> Key:
    return obj.namespace, obj.name
