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
_TIME = r"(?P<time>\d+(?:\.\d+)?\s*(?:ms|us|µs|milliseconds?|s|secs?|seconds?|m|min|minutes?|h|hours?))"
_SIGN = r"(?P<sign><=|>=|<|>|=|≤|≥|at most|at least|no more than|no less than|less than|more than|below|under|above|over|within|is)?\s*"
_WHAT = r"(?P<what>p50|p90|p95|p99|median|max(?:imum)?|longest|slowest|latency)"
_ASKED = r"(?:requests?|answers?|calls?|responses?)"
_OF = r"%\s*(?:of\s+(?:all\s+)?(?:the\s+)?)?"
_GOOD = r"(?:succeeds?|good|ok|successful|answered|served|work)"
_BACK = r"(?:recreated|recovers?|recovered|recovery|restored|again|back|heals?|healed|rescheduled)"
_HAPPENS = r"(?:opens?|reached|becomes?|fires?|starts?|begins?|happens?|ejected|detected|promoted|scales?)"
_WITHIN = r".*\b(?:within|in|after|<=|≤)\s*"
_SENTENCES: tuple[tuple[str, re.Pattern[str]], ...] = (
    ("success", pattern(rf"{_SIGN}{_NUMBER}{_OF}{_ASKED}\b.*\b{_GOOD}\b.*")),
    ("success", pattern(rf"(?:availability|success(?: rate)?)\s*{_SIGN}{_NUMBER}%")),
    ("errors", pattern(rf"(?:error rate|errors|failures|failed requests)\s*{_SIGN}{_NUMBER}%")),
    ("errors", pattern(rf"{_SIGN}{_NUMBER}{_OF}{_ASKED}\s+fail")),
    ("latency", pattern(rf"{_WHAT}(?:\s+latency)?\s*{_SIGN}{_TIME}")),
    ("recovery", pattern(rf".*\b{_BACK}\b{_WITHIN}{_TIME}")),
    ("reached", pattern(rf".*\b{_HAPPENS}\b{_WITHIN}{_TIME}")),
)
_FIGURE = pattern(r"(?<![\w/.-])\d+(?:\.\d+)?\s*(?:%|(?:ms|us|µs|milliseconds?|s|secs?|seconds?|m|min|minutes?|h|hours?)\b)")
_NEGATED = pattern(r"\b(?:not|never|cannot|nobody|nothing|without)\b|n['’]t\b")
_AT_MOST = {"<=", "≤", "at most", "no more than"}
_AT_LEAST = {">=", "≥", "at least", "no less than"}
_MORE = {">", "more than", "above", "over"}
_LESS = {"<", "less than", "below", "under"}
_NAMES = {"availability": "success", "median": "p50", "max": "max", "maximum": "max", "longest": "max", "slowest": "max", "latency": "max"}
_UNITS = {"milliseconds": "ms", "millisecond": "ms", "s": "s", "sec": "s", "secs": "s", "m": "m", "min": "m", "h": "h"}


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
    return promises(probe)


def _of_tolerance(said: str, text: str) -> Promise:
    name = _NAMES.get(said, said)
    if name not in (*MEASURES, *TIMES):
        raise UsageError(f"a tolerance can't be about {said[:40]!r}", hint=f"There are {', '.join((*MEASURES, *TIMES))}.")
    bare = text.strip()[:1].isdigit()
    written = f"{'>=' if name == 'success' else '<='} {text.strip()}" if bare else text.strip()
    return Promise(name, comparison(written), f"{name} {written}")


def sentence(text: str) -> Promise:
    """A promise in words. Raises UsageError, which lists the forms."""
    words = re.sub(r"\s+", " ", text[:_LONGEST].strip().lower()).rstrip(".!")
    words = re.sub(r"(?<=\d) ?per ?cent\b", "%", words)
    if _NEGATED.search(words):
        raise UsageError(f"{text[:80]!r} says what is not so", hint="Say what shall be so, such as: 99% of requests succeed.")
    if len(_FIGURE.findall(words)) > 1:
        hint = "Write a sentence for each, such as: 99% of requests succeed; p99 <= 300ms."
        raise UsageError(f"{text[:80]!r} promises two things", hint=hint)
    for measure, form in _SENTENCES:
        if found := form.fullmatch(words):
            return _promise(measure, found.groupdict(), text)
    hint = "Write it like one of: " + "; ".join(FORMS) + "."
    raise UsageError(f"{text[:80]!r} is no promise that can be measured", hint=hint)


def _promise(measure: str, found: dict[str, str | None], text: str) -> Promise:
    said = (found.get("sign") or "").strip()
    if measure in ("success", "errors"):
        share = float(found["number"] or 0)
        if share > 100:
            raise UsageError(f"{text[:80]!r} is more than all of them", hint="A share is at most 100%.")
        if said in (_AT_LEAST | _MORE if measure == "errors" else _AT_MOST | _LESS):
            raise UsageError(f"{text[:80]!r} promises a failure", hint="Write how many succeed at least, or how many fail at most.")
        if measure == "errors":
            sign, share = (">" if said in _LESS else ">="), round(100 - share, 10)
        else:
            sign = ">" if said in _MORE else ">="
        return Promise("success", comparison(f"{sign} {share:g}%"), text.strip())
    limit = comparison(f"{'<' if said in _LESS else '<='} {_duration(found['time'] or '')}")
    if measure == "latency":
        if said in _AT_LEAST | _MORE:
            raise UsageError(f"{text[:80]!r} promises slowness", hint="Write p95 <= 300ms.")
        what = found["what"] or ""
        return Promise(_NAMES.get(what, what), limit, text.strip())
    return Promise(measure, limit, text.strip())


def _duration(text: str) -> str:
    number, unit = re.fullmatch(r"(\d+(?:\.\d+)?)\s*(\S+)", text).groups()  # type: ignore[union-attr]
    short = _UNITS.get(unit) or (
        "s" if unit.startswith("sec") else "m" if unit.startswith("min") else "h" if unit.startswith("h") else unit
    )
    return f"{number}{short}"
