"""The answers that a model wrote for questions of the suite; `tests/replies/README.md` says how."""

from functools import cache
from pathlib import Path

from aichaos.ask.conversation import Manner
from aichaos.ask.protocol import Backend, Options
from aichaos.ask.registry import open_backend
from aichaos.domain.policy import NO_POLICY
from aichaos.evaluation.evaluate import Evaluation, evaluate
from aichaos.evaluation.suite import Question, suite

FOLDER = Path(__file__).parents[1] / "replies" / "suite"
COLLECTIONS = ("careful", "careless", "current")


def reply(collection: str, question: str, name: str) -> str:
    return (FOLDER / collection / question / f"{name}.md").read_text(encoding="utf-8")


def answered(collection: str) -> list[Question]:
    """The questions of the suite that a collection has answers to."""
    return [question for question in suite().questions if (FOLDER / collection / question.id).is_dir()]


@cache
def evaluated(collection: str) -> Evaluation:
    """The whole loop, with the answers of a collection."""

    def opened(question: Question) -> Backend:
        return open_backend("replay", Options(model=str(FOLDER / collection / question.id)))

    return evaluate(answered(collection), suite().version, opened, Manner(), NO_POLICY, lambda line: None)
