"""A YAML text with one value changed, and every other character as it was: comments, layout, quotes, anchors, line ends.

A library that reads YAML and writes it again (ruamel.yaml is the best of them) keeps comments, but not the rest: it folds, indents and
quotes in a way of its own. Here nothing is written again: libyaml's marks say where a value stands, and that piece of the text is
replaced. Whoever calls this reads the result and compares (`check/fix.py`); what cannot be done in this way raises `NotEdited`.
"""

from typing import Any

import msgspec

from aichaos.files import render
from aichaos.files.nodes import Lines, Node, Spot, documents, entry_of, find, inside
from aichaos.files.render import Manner
from aichaos.files.yaml import load

_SHORT = 60
"""A collection that is shorter than this takes the place of a scalar on its line."""


class NotEdited(Exception):
    """The change can't be made in this text; the message says why."""


class _Page(msgspec.Struct, frozen=True):
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


def changed(text: str, operation: dict[str, Any]) -> str:
    """The text of one document after an RFC 6902 operation on it. Raises NotEdited."""
    page = _page(text)
    path = operation["path"]
    match operation["op"]:
        case "test":
            return text
        case "remove":
            return _remove(page, path)
        case "replace":
            return _replace(page, path, operation["value"])
        case "add":
            return _add(page, path, operation["value"])
        case "move":
            return _move(page, operation["from"], path)
        case "copy":
            return _add(page, path, _value(page, operation["from"]))
    raise NotEdited(f"{operation['op']} is no operation on a text")


def _page(text: str) -> _Page:
    root = documents(text, {0}).get(0)
    if root is None:
        raise NotEdited("the document is empty")
    return _Page(text, root, Lines(text), _manner(text, root))


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


def _exact(page: _Page, path: str) -> Spot:
    spot = find(page.root, path)
    if spot.pointer != path:
        raise NotEdited(f"{path} is not in the text")
    return spot


def _parts(path: str) -> tuple[str, str]:
    """The parent's pointer, and the last key as it is meant."""
    parent, _, last = path.rpartition("/")
    return parent, last.replace("~1", "/").replace("~0", "~")


def _value(page: _Page, path: str) -> Any:
    """What a pointer stands for, read from the text."""
    spot = _exact(page, path)
    found = load(_lone(page, spot.node), "")
    return found[0] if found else None


def _lone(page: _Page, node: Node) -> str:
    """A node as a text of its own."""
    anchored = {one.text for one in inside(node) if one.kind == "alias"}
    if anchored:
        raise NotEdited("it holds an alias")
    content = page.text[node.start : page.tail(node)]
    return content if node.flow or node.kind == "scalar" else " " * page.column(node.start) + content


# replacing ----------------------------------------------------------------------------------------------------------------------


def _replace(page: _Page, path: str, value: Any) -> str:
    spot = _exact(page, path)
    parent, key = _parts(path)
    holder = _exact(page, parent).node if path else None
    if spot.used is not None and holder is not None and holder.kind == "mapping" and entry_of(holder, key) is None:
        return _insert_pair(page, holder, key, value)  # merged in: what stands here wins
    return _replaced(page, spot.node, _holder_of(page, spot.node), value)


def _holder_of(page: _Page, node: Node) -> tuple[Node, Node | None] | None:
    """The collection that a node is written in, and its key there."""
    for one in inside(page.root):
        for key, value in one.pairs:
            if value is node:
                return one, key
        if any(held is node for held in one.items):
            return one, None
    return None


