"""The one YAML (and JSON) reader.

It is driven by libyaml's events, not by recursion: text can come from a model or a stranger, and neither deep nesting nor
aliases of aliases may cost a stack or a memory. Plain scalars mean what they mean to the API server (`scalars.py`).
Positions cost time, so they are worked out elsewhere (`nodes.py`), and only when somebody asks.
"""

import base64
import math
from collections.abc import Iterator
from typing import Any

import msgspec
import yaml
from yaml._yaml import CParser

from aichaos.errors import SyntaxProblem
from aichaos.files.scalars import key_text, oddity, resolve

MAX_DEPTH = 100
MAX_EXPANSION = 1_000_000
"""Values that aliases may stand for in one document, counted as if each were written out."""

Event = Any
"""One of libyaml's events; the stubs know only their common base, which has none of the fields."""

_SCALAR: type = yaml.ScalarEvent
_BORDERS = frozenset({yaml.StreamStartEvent, yaml.StreamEndEvent, yaml.DocumentStartEvent, yaml.DocumentEndEvent})

Place = tuple[int, int]
"""Line and column, from 1."""


class Odd(msgspec.Struct, frozen=True):
    """A plain scalar that is not what it looks like: where it stands, how it is written, and whether it is a key."""

    pointer: str
    text: str
    key: bool


class Document(msgspec.Struct, frozen=True, kw_only=True):
    """One document of a file. `index` counts from 0; `duplicates` are the JSON Pointers of keys that stand twice, with their place."""

    value: Any
    file: str
    index: int
    line: int
    duplicates: tuple[tuple[str, Place], ...] = ()
    odd: tuple[Odd, ...] = ()


class _NoKey:
    """Marks a mapping whose next scalar is a key; no value that a document can hold."""


_NO_KEY = _NoKey()


class _Frame:
    """A collection that is being read: what it holds so far, and the key that waits for its value."""

    __slots__ = ("anchor", "data", "key", "mapping", "merges", "size")

    def __init__(self, data: Any, anchor: str | None, size: int, *, mapping: bool) -> None:
        self.data = data
        self.anchor = anchor
        self.mapping = mapping
        self.key: str | _NoKey | None = _NO_KEY
        self.merges: list[Any] = []
        self.size = size

    @property
    def part(self) -> str:
        """Where the next value goes, as a piece of a JSON Pointer; what is merged in stands where it is merged to."""
        if not self.mapping:
            return f"/{len(self.data)}"
        return f"/{escape(self.key)}" if isinstance(self.key, str) else ""


def read(text: str, file: str) -> Iterator[Document]:
    """The documents of a text, in order, empty ones left out. Raises SyntaxProblem at the first place that is not YAML."""
    index = 0
    builder = _Builder(file)
    try:
        next_event, feed = CParser(text).get_event, builder.feed
        while (event := next_event()) is not None:
            kind = type(event)
            if kind not in _BORDERS:
                feed(event)
            elif kind is yaml.DocumentStartEvent:
                builder = _Builder(file)
                feed = builder.feed
            elif kind is yaml.DocumentEndEvent:
                if not builder.empty:
                    yield builder.document(index)
                index += 1
    except yaml.MarkedYAMLError as error:
        raise _problem(error, file, text) from error
    except (yaml.YAMLError, UnicodeEncodeError) as error:
        raise _unmarked(text, file, str(error)) from error


def load(text: str, file: str) -> list[Any]:
    """The values of all documents; a key that stands twice is a SyntaxProblem, as it is to `kubectl apply`."""
    values = []
    for document in read(text, file):
        if document.duplicates:
            pointer, (line, column) = document.duplicates[0]
            raise SyntaxProblem(f"the key {pointer} is already set", file=file, line=line, column=column, hint="Keep one of the two.")
        values.append(document.value)
    return values


def escape(key: str) -> str:
    """A key as one segment of a JSON Pointer (RFC 6901)."""
    return key.replace("~", "~0").replace("/", "~1") if "~" in key or "/" in key else key


