"""Whether every number of a text stands in the data that it was written from: digits, spelled-out numbers, fractions, shares and times.

A number agrees with one of the data where it is that one, or that one rounded to as many places as it is written with, and is said of the
same thing (`pairing.py`). What can't be read as a number for certain does not agree. So a text may be refused that is right, and none
passes with a number of its own.
"""

import re
import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from itertools import pairwise

import msgspec

from aichaos.ask import pairing
from aichaos.ask.quantities import NUMERALS

_NUMBER = r"\d+(?:\.\d+)?"
_TIMES = {"us": 1e-6, "ms": 1e-3, "s": 1.0, "min": 60.0, "h": 3600.0}
_UNITS = {
    "%": r"%|per\s?-?cents?\b|percentages?(?:[ -]points?)?\b|pct\b",
    "‰": r"‰|per\s?-?mill?e\b",
    "us": r"[µμ]s\b|us\b|microseconds?\b",
    "ms": r"ms\b|millis(?:econds?)?\b",
    "s": r"s\b|secs?\b|seconds?\b",
    "min": r"min\b|mins\b|minutes?\b",
    "h": r"h\b|hrs?\b|hours?\b",
}
_UNIT = re.compile("|".join(f"(?P<u{place}>{pattern})" for place, pattern in enumerate(_UNITS.values())), re.IGNORECASE)
_COMPOUND = re.compile(r"[^\W_]+(?:[-./:@_'~]+[^\W_]+)*")
_ALONE = re.compile(rf"({_NUMBER})([A-Za-zµμ]*)")
_PAIR = re.compile(rf"({_NUMBER})-({_NUMBER})([A-Za-zµμ]*)")
_HYPHENED = re.compile(rf"({_NUMBER})-([A-Za-z]+)")
_PARTS = {"half": 2, "halves": 2, "third": 3, "thirds": 3, "quarter": 4, "quarters": 4, "fifth": 5, "fifths": 5, "tenth": 10, "tenths": 10}
_SCALES = {"hundred": 100, "thousand": 1000, "million": 1_000_000}
_MULTIPLES = re.compile(
    r"(?i)twice|thrice|doubl(?:e[sd]?|ing)|tripl(?:e[sd]?|ing)|quadrupl(?:e[sd]?|ing)|halv(?:e[sd]?|ing)|dozens?|\w+fold|billions?"
)
_WORD = re.compile(r"[A-Za-z]+(?:-[A-Za-z]+)*")
_BETWEEN = re.compile(r"\s*(?:to|and|or|–|—|-|→|/)\s*", re.IGNORECASE)
_IN_BRACKETS = re.compile(r"\s\((?=[\d.])")
_MOST_OFF = 0.12
"""Of a number: what rounding may take away at most. `1 minute` is no way to say 31 s."""


class Cited(msgspec.Struct, frozen=True):
    """A number in a text. kind: `%`, `s` or "" (a count, a status, a score). step: of its last place. written: as it stands there.

    start, end: where.
    """

    value: float
    kind: str
    step: float
    written: str
    start: int
    end: int


class _Name(msgspec.Struct, frozen=True):
    """A word with digits in it that is no number: `v3`, `p95`, a date. Or one that no number of the data can be: `twice`."""

    written: str
    start: int
    end: int


def strange(text: str, data: str) -> list[str]:
    """What of a text is in no number or name of the data, or is said there of something else, as it is written; empty where there is
    nothing."""
    report, plain = _plain(data), _plain(text)
    names = pairing.names(report)
    known = list(_spread(_found(report), report))
    whose = pairing.of_report(report, _numbers(known), names)
    cited = sorted(_found(plain), key=lambda one: one.start)
    wrong = [(one.start, one.written) for one in cited if isinstance(one, _Name) and not _named(one.written, report.lower())]
    numbers = [one for one in cited if isinstance(one, Cited)]
    there: list[list[pairing.Said]] = []
    for place, (one, said) in enumerate(zip(numbers, pairing.of_text(plain, _numbers(numbers), names), strict=True)):
        ways = [one, *_as_the_next(one, numbers[place + 1 : place + 2], plain)]
        agreeing = [known_of for each, known_of in zip(known, whose, strict=True) if any(_agrees(way, each) for way in ways)]
        there.append(agreeing)
        if not agreeing:
            wrong.append((one.start, one.written))
        elif not pairing.fits(said, agreeing):
            wrong.append((one.start, f"{one.written} ({pairing.told(said, agreeing)})"))
    wrong += _turned(plain, numbers, there)
    return list(dict.fromkeys(written for _, written in sorted(wrong)))


