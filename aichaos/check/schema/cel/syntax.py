"""An expression as a tree of tuples, by the grammar of the CEL specification, with the macros that the API server has."""

import re
from typing import Any

Tree = tuple[Any, ...]
"""A node: its kind, and what belongs to it."""

MAX_LENGTH = 100_000
MAX_DEPTH = 60

_TOKEN = re.compile(
    r"""(?P<space>[\s]+|//[^\n]*)
    |(?P<float>[0-9]+\.[0-9]+(?:[eE][+-]?[0-9]+)?|[0-9]+[eE][+-]?[0-9]+|\.[0-9]+(?:[eE][+-]?[0-9]+)?)
    |(?P<int>0[xX][0-9a-fA-F]+[uU]?|[0-9]+[uU]?)
    |(?P<string>[rR]?[bB]?[rR]?(?:\"\"\"|'''|\"|'))
    |(?P<name>[A-Za-z_][A-Za-z0-9_]*|`[A-Za-z0-9_./ -]+`)
    |(?P<op>\|\||&&|==|!=|<=|>=|[-+*/%!<>?:.,()\[\]{}])""",
    re.VERBOSE | re.ASCII,
)
_SIMPLE_ESCAPES = {"a": "\a", "b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t", "v": "\v"}
_SIMPLE_ESCAPES |= {mark: mark for mark in "\\?\"'`"}
_DIGITS = {"x": 2, "X": 2, "u": 4, "U": 8}
_RELATIONS = ("==", "!=", "<", "<=", ">", ">=", "in")
_ONE_VARIABLE = {"all": 2, "exists": 2, "exists_one": 2, "existsOne": 2, "filter": 2}
_TWO_VARIABLES = {"all": 3, "exists": 3, "existsOne": 3}
_TRANSFORMS = ("transformList", "transformMap", "transformMapEntry")


class SyntaxProblemError(Exception):
    """The expression is none."""


class UInt(int):
    """An unsigned number: `5u`. It is its own type, and equal to the signed one."""

    __slots__ = ()


def parse(text: str) -> Tree:
    """Raises SyntaxProblemError."""
    if len(text) > MAX_LENGTH:
        raise SyntaxProblemError(f"longer than {MAX_LENGTH:,} characters")
    parser = _Parser(_tokens(text))
    tree = parser.expression()
    if parser.kind != "end":
        raise SyntaxProblemError(f"{parser.value!r} is not expected there")
    return tree


def _tokens(text: str) -> list[tuple[str, Any]]:
    found: list[tuple[str, Any]] = []
    at = 0
    while at < len(text):
        match = _TOKEN.match(text, at)
        if match is None:
            raise SyntaxProblemError(f"{text[at]!r} is not expected there")
        at = match.end()
        kind = str(match.lastgroup)
        if kind == "string":
            value, at = _string(text, match.group(), at)
            found.append(("literal", value))
        elif kind == "int":
            found.append(("literal", _integer(match.group())) if not _is_minimum(match.group(), found) else ("minimum", None))
        elif kind == "float":
            found.append(("literal", float(match.group())))
        elif kind != "space":
            found.append((kind, match.group()))
    found.append(("end", ""))
    return found


def _is_minimum(digits: str, before: list[tuple[str, Any]]) -> bool:
    """-2^63 is a number although 2^63 is none."""
    return digits == "9223372036854775808" and bool(before) and before[-1] == ("op", "-")


def _integer(digits: str) -> int:
    unsigned = digits[-1] in "uU"
    body = digits[:-1] if unsigned else digits
    value = int(body, 16) if body[:2] in ("0x", "0X") else int(body)
    if value >= 2 ** (64 if unsigned else 63):
        raise SyntaxProblemError(f"{digits} is too large")
    return UInt(value) if unsigned else value


def _string(text: str, start: str, at: int) -> tuple[str | bytes, int]:
    quote = start.lstrip("rRbB")
    prefix = start[: len(start) - len(quote)].lower()
    end = at
    while not text.startswith(quote, end):
        if end >= len(text) or (len(quote) == 1 and text[end] in "\r\n"):
            raise SyntaxProblemError("a text that does not end")
        end += 2 if text[end] == "\\" and "r" not in prefix else 1
    body, is_bytes = text[at:end], "b" in prefix
    value = body if "r" in prefix else _unescaped(body, is_bytes=is_bytes)
    if not is_bytes:
        return value, end + len(quote)
    return value.encode() if "r" in prefix else _bytes(value), end + len(quote)


def _bytes(value: str) -> bytes:
    return b"".join(bytes([ord(each) - 0xDC00]) if 0xDC00 <= ord(each) <= 0xDCFF else each.encode() for each in value)


def _unescaped(body: str, *, is_bytes: bool) -> str:
    """In bytes an escape is one byte; it stands as a lone surrogate until the bytes are made."""
    if "\\" not in body:
        return body
    parts, at = [], 0
    while at < len(body):
        if body[at] != "\\":
            parts.append(body[at])
            at += 1
            continue
        letter = body[at + 1 : at + 2]
        if letter in _SIMPLE_ESCAPES:
            parts.append(_SIMPLE_ESCAPES[letter])
            at += 2
            continue
        digits = body[at + 2 : at + 2 + _DIGITS[letter]] if letter in _DIGITS else body[at + 1 : at + 4]
        try:
            code = int(digits, 16 if letter in _DIGITS else 8)
            short = letter in ("x", "X") or letter not in _DIGITS
            parts.append(chr(0xDC00 + code) if is_bytes and short and code < 256 else chr(code))
        except (ValueError, OverflowError) as error:
            raise SyntaxProblemError(f"\\{letter} is no escape") from error
        at += (2 if letter in _DIGITS else 1) + len(digits)
    return "".join(parts)


