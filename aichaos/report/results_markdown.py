"""The results of a run as `results.md`, under the headings that people write such reports with. Every figure in it was measured."""

import re
from collections.abc import Iterator

from aichaos.domain.results import ProbeResult, Results, Window, WindowKind
from aichaos.report.backlog import backlog
from aichaos.report.clean import clean
from aichaos.report.results import UNSURE, confidence, facts, judged, reach, rows, score, summary, unknown_metrics, unobserved

_ISSUES = ("difference", "restore", "objective", "stop")


def page(found: Results) -> str:
    return clean("\n".join(_lines(found))) + "\n"


def figures(found: Results) -> str:
    """The page without who ran it and where: what a summary may be made of."""
    return clean("\n".join([_title(found), *_sections(found)])) + "\n"


def _title(found: Results) -> str:
    return f"# {_text(found.title or found.experiment_name)}"


def _lines(found: Results) -> Iterator[str]:
    yield _title(found)
    yield ""
    yield f"**{judged(found)[0]}** {_text(found.verdict_why)}".strip()
    yield ""
    yield from (f"**{_text(one.text)}**\n" for one in found.observations[:1] if one.kind == "difference")
    yield from _table([("", ""), *(row for row in facts(found) if row[0] != "hypothesis")])
    yield from _sections(found)


def _sections(found: Results) -> Iterator[str]:
    yield from _section("Hypothesis", [_paragraph(found.hypothesis) or "None was written."])
    yield from _section("Scope", _scope(found))
    for title, kind in (("Baseline", "baseline"), ("During the experiment", "during"), ("After: recovery", "after")):
        yield from _section(title, _window(found, kind))  # type: ignore[arg-type]
    yield from _section("Observations", [f"- {_text(one.text)}" for one in found.observations] or ["Nothing stood out."])
    if found.summary is not None:
        yield from _section("Summary", "\n\n".join(map(_paragraph, summary(found.summary))).split("\n"))
    issues = [f"- **{one.severity}**: {_text(one.text)}" for one in found.observations if one.kind in _ISSUES]
    yield from _section("Issues discovered", issues or ["None."])
    yield from _section("Hypothesis validation", _validation(found))
    yield from _section("Prediction and observation", _predicted(found))
    yield from _section("Metrics", _metrics(found))
    yield from _section("Action items", _actions(found))
    if found.missing:
        yield from _section("What is missing", [f"- {_text(one)}" for one in found.missing])


def _section(title: str, lines: list[str]) -> Iterator[str]:
    yield ""
    yield f"## {title}"
    yield ""
    yield from lines


def _scope(found: Results) -> list[str]:
    told = [f"- step {number}: {_text(step)}" for number, step in enumerate(found.steps, 1)]
    return [*([f"- {_text(reach(found.blast_radius))}"] if found.blast_radius is not None else []), *told]


def _window(found: Results, kind: WindowKind) -> list[str]:
    window: Window | None = found.window(kind)
    if window is None:
        return ["The run did not come so far."]
    lines = [f"{window.seconds:.1f} s."]
    for probe in found.probes:
        head, *body = rows(probe)
        mine = [row[1:] for row in body if row[0] == kind]
        lines += ["", f"**{_text(probe.probe)}** ({_text(probe.asked)})", "", *_table([head[1:], *mine])]
        if any(cell.endswith("?") for row in mine for cell in row):
            lines += ["", UNSURE]
        if kind == "after":
            lines += ["", _times(probe)]
    return lines


def _times(probe: ProbeResult) -> str:
    seen = [one for kind in ("during", "after") if (one := probe.window(kind)) is not None]
    if not any(one.good or one.bad for one in seen):
        return "Nothing could be told of it after the first step."
    if probe.time_to_detect is None:
        return "It was never bad after the first step."
    again = f"{probe.time_to_recover:.1f} s" if probe.time_to_recover is not None else "not while it was watched"
    return f"Time to detect {probe.time_to_detect:.1f} s; time to recover: {again}."


def _validation(found: Results) -> list[str]:
    lines = [f"**{judged(found)[0]}** {_text(found.verdict_why)}", ""]
    promises = [(probe.probe, one.text, one.verdict, one.observed or one.why) for probe in found.probes for one in probe.objectives]
    lines += _table([("probe", "promise", "verdict", "observed"), *promises]) if promises else []
    return [*lines, "", f"- score: {_text(score(found.score))}", f"- confidence: {_text(confidence(found.confidence))}"]


def _predicted(found: Results) -> list[str]:
    if not found.prediction:
        return ["Nothing was foretold."]
    seen = [one for one in found.prediction if one.verdict != "not-observed"]
    rest = len(found.prediction) - len(seen)
    body = [(one.request, one.state, one.predicted, one.observed, one.verdict) for one in seen]
    lines = _table([("request", "state", "predicted", "observed", ""), *body]) if body else []
    return [*lines, *(["", unobserved(rest)] if rest else [])]


def _metrics(found: Results) -> list[str]:
    lines = [
        f"- {_text(one.name)}: {', '.join(f'{name} {value:g}' for name, value in one.means.items()) or _text(one.why)}"
        for one in found.metrics
    ]
    lines += [f"- {_text(name)}: not known" for name in unknown_metrics(found)]
    alerts = [f"- the alert {_text(one.name)} fired in the window {one.window}" for one in found.alerts if not one.before]
    return [*lines, *alerts] or ["No metric was asked for."]


def _actions(found: Results) -> list[str]:
    """The backlog of this one run, and the commands that restore what is not as it was."""
    lines = [f"- High: restore {_text(one.object)}: `{'; '.join(one.commands)}`" for one in found.left_over if one.commands]
    lines += [f"- {one.priority.capitalize()}: {_text(one.text)}" for one in backlog([found]).items]
    return lines or ["None."]


def _table(listed: list[tuple[str, ...]]) -> list[str]:
    head, *body = [[_cell(cell) for cell in row] for row in listed]
    return [f"| {' | '.join(row)} |" for row in (head, ["---"] * len(head), *body)]


def _cell(text: str) -> str:
    return _text(text).replace("|", "\\|").replace("\n", " ")


def _paragraph(text: str) -> str:
    """A text at the beginning of a line, where a `#` or a `-` would make something else of it."""
    return re.sub(r"^(?=[#>*+=~-])|^(\d+)(?=[.)])", r"\1\\", _text(text).lstrip())


def _text(text: str) -> str:
    """Text of a stranger as text: no HTML, no headings, no links of its own."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace("[", "\\[").replace("`", "'").replace("\n", " ")
