"""Text that should have stood in quotes: what most often makes the YAML of an answer unreadable.

`title: Scale to zero: what happens` is no YAML, and can only mean one thing. A value is put into quotes where it can't be read without
them; lines stay where they are, so that places in the text stay true. Only text that could not be read at all comes here.
"""

import re

_ENTRY = re.compile(r"(?P<head> *(?:- +)*)(?P<key>(?:[A-Za-z_][\w./-]*|\"[^\"]*\"|'[^']*')\s*:(?: +|$))?(?P<value>.*)")
_BLOCK = re.compile(r"[|>][+-]?\d?[+-]?\s*(?:#.*)?")
_WHOLE = re.compile(r"(?:\"(?:[^\"\\]|\\.)*\"|'(?:[^']|'')*')\s*(?:#.*)?,?")
_NAMED_QUERY = re.compile(
    r"(?P<open>\[?)\s*\{\s*name:\s*(?P<name>.+?),\s*(?P<key>query|promql|expr):\s*(?P<query>.+?)\s*\}\s*(?P<close>\]?)"
)
_QUERIES = frozenset({"query", "promql", "expr"})
_COLON = re.compile(r":(?: |$)")


def quoted(text: str) -> tuple[str, int | None]:
    """The text with quotes around what needs them, and the first line (from 0) that got some; None where none did."""
    lines = text.split("\n")
    first: int | None = None
    at = 0
    while at < len(lines):
        match = _ENTRY.fullmatch(lines[at])
        start, at = at, at + 1
        if match is None or not match["value"] or not (match["key"] or "-" in match["head"]):
            continue
        indent = len(match["head"]) if match["key"] else match["head"].rindex("-")
        while at < len(lines) and _goes_on(lines[at], indent):
            at += 1
        if _BLOCK.fullmatch(match["value"]):
            continue  # a block of text needs no quotes
        kept = lines[start][: match.start("value")]
        now = _value("\n".join([match["value"], *lines[start + 1 : at]]), (match["key"] or "").strip(" :\"'"))
        if now is None:
            at = start + 1
        else:
            lines[start:at] = (kept + now).split("\n")
            first = start if first is None else first
    return "\n".join(lines), first


def _goes_on(line: str, indent: int) -> bool:
    """Whether a line belongs to the value that began before it: it is further in."""
    return bool(line.strip()) and len(line) - len(line.lstrip(" ")) > indent


def _value(value: str, key: str) -> str | None:
    """A value in quotes; None where it needs none, or is more than a text."""
    value = value.rstrip()
    start = value[0]
    if key in _QUERIES and start not in "\"'":
        return _single(value)
    if start in "\"'":
        inner = value[1:-1] if len(value) > 1 and value[-1] == start else value
        return None if _WHOLE.fullmatch(value) or start not in value[1:] else _single(inner)
    named = _NAMED_QUERY.fullmatch(value) if start in "{[" else None
    if named:
        inner = f"{{name: {_single(_bare(named['name']))}, {named['key']}: {_single(_bare(named['query']))}}}"
        return named["open"] + inner + named["close"]
    if start in "{[&!":
        return None
    plain = value.partition(" #")[0].rstrip()
    if start in "|>@`%" or value.startswith("*.") or _COLON.search(plain):
        return _single(plain) + value[len(plain) :]
    return None


def _bare(text: str) -> str:
    return text[1:-1] if len(text) > 1 and text[0] == text[-1] and text[0] in "\"'" else text


def _single(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"
