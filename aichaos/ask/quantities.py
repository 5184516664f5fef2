"""Numbers with their units, in whatever way people write them, as one way of writing them: `1h30m` and `ninety minutes` are `5400 s`.

A number that can't be meant, or could mean two things, is taken out of the text and told: it must never be read as another one.
"""

import re
from collections.abc import Iterator
from fractions import Fraction
from functools import cache
from itertools import pairwise

import msgspec

from aichaos.domain.patterns import pattern

MOST = 20_000
"""Characters of a sentence in which numbers are looked for."""


class Place(msgspec.Struct, frozen=True):
    """A quantity in the text: where it stands in the normal one, and how it was written."""

    start: int
    end: int
    written: str


class Normal(msgspec.Struct, frozen=True, kw_only=True):
    """text: with every quantity as `NUMBER UNIT`, times in ms or s. unread: what is in it no more, and why not."""

    text: str
    places: tuple[Place, ...] = ()
    unread: tuple[str, ...] = ()


# what numbers look like ---------------------------------------------------------------------------------------------------------------

_UP_TO_19 = (
    "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen eighteen nineteen"
)
_TENS = "twenty thirty forty fifty sixty seventy eighty ninety"
NUMERALS = {word: number for number, word in enumerate(_UP_TO_19.split())}
NUMERALS |= {word: 10 * number for number, word in enumerate(_TENS.split(), 2)}
_SCALES = {"hundred": 100, "thousand": 1000}
_VULGAR = {"½": "1/2", "⅓": "1/3", "⅔": "2/3", "¼": "1/4", "¾": "3/4", "⅕": "1/5", "⅛": "1/8"}
_PARTS = {"half": 2, "halve": 2, "third": 3, "quarter": 4, "fourth": 4, "fifth": 5, "tenth": 10}

_WORD = "|".join(sorted([*NUMERALS, *_SCALES], key=len, reverse=True))
_SPELLED = rf"(?:an?[ -]+(?=hundred|thousand))?(?:{_WORD})\b(?:(?:[ -]+|[ -]+and[ -]+)(?:{_WORD})\b){{0,6}}"
_DIGITS = r"\d{1,3}(?:[,'’]\d{3}){1,3}(?![\d.,'’])|\d{1,9}(?:[.,]\d{1,3})?"
_NUMBER = rf"(?:{_DIGITS}|{_SPELLED})"

_ABROAD = (
    r"\w{0,16}(?:zehn|zig|ßig|hundert|tausend)|zwei|drei|vier|fünf|sechs|sieben|acht|neun|elf|zwölf"
    "|deux|trois|quatre|cinq|huit|neuf|dix|onze|douze|quinze|vingts?|trente|quarante|cinquante|soixante|cents?|mille"
    "|dos|tres|cuatro|cinco|seis|siete|ocho|nueve|diez|quince|veinte|treinta|cuarenta|cincuenta|sesenta|setenta|ochenta|noventa|cien|mil"
)
"""Numbers as German, French and Spanish write them: they are not read, and that is said."""
_UNITS = {
    "ms": r"ms|msecs?|millis(?:econds?)?|millisekunden?|millisecondes?|milisegundos?|毫秒|ミリ秒",
    "s": r"s|secs?|seconds?|sekunden?|sek|secondes?|segundos?|秒钟?|秒鐘?|초",
    "m": r"m|mins?|minutes?|minuten?|minutos?|分钟|分鐘|分|분",
    "h": r"h|hrs?|hours?|stunden?|heures?|horas?|小时|小時|時間|시간",
    "d": r"d|days?|tagen?|tag",
    "%": r"%|％|٪|percent|per[ -]?cent|pct|prozent|pour[ -]?cent|por[ -]?ciento",
    "none": r"µs|μs|ns|microseconds?|nanoseconds?|weeks?",
}
_FACTORS = {"ms": Fraction(1, 1000), "s": Fraction(1), "m": Fraction(60), "h": Fraction(3600), "d": Fraction(86400)}
_TIME = "|".join(_UNITS[unit] for unit in _FACTORS)
_UNIT = "|".join(_UNITS.values())
_BEFORE = r"(?<![A-Za-z0-9_.,/’'])(?<![A-Za-z0-9_]-)(?<!\d:)"
_AFTER = r"(?![A-Za-z0-9_%])"
_GAP = r"[ \t\xa0]{0,3}"
_TO_UNIT = rf"(?:{_GAP}|-)"
_COUNTED = r"(?:[a-z]{1,20}[ ]+){0,2}(?:pods?|replicas?|instances?|endpoints?|packets?|traffic|requests?|backends?|nodes?)\b"
_THE = r"(?:of[ ]+)?(?:(?:all|every)[ ]+)?(?:(?:the|my|our|its|their|these|those)[ ]+)?(?:of[ ]+(?:the[ ]+)?)?"

