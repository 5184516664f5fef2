"""Where things stand in a YAML text: the nodes of its documents with their offsets, aliases and merges followed back to what is written.

Only made for documents of which somebody asks: a place to tell, a text to edit. The text has been read before (`yaml.read`), so what is
hostile has been refused by then. Offsets, lines and columns count characters (Unicode code points), not bytes.
"""

import re
from bisect import bisect_right
from collections.abc import Iterator
from contextlib import suppress
from typing import Any, Literal

import msgspec
import yaml
from yaml._yaml import CParser

from aichaos.files.scalars import key_text, resolve
from aichaos.files.yaml import tagged

Kind = Literal["scalar", "mapping", "sequence", "alias"]

_LINE_END = re.compile(r"\r\n|\r|\n")


class Node(msgspec.Struct, gc=False):
    """One node. `start` is where its anchor or tag begins, if it has one; `end` is where the last character of it ends.

    pairs: of a mapping, keys and values as written, merges and keys that stand twice included. items: of a sequence.
    text: of a scalar, its value as text; of an alias, the anchor's name. index: the pairs by key, once asked for.
    style: of a scalar, its quote, `|`, `>` or nothing.
    """

    kind: Kind
    start: int
    end: int
    flow: bool = False
    style: str = ""
    text: str = ""
    tag: str | None = None
    anchor: str | None = None
    pairs: list[tuple["Node", "Node"]] = []
    items: list["Node"] = []
    target: "Node | None" = None
    index: "dict[str | None, tuple[Node, Node]] | None" = None

    @property
    def written(self) -> "Node":
        """The node itself or, of an alias, what it stands for."""
        return self.target if self.target is not None else self

    @property
    def key(self) -> str | None:
        """What a key means as text; None for the merge key `<<` and for what is no key."""
        node = self.written
        if node.kind != "scalar" or (node is self and self.is_merge):
            return None
        if node.tag:
            return key_text(tagged(node.tag, node.text))
        return key_text(node.text if node.style else resolve(node.text))

    @property
    def is_merge(self) -> bool:
        return self.kind == "scalar" and self.text == "<<" and not self.style


class Spot(msgspec.Struct, frozen=True):
    """What a JSON Pointer leads to: the key in a mapping or the item in a sequence, and the node below it.

    pointer: as far as the document has it; the parent's where a field is missing. used: where the alias or the merge stands that leads
    there, None where the pointer is written out. entry: the offset to show for it.
    """

    pointer: str
    entry: int
    node: Node
    used: int | None = None


def documents(text: str, indexes: set[int]) -> dict[int, Node]:
    """The root nodes of some documents of a text, by their number; the text is read no further than the last of them."""
    found: dict[int, Node] = {}
    if not indexes:
        return found
    parser, last, index = CParser(text), max(indexes), -1
    builder: _Builder | None = None
    while (event := parser.get_event()) is not None:
        kind = type(event)
        if kind is yaml.DocumentStartEvent:
            index += 1
            builder = _Builder() if index in indexes else None
        elif kind is yaml.DocumentEndEvent:
            if builder is not None and builder.root is not None:
                found[index] = builder.root
            if index >= last:
                break
            builder = None
        elif builder is not None:
            builder.feed(event)
    return found


def bounds(text: str) -> list[int]:
    """Where each document of a text begins, and the text's end: pieces that can be read and changed each by itself.

    What comes after a place that is not YAML belongs to the last one.
    """
    parser = CParser(text)
    starts: list[int] = []
    with suppress(yaml.YAMLError):
        while (event := parser.get_event()) is not None:
            if type(event) is yaml.DocumentStartEvent:
                starts.append(_start(event) if starts else 0)
    return [*starts, len(text)]


def find(root: Node, pointer: str) -> Spot:
    """The node of a pointer or, where it stands nowhere (a missing field), of the nearest parent that does."""
    node, entry, used, reached = root, root.start, None, ""
    for part in pointer.split("/")[1:]:
        if node.kind == "alias":
            used = entry if used is None else used
            node = node.written
        step = _step(node, part.replace("~1", "/").replace("~0", "~"))
        if step is None:
            break
        merge, key, node = step
        used = merge.start if used is None and merge is not None else used
        entry, reached = key, f"{reached}/{part}"
    if node.kind == "alias" and used is None:
        used, entry = entry, node.written.start
    return Spot(reached, entry, node.written, used)


