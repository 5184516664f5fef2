"""`--fix`: corrections that are certain go into the text, and only what has been read again and found to be as meant comes out.

Nothing here writes a file. A correction that the text does not take (an alias that others use, say) is left, and said.
"""

from collections.abc import Callable
from itertools import pairwise
from typing import Any

import msgspec

from aichaos.check import fixes
from aichaos.check.documents import Review
from aichaos.check.opening import Item
from aichaos.domain.checked import Edit
from aichaos.domain.finding import Finding
from aichaos.errors import SyntaxProblem
from aichaos.files import nodes, yaml
from aichaos.files.edit import changed
from aichaos.files.nodes import Lines
from aichaos.files.page import NotEdited
from aichaos.files.plain import same

_ROUNDS = 10
"""A correction may bring another one to light (a kind that is known now); a chain of more than this is a circle."""

Look = Callable[[dict[str, str]], Review]
"""Checks texts, by the names of their files."""


class Corrected(msgspec.Struct, frozen=True, kw_only=True):
    """texts: the files that changed, by name. left: corrections that were not made, and why. review: what is found afterwards."""

    texts: dict[str, str]
    made: list[Finding]
    left: list[tuple[Finding, str]]
    review: Review


class _Wish(msgspec.Struct, frozen=True):
    """A finding, and the patch that its document (not only its item of a List) needs."""

    finding: Finding
    item: Item
    patch: list[fixes.Operation]

    @property
    def pointer(self) -> str:
        return self.item.prefix + self.finding.path

    @property
    def key(self) -> tuple[str, int, str, str]:
        return self.item.text.name, self.item.index, self.finding.rule, self.pointer


def correct(texts: dict[str, str], first: Review, look: Look) -> Corrected:
    """All corrections of a review, until none is left. A file in which they don't come to an end, or leave the finding, stays as it was."""
    now, review = dict(texts), first
    made: dict[tuple[str, int, str, str], Finding] = {}
    left: dict[tuple[str, int, str, str], tuple[Finding, str]] = {}
    for _ in range(_ROUNDS):
        wishes = [wish for wish in _wishes(review) if wish.key not in left]
        again = {wish.item.text.name for wish in wishes if wish.key in made}
        wishes = [wish for wish in wishes if wish.item.text.name not in again]
        if not wishes and not again:
            break
        for name in again:
            _give_up(name, now, texts, made, left)
        for name in {wish.item.text.name for wish in wishes}:
            mine = [wish for wish in wishes if wish.item.text.name == name]
            now[name], refused = _file(now[name], mine, templated=_has_template(name, review))
            left |= {wish.key: (wish.finding, why) for wish, why in refused}
            made |= {wish.key: wish.finding for wish in mine if wish.key not in left}
        review = look(now)
    for name in {name for name, *_ in made} & {key[0] for key in _keys(review) if key in made}:
        _give_up(name, now, texts, made, left)
        review = look(now)
    different = {name: text for name, text in now.items() if text != texts[name]}
    return Corrected(texts=different, made=list(made.values()), left=list(left.values()), review=review)


def edit(one: Finding, item: Item) -> Edit | None:
    """What the correction of a finding alone changes in its file; None where it has none, or the text does not take it."""
    patch = fixes.moved(one.fix, item.prefix)
    if patch is None:
        return None
    text, starts = item.text.content, nodes.bounds(item.text.content)
    start, end = starts[item.index], starts[item.index + 1]
    try:
        after = _patched(text[start:end], [patch.patch])
    except NotEdited:
        return None
    before = text[start:end]
    shorter = min(len(before), len(after))
    head = next((number for number in range(shorter) if before[number] != after[number]), shorter)
    tail = next((number for number in range(shorter - head) if before[-1 - number] != after[-1 - number]), shorter - head)
    lines = Lines(text)
    return Edit(start=lines.place(start + head), end=lines.place(end - tail), text=after[head : len(after) - tail])


