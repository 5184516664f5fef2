"""What the user's sentence says in numbers, units and names.

Nothing here guesses: a number counts only with its unit beside it, a name only where an object of the cluster bears it.
"""

import re
from collections.abc import Callable
from functools import cache
from importlib.resources import files

import msgspec

from aichaos.ask.quantities import NUMERALS, Normal, left, normal
from aichaos.domain.patterns import pattern
from aichaos.files.plain import well_formed

MAX_WORDS = 200_000
"""Characters of a sentence that are looked at; what a person types is far below."""

LONGEST = {"latency": 60_000, "jitter": 60_000, "duration": 3_600}
"""A minute of latency (ms), an hour of fault (s): more is hardly meant, and a fault that long is no experiment."""

_NUMBER = r"(?<![\d.])(\d{1,9}(?:\.\d{1,3})?)"
_CALLED = r"\s*(?:time\s+)?(?:(?:of|by|=|:|to|is|at)\s*){0,2}"
_LATENCY = pattern(_NUMBER + " ms(?![a-z])")
_LATENCY_CALLED_SO = pattern(
    rf"(?:latency|delay|delayed|slow(?:ed|er)?)s?\b{_CALLED}{_NUMBER} s(?![a-z])|{_NUMBER} s\s+(?:of\s+)?(?:\w+\s+)?(?:latency|delay)\b"
    rf"|\b(?:delay|slow)[a-z]*\b[^.,;\d]{{0,60}}?\bby\s+{_NUMBER} s(?![a-z])",
    re.IGNORECASE,
)
_JITTER = pattern(
    rf"(?:jitter{_CALLED}|(?:±|\+/?-|\bplus or minus\b)\s*){_NUMBER} (ms|s)(?![a-z])|{_NUMBER} (ms|s)\s+(?:of\s+)?jitter\b", re.IGNORECASE
)
_LOSS = pattern(
    rf"\b(?:packet\s+)?loss{_CALLED}{_NUMBER} %|{_NUMBER} %\s*(?:of\s+(?:the\s+|all\s+)?)?(?:packets?(?:\s+loss)?|loss)\b",
    re.IGNORECASE,
)
_PERCENT = pattern(_NUMBER + " %")
_DURATION = pattern(_NUMBER + " s(?![a-z])")
_ALL_PODS = pattern(r"\b(?:all|every|each)(?:\s+of)?(?:\s+(?:the|my|our|its|their))?(?:\s+\w+)?\s+pods?\b", re.IGNORECASE)
_BARE = pattern(rf"\b(latency|delay|jitter|loss)s?\b{_CALLED}(?<![\d.,])(\d{{1,9}})(?![\w.,%]|\s*(?:ms|s|%)(?![a-z]))", re.IGNORECASE)
_PROMISED = pattern(
    r"(?:\bp\d{2,3}|\bslo|\bsla|\bbelow|\babove|\bunder|\bover|\bwithin|\bat (?:most|least)|\b(?:less|more) than|\bmax(?:imum)?|\btime-?out"
    r"|\bloss|\bavailability|\bsuccess|\buptime|[<>≤≥]=?)[^.;]{0,20}$",
    re.IGNORECASE,
)
_PROMISE = pattern(
    r"\s*(?:at\s+)?(?:p\d|of\s+(?:the\s+|all\s+)?requests|availability|success|uptime|slo|sla|packet|loss|time-?out)", re.IGNORECASE
)
"""What stands before and behind a number that is a promise to keep, and no fault to make."""
_NOT = pattern(r"\b(?:not|no|never|without|instead\s+of|rather\s+than|than)(?:\s+(?:for|of|by|at|the|a|to))?\s*$", re.IGNORECASE)
"""What stands before a number that is not wanted."""
_NO_DURATION = pattern(
    r"(?:\b(?:every|each|after|interval|time-?out|p\d{2,3}|within|in|deadline|slo|sla)\b[^\d.;,]{0,16}|[<>≤≥]=?\s*)$", re.IGNORECASE
)
"""What stands before a time that is not how long the fault lasts."""
_NUMERALS = {word: number for word, number in NUMERALS.items() if 0 < number <= 20}
_COUNT = pattern(
    rf"\b(\d{{1,2}}|{'|'.join(_NUMERALS)})\s+(?:\w+\s+){{0,2}}?(?:scenarios?|tests?|ideas?|experiments?)\b",
    re.IGNORECASE,
)
_ACCOUNT = pattern(
    r"service\s*account(?:\s*(?:name|called|named))?\b\s*(?:(?:is|:|=)\s*)?"
    r"[\"'“”‘’„«`]?([a-z0-9](?:[a-z0-9.-]{0,251}[a-z0-9])?)",
    re.IGNORECASE,
)
_TOKEN = pattern(r"[a-z0-9](?:[a-z0-9.-]*[a-z0-9])?")
_FILLERS = frozenset(
    {
        *("is", "name", "named", "called", "the", "of", "for", "with", "to", "and", "that", "this", "which", "who", "it", "its", "a", "an"),
        *(
            "my",
            "our",
            "your",
            "has",
            "have",
            "had",
            "may",
            "can",
            "could",
            "will",
            "would",
            "should",
            "must",
            "might",
            "does",
            "do",
            "did",
        ),
        *("not", "no", "in", "on", "at", "from", "by", "as", "or", "so", "but", "if", "when", "where", "while", "there", "exists", "needs"),
        *("without", "within", "only"),
    }
)
"""Words that follow "service account" in a sentence and are no name of one."""