class _Builder:
    """Builds the value of one document from its events."""

    def __init__(self, file: str) -> None:
        self.file = file
        self.value: Any = None
        self.empty = True
        self.line = 1
        self.duplicates: list[tuple[str, Place]] = []
        self.odd: list[Odd] = []
        self._stack: list[_Frame] = []
        self._anchors: dict[str, tuple[Any, int]] = {}
        self._open: set[str] = set()
        self._size = 0

    def document(self, index: int) -> Document:
        return Document(
            value=self.value, file=self.file, index=index, line=self.line, duplicates=tuple(self.duplicates), odd=tuple(self.odd)
        )

    def feed(self, event: Event) -> None:
        kind = type(event)
        if kind is _SCALAR:
            text = event.value
            value = self._tagged(event) if event.tag else text if event.style else resolve(text)
            frame = self._stack[-1] if self._stack else None
            if value is not text and oddity(text) and not event.tag:
                self._odd(value, text, frame)
            if frame is None or not frame.mapping or frame.key is not _NO_KEY:
                self._scalar(value, event, frame)
            elif type(value) is str and value != "<<" and value not in frame.data:
                frame.key = value  # what nearly every key is
            else:
                self._key(frame, value, event)
        elif kind is yaml.MappingStartEvent:
            self._start(event, {}, mapping=True)
        elif kind is yaml.SequenceStartEvent:
            self._start(event, [], mapping=False)
        elif kind is yaml.AliasEvent:
            self._alias(event)
        else:
            self._end()

    def _odd(self, value: Any, text: str, frame: _Frame | None) -> None:
        is_key = frame is not None and frame.mapping and frame.key is _NO_KEY
        pointer = "".join(one.part for one in self._stack)
        self.odd.append(Odd(f"{pointer}/{escape(key_text(value) or '')}" if is_key else pointer, text, is_key))

    def _tagged(self, event: Event) -> Any:
        try:
            return tagged(event.tag, event.value)
        except ValueError as error:
            raise self._error("the text behind !!binary is no base64", event) from error

    def _scalar(self, value: Any, event: Event, frame: _Frame | None) -> None:
        if type(value) is float and not math.isfinite(value):
            raise self._error(f"{event.value} is no number to the server; write it in quotes if it is a text", event)
        if event.anchor:
            self._anchors[event.anchor] = (value, 1)
        self._grow(1, event)
        if frame is not None and type(frame.key) is str:
            frame.data[frame.key] = value
            frame.key = _NO_KEY
        else:
            self._put(value, event)

    def _key(self, frame: _Frame, value: Any, event: Event) -> None:
        if value == "<<" and not event.style:
            frame.key = None
            return
        key = value if type(value) is str else key_text(value)
        if key is None:
            raise self._error("null is no key" if value is None else "a number this large is no key; write it in quotes", event)
        frame.key = key
        if key in frame.data:
            self.duplicates.append(("".join(one.part for one in self._stack), _place(event)))

    def _start(self, event: Event, data: Any, *, mapping: bool) -> None:
        if len(self._stack) >= MAX_DEPTH:
            raise self._error(f"nested more than {MAX_DEPTH} levels deep", event)
        frame = self._stack[-1] if self._stack else None
        if frame is not None and frame.mapping and frame.key is _NO_KEY:
            raise self._error("a mapping or a sequence is no key", event)
        if event.anchor:
            self._open.add(event.anchor)
        self._grow(1, event)
        self._stack.append(_Frame(data, event.anchor, self._size, mapping=mapping))
        if frame is None:
            self.line = event.start_mark.line + 1

    def _end(self) -> None:
        frame = self._stack.pop()
        for merged in frame.merges:
            for key, value in merged.items():
                frame.data.setdefault(key, value)
        if frame.anchor:
            self._anchors[frame.anchor] = (frame.data, self._size - frame.size + 1)
            self._open.discard(frame.anchor)
        self._put(frame.data, None)

    def _alias(self, event: Event) -> None:
        if event.anchor in self._open:
            raise self._error(f"the alias *{event.anchor} stands inside its own anchor", event)
        if event.anchor not in self._anchors:
            raise self._error(f"the alias *{event.anchor} has no anchor before it", event)
        value, size = self._anchors[event.anchor]
        frame = self._stack[-1] if self._stack else None
        if frame is not None and frame.mapping and frame.key is _NO_KEY:
            if isinstance(value, (dict, list)):
                raise self._error("a mapping or a sequence is no key", event)
            self._key(frame, value, event)
            return
        self._grow(size, event)
        self._put(value, event)

    def _grow(self, size: int, event: Event) -> None:
        self._size += size
        if self._size > MAX_EXPANSION and self._anchors:
            raise self._error(f"its aliases stand for more than {MAX_EXPANSION:,} values", event)

    def _put(self, value: Any, event: Event | None) -> None:
        if not self._stack:
            self.value = value
            self.empty = value is None
            return
        frame = self._stack[-1]
        if not frame.mapping:
            frame.data.append(value)
        elif type(frame.key) is str:
            frame.data[frame.key] = value
            frame.key = _NO_KEY
        else:
            self._merge(frame, value, event)

    def _merge(self, frame: _Frame, value: Any, event: Event | None) -> None:
        merged = value if isinstance(value, list) else [value]
        if not all(isinstance(part, dict) for part in merged):
            raise (
                SyntaxProblem("`<<` merges mappings only", file=self.file, line=self.line, column=1)
                if event is None
                else self._error("`<<` merges mappings only", event)
            )
        frame.merges.extend(merged)
        frame.key = _NO_KEY

    def _error(self, problem: str, event: Event) -> SyntaxProblem:
        line, column = _place(event)
        return SyntaxProblem(problem, file=self.file, line=line, column=column)