def _step(node: Node, part: str) -> tuple[Node | None, int, Node] | None:
    """The merge that leads there, the place and the node of one step down. Of a key that stands twice, the last counts."""
    if node.kind == "sequence":
        item = node.items[int(part)] if part.isdecimal() and int(part) < len(node.items) else None
        return (None, item.start, item) if item is not None else None
    waiting: list[tuple[Node | None, Node]] = [(None, node)]
    seen: set[int] = set()
    while waiting:
        merge, mapping = waiting.pop()
        found = entry_of(mapping, part)
        if found is not None:
            return merge, found[0].start, found[1]
        seen.add(id(mapping))
        deeper = [(merge or (key if aliased else None), merged) for key, merged, aliased in _merges(mapping)]
        waiting += [pair for pair in reversed(deeper) if id(pair[1]) not in seen]
    return None


def _merges(mapping: Node) -> Iterator[tuple[Node, Node, bool]]:
    """The merge keys of a mapping, each with a mapping that it merges in (the one that counts most first), and whether by an alias."""
    for key, value in mapping.pairs:
        if key.is_merge:
            for merged in value.written.items if value.written.kind == "sequence" else (value,):
                if merged.written.kind == "mapping":
                    yield key, merged.written, merged.kind == "alias" or value.kind == "alias"


def entry_of(node: Node, name: str) -> tuple[Node, Node] | None:
    """The pair of a mapping that counts for a key, as far as it is written there."""
    if node.index is None:
        node.index = {pair[0].key: pair for pair in node.pairs}
    return node.index.get(name)


def inside(node: Node) -> Iterator[Node]:
    """The node and all that is written in it; what an alias stands for is written elsewhere."""
    waiting = [node]
    while waiting:
        one = waiting.pop()
        yield one
        waiting += one.items
        for pair in one.pairs:
            waiting += pair


class Lines:
    """Offsets of a text as line and column, from 1. Lines end as they do for editors: \\n, \\r\\n, \\r."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._starts = [0, *(found.end() for found in _LINE_END.finditer(text))]

    def place(self, offset: int) -> tuple[int, int]:
        line = bisect_right(self._starts, offset)
        return line, offset - self._starts[line - 1] + 1

    def start(self, line: int) -> int:
        return self._starts[line - 1]

    def line(self, number: int) -> str:
        """A line without its end; nothing where the text has no such line."""
        if not 1 <= number <= len(self._starts):
            return ""
        end = self._starts[number] if number < len(self._starts) else len(self._text)
        return self._text[self._starts[number - 1] : end].rstrip("\r\n")

    def __len__(self) -> int:
        return len(self._starts)


def _start(event: Any) -> int:
    start: int = event.start_mark.index
    return start


class _Builder:
    """Builds the nodes of one document from libyaml's events, without recursion."""

    def __init__(self) -> None:
        self.root: Node | None = None
        self._stack: list[Node] = []
        self._keys: list[Node | None] = []
        self._anchors: dict[str, Node] = {}

    def feed(self, event: Any) -> None:
        start, end = _start(event), event.end_mark.index
        match type(event).__name__:
            case "ScalarEvent":
                self._add(Node("scalar", start, end, style=event.style or "", text=event.value, tag=event.tag), event.anchor)
            case "AliasEvent":
                self._add(Node("alias", start, end, text=event.anchor, target=self._anchors[event.anchor]), None)
            case "MappingStartEvent":
                self._open(Node("mapping", start, end, flow=bool(event.flow_style), tag=event.tag, pairs=[]), event.anchor)
            case "SequenceStartEvent":
                self._open(Node("sequence", start, end, flow=bool(event.flow_style), tag=event.tag, items=[]), event.anchor)
            case _:
                self._close(end)

    def _open(self, node: Node, anchor: str | None) -> None:
        self._add(node, anchor)
        self._stack.append(node)
        self._keys.append(None)

    def _close(self, end: int) -> None:
        node = self._stack.pop()
        self._keys.pop()
        last = node.pairs[-1][1] if node.pairs else node.items[-1] if node.items else None
        node.end = end if node.flow or last is None else last.end  # libyaml ends a block where the next token begins

    def _add(self, node: Node, anchor: str | None) -> None:
        if anchor:
            node.anchor = anchor
            self._anchors[anchor] = node
        if not self._stack:
            self.root = node
            return
        parent = self._stack[-1]
        if parent.kind == "sequence":
            parent.items.append(node)
        elif self._keys[-1] is None:
            self._keys[-1] = node
        else:
            parent.pairs.append((self._keys[-1], node))
            self._keys[-1] = None
