"""What is promised of a probe, from its `tolerance` and its `slo`, in one typed form.

    tolerance: {success: ">= 99%", p95: "<= 300ms", recovery: "<= 60s"}   # a bare value: success at least, times at most
    slo: ["99 % of requests succeed", "p95 ≤ 300 ms", "recreated within 60 s", "circuit breaker opens within 30 s"]

A sentence is one of a closed set of forms; no word of it is ever run or asked of anybody.
"""

import re
from collections.abc import Sequence

import msgspec

from aichaos.domain.experiment import Probe, seconds
from aichaos.domain.limits import MEASURES, Comparison, comparison, status_fits
from aichaos.domain.patterns import pattern
from aichaos.errors import UsageError

_LONGEST = 200
FASTEST = 1000
"""Questions a second that a probe may ask."""
WEIGHTS = {"success": 3.0, "recovery": 2.0, "reached": 2.0}
"""In the score; every other measure counts 1."""
TIMES = ("recovery", "reached")
LATENCIES = ("p50", "p90", "p95", "p99", "max")
FORMS = (
    "99% of requests succeed",
    "error rate <= 1%",
    "availability >= 99.9%",
    "p95 <= 300ms",
    "median below 100ms",
    "recreated within 60s",
    "circuit breaker opens within 30s",
)


class Promise(msgspec.Struct, frozen=True):
    """measure: success, p50 … max, recovery (from the first bad answer until all are good again), or reached (from the first change until
    the first good answer). text: as it was written."""

    measure: str
    limit: Comparison
    text: str

    @property
    def weight(self) -> float:
        return WEIGHTS.get(self.measure, 1.0)


_NUMBER = r"(?P<number>\d+(?:\.\d+)?)\s*"
_UNIT = r"(?:ms|us|µs|milliseconds?|s|secs?|seconds?|m|mins?|minutes?|h|hours?)"
_TIME = rf"(?P<time>\d+(?:\.\d+)?\s*{_UNIT}(?:\s*\d+\s*{_UNIT})?)"
_SIGN = r"(?P<sign><=|>=|<|>|=)?\s*"
_STAYS = r"(?:\s+(?:stays?|remains?|is|are|be|of|kept)\b)?\s*"
_WHAT = r"(?P<what>p50|p90|p95|p99|median|max(?:imum)?|longest|slowest|latency|response time)"
_KIND = r"(?:\s+(?:(?:\w+\s+)?latency|response time|duration))?"
_ASKED = r"(?:requests?|answers?|calls?|responses?)"
_OF = r"%\s*(?:of\s+(?:all\s+)?(?:the\s+)?)?"
_GOOD = r"(?:succeeds?|good|ok|successful|answered|served|work)"
_SHARE = r"(?:availability|success(?: rate)?|uptime)"
_LOST = r"(?:error rate|failure rate|errors?|failures|failed requests|requests fail(?:ing)?)"
_WHOSE = r"(?:(?:the |our )?(?:[\w-]+ ){0,4}?(?:maintains?|keeps?|holds?|has) )?(?:the |an? )?"
_BACK = r"(?:recreated?s?|recovers?|recovered|recovery|restored|again|back|heals?|healed|rescheduled|restarts?|restarted)"
_HAPPENS = (
    r"(?:opens?|opened|trips?|tripped|triggers?|triggered|reached|becomes?|fires?|starts?|begins?|happens?|ejected|detected|promoted|scales?"
    r"|fails? over|failed over|failover|takes? over|kicks? in)"
)
_WITHIN = r".*?(?:\b(?:within|in|after)\s*(?:<=?)?|<=?)\s*"
_SENTENCES: tuple[tuple[str, re.Pattern[str]], ...] = (
    ("success", pattern(rf"{_SIGN}{_NUMBER}{_OF}{_ASKED}\b.*\b{_GOOD}\b.*")),
    ("success", pattern(rf"{_WHOSE}{_SHARE}{_STAYS}{_SIGN}{_NUMBER}%")),
    ("success", pattern(rf"{_WHOSE}{_SIGN}{_NUMBER}%\s*(?:{_SHARE}|available)")),
    ("errors", pattern(rf"(?:the )?{_LOST}{_STAYS}{_SIGN}{_NUMBER}%")),
    ("errors", pattern(rf"{_SIGN}{_NUMBER}%\s*{_LOST}")),
    ("errors", pattern(rf"{_SIGN}{_NUMBER}{_OF}{_ASKED}\s+fail")),
    ("all", pattern(rf"(?:all|every)(?: the)? {_ASKED} (?:(?:are|is) )?{_GOOD}|no (?:errors?|failures|{_ASKED} fails?|failed requests)")),
    ("latency", pattern(rf"(?:the )?{_WHAT}{_KIND}{_STAYS}{_SIGN}{_TIME}")),
    ("recovery", pattern(rf".*\b{_BACK}\b{_WITHIN}{_TIME}")),
    ("recovery", pattern(rf"(?:the )?time (?:to|until) (?:recovery?|recover|recreation){_STAYS}{_SIGN}{_TIME}")),
    ("reached", pattern(rf".*\b{_HAPPENS}\b{_WITHIN}{_TIME}")),
)
_FIGURE = pattern(rf"(?<![\w/.-])\d+(?:\.\d+)?\s*(?:%|{_UNIT}\b)(?:\s*\d+\s*{_UNIT}\b)?")
_NEGATED = pattern(r"\b(?:not|never|cannot|nobody|nothing|without)\b|n['’]t\b")
_IN_SIGNS: tuple[tuple[re.Pattern[str], str], ...] = tuple(
    (pattern(words), sign)
    for words, sign in (
        (r"\bper ?cent\b", "%"),
        (r"\b(50|90|95|99)th[ -]percentile(?: of)?\b", r"p\1"),
        (r"(\d),(\d{1,3}) ?%", r"\1.\2%"),
        (r"\b(?:one|an?) (?=(?:second|minute|hour)s?\b)", "1 "),
        (r"≤|\b(?:at most|no more than|not more than|up to|a maximum of)(?= ?\d)", "<="),
        (r"≥|\b(?:at least|no less than|not less than|a minimum of)(?= ?\d)", ">="),
        (r"\b(?:less than|fewer than|below|under)(?= ?\d)", "<"),
        (r"\b(?:more than|greater than|above|over)(?= ?\d)", ">"),
    )
)
"""Words that are a sign where a figure follows, and other ways of writing figures."""
_HINTS: tuple[tuple[re.Pattern[str], str], ...] = (
    (
        pattern(r"\b(?:average|mean|avg)\b"),
        "A mean is not measured, it hides the slow ones: p50 is the median, then p90, p95, p99 and max.",
    ),
    (pattern(r"\bby \d"), "A promise has a limit of its own, as in p95 <= 800ms; what changed since the baseline stands in the report."),
    (pattern(r"(?<![\w.])-\d"), "Limits are not negative."),
    (pattern(r"\bp\d"), "There are p50, p90, p95, p99 and max, with a unit: p95 <= 300ms."),
    (pattern(r"(?:within|in|after|<=?|>=?) ?\d[\d.]*$"), "Say the unit: 300ms, 30s, 5m or 99%."),
)
_NAMES = {
    "availability": "success",
    "median": "p50",
    "max": "max",
    "maximum": "max",
    "longest": "max",
    "slowest": "max",
    "latency": "max",
    "response time": "max",
}
_UNITS = {"milliseconds": "ms", "millisecond": "ms", "s": "s", "sec": "s", "secs": "s", "m": "m", "min": "m", "mins": "m", "h": "h"}