_QUANTITY = rf"(?P<number>{_NUMBER})(?P<half>[ ]+and[ ]+a[ ]+half|½)?{_TO_UNIT}(?P<unit>{_UNIT}){_AFTER}"


@cache
def _range() -> re.Pattern[str]:
    """`20-30 %`, `from 100 ms to 500 ms`, `two or three pods`. Made when words are read: it takes longer than all else at a start."""
    return pattern(
        rf"(?:\b(?:from|between)[ ]+)?{_BEFORE}(?P<low>{_NUMBER}){_TO_UNIT}(?P<low_unit>(?:{_UNIT}){_AFTER})?"
        rf"(?P<joined>{_GAP}(?:-|–|—|\.\.\.?|…|~){_GAP}|[ ]+(?:to|or|and)[ ]+)"
        rf"(?:{_NUMBER}){_TO_UNIT}(?P<unit>{_UNIT}|replicas?|pods?){_AFTER}",
        re.IGNORECASE,
    )


@cache
def _any() -> re.Pattern[str]:
    """Every form of one quantity, each in the group of its kind."""
    return pattern(
        # one of three pods
        rf"(?P<of>{_BEFORE}(?P<some>{_NUMBER})[ ]+(?:out[ ]+of|in|of)[ ]+(?:every[ ]+|the[ ]+|my[ ]+)?(?P<all>{_NUMBER})[ ]+(?={_COUNTED}))"
        # a third of the pods, 1/3 of the pods, half the pods
        rf"|(?P<part>{_BEFORE}(?:(?P<parts>an?|one|two|three|four)[ -]+)?(?P<whole>half|thirds?|quarters?|fourths?|fifths?|tenths?)"
        rf"[ ]+{_THE}(?={_COUNTED}))"
        rf"|(?P<ratio>{_BEFORE}(?P<over>\d{{1,3}}[ ]?/[ ]?\d{{1,3}}|[{''.join(_VULGAR)}])[ ]+{_THE}(?={_COUNTED}))"
        # half a minute, a minute and a half, an hour
        rf"|(?P<halved>\b(?:half|(?:a[ ]+)?quarter[ ]+of)[ ]+an?[ ]+(?P<halved_unit>minute|hour|second){_AFTER})"
        rf"|(?P<andhalf>{_BEFORE}(?P<andhalf_number>an?|{_NUMBER})[ ]+(?P<andhalf_unit>minutes?|hours?|seconds?)"
        rf"[ ]+and[ ]+a[ ]+half{_AFTER})"
        rf"|(?P<single>\ban?[ ]+(?P<single_unit>minute|hour){_AFTER}|(?<=\bfor )a[ ]+(?P<moment>second){_AFTER}"
        r"|\ba[ ]+(?P<of_second>second)(?=[ ]+of\b))"
        rf"|(?P<vague>\b(?:an?[ ]+(?:few|couple[ ]+of|dozen)|several|some|many)[ ]+(?:milliseconds|seconds|minutes|hours|percent){_AFTER})"
        # 1h30m, 1 minute 30 seconds, 1 minute and 30 seconds
        rf"|(?P<several>{_BEFORE}{_NUMBER}{_TO_UNIT}(?:{_TIME})"
        rf"(?:(?:{_GAP},?{_GAP}|[ ]+and[ ]+){_NUMBER}{_TO_UNIT}(?:{_TIME})(?=[\d]|{_AFTER})){{1,3}}{_AFTER})"
        # one number and one unit
        rf"|(?P<signed>(?:(?<![\w%)-])[-−–]|\b(?:minus|negative)[ ]+)(?:{_NUMBER}){_TO_UNIT}(?:{_UNIT}|pods?|replicas?){_AFTER})"
        rf"|(?P<one>{_BEFORE}{_QUANTITY})"
        rf"|(?P<count>{_BEFORE}(?P<counted>{_SPELLED})(?=[ ]+(?:[a-z]{{1,20}}[ ]+)?(?:pods?|replicas?)\b))"
        # a number in words of a language in which numbers are not read
        rf"|(?P<worded>(?<!\w)(?:(?:{_ABROAD})[ -]+(?:(?:y|et|und)[ ]+)?){{1,4}}(?:{_UNIT}){_AFTER}"
        r"|[〇零一二三四五六七八九十百千两]{1,8}(?:毫秒|秒钟?|分钟|小时)|\b(?:hälfte|mitad|moitié)\b|一半|[一二三四五六七八九十]分之[一二三四五六七八九]|百分之[一二三四五六七八九十百]{1,4})"
        # what looks like a number and is none that has one meaning
        rf"|(?P<odd>(?<![A-Za-z0-9_.,-])(?<!\d:)\d[\d.,'’]{{0,20}}(?:[ \xa0\u202f]\d{{3}})*"
        rf"(?:[eEkKxX]\d{{0,9}}|\d)*{_GAP}(?:{_UNIT}){_AFTER})",
        re.IGNORECASE,
    )