class Words(msgspec.Struct, frozen=True, kw_only=True):
    """A sentence, read. latency and jitter in ms, duration in s, percent (of the pods) and loss (of the packets) 0..100; None where it says
    nothing of the kind."""

    text: str = ""
    tokens: frozenset[str] = frozenset()
    latency: int | None = None
    jitter: int | None = None
    loss: float | None = None
    duration: int | None = None
    percent: float | None = None
    count: int | None = None
    account: str | None = None
    written: dict[str, float] = {}
    """What of the numbers was written with a fraction that engines do not take: as it was written."""
    unused: tuple[str, ...] = ()
    """Numbers with their units that stand in the sentence and are none of these, as they were written, and why not."""

    def numbers(self) -> dict[str, float]:
        """The parameters of scenarios that the sentence sets."""
        said = {"latency": self.latency, "jitter": self.jitter, "loss": self.loss, "duration": self.duration, "percent": self.percent}
        return {name: value for name, value in said.items() if value is not None and value <= LONGEST.get(name, value)}

    def said(self) -> dict[str, str]:
        """What was understood, in words, to be said back to the user."""
        texts = {
            "latency": f"latency {self.latency} ms",
            "jitter": f"jitter {self.jitter} ms",
            "loss": f"{self.loss:g} % packet loss" if self.loss is not None else "",
            "duration": f"duration {self.duration} s",
            "percent": f"{self.percent:g} % of the pods" if self.percent is not None else "",
            "account": f"service account {self.account}",
        }
        there = {name: text for name, text in texts.items() if getattr(self, name) is not None}
        return {name: text + self._rounded(name) for name, text in there.items()}

    def _rounded(self, name: str) -> str:
        unit = {"percent": "%", "duration": "s"}.get(name, "ms")
        return f" ({self.written[name]:g} {unit} was rounded: engines take whole numbers)" if name in self.written else ""


