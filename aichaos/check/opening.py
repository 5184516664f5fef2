"""A file's text becomes the objects that stand in it, each knowing where it stands; and what is wrong with the text itself is said."""

from collections.abc import Iterator
from typing import Any

import msgspec

from aichaos.check.rules import finding
from aichaos.check.templates import MARK, without_templates
from aichaos.domain.base import reference_of
from aichaos.domain.finding import Finding
from aichaos.errors import FileError, SyntaxProblem
from aichaos.files import yaml
from aichaos.files.yaml import Place


class Text(msgspec.Struct, frozen=True, kw_only=True):
    """plain: no `{{` can be in any value, not even by an escape; looking for it in each costs more than it seems. later: a `$` can be."""

    name: str
    content: str
    plain: bool = False
    later: bool = True


def text_of(name: str, content: str) -> Text:
    return Text(name=name, content=content, plain="{{" not in content and "\\" not in content, later="$" in content)


class Item(msgspec.Struct, frozen=True, kw_only=True):
    """One object and where it stands: its file, the document's number there, and for an item of a List its path in the document.

    odd: its plain scalars that are not what they look like.
    """

    value: Any
    text: Text
    index: int
    prefix: str = ""
    odd: tuple[yaml.Odd, ...] = ()


def opened(text: Text) -> tuple[list[Item], list[tuple[Item | None, Finding]]]:
    """The objects of a file up to the first place that is not YAML, and what is wrong with its text.

    Documents that are no YAML because of a placeholder hide no others: these are read as if the former were empty.
    """
    items, found, problem = _read(text)
    if problem is None:
        return items, found
    told: list[Finding] = []
    if MARK.search(text.content):
        content, told = without_templates(text.content, text.name)
    if told:
        items, found, problem = _read(msgspec.structs.replace(text, content=content))
    said = [*told, _unreadable(problem, text)] if problem is not None else told
    return items, [*found, *((None, one) for one in said)]


def _read(text: Text) -> tuple[list[Item], list[tuple[Item | None, Finding]], SyntaxProblem | None]:
    items: list[Item] = []
    found: list[tuple[Item | None, Finding]] = []
    try:
        for document in yaml.read(text.content, text.name):
            inside = list(_items(document.value, text, document.index, ""))
            if document.odd:
                inside = [_with_odd(item, document.odd) for item in inside]
            items += inside
            found += [_duplicate(pointer, place, inside, text) for pointer, place in document.duplicates]
    except SyntaxProblem as problem:
        return items, found, problem
    return items, found, None


def _with_odd(item: Item, odd: tuple[yaml.Odd, ...]) -> Item:
    inside = [one for one in odd if one.pointer.startswith(f"{item.prefix}/")]
    own = tuple(msgspec.structs.replace(one, pointer=one.pointer[len(item.prefix) :]) for one in inside)
    return msgspec.structs.replace(item, odd=own)


def at(one: Finding, text: Text, place: Place | None) -> Finding:
    line, column = place or (None, None)
    return msgspec.structs.replace(one, file=text.name, line=line, column=column)


def unread(name: str, error: FileError) -> Finding:
    """A file of several that can't be read."""
    if isinstance(error, SyntaxProblem):
        one = finding("file/unreadable", f"{error.problem}; nothing in this file was checked")
        return msgspec.structs.replace(one, file=name, line=error.line, column=error.column)
    return msgspec.structs.replace(finding("file/unreadable", f"{error}; nothing in it was checked"), file=name)


def empty(name: str) -> Finding:
    """A file that can be read and holds no document."""
    return msgspec.structs.replace(finding("file/empty", "nothing stands in this file"), file=name)


def _items(value: Any, text: Text, index: int, prefix: str) -> Iterator[Item]:
    """A List opened; an item of a typed list (`PodList`) carries no kind of its own: it follows from the list's."""
    if not _is_list(value):
        yield Item(value=value, text=text, index=index, prefix=prefix)
        return
    kind = value["kind"].removesuffix("List")
    for number, item in enumerate(value["items"]):
        named = {"apiVersion": value["apiVersion"], "kind": kind} | item if kind and isinstance(item, dict) else item
        yield from _items(named, text, index, f"{prefix}/items/{number}")


def _is_list(value: Any) -> bool:
    return (
        isinstance(value, dict)
        and isinstance(value.get("kind"), str)
        and value["kind"].endswith("List")
        and isinstance(value.get("apiVersion"), str)
        and isinstance(value.get("items"), list)
    )


def _duplicate(pointer: str, place: Place, items: list[Item], text: Text) -> tuple[Item | None, Finding]:
    """Said of the item that it stands in, or of the document where it is in none."""
    owner = next((item for item in items if item.prefix and pointer.startswith(f"{item.prefix}/")), None)
    owner = owner or next((item for item in items if not item.prefix), None)
    path = pointer[len(owner.prefix) :] if owner else pointer
    name = str(reference_of(owner.value)) if owner and isinstance(owner.value, dict) else ""
    message = f"the key {pointer.rpartition('/')[2]} stands twice; the server takes neither: keep one of the two"
    return owner, at(finding("yaml/duplicate-key", message, object=name, path=path), text, place)


def _unreadable(problem: SyntaxProblem, text: Text) -> Finding:
    hint = f"; {problem.hint[:1].lower()}{problem.hint[1:].rstrip('.')}" if problem.hint else ""
    one = finding("yaml/syntax", f"{problem.problem}{hint}; what follows in this file was not checked")
    return at(one, text, (problem.line, problem.column))
