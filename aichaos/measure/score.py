"""Score and confidence, apart: what held, and how much was really exercised and seen. The formula is in docs/score.md.

A score needs something that could have failed. Where nothing shows that the fault reached what was asked, there is none.
"""

from collections.abc import Sequence

from aichaos.domain.results import MEASURED, Confidence, Measured, Objective, Part, Results, Scored

_WORDS = ((0.7, "high"), (0.4, "medium"), (0.0, "low"))
_BASELINE = 20
"""Answers of a baseline from which on it counts in full."""
_BAD, _BAD_SHARE = 3, 0.05
"""Bad answers, as many and as a share, that show an effect where the baseline is too short to compare with, and had none."""
RESTORED = 2.0
"""The weight of the restore in the score."""
SEEN, ARRIVED, NOTHING = 1.0, 0.5, 0.1
"""How much was exercised: an effect was seen; the fault was injected, and nothing was seen of it; neither."""


def exercised(found: Results) -> Part:
    """Whether anything that was asked could have failed: what shows that the fault reached it."""
    if found.sham_run:
        return _part("exercised", 0.0, 1, "a sham run: nothing was done")
    if not any(one.outcome == "done" and one.step for one in found.changes):
        return _part("exercised", 0.0, 1, "nothing was changed")
    for probe in found.probes:
        for effect in probe.effects:
            if effect.beyond_noise:
                return _part("exercised", SEEN, 1, f"{probe.probe}: {effect.text}")
        before, during = probe.window("baseline"), probe.window("during")
        if before and during and before.good and not before.bad and during.bad >= max(_BAD, _BAD_SHARE * (during.good + during.bad)):
            return _part("exercised", SEEN, 1, f"{probe.probe}: {during.bad} bad answers, none before")
    started = {one.request: one.predicted for one in found.prediction if one.state == "before"}
    for each in found.prediction:
        if each.step is not None and each.verdict == "agrees" and each.predicted != started.get(each.request):
            return _part("exercised", SEEN, 1, f"{each.request} was answered otherwise, as foretold: {each.observed}")
    if found.sham is not None and found.sham.verdict == "effect":
        return _part("exercised", SEEN, 1, found.sham.text)
    radius = found.blast_radius
    chaos = found.experiment is not None and any(step.chaos is not None for step in found.experiment.spec.steps)
    if chaos and found.outcome == "completed" and radius is not None and radius.pods:
        return _part("exercised", ARRIVED, 1, "the fault was injected into pods, and no probe noticed it")
    return _part("exercised", NOTHING, 1, "nothing shows that what was changed reached what was asked")


def score(found: Results) -> Scored:
    """100 times the weighted share of what was kept, of what could be told. None where nothing could have failed."""
    promised = [(probe.probe, one) for probe in found.probes if probe.role == "steady" for one in probe.objectives]
    told = [(name, one) for name, one in promised if one.verdict != "no-data"]
    if not told:
        return Scored(value=None, why="no promise could be judged: there are no data" if promised else "nothing was promised")
    reached = exercised(found)
    if reached.value < ARRIVED:
        broken = any(one.verdict == "fail" for _, one in told)
        said = "a promise was broken, by too few answers or as before the change" if broken else "nothing that was asked could have failed"
        return Scored(value=None, why=f"{said}: {reached.why}")
    parts = [_part(f"{name}: {one.text}", float(one.verdict == "pass"), one.weight, one.observed or one.why) for name, one in told]
    if found.restored in ("verified", "not-restored"):
        parts.append(_part("restored", float(found.restored == "verified"), RESTORED, found.restored))
    weight, untold = sum(one.weight for one in parts), len(promised) - len(told)
    why = f"without {untold} of {len(promised)} promises, of which there are no data" if untold else ""
    return Scored(value=round(100 * sum(one.value * one.weight for one in parts) / weight), parts=parts, why=why)


def confidence(found: Results) -> Confidence:
    """`exercised` times `measured` times the weighted mean of how well it was seen."""
    steady = [one for one in found.probes if one.role == "steady"]
    promised = [one for probe in steady for one in probe.objectives]
    reached, told = exercised(found), _measured(found)
    parts = [_sure(promised), _baseline(found), _foretold(found), _sham(found), _whole(found)]
    weight = sum(one.weight for one in parts)
    value = round(reached.value * told.value * sum(one.value * one.weight for one in parts) / weight, 2) if steady else 0.0
    word = next(word for least, word in _WORDS if value >= least)
    return Confidence(value=value, word=word, parts=[reached, told, *parts])  # type: ignore[arg-type]


def _part(name: str, value: float, weight: float, why: str = "") -> Part:
    return Part(name=name, value=value, weight=weight, why=why)


def _sure(promised: Sequence[Objective]) -> Part:
    sure = sum(one.sure for one in promised)
    why = f"{sure} of {len(promised)} promises are decided beyond the uncertainty of their figure"
    return _part("samples", sure / len(promised) if promised else 0.0, 3, why)


def _baseline(found: Results) -> Part:
    counts = [window.samples for one in found.probes if one.role == "steady" and (window := one.window("baseline")) is not None]
    least = min(counts, default=0)
    return _part("baseline", min(1.0, least / _BASELINE), 2, f"{least} answers before the first step; {_BASELINE} count in full")


def _measured(found: Results) -> Part:
    """The weighted share of the promises that could be judged, each as far as the answers to its probe tell something."""
    steady = [(one, one.window("during")) for one in found.probes if one.role == "steady"]
    promised = [(one, window) for probe, window in steady for one in probe.objectives]
    told = sum(one.weight * _telling(window) for one, window in promised if one.verdict != "no-data")
    judged = sum(one.verdict != "no-data" for one, _ in promised)
    answers, silent = (sum(getattr(window, which) for _, window in steady if window is not None) for which in ("samples", "none"))
    why = f"{judged} of {len(promised)} promises could be judged; {answers - silent} of {answers} answers tell something"
    return _part(MEASURED, told / sum(one.weight for one, _ in promised) if promised else 0.0, 1, why)


def _telling(window: Measured | None) -> float:
    """The share of the answers that tell something."""
    return (window.samples - window.none) / window.samples if window is not None and window.samples else 0.0


def _foretold(found: Results) -> Part:
    agree, differ = (sum(one.verdict == word for one in found.prediction) for word in ("agrees", "differs"))
    if not agree + differ:
        return _part("prediction", 0.5, 1, "no foretold answer was observed")
    return _part("prediction", agree / (agree + differ), 1, f"{agree} of {agree + differ} observed answers came as foretold")


def _sham(found: Results) -> Part:
    known = found.sham is not None and found.sham.verdict != "too-few-samples"
    return _part("sham", 1.0 if known else 0.5, 1, "compared with a sham run" if known else "no sham run to compare with")


def _whole(found: Results) -> Part:
    whole = found.complete and found.outcome == "completed"
    return _part("whole", 1.0 if whole else 0.3, 3, "the run came to its end" if whole else f"the run is {found.outcome}")
