"""The debrief of a GameDay as Markdown, under the headings that such a document has: scenarios, what worked, what failed, what to do."""

from collections.abc import Callable, Iterable, Iterator

from aichaos.domain.experiment import lasting
from aichaos.domain.gameday import Debrief, SceneDone, Seen
from aichaos.domain.results import Estimate
from aichaos.report.clean import clean

NOTHING = "Nothing was noted."


def markdown(found: Debrief) -> str:
    return "\n".join(_lines(found)).rstrip("\n") + "\n"


def _lines(found: Debrief) -> Iterator[str]:
    yield f"# GameDay: {_text(found.title)}\n"
    yield from (f"**{_text(one)}**\n" for one in found.differences)
    yield from ([f"{_text(found.objective)}\n"] if found.objective else [])
    planned = f" (planned: {_text(found.planned)})" if found.planned else ""
    took = f", {lasting(int(found.seconds))}" if found.seconds is not None else ""
    yield "## Date\n"
    until = found.ended or "nobody knows when"
    yield f"{found.began} to {until}{took}{planned}. Led by {_text(found.led_by)}, on {_text(found.cluster)}.\n"
    yield "## Participants\n"
    yield from _list(found.participants, "Nobody was named.")
    yield "## Outcome\n"
    yield f"{_outcome(found)}\n"
    yield "| Scenario | State | Hypothesis | Score | Confidence | Restored | Time |\n|---|---|---|---|---|---|---|"
    for one in found.scenarios:
        took = lasting(int(one.seconds)) if one.seconds is not None else ""
        cells = (f"{one.number}. {_cell(one.name)}", one.state, one.verdict or "", _score(one), one.confidence, one.restored or "", took)
        yield f"| {' | '.join(cells)} |"
    yield "\n## Scenarios\n"
    for one in found.scenarios:
        yield from _scene(one)
    yield "## Debrief\n"
    for heading, items, none in (
        ("What worked well?", found.worked, "Nothing that was measured or noted."),
        ("What failed?", found.failed, "Nothing that was measured or noted."),
    ):
        yield f"### {heading}\n"
        yield from _list(items, none)
    yield "### Action items?\n"
    yield from _list((f"[ ] {one.text} *({one.origin})*" for one in found.actions), "None.")
    for heading, items, none in (
        ("Team response times", found.response, "No scenario was begun."),
        ("Communication effectiveness", found.communication, NOTHING),
        ("Technical issues found", found.issues, "None by what was measured."),
        ("Process improvements needed", found.process, "None that can be told from the files."),
    ):
        yield f"### {heading}\n"
        yield from _list(items, none)
    yield "## Timeline\n"
    yield "| Time | After | Who | What |\n|---|---|---|---|"
    for line in found.timeline:
        yield f"| {line.at} | {lasting(int(line.after))} | {_cell(line.who)} | {_cell(line.text)} |"
    yield ""


def _outcome(found: Debrief) -> str:
    if found.code is None:
        return "Nobody saw the end of the day."
    told = {
        0: "Every hypothesis held, and everything is restored.",
        3: "At least one hypothesis did not hold. Everything is restored.",
        5: "Nothing was begun: the guard refused.",
        7: "It ended early. What was changed is restored.",
        8: "**Something is NOT restored.**",
        9: "Of at least one scenario there are no data. Everything is restored.",
        130: "It was interrupted before anything was changed.",
    }
    untested = [one.name for one in found.scenarios if one.verdict == "pass" and one.confidence == "low"]
    doubt = f" Hardly anything put to the test: {_text(', '.join(untested))}." if untested else ""
    return told[found.code] + doubt + (f" {_text(found.why)[:1].upper()}{_text(found.why)[1:]}." if found.why else "")


def _score(one: SceneDone) -> str:
    return str(one.score) if one.score is not None else "none" if one.confidence else ""


def _scene(one: SceneDone) -> Iterator[str]:
    time = f" ({one.duration})" if one.duration else ""
    yield f"### Scenario {one.number}: {_text(one.name)}{time}\n"
    rows = [("Foretold otherwise", text.removeprefix("foretold otherwise: ")) for text in one.differences]
    rows += [("Hypothesis", one.hypothesis), ("Verdict", one.verdict or ""), ("State", one.state + (f": {one.why}" if one.why else ""))]
    rows += [("Restored", f"{one.restored} (by {one.restored_by})" if one.restored_by else one.restored or "")]
    rows += [("Score", f"{_score(one)}{' of 100' if one.score is not None else ''}, confidence {one.confidence}")] if one.confidence else []
    rows += [("Run", f"`{one.run}` (`aichaos report {one.run}`)")] if one.run else []
    rows += [("Gates", "; ".join(one.gates))] if one.gates else []
    for label, text in rows:
        if text and text != "``":
            yield f"- **{label}**: {_text(text)}"
    yield ""
    yield from ("\n".join(f"{number}. {_text(step)}" for number, step in enumerate(one.steps, 1)), "") if one.steps else ()
    if one.seen:
        yield "| When | Probe | Answers | Good | Availability (95 %) | p50 | p95 | p99 | Longest |"
        yield "|---|---|---|---|---|---|---|---|---|"
        yield from (_measured(each) for each in one.seen)
        yield ""
    if one.promises:
        yield "| Promised | Observed | Verdict |\n|---|---|---|"
        yield from (f"| {_cell(each.text)} | {_cell(each.observed or each.why)} | {each.verdict} |" for each in one.promises)
        yield ""
    if one.observe:
        yield "To observe:\n"
        yield from _list(one.observe, "")
    if one.run:
        yield "Noted:\n"
        yield from _list(one.notes, NOTHING)


def _measured(one: Seen) -> str:
    found = one.measured
    share = _figure(found.availability, lambda value: f"{value * 100:.1f}")
    times = [_figure(each, lambda value: f"{value * 1000:.0f}", " ms") for each in (found.p50, found.p95, found.p99)]
    longest = f"{found.longest * 1000:.0f} ms" if found.longest is not None else ""
    return f"| {found.window} | {_cell(one.probe)} | {found.samples} | {found.good} | {share} | {' | '.join(times)} | {longest} |"


def _figure(one: Estimate, written: Callable[[float], str], unit: str = " %") -> str:
    """`92.6 (87.7 to 95.7) %`; without the interval where there are too few samples for one."""
    if one.value is None:
        return ""
    sides = f" ({written(one.low)} to {written(one.high)})" if one.low is not None and one.high is not None else ""
    return f"{written(one.value)}{sides}{unit}"


def _list(items: Iterable[str], none: str) -> Iterator[str]:
    shown = [f"- {_text(item)}" for item in items]
    yield "\n".join(shown or [none]) + "\n"


def _text(text: str) -> str:
    """What people or a cluster wrote, as plain text on one line: it makes no Markdown of its own."""
    flat = " ".join(clean(text).split())
    return flat.replace("<", "&lt;")


def _cell(text: str) -> str:
    return _text(text).replace("|", "\\|")
