"""The library as text: a list, one scenario whole, and how a folder of them fares."""

from aichaos.domain.catalogue import Catalogue, Entry, Rendered, Settable, Tried
from aichaos.report import terminal
from aichaos.report.layout import Paper, Part, Style

_VERDICTS: dict[str | None, tuple[str, Style]] = {
    "ready": ("ready", "green"),
    "review": ("review first", "yellow"),
    "rejected": ("rejected", "red"),
    None: ("does not fit", "dim"),
}


def listed(found: Catalogue, paper: Paper) -> None:
    """What fits comes first, in a table; then what does not, and why."""
    if found.source is not None:
        paper.line((found.source.cluster, "bold"))
    fitting = [one for one in found.scenarios if one.fits is not False]
    paper.columns([_row(one) for one in fitting])
    others = [one for one in found.scenarios if one.fits is False]
    if others:
        paper.line(("\nThese do not fit this cluster" if fitting else "None of these fits this cluster", "cyan"))
        rows: list[tuple[Part, ...]] = [((one.name, "bold"), (one.why_not or "", "dim")) for one in others]
        paper.columns(rows)
    if not found.scenarios:
        paper.line("No scenario has all of these words.")


def _row(one: Entry) -> tuple[Part, ...]:
    setting = ", ".join(f"{each.name} {_default(each)}" for each in one.parameters if each.default is not None)
    return (one.name, "bold"), (f"v{one.version} {one.category}", "dim"), (one.title + (f" [{setting}]" if setting else ""), "")


def _default(one: Settable) -> str:
    value = "found in the cluster" if one.default is None else f"{one.default:g}" if isinstance(one.default, float) else str(one.default)
    return f"{value} {one.unit}".strip() if one.default is not None else value


def one(entry: Entry, paper: Paper) -> None:
    """One scenario, whole."""
    paper.line((entry.name, "bold"), (f"  version {entry.version}, {entry.category}", "dim"))
    paper.text(entry.title)
    paper.line()
    paper.text(entry.summary)
    paper.line()
    rows = [("Hypothesis", entry.hypothesis), ("Needs", entry.needs)]
    if entry.fits is not None:
        shown = "\n".join(entry.candidates[:10]) + (f"\nand {len(entry.candidates) - 10:,} more" if len(entry.candidates) > 10 else "")
        rows.append(("Fits here", shown if entry.fits else f"no: {entry.why_not}"))
    rows += [("Words", ", ".join(entry.keywords))]
    rows += [("Tags", ", ".join(entry.tags))] if entry.tags else []
    rows += [("File", entry.file)] if entry.file else []
    paper.facts(rows)
    if entry.parameters:
        paper.line(("Parameters", "cyan"))
        told: list[tuple[Part, ...]] = [
            ((each.name, "bold"), (_default(each), ""), (each.limits, "dim"), (each.about, "")) for each in entry.parameters
        ]
        paper.columns(told, indent=2)
    paper.line(("Steps", "cyan"))
    for number, step in enumerate(entry.steps, 1):
        paper.text(step, mark=f"{number:>3}  ")


def rendered(made: Rendered, paper: Paper) -> None:
    """The experiment that was made, as `suggest` shows one."""
    values = ", ".join(f"{name}={value}" for name, value in made.set.items())
    paper.line((made.source.cluster, "bold"))
    paper.line((f"{made.scenario} for {made.subject}" + (f", with {values}" if values else ""), "dim"))
    paper.line()
    terminal.one(1, made.suggestion, paper)


def tried(found: Tried, paper: Paper) -> None:
    """A row for each scenario, with the clusters that it was made on; then what was found."""
    rows: list[tuple[Part, ...]] = []
    for name in dict.fromkeys(trial.scenario for trial in found.trials):
        made = [trial for trial in found.trials if trial.scenario == name and trial.verdict is not None]
        worst = next((word for word in ("rejected", "review", "ready") if word in {trial.verdict for trial in made}), None)
        count = sum(trial.made for trial in made)
        experiments = f"{count} experiment{'' if count == 1 else 's'}"
        where = f"{experiments} on {', '.join(trial.cluster for trial in made)}" if made else "on none of these"
        rows.append(((name, "bold"), _VERDICTS[worst], (where, "dim")))
    paper.columns(rows)
    telling = [one for one in found.findings if one.severity != "info"]
    if telling:
        paper.line()
        terminal.findings(telling, paper)
    counted = "1 scenario" if found.scenarios == 1 else f"{found.scenarios} scenarios"
    paper.line(f"\n{counted}: {terminal.counted(found.summary)}")
