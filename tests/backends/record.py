"""Records the cassettes anew: `python -m tests.backends.record`. No network is needed: the server is ours (provider.py)."""

import contextlib
import os
from pathlib import Path

from aichaos.errors import BackendError
from tests.backends.cases import CASES
from tests.backends.cassette import FOLDER, PORT, player
from tests.backends.exchange import BACKENDS, ask, cassette
from tests.backends.provider import REPLIES, from_files, serving
from tests.backends.talk import TALKS, suggest_like_the_talk

_HEADER = """\
# Recorded against a local server of ours (tests/backends/provider.py) that speaks the wire format of {api}; no provider was asked.
# {answers}
# Token counts are our own estimate. To record it anew: python -m tests.backends.record
"""
_APIS = {"anthropic": "Anthropic's Messages API", "openai": "OpenAI's Chat Completions API"}
_TALK = "The answers are tests/replies/suite/current/talk-routes, word for word: a language model wrote them for these prompts."
_CASE = """\
A good answer is tests/replies/exchange, word for word: a language model wrote it for exactly this prompt.
# A fault is made up."""


def main() -> None:
    for variable in ("ANTHROPIC_API_KEY", "OPENAI_API_KEY"):
        os.environ[variable] = "not-a-key"
    for backend in BACKENDS:
        for name, case in CASES.items():
            if backend not in case.only:
                continue
            path = _fresh(cassette(backend, name))
            with serving(case.responder(), PORT), player("all").use_cassette(str(path)), contextlib.suppress(BackendError):
                ask(backend, case)
            _headed(path, backend, _CASE)
    for backend, name in TALKS.items():
        path = _fresh(FOLDER / name)
        with serving(from_files(REPLIES / "suite" / "current" / "talk-routes"), PORT), player("all").use_cassette(str(path)):
            suggest_like_the_talk(backend, out=None)
        _headed(path, backend, _TALK)


def _fresh(path: Path) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.unlink(missing_ok=True)
    return path


def _headed(path: Path, backend: str, answers: str) -> None:
    head = _HEADER.format(api=_APIS[backend], answers=answers)
    path.write_text(head + path.read_text(encoding="utf-8"), encoding="utf-8")
    print(f"recorded {path.relative_to(Path.cwd())}")


if __name__ == "__main__":
    main()
