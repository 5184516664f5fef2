"""Prediction beside observation: for each request in each state, what was foretold and what came.

Only answers of settled states are looked at: a gateway takes a moment to follow its objects, and what it answers meanwhile says nothing
against the prediction. Shares of a split are compared by their intervals, so that a few answers are not taken for a difference.
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Literal

from aichaos.domain.about import About
from aichaos.domain.prediction import Answer, BackendShare
from aichaos.domain.results import Compared
from aichaos.measure.figures import Tally
from aichaos.measure.samples import Second
from aichaos.measure.statistics import SURE, wilson
from aichaos.measure.windows import Moments

SETTLED = 1.0
"""Seconds after a change from which on answers count."""
_SLACK = 0.1
"""Share of answers that may be otherwise: stragglers, a retry, a restart of something else."""
_OF_A_GATEWAY = ("502", "503", "504")
_WAITS = ("wait", "probe")
Stretch = tuple[float, float]


def stretches(about: About, moments: Moments) -> list[Stretch | None]:
    """For each state of the prediction, from when until when its answers count; None where it never came or did not last."""
    steps = about.experiment.spec.steps
    began = {number: at for number, _, at in moments.steps}
    way_back = moments.restoring if moments.restoring is not None else moments.ended
    first = moments.steps[0][2] if moments.steps else way_back
    found: list[Stretch | None] = [(moments.opened, first)]
    changed = moments.opened - SETTLED
    for number, step in enumerate(steps, 1):
        if number not in began:
            found.append(None)
            continue
        end = began.get(number + 1, way_back)
        if step.verb not in _WAITS:
            changed = began[number] if step.chaos is None else end - min(SETTLED, (end - began[number]) / 2)
        found.append(_lasting(max(began[number], changed + SETTLED if step.chaos is None else began[number]), end))
    restored = moments.restored
    found.append(_lasting(restored + SETTLED, moments.ended) if restored is not None else None)
    return found


def _lasting(begin: float, end: float) -> Stretch | None:
    return (begin, end) if end > begin else None


def compared(about: About, moments: Moments, lines: Iterable[Second]) -> list[Compared]:
    """Every foretold request in every state, the requests in the order of the prediction."""
    spans = stretches(about, moments)
    names = {one.sample: one.number for one in about.requests}
    tallies: dict[tuple[int, int], Tally] = {}
    for line in lines:
        if (number := names.get(line.probe)) is None:
            continue
        for state, span in enumerate(spans):
            if span is not None and span[0] <= line.at and line.to <= span[1]:
                tallies.setdefault((number, state), Tally()).take(line)
    return [
        _one(about, request, state, spans, tallies.get((request, state)))
        for request in range(len(about.prediction.requests))
        for state in range(len(about.prediction.states))
    ]


def _one(about: About, request: int, state: int, spans: Sequence[Stretch | None], tally: Tally | None) -> Compared:
    foretold = about.prediction.states[state]
    answer = foretold.outcomes[request]
    last = len(about.prediction.states) - 1
    sham = about.sham and 0 < state < last
    if sham:
        answer = about.prediction.states[0].outcomes[request]
    verdict: Literal["agrees", "differs", "not-observed"] = "not-observed"
    observed = ""
    if tally is None or not tally.samples:
        too_short = f"the state did not last {SETTLED:g}s, so that no settled answer could be seen"
        why = about.unasked.get(request) or (too_short if state < len(spans) and spans[state] is None else "nobody asked while it lasted")
    elif answer.outcome == "implementation-specific":
        observed, why = told(tally), "the gateway is free to choose: nothing was foretold"
    else:
        observed, why = told(tally), differs(answer, tally)
        verdict = "differs" if why else "agrees"
    return Compared(
        request=about.prediction.requests[request],
        state=foretold.step,
        step=state if 0 < state < last else None,
        predicted=predicted(answer),
        observed=observed,
        verdict=verdict,
        samples=tally.samples if tally else 0,
        why=why,
        shares=_shares(answer),
    )


def _shares(answer: Answer) -> dict[str, float]:
    found: dict[str, float] = {}
    if answer.outcome == "forward":
        for part in answer.backends:
            found[_name(part)] = found.get(_name(part), 0.0) + part.share
    elif answer.outcome != "implementation-specific":
        found[str(answer.status) if answer.status is not None else "no answer"] = 1.0
    return found


def differs(answer: Answer, tally: Tally) -> str:
    """What came otherwise than foretold; "" where it came so, as far as the answers tell."""
    if answer.outcome != "forward":
        wanted = str(answer.status) if answer.status is not None else ""
        count = tally.statuses[wanted] if wanted else tally.samples - tally.statuses.total()
        return "" if _fits(1.0, count, tally.samples) else f"{told(tally)}, foretold {predicted(answer)}"
    strange = _strange(answer, tally)
    if not _fits(1.0, tally.samples - strange.total(), tally.samples):
        return f"{', '.join(f'{name} ({count} of {tally.samples})' for name, count in strange.most_common(2))}, which was not foretold"
    told_of = tally.samples - _nobodys(answer, tally, strange)
    for part in answer.backends:
        if part.status is None and not tally.backends:
            continue  # nobody says which backend answers: that one does was foretold, and one does
        count = _count(part, tally)
        if not _fits(part.share, count, told_of):
            return f"{_name(part)} gave {count} of {told_of} answers, foretold {part.share:.0%}"
    return ""


def _strange(answer: Answer, tally: Tally) -> Counter[str]:
    """Answers that nothing of the prediction stands for: of other backends, errors of the gateway itself, and none at all.

    An error in the name of a backend is that backend's answer.
    """
    services = {one.service for one in answer.backends}
    foretold = {str(one.status) for one in answer.backends if one.status is not None}
    found = Counter({name: count for name, count in tally.backends.items() if name not in services})
    unnamed = tally.statuses.total() - tally.backends.total()
    for status in _OF_A_GATEWAY:
        if status not in foretold and (count := min(unnamed, tally.statuses[status])):
            found[status] += count
            unnamed -= count
    if silent := tally.samples - tally.statuses.total():
        found["no answer"] += silent
    return found


def _nobodys(answer: Answer, tally: Tally, strange: Counter[str]) -> int:
    """Answers that do not say whose they are, where others do: those of a pod that has just come, and is not known yet. They are nobody's,
    and count for and against no share."""
    if not tally.backends:
        return 0
    errors = sum(count for name, count in strange.items() if name in _OF_A_GATEWAY)
    foretold = sum(tally.statuses[status] for status in {str(one.status) for one in answer.backends if one.status is not None})
    return max(0, tally.statuses.total() - tally.backends.total() - errors - foretold)


def _count(part: BackendShare, tally: Tally) -> int:
    return tally.statuses[str(part.status)] if part.status is not None else tally.backends[part.service or ""]


def _fits(share: float, count: int, total: int) -> bool:
    low, high = wilson(count, total, SURE)
    return low <= share + _SLACK and high >= share - _SLACK and not (share == 1.0 and count / total < 1 - 2 * _SLACK)


def told(tally: Tally) -> str:
    """`shop/web (3), shop/api (1)`, `503 (4)`, `no answer (2)`."""
    named = tally.backends.total()
    parts = [f"{name} ({count})" for name, count in tally.backends.most_common(3)]
    if named < tally.statuses.total():
        unnamed = [f"{status} ({count})" for status, count in tally.statuses.most_common(3)]
        parts += unnamed if not named else [one for one in unnamed if not one.startswith("2")]
    if silent := tally.samples - tally.statuses.total():
        parts.append(f"no answer ({silent})")
    return ", ".join(parts)


def predicted(answer: Answer) -> str:
    """`shop/web`, `75% shop/web, 25% shop/api`, `301 to https://…`, `503`, `no answer`."""
    match answer.outcome:
        case "forward":
            parts = [one for one in answer.backends if one.share > 0]
            if len(parts) == 1:
                return _name(parts[0])
            return ", ".join(f"{one.share:.0%} {_name(one)}" for one in parts)
        case "redirect":
            return f"{answer.status} to {answer.location}"
        case "error":
            return str(answer.status) if answer.status is not None else "no answer"
    return "as the gateway chooses"


def _name(part: BackendShare) -> str:
    return str(part.status) if part.status is not None else part.service or "a backend"
