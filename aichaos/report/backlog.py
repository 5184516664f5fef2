"""An improvement backlog by rules from the results of runs: what comes first, why, and the same as texts for issues.

Nothing is proposed that no run has shown: a promise that held asks for nothing but more of it.
"""

import re
from collections.abc import Callable, Iterable, Iterator

from aichaos.domain.backlog import Backlog, Item, Priority
from aichaos.domain.results import Results
from aichaos.report.clean import clean

_TAG = re.compile(r"<(?=[A-Za-z/!?])")
_ORDER: tuple[Priority, ...] = ("high", "medium", "low")
_HEADINGS: dict[Priority, str] = {"high": "High Priority", "medium": "Medium Priority", "low": "Low Priority"}


MORE = {
    "exercised": "Ask what the fault reaches: a probe on the way that the change is on, or a harder fault",
    "samples": "Ask longer or more often, until the figures decide the promises: a longer wait or hold, or --interval 0.1",
    "baseline": "Look longer before the first step: --baseline 30",
}
"""What makes the next run say more, by the part of the confidence that was low; the other parts have items of their own."""


def backlog(found: Iterable[Results]) -> Backlog:
    """The backlog of several runs: what several of them show stands there once, as weighty as the weightiest."""
    merged: dict[tuple[str, str], Item] = {}
    runs, missing = [], []
    for one in found:
        runs.append(one.run)
        missing += [f"{one.run}: {text}" for text in one.missing]
        for item in _items(one):
            key = (item.experiment, item.text)
            known = merged.get(key)
            if known is None:
                merged[key] = item
                continue
            weightier = min(known, item, key=lambda each: _ORDER.index(each.priority))
            merged[key] = Item(
                priority=weightier.priority,
                text=item.text,
                why=weightier.why,
                experiment=item.experiment,
                origins=list(dict.fromkeys([*known.origins, *item.origins])),
            )
    ordered = sorted(merged.values(), key=lambda item: _ORDER.index(item.priority))
    return Backlog(runs=runs, items=ordered, missing=missing)


def _items(one: Results) -> Iterator[Item]:
    def item(priority: Priority, text: str, why: str) -> Item:
        return Item(priority=priority, text=text, why=why, experiment=one.experiment_name, origins=[one.run])

    if one.restored == "not-restored" or (one.restored == "unknown" and one.outcome == "unfinished"):
        left = ", ".join(each.object for each in one.left_over) or "what it changed"
        yield item("high", f"Restore {left}: aichaos recover {one.run}", "the run is not restored, as far as its files tell")
    broken = [promise for probe in one.probes if probe.role == "steady" for promise in probe.objectives if promise.verdict == "fail"]
    why = "; ".join(dict.fromkeys(promise.why or f"{promise.text}: {promise.observed}" for promise in broken))
    proposed = one.experiment.spec.remediation if one.experiment is not None else []
    if broken:
        for number, text in enumerate(proposed):
            yield item("high" if number == 0 else "medium", text, why)
        if not proposed:
            yield item("high", "Find out what broke the promise, and what would keep it", why)
        if one.alerts == [] and one.metrics:
            yield item("medium", "Add an alert for this: the hypothesis failed, and no alert fired that was looked at", why)
    for seen in one.observations:
        if seen.kind == "difference":
            yield item("high", f"Find out why this was {seen.text}", "prediction and observation differ")
        if seen.kind == "effect" and not broken and seen.severity in ("high", "medium"):
            yield item("medium", f"Look at an effect that the promises still bear: {seen.text}", "beyond what is noise")
    yield from _blind(one, item)


def _blind(one: Results, item: Callable[[Priority, str, str], Item]) -> Iterator[Item]:
    """What would make the next run say more."""
    if one.verdict == "no-data":
        partly = any(promise.verdict == "pass" for probe in one.probes if probe.role == "steady" for promise in probe.objectives)
        wanted = (
            "Make measurable what could not be measured"
            if partly
            else "Give the experiment a probe that can fail, at an address that can be asked"
        )
        yield item("medium", wanted, one.verdict_why or "there were no data")
    if one.outcome in ("failed", "unfinished", "stopped"):
        yield item("medium", "Run it again to its end", one.stop_reason or "it did not come to its end")
    for part in one.confidence.parts:
        if part.value < 0.5 and one.verdict != "no-data" and (more := MORE.get(part.name)):
            yield item("low", more, part.why)
    if one.verdict == "pass" and one.outcome == "completed" and one.confidence.word != "low":
        yield item("low", "Try more of it (aichaos progressive), and regularly (aichaos export --to cronjob)", "the hypothesis held")


# as text ---------------------------------------------------------------------------------------------------------------------------


def markdown(found: Backlog) -> str:
    """Under the headings that such a list has, to be ticked off."""
    lines = ["# Chaos Engineering Improvements", ""]
    for priority in _ORDER:
        lines += [f"## {_HEADINGS[priority]}", ""]
        mine = [item for item in found.items if item.priority == priority]
        lines += [f"- [ ] {_text(item.text)} *({_text(item.experiment)}: {_text(item.why)})*" for item in mine] or ["None."]
        lines.append("")
    if found.missing:
        lines += ["## What is missing", "", *(f"- {_text(one)}" for one in found.missing), ""]
    return "\n".join(lines)


def issues(found: Backlog) -> list[tuple[str, str]]:
    """A name and a text for each item, with the front matter that GitHub takes: title and labels, then the body."""
    return [(f"{number:02d}-{item.priority}.md", _issue(item)) for number, item in enumerate(found.items, 1)]


def _issue(item: Item) -> str:
    title = _text(item.text).replace('"', "'")
    body = [
        "---",
        f'title: "{title}"',
        f"labels: chaos, priority-{item.priority}",
        "---",
        "",
        f"**Seen**: {_text(item.why)}",
        "",
        f"**Experiment**: {_text(item.experiment)}",
        "",
        "**Runs**:",
        *(f"- `{run}` (`aichaos report {run}`)" for run in item.origins),
        "",
        f"**Done when**: another run of {_text(item.experiment)} shows that it is better.",
    ]
    return "\n".join(body) + "\n"


def _text(text: str) -> str:
    """On one line, and no HTML of its own."""
    return _TAG.sub("&lt;", " ".join(clean(text).split()))
