"""What the data of a run say, in sentences, the weightiest first. A difference between prediction and observation comes before all."""

from collections.abc import Iterator

from aichaos.domain.results import Compared, Observation, Results

_ORDER = ("difference", "restore", "objective", "stop", "effect", "alert", "sham", "data")


def observations(found: Results) -> list[Observation]:
    told = {(one.kind, one.text): one for one in _all(found)}  # two promises that say the same are broken in the same words
    return sorted(told.values(), key=lambda one: _ORDER.index(one.kind))


def _all(found: Results) -> Iterator[Observation]:
    yield from _differences(found)
    yield from _end(found)
    for probe in found.probes:
        for one in probe.objectives:
            if one.verdict == "fail":
                yield Observation(
                    kind="objective",
                    severity="high" if probe.role == "steady" else "medium",
                    text=f"{probe.probe}: {one.why}",
                    probe=probe.probe,
                )
            elif one.verdict == "no-data" and probe.role == "steady":
                yield Observation(kind="data", severity="medium", text=f"{probe.probe}: {one.text}: no data: {one.why}", probe=probe.probe)
            elif not one.sure and one.verdict == "pass" and probe.role == "steady":
                yield Observation(
                    kind="data",
                    severity="low",
                    text=f"{probe.probe}: {one.text} held, {one.observed}: more samples would make it sure",
                    probe=probe.probe,
                )
        for effect in probe.effects:
            if effect.beyond_noise:
                yield Observation(kind="effect", severity="medium", text=f"{probe.probe}: {effect.text}", probe=probe.probe)
        if probe.time_to_detect is not None:
            yield Observation(
                kind="effect", severity="info", text=_times(probe.probe, probe.time_to_detect, probe.time_to_recover), probe=probe.probe
            )
    for alert in found.alerts:
        if not alert.before:
            yield Observation(
                kind="alert", severity="info", text=f"the alert {alert.name} fired {alert.first - found.began:.0f} s after the run began"
            )
    if found.sham is not None:
        yield Observation(kind="sham", severity="info", text=found.sham.text)
    for text in found.missing:
        yield Observation(kind="data", severity="low", text=text)


def _differences(found: Results) -> Iterator[Observation]:
    """One for each request and what came of it, not one for each state in which it came so."""
    seen: dict[tuple[str, str, str], list[Compared]] = {}
    for one in found.prediction:
        if one.verdict == "differs":
            seen.setdefault((one.request, one.predicted, one.why), []).append(one)
    for first, *others in seen.values():
        more = f" and {len(others)} more" if others else ""
        text = f"foretold otherwise: {first.request}, in the state {first.state!r}{more}: foretold {first.predicted}, came {first.observed}"
        yield Observation(kind="difference", severity="high", text=text, step=first.step)


def _end(found: Results) -> Iterator[Observation]:
    if found.restored == "not-restored":
        names = ", ".join(one.object for one in found.left_over) or "the answers are not what they were"
        yield Observation(kind="restore", severity="high", text=f"NOT restored: {names}")
    elif found.outcome == "unfinished":
        yield Observation(kind="restore", severity="high", text=f"nobody has restored it yet: aichaos recover {found.run}")
    for foreign in found.foreign:
        yield Observation(kind="restore", severity="info", text=f"{foreign.object} was changed by somebody else meanwhile; that stays")
    if found.outcome in ("stopped", "failed"):
        yield Observation(kind="stop", severity="medium", text=f"it ended early: {found.stop_reason or 'a step failed'}")


def _times(probe: str, detect: float, recover: float | None) -> str:
    again = f"all good again {recover:.1f} s later" if recover is not None else "it was not good again while it was watched"
    return f"{probe}: first bad answer {detect:.1f} s after the first step; {again}"
