"""A plan for people: what is done and how it differs from what is there, what it reaches, what does not come back, and what stops it."""

import difflib
from collections.abc import Iterable, Sequence
from typing import Any

from aichaos.domain.base import SERVER_FIELDS
from aichaos.domain.prediction import Prediction
from aichaos.domain.running import Intent, Plan, beside_lever
from aichaos.domain.suggestion import BlastRadius
from aichaos.files import yaml
from aichaos.report.layout import Paper, Style
from aichaos.report.prediction import grid, meaning

_NOTES = ("kubectl.kubernetes.io/last-applied-configuration",)
_STYLES: dict[str, Style] = {"+": "green", "-": "red", "@": "cyan"}
MOST = 60
"""Lines of one diff; the rest is in `aichaos check` and in the file."""
_SHOWN = 4
"""Names of objects of one kind that go along with another, and of requests that go one way."""
_WAYS = 5
"""Ways of requests; `aichaos predict` shows the rest."""


def show(
    plan: Plan, radius: BlastRadius, foretold: Prediction, warnings: Iterable[str], paper: Paper, *, one_of_several: bool = False
) -> None:
    """The whole plan. one_of_several: it is drawn again, and gets the name of its run, when its turn has come."""
    paper.text(plan.title, style="bold")
    head = [] if one_of_several else [("run", plan.run)]
    ends = f"after {plan.deadline:g}s at the latest"
    paper.facts([*head, ("cluster", plan.server), ("ends", ends), ("reaches", reach(radius))])
    paper.line()
    for step in plan.steps:
        paper.text(step.text, mark=f"{step.number}. ", style="bold")
        if step.verb == "recreate":
            paper.text("the object as it was when it was deleted, with another UID and another age", indent=3)
        elif step.intent is not None:
            for line in diff(step.intent):
                paper.line("   ", (line, _STYLES.get(line[:1], "")))
    paper.line()
    _forecast(foretold, paper)
    if plan.closure:
        named = ", ".join(map(str, plan.closure))
        paper.text(f"The way back makes these again, too, so that routes keep their order of age: {named}")
    for along in plan.along:
        names = ", ".join(along.names[:_SHOWN]) + (f" and {len(along.names) - _SHOWN} more" if len(along.names) > _SHOWN else "")
        paper.text(f"{along.kind} {names}; comes back: {along.returns}", mark=f"Goes along with {along.of}: ")
    for one in plan.irreversible:
        if foretold.restored and one in foretold.irreversible:  # what applying a manifest does not do, and the way back does
            paper.text(f"{one.object}: {one.why}. The way back does what is needed.", mark="Applying is not enough: ")
        else:
            paper.text(f"{one.object}: {one.why}", mark="Does not come back: ")
    for warning in warnings:
        paper.text(warning, mark="! ", style="yellow")
    stop = beside_lever("aichaos stop" if one_of_several else f"aichaos stop {plan.run}", plan.lever)
    lever = beside_lever("aichaos stop --all", plan.lever)
    stops = f"Ctrl-C, the deadline, a failing abort probe, `{stop}`, the lever (`{lever}`)"
    paper.text(f"What stops it: {stops}. Then everything goes back.")


def reach(radius: BlastRadius) -> str:
    parts = []
    if radius.pods:
        parts.append(f"up to {radius.pods} of {radius.pods_total} pods ({radius.share:.0%})")
    elif radius.pods_total:
        parts.append(f"none of {radius.pods_total} pods")
    if radius.routes:
        parts.append(f"{len(radius.routes)} route{'s' * (len(radius.routes) != 1)} ({', '.join(radius.routes[:5])})")
    if radius.namespaces:
        parts.append(f"in {', '.join(radius.namespaces)}")
    return ", ".join(parts) or "nothing that is known here"


def _forecast(foretold: Prediction, paper: Paper) -> None:
    paper.text(foretold.verdict, mark="Prediction: ")
    drawn = grid(foretold)
    ways: dict[str, list[str]] = {}
    """What becomes of requests, and of which."""
    for request, row in zip(foretold.requests, drawn.letters, strict=True):
        others = [letter for letter in dict.fromkeys(row[1:-1]) if letter != row[0]]
        if others:
            ways.setdefault("; then ".join(meaning(letter, drawn) for letter in (row[0], *others)), []).append(request)
    for way, requests in list(ways.items())[:_WAYS]:
        more = f" and {len(requests) - _SHOWN} more" if len(requests) > _SHOWN else ""
        paper.text(f"{', '.join(requests[:_SHOWN])}{more}: {way}", indent=2)
    if left := sum(len(requests) for requests in list(ways.values())[_WAYS:]):
        paper.text(f"and {left} more requests: `aichaos predict` shows them", indent=2)
    if not foretold.restored:
        paper.text("After the way back some requests are NOT answered as before.", style="red")


def diff(intent: Intent) -> Sequence[str]:
    """How an object differs after a change, as a unified diff of what people write into it."""
    before, after = _lines(intent.before), _lines(_ordered(intent.after, intent.before))
    name = str(intent.change.place)
    lines = list(difflib.unified_diff(before, after, name if before else "nothing", name if after else "nothing", lineterm="", n=2))
    return lines if len(lines) <= MOST else [*lines[:MOST], f"… {len(lines) - MOST} more lines"]


def _ordered(value: Any, like: Any) -> Any:
    """The same with its fields in the order in which they stand in another: an order says nothing, and would look like a change."""
    if isinstance(value, dict) and isinstance(like, dict):
        fields = [*(key for key in like if key in value), *(key for key in value if key not in like)]
        return {key: _ordered(value[key], like.get(key)) for key in fields}
    if isinstance(value, list) and isinstance(like, list):
        return [_ordered(one, like[place] if place < len(like) else None) for place, one in enumerate(value)]
    return value


def _lines(obj: dict[str, Any] | None) -> list[str]:
    if obj is None:
        return []
    metadata = {key: value for key, value in (obj.get("metadata") or {}).items() if key not in SERVER_FIELDS}
    notes = {key: value for key, value in (metadata.get("annotations") or {}).items() if key not in _NOTES}
    metadata = {key: value for key, value in metadata.items() if key != "annotations"} | ({"annotations": notes} if notes else {})
    head = {key: obj[key] for key in ("apiVersion", "kind") if key in obj}
    kept = head | {"metadata": metadata} | {key: value for key, value in obj.items() if key not in (*head, "metadata", "status")}
    return yaml.dump(kept).splitlines()
