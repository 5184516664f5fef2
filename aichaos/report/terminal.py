"""Suggestions, findings and snapshots as text that one likes to read, on a narrow terminal and on a wide one.

Colour only says again what the words say already.
"""

from collections.abc import Iterable, Sequence

from aichaos.domain.base import reference_of
from aichaos.domain.finding import SEVERITIES, Finding, Severity, Verdict
from aichaos.domain.prediction import Prediction
from aichaos.domain.suggestion import BlastRadius, Round, SourceSummary, Suggestion, Suggestions
from aichaos.files import yaml
from aichaos.observe.oddities import Oddity
from aichaos.report.layout import Paper, Part, Style, cells

_VERDICTS: dict[Verdict, tuple[str, Style]] = {
    "ready": ("ready", "green"),
    "review": ("review first", "yellow"),
    "rejected": ("rejected", "red"),
}
_SEVERITIES: dict[Severity, Style] = {"error": "red", "warning": "yellow", "info": "blue", "skipped": "magenta"}
_TELLING = ("Gateway", "HTTPRoute", "GRPCRoute", "Service", "Deployment", "StatefulSet", "Pod", "NetworkPolicy")
_INDENT = 3
_MOST_ODDITIES = 50


def suggestions(answer: Suggestions, paper: Paper, *, manifests: bool = False, explain: bool = False) -> None:
    """manifests: the YAML itself, too. explain: what the checks said to each answer of the backend."""
    source, backend = answer.source, answer.backend
    counts = [f"{source.objects[kind]:,} {_plural(kind, source.objects[kind])}" for kind in _TELLING if source.objects.get(kind)]
    how = f" ({backend.model})" if backend.model else ", offline" if backend.name == "playbook" else ""
    paper.line((source.cluster, "bold"))
    paper.text(", ".join(counts) or "nothing in it", style="dim")
    paper.line((f"suggested by {backend.name}{how}", "dim"))
    for number, suggestion in enumerate(answer.suggestions, 1):
        paper.line()
        one(number, suggestion, paper, manifests=manifests, explain=explain)
    if not answer.suggestions:
        paper.line("\nNo scenario fits this cluster.")


def _plural(kind: str, number: int) -> str:
    if number == 1:
        return kind
    return f"{kind[:-1]}ies" if kind.endswith("y") and kind[-2] not in "aeiou" else f"{kind}es" if kind.endswith("s") else f"{kind}s"


def one(number: int, suggestion: Suggestion, paper: Paper, *, manifests: bool = False, explain: bool = False) -> None:
    """One suggestion, whole."""
    _title(number, suggestion, paper)
    paper.text(suggestion.summary, indent=_INDENT)
    paper.line()
    paper.facts(_facts(suggestion), indent=_INDENT)
    if explain and suggestion.rounds:
        _label("Rounds", paper)
        _rounds(suggestion.rounds, paper)
    if suggestion.findings:
        _label("Findings", paper)
        findings(suggestion.findings, paper, indent=_INDENT + 2)
    _list("Steps", suggestion.steps, paper, numbered=True)
    if suggestion.verdict != "rejected":  # what should not be done is not put under anybody's fingers
        _copyable("By hand", suggestion.by_hand, paper)
    if manifests:
        yamls(suggestion, paper)
    _metrics(suggestion, paper)
    _list("Remediation", suggestion.remediation, paper)
    _list("Rollback", suggestion.rollback, paper)


def _title(number: int, suggestion: Suggestion, paper: Paper) -> None:
    """The title, and at the right edge what became of the checks."""
    word, style = _VERDICTS[suggestion.verdict]
    lead = f"{number:<{_INDENT}}"
    first, *rest = paper.wrapped(suggestion.title, _INDENT + cells(word) + 2)
    paper.line((lead + first, "bold"), " " * (paper.width - cells(lead + first) - cells(word)), (word, style))
    for piece in rest:
        paper.line(" " * _INDENT, (piece, "bold"))


def _facts(suggestion: Suggestion) -> Iterable[tuple[str, str]]:
    if suggestion.prediction is not None:
        yield "Predicted", "\n".join(_predicted(suggestion.prediction))
    if suggestion.why_here:
        yield "Why here", "\n".join(suggestion.why_here)
    if suggestion.hypothesis:
        yield "Hypothesis", suggestion.hypothesis
    yield "Reach", reach(suggestion.blast_radius)
    if suggestion.experiment:
        yield "Saved as", suggestion.experiment


def _predicted(found: Prediction) -> Iterable[str]:
    yield found.verdict
    for one in found.irreversible:
        yield f"applying {one.object} again does not bring it back: {one.undo}"
    if not found.restored:
        yield "not everything would be answered as before after the way back"