def promises(probe: Probe) -> list[Promise]:
    """All promises of a probe. Where none is about shares or times to a condition, every answer has to be good. Raises UsageError, which
    says what is allowed."""
    found = [_of_tolerance(name, text) for name, text in probe.tolerance.items()]
    found += [sentence(text) for text in probe.slo]
    if any(one.measure in ("success", *TIMES) for one in found):
        return found
    return [Promise("success", comparison(">= 100%"), "success >= 100%"), *found]


def before(probe: Probe) -> Sequence[Promise]:
    """What has to hold before anything was done: all but times, which begin with a fault. A probe that is promised to become good need not
    be so yet."""
    wanted = promises(probe)
    if any(one.measure == "reached" for one in wanted):
        return []
    now = [one for one in wanted if one.measure not in TIMES]
    return now or [Promise("success", comparison(">= 100%"), "success >= 100%")]


def askable(probe: Probe) -> list[Promise]:
    """The promises of a probe of which everything that is compared can be. Raises UsageError, which says what is allowed."""
    if probe.rate is not None and not 0 < probe.rate <= FASTEST:
        raise UsageError(f"it asks {probe.rate:g} times a second", hint=f"A rate is more than 0 and at most {FASTEST}.")
    if probe.http is not None and probe.http.expect.status is not None:
        status_fits(probe.http.expect.status, 200)
    if probe.prometheus is not None:
        comparison(probe.prometheus.expect)
        over = probe.prometheus.over
        if over is not None and not seconds(over):
            raise UsageError(f"{over[:40]!r} is no stretch of time", hint="Write it as 30s, 5m or 1h.")
    wanted = promises(probe)
    if probe.http is None and (timed := next((one.text for one in wanted if one.measure in LATENCIES), None)) is not None:
        raise UsageError(
            f"{timed[:80]!r} is about how long answers take",
            hint="Only an http probe is timed so; here it can be success, recovery or reached.",
        )
    return wanted


