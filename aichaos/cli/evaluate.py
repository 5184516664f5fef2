"""`aichaos eval`: a suite of questions put to a backend, each answer scored."""

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import click
import msgspec

from aichaos import settings
from aichaos.ask.protocol import Backend
from aichaos.ask.registry import open_backend
from aichaos.cli.asking import asking_options, manner, opened, options
from aichaos.cli.options import output_option, say, write_json
from aichaos.errors import UsageError
from aichaos.evaluation.evaluate import changes, earlier, evaluate, told, why
from aichaos.evaluation.suite import Question, suite
from aichaos.report.evaluation import show
from aichaos.report.layout import Paper


@click.command("eval")
@asking_options
@click.option(
    "--suite", "path", metavar="FILE", type=click.Path(path_type=Path, readable=False), help="Another suite than the one that comes along."
)
@click.option("--only", "only", multiple=True, metavar="ID", help="Only this question; may be repeated.")
@click.option(
    "--compare", metavar="FILE", type=click.Path(path_type=Path, readable=False), help="An evaluation saved with -o json, to compare with."
)
@output_option
def command(**given: Any) -> int:
    """Put a suite of questions to a backend and score each answer.

    Scored are: whether it could be read, its errors before and after mending, whether it names what exists and does what was asked for in
    numbers and names, whether the suggestions differ, tokens, cost and time.

    \b
    aichaos eval                                              # the playbook, offline
    aichaos eval --backend anthropic -o json > before.json
    aichaos eval --backend replay --model FOLDER              # answers that were written before; a folder for each question
    """
    effective = settings.load(given)
    questions = suite(given["path"])
    chosen = _answered(_chosen(questions.questions, given["only"]), effective)
    before = earlier(given["compare"]) if given["compare"] else None
    if len(chosen) < len(questions.questions) and not given["only"]:
        say(f"{len(chosen)} of {len(questions.questions)} questions have answers in {effective['model']}; the others are left out")
    how = manner(effective, no_cache=given["no_cache"])
    found = evaluate(chosen, questions.version, lambda question: _opened(effective, question), how, effective["policy"], say)
    if found.backend == "replay":  # each question has a folder of its own; the whole collection is what answered
        found = msgspec.structs.replace(found, model=effective["model"])
    if given["output"] == "json":
        write_json(found)
    else:
        head = f"{found.backend}{f' ({found.model})' if found.model else ''}, suite {found.suite}"
        head += f", {', '.join(found.prompts.values())}" if found.prompts else ""
        bad = [(one.id, why(one)) for one in found.scores if not one.perfect]
        then, changed = (told(before.totals), changes(before, found)) if before else ({}, [])
        show(head, told(found.totals), then, bad, changed, Paper(sys.stdout))
    return 0 if found.totals.perfect == found.totals.questions else 4


def _chosen(questions: Sequence[Question], only: tuple[str, ...]) -> list[Question]:
    known = {question.id for question in questions}
    for name in only:
        if name not in known:
            raise UsageError(f"the suite has no question {name!r}", hint=f"It has {', '.join(sorted(known))}.")
    return [question for question in questions if not only or question.id in only]


def _answered(questions: list[Question], effective: settings.Settings) -> list[Question]:
    """The questions that can be put: all of them; but where recorded answers lie in a folder for each question, those that have one."""
    if effective["backend"] != "replay" or not effective["model"]:
        return questions
    there = [question for question in questions if (Path(effective["model"]) / question.id).is_dir()]
    return there or questions


def _opened(effective: settings.Settings, question: Question) -> Backend:
    """A backend for one question. Recorded answers lie in a folder for each, where there is one."""
    if effective["backend"] == "replay" and effective["model"]:
        folder = Path(effective["model"]) / question.id
        if folder.is_dir():
            return open_backend("replay", msgspec.structs.replace(options(effective), model=str(folder)))
    return opened(effective)