def tagged(tag: str, text: str) -> Any:
    """What a scalar with a tag means. Raises ValueError for a !!binary that is none (line ends in it don't count)."""
    if tag == "tag:yaml.org,2002:binary":
        return base64.b64decode(text.replace("\r", "").replace("\n", ""), validate=True).decode(errors="replace")
    return text if tag in ("!", "tag:yaml.org,2002:str") else resolve(text)


def _place(event: Event) -> Place:
    return event.start_mark.line + 1, event.start_mark.column + 1


def _problem(error: yaml.MarkedYAMLError, file: str, text: str) -> SyntaxProblem:
    mark: Any = error.problem_mark or error.context_mark
    line, column = (mark.line + 1, mark.column + 1) if mark else (1, 1)
    context = f" {error.context}" if error.context else ""
    hint = _hint(error.problem or "", text[mark.index : mark.index + 1] if mark else "")
    return SyntaxProblem(f"{error.problem or 'not YAML'}{context}", file=file, line=line, column=column, hint=hint)


def _hint(problem: str, character: str) -> str:
    if character == "\t" or "tab" in problem:
        return "Indent with spaces; YAML has no tabs."
    if "cannot start any token" in problem and character:
        return f"Write a text that begins with {character} in quotes."
    return ""


def _unmarked(text: str, file: str, problem: str) -> SyntaxProblem:
    """libyaml gives no place for a character that may not stand in YAML: find the first one."""
    for number, line in enumerate(text.split("\n"), 1):
        for column, character in enumerate(line, 1):
            if not (character.isprintable() or character in "\t\r\x85\xa0\u2028\u2029\ufeff\u3000\u00ad"):
                return SyntaxProblem(f"the character U+{ord(character):04X} may not stand in YAML", file=file, line=number, column=column)
    return SyntaxProblem(problem.splitlines()[0], file=file, line=1, column=1)


class _Dumper(yaml.CSafeDumper):
    """Writes what the reader above, kubectl and people read the same way."""

    def ignore_aliases(self, data: Any) -> bool:
        return True


def _text(dumper: _Dumper, value: str) -> yaml.ScalarNode:
    if "\n" in value:
        return dumper.represent_scalar("tag:yaml.org,2002:str", value, style="|")
    misread = resolve(value) is not value and resolve(value) != value
    return dumper.represent_scalar("tag:yaml.org,2002:str", value, style='"' if misread else None)


_Dumper.add_representer(str, _text)


def dump(value: Any) -> str:
    """A value as YAML, keys in the order in which they stand."""
    text: str = yaml.dump(value, Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=120, default_flow_style=False)
    return text


def inline(value: Any) -> str:
    """A value on one line, in flow style, as it may stand anywhere in a text, inside `[]` and `{}` too."""
    text: str = yaml.dump([value], Dumper=_Inline, sort_keys=False, allow_unicode=True, width=2**31 - 1, default_flow_style=True)
    return text.strip()[1:-1]


class _Inline(_Dumper):
    """No text over several lines: what is inserted must not depend on where it is inserted."""


def _one_line(dumper: _Dumper, value: str) -> yaml.ScalarNode:
    misread = resolve(value) is not value and resolve(value) != value
    return dumper.represent_scalar("tag:yaml.org,2002:str", value, style='"' if misread or "\n" in value else None)


_Inline.add_representer(str, _one_line)
