"""The estimate of tokens is an upper bound for real tokenizers: counts that were made with the vocabularies that packages ship."""

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aichaos.ask.tokens import shortened, tokens
from benchmarks.tokens import samples

RECORDED = json.loads((Path(__file__).parent / "token_counts.json").read_text(encoding="utf-8"))
FIXED = {name: text for name, text in samples().items() if "prompt about" not in name}

VOCABULARIES = {"anthropic", "deepseek", "gemma3", "gpt4o", "llama3_1", "mistral v1", "qwen", "qwen3"}


@pytest.mark.parametrize("name", FIXED)
def test_no_tokenizer_counts_more_than_we_say(name: str) -> None:
    assert RECORDED[name]["characters"] == len(FIXED[name]), "write the counts anew: python -m benchmarks.tokens"
    assert RECORDED[name]["counts"].keys() == VOCABULARIES
    assert tokens(FIXED[name]) >= max(RECORDED[name]["counts"].values())


@given(st.text(max_size=300), st.integers(0, 200))
def test_a_shortened_text_is_a_beginning_that_fits(text: str, room: int) -> None:
    short = shortened(text, room)
    assert text.startswith(short)
    assert tokens(short) <= room


def test_a_text_that_fits_stays_whole() -> None:
    assert shortened("three small words", 100) == "three small words"