def _numbers(cited: Sequence[Cited]) -> list[pairing.Number]:
    return [pairing.Number(kind=one.kind, span=(one.start, one.end)) for one in cited]


def _turned(text: str, numbers: Sequence[Cited], there: Sequence[Sequence[pairing.Said]]) -> Iterator[tuple[int, str]]:
    """What is said to have gone the other way."""
    ways = [(number, one.value, said) for number, one, said in zip(_numbers(numbers), numbers, there, strict=True)]
    for place, (left, right) in enumerate(pairwise(ways)):
        if pairing.turned(text, left, right):
            yield numbers[place].start, f"from {numbers[place].written} to {numbers[place + 1].written} (it went the other way)"


def _named(word: str, data: str) -> bool:
    return re.search(rf"(?<![a-z0-9]){re.escape(word.lower())}(?![a-z0-9])", data) is not None


def _agrees(one: Cited, data: Cited) -> bool:
    off = abs(one.value - data.value)
    if one.kind != data.kind:
        return False
    if off <= 1e-9 * max(1.0, abs(data.value)):
        return True
    return one.step > data.step * 1.001 and off <= one.step / 2 * 1.000001 and off <= _MOST_OFF * abs(data.value)


def _spread(found: Iterable["Cited | _Name"], text: str) -> Iterator[Cited]:
    """The numbers of the data, and those whose unit stands beside another one with that unit, too: `23.8% (13.5–38.5)`, `3 to 5 ms`."""
    numbers = [one for one in found if isinstance(one, Cited)]
    for place, one in enumerate(numbers):
        yield one
        yield from _as_the_next(one, numbers[place + 1 : place + 2], text)
        if one.kind and _IN_BRACKETS.match(text, one.end):
            for other in numbers[place + 1 : place + 3]:
                if not other.kind and ")" not in text[one.end : other.start]:
                    yield _with_unit(other, one)


def _as_the_next(one: Cited, following: Sequence[Cited], text: str) -> Iterator[Cited]:
    """`3 to 5 ms`: the first is in milliseconds, too."""
    if not one.kind and following and following[0].kind and _BETWEEN.fullmatch(text[one.end : following[0].start]):
        yield _with_unit(one, following[0])


def _with_unit(one: Cited, of: Cited) -> Cited:
    unit = _UNIT.search(of.written)
    factor = _factor(_unit(unit)) if unit else 1.0
    return msgspec.structs.replace(one, value=one.value * factor, step=one.step * factor, kind=of.kind)


# reading ---------------------------------------------------------------------------------------------------------------------------


def _plain(text: str) -> str:
    """One way of writing digits, signs and thousands; marks of a page's form are no part of a number."""
    text = unicodedata.normalize("NFKC", text)
    for was, becomes in (("−", "-"), ("⁄", "/"), ("**", ""), ("\\", "")):
        text = text.replace(was, becomes)
    text = re.sub(r"(?<=\d)[,  ’'](?=\d{3}(?!\d))", "", text)
    return re.sub(r"(?<=\d),(?=\d{1,2}(?!\d))", ".", text)


def _found(text: str) -> Iterator[Cited | _Name]:
    """Every number in a text, and every word that holds a digit and is none."""
    for match in re.finditer(r"[^\W\d_]", text):
        if match[0].isnumeric():  # a numeral of another script
            yield _Name(match[0], match.start(), match.end())
    for match in _COMPOUND.finditer(text):
        if any(letter.isdigit() or letter.isnumeric() for letter in match[0]):
            yield from _digits(match, text)
    yield from _spelled(text)