_ALONE = pattern(f"(?P<one>{_QUANTITY})", re.IGNORECASE)
_ONE = pattern(rf"(?P<number>{_NUMBER})(?P<half>½)?{_TO_UNIT}(?P<unit>{_TIME})(?=[\d]|{_AFTER})", re.IGNORECASE)
_READ_AS = pattern(r"[\d.]+(?: (?:%|ms|s)(?![a-z]))?")
"""A quantity in a normal text, without the words that may follow it there: `33 % of the`."""
_SPACED = pattern(r"(?<![\d.,])\d{1,3}[ \xa0\u202f]$")
_LISTED = pattern(r"(?:\b(?:step|scenario|idea|test|experiment|option|number|version|v)s?[ ]*#?|#)$", re.IGNORECASE)


# reading them -------------------------------------------------------------------------------------------------------------------------


def normal(text: str) -> Normal:
    """A sentence with its quantities in one form. Never raises; the normal form of a normal form is itself."""
    pieces: list[str] = []
    places: list[Place] = []
    unread: list[str] = []
    last = length = 0
    for match, read in _found(text):
        found = read if isinstance(read, str) else " … "
        written = " ".join(match[0].split())
        pieces.append(text[last : match.start()])
        length += match.start() - last
        if isinstance(read, str):
            read_as = _READ_AS.match(found)
            places.append(Place(length, length + (read_as.end() if read_as else len(found.rstrip())), written))
        else:
            unread.append(f"{written}{read.why}")
        pieces.append(found)
        length += len(found)
        last = match.end()
    return Normal(text="".join([*pieces, text[last:]]), places=tuple(places), unread=tuple(dict.fromkeys(unread)))


