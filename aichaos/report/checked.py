"""What came of a check in all its forms: for people, for scripts, for code scanning, for CI servers."""

from typing import IO, Any, Literal

from aichaos.domain.checked import Checked
from aichaos.domain.finding import summary
from aichaos.report import findings as people
from aichaos.report.layout import Paper
from aichaos.report.terminal import counted

Format = Literal["text", "json", "sarif", "junit", "github"]
_NAMED = 3
FORMATS: tuple[Format, ...] = ("text", "json", "sarif", "junit", "github")


def as_json(done: Checked) -> dict[str, Any]:
    """The promised shape, and beside it what was corrected and what is not reported."""
    counts = summary(done.findings)
    corrected = {"fixed": done.made, "left": done.left} if done.made or done.left else {}
    hidden = {"hidden": done.quiet} if done.quiet else {}
    aside = {"left_alone": done.left_alone} if done.left_alone else {}
    return {"documents": done.documents, "findings": done.findings, "summary": counts, "source": done.source} | corrected | hidden | aside


def aside(done: Checked, *, all_of_them: bool) -> list[str]:
    """What to say of the files that hold no manifest, a line each; nothing where there is none."""
    names = done.left_alone
    if not names:
        return []
    if all_of_them:
        return [f"{name} holds no Kubernetes object and was left alone" for name in names]
    some = ", ".join(names[:_NAMED]) + (f" and {len(names) - _NAMED} more; -v names them" if len(names) > _NAMED else "")
    if len(names) == 1:
        return [f"1 file holds no Kubernetes object and was left alone: {some}"]
    return [f"{len(names)} files hold no Kubernetes object and were left alone: {some}"]


def text(done: Checked, stream: IO[str], *, wrote: bool) -> None:
    """wrote: whether the corrections were written, or only shown."""
    paper = Paper(stream)
    for line in people.diff(done.before, done.after):
        style = {"+": "green", "-": "red", "@": "cyan"}.get(line[0], "")
        paper.line((line.rstrip("\n"), style))  # type: ignore[arg-type]
    if done.before:
        paper.line()
    people.show(done.findings, done.texts, paper)
    for one in done.left:
        paper.text(f"not corrected: {one.finding.rule} in {one.finding.file}:{one.finding.line}: {one.reason}", style="yellow")
    counts = summary(done.findings)
    documents = f"{done.documents} {'document' if done.documents == 1 else 'documents'}"
    paper.text(f"{documents}: {counted(counts)}{''.join(_remarks(done, wrote=wrote))}")


def _remarks(done: Checked, *, wrote: bool) -> list[str]:
    """What else the last line tells."""
    said = []
    if done.made:
        number = f"{len(done.made)} {'finding' if len(done.made) == 1 else 'findings'}"
        said.append(f"; {number} corrected" if wrote else f"; {number} would be corrected, nothing was written")
    hidden = [sum(one.by == by for one in done.quiet) for by in ("comment", "baseline")]
    said += [f"; {number} hidden by {what}" for number, what in zip(hidden, ("comments", "the baseline"), strict=True) if number]
    fixable = len({id(one) for one in done.findings if one.fix is not None and one.severity in ("error", "warning")})
    if fixable and not done.made and not done.left:
        said.append(f"; {fixable} can be corrected with --fix")
    return said