def _replaced(page: _Page, node: Node, holder: tuple[Node, Node | None] | None, value: Any) -> str:
    start = _content(page, node)
    if isinstance(value, list) and len(value) == 1 and node.kind == "mapping" and _same(page, node, value[0]):
        return _wrapped(page, node, start)
    if node.flow or node.kind == "scalar":
        short = render.piece(value, page.manner, node.style)
        if not isinstance(value, (dict, list)) or not value or len(short) <= _SHORT or _in_flow(page, node):
            return _inline(page, node, start, holder, short)
        return _inline_to_block(page, node, start, holder, value)
    if isinstance(value, (dict, list)) and value:
        block = render.lines(value, page.manner)
        column = page.column(node.start)
        if isinstance(value, dict) and holder is not None and holder[1] is not None:
            column = max(column, page.column(holder[1].start) + 2)
        first, *rest = [line.rstrip() for line in render.shifted(block, column)]
        lead = " " * (column - page.column(node.start)) + first.lstrip(" ") if page.leads(node.start) else first.lstrip(" ")
        return page.cut(start, page.tail(node), page.manner.newline.join([lead, *rest]))
    return _block_to_inline(page, node, start, holder, render.piece(value, page.manner))


def _same(page: _Page, node: Node, value: Any) -> bool:
    try:
        found = load(_lone(page, node), "")
    except NotEdited:
        return False
    return bool(found) and found[0] == value


def _content(page: _Page, node: Node) -> int:
    """Where a node begins behind its anchor and tag."""
    at = node.start
    while (node.anchor or node.tag) and at < node.end and page.text[at] in "&!":
        while at < node.end and not page.text[at].isspace():
            at += 1
        while at < node.end and page.text[at].isspace():
            at += 1
    return at


def _in_flow(page: _Page, node: Node) -> bool:
    return any(one.flow and one is not node and one.start < node.start < one.end for one in inside(page.root))


def _inline(page: _Page, node: Node, start: int, holder: tuple[Node, Node | None] | None, short: str) -> str:
    """On the line where the old value stands; an empty value has no place of its own, only the colon or the dash before it."""
    if node.style in ("|", ">"):
        end = page.tail(node)
        return page.cut(start, end, short)
    if start < node.end:
        return page.cut(start, node.end, short)
    return page.cut(*_after_mark(page, node, holder), f" {short}")


def _after_mark(page: _Page, node: Node, holder: tuple[Node, Node | None] | None) -> tuple[int, int]:
    """The empty piece of text behind the `:` or the `-` of a value."""
    if holder is None or node.anchor or node.tag:
        raise NotEdited("an empty value with an anchor or a tag")
    within, key = holder
    number = next((place for place, one in enumerate(within.items) if one is node), 0)
    mark = page.text.find(":", key.end) + 1 if key is not None else _dash(page, within, number) + 1
    return mark, mark


def _inline_to_block(page: _Page, node: Node, start: int, holder: tuple[Node, Node | None] | None, value: Any) -> str:
    """A short value on a line becomes a block under it; a comment on the line stays there."""
    if holder is None:
        return page.cut(start, node.end, page.manner.newline.join(render.lines(value, page.manner)))
    key = holder[1]
    block = render.lines(value, page.manner)
    if key is None:
        first, *rest = block
        return page.cut(start, node.end, page.manner.newline.join([first, *render.shifted(rest, page.column(node.start))]))
    deeper = page.column(key.start) + (0 if isinstance(value, list) and not page.manner.indented else 2)
    end = page.line_end(node.end)
    rest_of_line = page.text[node.end : end]
    colon = page.text.find(":", key.end) + 1
    head = page.text[colon:start].rstrip(" ") if start > colon else ""
    below = page.manner.newline.join(render.shifted(block, deeper))
    return page.cut(colon, end, f"{head}{rest_of_line.rstrip()}{page.manner.newline}{below}")


def _block_to_inline(page: _Page, node: Node, start: int, holder: tuple[Node, Node | None] | None, short: str) -> str:
    """A block shrinks to a value on the line of its key or its dash; comments before its first line stay where they are."""
    end = page.tail(node)
    key = holder[1] if holder is not None else None
    if key is None or not page.leads(start):
        return page.cut(start, end, short)
    colon = page.text.find(":", key.end) + 1
    return page.text[:colon] + f" {short}" + page.text[colon : page.line_start(start)] + page.text[page.next_line(end) :]