def _of_tolerance(said: str, text: str) -> Promise:
    name = _NAMES.get(said, said)
    if name not in (*MEASURES, *TIMES):
        raise UsageError(f"a tolerance can't be about {said[:40]!r}", hint=f"There are {', '.join((*MEASURES, *TIMES))}.")
    bare = text.strip()[:1].isdigit()
    written = f"{'>=' if name == 'success' else '<='} {text.strip()}" if bare else text.strip()
    return Promise(name, _sensible(name, comparison(written)), f"{name} {written}")


def _sensible(measure: str, limit: Comparison) -> Comparison:
    """A limit of this measure that can be kept and can be broken. Raises UsageError for any other: it would decide a run by itself."""
    told = f"{measure} {limit.written[:40]}"
    share = measure == "success"
    if share != (limit.unit in ("%", "")) or (not share and not limit.unit):
        hint = "Write it as a share: >= 99%." if share else "Say the unit: <= 300ms, <= 30s or <= 5m."
        raise UsageError(f"{told!r} is no {'share' if share else 'time'}", hint=hint)
    if limit.sign not in ((">=", ">") if share else ("<=", "<")) and not (share and limit.sign in ("=", "==") and limit.limit == 1):
        wrong = "at least how many succeed, as in >= 99%" if share else "how long it takes at most, as in <= 300ms"
        raise UsageError(f"{told!r} promises {'a failure' if share else 'slowness'}", hint=f"Write {wrong}.")
    if share and not 0 <= limit.limit <= 1:
        raise UsageError(f"{told!r} is more than all of them", hint="A share is at most 100%: write 99%, or 0.99.")
    if not (limit.holds(1.0) if share else limit.limit > 0):
        raise UsageError(f"{told!r} can't be kept", hint="Write >= 100%." if share else "Write more than nothing, as in <= 300ms.")
    if share and limit.holds(0.0):
        raise UsageError(f"{told!r} can't be broken", hint="Write how many have to succeed, as in >= 99%.")
    return limit


def sentence(text: str) -> Promise:
    """A promise in words. Raises UsageError, which lists the forms."""
    words = re.sub(r"\s+", " ", text[:_LONGEST].strip().lower()).rstrip(".!")
    for found, sign in _IN_SIGNS:
        words = found.sub(sign, words)
    if _NEGATED.search(words):
        raise UsageError(f"{text[:80]!r} says what is not so", hint="Say what shall be so, such as: 99% of requests succeed.")
    if len(_FIGURE.findall(words)) > 1:
        hint = "Write a sentence for each, such as: 99% of requests succeed; p99 <= 300ms."
        raise UsageError(f"{text[:80]!r} promises two things", hint=hint)
    for measure, form in _SENTENCES:
        if match := form.fullmatch(words):
            return _promise(measure, match.groupdict(), text)
    forms = "Write it like one of: " + "; ".join(FORMS) + "."
    hint = next((hint for found, hint in _HINTS if found.search(words)), forms)
    raise UsageError(f"{text[:80]!r} is no promise that can be measured", hint=hint)


def _promise(measure: str, found: dict[str, str | None], text: str) -> Promise:
    if measure == "all":
        return Promise("success", comparison(">= 100%"), text.strip())
    sign, limit = found.get("sign") or "", ""
    if measure in ("success", "errors"):
        share = float(found["number"] or 0)
        if share > 100:
            raise UsageError(f"{text[:80]!r} is more than all of them", hint="A share is at most 100%.")
        if sign in ((">", ">=") if measure == "errors" else ("<", "<=")):
            raise UsageError(f"{text[:80]!r} promises a failure", hint="Write how many succeed at least, or how many fail at most.")
        if measure == "errors":
            limit = f"{'>' if sign == '<' else '>='} {round(100 - share, 10):g}%"
        else:
            limit = f"{'>' if sign == '>' else '>='} {share:g}%"
        return Promise("success", _sensible("success", comparison(limit)), text.strip())
    if sign in (">", ">="):
        raise UsageError(f"{text[:80]!r} promises slowness", hint="Write how long it takes at most, as in p95 <= 300ms.")
    what = found.get("what") or measure
    name = _NAMES.get(what, what)
    return Promise(name, _sensible(name, comparison(f"{'<' if sign == '<' else '<='} {_duration(found['time'] or '')}")), text.strip())


def _duration(text: str) -> str:
    """As a Go duration: `2 minutes` is 2m, `1 m 30 s` is 1m30s."""
    parts = re.findall(r"(\d+(?:\.\d+)?)\s*([a-zµ]+)", text)
    return "".join(f"{number}{_UNITS.get(unit) or _short(unit)}" for number, unit in parts)


def _short(unit: str) -> str:
    return next((one for start, one in (("sec", "s"), ("min", "m"), ("hour", "h")) if unit.startswith(start)), unit)
