"""Our CEL has the values that the API server's own has."""

from contextlib import suppress
from pathlib import Path

import pytest

from aichaos.check.schema.cel.program import UnknownPartError, program
from aichaos.check.schema.cel.syntax import SyntaxProblemError, parse
from aichaos.check.schema.cel.values import BudgetError, CelError
from tests.check.schema.expressions import SELF, expressions
from tests.check.schema.oracle import asked, ours


def test_every_expression_has_the_value_that_the_server_gives_it(oracle: Path) -> None:
    every = expressions()
    answers = asked(oracle, [{"cel": one, "self": SELF} for one in every])
    refused = {one: answer["refused"] for one, answer in zip(every, answers, strict=True) if "refused" in answer}
    assert refused == {}
    theirs = {one: "error" if "error" in answer else answer["value"] for one, answer in zip(every, answers, strict=True)}
    assert {one: ours(one) for one in every} == theirs


@pytest.mark.parametrize(
    "text",
    ["", "1 +", "(1", "[1", "'a", "a b", "1 ? 2", "has(1)", "self.", "{1}", "'\\q'", "#", "[1].all(1, true)", "99999999999999999999"],
)
def test_what_is_no_expression_is_refused(text: str) -> None:
    with pytest.raises(SyntaxProblemError):
        parse(text)


@pytest.mark.parametrize(
    "text", ["(" * 5000, "[" * 5000 + "]" * 5000, "!" * 50_000 + "true", "a." * 50_000, "1" * 200_000, "-" * 5000 + "1"]
)
def test_an_expression_without_bounds_is_refused_or_read_at_once(text: str) -> None:
    with suppress(SyntaxProblemError, BudgetError, CelError):
        program(text).evaluate({}, [10])


def test_a_function_that_we_do_not_have_is_named() -> None:
    with pytest.raises(UnknownPartError, match="there is no function authorizer of 0 arguments"):
        program("self.authorizer()")


def test_an_expression_that_runs_on_and_on_is_stopped() -> None:
    with pytest.raises(BudgetError):
        program("[1,2,3].all(a, [1,2,3].all(b, [1,2,3].all(c, true)))").evaluate({}, [20])