def _digits(match: re.Match[str], text: str) -> Iterator[Cited | _Name]:
    word, start, end = match[0], match.start(), match.end()
    if not word.isascii() and not re.fullmatch(rf"{_NUMBER}[µμ]s", word):
        yield _Name(word, start, end)
    elif alone := _ALONE.fullmatch(word):
        yield from _number(alone[1], alone[2], word, start, end, text)
    elif pair := _PAIR.fullmatch(word):
        yield from _number(pair[1], pair[3], pair[1], start, start + len(pair[1]), text, following=end)
        yield from _number(pair[2], pair[3], f"{pair[2]}{pair[3]}", start + len(pair[1]) + 1, end, text)
    elif (hyphened := _HYPHENED.fullmatch(word)) and _UNIT.fullmatch(hyphened[2]):
        yield from _number(hyphened[1], hyphened[2], word, start, end, text)
    else:
        yield _Name(word, start, end)


def _number(digits: str, unit: str, written: str, start: int, end: int, text: str, following: int | None = None) -> Iterator[Cited | _Name]:
    """A number with the unit that is written onto it, or stands behind it."""
    step = 10.0 ** -len(digits.partition(".")[2])
    if unit:
        known = _UNIT.fullmatch(unit)
        yield _made(float(digits), step, _unit(known), written, start, end) if known else _Name(written, start, end)
        return
    behind = re.compile(r"[ -]?").match(text, following or end)
    known = _UNIT.match(text, behind.end() if behind else end)
    if known is not None:
        name = _unit(known)
        yield _made(float(digits), step, name, f"{written} {known[0]}".replace(" %", "%"), start, known.end() if following is None else end)
    else:
        yield _made(float(digits), step, "", written, start, end)


def _unit(found: re.Match[str] | None) -> str:
    assert found is not None
    return next(unit for place, unit in enumerate(_UNITS) if found[f"u{place}"] is not None)


def _factor(unit: str) -> float:
    return _TIMES.get(unit, 0.1 if unit == "‰" else 1.0)


def _made(value: float, step: float, unit: str, written: str, start: int, end: int) -> Cited:
    kind = "s" if unit in _TIMES else "%" if unit else ""
    return Cited(value * _factor(unit), kind, step * _factor(unit), written, start, end)


def _spelled(text: str) -> Iterator[Cited | _Name]:
    """Numbers in words: `twenty-four percent`, `three quarters`, `twice`."""
    words = [(part, match.start() + place) for match in _WORD.finditer(text) for part, place in _parts(match[0])]
    place = 0
    while place < len(words):
        word, start = words[place]
        if _MULTIPLES.fullmatch(word):
            yield _Name(word, start, start + len(word))
        took, value = _value([one.lower() for one, _ in words[place : place + 8]])
        if took:
            end = words[place + took - 1][1] + len(words[place + took - 1][0])
            yield from _in_words(value, took, text, start, end)
            took += place + took < len(words) and words[place + took][0].lower() in _PARTS
        elif word.lower() in _PARTS and (word.lower() == "half" or (words[place - 1][0].lower() in ("a", "an", "one") and place)):
            yield Cited(100 / _PARTS[word.lower()], "%", 1.0, text[start : start + len(word)], start, start + len(word))
        place += max(1, took)


def _in_words(value: float, took: int, text: str, start: int, end: int) -> Iterator[Cited | _Name]:
    part = re.compile(r"[ -](\w+)").match(text, end)
    if part and part[1].lower() in _PARTS and not (part[1].lower() == "third" and value > 2):
        yield Cited(100 * value / _PARTS[part[1].lower()], "%", 1.0, text[start : part.end()], start, part.end())
        return
    behind = re.compile(r"[ -]?").match(text, end)
    unit = _UNIT.match(text, behind.end() if behind else end)
    if unit is not None:
        yield _made(value, 1.0, _unit(unit), text[start : unit.end()], start, unit.end())
    elif value != 1 or took > 1:  # `one of them` is no number
        yield _made(value, 1.0, "", text[start:end], start, end)


def _parts(word: str) -> Iterator[tuple[str, int]]:
    place = 0
    for part in word.split("-"):
        yield part, place
        place += len(part) + 1


def _value(words: Sequence[str]) -> tuple[int, float]:
    """How many of the words are a number, and which."""
    total, current, took, last = 0.0, 0.0, 0, 0
    for place, word in enumerate(words, 1):
        if word in NUMERALS:
            current += NUMERALS[word]
            took = place
        elif word in _SCALES and took:
            current *= _SCALES[word]
            if _SCALES[word] >= 1000:
                total, current = total + current, 0.0
            took = place
        elif word != "and" or not took or place == last + 1:
            break
        else:
            last = place
    return took, total + current
