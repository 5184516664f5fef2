"""A YAML text with one value changed, and every other character as it was: comments, layout, quotes, anchors, line ends.

A library that reads YAML and writes it again (ruamel.yaml is the best of them) keeps comments, but not the rest: it folds, indents and
quotes in a way of its own. Here nothing is written again: libyaml's marks say where a value stands, and that piece of the text is
replaced. Whoever calls this reads the result and compares (`check/fix.py`); what cannot be done in this way raises `NotEdited`.
"""

from typing import Any

from aichaos.files import render
from aichaos.files.nodes import Node, entry_of, find, inside
from aichaos.files.page import NotEdited, Page, content_of, exact, holder_of, in_flow, lone_value, page_of, parts_of, value_of
from aichaos.files.plain import same
from aichaos.files.yaml import escape

_SHORT = 60
"""A collection that is shorter than this takes the place of a scalar on its line."""


def changed(text: str, operation: dict[str, Any]) -> str:
    """The text of one document after an RFC 6902 operation on it. Raises NotEdited."""
    page = page_of(text)
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
            return _add(page, path, value_of(page, operation["from"]))
    raise NotEdited(f"{operation['op']} is no operation on a text")


# replacing ----------------------------------------------------------------------------------------------------------------------


def _replace(page: Page, path: str, value: Any) -> str:
    spot = exact(page, path)
    parent, key = parts_of(path)
    holder = exact(page, parent).node if path else None
    if spot.used is not None and holder is not None and holder.kind == "mapping" and entry_of(holder, key) is None:
        return _insert_pair(page, holder, key, value)  # merged in: what stands here wins
    smaller = _smaller(page, spot.node, path, value)
    if smaller is None:
        return _replaced(page, spot.node, holder_of(page, spot.node), value)
    text = page.text
    for operation in smaller:
        text = changed(text, operation)
    return text


def _smaller(page: Page, node: Node, path: str, value: Any) -> list[dict[str, Any]] | None:
    """A collection that stays the same in parts is changed in the others; None where nothing of it stays."""
    old = _read(page, node)
    if isinstance(old, dict) and isinstance(value, dict) and old.keys() & value.keys():
        kept = {key: new for key, new in value.items() if key in old and not same(old[key], new)}
        changes = [{"op": "replace", "path": f"{path}/{escape(key)}", "value": new} for key, new in kept.items()]
        added = [{"op": "add", "path": f"{path}/{escape(key)}", "value": new} for key, new in value.items() if key not in old]
        return [*changes, *added, *({"op": "remove", "path": f"{path}/{escape(key)}"} for key in old if key not in value)]
    if isinstance(old, list) and isinstance(value, list) and len(old) == len(value) > 0:
        pairs = enumerate(zip(old, value, strict=True))
        return [{"op": "replace", "path": f"{path}/{number}", "value": new} for number, (was, new) in pairs if not same(was, new)]
    return None


def _read(page: Page, node: Node) -> Any:
    """What a node holds; None where it can't be read by itself."""
    try:
        return lone_value(page, node)
    except NotEdited:
        return None


def _replaced(page: Page, node: Node, holder: tuple[Node, Node | None] | None, value: Any) -> str:
    start = content_of(page, node)
    if isinstance(value, (list, dict)) and len(value) == 1 and node.kind != "scalar":
        ((key, held),) = value.items() if isinstance(value, dict) else ((None, value[0]),)
        if same(_read(page, node), held):
            return _wrapped(page, node, start, holder, key)
    if node.flow or node.kind == "scalar":
        short = render.piece(value, page.manner, node.style)
        if not isinstance(value, (dict, list)) or not value or len(short) <= _SHORT or in_flow(page, node):
            return _inline(page, node, start, holder, short)
        return _inline_to_block(page, node, start, holder, value)
    if isinstance(value, (dict, list)) and value:
        block = render.lines(value, page.manner)
        column = page.column(node.start)
        if isinstance(value, dict) and holder is not None and holder[1] is not None:
            column = max(column, page.column(holder[1].start) + 2)
        first, *rest = [line.rstrip() for line in render.shifted([*_comments(page, node), *block], column)]
        lead = " " * (column - page.column(node.start)) + first.lstrip(" ") if page.leads(node.start) else first.lstrip(" ")
        return page.cut(start, page.tail(node), page.manner.newline.join([lead, *rest]))
    return _block_to_inline(page, node, start, holder, render.piece(value, page.manner))


