"""Every finding gets its line and column, and the path that it is promised to have.

Working out places costs about as much as reading, so only documents with a finding are looked at, and each file once.
"""

from collections import defaultdict
from collections.abc import Iterable

import msgspec

from aichaos.check.opening import Item
from aichaos.check.retyped import as_written
from aichaos.domain.finding import Finding
from aichaos.files import nodes
from aichaos.files.nodes import Lines, Node


def located(found: Iterable[tuple[Item, Finding]]) -> list[tuple[Item, Finding]]:
    """Findings with file, line and column. A missing field is reported at its parent: that is the path, and that is the place."""
    pairs = list(found)
    wanted: dict[tuple[str, str], set[int]] = defaultdict(set)
    for item, _ in pairs:
        wanted[item.text.name, item.text.content].add(item.index)
    roots = {file: (nodes.documents(file[1], indexes), Lines(file[1])) for file, indexes in wanted.items()}
    return [(item, _placed(item, one, *roots[item.text.name, item.text.content])) for item, one in pairs]


def _placed(item: Item, one: Finding, roots: dict[int, Node], lines: Lines) -> Finding:
    """Where the text of a value stands elsewhere, by an alias or a merge, that is the place to mend; where it is used is said."""
    if item.index not in roots:
        return msgspec.structs.replace(one, file=item.text.name)
    spot = nodes.find(roots[item.index], item.prefix + one.path)
    line, column = lines.place(spot.entry)
    path = spot.pointer[len(item.prefix) :] if spot.pointer.startswith(item.prefix) else ""
    message = one.message if spot.used is None else f"{one.message} (written here, used in line {lines.place(spot.used)[0]})"
    one = as_written(one, spot.node)
    return msgspec.structs.replace(one, message=message, path=path, file=item.text.name, line=line, column=column)
