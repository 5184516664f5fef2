"""An evaluation on the terminal: the sums first, then what was not perfect, then what changed since another one."""

from collections.abc import Mapping, Sequence

from aichaos.report.layout import Paper, Part


def show(
    head: str, now: Mapping[str, str], before: Mapping[str, str], bad: Sequence[tuple[str, str]], changed: Sequence[str], paper: Paper
) -> None:
    """now, before: sums by their name, before empty where there is nothing to compare with. bad: id of a question and why its answer is not
    perfect. changed: questions that went better or worse, in words."""
    paper.line(head)
    paper.line("")
    rows: list[list[Part]] = [[("", ""), ("before", "dim"), ("now", "dim")]] if before else []
    for name, value in now.items():
        then: list[Part] = [(before.get(name, ""), "dim")] if before else []
        rows.append([(name, ""), *then, (value, "")])
    paper.columns(rows)
    if bad:
        paper.line("")
        paper.line("Not as asked")
        paper.facts(bad, indent=3)
    if changed:
        paper.line("")
        paper.line("Since then")
        for line in changed:
            paper.text(line, indent=3)