def _inline(page: Page, node: Node, start: int, holder: tuple[Node, Node | None] | None, short: str) -> str:
    """On the line where the old value stands; an empty value has no place of its own, only the colon or the dash before it."""
    if node.style in ("|", ">"):
        end = page.tail(node)
        return page.cut(start, end, short)
    if start < node.end:
        return page.cut(start, node.end, short)
    return page.cut(*_after_mark(page, node, holder), f" {short}")


def _after_mark(page: Page, node: Node, holder: tuple[Node, Node | None] | None) -> tuple[int, int]:
    """The empty piece of text behind the `:` or the `-` of a value."""
    if holder is None or node.anchor or node.tag:
        raise NotEdited("an empty value with an anchor or a tag")
    within, key = holder
    number = next((place for place, one in enumerate(within.items) if one is node), 0)
    mark = page.text.find(":", key.end) + 1 if key is not None else _dash(page, within, number) + 1
    return mark, mark


def _inline_to_block(page: Page, node: Node, start: int, holder: tuple[Node, Node | None] | None, value: Any) -> str:
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


def _block_to_inline(page: Page, node: Node, start: int, holder: tuple[Node, Node | None] | None, short: str) -> str:
    """A block shrinks to a value on the line of its key or its dash; comments before its first line stay where they are."""
    end = page.tail(node)
    key = holder[1] if holder is not None else None
    if key is None or not page.leads(start):
        return page.cut(start, end, short)
    colon = page.text.find(":", key.end) + 1
    return page.text[:colon] + f" {short}" + page.text[colon : page.line_start(start)] + page.text[page.next_line(end) :]


def _wrapped(page: Page, node: Node, start: int, holder: tuple[Node, Node | None] | None, key: str | None) -> str:
    """A collection becomes the only item of a list or, with a key, the only entry of a mapping."""
    end = page.tail(node)
    content = page.text[start:end]
    if node.flow:
        inner = f"[{content}]" if key is None else f"{{{render.piece(key, page.manner)}: {content}}}"
        return page.cut(start, end, inner)
    first, *rest = content.split(page.manner.newline)
    if key is None:
        return page.cut(start, end, page.manner.newline.join([f"- {first}", *render.shifted(rest, 2)]))
    outer = holder[1] if holder is not None else None
    deeper = 2 if outer is not None and page.column(outer.start) >= page.column(start) else 0  # a list at the column of its key
    column = page.column(start) + deeper
    below = render.shifted([" " * page.column(start) + first, *rest], deeper + 2)
    lead = " " * (column - page.column(start)) if page.leads(start) else ""
    return page.cut(start, end, page.manner.newline.join([f"{lead}{render.piece(key, page.manner)}:", *below]))


def _comments(page: Page, node: Node, start: int | None = None) -> list[str]:
    """The comments inside a node, which goes: they stay, each on a line of its own. start: where to look from."""
    texts = sorted((one.start, one.end) for one in inside(node) if one.kind == "scalar")
    found, at, end = [], node.start if start is None else start, page.tail(node)
    while (at := page.text.find("#", at, end)) >= 0:
        if not page.text[at - 1].strip() and not any(start <= at < stop for start, stop in texts):
            found.append(page.text[at : page.line_end(at)].rstrip())
        at = page.line_end(at)
    return found


# adding -------------------------------------------------------------------------------------------------------------------------


def _add(page: Page, path: str, value: Any) -> str:
    if not path:
        return _replace(page, path, value)
    parent, key = parts_of(path)
    holder = exact(page, parent).node
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


def _insert_pair(page: Page, holder: Node, key: str, value: Any) -> str:
    if not holder.flow:
        return _below(page, holder, render.entry(key, value, page.manner))
    short = render.pair(key, value, page.manner)
    outer = holder_of(page, holder)
    if not holder.pairs and not page.manner.json and not in_flow(page, holder) and len(short) > _SHORT:
        return _inline_to_block(page, holder, content_of(page, holder), outer, {key: value})
    return _into_flow(page, holder, [pair[0].start for pair in holder.pairs], [pair[1] for pair in holder.pairs], len(holder.pairs), short)


def _insert_item(page: Page, holder: Node, number: int, value: Any) -> str:
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


def _dash(page: Page, holder: Node, number: int) -> int:
    """Where the `-` of an item stands: the first thing behind the item before it that is no comment."""
    at = page.tail(holder.items[number - 1]) if number else content_of(page, holder)
    while at < len(page.text) and page.text[at] != "-":
        at = page.line_end(at) if page.text[at] == "#" else at + 1
    return at