def _found(text: str) -> "Iterator[tuple[re.Match[str], str | _Unread]]":
    """Every quantity, and how it is written in a normal text, or why it is not."""
    if not text:
        return
    at = 0
    two, one = _next_range(text, 0), _any().search(text, 0, MOST)
    while two or one:
        if two and (one is None or two.start() <= one.start()):
            yield two, _Unread(" (two numbers: say one)")
            at = two.end()
        elif one:
            yield from _read(one, text)
            at = one.end()
        if two and two.start() < at:
            two = _next_range(text, at)
        if one and one.start() < at:
            one = _any().search(text, at, MOST)


def _next_range(text: str, at: int) -> re.Match[str] | None:
    while match := _range().search(text, at, MOST):
        if not _no_range(text, match):
            return match
        at = match.start() + 1
    return None


def _read(match: re.Match[str], text: str) -> "Iterator[tuple[re.Match[str], str | _Unread]]":
    """One quantity, or, of several times that are not one, each."""
    kind = next(name for name in _KINDS if match[name] is not None)
    if kind != "several":
        read = _quantity(kind, match, text)
        if read != match[0] or kind != "part":  # `the third pod` is no share
            yield match, read
    elif whole := _together(match[0]):
        yield match, whole
    else:
        for single in _ONE.finditer(text, *match.span()):
            yield single, _quantity("one", single, text)


_KINDS = ("of", "part", "ratio", "halved", "andhalf", "single", "vague", "several", "signed", "one", "count", "worded", "odd")


class _Unread(msgspec.Struct, frozen=True):
    why: str


def _no_range(text: str, match: re.Match[str]) -> bool:
    """`step 2 to 90 s`, `1 minute and 30 seconds`, `twenty-five percent`: what looks like a range and is none."""
    said, word = match[0].lower(), match["joined"].strip().lower()
    if _ALONE.match(said):
        return True
    if said.startswith(("from", "between")):
        return False
    if word == "and" or _LISTED.search(text[max(0, match.start() - 14) : match.start()]):
        return True
    return match["low_unit"] is not None and _unit(match["low_unit"]) != _unit(match["unit"])


def _quantity(kind: str, match: re.Match[str], text: str) -> "str | _Unread":
    """A quantity as it is written in a normal text; why it has none."""
    match kind:
        case "vague":
            return _Unread(" (say a number)")
        case "worded":
            return _Unread(" (write the number in digits)")
        case "odd":
            return _Unread(" (it can be read in more than one way)")
        case "signed":
            return _Unread(" (less than nothing)")
        case "of":
            some, every = _value(match["some"]), _value(match["all"])
            return _percent(some / every, "of the ") if some is not None and every else _Unread("")
        case "part":
            whole = _PARTS[match["whole"].lower().rstrip("s") if match["whole"].lower() != "halves" else "half"]
            count = {"a": 1, "an": 1, "one": 1, "two": 2, "three": 3, "four": 4}[(match["parts"] or "one").lower()]
            if not match["parts"] and whole != 2 and not re.search(r"[ ]of[ ]", match[0]):
                return match[0]  # the third pod
            return _percent(Fraction(count, whole), "of the ")
        case "ratio":
            over = _VULGAR.get(match["over"], match["over"]).replace(" ", "")
            above, _, below = over.partition("/")
            return _percent(Fraction(int(above), int(below)), "of the ") if int(below) else _Unread("")
        case "halved":
            part = Fraction(1, 4) if "quarter" in match[0].lower() else Fraction(1, 2)
            return _time(part * _FACTORS[_unit(match["halved_unit"])])
        case "andhalf":
            first = match["andhalf_number"].lower()
            number = Fraction(1) if first in ("a", "an") else _value(first)
            return _Unread("") if number is None else _time((number + Fraction(1, 2)) * _FACTORS[_unit(match["andhalf_unit"])])
        case "single":
            return _time(_FACTORS[_unit(match["single_unit"] or match["moment"] or match["of_second"])])
        case "count":
            number = _value(match["counted"])
            return _Unread("") if number is None else _written(number)
    number = _value(match["number"])
    spaced = re.match(r"\d{3}(?!\d)", match["number"]) and _SPACED.search(text[max(0, match.start() - 5) : match.start()])
    if number is None or spaced:
        return _Unread(" (it can be read in more than one way)")
    number += Fraction(1, 2) if match["half"] else 0
    unit = _unit(match["unit"])
    if unit == "none":
        return _Unread(" (no unit of ours)")
    if unit == "%":
        return f"{_written(number)} %"
    return f"{_written(number)} ms" if unit == "ms" else _time(number * _FACTORS[unit])