def _wrapped(page: _Page, node: Node, start: int) -> str:
    """A mapping becomes the only item of a list."""
    end = page.tail(node)
    content = page.text[start:end]
    if node.flow:
        return page.cut(start, end, f"[{content}]")
    first, *rest = content.split(page.manner.newline)
    return page.cut(start, end, page.manner.newline.join([f"- {first}", *render.shifted(rest, 2)]))


# adding -------------------------------------------------------------------------------------------------------------------------


def _add(page: _Page, path: str, value: Any) -> str:
    if not path:
        return _replace(page, path, value)
    parent, key = _parts(path)
    holder = _exact(page, parent).node
    if holder.kind == "sequence":
        return _insert_item(page, holder, len(holder.items) if key == "-" else _number(key, holder), value)
    if holder.kind != "mapping":
        raise NotEdited(f"{parent} is neither a mapping nor a list")
    if find(page.root, path).pointer == path:
        return _replace(page, path, value)
    return _insert_pair(page, holder, key, value)


def _number(key: str, holder: Node) -> int:
    if not key.isdecimal() or int(key) > len(holder.items):
        raise NotEdited(f"the list has no place {key}")
    return int(key)


def _insert_pair(page: _Page, holder: Node, key: str, value: Any) -> str:
    if not holder.flow:
        return _below(page, holder, render.entry(key, value, page.manner))
    short = render.pair(key, value, page.manner)
    outer = _holder_of(page, holder)
    if not holder.pairs and not page.manner.json and not _in_flow(page, holder) and len(short) > _SHORT:
        return _inline_to_block(page, holder, _content(page, holder), outer, {key: value})
    return _into_flow(page, holder, [pair[0].start for pair in holder.pairs], [pair[1] for pair in holder.pairs], len(holder.pairs), short)


def _insert_item(page: _Page, holder: Node, number: int, value: Any) -> str:
    if holder.flow:
        starts = [one.start for one in holder.items]
        return _into_flow(page, holder, starts, holder.items, number, render.piece(value, page.manner))
    block = render.item(value, page.manner)
    if number == len(holder.items):
        return _below(page, holder, block)
    dash = _dash(page, holder, number)
    column = page.column(dash)
    shifted = render.shifted(block, column)
    return page.cut(dash, dash, (page.manner.newline.join(shifted) + page.manner.newline + " " * column).lstrip(" "))


def _dash(page: _Page, holder: Node, number: int) -> int:
    """Where the `-` of an item stands: the first thing behind the item before it that is no comment."""
    at = page.tail(holder.items[number - 1]) if number else _content(page, holder)
    while at < len(page.text) and page.text[at] != "-":
        at = page.line_end(at) if page.text[at] == "#" else at + 1
    return at


def _below(page: _Page, holder: Node, block: list[str]) -> str:
    """Lines under the last one of a block, at its column."""
    column = page.column(_dash(page, holder, 0) if holder.items else holder.pairs[0][0].start)
    end = page.tail(holder)
    shown = page.manner.newline.join(render.shifted(block, column))
    if end and page.text[end - 1] in "\r\n":  # a block scalar that keeps the empty lines at its end
        return page.cut(end, end, shown + page.manner.newline)
    end = page.line_end(end)
    return page.cut(end, end, page.manner.newline + shown)


def _into_flow(page: _Page, holder: Node, starts: list[int], values: list[Node], number: int, short: str) -> str:
    """An entry between `[` and `]` or `{` and `}`: on a line of its own where the others have theirs."""
    if not values:
        return page.cut(_content(page, holder) + 1, holder.end - 1, short)
    ahead = starts[min(number, len(starts) - 1)]
    spaced = page.leads(ahead)
    gap = page.manner.newline + " " * page.column(ahead) if spaced else " "
    if number < len(starts):
        return page.cut(ahead, ahead, f"{short},{gap}")
    end = values[-1].end
    rest = page.text[end : holder.end - 1]
    if rest.lstrip().startswith(","):
        comma = end + rest.index(",") + 1
        return page.cut(comma, comma, f"{gap}{short}")
    return page.cut(end, end, f",{gap}{short}")


