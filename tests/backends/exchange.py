"""One question put to a backend of either SDK: when it is recorded and when it is played back."""

from pathlib import Path
from typing import Any

import msgspec

from aichaos.ask.protocol import Facts, Options, Progress, Question, Reply
from aichaos.ask.registry import open_backend
from aichaos.ask.words import read
from aichaos.observe.topology import Topology
from tests.backends.cases import Case, prompt
from tests.backends.cassette import ADDRESS, FOLDER, MODEL
from tests.observe.clusters import snapshot_of

BACKENDS = ("anthropic", "openai")
SCHEMA = {
    "type": "object",
    "properties": {"ideas": {"type": "array", "items": {"type": "string"}}},
    "required": ["ideas"],
    "additionalProperties": False,
}


def base_url(backend: str, address: str = ADDRESS) -> str:
    """OpenAI's SDK wants the version in the base URL, Anthropic's adds it."""
    return f"{address}/v1" if backend == "openai" else address


def cassette(backend: str, case: str) -> Path:
    return FOLDER / f"test_{backend}" / f"{case.replace(' ', '-').lower()}.yaml"


def question(*, structured: bool = False) -> Question:
    def rendered(kind: Any, facts: Facts) -> Any:
        return msgspec.structs.replace(prompt(), schema=SCHEMA, closed=True) if structured else prompt()

    return Question("ideas", Facts(topology=Topology(snapshot_of()), words=read("")), rendered)


def ignore(piece: str) -> None:
    pass


def ask(backend: str, case: Case, progress: Progress = ignore, address: str = ADDRESS) -> Reply:
    options = Options(model=MODEL, base_url=base_url(backend, address), timeout=20, max_tokens=case.max_tokens, stream=case.stream)
    return open_backend(backend, options).answer(question(structured=case.structured), progress)