def read(text: str) -> Words:
    """Read a sentence. Never raises; what it does not understand it leaves out, and says so."""
    text = well_formed(text[:MAX_WORDS])
    tokens = frozenset(_TOKEN.findall(text.lower()))
    reading = _Reading(normal(text))
    numbers = {
        "jitter": reading.take(_JITTER, milliseconds=True),
        "loss": reading.take(_LOSS),
        "latency": reading.take(_LATENCY, unless=_promised) or reading.take(_LATENCY_CALLED_SO, factor=1000),
        "duration": reading.take(_DURATION, unless=_no_duration),
        "percent": reading.take(_PERCENT, unless=_promised),
    }
    taken = {name: _whole(name, number) for name, number in numbers.items()}
    if taken["percent"] is None and any(numbers[name] for name in ("latency", "jitter", "loss")) and _ALL_PODS.search(text):
        taken["percent"] = 100
    return Words(
        text=text,
        tokens=tokens | frozenset(token.rstrip("s") for token in tokens if len(token) > 3),
        latency=_int(taken["latency"]),
        jitter=_int(taken["jitter"]),
        loss=taken["loss"],
        duration=_int(taken["duration"]),
        percent=taken["percent"],
        count=_count(text),
        account=_account(text),
        written={name: number for name, number in numbers.items() if number is not None and taken[name] not in (None, number)},
        unused=reading.unused(),
    )


class _Reading:
    """A sentence whose numbers are taken one after the other: none is taken twice, and what is left in the end is known."""

    def __init__(self, found: Normal) -> None:
        self._found = found
        self.text = found.text
        self._used: list[tuple[int, int]] = []

    def take(
        self,
        pattern: re.Pattern[str],
        *,
        factor: int = 1,
        milliseconds: bool = False,
        unless: Callable[[str, re.Match[str]], bool] = lambda text, match: False,
    ) -> float | None:
        """The number of the first place that is meant; none where it could not be."""
        for match in pattern.finditer(self.text):
            group = next(number for number in range(1, len(match.groups()) + 1) if match[number] and match[number][0].isdigit())
            if unless(self.text, match) or _NOT.search(self.text[max(0, match.start() - 24) : match.start()]):
                continue
            value = float(match[group]) * factor * (1000 if milliseconds and match[group + 1].lower() == "s" else 1)
            share = pattern in (_LOSS, _PERCENT)
            if not 0 < value <= (100 if share else value) or not (share or round(value)):
                continue
            self._used.append(match.span())
            self.text = f"{self.text[: match.start()]}{' ' * len(match[0])}{self.text[match.end() :]}"
            return value
        return None

    def unused(self) -> tuple[str, ...]:
        bare = (f"{match[1]} {match[2]} (no unit)" for match in _BARE.finditer(self.text))
        return tuple(dict.fromkeys([*left(self._found, self._used), *self._found.unread, *bare]))


def _promised(text: str, match: re.Match[str]) -> bool:
    """Whether a number is a promise (an SLO, a percentile) and no fault."""
    return bool(_PROMISED.search(text[max(0, match.start() - 40) : match.start()]) or _PROMISE.match(text, match.end()))


def _no_duration(text: str, match: re.Match[str]) -> bool:
    return bool(_NO_DURATION.search(text[max(0, match.start() - 30) : match.start()]) or _PROMISE.match(text, match.end()))


def _whole(name: str, number: float | None) -> float | None:
    """Times as whole ms and s, a share of pods in whole percents; a loss, and what would be nothing of the pods, as they are."""
    if number is None or name == "loss" or (name == "percent" and number < 1):
        return number
    return round(number) or None


def _int(number: float | None) -> int | None:
    return None if number is None else int(number)


@cache
def common_words() -> frozenset[str]:
    """Common words of English and of the trade: they name nothing."""
    return frozenset((files("aichaos.ask") / "common_words.txt").read_text(encoding="utf-8").split())


def _count(text: str) -> int | None:
    match = _COUNT.search(text)
    if match is None:
        return None
    word = match[1].lower()
    return _NUMERALS[word] if word in _NUMERALS else int(word) or None


def _account(text: str) -> str | None:
    match = _ACCOUNT.search(text)
    return match[1] if match and match[1].lower() not in _FILLERS else None