def reach(radius: BlastRadius) -> str:
    """`4 of 40 pods (10 %) and 1 route in namespace shop`."""
    share = f" ({radius.share * 100:.0f} %)" if radius.pods else ""
    parts = [f"{radius.pods:,} of {radius.pods_total:,} pods{share}"]
    if radius.routes:
        shown = ", ".join(radius.routes[:3]) + (f" and {len(radius.routes) - 3:,} more" if len(radius.routes) > 3 else "")
        parts.append(f"{'route' if len(radius.routes) == 1 else 'routes'} {shown}")
    if radius.namespaces:
        parts.append(f"in {'namespace' if len(radius.namespaces) == 1 else 'namespaces'} {', '.join(radius.namespaces)}")
    return "; ".join(parts)


def _label(label: str, paper: Paper) -> None:
    paper.line(" " * _INDENT, (label, "cyan"))


def _list(label: str, items: Sequence[str], paper: Paper, *, numbered: bool = False) -> None:
    if items:
        _label(label, paper)
    for number, item in enumerate(items, 1):
        paper.text(item, indent=_INDENT, mark=f"{number:>3}  " if numbered else "  -  ")


def _copyable(label: str, lines: Sequence[str], paper: Paper) -> None:
    if lines:
        _label(label, paper)
    for line in lines:
        paper.line(" " * (_INDENT + 5), line)


def yamls(suggestion: Suggestion, paper: Paper) -> None:
    """The manifests as they are saved, to be copied."""
    for manifest in suggestion.manifests:
        _label(f"YAML of {reference_of(manifest)}", paper)
        for line in yaml.dump(manifest).rstrip("\n").split("\n"):
            paper.line(line)


def commands(suggestion: Suggestion, paper: Paper) -> None:
    _copyable("By hand", suggestion.by_hand, paper)


def _rounds(rounds: Sequence[Round], paper: Paper) -> None:
    for number, one in enumerate(rounds, 1):
        counts = {"error": one.errors, "warning": one.warnings}
        changed = f"; {one.changed} lines differ from the best before" if number > 1 else ""
        best = "" if one.kept else "; not better, set aside"
        paper.text(f"{counted(counts)}{changed}{best}", indent=_INDENT, mark=f"{number:>3}  ")
        for finding in one.findings:
            if finding.severity in ("error", "warning"):
                paper.text(f"{finding.severity} {finding.rule} {finding.path}: {finding.message}", indent=_INDENT + 5, style="dim")


def difference(diff: str, paper: Paper) -> None:
    """A unified diff; colour says again what the first character says."""
    for line in diff.rstrip("\n").split("\n") if diff else ():
        style: Style = "green" if line.startswith("+") else "red" if line.startswith("-") else "cyan" if line.startswith("@") else ""
        paper.line((line, style))


def _metrics(suggestion: Suggestion, paper: Paper) -> None:
    if suggestion.metrics:
        _label("Metrics", paper)
    for metric in suggestion.metrics:
        paper.text(metric.name, indent=_INDENT, mark="  -  ")
        paper.line(" " * (_INDENT + 5), (metric.query, "dim"))


def findings(found: Sequence[Finding], paper: Paper, *, indent: int = 0) -> None:
    """Each finding with its place, its reason and, where there is one, its fix."""
    for finding in found:
        where = f"{finding.file}:{finding.line}:{finding.column}" if finding.file and finding.line else finding.file or ""
        severity: Part = (finding.severity, _SEVERITIES[finding.severity])
        if indent + len(finding.severity) + 2 + len(finding.rule) > paper.width:  # a name is copied: it stands whole, on a line of its own
            paper.line(" " * indent, severity)
            paper.line(" " * (indent + 2), finding.rule, (f"  {where}" if where else "", "cyan"))
        else:
            paper.line(" " * indent, severity, f"  {finding.rule}", (f"  {where}" if where else "", "cyan"))
        place = "  ".join(part for part in (finding.object, finding.path) if part)
        if place:
            paper.text(place, indent=indent + 2, style="dim")
        paper.text(finding.message, indent=indent + 2)
        if finding.fix is not None:
            paper.text(f"fix: {finding.fix.description}", indent=indent + 2, style="green")


def counted(counts: dict[str, int]) -> str:
    """`2 errors, 1 warning`, or `nothing found`."""
    names = {"error": ("error", "errors"), "warning": ("warning", "warnings"), "info": ("note", "notes"), "skipped": ("skipped", "skipped")}
    said = [f"{counts[severity]} {names[severity][counts[severity] != 1]}" for severity in SEVERITIES if counts.get(severity)]
    return ", ".join(said) or "nothing found"


def seen(source: SourceSummary, odd: Sequence[Oddity], paper: Paper) -> None:
    """A snapshot: how many of what, and what is odd about it."""
    paper.line((source.cluster, "bold"), (f"  taken {source.taken}" if source.taken else "", "dim"))
    for kind, number in source.objects.items():
        paper.line(f"{number:>9,}  {_plural(kind, number)}")
    if odd:
        paper.line(("Worth knowing", "cyan"))
    for oddity in odd[:_MOST_ODDITIES]:
        paper.text(f"{oddity.object}: {oddity.message}", mark=" -  ")
    if len(odd) > _MOST_ODDITIES:
        paper.line(f" -  and {len(odd) - _MOST_ODDITIES:,} more")
