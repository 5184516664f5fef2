"""CEL expressions for definitions: some that fit a type, some that don't, and what becomes of one whose words are changed."""

import functools
import random
import re
from pathlib import Path

from aichaos.files import yaml

FILE = Path(__file__).parent / "definitions" / "expressions.yaml"

Rng = random.Random

_WORD = re.compile(r"[A-Za-z_][A-Za-z0-9_]*|[0-9]+(?:\.[0-9]+)?|'[^']*'|[=!<>]=|[-+*/%<>]|&&|\|\|")
_OPERATORS = ["==", "!=", "<", ">", "<=", ">=", "+", "-", "*", "/", "%", "&&", "||", "in"]
_LITERALS = ["1", "1.5", "'a'", "true", "null", "2u", "[]", "{}", "b'a'", "['a']", "{'a': 1}", "duration('1s')", "'abc'", "0"]
_NAMES = [
    "self",
    "oldSelf",
    "size",
    "x",
    "string",
    "int",
    "double",
    "matches",
    "contains",
    "all",
    "exists",
    "map",
    "filter",
    "has",
    "split",
]
_NAMES += ["startsWith", "lowerAscii", "type", "quantity", "ip", "dyn", "isSorted", "orValue", "hasValue", "name", "spec", "metadata"]


@functools.cache
def _known() -> dict[str, list[str]]:
    found: dict[str, list[str]] = yaml.load(FILE.read_text(encoding="utf-8"), FILE.name)[0]
    return found


def made(rng: Rng, kind: str, fields: list[str]) -> str:
    """A rule for a value of a kind: most fit it."""
    known = _known()
    choices = known.get(kind, known["any"]) if rng.random() < 0.85 else rng.choice(list(known.values()))
    text = rng.choice(choices)
    names = fields or ["a"]
    text = re.sub(r"\bF\b", lambda _: rng.choice(names), text)
    text = re.sub(r"\bG\b", lambda _: rng.choice(names), text)
    return changed(rng, text) if rng.random() < 0.15 else text


def changed(rng: Rng, text: str) -> str:
    """The same with one word another: a name, a literal, an operator."""
    words = list(_WORD.finditer(text))
    if not words:
        return "self"
    word = rng.choice(words)
    shown = word.group()
    if shown[0].isdigit() or shown[0] == "'":
        new = rng.choice(_LITERALS)
    elif shown[0].isalpha() or shown[0] == "_":
        new = rng.choice([*_NAMES, shown + "s", shown[:-1] or "x", rng.choice(_LITERALS)])
    else:
        new = rng.choice(_OPERATORS)
    return text[: word.start()] + new + text[word.end() :]
