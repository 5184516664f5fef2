"""The playbook answers the whole suite: everything can be read, nothing is wrong, all that was asked for is done."""

import pytest

from aichaos.ask.conversation import Manner
from aichaos.ask.protocol import Options
from aichaos.ask.registry import open_backend
from aichaos.domain.policy import NO_POLICY
from aichaos.evaluation.evaluate import Evaluation, evaluate, why
from aichaos.evaluation.suite import Question, suite

QUESTIONS = suite().questions


@pytest.fixture(scope="module")
def found() -> Evaluation:
    return evaluate(QUESTIONS, 1, lambda question: open_backend("playbook", Options()), Manner(), NO_POLICY, lambda line: None)


def test_the_suite_is_large_enough_to_say_something() -> None:
    assert len(QUESTIONS) >= 40
    assert len({question.id for question in QUESTIONS}) == len(QUESTIONS)
    assert len({question.cluster for question in QUESTIONS}) >= 7


def test_every_answer_is_perfect(found: Evaluation) -> None:
    assert {one.id: why(one) for one in found.scores if not one.perfect} == {}


def test_the_sums_say_so(found: Evaluation) -> None:
    sums = found.totals
    assert (sums.parsed, sums.ready_first, sums.ready, sums.relevant, sums.distinct) == (1, 1, 1, 1, 1)
    assert (sums.errors, sums.failed, sums.cost_usd) == (0, 0, 0.0)


def test_each_question_asks_for_something_that_could_be_missed() -> None:
    def checked(question: Question) -> bool:
        return question.count > 1 or question.asks != type(question.asks)()

    assert all(checked(question) for question in QUESTIONS)
