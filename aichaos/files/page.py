"""A text that is being edited: one document, its nodes, and the way in which it is written."""

from typing import Any

import msgspec

from aichaos.files.nodes import Lines, Node, Spot, documents, find, inside
from aichaos.files.render import Manner
from aichaos.files.yaml import load


class NotEdited(Exception):
    """The change can't be made in this text; the message says why."""


class Page(msgspec.Struct, frozen=True):
    """A text and its one document."""

    text: str
    root: Node
    lines: Lines
    manner: Manner

    def column(self, offset: int) -> int:
        """From 0."""
        return self.lines.place(offset)[1] - 1

    def line_start(self, offset: int) -> int:
        return self.lines.start(self.lines.place(offset)[0])

    def line_end(self, offset: int) -> int:
        """Where the line of an offset ends, before its newline."""
        number = self.lines.place(offset)[0]
        return self.lines.start(number) + len(self.lines.line(number))

    def next_line(self, offset: int) -> int:
        number = self.lines.place(offset)[0]
        return self.lines.start(number + 1) if number < len(self.lines) else len(self.text)

    def leads(self, offset: int) -> bool:
        """Whether nothing but blanks stands before an offset in its line."""
        return not self.text[self.line_start(offset) : offset].strip(" ")

    def cut(self, start: int, end: int, by: str = "") -> str:
        return self.text[:start] + by + self.text[end:]

    def tail(self, node: Node) -> int:
        """Where the last character of a node stands that belongs to it. libyaml ends a block scalar where the next token begins."""
        last = node
        while not last.flow and (last.pairs or last.items):
            last = last.pairs[-1][1] if last.pairs else last.items[-1]
        if last.style in ("|", ">") and "+" not in self.text[last.start : last.start + 3]:
            return last.start + len(self.text[last.start : last.end].rstrip())
        return last.end


def page_of(text: str) -> Page:
    root = documents(text, {0}).get(0)
    if root is None:
        raise NotEdited("the document is empty")
    return Page(text, root, Lines(text), _manner(text, root))


def _manner(text: str, root: Node) -> Manner:
    keys = [key for node in inside(root) for key, _ in node.pairs]
    lines = Lines(text)
    indented = next(
        (
            lines.place(value.start)[1] > lines.place(key.start)[1]
            for node in inside(root)
            if not node.flow
            for key, value in node.pairs
            if value.kind == "sequence" and not value.flow and value.items
        ),
        False,
    )
    return Manner(newline="\r\n" if "\r\n" in text else "\n", json=root.flow and all(key.style == '"' for key in keys), indented=indented)


def exact(page: Page, path: str) -> Spot:
    spot = find(page.root, path)
    if spot.pointer != path:
        raise NotEdited(f"{path} is not in the text")
    return spot


def parts_of(path: str) -> tuple[str, str]:
    """The parent's pointer, and the last key as it is meant."""
    parent, _, last = path.rpartition("/")
    return parent, last.replace("~1", "/").replace("~0", "~")


def value_of(page: Page, path: str) -> Any:
    """What a pointer stands for, read from the text."""
    return lone_value(page, exact(page, path).node)


def lone_value(page: Page, node: Node) -> Any:
    """What a node holds, read by itself. Raises NotEdited where an alias in it needs the rest."""
    found = load(_lone(page, node), "")
    return found[0] if found else None


def _lone(page: Page, node: Node) -> str:
    """A node as a text of its own."""
    anchored = {one.text for one in inside(node) if one.kind == "alias"}
    if anchored:
        raise NotEdited("it holds an alias")
    content = page.text[node.start : page.tail(node)]
    return content if node.flow or node.kind == "scalar" else " " * page.column(node.start) + content


def holder_of(page: Page, node: Node) -> tuple[Node, Node | None] | None:
    """The collection that a node is written in, and its key there."""
    for one in inside(page.root):
        for key, value in one.pairs:
            if value is node:
                return one, key
        if any(held is node for held in one.items):
            return one, None
    return None


def content_of(page: Page, node: Node) -> int:
    """Where a node begins behind its anchor and tag."""
    at = node.start
    while (node.anchor or node.tag) and at < node.end and page.text[at] in "&!":
        while at < node.end and not page.text[at].isspace():
            at += 1
        while at < node.end and page.text[at].isspace():
            at += 1
    return at


def in_flow(page: Page, node: Node) -> bool:
    return any(one.flow and one is not node and one.start < node.start < one.end for one in inside(page.root))
