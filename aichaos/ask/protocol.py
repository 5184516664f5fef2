"""What a backend is: something that answers a question with text.

A backend is one class with one method, `answer`. A model gets the rendered prompt (`question.prompt`); a backend without a model
reads the same facts directly (`question.facts`). Whatever it answers is text and goes the same way: parsed, checked, shown.
"""

from collections.abc import Callable
from functools import cached_property
from typing import ClassVar, Literal, Protocol

import msgspec

from aichaos.ask.words import Words
from aichaos.domain.suggestion import Idea
from aichaos.observe.topology import Topology

Kind = Literal["ideas", "experiment"]
Progress = Callable[[str], None]
"""Called with each piece of an answer as it arrives."""


class Options(msgspec.Struct, frozen=True, kw_only=True):
    """How a backend was chosen. `timeout` in seconds, for one answer."""

    model: str | None = None
    base_url: str | None = None
    timeout: float = 300.0
    max_tokens: int = 16_000


class Facts(msgspec.Struct, frozen=True, kw_only=True):
    """What is known when a question is asked. `idea` is set where its experiment is asked for."""

    topology: Topology
    words: Words
    count: int = 3
    idea: Idea | None = None


class Prompt(msgspec.Struct, frozen=True, kw_only=True):
    """Exactly what a model is sent. `version` names the template: `ideas@1`. `notes` say what was left out."""

    system: str
    text: str
    version: str
    notes: tuple[str, ...] = ()


class Question:
    """One question. Its prompt is rendered when it is first read, so that a backend without a model pays nothing for it."""

    def __init__(self, kind: Kind, facts: Facts, render: Callable[[Kind, Facts], Prompt]) -> None:
        self.kind = kind
        self.facts = facts
        self._render = render

    @cached_property
    def prompt(self) -> Prompt:
        return self._render(self.kind, self.facts)


class Reply(msgspec.Struct, frozen=True, kw_only=True):
    """Text as it came, and what it cost. end: `done`, `length` (cut off at the token limit) or `refused`. model: the one that answered."""

    text: str
    model: str | None = None
    input_tokens: int = 0
    output_tokens: int = 0
    end: Literal["done", "length", "refused"] = "done"
    notes: tuple[str, ...] = ()


class Backend(Protocol):
    """The whole contract; `name` and `about` are shown by `aichaos backends`.

    key_variable: the environment variable that holds its key, None where it needs none. remote: whether cluster data leaves this
    machine. model: the one that will be asked. A class is built from `Options` alone; building one sends nothing.
    """

    name: ClassVar[str]
    about: ClassVar[str]
    key_variable: ClassVar[str | None]
    remote: ClassVar[bool]
    model: str | None

    def answer(self, question: Question, progress: Progress) -> Reply:
        """Answer one question. Raises BackendError where there is no answer."""
        ...