class _Parser:
    def __init__(self, tokens: list[tuple[str, Any]]) -> None:
        self._tokens = tokens
        self._at = 0
        self._depth = 0

    @property
    def kind(self) -> str:
        return self._tokens[self._at][0]

    @property
    def value(self) -> Any:
        return self._tokens[self._at][1]

    def _is(self, *operators: str) -> bool:
        return self.kind in ("op", "name") and self.value in operators

    def _accept(self, operator: str) -> bool:
        if self.kind == "op" and self.value == operator:
            self._at += 1
            return True
        return False

    def _expect(self, operator: str) -> None:
        if not self._accept(operator):
            raise SyntaxProblemError(f"{operator!r} is expected, not {str(self.value)[:20]!r}")

    def expression(self) -> Tree:
        self._depth += 1
        if self._depth > MAX_DEPTH:
            raise SyntaxProblemError(f"nested more than {MAX_DEPTH} levels deep")
        tree = self._binary(0)
        if self._accept("?"):
            then = self._binary(0)
            self._expect(":")
            tree = ("if", tree, then, self.expression())
        self._depth -= 1
        return tree

    _LEVELS = (("||",), ("&&",), _RELATIONS, ("+", "-"), ("*", "/", "%"))

    def _binary(self, level: int) -> Tree:
        if level == len(self._LEVELS):
            return self._unary()
        tree = self._binary(level + 1)
        while self._is(*self._LEVELS[level]):
            operator = self.value
            self._at += 1
            right = self._binary(level + 1)
            tree = (operator, tree, right) if operator in ("||", "&&") else ("binary", operator, tree, right)
        return tree

    def _unary(self) -> Tree:
        for operator in ("!", "-"):
            count = 0
            while self._accept(operator):
                count += 1
            if count:
                return self._signed(operator, count)
        return self._member()

    def _signed(self, operator: str, count: int) -> Tree:
        if operator == "-" and self.kind == "minimum":
            self._at += 1
            count, tree = count - 1, ("literal", -(2**63))
        elif operator == "-" and self.kind == "literal" and type(self.value) in (int, float) and self._tokens[self._at + 1] != ("op", "."):
            count, tree = count - 1, ("literal", -self.value)
            self._at += 1
        else:
            tree = self._member()
        return ("unary", operator, tree) if count % 2 else tree if count == 0 else ("unary", operator, ("unary", operator, tree))

    def _member(self) -> Tree:
        tree = self._primary()
        while True:
            if self._accept("."):
                optional = self._accept("?")
                name = self._name()
                tree = self._call(name, tree) if not optional and self._accept("(") else ("select", tree, name, optional)
            elif self._accept("["):
                optional = self._accept("?")
                index = self.expression()
                self._expect("]")
                tree = ("index", tree, index, optional)
            else:
                return tree

    def _name(self) -> str:
        if self.kind != "name":
            raise SyntaxProblemError(f"a name is expected, not {str(self.value)[:20]!r}")
        name: str = self.value
        self._at += 1
        return name[1:-1] if name[0] == "`" else name

    def _primary(self) -> Tree:
        kind, value = self.kind, self.value
        if kind == "literal":
            self._at += 1
            return ("literal", value)
        if self._accept("("):
            tree = self.expression()
            self._expect(")")
            return tree
        if self._accept("["):
            return ("list", self._items("]"))
        if self._accept("{"):
            return ("map", self._entries())
        leading = self._accept(".")
        if self.kind != "name":
            raise SyntaxProblemError(f"{str(value)[:20] or 'an end'!r} is not expected there")
        name = self._name()
        if name in ("true", "false", "null") and not leading:
            return ("literal", {"true": True, "false": False, "null": None}[name])
        return self._call(name, None) if self._accept("(") else ("name", name)

    def _items(self, end: str) -> list[tuple[Tree, bool]]:
        items: list[tuple[Tree, bool]] = []
        while not self._accept(end):
            optional = self._accept("?")
            items.append((self.expression(), optional))
            if not self._accept(","):
                self._expect(end)
                break
        return items

    def _entries(self) -> list[tuple[Tree, Tree, bool]]:
        entries: list[tuple[Tree, Tree, bool]] = []
        while not self._accept("}"):
            optional = self._accept("?")
            key = self.expression()
            self._expect(":")
            entries.append((key, self.expression(), optional))
            if not self._accept(","):
                self._expect("}")
                break
        return entries

    def _call(self, name: str, target: Tree | None) -> Tree:
        arguments = [item for item, _ in self._items(")")]
        macro = _macro(name, target, arguments)
        return macro if macro is not None else ("call", name, target, arguments)


def _macro(name: str, target: Tree | None, arguments: list[Tree]) -> Tree | None:
    if target is None:
        if name != "has" or len(arguments) != 1:
            return None
        if arguments[0][0] != "select":
            raise SyntaxProblemError("has() takes a field, as in has(self.name)")
        return ("has", arguments[0][1], arguments[0][2])
    count = len(arguments)
    if name in ("optMap", "optFlatMap") and count == 2:
        return (name, target, _variable(arguments[0]), arguments[1])
    if (name in _ONE_VARIABLE and count == 2) or (name == "map" and count in (2, 3)):
        return ("each", name, target, (_variable(arguments[0]),), arguments[1:])
    if (name in _TWO_VARIABLES and count == 3) or (name in _TRANSFORMS and count in (3, 4)):
        return ("each", name, target, (_variable(arguments[0]), _variable(arguments[1])), arguments[2:])
    return None


def _variable(tree: Tree) -> str:
    if tree[0] != "name":
        raise SyntaxProblemError("a macro's variable is a plain name")
    name: str = tree[1]
    return name