def _give_up(name: str, now: dict[str, str], texts: dict[str, str], made: dict[Any, Finding], left: dict[Any, tuple[Finding, str]]) -> None:
    """A file goes back to what it was: a correction that leaves its finding is none."""
    now[name] = texts[name]
    for key in [key for key in made if key[0] == name]:
        left[key] = made.pop(key), "the same would be found again afterwards: nothing was changed in this file"


def _wishes(review: Review) -> list[_Wish]:
    return [
        _Wish(one, item, fix.patch)
        for one, item in zip(review.findings, review.origins, strict=True)
        if item is not None and one.severity in ("error", "warning") and (fix := fixes.moved(one.fix, item.prefix)) is not None
    ]


def _keys(review: Review) -> list[tuple[str, int, str, str]]:
    pairs = zip(review.findings, review.origins, strict=True)
    return [(item.text.name, item.index, one.rule, item.prefix + one.path) for one, item in pairs if item is not None]


def _has_template(name: str, review: Review) -> bool:
    return any(one.rule == "yaml/template" and one.file == name for one in review.findings)


def _file(text: str, wishes: list[_Wish], *, templated: bool) -> tuple[str, list[tuple[_Wish, str]]]:
    """The text of a file after the corrections of its documents, each of which is changed by itself; and what could not be done."""
    if templated:
        return text, [(wish, "the file is a template") for wish in wishes]
    starts = nodes.bounds(text)
    pieces = [text[start:end] for start, end in pairwise(starts)]
    refused: list[tuple[_Wish, str]] = []
    for index in {wish.item.index for wish in wishes}:
        root = nodes.documents(pieces[index], {0})[0]
        mine = sorted((wish for wish in wishes if wish.item.index == index), key=_order, reverse=True)
        mine.sort(key=lambda wish: nodes.find(root, wish.pointer).used is not None)  # what is written first, then what repeats it
        pieces[index], left = _document(pieces[index], mine)
        refused += left
    return "".join(pieces), refused


def _order(wish: _Wish) -> list[tuple[int, str]]:
    """From the end of a document to its beginning, so that no place in a list moves before its turn."""
    return [(int(part), "") if part.isdecimal() else (-1, part) for part in wish.pointer.split("/")]


def _document(piece: str, wishes: list[_Wish]) -> tuple[str, list[tuple[_Wish, str]]]:
    """All at once (two that share an anchor need each other) or, where that does not work out, each that works by itself."""
    try:
        return _patched(piece, [wish.patch for wish in wishes]), []
    except NotEdited as error:
        if len(wishes) == 1:
            return piece, [(wishes[0], str(error))]
    left = []
    for wish in wishes:
        try:
            piece = _patched(piece, [wish.patch])
        except NotEdited as error:
            left.append((wish, str(error)))
    return piece, left


def _patched(piece: str, patches: list[list[fixes.Operation]]) -> str:
    """The text of a document after some patches, read again and compared with its data after them. Raises NotEdited."""
    try:
        wanted = _data(piece)
        for patch in patches:
            for operation in patch:
                now, there = fixes.applied(wanted, [operation]), _data(piece)
                piece = piece if same(there, now) or _is_done(there, operation) else changed(piece, operation)
                wanted = now
        if same(_data(piece), wanted):
            return piece
    except (LookupError, ValueError, TypeError) as error:
        raise NotEdited("the correction does not fit the document as it is") from error
    raise NotEdited("what would be changed is used elsewhere, too, or written in a way that can't be changed piece by piece")


def _is_done(there: Any, operation: fixes.Operation) -> bool:
    """Whether what is written elsewhere, behind an anchor, has brought the value already."""
    return operation["op"] == "replace" and same(fixes.applied(there, [operation]), there)


def _data(piece: str) -> Any:
    """What stands in a document; nothing in it is shared, so that a patch changes one place only."""
    try:
        (value,) = yaml.load(piece, "")
    except SyntaxProblem as error:
        raise NotEdited("the text would not be YAML any more") from error
    return _unshared(value)


def _unshared(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _unshared(held) for key, held in value.items()}
    return [_unshared(held) for held in value] if isinstance(value, list) else value
