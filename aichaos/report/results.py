"""The results of a run on a terminal: how it ended, what held, what was seen, and how much of it can be trusted."""

from collections.abc import Mapping

from aichaos.domain.results import MEASURED, Confidence, Estimate, Measured, ProbeResult, Results, Scored, Summary, WindowKind
from aichaos.domain.sample import Verdict
from aichaos.domain.suggestion import BlastRadius
from aichaos.report.layout import Paper, Part, Style, cells

COLOURS: dict[Verdict, Style] = {"pass": "green", "fail": "red", "no-data": "yellow"}
_SEVERITY: dict[str, Style] = {"high": "red", "medium": "yellow", "low": "", "info": "dim"}
VERDICTS: dict[Verdict, str] = {
    "pass": "The hypothesis held.",
    "fail": "The hypothesis did NOT hold.",
    "no-data": "No data: nothing could have shown a failure.",
}
PARTLY = "Not decided: what could be measured held, but not all that was promised could be."
UNSURE = "A ? marks a figure with too few answers for an interval."
WINDOWS: tuple[WindowKind, ...] = ("baseline", "during", "after")


def show(found: Results, paper: Paper) -> None:
    paper.line((found.title or found.experiment_name, "bold"))
    paper.facts(facts(found))
    paper.line()
    told, like = judged(found)
    paper.text(told + (f" {found.verdict_why}" if found.verdict_why else ""), style=COLOURS[like])
    paper.facts([("score", score(found.score)), ("confidence", confidence(found.confidence))])
    if found.observations:
        paper.line()
        paper.line(("What it shows", "bold"))
        for one in found.observations:
            paper.text(one.text, mark="- ", style=_SEVERITY[one.severity])
    if found.summary is not None:
        paper.line()
        paper.line(("Summary", "bold"))
        *paragraphs, last = summary(found.summary)
        for paragraph in paragraphs:
            paper.text(paragraph)
        paper.text(last, style="yellow" if found.summary.refused else "dim")
    for probe in found.probes:
        paper.line()
        _probe(probe, paper)
    _predicted(found, paper)
    _metrics(found, paper)


def summary(found: Summary) -> list[str]:
    """A model's summary as paragraphs, with whose it is; or why it was refused."""
    who = f"{found.backend} ({found.model})" if found.model else found.backend
    if found.refused:
        return [f"The summary of {who} was refused. What follows stands in it, and not so in this report: {', '.join(found.refused[:10])}."]
    paragraphs = [" ".join(part.split()) for part in found.text.split("\n\n") if part.strip()]
    return [*paragraphs, f"Written by {who}, {found.prompt}; every number in it, and what it is said of, was compared with this report."]


def reach(radius: BlastRadius) -> str:
    """What a run could touch."""
    pods = f"{radius.pods} of {radius.pods_total} pods" if radius.pods_total else "no pods"
    routes = f"the route{'s' * (len(radius.routes) > 1)} {', '.join(radius.routes)}" if radius.routes else "no routes"
    where = f"the namespace{'s' * (len(radius.namespaces) > 1)} {', '.join(radius.namespaces)}" if radius.namespaces else "no namespace"
    return f"it could touch {pods} and {routes}, in {where}"


def unobserved(count: int) -> str:
    """That foretold answers were not observed, and why that is nothing bad."""
    were = "1 more foretold answer was" if count == 1 else f"{count} more foretold answers were"
    return f"{were} not observed: the state was too short, or nobody could ask."


def unknown_metrics(found: Results) -> list[str]:
    """The names of the experiment's metrics of which nothing is known, not even why."""
    asked = [one.name for one in found.experiment.spec.metrics] if found.experiment is not None else []
    told = {one.name for one in found.metrics}
    return [name for name in asked if name not in told]


def facts(found: Results) -> list[tuple[str, str]]:
    """Who, when, where, and how it ended."""
    rows = [("run", found.run + (" (a sham: nothing was changed)" if found.sham_run else "")), ("by", f"{found.who}, {time(found.began)}")]
    rows.append(("cluster", found.server + (f" ({found.context})" if found.context else "")))
    lasted = f"{found.ended - found.began:.0f} s"
    if found.outcome == "running":
        rows.append(("running", f"for {lasted} so far"))
    else:
        rows.append(("ended", found.outcome + (f": {found.stop_reason}" if found.stop_reason else f" after {lasted}")))
    took = found.stop_to_restored_seconds
    word = "not yet" if found.outcome == "running" and found.restored == "unknown" else found.restored
    rows.append(("restored", word + (f", {took:.2f} s after it was stopped" if took is not None else "")))
    if found.hypothesis:
        rows.append(("hypothesis", found.hypothesis))
    return rows


def time(at: float) -> str:
    from datetime import UTC, datetime

    return datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%d %H:%M:%S UTC")


def headline(verdict: Verdict, sure: Confidence | None) -> tuple[str, Verdict]:
    """The verdict in words, and the verdict that it may look like: what held without being put to the test looks like no data."""
    if verdict == "pass" and sure is not None and sure.word == "low":
        return "The hypothesis held, but hardly anything put it to the test: confidence low.", "no-data"
    if verdict == "no-data" and _told(sure):
        return PARTLY, verdict
    return VERDICTS[verdict], verdict


def judged(found: Results) -> tuple[str, Verdict]:
    """The same of a run; what did not come to its end is judged as far as it went."""
    told, like = headline(found.verdict, found.confidence)
    return (told if found.outcome == "completed" else so_far(told, running=found.outcome == "running")), like


