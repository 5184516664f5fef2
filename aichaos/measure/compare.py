"""What is different between two windows, told from noise: `during` beside `baseline`, and a run beside its sham.

A difference is called beyond noise where intervals of 99.99 % lie apart by more than somebody would care about; where the intervals are so
wide that a difference that matters could hide in them, there are too few samples to say.
"""

from collections.abc import Mapping, Sequence

from msgspec.structs import replace

from aichaos.domain.results import Sham, Shift
from aichaos.measure.figures import TOO_FEW, Tally
from aichaos.measure.latencies import Latencies
from aichaos.measure.statistics import SURE, difference, rank, ranks

WIDE = 0.3
"""A share's interval that says nothing, from its low to its high end."""
LEAST = 0.002
"""Seconds that a latency has to differ by, at least."""
SHARE = 0.2
"""And as a share of what it was."""
LATE = 2.0
"""And as a multiple of how late this machine's questions usually were: a busy machine is slow to see, too, and by turns."""


def effects(before: Tally, during: Tally) -> list[Shift]:
    """Success, p50 and p95, and the shares of backends where they are not what they were."""
    found = [_success(before, during)] if before.told and during.told else []
    then, now = before.latencies(), during.latencies()
    if then.count and now.count:
        late = LATE * max(before.usually_late, during.usually_late)
        found += [_latency(name, quantile, then, now, late) for name, quantile in (("p50", 0.5), ("p95", 0.95))]
    return found + [one for one in _backends(before, during) if one.beyond_noise]


def _success(before: Tally, during: Tally) -> Shift:
    was, now = before.good / before.told, during.good / during.told
    low, high = difference(during.good, during.told, before.good, before.told)
    beyond = _apart(low, high)
    return _effect("success", was, now, low, high, beyond, f"success {was:.1%} → {now:.1%}")


def _apart(low: float, high: float) -> bool | None:
    """Whether nothing is no possible difference; None where too much is possible."""
    if low > 0 or high < 0:
        return True
    return None if high - low > WIDE else False


def _latency(name: str, quantile: float, then: Latencies, now: Latencies, late: float) -> Shift:
    was, value = then.at(rank(quantile, then.count)), now.at(rank(quantile, now.count))
    low_was, high_was = _interval(quantile, then)
    low_now, high_now = _interval(quantile, now)
    margin = max(LEAST, SHARE * was, late)
    low = low_now - high_was if low_now is not None and high_was is not None else None
    high = high_now - low_was if high_now is not None and low_was is not None else None
    slower, faster = low is not None and low > margin, high is not None and high < -margin
    beyond = True if slower or faster else None if low is None or high is None else False
    return _effect(name, was, value, low, high, beyond, f"{name} {was * 1000:.1f} ms → {value * 1000:.1f} ms")


def _interval(quantile: float, seen: Latencies) -> tuple[float | None, float | None]:
    low, high = ranks(quantile, seen.count, SURE)
    return (seen.at(low) if low else None), (seen.at(high) if high else None)


def _backends(before: Tally, during: Tally) -> list[Shift]:
    then, now = before.backends.total(), during.backends.total()
    if not then or not now:
        return []
    found = []
    for name in sorted({*before.backends, *during.backends}):
        low, high = difference(during.backends[name], now, before.backends[name], then)
        was, value = before.backends[name] / then, during.backends[name] / now
        found.append(_effect(f"share of {name}", was, value, low, high, _apart(low, high), f"{name} gave {was:.0%} → {value:.0%}"))
    return found


def _effect(
    measure: str, before: float, during: float, low: float | None, high: float | None, beyond: bool | None, text: str
) -> Shift:  # fmt: skip
    word = {True: "", False: " (within noise)", None: f" ({TOO_FEW})"}[beyond]
    return Shift(
        measure=measure, before=before, during=during, difference=during - before, low=low, high=high, beyond_noise=beyond, text=text + word
    )


def beside_sham(run: str, real: Mapping[str, Tally], sham: Mapping[str, Tally], usual: Mapping[str, Tally] | None = None) -> Sham:
    """The windows `during` of a run and of its sham, by probe; usual: the run's own baseline. What differs beyond noise from both, only the
    fault explains: what differs from the sham alone may have changed between the two runs."""
    found = {name: _explained(effects(sham[name], real[name]), (usual or {}).get(name), real[name]) for name in real if name in sham}
    every: Sequence[Shift] = [one for each in found.values() for one in each]
    beyond = [f"{name}: {one.text}" for name, each in found.items() for one in each if one.beyond_noise]
    if beyond:
        return Sham(run=run, effects=found, verdict="effect", text=f"beside the sham run {run}: " + "; ".join(beyond[:3]))
    if not every or all(one.beyond_noise is None for one in every):
        return Sham(run=run, effects=found, verdict="too-few-samples", text=f"{TOO_FEW} whether anything differs from the sham run {run}")
    return Sham(run=run, effects=found, verdict="no-effect", text=f"nothing differs from the sham run {run}: the fault had no effect here")


def _explained(beside: Sequence[Shift], usual: Tally | None, real: Tally) -> list[Shift]:
    """Without what was so in the run's own baseline already."""
    if usual is None or not usual.told:
        return list(beside)
    own = {one.measure for one in effects(usual, real) if one.beyond_noise}
    return [
        replace(one, beyond_noise=False, text=f"{one.text} (and no more than in its own baseline)")
        if one.beyond_noise and one.measure not in own
        else one
        for one in beside
    ]