def _together(text: str) -> str | None:
    """`1h30m` as one time; None for times that are not one: `2 minutes, 90 s`, `90 s, 500 ms`."""
    parts = [(_value(part["number"]), _unit(part["unit"])) for part in _ONE.finditer(text)]
    numbers = [number for number, _ in parts if number is not None]
    sizes = [_FACTORS[unit] for _, unit in parts]
    if len(numbers) < len(parts) or any(one <= other for one, other in pairwise(sizes)):
        return None
    written_as_one = not re.search(r"[\s,]", text)
    if not written_as_one and any(number * size >= above for number, size, above in zip(numbers[1:], sizes[1:], sizes, strict=False)):
        return None
    if parts[-1][1] == "ms" and not written_as_one and (numbers[0] >= 10 or not re.fullmatch(r"[^,]*", text) or " and " in text):
        return None
    whole = sum((number * size for number, size in zip(numbers, sizes, strict=True)), Fraction(0))
    return f"{_written(whole * 1000)} ms" if parts[-1][1] == "ms" else _time(whole)


def _value(written: str) -> Fraction | None:
    """What a number is worth; None where it could be two things (`1.500`)."""
    text = written.lower().replace("’", "'")
    if text[:1].isdigit():
        if re.fullmatch(r"\d{1,3}(?:[,']\d{3})+", text) and not text.startswith("0"):
            return Fraction(re.sub("[,']", "", text))
        if re.fullmatch(r"[1-9]\d{0,2}\.\d{3}", text):
            return None
        return Fraction("".join(str(int(one)) if one.isdigit() else one for one in text.replace(",", ".")))
    return _spelled(re.split(r"[ -]+", text))


def _spelled(words: list[str]) -> Fraction | None:
    whole = part = 0
    before = ""
    for word in words:
        if word in ("a", "an", "and"):
            continue
        if word in _SCALES:
            part = max(part, 1) * _SCALES[word]
            if word == "thousand":
                whole, part = whole + part, 0
        elif before and before in NUMERALS and not (NUMERALS[before] >= 20 and 0 < NUMERALS[word] < 10):
            return None  # one two
        else:
            part += NUMERALS[word]
        before = word
    return Fraction(whole + part)


def _unit(written: str) -> str:
    return next((unit for unit, names in _UNITS.items() if re.fullmatch(names, written, re.IGNORECASE)), written.lower())


def _time(seconds: Fraction) -> str:
    return f"{_written(seconds)} s"


def _percent(share: Fraction, rest: str) -> str:
    """A share in whole percents: what engines take."""
    return f"{round(share * 100)} % {rest}"


def _written(number: Fraction) -> str:
    return str(int(number)) if number == int(number) else f"{float(number):.3f}".rstrip("0").rstrip(".")


def left(found: Normal, used: list[tuple[int, int]]) -> Iterator[str]:
    """The quantities that lie in none of these spans of the normal text, as they were written."""
    for place in found.places:
        if not any(start <= place.start and place.end <= end for start, end in used):
            yield place.written + (_NO_SHARE if _no_share(found.text[place.start : place.end]) else "")


_NO_SHARE = " (a share is more than 0 and at most 100 %)"


def _no_share(text: str) -> bool:
    number = re.match(r"(\d+(?:\.\d+)?) %", text)
    return number is not None and not 0 < float(number[1]) <= 100
