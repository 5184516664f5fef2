"""The results of a run as `results.md`, under the headings that people write such reports with. Every figure in it was measured."""

from collections.abc import Iterator

from aichaos.domain.results import ProbeResult, Results, Window, WindowKind
from aichaos.report.clean import clean
from aichaos.report.results import confidence, facts, headline, rows, score

_ISSUES = ("difference", "restore", "objective", "stop")


def page(found: Results) -> str:
    return clean("\n".join(_lines(found))) + "\n"


def _lines(found: Results) -> Iterator[str]:
    yield f"# {_text(found.title or found.experiment_name)}"
    yield ""
    yield from _table([("", ""), *facts(found)])
    yield from _section("Hypothesis", [_text(found.hypothesis) or "None was written."])
    yield from _section("Scope", _scope(found))
    for title, kind in (("Baseline", "baseline"), ("During the experiment", "during"), ("After: recovery", "after")):
        yield from _section(title, _window(found, kind))  # type: ignore[arg-type]
    yield from _section("Observations", [f"- {_text(one.text)}" for one in found.observations] or ["Nothing stood out."])
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
    radius = found.blast_radius
    told = [f"- step {number}: {_text(step)}" for number, step in enumerate(found.steps, 1)]
    if radius is None:
        return told
    pods = f"{radius.pods} of {radius.pods_total} pods" if radius.pods_total else "no pods"
    return [f"- namespaces: {', '.join(map(_text, radius.namespaces)) or 'none'}; {pods}; {len(radius.routes)} routes", *told]


def _window(found: Results, kind: WindowKind) -> list[str]:
    window: Window | None = found.window(kind)
    if window is None:
        return ["The run did not come so far."]
    lines = [f"{window.seconds:.1f} s."]
    for probe in found.probes:
        head, *body = rows(probe)
        mine = [row[1:] for row in body if row[0] == kind]
        lines += ["", f"**{_text(probe.probe)}** ({_text(probe.asked)})", "", *_table([head[1:], *mine])]
        if kind == "after":
            lines += ["", _times(probe)]
    return lines


def _times(probe: ProbeResult) -> str:
    if probe.time_to_detect is None:
        return "It was never bad after the first step."
    again = f"{probe.time_to_recover:.1f} s" if probe.time_to_recover is not None else "not while it was watched"
    return f"Time to detect {probe.time_to_detect:.1f} s; time to recover: {again}."


def _validation(found: Results) -> list[str]:
    lines = [f"**{headline(found.verdict, found.confidence)[0]}** {_text(found.verdict_why)}", ""]
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
    return [*lines, *(["", f"{rest} more were not observed."] if rest else [])]


def _metrics(found: Results) -> list[str]:
    lines = [
        f"- {_text(one.name)}: {', '.join(f'{name} {value:g}' for name, value in one.means.items()) or one.why}" for one in found.metrics
    ]
    alerts = [f"- the alert {_text(one.name)} fired in the window {one.window}" for one in found.alerts if not one.before]
    return [*lines, *alerts] or ["No metric was asked for."]


def _actions(found: Results) -> list[str]:
    """What the experiment itself proposes, where it was needed, and what would make the next run say more."""
    lines = []
    if found.restored == "not-restored":
        lines += [f"- High: restore {_text(one.object)}: `{'; '.join(one.commands)}`" for one in found.left_over]
    if found.verdict == "fail" and found.experiment is not None:
        lines += [f"- High: {_text(one)}" for one in found.experiment.spec.remediation]
    lines += [f"- Medium: find out why it came otherwise: {_text(one.text)}" for one in found.observations if one.kind == "difference"]
    lines += [f"- Low: {_text(one.name)}: {_text(one.why)}" for one in found.confidence.parts if one.value < 0.5]  # fmt: skip
    return lines or ["None."]


def _table(listed: list[tuple[str, ...]]) -> list[str]:
    head, *body = [[_cell(cell) for cell in row] for row in listed]
    return [f"| {' | '.join(row)} |" for row in (head, ["---"] * len(head), *body)]


def _cell(text: str) -> str:
    return _text(text).replace("|", "\\|").replace("\n", " ")


def _text(text: str) -> str:
    """Text of a stranger as text: no HTML, no headings, no links of its own."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace("[", "\\[").replace("`", "'").replace("\n", " ")