# taking away --------------------------------------------------------------------------------------------------------------------


def _remove(page: _Page, path: str) -> str:
    if not path:
        raise NotEdited("the whole document")
    parent, key = _parts(path)
    _exact(page, path)
    holder = _exact(page, parent).node
    if holder.kind == "sequence":
        number = int(key)
        starts = [one.start if holder.flow else _dash(page, holder, place) for place, one in enumerate(holder.items)]
        return _without(page, holder, number, starts, holder.items)
    found = entry_of(holder, key)
    if found is None:
        raise NotEdited(f"{path} is merged in from elsewhere")
    number = next(number for number, pair in enumerate(holder.pairs) if pair is found)
    return _without(page, holder, number, [pair[0].start for pair in holder.pairs], [pair[1] for pair in holder.pairs])


def _without(page: _Page, holder: Node, number: int, starts: list[int], values: list[Node]) -> str:
    if len(values) == 1:
        empty = "{}" if holder.kind == "mapping" else "[]"
        start = _content(page, holder)
        if holder.flow:
            return page.cut(start, holder.end, empty)
        return _block_to_inline(page, holder, start, _holder_of(page, holder), empty)
    if holder.flow:
        if number + 1 < len(values):
            return page.cut(starts[number], starts[number + 1])
        return page.cut(values[number - 1].end, values[number].end)
    start, end = starts[number], page.tail(values[number])
    if page.leads(start):
        return page.cut(page.line_start(start), page.next_line(end) if page.text[end - 1] not in "\r\n" else end)
    if number + 1 == len(values):
        raise NotEdited("it stands on one line with others")
    between = page.text[page.line_end(end) : starts[number + 1]]
    return page.cut(start, starts[number + 1], between if between.strip() else "")


# moving -------------------------------------------------------------------------------------------------------------------------


def _move(page: _Page, source: str, path: str) -> str:
    _exact(page, source)
    (old_parent, old_key), (parent, key) = _parts(source), _parts(path)
    holder = _exact(page, old_parent).node
    found = entry_of(holder, old_key) if holder.kind == "mapping" else None
    if found is not None and old_parent == parent:
        if entry_of(holder, key) is not None:
            raise NotEdited(f"{path} is there already")
        return page.cut(found[0].start, found[0].end, render.piece(key, page.manner, found[0].style))
    value = _value(page, source)
    target = find(page.root, parent)
    free = find(page.root, path).pointer != path
    if found is not None and free and target.pointer == parent and _can_move(page, holder, target.node):
        return _moved_block(page, found, source, parent, key)
    without = _remove(page, source)
    return _add(_page(without), path, value)


def _can_move(page: _Page, holder: Node, target: Node) -> bool:
    """Whether the lines themselves can go: from a block to a block, or to `{}`, which becomes one."""
    into_block = target.kind == "mapping" and (not target.flow or (not target.pairs and not _in_flow(page, target)))
    return not holder.flow and len(holder.pairs) > 1 and into_block


def _moved_block(page: _Page, found: tuple[Node, Node], source: str, parent: str, key: str) -> str:
    """The lines of an entry with their comments, cut out and put in elsewhere at another column."""
    start, end = found[0].start, page.line_end(page.tail(found[1]))
    head = render.piece(key, page.manner, found[0].style) + page.text[found[0].end : end]
    first, *rest = head.split(page.manner.newline)
    block = [first, *render.shifted(rest, -page.column(start))]
    rested = _page(_remove(page, source))
    target = _exact(rested, parent).node
    if not target.flow:
        return _below(rested, target, block)
    outer = _holder_of(rested, target)
    if outer is None or outer[1] is None:
        raise NotEdited("there is no block to put it in")
    column = rested.column(outer[1].start) + 2
    line_end = rested.line_end(target.end)
    shown = rested.manner.newline.join(render.shifted(block, column))
    colon = rested.text.find(":", outer[1].end) + 1
    return rested.cut(colon, line_end, f"{rested.text[target.end : line_end].rstrip()}{rested.manner.newline}{shown}")
