"""What the user's sentence says in numbers, units and names.

Nothing here guesses: a number counts only with its unit beside it, a name only where an object of the cluster bears it.
"""

import re

import msgspec

MAX_WORDS = 200_000
"""Characters of a sentence that are looked at; what a person types is far below."""

LONGEST = {"latency": 60_000, "jitter": 60_000, "duration": 3_600}
"""A minute of latency (ms), an hour of fault (s): more is hardly meant, and a fault that long is no experiment."""

_NUMBER = r"(?<![\d.,])(?<!\s-)(?<!^-)(\d{1,3}(?:,\d{3}){1,2}|\d{1,9}(?:\.\d{1,3})?)"
"""Whole, never the tail of a longer number: 1,000 is a thousand."""
_LATENCY = re.compile(_NUMBER + r"\s*(ms|msec|millisecond|milliseconds)\b", re.IGNORECASE)
_LATENCY_CALLED_SO = re.compile(
    r"(?:(?:latency|delay)s?\s+(?:of|by|=|:|to|is)?\s*" + _NUMBER + r"\s*(?:s|secs?|seconds?)\b"
    r"|" + _NUMBER + r"\s*(?:s|secs?|seconds?)\s+(?:of\s+)?(?:latency|delay)\b)",
    re.IGNORECASE,
)
_JITTER = re.compile(
    r"jitter\s*(?:of|by|=|:|to|is)?\s*" + _NUMBER + r"\s*(ms|s)\b|" + _NUMBER + r"\s*(ms|s)\s+(?:of\s+)?jitter\b", re.IGNORECASE
)
_LOSS = re.compile(
    r"\b(?:packet\s+)?loss\s+(?:of|=|:|to|is)?\s*"
    + _NUMBER
    + r"\s*%|"
    + _NUMBER
    + r"\s*%\s*(?:of\s+(?:the\s+|all\s+)?)?packets?(?:\s+loss)?\b",
    re.IGNORECASE,
)
_PERCENT = re.compile(_NUMBER + r"\s*(?:%|percent\b|per cent\b)", re.IGNORECASE)
_PROMISED = re.compile(
    r"(?:\bp\d{2,3}|\bslo|\bsla|\bbelow|\babove|\bunder|\bover|\bwithin|\bat (?:most|least)|\b(?:less|more) than|\bmax(?:imum)?|\btime-?out"
    r"|\bloss|\bavailability|\bsuccess|\buptime|[<>≤≥]=?)[^.;]{0,20}$",
    re.IGNORECASE,
)
_PROMISE = re.compile(
    r"\s*(?:at\s+)?(?:p\d|of\s+(?:the\s+|all\s+)?requests|availability|success|uptime|slo|sla|packet|loss)", re.IGNORECASE
)
"""What stands before and behind a number that is a promise to keep, and no fault to make."""
_DURATION = re.compile(_NUMBER + r"\s*(s|sec|secs|second|seconds|m|min|mins|minute|minutes|h|hour|hours)\b", re.IGNORECASE)
_COUNT = re.compile(
    r"\b(\d{1,2}|one|two|three|four|five|six|seven|eight|nine|ten)\s+(?:\w+\s+){0,2}?(?:scenarios?|tests?|ideas?|experiments?)\b",
    re.IGNORECASE,
)
_ACCOUNT = re.compile(
    r"service\s*account(?:\s*(?:name|called|named))?\b\s*(?:(?:is|:|=)\s*)?"
    r"[\"'“”‘’„«`]?([a-z0-9](?:[a-z0-9.-]{0,251}[a-z0-9])?)",
    re.IGNORECASE,
)
_TOKEN = re.compile(r"[a-z0-9](?:[a-z0-9.-]*[a-z0-9])?")
_NUMERALS = {word: number for number, word in enumerate(["one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten"], 1)}
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
        return {name: text for name, text in texts.items() if getattr(self, name) is not None}


def read(text: str) -> Words:
    """Read a sentence. Never raises; what it does not understand it leaves out."""
    text = text[:MAX_WORDS]
    tokens = frozenset(_TOKEN.findall(text.lower()))
    rest = _JITTER.sub("", text)
    return Words(
        text=text,
        tokens=tokens | frozenset(token.rstrip("s") for token in tokens if len(token) > 3),
        latency=_latency(rest),
        jitter=_jitter(text),
        loss=_loss(text),
        duration=_duration(_LATENCY_CALLED_SO.sub("", rest)),
        percent=_percent(_LOSS.sub(" ", text)),
        count=_count(text),
        account=_account(text),
    )


def _latency(text: str) -> int | None:
    """Milliseconds; seconds only where the number is called a latency, since a time in seconds is most often how long it lasts."""
    if match := _meant(_LATENCY, text):
        return round(_number(match[1])) or None
    match = _LATENCY_CALLED_SO.search(text)
    return round(_number(match[1] or match[2]) * 1000) or None if match else None


def _jitter(text: str) -> int | None:
    match = _JITTER.search(text)
    if match is None:
        return None
    unit = (match[2] or match[4]).lower()
    return round(_number(match[1] or match[3]) * (1000 if unit == "s" else 1)) or None


def _loss(text: str) -> float | None:
    match = _LOSS.search(text)
    value = _number(match[1] or match[2]) if match else 0
    return value if 0 < value <= 100 else None


def _meant(pattern: re.Pattern[str], text: str) -> re.Match[str] | None:
    """The first number that is meant as a fault: one that is promised (an SLO, a percentile) is not."""
    for match in pattern.finditer(text):
        if not _PROMISED.search(text[max(0, match.start() - 40) : match.start()]) and not _PROMISE.match(text, match.end()):
            return match
    return None


def _number(digits: str) -> float:
    return float(digits.replace(",", ""))


def _duration(text: str) -> int | None:
    match = _DURATION.search(text)
    if match is None:
        return None
    unit = match[2].lower()
    factor = 3600 if unit.startswith("h") else 60 if unit.startswith("m") else 1
    return round(_number(match[1]) * factor) or None


def _percent(text: str) -> float | None:
    match = _meant(_PERCENT, text)
    if match is None:
        return None
    value = _number(match[1])
    return value if 0 < value <= 100 else None


def _count(text: str) -> int | None:
    match = _COUNT.search(text)
    if match is None:
        return None
    word = match[1].lower()
    return _NUMERALS[word] if word in _NUMERALS else int(word) or None


def _account(text: str) -> str | None:
    match = _ACCOUNT.search(text)
    return match[1] if match and match[1].lower() not in _FILLERS else None