def so_far(told: str, *, running: bool = False) -> str:
    """A verdict of what did not come to its end, or has not yet."""
    return f"{'So far' if running else 'As far as it went'}: {told[:1].lower()}{told[1:]}"


def _told(sure: Confidence | None) -> bool:
    """Whether some of what was promised could be measured."""
    return sure is not None and any(one.name == MEASURED and one.value > 0 for one in sure.parts)


def score(found: Scored) -> str:
    if found.value is None:
        return f"none: {found.why}"
    return f"{found.value} of 100" + (f", {found.why}" if found.why else "")


def confidence(found: Confidence) -> str:
    """Its word and value, what shows that anything was put to the test, and what could not be measured."""
    told = [one.why for place, one in enumerate(found.parts) if not place or (one.name == MEASURED and one.value < 1)]
    return f"{found.word} ({found.value:.2f})" + (f": {'; '.join(told)}" if told else "")


def share(found: Estimate) -> str:
    if found.value is None:
        return "–"
    interval = f" ({found.low * 100:.1f}–{found.high * 100:.1f})" if found.low is not None and found.high is not None else ""
    return f"{found.value:.1%}{interval}"


def seconds(found: Estimate) -> str:
    """In milliseconds, with `?` where too few samples have been taken to say how sure it is."""
    if found.value is None:
        return "–"
    if found.low is None or found.high is None:
        return f"{found.value * 1000:.0f} ms?"
    return f"{found.value * 1000:.0f} ms ({found.low * 1000:.0f}–{found.high * 1000:.0f})"


def who(backends: Mapping[str, int], statuses: Mapping[str, int]) -> dict[str, int]:
    """How many answers each backend gave; those in the name of none stand by their status, failures before successes."""
    counts = dict(backends)
    unnamed = sum(statuses.values()) - sum(counts.values())
    for status, count in sorted(statuses.items(), key=lambda item: item[0].startswith("2")):
        if (some := min(unnamed, count)) > 0:
            counts[status] = counts.get(status, 0) + some
            unnamed -= some
    return counts


def answered(found: Measured) -> str:
    """Which backends answered, which statuses came in the name of none, and how often no answer came in time."""
    told = list(who(found.backends, found.statuses).items())[:4] + ([("no answer in time", found.slow)] if found.slow else [])
    return ", ".join(f"{name} ({count})" for name, count in told)


def rows(probe: ProbeResult) -> list[tuple[str, ...]]:
    """The figures of a probe, a window a row."""
    head = ("", "samples", "success", "p50", "p95", "p99", "answered")
    body = [
        (one.window, str(one.samples), share(one.availability), seconds(one.p50), seconds(one.p95), seconds(one.p99), answered(one))
        for kind in WINDOWS
        if (one := probe.window(kind)) is not None
    ]
    return [head, *body]


def _probe(probe: ProbeResult, paper: Paper) -> None:
    paper.line((probe.probe, "bold"), "  ", (probe.verdict, COLOURS[probe.verdict]), f"  {probe.role}" if probe.role == "abort" else "")
    paper.text(probe.asked, indent=2, style="dim")
    table = [row[:-1] for row in rows(probe)]
    if sum(max(cells(row[place]) for row in table) + 2 for place in range(len(table[0]))) > paper.width:
        table = [tuple(cell.partition(" (")[0] for cell in row) for row in table]  # the page and the JSON have the intervals
    head, *body = table
    styled: list[list[Part]] = [[(cell, "cyan") for cell in head]]
    styled += [[(cell, "") for cell in row] for row in body]
    paper.columns(styled, indent=2)
    if any(cell.endswith("?") for row in body for cell in row):
        paper.text(UNSURE, indent=2, style="dim")
    told = [f"{one.window} {answered(one)}" for kind in WINDOWS if (one := probe.window(kind)) is not None and answered(one)]
    paper.text(f"answered: {'; '.join(told)}" if told else "", indent=2)
    for each in probe.objectives:
        kept = f"{each.text}: {each.verdict}" + (f", {each.observed}" if each.observed else "") + (f": {each.why}" if each.why else "")
        paper.text(kept, indent=2, style=COLOURS[each.verdict])


def _predicted(found: Results, paper: Paper) -> None:
    if not found.prediction:
        return
    counts = {word: sum(one.verdict == word for one in found.prediction) for word in ("agrees", "differs", "not-observed")}
    words = {"agrees": "as foretold", "differs": "otherwise", "not-observed": "not observed"}
    told = ", ".join(f"{count} {words[word]}" for word, count in counts.items() if count)
    paper.line()
    paper.line(("Prediction and observation", "bold"))
    paper.text(told, indent=2)
    for one in found.prediction:
        if one.verdict == "differs":
            paper.text(f"{one.request}, {one.state}: foretold {one.predicted}, came {one.observed}", indent=2, style="red")


def _metrics(found: Results, paper: Paper) -> None:
    unknown = unknown_metrics(found)
    if not found.metrics and not unknown:
        return
    paper.line()
    paper.line(("Metrics", "bold"))
    for one in found.metrics:
        told = ", ".join(f"{window} {value:g}" for window, value in one.means.items())
        paper.text(f"{one.name}: {told or one.why}", indent=2)
    for name in unknown:
        paper.text(f"{name}: not known", indent=2)
