"""One object in several folders: `dev/gateway.yaml` and `prod/gateway.yaml` are not applied to one cluster.

Of objects of one name the last counts, as with `kubectl apply`. Where a reference then leads to nothing, it may have been meant for the one
that lies nearer: such a document is looked at once more with what its own folder holds.
"""

import posixpath
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence

from aichaos.check.halves import Placed
from aichaos.check.opening import Item
from aichaos.check.world import World, placed
from aichaos.domain.base import ObjectRef
from aichaos.domain.finding import Finding

_MOST = 30
"""Folders that are looked at a second time; each costs as much as reading what references lead to."""


def reconsidered(
    found: Placed, whole: Sequence[Item], world_of: Callable[[Iterable[Item]], World], look: Callable[[Sequence[Item], World], Placed]
) -> Placed:
    """The findings, those of documents whose references fail replaced by what is found among the objects of their own folder.

    whole: the objects that others may refer to, in their order. look: what is found in some documents, in a world.
    """
    wrong = {id(item): item for item, one in found if item is not None and _fails(one)}
    folders = _with_rivals(whole) if wrong else frozenset()
    near: dict[str, list[Item]] = defaultdict(list)
    for item in wrong.values():
        if _folder(item) in folders:
            near[_folder(item)].append(item)
    again: dict[int, Placed] = {}
    for folder, items in list(near.items())[:_MOST]:
        others = [item for item in whole if _folder(item) != folder]
        own = world_of([*others, *(item for item in whole if _folder(item) == folder)])
        for pair in look(items, own):
            again.setdefault(id(pair[0]), []).append(pair)
        again |= {id(item): [] for item in items if id(item) not in again}
    if not again:
        return found
    first = {id(item): number for number, (item, _) in reversed(list(enumerate(found)))}
    return [
        pair
        for number, (item, one) in enumerate(found)
        for pair in ([(item, one)] if id(item) not in again else again[id(item)] if first[id(item)] == number else [])
    ]


def _fails(one: Finding) -> bool:
    return one.layer == "reference" and one.severity in ("error", "warning")


def _with_rivals(whole: Iterable[Item]) -> frozenset[str]:
    """The folders that define an object which another folder defines, too."""
    where: dict[ObjectRef, set[str]] = defaultdict(set)
    for item in whole:
        where[placed(item.value)].add(_folder(item))
    return frozenset(folder for folders in where.values() if len(folders) > 1 for folder in folders)


def _folder(item: Item) -> str:
    return posixpath.dirname(item.text.name)
