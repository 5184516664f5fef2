"""Whether what was promised of a probe was kept: each promise, and all of them."""

from collections.abc import Iterable, Sequence

import msgspec

from aichaos.domain.experiment import Probe
from aichaos.domain.promises import LATENCIES, TIMES, Promise, before, promises
from aichaos.domain.results import Estimate, Objective
from aichaos.domain.sample import Judged, Sample, together
from aichaos.measure.figures import TOO_FEW, Tally, availability, quantile
from aichaos.measure.reading import Times
from aichaos.measure.samples import line_of

_NEVER = "not asked while the experiment lasted"
ALL = 0.95


def objectives(probe: Probe, during: Tally, times: Times, since: float, until: float) -> list[Objective]:
    """Each promise held against the answers of the window `during`. since, until: the first change and the last answer, for times to a
    condition. Raises UsageError."""
    return [_objective(promise, during, times, since, until) for promise in promises(probe)]


def _objective(promise: Promise, during: Tally, times: Times, since: float, until: float) -> Objective:
    if promise.measure in TIMES:
        return _time(promise, during, times, since, until)
    if not during.told:
        return _no_data(promise, during.reason or ("nothing could be told" if during.none else _NEVER))
    found = availability(during) if promise.measure == "success" else quantile(during.latencies(), promise.measure)
    if found.value is None:
        return _no_data(promise, "no answer came that could be timed")
    held = promise.limit.holds(found.value)
    return Objective(
        text=promise.text,
        measure=promise.measure,
        verdict="pass" if held else "fail",
        observed=shown(promise.measure, found),
        sure=_sure(promise, found),
        why="" if held else _broken(promise, found, during),
        weight=promise.weight,
    )


def _sure(promise: Promise, found: Estimate) -> bool:
    """Whether the whole interval is on the side of the limit on which the figure is. That all answers are good, no number of them makes
    sure; it counts as sure where at least 95 % of all that could be asked are."""
    if found.value is None or found.low is None or found.high is None:
        return False
    if promise.measure == "success" and promise.limit.limit >= 1 and promise.limit.holds(found.value):
        return found.low >= ALL
    ends = {promise.limit.holds(found.low), promise.limit.holds(found.high), promise.limit.holds(found.value)}
    return len(ends) == 1


def _broken(promise: Promise, found: Estimate, during: Tally) -> str:
    value = figure(promise.measure, found.value or 0.0)
    told = f"{promise.measure} is {value}, promised {promise.limit.written}"
    return f"{told}: {during.why}" if during.why else told


def _time(promise: Promise, during: Tally, times: Times, since: float, until: float) -> Objective:
    if promise.measure == "recovery":
        if times.first_bad is None:
            if not during.told:
                return _no_data(promise, during.reason or _NEVER)
            return _timed(promise, 0.0, "it was never bad", held=True, sure=False)
        begin, end = times.first_bad, times.good_again
    else:
        if times.first_good is None and not during.told:
            return _no_data(promise, during.reason or _NEVER)
        begin, end = since, times.first_good
    if end is not None:
        return _timed(promise, end - begin, f"{end - begin:.1f}s", held=promise.limit.holds(end - begin), sure=True)
    waited = max(0.0, until - begin)
    if promise.limit.holds(waited):
        return _no_data(promise, f"it was watched for {waited:.1f}s only, too short to break the promise")
    return _timed(promise, waited, f"not within {waited:.1f}s", held=False, sure=True)


def _timed(promise: Promise, seconds: float, observed: str, *, held: bool, sure: bool) -> Objective:
    why = "" if held else f"{promise.measure} took {observed}, promised {promise.limit.written}"
    return Objective(
        text=promise.text, measure=promise.measure, verdict="pass" if held else "fail", observed=observed, sure=sure, why=why,
        weight=promise.weight,
    )  # fmt: skip


def _no_data(promise: Promise, why: str) -> Objective:
    return Objective(text=promise.text, measure=promise.measure, verdict="no-data", why=why, weight=promise.weight)


def looked(probe: Probe, samples: Iterable[Sample]) -> Judged:
    """A few answers before or after a run, held against what is promised of the steady state. Raises UsageError.

    They are too few for a p95, which would be the slowest of them: of times their median is held against the limit, and where that breaks
    it p95 does, too.
    """
    tally = Tally()
    if seen := list(samples):
        tally.take(line_of(*seen))
    wanted = [msgspec.structs.replace(one, measure="p50") if one.measure in LATENCIES else one for one in before(probe)]
    return judged(probe.name, [_objective(promise, tally, Times(), 0.0, 0.0) for promise in wanted], tally)


def judged(probe: str, found: Sequence[Objective], during: Tally) -> Judged:
    """The same in short, as `run` says it at its end."""
    share, seen = availability(during), during.latencies()
    decided = together(one.verdict for one in found)
    why = "; ".join(one.why for one in found if one.verdict == decided and one.why) if decided != "pass" else ""
    return Judged(
        probe=probe,
        verdict=decided,
        good=during.good,
        bad=during.bad,
        none=during.none,
        success=share.value,
        p50=quantile(seen, "p50").value,
        p95=quantile(seen, "p95").value,
        longest=seen.longest,
        why=why,
    )


def figure(measure: str, value: float) -> str:
    if measure == "success":
        return f"{value:.2%}"
    return f"{value * 1000:.0f}ms" if value < 10 else f"{value:.1f}s"


def shown(measure: str, found: Estimate) -> str:
    """`99.20% (98.10% to 99.66%)`, or with what keeps it from having an interval."""
    if found.value is None:
        return found.note
    told = figure(measure, found.value)
    if found.low is not None and found.high is not None:
        return f"{told} ({figure(measure, found.low)} to {figure(measure, found.high)})"
    return f"{told} ({found.note})" if found.note else f"{told} ({TOO_FEW})"
