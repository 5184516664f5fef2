"""A long list looked at by two processes, each a half: what is checked of one object needs no other's answer.

A fork, because what the work stands on (schemas, the cluster) is in memory already and costs nothing to hand over. What the other process
can't do, for whatever reason, is done here: it only ever saves time.
"""

import os
import signal
import threading
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import Any, TypeVar

import msgspec

from aichaos.check.opening import Item, Text
from aichaos.domain.finding import Finding
from aichaos.files.yaml import Odd

Piece = TypeVar("Piece")
Result = TypeVar("Result")

Placed = list[tuple[Item | None, Finding]]
"""Findings, each with the object that it is about."""

_MANY = 100_000
_TOO_MANY = 20_000_000
"""Characters: of fewer a second process saves nothing, and with more it would need too much memory."""


def halved(
    pieces: Sequence[Piece],
    work: Callable[[Sequence[Piece]], Result],
    packed: Callable[[Result, Sequence[Piece]], bytes],
    unpacked: Callable[[bytes, Sequence[Piece]], Result],
    length: int,
) -> list[Result]:
    """What `work` makes of the pieces, in their order: one result or, of two halves, two. Neither half may need what the other changes.

    packed, unpacked: a result as bytes and back, the latter given the pieces that it is about. length: of the text that they are,
    in characters.
    """
    if not _MANY <= length <= _TOO_MANY or len(pieces) < 2 or not _possible():
        return [work(pieces)]
    middle = len(pieces) // 2
    ours, theirs = pieces[:middle], pieces[middle:]
    try:
        result, process = _elsewhere(lambda: packed(work(theirs), theirs))
    except OSError:  # no room for another process
        return [work(pieces)]
    first = work(ours)
    with open(result, "rb") as pipe:
        answer = pipe.read()
    _, status = os.waitpid(process, 0)
    return [first, unpacked(answer, theirs) if status == 0 else work(theirs)]


def _possible() -> bool:
    """Not with threads about, of which a fork would have none; nor on one core."""
    return hasattr(os, "fork") and threading.active_count() == 1 and _cores() > 1


def _cores() -> int:
    """Those that we may use, where the system tells it (macOS does not)."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _elsewhere(work: Callable[[], bytes]) -> tuple[int, int]:
    """A process that does it: where its answer comes from, and its number. It says nothing itself, and dies with Ctrl-C as we do.
    Raises OSError."""
    reader, writer = os.pipe()
    try:
        process = os.fork()
    except OSError:
        os.close(reader)
        os.close(writer)
        raise
    if process:
        os.close(writer)
        return reader, process
    with suppress(BaseException):
        signal.signal(signal.SIGINT, signal.SIG_DFL)
        os.close(reader)
        with open(writer, "wb") as pipe:
            pipe.write(work())
        os._exit(0)
    os._exit(1)


# how a half is handed over -------------------------------------------------------------------------------------------------------


class _Half(msgspec.Struct, array_like=True, gc=False):
    """items: the number of their text among those of the half, or a text that was changed, and what they are. found: with the number of
    their object."""

    items: list[tuple[int | Text, Any, int, str, tuple[Odd, ...]]]
    found: list[tuple[int | None, Finding]]


def _numbered(found: Placed, items: Sequence[Item]) -> list[tuple[int | None, Finding]]:
    numbers = {id(item): number for number, item in enumerate(items)}
    return [(None if item is None else numbers[id(item)], one) for item, one in found]


def _with_items(found: list[tuple[int | None, Finding]], items: Sequence[Item]) -> Placed:
    return [(None if number is None else items[number], one) for number, one in found]


def items_packed(half: tuple[list[Item], Placed], texts: Sequence[Text]) -> bytes:
    items, found = half
    numbers = {id(text): number for number, text in enumerate(texts)}
    plain = [(numbers.get(id(item.text), item.text), item.value, item.index, item.prefix, item.odd) for item in items]
    return msgspec.msgpack.encode(_Half(plain, _numbered(found, items)))


def items_unpacked(answer: bytes, texts: Sequence[Text]) -> tuple[list[Item], Placed]:
    half = msgspec.msgpack.decode(answer, type=_Half)
    items = [
        Item(value=value, text=texts[text] if isinstance(text, int) else text, index=index, prefix=prefix, odd=odd)
        for text, value, index, prefix, odd in half.items
    ]
    return items, _with_items(half.found, items)


def found_packed(found: Placed, items: Sequence[Item]) -> bytes:
    return msgspec.msgpack.encode(_Half([], _numbered(found, items)))


def found_unpacked(answer: bytes, items: Sequence[Item]) -> Placed:
    return _with_items(msgspec.msgpack.decode(answer, type=_Half).found, items)
