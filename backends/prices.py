"""What tokens cost, from a data file that says of which day its prices are. A price that nobody knows is None, never zero."""

import re
from functools import cache
from importlib.resources import files
from typing import Any

from aichaos.files import yaml

_DATED = re.compile(r"-(?:\d{8}|\d{4}-\d{2}-\d{2})$")


@cache
def _table() -> dict[str, Any]:
    (found,) = yaml.load((files(__package__) / "prices.yaml").read_text(encoding="utf-8"), "prices.yaml")
    table: dict[str, Any] = found
    return table


def cost(model: str | None, input_tokens: int, output_tokens: int) -> float | None:
    """US dollars of one answer; None where the model's price is not known. A dated name (`…-20251001`) costs what the model does."""
    prices = _table()["models"].get(_DATED.sub("", model or ""))
    return None if prices is None else (prices[0] * input_tokens + prices[1] * output_tokens) / 1_000_000