def _below(page: Page, holder: Node, block: list[str]) -> str:
    """Lines under the last one of a block, at its column."""
    column = page.column(_dash(page, holder, 0) if holder.items else holder.pairs[0][0].start)
    end = page.tail(holder)
    shown = page.manner.newline.join(render.shifted(block, column))
    if end and page.text[end - 1] in "\r\n":  # a block scalar that keeps the empty lines at its end
        return page.cut(end, end, shown + page.manner.newline)
    end = page.line_end(end)
    return page.cut(end, end, page.manner.newline + shown)


def _into_flow(page: Page, holder: Node, starts: list[int], values: list[Node], number: int, short: str) -> str:
    """An entry between `[` and `]` or `{` and `}`: on a line of its own where the others have theirs."""
    if not values:
        return page.cut(content_of(page, holder) + 1, holder.end - 1, short)
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


def _remove(page: Page, path: str) -> str:
    if not path:
        raise NotEdited("the whole document")
    parent, key = parts_of(path)
    exact(page, path)
    holder = exact(page, parent).node
    if holder.kind == "sequence":
        number = int(key)
        starts = [one.start if holder.flow else _dash(page, holder, place) for place, one in enumerate(holder.items)]
        return _without(page, holder, number, starts, holder.items)
    found = entry_of(holder, key)
    if found is None:
        raise NotEdited(f"{path} is merged in from elsewhere")
    number = next(number for number, pair in enumerate(holder.pairs) if pair is found)
    return _without(page, holder, number, [pair[0].start for pair in holder.pairs], [pair[1] for pair in holder.pairs])


def _without(page: Page, holder: Node, number: int, starts: list[int], values: list[Node]) -> str:
    if len(values) == 1:
        empty = "{}" if holder.kind == "mapping" else "[]"
        start = content_of(page, holder)
        if holder.flow:
            return page.cut(start, holder.end, empty)
        return _block_to_inline(page, holder, start, holder_of(page, holder), empty)
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


def _move(page: Page, source: str, path: str) -> str:
    exact(page, source)
    (old_parent, old_key), (parent, key) = parts_of(source), parts_of(path)
    holder = exact(page, old_parent).node
    found = entry_of(holder, old_key) if holder.kind == "mapping" else None
    if found is not None and old_parent == parent:
        if entry_of(holder, key) is not None:
            raise NotEdited(f"{path} is there already")
        return page.cut(found[0].start, found[0].end, render.piece(key, page.manner, found[0].style))
    value = value_of(page, source)
    target = find(page.root, parent)
    free = find(page.root, path).pointer != path
    if found is not None and free and target.pointer == parent and _can_move(page, holder, target.node):
        return _moved_block(page, found, source, parent, key)
    without = _remove(page, source)
    if found is not None and not holder.flow and len(holder.pairs) > 1 and page.leads(found[0].start):
        line, column = page.line_start(found[0].start), page.column(found[0].start)
        stay = "".join(f"{' ' * column}{comment}{page.manner.newline}" for comment in _comments(page, found[1], found[0].end))
        without = without[:line] + stay + without[line:]
    return _add(page_of(without), path, value)


def _can_move(page: Page, holder: Node, target: Node) -> bool:
    """Whether the lines themselves can go: from a block to a block, or to `{}`, which becomes one."""
    into_block = target.kind == "mapping" and (not target.flow or (not target.pairs and not in_flow(page, target)))
    return not holder.flow and len(holder.pairs) > 1 and into_block


def _moved_block(page: Page, found: tuple[Node, Node], source: str, parent: str, key: str) -> str:
    """The lines of an entry with their comments, cut out and put in elsewhere at another column."""
    start, end = found[0].start, page.line_end(page.tail(found[1]))
    head = render.piece(key, page.manner, found[0].style) + page.text[found[0].end : end]
    first, *rest = head.split(page.manner.newline)
    block = [first, *render.shifted(rest, -page.column(start))]
    rested = page_of(_remove(page, source))
    target = exact(rested, parent).node
    if not target.flow:
        return _below(rested, target, block)
    outer = holder_of(rested, target)
    if outer is None or outer[1] is None:
        raise NotEdited("there is no block to put it in")
    column = rested.column(outer[1].start) + 2
    line_end = rested.line_end(target.end)
    shown = rested.manner.newline.join(render.shifted(block, column))
    colon = rested.text.find(":", outer[1].end) + 1
    return rested.cut(colon, line_end, f"{rested.text[target.end : line_end].rstrip()}{rested.manner.newline}{shown}")
