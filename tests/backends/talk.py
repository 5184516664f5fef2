"""The talk's first question about the talk's cluster, asked of each backend that has a model."""

from pathlib import Path

from aichaos import pipeline
from aichaos.ask.conversation import Manner
from aichaos.ask.protocol import Options
from aichaos.ask.registry import open_backend
from aichaos.ask.words import read
from aichaos.domain.suggestion import Suggestions
from aichaos.observe.source import Choice
from tests.backends.cassette import MODEL
from tests.backends.exchange import base_url

TALKS = {backend: f"test_{backend}/suggest_like_the_talk.yaml" for backend in ("anthropic", "openai")}
WORDS = "give me 3 chaos tests scenarios to test the resiliency of my HTTPRoutes configs"


def suggest_like_the_talk(backend: str, *, out: Path | None) -> Suggestions:
    wish = pipeline.Wish(choice=Choice(origin="demo:route-chaos"), words=read(WORDS), count=3, out=out, manner=Manner(repairs=0))
    opened = open_backend(backend, Options(model=MODEL, base_url=base_url(backend)))
    return pipeline.suggest(wish, opened, say=lambda line: None, overwrite=lambda path: False)
