"""The talk's first question, asked of the anthropic backend about the talk's cluster."""

from pathlib import Path

from aichaos import pipeline
from aichaos.ask.protocol import Options
from aichaos.ask.registry import open_backend
from aichaos.ask.words import read
from aichaos.domain.suggestion import Suggestions
from aichaos.observe.source import Choice
from tests.backends.cassette import ADDRESS, MODEL

CASSETTE = "test_anthropic/suggest_like_the_talk.yaml"
WORDS = "give me 3 chaos tests scenarios to test the resiliency of my HTTPRoutes configs"


def suggest_like_the_talk(*, out: Path | None, address: str = ADDRESS) -> Suggestions:
    wish = pipeline.Wish(choice=Choice(origin="demo:route-chaos"), words=read(WORDS), count=3, out=out)
    backend = open_backend("claude", Options(model=MODEL, base_url=address))
    return pipeline.suggest(wish, backend, say=lambda line: None, overwrite=lambda path: False)
