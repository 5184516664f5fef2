"""What an answer costs, and that an unknown price is none."""

import pytest

from aichaos.backends.anthropic import DEFAULT_MODEL as ANTHROPIC
from aichaos.backends.openai import DEFAULT_MODEL as OPENAI
from aichaos.backends.prices import cost


@pytest.mark.parametrize("model", [ANTHROPIC, OPENAI])
def test_the_default_models_have_a_price(model: str) -> None:
    assert cost(model, 1000, 1000)


def test_a_cost_is_the_price_of_both_directions() -> None:
    assert cost("claude-sonnet-4-5", 1_000_000, 2_000_000) == 3 + 2 * 15


def test_a_dated_name_costs_what_its_model_does() -> None:
    assert cost("claude-haiku-4-5-20251001", 10, 10) == cost("claude-haiku-4-5", 10, 10)


@pytest.mark.parametrize("model", [None, "", "llama3", "gpt-99"])
def test_an_unknown_price_is_not_zero(model: str | None) -> None:
    assert cost(model, 1000, 1000) is None
